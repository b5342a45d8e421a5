//! Files of the artifact folder: unfinished ones under a temporary name, finished ones durable under their own.

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
    folder: PathBuf,
    name: String,
    /// Where it lies by now; `None` once it is published.
    path: Option<PathBuf>,
    draft: PathBuf,
}

impl Draft {
    pub(super) fn new(folder: &Path, job: JobId, kind: Kind) -> Result<Self, Fault> {
        fs::create_dir_all(folder).map_err(Fault::of_folder)?;
        let name = Ours { job, kind }.to_string();
        let draft = folder.join(format!("{DRAFT_PREFIX}{name}"));
        Ok(Self { folder: folder.to_owned(), name, path: Some(draft.clone()), draft })
    }

    pub(super) fn path(&self) -> &Path {
        &self.draft
    }

    /// ffmpeg may report success although the end of its file found no room. What is wrong with such a file is the disk.
    pub(super) fn blaming_the_disk(&self, fault: Fault) -> Fault {
        if !fault.is_about_the_result() {
            return fault;
        }
        match rustix::fs::statvfs(&self.folder) {
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
        let file = File::open(&self.draft).map_err(Fault::of_folder)?;
        file.sync_all().map_err(Fault::of_folder)?;
        let finished = self.folder.join(&self.name);
        fs::rename(&self.draft, &finished).map_err(Fault::of_folder)?;
        self.path = Some(finished);
        File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(Fault::of_folder)?;
        let identity = identity(&file).map_err(Fault::of_folder)?;
        self.path = None;
        Ok((std::mem::take(&mut self.name), identity))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let Some(path) = &self.path else { return };
        match fs::remove_file(path) {
            Ok(()) => {}
            // ffmpeg had not begun to write.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "an unfinished file stays behind")
            }
        }
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
        if !is_left_over(&entry, &keep) {
            continue;
        }
        match fs::remove_file(entry.path()) {
            Ok(()) => removed += 1,
            Err(error) => {
                tracing::warn!(path = %entry.path().display(), %error, "a left-over file cannot be removed")
            }
        }
    }
    Ok(removed)
}

fn is_left_over(entry: &DirEntry, keep: impl Fn(Ours) -> bool) -> bool {
    // Where the kind of an entry cannot be told, it is not touched.
    if !entry.file_type().is_ok_and(|kind| kind.is_file()) {
        return false;
    }
    let Ok(name) = entry.file_name().into_string() else { return false };
    match name.strip_prefix(DRAFT_PREFIX) {
        Some(name) => Ours::named(name).is_some(),
        None => Ours::named(&name).is_some_and(|ours| !keep(ours)),
    }
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
        let orphans = [
            format!("{video}-2.mp4"),
            format!("{video}-2.jpg"),
            format!(".tmp-{video}-1.mp4"),
            format!(".tmp-{video}-3.jpg"),
        ];
        let foreign = [
            "holiday-2.mp4".to_owned(),
            "notes.txt".to_owned(),
            format!("{video}-+2.mp4"),
            format!("{video}-02.mp4"),
            format!("{}-2.mp4", video.to_string().to_uppercase() + "0"),
            format!("{video}-2.mp4.mp4"),
            format!("{video}-2.webm"),
            format!(".tmp-{video}.mp4"),
        ];
        for name in kept.iter().chain(&orphans).chain(&foreign) {
            fs::write(folder.path().join(name), b"x").unwrap();
        }
        let subfolder = format!("{video}-9.mp4");
        fs::create_dir(folder.path().join(&subfolder)).unwrap();
        let link = format!("{video}-8.mp4");
        std::os::unix::fs::symlink("notes.txt", folder.path().join(&link)).unwrap();
        let keep = |ours: Ours| ours.job.attempt == 1;
        assert_eq!(sweep(folder.path(), keep).unwrap(), orphans.len());
        let mut left = [&kept[..], &foreign, &[subfolder, link]].concat();
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
        assert!(!path.exists());
        let draft = Draft::new(folder.path(), job(), Kind::Video).unwrap();
        fs::write(&path, b"x").unwrap();
        let (name, identity) = draft.publish().unwrap();
        assert_eq!((name.as_str(), identity.size_bytes), ("000000000007-3.mp4", 1));
        assert_eq!(names(folder.path()), [name]);
    }
}
