//! Many ill-behaved clients of the local socket in one process, so that they can be another user's and can be killed.
//!
//! `vodpost-crowd SOCKET KIND COUNT` connects so many of a kind, says `ready` when all have done what they do, and keeps
//! them until its standard input ends.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use vodpost_protocol::codec::encode;
use vodpost_protocol::connection::{Client, greet};
use vodpost_protocol::frame::{FRAME_LEN_MAX, wrap};
use vodpost_protocol::hello::ClientHello;
use vodpost_protocol::request::{Call, ListQuery, Request};
use vodpost_tests::vitals;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [socket, kind, count] = args.as_slice() else { return ExitCode::from(2) };
    let Ok(count) = count.parse() else { return ExitCode::from(2) };
    vitals::raise_open_files();
    let crowd = match kind.as_str() {
        "storm" => return storm(socket, count),
        "flood" => flood(socket, count),
        one => (0..count).map(|_| connect(socket).and_then(|stream| behave(one, stream))).collect(),
    };
    match crowd {
        Ok(crowd) => {
            until_told();
            drop(crowd);
            ExitCode::SUCCESS
        }
        Err(error) => {
            drop(writeln!(io::stderr(), "{error}"));
            ExitCode::FAILURE
        }
    }
}

/// Says that the attack goes on, and waits for its end.
fn until_told() {
    let mut out = io::stdout();
    drop(writeln!(out, "ready").and_then(|()| out.flush()));
    drop(io::stdin().read_to_end(&mut Vec::new()));
}

fn connect(socket: &str) -> io::Result<UnixStream> {
    UnixStream::connect(socket)
}

fn hello() -> Vec<u8> {
    ClientHello::ours("crowd").to_bytes().to_vec()
}

fn framed(request: Request) -> Vec<u8> {
    let call = encode(&Call { id: 1, request }).expect("it is short");
    wrap(&call).expect("it is short")
}

/// The daemon may have closed the connection before, which is its right.
fn behave(kind: &str, mut stream: UnixStream) -> io::Result<UnixStream> {
    let bytes = match kind {
        "silent" => Vec::new(),
        "half-hello" => hello()[..7].to_vec(),
        "greeted" => hello(),
        "half-frame" => [hello(), 100u32.to_le_bytes().to_vec(), vec![0; 10]].concat(),
        "announced" => [hello(), (FRAME_LEN_MAX as u32).to_le_bytes().to_vec(), vec![1]].concat(),
        "almost" => {
            // Everything but the last byte of the longest frame.
            let len = FRAME_LEN_MAX as u32;
            [hello(), len.to_le_bytes().to_vec(), vec![1; FRAME_LEN_MAX - 1]].concat()
        }
        "oversized" => [hello(), u32::MAX.to_le_bytes().to_vec(), vec![0; 1000]].concat(),
        "garbage" => (0..5000u32).flat_map(u32::to_be_bytes).collect(),
        "called" => {
            // Whether it was let in or told why not.
            if greet(&mut stream, "crowd").is_ok() {
                let mut client = Client::new(stream.try_clone()?, stream.try_clone()?);
                drop(client.call(Request::Status));
            }
            return Ok(stream);
        }
        "deaf" => [hello(), framed(Request::Subscribe)].concat(),
        other => return Err(io::Error::other(format!("there is no kind {other}"))),
    };
    drop(stream.write_all(&bytes));
    Ok(stream)
}

/// Calls for long answers, as many as the daemon takes, and reads none of them.
fn flood(socket: &str, count: usize) -> io::Result<Vec<UnixStream>> {
    let list = framed(Request::List(ListQuery { limit: 500, ..ListQuery::default() }));
    let calls = list.repeat(1000);
    let mut crowd = Vec::new();
    for _ in 0..count {
        let mut stream = connect(socket)?;
        drop(stream.write_all(&hello()));
        stream.set_nonblocking(true)?;
        crowd.push((stream, 0));
    }
    loop {
        let mut moved = false;
        for (stream, sent) in &mut crowd {
            while let Ok(len @ 1..) = stream.write(&calls[*sent..]) {
                *sent = (*sent + len) % calls.len();
                moved = true;
            }
        }
        if !moved {
            return Ok(crowd.into_iter().map(|(stream, _)| stream).collect());
        }
    }
}

/// Connects, does something of each kind, and is gone again, as fast as it can.
fn storm(socket: &str, threads: usize) -> ExitCode {
    const KINDS: [&str; 8] =
        ["silent", "half-hello", "greeted", "half-frame", "garbage", "oversized", "deaf", "announced"];
    let ending = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let ending = &ending;
            scope.spawn(move || {
                for kind in KINDS.iter().cycle().skip(thread) {
                    if ending.load(Ordering::Relaxed) {
                        return;
                    }
                    // The daemon may be gone by now.
                    drop(connect(socket).and_then(|stream| behave(kind, stream)));
                }
            });
        }
        until_told();
        ending.store(true, Ordering::Relaxed);
    });
    ExitCode::SUCCESS
}
