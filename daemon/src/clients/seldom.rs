//! Remarks that a peer can cause as often as it likes, made only now and then, so that nobody fills the log.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Seldom(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last: Option<Instant>,
    unsaid: u64,
}

impl Seldom {
    /// Whether a remark may be made now, and how many were left out since the last one.
    pub(super) fn may_say(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.last.is_some_and(|last| now.saturating_duration_since(last) < EVERY) {
            state.unsaid += 1;
            return None;
        }
        state.last = Some(now);
        Some(std::mem::take(&mut state.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_said_and_the_others_are_counted() {
        let (seldom, start) = (Seldom::default(), Instant::now());
        assert_eq!(seldom.may_say(start), Some(0));
        assert_eq!(seldom.may_say(start), None);
        assert_eq!(seldom.may_say(start + EVERY / 2), None);
        assert_eq!(seldom.may_say(start + EVERY), Some(2));
        assert_eq!(seldom.may_say(start + EVERY * 3), Some(0));
    }
}
