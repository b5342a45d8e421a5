//! A peer for tests: it greets, then does what a closure says for each request.

use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;

use vodpost_protocol::PROTOCOL_NUMBER;
use vodpost_protocol::codec;
use vodpost_protocol::conversion::{ConversionState, ConversionView, PlanKind};
use vodpost_protocol::event::{EventKind, EventView, Push};
use vodpost_protocol::frame::{FrameReader, wrap};
use vodpost_protocol::hello::{CLIENT_HELLO_LEN, DaemonHello, Role};
use vodpost_protocol::ids::{InstanceId, Token, VideoId};
use vodpost_protocol::posting::{Cause, PostingState, PostingView};
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::reply::{Answer, Message};
use vodpost_protocol::request::{Call, Request};
use vodpost_protocol::time::Timestamp;
use vodpost_protocol::video::{SourceState, SourceView, Switch, VideoState, VideoView};

use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::{Cli, Context, call, run};

pub(in crate::cli) enum Step {
    Answer(Answer),
    Refuse(Refusal),
    Push(Push),
    HangUp,
    /// And whoever comes next is not let in.
    HangUpForGood,
}

pub(in crate::cli) struct Peer {
    _folder: tempfile::TempDir,
    socket: PathBuf,
}

/// How it ended, stdout, stderr.
type Ran = (Result<(), Failure>, String, String);

impl Peer {
    /// The closure is told the number of the connection, from 1, and the request.
    pub(in crate::cli) fn start(steps: impl FnMut(usize, Request) -> Vec<Step> + Send + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("s");
        let listener = UnixListener::bind(&socket).unwrap();
        thread::spawn(move || serve(&listener, steps));
        Self { _folder: folder, socket }
    }

    /// Runs a command; what it wrote to stdout and stderr comes with the result.
    pub(in crate::cli) fn run(&self, arguments: &[&str]) -> Ran {
        let socket = self.socket.to_str().unwrap();
        let all = [&["vodpost", "--socket", socket], arguments].concat();
        let cli = <Cli as clap::Parser>::try_parse_from(all).unwrap();
        self.with(cli.global.json, cli.global.color, |context| run(cli.command.unwrap(), context))
    }

    pub(in crate::cli) fn call(&self, lines: &str) -> Ran {
        let lines = io::Cursor::new(lines.to_owned());
        self.with(false, Default::default(), |context| call::talk(context, || lines))
    }

    fn with(
        &self,
        json: bool,
        color: crate::cli::ColorChoice,
        work: impl FnOnce(&mut Context) -> Result<(), Failure>,
    ) -> Ran {
        let (out, err) = (Shared::default(), Shared::default());
        let output = Output::to_writers(json, Box::new(out.clone()), Box::new(err.clone()));
        let global = crate::cli::Global { socket: Some(self.socket.clone()), json, color };
        let result = work(&mut Context { global, out: output });
        (result, out.text(), err.text())
    }
}

#[derive(Clone, Default)]
pub(in crate::cli) struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    pub(in crate::cli) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn serve(listener: &UnixListener, mut steps: impl FnMut(usize, Request) -> Vec<Step>) {
    let mut role = Role::Admin;
    for (index, stream) in listener.incoming().enumerate() {
        let mut stream = stream.unwrap();
        let mut greeting = [0; CLIENT_HELLO_LEN];
        stream.read_exact(&mut greeting).unwrap();
        let hello = DaemonHello {
            protocol: PROTOCOL_NUMBER,
            role,
            instance: InstanceId(1),
            version: "0.0.1".into(),
            uid: 0,
        };
        stream.write_all(&hello.to_bytes()).unwrap();
        if converse(&mut stream, |request| steps(index + 1, request)) {
            role = Role::None;
        }
    }
}

/// Whether it hung up for good.
fn converse(stream: &mut UnixStream, mut steps: impl FnMut(Request) -> Vec<Step>) -> bool {
    let mut frames = FrameReader::default();
    let mut chunk = [0; 4096];
    loop {
        while let Some(payload) = frames.take().unwrap() {
            let Call { id, request } = codec::decode(&payload).unwrap();
            for step in steps(request) {
                let message = match step {
                    Step::Answer(answer) => Message::Reply { id, result: Ok(answer) },
                    Step::Refuse(refusal) => Message::Reply { id, result: Err(refusal) },
                    Step::Push(push) => Message::Push(push),
                    Step::HangUp => return false,
                    Step::HangUpForGood => return true,
                };
                // A client that has what it wanted may be gone.
                if stream.write_all(&wrap(&codec::encode(&message).unwrap()).unwrap()).is_err() {
                    return false;
                }
            }
        }
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return false,
            Ok(len) => frames.push(&chunk[..len]),
        }
    }
}

pub(in crate::cli) fn event(seq: u64, what: EventKind) -> EventView {
    EventView {
        seq,
        at: Timestamp::from_millis(1_700_000_000_000),
        actor: "vodpostd".into(),
        uid: None,
        what,
        video: Some(VideoId::from_random(1)),
        title: Some("talk".into()),
        label: None,
        token: None,
        detail: None,
    }
}

pub(in crate::cli) fn posting(token: u128, label: &str, switch: Switch) -> PostingView {
    let token = Token::from_random(token);
    let (state, causes) = match switch {
        Switch::On => (PostingState::Live, vec![]),
        Switch::Off => (PostingState::Suspended, vec![Cause::Posting]),
    };
    PostingView {
        token,
        label: label.parse().unwrap(),
        state,
        switch,
        causes,
        url: format!("https://v.example/v/{token}"),
        file_url: format!("https://v.example/v/{token}.mp4"),
        created_at: Timestamp::default(),
        views: 0,
        listed: true,
        traffic: None,
        bytes: 0,
    }
}

/// A video with one URL once its conversion is ready.
pub(in crate::cli) fn video(title: &str, state: ConversionState) -> VideoView {
    let ready = state == ConversionState::Ready;
    VideoView {
        id: VideoId::from_random(1),
        title: title.into(),
        root: "/srv".into(),
        folder: String::new(),
        state: if ready { VideoState::Live } else { VideoState::Converting },
        added_at: Timestamp::default(),
        source: SourceView {
            state: SourceState::Present,
            switch: Switch::On,
            since: None,
            gone_at: None,
            reason: None,
        },
        renditions: Vec::new(),
        conversion: ConversionView {
            state,
            plan: Some(PlanKind::Relocate),
            plan_why: None,
            progress: None,
            speed: None,
            eta_s: None,
            attempt: 1,
            requested_at: None,
            deadline: None,
            reason: (state == ConversionState::Failed).then(|| "the disk is full".into()),
            output: None,
            waiting_for: None,
            retry_at: None,
            expected_at: None,
            late_by_s: None,
        },
        postings: if ready { vec![posting(10, "default", Switch::On)] } else { Vec::new() },
        last_change: None,
    }
}
