//! Backup and restore: a snapshot in one file, with the key that seals document numbers as one more record.
//!
//! A backup is consistent because it is written between two commits. It holds the state, not the videos, and not the
//! converted files, which are made again.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::error::{StoreError, sync_folder};
use super::snapshot::{self, With};
use super::table::Table;

const KEY_RECORD: &[u8] = b"k/account";

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The commit up to which it goes.
    pub seq: u64,
    pub size_bytes: u64,
}

/// Writes a backup; never over an existing file.
pub(super) fn write(target: &Path, seq: u64, table: &Table, key_file: &Path) -> Result<Backup, StoreError> {
    let failed = |action| move |source| StoreError::io(action, target, source);
    if target.exists() {
        return Err(failed("overwrite")(std::io::ErrorKind::AlreadyExists.into()));
    }
    let key = std::fs::read(key_file).map_err(|source| StoreError::io("read", key_file, source))?;
    let mut name = target.as_os_str().to_owned();
    name.push(".unfinished");
    let unfinished = PathBuf::from(name);
    let written = snapshot::write_file(&unfinished, seq, &With { table, key: KEY_RECORD, value: &key })
        // What cannot be read back is no backup.
        .and_then(|()| snapshot::read(&unfinished).map(|_readable| ()))
        // A link, unlike a rename, does not replace what somebody put there meanwhile.
        .and_then(|()| std::fs::hard_link(&unfinished, target).map_err(failed("write")));
    let removed = std::fs::remove_file(&unfinished);
    written?;
    removed.map_err(|source| StoreError::io("remove", &unfinished, source))?;
    sync_folder(target.parent().unwrap_or(Path::new("/")))?;
    let size_bytes = std::fs::metadata(target).map_err(failed("look at"))?.len();
    Ok(Backup { seq, size_bytes })
}

/// Fills an empty state folder from a backup. The caller holds its lock.
///
/// # Errors
/// When the backup does not check, or the folder holds a state already; nothing is changed then.
pub fn restore(backup: &Path, folder: &Path, key_file: &Path) -> Result<Backup, StoreError> {
    for name in ["log", "db", "snapshot"] {
        let path = folder.join(name);
        if path.exists() {
            return Err(StoreError::io("restore over", &path, std::io::ErrorKind::AlreadyExists.into()));
        }
    }
    if key_file.exists() {
        return Err(StoreError::io("restore over", key_file, std::io::ErrorKind::AlreadyExists.into()));
    }
    let snapshot = snapshot::read(backup)?;
    let (keys, records): (Vec<_>, Vec<_>) =
        snapshot.records.into_iter().partition(|(key, _)| key == KEY_RECORD);
    let [(_, key)] = keys.as_slice() else {
        return Err(StoreError::damaged(backup.display().to_string(), "it is a snapshot, but no backup"));
    };
    let failed = |source| StoreError::io("write", key_file, source);
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(key_file).map_err(failed)?;
    file.write_all(key).and_then(|()| file.sync_all()).map_err(failed)?;
    // Last, because the snapshot is what makes the folder a state.
    snapshot::write(&folder.join("snapshot"), snapshot.seq, records.as_slice())?;
    sync_folder(folder)?;
    let size_bytes =
        std::fs::metadata(backup).map_err(|source| StoreError::io("look at", backup, source))?.len();
    Ok(Backup { seq: snapshot.seq, size_bytes })
}
