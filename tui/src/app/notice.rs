//! One short message about what just happened. What it says is a fact; `view/words.rs` makes the sentence.

use std::path::PathBuf;
use std::time::Duration;

use vodpost_protocol::hello::Role;
use vodpost_protocol::ids::Label;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::status::ScanView;
use vodpost_protocol::time::Timestamp;

use crate::app::event::CopyWay;
use crate::app::keymap::Command;
use crate::app::marks::Batch;
use crate::app::modal::NotSaved;
use crate::app::mouse::Pointer;

/// Good news leaves by itself; anything else stays until the next key.
const GOOD_NEWS: Duration = Duration::from_secs(5);

/// A change that the user asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Generate { title: String },
    Retry { title: String },
    Cancel { title: String },
    SuspendPostings { title: String, label: Option<Label> },
    ResumePostings { title: String, label: Option<Label> },
    SuspendSource { title: String },
    ResumeSource { title: String },
    DeleteSource { title: String },
    Submit,
    Approve,
    Reject,
    Revoke,
    Activate,
    PauseQueue,
    ResumeQueue,
    Scan,
    AddRoot { path: String },
}

/// Why a key does nothing at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    NotConnected,
    Role {
        role: Role,
        needed: Role,
    },
    NoVideo,
    NoPosting,
    SourceDeleted,
    NotFailed,
    NotConverting,
    NothingToDecide,
    NothingToRevoke,
    AlreadyActive,
    AccountNotLoaded,
    /// A change of this kind is still unanswered.
    Waiting,
    NothingToClose,
    /// There is no step left to the first URL.
    FirstRunDone,
    /// Another step comes before.
    NotThisStep,
    /// As many videos are marked as can be.
    MarksFull,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    Done(Change),
    /// Generated, and nothing had to be converted.
    LiveNow {
        title: String,
    },
    Scanned(Box<ScanView>),
    /// A change for several videos came to its end.
    Batch(Batch),
    Refused {
        change: Change,
        refusal: Refusal,
    },
    ReadRefused(Refusal),
    /// The connection went away first: it may have been done or not.
    Unanswered(Vec<Change>),
    NotSent(Change),
    NotConnected,
    Disabled {
        command: Command,
        why: Why,
    },
    Copied(CopyWay),
    TooLongToCopy,
    /// Who has the mouse now.
    Mouse(Pointer),
    SavedQr(PathBuf),
    NotSavedQr(NotSaved),
    /// Another run of the daemon answers now.
    DaemonRestarted,
    /// A daemon with another state answers now.
    OtherState,
    /// The state was restored from a backup since it was last seen.
    StateRestored(Timestamp),
    /// The daemon answered something else than what was asked.
    UnexpectedAnswer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Good,
    Bad,
    Plain,
}

#[derive(Debug)]
pub struct Notice {
    pub said: Said,
    /// Absent: until the next key.
    pub until: Option<Timestamp>,
}

impl Notice {
    #[must_use]
    pub fn new(said: Said, now: Timestamp) -> Self {
        let until = match said.mood() {
            Mood::Good | Mood::Plain => Some(now.after(GOOD_NEWS)),
            Mood::Bad => None,
        };
        Self { said, until }
    }
}

impl Said {
    #[must_use]
    pub fn mood(&self) -> Mood {
        match self {
            Self::Batch(batch) if batch.refused > 0 => Mood::Bad,
            Self::Done(_)
            | Self::LiveNow { .. }
            | Self::Scanned(_)
            | Self::Batch(_)
            | Self::Copied(_)
            | Self::SavedQr(_) => Mood::Good,
            Self::DaemonRestarted | Self::Disabled { .. } | Self::Mouse(_) => Mood::Plain,
            Self::Refused { .. }
            | Self::ReadRefused(_)
            | Self::Unanswered(_)
            | Self::NotSent(_)
            | Self::NotConnected
            | Self::TooLongToCopy
            | Self::NotSavedQr(_)
            | Self::OtherState
            | Self::StateRestored(_)
            | Self::UnexpectedAnswer => Mood::Bad,
        }
    }
}
