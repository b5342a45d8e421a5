//! Starts a daemon of the user's own when none answers. Only the terminal UI does this; commands never do.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::app::event::Offer;
use crate::connect::{self, ConnectError, Connection, Outcome};
use crate::link::{Start, Starter};
use crate::text::{self, Sentence, plain};
use crate::{say, word};

/// How long a daemon may take until it says that it listens.
const READY_LIMIT: Duration = Duration::from_secs(10);
/// The word with which that line begins.
const READY: &str = "ready ";
const PROGRAM: &str = "vodpostd";
/// What is shown of a log.
const LOG_LINES: usize = 8;
const LOG_TAIL: u64 = 16 << 10;

/// Why there is no daemon although one should have been started.
#[derive(Debug)]
pub enum StartError {
    /// One answers, or did, that cannot be talked to; another one would not help.
    Connect(ConnectError),
    /// There is no `vodpostd` beside this program or in `PATH`.
    NotInstalled {
        looked: Vec<PathBuf>,
    },
    /// The log, or the folder it belongs to.
    Log {
        path: PathBuf,
        error: io::Error,
    },
    Spawn {
        program: PathBuf,
        error: io::Error,
    },
    /// It ended, or did not get ready in time.
    NotReady {
        why: &'static str,
        log: PathBuf,
        tail: Vec<String>,
    },
}

impl StartError {
    #[must_use]
    pub fn sentence(&self) -> Sentence {
        match self {
            Self::Connect(error) => text::connect_error(error),
            Self::NotInstalled { looked } => {
                let mut message = say!(
                    "No daemon is running, and there is no {PROGRAM} to start. Looked in:",
                    "没有正在运行的守护进程，也找不到可启动的 {PROGRAM}。已查找："
                );
                for folder in looked {
                    message.push_str(&format!("\n  {}", plain(&folder.to_string_lossy())));
                }
                Sentence::with_hint(
                    message,
                    say!("install {PROGRAM} beside vodpost", "请将 {PROGRAM} 安装在 vodpost 旁边"),
                )
            }
            Self::Log { path, error } => {
                let path = show(path);
                Sentence::new(say!(
                    "The daemon's log cannot be written: {path}: {error}.",
                    "无法写入守护进程的日志：{path}：{error}。"
                ))
            }
            Self::Spawn { program, error } => {
                let program = show(program);
                Sentence::new(say!("{program} cannot be started: {error}.", "无法启动 {program}：{error}。"))
            }
            Self::NotReady { why, log, tail } => {
                let mut message = say!("The daemon {why}. Its log:", "守护进程{why}。其日志：");
                for line in tail {
                    message.push_str(&format!("\n  {}", plain(line)));
                }
                Sentence::with_hint(message, say!("all of it: {log}", "完整日志：{log}", log = show(log)))
            }
        }
    }
}

impl From<ConnectError> for StartError {
    fn from(error: ConnectError) -> Self {
        Self::Connect(error)
    }
}

fn show(path: &Path) -> String {
    plain(&path.to_string_lossy()).into_owned()
}

/// How a daemon would be started where none answers. One that was started here before is started without a question.
#[must_use]
pub fn plan(socket: Option<&Path>) -> Option<Start> {
    let offer = Offer { state: state_folder(), log: log_path(), failed: None };
    let starter: Starter = connect_or_start;
    match socket {
        None => Some(Start { starter, ask: !offer.state.exists(), offer }),
        // The environment names the socket for both programs, so the daemon would have the settings of this shell.
        Some(socket) if std::env::var_os("VODPOST_SOCKET").is_some_and(|named| named == socket) => {
            Some(Start { starter, offer, ask: true })
        }
        // It belongs to a daemon with settings of its own, which are not known here.
        Some(_) => None,
    }
}

/// Where a daemon of this user keeps its state, unless a config file says otherwise.
fn state_folder() -> PathBuf {
    if let Some(named) = std::env::var_os("VODPOST_STATE_DIR").filter(|named| !named.is_empty()) {
        return PathBuf::from(named);
    }
    if rustix::process::geteuid().is_root() { PathBuf::from("/var/lib/vodpost") } else { user_folder() }
}

/// Connects, and starts a daemon first if nobody is there at all.
///
/// # Errors
/// When there is no daemon and none could be started.
pub fn connect_or_start(named: Option<&Path>) -> Result<Connection, StartError> {
    let error = match connect::connect(named) {
        Ok(connection) => return Ok(connection),
        Err(error) => error,
    };
    match error.outcome() {
        Outcome::NobodyThere => {}
        Outcome::OtherProtocol | Outcome::NotAdmitted | Outcome::NotVodpost | Outcome::Silent => {
            return Err(error.into());
        }
    }
    match start(named) {
        Ok(()) => Ok(connect::connect(named)?),
        // Somebody else may have started one at the same moment, and ours gave way.
        Err(failed) => connect::connect(named).map_err(|_nobody| failed),
    }
}

fn start(named: Option<&Path>) -> Result<(), StartError> {
    let program = find()?;
    let path = log_path();
    let log_error = |error| StartError::Log { path: path.clone(), error };
    let log = open_log(&path).map_err(log_error)?;
    let begun_at = log.metadata().map_err(log_error)?.len();
    let mut command = Command::new(&program);
    if let Some(socket) = named {
        command.arg("--socket").arg(socket);
    }
    // A process group of its own: Ctrl-C in this terminal does not reach it, and it outlives this program.
    command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
    let mut child = command.spawn().map_err(|error| StartError::Spawn { program, error })?;
    let ready = wait_until_ready(&mut child, READY_LIMIT);
    reap(child);
    ready.map_err(|why| {
        let tail = tail_of(&path, begun_at).unwrap_or_else(|error| vec![format!("({error})")]);
        StartError::NotReady { why, log: path, tail }
    })
}

/// A daemon that ends while this program runs leaves no zombie behind. Without a thread for that it leaves one, for as long
/// as this program runs.
fn reap(mut child: Child) {
    drop(thread::Builder::new().name("reaper".into()).spawn(move || child.wait()));
}

/// Beside this program first: a client and a daemon that were built together belong together.
pub(crate) fn find() -> Result<PathBuf, StartError> {
    let beside = std::env::current_exe().ok().and_then(|program| program.parent().map(Path::to_owned));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let looked: Vec<PathBuf> = beside.into_iter().chain(std::env::split_paths(&path)).collect();
    let found = looked.iter().map(|folder| folder.join(PROGRAM)).find(|program| is_program(program));
    found.ok_or(StartError::NotInstalled { looked })
}

/// Whether a shell would find this program.
pub(crate) fn is_in_path(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| is_program(&folder.join(name)))
}

fn is_program(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

fn log_path() -> PathBuf {
    user_folder().join("vodpostd.log")
}

/// `$XDG_STATE_HOME/vodpost`; relative values do not count, as its specification demands.
fn user_folder() -> PathBuf {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
        .unwrap_or_else(std::env::temp_dir);
    state.join("vodpost")
}

fn open_log(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

/// The daemon says `ready …` in its first line on stdout.
fn wait_until_ready(child: &mut Child, limit: Duration) -> Result<(), &'static str> {
    let Some(stdout) = child.stdout.take() else {
        return Err(word!("could not be listened to", "的输出无法读取"));
    };
    let (to, from) = mpsc::channel();
    let reader = thread::Builder::new().name("ready".into()).spawn(move || {
        let mut line = String::new();
        let read = BufReader::new(stdout).take(4096).read_line(&mut line);
        // Nobody listens any more when the limit has passed.
        to.send(read.map(|_| line)).unwrap_or_default();
    });
    if reader.is_err() {
        return Err(word!("could not be listened to", "的输出无法读取"));
    }
    match from.recv_timeout(limit) {
        Ok(Ok(line)) if line.starts_with(READY) => Ok(()),
        Ok(Ok(line)) if line.is_empty() => Err(word!("ended before it was ready", "在就绪前退出了")),
        Ok(Ok(_)) => Err(word!("said something else than that it is ready", "没有报告就绪")),
        Ok(Err(_)) => Err(word!("could not be listened to", "的输出无法读取")),
        Err(mpsc::RecvTimeoutError::Timeout | mpsc::RecvTimeoutError::Disconnected) => {
            Err(word!("did not get ready in time", "未能及时就绪"))
        }
    }
}

/// The last lines that were written since `begun_at`.
fn tail_of(path: &Path, begun_at: u64) -> io::Result<Vec<String>> {
    let mut file = File::open(path)?;
    let len = file.metadata()?.len();
    file.seek(SeekFrom::Start(begun_at.max(len.saturating_sub(LOG_TAIL)).min(len)))?;
    let mut bytes = Vec::new();
    file.take(LOG_TAIL).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.is_empty() {
        return Ok(vec![word!("(it wrote nothing)", "（没有任何输出）").to_owned()]);
    }
    Ok(lines.iter().skip(lines.len().saturating_sub(LOG_LINES)).map(|line| (*line).to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn child(script: &str) -> Child {
        Command::new("sh").args(["-c", script]).stdout(Stdio::piped()).spawn().unwrap()
    }

    #[test]
    fn a_daemon_is_ready_when_it_says_so() {
        let limit = Duration::from_secs(20);
        assert_eq!(wait_until_ready(&mut child("echo ready /run/x"), limit), Ok(()));
        assert_eq!(wait_until_ready(&mut child("exit 1"), limit), Err("ended before it was ready"));
        assert!(wait_until_ready(&mut child("echo hello"), limit).is_err());
        let mut silent = child("exec sleep 60");
        let result = wait_until_ready(&mut silent, Duration::from_millis(10));
        assert_eq!(result, Err("did not get ready in time"));
        silent.kill().unwrap();
        silent.wait().unwrap();
    }

    #[test]
    fn only_the_last_lines_of_this_start_are_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/vodpostd.log");
        let mut log = open_log(&path).unwrap();
        writeln!(log, "an earlier run").unwrap();
        let begun_at = log.metadata().unwrap().len();
        assert_eq!(tail_of(&path, begun_at).unwrap(), ["(it wrote nothing)"]);
        for number in 0..20 {
            writeln!(log, "line {number}").unwrap();
        }
        let tail = tail_of(&path, begun_at).unwrap();
        assert_eq!((tail.len(), tail.last().unwrap().as_str()), (LOG_LINES, "line 19"));
    }

    #[test]
    fn what_failed_is_said_with_the_log() {
        let error = StartError::NotReady {
            why: "ended before it was ready",
            log: "/x/vodpostd.log".into(),
            tail: vec!["\x1b[31mno library".into()],
        };
        let sentence = error.sentence();
        assert_eq!(sentence.message, "The daemon ended before it was ready. Its log:\n  ␛[31mno library");
        assert_eq!(sentence.hint.as_deref(), Some("all of it: /x/vodpostd.log"));
    }
}
