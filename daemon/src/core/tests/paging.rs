//! Pages of every order and filter, also while the library changes between two of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use vodpost_protocol::ids::{Label, Token, VideoId};
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::request::{ListQuery, Sort};
use vodpost_protocol::time::Timestamp;
use vodpost_protocol::video::{Switch, VideoState};

use super::super::posting::{Posting, video_state};
use super::super::query::{cursor, list};
use super::super::searches::Searches;
use super::super::state::{Change, State};
use super::super::testing::{mp4, rendition};
use super::super::video::{Conversion, MissingCause, Place, Source, Video};
use super::model::Rng;

const SORTS: [Sort; 4] = [Sort::Name, Sort::Added, Sort::Bitrate, Sort::State];
const TEXTS: [Option<&str>; 4] = [None, None, Some("A"), Some("\u{e4}b")];

/// Few values for each property, so that many are equal.
fn random_video(rng: &mut Rng, id: VideoId) -> Video {
    let pick =
        |rng: &mut Rng, all: &[&str]| all[usize::try_from(rng.below(all.len() as u64)).unwrap()].to_owned();
    let base = format!("{}{}", pick(rng, &["a", "B", "\u{c4}", "zz"]), pick(rng, &["", "b", "B", "ab"]));
    let now = Timestamp::from_millis(rng.below(4));
    let media = if rng.below(4) == 0 { Err("broken") } else { Ok(mp4(rng.below(3), 720)) };
    Video {
        id,
        place: Place {
            root: Arc::from(Path::new("/library")),
            folder: Path::new(&id.to_string()).into(),
            base: OsString::from(base).into(),
        },
        added_at: now,
        source: if rng.below(5) == 0 {
            Source::Missing { since: now, cause: MissingCause::Vanished }
        } else {
            Source::Present
        },
        switch: if rng.below(4) == 0 { Switch::Off } else { Switch::On },
        renditions: [rendition("a.mp4", media)].into(),
        conversion: Conversion::None,
        attempts: 0,
        last_change: None,
    }
}

fn mutate(rng: &mut Rng, state: &mut State) {
    let ids: Vec<VideoId> = state.videos().map(|video| video.id).collect();
    let some = ids.get(usize::try_from(rng.below(ids.len().max(1) as u64)).unwrap()).copied();
    match (rng.below(4), some) {
        (0, Some(id)) => {
            state.apply(Change::ForgetVideo(id));
        }
        (1, Some(id)) => {
            let posting = Posting {
                token: Token::from_random(rng.next().into()),
                video: id,
                label: Label::default(),
                switch: Switch::Off,
                created_at: Timestamp::from_millis(1),
                views: 0,
                bytes: 0,
                listed: true,
                traffic: None,
            };
            if state.postings_of(id).next().is_none() {
                state.apply(Change::Posting(posting));
            }
        }
        (2, Some(id)) => {
            let video = random_video(rng, id);
            // What is taken back leaves nothing behind.
            let before = list(state, &ListQuery::default(), &mut Searches::default()).unwrap();
            let undo = state.apply(Change::Video(Box::new(video.clone())));
            state.undo(undo);
            assert_eq!(list(state, &ListQuery::default(), &mut Searches::default()).unwrap(), before);
            state.apply(Change::Video(Box::new(video)));
        }
        _ => {
            let id = VideoId::from_random(rng.next());
            let video = random_video(rng, id);
            state.apply(Change::Video(Box::new(video)));
        }
    }
}

fn word(state: &State, video: &Video) -> VideoState {
    video_state(video, state.postings_of(video.id))
}

/// By what a list is sorted, as plainly as possible.
fn key(state: &State, sort: Sort, video: &Video) -> (u64, String, VideoId) {
    let title = video.title().to_lowercase();
    let bitrate =
        video.renditions.iter().filter_map(|rendition| Some(rendition.media.as_ref().ok()?.bitrate_bps));
    match sort {
        Sort::Name => (0, title, video.id),
        Sort::Added => (u64::MAX - video.added_at.millis(), String::new(), video.id),
        Sort::Bitrate => (u64::MAX - bitrate.max().unwrap_or(0), String::new(), video.id),
        Sort::State => (word(state, video) as u64, title, video.id),
    }
}

fn matching(state: &State, query: &ListQuery) -> BTreeMap<(u64, String, VideoId), VideoId> {
    let text = query.matching.as_deref().unwrap_or_default().to_lowercase();
    state
        .videos()
        .filter(|video| query.state.is_none_or(|wanted| wanted == word(state, video)))
        .filter(|video| video.title().to_lowercase().contains(&text))
        .map(|video| (key(state, query.sort, video), video.id))
        .collect()
}

fn random_query(rng: &mut Rng) -> ListQuery {
    let pick = |rng: &mut Rng, len: usize| usize::try_from(rng.below(len as u64)).unwrap();
    ListQuery {
        state: (rng.below(3) == 0).then(|| VideoState::ALL[pick(rng, VideoState::ALL.len())]),
        matching: TEXTS[pick(rng, TEXTS.len())].map(str::to_owned),
        sort: SORTS[pick(rng, SORTS.len())],
        limit: 1 + u32::try_from(rng.below(7)).unwrap(),
        after: None,
    }
}

#[test]
fn pages_hold_what_matches_in_order_and_what_stays_is_seen_once_while_the_rest_changes() {
    for seed in 0..400 {
        let mut rng = Rng::new(seed);
        let mut state = State::default();
        for _ in 0..rng.below(60) {
            mutate(&mut rng, &mut state);
        }
        let changes = seed % 2 == 1;
        let mut query = random_query(&mut rng);
        let mut staying = matching(&state, &query);
        let mut seen: Vec<VideoId> = Vec::new();
        let mut searches = Searches::default();
        loop {
            // Somebody else searches in between, with what is remembered of all.
            let other = random_query(&mut rng);
            let theirs = list(&state, &other, &mut searches).unwrap();
            let expected: Vec<VideoId> = matching(&state, &other).into_values().collect();
            let limit = usize::try_from(other.limit).unwrap();
            assert_eq!(theirs.total, expected.len() as u64, "seed {seed}");
            assert!(theirs.ids.iter().eq(expected.iter().take(limit)), "seed {seed}");
            let page = list(&state, &query, &mut searches).unwrap();
            let now = matching(&state, &query);
            assert_eq!(page.total, now.len() as u64, "seed {seed}");
            assert!(page.ids.iter().all(|id| now.values().any(|other| other == id)), "seed {seed}");
            seen.extend(&page.ids);
            if !page.more {
                break;
            }
            let last = state.video(*page.ids.last().unwrap()).unwrap();
            query.after = Some(cursor(&state, query.sort, last));
            for _ in 0..if changes { rng.below(6) } else { 0 } {
                mutate(&mut rng, &mut state);
            }
            let now = matching(&state, &query);
            staying.retain(|key, _| now.contains_key(key));
        }
        for id in staying.values() {
            assert_eq!(seen.iter().filter(|other| *other == id).count(), 1, "seed {seed}: {id}");
        }
        if !changes {
            assert_eq!(seen, staying.into_values().collect::<Vec<_>>(), "seed {seed}");
        }
        let distinct: BTreeSet<&VideoId> = seen.iter().collect();
        assert!(changes || distinct.len() == seen.len(), "seed {seed}");
    }
}

#[test]
fn cursors_of_other_orders_and_nonsense_are_refused() {
    let mut state = State::default();
    for number in 0..5 {
        let video = random_video(&mut Rng::new(number), VideoId::from_random(number));
        state.apply(Change::Video(Box::new(video)));
    }
    let video = state.videos().next().unwrap();
    for sort in SORTS {
        for other in SORTS {
            let query = ListQuery { sort, after: Some(cursor(&state, other, video)), ..ListQuery::default() };
            assert_eq!(list(&state, &query, &mut Searches::default()).is_ok(), sort == other);
        }
        let letter = cursor(&state, sort, video).remove(0);
        for rest in ["", "0", "\u{e4}", "000000000000zz", "0000000000000", "000000000000f", "zzzzzzzzzzzz00"]
        {
            let query = ListQuery { sort, after: Some(format!("{letter}{rest}")), ..ListQuery::default() };
            // Right by chance is right; a panic is not.
            if let Err(refusal) = list(&state, &query, &mut Searches::default()) {
                assert_eq!(refusal, Refusal::InvalidCursor);
            }
        }
    }
}
