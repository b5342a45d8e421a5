//! The conversions screen: what runs and what waits, in turn.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use vodpost_protocol::conversion::{ConversionState, ConversionView, JobView, JobsView, PlanKind};

use crate::app::App;
use crate::format;
use crate::text::{conversion_state, plain};
use crate::view::text::{column, first_row, width_of, wrap, write_at};
use crate::view::theme::Theme;
use crate::view::words;

const STATE: usize = 8;
const PLAN: usize = 9;
/// `deadline in 3 h 59 min`, `late by 2 h 10 min`
const DEADLINE: usize = 17;
const PLAN_FROM: usize = 60;
const DEADLINE_FROM: usize = 90;

pub(super) fn draw(app: &App, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let Some(view) = app.jobs.view() else {
        write_at(buffer, (area.x, area.y), words::LOADING, theme.faint());
        return;
    };
    let width = usize::from(area.width);
    write_at(buffer, (area.x, area.y), &format::fit(&summary(view), width), theme.heading());
    if view.jobs.is_empty() {
        for (line, y) in
            wrap(words::NO_JOBS, width.saturating_sub(2)).iter().zip(area.top() + 1..area.bottom())
        {
            write_at(buffer, (area.x + 2, y), line, theme.faint());
        }
        return;
    }
    let list = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let selected = app.jobs.selected_place().unwrap_or(0);
    // The selected one says more, in the lines below it.
    let more = view.jobs.get(selected).map_or_else(Vec::new, |job| more(app, job, width));
    let rows = usize::from(list.height).saturating_sub(more.len()).max(1);
    let first = first_row(selected, view.jobs.len(), rows);
    let mut y = list.top();
    for (place, job) in view.jobs.iter().enumerate().skip(first).take(rows) {
        if y >= list.bottom() {
            break;
        }
        buffer.set_line(list.x, y, &row(app, theme, job, place == selected, width), list.width);
        y += 1;
        if place == selected {
            for line in more.iter().take(usize::from(list.bottom().saturating_sub(y))) {
                write_at(buffer, (list.x, y), line, theme.faint());
                y += 1;
            }
        }
    }
}

fn summary(view: &JobsView) -> String {
    let running =
        view.jobs.iter().filter(|job| job.conversion.state == ConversionState::Running).count() as u64;
    let waiting = view.jobs.len() as u64 + view.left_out - running;
    let workers = format::count(u64::from(view.workers), "worker", "workers");
    let mut text = format!("{running} running, {waiting} waiting, {workers}");
    if view.left_out > 0 {
        text.push_str(&format!(", the first {} shown", view.jobs.len()));
    }
    if let Some(paused) = &view.paused {
        text.push_str(&format!("; paused by {} at {}", plain(&paused.by), format::moment(paused.at)));
    }
    text
}

fn row(app: &App, theme: Theme, job: &JobView, selected: bool, width: usize) -> Line<'static> {
    let conversion = &job.conversion;
    let plan = if width >= PLAN_FROM { conversion.plan.map_or(format::NONE, PlanKind::name) } else { "" };
    let due = if width >= DEADLINE_FROM { due(app, conversion) } else { String::new() };
    let state = if conversion.late_by_s.is_some() { "late" } else { conversion_state(conversion.state) };
    let how = how(conversion);
    let how_width = width_of(&how).min(width / 2).max(12);
    let columns = [(plan, PLAN, PLAN_FROM), (due.as_str(), DEADLINE, DEADLINE_FROM)];
    let fixed: usize = columns.iter().map(|(_, size, from)| if width >= *from { size + 1 } else { 0 }).sum();
    let title = width.saturating_sub(2 + STATE + 1 + how_width + 1 + fixed);
    let late = conversion.late_by_s.is_some();
    let mut spans = vec![
        Span::raw(if selected { "> " } else { "  " }),
        Span::raw(column(&plain(&job.title), title)),
        Span::styled(
            format!(" {}", column(state, STATE)),
            if late { theme.warning() } else { theme.conversion(conversion.state) },
        ),
    ];
    for (text, size, from) in columns {
        if width >= from {
            spans.push(Span::raw(format!(" {}", column(text, size))));
        }
    }
    spans.push(Span::raw(format!(" {}", column(&how, how_width))));
    let line = Line::from(spans);
    if selected { line.style(theme.selected()) } else { line }
}

/// How far it is, or what it waits for.
fn how(conversion: &ConversionView) -> String {
    match conversion.state {
        ConversionState::Running => {
            let mut text = format::percent(conversion.progress.unwrap_or(0.0));
            if let Some(speed) = conversion.speed {
                text.push_str(&format!(" {speed:.1}x"));
            }
            if let Some(eta) = conversion.eta_s {
                text.push_str(&format!(" {} left", format::span(Duration::from_secs(eta))));
            }
            text
        }
        ConversionState::Queued => {
            conversion.waiting_for.as_deref().map(|what| plain(what).into_owned()).unwrap_or_default()
        }
        ConversionState::None | ConversionState::Failed | ConversionState::Ready => String::new(),
    }
}

fn due(app: &App, conversion: &ConversionView) -> String {
    if let Some(late_by_s) = conversion.late_by_s {
        return format!("by {}", format::span(Duration::from_secs(late_by_s)));
    }
    let left = conversion.deadline.map(|deadline| deadline.since(app.now));
    left.map_or_else(String::new, |left| format!("due in {}", format::span(left)))
}

/// What the row has no room for.
fn more(app: &App, job: &JobView, width: usize) -> Vec<String> {
    let conversion = &job.conversion;
    let mut texts = Vec::new();
    texts.extend(conversion.plan_why.as_deref().map(|why| plain(why).into_owned()));
    if let Some(what) = conversion.waiting_for.as_deref() {
        texts.push(format!("waits for {}", plain(what)));
    }
    if let Some(expected) = conversion.expected_at {
        texts.push(format!("expected ready at {}", format::moment(expected)));
    }
    if let Some(deadline) = conversion.deadline {
        let left = format::span(deadline.since(app.now));
        texts.push(format!("deadline {} (in {left})", format::moment(deadline)));
    }
    if let Some(late_by_s) = conversion.late_by_s {
        let late = format::span(Duration::from_secs(late_by_s));
        texts.push(format!("will miss its deadline by {late}"));
    }
    if conversion.attempt > 1 {
        texts.push(format!("attempt {}", conversion.attempt));
    }
    texts.extend(conversion.reason.as_deref().map(|reason| plain(reason).into_owned()));
    let indented =
        |text: String| wrap(&text, width.saturating_sub(4)).into_iter().map(|line| format!("    {line}"));
    texts.into_iter().flat_map(indented).collect()
}
