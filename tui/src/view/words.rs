//! What the UI says: the name of every command and key, and a sentence for every notice and failure. What the daemon's
//! facts are called is in [`crate::text`].

use vodpost_protocol::account::AccountKind;
use vodpost_protocol::ids::Label;
use vodpost_protocol::request::Sort;
use vodpost_protocol::status::ScanView;
use vodpost_protocol::video::Switch;

use crate::app::App;
use crate::app::event::{CopyWay, Key};
use crate::app::keymap::{Command, Place};
use crate::app::modal::{Decision, Failure, Field, Question};
use crate::app::notice::{Change, Said, Why};
use crate::format;
use crate::text::{self, Sentence, plain};

/// The word in the footer; movements need none.
#[must_use]
pub fn short(app: &App, command: Command) -> Option<&'static str> {
    Some(match command {
        Command::Up
        | Command::Down
        | Command::PageUp
        | Command::PageDown
        | Command::First
        | Command::Last
        | Command::Stop => return None,
        Command::ShowQr => "QR code",
        Command::SwitchFocus => "details",
        Command::Generate => "generate",
        Command::GenerateLabelled => "another URL",
        Command::TogglePostings => match app.posting_switch() {
            Some(switch) if switch.to == Switch::On => "resume URL",
            Some(_) | None => "suspend URL",
        },
        Command::ToggleSource => match app.list.selected().map(|video| video.source.switch) {
            Some(Switch::Off) => "resume video",
            Some(Switch::On) | None => "suspend video",
        },
        Command::DeleteSource => "delete",
        Command::Retry => "retry",
        Command::Cancel => "cancel",
        Command::CopyUrl => "copy URL",
        Command::Rescan => {
            if app.is_live() {
                "rescan"
            } else {
                "connect now"
            }
        }
        Command::Filter => "filter",
        Command::Sort => "sort",
        Command::OpenAccount => "account",
        Command::OpenStatus => "status",
        Command::SubmitIndividual => "submit individual",
        Command::SubmitEnterprise => "submit enterprise",
        Command::Approve => "approve",
        Command::Reject => "reject",
        Command::Revoke => "revoke",
        Command::Activate => "activate service",
        Command::QrSize => "size",
        Command::Accept => "ok",
        Command::NextField => "next field",
        Command::PreviousField => "previous",
        Command::NextChoice => "change",
        Command::KeepFiles => "keep/move files",
        Command::Help => "help",
        Command::Close if app.place() == Place::Videos => "clear filter",
        Command::Close => "close",
        Command::Quit => "quit",
    })
}

/// The line in the help.
#[must_use]
pub fn long(command: Command) -> &'static str {
    match command {
        Command::Up => "move up",
        Command::Down => "move down",
        Command::PageUp => "one page up",
        Command::PageDown => "one page down",
        Command::First => "to the first",
        Command::Last => "to the last that is loaded",
        Command::ShowQr => "show the URL as a QR code",
        Command::SwitchFocus => "move in the URLs and details of the selected video",
        Command::Generate => "generate the URL of the video",
        Command::GenerateLabelled => "generate another URL, with a label of its own",
        Command::TogglePostings => "suspend or resume the selected URL, or all URLs of the video",
        Command::ToggleSource => "suspend or resume the video with all its URLs",
        Command::DeleteSource => "delete the video; its URLs become invalid for ever",
        Command::Retry => "try the failed conversion again",
        Command::Cancel => "cancel the conversion",
        Command::CopyUrl => "copy the URL",
        Command::Rescan => "look at the library folders now; without a connection: connect now",
        Command::Filter => "show only titles that contain a text",
        Command::Sort => "sort by name, newest, bitrate or state",
        Command::OpenAccount => "the account: verification and service",
        Command::OpenStatus => "the daemon: library, queue, addresses",
        Command::SubmitIndividual => "submit an identity verification as an individual",
        Command::SubmitEnterprise => "submit an identity verification as an enterprise",
        Command::Approve => "approve the submission",
        Command::Reject => "reject the submission",
        Command::Revoke => "revoke the approval",
        Command::Activate => "activate the service",
        Command::QrSize => "switch between small and full size, which needs no glyphs",
        Command::Accept => "accept",
        Command::NextField => "next field",
        Command::PreviousField => "previous field",
        Command::NextChoice => "the other choice",
        Command::KeepFiles => "keep the files, or move them to the trash",
        Command::Help => "this help",
        Command::Close => "close what is on top, or clear the filter",
        Command::Quit => "quit",
        Command::Stop => "stop the program; fg continues it",
    }
}

#[must_use]
pub fn key(key: Key) -> String {
    match key {
        Key::Char(' ') => "Space".to_owned(),
        Key::Char(letter) => letter.to_string(),
        Key::Ctrl(letter) => format!("Ctrl-{}", letter.to_ascii_uppercase()),
        Key::Enter => "Enter".to_owned(),
        Key::Esc => "Esc".to_owned(),
        Key::Tab => "Tab".to_owned(),
        Key::BackTab => "Shift-Tab".to_owned(),
        Key::Backspace => "Backspace".to_owned(),
        Key::Delete => "Del".to_owned(),
        Key::Left => "Left".to_owned(),
        Key::Right => "Right".to_owned(),
        Key::Up => "Up".to_owned(),
        Key::Down => "Down".to_owned(),
        Key::PageUp => "PgUp".to_owned(),
        Key::PageDown => "PgDn".to_owned(),
        Key::Home => "Home".to_owned(),
        Key::End => "End".to_owned(),
    }
}

#[must_use]
pub fn sort(sort: Sort) -> &'static str {
    match sort {
        Sort::Name => "name",
        Sort::Added => "newest",
        Sort::Bitrate => "bitrate",
        Sort::State => "state",
    }
}

#[must_use]
pub fn why(why: &Why) -> String {
    match why {
        Why::NotConnected => "there is no connection to the daemon".to_owned(),
        Why::Role { role, needed } => {
            format!("your role is {}, this needs {}", role.name(), needed.name())
        }
        Why::NoVideo => "no video is selected".to_owned(),
        Why::NoPosting => "this video has no URL yet; g generates one".to_owned(),
        Why::SourceDeleted => "the video was deleted; that is final".to_owned(),
        Why::NotFailed => "there is no failed conversion to try again".to_owned(),
        Why::NotConverting => "no conversion is queued or running".to_owned(),
        Why::NothingToDecide => "no submission waits for a decision".to_owned(),
        Why::NothingToRevoke => "there is no approval to revoke".to_owned(),
        Why::AlreadyActive => "the service is active already".to_owned(),
        Why::AccountNotLoaded => "the account has not been read yet".to_owned(),
        Why::Waiting => "the last one has not been answered yet".to_owned(),
        Why::NothingToClose => "nothing is open; q quits".to_owned(),
    }
}

fn quoted(title: &str) -> String {
    format!("\"{}\"", plain(title))
}

fn urls(title: &str, label: Option<&Label>) -> String {
    match label {
        Some(label) => format!("URL {label} of {}", quoted(title)),
        None => format!("all URLs of {}", quoted(title)),
    }
}

/// A change as something to be done.
#[must_use]
pub fn change(change: &Change) -> String {
    match change {
        Change::Generate { title } => format!("generate {}", quoted(title)),
        Change::Retry { title } => format!("convert {} again", quoted(title)),
        Change::Cancel { title } => format!("cancel the conversion of {}", quoted(title)),
        Change::SuspendPostings { title, label } => format!("suspend {}", urls(title, label.as_ref())),
        Change::ResumePostings { title, label } => format!("resume {}", urls(title, label.as_ref())),
        Change::SuspendSource { title } => format!("suspend {}", quoted(title)),
        Change::ResumeSource { title } => format!("resume {}", quoted(title)),
        Change::DeleteSource { title } => format!("delete {}", quoted(title)),
        Change::Submit => "submit the verification".to_owned(),
        Change::Approve => "approve the submission".to_owned(),
        Change::Reject => "reject the submission".to_owned(),
        Change::Revoke => "revoke the approval".to_owned(),
        Change::Activate => "activate the service".to_owned(),
        Change::Scan => "look at the library".to_owned(),
    }
}

fn done(change: &Change) -> String {
    match change {
        Change::Generate { title } => {
            format!("{} is being prepared; its URL goes live by itself when it is ready", quoted(title))
        }
        Change::Retry { title } => format!("the conversion of {} starts again", quoted(title)),
        Change::Cancel { title } => format!("the conversion of {} was cancelled", quoted(title)),
        Change::SuspendPostings { title, label } => format!("suspended: {}", urls(title, label.as_ref())),
        Change::ResumePostings { title, label } => format!("resumed: {}", urls(title, label.as_ref())),
        Change::SuspendSource { title } => format!("{} is suspended with all its URLs", quoted(title)),
        Change::ResumeSource { title } => {
            format!("{} is resumed; URLs that were suspended by themselves stay so", quoted(title))
        }
        Change::DeleteSource { title } => {
            format!("{} was deleted; its URLs are invalid for ever", quoted(title))
        }
        Change::Submit => "the verification was submitted and waits for a decision".to_owned(),
        Change::Approve => "the submission was approved".to_owned(),
        Change::Reject => "the submission was rejected".to_owned(),
        Change::Revoke => "the approval was revoked; live URLs stay live".to_owned(),
        Change::Activate => "the service is active".to_owned(),
        Change::Scan => "the library was looked at".to_owned(),
    }
}

#[must_use]
pub fn waiting(changes: &[&Change]) -> Option<String> {
    let first = changes.first()?;
    let more = changes.len() - 1;
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some(format!("waiting: {}{rest}...", change(first)))
}

#[must_use]
pub fn said(said: &Said) -> Sentence {
    match said {
        Said::Done(change) => Sentence::new(done(change)),
        Said::LiveNow { title } => Sentence::with_hint(
            format!("{} is live", quoted(title)),
            "Enter shows the QR code, c copies the URL",
        ),
        Said::Scanned(scan) => scanned(scan),
        Said::Refused { change: asked, refusal } => {
            let refusal = text::refusal(refusal);
            Sentence { message: format!("{}: {}", change(asked), refusal.message), hint: refusal.hint }
        }
        Said::ReadRefused(refusal) => text::refusal(refusal),
        Said::Unanswered(changes) => unanswered(changes),
        Said::NotSent(asked) => Sentence::new(format!("not sent: {}", change(asked))),
        Said::Disabled { command, why: reason } => {
            Sentence::new(format!("{}: {}", long(*command), why(reason)))
        }
        Said::Copied(CopyWay::Tmux) => Sentence::new("copied to tmux and the clipboard"),
        Said::Copied(CopyWay::Terminal) => Sentence::with_hint(
            "sent to the terminal's clipboard",
            "if it did not arrive, select the URL above",
        ),
        Said::TooLongToCopy => {
            Sentence::new("too long for the terminal's clipboard; select the text instead")
        }
        Said::DaemonRestarted => Sentence::new("the daemon was restarted; everything was read anew"),
        Said::UnexpectedAnswer => Sentence::new("the daemon's answer did not fit the question"),
    }
}

fn unanswered(changes: &[Change]) -> Sentence {
    let list: Vec<String> = changes.iter().map(change).collect();
    Sentence::new(format!(
        "connection lost before the answer; may or may not have been done: {}",
        list.join(", ")
    ))
}

fn scanned(scan: &ScanView) -> Sentence {
    let mut message = format!(
        "{} in {}: {} new, {} changed, {} missing",
        format::count(scan.videos, "video", "videos"),
        format::count(scan.files, "file", "files"),
        scan.added,
        scan.changed,
        scan.missing
    );
    if scan.settling > 0 {
        message.push_str(&format!(", {} still being written", scan.settling));
    }
    let problems = scan.problems.len() as u64 + scan.problems_left_out;
    let first = scan.roots_unavailable.first().or_else(|| scan.problems.first());
    let Some(first) = first else { return Sentence::new(message) };
    Sentence::with_hint(
        message,
        format!(
            "{}: {} ({})",
            plain(&first.path),
            plain(&first.reason),
            format::count(problems + scan.roots_unavailable.len() as u64, "problem", "problems")
        ),
    )
}

/// Why a modal did not reach its end.
#[must_use]
pub fn failure(failure: &Failure) -> Sentence {
    match failure {
        Failure::Refused(refusal) => text::refusal(refusal),
        Failure::Unanswered => Sentence::with_hint(
            "The connection was lost before the answer: it may or may not have been done.",
            "Look before you try again.",
        ),
        Failure::NotSent => {
            Sentence::with_hint("Not sent: there is no connection to the daemon.", "Try again later.")
        }
        Failure::TitleDiffers => Sentence::new("That is not the title."),
        Failure::InvalidLabel => {
            Sentence::new("A label is 1 to 40 of a-z 0-9 . _ - and starts with a letter or digit.")
        }
        Failure::ReasonMissing => Sentence::new("A reason is needed."),
    }
}

#[must_use]
pub fn question(question: Question) -> (&'static str, &'static str) {
    match question {
        Question::Approve => {
            ("Approve", "Approve the submission? The account may then activate the service.")
        }
        Question::Activate => {
            ("Activate", "Activate the service? This is done once and recorded with your name.")
        }
    }
}

#[must_use]
pub fn decision(decision: Decision) -> (&'static str, &'static str) {
    match decision {
        Decision::Reject => ("Reject", "Why is the submission rejected? The submitter reads this."),
        Decision::Revoke => ("Revoke", "Why is the approval revoked? No new URLs; live ones stay live."),
    }
}

#[must_use]
pub fn field(field: Field, kind: AccountKind) -> &'static str {
    match (field, kind) {
        (Field::Name, AccountKind::Individual) => "Full name",
        (Field::Name, AccountKind::Enterprise) => "Organisation",
        (Field::Document, AccountKind::Individual | AccountKind::Enterprise) => "Document",
        (Field::Number, AccountKind::Individual) => "Number",
        (Field::Number, AccountKind::Enterprise) => "Registration",
        (Field::Contact, AccountKind::Individual | AccountKind::Enterprise) => "Contact",
    }
}

pub const APP: &str = "vodpost";
pub const CONNECTING: &str = "connecting to the daemon...";
pub const STARTING: &str = "no daemon answered; starting one...";
pub const LOADING: &str = "loading...";
pub const NO_MATCH: &str = "no title contains this text; Esc clears the filter";
pub const EMPTY: &str = "The library has no videos yet. i shows its folders, R looks at them again.";
pub const NO_SELECTION: &str = "no video is selected";
pub const NO_POSTINGS: &str = "none yet; g generates one";
pub const IN_DOUBT: &str = "waiting for the daemon...";
pub const NOT_LIVE: &str = "not live";
pub const DELETE_FINAL: &str = "This is final: the URLs answer 410 for ever and cannot be revived.";
pub const TYPE_TITLE: &str = "Type the title to confirm:";
pub const FILES_TRASH: &str = "The files move to the trash folder of the library.";
pub const FILES_KEEP: &str = "The files stay; the video is only hidden and its URLs end.";
pub const LABEL_PROMPT: &str = "Label of the new URL:";
pub const SELECT_URL: &str = "Select the URL with the mouse if the clipboard did not take it:";
pub const QR_IMPOSSIBLE: &str = "This URL is too long for a QR code.";

#[must_use]
pub fn too_small(width: u16, height: u16) -> String {
    format!(
        "need {}x{}, have {width}x{height}",
        crate::app::geometry::WIDTH_MIN,
        crate::app::geometry::HEIGHT_MIN
    )
}

#[must_use]
pub fn qr_needs(needed: (usize, usize), have: (usize, usize)) -> String {
    format!("The QR code needs {}x{} here, there is room for {}x{}.", needed.0, needed.1, have.0, have.1)
}

#[must_use]
pub fn qr_full_needs(needed: (usize, usize)) -> String {
    format!("full size needs {}x{}", needed.0, needed.1)
}

pub const STEP_SUBMIT: &str =
    "Next: n submits an individual, e an enterprise. URLs can be generated after approval.";
pub const STEP_DECIDE: &str = "Next: an admin decides: y approves, x rejects.";
pub const STEP_ACTIVATE: &str = "Next: s activates the service.";
pub const STEP_NONE: &str = "Everything is in order: URLs can be generated.";
pub const STEP_AGAIN: &str = "Next: submit again: n as an individual, e as an enterprise.";

/// The heading of a section of the help.
#[must_use]
pub fn place(place: Place) -> &'static str {
    match place {
        Place::Videos => "Videos",
        Place::Account => "Account",
        Place::Status => "Status",
        Place::Qr => "QR code",
        Place::Url => "URL",
        Place::Help => "Help",
        Place::Filter => "Filter",
        Place::Prompt => "Questions",
        Place::Delete => "Deleting",
        Place::Confirm => "Confirmation",
        Place::Form | Place::FormChoice => "Forms",
        Place::TooSmall => "Small window",
    }
}
