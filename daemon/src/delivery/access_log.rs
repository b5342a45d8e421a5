//! The access log: one line of JSON for each answer. A thread writes it, so that no viewer waits for a disk; lines that it
//! cannot take are left out and counted. Instead of the viewer's address it holds a hash that nobody can undo.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::SystemTime;

use serde::{Serialize, Serializer};
use vodpost_protocol::time::Timestamp;

use super::metrics::Metrics;
use super::views::Viewer;

/// Lines that may wait for the disk, at most some 6 MB.
const LINES_MAX: usize = 4096;
const TARGET_LEN_MAX: usize = 1024;
const VALUE_LEN_MAX: usize = 256;

/// Where lines go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    StandardOutput,
    File(PathBuf),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StandardOutput => f.write_str("-"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Ends its thread when the last of its clones is dropped.
#[derive(Debug, Clone)]
pub struct AccessLog {
    sender: SyncSender<Message>,
    metrics: Arc<Metrics>,
}

#[derive(Debug)]
enum Message {
    Line(Box<Line>),
    Reopen,
}

#[derive(Debug, Serialize)]
pub(super) struct Line {
    pub(super) time: Timestamp,
    /// Nothing where the request could not be read.
    pub(super) method: Option<&'static str>,
    pub(super) target: Option<String>,
    pub(super) status: u16,
    /// Of the body, as handed to the network.
    pub(super) bytes: u64,
    pub(super) ms: u64,
    pub(super) range: Option<String>,
    pub(super) referrer: Option<Box<str>>,
    pub(super) user_agent: Option<String>,
    pub(super) viewer: String,
}

impl Line {
    /// Of a request of which nothing is known yet.
    pub(super) fn now(viewer: Viewer) -> Self {
        Self {
            time: Timestamp::from_system(SystemTime::now()),
            method: None,
            target: None,
            status: 0,
            bytes: 0,
            ms: 0,
            range: None,
            referrer: None,
            user_agent: None,
            viewer: viewer.to_string(),
        }
    }

    /// A target or a field of a request, no longer than a line needs.
    pub(super) fn target(text: &str) -> String {
        text[..text.floor_char_boundary(TARGET_LEN_MAX)].to_owned()
    }

    pub(super) fn value(bytes: &[u8]) -> String {
        String::from_utf8_lossy(&bytes[..bytes.len().min(VALUE_LEN_MAX)]).into_owned()
    }
}

impl AccessLog {
    /// Opens the file and starts the thread that writes it.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn start(target: Target, metrics: Arc<Metrics>) -> io::Result<(Self, JoinHandle<()>)> {
        let writer = Writer { out: open(&target)?, target, failing: false, lost: 0 };
        let (sender, messages) = sync_channel(LINES_MAX);
        let counted = Arc::clone(&metrics);
        let thread = std::thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || writer.run(&messages, &counted))?;
        Ok((Self { sender, metrics }, thread))
    }

    pub(super) fn write(&self, line: Line) {
        match self.sender.try_send(Message::Line(Box::new(line))) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => self.metrics.log_lines_lost.add(1),
        }
    }

    /// Goes on in the file that has the name now. May wait for a disk.
    pub fn reopen(&self) {
        if self.sender.send(Message::Reopen).is_err() {
            tracing::error!("the access log has ended; restart vodpostd");
        }
    }
}

struct Writer {
    out: BufWriter<Box<dyn Write + Send>>,
    target: Target,
    failing: bool,
    /// Lost lines that were told of.
    lost: u64,
}

impl Writer {
    fn run(mut self, messages: &Receiver<Message>, metrics: &Metrics) {
        while let Ok(first) = messages.recv() {
            let more = std::iter::from_fn(|| messages.try_recv().ok()).take(LINES_MAX);
            for message in std::iter::once(first).chain(more) {
                match message {
                    Message::Line(line) => {
                        let written = self.line(&line);
                        self.note(written, metrics);
                    }
                    Message::Reopen => self.reopen(),
                }
            }
            let flushed = self.out.flush();
            self.note(flushed, metrics);
            let lost = metrics.log_lines_lost.get();
            if lost > self.lost {
                tracing::warn!(lines = lost - self.lost, "the access log could not take all lines");
                self.lost = lost;
            }
        }
    }

    fn line(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.out.write_all(&text)
    }

    /// Says once that it cannot be written, not for every line.
    fn note(&mut self, result: io::Result<()>, metrics: &Metrics) {
        match result {
            Ok(()) => self.failing = false,
            Err(error) => {
                metrics.log_lines_lost.add(1);
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::error!(%error, target = %self.target, "the access log cannot be written");
                }
            }
        }
    }

    fn reopen(&mut self) {
        match open(&self.target) {
            // The rest of the old file is written when its writer is dropped, or here, where an error can be told.
            Ok(out) => {
                let mut old = std::mem::replace(&mut self.out, out);
                if let Err(error) = old.flush() {
                    tracing::error!(%error, target = %self.target, "the end of the old access log is lost");
                }
                tracing::info!(target = %self.target, "the access log was opened again");
            }
            Err(error) => {
                tracing::error!(%error, target = %self.target, "the access log goes on in the old file");
            }
        }
    }
}

fn open(target: &Target) -> io::Result<BufWriter<Box<dyn Write + Send>>> {
    let out: Box<dyn Write + Send> = match target {
        Target::StandardOutput => Box::new(io::stdout()),
        Target::File(path) => Box::new(open_file(path)?),
    };
    Ok(BufWriter::with_capacity(64 * 1024, out))
}

/// It says who watched what, so others than the owner and its group may not read it. A pipe that nobody reads must not
/// hold up the start.
fn open_file(path: &PathBuf) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().append(true).create(true).mode(0o640).custom_flags(flags).open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(agent: &[u8]) -> Line {
        Line {
            time: Timestamp::from_millis(1_800_000_000_123),
            method: Some("GET"),
            target: Some(Line::target("/v/0123456789ABCDEFGHJK.mp4?\u{202e}\"")),
            status: 206,
            bytes: 5,
            ms: 7,
            range: Some("bytes=0-4".to_owned()),
            referrer: Some("mp.weixin.qq.com".into()),
            user_agent: Some(Line::value(agent)),
            viewer: "0123456789abcdef".to_owned(),
        }
    }

    #[test]
    fn no_value_breaks_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.log");
        let (log, thread) =
            AccessLog::start(Target::File(path.clone()), Arc::new(Metrics::default())).unwrap();
        let wide = "漢".repeat(200);
        let agents: [&[u8]; 5] = [b"a\"},\n{\"b\\", b"\xff\xfe\0\r\n\t", &[b'x'; 9999], wide.as_bytes(), b""];
        for agent in agents {
            log.write(line(agent));
        }
        drop(log);
        thread.join().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), agents.len());
        for read in text.lines() {
            let read: serde_json::Value = serde_json::from_str(read).unwrap();
            assert_eq!(read["time"], "2027-01-15T08:00:00.123Z");
            assert_eq!(
                (&read["status"], &read["bytes"], &read["method"]),
                (&206.into(), &5.into(), &"GET".into())
            );
            assert!(read["user_agent"].as_str().unwrap().len() <= 3 * VALUE_LEN_MAX);
        }
        let long = "漢".repeat(1000);
        assert_eq!(Line::target(&long).len(), TARGET_LEN_MAX / 3 * 3);
    }

    #[test]
    fn it_goes_on_in_a_new_file_and_loses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let [path, old] = ["access.log", "access.log.1"].map(|name| folder.path().join(name));
        let (log, thread) =
            AccessLog::start(Target::File(path.clone()), Arc::new(Metrics::default())).unwrap();
        log.write(line(b"before"));
        // What waits goes where the name leads when it is written.
        log.reopen();
        std::fs::rename(&path, &old).unwrap();
        log.write(line(b"between"));
        log.reopen();
        log.write(line(b"after"));
        drop(log);
        thread.join().unwrap();
        let [new, old] = [path, old].map(|path| std::fs::read_to_string(path).unwrap_or_default());
        assert_eq!(new.lines().count() + old.lines().count(), 3);
        assert!(new.contains("after") && !old.contains("after"));
    }

    #[test]
    fn what_it_cannot_take_is_counted() {
        let metrics = Arc::new(Metrics::default());
        let (sender, messages) = sync_channel(1);
        let log = AccessLog { sender, metrics: Arc::clone(&metrics) };
        for _ in 0..3 {
            log.write(line(b"a"));
        }
        assert_eq!(metrics.log_lines_lost.get(), 2);
        drop(messages);
        log.write(line(b"a"));
        assert_eq!(metrics.log_lines_lost.get(), 3);
    }

    #[test]
    fn a_folder_or_a_device_is_no_log() {
        for path in ["/", "/nowhere/access.log", "/dev/full"] {
            let log = AccessLog::start(Target::File(path.into()), Arc::new(Metrics::default()));
            assert!(log.is_err(), "{path}");
        }
    }
}
