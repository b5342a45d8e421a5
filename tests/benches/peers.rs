//! The servers that are measured, ours and others, and the viewers that ask them, which are a process of their own.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::fs::Advice;
use rustix::process::Pid;
use vodpost_tests::nginx::Nginx;
use vodpost_tests::site::program;
use vodpost_tests::wait;

/// One file on one server.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) addr: SocketAddr,
    pub(crate) path: String,
    pub(crate) len: u64,
    /// The process whose time counts.
    pub(crate) server: Pid,
}

/// What viewers ask for, and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) range_bytes: u64,
    pub(crate) connections: usize,
    pub(crate) span: Duration,
    pub(crate) requests: u64,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    pub(crate) bytes: u64,
    pub(crate) first_p50: Duration,
    pub(crate) first_p99: Duration,
    /// Of the server.
    pub(crate) cpu: Duration,
}

impl Outcome {
    pub(crate) fn gigabytes_per_cpu_second(&self) -> f64 {
        self.bytes as f64 / 1e9 / self.cpu.as_secs_f64()
    }
}

impl Target {
    pub(crate) fn under(&self, load: Load) -> Outcome {
        let Load { range_bytes, connections, span, requests } = load;
        let before = cpu(self.server);
        let output = Command::new(program("vodpost-viewers"))
            .args(["load", &self.addr.to_string(), &self.path])
            .args([self.len, range_bytes, connections as u64].map(|number| number.to_string()))
            .args([span.as_millis().to_string(), requests.to_string()])
            .stderr(Stdio::inherit())
            .output()
            .expect("vodpost-viewers runs");
        assert!(output.status.success(), "{self:?}");
        let cpu = cpu(self.server) - before;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let numbers: Vec<u64> =
            text.split_whitespace().map(|number| number.parse().expect("a number")).collect();
        let [bytes, _requests, p50, p99] = numbers[..] else { panic!("{text}") };
        let (first_p50, first_p99) = (Duration::from_nanos(p50), Duration::from_nanos(p99));
        Outcome { bytes, first_p50, first_p99, cpu }
    }
}

/// The processor time of a process so far, all its threads.
fn cpu(pid: Pid) -> Duration {
    let path = format!("/proc/{}/stat", pid.as_raw_nonzero());
    let text = std::fs::read_to_string(path).expect("the server runs");
    // The name in the second field may hold anything, but no later field holds a bracket.
    let rest = text.rsplit_once(')').expect("a name").1;
    let ticks: u64 =
        rest.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("a number")).sum();
    Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second())
}

/// Viewers that follow a video to its end.
pub(crate) struct Streams {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Streams {
    /// Returns when all of them are in the middle of it.
    pub(crate) fn of(target: &Target, reading: usize, stopped: usize) -> Self {
        let mut child = Command::new(program("vodpost-viewers"))
            .args(["streams", &target.addr.to_string(), &target.path])
            .args([reading.to_string(), stopped.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .expect("vodpost-viewers runs");
        let mut out = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        out.read_line(&mut line).expect("a line");
        assert_eq!(line, "ready\n");
        Self { child, out }
    }

    /// For each the moment of its last byte on the monotonic clock, and whether it got the whole.
    pub(crate) fn ended(mut self) -> Vec<(i128, bool)> {
        let mut text = String::new();
        self.out.read_to_string(&mut text).expect("text");
        assert!(self.child.wait().expect("it ends").success());
        let line = |line: &str| {
            let (at, end) = line.split_once(' ').expect("two words");
            (at.parse().expect("a number"), end == "whole")
        };
        text.lines().map(line).collect()
    }
}

pub(crate) fn nginx(root: &Path) -> Nginx {
    Nginx::serving(root).expect("scripts/bench installs nginx")
}

pub(crate) fn nginx_pushing(root: &Path) -> Nginx {
    Nginx::pushing(root).expect("scripts/bench installs nginx")
}

/// What decides when the kernel sends; the figures are those of this one.
pub(crate) fn congestion_control() -> String {
    let name = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_congestion_control").expect("Linux says it");
    name.trim().to_owned()
}

/// dufs with one worker; ended when dropped.
pub(crate) struct Dufs {
    child: Child,
    pub(crate) addr: SocketAddr,
}

impl Dufs {
    pub(crate) fn serving(root: &Path) -> Option<Self> {
        let addr = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
        let child = Command::new("dufs")
            .args(["--bind", &addr.ip().to_string(), "--port", &addr.port().to_string()])
            .arg(root)
            .env("TOKIO_WORKER_THREADS", "1")
            .stdout(Stdio::null())
            .spawn()
            .ok()?;
        let dufs = Self { child, addr };
        wait::until("dufs to listen", || TcpStream::connect(addr).map_err(|error| error.to_string()));
        Some(dufs)
    }

    pub(crate) fn pid(&self) -> Pid {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process")
    }
}

impl Drop for Dufs {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Takes a file out of the page cache.
pub(crate) fn chill(path: &Path) {
    let file = std::fs::File::open(path).expect("the file");
    file.sync_all().expect("its pages are on the disk");
    rustix::fs::fadvise(&file, 0, None, Advice::DontNeed).expect("the kernel takes the hint");
}
