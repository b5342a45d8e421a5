//! A guarded tool that describes something: run to its end in the thread that asks, with little time and little said.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use super::{Guard, GuardError, Guarded, kill_tree, locked};

const ERRORS_LEN_MAX: u64 = 16 << 10;

#[derive(Debug)]
pub struct Captured {
    pub status: ExitStatus,
    pub text: Vec<u8>,
    pub errors: String,
}

#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    #[error(transparent)]
    Guard(#[from] GuardError),
    #[error("it cannot be run")]
    Io(#[from] io::Error),
    #[error("it did not end within {} seconds", .0.as_secs())]
    TimedOut(Duration),
    #[error("it says far too much")]
    TooMuch,
}

impl Guarded<'_> {
    /// Runs it to its end. Blocks, as long as `time` allows or until [`Guard::end_all`].
    ///
    /// # Errors
    /// When it cannot be run, takes too long, or says more than `text_len_max` bytes.
    pub fn capture(&self, text_len_max: u64) -> Result<Captured, CaptureError> {
        capture(self.access.guard, self.command()?, self.time, text_len_max)
    }
}

pub(super) fn capture(
    guard: &Guard,
    command: Command,
    time: Duration,
    text_len_max: u64,
) -> Result<Captured, CaptureError> {
    let began = Instant::now();
    let (mut child, pid) = guard.begin(command)?;
    let read = read_both(&mut child, time, text_len_max).and_then(|read| {
        // With closed pipes it may still go on.
        let left = time.saturating_sub(began.elapsed());
        if has_ended(pid, left)? { Ok(read) } else { Err(CaptureError::TimedOut(time)) }
    });
    // It, or whatever it left running. Before it is waited for, since its number is its own until then.
    let killed = kill_tree(pid);
    let ending = guard.ended(pid);
    let status = child.wait()?;
    if ending {
        return Err(GuardError::Ending.into());
    }
    let (text, errors) = read?;
    killed?;
    if text.len() as u64 > text_len_max {
        return Err(CaptureError::TooMuch);
    }
    Ok(Captured { status, text, errors: String::from_utf8_lossy(&errors).into_owned() })
}

impl Guard {
    /// Starts a child that [`Guard::end_all`] knows.
    fn begin(&self, mut command: Command) -> Result<(Child, Pid), CaptureError> {
        let mut running = locked(&self.0.captured);
        if running.ending {
            return Err(GuardError::Ending.into());
        }
        let child = command.spawn()?;
        let pid = Pid::from_child(&child);
        running.children.insert(pid);
        Ok((child, pid))
    }

    /// Forgets a child that is about to be waited for. Says whether the daemon is ending.
    fn ended(&self, child: Pid) -> bool {
        let mut running = locked(&self.0.captured);
        running.children.remove(&child);
        running.ending
    }
}

/// Waits for the end of a child without taking its status.
fn has_ended(child: Pid, time: Duration) -> io::Result<bool> {
    const PAUSE: Duration = Duration::from_millis(1);
    let began = Instant::now();
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    loop {
        if waitid(WaitId::Pid(child), look)?.is_some() {
            return Ok(true);
        }
        if began.elapsed() >= time {
            return Ok(false);
        }
        // Closing its pipes is the last thing that it does, so this is once or never.
        std::thread::sleep(PAUSE);
    }
}

/// Both pipes to their ends. A reader that outlives the time ends with the child.
fn read_both(
    child: &mut Child,
    time: Duration,
    text_len_max: u64,
) -> Result<(Vec<u8>, Vec<u8>), CaptureError> {
    let (done, both) = mpsc::channel();
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(io::Error::other("it has no output").into());
    };
    let errors = std::thread::spawn(move || read_capped(stderr, ERRORS_LEN_MAX));
    std::thread::spawn(move || {
        let text = read_capped(stdout, text_len_max.saturating_add(1));
        let errors = errors.join().unwrap_or_else(|_panic| Err(io::Error::other("a reader panicked")));
        // The other side has given up waiting if nobody takes it.
        done.send((text, errors)).is_ok()
    });
    match both.recv_timeout(time) {
        Ok((text, errors)) => Ok((text?, errors?)),
        Err(mpsc::RecvTimeoutError::Timeout | mpsc::RecvTimeoutError::Disconnected) => {
            Err(CaptureError::TimedOut(time))
        }
    }
}

/// Keeps up to `cap` bytes and reads on to the end, so that the child is never blocked by a full pipe.
fn read_capped(mut pipe: impl Read, cap: u64) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    pipe.by_ref().take(cap).read_to_end(&mut kept)?;
    io::copy(&mut pipe, &mut io::sink())?;
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::{Sandbox, testing};
    use std::ffi::OsString;
    use std::path::Path;

    fn shell(guard: &Guard, script: &str, time: Duration) -> Result<Captured, CaptureError> {
        let arguments: Vec<OsString> = vec!["-c".into(), script.into()];
        let access = guard.access(&[], &[]);
        Guarded { program: Path::new("/bin/sh"), arguments: &arguments, access, time }.capture(1000)
    }

    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn what_does_not_end_is_ended() {
        let guard = testing::guard(Sandbox::Required);
        let time = Duration::from_millis(50);
        for script in ["while :; do :; done", "exec >&- 2>&-; while :; do :; done", "kill -STOP $$"] {
            let error = shell(&guard, script, time).unwrap_err();
            assert!(matches!(error, CaptureError::TimedOut(_)), "{script}: {error}");
        }
        assert!(locked(&guard.0.captured).children.is_empty());
    }

    #[test]
    fn what_it_leaves_running_is_ended() {
        let guard = testing::guard(Sandbox::Off);
        let captured = shell(&guard, "sleep 600 >&- 2>&- & echo $!", LONG).unwrap();
        let left: i32 = String::from_utf8(captured.text).unwrap().trim().parse().unwrap();
        let left = Pid::from_raw(left).unwrap();
        while rustix::process::test_kill_process(left).is_ok() {
            // Until whoever inherits it has noticed.
            std::thread::yield_now();
            let state = std::fs::read_to_string(format!("/proc/{}/stat", left.as_raw_nonzero()));
            if state.is_ok_and(|state| state.contains(") Z ")) {
                break;
            }
        }
    }

    #[test]
    fn much_is_not_kept_and_the_status_is_told() {
        let guard = testing::guard(Sandbox::Required);
        let captured = shell(&guard, "echo text; echo errors >&2; exit 3", LONG).unwrap();
        assert_eq!(
            (captured.status.code(), &*captured.text, &*captured.errors),
            (Some(3), &b"text\n"[..], "errors\n")
        );
        let much = "i=0; while [ $i -lt 200 ]; do echo 0123456789; i=$((i + 1)); done";
        assert!(matches!(shell(&guard, much, LONG), Err(CaptureError::TooMuch)));
    }

    #[test]
    fn all_end_at_once_and_none_begins_afterwards() {
        let guard = testing::guard(Sandbox::Required);
        let runs = [(); 2].map(|()| {
            let guard = guard.clone();
            std::thread::spawn(move || shell(&guard, "while :; do :; done", LONG))
        });
        // The runs that try what this kernel can do end by themselves.
        while locked(&guard.0.captured).children.len() < 2 {
            std::thread::yield_now();
        }
        guard.end_all();
        for run in runs {
            assert!(matches!(run.join().unwrap(), Err(CaptureError::Guard(GuardError::Ending))));
        }
        assert!(matches!(shell(&guard, ":", LONG), Err(CaptureError::Guard(GuardError::Ending))));
    }
}
