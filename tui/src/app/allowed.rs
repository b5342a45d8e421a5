//! When a command may be used, and why not. The rules are the daemon's: here only what is certain to be refused or
//! meaningless is kept from being sent.

use vodpost_protocol::account::{ServiceState, VerificationState};
use vodpost_protocol::conversion::ConversionState;
use vodpost_protocol::hello::Role;
use vodpost_protocol::video::{SourceState, VideoView};

use crate::app::first_run::Step;
use crate::app::keymap::{Command, Place};
use crate::app::marks::MARKS_MAX;
use crate::app::modal::Modal;
use crate::app::notice::{Change, Why};
use crate::app::{App, LinkState, Screen};

/// # Errors
/// Why the command does nothing at the moment.
pub fn check(app: &App, command: Command) -> Result<(), Why> {
    match command {
        Command::Up
        | Command::Down
        | Command::PageUp
        | Command::PageDown
        | Command::First
        | Command::Last
        | Command::OpenVideos
        | Command::OpenJobs
        | Command::OpenEvents
        | Command::OpenAccount
        | Command::OpenStatus
        | Command::QrSize
        | Command::Accept
        | Command::NextField
        | Command::PreviousField
        | Command::NextChoice
        | Command::KeepFiles
        | Command::ToggleMouse
        | Command::Complete
        | Command::Help
        | Command::Quit
        | Command::Stop => Ok(()),
        Command::Close => close(app),
        Command::ShowQr | Command::CopyUrl | Command::SaveQr => has_posting(app),
        Command::SwitchFocus => video(app).map(|_| ()),
        Command::Explain => has_posting(app),
        Command::Mark | Command::MarkAll => mark(app),
        Command::GoToVideo => {
            connected(app)?;
            app.row_video().map(|_| ()).ok_or(Why::NoVideo)
        }
        // The header would say what the rows are not.
        Command::Filter | Command::Sort => connected(app),
        Command::Jump => connected(app),
        Command::PauseQueue => may(app, Role::Operator),
        Command::Generate if !app.marks.is_empty() => marked(app),
        Command::Generate | Command::GenerateLabelled => {
            may(app, Role::Operator)?;
            not_deleted(video(app)?)
        }
        Command::TogglePostings | Command::ToggleSource if app.acts_on_marks() => marked(app),
        Command::TogglePostings => {
            may(app, Role::Operator)?;
            not_deleted(app.posting_switch().ok_or(Why::NoPosting)?.video)
        }
        Command::ToggleSource => {
            may(app, Role::Operator)?;
            not_deleted(video(app)?)
        }
        Command::DeleteSource => {
            may(app, Role::Admin)?;
            not_deleted(video(app)?)
        }
        Command::Retry | Command::Cancel => conversion(app, command),
        Command::Rescan => rescan(app),
        Command::TakeStep => app.check_step(),
        Command::ShowFirstRun => app.check_first_run(),
        Command::AddFolder => may(app, Role::Admin),
        // Among the first steps the key has a place of its own.
        Command::SubmitEnterprise if app.place() == Place::FirstRun => {
            if app.shown_step() == Some(Step::Identity) { Ok(()) } else { Err(Why::NotThisStep) }
        }
        Command::SubmitIndividual
        | Command::SubmitEnterprise
        | Command::Approve
        | Command::Reject
        | Command::Revoke
        | Command::Activate => account(app, command),
    }
}

fn close(app: &App) -> Result<(), Why> {
    let open = app.modal.is_some()
        || app.shown_step().is_some_and(|step| step != Step::Start)
        || app.screen != Screen::Videos
        || !app.marks.is_empty()
        || !app.list.filter().text.is_empty();
    if open { Ok(()) } else { Err(Why::NothingToClose) }
}

fn connected(app: &App) -> Result<(), Why> {
    app.hello().map(|_| ()).ok_or(Why::NotConnected)
}

fn mark(app: &App) -> Result<(), Why> {
    let full = app.marks.len() >= MARKS_MAX && !app.marks.contains(video(app)?.id);
    if full { Err(Why::MarksFull) } else { video(app).map(|_| ()) }
}

/// One after the other: what is still marked waits for the change that is under way.
fn marked(app: &App) -> Result<(), Why> {
    may(app, Role::Operator)?;
    if app.batch.is_some() { Err(Why::Waiting) } else { Ok(()) }
}

fn may(app: &App, needed: Role) -> Result<(), Why> {
    let hello = app.hello().ok_or(Why::NotConnected)?;
    if hello.role < needed { Err(Why::Role { role: hello.role, needed }) } else { Ok(()) }
}

fn video(app: &App) -> Result<&VideoView, Why> {
    app.list.selected().ok_or(Why::NoVideo)
}

fn has_posting(app: &App) -> Result<(), Why> {
    match &app.modal {
        Some(Modal::Qr(_) | Modal::Url { .. } | Modal::Explain(_)) => Ok(()),
        Some(
            Modal::Help
            | Modal::Filter { .. }
            | Modal::Label { .. }
            | Modal::Delete(_)
            | Modal::Confirm { .. }
            | Modal::Reason { .. }
            | Modal::Submit(_)
            | Modal::Folder(_)
            | Modal::Jump { .. }
            | Modal::SaveQr { .. },
        )
        | None => {
            video(app)?;
            app.current_posting().map(|_| ()).ok_or(Why::NoPosting)
        }
    }
}

fn not_deleted(video: &VideoView) -> Result<(), Why> {
    match video.source.state {
        SourceState::Present | SourceState::Missing => Ok(()),
        SourceState::Deleted => Err(Why::SourceDeleted),
    }
}

fn conversion(app: &App, command: Command) -> Result<(), Why> {
    may(app, Role::Operator)?;
    let cancel = command == Command::Cancel;
    let state = match app.screen {
        Screen::Jobs => app.jobs.selected().ok_or(Why::NoVideo)?.conversion.state,
        Screen::Videos | Screen::Events | Screen::Account | Screen::Status => {
            let video = video(app)?;
            not_deleted(video)?;
            video.conversion.state
        }
    };
    match state {
        ConversionState::Queued | ConversionState::Running if cancel => Ok(()),
        ConversionState::Failed if !cancel => Ok(()),
        ConversionState::None
        | ConversionState::Queued
        | ConversionState::Running
        | ConversionState::Failed
        | ConversionState::Ready => Err(if cancel { Why::NotConverting } else { Why::NotFailed }),
    }
}

fn rescan(app: &App) -> Result<(), Why> {
    match &app.link {
        // Here the key means: try to connect now.
        LinkState::Lost { .. } | LinkState::Incompatible { .. } => Ok(()),
        LinkState::Connecting { .. } | LinkState::Starting | LinkState::Offered(_) => Err(Why::NotConnected),
        LinkState::Live { .. } => {
            may(app, Role::Operator)?;
            let waits = app.requests.waiting().any(|change| *change == Change::Scan);
            if waits { Err(Why::Waiting) } else { Ok(()) }
        }
    }
}

fn account(app: &App, command: Command) -> Result<(), Why> {
    let decides = matches!(command, Command::Approve | Command::Reject | Command::Revoke);
    may(app, if decides { Role::Admin } else { Role::Operator })?;
    let account = app.account.as_ref().ok_or(Why::AccountNotLoaded)?;
    if matches!(command, Command::Approve | Command::Reject) && account.state != VerificationState::Submitted
    {
        return Err(Why::NothingToDecide);
    }
    if command == Command::Revoke && account.approved.is_none() {
        return Err(Why::NothingToRevoke);
    }
    if command == Command::Activate && account.service == ServiceState::Active {
        return Err(Why::AlreadyActive);
    }
    Ok(())
}
