//! What a media file is, as far as the rules need to know. Filled in by `media`, judged by `select` and `plan`.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// Which file it is and in which state: a change of any field means other bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileIdentity {
    pub dev: u64,
    pub ino: u64,
    pub size_bytes: u64,
    pub mtime_ns: i64,
}

/// What is in a file. Its [`Format`] reads as if it were part of it.
#[derive(Clone, PartialEq, Eq)]
pub struct MediaInfo {
    /// The same for many files of a library, and then in memory once.
    pub format: Arc<Format>,
    pub duration_ms: u64,
    /// Mean of the chosen video and audio stream together.
    pub bitrate_bps: u64,
}

impl MediaInfo {
    #[must_use]
    pub fn new(format: Format, duration_ms: u64, bitrate_bps: u64) -> Self {
        Self { format: Arc::new(format), duration_ms, bitrate_bps }
    }

    /// The same but for its format.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Format)) -> Self {
        change(Arc::make_mut(&mut self.format));
        self
    }
}

impl fmt::Debug for MediaInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Format { container, index, video, audio } = &*self.format;
        f.debug_struct("MediaInfo")
            .field("container", container)
            .field("index", index)
            .field("duration_ms", &self.duration_ms)
            .field("bitrate_bps", &self.bitrate_bps)
            .field("video", video)
            .field("audio", audio)
            .finish()
    }
}

impl Deref for MediaInfo {
    type Target = Format;

    fn deref(&self) -> &Format {
        &self.format
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Format {
    pub container: Container,
    pub index: Index,
    pub video: Option<VideoStream>,
    /// The default audio stream, if there is one.
    pub audio: Option<AudioStream>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Container {
    /// ISO base media with an MP4 brand (ISO/IEC 14496-14).
    Mp4,
    /// QuickTime (`qt  ` brand or none).
    Mov,
    /// Named as ffprobe names it.
    Other(String),
}

impl Container {
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Mp4 => "mp4",
            Self::Mov => "mov",
            Self::Other(name) => name,
        }
    }
}

/// Where the index (`moov`, ISO/IEC 14496-12, 8.2.1) lies and whether it could lie elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Index {
    /// Before the media: playback can start at once.
    First,
    /// After the media, and every offset in it can be rewritten.
    Last,
    /// After the media, and it cannot be moved natively, for this reason.
    Fixed(String),
    /// The container has no such thing.
    None,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VideoStream {
    pub codec: VideoCodec,
    /// Coded size in pixels, before any rotation.
    pub width: u32,
    pub height: u32,
    /// Mean frame rate in thousandths of a frame per second; 0 where unknown.
    pub fps_milli: u32,
    /// Clockwise, in degrees, as the container asks for: 0, 90, 180 or 270.
    pub rotation: u16,
    /// Stored as fields rather than frames.
    pub interlaced: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum VideoCodec {
    H264(H264),
    /// Named as ffprobe names it: `hevc`, `vp9`, `av1`, … What people should know besides follows after commas:
    /// `hevc, Main 10, HDR (PQ)`. Nothing is decided by it.
    Other(String),
}

impl VideoCodec {
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::H264(_) => "h264",
            Self::Other(words) => words.split(", ").next().unwrap_or_default(),
        }
    }
}

/// ITU-T H.264, 7.4.2.1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct H264 {
    /// `profile_idc`: 66 Baseline, 77 Main, 100 High, 110 High 10, …
    pub profile_idc: u8,
    /// `level_idc`: ten times the level, 42 for 4.2.
    pub level_idc: u8,
    /// 8 bits a sample, 4:2:0.
    pub plain_pixels: bool,
}

impl fmt::Display for H264 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.profile_idc {
            66 => f.write_str("Baseline")?,
            77 => f.write_str("Main")?,
            88 => f.write_str("Extended")?,
            100 => f.write_str("High")?,
            110 => f.write_str("High 10")?,
            122 => f.write_str("High 4:2:2")?,
            244 => f.write_str("High 4:4:4")?,
            other => write!(f, "profile {other}")?,
        }
        write!(f, "@{}.{}", self.level_idc / 10, self.level_idc % 10)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AudioStream {
    pub codec: AudioCodec,
    pub channels: u16,
    pub sample_rate_hz: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AudioCodec {
    /// MPEG-4 AAC, low complexity (audio object type 2, ISO/IEC 14496-3).
    AacLc,
    /// Named as ffprobe names it, other AAC profiles as `aac he`, …
    Other(String),
}

impl AudioCodec {
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::AacLc => "aac",
            Self::Other(name) => name,
        }
    }
}
