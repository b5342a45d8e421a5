//! What the daemon says: the connection coming and going, replies finding their purpose, and pushes.

use std::time::Duration;

use vodpost_protocol::event::{EventKind, EventView, Push};
use vodpost_protocol::hello::DaemonHello;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::reply::Answer;
use vodpost_protocol::request::Request;
use vodpost_protocol::status::Status;
use vodpost_protocol::video::{VideoState, VideoView};

use crate::app::event::{Action, Copied, CopyWay, LinkEvent, Ticket};
use crate::app::modal::{Failure, Step};
use crate::app::notice::{Change, Said};
use crate::app::requests::{Purpose, Resource};
use crate::app::{App, KnownState, LinkState, Screen};
use crate::queue::queue_change;
use crate::text::Sentence;

/// Videos that come and go in a burst are one reload.
const GATHER: Duration = Duration::from_millis(300);
/// With more reads than this under way one page says more than many single answers.
const READINGS_MAX: usize = 16;

impl App {
    pub(super) fn link_event(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Connecting { attempt } => match self.link {
                // The banner with its time stays until there is an answer.
                LinkState::Lost { .. } => {}
                LinkState::Connecting { .. }
                | LinkState::Starting
                | LinkState::Offered(_)
                | LinkState::Live { .. }
                | LinkState::Incompatible { .. } => self.link = LinkState::Connecting { attempt },
            },
            LinkEvent::Starting => self.link = LinkState::Starting,
            LinkEvent::Offered(offer) => self.link = LinkState::Offered(offer),
            LinkEvent::Up(hello) => self.link_up(hello),
            LinkEvent::Down { why, retry_in } => self.link_down(why, retry_in),
            LinkEvent::Incompatible(sentence) => {
                self.abandon_requests();
                self.link = LinkState::Incompatible { sentence };
            }
            LinkEvent::NotSent(ticket) => self.not_sent(ticket),
            LinkEvent::Reply { ticket, result } => self.reply(ticket, *result),
            LinkEvent::Push(push) => self.push(push),
        }
    }

    fn link_up(&mut self, hello: DaemonHello) {
        // Nothing of an earlier connection can be answered any more.
        self.abandon_requests();
        if self.instance.is_some_and(|instance| instance != hello.instance) && self.notice.is_none() {
            self.say(Said::DaemonRestarted);
        }
        if self.instance != Some(hello.instance) {
            // Another run may follow another past: a backup was restored, or it is another state altogether.
            self.log.clear();
            self.newest_seq = 0;
        }
        self.instance = Some(hello.instance);
        self.link = LinkState::Live { hello };
        // First, so that no change falls between the reading and the subscription.
        let ticket = self.requests.ticket();
        self.send(ticket, Request::Subscribe, Purpose::Subscribe);
        self.reload_all();
    }

    fn link_down(&mut self, why: Sentence, retry_in: Duration) {
        self.abandon_requests();
        let since = match self.link {
            LinkState::Lost { since, .. } => since,
            LinkState::Connecting { .. }
            | LinkState::Starting
            | LinkState::Offered(_)
            | LinkState::Live { .. }
            | LinkState::Incompatible { .. } => self.now,
        };
        self.link = LinkState::Lost { since, why, retry_at: self.now.after(retry_in) };
    }

    /// Changes without an answer are never sent again by themselves: they may have been done.
    fn abandon_requests(&mut self) {
        self.list.give_up(None);
        self.reload_at = None;
        let in_modal = self.modal.as_ref().is_some_and(super::modal::Modal::is_waiting);
        if let Some(step) = self.modal.as_mut().and_then(|modal| modal.step_mut())
            && in_modal
        {
            *step = Step::Failed(Failure::Unanswered);
        }
        self.batch = None;
        let unanswered = self.requests.abandon();
        if !unanswered.is_empty() {
            self.say(Said::Unanswered(unanswered));
        }
    }

    fn not_sent(&mut self, ticket: Ticket) {
        match self.requests.answered(ticket) {
            // The loss of the connection was told before, and took the request with it.
            None | Some(Purpose::Subscribe) => {}
            Some(Purpose::List) => self.list.give_up(Some(ticket)),
            Some(Purpose::Jump) => {
                if !self.fail_modal(ticket, Failure::NotSent) {
                    self.say(Said::NotConnected);
                }
            }
            Some(Purpose::OneOfMany(change)) => {
                self.batch = None;
                self.say(Said::NotSent(change));
            }
            Some(Purpose::Read(resource)) => {
                self.requests.end_reading(resource);
            }
            Some(Purpose::Change(change)) => {
                if !self.fail_modal(ticket, Failure::NotSent) {
                    self.say(Said::NotSent(change));
                }
            }
        }
    }

    fn reload_all(&mut self) {
        self.reload();
        self.read(Resource::Account);
        self.read(Resource::Status);
    }

    pub(super) fn read(&mut self, resource: Resource) {
        if !self.is_live() || !self.requests.begin_reading(resource) {
            return;
        }
        let request = match resource {
            Resource::Video(id) => Request::Show { video: id.to_string() },
            Resource::Account => Request::AccountShow,
            Resource::Status => Request::Status,
            Resource::Jobs => Request::Jobs,
            Resource::Events(span) => Request::Events { since: span.since, limit: span.limit },
        };
        let ticket = self.requests.ticket();
        self.send(ticket, request, Purpose::Read(resource));
    }

    fn reply(&mut self, ticket: Ticket, result: Result<Answer, Refusal>) {
        match self.requests.answered(ticket) {
            // Of an earlier connection, or nothing that was asked.
            None => {}
            Some(Purpose::Subscribe) => match result {
                Ok(Answer::Subscribed { seq }) => {
                    self.newest_seq = self.newest_seq.max(seq);
                    self.read_screen();
                }
                Ok(answer) => self.unexpected(&answer),
                Err(refusal) => self.say(Said::ReadRefused(refusal)),
            },
            Some(Purpose::List) => self.list_reply(ticket, result),
            Some(Purpose::Read(resource)) => self.read_reply(resource, result),
            Some(Purpose::Change(change)) => self.change_reply(ticket, change, result),
            Some(Purpose::OneOfMany(change)) => self.batch_reply(change, result),
            Some(Purpose::Jump) => self.jump_reply(ticket, result),
        }
    }

    fn list_reply(&mut self, ticket: Ticket, result: Result<Answer, Refusal>) {
        match result {
            Ok(Answer::Page(page)) => {
                let next = self.requests.ticket();
                let ask = self.list.page(ticket, page, next);
                self.ask_list(next, ask);
            }
            Ok(answer) => {
                self.list.give_up(Some(ticket));
                self.unexpected(&answer);
            }
            Err(Refusal::InvalidCursor) => {
                self.list.give_up(Some(ticket));
                self.list.forget_cursor();
                self.reload();
            }
            Err(refusal) => {
                self.list.give_up(Some(ticket));
                self.say(Said::ReadRefused(refusal));
            }
        }
    }

    fn read_reply(&mut self, resource: Resource, result: Result<Answer, Refusal>) {
        let again = self.requests.end_reading(resource);
        match (resource, result) {
            (Resource::Video(_), Err(Refusal::NoSuchVideo { .. })) => self.reload_soon(),
            (
                Resource::Video(_)
                | Resource::Account
                | Resource::Status
                | Resource::Jobs
                | Resource::Events(_),
                Err(refusal),
            ) => self.say(Said::ReadRefused(refusal)),
            (
                Resource::Video(_)
                | Resource::Account
                | Resource::Status
                | Resource::Jobs
                | Resource::Events(_),
                Ok(answer),
            ) => self.absorb(answer),
        }
        if again {
            self.read(resource);
        }
    }

    fn change_reply(&mut self, ticket: Ticket, change: Change, result: Result<Answer, Refusal>) {
        match result {
            Ok(answer) => {
                if self.modal.as_ref().is_some_and(|modal| modal.step() == Some(&Step::Waiting(ticket))) {
                    self.modal = None;
                }
                self.first_run_done(&change);
                let said = what_was_done(change, &answer);
                self.absorb(answer);
                self.say(said);
            }
            Err(refusal) => {
                self.first_run_refused(&change, &refusal);
                if !self.fail_modal(ticket, Failure::Refused(refusal.clone())) {
                    self.say(Said::Refused { change, refusal });
                }
            }
        }
    }

    /// Whether a modal waited for this; it tells what happened itself.
    pub(super) fn fail_modal(&mut self, ticket: Ticket, failure: Failure) -> bool {
        match self.modal.as_mut().and_then(|modal| modal.step_mut()) {
            Some(step) if *step == Step::Waiting(ticket) => {
                *step = Step::Failed(failure);
                true
            }
            Some(_) | None => false,
        }
    }

    pub(super) fn absorb(&mut self, answer: Answer) {
        match answer {
            Answer::Video(video) => self.absorb_video(*video),
            Answer::Account(account) => self.account = Some(*account),
            Answer::Status(status) => self.absorb_status(*status),
            Answer::Scan(_) => {
                self.first_run.scan = None;
                self.reload_soon();
                if self.shows_steps() {
                    self.read(Resource::Status);
                }
            }
            Answer::Library(library) => {
                if let Some(status) = &mut self.status {
                    status.roots = library.roots;
                }
            }
            Answer::Jobs(jobs) => self.jobs.replace(jobs),
            Answer::Events(page) => self.absorb_events(page),
            Answer::Page(_)
            | Answer::Located(_)
            | Answer::Subscribed { .. }
            | Answer::Backup(_)
            | Answer::Forecast(_)
            | Answer::Checkup(_) => self.unexpected(&answer),
        }
    }

    /// Says whose data it is that appears now, if it is not what was there before.
    fn absorb_status(&mut self, status: Status) {
        let state = KnownState { id: status.state_id.clone(), restored_at: status.restored_at };
        match &self.known_state {
            Some(known) if known.id != state.id => {
                // Nothing that was chosen exists there.
                self.marks.clear();
                self.posting = None;
                self.say_after_doubt(Said::OtherState);
            }
            Some(known) if known.restored_at != state.restored_at => {
                self.say_after_doubt(state.restored_at.map_or(Said::DaemonRestarted, Said::StateRestored));
            }
            Some(_) | None => {}
        }
        self.known_state = Some(state);
        self.status = Some(status);
    }

    fn absorb_video(&mut self, video: VideoView) {
        if !self.list.replace(video) {
            self.reload_soon();
        }
    }

    pub(super) fn unexpected(&mut self, _answer: &Answer) {
        self.say(Said::UnexpectedAnswer);
    }

    fn push(&mut self, push: Push) {
        match push {
            Push::Event(event) => self.happened(&event),
            Push::Scan(progress) => self.first_run.scan = Some(progress),
            Push::Progress(progress) => {
                self.list.progress(&progress);
                self.jobs.progress(&progress);
            }
            Push::Resync { seq } => {
                self.newest_seq = self.newest_seq.max(seq);
                self.reload_all();
                self.read_screen();
            }
        }
    }

    fn happened(&mut self, event: &EventView) {
        self.newest_seq = self.newest_seq.max(event.seq);
        self.log.happened(event.clone());
        self.first_run_happened(event.what);
        match event.what {
            EventKind::AccountSubmitted
            | EventKind::AccountApproved
            | EventKind::AccountRejected
            | EventKind::AccountRevoked
            | EventKind::ServiceActivated => self.read(Resource::Account),
            EventKind::RootAdded | EventKind::RootRemoved => {}
            // The order of the list changes, or what is in it.
            EventKind::VideoAdded | EventKind::VideoRenamed | EventKind::VideoForgotten => self.reload_soon(),
            // What waits shows it.
            EventKind::QueuePaused | EventKind::QueueResumed => self.reload_soon(),
            EventKind::SourceReplaced
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
            | EventKind::ConversionDelayed
            | EventKind::ConversionLate
            | EventKind::PostingCreated
            | EventKind::PostingSuspended
            | EventKind::PostingResumed
            | EventKind::PostingListed
            | EventKind::PostingUnlisted
            | EventKind::RenditionsChanged => {
                if let Some(id) = event.video.filter(|id| self.list.get(*id).is_some()) {
                    if self.requests.readings() < READINGS_MAX {
                        self.read(Resource::Video(id));
                    } else {
                        self.reload_soon();
                    }
                }
            }
        }
        match self.screen {
            Screen::Status => self.read(Resource::Status),
            Screen::Jobs if queue_change(event.what).is_some() => self.read(Resource::Jobs),
            Screen::Videos | Screen::Jobs | Screen::Events | Screen::Account => {}
        }
    }

    fn reload_soon(&mut self) {
        if self.is_live() {
            self.reload_at.get_or_insert(self.now.after(GATHER));
        }
    }

    pub(super) fn copied(&mut self, copied: Copied) {
        match copied {
            Copied::Done(way) => self.say(Said::Copied(way)),
            Copied::TmuxFailed { text } => self.outbox.push(Action::Copy { text, way: CopyWay::Terminal }),
            Copied::TooLong => self.say(Said::TooLongToCopy),
        }
    }
}

fn what_was_done(change: Change, answer: &Answer) -> Said {
    match (change, answer) {
        (_, Answer::Scan(scan)) => Said::Scanned(scan.clone()),
        (Change::Generate { title }, Answer::Video(video)) if video.state == VideoState::Live => {
            Said::LiveNow { title }
        }
        (change, _) => Said::Done(change),
    }
}
