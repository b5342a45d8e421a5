//! One durable change, for the history (S2).

use vodpost_protocol::event::EventKind;
use vodpost_protocol::ids::{Label, Token, VideoId};
use vodpost_protocol::time::Timestamp;

use super::actor::Actor;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Counts from 1 without gaps.
    pub seq: u64,
    pub at: Timestamp,
    pub actor: Actor,
    pub what: EventKind,
    pub subject: Subject,
    /// The cause, or the reason that was given. Never a document number (A5).
    pub detail: Option<String>,
}

/// What the change was made to. Titles are kept as they were at that time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    Account,
    Queue,
    /// Its folders.
    Library,
    Video {
        id: VideoId,
        title: String,
    },
    Posting {
        video: VideoId,
        title: String,
        label: Label,
        token: Token,
    },
}
