//! S2: events that are older than configured are given up. How many there are is minded by the rules themselves; when
//! the oldest one happened is known to the store alone.

use std::time::Duration;

use vodpost_protocol::time::Timestamp;

use super::Engine;
use crate::core::input::Input;
use crate::error::chain;

/// So many are looked at, and given up, at once.
const AT_ONCE: usize = 500;
/// When nothing is old, it is looked at again after as long as events are kept, within these limits.
const ASK_AGAIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(24 * 3600));

/// When the oldest event will be too old.
#[derive(Debug)]
pub(super) struct Retention {
    keep_for: Duration,
    due: Option<Timestamp>,
}

impl Retention {
    /// Zero keeps events however old they are.
    pub(super) fn new(keep_for: Duration) -> Self {
        Self { keep_for, due: (!keep_for.is_zero()).then(Timestamp::default) }
    }

    pub(super) fn due(&self) -> Option<Timestamp> {
        self.due
    }
}

impl Engine {
    /// What is too old by now; `None` where nothing is due.
    pub(super) fn expired_events(&mut self) -> Option<Input> {
        // What cannot be stored is not given up.
        if self.retry_at.is_some() {
            return None;
        }
        let now = Self::now();
        self.retention.due.filter(|due| *due <= now)?;
        let ask_again = now.after(self.retention.keep_for.clamp(ASK_AGAIN.0, ASK_AGAIN.1));
        self.retention.due = Some(ask_again);
        let oldest = self.core.state().oldest_seq();
        let events = match self.store.events(oldest.saturating_sub(1), AT_ONCE) {
            Ok(events) => events,
            Err(error) => {
                tracing::error!(error = chain(&error), "old events cannot be given up");
                return None;
            }
        };
        let is_old = |at: Timestamp| now.since(at) >= self.retention.keep_for;
        let first_kept = events.iter().find(|event| !is_old(event.at));
        if let Some(kept) = first_kept {
            self.retention.due =
                Some(kept.at.after(self.retention.keep_for).clamp(now.after(ASK_AGAIN.0), ask_again));
        } else if events.len() == AT_ONCE {
            self.retention.due = Some(now);
        }
        let before = first_kept.map_or(events.last()?.seq + 1, |kept| kept.seq);
        (before > oldest && oldest < self.core.state().last_seq()).then_some(Input::EventsExpired { before })
    }
}
