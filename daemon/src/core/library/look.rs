//! What was seen in the roots, put in order: which files are at which place, and where nothing can be known.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::input::{FoundFile, RootScan};
use super::super::media::FileIdentity;
use super::super::state::State;
use super::super::switches::deletion;
use super::super::video::{DeletionKind, MissingCause, Place, Source, Video};

const NOT_MOUNTED: &str = "the folder is empty; is its disk mounted?";

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
    readable: HashSet<Arc<Path>>,
    unavailable: HashMap<Arc<Path>, String>,
    unreadable_folders: Vec<(Arc<Path>, PathBuf, String)>,
    empty_folders: HashMap<(Arc<Path>, PathBuf), u64>,
}

impl Roots {
    /// Why it cannot be known whether the files of this video are at their place; `None` when it can.
    pub(super) fn obstacle(&self, video: &Video) -> Option<String> {
        let place = &video.place;
        let folder = self
            .unreadable_folders
            .iter()
            .find(|(root, folder, _)| *root == place.root && place.folder.starts_with(folder));
        if let Some((_, _, reason)) = folder {
            return Some(reason.clone());
        }
        if self.readable.contains(&place.root) {
            return self.is_unmounted(video).then(|| NOT_MOUNTED.to_owned());
        }
        let reason = self.unavailable.get(&place.root).cloned();
        Some(reason.unwrap_or_else(|| "the root is no longer in the configuration".to_owned()))
    }

    /// Whether a folder above the files was on another device when they were seen last, and is empty now: what a disk
    /// that is mounted below a root leaves behind.
    fn is_unmounted(&self, video: &Video) -> bool {
        let Place { root, folder, base: _ } = &video.place;
        !self.empty_folders.is_empty()
            && folder.ancestors().any(|folder| {
                let device = self.empty_folders.get(&(root.clone(), folder.to_owned()));
                device.is_some_and(|device| {
                    video.renditions.iter().all(|rendition| rendition.identity.dev != *device)
                })
            })
    }
}

pub(super) fn take_in(state: &State, scans: Vec<RootScan>) -> (Found, Roots) {
    let hidden = hidden(state);
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
            roots.unavailable.insert(root, NOT_MOUNTED.to_owned());
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
        let empty = found.empty.into_iter().map(|(folder, device)| ((root.clone(), folder), device));
        roots.empty_folders.extend(empty);
        roots.readable.insert(root);
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

/// Files of a deleted video that were kept, or are still on their way to the trash, are not seen, whatever they are
/// called by now.
fn hidden(state: &State) -> HashSet<Content> {
    let keeps = |video: &&Video| match deletion(video) {
        Some(DeletionKind::FilesKept | DeletionKind::Trashing) => true,
        Some(DeletionKind::Trashed | DeletionKind::GraceOver) | None => false,
    };
    let renditions = state.videos().filter(keeps).flat_map(|video| &video.renditions);
    renditions.map(|rendition| content(&rendition.identity)).collect()
}
