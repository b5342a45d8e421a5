//! The queue of conversions: what starts when, what waits for what, and whether it will be in time (C3, C5).
//!
//! Work that writes nothing starts at once. The rest takes a worker, in the order of the moments at which each has to
//! start to be ready by its deadline.

use std::time::Duration;

use vodpost_protocol::event::EventKind;
use vodpost_protocol::ids::VideoId;
use vodpost_protocol::time::Timestamp;

use super::actor::Actor;
use super::artifact::{Assignment, Failure, Progress};
use super::effect::Effect;
use super::event::Subject;
use super::forecast::{Forecast, left_at_own_speed};
use super::plan::Plan;
use super::state::State;
use super::transaction::{Around, Transaction};
use super::video::{Conversion, Hold, Order, Running, Video};
use super::work::{OutputSize, Rates, Work, size_in_words};

/// How many of those that wait are looked at for one that the disk has room for.
const LOOKED_AT_MAX: usize = 64;
/// The first pause before another try; each further one is four times as long.
const SETBACK_PAUSE: Duration = Duration::from_secs(30);
/// When a worker has not said by then that it was too late, it is ended.
pub(super) const LAST_WORD: Duration = Duration::from_secs(10);

/// What is remembered of the queue as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Queue {
    pub paused: Option<Pause>,
    pub rates: Rates,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    pub at: Timestamp,
    pub by: Actor,
}

/// What the rules are told of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Machine {
    /// What conversions may still write to the disk of the artifact folder; `None` where it is unknown.
    pub room_bytes: Option<u64>,
}

pub(super) fn pause(tx: &mut Transaction<'_>) {
    if tx.state().queue().paused.is_some() {
        return;
    }
    let paused = Some(Pause { at: tx.now(), by: tx.actor().clone() });
    tx.put_queue(Queue { paused, ..tx.state().queue().clone() });
    tx.event(EventKind::QueuePaused, Subject::Queue, None);
}

pub(super) fn resume(tx: &mut Transaction<'_>) {
    if tx.state().queue().paused.is_none() {
        return;
    }
    tx.put_queue(Queue { paused: None, ..tx.state().queue().clone() });
    tx.event(EventKind::QueueResumed, Subject::Queue, None);
}

/// Starts what may start.
pub(super) fn schedule(tx: &mut Transaction<'_>) {
    let instant: Vec<VideoId> = tx.state().line().instant().collect();
    for id in instant {
        start(tx, id);
    }
    let mut free = tx.settings().workers.saturating_sub(tx.state().line().running().count());
    if tx.state().queue().paused.is_some() || free == 0 {
        return;
    }
    let mut room = room_left(tx.state(), tx.around());
    let next: Vec<VideoId> = tx.state().line().turns().take(free + LOOKED_AT_MAX).collect();
    for id in next {
        let needed = tx.state().video(id).map_or(0, needed_bytes);
        match room {
            Some(left) if left < needed => short_of_room(tx, id, needed, left),
            Some(_) | None => {
                if start(tx, id) {
                    room = room.map(|left| left - needed);
                    free -= 1;
                }
            }
        }
        if free == 0 {
            return;
        }
    }
}

fn needed_bytes(video: &Video) -> u64 {
    let needed = |order: &Order| {
        Some(OutputSize::of(&order.plan, video.media_of(order)?, order.identity.size_bytes).bytes())
    };
    video.order().and_then(needed).unwrap_or(0)
}

/// What is free and not set aside for conversions that run.
fn room_left(state: &State, around: &Around) -> Option<u64> {
    let still_needed = |id: VideoId| {
        let written = around.progress.get(&id).map_or(0, |progress| progress.written_bytes);
        state.video(id).map_or(0, needed_bytes).saturating_sub(written)
    };
    let taken = state.line().running().map(still_needed).fold(0, u64::saturating_add);
    around.machine.room_bytes.map(|room| room.saturating_sub(taken))
}

/// What is free and not spoken for by anything that runs or waits.
pub(super) fn room_for_more(state: &State, around: &Around) -> Option<u64> {
    let waits = |id: &VideoId| !state.line().is_running(*id);
    let waiting = state.line().all().filter(waits).map(|id| state.video(id).map_or(0, needed_bytes));
    let spoken_for = waiting.fold(0, u64::saturating_add);
    room_left(state, around).map(|room| room.saturating_sub(spoken_for))
}

/// It is its turn, but it stays where it is; said once.
fn short_of_room(tx: &mut Transaction<'_>, id: VideoId, needed: u64, left: u64) {
    tx.wait_for_room();
    let Some(mut video) = tx.state().video(id).cloned() else { return };
    let Conversion::Queued(waiting) = &mut video.conversion else { return };
    if std::mem::replace(&mut waiting.short_of_room, true) {
        return;
    }
    let detail = format!(
        "it waits for disk space: it may take {}, and {} are left for it in the artifact folder",
        size_in_words(needed),
        size_in_words(left)
    );
    tx.put_video(video.clone());
    tx.video_event(EventKind::ConversionDelayed, &video, Some(detail));
}

/// Whether the order was started; it is not when its file is no longer what it was.
fn start(tx: &mut Transaction<'_>, id: VideoId) -> bool {
    let Some(mut video) = tx.state().video(id).cloned() else { return false };
    let Some(order) = video.order().cloned() else { return false };
    let Some(info) = video.media_of(&order).cloned() else { return false };
    let size = OutputSize::of(&order.plan, &info, order.identity.size_bytes);
    let assignment = Assignment {
        job: order.job(id),
        source: video.path_of(&order.rendition),
        identity: order.identity,
        info,
        plan: Plan::clone(&order.plan),
        requested_at: order.requested_at,
        deadline: order.deadline,
        size,
    };
    video.conversion = Conversion::Running(Box::new(Running { order, started_at: tx.now() }));
    tx.put_video(video.clone());
    tx.video_event(EventKind::ConversionStarted, &video, None);
    tx.effect(Effect::StartConversion(Box::new(assignment)));
    true
}

/// C5: after a start of the daemon nothing runs; what ran is queued again under a new attempt.
pub(super) fn requeue_interrupted(tx: &mut Transaction<'_>) {
    let runs = |video: &&Video| match &video.conversion {
        Conversion::Running(_) => true,
        Conversion::None | Conversion::Queued(_) | Conversion::Failed(_) | Conversion::Ready(_) => false,
    };
    let interrupted: Vec<Video> = tx.state().timed().filter(runs).cloned().collect();
    for video in interrupted {
        requeue(tx, video);
    }
}

/// Back into the queue under a new attempt, deadline and postings unchanged.
pub(super) fn requeue(tx: &mut Transaction<'_>, mut video: Video) {
    let Some(order) = video.order() else { return };
    let mut order = order.clone();
    video.attempts += 1;
    order.attempt = video.attempts;
    video.conversion = Conversion::waiting(order);
    tx.put_video(video);
}

/// When an order that failed for a cause that may pass is tried again; `None` when it was tried often enough, or its
/// deadline comes first.
fn again_at(tx: &Transaction<'_>, order: &Order) -> Option<Timestamp> {
    if order.setbacks >= tx.settings().retries {
        return None;
    }
    let pause = SETBACK_PAUSE.saturating_mul(4u32.saturating_pow(order.setbacks));
    Some(tx.now().after(pause)).filter(|at| *at < order.deadline)
}

/// Queues a running order again after a failure that may pass. `false` where it has to fail now.
pub(super) fn set_back(tx: &mut Transaction<'_>, mut video: Video, failure: &Failure) -> bool {
    let Some(mut order) = video.order().cloned() else { return false };
    let Some(until) = again_at(tx, &order) else { return false };
    video.attempts += 1;
    order.attempt = video.attempts;
    order.setbacks += 1;
    let pause = humantime::format_duration(until.since(tx.now()));
    let detail = format!("{}; tried again in {pause}", failure.reason);
    video.conversion = Conversion::waiting(order);
    if let Conversion::Queued(waiting) = &mut video.conversion {
        waiting.hold = Some(Hold { failure: failure.clone(), until });
    }
    tx.put_video(video.clone());
    tx.video_event(EventKind::ConversionDelayed, &video, Some(detail));
    true
}

/// Ends the pauses that are over.
pub(super) fn release(tx: &mut Transaction<'_>) {
    let now = tx.now();
    let over: Vec<VideoId> = tx.state().line().held_until(now).collect();
    for id in over {
        try_now(tx, id);
    }
}

/// Whether it waited for another try and does not any more.
pub(super) fn try_now(tx: &mut Transaction<'_>, id: VideoId) -> bool {
    let Some(mut video) = tx.state().video(id).cloned() else { return false };
    let Conversion::Queued(waiting) = &mut video.conversion else { return false };
    let held = waiting.hold.take().is_some();
    if held {
        tx.put_video(video);
    }
    held
}

/// Takes in how long a conversion took that has just ended well.
pub(super) fn learn(tx: &mut Transaction<'_>, video: &Video, done: &Plan) {
    let Conversion::Running(running) = &video.conversion else { return };
    let order = &running.order;
    let work = |plan| Work::of(plan, video.media_of(order)?, order.identity.size_bytes);
    // What turned into other work on the way says nothing about either.
    let Some(work) =
        work(done).filter(|done| work(&order.plan).is_some_and(|ordered| ordered.kind == done.kind))
    else {
        return;
    };
    let queue = tx.state().queue().clone();
    let rates = queue.rates.learned(work, tx.now().since(running.started_at));
    if rates != queue.rates {
        tx.put_queue(Queue { rates, ..queue });
    }
}

/// C3: says early that a running conversion will be late, by the speed that it has.
pub(super) fn judge(tx: &mut Transaction<'_>, progress: &Progress) {
    let Some(video) = tx.state().video(progress.job.video) else { return };
    let Conversion::Running(running) = &video.conversion else { return };
    if running.order.late {
        return;
    }
    let Some(left) = left_at_own_speed(running, progress, tx.now()) else { return };
    let (ready_at, deadline) = (tx.now().after(left), running.order.deadline);
    if ready_at > deadline {
        let video = video.clone();
        say_late(tx, video, ready_at.since(deadline));
    }
}

fn say_late(tx: &mut Transaction<'_>, mut video: Video, by: Duration) {
    let Some(order) = video.order_mut() else { return };
    order.late = true;
    let detail = format!("it would miss its deadline by {}", span_in_words(by));
    tx.put_video(video.clone());
    tx.video_event(EventKind::ConversionLate, &video, Some(detail));
}

/// In seconds below two minutes, in minutes beyond.
#[must_use]
pub fn span_in_words(span: Duration) -> String {
    let s = span.as_secs().max(1);
    let rounded = if s < 120 { s } else { s.next_multiple_of(60) };
    humantime::format_duration(Duration::from_secs(rounded)).to_string()
}

/// C3: looks at the whole queue for what will be late.
pub(super) fn warn(tx: &mut Transaction<'_>) {
    let expected = Forecast::of(tx.state(), tx.settings(), &tx.around().progress, tx.now());
    let is_late = |id: &VideoId| {
        let video = tx.state().video(*id)?;
        // What has missed its deadline already is no longer a warning.
        let order = video.order().filter(|order| !order.late && order.deadline > tx.now())?;
        let ready_at = expected.ready_at(*id)?;
        (ready_at > order.deadline).then(|| (video.clone(), ready_at.since(order.deadline)))
    };
    let late: Vec<(Video, Duration)> = tx.state().line().all().filter_map(|id| is_late(&id)).collect();
    for (video, by) in late {
        say_late(tx, video, by);
    }
}

/// When time alone ends this order: its deadline, or a little later where a worker may have a last word.
pub(super) fn overdue_at(video: &Video) -> Option<Timestamp> {
    match &video.conversion {
        Conversion::Queued(waiting) => Some(waiting.order.deadline),
        Conversion::Running(running) => Some(running.order.deadline.after(LAST_WORD)),
        Conversion::None | Conversion::Failed(_) | Conversion::Ready(_) => None,
    }
}
