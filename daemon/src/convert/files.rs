//! Files of the artifact folder: finished ones durable under their own names, each unfinished one in a folder of its own.
//!
//! An ffmpeg that outlives a daemon which was killed may begin to write at any moment. The next start removes its folder, and
//! since no other is ever named like it, nothing can be written there any more.

use std::fmt;
use std::fs::{self, DirEntry, File};
use std::io;
use std::path::{Path, PathBuf};

use super::failure::Fault;
use crate::core::artifact::JobId;
use crate::core::media::FileIdentity;
use crate::media::identity;

const DRAFT_PREFIX: &str = ".tmp-";
/// With less left than this a disk is full: the last blocks of a file find no room.
const ROOM_BYTES_MIN: u64 = 1 << 20;
/// How often a folder is emptied that something appears in meanwhile.
const REMOVALS_MAX: u32 = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Video,
    Poster,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Video, Self::Poster];

    fn suffix(self) -> &'static str {
        match self {
            Self::Video => ".mp4",
            Self::Poster => ".jpg",
        }
    }
}

/// A finished file of ours. Its name is `<video>-<attempt>` and the suffix of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ours {
    pub job: JobId,
    pub kind: Kind,
}

impl fmt::Display for Ours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}{}", self.job.video, self.job.attempt, self.kind.suffix())
    }
}

impl Ours {
    /// Whose name this is, spelled exactly as it is written here: whatever else lies in the folder is somebody else's.
    fn named(name: &str) -> Option<Self> {
        let (stem, kind) =
            Kind::ALL.into_iter().find_map(|kind| Some((name.strip_suffix(kind.suffix())?, kind)))?;
        let (video, attempt) = stem.split_once('-')?;
        let job = JobId { video: video.parse().ok()?, attempt: attempt.parse().ok()? };
        let ours = Self { job, kind };
        (ours.to_string() == name).then_some(ours)
    }
}

/// An unfinished file; removed when dropped.
#[derive(Debug)]
pub(super) struct Draft {
    artifacts_dir: PathBuf,
    name: String,
    place: DraftFolder,
    path: PathBuf,
    /// Where it lies under its own name, while that is not yet durable.
    finished: Option<PathBuf>,
}

impl Draft {
    pub(super) fn new(artifacts_dir: &Path, job: JobId, kind: Kind) -> Result<Self, Fault> {
        let ours = Ours { job, kind };
        let nonce = getrandom::u64().map_err(|error| Fault::Broken(error.to_string()))?;
        let place =
            DraftFolder { ours, path: artifacts_dir.join(format!("{DRAFT_PREFIX}{ours}-{nonce:016x}")) };
        fs::create_dir_all(&place.path).map_err(Fault::of_folder)?;
        let path = place.file();
        Ok(Self {
            artifacts_dir: artifacts_dir.to_owned(),
            name: ours.to_string(),
            place,
            path,
            finished: None,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// ffmpeg may report success although the end of its file found no room. What is wrong with such a file is the disk.
    pub(super) fn blaming_the_disk(&self, fault: Fault) -> Fault {
        if !fault.is_about_the_result() {
            return fault;
        }
        match rustix::fs::statvfs(&self.artifacts_dir) {
            Ok(disk) if disk.f_bavail.saturating_mul(disk.f_frsize) < ROOM_BYTES_MIN => {
                Fault::DiskFull { output: fault.into_failure().reason }
            }
            Ok(_) => fault,
            Err(error) => Fault::of_folder(error.into()),
        }
    }

    /// Makes it durable, and then visible. Returns its name and identity. If any of it fails, it is removed under
    /// whichever name it has by then.
    pub(super) fn publish(mut self) -> Result<(String, FileIdentity), Fault> {
        let file = File::open(&self.path).map_err(Fault::of_folder)?;
        file.sync_all().map_err(Fault::of_folder)?;
        let finished = self.artifacts_dir.join(&self.name);
        fs::rename(&self.path, &finished).map_err(Fault::of_folder)?;
        self.finished = Some(finished);
        File::open(&self.artifacts_dir).and_then(|folder| folder.sync_all()).map_err(Fault::of_folder)?;
        let identity = identity(&file).map_err(Fault::of_folder)?;
        self.finished = None;
        Ok((std::mem::take(&mut self.name), identity))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let finished = self.finished.as_deref().map_or(Ok(()), remove_if_there);
        if let Err(error) = finished.and_then(|()| self.place.remove()) {
            tracing::warn!(path = %self.place.path.display(), %error, "an unfinished file stays behind");
        }
    }
}

/// `.tmp-<video>-<attempt>.mp4-<random>`, in which the one file has the name that it gets in the end.
#[derive(Debug)]
struct DraftFolder {
    ours: Ours,
    path: PathBuf,
}

impl DraftFolder {
    /// Whose folder this is, if it is spelled exactly as it is written here.
    fn named(artifacts_dir: &Path, name: &str) -> Option<Self> {
        let (ours, nonce) = name.strip_prefix(DRAFT_PREFIX)?.rsplit_once('-')?;
        let ours = Ours::named(ours)?;
        let nonce = u64::from_str_radix(nonce, 16).ok()?;
        let path = artifacts_dir.join(name);
        (format!("{DRAFT_PREFIX}{ours}-{nonce:016x}") == name).then_some(Self { ours, path })
    }

    fn file(&self) -> PathBuf {
        self.path.join(self.ours.to_string())
    }

    /// With its one file. What else somebody put there is not ours, and then the folder stays.
    fn remove(&self) -> io::Result<()> {
        for _attempt in 0..REMOVALS_MAX {
            remove_if_there(&self.file())?;
            match fs::remove_dir(&self.path) {
                // ffmpeg has created its file just now, which it does once.
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                result => return result,
            }
        }
        Err(io::ErrorKind::DirectoryNotEmpty.into())
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Removes unfinished files, and finished ones that are not to be kept. Meant for the start, when no worker runs. What
/// is not ours is left alone; what cannot be removed is warned of and tried again at the next start. Returns how many were
/// removed.
///
/// # Errors
/// When the folder cannot be read.
pub fn sweep(artifacts_dir: &Path, keep: impl Fn(Ours) -> bool) -> io::Result<usize> {
    let entries = match fs::read_dir(artifacts_dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    let mut removed = 0;
    for entry in entries {
        let entry = entry?;
        match remove_left_over(artifacts_dir, &entry, &keep) {
            Ok(true) => removed += 1,
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(path = %entry.path().display(), %error, "a left-over file cannot be removed")
            }
        }
    }
    Ok(removed)
}

/// Whether it was one. Links are none of ours, whatever they are called.
fn remove_left_over(folder: &Path, entry: &DirEntry, keep: impl Fn(Ours) -> bool) -> io::Result<bool> {
    let Ok(name) = entry.file_name().into_string() else { return Ok(false) };
    if let Some(draft) = DraftFolder::named(folder, &name) {
        return if entry.file_type()?.is_dir() { draft.remove().map(|()| true) } else { Ok(false) };
    }
    if Ours::named(&name).is_none_or(keep) || !entry.file_type()?.is_file() {
        return Ok(false);
    }
    fs::remove_file(entry.path()).map(|()| true)
}

#[cfg(test)]
mod tests {
    use vodpost_protocol::ids::VideoId;

    use super::*;

    fn job() -> JobId {
        JobId { video: VideoId::from_random(7), attempt: 3 }
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn c5_only_orphans_of_ours_are_swept() {
        let folder = tempfile::tempdir().unwrap();
        let video = job().video;
        let kept = [format!("{video}-1.mp4"), format!("{video}-1.jpg")];
        let orphans = [format!("{video}-2.mp4"), format!("{video}-2.jpg")];
        let begun = |job| Draft::new(folder.path(), job, Kind::Video).unwrap();
        // One in which nothing was written yet, one with a file, and one with something of somebody else as well.
        let drafts = [1, 2, 3].map(|attempt| begun(JobId { attempt, ..job() }));
        fs::write(drafts[1].path(), b"x").unwrap();
        fs::write(drafts[2].path(), b"x").unwrap();
        fs::write(drafts[2].path().with_file_name("diary.txt"), b"x").unwrap();
        let diary = drafts[2].place.path.file_name().unwrap().to_str().unwrap().to_owned();
        drafts.into_iter().for_each(std::mem::forget);
        let foreign = [
            "holiday-2.mp4".to_owned(),
            "notes.txt".to_owned(),
            format!("{video}-+2.mp4"),
            format!("{video}-02.mp4"),
            format!("{}-2.mp4", video.to_string().to_uppercase() + "0"),
            format!("{video}-2.mp4.mp4"),
            format!("{video}-2.webm"),
            format!(".tmp-{video}.mp4"),
            format!(".tmp-{video}-1.mp4"),
            format!(".tmp-{video}-1.mp4-12"),
        ];
        for name in kept.iter().chain(&orphans).chain(&foreign) {
            fs::write(folder.path().join(name), b"x").unwrap();
        }
        let subfolder = format!("{video}-9.mp4");
        fs::create_dir(folder.path().join(&subfolder)).unwrap();
        let link = format!("{video}-8.mp4");
        std::os::unix::fs::symlink("notes.txt", folder.path().join(&link)).unwrap();
        let keep = |ours: Ours| ours.job.attempt == 1;
        assert_eq!(sweep(folder.path(), keep).unwrap(), orphans.len() + 2);
        let mut left = [&kept[..], &foreign, &[subfolder, link, diary]].concat();
        left.sort();
        assert_eq!(names(folder.path()), left);
        assert_eq!(sweep(folder.path(), keep).unwrap(), 0);
        assert_eq!(sweep(&folder.path().join("absent"), keep).unwrap(), 0);
    }

    #[test]
    fn a_draft_is_published_or_gone() {
        let folder = tempfile::tempdir().unwrap();
        let draft = Draft::new(folder.path(), job(), Kind::Video).unwrap();
        let path = draft.path().to_owned();
        fs::write(&path, b"x").unwrap();
        drop(draft);
        assert!(names(folder.path()).is_empty());
        assert!(fs::write(&path, b"late").is_err(), "a child that begins to write now has no place for it");
        let draft = Draft::new(folder.path(), job(), Kind::Video).unwrap();
        assert_ne!(draft.path(), path);
        fs::write(draft.path(), b"x").unwrap();
        let (name, identity) = draft.publish().unwrap();
        assert_eq!((name.as_str(), identity.size_bytes), ("000000000007-3.mp4", 1));
        assert_eq!(names(folder.path()), [name]);
    }
}
