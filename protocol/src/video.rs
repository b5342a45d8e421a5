//! What a client may know about a video. Field names are the JSON contract of `vodpost show --json`.

use serde::{Deserialize, Serialize};

use crate::conversion::ConversionView;
use crate::event::EventKind;
use crate::ids::VideoId;
use crate::posting::PostingView;
use crate::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VideoView {
    pub id: VideoId,
    /// The common base name of the files. Hostile text: it is whatever the file is called.
    pub title: String,
    /// The library root, and the folder below it (empty at the top).
    pub root: String,
    pub folder: String,
    pub state: VideoState,
    pub added_at: Timestamp,
    pub source: SourceView,
    pub renditions: Vec<RenditionView>,
    pub conversion: ConversionView,
    pub postings: Vec<PostingView>,
    /// The last change somebody made to this video, if any is remembered.
    pub last_change: Option<LastChange>,
}

/// One word for a whole video, for lists and `ls --state`. Derived from the rest, in this order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VideoState {
    /// The source was deleted; its URLs are invalid for ever.
    Deleted,
    /// The files are not there at the moment.
    Missing,
    /// A conversion is under way.
    Converting,
    /// A conversion waits for its turn.
    Queued,
    /// The last conversion failed.
    Failed,
    /// The source, or every posting, is switched off.
    Suspended,
    /// At least one URL is live.
    Live,
    /// Nothing has been generated yet.
    New,
    /// None of the files can be used; each rendition says why.
    Unusable,
}

impl VideoState {
    pub const ALL: [Self; 9] = [
        Self::Deleted,
        Self::Missing,
        Self::Converting,
        Self::Queued,
        Self::Failed,
        Self::Suspended,
        Self::Live,
        Self::New,
        Self::Unusable,
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Missing => "missing",
            Self::Converting => "converting",
            Self::Queued => "queued",
            Self::Failed => "failed",
            Self::Suspended => "suspended",
            Self::Live => "live",
            Self::New => "new",
            Self::Unusable => "unusable",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Switch {
    On,
    Off,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceView {
    pub state: SourceState,
    pub switch: Switch,
    /// Since when it is missing or deleted.
    pub since: Option<Timestamp>,
    /// When a missing source will count as deleted; absent when it never will (its root cannot be read).
    pub gone_at: Option<Timestamp>,
    /// Why it is missing, or who deleted it and how.
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    Present,
    Missing,
    Deleted,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RenditionView {
    /// Path below the root.
    pub path: String,
    /// `mp4`, `mov`, `matroska`, …; absent where the file could not be read.
    pub container: Option<String>,
    pub video: Option<String>,
    pub audio: Option<String>,
    /// H.264 profile and level as in `High@4.0`, where known.
    pub profile: Option<String>,
    pub width: u32,
    pub height: u32,
    pub fps: f64,
    /// Mean of video and audio together.
    pub bitrate_bps: u64,
    pub duration_ms: u64,
    pub size_bytes: u64,
    pub index_first: bool,
    pub selected: bool,
    /// Why it was chosen, or why not; for an unreadable file what is wrong with it.
    pub why: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastChange {
    pub at: Timestamp,
    pub actor: String,
    pub what: EventKind,
}
