//! Many viewers of an HTTP server in one process, so that their work is not counted as the server's. One thread waits for
//! all of them (`epoll`) and throws away what arrives without looking at it.
//!
//! - `vodpost-viewers load ADDR PATH LEN RANGE CONNECTIONS MILLISECONDS REQUESTS`: each connection asks for one range after
//!   the other, of RANGE bytes anywhere in a file of LEN, for so long or until so many are answered. Prints one line:
//!   `BYTES REQUESTS P50 P99`, the last two being nanoseconds to the first byte.
//! - `vodpost-viewers streams ADDR PATH READING STOPPED`: so many connections take the file as fast as it comes, so many take
//!   its beginning and stop. Prints `ready` when all have begun, then, when all were broken off or have ended, one line for
//!   each: the moment of the last byte or, for those that had stopped, of the end, in nanoseconds of the monotonic clock, and
//!   `whole` or `broken`.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, Event, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use rustix::time::{ClockId, clock_gettime};
use vodpost_tests::vitals;

const CHUNK: usize = 1 << 20;
/// Longer than any pause of a server that works.
const PATIENCE_S: i64 = 60;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    vitals::raise_open_files();
    let done = match args.as_slice() {
        ["load", addr, path, numbers @ ..] => load(addr, path, numbers),
        ["streams", addr, path, numbers @ ..] => streams(addr, path, numbers),
        _ => Err(io::Error::other("see the head of the source")),
    };
    match done.and_then(|text| io::stdout().write_all(text.as_bytes())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            drop(writeln!(io::stderr(), "vodpost-viewers: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn numbers<const N: usize>(texts: &[&str]) -> io::Result<[u64; N]> {
    let numbers: Result<Vec<u64>, _> = texts.iter().map(|text| text.parse()).collect();
    numbers
        .ok()
        .and_then(|numbers| numbers.try_into().ok())
        .ok_or_else(|| io::Error::other("numbers are wanted"))
}

/// One connection that asks for one thing after the other.
struct Viewer {
    stream: TcpStream,
    asked_at: Instant,
    /// The beginning of the answer, until its head is whole.
    head: Vec<u8>,
    /// Bytes of the body that are still to come; `None` before the head is there.
    left: Option<u64>,
}

impl Viewer {
    fn connect(addr: &str) -> io::Result<Self> {
        let addr: SocketAddr = addr.parse().map_err(io::Error::other)?;
        let stream = TcpStream::connect(addr)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, asked_at: Instant::now(), head: Vec::new(), left: None })
    }

    fn ask(&mut self, path: &str, range: Option<(u64, u64)>) -> io::Result<()> {
        let range = range.map(|(first, last)| format!("Range: bytes={first}-{last}\r\n")).unwrap_or_default();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{range}\r\n");
        self.head.clear();
        self.left = None;
        self.asked_at = Instant::now();
        self.stream.write_all(request.as_bytes())
    }

    /// Takes what is there; the number of bytes of the body, and whether it was the last of them.
    fn take(&mut self, scratch: &mut [u8]) -> io::Result<(u64, bool)> {
        match self.left {
            None => self.take_head(),
            Some(left) => {
                // With this flag the kernel counts and copies nothing.
                let wanted = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
                let taken = throw_away(&self.stream, scratch, wanted)? as u64;
                if taken == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                self.left = Some(left - taken);
                Ok((taken, left == taken))
            }
        }
    }

    fn take_head(&mut self) -> io::Result<(u64, bool)> {
        let mut bytes = [0; 2048];
        let count = self.stream.read(&mut bytes)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.head.extend_from_slice(&bytes[..count]);
        let Some(end) = self.head.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok((0, false));
        };
        let text = String::from_utf8_lossy(&self.head[..end]).to_ascii_lowercase();
        if !text.starts_with("http/1.1 20") {
            return Err(io::Error::other(text));
        }
        let len = text.lines().find_map(|line| line.strip_prefix("content-length:"));
        let len: u64 =
            len.and_then(|len| len.trim().parse().ok()).ok_or_else(|| io::Error::other("no length"))?;
        let taken = (self.head.len() - end - 4) as u64;
        self.left = Some(len - taken);
        Ok((taken, taken == len))
    }
}

fn throw_away(stream: &TcpStream, scratch: &mut [u8], wanted: usize) -> io::Result<usize> {
    loop {
        match recv(stream, &mut scratch[..wanted], RecvFlags::TRUNC) {
            Ok((_, count)) => return Ok(count),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Waits for connections by their number.
struct Poll {
    epoll: OwnedFd,
    events: Vec<Event>,
}

impl Poll {
    fn new(viewers: &[Viewer], wanted: EventFlags) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        for (number, viewer) in viewers.iter().enumerate() {
            epoll::add(&epoll, &viewer.stream, EventData::new_u64(number as u64), wanted)?;
        }
        Ok(Self { epoll, events: Vec::with_capacity(256) })
    }

    fn ready(&mut self) -> io::Result<Vec<usize>> {
        self.events.clear();
        let patience = Timespec { tv_sec: PATIENCE_S, tv_nsec: 0 };
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&patience)) {
            Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(self.events.iter().map(|event| event.data.u64() as usize).collect())
    }

    fn forget(&self, viewer: &Viewer) -> io::Result<()> {
        Ok(epoll::delete(&self.epoll, &viewer.stream)?)
    }
}

fn load(addr: &str, path: &str, texts: &[&str]) -> io::Result<String> {
    let [len, range, connections, milliseconds, requests] = numbers(texts)?;
    let range = range.min(len);
    // A fixed row of numbers that jumps about.
    let mut number = 12345u64;
    let mut next = || {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let first = (number >> 20) % (len - range + 1);
        (range < len).then_some((first, first + range - 1))
    };
    let mut viewers = Vec::new();
    for _ in 0..connections {
        viewers.push(Viewer::connect(addr)?);
    }
    let mut poll = Poll::new(&viewers, EventFlags::IN | EventFlags::RDHUP)?;
    let mut scratch = vec![0; CHUNK];
    let begun = Instant::now();
    for viewer in &mut viewers {
        viewer.ask(path, next())?;
    }
    let (mut bytes, mut firsts) = (0, Vec::new());
    while begun.elapsed() < Duration::from_millis(milliseconds) && (firsts.len() as u64) < requests {
        for at in poll.ready()? {
            let viewer = &mut viewers[at];
            let headless = viewer.left.is_none();
            let (taken, last) = viewer.take(&mut scratch)?;
            bytes += taken;
            if headless && viewer.left.is_some() {
                firsts.push(viewer.asked_at.elapsed());
            }
            if last {
                viewer.ask(path, next())?;
            }
        }
    }
    firsts.sort_unstable();
    let percentile = |percent: usize| {
        let at = (firsts.len() * percent).div_ceil(100).saturating_sub(1);
        firsts.get(at).map_or(0, Duration::as_nanos)
    };
    Ok(format!("{bytes} {} {} {}\n", firsts.len(), percentile(50), percentile(99)))
}

fn streams(addr: &str, path: &str, texts: &[&str]) -> io::Result<String> {
    let [reading, stopped] = numbers(texts)?;
    let mut viewers = Vec::new();
    for _ in 0..reading + stopped {
        let mut viewer = Viewer::connect(addr)?;
        viewer.ask(path, None)?;
        // All have begun before any is followed.
        while viewer.left.is_none() {
            viewer.take_head()?;
        }
        viewers.push(viewer);
    }
    let (reading, stopped) = viewers.split_at_mut(usize::try_from(reading).map_err(io::Error::other)?);
    let mut stopped_poll = Poll::new(stopped, EventFlags::ERR | EventFlags::HUP)?;
    let mut poll = Poll::new(reading, EventFlags::IN | EventFlags::RDHUP)?;
    let mut out = io::stdout();
    writeln!(out, "ready").and_then(|()| out.flush())?;
    let mut lines = String::new();
    follow(reading, &mut poll, &mut lines)?;
    let mut left = stopped.len();
    while left > 0 {
        for at in stopped_poll.ready()? {
            stopped_poll.forget(&stopped[at])?;
            lines.push_str(&format!("{} broken\n", now_ns()));
            left -= 1;
        }
    }
    Ok(lines)
}

/// Takes everything until the last of them has ended.
fn follow(viewers: &mut [Viewer], poll: &mut Poll, lines: &mut String) -> io::Result<()> {
    let mut scratch = vec![0; CHUNK];
    let mut last_bytes = vec![now_ns(); viewers.len()];
    let mut left = viewers.len();
    while left > 0 {
        for at in poll.ready()? {
            let viewer = &mut viewers[at];
            let end = match viewer.take(&mut scratch) {
                Ok((_, false)) => None,
                Ok((_, true)) => Some("whole"),
                Err(error) => match error.kind() {
                    io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof => Some("broken"),
                    _ => return Err(error),
                },
            };
            if end != Some("broken") {
                last_bytes[at] = now_ns();
            }
            if let Some(end) = end {
                poll.forget(viewer)?;
                lines.push_str(&format!("{} {end}\n", last_bytes[at]));
                left -= 1;
            }
        }
    }
    Ok(())
}

/// Of the clock that all processes share.
fn now_ns() -> i128 {
    let now = clock_gettime(ClockId::Monotonic);
    i128::from(now.tv_sec) * 1_000_000_000 + i128::from(now.tv_nsec)
}
