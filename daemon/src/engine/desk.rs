//! Looks that need no turn of the engine: a session, which runs on the engine's thread, answers them itself.
//!
//! The engine holds its lock for as long as it has changes that are not durable yet, so a look never sees one (S1), on
//! whichever thread it were made.

use std::sync::{Arc, OnceLock, RwLock, Weak};

use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::reply::{Answer, Located};
use vodpost_protocol::request::Request;

use super::{Engine, writes};
use crate::clients::view;
use crate::core::resolve;

/// Where the engine is found; empty before it runs and after it has ended.
#[derive(Clone, Default)]
pub(super) struct Desk(Arc<OnceLock<Weak<RwLock<Engine>>>>);

impl Desk {
    pub(super) fn open(&self, engine: &Arc<RwLock<Engine>>) {
        if self.0.set(Arc::downgrade(engine)).is_err() {
            tracing::error!("an engine was started twice");
        }
    }

    /// The answer, if the engine is not at work and it takes no longer than to find one record. Never waits.
    pub(super) fn look(&self, request: &Request) -> Option<Result<Answer, Refusal>> {
        let engine = self.0.get()?.upgrade()?;
        let Ok(engine) = engine.try_read() else { return None };
        engine.look(request)
    }
}

impl Engine {
    /// `None`: it is for the engine's own thread, because it changes something, may take long, or has to say what else
    /// could have been meant.
    fn look(&self, request: &Request) -> Option<Result<Answer, Refusal>> {
        if let Err(refusal) = writes::check_lengths(request) {
            return Some(Err(refusal));
        }
        let state = self.core.state();
        match request {
            Request::Status => Some(Ok(Answer::Status(Box::new(self.status())))),
            Request::AccountShow => Some(Ok(Answer::Account(Box::new(view::account(state.account()))))),
            Request::Show { video } => {
                let video = resolve::exactly(state, &self.core.roots(), video)?;
                Some(Ok(Answer::Video(Box::new(self.view().video(video)))))
            }
            Request::Locate { target } => {
                let (video, tokens) = resolve::token(state, target)?;
                Some(Ok(Answer::Located(Box::new(Located { video: self.view().video(video), tokens }))))
            }
            Request::List(_)
            | Request::Generate { .. }
            | Request::Retry { .. }
            | Request::Cancel { .. }
            | Request::SetPosting { .. }
            | Request::SetSource { .. }
            | Request::DeleteSource { .. }
            | Request::AccountSubmit(_)
            | Request::AccountApprove
            | Request::AccountReject { .. }
            | Request::AccountRevoke { .. }
            | Request::ServiceActivate
            | Request::Scan
            | Request::Jobs
            | Request::Events { .. }
            | Request::Subscribe
            | Request::Backup { .. }
            | Request::PauseQueue
            | Request::ResumeQueue
            | Request::Forecast(_)
            | Request::SetListed { .. }
            | Request::Checkup
            | Request::AddRoot { .. }
            | Request::RemoveRoot { .. } => None,
        }
    }
}
