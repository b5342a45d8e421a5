//! strace, attached to a running daemon: to see the order of its system calls, or to let some of them fail for a while.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long it may take to let go by itself.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(5);

/// Attached until it is dropped.
pub struct Strace(Child);

impl Strace {
    /// Attaches to all threads of a process. `None`, and a line that says why, where that is not possible.
    ///
    /// # Panics
    /// When strace says nothing.
    #[must_use]
    pub fn attach(pid: Pid, args: &[&str]) -> Option<Self> {
        let mut command = Command::new("strace");
        command.args(["-f", "-p", &pid.as_raw_nonzero().to_string()]).args(args);
        let mut child =
            match command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn() {
                Ok(child) => child,
                Err(error) => {
                    crate::skip::skip(&format!("strace cannot be run ({error}); scripts/test installs it"));
                    return None;
                }
            };
        let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
        let mut line = String::new();
        stderr.read_line(&mut line).expect("strace says something");
        if !line.contains("attached") {
            crate::skip::skip(&format!("strace may not attach: {}", line.trim()));
            child.wait().expect("it ended");
            return None;
        }
        // So that it is never held up by a full pipe.
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
        Some(Self(child))
    }

    /// Lets go; the process runs on as if nothing had been.
    ///
    /// # Panics
    /// When strace does not end.
    pub fn detach(self) {
        drop(self);
    }
}

impl Drop for Strace {
    fn drop(&mut self) {
        let pid = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // It may have ended with the process that it was attached to.
            kill_process(pid, Signal::INT).ok();
        }
        // Where the daemon forks at that very moment, some versions wait for a stop of the child that was seen already.
        // The kernel lets all of them go with their tracer.
        let asked_at = Instant::now();
        while matches!(self.0.try_wait(), Ok(None)) {
            if asked_at.elapsed() > PATIENCE {
                self.0.kill().ok();
                break;
            }
            std::thread::sleep(PAUSE);
        }
        drop(self.0.wait());
    }
}
