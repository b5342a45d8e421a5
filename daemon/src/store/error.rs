//! What can be wrong with the state on disk, with what the admin should do about it.

use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("cannot {action} {}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    /// Of one record or of the state table, which can be rebuilt.
    #[error("{what} is damaged: {detail}")]
    Damaged { what: String, detail: String },
    #[error(
        "the commit log {} is damaged at byte {offset}. Nothing was changed. Move the state folder away and restore a \
         backup: vodpostd restore FILE",
        path.display()
    )]
    LogDamaged { path: PathBuf, offset: u64 },
    #[error(
        "{} is damaged: {detail}. Nothing was changed. Move the state folder away and restore a backup: vodpostd restore \
         FILE",
        path.display()
    )]
    SnapshotDamaged { path: PathBuf, detail: String },
    #[error(
        "the commit log in {} misses commits {from} to {to}: files are missing from it or from the folder snapshot. \
         Nothing was changed. Put them back, or move the state folder away and restore a backup: vodpostd restore FILE",
        folder.display()
    )]
    LogGap { folder: PathBuf, from: u64, to: u64 },
    #[error(
        "{what} in {} has commit {known}, but the commit log ends at {logged}: files are missing from the folder log, or \
         its end is damaged. Nothing was changed. Put them back, or move the state folder away and restore a backup: \
         vodpostd restore FILE",
        folder.display()
    )]
    LogBehind { what: &'static str, folder: PathBuf, known: u64, logged: u64 },
    #[error(
        "the state in {} is gone: {left} is there, but neither log nor snapshot. Nothing was changed. Put them back, or \
         move the state folder away and restore a backup: vodpostd restore FILE. To begin anew, move the folder away",
        folder.display()
    )]
    Gone { folder: PathBuf, left: &'static str },
    #[error(
        "the state in {} cannot be read: {why}. Nothing was changed. Move the state folder away and restore a backup: \
         vodpostd restore FILE",
        folder.display()
    )]
    Unreadable { folder: PathBuf, why: String },
    #[error("a restore into {} was not finished; run it again: vodpostd restore FILE", folder.display())]
    RestoreUnfinished { folder: PathBuf },
    #[error("the backup {} is damaged or none: {detail}. Nothing was changed. Use another one", path.display())]
    NoBackup { path: PathBuf, detail: String },
    #[error(
        "{what} was written by a newer vodpostd (schema {found}, this one knows up to {known}). Nothing was changed. Use \
         that version"
    )]
    Newer { what: String, found: u8, known: u8 },
    #[error("a change cannot be encoded")]
    Encode(#[source] bincode::error::EncodeError),
    #[error("the change is too large to be stored at once")]
    TooLarge,
    #[error("what was to be used is closed")]
    Closed,
}

impl StoreError {
    pub(super) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), source }
    }

    pub(super) fn damaged(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Damaged { what: what.into(), detail: detail.into() }
    }
}
