//! Ctrl-C while a command waits: it ends the waiting with a sentence, not what is waited for.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;

use super::daemon::{Daemon, end};
use super::failure::Failure;
use crate::say;
use crate::text::Sentence;

/// How long a pause lasts at most before it looks for Ctrl-C.
const LOOK: Duration = Duration::from_millis(50);

pub struct Interrupt {
    happened: Arc<AtomicBool>,
    /// The connection somebody waits on. Ending it wakes them: the wait itself resumes after a signal.
    waited_on: Arc<Mutex<Option<UnixStream>>>,
}

impl Interrupt {
    /// # Errors
    /// When the system refuses a signal handler.
    pub fn install() -> Result<Self, Failure> {
        let interrupt =
            Self { happened: Arc::new(AtomicBool::new(false)), waited_on: Arc::new(Mutex::new(None)) };
        interrupt
            .listen()
            .map_err(|error| say!("Ctrl-C cannot be handled: {error}.", "无法处理 Ctrl-C：{error}。"))
            .map_err(|message| Failure::Failed(Sentence::new(message)))?;
        Ok(interrupt)
    }

    fn listen(&self) -> io::Result<()> {
        // The second Ctrl-C ends the program as ever, should the first not suffice.
        signal_hook::flag::register_conditional_default(SIGINT, Arc::clone(&self.happened))?;
        let mut signals = Signals::new([SIGINT])?;
        let (happened, waited_on) = (Arc::clone(&self.happened), Arc::clone(&self.waited_on));
        thread::Builder::new().name("interrupt".into()).spawn(move || {
            for _signal in signals.forever() {
                happened.store(true, Ordering::SeqCst);
                let stream = waited_on.lock().unwrap_or_else(PoisonError::into_inner);
                if stream.as_ref().is_some_and(|stream| end(stream).is_err()) {
                    // The second Ctrl-C is left.
                    return;
                }
            }
        })?;
        Ok(())
    }

    /// From now on Ctrl-C ends this connection.
    ///
    /// # Errors
    /// When the system has no handle left.
    pub fn watch(&self, daemon: &Daemon) -> Result<(), Failure> {
        let handle = daemon.handle()?;
        *self.waited_on.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle);
        Ok(())
    }

    #[must_use]
    pub fn happened(&self) -> bool {
        self.happened.load(Ordering::SeqCst)
    }

    /// Sleeps, but not through Ctrl-C.
    pub fn pause(&self, time: Duration) {
        let until = Instant::now() + time;
        while !self.happened() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            thread::sleep(left.min(LOOK));
        }
    }
}
