//! What a look at the roots means for the videos (L1–L5).

mod look;
mod moves;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use vodpost_protocol::event::EventKind;
use vodpost_protocol::ids::VideoId;
use vodpost_protocol::time::Timestamp;
use vodpost_protocol::video::Switch;

use super::artifact::Failure;
use super::conversion::{abandon, fail, place_order};
use super::file_name::FileName;
use super::input::{FoundFile, Scan};
use super::media::{FileIdentity, MediaInfo};
use super::roots;
use super::state::{State, vanished_since};
use super::switches::mark_deleted;
use super::transaction::Transaction;
use super::video::{
    Conversion, DeletionKind, Failed, MissingCause, Place, Rendition, Source, Unusable, Video,
};
use look::{Content, Group, content};

/// Why a video is missing whose folder is looked at no more.
pub(super) const NOT_IN_LIBRARY: &str = "its folder is not in the library any more";

type Probed = HashMap<FileIdentity, Result<MediaInfo, Unusable>>;

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

/// Takes in one look at all roots. One that was taken out of the library meanwhile was not looked at.
pub(super) fn scanned(tx: &mut Transaction<'_>, mut scan: Scan) {
    let active = roots::active(tx.state(), tx.settings());
    scan.roots.retain(|scan| active.contains(&scan.root));
    let was_trashed = |video: &Video| tx.was_trashed_since(scan.began_at, video.id);
    let (mut found, roots) = look::take_in(tx.state(), scan.roots, &was_trashed);
    let located = moves::locate(tx.state(), &found, &scan.probed);
    let living = tx.state().videos().filter(|video| !video.is_deleted());
    let absent = living.filter(|video| !located.contains_key(&video.id));
    // Judged by what was known before this look.
    let absent: Vec<(VideoId, MissingCause)> = roots.causes(tx.state(), &found, absent);
    for (id, place) in located {
        let Some(group) = found.remove(&place) else { continue };
        let moved = move_to(tx, id, place);
        update(tx, id, &group, &scan.probed, moved);
    }
    for (place, group) in found {
        // L2: a new video is admitted when all of it has settled.
        if !group.settling && !group.files.is_empty() {
            add(tx, place, &group.files, &scan.probed);
        }
    }
    for (id, cause) in absent {
        mark_missing(tx, id, cause);
        end_grace(tx, id, scan.began_at);
    }
}

/// L3: the video keeps its id, and so its URLs. Whether it was somewhere else.
fn move_to(tx: &mut Transaction<'_>, id: VideoId, place: Place) -> bool {
    let Some(video) = tx.state().video(id) else { return false };
    if video.place == place {
        return false;
    }
    let mut video = video.clone();
    let detail = format!("{} → {}", shown(&video.place), shown(&place));
    video.place = place;
    tx.put_video(video.clone());
    tx.video_event(EventKind::VideoRenamed, &video, Some(detail));
    true
}

fn shown(place: &Place) -> String {
    place.root.join(&place.folder).join(&*place.base).to_string_lossy().into_owned()
}

fn add(tx: &mut Transaction<'_>, place: Place, files: &[FoundFile], probed: &Probed) {
    let renditions = renditions(&place.base, &[], files, probed);
    let video = Video {
        id: tx.new_video_id(),
        place,
        added_at: tx.now(),
        source: Source::Present,
        switch: Switch::On,
        renditions,
        conversion: Conversion::None,
        attempts: 0,
        last_change: None,
    };
    tx.put_video(video.clone());
    tx.video_event(EventKind::VideoAdded, &video, None);
}

fn renditions(
    base: &Arc<OsStr>,
    known: &[Rendition],
    files: &[FoundFile],
    probed: &Probed,
) -> Box<[Rendition]> {
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
            Rendition { name: FileName::of(base, &file.name), identity: file.identity, media }
        })
        .collect();
    renditions.sort_by(|a, b| a.name.cmp(&b.name));
    renditions.into_boxed_slice()
}

/// What became of the file that a conversion is made of.
enum Base {
    None,
    /// The same bytes, perhaps under another name or device number.
    Same(Rendition),
    Changed,
}

fn base(video: &Video) -> Base {
    let Some(order) = video.made_of() else { return Base::None };
    let same =
        video.renditions.iter().find(|rendition| content(&rendition.identity) == content(&order.identity));
    same.map_or(Base::Changed, |rendition| Base::Same(rendition.clone()))
}

fn update(tx: &mut Transaction<'_>, id: VideoId, group: &Group, probed: &Probed, moved: bool) {
    let Some(before) = tx.state().video(id) else { return };
    if is_unchanged(before, group, probed) {
        return;
    }
    let before = before.clone();
    let mut video = before.clone();
    video.renditions = renditions(&video.place.base, &before.renditions, &group.files, probed);
    video.source = Source::Present;
    let base = base(&video);
    if group.settling && (group.files.is_empty() || matches!(base, Base::Changed)) {
        // L2, L4: what was served is being overwritten; what comes is judged when it is complete.
        mark_missing(tx, id, MissingCause::BeingWritten);
        return;
    }
    let changed = contents(&video) != contents(&before);
    let replaced = match base {
        Base::None => changed && !group.settling && waits_for_another_file(tx, &video),
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
    } else if changed || (!moved && names(&video) != names(&before)) {
        tx.put_video(video.clone());
        tx.video_event(EventKind::RenditionsChanged, &video, None);
    } else {
        tx.put_video(video);
    }
}

/// What most videos are at most looks, told without copying anything.
fn is_unchanged(video: &Video, group: &Group, probed: &Probed) -> bool {
    video.source == Source::Present
        && !group.settling
        && video.renditions.len() == group.files.len()
        && group.files.iter().all(|file| {
            let known = video.renditions.iter().find(|rendition| rendition.name == file.name);
            known.is_some_and(|known| known.identity == file.identity) && !probed.contains_key(&file.identity)
        })
}

/// L4: a conversion that failed has URLs that wait, and the file that it failed on is gone.
fn waits_for_another_file(tx: &Transaction<'_>, video: &Video) -> bool {
    let failed = match &video.conversion {
        Conversion::Failed(failed) => failed,
        Conversion::None | Conversion::Queued(_) | Conversion::Running(_) | Conversion::Ready(_) => {
            return false;
        }
    };
    let same = |rendition: &Rendition| content(&rendition.identity) == content(&failed.order.identity);
    !video.renditions.iter().any(same) && tx.state().postings_of(video.id).next().is_some()
}

fn names(video: &Video) -> Vec<&FileName> {
    video.renditions.iter().map(|rendition| &rendition.name).collect()
}

fn contents(video: &Video) -> Vec<Content> {
    video.renditions.iter().map(|rendition| content(&rendition.identity)).collect()
}

/// The same bytes may have another name or device number by now.
fn refresh_base(video: &mut Video, rendition: &Rendition) {
    match &mut video.conversion {
        Conversion::None | Conversion::Failed(_) => {}
        Conversion::Queued(_) | Conversion::Running(_) => {
            if let Some(order) = video.order_mut() {
                order.rendition.clone_from(&rendition.name);
                order.identity = rendition.identity;
            }
        }
        Conversion::Ready(ready) => {
            let ready = Arc::make_mut(ready);
            ready.order.rendition.clone_from(&rendition.name);
            ready.order.identity = rendition.identity;
            ready.artifact.source = rendition.identity;
        }
    }
}

/// L4: the old artifact stops at once, the new file is converted, the URLs stay.
fn replace_source(tx: &mut Transaction<'_>, mut video: Video) {
    let order = match &video.conversion {
        Conversion::Queued(_) | Conversion::Running(_) => video.order().cloned(),
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

pub(super) fn mark_missing(tx: &mut Transaction<'_>, id: VideoId, cause: MissingCause) {
    let Some(video) = tx.state().video(id) else { return };
    match &video.source {
        Source::Deleted(_) => return,
        Source::Missing { cause: before, .. } if *before == cause => return,
        Source::Missing { .. } | Source::Present => {}
    }
    let mut video = video.clone();
    let detail = match &cause {
        MissingCause::Vanished => Some("the files are not in their folder".to_owned()),
        MissingCause::BeingWritten => Some("a file is being written".to_owned()),
        MissingCause::RootUnavailable(reason) => Some(reason.to_string()),
    };
    if let Source::Missing { since, cause: before } = &video.source {
        // The grace period starts when the files are known to be gone, not when the root went away.
        let same = cause.is_kind_of(before);
        let since = if same { *since } else { tx.now() };
        video.source = Source::Missing { since, cause };
        tx.put_video(video.clone());
        if !same {
            tx.video_event(EventKind::SourceMissing, &video, detail);
        }
        return;
    }
    video.source = Source::Missing { since: tx.now(), cause };
    if let Conversion::Running(running) = &video.conversion {
        tx.effect(super::effect::Effect::StopConversion(running.order.job(id)));
        super::queue::requeue(tx, video.clone());
        video = tx.state().video(id).cloned().unwrap_or(video);
    }
    tx.put_video(video.clone());
    tx.video_event(EventKind::SourceMissing, &video, detail);
}

const NOT_BACK: &str = "the files did not come back within the grace period";

/// L5: ends the video if its grace period was over already when a look began that did not find it. One that never had a
/// URL is forgotten.
fn end_grace(tx: &mut Transaction<'_>, id: VideoId, look_began_at: Timestamp) {
    let Some(video) = tx.state().video(id) else { return };
    let over_at = vanished_since(video).map(|since| since.after(tx.settings().missing_grace));
    if over_at.is_none_or(|over_at| over_at > look_began_at) {
        return;
    }
    let video = video.clone();
    if tx.state().postings_of(id).next().is_some() {
        mark_deleted(tx, video, DeletionKind::GraceOver, NOT_BACK);
        return;
    }
    // C5: what was ordered of it has an end that can be read.
    fail(tx, video, Failure::plain(NOT_BACK.to_owned()), EventKind::ConversionFailed);
    let Some(mut video) = tx.state().video(id).cloned() else { return };
    abandon(tx, &mut video);
    tx.forget_video(id);
    tx.video_event(EventKind::VideoForgotten, &video, Some(NOT_BACK.to_owned()));
}
