//! What a client may know about a conversion: the job that makes the streamable MP4.

use serde::{Deserialize, Serialize};

use crate::ids::VideoId;
use crate::status::Problem;
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
    /// What it waits for, in one sentence, while it is queued.
    pub waiting_for: Option<String>,
    /// When it is tried again after a failure whose cause may pass; `reason` says what went wrong.
    pub retry_at: Option<Timestamp>,
    /// When it should be ready, by the speed that was measured here and what comes before it.
    pub expected_at: Option<Timestamp>,
    /// By how much it would miss its deadline then (C3).
    pub late_by_s: Option<u64>,
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

impl ConversionState {
    /// The name used in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Failed => "failed",
            Self::Ready => "ready",
        }
    }
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

/// The conversions that run and wait, in the order in which they will start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobsView {
    pub jobs: Vec<JobView>,
    /// Jobs beyond those listed.
    pub left_out: u64,
    /// How many run at a time, not counting those that write nothing.
    pub workers: u32,
    /// Nothing that takes a worker is started.
    pub paused: Option<PausedView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PausedView {
    pub at: Timestamp,
    pub by: String,
}

/// Whether conversions that nobody has ordered yet would be ready in time, in their turns among those that are under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ForecastView {
    pub jobs: Vec<ForecastJob>,
    /// Those asked about that need none: they are live already, or cannot be converted; with the reason.
    pub left_out: Vec<Problem>,
    /// How long until the last of them is ready.
    pub ready_in_s: u64,
    /// The span that they have: the deadline of a conversion, or what was asked for.
    pub within_s: u64,
    /// Whether every one of them is ready by then, makes no other one late, and finds room.
    pub fits: bool,
    pub workers: u32,
    /// Bytes that they may take in the artifact folder, and that are free there and needed by no other conversion.
    pub needs_bytes: u64,
    pub free_bytes: Option<u64>,
    /// The speeds were measured on this machine rather than assumed.
    pub measured: bool,
    /// Those in the queue already that would miss their deadlines because of them; with by how much.
    pub delayed: Vec<Problem>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForecastJob {
    pub video: VideoId,
    pub title: String,
    pub plan: PlanKind,
    pub plan_why: String,
    /// How long a worker is busy with it.
    pub work_s: u64,
    pub ready_in_s: u64,
    pub fits: bool,
}

/// How far a running conversion is. Pushed at most four times a second, of all
/// conversions together, which take turns; never stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProgressView {
    pub video: VideoId,
    pub attempt: u32,
    pub progress: f64,
    pub speed: Option<f64>,
    pub eta_s: Option<u64>,
}
