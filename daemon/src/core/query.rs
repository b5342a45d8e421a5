//! Lists: filtered, sorted and paged by a cursor that stays right while the library changes.

use std::sync::Arc;

use vodpost_protocol::ids::VideoId;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::request::{ListQuery, Sort};
use vodpost_protocol::video::VideoState;

use super::index::{Falling, Key, Order, bitrate_key, title_key};
use super::posting::video_state;
use super::state::State;
use super::titles::Hit;
use super::video::Video;

/// So many matches of a text are put in order. Of more, an order of all is walked until the page is full.
const fn sorted_max(sort: Sort) -> usize {
    match sort {
        // So that the small libraries of tests go both ways.
        Sort::Name | Sort::State | Sort::Added | Sort::Bitrate if cfg!(test) => 5,
        // What titles have in common often puts them beside each other, and a walk would find none for long.
        Sort::Name | Sort::State => 200_000,
        // Each has to be looked up.
        Sort::Added | Sort::Bitrate => 10_000,
    }
}

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
    Name(Arc<str>),
    Added(Falling),
    Bitrate(Falling),
    State(VideoState, Arc<str>),
}

impl Position {
    fn of(state: &State, sort: Sort, video: &Video) -> Self {
        match sort {
            Sort::Name => Self::Name(title_key(video).into()),
            Sort::Added => Self::Added(Falling::new(video.added_at.millis())),
            Sort::Bitrate => Self::Bitrate(bitrate_key(video)),
            Sort::State => Self::State(state_of(state, video), title_key(video).into()),
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
    let (mut ids, total) = match query.matching.as_deref().filter(|text| !text.is_empty()) {
        None => (plain(state, query.sort, states, after, len), state.index().totals.videos(states)),
        Some(text) => matching(state, query.sort, states, after, len, &text.to_lowercase()),
    };
    let more = ids.len() == len;
    ids.truncate(len - 1);
    Ok(Listed { ids, total, more })
}

type After = Option<(Position, VideoId)>;

fn plain(state: &State, sort: Sort, states: &[VideoState], after: After, len: usize) -> Vec<VideoId> {
    walk(state, sort, states, after).take(len).collect()
}

/// Everything after a position, in order.
fn walk<'a>(
    state: &'a State,
    sort: Sort,
    states: &'a [VideoState],
    after: After,
) -> Box<dyn Iterator<Item = VideoId> + 'a> {
    fn merged<'a, K: Key>(
        order: &'a Order<K>,
        states: &[VideoState],
        after: Option<(K, VideoId)>,
    ) -> Box<dyn Iterator<Item = VideoId> + 'a> {
        Box::new(order.merged(states, after.as_ref()).map(|(_, id)| id))
    }
    let index = state.index();
    match (sort, after) {
        (Sort::Name, Some((Position::Name(key), id))) => merged(&index.by_title, states, Some((key, id))),
        (Sort::Name, _) => merged(&index.by_title, states, None),
        (Sort::Added, Some((Position::Added(key), id))) => merged(&index.by_added, states, Some((key, id))),
        (Sort::Added, _) => merged(&index.by_added, states, None),
        (Sort::Bitrate, Some((Position::Bitrate(key), id))) => {
            merged(&index.by_bitrate, states, Some((key, id)))
        }
        (Sort::Bitrate, _) => merged(&index.by_bitrate, states, None),
        (Sort::State, after) => {
            let (from, after) = match after {
                Some((Position::State(from, key), id)) => (Some(from), Some((key, id))),
                Some(_) | None => (None, None),
            };
            // VideoState::ALL is in the order of the states.
            let rest = states.iter().copied().filter(move |state| from.is_none_or(|from| *state >= from));
            Box::new(rest.flat_map(move |state| {
                let after = after.as_ref().filter(|_| from == Some(state));
                index.by_title.of_state(state, after).map(|(_, _, id)| *id)
            }))
        }
    }
}

/// The page of those whose title holds a text, and how many there are.
fn matching(
    state: &State,
    sort: Sort,
    states: &[VideoState],
    after: After,
    len: usize,
    text: &str,
) -> (Vec<VideoId>, u64) {
    let mut total = 0;
    let mut found = Vec::new();
    let titles = &state.index().titles;
    for hit in titles.holding(text).filter(|hit| states.contains(&hit.state)) {
        total += 1;
        if found.len() <= sorted_max(sort) {
            found.push(hit);
        }
    }
    if found.len() > sorted_max(sort) {
        let finder = memchr::memmem::Finder::new(text);
        let holds =
            |id: &VideoId| titles.of(*id).is_some_and(|title| finder.find(title.as_bytes()).is_some());
        return (walk(state, sort, states, after).filter(holds).take(len).collect(), total);
    }
    (sorted(state, sort, after, len, found), total)
}

fn sorted(state: &State, sort: Sort, after: After, len: usize, found: Vec<Hit<'_>>) -> Vec<VideoId> {
    fn page<K: Ord>(mut keys: Vec<(K, VideoId)>, after: Option<(K, VideoId)>, len: usize) -> Vec<VideoId> {
        keys.retain(|key| after.as_ref().is_none_or(|after| key > after));
        if keys.len() > len {
            keys.select_nth_unstable(len);
            keys.truncate(len);
        }
        keys.sort_unstable();
        keys.into_iter().map(|(_, id)| id).collect()
    }
    let numbers = |key: fn(&Video) -> Falling| {
        found.iter().filter_map(|hit| Some((key(state.video(hit.video)?), hit.video))).collect::<Vec<_>>()
    };
    let number_after = after.as_ref().and_then(|(position, id)| match position {
        Position::Added(key) | Position::Bitrate(key) => Some((*key, *id)),
        Position::Name(_) | Position::State(..) => None,
    });
    let title_after = after.as_ref().and_then(|(position, id)| match position {
        Position::Name(key) => Some(((None, &**key), *id)),
        Position::State(of, key) => Some(((Some(*of), &**key), *id)),
        Position::Added(_) | Position::Bitrate(_) => None,
    });
    match sort {
        Sort::Added => page(numbers(|video| Falling::new(video.added_at.millis())), number_after, len),
        Sort::Bitrate => page(numbers(bitrate_key), number_after, len),
        Sort::Name => {
            page(found.into_iter().map(|hit| ((None, hit.title), hit.video)).collect(), title_after, len)
        }
        Sort::State => {
            let keys = found.into_iter().map(|hit| ((Some(hit.state), hit.title), hit.video));
            page(keys.collect(), title_after, len)
        }
    }
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

fn from_hex(text: &str) -> Option<Arc<str>> {
    let byte = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes = (0..text.len()).step_by(2).map(byte).collect::<Option<Vec<u8>>>()?;
    Some(String::from_utf8(bytes).ok()?.into())
}
