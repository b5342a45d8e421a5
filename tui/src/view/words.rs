//! What the UI says: the name of every command and key, and a sentence for every notice and failure. What the daemon's
//! facts are called is in [`crate::text`].

mod commands;
mod link;
pub mod qr;

use vodpost_protocol::account::AccountKind;
use vodpost_protocol::conversion::{ConversionState, ConversionView};
use vodpost_protocol::ids::Label;
use vodpost_protocol::posting::Cause;
use vodpost_protocol::request::Sort;
use vodpost_protocol::status::ScanView;
use vodpost_protocol::video::SourceView;

use crate::app::event::CopyWay;
use crate::app::marks::{Batch, Deed, MARKS_MAX};
use crate::app::modal::{Decision, Failure, Field, Question};
use crate::app::notice::{Change, Said, Why};
use crate::format;
use crate::text::{self, Sentence, plain};

pub use self::commands::{key, long, place, short};

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
        Why::MarksFull => format!("no more than {MARKS_MAX} videos can be marked"),
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
        Change::PauseQueue => "pause the queue".to_owned(),
        Change::ResumeQueue => "resume the queue".to_owned(),
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
        Change::PauseQueue => "paused: no further conversion starts, what runs goes on".to_owned(),
        Change::ResumeQueue => "conversions start again".to_owned(),
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
        Said::Batch(batch) => batch_done(batch),
        Said::NotConnected => Sentence::new("there is no connection to the daemon"),
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
        Said::SavedQr(path) => Sentence::new(qr::saved(path)),
        Said::NotSavedQr(why) => Sentence::new(qr::not_saved(why)),
        Said::DaemonRestarted => Sentence::new("the daemon was restarted; everything was read anew"),
        Said::OtherState => link::other_state(),
        Said::StateRestored(at) => link::restored(*at),
        Said::UnexpectedAnswer => Sentence::new("the daemon's answer did not fit the question"),
    }
}

fn batch_done(batch: &Batch) -> Sentence {
    let videos = |number: usize| format::count(number as u64, "video", "videos");
    let deed = match batch.deed {
        Deed::Generate => "generated",
        Deed::SuspendPostings => "all URLs suspended",
        Deed::ResumePostings => "all URLs resumed",
        Deed::SuspendSources => "suspended",
        Deed::ResumeSources => "resumed",
    };
    let done = format!("{}: {deed}", videos(batch.done));
    let Some((asked, why)) = &batch.why else { return Sentence::new(done) };
    let why = text::refusal(why);
    let message = format!("{done}; {} refused, first {}: {}", batch.refused, change(asked), why.message);
    Sentence { message, hint: why.hint }
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
        Failure::NotSaved(why) => Sentence::new(qr::not_saved(why)),
    }
}

/// What changes a cause: the key here and the command elsewhere.
#[must_use]
pub fn remedy(
    cause: Cause,
    video: &str,
    token: &str,
    conversion: &ConversionView,
    source: &SourceView,
) -> String {
    match cause {
        Cause::Posting => format!("p on this URL resumes it: vodpost resume {token}"),
        Cause::Source => format!("S resumes the video: vodpost source resume {video}"),
        Cause::Missing => {
            let reason = source.reason.as_deref().map(plain).unwrap_or_default();
            format!("It is live again by itself when the files are back. {reason}")
        }
        Cause::Converting => match (conversion.state, &conversion.waiting_for) {
            (ConversionState::Queued, Some(what)) => {
                format!("It goes live by itself; its conversion waits for {}. x cancels it.", plain(what))
            }
            (
                ConversionState::None
                | ConversionState::Queued
                | ConversionState::Running
                | ConversionState::Failed
                | ConversionState::Ready,
                _,
            ) => "It goes live by itself when the conversion is ready. x cancels it.".to_owned(),
        },
        Cause::ConversionFailed => {
            let reason = conversion.reason.as_deref().map(plain).unwrap_or_default();
            format!("{reason} r tries again: vodpost retry {video}")
        }
        Cause::Deleted => "That is final: nothing revives it. Its token is never used again.".to_owned(),
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
pub const JUMP_TITLE: &str = "Go to";
pub const JUMP_PROMPT: &str = "A token, URL, id, path or title:";
pub const NO_JOBS: &str = "Nothing is being converted, and nothing waits.";
pub const NO_EVENTS: &str = "Nothing has happened yet.";
pub const EXPLAIN_LIVE: &str =
    "Everything it needs is there: it is served. p suspends it, S the video with all its URLs.";
pub const EXPLAIN_UNLISTED: &str = "It is kept off the platform: vodpost platform show";

#[must_use]
pub fn too_small(width: u16, height: u16) -> String {
    format!(
        "need {}x{}, have {width}x{height}",
        crate::app::geometry::WIDTH_MIN,
        crate::app::geometry::HEIGHT_MIN
    )
}

pub const STEP_SUBMIT: &str =
    "Next: n submits an individual, e an enterprise. URLs can be generated after approval.";
pub const STEP_DECIDE: &str = "Next: an admin decides: y approves, x rejects.";
pub const STEP_ACTIVATE: &str = "Next: s activates the service.";
pub const STEP_NONE: &str = "Everything is in order: URLs can be generated.";
pub const STEP_AGAIN: &str = "Next: submit again: n as an individual, e as an enterprise.";
