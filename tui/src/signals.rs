//! Ends the process when it is told to, or when its terminal goes away, whatever the other threads are stuck in.
//!
//! With a dead terminal crossterm's reading loop spins for ever, so nothing here waits for the thread that reads keys.

use std::io;
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;

use crate::app::event::Event;
use crate::terminal;
use crate::threads::Threads;

/// Starts listening for signals and for the end of the terminal.
///
/// # Errors
/// When the system refuses a handler or a thread.
pub fn watch(threads: &Threads) -> io::Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGCONT])?;
    let teller = threads.clone();
    threads.spawn("signals", move || {
        for signal in signals.forever() {
            let event = match signal {
                SIGTSTP => Event::StopRequested,
                SIGCONT => Event::Continued,
                ending => end(ending),
            };
            if teller.tell(event).is_err() {
                return;
            }
        }
    })?;
    threads.spawn("terminal watch", || {
        if wait_for_hang_up() {
            end(SIGHUP);
        }
    })
}

/// Gives the terminal back and ends, with the status that shells give to a program that a signal ended.
fn end(signal: i32) -> ! {
    terminal::leave_from_signal();
    signal_hook::low_level::exit(128 + signal)
}

/// Sleeps until the other end of the terminal is closed: no `SIGHUP` comes where it is not our controlling terminal, or
/// where we are not in its foreground. False where that cannot be watched.
fn wait_for_hang_up() -> bool {
    let stdin = io::stdin();
    loop {
        // Without any flag only hang-up and error are reported.
        let mut fds = [PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::empty())];
        match poll(&mut fds, None) {
            Ok(_) if fds.iter().any(|fd| fd.revents().contains(PollFlags::NVAL)) => return false,
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => return true,
            Err(_) => return false,
        }
    }
}
