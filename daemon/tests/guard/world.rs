//! A folder with a secret beside the file that the tool was given, listeners, and the tool under guard or not.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use tempfile::TempDir;
use vodpostd::guard::{Captured, Guard, Guarded, Sandbox};

const TIME: Duration = Duration::from_secs(60);

pub(crate) struct World {
    pub folder: TempDir,
    pub guarded: Guard,
    pub free: Guard,
    tcp_addr: SocketAddr,
    /// Who has connected; they are sent away at once.
    callers: mpsc::Receiver<SocketAddr>,
    udp: UdpSocket,
}

impl World {
    pub(crate) fn new() -> Self {
        let guard = |sandbox| Guard::launched_by(env!("CARGO_BIN_EXE_vodpostd").into(), sandbox, Vec::new());
        let (tcp, udp) = (TcpListener::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
        let tcp_addr = tcp.local_addr().unwrap();
        let (called, callers) = mpsc::channel();
        std::thread::spawn(move || while called.send(tcp.accept().unwrap().1).is_ok() {});
        udp.set_nonblocking(true).unwrap();
        Self {
            folder: tempfile::tempdir().unwrap(),
            guarded: guard(Sandbox::BestEffort),
            free: guard(Sandbox::Off),
            tcp_addr,
            callers,
            udp,
        }
    }

    /// Whether this machine can confine anything. Where it cannot there must at least be a warning.
    pub(crate) fn confines(&self) -> bool {
        let verdict = self.guarded.verdict(&ffmpeg());
        if verdict.lack().is_some() {
            assert!(verdict.to_string().contains("NOT"), "{verdict}");
            crate::skip::skip(&format!("ffmpeg{verdict}"));
        }
        verdict.lack().is_none()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A film, made by ffmpeg as it is.
    pub(crate) fn film(&self, name: &str, arguments: &[&str]) -> PathBuf {
        let path = self.path(name);
        let picture = ["-f", "lavfi", "-i", "testsrc=size=64x64:rate=10:duration=1"];
        let made = Command::new(ffmpeg())
            .args(["-nostdin", "-v", "error", "-y"])
            .args(picture)
            .args(["-c:v", "mpeg4"])
            .args(arguments)
            .arg(&path)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        path
    }

    pub(crate) fn tcp_port(&self) -> u16 {
        self.tcp_addr.port()
    }

    pub(crate) fn udp_port(&self) -> u16 {
        self.udp.local_addr().unwrap().port()
    }

    /// Whether somebody has connected or sent something since the last time. Asked after the tool has ended.
    pub(crate) fn was_reached(&self) -> bool {
        // Whoever connected before this did is told of before it is.
        let last = TcpStream::connect(self.tcp_addr).unwrap().local_addr().unwrap();
        let mut any = self.callers.iter().take_while(|caller| *caller != last).count() > 0;
        loop {
            match self.udp.recv(&mut [0; 2048]) {
                Ok(_len) => any = true,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return any,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

pub(crate) fn ffmpeg() -> PathBuf {
    vodpostd::media::Tools::find(std::env::var_os("PATH").as_deref()).ffmpeg.unwrap()
}

/// Runs a tool with one file to read and one to write.
pub(crate) fn run(
    guard: &Guard,
    program: &Path,
    arguments: &[&str],
    read: &[&Path],
    write: &[&Path],
) -> Captured {
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    let access = guard.access(read, write);
    Guarded { program, arguments: &arguments, access, time: TIME }.capture(1 << 20).unwrap()
}

pub(crate) fn ffprobe() -> PathBuf {
    vodpostd::media::Tools::find(std::env::var_os("PATH").as_deref()).ffprobe.unwrap()
}
