//! Why a file cannot be described. Each sentence is shown to admins.

use std::io;
use std::time::Duration;

use crate::guard::GuardError;

#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    #[error("the file is empty")]
    Empty,
    #[error("not a regular file")]
    NotRegular,
    #[error("the index (moov) is missing: the file is truncated or was not finished")]
    IndexMissing,
    #[error("the file is truncated: its media reach to byte {needed_bytes}, the file has {size_bytes}")]
    Truncated { needed_bytes: u64, size_bytes: u64 },
    #[error("the index is damaged: {0}")]
    Damaged(String),
    #[error("the index is larger than 64 MiB")]
    IndexTooLarge,
    #[error("the file has two indexes (moov), which may describe different videos")]
    IndexTwice,
    #[error("not a media file")]
    NotMedia,
    #[error("there is no video stream in the file")]
    NoVideo,
    #[error("the file refers to media in another file, which is refused")]
    ExternalReference,
    #[error("ffprobe is not installed; it is needed for files that are not MP4 and to encode those that are")]
    FfprobeMissing,
    #[error("ffprobe failed: {0}")]
    Ffprobe(String),
    #[error("ffprobe did not end within {} seconds", .0.as_secs())]
    TimedOut(Duration),
    #[error(transparent)]
    Guard(GuardError),
    #[error("the file is changing while it is read")]
    Changing,
    #[error("the file cannot be read: {0}")]
    Io(#[from] io::Error),
}

impl ProbeError {
    pub(super) fn damaged(why: impl Into<String>) -> Self {
        Self::Damaged(why.into())
    }
}
