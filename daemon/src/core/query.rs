//! Lists: filtered, sorted and paged by a cursor that stays right while the library changes.

use memchr::memmem::Finder;
use vodpost_protocol::ids::VideoId;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::request::{ListQuery, Sort};
use vodpost_protocol::video::VideoState;

use super::index::{Falling, Order, bitrate_key, title_key};
use super::posting::video_state;
use super::searches::{Ids, Searches, Wanted};
use super::state::State;
use super::titles::Titles;
use super::video::Video;

/// To get at the number of a match takes as long as so many steps of a walk, over a page of common length.
const STEPS_PER_SORTED: u64 = 8;

/// No title is as long: it comes from a file name, of 255 bytes at most.
const TEXT_LEN_MAX: usize = 4096;

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

/// `searches` remembers what it can of one page for the next.
///
/// # Errors
/// When the cursor is not one of ours, or not one of this order.
pub fn list(state: &State, query: &ListQuery, searches: &mut Searches) -> Result<Listed, Refusal> {
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
    if text.as_ref().is_some_and(|text| text.len() > TEXT_LEN_MAX) {
        return Ok(Listed { ids: Vec::new(), total: 0, more: false });
    }
    let finder = text.as_ref().map(Finder::new);
    let wanted = text.as_ref().zip(finder.as_ref());
    let wanted = wanted.map(|(text, finder)| Wanted { text, finder, states });
    let list = Lister { state, states, after, len, wanted };
    let (mut ids, total) = match query.sort {
        Sort::Name => (list.by_name(), list.total(searches)),
        Sort::State => (list.by_state(), list.total(searches)),
        Sort::Added => list.by_number(&state.index().by_added, added_key, searches),
        Sort::Bitrate => list.by_number(&state.index().by_bitrate, bitrate_key, searches),
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
    wanted: Option<Wanted<'a>>,
}

impl<'a> Lister<'a> {
    fn titles(&self) -> &'a Titles {
        &self.state.index().by_title
    }

    fn finder(&self) -> Option<&'a Finder<'a>> {
        self.wanted.as_ref().map(|wanted| wanted.finder)
    }

    fn total(&self, searches: &mut Searches) -> u64 {
        match &self.wanted {
            Some(wanted) => searches.count(self.titles(), wanted),
            None => self.state.index().totals.videos(self.states),
        }
    }

    fn by_name(&self) -> Vec<VideoId> {
        let after = match &self.after {
            Some((Position::Name(title), id)) => Some((title.as_str(), *id)),
            Some(_) | None => None,
        };
        let merged = match self.finder() {
            Some(finder) => self.titles().merged_holding(self.states, after, finder),
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
            match self.finder() {
                Some(finder) => ids.extend(second(self.titles().holding(*state, after, finder)).take(room)),
                None => ids.extend(second(self.titles().of_state(*state, after)).take(room)),
            }
        }
        ids
    }

    fn by_number(
        &self,
        order: &Order,
        key: fn(&Video) -> Falling,
        searches: &mut Searches,
    ) -> (Vec<VideoId>, u64) {
        let after = match &self.after {
            Some((Position::Added(number) | Position::Bitrate(number), id)) => Some((*number, *id)),
            Some((Position::Name(_) | Position::State(..), _)) | None => None,
        };
        let walk = second(order.merged(self.states, after));
        let Some(wanted) = &self.wanted else {
            return (walk.take(self.len).collect(), self.total(searches));
        };
        let found = searches.ids(self.titles(), wanted);
        let ids = match &found.ids {
            Ids::Known(ids) if self.is_few(ids) => self.sorted(ids, after, key),
            // Of many, the next ones are soon met on a walk through all videos.
            Ids::Known(ids) => walk.filter(|id| ids.binary_search(id).is_ok()).take(self.len).collect(),
            Ids::TooMany | Ids::Unknown => {
                let holds = |id: &VideoId| {
                    let title = self.state.video(*id).map(title_key);
                    title.is_some_and(|title| wanted.finder.find(title.as_bytes()).is_some())
                };
                walk.filter(holds).take(self.len).collect()
            }
        };
        (ids, found.total)
    }

    /// Whether it takes less to sort them all than to meet a page of them.
    fn is_few(&self, matches: &[VideoId]) -> bool {
        let among = self.state.index().totals.videos(self.states);
        (matches.len() as u64).pow(2) <= among * STEPS_PER_SORTED
    }

    fn sorted(
        &self,
        matches: &[VideoId],
        after: Option<(Falling, VideoId)>,
        key: fn(&Video) -> Falling,
    ) -> Vec<VideoId> {
        let keyed = matches.iter().filter_map(|id| Some((key(self.state.video(*id)?), *id)));
        let mut keyed: Vec<_> = keyed.filter(|key| after.is_none_or(|after| *key > after)).collect();
        keyed.sort_unstable();
        second(keyed.into_iter()).take(self.len).collect()
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
