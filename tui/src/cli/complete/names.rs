//! Names of the library, as far as the daemon tells them in time.
//!
//! A name that cannot be typed safely (it holds characters that are no text, begins like an option, or two videos share
//! it) is offered as the video's id, with the name as a note.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use vodpost_protocol::request::{ListQuery, Request};
use vodpost_protocol::video::{VideoState, VideoView};

use super::tree::Kind;
use super::{CANDIDATES_MAX, Candidate};
use crate::cli::daemon::Daemon;
use crate::cli::failure::Failure;
use crate::text::{self, plain};

/// Fewer letters of a token fit too many.
const TOKEN_LETTERS_MIN: usize = 2;

#[derive(Debug)]
pub(super) struct Search {
    pub(super) kind: Kind,
    pub(super) begins: String,
}

/// What is known by then. A daemon that hangs is left behind with its thread.
pub(super) fn find(socket: Option<PathBuf>, search: Search, until: Instant) -> Vec<Candidate> {
    let (to, found) = mpsc::channel();
    let asks = thread::Builder::new().name("names".to_owned()).spawn(move || {
        let mut daemon = Daemon::connect(socket.as_deref())?;
        ask(&mut daemon, &search, &to, until)
    });
    if asks.is_err() {
        return Vec::new();
    }
    let mut all = BTreeMap::new();
    let left = || until.saturating_duration_since(Instant::now());
    while all.len() < CANDIDATES_MAX
        && let Ok(Candidate { value, note }) = found.recv_timeout(left().max(Duration::from_millis(1)))
    {
        all.entry(value).or_insert(note);
        if left().is_zero() {
            break;
        }
    }
    all.into_iter().map(|(value, note)| Candidate { value, note }).collect()
}

/// Until all is told, or nobody wants to know any more.
fn ask(daemon: &mut Daemon, search: &Search, to: &Sender<Candidate>, until: Instant) -> Result<(), Failure> {
    let mut told =
        |candidate: Candidate| !candidate.value.starts_with(&search.begins) || to.send(candidate).is_ok();
    if let (Kind::Target, Some((video, _))) = (search.kind, search.begins.rsplit_once('#'))
        && let Ok(video) = daemon.video(Request::Show { video: video.to_owned() })
        && !labels(&video, &search.begins).into_iter().all(&mut told)
    {
        return Ok(());
    }
    for state in states(search.kind) {
        let matching = Some(search.begins.clone()).filter(|text| !text.is_empty());
        each(daemon, state, matching, until, &mut |video, is_shared| {
            let has_urls = !video.postings.is_empty() || search.kind != Kind::Target;
            !has_urls || told(title(video, is_shared))
        })?;
    }
    let is_token = search.begins.len() >= TOKEN_LETTERS_MIN
        && search.begins.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    if search.kind == Kind::Target && is_token {
        each(daemon, None, None, until, &mut |video, _| tokens(video).into_iter().all(&mut told))?;
    }
    Ok(())
}

/// Calls for each video, page by page, until it says that it is enough; with whether another one has the same title,
/// which stands beside it in the list.
fn each(
    daemon: &mut Daemon,
    state: Option<VideoState>,
    matching: Option<String>,
    until: Instant,
    call: &mut dyn FnMut(&VideoView, bool) -> bool,
) -> Result<(), Failure> {
    let mut after = None;
    let mut ids = BTreeSet::new();
    while Instant::now() < until {
        let limit = ListQuery::LIMIT_MAX;
        let query = ListQuery { state, matching: matching.clone(), limit, after, ..ListQuery::default() };
        let page = daemon.page(Request::List(query))?;
        let is_new = page.videos.iter().any(|video| ids.insert(video.id));
        let mut titles: BTreeMap<&str, usize> = BTreeMap::new();
        page.videos.iter().for_each(|video| *titles.entry(&video.title).or_default() += 1);
        let is_shared = |video: &VideoView| titles.get(video.title.as_str()).is_some_and(|count| *count > 1);
        let goes_on = page.videos.iter().all(|video| call(video, is_shared(video)));
        if !goes_on || !is_new || page.next.is_none() {
            return Ok(());
        }
        after = page.next;
    }
    Ok(())
}

fn states(kind: Kind) -> Vec<Option<VideoState>> {
    match kind {
        Kind::Video | Kind::Target => vec![None],
        Kind::Failed => vec![Some(VideoState::Failed)],
        Kind::UnderWay => vec![Some(VideoState::Converting), Some(VideoState::Queued)],
    }
}

fn title(video: &VideoView, is_shared: bool) -> Candidate {
    let note = text::video_state(video.state);
    if is_typable(&video.title) && !is_shared {
        return Candidate { value: video.title.clone(), note: note.to_owned() };
    }
    Candidate { value: video.id.to_string(), note: format!("{}, {note}", plain(&video.title)) }
}

/// `VIDEO#LABEL`, with the video as it was typed.
fn labels(video: &VideoView, begins: &str) -> Vec<Candidate> {
    let name = begins.rsplit_once('#').map_or(begins, |(name, _)| name);
    let label = |posting: &vodpost_protocol::posting::PostingView| Candidate {
        value: format!("{name}#{}", posting.label),
        note: text::posting_state(posting.state).to_owned(),
    };
    video.postings.iter().map(label).collect()
}

fn tokens(video: &VideoView) -> Vec<Candidate> {
    let title = plain(&video.title);
    let token = |posting: &vodpost_protocol::posting::PostingView| Candidate {
        value: posting.token.to_string(),
        note: format!("{title}#{}", posting.label),
    };
    video.postings.iter().map(token).collect()
}

/// Whether it is text throughout, and no option.
fn is_typable(title: &str) -> bool {
    matches!(plain(title), std::borrow::Cow::Borrowed(_)) && !title.is_empty() && !title.starts_with('-')
}
