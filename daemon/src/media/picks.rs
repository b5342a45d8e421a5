//! Which of a file's streams are meant, in terms that ffmpeg's `-map` understands.

use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picks {
    pub video: StreamRef,
    pub audio: Option<StreamRef>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamRef {
    /// `track_ID` (ISO/IEC 14496-12, 8.3.2); ffmpeg numbers streams of an MP4 in an order of its own.
    TrackId(u32),
    /// ffprobe's stream index.
    Position(u32),
}

impl fmt::Display for StreamRef {
    /// As a stream specifier of ffmpeg.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TrackId(id) => write!(f, "i:{id}"),
            Self::Position(index) => write!(f, "{index}"),
        }
    }
}
