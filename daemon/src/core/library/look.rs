//! What was seen in the roots, put in order: which files are at which place, and where nothing can be known.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use vodpost_protocol::ids::VideoId;

use super::super::input::{FoundFile, RootScan};
use super::super::media::FileIdentity;
use super::super::state::State;
use super::super::switches::deletion;
use super::super::video::{DeletionKind, MissingCause, Place, Source, Video};
use super::NOT_IN_LIBRARY;

const EMPTY: &str = "the folder is empty; is its disk mounted?";
const NOT_MOUNTED: &str = "the disk that the files were on is not there; is it mounted?";

/// What stays the same when a file is renamed, or when its device gets another number after a restart.
pub(super) type Content = (u64, u64, i64);

pub(super) fn content(identity: &FileIdentity) -> Content {
    (identity.ino, identity.size_bytes, identity.mtime_ns)
}

/// The files that were found at one place.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) files: Vec<FoundFile>,
    /// Another file of the group is still being written.
    pub(super) settling: bool,
}

impl Group {
    /// Whether a file that the video had is among them.
    pub(super) fn has_file_of(&self, video: &Video) -> bool {
        self.files.iter().any(|file| {
            let found = content(&file.identity);
            video.renditions.iter().any(|rendition| content(&rendition.identity) == found)
        })
    }
}

pub(super) type Found = BTreeMap<Place, Group>;

/// Which parts of the library could be read.
#[derive(Debug, Default)]
pub(super) struct Roots {
    /// With the devices that are in each.
    readable: HashMap<Arc<Path>, HashSet<u64>>,
    unavailable: HashMap<Arc<Path>, String>,
    unreadable_folders: Vec<(Arc<Path>, PathBuf, String)>,
}

impl Roots {
    /// Why each of these was not found.
    pub(super) fn causes<'a>(
        &self,
        state: &State,
        found: &Found,
        absent: impl Iterator<Item = &'a Video>,
    ) -> Vec<(VideoId, MissingCause)> {
        let mut renumbered: Option<HashSet<u64>> = None;
        let mut is_unmounted = |video: &Video| {
            self.lost_device(video).is_some_and(|device| {
                !renumbered.get_or_insert_with(|| self::renumbered(state, found)).contains(&device)
            })
        };
        let mut cause = |video: &Video| match self.obstacle(video) {
            Some(reason) => MissingCause::RootUnavailable(reason.into()),
            None if is_unmounted(video) => MissingCause::RootUnavailable(NOT_MOUNTED.into()),
            None => MissingCause::Vanished,
        };
        absent.map(|video| (video.id, cause(video))).collect()
    }

    /// Why it cannot be known whether the files of this video are at their place; `None` when it can.
    fn obstacle(&self, video: &Video) -> Option<String> {
        let place = &video.place;
        let folder = self
            .unreadable_folders
            .iter()
            .find(|(root, folder, _)| *root == place.root && place.folder.starts_with(folder));
        if let Some((_, _, reason)) = folder {
            return Some(reason.clone());
        }
        if self.readable.contains_key(&place.root) {
            return None;
        }
        let reason = self.unavailable.get(&place.root).cloned();
        Some(reason.unwrap_or_else(|| NOT_IN_LIBRARY.to_owned()))
    }

    /// The device of the files, if nothing in the root is on it: their disk was mounted at the root or below it, and is
    /// away. What was known to be gone while its disk was there stays gone.
    fn lost_device(&self, video: &Video) -> Option<u64> {
        match &video.source {
            Source::Missing { cause: MissingCause::Vanished, .. } | Source::Deleted(_) => return None,
            Source::Missing {
                cause: MissingCause::RootUnavailable(_) | MissingCause::BeingWritten, ..
            }
            | Source::Present => {}
        }
        let devices = self.readable.get(&video.place.root)?;
        let lost = |device: &u64| !devices.contains(device);
        let mut renditions = video.renditions.iter().map(|rendition| rendition.identity.dev);
        let first = renditions.next()?;
        (lost(&first) && renditions.all(|device| lost(&device))).then_some(first)
    }
}

/// Devices that have another number than at the last look, as after a restart of the host: files that were on them are
/// found on another one.
fn renumbered(state: &State, found: &Found) -> HashSet<u64> {
    let files = found.values().flat_map(|group| &group.files);
    let now_on: HashMap<Content, u64> =
        files.map(|file| (content(&file.identity), file.identity.dev)).collect();
    let living = state.videos().filter(|video| !video.is_deleted());
    let known = living.flat_map(|video| &video.renditions).map(|rendition| &rendition.identity);
    known
        .filter(|identity| now_on.get(&content(identity)).is_some_and(|device| *device != identity.dev))
        .map(|identity| identity.dev)
        .collect()
}

/// `was_trashed`: whether the files of a deleted video went into the trash while it was looked.
pub(super) fn take_in(
    state: &State,
    scans: Vec<RootScan>,
    was_trashed: &dyn Fn(&Video) -> bool,
) -> (Found, Roots) {
    let hidden = hidden(state, was_trashed);
    let mut groups = Found::new();
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
            roots.unavailable.insert(root, EMPTY.to_owned());
            continue;
        }
        let place = |folder: Arc<Path>, base| Place { root: root.clone(), folder, base };
        for file in found.files {
            if !hidden.contains(&content(&file.identity)) {
                groups.entry(place(file.folder.clone(), file.base.clone())).or_default().files.push(file);
            }
        }
        for (folder, base) in found.settling {
            groups.entry(place(folder.into(), base.into())).or_default().settling = true;
        }
        let unreadable = found.unreadable.into_iter();
        roots.unreadable_folders.extend(unreadable.map(|(folder, reason)| (root.clone(), folder, reason)));
        roots.readable.insert(root, found.devices);
    }
    (groups, roots)
}

fn has_present_videos(state: &State, root: &Arc<Path>) -> bool {
    state.videos().any(|video| {
        video.place.root == *root
            && match &video.source {
                Source::Present => true,
                Source::Missing { cause, .. } => match cause {
                    MissingCause::RootUnavailable(_) | MissingCause::BeingWritten => true,
                    MissingCause::Vanished => false,
                },
                Source::Deleted(_) => false,
            }
    })
}

/// Files of a deleted video that were kept, or are still on their way to the trash or were when it was looked, are not
/// seen, whatever they are called by now.
fn hidden(state: &State, was_trashed: &dyn Fn(&Video) -> bool) -> HashSet<Content> {
    let keeps = |video: &&Video| match deletion(video) {
        Some(DeletionKind::FilesKept | DeletionKind::Trashing) => true,
        Some(DeletionKind::Trashed) => was_trashed(video),
        Some(DeletionKind::GraceOver) | None => false,
    };
    let renditions = state.videos().filter(keeps).flat_map(|video| &video.renditions);
    renditions.map(|rendition| content(&rendition.identity)).collect()
}
