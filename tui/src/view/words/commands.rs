//! What commands, keys and places are called.

use vodpost_protocol::video::Switch;

use crate::app::App;
use crate::app::event::Key;
use crate::app::keymap::{Command, Place};
use crate::app::marks::Deed;
use crate::word;

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
        | Command::MarkAll
        // "1 to 5: screens" says it for all of them.
        | Command::OpenJobs
        | Command::OpenEvents
        | Command::OpenAccount
        | Command::OpenStatus
        | Command::Stop => return None,
        Command::ShowQr => "QR code",
        Command::SwitchFocus => "details",
        Command::Generate => "generate",
        Command::GenerateLabelled => "another URL",
        Command::TogglePostings => toggle_postings(app),
        Command::ToggleSource => toggle_source(app),
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
        Command::Jump => "go to",
        Command::Explain => "why",
        Command::Mark => "mark",
        Command::GoToVideo => "to the video",
        Command::PauseQueue if app.is_queue_paused() => "resume queue",
        Command::PauseQueue => "pause queue",
        Command::OpenVideos => "to 5: screens",
        Command::SubmitIndividual => "submit individual",
        Command::SubmitEnterprise => "submit enterprise",
        Command::Approve => "approve",
        Command::Reject => "reject",
        Command::Revoke => "revoke",
        Command::Activate => "activate service",
        Command::QrSize => "size",
        Command::SaveQr => word!("save", "保存"),
        Command::Accept => "ok",
        Command::NextField => "next field",
        Command::PreviousField => "previous",
        Command::NextChoice => "change",
        Command::KeepFiles => "keep/move files",
        Command::Help => "help",
        Command::Close if app.place() == Place::Videos && !app.marks.is_empty() => "unmark",
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
        Command::Jump => "go to a token, URL, id, path or title; pasting a URL does the same",
        Command::Explain => "why a URL is live or not, and what changes that",
        Command::Mark => "mark the video; generate, suspend and resume then mean all marked ones",
        Command::MarkAll => "mark all videos that are loaded, or none",
        Command::GoToVideo => "go to the video of this row",
        Command::PauseQueue => "pause or resume the queue; what runs goes on",
        Command::OpenVideos => "the videos",
        Command::OpenJobs => "the conversions: what runs and waits",
        Command::OpenEvents => "the events: what happened, and who did it",
        Command::OpenAccount => "the account: verification and service",
        Command::OpenStatus => "the daemon: library, queue, addresses",
        Command::SubmitIndividual => "submit an identity verification as an individual",
        Command::SubmitEnterprise => "submit an identity verification as an enterprise",
        Command::Approve => "approve the submission",
        Command::Reject => "reject the submission",
        Command::Revoke => "revoke the approval",
        Command::Activate => "activate the service",
        Command::QrSize => word!(
            "switch the form: the largest that fits, small, plain characters",
            "切换样式：能放下的最大、小号、纯字符"
        ),
        Command::SaveQr => word!("save the QR code as a PNG or SVG file", "将二维码保存为 PNG 或 SVG 文件"),
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

fn toggle_postings(app: &App) -> &'static str {
    if app.acts_on_marks() {
        return match app.marked_postings_deed() {
            Deed::ResumePostings => "resume URLs",
            Deed::SuspendPostings | Deed::Generate | Deed::SuspendSources | Deed::ResumeSources => {
                "suspend URLs"
            }
        };
    }
    match app.posting_switch() {
        Some(switch) if switch.to == Switch::On => "resume URL",
        Some(_) | None => "suspend URL",
    }
}

fn toggle_source(app: &App) -> &'static str {
    if app.acts_on_marks() {
        return match app.marked_sources_deed() {
            Deed::ResumeSources => "resume videos",
            Deed::SuspendSources | Deed::Generate | Deed::SuspendPostings | Deed::ResumePostings => {
                "suspend videos"
            }
        };
    }
    match app.list.selected().map(|video| video.source.switch) {
        Some(Switch::Off) => "resume video",
        Some(Switch::On) | None => "suspend video",
    }
}

/// The heading of a section of the help.
#[must_use]
pub fn place(place: Place) -> &'static str {
    match place {
        Place::Videos => "Videos",
        Place::Jobs => "Conversions",
        Place::Events => "Events",
        Place::Explain => "Why",
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
