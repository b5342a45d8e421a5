//! The pretended disk: what can happen to it, and what a look at it finds.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::super::super::group::base_name;
use super::super::super::input::{Found, FoundFile, Input, RootScan, Scan};
use super::super::super::media::{Container, FileIdentity, MediaInfo};
use super::super::super::video::Unusable;
use super::super::{ROOT, mp4};
use super::library::Look;
use super::reference::{Bytes, File};
use super::rig::Rig;
use super::steps::{Disk, Media};

/// Every path of the pretended disk; the last ones are no videos, so a file that is there is out of sight.
pub(super) const FILES: [&str; 9] =
    ["a.mp4", "a.720p.mp4", "a.mkv", "b.mkv", "b.1080p.mkv", "c.mp4", "folder/a.mkv", "away.txt", "gone.txt"];
/// Folder and base name.
pub(super) const PLACES: [(&str, &str); 4] = [("", "a"), ("", "b"), ("", "c"), ("folder", "a")];
/// The device of the folder that the disk is mounted at.
const UNDERLYING: u64 = 0;
pub(super) const FOLDER_PLACE: usize = 3;

/// L1
pub(super) fn place_of(file: File) -> Option<usize> {
    match file {
        0..3 => Some(0),
        3..5 => Some(1),
        5 => Some(2),
        6 => Some(FOLDER_PLACE),
        7.. => None,
    }
}

/// What a look into such a file finds.
fn probe(media: Media) -> Result<MediaInfo, Unusable> {
    match media {
        Media::Mp4 { kbps } => Ok(mp4(kbps * 1000, 720)),
        Media::Mkv { kbps } => {
            let container = Container::Other("matroska".into());
            Ok(mp4(kbps * 1000, 720).with(|format| format.container = container))
        }
        Media::Broken => Err(Unusable { reason: "truncated".into(), look_again: false }),
    }
}

impl Rig {
    pub(super) fn change_disk(&mut self, change: Disk) {
        let file = |number: u8| usize::from(number) % FILES.len();
        let existing = |number: u8, disk: &BTreeMap<File, Bytes>| {
            let nth = usize::from(number) % disk.len().max(1);
            disk.keys().nth(nth).copied()
        };
        let disk = &mut self.around.disk;
        match change {
            Disk::Write { file: number, media } => {
                self.next_bytes += 1;
                disk.insert(file(number), self.next_bytes);
                self.around.reference.media.insert(self.next_bytes, media);
            }
            Disk::Remove { file } => {
                if let Some(file) = existing(file, disk) {
                    disk.remove(&file);
                }
            }
            Disk::Rename { from, to } => {
                if let Some(bytes) = existing(from, disk).and_then(|file| disk.remove(&file)) {
                    disk.insert(file(to), bytes);
                }
            }
            Disk::Swap { one, other } => {
                let (one, other) = (file(one), file(other));
                let (first, second) = (disk.remove(&one), disk.remove(&other));
                disk.extend(first.map(|bytes| (other, bytes)));
                disk.extend(second.map(|bytes| (one, bytes)));
            }
            Disk::Link { from, to } => {
                if let Some(bytes) = existing(from, disk).and_then(|file| disk.get(&file).copied()) {
                    disk.insert(file(to), bytes);
                }
            }
            Disk::RootError { on } => self.root_error = on,
            Disk::Unmounted { on } => self.unmounted = on,
            Disk::FolderError { on } => self.folder_error = on,
            Disk::Settling { place } => {
                self.settling.insert(usize::from(place) % PLACES.len());
            }
            Disk::AllSettled => self.settling.clear(),
        }
    }

    pub(super) fn identity(&self, bytes: Bytes) -> FileIdentity {
        FileIdentity { dev: self.device, ino: bytes, size_bytes: 1000, mtime_ns: bytes.try_into().unwrap() }
    }

    fn look(&self) -> Look {
        let folder_readable = self.unmounted || !self.folder_error;
        let shown = |place: Option<usize>| {
            place.is_some_and(|place| !self.unmounted && (folder_readable || place != FOLDER_PLACE))
        };
        let files = self.around.disk.iter().filter(|(file, _)| shown(place_of(**file)));
        Look {
            root_readable: !self.root_error,
            device: if self.unmounted { UNDERLYING } else { self.device },
            folder_readable,
            files: files.map(|(file, bytes)| (*file, *bytes)).collect(),
            settling: self.settling.iter().filter(|place| shown(Some(**place))).copied().collect(),
        }
    }

    pub(super) fn scan(&mut self) -> Result<(), String> {
        let look = self.look();
        let mut found = Found { devices: [look.device].into(), ..Found::default() };
        let mut probed = HashMap::new();
        for (file, bytes) in &look.files {
            let path = Path::new(FILES[*file]);
            let name = path.file_name().unwrap().to_owned();
            let base = base_name(&name).unwrap();
            let identity = self.identity(*bytes);
            probed.insert(identity, probe(self.around.reference.media[bytes]));
            found.files.push(FoundFile {
                folder: path.parent().unwrap().into(),
                name,
                base: base.into(),
                identity,
            });
        }
        for place in &look.settling {
            let (folder, base) = PLACES[*place];
            found.settling.push((folder.into(), base.into()));
        }
        if !look.folder_readable {
            found.unreadable.push(("folder".into(), "permission denied".into()));
        }
        let found = if look.root_readable { Ok(found) } else { Err("input/output error".to_owned()) };
        let roots = vec![RootScan { root: Arc::from(Path::new(ROOT)), found }];
        self.around.seen_device = self.device;
        // A look takes its time, and tells of nothing later than its begin.
        let took = if self.rng.below(4) == 0 { Duration::from_secs(1800) } else { Duration::ZERO };
        let began_at = self.around.reference.now.before(took).max(self.look_began_at);
        self.look_began_at = began_at;
        self.give(Input::Scanned(Scan { began_at, roots, probed }), Ok(()))?;
        let state = self.core.state();
        let lives_at = |place: usize| {
            let (folder, base) = PLACES[place];
            let mut videos = state.videos();
            let video = videos.find(|video| {
                !video.is_deleted() && *video.place.folder == *Path::new(folder) && *video.place.base == *base
            });
            video.map(|video| video.id)
        };
        self.around.reference.scan(&look, began_at, &lives_at)
    }
}
