//! Events of the history.

use serde::{Deserialize, Serialize};
use vodpost_protocol::event::EventKind;
use vodpost_protocol::ids::{Label, Token, VideoId};
use vodpost_protocol::time::Timestamp;

use super::Actor;
use crate::core::event as core_event;

#[derive(Serialize, Deserialize)]
pub(in crate::store::record) struct Event {
    seq: u64,
    at: Timestamp,
    actor: Actor,
    what: EventKind,
    subject: Subject,
    detail: Option<String>,
}

#[derive(Serialize, Deserialize)]
enum Subject {
    Account,
    Video { id: VideoId, title: String },
    Posting { video: VideoId, title: String, label: Label, token: Token },
    Queue,
    Library,
}

impl Event {
    pub(in crate::store::record) fn from_core(event: &core_event::Event) -> Self {
        let core_event::Event { seq, at, actor, what, subject, detail } = event;
        Self {
            seq: *seq,
            at: *at,
            actor: Actor::from_core(actor),
            what: *what,
            subject: match subject.clone() {
                core_event::Subject::Account => Subject::Account,
                core_event::Subject::Queue => Subject::Queue,
                core_event::Subject::Library => Subject::Library,
                core_event::Subject::Video { id, title } => Subject::Video { id, title },
                core_event::Subject::Posting { video, title, label, token } => {
                    Subject::Posting { video, title, label, token }
                }
            },
            detail: detail.clone(),
        }
    }

    pub(in crate::store::record) fn into_core(self) -> core_event::Event {
        let Self { seq, at, actor, what, subject, detail } = self;
        core_event::Event {
            seq,
            at,
            actor: actor.into_core(),
            what,
            subject: match subject {
                Subject::Account => core_event::Subject::Account,
                Subject::Queue => core_event::Subject::Queue,
                Subject::Library => core_event::Subject::Library,
                Subject::Video { id, title } => core_event::Subject::Video { id, title },
                Subject::Posting { video, title, label, token } => {
                    core_event::Subject::Posting { video, title, label, token }
                }
            },
            detail,
        }
    }
}
