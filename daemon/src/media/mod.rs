//! What a file is: its identity, its streams, where its index lies, and the layout under which its bytes are served.
//! MP4 and QuickTime are read natively; every other container is described by ffprobe.

pub mod details;
mod error;
mod ffprobe;
pub mod mp4;
mod picks;
mod source;
mod tools;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::Path;

pub use self::details::Details;
pub use self::error::ProbeError;
pub(crate) use self::ffprobe::{file_url, printable};
pub use self::picks::{Picks, StreamRef};
pub use self::source::{ReadAt, identity, identity_of_metadata, open};
pub use self::tools::{Survey, Tools};

use crate::core::media::{FileIdentity, MediaInfo};

/// What a probe found, and in which state of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    pub identity: FileIdentity,
    pub info: MediaInfo,
    /// How ffmpeg is told which streams `info` describes.
    pub picks: Picks,
    /// What ffprobe said beyond that. A native probe does not ask it; [`look_closer`] does.
    pub details: Option<Details>,
}

/// Finds out what a file is, by its content. Blocks: some reads for an MP4, a child process for the rest.
pub fn probe(path: &Path, tools: &Tools) -> Result<Probed, ProbeError> {
    let file = open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(ProbeError::NotRegular);
    }
    if metadata.len() == 0 {
        return Err(ProbeError::Empty);
    }
    let before = identity_of_metadata(&metadata);
    let found = describe(path, &file, tools);
    // A file that is still being written looks damaged more often than not: say the cause, not the symptom.
    let after = identity_of_metadata(&std::fs::metadata(path)?);
    if before != after {
        return Err(ProbeError::Changing);
    }
    let Found { info, picks, details } = found?;
    Ok(Probed { identity: before, info, picks, details })
}

struct Found {
    info: MediaInfo,
    picks: Picks,
    details: Option<Details>,
}

fn describe(path: &Path, file: &File, tools: &Tools) -> Result<Found, ProbeError> {
    if !mp4::looks_like_iso_media(file)? {
        return ffprobe::probe(path, tools);
    }
    let (info, picks) = mp4::probe(file)?;
    Ok(Found { info, picks, details: None })
}

/// The details of a file whose pictures are about to be encoded. Blocks, on a child process if they are not known yet.
pub fn look_closer(path: &Path, probed: &Probed, tools: &Tools) -> Result<Details, ProbeError> {
    match &probed.details {
        Some(details) => Ok(details.clone()),
        None => ffprobe::details(path, probed.picks, tools),
    }
}
