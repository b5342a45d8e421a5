//! The threads beside the UI's own, and the one bounded channel through which they all report.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::app::event::Event;

/// Who is faster than the UI waits; the daemon then sends one fresh snapshot instead of a backlog.
const EVENTS_MAX: usize = 256;

/// Starts threads that report events.
#[derive(Debug, Clone)]
pub struct Threads {
    events: SyncSender<Event>,
}

/// The UI does not listen any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed;

impl Threads {
    #[must_use]
    pub fn new() -> (Self, Receiver<Event>) {
        let (events, inbox) = sync_channel(EVENTS_MAX);
        (Self { events }, inbox)
    }

    /// Waits while the channel is full.
    ///
    /// # Errors
    /// When the UI has ended.
    pub fn tell(&self, event: Event) -> Result<(), Closed> {
        self.events.send(event).map_err(|_closed| Closed)
    }

    /// The same for a thread that ends anyway: when nobody listens the UI has ended, and nothing is lost.
    pub fn tell_last(&self, event: Event) {
        match self.tell(event) {
            Ok(()) | Err(Closed) => {}
        }
    }

    /// Runs `work` in a thread of its own; a panic in it ends the UI in order instead of leaving half of it running.
    ///
    /// # Errors
    /// When the system has no more threads.
    pub fn spawn(&self, name: &'static str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let threads = self.clone();
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            if catch_unwind(AssertUnwindSafe(work)).is_err() {
                threads.tell_last(Event::ThreadFailed(name));
            }
        })?;
        Ok(())
    }
}
