//! Every order in which videos are listed, and every number that is counted, kept as the state changes, so that a page or
//! a count never walks the library.
//!
//! An order holds the videos of each state beside each other. A list of one state is a stretch of it; a list of all
//! states merges the stretches.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::iter::Peekable;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use vodpost_protocol::ids::VideoId;
use vodpost_protocol::posting::PostingState;
use vodpost_protocol::video::VideoState;

use super::posting::{self, Posting};
use super::select;
use super::titles::{Gathered, Titles};
use super::video::{Conversion, MissingCause, Source, Video};

/// Videos by their state, then a number, the greatest first, then their id.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Order(BTreeSet<(VideoState, Falling, VideoId)>);

/// A number, the greatest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Falling(std::cmp::Reverse<u64>);

impl Falling {
    #[must_use]
    pub fn new(number: u64) -> Self {
        Self(std::cmp::Reverse(number))
    }

    #[must_use]
    pub fn number(self) -> u64 {
        self.0.0
    }
}

impl Order {
    /// The videos of one state, those after a position or all.
    fn of_state(
        &self,
        state: VideoState,
        after: Option<(Falling, VideoId)>,
    ) -> impl Iterator<Item = (Falling, VideoId)> {
        let first = after.map_or(
            Bound::Included((state, Falling::new(u64::MAX), VideoId::from_random(0))),
            |(key, id)| Bound::Excluded((state, key, id)),
        );
        let stretch = self.0.range((first, Bound::Unbounded)).take_while(move |entry| entry.0 == state);
        stretch.map(|(_, key, id)| (*key, *id))
    }

    /// The videos of these states in the order of their keys alone.
    #[must_use]
    pub fn merged(&self, states: &[VideoState], after: Option<(Falling, VideoId)>) -> Merged<'_, Falling> {
        Merged::of(states.iter().map(|state| Box::new(self.of_state(*state, after)) as Stretch<'_, Falling>))
    }
}

pub(super) type Stretch<'a, K> = Box<dyn Iterator<Item = (K, VideoId)> + 'a>;

/// Several stretches as one.
pub struct Merged<'a, K> {
    stretches: Vec<Peekable<Stretch<'a, K>>>,
}

impl<'a, K: Ord + Copy> Merged<'a, K> {
    pub(super) fn of(stretches: impl Iterator<Item = Stretch<'a, K>>) -> Self {
        Self { stretches: stretches.map(Iterator::peekable).collect() }
    }
}

impl<K: Ord + Copy> Iterator for Merged<'_, K> {
    type Item = (K, VideoId);

    fn next(&mut self) -> Option<Self::Item> {
        let heads = self.stretches.iter_mut().enumerate();
        let (_, least) = heads.filter_map(|(at, stretch)| Some((*stretch.peek()?, at))).min()?;
        self.stretches[least].next()
    }
}

/// What status and lists count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    pub live: u64,
    pub suspended: u64,
    pub pending: u64,
    pub invalid: u64,
    /// Files that cannot be used, of videos that are not deleted.
    pub problems: u64,
    pub conversions_failed: u64,
    pub conversions_queued: u64,
    pub conversions_running: u64,
    pub by_state: BTreeMap<VideoState, u64>,
    /// Videos that are not deleted.
    pub by_root: HashMap<Arc<Path>, u64>,
    /// Videos that are missing because their root cannot be looked at.
    pub by_unavailable_root: HashMap<Arc<Path>, u64>,
}

/// Where one video stands, and what it counts for. Derived from it and its postings.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Standing {
    id: VideoId,
    state: VideoState,
    title: Box<str>,
    added_at: Falling,
    bitrate_bps: Falling,
    /// `None` when it is deleted.
    root: Option<Arc<Path>>,
    problems: u64,
    conversion: Option<Stage>,
    /// Where it is missing because of its root.
    unavailable_root: Option<Arc<Path>>,
    postings: [u64; 4],
}

/// What is counted of a conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Queued,
    Running,
    Failed,
}

impl Stage {
    fn of(conversion: &Conversion) -> Option<Self> {
        match conversion {
            Conversion::Queued(_) => Some(Self::Queued),
            Conversion::Running(_) => Some(Self::Running),
            Conversion::Failed(_) => Some(Self::Failed),
            Conversion::None | Conversion::Ready(_) => None,
        }
    }
}

impl Standing {
    pub(super) fn of<'a>(video: &Video, postings: impl Iterator<Item = &'a Posting> + Clone) -> Self {
        let mut counts = [0; 4];
        for posting in postings.clone() {
            counts[slot(posting::state(&posting::causes(video, posting)))] += 1;
        }
        let problems = video.renditions.iter().filter(|rendition| rendition.media.is_err()).count() as u64;
        let unavailable = match &video.source {
            Source::Missing { cause: MissingCause::RootUnavailable(_), .. } => true,
            Source::Missing { cause: MissingCause::Vanished | MissingCause::BeingWritten, .. }
            | Source::Present
            | Source::Deleted(_) => false,
        };
        Self {
            id: video.id,
            state: posting::video_state(video, postings),
            title: title_key(video).into(),
            added_at: Falling::new(video.added_at.millis()),
            bitrate_bps: bitrate_key(video),
            root: (!video.is_deleted()).then(|| video.place.root.clone()),
            problems: if video.is_deleted() { 0 } else { problems },
            conversion: Stage::of(&video.conversion),
            unavailable_root: unavailable.then(|| video.place.root.clone()),
            postings: counts,
        }
    }
}

impl Standing {
    /// Where it stands among the titles.
    fn title(&self) -> (VideoState, &str, VideoId) {
        (self.state, &self.title, self.id)
    }

    /// In the order of [`Totals::roots`].
    fn roots(&self) -> [Option<&Arc<Path>>; 2] {
        [self.root.as_ref(), self.unavailable_root.as_ref()]
    }
}

fn slot(state: PostingState) -> usize {
    match state {
        PostingState::Live => 0,
        PostingState::Suspended => 1,
        PostingState::Pending => 2,
        PostingState::Invalid => 3,
    }
}

/// How titles are sorted and matched.
#[must_use]
pub fn title_key(video: &Video) -> String {
    video.title().to_lowercase()
}

/// The bitrate of what would be posted.
#[must_use]
pub fn bitrate_key(video: &Video) -> Falling {
    Falling::new(select::select(&video.renditions).map_or(0, |(_, info)| info.bitrate_bps))
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Index {
    pub by_title: Titles,
    pub by_added: Order,
    pub by_bitrate: Order,
    pub totals: Totals,
}

impl Index {
    /// Of many at once, which is faster than one after the other.
    pub(super) fn of(standings: impl Iterator<Item = Standing>) -> Self {
        let mut index = Self::default();
        let (mut titles, mut added, mut bitrates) = (Gathered::default(), Vec::new(), Vec::new());
        for standing in standings {
            index.totals.count(&standing);
            titles.push((standing.state, &standing.title, standing.id));
            added.push((standing.state, standing.added_at, standing.id));
            bitrates.push((standing.state, standing.bitrate_bps, standing.id));
        }
        index.by_title = titles.sort();
        index.by_added = Order(added.into_iter().collect());
        index.by_bitrate = Order(bitrates.into_iter().collect());
        index
    }

    /// One video stands elsewhere now, or is new, or is gone.
    pub(super) fn change(&mut self, before: Option<Standing>, after: Option<Standing>) {
        if before == after {
            return;
        }
        // Most changes leave a video where it stands among the titles, and what was found there stays right.
        let (old, new) = (before.as_ref().map(Standing::title), after.as_ref().map(Standing::title));
        if old != new {
            old.into_iter().for_each(|old| self.by_title.remove(old));
            new.into_iter().for_each(|new| self.by_title.insert(new));
        }
        if let Some(Standing { id, state, added_at, bitrate_bps, .. }) = &before {
            self.by_added.0.remove(&(*state, *added_at, *id));
            self.by_bitrate.0.remove(&(*state, *bitrate_bps, *id));
        }
        if let Some(before) = &before {
            self.totals.uncount(before);
        }
        if let Some(after) = after {
            self.totals.count(&after);
            self.by_added.0.insert((after.state, after.added_at, after.id));
            self.by_bitrate.0.insert((after.state, after.bitrate_bps, after.id));
        }
    }
}

impl Totals {
    /// Of videos in these states.
    #[must_use]
    pub fn videos(&self, states: &[VideoState]) -> u64 {
        states.iter().filter_map(|state| self.by_state.get(state)).sum()
    }

    /// Videos that are not deleted.
    #[must_use]
    pub fn living(&self) -> u64 {
        self.by_root.values().sum()
    }

    fn count(&mut self, one: &Standing) {
        for (total, more) in self.postings().into_iter().zip(one.postings) {
            *total += more;
        }
        self.problems += one.problems;
        if let Some(stage) = one.conversion {
            *self.conversions(stage) += 1;
        }
        *self.by_state.entry(one.state).or_default() += 1;
        for (roots, root) in self.roots().into_iter().zip(one.roots()) {
            if let Some(root) = root {
                *roots.entry(root.clone()).or_default() += 1;
            }
        }
    }

    fn uncount(&mut self, one: &Standing) {
        for (total, less) in self.postings().into_iter().zip(one.postings) {
            *total -= less;
        }
        self.problems -= one.problems;
        if let Some(stage) = one.conversion {
            *self.conversions(stage) -= 1;
        }
        uncount_one(&mut self.by_state, &one.state);
        for (roots, root) in self.roots().into_iter().zip(one.roots()) {
            if let Some(root) = root
                && let Some(count) = roots.get_mut(root)
            {
                *count -= 1;
                if *count == 0 {
                    roots.remove(root);
                }
            }
        }
    }

    fn conversions(&mut self, stage: Stage) -> &mut u64 {
        match stage {
            Stage::Queued => &mut self.conversions_queued,
            Stage::Running => &mut self.conversions_running,
            Stage::Failed => &mut self.conversions_failed,
        }
    }

    fn roots(&mut self) -> [&mut HashMap<Arc<Path>, u64>; 2] {
        [&mut self.by_root, &mut self.by_unavailable_root]
    }

    fn postings(&mut self) -> [&mut u64; 4] {
        [&mut self.live, &mut self.suspended, &mut self.pending, &mut self.invalid]
    }
}

/// An empty count leaves no entry behind, so that equal states look alike.
fn uncount_one(counts: &mut BTreeMap<VideoState, u64>, key: &VideoState) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}
