//! Finds the daemon's socket and greets. Every place that was tried is remembered, so that an error can name them all.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use vodpost_protocol::connection::{GreetError, greet};
use vodpost_protocol::hello::DaemonHello;
use vodpost_protocol::socket_path;

/// How long a daemon may take to accept. Only a full backlog makes a local connect wait at all.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// How long a daemon may take to greet, before it counts as hung.
const GREETING_LIMIT: Duration = Duration::from_secs(5);
/// The pause before a full backlog is tried again.
const BACKLOG_PAUSE: Duration = Duration::from_millis(20);

/// This client's build version, as it says in its greeting.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A conversation that was greeted; no timeouts are set on the stream.
#[derive(Debug)]
pub struct Connection {
    pub stream: UnixStream,
    pub hello: DaemonHello,
    pub socket: PathBuf,
    /// The places before it.
    pub passed_over: Vec<Tried>,
}

/// No place had a daemon that this client can talk to.
#[derive(Debug)]
pub struct ConnectError {
    /// Every place, in the order in which it was tried. Never empty.
    pub tried: Vec<Tried>,
    /// The caller, as the system knows it.
    pub uid: u32,
}

/// One place and what was wrong there.
#[derive(Debug)]
pub struct Tried {
    pub path: PathBuf,
    pub reason: Reason,
}

#[derive(Debug)]
pub enum Reason {
    /// There is no such file.
    Absent,
    /// The file is there, but nobody listens.
    NobodyListens,
    /// The system does not let the caller reach the socket.
    NoAccess,
    /// The socket lies where a stranger could have put it.
    Untrusted(String),
    /// Somebody listens, but did not accept or greet in time.
    Silent,
    /// The daemon greeted and gave the caller no role.
    NotAdmitted(DaemonHello),
    OtherProtocol(DaemonHello),
    /// Something else than vodpost answered.
    NotVodpost,
    Failed(io::Error),
}

/// What the whole search amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    OtherProtocol,
    NotAdmitted,
    NotVodpost,
    Silent,
    NobodyThere,
}

impl ConnectError {
    /// The most telling reason of all places: one where a daemon answered says more than one where none is.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.telling().map_or(Outcome::NobodyThere, |(outcome, _)| outcome)
    }

    /// The place that decided [`ConnectError::outcome`].
    #[must_use]
    pub fn place(&self) -> Option<&Tried> {
        self.telling().map(|(_, tried)| tried)
    }

    fn telling(&self) -> Option<(Outcome, &Tried)> {
        self.tried
            .iter()
            .map(|tried| (tried.reason.outcome(), tried))
            .min_by_key(|(outcome, _)| outcome.rank())
            .filter(|(outcome, _)| *outcome != Outcome::NobodyThere)
    }
}

impl Outcome {
    fn rank(self) -> u8 {
        match self {
            Self::OtherProtocol => 0,
            Self::NotAdmitted => 1,
            Self::Silent => 2,
            Self::NotVodpost => 3,
            Self::NobodyThere => 4,
        }
    }
}

impl Reason {
    fn outcome(&self) -> Outcome {
        match self {
            Self::OtherProtocol(_) => Outcome::OtherProtocol,
            Self::NotAdmitted(_) | Self::NoAccess => Outcome::NotAdmitted,
            Self::NotVodpost => Outcome::NotVodpost,
            Self::Silent => Outcome::Silent,
            Self::Absent | Self::NobodyListens | Self::Untrusted(_) | Self::Failed(_) => Outcome::NobodyThere,
        }
    }
}

/// Walks the places where a daemon may listen and greets the first that admits the caller.
///
/// # Errors
/// When none does.
pub fn connect(named: Option<&Path>) -> Result<Connection, ConnectError> {
    let uid = rustix::process::getuid().as_raw();
    let mut tried = Vec::new();
    for path in socket_path::candidates(named, uid) {
        match at(&path, named.is_some(), uid) {
            Ok((stream, hello)) => {
                return Ok(Connection { stream, hello, socket: path, passed_over: tried });
            }
            Err(reason) => tried.push(Tried { path, reason }),
        }
    }
    Err(ConnectError { tried, uid })
}

fn at(path: &Path, named: bool, uid: u32) -> Result<(UnixStream, DaemonHello), Reason> {
    std::fs::symlink_metadata(path).map_err(because)?;
    if !named {
        socket_path::check_folder(path, uid).map_err(Reason::Untrusted)?;
    }
    let mut stream = open(path)?;
    stream.set_read_timeout(Some(GREETING_LIMIT)).map_err(Reason::Failed)?;
    stream.set_write_timeout(Some(GREETING_LIMIT)).map_err(Reason::Failed)?;
    let hello = greet(&mut stream, VERSION).map_err(|error| match error {
        GreetError::Io(error) if is_timeout(&error) => Reason::Silent,
        // It closed before it said all of its hello: no vodpost does that, unless it is just ending.
        GreetError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => Reason::NotVodpost,
        GreetError::Io(error) => Reason::Failed(error),
        GreetError::NotVodpost(_) => Reason::NotVodpost,
        GreetError::OtherProtocol(hello) => Reason::OtherProtocol(hello),
        GreetError::NotAdmitted(hello) => Reason::NotAdmitted(hello),
    })?;
    stream.set_read_timeout(None).map_err(Reason::Failed)?;
    stream.set_write_timeout(None).map_err(Reason::Failed)?;
    Ok((stream, hello))
}

/// Connects without ever waiting longer than [`CONNECT_LIMIT`], which the standard library cannot do for local sockets.
fn open(path: &Path) -> Result<UnixStream, Reason> {
    let failed = |errno: Errno| because(errno.into());
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket =
        rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).map_err(failed)?;
    let address = SocketAddrUnix::new(path).map_err(failed)?;
    let give_up = Instant::now() + CONNECT_LIMIT;
    loop {
        match rustix::net::connect(&socket, &address) {
            Ok(()) => break,
            // The backlog is full; Linux says so at once on a socket that must not block.
            Err(Errno::AGAIN | Errno::INTR) if Instant::now() < give_up => thread::sleep(BACKLOG_PAUSE),
            Err(Errno::AGAIN | Errno::INTR) => return Err(Reason::Silent),
            Err(errno) => return Err(failed(errno)),
        }
    }
    let stream = UnixStream::from(socket);
    stream.set_nonblocking(false).map_err(Reason::Failed)?;
    Ok(stream)
}

fn because(error: io::Error) -> Reason {
    if error.kind() == io::ErrorKind::NotFound {
        Reason::Absent
    } else if error.kind() == io::ErrorKind::ConnectionRefused {
        Reason::NobodyListens
    } else if error.kind() == io::ErrorKind::PermissionDenied {
        Reason::NoAccess
    } else {
        Reason::Failed(error)
    }
}

/// Whether a blocking stream with a timeout ran into it; which of the two it reports depends on the system.
#[must_use]
pub fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixListener;

    use vodpost_protocol::PROTOCOL_NUMBER;
    use vodpost_protocol::hello::{CLIENT_HELLO_LEN, Role};
    use vodpost_protocol::ids::InstanceId;

    use super::*;

    fn hello(protocol: u32, role: Role) -> DaemonHello {
        DaemonHello { protocol, role, instance: InstanceId(9), version: "0.1.0".into(), uid: 7 }
    }

    /// A socket whose peer answers every connection with these bytes.
    fn answering(bytes: Vec<u8>) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut greeting = [0; CLIENT_HELLO_LEN];
            stream.read_exact(&mut greeting).unwrap();
            stream.write_all(&bytes).unwrap();
        });
        (folder, path)
    }

    fn outcome_of(bytes: Vec<u8>) -> Outcome {
        let (_folder, path) = answering(bytes);
        connect(Some(&path)).unwrap_err().outcome()
    }

    #[test]
    fn a_daemon_that_admits_is_greeted() {
        let (_folder, path) = answering(hello(PROTOCOL_NUMBER, Role::Viewer).to_bytes().to_vec());
        let connection = connect(Some(&path)).unwrap();
        assert_eq!(connection.hello, hello(PROTOCOL_NUMBER, Role::Viewer));
        assert_eq!(connection.socket, path);
        assert_eq!(connection.stream.read_timeout().unwrap(), None);
    }

    #[test]
    fn what_went_wrong_is_told_apart() {
        assert_eq!(outcome_of(hello(PROTOCOL_NUMBER, Role::None).to_bytes().to_vec()), Outcome::NotAdmitted);
        assert_eq!(outcome_of(hello(99, Role::Admin).to_bytes().to_vec()), Outcome::OtherProtocol);
        assert_eq!(outcome_of(vec![b'H'; 64]), Outcome::NotVodpost);
        assert_eq!(outcome_of(b"short".to_vec()), Outcome::NotVodpost);
    }

    #[test]
    fn every_place_is_listed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("none");
        let error = connect(Some(&path)).unwrap_err();
        assert_eq!(error.outcome(), Outcome::NobodyThere);
        assert!(matches!(error.tried[..], [Tried { reason: Reason::Absent, .. }]));
        assert_eq!(error.tried[0].path, path);

        let stale = folder.path().join("stale");
        drop(UnixListener::bind(&stale).unwrap());
        let error = connect(Some(&stale)).unwrap_err();
        assert!(matches!(error.tried[..], [Tried { reason: Reason::NobodyListens, .. }]));
    }

    #[test]
    fn a_daemon_that_answered_says_more_than_an_empty_place() {
        let tried = |reason| Tried { path: "/x".into(), reason };
        let error = ConnectError {
            tried: vec![
                tried(Reason::Absent),
                tried(Reason::NoAccess),
                tried(Reason::OtherProtocol(hello(2, Role::None))),
            ],
            uid: 1,
        };
        assert_eq!(error.outcome(), Outcome::OtherProtocol);
    }
}
