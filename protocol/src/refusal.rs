//! Why the daemon says no: facts, which the client turns into sentences.

use serde::{Deserialize, Serialize};

use crate::account::VerificationState;
use crate::conversion::ConversionState;
use crate::hello::Role;
use crate::ids::{Label, VideoId};
use crate::status::SettingOrigin;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// A1: no approved verification.
    NotVerified { state: VerificationState },
    /// A1: the service has not been activated.
    NotActivated,
    /// A6: it was activated before.
    AlreadyActivated,
    /// A3: a submission waits for its decision already.
    AlreadySubmitted,
    /// A3: the same kind of account is approved already.
    AlreadyApproved,
    /// A3: no submission waits for a decision, or nothing to revoke.
    NothingToDecide { state: VerificationState },
    /// A3: with `account.four_eyes`, somebody else must decide.
    FourEyes,
    /// A2: a field of the submission is wrong.
    InvalidIdentity(IdentityProblem),
    /// No video goes by this name; the nearest titles, best first.
    NoSuchVideo { asked: String, nearest: Vec<String> },
    /// Several videos go by this name.
    AmbiguousVideo { asked: String, candidates: Vec<Candidate> },
    /// The video has no posting of this label (or none at all).
    NoSuchPosting { title: String, asked: Option<Label>, labels: Vec<Label> },
    /// No posting has this token.
    NoSuchToken { asked: String },
    /// P5: the source was deleted.
    SourceDeleted { title: String },
    /// The source files are not there.
    SourceMissing { title: String },
    /// The source is switched off; new URLs would not be live.
    SourceSuspended { title: String },
    /// None of the files can be used.
    NoUsableRendition { title: String, reasons: Vec<String> },
    /// Retry: the conversion has not failed. Cancel: it is not under way.
    WrongConversionState { title: String, state: ConversionState },
    /// L6: the root is read-only.
    ReadOnlyRoot { root: String },
    /// L6: the files could not be moved to the trash.
    TrashFailed { title: String, reason: String },
    /// S4: the role of the caller does not suffice.
    NotPermitted { role: Role, needed: Role },
    /// S1: the change could not be made durable; nothing was changed.
    StorageFailed { reason: String },
    /// Too many requests wait, too many clients are connected, or too many jobs are queued.
    Busy,
    /// The answer does not fit a frame; ask for less.
    TooLarge,
    /// The cursor of a list is not one of ours.
    InvalidCursor,
    /// A text of the request is longer than it may be.
    TooLong { field: String, len_max: u32 },
    /// The daemon is ending.
    ShuttingDown,
    /// The backup was not written. What there is at its path is as it was.
    BackupFailed { reason: String },
    /// L1: this folder cannot become part of the library.
    UnusableRoot { path: String, problem: RootProblem },
    /// L1: no folder of the library has this path.
    NoSuchRoot { path: String, roots: Vec<String> },
    /// L1: this folder is set in the configuration, and can be taken out there alone.
    ConfiguredRoot { path: String, origin: SettingOrigin },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    pub id: VideoId,
    pub path: String,
}

/// What is wrong with a folder for the library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RootProblem {
    NotAbsolute,
    /// Its true name is not UTF-8, and could not be said again.
    NotUtf8,
    Missing,
    NotAFolder,
    /// The daemon may not read it, or the disk failed.
    Unreadable {
        reason: String,
    },
    /// It is part of the library already.
    Known,
    /// It lies in another folder of the library.
    Within {
        root: String,
    },
    /// Another folder of the library lies in it.
    Around {
        root: String,
    },
    /// It is the daemon's state folder, or one of the two lies in the other.
    State {
        state_dir: String,
    },
    /// The library has as many folders as it may have.
    TooMany {
        roots_max: u32,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityProblem {
    NameMissing,
    NameTooLong,
    ContactMissing,
    ContactTooLong,
    NumberMissing,
    NumberTooLong,
    /// A document of this kind does not fit this kind of account.
    DocumentDoesNotFit,
    /// GB 11643: 17 digits and a digit or X.
    CnIdShape,
    /// GB 11643: digits 7 to 14 are not a calendar date.
    CnIdDate,
    /// GB 11643: the birth date lies in the future.
    CnIdFuture,
    /// GB 11643: the check character does not match.
    CnIdCheck,
    /// GB 32100: 18 of `0-9 A-H J-N P-R T-U W-Y`.
    UsccShape,
    /// GB 32100: characters 3 to 8 must be digits.
    UsccRegion,
    /// GB 32100: the check character does not match.
    UsccCheck,
    /// GB 11643: no region begins with 0.
    CnIdRegion,
}

/// What a refusal means for a script: its exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalClass {
    Failed,
    Usage,
    NotFound,
    NotPermitted,
    RefusedByState,
}

impl Refusal {
    /// The name used in JSON.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotVerified { .. } => "not_verified",
            Self::NotActivated => "not_activated",
            Self::AlreadyActivated => "already_activated",
            Self::AlreadySubmitted => "already_submitted",
            Self::AlreadyApproved => "already_approved",
            Self::NothingToDecide { .. } => "nothing_to_decide",
            Self::FourEyes => "four_eyes",
            Self::InvalidIdentity(_) => "invalid_identity",
            Self::NoSuchVideo { .. } => "no_such_video",
            Self::AmbiguousVideo { .. } => "ambiguous_video",
            Self::NoSuchPosting { .. } => "no_such_posting",
            Self::NoSuchToken { .. } => "no_such_token",
            Self::SourceDeleted { .. } => "source_deleted",
            Self::SourceMissing { .. } => "source_missing",
            Self::SourceSuspended { .. } => "source_suspended",
            Self::NoUsableRendition { .. } => "no_usable_rendition",
            Self::WrongConversionState { .. } => "wrong_conversion_state",
            Self::ReadOnlyRoot { .. } => "read_only_root",
            Self::TrashFailed { .. } => "trash_failed",
            Self::NotPermitted { .. } => "not_permitted",
            Self::StorageFailed { .. } => "storage_failed",
            Self::Busy => "busy",
            Self::TooLarge => "too_large",
            Self::InvalidCursor => "invalid_cursor",
            Self::TooLong { .. } => "too_long",
            Self::ShuttingDown => "shutting_down",
            Self::BackupFailed { .. } => "backup_failed",
            Self::UnusableRoot { .. } => "unusable_root",
            Self::NoSuchRoot { .. } => "no_such_root",
            Self::ConfiguredRoot { .. } => "configured_root",
        }
    }

    #[must_use]
    pub fn class(&self) -> RefusalClass {
        match self {
            Self::NoSuchVideo { .. }
            | Self::AmbiguousVideo { .. }
            | Self::NoSuchPosting { .. }
            | Self::NoSuchToken { .. }
            | Self::NoSuchRoot { .. } => RefusalClass::NotFound,
            Self::NotPermitted { .. } => RefusalClass::NotPermitted,
            Self::InvalidIdentity(_) | Self::InvalidCursor | Self::TooLong { .. } => RefusalClass::Usage,
            Self::StorageFailed { .. }
            | Self::TrashFailed { .. }
            | Self::Busy
            | Self::TooLarge
            | Self::ShuttingDown
            | Self::BackupFailed { .. } => RefusalClass::Failed,
            Self::NotVerified { .. }
            | Self::NotActivated
            | Self::AlreadyActivated
            | Self::AlreadySubmitted
            | Self::AlreadyApproved
            | Self::NothingToDecide { .. }
            | Self::FourEyes
            | Self::SourceDeleted { .. }
            | Self::SourceMissing { .. }
            | Self::SourceSuspended { .. }
            | Self::NoUsableRendition { .. }
            | Self::WrongConversionState { .. }
            | Self::ReadOnlyRoot { .. }
            | Self::UnusableRoot { .. }
            | Self::ConfiguredRoot { .. } => RefusalClass::RefusedByState,
        }
    }
}
