//! Changes for all marked videos: one request each, a few at a time, told together when the last one is answered.

use vodpost_protocol::ids::Label;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::reply::Answer;
use vodpost_protocol::request::Request;
use vodpost_protocol::video::{Switch, VideoView};

use crate::app::marks::{Batch, Deed};
use crate::app::modal::Modal;
use crate::app::notice::{Change, Said};
use crate::app::requests::Purpose;
use crate::app::{App, Focus, Screen};

/// So many are asked for at a time: the daemon takes no more calls at once than that by far, nor does the link.
const UNDER_WAY_MAX: usize = 16;

impl App {
    /// Whether a key means the marked videos rather than the selected one or its URL.
    #[must_use]
    pub fn acts_on_marks(&self) -> bool {
        let on_list = match (&self.modal, self.screen, self.focus) {
            (None, Screen::Videos, Focus::Videos) => true,
            (None, Screen::Videos, Focus::Postings) => false,
            (None, Screen::Jobs | Screen::Events | Screen::Account | Screen::Status, _) | (Some(_), _, _) => {
                false
            }
        };
        on_list && !self.marks.is_empty()
    }

    pub(super) fn mark(&mut self) {
        if let Some(video) = self.list.selected() {
            self.marks.toggle(video);
            self.list.select_by(1);
        }
    }

    /// All rows that are loaded; where all of them are marked, none.
    pub(super) fn mark_all(&mut self) {
        let rows = self.list.rows();
        if rows.iter().all(|video| self.marks.contains(video.id)) {
            self.marks.clear();
        } else {
            rows.iter().for_each(|video| self.marks.add(video));
        }
    }

    pub(super) fn explain(&mut self) {
        self.scroll = 0;
        let video = match &self.modal {
            Some(Modal::Qr(qr)) => Some(qr.video),
            Some(_) | None => self.list.selected().map(|video| video.id),
        };
        self.modal = video.map(Modal::Explain);
    }

    /// Suspends while any of them is on.
    #[must_use]
    pub fn marked_postings_deed(&self) -> Deed {
        let on = |video: &VideoView| video.postings.iter().any(|posting| posting.switch == Switch::On);
        if self.marked_rows().any(on) { Deed::SuspendPostings } else { Deed::ResumePostings }
    }

    #[must_use]
    pub fn marked_sources_deed(&self) -> Deed {
        let on = |video: &VideoView| video.source.switch == Switch::On;
        if self.marked_rows().any(on) { Deed::SuspendSources } else { Deed::ResumeSources }
    }

    fn marked_rows(&self) -> impl Iterator<Item = &VideoView> {
        self.marks.iter().filter_map(|(id, _)| self.list.get(id))
    }

    pub(super) fn for_marked(&mut self, deed: Deed) {
        self.batch = Some(Batch::new(deed, self.marks.iter().map(|(id, _)| id).collect()));
        for _ in 0..UNDER_WAY_MAX {
            self.ask_next();
        }
    }

    /// Asks for the next one that is still marked.
    fn ask_next(&mut self) {
        let Some(batch) = &mut self.batch else { return };
        while let Some(video) = batch.rest.pop_front() {
            let Some(title) = self.marks.take(video) else { continue };
            batch.asked += 1;
            let (request, change) = one(batch.deed, video.to_string(), title);
            let ticket = self.requests.ticket();
            self.send(ticket, request, Purpose::OneOfMany(change));
            return;
        }
    }

    pub(super) fn batch_reply(&mut self, change: Change, result: Result<Answer, Refusal>) {
        let result = result.map(|answer| self.absorb(answer));
        let Some(batch) = &mut self.batch else { return };
        batch.answered(change, result);
        self.ask_next();
        if let Some(batch) = self.batch.take_if(|batch| batch.is_over()) {
            self.say(Said::Batch(batch));
        }
    }
}

fn one(deed: Deed, video: String, title: String) -> (Request, Change) {
    let label = None;
    match deed {
        Deed::Generate => (Request::Generate { video, label: Label::default() }, Change::Generate { title }),
        Deed::SuspendPostings => (
            Request::SetPosting { target: video, switch: Switch::Off },
            Change::SuspendPostings { title, label },
        ),
        Deed::ResumePostings => (
            Request::SetPosting { target: video, switch: Switch::On },
            Change::ResumePostings { title, label },
        ),
        Deed::SuspendSources => {
            (Request::SetSource { video, switch: Switch::Off }, Change::SuspendSource { title })
        }
        Deed::ResumeSources => {
            (Request::SetSource { video, switch: Switch::On }, Change::ResumeSource { title })
        }
    }
}
