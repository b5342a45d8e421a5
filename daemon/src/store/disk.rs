//! Every touch of the disk by the store, as one trait: the operating system in the daemon, a disk that fails and loses
//! power on purpose in the tests.
//!
//! There is no way to open an existing file for writing. A file is written by the daemon that created it and only until
//! its first failed write or sync: what the page cache holds after a failed sync is unknown, and a second sync of the
//! same file would report success for bytes that never reached the disk.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::error::StoreError;
use super::tree::{self, Tree};

pub(super) trait Disk: Send + Sync {
    fn exists(&self, path: &Path) -> io::Result<bool>;
    fn len(&self, path: &Path) -> io::Result<u64>;
    /// What is in a folder; nothing where there is no such folder.
    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>>;
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    fn reader(&self, path: &Path) -> io::Result<Box<dyn Read>>;
    /// Makes a folder for the daemon's user alone. One that exists is left as it is.
    fn make_folder(&self, path: &Path) -> io::Result<()>;
    /// Creates a file, never over an existing one.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// A second name for a file, never over an existing one.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes what was created, renamed and removed in a folder survive a power loss.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    /// Removes a folder of a tree with everything in it.
    fn remove_tree(&self, path: &Path) -> io::Result<()>;
    /// Opens the tree in a folder, or makes a new one there.
    fn tree(&self, path: &Path, notices: &mut Vec<String>) -> Result<Box<dyn Tree>, StoreError>;
}

pub(super) trait DiskFile: Send + Sync {
    fn write_at(&mut self, bytes: &[u8], at: u64) -> io::Result<()>;
    /// Returns when everything written so far would survive a power loss.
    fn sync(&mut self) -> io::Result<()>;
}

/// The operating system's.
pub(super) struct System;

impl Disk for System {
    fn exists(&self, path: &Path) -> io::Result<bool> {
        path.try_exists()
    }

    fn len(&self, path: &Path) -> io::Result<u64> {
        Ok(std::fs::metadata(path)?.len())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        match std::fs::read_dir(folder) {
            Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn reader(&self, path: &Path) -> io::Result<Box<dyn Read>> {
        Ok(Box::new(BufReader::with_capacity(1 << 18, File::open(path)?)))
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        Ok(Box::new(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::hard_link(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    fn remove_tree(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_dir_all(path)
    }

    fn tree(&self, path: &Path, notices: &mut Vec<String>) -> Result<Box<dyn Tree>, StoreError> {
        tree::open(path, notices)
    }
}

impl DiskFile for File {
    fn write_at(&mut self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.write_all_at(bytes, at)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// `folder/base.1`, or the first number that is free.
pub(super) fn free_name(disk: &dyn Disk, folder: &Path, base: &str) -> Result<PathBuf, StoreError> {
    for number in 1..10_000u32 {
        let path = folder.join(format!("{base}.{number}"));
        if !disk.exists(&path).map_err(|source| StoreError::io("look at", &path, source))? {
            return Ok(path);
        }
    }
    Err(StoreError::io("find a free name in", folder, io::ErrorKind::AlreadyExists.into()))
}

/// Writes a new file whole, durably, by way of another name; one that is there already is replaced.
pub(super) fn replace(
    disk: &dyn Disk,
    path: &Path,
    unfinished: &Path,
    bytes: &[u8],
) -> Result<Box<dyn DiskFile>, StoreError> {
    let mut file = create_anew(disk, unfinished)?;
    file.write_at(bytes, 0)
        .and_then(|()| file.sync())
        .map_err(|source| StoreError::io("write to", unfinished, source))?;
    publish(disk, unfinished, path)?;
    Ok(file)
}

/// Creates a file where an earlier attempt may have left one.
pub(super) fn create_anew(disk: &dyn Disk, path: &Path) -> Result<Box<dyn DiskFile>, StoreError> {
    match disk.remove(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(StoreError::io("remove", path, source)),
    }
    disk.create(path).map_err(|source| StoreError::io("create", path, source))
}

/// Gives a synced file its final name, durably.
pub(super) fn publish(disk: &dyn Disk, unfinished: &Path, path: &Path) -> Result<(), StoreError> {
    disk.rename(unfinished, path).map_err(|source| StoreError::io("rename", unfinished, source))?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    disk.sync_folder(folder).map_err(|source| StoreError::io("sync", folder, source))
}

/// Makes a folder durably; whether it was missing.
pub(super) fn make_folder(disk: &dyn Disk, path: &Path) -> Result<(), StoreError> {
    let missing = !disk.exists(path).map_err(|source| StoreError::io("look at", path, source))?;
    if missing {
        disk.make_folder(path).map_err(|source| StoreError::io("create", path, source))?;
    }
    // Always, because an earlier daemon may have ended between making it and this.
    let above = path.parent().unwrap_or(Path::new("/"));
    disk.sync_folder(above).map_err(|source| StoreError::io("sync", above, source))
}
