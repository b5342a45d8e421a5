//! The local socket: a durable command against a bare write that waits for the disk, a read against a raw echo.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, ExitCode};
use std::sync::{Barrier, mpsc};
use std::time::{Duration, Instant};

use vodpost_protocol::codec;
use vodpost_protocol::frame;
use vodpost_protocol::ids::Token;
use vodpost_protocol::request::{Call, Request};
use vodpost_protocol::video::Switch;
use vodpost_tests::site::Site;
use vodpost_tests::wait;

use crate::measure::{Connection, Samples, greeted, timed};
use crate::seed;
use crate::table::Table;

/// Few enough that the size of the library plays no part.
const VIDEOS: usize = 1000;
const ROUNDS: usize = 30;
const COMMANDS_A_ROUND: usize = 50;
const READS_A_ROUND: usize = 200;
const CLIENTS: usize = 64;
const CROWD_TIME: Duration = Duration::from_secs(3);
const ECHO: &str = "--echo";
const ECHO_THROUGH_A_THREAD: &str = "--echo-through-a-thread";

pub(crate) fn rows(table: &mut Table) {
    table.section("the local socket");
    let (site, live) = seed::site(VIDEOS);
    let daemon = site.start();
    command_row(table, &site, &live);
    crowd_row(table, &site, &live);
    let show = Request::Show { video: video_of(&site, live[0]) };
    for (what, request) in [("show", show), ("status", Request::Status)] {
        read_row(table, &site, what, request);
    }
    daemon.kill();
}

/// The id of the video that a token belongs to.
fn video_of(site: &Site, token: Token) -> String {
    match Connection::open(site).ask(Request::Locate { target: token.to_string() }) {
        vodpost_protocol::reply::Answer::Located(located) => located.video.id.to_string(),
        other => panic!("not located: {other:?}"),
    }
}

/// Turns one URL off and on, so that every command is a change.
struct Turner {
    connection: Connection,
    token: Token,
    switch: Switch,
}

impl Turner {
    fn new(site: &Site, token: Token) -> Self {
        Self { connection: Connection::open(site), token, switch: Switch::On }
    }

    fn turn(&mut self) -> Duration {
        self.switch = match self.switch {
            Switch::On => Switch::Off,
            Switch::Off => Switch::On,
        };
        let request = Request::SetPosting { target: self.token.to_string(), switch: self.switch };
        self.connection.ask_timed(request).0
    }
}

fn log_len(site: &Site) -> u64 {
    let folder = std::fs::read_dir(site.state().join("log")).expect("the commit log");
    folder.map(|file| file.expect("a file").metadata().expect("its size").len()).sum()
}

/// One client that waits for each answer, in turn with writes of the same size to a growing file beside the state.
fn command_row(table: &mut Table, site: &Site, live: &[Token]) {
    let mut turner = Turner::new(site, live[0]);
    let before = log_len(site);
    for _ in 0..COMMANDS_A_ROUND {
        turner.turn();
    }
    let len = (log_len(site) - before) / COMMANDS_A_ROUND as u64;
    let bytes = vec![7; usize::try_from(len).expect("small")];
    let bare = File::create(site.state().join("bare")).expect("a file");
    let mut at = 0;
    let (mut commands, mut writes) = (Samples::default(), Samples::default());
    for _ in 0..ROUNDS {
        for _ in 0..COMMANDS_A_ROUND {
            commands.push(turner.turn());
        }
        for _ in 0..COMMANDS_A_ROUND {
            let write = || bare.write_all_at(&bytes, at).and_then(|()| bare.sync_data());
            let (took, written) = timed(write);
            written.expect("it can be written");
            at += len;
            writes.push(took);
        }
    }
    let against = format!("write and fdatasync of {len} B");
    table.ratio("suspend or resume a URL, median", &commands, (&against, &writes), 2.0);
    table.note("the same, spread", &commands.to_string());
    table.note("the bare write, spread", &writes.to_string());
}

/// As many as there are at once, each on a connection of its own and waiting for each answer.
fn crowd_row(table: &mut Table, site: &Site, live: &[Token]) {
    let ready = Barrier::new(CLIENTS);
    let counts: Vec<usize> = std::thread::scope(|scope| {
        let turn = |token: Token| {
            let mut turner = Turner::new(site, token);
            ready.wait();
            let begun = Instant::now();
            let mut count = 0;
            while begun.elapsed() < CROWD_TIME {
                turner.turn();
                count += 1;
            }
            count
        };
        let clients: Vec<_> =
            live[1..=CLIENTS].iter().map(|token| scope.spawn(move || turn(*token))).collect();
        clients.into_iter().map(|client| client.join().expect("a client")).collect()
    });
    let rate = counts.iter().sum::<usize>() as f64 / CROWD_TIME.as_secs_f64();
    table.rate(&format!("suspend or resume a URL, {CLIENTS} clients"), rate, 5000.0);
}

/// A request whose bytes are ready, and its answer unread, in turn with an echo of the same sizes.
fn read_row(table: &mut Table, site: &Site, what: &str, request: Request) {
    let call = codec::encode(&Call { id: 1, request }).expect("a request");
    let call = frame::wrap(&call).expect("a frame");
    let mut ours = greeted(site);
    let reply_len = round_trip(&mut ours, &call);
    let mut echo = Echo::start(&site.folder().join("echo"), ECHO, call.len(), reply_len);
    let mut through =
        Echo::start(&site.folder().join("echo-2"), ECHO_THROUGH_A_THREAD, call.len(), reply_len);
    let mut samples: [Samples; 3] = Default::default();
    for _ in 0..ROUNDS {
        let streams = [&mut ours, &mut echo.stream, &mut through.stream];
        for (stream, samples) in streams.into_iter().zip(&mut samples) {
            for _ in 0..READS_A_ROUND {
                samples.push(timed(|| round_trip(stream, &call)).0);
            }
        }
    }
    let [reads, echoes, throughs] = samples;
    let against = format!("echo of {} and {reply_len} B", call.len());
    table.ratio(&format!("{what}, median"), &reads, (&against, &echoes), 1.5);
    // What two changes of threads cost on this machine, without anything done in between.
    table.note("the echo, through a second thread and back", &throughs.to_string());
}

/// Sends a request and reads a whole frame; returns its length.
fn round_trip(stream: &mut UnixStream, call: &[u8]) -> usize {
    stream.write_all(call).expect("it can be sent");
    let mut bytes = [0; 64 << 10];
    let mut len = 0;
    loop {
        len += stream.read(&mut bytes[len..]).expect("an answer");
        if let Some(announced) = bytes[..len].first_chunk::<4>()
            && len == 4 + usize::try_from(u32::from_le_bytes(*announced)).expect("small")
        {
            return len;
        }
    }
}

/// A process that answers each request of a fixed size with a frame of a fixed size. Ended when dropped.
struct Echo {
    child: Child,
    stream: UnixStream,
}

impl Echo {
    fn start(socket: &Path, kind: &str, request: usize, reply: usize) -> Self {
        drop(std::fs::remove_file(socket));
        let program = std::env::current_exe().expect("this program");
        let child = Command::new(program)
            .arg(kind)
            .arg(socket)
            .args([request.to_string(), reply.to_string()])
            .spawn()
            .expect("a second process");
        let connect = || UnixStream::connect(socket).map_err(|error| error.to_string());
        Self { child, stream: wait::until("the echo to listen", connect) }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What the second process does; `None` in the first one.
pub(crate) fn be_echo(args: &[String]) -> Option<ExitCode> {
    let [kind, socket, request, reply] = args else { return None };
    let through = match kind.as_str() {
        ECHO => false,
        ECHO_THROUGH_A_THREAD => true,
        _ => return None,
    };
    let size = |text: &String| text.parse::<usize>().expect("a size");
    let mut request = vec![0; size(request)];
    let answer = frame::wrap(&vec![0; size(reply) - 4]).expect("a frame");
    let listener = UnixListener::bind(socket).expect("a socket");
    let (mut stream, _) = listener.accept().expect("a client");
    let (ask, asked) = mpsc::channel::<Vec<u8>>();
    let (give, given) = mpsc::channel();
    std::thread::spawn(move || asked.into_iter().try_for_each(|bytes| give.send(bytes)));
    while stream.read_exact(&mut request).is_ok() {
        if through {
            ask.send(answer.clone()).expect("the other thread");
            stream.write_all(&given.recv().expect("the other thread")).expect("the client listens");
        } else {
            stream.write_all(&answer).expect("the client listens");
        }
    }
    Some(ExitCode::SUCCESS)
}
