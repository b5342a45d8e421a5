//! Backup and restore: a snapshot in one file, with the key that seals document numbers as one more record.
//!
//! A backup is consistent because it is written between two commits. It is made of snapshot and log, never of the state
//! table. It holds the state, not the videos, and not the converted files, which are made again.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::background::Stop;
use super::disk::{self, Disk, System};
use super::error::StoreError;
use super::log::{Log, Sealed};
use super::record;
use super::snapshot::{self, Each, Records};
use super::truth::Truth;

const KEY_RECORD: &[u8] = b"k/account";
/// There while a restore is under way.
const RESTORING: &str = "restoring";

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The commit up to which it goes.
    pub seq: u64,
    pub size_bytes: u64,
}

/// A backup that is to be written.
pub struct BackupJob {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) snapshot: Option<(u64, PathBuf)>,
    pub(super) parts: Vec<Sealed>,
    pub(super) seq: u64,
    /// Keeps the files from being removed.
    pub(super) _in_use: Arc<()>,
}

impl BackupJob {
    /// Writes everything, with the key in `key_file`, into one new file. Takes as long as the state is large.
    ///
    /// # Errors
    /// When it cannot be written, there is such a file already, or `stop` was set meanwhile.
    pub fn write(self, target: &Path, key_file: &Path, stop: Stop) -> Result<Backup, StoreError> {
        let truth = Truth::read(Arc::clone(&self.disk), self.snapshot, &self.parts, stop)?;
        write(&*self.disk, target, self.seq, &truth, key_file)
    }
}

struct WithKey<'a> {
    truth: &'a Truth,
    key: &'a [u8],
}

impl Records for WithKey<'_> {
    fn for_each(&self, each: &mut Each<'_>) -> Result<(), StoreError> {
        self.truth.for_each(&mut *each)?;
        each(KEY_RECORD, self.key)
    }
}

/// Nothing that exists is ever overwritten.
fn exists(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, what)
}

/// Writes a backup; never over an existing file.
fn write(
    disk: &dyn Disk,
    target: &Path,
    seq: u64,
    truth: &Truth,
    key_file: &Path,
) -> Result<Backup, StoreError> {
    let failed = |action| move |source| StoreError::io(action, target, source);
    if disk.exists(target).map_err(failed("look at"))? {
        return Err(failed("write")(exists("there is such a file already")));
    }
    let key = disk.read(key_file).map_err(|source| StoreError::io("read", key_file, source))?;
    let mut name = target.as_os_str().to_owned();
    name.push(".unfinished");
    let unfinished = PathBuf::from(name);
    let written = snapshot::write_file(disk, &unfinished, seq, &WithKey { truth, key: &key })
        // A link, unlike a rename, does not replace what somebody put there meanwhile.
        .and_then(|()| disk.link(&unfinished, target).map_err(failed("write")));
    let removed = disk.remove(&unfinished);
    written?;
    removed.map_err(|source| StoreError::io("remove", &unfinished, source))?;
    let folder = target.parent().unwrap_or(Path::new("/"));
    disk.sync_folder(folder).map_err(|source| StoreError::io("sync", folder, source))?;
    let size_bytes = disk.len(target).map_err(failed("look at"))?;
    Ok(Backup { seq, size_bytes })
}

/// Fills an empty state folder from a backup. The caller holds its lock.
///
/// # Errors
/// When the backup does not check, or the folder holds a state already; nothing is changed then.
pub fn restore(backup: &Path, folder: &Path, key_file: &Path) -> Result<Backup, StoreError> {
    restore_on(Arc::new(System), backup, folder, key_file)
}

pub(super) fn restore_on(
    disk: Arc<dyn Disk>,
    backup: &Path,
    folder: &Path,
    key_file: &Path,
) -> Result<Backup, StoreError> {
    let restoring = folder.join(RESTORING);
    if is_unfinished(&*disk, folder)? {
        // Everything there is of the earlier attempt, which began in an empty folder.
        clear(&*disk, folder, key_file)?;
    }
    for path in [folder.join("log"), folder.join("db"), folder.join("snapshot"), key_file.to_owned()] {
        if holds_something(&*disk, &path)? {
            return Err(StoreError::io("restore to", folder, exists("there is a state in it already")));
        }
    }
    let mut key = None;
    let no_backup = |error| match error {
        StoreError::SnapshotDamaged { path, detail } => StoreError::NoBackup { path, detail },
        StoreError::Damaged { what, detail } => {
            StoreError::NoBackup { path: backup.to_owned(), detail: format!("{what}: {detail}") }
        }
        StoreError::Newer { found, known, .. } => {
            StoreError::Newer { what: "the backup".to_owned(), found, known }
        }
        other => other,
    };
    let seq = snapshot::read(&*disk, backup, &mut |name, value| {
        if name == KEY_RECORD {
            key = Some(value.to_vec());
        } else {
            // One that a newer version wrote is refused here, and not at the next start.
            drop(record::read(name, value)?);
        }
        Ok(())
    })
    .map_err(no_backup)?;
    let Some(key) = key else {
        let detail = "it is a snapshot without a key".to_owned();
        return Err(StoreError::NoBackup { path: backup.to_owned(), detail });
    };
    let unfinished = folder.join("restoring.new");
    drop(disk::replace(&*disk, &restoring, &unfinished, b"")?);
    drop(disk::replace(&*disk, key_file, &unfinished, &key)?);
    drop(Log::create(Arc::clone(&disk), &folder.join("log"), seq)?);
    snapshot::write(&*disk, &folder.join("snapshot"), seq, &Restored { disk: &*disk, backup })?;
    // From here on the folder is a state.
    disk.remove(&restoring).map_err(|source| StoreError::io("remove", &restoring, source))?;
    disk.sync_folder(folder).map_err(|source| StoreError::io("sync", folder, source))?;
    let size_bytes = disk.len(backup).map_err(|source| StoreError::io("look at", backup, source))?;
    Ok(Backup { seq, size_bytes })
}

/// Whether a restore into this folder was not finished.
pub(super) fn is_unfinished(disk: &dyn Disk, folder: &Path) -> Result<bool, StoreError> {
    let path = folder.join(RESTORING);
    disk.exists(&path).map_err(|source| StoreError::io("look at", &path, source))
}

struct Restored<'a> {
    disk: &'a dyn Disk,
    backup: &'a Path,
}

impl Records for Restored<'_> {
    fn for_each(&self, each: &mut Each<'_>) -> Result<(), StoreError> {
        snapshot::read(self.disk, self.backup, &mut |key, value| {
            if key == KEY_RECORD { Ok(()) } else { each(key, value) }
        })
        .map(|_seq| ())
    }
}

fn holds_something(disk: &dyn Disk, path: &Path) -> Result<bool, StoreError> {
    let failed = |source| StoreError::io("look at", path, source);
    if !disk.exists(path).map_err(failed)? {
        return Ok(false);
    }
    match disk.list(path) {
        Ok(entries) => Ok(!entries.is_empty()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(true),
        Err(error) => Err(failed(error)),
    }
}

fn clear(disk: &dyn Disk, folder: &Path, key_file: &Path) -> Result<(), StoreError> {
    let list = |path: &Path| disk.list(path).map_err(|source| StoreError::io("list", path, source));
    let mut paths = list(&folder.join("snapshot"))?;
    paths.extend(list(&folder.join("log"))?);
    paths.push(key_file.to_owned());
    for path in paths {
        match disk.remove(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(StoreError::io("remove", &path, source)),
        }
    }
    Ok(())
}
