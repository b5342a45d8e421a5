//! What an admin typed to the video or posting that it names.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use vodpost_protocol::ids::{Label, Token, VideoId};
use vodpost_protocol::refusal::{Candidate, Refusal};
use vodpost_protocol::video::VideoState;

use super::group::base_name;
use super::state::State;
use super::video::{Place, Video};

/// How much of an id is needed before it is taken for one.
const ID_PREFIX_LEN_MIN: usize = 4;
const NEAREST_MAX: usize = 3;
/// A slip is not worth a long wait for everybody.
const NEAREST_AMONG_MAX: usize = 50_000;
const CANDIDATES_MAX: usize = 10;

/// A video by its id or a path, without a look at any other.
#[must_use]
pub fn exactly<'a>(state: &'a State, roots: &[Arc<Path>], asked: &str) -> Option<&'a Video> {
    let by_id = asked.parse().ok().and_then(|id: VideoId| state.video(id));
    by_id.or_else(|| by_path(state, roots, Path::new(asked)))
}

/// The video and posting of a token or URL.
#[must_use]
pub fn token<'a>(state: &'a State, asked: &str) -> Option<(&'a Video, Vec<Token>)> {
    let posting = state.posting(token_in(asked)?)?;
    Some((state.video(posting.video)?, vec![posting.token]))
}

/// A video by its id, a unique prefix of it, a path or its exact title, in this order.
///
/// # Errors
/// When nothing goes by that name (with the nearest titles), or several videos do.
pub fn video<'a>(state: &'a State, roots: &[Arc<Path>], asked: &str) -> Result<&'a Video, Refusal> {
    if let Some(video) = exactly(state, roots, asked) {
        return Ok(video);
    }
    let titled = by_title(state, asked);
    let living: Vec<&Video> = titled.iter().copied().filter(|video| !video.is_deleted()).collect();
    // The tombstone of an earlier video does not stand in the way of the one that has the name now.
    let titled = if living.is_empty() { titled } else { living };
    let found = if titled.is_empty() { by_id_prefix(state, asked) } else { titled };
    match found.as_slice() {
        [video] => Ok(video),
        [] => Err(Refusal::NoSuchVideo { asked: asked.to_owned(), nearest: nearest(state, asked) }),
        several => Err(Refusal::AmbiguousVideo {
            asked: asked.to_owned(),
            candidates: several.iter().take(CANDIDATES_MAX).map(|video| candidate(video)).collect(),
        }),
    }
}

/// The video and the postings that a target names: all of a video's, one by `VIDEO#LABEL`, or one by token or URL.
///
/// # Errors
/// When there is no such video or posting.
pub fn target<'a>(
    state: &'a State,
    roots: &[Arc<Path>],
    asked: &str,
) -> Result<(&'a Video, Vec<Token>), Refusal> {
    if let Some(found) = token(state, asked) {
        return Ok(found);
    }
    if token_in(asked).is_some() {
        return Err(Refusal::NoSuchToken { asked: asked.to_owned() });
    }
    // A title may hold a `#` itself, so the whole text is tried first.
    let whole = video(state, roots, asked);
    let (found, label) = match (whole, asked.rsplit_once('#')) {
        (Ok(video), _) => (video, None),
        (Err(refusal), Some((name, label))) => match label.parse::<Label>() {
            Ok(label) => (video(state, roots, name)?, Some(label)),
            Err(_not_a_label) => return Err(refusal),
        },
        (Err(refusal), None) => return Err(refusal),
    };
    let tokens: Vec<Token> = state
        .postings_of(found.id)
        .filter(|posting| label.as_ref().is_none_or(|label| posting.label == *label))
        .map(|posting| posting.token)
        .collect();
    if tokens.is_empty() {
        let labels = state.postings_of(found.id).map(|posting| posting.label.clone()).collect();
        return Err(Refusal::NoSuchPosting { title: found.title(), asked: label, labels });
    }
    Ok((found, tokens))
}

/// A token by itself, or at the end of a URL of ours (with or without the ending of a file).
fn token_in(asked: &str) -> Option<Token> {
    if let Ok(token) = asked.parse() {
        return Some(token);
    }
    if !asked.starts_with("http://") && !asked.starts_with("https://") && !asked.starts_with("HTTP") {
        return None;
    }
    let path = asked.split(['?', '#']).next()?;
    let last = path.trim_end_matches('/').rsplit('/').next()?;
    last.split('.').next()?.parse().ok()
}

fn by_path<'a>(state: &'a State, roots: &[Arc<Path>], asked: &Path) -> Option<&'a Video> {
    let plain = asked.components().all(|part| matches!(part, Component::Normal(_) | Component::RootDir));
    if !plain {
        return None;
    }
    roots.iter().find_map(|root| {
        let below: PathBuf =
            if asked.is_absolute() { asked.strip_prefix(root).ok()?.to_owned() } else { asked.to_owned() };
        let file = below.file_name()?;
        let folder: Arc<Path> = below.parent().unwrap_or(Path::new("")).into();
        let place = |base: &OsStr| Place { root: root.clone(), folder: folder.clone(), base: base.into() };
        let of_file = base_name(file)
            .and_then(|base| state.video_at(&place(&base)))
            .filter(|video| video.renditions.iter().any(|rendition| rendition.name == *file));
        // A path without an ending names the whole group; a bare word is left to the titles.
        let has_folder = asked.components().count() > 1;
        of_file.or_else(|| if has_folder { state.video_at(&place(file)) } else { None })
    })
}

fn by_title<'a>(state: &'a State, asked: &str) -> Vec<&'a Video> {
    let key = asked.to_lowercase();
    let first = (key.as_str(), VideoId::from_random(0));
    let titles = state.index().by_title.merged(&VideoState::ALL, Some(first));
    titles
        .take_while(|(title, _)| *title == key)
        .filter_map(|(_, id)| state.video(id))
        .filter(|video| video.title() == asked)
        .collect()
}

fn by_id_prefix<'a>(state: &'a State, asked: &str) -> Vec<&'a Video> {
    let len = asked.len();
    if !(ID_PREFIX_LEN_MIN..VideoId::DIGITS).contains(&len) || !asked.is_ascii() {
        return Vec::new();
    }
    let fill = VideoId::DIGITS - len;
    let bound = |digit: &str| format!("{asked}{}", digit.repeat(fill)).parse::<VideoId>();
    let (Ok(first), Ok(last)) = (bound("0"), bound("z")) else { return Vec::new() };
    state.videos_between(first, last).take(CANDIDATES_MAX + 1).collect()
}

fn nearest(state: &State, asked: &str) -> Vec<String> {
    let key = asked.to_lowercase();
    let mut scored: Vec<(f64, String)> = state
        .index()
        .by_title
        .merged(&VideoState::ALL, None)
        .take(NEAREST_AMONG_MAX)
        .filter_map(|(title, id)| {
            let score = if title.contains(&key) { 1.0 } else { strsim::jaro_winkler(title, &key) };
            (score > 0.7).then(|| Some((score, state.video(id)?.title()))).flatten()
        })
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    scored.dedup_by(|a, b| a.1 == b.1);
    scored.into_iter().take(NEAREST_MAX).map(|(_, title)| title).collect()
}

fn candidate(video: &Video) -> Candidate {
    let path = video.place.root.join(&video.place.folder).join(&*video.place.base);
    Candidate { id: video.id, path: path.to_string_lossy().into_owned() }
}
