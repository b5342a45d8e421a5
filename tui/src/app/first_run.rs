//! The way from nothing to the first live URL: which step is next, and what its one key does.
//!
//! A step that the user may take has the videos screen for itself, until it is taken or put off; a line at the top says
//! how far one is. Nothing of it is remembered: it follows from what the daemon says.

use vodpost_protocol::account::{AccountKind, ServiceState, VerificationState};
use vodpost_protocol::event::EventKind;
use vodpost_protocol::hello::Role;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::request::Request;
use vodpost_protocol::status::ScanProgressView;

use crate::app::event::Action;
use crate::app::folder::FolderModal;
use crate::app::modal::{Form, Modal};
use crate::app::notice::{Change, Why};
use crate::app::requests::Resource;
use crate::app::{App, LinkState, Screen};

/// So many videos are looked through for a URL; beyond them the daemon's count tells.
const LOOKED_AT_MAX: usize = 500;

/// What is missing first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// No daemon answers, and one may be started.
    Start,
    /// The library has no folder.
    Folder,
    /// Its folders have no video.
    Videos,
    Identity,
    Decision,
    Service,
    /// Everything is there but a URL.
    Url,
}

/// What is remembered besides: how the user looks at it.
#[derive(Debug, Default)]
pub struct FirstRun {
    view: View,
    /// How far the look at the folders is that is under way.
    pub scan: Option<ScanProgressView>,
    /// Why the decision is not this user's.
    pub refused: Option<Refusal>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum View {
    #[default]
    Shown,
    PutOff,
}

impl Step {
    fn needs(self) -> Role {
        match self {
            Self::Start => Role::None,
            Self::Folder | Self::Decision => Role::Admin,
            Self::Videos | Self::Identity | Self::Service | Self::Url => Role::Operator,
        }
    }
}

impl App {
    /// The next step; nothing where it is not known, or where there was a URL already.
    #[must_use]
    pub fn first_step(&self) -> Option<Step> {
        match &self.link {
            LinkState::Offered(_) => return Some(Step::Start),
            LinkState::Live { .. } => {}
            LinkState::Connecting { .. }
            | LinkState::Starting
            | LinkState::Lost { .. }
            | LinkState::Incompatible { .. } => return None,
        }
        let (status, account) = (self.status.as_ref()?, self.account.as_ref()?);
        let some_rows = self.list.rows().iter().take(LOOKED_AT_MAX);
        if status.counts.postings > 0 || some_rows.clone().any(|video| !video.postings.is_empty()) {
            return None;
        }
        if status.roots.is_empty() {
            return Some(Step::Folder);
        }
        if status.counts.videos == 0 && some_rows.count() == 0 {
            return Some(Step::Videos);
        }
        Some(match (account.state, account.service) {
            // An approval holds while a newer submission waits.
            (VerificationState::Submitted, _) if account.approved.is_none() => Step::Decision,
            (VerificationState::None | VerificationState::Rejected | VerificationState::Revoked, _) => {
                Step::Identity
            }
            (VerificationState::Submitted | VerificationState::Approved, ServiceState::Inactive) => {
                Step::Service
            }
            (VerificationState::Submitted | VerificationState::Approved, ServiceState::Active) => Step::Url,
        })
    }

    /// The step that has the videos screen for itself.
    #[must_use]
    pub fn shown_step(&self) -> Option<Step> {
        let step = self.first_step().filter(|step| *step != Step::Url && self.screen == Screen::Videos)?;
        if step == Step::Start {
            return Some(step);
        }
        let may = self.hello().is_some_and(|hello| hello.role >= step.needs());
        (may && self.first_run.view == View::Shown).then_some(step)
    }

    /// Whether the steps were put off and can be gone on with.
    #[must_use]
    pub fn is_first_run_put_off(&self) -> bool {
        self.first_run.view == View::PutOff && self.first_step().is_some_and(|step| step != Step::Url)
    }

    /// Whether the line with the steps is shown.
    #[must_use]
    pub fn shows_steps(&self) -> bool {
        self.first_step().is_some_and(|step| step != Step::Start)
    }

    pub(super) fn put_off_first_run(&mut self) {
        self.first_run.view = View::PutOff;
    }

    pub(super) fn show_first_run(&mut self) {
        self.first_run.view = View::Shown;
        self.screen = Screen::Videos;
    }

    /// Whether a look at the folders is under way that was asked for here.
    #[must_use]
    pub fn is_scanning(&self) -> bool {
        self.requests.waiting().any(|change| *change == Change::Scan)
    }

    pub(super) fn take_step(&mut self) {
        match self.shown_step() {
            Some(Step::Start) => {
                self.link = LinkState::Starting;
                self.outbox.push(Action::StartDaemon);
            }
            Some(Step::Folder | Step::Videos) => self.ask_folder(),
            Some(Step::Identity) => self.modal = Some(Modal::Submit(Form::new(AccountKind::Individual))),
            Some(Step::Decision) => {
                self.change(Request::AccountApprove, Change::Approve);
            }
            Some(Step::Service) => {
                self.change(Request::ServiceActivate, Change::Activate);
            }
            Some(Step::Url) | None => {}
        }
    }

    pub(super) fn ask_folder(&mut self) {
        self.modal = Some(Modal::Folder(FolderModal::new(&self.here)));
    }

    /// Tab in the folder that is typed.
    pub(super) fn complete_folder(&mut self) {
        if let Some(Modal::Folder(folder)) = &self.modal
            && let Some(path) = self.here.expand(&folder.input.text())
        {
            self.outbox.push(Action::Complete { path });
        }
    }

    /// The same key twice must not ask twice.
    pub(super) fn check_step(&self) -> Result<(), Why> {
        let same = |change: &Change| *change == Change::Approve || *change == Change::Activate;
        if self.requests.waiting().any(same) { Err(Why::Waiting) } else { Ok(()) }
    }

    pub(super) fn check_first_run(&self) -> Result<(), Why> {
        match self.first_step() {
            None | Some(Step::Url) => Err(Why::FirstRunDone),
            Some(_) => Ok(()),
        }
    }

    /// What the steps follow from is read again when it may have changed.
    pub(super) fn first_run_happened(&mut self, what: EventKind) {
        match what {
            EventKind::RootAdded | EventKind::RootRemoved => self.read(Resource::Status),
            EventKind::VideoAdded | EventKind::PostingCreated if self.shows_steps() => {
                self.read(Resource::Status);
            }
            EventKind::AccountSubmitted
            | EventKind::AccountApproved
            | EventKind::AccountRejected
            | EventKind::AccountRevoked => self.first_run.refused = None,
            EventKind::ServiceActivated
            | EventKind::VideoAdded
            | EventKind::VideoRenamed
            | EventKind::SourceReplaced
            | EventKind::SourceMissing
            | EventKind::SourceReturned
            | EventKind::SourceSuspended
            | EventKind::SourceResumed
            | EventKind::SourceDeleted
            | EventKind::ConversionRequested
            | EventKind::ConversionStarted
            | EventKind::ConversionReady
            | EventKind::ConversionFailed
            | EventKind::ConversionCancelled
            | EventKind::PostingCreated
            | EventKind::PostingSuspended
            | EventKind::PostingResumed
            | EventKind::RenditionsChanged
            | EventKind::ConversionDelayed
            | EventKind::ConversionLate
            | EventKind::QueuePaused
            | EventKind::QueueResumed
            | EventKind::PostingListed
            | EventKind::PostingUnlisted
            | EventKind::VideoForgotten => {}
        }
    }

    /// A change was made: the next thing that belongs to it is done at once.
    pub(super) fn first_run_done(&mut self, change: &Change) {
        if matches!(change, Change::AddRoot { .. }) && !self.is_scanning() && self.is_live() {
            // The daemon looks by itself; this hears of the end.
            self.first_run.scan = None;
            self.change(Request::Scan, Change::Scan);
        }
    }

    pub(super) fn first_run_refused(&mut self, change: &Change, refusal: &Refusal) {
        if *change == Change::Approve && self.shown_step() == Some(Step::Decision) {
            self.first_run.refused = Some(refusal.clone());
        }
    }
}
