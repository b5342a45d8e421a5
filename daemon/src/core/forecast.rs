//! When the conversions of the queue should be ready, as things are, and if more were ordered (C3).

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use vodpost_protocol::ids::VideoId;
use vodpost_protocol::time::Timestamp;

use super::artifact::Progress;
use super::line::Turn;
use super::state::{Settings, State};
use super::video::{Conversion, Running, Video};
use super::work::{Rates, Work};

/// A speed is believed after this.
const SPEED_SETTLED: Duration = Duration::from_secs(10);

/// When each conversion should be ready.
#[derive(Debug)]
pub struct Forecast {
    ready: HashMap<VideoId, Timestamp>,
    /// When each worker is free.
    free: BinaryHeap<Reverse<Timestamp>>,
    rates: Rates,
}

impl Forecast {
    /// As things are. What waits in a queue that is paused is ready nobody knows when.
    #[must_use]
    pub fn of(
        state: &State,
        settings: &Settings,
        progress: &HashMap<VideoId, Progress>,
        now: Timestamp,
    ) -> Self {
        let mut forecast = Self::running(state, settings, progress, now);
        if state.queue().paused.is_none() {
            let waiting: Vec<_> = state.line().waiting(now).collect();
            forecast.wait(state, waiting);
        }
        forecast
    }

    /// As if these were ordered now, and the queue went on now if it is paused. They take their turns among those that wait
    /// already, some of which come later then.
    #[must_use]
    pub fn with(
        state: &State,
        settings: &Settings,
        progress: &HashMap<VideoId, Progress>,
        now: Timestamp,
        more: &[(VideoId, Work)],
    ) -> Self {
        let mut forecast = Self::running(state, settings, progress, now);
        let deadline = now.after(settings.conversion_deadline);
        // One after the other, as a person would.
        let ordered = |(requested_at, (id, work)): (u64, &(VideoId, Work))| {
            let requested_at = now.after(Duration::from_millis(requested_at));
            let turn: Turn = (deadline.before(forecast.rates.expected(*work)), requested_at);
            (turn, *id)
        };
        let mut turns: Vec<(Turn, VideoId)> = (0..).zip(more).map(ordered).collect();
        turns.extend(state.line().turns_and_moments());
        turns.sort_unstable();
        let new: HashMap<VideoId, Work> = more.iter().copied().collect();
        let in_turn = turns.into_iter().map(|(_, id)| (id, now));
        let waiting: Vec<_> = in_turn.chain(state.line().held(now)).collect();
        for (id, not_before) in waiting {
            let work = new.get(&id).copied().or_else(|| state.video(id).and_then(Video::work));
            forecast.take(id, work, not_before);
        }
        forecast
    }

    /// What runs, and when each worker is free.
    fn running(
        state: &State,
        settings: &Settings,
        progress: &HashMap<VideoId, Progress>,
        now: Timestamp,
    ) -> Self {
        let rates = state.queue().rates;
        let mut forecast = Self { ready: HashMap::new(), free: BinaryHeap::new(), rates };
        for id in state.line().running() {
            let Some(left) = state.video(id).and_then(|video| left(video, &rates, progress.get(&id), now))
            else {
                continue;
            };
            forecast.ready.insert(id, now.after(left));
            forecast.free.push(Reverse(now.after(left)));
        }
        while forecast.free.len() > settings.workers {
            forecast.free.pop();
        }
        forecast.free.extend((forecast.free.len()..settings.workers).map(|_| Reverse(now)));
        forecast
    }

    fn wait(&mut self, state: &State, waiting: Vec<(VideoId, Timestamp)>) {
        for (id, not_before) in waiting {
            self.take(id, state.video(id).and_then(Video::work), not_before);
        }
    }

    /// Gives the next free worker something to do.
    fn take(&mut self, id: VideoId, work: Option<Work>, not_before: Timestamp) {
        let Some(work) = work else { return };
        let Reverse(free) = self.free.pop().unwrap_or(Reverse(not_before));
        let ready_at = free.max(not_before).after(self.rates.expected(work));
        self.free.push(Reverse(ready_at));
        self.ready.insert(id, ready_at);
    }

    /// `None` for what is not in the queue, or cannot start as things are.
    #[must_use]
    pub fn ready_at(&self, video: VideoId) -> Option<Timestamp> {
        self.ready.get(&video).copied()
    }

    /// Those in the queue that would miss their deadlines by this forecast and not by that other, and by how much.
    #[must_use]
    pub fn late_unlike<'a>(&self, other: &Self, state: &'a State) -> Vec<(&'a Video, Duration)> {
        let made_late = |id: VideoId| {
            let video = state.video(id)?;
            let deadline = video.order()?.deadline;
            let ready_at = self.ready_at(id).filter(|at| *at > deadline)?;
            let was_late = other.ready_at(id).is_some_and(|at| at > deadline);
            (!was_late).then(|| (video, ready_at.since(deadline)))
        };
        state.line().all().filter_map(made_late).collect()
    }

    #[must_use]
    pub fn rates(&self) -> &Rates {
        &self.rates
    }
}

/// How much longer a running conversion takes: by its own speed, else by what such work takes.
fn left(video: &Video, rates: &Rates, progress: Option<&Progress>, now: Timestamp) -> Option<Duration> {
    let Conversion::Running(running) = &video.conversion else { return None };
    if let Some(left) = progress.and_then(|progress| left_at_own_speed(running, progress, now)) {
        return Some(left);
    }
    let ran = now.since(running.started_at);
    let expected = rates.expected(video.work()?);
    // What takes longer than expected will take a little longer still.
    Some(expected.checked_sub(ran).unwrap_or(ran / 10))
}

/// `None` as long as its speed says little.
pub(super) fn left_at_own_speed(running: &Running, progress: &Progress, now: Timestamp) -> Option<Duration> {
    let settled = now.since(running.started_at) >= SPEED_SETTLED;
    progress.left().filter(|_| settled && progress.job.attempt == running.order.attempt)
}
