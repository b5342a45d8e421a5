//! What a look at the roots means for the videos (L1–L5).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use vodpost_protocol::event::EventKind;
use vodpost_protocol::ids::VideoId;
use vodpost_protocol::video::Switch;

use super::artifact::Failure;
use super::conversion::{abandon, place_order};
use super::input::{FoundFile, RootScan, Scan};
use super::media::{FileIdentity, MediaInfo};
use super::state::State;
use super::switches::{deletion, mark_deleted};
use super::transaction::Transaction;
use super::video::{
    Conversion, DeletionKind, Failed, MissingCause, Place, Rendition, Source, Unusable, Video,
};

type Probed = HashMap<FileIdentity, Result<MediaInfo, Unusable>>;
/// What stays the same when a file is renamed, or when its device gets another number after a restart.
type Content = (u64, u64, i64);

fn content(identity: &FileIdentity) -> Content {
    (identity.ino, identity.size_bytes, identity.mtime_ns)
}

/// Whether the scanner has to look into this file, or what is known of it still holds.
#[must_use]
pub fn needs_probe(state: &State, root: &Arc<Path>, file: &FoundFile) -> bool {
    let place = Place { root: root.clone(), folder: file.folder.clone(), base: file.base.clone() };
    let known = state.video_at(&place).and_then(|video| {
        video.renditions.iter().find(|rendition| {
            rendition.name == file.name && content(&rendition.identity) == content(&file.identity)
        })
    });
    match known.map(|rendition| &rendition.media) {
        Some(Ok(_)) => false,
        Some(Err(unusable)) => unusable.look_again,
        None => true,
    }
}

/// Takes in one look at all roots.
pub(super) fn scanned(tx: &mut Transaction<'_>, scan: Scan) {
    let (mut found, roots) = take_in(tx.state(), scan.roots);
    hide_deleted(tx.state(), &mut found);
    let absent = update_known(tx, &mut found, &scan.probed, &roots);
    found.retain(|_, group| !group.files.is_empty());
    let absent = follow_moves(tx, &mut found, &scan.probed, absent);
    for (place, group) in found {
        // L2: a new video is admitted when all of it has settled.
        if !group.settling {
            add(tx, place, &group.files, &scan.probed);
        }
    }
    for id in absent {
        mark_missing(tx, id, MissingCause::Vanished);
    }
}

/// The files that were found at one place.
#[derive(Debug, Default)]
struct Group {
    files: Vec<FoundFile>,
    /// Another file of the group is still being written.
    settling: bool,
}

/// Which parts of the library could be read.
#[derive(Debug, Default)]
struct Roots {
    readable: HashSet<Arc<Path>>,
    unavailable: HashMap<Arc<Path>, String>,
    unreadable_folders: Vec<(Arc<Path>, PathBuf, String)>,
}

impl Roots {
    /// Why what is at this place cannot be known; `None` when it can.
    fn obstacle(&self, place: &Place) -> Option<String> {
        let folder = self
            .unreadable_folders
            .iter()
            .find(|(root, folder, _)| *root == place.root && place.folder.starts_with(folder));
        if let Some((_, _, reason)) = folder {
            return Some(reason.clone());
        }
        if self.readable.contains(&place.root) {
            return None;
        }
        let reason = self.unavailable.get(&place.root).cloned();
        Some(reason.unwrap_or_else(|| "the root is no longer in the configuration".to_owned()))
    }
}

fn take_in(state: &State, scans: Vec<RootScan>) -> (BTreeMap<Place, Group>, Roots) {
    let mut groups: BTreeMap<Place, Group> = BTreeMap::new();
    let mut roots = Roots::default();
    for RootScan { root, found } in scans {
        let found = match found {
            Ok(found) => found,
            Err(reason) => {
                roots.unavailable.insert(root, reason);
                continue;
            }
        };
        let empty = found.files.is_empty() && found.settling.is_empty() && found.unreadable.is_empty();
        if empty && has_present_videos(state, &root) {
            // A disk that is not mounted leaves an empty folder behind; that is no deletion (L5).
            roots.unavailable.insert(root, "the folder is empty; is its disk mounted?".to_owned());
            continue;
        }
        let place = |folder: PathBuf, base| Place { root: root.clone(), folder, base };
        for file in found.files {
            groups.entry(place(file.folder.clone(), file.base.clone())).or_default().files.push(file);
        }
        for (folder, base) in found.settling {
            groups.entry(place(folder, base)).or_default().settling = true;
        }
        let unreadable = found.unreadable.into_iter();
        roots.unreadable_folders.extend(unreadable.map(|(folder, reason)| (root.clone(), folder, reason)));
        roots.readable.insert(root);
    }
    (groups, roots)
}

fn has_present_videos(state: &State, root: &Arc<Path>) -> bool {
    state.videos().values().any(|video| {
        video.place.root == *root
            && match &video.source {
                Source::Present | Source::Missing { cause: MissingCause::RootUnavailable(_), .. } => true,
                Source::Missing { cause: MissingCause::Vanished, .. } | Source::Deleted(_) => false,
            }
    })
}

/// Files of a deleted video that were kept, or are still on their way to the trash, are not seen.
fn hide_deleted(state: &State, found: &mut BTreeMap<Place, Group>) {
    for video in state.videos().values() {
        match deletion(video) {
            Some(DeletionKind::FilesKept | DeletionKind::Trashing) => {}
            Some(DeletionKind::Trashed | DeletionKind::GraceOver) | None => continue,
        }
        let Some(group) = found.get_mut(&video.place) else { continue };
        let hidden: HashSet<Content> =
            video.renditions.iter().map(|rendition| content(&rendition.identity)).collect();
        group.files.retain(|file| !hidden.contains(&content(&file.identity)));
        if group.files.is_empty() && !group.settling {
            found.remove(&video.place);
        }
    }
}

/// Updates the videos whose files were found at their place; returns those that are not where they could be seen.
fn update_known(
    tx: &mut Transaction<'_>,
    found: &mut BTreeMap<Place, Group>,
    probed: &Probed,
    roots: &Roots,
) -> BTreeSet<VideoId> {
    let known: Vec<(VideoId, Place)> = tx
        .state()
        .videos()
        .values()
        .filter(|video| !video.is_deleted())
        .map(|video| (video.id, video.place.clone()))
        .collect();
    let mut absent = BTreeSet::new();
    for (id, place) in known {
        if let Some(group) = found.remove(&place) {
            update(tx, id, &group, probed);
        } else if let Some(reason) = roots.obstacle(&place) {
            mark_missing(tx, id, MissingCause::RootUnavailable(reason));
        } else {
            absent.insert(id);
        }
    }
    absent
}

/// L3: files that turn up elsewhere, and that a missing video had, are that video. Returns who is still absent.
fn follow_moves(
    tx: &mut Transaction<'_>,
    found: &mut BTreeMap<Place, Group>,
    probed: &Probed,
    mut absent: BTreeSet<VideoId>,
) -> BTreeSet<VideoId> {
    let mut lost: HashMap<Content, VideoId> = HashMap::new();
    let unavailable = tx.state().timed().filter(|video| matches!(video.source, Source::Missing { .. }));
    let candidates: BTreeSet<VideoId> =
        unavailable.map(|video| video.id).chain(absent.iter().copied()).collect();
    for video in candidates.iter().filter_map(|id| tx.state().video(*id)) {
        for rendition in &video.renditions {
            lost.insert(content(&rendition.identity), video.id);
        }
    }
    let moves: Vec<(Place, VideoId)> = found
        .iter()
        .filter_map(|(place, group)| {
            let id = group.files.iter().find_map(|file| lost.get(&content(&file.identity)))?;
            Some((place.clone(), *id))
        })
        .collect();
    let mut moved = BTreeSet::new();
    for (place, id) in moves {
        if !moved.insert(id) {
            continue;
        }
        let (Some(group), Some(mut video)) = (found.remove(&place), tx.state().video(id).cloned()) else {
            continue;
        };
        let detail = format!("{} → {}", shown(&video.place), shown(&place));
        video.place = place;
        tx.put_video(video.clone());
        tx.video_event(EventKind::VideoRenamed, &video, Some(detail));
        update(tx, id, &group, probed);
        absent.remove(&id);
    }
    absent
}

fn shown(place: &Place) -> String {
    place.root.join(&place.folder).join(&place.base).to_string_lossy().into_owned()
}

fn add(tx: &mut Transaction<'_>, place: Place, files: &[FoundFile], probed: &Probed) {
    let video = Video {
        id: tx.new_video_id(),
        place,
        added_at: tx.now(),
        source: Source::Present,
        switch: Switch::On,
        renditions: renditions(&[], files, probed),
        conversion: Conversion::None,
        attempts: 0,
        last_change: None,
    };
    tx.put_video(video.clone());
    tx.video_event(EventKind::VideoAdded, &video, None);
}

fn renditions(known: &[Rendition], files: &[FoundFile], probed: &Probed) -> Vec<Rendition> {
    let mut renditions: Vec<Rendition> = files
        .iter()
        .map(|file| {
            let before =
                known.iter().find(|rendition| content(&rendition.identity) == content(&file.identity));
            let media = probed
                .get(&file.identity)
                .cloned()
                .or_else(|| before.map(|rendition| rendition.media.clone()))
                .unwrap_or_else(|| {
                    let reason = "it changed while it was looked at".to_owned();
                    Err(Unusable { reason, look_again: true })
                });
            Rendition { name: file.name.clone(), identity: file.identity, media }
        })
        .collect();
    renditions.sort_by(|a, b| a.name.cmp(&b.name));
    renditions
}

/// What became of the file that a conversion is, or was, made of.
enum Base {
    None,
    /// The same bytes, perhaps under another name or device number.
    Same(Rendition),
    Changed,
}

fn update(tx: &mut Transaction<'_>, id: VideoId, group: &Group, probed: &Probed) {
    let Some(mut video) = tx.state().video(id).cloned() else { return };
    let before = video.clone();
    video.renditions = renditions(&before.renditions, &group.files, probed);
    video.source = Source::Present;
    let gone_for_now = group.files.is_empty() || matches!(base(&video), Base::Changed);
    if group.settling && gone_for_now {
        // L2, L4: what was served is being overwritten; what comes is judged when it is complete.
        mark_missing(tx, id, MissingCause::Vanished);
        return;
    }
    let replaced = match base(&video) {
        Base::None => false,
        Base::Same(rendition) => {
            refresh_base(&mut video, &rendition);
            false
        }
        Base::Changed => true,
    };
    if video == before {
        return;
    }
    if matches!(before.source, Source::Missing { .. }) {
        tx.put_video(video.clone());
        tx.video_event(EventKind::SourceReturned, &video, None);
        video = tx.state().video(id).cloned().unwrap_or(video);
    }
    if replaced {
        replace_source(tx, video);
    } else if names(&video) != names(&before) || contents(&video) != contents(&before) {
        tx.put_video(video.clone());
        tx.video_event(EventKind::RenditionsChanged, &video, None);
    } else {
        tx.put_video(video);
    }
}

fn names(video: &Video) -> Vec<&std::ffi::OsStr> {
    video.renditions.iter().map(|rendition| rendition.name.as_os_str()).collect()
}

fn contents(video: &Video) -> Vec<Content> {
    video.renditions.iter().map(|rendition| content(&rendition.identity)).collect()
}

fn base(video: &Video) -> Base {
    let order = match &video.conversion {
        Conversion::None | Conversion::Failed(_) => return Base::None,
        Conversion::Queued(order) | Conversion::Running(order) => order,
        Conversion::Ready(ready) => &ready.order,
    };
    let same =
        video.renditions.iter().find(|rendition| content(&rendition.identity) == content(&order.identity));
    same.map_or(Base::Changed, |rendition| Base::Same(rendition.clone()))
}

/// The same bytes may have another name or device number by now.
fn refresh_base(video: &mut Video, rendition: &Rendition) {
    match &mut video.conversion {
        Conversion::None | Conversion::Failed(_) => {}
        Conversion::Queued(order) | Conversion::Running(order) => {
            order.rendition.clone_from(&rendition.name);
            order.identity = rendition.identity;
        }
        Conversion::Ready(ready) => {
            ready.order.rendition.clone_from(&rendition.name);
            ready.order.identity = rendition.identity;
            ready.artifact.source = rendition.identity;
        }
    }
}

/// L4: the old artifact stops at once, the new file is converted, the URLs stay.
fn replace_source(tx: &mut Transaction<'_>, mut video: Video) {
    let order = match &video.conversion {
        Conversion::Queued(order) | Conversion::Running(order) => Some(order.clone()),
        Conversion::Ready(ready) => Some(ready.order.clone()),
        Conversion::Failed(failed) => Some(failed.order.clone()),
        Conversion::None => None,
    };
    let labels = abandon(tx, &mut video);
    tx.put_video(video.clone());
    tx.video_event(EventKind::SourceReplaced, &video, None);
    let wanted = !labels.is_empty() || tx.state().postings_of(video.id).next().is_some();
    let video = tx.state().video(video.id).cloned().unwrap_or(video);
    if !wanted {
        return;
    }
    if let (Err(_), Some(order)) = (place_order(tx, video.clone(), labels), order) {
        let mut video = video;
        let reason = "the file was replaced, and none of the files can be used now".to_owned();
        let failure = Failure { reason: reason.clone(), output: String::new() };
        video.conversion = Conversion::Failed(Box::new(Failed { order, failure, at: tx.now() }));
        tx.put_video(video.clone());
        tx.video_event(EventKind::ConversionFailed, &video, Some(reason));
    }
}

fn mark_missing(tx: &mut Transaction<'_>, id: VideoId, cause: MissingCause) {
    let Some(mut video) = tx.state().video(id).cloned() else { return };
    let detail = match &cause {
        MissingCause::Vanished => None,
        MissingCause::RootUnavailable(reason) => Some(reason.clone()),
    };
    match &mut video.source {
        Source::Deleted(_) => return,
        Source::Missing { cause: before, .. } if *before == cause => return,
        // The grace period starts when the files are known to be gone, not when the root went away.
        source @ Source::Missing { .. } => {
            *source = Source::Missing { since: tx.now(), cause };
            tx.put_video(video);
            return;
        }
        source @ Source::Present => *source = Source::Missing { since: tx.now(), cause },
    }
    if let Conversion::Running(order) = &video.conversion {
        tx.effect(super::effect::Effect::StopConversion(order.job(id)));
        super::conversion::requeue(tx, video.clone());
        video = tx.state().video(id).cloned().unwrap_or(video);
    }
    tx.put_video(video.clone());
    tx.video_event(EventKind::SourceMissing, &video, detail);
}

/// L5: the grace period of a vanished video is over. One that never had a URL is simply forgotten.
pub(super) fn grace_over(tx: &mut Transaction<'_>, video: Video) {
    if tx.state().postings_of(video.id).next().is_none() {
        let mut video = video;
        abandon(tx, &mut video);
        tx.forget_video(video.id);
    } else {
        mark_deleted(
            tx,
            video,
            DeletionKind::GraceOver,
            "the files did not come back within the grace period",
        );
    }
}
