//! While the disk of the state refuses: what is tried when, and how the engine gets out of it by itself.

use std::time::Instant;

use vodpost_protocol::status::Storage;

use super::handle::Message;
use super::unsaved::{gathered, retry_of};
use super::{Engine, RETRY_AFTER};
use crate::core::artifact::WorkerReport;
use crate::core::input::Input;
use crate::error::chain;

impl Message {
    /// Whether the disk is tried for this though it refused a moment ago: somebody waits for the answer, or it happens
    /// seldom.
    pub(super) fn is_worth_a_try(&self) -> bool {
        match self {
            Self::Ask { request, .. } => !request.is_read(),
            Self::Input(input) => match input {
                Input::Started | Input::Command { .. } | Input::Scanned(_) | Input::Trashed { .. } => true,
                Input::Worker(WorkerReport::Ready { .. } | WorkerReport::Failed { .. }) => true,
                Input::Worker(WorkerReport::Progress(_)) | Input::Usage(_) | Input::Tick => false,
                Input::ArtifactLost { .. } | Input::EventsExpired { .. } => false,
            },
            Self::UnknownFiles(_) | Self::ScanBegins | Self::SourceDiffers(_) => false,
            Self::Examined { .. } | Self::Stop(_) => true,
        }
    }
}

impl Engine {
    /// `None` while the disk takes what it is given.
    pub(super) fn retry_is_due(&self) -> Option<bool> {
        self.retry_at.map(|at| at <= Instant::now())
    }

    /// What happens while nothing can be stored, and need not be tried now.
    pub(super) fn put_off(&mut self, input: Input) {
        if let Input::Worker(WorkerReport::Progress(progress)) = &input {
            self.pass_on(progress);
        }
        if let Some(input) = retry_of(&input) {
            self.unsaved.push(input);
            self.unsaved = gathered(std::mem::take(&mut self.unsaved));
        }
    }

    /// The disk has refused a change.
    pub(super) fn refused(&mut self, reason: String) {
        let known = matches!(&self.storage, Storage::ReadOnly(before) if *before == reason);
        if known {
            tracing::debug!(error = reason, "changes are still refused");
        } else {
            tracing::error!(error = reason, "changes cannot be made durable and are refused");
        }
        self.storage = Storage::ReadOnly(reason);
        self.retry_at = Some(Instant::now() + RETRY_AFTER);
    }

    /// The disk has taken something.
    pub(super) fn recovered(&mut self) {
        self.retry_at = None;
        match std::mem::replace(&mut self.storage, Storage::Ok) {
            Storage::Ok => {}
            Storage::ReadOnly(_) => {
                tracing::info!("changes can be made durable again");
                // A look whose findings were lost meanwhile.
                self.want_scan();
            }
        }
    }

    /// Nobody may want to change anything, so the disk is tried without a reason.
    pub(super) fn try_disk_if_due(&mut self) {
        if self.retry_is_due() != Some(true) {
            return;
        }
        match self.store.try_disk() {
            Ok(()) => self.recovered(),
            Err(error) => self.refused(chain(&error)),
        }
    }
}
