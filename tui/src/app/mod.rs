//! The UI's state and its one way to change: [`App::update`] takes an event and the time, and returns what is to be done.
//! Pure: no I/O, no clock, no terminal.
//!
//! Reading order: [`event`], [`keymap`], this file, [`perform`] (what a command does), [`allowed`] (when it may),
//! [`replies`] (what the daemon says).

pub mod allowed;
pub mod event;
pub mod first_run;
pub mod folder;
pub mod geometry;
pub mod input;
pub mod jobs;
pub mod keymap;
pub mod list;
pub mod log;
mod many;
pub mod marks;
pub mod modal;
pub mod mouse;
pub mod notice;
pub mod number;
mod perform;
mod qr;
mod replies;
pub mod requests;
#[cfg(test)]
pub(crate) mod tests;
mod travel;

use std::path::{Path, PathBuf};

use vodpost_protocol::account::AccountView;
use vodpost_protocol::hello::DaemonHello;
use vodpost_protocol::ids::{InstanceId, Token};
use vodpost_protocol::posting::{PostingState, PostingView};
use vodpost_protocol::request::Request;
use vodpost_protocol::status::{Status, Storage};
use vodpost_protocol::time::Timestamp;
use vodpost_protocol::video::{Switch, VideoView};

use crate::app::event::{Action, CopyWay, Ending, Event, Key, Offer, Ticket};
use crate::app::first_run::FirstRun;
use crate::app::folder::Here;
use crate::app::jobs::Jobs;
use crate::app::keymap::{Command, Place};
use crate::app::list::{Ask, List};
use crate::app::log::Log;
use crate::app::marks::{Batch, Marks};
use crate::app::modal::Modal;
use crate::app::mouse::{Drawn, Pointer, Pointing};
use crate::app::notice::{Change, Notice, Said};
use crate::app::requests::{Purpose, Requests};
use crate::text::Sentence;

/// The connection as the user sees it.
#[derive(Debug)]
pub enum LinkState {
    Connecting {
        attempt: u32,
    },
    /// Nobody answered; a daemon is being started.
    Starting,
    /// Nobody answered, and a daemon may be started if the user wants one.
    Offered(Offer),
    Live {
        hello: DaemonHello,
    },
    Lost {
        since: Timestamp,
        why: Sentence,
        retry_at: Timestamp,
    },
    /// Trying again would not help.
    Incompatible {
        sentence: Sentence,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    Videos,
    Jobs,
    Events,
    Account,
    Status,
}

/// Which part of the videos screen the arrow keys move in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    Videos,
    Postings,
}

#[derive(Debug)]
pub struct App {
    pub now: Timestamp,
    pub size: (u16, u16),
    pub link: LinkState,
    pub screen: Screen,
    pub focus: Focus,
    pub modal: Option<Modal>,
    pub notice: Option<Notice>,
    pub list: List,
    pub jobs: Jobs,
    pub log: Log,
    pub marks: Marks,
    pub account: Option<AccountView>,
    pub status: Option<Status>,
    pub requests: Requests,
    pointing: Pointing,
    pub first_run: FirstRun,
    /// What paths mean that are typed here.
    pub here: Here,
    /// Lines that are scrolled past, in the one part of the window that is longer than its room.
    scroll: usize,
    /// How many there are to scroll past, as the last frame found.
    scroll_max: usize,
    /// The posting that was chosen last; it counts while it belongs to the selected video.
    posting: Option<Token>,
    clipboard: CopyWay,
    /// Where files go whose name says nothing else.
    folder: PathBuf,
    /// The run of the daemon that the data is from.
    instance: Option<InstanceId>,
    /// The state that the data is from.
    known_state: Option<KnownState>,
    /// What is said when the notice has gone.
    said_next: Option<Said>,
    /// The number of the newest event.
    newest_seq: u64,
    /// A change for several videos that is not answered to the end.
    batch: Option<Batch>,
    /// When the list is to be read anew, because videos came or went.
    reload_at: Option<Timestamp>,
    outbox: Vec<Action>,
}

impl App {
    #[must_use]
    pub fn new(now: Timestamp, size: (u16, u16), clipboard: CopyWay) -> Self {
        Self {
            now,
            size,
            link: LinkState::Connecting { attempt: 1 },
            screen: Screen::Videos,
            focus: Focus::Videos,
            modal: None,
            notice: None,
            list: List::default(),
            jobs: Jobs::default(),
            log: Log::default(),
            marks: Marks::default(),
            account: None,
            status: None,
            requests: Requests::default(),
            pointing: Pointing::default(),
            first_run: FirstRun::default(),
            here: Here::default(),
            scroll: 0,
            scroll_max: 0,
            posting: None,
            clipboard,
            folder: PathBuf::new(),
            instance: None,
            known_state: None,
            said_next: None,
            newest_seq: 0,
            batch: None,
            reload_at: None,
            outbox: Vec::new(),
        }
    }

    #[must_use]
    pub fn with_folder(mut self, folder: PathBuf) -> Self {
        self.folder = folder;
        self
    }

    /// Begins with the mouse in these hands.
    #[must_use]
    pub fn with_mouse(self, pointer: Pointer) -> Self {
        Self { pointing: Pointing::new(pointer), ..self }
    }

    /// The only way in which the state changes, but for [`App::drawn`].
    pub fn update(&mut self, now: Timestamp, event: Event) -> Vec<Action> {
        self.now = now;
        self.wake();
        match event {
            Event::Key(key) => self.key(key),
            Event::Mouse(mouse) => self.mouse(mouse),
            Event::Paste(text) => {
                match &mut self.modal {
                    Some(modal) => modal.paste(&text),
                    None => self.jump_to_pasted(&text),
                }
                self.follow_filter();
            }
            Event::Resize { width, height } => self.size = (width, height),
            Event::Tick => {}
            Event::Link(event) => self.link_event(event),
            Event::Copied(copied) => self.copied(copied),
            Event::SavedQr { name, result } => self.saved_qr(&name, result),
            Event::Completed { path, completion } => {
                if let Some(Modal::Folder(folder)) = &mut self.modal {
                    folder.complete(&self.here, &path, completion);
                }
            }
            Event::Continued => self.outbox.push(Action::Redraw),
            Event::StopRequested => self.outbox.push(Action::Stop),
            Event::ThreadFailed(name) => self.outbox.push(Action::Quit(Ending::ThreadFailed(name))),
            Event::InputFailed(error) => {
                self.outbox.push(Action::Quit(Ending::InputFailed(error.to_string())));
            }
        }
        std::mem::take(&mut self.outbox)
    }

    /// Where files go whose name says nothing else.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// When [`Event::Tick`] is wanted; never while nothing is going to change by itself.
    #[must_use]
    pub fn next_wake(&self) -> Option<Timestamp> {
        let notice = self.notice.as_ref().and_then(|notice| notice.until);
        [notice, self.reload_at].into_iter().flatten().min()
    }

    /// Where keys go.
    #[must_use]
    pub fn place(&self) -> Place {
        if geometry::is_too_small(self.size.0, self.size.1) {
            return Place::TooSmall;
        }
        match (&self.modal, self.screen) {
            (
                Some(modal),
                Screen::Videos | Screen::Jobs | Screen::Events | Screen::Account | Screen::Status,
            ) => modal.place(),
            (None, Screen::Videos) if self.shown_step().is_some() => Place::FirstRun,
            (None, Screen::Videos) => Place::Videos,
            (None, Screen::Jobs) => Place::Jobs,
            (None, Screen::Events) => Place::Events,
            (None, Screen::Account) => Place::Account,
            (None, Screen::Status) => Place::Status,
        }
    }

    #[must_use]
    pub fn hello(&self) -> Option<&DaemonHello> {
        match &self.link {
            LinkState::Live { hello } => Some(hello),
            LinkState::Connecting { .. }
            | LinkState::Starting
            | LinkState::Offered(_)
            | LinkState::Lost { .. }
            | LinkState::Incompatible { .. } => None,
        }
    }

    #[must_use]
    pub fn is_live(&self) -> bool {
        self.hello().is_some()
    }

    /// Why the daemon refuses changes, if it does.
    #[must_use]
    pub fn read_only(&self) -> Option<&str> {
        match &self.status.as_ref()?.storage {
            Storage::Ok => None,
            Storage::ReadOnly(reason) => Some(reason),
        }
    }

    #[must_use]
    pub fn is_queue_paused(&self) -> bool {
        match self.jobs.view() {
            Some(view) if self.screen == Screen::Jobs => view.paused.is_some(),
            Some(_) | None => self.status.as_ref().is_some_and(|status| status.queue.paused),
        }
    }

    /// Lines between the header and the rest.
    #[must_use]
    pub fn banner_lines(&self) -> u16 {
        match self.link {
            LinkState::Lost { .. } | LinkState::Incompatible { .. } => 2,
            LinkState::Live { .. } => u16::from(self.read_only().is_some()) + u16::from(self.shows_steps()),
            LinkState::Connecting { .. } | LinkState::Starting | LinkState::Offered(_) => 0,
        }
    }

    /// The posting that keys act on: the chosen one, else the first live one, else the first.
    #[must_use]
    pub fn current_posting(&self) -> Option<(&VideoView, &PostingView)> {
        let video = self.list.selected()?;
        let postings = &video.postings;
        let chosen = postings.iter().find(|posting| Some(posting.token) == self.posting);
        let live = || postings.iter().find(|posting| posting.state == PostingState::Live);
        Some((video, chosen.or_else(live).or_else(|| postings.first())?))
    }

    /// Which way the posting switch key goes, and for what: the posting on show or in focus, else all of the video.
    #[must_use]
    pub fn posting_switch(&self) -> Option<PostingSwitch<'_>> {
        let one = match (&self.modal, self.focus) {
            (Some(Modal::Qr(qr) | Modal::SaveQr { qr, .. }), Focus::Videos | Focus::Postings) => {
                let video = self.list.get(qr.video)?;
                Some((video, video.postings.iter().find(|posting| posting.token == qr.token)?))
            }
            (_, Focus::Postings) => Some(self.current_posting()?),
            (_, Focus::Videos) => None,
        };
        if let Some((video, posting)) = one {
            return Some(PostingSwitch { video, posting: Some(posting), to: opposite(posting.switch) });
        }
        let video = self.list.selected().filter(|video| !video.postings.is_empty())?;
        let any_on = video.postings.iter().any(|posting| posting.switch == Switch::On);
        Some(PostingSwitch { video, posting: None, to: if any_on { Switch::Off } else { Switch::On } })
    }

    #[must_use]
    pub fn scroll(&self) -> usize {
        self.scroll
    }

    pub fn drawn(&mut self, drawn: Drawn) {
        self.scroll_max = drawn.hidden_lines;
        self.scroll = self.scroll.min(drawn.hidden_lines);
        self.pointing.targets = drawn.targets;
    }

    fn scroll_by(&mut self, steps: isize) {
        self.scroll = self.scroll.saturating_add_signed(steps).min(self.scroll_max);
    }

    fn wake(&mut self) {
        let now = self.now;
        self.notice.take_if(|notice| notice.until.is_some_and(|until| until <= now));
        if self.reload_at.take_if(|at| *at <= now).is_some() {
            self.reload();
        }
    }

    fn key(&mut self, key: Key) {
        self.notice = None;
        if let Some(said) = self.said_next.take() {
            self.say(said);
        }
        if let Some(command) = keymap::lookup(self.place(), key) {
            self.run(command);
        } else if let Some(modal) = &mut self.modal {
            modal.key(key);
            self.follow_filter();
        }
        self.look_ahead();
    }

    fn run(&mut self, command: Command) {
        match allowed::check(self, command) {
            Ok(()) => self.perform(command),
            Err(why) => self.say(Said::Disabled { command, why }),
        }
    }

    fn say(&mut self, said: Said) {
        self.notice = Some(Notice::new(said, self.now));
    }

    /// After a doubt that is still on show, which must be read first.
    fn say_after_doubt(&mut self, said: Said) {
        match &self.notice {
            Some(notice) if matches!(notice.said, Said::Unanswered(_)) => self.said_next = Some(said),
            Some(_) | None => self.say(said),
        }
    }

    /// While a filter is typed the list follows it, one request at a time.
    fn follow_filter(&mut self) {
        if let Some(Modal::Filter { input, .. }) = &self.modal {
            let text = input.trimmed();
            self.filter_by(text);
        }
    }

    fn filter_by(&mut self, text: String) {
        if self.list.filter().text != text {
            self.list.set_text(text);
            self.reload();
        }
    }

    fn reload(&mut self) {
        if self.is_live() {
            let ticket = self.requests.ticket();
            let ask = self.list.outdate(ticket);
            self.ask_list(ticket, ask);
        }
    }

    fn look_ahead(&mut self) {
        if self.is_live() {
            let ticket = self.requests.ticket();
            let ask = self.list.look_ahead(ticket);
            self.ask_list(ticket, ask);
        }
    }

    fn ask_list(&mut self, ticket: Ticket, ask: Ask) {
        match ask {
            Ask::Nothing => {}
            Ask::List(query) => self.send(ticket, Request::List(query), Purpose::List),
        }
    }

    fn send(&mut self, ticket: Ticket, request: Request, purpose: Purpose) {
        self.requests.sent(ticket, purpose);
        self.outbox.push(Action::Send { ticket, request: Box::new(request) });
    }

    fn change(&mut self, request: Request, change: Change) -> Ticket {
        let ticket = self.requests.ticket();
        self.send(ticket, request, Purpose::Change(change));
        ticket
    }
}

/// Which state it is, and which of its lives.
#[derive(Debug, Clone, PartialEq, Eq)]
struct KnownState {
    id: String,
    restored_at: Option<Timestamp>,
}

/// What the posting switch key would do.
#[derive(Debug)]
pub struct PostingSwitch<'a> {
    pub video: &'a VideoView,
    /// Absent: all postings of the video.
    pub posting: Option<&'a PostingView>,
    pub to: Switch,
}

#[must_use]
pub fn opposite(switch: Switch) -> Switch {
    match switch {
        Switch::On => Switch::Off,
        Switch::Off => Switch::On,
    }
}
