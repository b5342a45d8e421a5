//! Going somewhere: to the video of a token, URL or row, and what the screens of conversions and events show there.

use vodpost_protocol::ids::VideoId;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::reply::{Answer, EventPage, Located};
use vodpost_protocol::request::Request;

use crate::app::event::Ticket;
use crate::app::log::Log;
use crate::app::modal::{Failure, Modal, Step};
use crate::app::notice::Said;
use crate::app::requests::{Purpose, Resource};
use crate::app::{App, Focus, Screen};

/// More than a URL is no URL.
const PASTED_MAX: usize = 2048;

impl App {
    /// The video of the selected row of another screen than the list.
    #[must_use]
    pub fn row_video(&self) -> Option<VideoId> {
        match self.screen {
            Screen::Jobs => self.jobs.selected().map(|job| job.video),
            Screen::Events => self.log.selected().and_then(|event| event.video),
            Screen::Videos | Screen::Account | Screen::Status => None,
        }
    }

    pub(super) fn go_to_row_video(&mut self) {
        if let Some(id) = self.row_video() {
            self.jump(id.to_string());
        }
    }

    /// Pasting a URL or a token where nothing is typed goes to it.
    pub(super) fn jump_to_pasted(&mut self, text: &str) {
        let line = text.trim();
        if !line.is_empty() && line.len() <= PASTED_MAX && !line.contains(char::is_control) {
            self.jump(line.to_owned());
        }
    }

    pub(super) fn jump(&mut self, target: String) {
        if target.is_empty() {
            self.modal = None;
            return;
        }
        if !self.is_live() {
            match self.modal.as_mut().and_then(Modal::step_mut) {
                Some(step) => *step = Step::Failed(Failure::NotSent),
                None => self.say(Said::NotConnected),
            }
            return;
        }
        let ticket = self.requests.ticket();
        self.send(ticket, Request::Locate { target }, Purpose::Jump);
        if let Some(Modal::Jump { step, .. }) = &mut self.modal {
            *step = Step::Waiting(ticket);
        }
    }

    pub(super) fn jump_reply(&mut self, ticket: Ticket, result: Result<Answer, Refusal>) {
        match result {
            Ok(Answer::Located(located)) => {
                if self.modal.as_ref().is_some_and(|modal| modal.step() == Some(&Step::Waiting(ticket))) {
                    self.modal = None;
                }
                self.arrive(*located);
            }
            Ok(answer) => self.unexpected(&answer),
            Err(refusal) => {
                if !self.fail_modal(ticket, Failure::Refused(refusal.clone())) {
                    self.say(Said::ReadRefused(refusal));
                }
            }
        }
    }

    fn arrive(&mut self, located: Located) {
        let Located { video, tokens } = located;
        self.screen = Screen::Videos;
        self.scroll = 0;
        if let [token] = tokens[..] {
            self.posting = Some(token);
            self.focus = Focus::Postings;
        } else {
            self.focus = Focus::Videos;
        }
        self.list.aim(video.id);
        if !self.list.replace(video.clone()) {
            // It may be a million rows away; its title is the nearest way to it.
            self.list.set_text(video.title);
            self.reload();
        }
    }

    /// The newest events, if they are not there.
    pub(super) fn read_events(&mut self) {
        let newest_shown = self.log.rows().front().map_or(0, |event| event.seq);
        if !self.log.is_read() || newest_shown < self.newest_seq {
            self.read(Resource::Events(Log::newest(self.newest_seq)));
        }
    }

    pub(super) fn absorb_events(&mut self, page: EventPage) {
        let newest_shown = |log: &Log| log.rows().front().map_or(0, |event| event.seq);
        let before = newest_shown(&self.log);
        self.newest_seq = self.newest_seq.max(page.newest);
        self.log.page(page);
        // Some happened meanwhile, or the number of the newest was not known.
        if self.screen == Screen::Events && newest_shown(&self.log) != before {
            self.read_events();
        }
    }

    pub(super) fn read_older_events(&mut self) {
        if let Some(span) = self.log.older() {
            self.read(Resource::Events(span));
        }
    }
}
