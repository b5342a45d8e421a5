//! Changes: durable, numbered and attributed (S2), and what a subscriber is pushed.

use serde::{Deserialize, Serialize};

use crate::conversion::ProgressView;
use crate::ids::{Label, Token, VideoId};
use crate::status::ScanProgressView;
use crate::time::Timestamp;

/// One durable change. `seq` starts at 1 and has no gaps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventView {
    pub seq: u64,
    pub at: Timestamp,
    /// A user's name, or `vodpostd` where nobody asked.
    pub actor: String,
    /// Absent where nobody asked.
    pub uid: Option<u32>,
    pub what: EventKind,
    pub video: Option<VideoId>,
    pub title: Option<String>,
    pub label: Option<Label>,
    pub token: Option<Token>,
    /// The cause, or the reason given.
    pub detail: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    AccountSubmitted,
    AccountApproved,
    AccountRejected,
    AccountRevoked,
    ServiceActivated,
    VideoAdded,
    VideoRenamed,
    SourceReplaced,
    SourceMissing,
    SourceReturned,
    SourceSuspended,
    SourceResumed,
    SourceDeleted,
    ConversionRequested,
    ConversionStarted,
    ConversionReady,
    ConversionFailed,
    ConversionCancelled,
    PostingCreated,
    PostingSuspended,
    PostingResumed,
    RenditionsChanged,
    /// It failed for a cause that may pass, and is tried again.
    ConversionDelayed,
    /// C3: it would miss its deadline.
    ConversionLate,
    QueuePaused,
    QueueResumed,
    /// P7: the platform shows it while it is live.
    PostingListed,
    PostingUnlisted,
    /// L5: a video that never had a URL, and whose files did not come back. It is in no list any more.
    VideoForgotten,
    /// A folder became part of the library; `detail` is its path.
    RootAdded,
    RootRemoved,
}

impl EventKind {
    /// The name used in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AccountSubmitted => "account_submitted",
            Self::AccountApproved => "account_approved",
            Self::AccountRejected => "account_rejected",
            Self::AccountRevoked => "account_revoked",
            Self::ServiceActivated => "service_activated",
            Self::VideoAdded => "video_added",
            Self::VideoRenamed => "video_renamed",
            Self::SourceReplaced => "source_replaced",
            Self::SourceMissing => "source_missing",
            Self::SourceReturned => "source_returned",
            Self::SourceSuspended => "source_suspended",
            Self::SourceResumed => "source_resumed",
            Self::SourceDeleted => "source_deleted",
            Self::ConversionRequested => "conversion_requested",
            Self::ConversionStarted => "conversion_started",
            Self::ConversionReady => "conversion_ready",
            Self::ConversionFailed => "conversion_failed",
            Self::ConversionCancelled => "conversion_cancelled",
            Self::PostingCreated => "posting_created",
            Self::PostingSuspended => "posting_suspended",
            Self::PostingResumed => "posting_resumed",
            Self::RenditionsChanged => "renditions_changed",
            Self::ConversionDelayed => "conversion_delayed",
            Self::ConversionLate => "conversion_late",
            Self::QueuePaused => "queue_paused",
            Self::QueueResumed => "queue_resumed",
            Self::PostingListed => "posting_listed",
            Self::PostingUnlisted => "posting_unlisted",
            Self::VideoForgotten => "video_forgotten",
            Self::RootAdded => "root_added",
            Self::RootRemoved => "root_removed",
        }
    }
}

/// Sent unasked to a connection that subscribed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Push {
    Event(EventView),
    Progress(ProgressView),
    /// The subscriber was too slow and pushes were left out: read everything anew; `seq` is the newest event.
    Resync {
        seq: u64,
    },
    /// A look at the roots that has files to look into.
    Scan(ScanProgressView),
}
