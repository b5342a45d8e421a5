//! The account screen: verification and service.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use vodpost_protocol::account::{AccountView, ServiceState, SubmissionView, VerificationState};
use vodpost_protocol::time::Timestamp;

use crate::app::App;
use crate::format;
use crate::text::{account_kind, document, plain, service, verification};
use crate::view::text::{column, wrap, write_at, write_scrolled};
use crate::view::theme::Theme;
use crate::view::words;
use crate::{say, word};

const NAME: usize = 14;

pub(super) fn draw(app: &App, theme: Theme, area: Rect, buffer: &mut Buffer) -> usize {
    let Some(account) = &app.account else {
        write_at(buffer, (area.x, area.y), words::loading(), Style::new());
        return 0;
    };
    let lines = lines(account, theme, usize::from(area.width));
    write_scrolled(buffer, area, &lines, app.scroll())
}

fn lines(account: &AccountView, theme: Theme, width: usize) -> Vec<Line<'static>> {
    let mut lines = vec![
        Line::styled(
            format!("{} {}", column(word!("Verification", "认证"), NAME), verification(account.state)),
            theme.heading(),
        ),
        Line::styled(
            format!("{} {}", column(word!("Service", "服务"), NAME), service(account.service)),
            theme.heading(),
        ),
    ];
    if let Some(by) = &account.activated_by {
        let by = match account.activated_at {
            Some(at) => by_at(by, at),
            None => say!("by {by}", "操作者 {by}", by = plain(by)),
        };
        lines.push(Line::raw(format!("{} {by}", column("", NAME))));
    }
    if let Some(reason) = &account.reason {
        for (place, line) in wrap(&plain(reason), width.saturating_sub(NAME + 1)).into_iter().enumerate() {
            let name = column(if place == 0 { word!("Reason", "原因") } else { "" }, NAME);
            lines.push(Line::styled(format!("{name} {line}"), theme.warning()));
        }
    }
    for line in wrap(next_step(account), width) {
        lines.push(Line::raw(line));
    }
    if let Some(submission) = &account.submission {
        lines.push(Line::raw(""));
        lines.push(Line::styled(word!("Submission", "提交的认证"), theme.heading()));
        lines.extend(submitted(submission));
    }
    // What is in force is worth saying where it is not what was submitted last.
    if let Some(approved) =
        account.approved.as_ref().filter(|approved| account.submission.as_ref() != Some(approved))
    {
        lines.push(Line::raw(""));
        lines.push(Line::styled(word!("In force", "当前生效"), theme.heading()));
        lines.extend(submitted(approved));
    }
    lines
}

fn submitted(submission: &SubmissionView) -> Vec<Line<'static>> {
    let row =
        |name: &str, text: String| Line::styled(format!("  {} {text}", column(name, NAME - 2)), Style::new());
    let mut lines = vec![
        row(word!("Kind", "类型"), account_kind(submission.kind).to_owned()),
        row(word!("Name", "名称"), plain(&submission.name).into_owned()),
        row(
            word!("Document", "证件"),
            format!("{} {}", document(submission.document), plain(&submission.number_masked)),
        ),
    ];
    if let Some(contact) = &submission.contact {
        lines.push(row(word!("Contact", "联系人"), plain(contact).into_owned()));
    }
    lines.push(row(word!("Submitted", "提交"), by_at(&submission.submitted_by, submission.submitted_at)));
    if let (Some(by), Some(at)) = (&submission.decided_by, submission.decided_at) {
        lines.push(row(word!("Decided", "审核"), by_at(by, at)));
    }
    lines
}

fn by_at(by: &str, at: Timestamp) -> String {
    say!("by {by} at {at}", "{by}，{at}", by = plain(by), at = format::moment(at))
}

fn next_step(account: &AccountView) -> &'static str {
    match (account.state, account.service) {
        (VerificationState::None, ServiceState::Active | ServiceState::Inactive) => words::step_submit(),
        (VerificationState::Submitted, ServiceState::Active | ServiceState::Inactive) => words::step_decide(),
        (VerificationState::Approved, ServiceState::Inactive) => words::step_activate(),
        (VerificationState::Approved, ServiceState::Active) => words::step_none(),
        (
            VerificationState::Rejected | VerificationState::Revoked,
            ServiceState::Active | ServiceState::Inactive,
        ) => words::step_again(),
    }
}
