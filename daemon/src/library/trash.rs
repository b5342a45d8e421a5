//! L6: the trash folder of a root, and of every disk that is mounted below it. Files are moved within their file system,
//! so nothing is copied.
//!
//! Whoever may write to a root may put anything in the place of the trash. So it is opened without following links, has
//! to be a folder on the disk that it belongs to, and only what bears a name as we give it is ever removed.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{Access, AtFlags, Mode, OFlags, StatxFlags};
use rustix::io::Errno;
use vodpost_protocol::ids::VideoId;

use crate::core::effect::Doomed;

/// Hidden, so that no scan looks into it.
pub const FOLDER: &str = ".vodpost-trash";
const OPEN_FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Moves files into a folder of their own in the trash of their disk. Files that are gone already are no error.
///
/// # Errors
/// A sentence that names the first file that could not be moved.
pub fn discard(root: &Path, video: VideoId, files: &[Doomed]) -> Result<(), String> {
    for file in files {
        let from = root.join(&file.path);
        let Some(name) = file.path.file_name() else { continue };
        if fs::symlink_metadata(&from).is_ok_and(|found| !is_same(&found, &from, file)) {
            continue;
        }
        let folder = match Place::find(root, file.path.parent().unwrap_or(Path::new(""))) {
            Ok(folder) => folder,
            Err(error) if is_gone(&error) => continue,
            Err(error) => return Err(format!("{} cannot be moved to the trash: {error}", from.display())),
        };
        let failed = |error: io::Error| {
            let trash = folder.top_path.join(FOLDER);
            format!("{} cannot be moved to {}: {error}", from.display(), trash.display())
        };
        let trash = folder.trash(Missing::Make).map_err(failed)?;
        let entry = enter(&trash, &video.to_string(), Missing::Make).map_err(failed)?;
        match rustix::fs::renameat(&folder.folder, name, &entry, name) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(failed(error.into())),
        }
        for folder in [&entry, &folder.folder] {
            rustix::fs::fsync(folder).map_err(|error| failed(error.into()))?;
        }
    }
    Ok(())
}

/// There is no such folder any more; what has its name may be a link to another one, which is none of ours.
fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// A link stands for the file that it leads to.
fn is_same(found: &fs::Metadata, path: &Path, file: &Doomed) -> bool {
    let target = if found.is_symlink() { fs::metadata(path) } else { Ok(found.clone()) };
    // A link that leads nowhere goes with the rest.
    target.map_or(true, |target| target.ino() == file.ino)
}

/// Why files of a folder could not be moved to the trash.
#[derive(Debug, PartialEq, Eq)]
pub enum NoTrash {
    ReadOnly(String),
    Other(String),
}

/// Whether files of this folder could be moved to the trash.
///
/// # Errors
/// When they could not.
pub fn check(root: &Path, folder: &Path) -> Result<(), NoTrash> {
    let place = match Place::find(root, folder) {
        Ok(place) => place,
        // Then they are not there either.
        Err(error) if is_gone(&error) => return Ok(()),
        Err(error) => return Err(NoTrash::Other(format!("{}: {error}", root.join(folder).display()))),
    };
    for path in [&place.top_path, &root.join(folder)] {
        rustix::fs::access(path, Access::WRITE_OK | Access::EXEC_OK)
            .map_err(|error| NoTrash::ReadOnly(format!("{}: {error}", path.display())))?;
    }
    match place.trash(Missing::Leave) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(NoTrash::Other(format!("{}: {error}", place.top_path.join(FOLDER).display())))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// A folder of a root, and the uppermost one above it, but not above the root, that is on the same disk.
struct Place {
    folder: OwnedFd,
    top: OwnedFd,
    top_path: PathBuf,
}

impl Place {
    fn find(root: &Path, folder: &Path) -> io::Result<Self> {
        // The root is the admin's word, so it may be a link.
        let mut here = OwnedFd::from(File::open(root)?);
        let (mut top, mut top_path, mut disk) = (here.try_clone()?, root.to_owned(), disk_of(&here)?);
        let mut path = root.to_owned();
        for part in folder.components() {
            let Component::Normal(part) = part else { return Err(Errno::INVAL.into()) };
            here = rustix::fs::openat(&here, part, OPEN_FOLDER, Mode::empty())?;
            path.push(part);
            let next = disk_of(&here)?;
            if next != disk {
                (top, top_path, disk) = (here.try_clone()?, path.clone(), next);
            }
        }
        Ok(Self { folder: here, top, top_path })
    }

    /// The trash of the disk.
    fn trash(&self, missing: Missing) -> io::Result<OwnedFd> {
        let trash = enter(&self.top, FOLDER, missing)?;
        if disk_of(&trash)? == disk_of(&self.top)? {
            Ok(trash)
        } else {
            Err(io::Error::other("it is on another disk"))
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    Make,
    Leave,
}

/// Opens a folder in a folder, which must not be a link.
fn enter(folder: &OwnedFd, name: &str, missing: Missing) -> io::Result<OwnedFd> {
    if missing == Missing::Make {
        match rustix::fs::mkdirat(folder, name, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
    }
    match rustix::fs::openat(folder, name, OPEN_FOLDER, Mode::empty()) {
        Ok(folder) => Ok(folder),
        Err(Errno::LOOP | Errno::NOTDIR) => Err(io::Error::other("it is a link or a file, and no folder")),
        Err(error) => Err(error.into()),
    }
}

/// What a file can be renamed within: one mount of one device. A folder that is mounted a second time has the same device
/// and is another mount; kernels before 5.8 do not tell them apart.
fn disk_of(folder: &impl AsFd) -> io::Result<(u32, u32, u64)> {
    let statx = rustix::fs::statx(folder, "", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID)?;
    let has_mount = StatxFlags::from_bits_retain(statx.stx_mask).contains(StatxFlags::MNT_ID);
    let mount = if has_mount { statx.stx_mnt_id } else { 0 };
    Ok((statx.stx_dev_major, statx.stx_dev_minor, mount))
}

/// Removes what has been in the trash of this folder for longer than `days`.
pub fn purge(folder: &Path, days: u64) {
    let path = folder.join(FOLDER);
    let keep = Duration::from_secs(days.saturating_mul(24 * 3600));
    match purge_entries(folder, keep) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => tracing::warn!(%error, path = %path.display(), "the trash is not purged"),
    }
}

fn purge_entries(folder: &Path, keep: Duration) -> io::Result<()> {
    let trash = Place::find(folder, Path::new(""))?.trash(Missing::Leave)?;
    // By way of the open folder, whatever its name stands for by now.
    let trash_path = PathBuf::from(format!("/proc/self/fd/{}", trash.as_raw_fd()));
    for entry in fs::read_dir(&trash_path)? {
        let entry = entry?;
        if !is_ours(&entry.file_name()) {
            continue;
        }
        // Of a link its own, so that one is no folder.
        let meta = entry.metadata()?;
        let age = SystemTime::now().duration_since(meta.modified()?).unwrap_or_default();
        if meta.is_dir() && age > keep {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// Whether a folder of the trash bears a name as we give it.
fn is_ours(name: &std::ffi::OsStr) -> bool {
    let name = name.to_str();
    name.is_some_and(|name| name.parse::<VideoId>().is_ok_and(|id| id.to_string() == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn old(path: &Path) {
        let long_ago = SystemTime::now() - Duration::from_secs(100 * 24 * 3600);
        File::open(path).unwrap().set_modified(long_ago).unwrap();
    }

    fn doomed(root: &Path, path: &str) -> Doomed {
        Doomed { path: path.into(), ino: fs::metadata(root.join(path)).unwrap().ino() }
    }

    #[test]
    fn l6_files_go_to_the_trash_and_what_is_not_ours_stays_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let (root, id) = (folder.path(), VideoId::from_random(7));
        fs::create_dir(root.join("deep")).unwrap();
        fs::write(root.join("deep/talk.mp4"), "x").unwrap();
        discard(root, id, &[doomed(root, "deep/talk.mp4")]).unwrap();
        let entry = root.join(FOLDER).join(id.to_string());
        assert!(entry.join("talk.mp4").exists() && !root.join("deep/talk.mp4").exists());
        let foreign = root.join(FOLDER).join("holiday");
        fs::create_dir(&foreign).unwrap();
        purge(root, 7);
        assert!(entry.exists(), "not before its time");
        old(&entry);
        old(&foreign);
        purge(root, 7);
        assert!(!entry.exists());
        assert!(foreign.exists());
    }

    /// Somebody who may write to the root leads the trash to a folder that the daemon may write to.
    #[test]
    fn l6_a_trash_that_is_a_link_is_neither_used_nor_purged() {
        let folder = tempfile::tempdir().unwrap();
        let (root, victim) = (folder.path().join("root"), folder.path().join("victim"));
        let id = VideoId::from_random(7);
        let precious = victim.join(id.to_string());
        fs::create_dir_all(&precious).unwrap();
        fs::create_dir(&root).unwrap();
        fs::write(precious.join("letter"), "x").unwrap();
        fs::write(root.join("talk.mp4"), "x").unwrap();
        old(&precious);
        std::os::unix::fs::symlink(&victim, root.join(FOLDER)).unwrap();
        purge(&root, 7);
        assert!(precious.join("letter").exists());
        let refused = discard(&root, id, &[doomed(&root, "talk.mp4")]).unwrap_err();
        assert!(refused.contains("no folder"), "{refused}");
        assert!(matches!(check(&root, Path::new("")), Err(NoTrash::Other(_))));
        assert!(root.join("talk.mp4").exists());
        assert_eq!(fs::read_dir(&victim).unwrap().count(), 1);
        // The same one level below.
        fs::remove_file(root.join(FOLDER)).unwrap();
        fs::create_dir(root.join(FOLDER)).unwrap();
        std::os::unix::fs::symlink(&precious, root.join(FOLDER).join(id.to_string())).unwrap();
        purge(&root, 0);
        assert!(discard(&root, id, &[doomed(&root, "talk.mp4")]).is_err());
        assert_eq!(fs::read_dir(&precious).unwrap().count(), 1);
    }

    #[test]
    fn l6_a_folder_that_became_a_link_leads_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let (root, far) = (folder.path().join("root"), folder.path().join("far"));
        fs::create_dir(&root).unwrap();
        fs::create_dir(&far).unwrap();
        fs::write(far.join("talk.mp4"), "x").unwrap();
        std::os::unix::fs::symlink(&far, root.join("deep")).unwrap();
        let doomed = [doomed(&root, "deep/talk.mp4")];
        discard(&root, VideoId::from_random(7), &doomed).unwrap();
        assert!(far.join("talk.mp4").exists());
    }
}
