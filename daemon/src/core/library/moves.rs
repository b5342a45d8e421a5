//! L3: where each video is now, after files were renamed, moved, swapped or put over each other.
//!
//! A file is known by its content, not by its name. So what an admin renames step by step ends the same however many
//! looks happen in between. Only a video whose files are nowhere any more is taken for overwritten by what is at its
//! place (L4).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use vodpost_protocol::ids::VideoId;

use super::super::media::MediaInfo;
use super::super::state::State;
use super::super::video::{Place, Rendition, Video};
use super::Probed;
use super::look::{Content, Found, Group, content};

/// The place of each video of which something was found. Places that are nobody's belong to new videos.
pub(super) fn locate(state: &State, found: &Found, probed: &Probed) -> BTreeMap<VideoId, Place> {
    let living = || state.videos().filter(|video| !video.is_deleted());
    let mut located = BTreeMap::new();
    let mut astray: Vec<&Video> = Vec::new();
    for video in living() {
        if found.get(&video.place).is_some_and(|group| group.has_file_of(video)) {
            located.insert(video.id, video.place.clone());
        } else {
            astray.push(video);
        }
    }
    if astray.is_empty() {
        return located;
    }
    let taken: HashSet<&Place> = located.keys().filter_map(|id| Some(&state.video(*id)?.place)).collect();
    let open: Vec<(&Place, &Group)> = found.iter().filter(|(place, _)| !taken.contains(place)).collect();
    let mut moves = follow(state, &astray, &open);
    for (id, place) in across_devices(state, &astray, &open, &moves, probed) {
        moves.insert(id, place);
    }
    for video in astray {
        match moves.remove(&video.id) {
            Some(place) => {
                located.insert(video.id, place.clone());
            }
            None if found.contains_key(&video.place) => {
                located.insert(video.id, video.place.clone());
            }
            None => {}
        }
    }
    located
}

type Moves<'a> = BTreeMap<VideoId, &'a Place>;

/// Whose files turned up elsewhere. A video does not move to where another one is that stays: there it was put over
/// that one's file.
fn follow<'a>(state: &State, astray: &[&Video], open: &[(&'a Place, &Group)]) -> Moves<'a> {
    let mut sightings = sightings(astray, open);
    loop {
        let mut moves = Moves::new();
        let mut targets: BTreeSet<&Place> = BTreeSet::new();
        for (id, place) in &sightings {
            if !moves.contains_key(id) && targets.insert(place) {
                moves.insert(*id, *place);
            }
        }
        let blocked = |(id, place): &(VideoId, &Place)| {
            let owner = state.video_at(place).map(|video| video.id);
            owner.filter(|owner| moves.get(id) == Some(place) && owner != id && !moves.contains_key(owner))
        };
        // First what is blocked for good: by a video that was seen nowhere else. It may free the way for others.
        let seen: BTreeSet<VideoId> = sightings.iter().map(|(id, _)| *id).collect();
        let for_good = |sighting: &(VideoId, &Place)| blocked(sighting).is_some_and(|by| !seen.contains(&by));
        let at = sightings.iter().position(for_good);
        let Some(at) = at.or_else(|| sightings.iter().position(|sighting| blocked(sighting).is_some()))
        else {
            return moves;
        };
        sightings.remove(at);
    }
}

/// Which video's files were seen where; the file that is served tells more than the others.
/// `open` is in order.
fn sightings<'a>(astray: &[&Video], open: &[(&'a Place, &Group)]) -> Vec<(VideoId, &'a Place)> {
    let mut served: HashMap<Content, Vec<VideoId>> = HashMap::new();
    let mut other: HashMap<Content, Vec<VideoId>> = HashMap::new();
    for video in astray {
        let base = video.made_of().map(|order| content(&order.identity));
        for rendition in &video.renditions {
            let content = content(&rendition.identity);
            let owners = if base == Some(content) { &mut served } else { &mut other };
            owners.entry(content).or_default().push(video.id);
        }
    }
    let mut sightings: Vec<(VideoId, &Place)> = Vec::new();
    for owners in [served, other] {
        for (place, group) in open {
            let seen = group.files.iter().filter_map(|file| owners.get(&content(&file.identity)));
            sightings.extend(seen.flatten().map(|id| (*id, *place)));
        }
    }
    // Of several that had the same file, the one at whose place another file is now was pushed out of it.
    let pushed_out: BTreeSet<VideoId> = astray
        .iter()
        .filter(|video| open.binary_search_by(|(place, _)| (*place).cmp(&video.place)).is_ok())
        .map(|video| video.id)
        .collect();
    sightings.sort_by_key(|(id, _)| !pushed_out.contains(id));
    sightings
}

/// A move to another file system is a copy that keeps the time of modification: same size, time and media.
fn across_devices<'a>(
    state: &State,
    astray: &[&Video],
    open: &[(&'a Place, &Group)],
    moves: &Moves<'_>,
    probed: &Probed,
) -> Moves<'a> {
    let targets: BTreeSet<&Place> = moves.values().copied().collect();
    let mut lost: HashMap<(u64, i64), Vec<(VideoId, &MediaInfo)>> = HashMap::new();
    for video in astray.iter().filter(|video| !moves.contains_key(&video.id)) {
        for Rendition { identity, media, .. } in &video.renditions {
            if let Ok(media) = media {
                lost.entry((identity.size_bytes, identity.mtime_ns)).or_default().push((video.id, media));
            }
        }
    }
    let mut copies = Moves::new();
    for (place, group) in open {
        if targets.contains(place) || state.video_at(place).is_some() {
            continue;
        }
        let owner = group.files.iter().find_map(|file| {
            let Some(Ok(media)) = probed.get(&file.identity) else { return None };
            let owners = lost.get(&(file.identity.size_bytes, file.identity.mtime_ns))?;
            owners.iter().find(|(id, had)| *had == media && !copies.contains_key(id)).map(|(id, _)| *id)
        });
        if let Some(id) = owner {
            copies.insert(id, *place);
        }
    }
    copies
}
