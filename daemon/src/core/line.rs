//! The orders in the queue by what they wait for. Derived from the videos, so that nobody has to walk through them.

use std::collections::{BTreeMap, BTreeSet};

use vodpost_protocol::ids::VideoId;
use vodpost_protocol::time::Timestamp;

use super::video::{Conversion, Source, Video};
use super::work::{Rates, Work, WorkKind};

#[derive(Debug, Default)]
pub struct Line {
    instant: BTreeSet<VideoId>,
    turns: BTreeSet<(Turn, VideoId)>,
    held: BTreeSet<(Timestamp, VideoId)>,
    running: BTreeSet<VideoId>,
    spots: BTreeMap<VideoId, Spot>,
}

/// The moment at which it has to start to be ready by its deadline, then that of the request.
pub(super) type Turn = (Timestamp, Timestamp);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spot {
    /// It takes no worker.
    Instant,
    Turn(Turn),
    Held(Timestamp),
    /// With a worker.
    Running,
}

impl Line {
    /// Puts a video where it belongs now; `None` takes it away.
    pub(super) fn put(&mut self, id: VideoId, video: Option<&Video>, rates: &Rates) {
        match self.spots.remove(&id) {
            None => {}
            Some(Spot::Instant) => drop(self.instant.remove(&id)),
            Some(Spot::Turn(turn)) => drop(self.turns.remove(&(turn, id))),
            Some(Spot::Held(until)) => drop(self.held.remove(&(until, id))),
            Some(Spot::Running) => drop(self.running.remove(&id)),
        }
        let Some(spot) = video.and_then(|video| spot(video, rates)) else { return };
        self.spots.insert(id, spot);
        match spot {
            Spot::Instant => drop(self.instant.insert(id)),
            Spot::Turn(turn) => drop(self.turns.insert((turn, id))),
            Spot::Held(until) => drop(self.held.insert((until, id))),
            Spot::Running => drop(self.running.insert(id)),
        }
    }

    /// What may start at once.
    pub(super) fn instant(&self) -> impl Iterator<Item = VideoId> {
        self.instant.iter().copied()
    }

    /// What waits for a worker, in turn.
    pub(super) fn turns(&self) -> impl Iterator<Item = VideoId> {
        self.turns.iter().map(|(_, id)| *id)
    }

    /// The same with the moments by which they are in turn.
    pub(super) fn turns_and_moments(&self) -> impl Iterator<Item = (Turn, VideoId)> {
        self.turns.iter().copied()
    }

    /// What waits for another try, with the earliest moment of each.
    pub(super) fn held(&self, now: Timestamp) -> impl Iterator<Item = (VideoId, Timestamp)> {
        self.held.iter().map(move |(until, id)| (*id, (*until).max(now)))
    }

    /// What a worker is at.
    pub fn running(&self) -> impl Iterator<Item = VideoId> {
        self.running.iter().copied()
    }

    pub(super) fn is_running(&self, id: VideoId) -> bool {
        self.running.contains(&id)
    }

    /// When the next pause is over.
    pub(super) fn next_release(&self) -> Option<Timestamp> {
        self.held.first().map(|(until, _)| *until)
    }

    /// Those whose pause is over at this moment.
    pub(super) fn held_until(&self, now: Timestamp) -> impl Iterator<Item = VideoId> {
        self.held.iter().take_while(move |(until, _)| *until <= now).map(|(_, id)| *id)
    }

    /// What waits for a worker, in turn, and then what waits for another try; with the earliest moment of each.
    pub(super) fn waiting(&self, now: Timestamp) -> impl Iterator<Item = (VideoId, Timestamp)> {
        self.turns().map(move |id| (id, now)).chain(self.held(now))
    }

    /// Everything that takes a worker: what runs, and what will, in turn.
    pub fn all(&self) -> impl Iterator<Item = VideoId> {
        self.running().chain(self.turns()).chain(self.held.iter().map(|(_, id)| *id))
    }

    /// How many come before it, where it waits for a worker.
    #[must_use]
    pub fn before(&self, id: VideoId) -> Option<usize> {
        match self.spots.get(&id)? {
            Spot::Turn(turn) => Some(self.turns.range(..(*turn, id)).count()),
            Spot::Instant | Spot::Held(_) | Spot::Running => None,
        }
    }
}

fn spot(video: &Video, rates: &Rates) -> Option<Spot> {
    match (&video.conversion, &video.source) {
        (Conversion::Queued(waiting), Source::Present) => Some(match &waiting.hold {
            Some(hold) => Spot::Held(hold.until),
            None if waiting.order.plan.needs_worker() => {
                // Where its file is not known any more, the next look at the library says what becomes of it.
                let work = video.work().unwrap_or(Work { kind: WorkKind::Copy, amount: 0 });
                let start_by = waiting.order.deadline.before(rates.expected(work));
                Spot::Turn((start_by, waiting.order.requested_at))
            }
            None => Spot::Instant,
        }),
        (Conversion::Queued(_), Source::Missing { .. } | Source::Deleted(_)) => None,
        (Conversion::Running(running), _) => running.order.plan.needs_worker().then_some(Spot::Running),
        (Conversion::None | Conversion::Failed(_) | Conversion::Ready(_), _) => None,
    }
}
