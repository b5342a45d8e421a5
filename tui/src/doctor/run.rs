//! Other programs, asked something: with little time, and little of what they say is kept.

use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

const TEXT_LEN_MAX: u64 = 64 << 10;
const PAUSE: Duration = Duration::from_millis(5);

#[derive(Debug)]
pub(super) struct Said {
    pub(super) status: ExitStatus,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// Runs it to its end, or until the limit has passed.
///
/// # Errors
/// When it cannot be run or takes too long ([`io::ErrorKind::TimedOut`]).
pub(super) fn run(program: &Path, arguments: &[&str], limit: Duration) -> io::Result<Said> {
    let begun = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let stdout = child.stdout.take().map(read);
    let stderr = child.stderr.take().map(read);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if begun.elapsed() >= limit {
            child.kill()?;
            child.wait()?;
            return Err(io::ErrorKind::TimedOut.into());
        }
        thread::sleep(PAUSE);
    };
    // What it left running may hold the pipes open.
    let text = |from: Option<mpsc::Receiver<String>>| {
        let left = limit.saturating_sub(begun.elapsed()).max(PAUSE);
        from.and_then(|from| from.recv_timeout(left).ok()).unwrap_or_default()
    };
    Ok(Said { status, stdout: text(stdout), stderr: text(stderr) })
}

fn read(mut pipe: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (to, from) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read until something broke is better than nothing.
        let _read = pipe.by_ref().take(TEXT_LEN_MAX).read_to_end(&mut bytes);
        to.send(String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        io::copy(&mut pipe, &mut io::sink()).unwrap_or_default();
    });
    from
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_says_is_kept_and_what_takes_too_long_is_ended() {
        let shell = |script: &str, limit| run(Path::new("sh"), &["-c", script], limit);
        let said = shell("echo out; echo err >&2; exit 3", Duration::from_secs(60)).unwrap();
        assert_eq!((said.status.code(), &*said.stdout, &*said.stderr), (Some(3), "out\n", "err\n"));
        let late = shell("while :; do :; done", Duration::from_millis(20)).unwrap_err();
        assert_eq!(late.kind(), io::ErrorKind::TimedOut);
        let missing = run(Path::new("/nonexistent"), &[], Duration::from_secs(60)).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }
}
