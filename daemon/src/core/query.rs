//! Lists: filtered, sorted and paged by a cursor that stays right while the library changes.

use vodpost_protocol::ids::VideoId;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::request::{ListQuery, Sort};
use vodpost_protocol::video::VideoState;

use super::posting::video_state;
use super::select;
use super::state::{State, title_key};
use super::video::Video;

/// One page's videos in order, with what comes after it.
#[derive(Debug, PartialEq, Eq)]
pub struct Listed {
    pub ids: Vec<VideoId>,
    pub total: u64,
    /// Whether videos follow after the last of `ids`.
    pub more: bool,
}

/// Where a video stands in a list: its sort key, then its id. A cursor is this, as text.
type Position = (String, VideoId);

/// # Errors
/// When the cursor is not one of ours, or not one of this order.
pub fn list(state: &State, query: &ListQuery) -> Result<Listed, Refusal> {
    let after = query.after.as_deref().map(|text| parse_cursor(query.sort, text)).transpose()?;
    let wanted = query.matching.as_deref().map(str::to_lowercase);
    let limit = match query.limit {
        0 => ListQuery::LIMIT_DEFAULT,
        limit => limit.min(ListQuery::LIMIT_MAX),
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let matches = |title: &str, video: &Video| {
        wanted.as_deref().is_none_or(|wanted| title.contains(wanted))
            && query.state.is_none_or(|wanted| state_of(state, video) == wanted)
    };
    let mut positions: Vec<Position> = match query.sort {
        // The index has this order already.
        Sort::Name => state
            .titles()
            .iter()
            .filter(|(title, id)| state.video(*id).is_some_and(|video| matches(title, video)))
            .cloned()
            .collect(),
        Sort::Added | Sort::Bitrate | Sort::State => state
            .titles()
            .iter()
            .filter_map(|(title, id)| {
                let video = state.video(*id)?;
                matches(title, video).then(|| (sort_key(state, query.sort, video), *id))
            })
            .collect(),
    };
    if query.sort != Sort::Name {
        positions.sort_unstable();
    }
    let total = positions.len() as u64;
    let start = after.map_or(0, |after| positions.partition_point(|position| *position <= after));
    let rest = &positions[start..];
    Ok(Listed { ids: rest.iter().take(limit).map(|(_, id)| *id).collect(), total, more: rest.len() > limit })
}

fn state_of(state: &State, video: &Video) -> VideoState {
    video_state(video, state.postings_of(video.id))
}

fn sort_key(state: &State, sort: Sort, video: &Video) -> String {
    let descending = |number: u64| format!("{:020}", u64::MAX - number);
    match sort {
        Sort::Name => title_key(video),
        Sort::Added => descending(video.added_at.millis()),
        Sort::Bitrate => {
            descending(select::select(&video.renditions).map_or(0, |(_, info)| info.bitrate_bps))
        }
        Sort::State => format!("{} {}", state_of(state, video) as u8, title_key(video)),
    }
}

/// The cursor that continues after this video.
#[must_use]
pub fn cursor(state: &State, sort: Sort, video: &Video) -> String {
    let key: String = sort_key(state, sort, video).bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("{}{}{key}", sort_letter(sort), video.id)
}

fn parse_cursor(sort: Sort, text: &str) -> Result<Position, Refusal> {
    parse_position(sort, text).ok_or(Refusal::InvalidCursor)
}

fn parse_position(sort: Sort, text: &str) -> Option<Position> {
    let rest = text.strip_prefix(sort_letter(sort))?;
    let (id, key) = rest.split_at_checked(VideoId::DIGITS)?;
    let bytes = (0..key.len())
        .step_by(2)
        .map(|at| key.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect::<Option<Vec<u8>>>()?;
    Some((String::from_utf8(bytes).ok()?, id.parse().ok()?))
}

fn sort_letter(sort: Sort) -> char {
    match sort {
        Sort::Name => 'n',
        Sort::Added => 'a',
        Sort::Bitrate => 'b',
        Sort::State => 's',
    }
}
