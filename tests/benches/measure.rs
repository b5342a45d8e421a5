//! Times, what the kernel says of a process, and connections to the daemon.

use std::fmt;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::process::Pid;
use vodpost_protocol::connection::{Client, greet};
use vodpost_protocol::reply::Answer;
use vodpost_protocol::request::Request;
use vodpost_tests::site::{Daemon, Site};

use crate::table;

/// How long each of many took.
#[derive(Debug, Default)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    pub(crate) fn push(&mut self, took: Duration) {
        self.0.push(took);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The longest of the shortest `percent` of a hundred.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        sorted[at]
    }

    pub(crate) fn median(&self) -> Duration {
        self.percentile(50)
    }
}

impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (median, slow) = (table::time(self.median()), table::time(self.percentile(99)));
        write!(f, "p50 {median}, p99 {slow}, n {}", self.len())
    }
}

pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let begun = Instant::now();
    let result = work();
    (begun.elapsed(), result)
}

/// A figure of `/proc/PID/status` in bytes, e.g. `VmRSS` or `VmHWM`.
fn memory(pid: Pid, name: &str) -> u64 {
    let path = format!("/proc/{}/status", pid.as_raw_nonzero());
    let status = std::fs::read_to_string(path).expect("the daemon runs");
    number_after(&status, name) * 1024
}

/// What is in memory now.
pub(crate) fn resident(daemon: &Daemon) -> u64 {
    memory(daemon.pid(), "VmRSS:")
}

/// The most that was in memory at once.
pub(crate) fn resident_peak(daemon: &Daemon) -> u64 {
    memory(daemon.pid(), "VmHWM:")
}

/// Bytes that it passed to `write` and the like so far.
pub(crate) fn written_bytes(daemon: &Daemon) -> u64 {
    let path = format!("/proc/{}/io", daemon.pid().as_raw_nonzero());
    number_after(&std::fs::read_to_string(path).expect("the daemon runs"), "wchar:")
}

/// How often any thread of the daemon was put on a processor so far.
pub(crate) fn context_switches(daemon: &Daemon) -> u64 {
    context_switches_of(daemon.pid())
}

/// The same of any process.
pub(crate) fn context_switches_of(pid: Pid) -> u64 {
    let tasks = format!("/proc/{}/task", pid.as_raw_nonzero());
    let tasks = std::fs::read_dir(tasks).expect("it runs");
    // A thread may end meanwhile.
    let statuses = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("status")).ok());
    let switches = |status: String| {
        ["\nvoluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:"]
            .iter()
            .map(|name| number_after(&status, name))
            .sum::<u64>()
    };
    statuses.map(switches).sum()
}

fn number_after(text: &str, name: &str) -> u64 {
    let rest = text.split(name).nth(1).expect("the kernel says it");
    rest.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
}

/// A conversation with a site's daemon.
pub(crate) struct Connection(Client<UnixStream, UnixStream>);

impl Connection {
    pub(crate) fn open(site: &Site) -> Self {
        let stream = greeted(site);
        Self(Client::new(stream.try_clone().expect("a second handle"), stream))
    }

    /// Asks, and demands an answer.
    pub(crate) fn ask(&mut self, request: Request) -> Answer {
        self.0.call(request).unwrap_or_else(|error| panic!("the daemon answers: {error}"))
    }

    /// The same, timed from the request to the decoded answer.
    pub(crate) fn ask_timed(&mut self, request: Request) -> (Duration, Answer) {
        timed(|| self.ask(request))
    }
}

/// What the daemon tells without being asked. Whoever waits for something long waits here, and takes no processor time from
/// what is measured.
pub(crate) struct Pushes(Client<UnixStream, UnixStream>);

impl Pushes {
    pub(crate) fn of(site: &Site) -> Self {
        let Connection(mut client) = Connection::open(site);
        client.call(Request::Subscribe).unwrap_or_else(|error| panic!("the daemon lets subscribe: {error}"));
        Self(client)
    }

    /// Waits for the next.
    pub(crate) fn wait(&mut self) {
        self.0.next_push().unwrap_or_else(|error| panic!("the daemon goes on: {error}"));
    }
}

/// A connection after its greeting.
pub(crate) fn greeted(site: &Site) -> UnixStream {
    let mut stream = UnixStream::connect(site.socket()).expect("the daemon listens");
    greet(&mut stream, "bench").expect("the daemon greets");
    stream
}
