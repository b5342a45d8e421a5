//! How often a subscriber hears of progress: at most four times a second, however many conversions run. What comes in between
//! is coalesced, to the newest of each conversion, and these take turns.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;
use vodpost_protocol::conversion::ProgressView;
use vodpost_protocol::ids::VideoId;

const PERIOD: Duration = Duration::from_millis(250);

/// Progress that was not told yet.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// One of each conversion that runs, the next first.
    waiting: VecDeque<ProgressView>,
    told_at: Option<Instant>,
}

impl Pace {
    /// It takes the place of an older one that nobody was told of.
    pub(super) fn put(&mut self, view: ProgressView) {
        match self.waiting.iter_mut().find(|older| older.video == view.video) {
            Some(older) => *older = view,
            None => self.waiting.push_back(view),
        }
    }

    /// Something happened to this video, which says more.
    pub(super) fn forget(&mut self, video: VideoId) {
        self.waiting.retain(|view| view.video != video);
    }

    /// From when on the next may be told; `None` where none waits.
    pub(super) fn due_at(&self, now: Instant) -> Option<Instant> {
        let due_at = || self.told_at.map_or(now, |told_at| told_at + PERIOD);
        (!self.waiting.is_empty()).then(due_at)
    }

    pub(super) fn take(&mut self, now: Instant) -> Option<ProgressView> {
        let view = self.waiting.pop_front()?;
        self.told_at = Some(now);
        Some(view)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn view(video: u64, progress: f64) -> ProgressView {
        ProgressView { video: VideoId::from_random(video), attempt: 1, progress, speed: None, eta_s: None }
    }

    /// Ten seconds of five conversions, each of which reports four times a second.
    #[test]
    fn several_conversions_share_four_a_second_and_each_is_heard() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        let mut told: Vec<(Duration, ProgressView)> = Vec::new();
        for ms in (0..10_000_u64).step_by(50) {
            let now = start + Duration::from_millis(ms);
            if ms % 250 == 0 {
                (0..5).for_each(|video| pace.put(view(video, ms as f64)));
            }
            while pace.due_at(now).is_some_and(|due_at| due_at <= now) {
                told.push((now - start, pace.take(now).unwrap()));
            }
        }
        for second in 0..10 {
            let within = told.iter().filter(|(at, _)| at.as_secs() == second).count();
            assert!((3..=4).contains(&within), "{within} in second {second}");
        }
        let mut of_each: HashMap<VideoId, Vec<f64>> = HashMap::new();
        told.into_iter().for_each(|(_, view)| of_each.entry(view.video).or_default().push(view.progress));
        assert_eq!(of_each.len(), 5);
        for heard in of_each.values() {
            assert!(heard.len() >= 7 && heard.is_sorted(), "{heard:?}");
        }
    }

    #[test]
    fn the_newest_is_told_and_nothing_after_an_event() {
        let mut pace = Pace::default();
        let now = Instant::now();
        assert!(pace.due_at(now).is_none());
        pace.put(view(1, 0.1));
        pace.put(view(2, 0.5));
        pace.put(view(1, 0.2));
        pace.forget(VideoId::from_random(2));
        assert_eq!(pace.take(now), Some(view(1, 0.2)));
        assert!(pace.due_at(now).is_none() && pace.take(now).is_none());
    }
}
