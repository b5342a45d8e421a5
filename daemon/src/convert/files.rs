//! Files of the artifact folder: unfinished ones under a temporary name, finished ones durable under their own.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use vodpost_protocol::ids::VideoId;

use super::failure::Fault;
use crate::core::artifact::JobId;
use crate::core::media::FileIdentity;
use crate::media::identity;

const DRAFT_PREFIX: &str = ".tmp-";
const SUFFIX: &str = ".mp4";

/// An unfinished file; removed when dropped.
#[derive(Debug)]
pub(super) struct Draft {
    folder: PathBuf,
    name: String,
    path: PathBuf,
    published: bool,
}

/// How much of an unfinished file is written; 0 where there is none yet.
#[must_use]
pub fn draft_bytes(folder: &Path, job: JobId) -> u64 {
    fs::metadata(draft_path(folder, &name_of(job))).map_or(0, |metadata| metadata.len())
}

fn name_of(job: JobId) -> String {
    format!("{}-{}{SUFFIX}", job.video, job.attempt)
}

fn draft_path(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{DRAFT_PREFIX}{name}"))
}

impl Draft {
    pub(super) fn new(folder: &Path, job: JobId) -> Result<Self, Fault> {
        fs::create_dir_all(folder).map_err(Fault::of_folder)?;
        let name = name_of(job);
        let path = draft_path(folder, &name);
        Ok(Self { folder: folder.to_owned(), name, path, published: false })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it durable, and then visible. Returns its name and identity.
    pub(super) fn publish(mut self) -> Result<(String, FileIdentity), Fault> {
        let file = File::open(&self.path).map_err(Fault::of_folder)?;
        file.sync_all().map_err(Fault::of_folder)?;
        fs::rename(&self.path, self.folder.join(&self.name)).map_err(Fault::of_folder)?;
        self.published = true;
        File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(Fault::of_folder)?;
        let identity = identity(&file).map_err(Fault::of_folder)?;
        Ok((std::mem::take(&mut self.name), identity))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.published {
            return;
        }
        match fs::remove_file(&self.path) {
            Ok(()) => {}
            // ffmpeg had not begun to write.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                tracing::warn!(path = %self.path.display(), %error, "an unfinished file stays behind")
            }
        }
    }
}

/// Removes unfinished files, and finished ones that are not in `keep` (by name). Meant for the start, when no worker
/// runs. Files with names that are not ours are left alone. Returns the names of what was removed.
pub fn sweep(artifacts_dir: &Path, keep: &HashSet<String>) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(artifacts_dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut removed = Vec::new();
    for entry in entries {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if keep.contains(&name) || !is_ours(&name) || !entry.file_type()?.is_file() {
            continue;
        }
        fs::remove_file(entry.path())?;
        removed.push(name);
    }
    removed.sort();
    Ok(removed)
}

/// `<video>-<attempt>.mp4`, finished or not.
fn is_ours(name: &str) -> bool {
    let name = name.strip_prefix(DRAFT_PREFIX).unwrap_or(name);
    name.strip_suffix(SUFFIX)
        .and_then(|stem| stem.split_once('-'))
        .is_some_and(|(video, attempt)| VideoId::from_str(video).is_ok() && attempt.parse::<u32>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job() -> JobId {
        JobId { video: VideoId::from_random(7), attempt: 3 }
    }

    #[test]
    fn c5_only_orphans_of_ours_are_swept() {
        let folder = tempfile::tempdir().unwrap();
        let video = job().video;
        let names = [
            format!("{video}-1.mp4"),
            format!("{video}-2.mp4"),
            format!(".tmp-{video}-3.mp4"),
            "holiday-2.mp4".to_owned(),
            "notes.txt".to_owned(),
        ];
        for name in &names {
            fs::write(folder.path().join(name), b"x").unwrap();
        }
        fs::create_dir(folder.path().join(format!("{video}-9.mp4"))).unwrap();
        let keep = HashSet::from([names[0].clone()]);
        assert_eq!(sweep(folder.path(), &keep).unwrap(), [names[2].clone(), names[1].clone()]);
        assert!(sweep(folder.path(), &keep).unwrap().is_empty());
        assert!(sweep(&folder.path().join("absent"), &keep).unwrap().is_empty());
    }

    #[test]
    fn a_draft_is_published_or_gone() {
        let folder = tempfile::tempdir().unwrap();
        let draft = Draft::new(folder.path(), job()).unwrap();
        let path = draft.path().to_owned();
        fs::write(&path, b"x").unwrap();
        drop(draft);
        assert!(!path.exists());
        let draft = Draft::new(folder.path(), job()).unwrap();
        fs::write(&path, b"x").unwrap();
        let (name, identity) = draft.publish().unwrap();
        assert_eq!((name.as_str(), identity.size_bytes), ("000000000007-3.mp4", 1));
        assert!(folder.path().join(name).exists() && !path.exists());
    }
}
