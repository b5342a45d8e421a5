//! What may happen to the UI ([`Event`]) and what it may ask of the run loop ([`Action`]). Both are closed.

use std::path::PathBuf;
use std::time::Duration;

use vodpost_protocol::event::Push;
use vodpost_protocol::hello::DaemonHello;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::reply::Answer;
use vodpost_protocol::request::Request;

use crate::app::folder::Completion;
use crate::app::modal::NotSaved;
use crate::text::Sentence;

/// The keys that the UI knows; every other key press is dropped where keys are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Char(char),
    Ctrl(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Left,
    Right,
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
}

/// What the mouse did, and where: columns and rows from the upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mouse {
    pub gesture: Gesture,
    pub x: u16,
    pub y: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gesture {
    Press,
    WheelUp,
    WheelDown,
}

/// The number under which a request was sent; it is the id on the wire too, so that a late reply finds its purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u32);

#[derive(Debug)]
pub enum Event {
    Key(Key),
    Mouse(Mouse),
    Paste(String),
    Resize {
        width: u16,
        height: u16,
    },
    /// The moment that [`crate::app::App::next_wake`] named has come.
    Tick,
    Link(LinkEvent),
    Copied(Copied),
    /// What came of [`Action::SaveQr`].
    SavedQr {
        /// The name that was typed.
        name: String,
        result: Result<PathBuf, NotSaved>,
    },
    /// What this beginning of a path may become; nothing where there is no such folder.
    Completed {
        path: String,
        completion: Option<Completion>,
    },
    /// The process was stopped and goes on; the terminal shows somebody else's text.
    Continued,
    /// Asked to stop, as Ctrl-Z does.
    StopRequested,
    /// One of our own threads ended in a panic.
    ThreadFailed(&'static str),
    /// The terminal cannot be read any more.
    InputFailed(std::io::Error),
}

/// What the link tells.
#[derive(Debug)]
pub enum LinkEvent {
    /// The n-th attempt since the last connection begins.
    Connecting {
        attempt: u32,
    },
    /// Nobody answered, so a daemon is being started.
    Starting,
    /// Nobody answered; a daemon is started when the user wants one.
    Offered(Offer),
    Up(DaemonHello),
    /// No connection; tried again by itself after this time.
    Down {
        why: Sentence,
        retry_in: Duration,
    },
    /// No connection, and trying again would not help.
    Incompatible(Sentence),
    /// This request was not sent.
    NotSent(Ticket),
    Reply {
        ticket: Ticket,
        result: Box<Result<Answer, Refusal>>,
    },
    Push(Push),
}

/// A daemon that could be started for this user, and where it would keep its things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub state: PathBuf,
    pub log: PathBuf,
    /// Why the last one that was started is not there.
    pub failed: Option<Sentence>,
}

/// How the text got to the clipboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyWay {
    /// Through `tmux load-buffer -w`.
    Tmux,
    /// Through the terminal itself, OSC 52, which does not say whether it obeyed.
    Terminal,
}

#[derive(Debug)]
pub enum Copied {
    Done(CopyWay),
    /// tmux did not take it; the terminal may.
    TmuxFailed {
        text: String,
    },
    /// Longer than terminals accept.
    TooLong,
}

/// What the run loop is to do.
#[derive(Debug, PartialEq)]
pub enum Action {
    Send {
        ticket: Ticket,
        request: Box<Request>,
    },
    Copy {
        text: String,
        way: CopyWay,
    },
    /// Write the QR code of a URL to a new file.
    SaveQr {
        url: String,
        /// As typed; relative to the folder.
        name: String,
        folder: PathBuf,
    },
    /// Do not wait for the next attempt.
    ConnectNow,
    /// The user wants a daemon.
    StartDaemon,
    /// Find out what this beginning of a path may become.
    Complete {
        path: String,
    },
    /// Give the terminal back and stop, as any program does on Ctrl-Z.
    Stop,
    /// Take the terminal again and draw everything.
    Redraw,
    Quit(Ending),
}

/// Why the UI ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    Asked,
    ThreadFailed(&'static str),
    InputFailed(String),
}
