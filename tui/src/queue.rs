//! What commands and terminal UI alike say of the queue: what a conversion waits for, how late it would be, and which
//! changes move the others in the queue too.

use std::time::Duration;

use vodpost_protocol::conversion::{ConversionState, ConversionView, PausedView, ProgressView};
use vodpost_protocol::event::EventKind;
use vodpost_protocol::time::Timestamp;

use crate::format::span;
use crate::text::plain;

/// Queued or running.
#[must_use]
pub fn is_under_way(state: ConversionState) -> bool {
    match state {
        ConversionState::Queued | ConversionState::Running => true,
        ConversionState::None | ConversionState::Failed | ConversionState::Ready => false,
    }
}

/// What a queued conversion waits for, to stand after "waits for".
#[must_use]
pub fn waits_for(conversion: &ConversionView, paused: Option<&PausedView>, now: Timestamp) -> String {
    match (paused, conversion.retry_at) {
        (Some(paused), _) => format!("the queue, paused by {}", plain(&paused.by)),
        // Counted down here, where the clock is seen to go.
        (None, Some(at)) => match &conversion.reason {
            Some(reason) => format!("another try in {}: {}", span(at.since(now)), plain(reason)),
            None => format!("another try in {}", span(at.since(now))),
        },
        (None, None) => {
            conversion.waiting_for.as_deref().map_or("its turn".to_owned(), |what| plain(what).into_owned())
        }
    }
}

/// `12 min late`, where it would miss its deadline (C3).
#[must_use]
pub fn late(conversion: &ConversionView) -> Option<String> {
    conversion.late_by_s.map(|late| format!("{} late", span(Duration::from_secs(late))))
}

/// How long until it should be ready: by its own speed while that is known, else by what was measured before.
#[must_use]
pub fn ready_in(conversion: &ConversionView, now: Timestamp) -> Option<Duration> {
    let by_speed = conversion.eta_s.filter(|_| conversion.state == ConversionState::Running);
    by_speed.map(Duration::from_secs).or_else(|| conversion.expected_at.map(|at| at.since(now)))
}

/// `3.1x`
#[must_use]
pub fn speed(conversion: &ConversionView) -> Option<String> {
    conversion.speed.map(|speed| format!("{speed:.1}x"))
}

/// Takes up how far it is. A push of an earlier attempt, or one that was overtaken by the end of the conversion, says
/// nothing; whether it did is returned.
pub fn advance(conversion: &mut ConversionView, view: &ProgressView) -> bool {
    let applies = conversion.attempt == view.attempt && conversion.state == ConversionState::Running;
    if applies {
        conversion.progress = Some(view.progress);
        conversion.speed = view.speed;
        conversion.eta_s = view.eta_s;
    }
    applies
}

/// What a change means for the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueChange {
    /// One is no longer in it.
    Ends,
    /// One is held up.
    HoldsUp,
    /// All of it was paused or resumed.
    Switches,
    /// Some come, start or move.
    Moves,
}

/// What a change means for the conversions in the queue, perhaps others than the one it is about.
#[must_use]
pub fn queue_change(what: EventKind) -> Option<QueueChange> {
    match what {
        EventKind::ConversionReady | EventKind::ConversionFailed | EventKind::ConversionCancelled => {
            Some(QueueChange::Ends)
        }
        EventKind::ConversionDelayed | EventKind::ConversionLate => Some(QueueChange::HoldsUp),
        EventKind::QueuePaused | EventKind::QueueResumed => Some(QueueChange::Switches),
        EventKind::ConversionRequested
        | EventKind::ConversionStarted
        // These end a conversion, or hold it back, without an event of its own.
        | EventKind::SourceReplaced
        | EventKind::SourceMissing
        | EventKind::SourceReturned
        | EventKind::SourceDeleted => Some(QueueChange::Moves),
        EventKind::AccountSubmitted
        | EventKind::AccountApproved
        | EventKind::AccountRejected
        | EventKind::AccountRevoked
        | EventKind::ServiceActivated
        | EventKind::VideoAdded
        | EventKind::VideoRenamed
        | EventKind::SourceSuspended
        | EventKind::SourceResumed
        | EventKind::PostingCreated
        | EventKind::PostingSuspended
        | EventKind::PostingResumed
        | EventKind::PostingListed
        | EventKind::PostingUnlisted
        | EventKind::RenditionsChanged => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tests::{at, video};

    #[test]
    fn what_a_conversion_waits_for() {
        let mut queued = video(1, "talk").conversion;
        queued.state = ConversionState::Queued;
        assert_eq!(waits_for(&queued, None, at(0)), "its turn");
        queued.waiting_for = Some("disk\u{1b} space".into());
        assert_eq!(waits_for(&queued, None, at(0)), "disk␛ space");
        queued.retry_at = Some(at(40_000));
        assert_eq!(waits_for(&queued, None, at(0)), "another try in 40 s");
        queued.reason = Some("no memory".into());
        assert_eq!(waits_for(&queued, None, at(90_000)), "another try in 0 s: no memory");
        let paused = PausedView { at: at(0), by: "ann".into() };
        assert_eq!(waits_for(&queued, Some(&paused), at(0)), "the queue, paused by ann");
    }

    #[test]
    fn an_expectation_gives_way_to_what_is_measured() {
        let mut conversion = video(1, "talk").conversion;
        conversion.state = ConversionState::Running;
        conversion.expected_at = Some(at(60_000));
        assert_eq!(ready_in(&conversion, at(0)), Some(Duration::from_secs(60)));
        conversion.eta_s = Some(5);
        assert_eq!(ready_in(&conversion, at(0)), Some(Duration::from_secs(5)));
        conversion.late_by_s = Some(720);
        assert_eq!(late(&conversion).as_deref(), Some("12 min late"));
    }
}
