//! The account screen: verification and service.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use vodpost_protocol::account::{AccountView, ServiceState, SubmissionView, VerificationState};

use crate::app::App;
use crate::format;
use crate::text::{account_kind, document, plain, service, verification};
use crate::view::text::{column, wrap, write_at, write_scrolled};
use crate::view::theme::Theme;
use crate::view::words;

const NAME: usize = 14;

pub(super) fn draw(app: &App, theme: Theme, area: Rect, buffer: &mut Buffer) -> usize {
    let Some(account) = &app.account else {
        write_at(buffer, (area.x, area.y), words::LOADING, Style::new());
        return 0;
    };
    let lines = lines(account, theme, usize::from(area.width));
    write_scrolled(buffer, area, &lines, app.scroll())
}

fn lines(account: &AccountView, theme: Theme, width: usize) -> Vec<Line<'static>> {
    let mut lines = vec![
        Line::styled(
            format!("{} {}", column("Verification", NAME), verification(account.state)),
            theme.heading(),
        ),
        Line::styled(format!("{} {}", column("Service", NAME), service(account.service)), theme.heading()),
    ];
    if let Some(by) = &account.activated_by {
        let at = account.activated_at.map(|at| format!(" at {}", format::moment(at))).unwrap_or_default();
        lines.push(Line::raw(format!("{} by {}{at}", column("", NAME), plain(by))));
    }
    if let Some(reason) = &account.reason {
        for (place, line) in wrap(&plain(reason), width.saturating_sub(NAME + 1)).into_iter().enumerate() {
            let name = column(if place == 0 { "Reason" } else { "" }, NAME);
            lines.push(Line::styled(format!("{name} {line}"), theme.warning()));
        }
    }
    for line in wrap(next_step(account), width) {
        lines.push(Line::raw(line));
    }
    if let Some(submission) = &account.submission {
        lines.push(Line::raw(""));
        lines.push(Line::styled("Submission", theme.heading()));
        lines.extend(submitted(submission));
    }
    // What is in force is worth saying where it is not what was submitted last.
    if let Some(approved) =
        account.approved.as_ref().filter(|approved| account.submission.as_ref() != Some(approved))
    {
        lines.push(Line::raw(""));
        lines.push(Line::styled("In force", theme.heading()));
        lines.extend(submitted(approved));
    }
    lines
}

fn submitted(submission: &SubmissionView) -> Vec<Line<'static>> {
    let row =
        |name: &str, text: String| Line::styled(format!("  {} {text}", column(name, NAME - 2)), Style::new());
    let mut lines = vec![
        row("Kind", account_kind(submission.kind).to_owned()),
        row("Name", plain(&submission.name).into_owned()),
        row("Document", format!("{} {}", document(submission.document), plain(&submission.number_masked))),
    ];
    if let Some(contact) = &submission.contact {
        lines.push(row("Contact", plain(contact).into_owned()));
    }
    let by_at = |by: &str, at| format!("by {} at {}", plain(by), format::moment(at));
    lines.push(row("Submitted", by_at(&submission.submitted_by, submission.submitted_at)));
    if let (Some(by), Some(at)) = (&submission.decided_by, submission.decided_at) {
        lines.push(row("Decided", by_at(by, at)));
    }
    lines
}

fn next_step(account: &AccountView) -> &'static str {
    match (account.state, account.service) {
        (VerificationState::None, ServiceState::Active | ServiceState::Inactive) => words::STEP_SUBMIT,
        (VerificationState::Submitted, ServiceState::Active | ServiceState::Inactive) => words::STEP_DECIDE,
        (VerificationState::Approved, ServiceState::Inactive) => words::STEP_ACTIVATE,
        (VerificationState::Approved, ServiceState::Active) => words::STEP_NONE,
        (
            VerificationState::Rejected | VerificationState::Revoked,
            ServiceState::Active | ServiceState::Inactive,
        ) => words::STEP_AGAIN,
    }
}
