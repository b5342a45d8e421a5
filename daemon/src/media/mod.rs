//! What a file is: its identity, its streams, where its index lies, and the layout under which its bytes are served.
//! MP4 and QuickTime are read natively; every other container is described by ffprobe.

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

pub use self::error::ProbeError;
pub(crate) use self::ffprobe::{file_url, printable};
pub use self::picks::{Picks, StreamRef};
pub use self::source::{ReadAt, identity, identity_of_metadata, open};
pub use self::tools::{Survey, Tools};

use crate::core::media::{FileIdentity, Index, MediaInfo};

/// What a probe found, and in which state of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    pub identity: FileIdentity,
    pub info: MediaInfo,
    /// How ffmpeg is told which streams `info` describes.
    pub picks: Picks,
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
    let (info, picks) = found?;
    Ok(Probed { identity: before, info, picks })
}

fn describe(path: &Path, file: &File, tools: &Tools) -> Result<(MediaInfo, Picks), ProbeError> {
    if !mp4::looks_like_iso_media(file)? {
        return ffprobe::probe(path, tools);
    }
    match mp4::probe(file)? {
        mp4::Native::Described(info, picks) => Ok((info, picks)),
        mp4::Native::Compressed => {
            let (info, picks) = ffprobe::probe(path, tools)?;
            let fixed = Index::Fixed("the index is compressed (cmov)".to_owned());
            Ok((info.with(|format| format.index = fixed), picks))
        }
    }
}
