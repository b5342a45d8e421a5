//! States, causes and changes in plain words, each a fragment that fits into a line or a sentence.

use vodpost_protocol::account::{AccountKind, DocumentKind, ServiceState, VerificationState};
use vodpost_protocol::conversion::{ConversionState, PlanKind};
use vodpost_protocol::event::EventKind;
use vodpost_protocol::posting::{Cause, PostingState};
use vodpost_protocol::video::{SourceState, Switch, VideoState};

#[must_use]
pub fn posting_state(state: PostingState) -> &'static str {
    match state {
        PostingState::Live => "live",
        PostingState::Suspended => "suspended",
        PostingState::Pending => "pending",
        PostingState::Invalid => "invalid",
    }
}

/// Why a posting is not live.
#[must_use]
pub fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Posting => "this URL is suspended",
        Cause::Source => "the video is suspended",
        Cause::Missing => "the files are missing",
        Cause::Converting => "it is being converted",
        Cause::ConversionFailed => "the conversion did not succeed",
        Cause::Deleted => "the video was deleted",
    }
}

/// All causes in one phrase; empty for a live posting.
#[must_use]
pub fn causes(causes: &[Cause]) -> String {
    causes.iter().map(|one| cause(*one)).collect::<Vec<_>>().join(", ")
}

/// A change, as what happened.
#[must_use]
pub fn event(what: EventKind) -> &'static str {
    match what {
        EventKind::AccountSubmitted => "account submitted for verification",
        EventKind::AccountApproved => "account approved",
        EventKind::AccountRejected => "account rejected",
        EventKind::AccountRevoked => "account revoked",
        EventKind::ServiceActivated => "service activated",
        EventKind::VideoAdded => "video added",
        EventKind::VideoRenamed => "video renamed or moved",
        EventKind::SourceReplaced => "source file replaced",
        EventKind::SourceMissing => "source files missing",
        EventKind::SourceReturned => "source files are back",
        EventKind::SourceSuspended => "video suspended",
        EventKind::SourceResumed => "video resumed",
        EventKind::SourceDeleted => "video deleted",
        EventKind::ConversionRequested => "conversion requested",
        EventKind::ConversionStarted => "conversion started",
        EventKind::ConversionReady => "conversion ready",
        EventKind::ConversionFailed => "conversion failed",
        EventKind::ConversionCancelled => "conversion cancelled",
        EventKind::PostingCreated => "URL created",
        EventKind::PostingSuspended => "URL suspended",
        EventKind::PostingResumed => "URL resumed",
        EventKind::RenditionsChanged => "renditions changed",
        EventKind::ConversionDelayed => "conversion delayed",
        EventKind::ConversionLate => "conversion will be late",
        EventKind::QueuePaused => "conversions paused",
        EventKind::QueueResumed => "conversions resumed",
        EventKind::PostingListed => "URL listed",
        EventKind::PostingUnlisted => "URL unlisted",
    }
}

#[must_use]
pub fn video_state(state: VideoState) -> &'static str {
    state.name()
}

#[must_use]
pub fn source_state(state: SourceState) -> &'static str {
    match state {
        SourceState::Present => "present",
        SourceState::Missing => "missing",
        SourceState::Deleted => "deleted",
    }
}

#[must_use]
pub fn switch(switch: Switch) -> &'static str {
    match switch {
        Switch::On => "on",
        Switch::Off => "suspended",
    }
}

#[must_use]
pub fn conversion_state(state: ConversionState) -> &'static str {
    match state {
        ConversionState::None => "not requested",
        ConversionState::Queued => "queued",
        ConversionState::Running => "running",
        ConversionState::Failed => "failed",
        ConversionState::Ready => "ready",
    }
}

/// What a plan does, after its name.
#[must_use]
pub fn plan(plan: PlanKind) -> &'static str {
    match plan {
        PlanKind::Direct => "served as it is",
        PlanKind::Relocate => "the index moves to the front, nothing is copied",
        PlanKind::Remux => "streams are copied into a new MP4",
        PlanKind::Transcode => "at least one stream is encoded anew",
    }
}

#[must_use]
pub fn verification(state: VerificationState) -> &'static str {
    match state {
        VerificationState::None => "none",
        VerificationState::Submitted => "submitted",
        VerificationState::Approved => "approved",
        VerificationState::Rejected => "rejected",
        VerificationState::Revoked => "revoked",
    }
}

#[must_use]
pub fn service(state: ServiceState) -> &'static str {
    match state {
        ServiceState::Inactive => "not activated",
        ServiceState::Active => "active",
    }
}

#[must_use]
pub fn account_kind(kind: AccountKind) -> &'static str {
    match kind {
        AccountKind::Individual => "individual",
        AccountKind::Enterprise => "enterprise",
    }
}

#[must_use]
pub fn document(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::CnId => "resident identity card",
        DocumentKind::Uscc => "unified social credit code",
        DocumentKind::Other => "other document",
    }
}
