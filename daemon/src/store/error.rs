//! What can be wrong with the state on disk, with what the admin should do about it.

use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("cannot {action} {}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    #[error("{what} is damaged: {detail}")]
    Damaged { what: String, detail: String },
    #[error(
        "{} is damaged in the middle (at byte {offset}). Nothing was changed. Restore the state folder from a backup",
        path.display()
    )]
    LogDamaged { path: PathBuf, offset: u64 },
    #[error(
        "the commit log in {} misses commits {from} to {to}. Nothing was changed. Put the missing files back, or restore \
         the state folder from a backup",
        folder.display()
    )]
    LogGap { folder: PathBuf, from: u64, to: u64 },
    #[error(
        "the state table in {} has commit {applied}, but its commit log ends at {logged}: files are missing from the \
         folder log. Nothing was changed. Put them back, or restore the state folder from a backup",
        folder.display()
    )]
    LogBehind { folder: PathBuf, applied: u64, logged: u64 },
    #[error(
        "the state in {} cannot be read ({why}), and snapshot and log do not reach back far enough to rebuild it. Nothing \
         was changed. Restore the state folder from a backup",
        folder.display()
    )]
    Unrecoverable { folder: PathBuf, why: String },
    #[error(
        "{what} was written by a newer vodpostd (schema {found}, this one knows up to {known}). Use that version"
    )]
    Newer { what: String, found: u8, known: u8 },
    #[error("a change cannot be encoded")]
    Encode(#[source] bincode::error::EncodeError),
    #[error("the commit log cannot be written any more since an earlier error; restart the daemon")]
    Poisoned,
}

impl StoreError {
    pub(super) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), source }
    }

    pub(super) fn damaged(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Damaged { what: what.into(), detail: detail.into() }
    }
}

/// `folder/base.1`, or the first number that is free.
pub(super) fn free_name(folder: &Path, base: &str) -> Result<PathBuf, StoreError> {
    (1..10_000u32)
        .map(|number| folder.join(format!("{base}.{number}")))
        .find(|path| !path.exists())
        .ok_or_else(|| StoreError::io("find a free name in", folder, io::ErrorKind::AlreadyExists.into()))
}

/// Makes a rename or a new file in `folder` survive a power loss.
pub(super) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    std::fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| StoreError::io("sync", folder, source))
}
