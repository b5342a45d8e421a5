//! What a client may know about a conversion: the job that makes the streamable MP4.

use serde::{Deserialize, Serialize};

use crate::ids::VideoId;
use crate::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConversionView {
    pub state: ConversionState,
    pub plan: Option<PlanKind>,
    /// What the plan does to each stream and why, in one line.
    pub plan_why: Option<String>,
    /// 0 to 1 while running.
    pub progress: Option<f64>,
    /// Media seconds per second.
    pub speed: Option<f64>,
    pub eta_s: Option<u64>,
    pub attempt: u32,
    pub requested_at: Option<Timestamp>,
    pub deadline: Option<Timestamp>,
    /// Why it failed, in one sentence.
    pub reason: Option<String>,
    /// The last lines that the tool printed before it failed.
    pub output: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConversionState {
    None,
    Queued,
    Running,
    Failed,
    Ready,
}

/// The work that a file needs, from none to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanKind {
    /// Served as it is.
    Direct,
    /// Only the index moves to the front; nothing is copied.
    Relocate,
    /// Streams are copied into a new MP4.
    Remux,
    /// At least one stream is encoded anew.
    Transcode,
}

impl PlanKind {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Relocate => "relocate",
            Self::Remux => "remux",
            Self::Transcode => "transcode",
        }
    }
}

/// One row of `vodpost jobs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobView {
    pub video: VideoId,
    pub title: String,
    pub conversion: ConversionView,
}

/// How far a running conversion is. Pushed at most four times a second, never stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProgressView {
    pub video: VideoId,
    pub attempt: u32,
    pub progress: f64,
    pub speed: Option<f64>,
    pub eta_s: Option<u64>,
}
