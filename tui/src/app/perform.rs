//! What each command does, once [`super::allowed`] let it through.

use vodpost_protocol::account::AccountKind;
use vodpost_protocol::ids::Label;
use vodpost_protocol::posting::{PostingState, PostingView};
use vodpost_protocol::request::Request;
use vodpost_protocol::video::{Switch, VideoView};

use crate::app::event::{Action, Ending};
use crate::app::folder::Here;
use crate::app::input::TextInput;
use crate::app::keymap::Command;
use crate::app::marks::Deed;
use crate::app::modal::{Decision, DeleteModal, Failure, Files, Form, Modal, Question, Step};
use crate::app::notice::Change;
use crate::app::requests::Resource;
use crate::app::{App, Focus, LinkState, Screen, geometry, opposite};

impl App {
    pub(super) fn perform(&mut self, command: Command) {
        match command {
            Command::Up => self.step(-1),
            Command::Down => self.step(1),
            Command::PageUp => self.step(-self.page()),
            Command::PageDown => self.step(self.page()),
            Command::First => self.step(isize::MIN / 2),
            Command::Last => self.step(isize::MAX / 2),
            Command::ShowQr => self.show_qr(),
            Command::SwitchFocus => self.switch_focus(),
            Command::Generate => self.generate(),
            Command::GenerateLabelled => self.ask_label(),
            Command::TogglePostings => self.toggle_postings(),
            Command::ToggleSource => self.toggle_source(),
            Command::DeleteSource => self.ask_delete(),
            Command::Retry | Command::Cancel => self.conversion(command),
            Command::CopyUrl => self.copy_url(),
            Command::Rescan => self.rescan(),
            Command::Filter => {
                let before = self.list.filter().text.clone();
                self.modal = Some(Modal::Filter { input: TextInput::with(&before), before });
            }
            Command::Sort => {
                self.list.next_sort();
                self.reload();
            }
            Command::Jump => {
                self.modal = Some(Modal::Jump { input: TextInput::default(), step: Step::Prompting });
            }
            Command::Explain => self.explain(),
            Command::Mark => self.mark(),
            Command::MarkAll => self.mark_all(),
            Command::GoToVideo => self.go_to_row_video(),
            Command::PauseQueue => self.pause_queue(),
            Command::ToggleMouse => self.toggle_mouse(),
            Command::OpenVideos => self.open(Screen::Videos),
            Command::OpenJobs => self.open(Screen::Jobs),
            Command::OpenEvents => self.open(Screen::Events),
            Command::OpenAccount => self.open(Screen::Account),
            Command::OpenStatus => self.open(Screen::Status),
            Command::SubmitIndividual => self.modal = Some(Modal::Submit(Form::new(AccountKind::Individual))),
            Command::SubmitEnterprise => self.modal = Some(Modal::Submit(Form::new(AccountKind::Enterprise))),
            Command::Approve => self.ask(Question::Approve),
            Command::Activate => self.ask(Question::Activate),
            Command::Reject => self.ask_reason(Decision::Reject),
            Command::Revoke => self.ask_reason(Decision::Revoke),
            Command::QrSize => self.qr_form(),
            Command::SaveQr => self.ask_qr_file(),
            Command::Accept => self.accept(),
            Command::NextField => self.in_form(|form| form.move_field(1)),
            Command::PreviousField => self.in_form(|form| form.move_field(-1)),
            Command::NextChoice => self.in_form(Form::next_document),
            Command::KeepFiles => self.keep_files(),
            Command::Help => {
                self.scroll = 0;
                self.modal = Some(Modal::Help);
            }
            Command::Close => self.close(),
            Command::Quit => self.outbox.push(Action::Quit(Ending::Asked)),
            Command::Stop => self.outbox.push(Action::Stop),
            Command::TakeStep => self.take_step(),
            Command::ShowFirstRun => self.show_first_run(),
            Command::AddFolder => self.ask_folder(),
            Command::Complete => self.complete_folder(),
        }
    }

    fn page(&self) -> isize {
        let rows = geometry::page_rows(self.size.0, self.size.1, self.banner_lines());
        isize::try_from(rows).unwrap_or(1)
    }

    pub(super) fn step(&mut self, steps: isize) {
        if matches!(self.modal, Some(Modal::Help | Modal::Explain(_))) {
            self.scroll_by(steps);
            return;
        }
        match self.screen {
            Screen::Videos => self.step_videos(steps),
            Screen::Jobs => self.jobs.select_by(steps),
            Screen::Events => {
                self.log.select_by(steps);
                self.read_older_events();
            }
            Screen::Account | Screen::Status => self.scroll_by(steps),
        }
    }

    fn step_videos(&mut self, steps: isize) {
        match self.focus {
            Focus::Videos => {
                self.scroll = 0;
                self.list.select_by(steps);
            }
            Focus::Postings => self.step_posting(steps),
        }
    }

    /// Through the URLs, and behind the last one through the rest of the details.
    fn step_posting(&mut self, steps: isize) {
        let current = self.current_posting();
        let place = current.and_then(|(video, current)| {
            let place = video.postings.iter().position(|posting| posting.token == current.token)?;
            let to = place.saturating_add_signed(steps).min(video.postings.len() - 1);
            (to != place).then(|| video.postings.get(to).map(|posting| posting.token))
        });
        match place {
            Some(token) if self.scroll == 0 => self.posting = token,
            Some(_) | None => self.scroll_by(steps),
        }
    }

    fn switch_focus(&mut self) {
        self.scroll = 0;
        self.focus = match self.focus {
            Focus::Videos => Focus::Postings,
            Focus::Postings => Focus::Videos,
        };
    }

    fn generate(&mut self) {
        if !self.marks.is_empty() {
            self.for_marked(Deed::Generate);
            return;
        }
        if let Some((id, title)) = self.selected_name() {
            self.change(Request::Generate { video: id, label: Label::default() }, Change::Generate { title });
        }
    }

    fn ask_label(&mut self) {
        if let Some(video) = self.list.selected() {
            let (video, title) = (video.id, video.title.clone());
            let (input, step) = (TextInput::default(), Step::Prompting);
            self.modal = Some(Modal::Label { video, title, input, step });
        }
    }

    fn toggle_postings(&mut self) {
        if self.acts_on_marks() {
            self.for_marked(self.marked_postings_deed());
            return;
        }
        let Some(switch) = self.posting_switch() else { return };
        let title = switch.video.title.clone();
        let target =
            switch.posting.map_or_else(|| switch.video.id.to_string(), |posting| posting.token.to_string());
        let label = switch.posting.map(|posting| posting.label.clone());
        let to = switch.to;
        let change = match to {
            Switch::On => Change::ResumePostings { title, label },
            Switch::Off => Change::SuspendPostings { title, label },
        };
        self.change(Request::SetPosting { target, switch: to }, change);
    }

    fn toggle_source(&mut self) {
        if self.acts_on_marks() {
            self.for_marked(self.marked_sources_deed());
            return;
        }
        let Some(to) = self.list.selected().map(|video| opposite(video.source.switch)) else { return };
        if let Some((video, title)) = self.selected_name() {
            let change = match to {
                Switch::On => Change::ResumeSource { title },
                Switch::Off => Change::SuspendSource { title },
            };
            self.change(Request::SetSource { video, switch: to }, change);
        }
    }

    fn ask_delete(&mut self) {
        if let Some(video) = self.list.selected() {
            self.modal = Some(Modal::Delete(DeleteModal {
                video: video.id,
                title: video.title.clone(),
                urls: video.postings.iter().map(hit).collect(),
                files: Files::Trash,
                input: TextInput::default(),
                step: Step::Prompting,
            }));
        }
    }

    fn keep_files(&mut self) {
        if let Some(Modal::Delete(delete)) = &mut self.modal {
            delete.files = match delete.files {
                Files::Trash => Files::Keep,
                Files::Keep => Files::Trash,
            };
        }
    }

    fn conversion(&mut self, command: Command) {
        let job = || self.jobs.selected().map(|job| (job.video.to_string(), job.title.clone()));
        let target = if self.screen == Screen::Jobs { job() } else { self.selected_name() };
        if let Some((video, title)) = target {
            if command == Command::Cancel {
                self.change(Request::Cancel { video }, Change::Cancel { title });
            } else {
                self.change(Request::Retry { video }, Change::Retry { title });
            }
        }
    }

    fn copy_url(&mut self) {
        let url = match &self.modal {
            Some(Modal::Qr(qr) | Modal::SaveQr { qr, .. }) => Some(qr.url.clone()),
            Some(Modal::Url { url }) => Some(url.clone()),
            Some(
                Modal::Help
                | Modal::Filter { .. }
                | Modal::Label { .. }
                | Modal::Delete(_)
                | Modal::Confirm { .. }
                | Modal::Reason { .. }
                | Modal::Submit(_)
                | Modal::Jump { .. }
                | Modal::Folder(_)
                | Modal::Explain(_),
            )
            | None => self.current_posting().map(|(_, posting)| posting.url.clone()),
        };
        let Some(url) = url else { return };
        if self.modal.is_none() {
            self.modal = Some(Modal::Url { url: url.clone() });
        }
        self.outbox.push(Action::Copy { text: url, way: self.clipboard });
    }

    fn rescan(&mut self) {
        match self.link {
            LinkState::Live { .. } => {
                self.change(Request::Scan, Change::Scan);
            }
            LinkState::Connecting { .. }
            | LinkState::Starting
            | LinkState::Offered(_)
            | LinkState::Lost { .. }
            | LinkState::Incompatible { .. } => self.outbox.push(Action::ConnectNow),
        }
    }

    fn open(&mut self, screen: Screen) {
        self.scroll = 0;
        // The key that opened a screen also closes it.
        self.screen = if self.screen == screen { Screen::Videos } else { screen };
        self.read_screen();
    }

    /// What the screen shows besides the list.
    pub(super) fn read_screen(&mut self) {
        match self.screen {
            Screen::Videos => {}
            Screen::Jobs => self.read(Resource::Jobs),
            Screen::Events => self.read_events(),
            Screen::Account => self.read(Resource::Account),
            Screen::Status => self.read(Resource::Status),
        }
    }

    fn pause_queue(&mut self) {
        if self.is_queue_paused() {
            self.change(Request::ResumeQueue, Change::ResumeQueue);
        } else {
            self.change(Request::PauseQueue, Change::PauseQueue);
        }
    }

    fn ask(&mut self, question: Question) {
        self.modal = Some(Modal::Confirm { question, step: Step::Prompting });
    }

    fn ask_reason(&mut self, decision: Decision) {
        self.modal = Some(Modal::Reason { decision, input: TextInput::default(), step: Step::Prompting });
    }

    fn in_form(&mut self, change: impl FnOnce(&mut Form)) {
        if let Some(Modal::Submit(form)) = &mut self.modal
            && !matches!(form.step, Step::Waiting(_))
        {
            change(form);
        }
    }

    /// Closes the top layer; on the bare list, the filter.
    fn close(&mut self) {
        self.scroll = 0;
        match self.modal.take() {
            Some(Modal::Filter { before, .. }) => self.filter_by(before),
            Some(Modal::SaveQr { qr, .. }) => self.close_qr_file(qr),
            Some(
                Modal::Help
                | Modal::Qr(_)
                | Modal::Url { .. }
                | Modal::Label { .. }
                | Modal::Delete(_)
                | Modal::Confirm { .. }
                | Modal::Reason { .. }
                | Modal::Submit(_)
                | Modal::Jump { .. }
                | Modal::Folder(_)
                | Modal::Explain(_),
            ) => {}
            None if self.shown_step().is_some() => self.put_off_first_run(),
            None if self.screen != Screen::Videos => self.screen = Screen::Videos,
            None if !self.marks.is_empty() => self.marks.clear(),
            None => self.filter_by(String::new()),
        }
    }

    /// Enter in a modal.
    fn accept(&mut self) {
        if let Some(Modal::Submit(form)) = &mut self.modal
            && !form.is_on_last_field()
            && !matches!(form.step, Step::Waiting(_))
        {
            form.move_field(1);
            return;
        }
        let Some(modal) = &self.modal else { return };
        if modal.is_waiting() {
            return;
        }
        if let Modal::Jump { input, .. } = modal {
            self.jump(input.trimmed());
            return;
        }
        if let Modal::SaveQr { .. } = modal {
            self.save_qr();
            return;
        }
        match asked_for(modal, &self.here) {
            Asked::Nothing => {}
            Asked::Close => self.modal = None,
            Asked::Change(request, change) => self.change_from_modal(*request, change),
            Asked::Wrong(failure) => self.set_step(Step::Failed(failure)),
        }
    }

    fn change_from_modal(&mut self, request: Request, change: Change) {
        if self.is_live() {
            let ticket = self.change(request, change);
            self.set_step(Step::Waiting(ticket));
        } else {
            self.set_step(Step::Failed(Failure::NotSent));
        }
    }

    fn set_step(&mut self, to: Step) {
        if let Some(step) = self.modal.as_mut().and_then(Modal::step_mut) {
            *step = to;
        }
    }

    fn selected_name(&self) -> Option<(String, String)> {
        self.list.selected().map(|video: &VideoView| (video.id.to_string(), video.title.clone()))
    }
}

/// What deleting hits.
fn hit(posting: &PostingView) -> (Label, PostingState, u64) {
    let views_24h = posting.traffic.as_ref().map_or(0, |traffic| traffic.views_24h);
    (posting.label.clone(), posting.state, views_24h)
}

/// What Enter in a modal amounts to.
enum Asked {
    Nothing,
    Close,
    Change(Box<Request>, Change),
    Wrong(Failure),
}

fn asked_for(modal: &Modal, here: &Here) -> Asked {
    let change = |request, change| Asked::Change(Box::new(request), change);
    match modal {
        Modal::Help
        | Modal::Qr(_)
        | Modal::Url { .. }
        | Modal::Explain(_)
        | Modal::Jump { .. }
        | Modal::SaveQr { .. } => Asked::Nothing,
        Modal::Filter { .. } => Asked::Close,
        Modal::Label { video, title, input, .. } => match input.trimmed().parse::<Label>() {
            Ok(label) => change(
                Request::Generate { video: video.to_string(), label },
                Change::Generate { title: title.clone() },
            ),
            Err(_) => Asked::Wrong(Failure::InvalidLabel),
        },
        Modal::Delete(delete) => {
            if !delete.title_matches() {
                return Asked::Wrong(Failure::TitleDiffers);
            }
            let keep_files = delete.files == Files::Keep;
            change(
                Request::DeleteSource { video: delete.video.to_string(), keep_files },
                Change::DeleteSource { title: delete.title.clone() },
            )
        }
        Modal::Confirm { question: Question::Approve, .. } => {
            change(Request::AccountApprove, Change::Approve)
        }
        Modal::Confirm { question: Question::Activate, .. } => {
            change(Request::ServiceActivate, Change::Activate)
        }
        Modal::Reason { input, .. } if input.trimmed().is_empty() => Asked::Wrong(Failure::ReasonMissing),
        Modal::Reason { decision: Decision::Reject, input, .. } => {
            change(Request::AccountReject { reason: input.trimmed() }, Change::Reject)
        }
        Modal::Reason { decision: Decision::Revoke, input, .. } => {
            change(Request::AccountRevoke { reason: input.trimmed() }, Change::Revoke)
        }
        Modal::Folder(folder) => match folder.path(here) {
            Ok(path) => change(Request::AddRoot { path: path.clone() }, Change::AddRoot { path }),
            Err(failure) => Asked::Wrong(failure),
        },
        Modal::Submit(form) => change(Request::AccountSubmit(form.submission()), Change::Submit),
    }
}
