//! Work on a thread of its own, while commits go on: it is asked whether it has ended, and can be told to end early.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};

/// Set when nobody wants the result any more.
pub(super) type Stop = Arc<AtomicBool>;

pub(super) struct Background<T> {
    thread: JoinHandle<T>,
    stop: Stop,
}

impl<T: Send + 'static> Background<T> {
    pub(super) fn spawn(name: &str, work: impl FnOnce(Stop) -> T + Send + 'static) -> io::Result<Self> {
        let stop = Stop::default();
        let theirs = Arc::clone(&stop);
        let thread = Builder::new().name(name.to_owned()).spawn(move || work(theirs))?;
        Ok(Self { thread, stop })
    }

    pub(super) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for the result; `None` when the thread failed.
    pub(super) fn join(self) -> Option<T> {
        self.thread.join().ok()
    }

    /// Waits until nothing is read or written any more.
    pub(super) fn stop(self) -> Option<T> {
        self.stop.store(true, Ordering::Relaxed);
        self.join()
    }
}
