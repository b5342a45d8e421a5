//! What the last few searches found, kept until a title or a state changes: matches are counted once, however many pages
//! of them are asked for.

use std::collections::VecDeque;

use memchr::memmem::Finder;
use vodpost_protocol::ids::VideoId;
use vodpost_protocol::video::VideoState;

use super::titles::Titles;

/// Several people may page through different matches in turn.
const KEPT: usize = 4;
/// Of more matches only the number is kept. The tests are to come by there, too.
const IDS_MAX: usize = if cfg!(test) { 24 } else { 1 << 16 };

/// Of one library and no other.
#[derive(Debug, Default)]
pub struct Searches {
    /// The last one that was asked for first.
    found: VecDeque<Found>,
}

/// A text that titles shall hold.
pub(super) struct Wanted<'a> {
    /// In lower case, and not empty.
    pub text: &'a str,
    pub finder: &'a Finder<'a>,
    /// Those of the videos that shall have one of them.
    pub states: &'a [VideoState],
}

#[derive(Debug)]
pub(super) struct Found {
    /// Of the titles when they were looked through.
    generation: u64,
    text: String,
    states: Vec<VideoState>,
    pub total: u64,
    pub ids: Ids,
}

/// Which videos they are.
#[derive(Debug)]
pub(super) enum Ids {
    /// Nobody asked so far.
    Unknown,
    TooMany,
    /// In the order of the ids.
    Known(Vec<VideoId>),
}

impl Searches {
    /// How many there are.
    pub(super) fn count(&mut self, titles: &Titles, wanted: &Wanted<'_>) -> u64 {
        let found = self.take(titles, wanted).unwrap_or_else(|| {
            let total = wanted.matches(titles).count() as u64;
            wanted.found(titles, total, Ids::Unknown)
        });
        self.keep(found).total
    }

    /// Which they are.
    pub(super) fn ids(&mut self, titles: &Titles, wanted: &Wanted<'_>) -> &Found {
        let found = self.take(titles, wanted).filter(|found| match &found.ids {
            Ids::Unknown => false,
            Ids::TooMany | Ids::Known(_) => true,
        });
        let found = found.unwrap_or_else(|| {
            let mut matches = wanted.matches(titles);
            let mut ids: Vec<VideoId> = matches.by_ref().take(IDS_MAX + 1).collect();
            let total = ids.len() as u64 + matches.count() as u64;
            if ids.len() > IDS_MAX {
                return wanted.found(titles, total, Ids::TooMany);
            }
            ids.sort_unstable();
            wanted.found(titles, total, Ids::Known(ids))
        });
        self.keep(found)
    }

    /// What is known, as long as it is right.
    fn take(&mut self, titles: &Titles, wanted: &Wanted<'_>) -> Option<Found> {
        self.found.retain(|found| found.generation == titles.generation());
        let same = |found: &Found| found.text == wanted.text && found.states == wanted.states;
        self.found.iter().position(same).and_then(|at| self.found.remove(at))
    }

    fn keep(&mut self, found: Found) -> &Found {
        self.found.truncate(KEPT - 1);
        self.found.push_front(found);
        &self.found[0]
    }
}

impl Wanted<'_> {
    fn matches<'b>(&'b self, titles: &'b Titles) -> impl Iterator<Item = VideoId> + 'b {
        self.states.iter().flat_map(|state| titles.holding(*state, None, self.finder)).map(|(_, id)| id)
    }

    fn found(&self, titles: &Titles, total: u64, ids: Ids) -> Found {
        let (text, states) = (self.text.to_owned(), self.states.to_vec());
        Found { generation: titles.generation(), text, states, total, ids }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIVE: &[VideoState] = &[VideoState::Live];

    fn wanted<'a>(text: &'a str, finder: &'a Finder<'a>) -> Wanted<'a> {
        Wanted { text, finder, states: LIVE }
    }

    fn id(number: u64) -> VideoId {
        VideoId::from_random(number)
    }

    #[test]
    fn what_was_found_is_known_until_a_title_changes() {
        let mut titles = Titles::default();
        let mut searches = Searches::default();
        let finder = Finder::new("a");
        let a = wanted("a", &finder);
        titles.insert((VideoState::Live, "talk", id(2)));
        assert_eq!(searches.count(&titles, &a), 1);
        assert!(matches!(&searches.ids(&titles, &a).ids, Ids::Known(ids) if *ids == [id(2)]));
        assert!(matches!(searches.take(&titles, &a), Some(Found { total: 1, ids: Ids::Known(_), .. })));
        searches.ids(&titles, &a);
        titles.insert((VideoState::Live, "salon", id(1)));
        assert!(searches.take(&titles, &a).is_none());
        assert!(matches!(&searches.ids(&titles, &a).ids, Ids::Known(ids) if *ids == [id(1), id(2)]));
        titles.remove((VideoState::Live, "talk", id(2)));
        assert_eq!(searches.count(&titles, &a), 1);
    }

    #[test]
    fn a_text_in_other_states_is_another_search() {
        let mut titles = Titles::default();
        let mut searches = Searches::default();
        let finder = Finder::new("a");
        titles.insert((VideoState::Live, "talk", id(1)));
        titles.insert((VideoState::New, "salon", id(2)));
        let of = |states| Wanted { text: "a", finder: &finder, states };
        for _ in 0..2 {
            assert_eq!(searches.count(&titles, &of(LIVE)), 1);
            assert_eq!(searches.count(&titles, &of(&[VideoState::New, VideoState::Live])), 2);
            assert!(matches!(&searches.ids(&titles, &of(LIVE)).ids, Ids::Known(ids) if *ids == [id(1)]));
        }
    }

    #[test]
    fn few_searches_and_few_ids_are_kept() {
        let mut titles = Titles::default();
        (0..=IDS_MAX as u64).for_each(|number| titles.insert((VideoState::Live, "abcdefgh", id(number))));
        let mut searches = Searches::default();
        for text in ["a", "b", "c", "d", "e", "f"] {
            let found = searches.ids(&titles, &wanted(text, &Finder::new(text)));
            assert!(matches!(found, Found { ids: Ids::TooMany, .. }) && found.total == IDS_MAX as u64 + 1);
        }
        assert_eq!(searches.found.len(), KEPT);
    }
}
