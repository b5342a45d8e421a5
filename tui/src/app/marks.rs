//! Several videos at once: which are marked, and how far a change is that was asked for all of them.

use std::collections::{BTreeMap, VecDeque};

use vodpost_protocol::ids::VideoId;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::video::VideoView;

use crate::app::notice::Change;

/// Each marked video is a request of its own.
pub const MARKS_MAX: usize = 500;

/// The marked videos with their titles. They stay marked while the list shows others.
#[derive(Debug, Default)]
pub struct Marks(BTreeMap<VideoId, String>);

impl Marks {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub fn contains(&self, id: VideoId) -> bool {
        self.0.contains_key(&id)
    }

    pub fn iter(&self) -> impl Iterator<Item = (VideoId, &str)> {
        self.0.iter().map(|(id, title)| (*id, title.as_str()))
    }

    pub fn toggle(&mut self, video: &VideoView) {
        if self.0.remove(&video.id).is_none() {
            self.add(video);
        }
    }

    /// As many as there is room for.
    pub fn add(&mut self, video: &VideoView) {
        if self.0.len() < MARKS_MAX {
            self.0.insert(video.id, video.title.clone());
        }
    }

    /// Unmarks it; gives its title if it was marked.
    pub fn take(&mut self, id: VideoId) -> Option<String> {
        self.0.remove(&id)
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// What is asked for several videos.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Generate,
    SuspendPostings,
    ResumePostings,
    SuspendSources,
    ResumeSources,
}

/// A change for several videos, while its answers come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub deed: Deed,
    /// Not asked for yet. They stay marked until then: what is unmarked meanwhile is left out, and a connection that
    /// breaks leaves the others marked.
    pub rest: VecDeque<VideoId>,
    /// How many answers are awaited or there.
    pub asked: usize,
    pub done: usize,
    pub refused: usize,
    /// The first refusal; the others are mostly the same.
    pub why: Option<(Change, Refusal)>,
}

impl Batch {
    #[must_use]
    pub fn new(deed: Deed, rest: VecDeque<VideoId>) -> Self {
        Self { deed, rest, asked: 0, done: 0, refused: 0, why: None }
    }

    pub fn answered(&mut self, change: Change, result: Result<(), Refusal>) {
        match result {
            Ok(()) => self.done += 1,
            Err(refusal) => {
                self.refused += 1;
                self.why.get_or_insert((change, refusal));
            }
        }
    }

    #[must_use]
    pub fn is_over(&self) -> bool {
        self.rest.is_empty() && self.done + self.refused >= self.asked
    }
}
