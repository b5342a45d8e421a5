//! Lists: filtered, sorted and paged by a cursor that stays right while the library changes.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use memchr::memmem::Finder;
use vodpost_protocol::ids::VideoId;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::request::{ListQuery, Sort};
use vodpost_protocol::video::VideoState;

use super::index::{Falling, Order, bitrate_key, title_key};
use super::posting::video_state;
use super::state::State;
use super::titles::Titles;
use super::video::Video;

/// Beyond so many matches of a text each title on the way is looked at instead.
/// The tests are to come by there, too.
const MATCHES_KEPT_MAX: usize = if cfg!(test) { 24 } else { 1 << 16 };
/// To get at the number of a match takes as long as so many steps of a walk, over a page of common length.
const STEPS_PER_SORTED: u64 = 8;

/// One page's videos in order, with what comes after it.
#[derive(Debug, PartialEq, Eq)]
pub struct Listed {
    pub ids: Vec<VideoId>,
    pub total: u64,
    /// Whether videos follow after the last of `ids`.
    pub more: bool,
}

/// Where a video stands in a list; what a cursor holds.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Position {
    Name(String),
    Added(Falling),
    Bitrate(Falling),
    State(VideoState, String),
}

impl Position {
    fn of(state: &State, sort: Sort, video: &Video) -> Self {
        match sort {
            Sort::Name => Self::Name(title_key(video)),
            Sort::Added => Self::Added(added_key(video)),
            Sort::Bitrate => Self::Bitrate(bitrate_key(video)),
            Sort::State => Self::State(state_of(state, video), title_key(video)),
        }
    }
}

/// # Errors
/// When the cursor is not one of ours, or not one of this order.
pub fn list(state: &State, query: &ListQuery) -> Result<Listed, Refusal> {
    let after = match &query.after {
        Some(text) => Some(parse_cursor(query.sort, text).ok_or(Refusal::InvalidCursor)?),
        None => None,
    };
    let states: &[VideoState] = query.state.as_ref().map_or(&VideoState::ALL, std::slice::from_ref);
    let limit = match query.limit {
        0 => ListQuery::LIMIT_DEFAULT,
        limit => limit.min(ListQuery::LIMIT_MAX),
    };
    // One more tells whether there is one.
    let len = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
    let text = query.matching.as_deref().filter(|text| !text.is_empty()).map(str::to_lowercase);
    let finder = text.as_ref().map(Finder::new);
    let list = Lister { state, states, after, len, text: finder.as_ref() };
    let (mut ids, total) = match query.sort {
        Sort::Name => (list.by_name(), list.total()),
        Sort::State => (list.by_state(), list.total()),
        Sort::Added => list.by_number(&state.index().by_added, added_key),
        Sort::Bitrate => list.by_number(&state.index().by_bitrate, bitrate_key),
    };
    let more = ids.len() == len;
    ids.truncate(len - 1);
    Ok(Listed { ids, total, more })
}

/// What a page is made of.
struct Lister<'a> {
    state: &'a State,
    /// In their order.
    states: &'a [VideoState],
    after: Option<(Position, VideoId)>,
    len: usize,
    text: Option<&'a Finder<'a>>,
}

impl<'a> Lister<'a> {
    fn titles(&self) -> &'a Titles {
        &self.state.index().by_title
    }

    fn total(&self) -> u64 {
        let Some(text) = self.text else { return self.state.index().totals.videos(self.states) };
        let count = |state: &VideoState| self.titles().holding(*state, None, text).count() as u64;
        self.states.iter().map(count).sum()
    }

    fn by_name(&self) -> Vec<VideoId> {
        let after = match &self.after {
            Some((Position::Name(title), id)) => Some((title.as_str(), *id)),
            Some(_) | None => None,
        };
        let merged = match self.text {
            Some(text) => self.titles().merged_holding(self.states, after, text),
            None => self.titles().merged(self.states, after),
        };
        merged.map(|(_, id)| id).take(self.len).collect()
    }

    fn by_state(&self) -> Vec<VideoId> {
        let (from, after) = match &self.after {
            Some((Position::State(from, title), id)) => (Some(*from), Some((title.as_str(), *id))),
            Some(_) | None => (None, None),
        };
        let mut ids = Vec::new();
        for state in self.states.iter().filter(|state| from.is_none_or(|from| **state >= from)) {
            let after = after.filter(|_| from == Some(*state));
            let room = self.len - ids.len();
            match self.text {
                Some(text) => ids.extend(second(self.titles().holding(*state, after, text)).take(room)),
                None => ids.extend(second(self.titles().of_state(*state, after)).take(room)),
            }
        }
        ids
    }

    /// Looks for the text once, for the page and its total.
    fn by_number(&self, order: &Order, key: fn(&Video) -> Falling) -> (Vec<VideoId>, u64) {
        let after = match &self.after {
            Some((Position::Added(number) | Position::Bitrate(number), id)) => Some((*number, *id)),
            Some((Position::Name(_) | Position::State(..), _)) | None => None,
        };
        let walk = second(order.merged(self.states, after));
        let Some(text) = self.text else { return (walk.take(self.len).collect(), self.total()) };
        let mut found =
            self.states.iter().flat_map(|state| second(self.titles().holding(*state, None, text)));
        let matches: Vec<VideoId> = found.by_ref().take(MATCHES_KEPT_MAX + 1).collect();
        let total = matches.len() as u64 + found.count() as u64;
        (self.matching_by_number(walk, matches, after, key, text), total)
    }

    /// A few matches are sorted; of many, the next ones are soon met on a walk through all videos.
    fn matching_by_number(
        &self,
        walk: impl Iterator<Item = VideoId>,
        matches: Vec<VideoId>,
        after: Option<(Falling, VideoId)>,
        key: fn(&Video) -> Falling,
        text: &Finder<'_>,
    ) -> Vec<VideoId> {
        let among = self.state.index().totals.videos(self.states);
        if (matches.len() as u64).pow(2) <= among * STEPS_PER_SORTED {
            let keyed = matches.iter().filter_map(|id| Some((key(self.state.video(*id)?), *id)));
            let mut keyed: Vec<_> = keyed.filter(|key| after.is_none_or(|after| *key > after)).collect();
            keyed.sort_unstable();
            return second(keyed.into_iter()).take(self.len).collect();
        }
        if matches.len() <= MATCHES_KEPT_MAX {
            let matches: HashSet<VideoId, BuildHasherDefault<ById>> = matches.into_iter().collect();
            return walk.filter(|id| matches.contains(id)).take(self.len).collect();
        }
        let holds = |id: &VideoId| {
            let title = self.state.video(*id).map(title_key);
            title.is_some_and(|title| text.find(title.as_bytes()).is_some())
        };
        walk.filter(holds).take(self.len).collect()
    }
}

/// Ids are random numbers of our own; one multiplication spreads them as well as any hash.
#[derive(Default)]
struct ById(u64);

impl Hasher for ById {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

fn second<K>(entries: impl Iterator<Item = (K, VideoId)>) -> impl Iterator<Item = VideoId> {
    entries.map(|(_, id)| id)
}

fn added_key(video: &Video) -> Falling {
    Falling::new(video.added_at.millis())
}

fn state_of(state: &State, video: &Video) -> VideoState {
    video_state(video, state.postings_of(video.id))
}

/// The cursor that continues after this video: the order, the id, and where it stood.
#[must_use]
pub fn cursor(state: &State, sort: Sort, video: &Video) -> String {
    let hex = |title: &str| title.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    match Position::of(state, sort, video) {
        Position::Name(title) => format!("n{}{}", video.id, hex(&title)),
        Position::Added(key) => format!("a{}{:x}", video.id, key.number()),
        Position::Bitrate(key) => format!("b{}{:x}", video.id, key.number()),
        Position::State(of, title) => format!("s{}{:x}{}", video.id, of as u8, hex(&title)),
    }
}

fn parse_cursor(sort: Sort, text: &str) -> Option<(Position, VideoId)> {
    let letter = match sort {
        Sort::Name => 'n',
        Sort::Added => 'a',
        Sort::Bitrate => 'b',
        Sort::State => 's',
    };
    let (id, key) = text.strip_prefix(letter)?.split_at_checked(VideoId::DIGITS)?;
    let number = |key: &str| u64::from_str_radix(key, 16).ok().map(Falling::new);
    let position = match sort {
        Sort::Name => Position::Name(from_hex(key)?),
        Sort::Added => Position::Added(number(key)?),
        Sort::Bitrate => Position::Bitrate(number(key)?),
        Sort::State => {
            let (of, title) = key.split_at_checked(1)?;
            let of = usize::from_str_radix(of, 16).ok()?;
            Position::State(*VideoState::ALL.get(of)?, from_hex(title)?)
        }
    };
    Some((position, id.parse().ok()?))
}

fn from_hex(text: &str) -> Option<String> {
    let byte = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes = (0..text.len()).step_by(2).map(byte).collect::<Option<Vec<u8>>>()?;
    String::from_utf8(bytes).ok()
}
