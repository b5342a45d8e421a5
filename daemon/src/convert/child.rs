//! ffmpeg as a guarded child: watched, and ended with everything in its group when it must be. What it may do is up to
//! [`crate::guard`]; it ends with the daemon, however that ends.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitStatus;
use std::time::{Duration, Instant, SystemTime};

use rustix::process::Pid;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, ChildStdout, Command};
use tokio_util::sync::CancellationToken;
use vodpost_protocol::time::Timestamp;

use super::failure::{Fault, outgrew};
use super::progress::{Parser, Reporter};
use crate::guard::{Access, Guarded, Unstarted, kill_tree};
use crate::media::printable;

pub(super) const STALLED_AFTER: Duration = Duration::from_secs(120);
/// How long what it said is read on after its end, should somebody else hold the pipe.
const LAST_WORDS: Duration = Duration::from_secs(2);
const KEPT_BYTES: usize = 4096;
const KEPT_LINES: usize = 20;

#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub deadline: Timestamp,
    /// From the request to the deadline.
    pub allowed: Duration,
    /// How long nothing may move.
    pub stalled_after: Duration,
}

/// Runs ffmpeg to its end and returns what it had to say. `output` is the file it writes, watched for signs of life.
pub(super) async fn run(
    ffmpeg: &Path,
    arguments: &[OsString],
    output: &Path,
    access: Access<'_>,
    limits: Limits,
    mut reporter: Reporter,
    cancel: &CancellationToken,
) -> Result<String, Fault> {
    let mut child = start(ffmpeg, arguments, access, limits).await?;
    // Behind the child, and so dropped before it.
    let mut group = Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(Fault::Broken("ffmpeg has no output".to_owned()));
    };
    let over = CancellationToken::new();
    let watch = async {
        let ended = watch(&mut child, stdout, output, limits, &mut reporter, cancel).await;
        let waited = match &ended {
            Ok(_status) => Ok(()),
            Err(_stop) => end(&mut child).await,
        };
        group.0 = None;
        over.cancel();
        waited.map(|()| ended)
    };
    let (ended, said) = tokio::join!(watch, last_words(stderr, &over));
    match ended? {
        Ok(status) if status.success() => Ok(said),
        Ok(status) => Err(match Unstarted::of(status) {
            Some(unstarted) => Fault::of_unstarted(unstarted, said),
            None => match access.write_len_max {
                Some(most) if outgrew(status) && state_of(output).is_some_and(|(len, _)| len >= most) => {
                    Fault::Outgrown { most, output: said }
                }
                Some(_) | None => Fault::of_exit(status, said),
            },
        }),
        Err(Stop::Cancelled) => Err(Fault::Cancelled),
        Err(Stop::Deadline) => Err(Fault::DeadlineMissed {
            allowed: limits.allowed,
            done_percent: reporter.done_percent(),
            output: said,
        }),
        Err(Stop::Stalled) => Err(Fault::Stalled { after: limits.stalled_after, output: said }),
        Err(Stop::Lost(error)) => Err(Fault::Broken(error.to_string())),
    }
}

/// The child ends with the thread that starts it: one of the runtime's workers, which live as long as it does.
async fn start(
    ffmpeg: &Path,
    arguments: &[OsString],
    access: Access<'_>,
    limits: Limits,
) -> Result<Child, Fault> {
    // The first time this runs the tool, and blocks.
    let (guard, program) = (access.guard.clone(), ffmpeg.to_owned());
    tokio::task::spawn_blocking(move || guard.verdict(&program))
        .await
        .map_err(|error| Fault::Broken(error.to_string()))?;
    let time = limits.deadline.since(Timestamp::from_system(SystemTime::now()));
    let command = Guarded { program: ffmpeg, arguments, access, time }.command().map_err(Fault::of_guard)?;
    Command::from(command).kill_on_drop(true).spawn().map_err(Fault::Unstartable)
}

/// Ends what is in the child's group if nobody waits for the child any more.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.0.map(kill_tree) {
            tracing::warn!(%error, "ffmpeg cannot be ended");
        }
    }
}

/// Why it must be ended.
#[derive(Debug)]
enum Stop {
    Cancelled,
    Deadline,
    Stalled,
    Lost(std::io::Error),
}

async fn watch(
    child: &mut Child,
    mut stdout: ChildStdout,
    output: &Path,
    limits: Limits,
    reporter: &mut Reporter,
    cancel: &CancellationToken,
) -> Result<ExitStatus, Stop> {
    let mut parser = Parser::default();
    let mut pulse = Pulse { last: Instant::now(), file: state_of(output) };
    let mut buffer = [0; 4096];
    let mut open = true;
    loop {
        let left = limits.deadline.since(Timestamp::from_system(SystemTime::now()));
        if left.is_zero() {
            return Err(Stop::Deadline);
        }
        let quiet_until = tokio::time::Instant::from_std(pulse.last + limits.stalled_after);
        tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(Stop::Cancelled),
            () = tokio::time::sleep(left) => {}
            () = tokio::time::sleep_until(quiet_until) => {
                if !pulse.file_moves(output) {
                    return Err(Stop::Stalled);
                }
            }
            read = stdout.read(&mut buffer), if open => {
                let len = read.map_err(Stop::Lost)?;
                open = len > 0;
                let update = parser.feed(buffer.get(..len).unwrap_or_default());
                if update.is_some_and(|update| reporter.report(update, Instant::now())) {
                    pulse.last = Instant::now();
                }
            }
            status = child.wait(), if !open => return status.map_err(Stop::Lost),
        }
    }
}

/// Signs of life.
struct Pulse {
    last: Instant,
    /// Size and time of change of the output.
    file: Option<(u64, SystemTime)>,
}

impl Pulse {
    /// While ffmpeg moves the index to the front it says nothing, but it writes.
    fn file_moves(&mut self, output: &Path) -> bool {
        let state = state_of(output);
        let moves = state.is_some() && state != self.file;
        self.file = state;
        self.last = Instant::now();
        moves
    }
}

fn state_of(file: &Path) -> Option<(u64, SystemTime)> {
    std::fs::metadata(file).and_then(|metadata| Ok((metadata.len(), metadata.modified()?))).ok()
}

/// Ends the whole group, and waits for the child so that no zombie stays.
async fn end(child: &mut Child) -> Result<(), Fault> {
    let broken = |error: std::io::Error| Fault::Broken(format!("ffmpeg cannot be ended: {error}"));
    // None: it has ended by itself and was waited for.
    if let Some(pid) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
        kill_tree(pid).map_err(broken)?;
    }
    child.wait().await.map(|_status| ()).map_err(broken)
}

/// What the child says until the pipe ends, or until shortly after the child.
async fn last_words(pipe: impl AsyncRead + Unpin, over: &CancellationToken) -> String {
    let mut kept = VecDeque::with_capacity(KEPT_BYTES);
    tokio::select! {
        () = keep_tail(pipe, &mut kept) => {}
        () = async { over.cancelled().await; tokio::time::sleep(LAST_WORDS).await } => {}
    }
    last_lines(&String::from_utf8_lossy(kept.make_contiguous()))
}

/// The last of what the child prints, bounded.
async fn keep_tail(mut pipe: impl AsyncRead + Unpin, kept: &mut VecDeque<u8>) {
    let mut buffer = [0; 1024];
    loop {
        match pipe.read(&mut buffer).await {
            Ok(0) => return,
            Ok(len) => {
                kept.extend(buffer.get(..len).unwrap_or_default());
                kept.drain(..kept.len().saturating_sub(KEPT_BYTES));
            }
            Err(error) => {
                tracing::warn!(%error, "ffmpeg's messages cannot be read");
                return;
            }
        }
    }
}

fn last_lines(text: &str) -> String {
    let lines: Vec<String> =
        text.split(['\n', '\r']).map(printable).filter(|line| !line.trim().is_empty()).collect();
    lines.get(lines.len().saturating_sub(KEPT_LINES)..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests;
