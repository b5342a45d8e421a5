//! What commands and terminal UI alike say of the queue: what a conversion waits for, how late it would be, and which
//! changes move the others in the queue too.

use std::time::Duration;

use vodpost_protocol::conversion::{ConversionState, ConversionView, JobsView, PausedView, ProgressView};
use vodpost_protocol::event::EventKind;
use vodpost_protocol::time::Timestamp;

use crate::format::span;
use crate::text::{self, plain};
use crate::{say, word};

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
        (Some(paused), _) => {
            say!("the queue, paused by {by}", "队列恢复（已由 {by} 暂停）", by = plain(&paused.by))
        }
        // Counted down here, where the clock is seen to go.
        (None, Some(at)) => {
            let again = say!("another try in {span}", "{span} 后重试", span = span(at.since(now)));
            conversion.reason.as_deref().map_or(again.clone(), |reason| text::pair(&again, &plain(reason)))
        }
        (None, None) => match &conversion.waiting_for {
            Some(what) => plain(what).into_owned(),
            None => word!("its turn", "轮到自己").to_owned(),
        },
    }
}

/// `waits for its turn`
#[must_use]
pub fn waits(conversion: &ConversionView, paused: Option<&PausedView>, now: Timestamp) -> String {
    say!("waits for {what}", "等待：{what}", what = waits_for(conversion, paused, now))
}

/// `95 s left`
#[must_use]
pub fn left(rest: Duration) -> String {
    say!("{rest} left", "剩余 {rest}", rest = span(rest))
}

/// `attempt 2`; nothing for the first.
#[must_use]
pub fn attempt(conversion: &ConversionView) -> Option<String> {
    let again = conversion.attempt > 1;
    again.then(|| say!("attempt {number}", "第{number}次尝试", number = conversion.attempt))
}

/// `2 running, 3 waiting, 1 worker`
#[must_use]
pub fn counts(view: &JobsView) -> String {
    let running =
        view.jobs.iter().filter(|job| job.conversion.state == ConversionState::Running).count() as u64;
    say!(
        "{running} running, {waiting} waiting, {workers}",
        "进行中 {running}，等待 {waiting}，{workers}",
        running = running,
        waiting = view.jobs.len() as u64 + view.left_out - running,
        workers = text::workers(u64::from(view.workers)),
    )
}

/// `12 min late`, where it would miss its deadline (C3).
#[must_use]
pub fn late(conversion: &ConversionView) -> Option<String> {
    let late = conversion.late_by_s.map(Duration::from_secs);
    late.map(|late| say!("{late} late", "超时 {late}", late = span(late)))
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
        | EventKind::SourceDeleted
        | EventKind::VideoForgotten => Some(QueueChange::Moves),
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
        | EventKind::RootAdded
        | EventKind::RootRemoved
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
