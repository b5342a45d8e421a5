//! Every title in order, many side by side in one piece of memory: looking for a text reads straight on, and a title
//! costs little more than its letters.
//!
//! A block holds titles of one state in their order. Blocks are split when they are full and joined when they are nearly
//! empty, so that adding and removing touch a few kilobytes whatever the size of the library.

use std::cmp::Ordering;
use std::fmt;

use memchr::memmem::Finder;
use vodpost_protocol::ids::VideoId;
use vodpost_protocol::video::VideoState;

use super::index::{Merged, Stretch};

const BLOCK_MAX: usize = 256;
/// Blocks are filled this far at the start, so that the first additions do not split each of them.
const BLOCK_FILL: usize = 224;

/// Videos by their state, then their title in lower case, then their id.
#[derive(Default)]
pub struct Titles {
    /// In order; none is empty.
    blocks: Vec<Block>,
    /// Counts the changes.
    generation: u64,
}

#[derive(Debug)]
struct Block {
    state: VideoState,
    text: String,
    /// Where each title ends in `text`.
    ends: Vec<usize>,
    ids: Vec<VideoId>,
}

type Entry<'a> = (VideoState, &'a str, VideoId);

impl Block {
    fn new(state: VideoState) -> Self {
        Self { state, text: String::new(), ends: Vec::new(), ids: Vec::new() }
    }

    fn len(&self) -> usize {
        self.ids.len()
    }

    fn start(&self, at: usize) -> usize {
        at.checked_sub(1).map_or(0, |before| self.ends[before])
    }

    fn key(&self, at: usize) -> (&str, VideoId) {
        (&self.text[self.start(at)..self.ends[at]], self.ids[at])
    }

    fn keys(&self) -> impl Iterator<Item = (&str, VideoId)> {
        (0..self.len()).map(|at| self.key(at))
    }

    /// How many of its titles come before this one, or are it.
    fn up_to(&self, key: (&str, VideoId)) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.key(middle) <= key { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// Compares the first title with another one.
    fn compare(&self, (state, title, id): Entry<'_>) -> Ordering {
        self.state.cmp(&state).then_with(|| self.key(0).cmp(&(title, id)))
    }

    fn insert(&mut self, at: usize, (title, id): (&str, VideoId)) {
        let start = self.start(at);
        self.text.insert_str(start, title);
        self.ends.insert(at, start);
        self.ends[at..].iter_mut().for_each(|end| *end += title.len());
        self.ids.insert(at, id);
    }

    fn remove(&mut self, at: usize) {
        let (start, end) = (self.start(at), self.ends[at]);
        self.text.replace_range(start..end, "");
        self.ends.remove(at);
        self.ends[at..].iter_mut().for_each(|later| *later -= end - start);
        self.ids.remove(at);
    }

    fn push(&mut self, title: &str, id: VideoId) {
        self.text.push_str(title);
        self.ends.push(self.text.len());
        self.ids.push(id);
    }

    fn trim(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.ids.shrink_to_fit();
    }

    /// Keeps the first half and returns the second.
    fn split(&mut self) -> Self {
        let at = self.len() / 2;
        let start = self.start(at);
        let mut ends = self.ends.split_off(at);
        ends.iter_mut().for_each(|end| *end -= start);
        let rest =
            Self { state: self.state, text: self.text.split_off(start), ends, ids: self.ids.split_off(at) };
        self.trim();
        rest
    }

    fn append(&mut self, other: &Self) {
        other.keys().for_each(|(title, id)| self.push(title, id));
    }

    /// The titles that hold a text. One that is found across the border of two titles is in none of them.
    fn holding<'a>(
        &'a self,
        finder: &'a Finder<'a>,
        first: usize,
    ) -> impl Iterator<Item = (&'a str, VideoId)> {
        let mut from = self.start(first);
        std::iter::from_fn(move || {
            loop {
                let found = from + finder.find(self.text.as_bytes().get(from..)?)?;
                let at = self.ends.partition_point(|end| *end <= found);
                let end = *self.ends.get(at)?;
                if found + finder.needle().len() <= end {
                    from = end;
                    return Some(self.key(at));
                }
                from = found + 1;
            }
        })
    }
}

/// Titles on their way into blocks.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    text: String,
    spans: Vec<(VideoState, usize, usize, VideoId)>,
}

impl Gathered {
    pub(super) fn push(&mut self, (state, title, id): Entry<'_>) {
        let start = self.text.len();
        self.text.push_str(title);
        self.spans.push((state, start, self.text.len(), id));
    }

    pub(super) fn sort(self) -> Titles {
        let Self { text, mut spans } = self;
        spans.sort_unstable_by(|(state, start, end, id), (other, from, to, other_id)| {
            state
                .cmp(other)
                .then_with(|| text[*start..*end].cmp(&text[*from..*to]))
                .then_with(|| id.cmp(other_id))
        });
        let mut blocks: Vec<Block> = Vec::new();
        for (state, start, end, id) in spans {
            match blocks.last_mut() {
                Some(block) if block.state == state && block.len() < BLOCK_FILL => {
                    block.push(&text[start..end], id);
                }
                full => {
                    if let Some(full) = full {
                        full.trim();
                    }
                    let mut block = Block::new(state);
                    block.push(&text[start..end], id);
                    blocks.push(block);
                }
            }
        }
        Titles { blocks, generation: 0 }
    }
}

impl Titles {
    /// How many blocks begin at or before this title.
    fn up_to(&self, entry: Entry<'_>) -> usize {
        self.blocks.partition_point(|block| block.compare(entry).is_le())
    }

    /// Another number whenever a title is another one, or of another state.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) fn insert(&mut self, entry: Entry<'_>) {
        let (state, title, id) = entry;
        self.generation += 1;
        let next = self.up_to(entry);
        let of_state = |at: &usize| self.blocks.get(*at).is_some_and(|block| block.state == state);
        let at = match next.checked_sub(1).filter(of_state).or(Some(next).filter(of_state)) {
            Some(at) => at,
            None => {
                self.blocks.insert(next, Block::new(state));
                next
            }
        };
        let block = &mut self.blocks[at];
        let place = block.up_to((title, id));
        block.insert(place, (title, id));
        if block.len() > BLOCK_MAX {
            let rest = block.split();
            self.blocks.insert(at + 1, rest);
        }
    }

    pub(super) fn remove(&mut self, entry: Entry<'_>) {
        let (state, title, id) = entry;
        let Some(at) = self.up_to(entry).checked_sub(1) else { return };
        let block = &mut self.blocks[at];
        let Some(place) = block.up_to((title, id)).checked_sub(1) else { return };
        if block.state != state || block.key(place) != (title, id) {
            return;
        }
        block.remove(place);
        self.generation += 1;
        if block.len() == 0 {
            self.blocks.remove(at);
        } else {
            self.join(at);
        }
    }

    /// Joins a block with the one after it where the two are small.
    fn join(&mut self, at: usize) {
        let [block, next, ..] = &mut self.blocks[at..] else { return };
        if block.state == next.state && block.len() + next.len() <= BLOCK_MAX / 2 {
            block.append(next);
            self.blocks.remove(at + 1);
        }
    }

    /// The blocks of one state behind a position, each with the place of its first title behind it.
    fn behind<'a>(
        &'a self,
        state: VideoState,
        after: Option<(&str, VideoId)>,
    ) -> impl Iterator<Item = (&'a Block, usize)> + use<'a> {
        let first = self.blocks.partition_point(|block| block.state < state);
        let len = self.blocks[first..].partition_point(|block| block.state == state);
        let blocks = &self.blocks[first..first + len];
        let next = after.map_or(0, |after| blocks.partition_point(|block| block.key(0) <= after));
        let (before, rest) = blocks.split_at(next);
        let part = after.and_then(|after| before.last().map(|block| (block, block.up_to(after))));
        part.into_iter().chain(rest.iter().map(|block| (block, 0)))
    }

    /// The titles of one state, those after a position or all.
    pub fn of_state<'a>(
        &'a self,
        state: VideoState,
        after: Option<(&str, VideoId)>,
    ) -> impl Iterator<Item = (&'a str, VideoId)> + use<'a> {
        self.behind(state, after).flat_map(|(block, first)| (first..block.len()).map(move |at| block.key(at)))
    }

    /// The titles of these states in one order.
    #[must_use]
    pub fn merged<'a>(
        &'a self,
        states: &[VideoState],
        after: Option<(&str, VideoId)>,
    ) -> Merged<'a, &'a str> {
        Merged::of(states.iter().map(|state| Box::new(self.of_state(*state, after)) as Stretch<'_, _>))
    }

    /// The titles of one state that hold a text, those after a position or all.
    pub fn holding<'a>(
        &'a self,
        state: VideoState,
        after: Option<(&str, VideoId)>,
        finder: &'a Finder<'a>,
    ) -> impl Iterator<Item = (&'a str, VideoId)> + use<'a> {
        self.behind(state, after).flat_map(|(block, first)| block.holding(finder, first))
    }

    /// The titles of these states that hold a text, in one order.
    #[must_use]
    pub fn merged_holding<'a>(
        &'a self,
        states: &[VideoState],
        after: Option<(&str, VideoId)>,
        finder: &'a Finder<'a>,
    ) -> Merged<'a, &'a str> {
        let stretch = |state: &VideoState| Box::new(self.holding(*state, after, finder)) as Stretch<'_, _>;
        Merged::of(states.iter().map(stretch))
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.blocks.iter().flat_map(|block| block.keys().map(|(title, id)| (block.state, title, id)))
    }
}

/// A change that is undone leaves the titles as they were, though they have changed twice.
impl fmt::Debug for Titles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Titles").field("blocks", &self.blocks).finish_non_exhaustive()
    }
}

/// How the titles are cut into blocks depends on their past and means nothing.
impl PartialEq for Titles {
    fn eq(&self, other: &Self) -> bool {
        self.entries().eq(other.entries())
    }
}

impl Eq for Titles {}
