//! ffmpeg as a child: in a process group of its own, watched, and ended when it must be.
//!
//! The child is not told to die with its parent, since that takes code in the forked process which Rust calls unsafe.
//! After a crash of the daemon it goes on until it is done with a temporary file, which the next start removes.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant, SystemTime};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, ChildStdout, Command};
use tokio_util::sync::CancellationToken;
use vodpost_protocol::time::Timestamp;

use super::failure::Fault;
use super::progress::{Parser, Reporter};
use crate::media::printable;

pub(super) const STALLED_AFTER: Duration = Duration::from_secs(120);
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
    limits: Limits,
    mut reporter: Reporter,
    cancel: &CancellationToken,
) -> Result<String, Fault> {
    let mut child = Command::new(ffmpeg)
        .args(arguments)
        // Would make it write a report into the working folder.
        .env_remove("FFREPORT")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(Fault::Unstartable)?;
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(Fault::Broken("ffmpeg has no output".to_owned()));
    };
    let watch = async {
        let ended = watch(&mut child, stdout, output, limits, &mut reporter, cancel).await;
        if ended.is_err() {
            // Ends the other half of the join too: the pipe closes.
            end(&mut child).await?;
        }
        Ok::<_, Fault>(ended)
    };
    let (ended, said) = tokio::join!(watch, tail(stderr));
    match ended? {
        Ok(status) if status.success() => Ok(said),
        Ok(status) => Err(Fault::of_exit(status, said)),
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
    let mut pulse = Pulse { last: Instant::now(), file: None };
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
        let state =
            std::fs::metadata(output).and_then(|metadata| Ok((metadata.len(), metadata.modified()?))).ok();
        let moves = state.is_some() && state != self.file;
        self.file = state;
        self.last = Instant::now();
        moves
    }
}

/// Ends the whole group, and waits for the child so that no zombie stays.
async fn end(child: &mut Child) -> Result<(), Fault> {
    let broken = |error: std::io::Error| Fault::Broken(format!("ffmpeg cannot be ended: {error}"));
    let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    if let Some(group) = group {
        match kill_process_group(group, Signal::KILL) {
            // It has just ended by itself.
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(errno) => return Err(broken(errno.into())),
        }
    }
    child.wait().await.map(|_status| ()).map_err(broken)
}

/// The last lines of what the child prints, readable and bounded.
async fn tail(mut pipe: impl AsyncRead + Unpin) -> String {
    let mut kept = VecDeque::with_capacity(KEPT_BYTES);
    let mut buffer = [0; 1024];
    loop {
        match pipe.read(&mut buffer).await {
            Ok(0) => break,
            Ok(len) => {
                kept.extend(buffer.get(..len).unwrap_or_default());
                kept.drain(..kept.len().saturating_sub(KEPT_BYTES));
            }
            Err(error) => {
                tracing::warn!(%error, "ffmpeg's messages cannot be read");
                break;
            }
        }
    }
    last_lines(&String::from_utf8_lossy(kept.make_contiguous()))
}

fn last_lines(text: &str) -> String {
    let lines: Vec<String> =
        text.split(['\n', '\r']).map(printable).filter(|line| !line.trim().is_empty()).collect();
    lines.get(lines.len().saturating_sub(KEPT_LINES)..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::artifact::JobId;
    use vodpost_protocol::ids::VideoId;

    #[tokio::test]
    async fn only_the_last_readable_lines_are_kept() {
        let mut text: String = (0..2000).map(|number| format!("line {number}\n")).collect();
        text.push_str("\x1b[31mred\x07\r\n\n");
        let kept = tail(text.as_bytes()).await;
        assert_eq!(kept.lines().count(), KEPT_LINES);
        assert!(kept.ends_with("line 1999\n[31mred"), "{kept}");
        assert!(tail(&[0xff; 100_000][..]).await.len() <= KEPT_BYTES * 3);
    }

    fn far() -> Timestamp {
        Timestamp::from_system(SystemTime::now()).after(Duration::from_secs(600))
    }

    /// Runs a shell in the place of ffmpeg.
    async fn shell(script: &str, limits: Limits, cancel: &CancellationToken) -> Result<String, Fault> {
        let (to, _from) = tokio::sync::mpsc::channel(1);
        let reporter = Reporter::new(JobId { video: VideoId::from_random(1), attempt: 1 }, 1000, to);
        let arguments = ["-c".into(), script.into()];
        run(Path::new("/bin/sh"), &arguments, Path::new("/nonexistent"), limits, reporter, cancel).await
    }

    #[tokio::test]
    async fn a_child_that_stands_still_is_ended_with_its_children() {
        let limits =
            Limits { deadline: far(), allowed: STALLED_AFTER, stalled_after: Duration::from_millis(50) };
        let script = "echo still here >&2; sleep 600 & sleep 600";
        let fault = shell(script, limits, &CancellationToken::new()).await.unwrap_err();
        // Had the second sleep survived, it would still hold the pipe, and this would not have returned.
        assert!(matches!(&fault, Fault::Stalled { output, .. } if output == "still here"), "{fault}");
    }

    #[tokio::test]
    async fn c3_a_missed_deadline_ends_the_child() {
        let deadline = Timestamp::from_system(SystemTime::now()).after(Duration::from_millis(50));
        let limits = Limits { deadline, allowed: STALLED_AFTER, stalled_after: STALLED_AFTER };
        let script = "printf 'out_time_us=500000\\nprogress=continue\\n'; sleep 600";
        let fault = shell(script, limits, &CancellationToken::new()).await.unwrap_err();
        assert!(matches!(fault, Fault::DeadlineMissed { done_percent: 50, .. }), "{fault}");
    }

    #[tokio::test]
    async fn c4_a_failure_keeps_what_was_said() {
        let limits = Limits { deadline: far(), allowed: STALLED_AFTER, stalled_after: STALLED_AFTER };
        let fault = shell("echo because >&2; exit 3", limits, &CancellationToken::new()).await.unwrap_err();
        assert_eq!(fault.to_string(), "ffmpeg failed with status 3: because");
    }
}
