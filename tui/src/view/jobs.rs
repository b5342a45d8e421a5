//! The conversions screen: what runs and what waits, in turn.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use vodpost_protocol::conversion::{ConversionState, ConversionView, JobView, JobsView, PausedView};
use vodpost_protocol::time::Timestamp;

use crate::app::App;
use crate::app::mouse::{Hit, Target};
use crate::format;
use crate::queue;
use crate::text::{conversion_state, plain, plan_name};
use crate::view::text::{column, first_row, width_of, wrap, write_at};
use crate::view::theme::Theme;
use crate::view::{progress, words};
use crate::{say, word};

pub(super) const STATE: usize = 8;
pub(super) const PLAN: usize = 9;
/// `due in 3 h 59 min`, `by 2 h 10 min`
const DEADLINE: usize = 17;
/// How far it is, or what it waits for.
const HOW_MIN: usize = 12;
const HOW_MAX: usize = 40;
const PLAN_FROM: usize = 60;
const DEADLINE_FROM: usize = 90;

pub(super) fn draw(app: &App, theme: Theme, area: Rect, buffer: &mut Buffer, targets: &mut Vec<Target>) {
    let Some(view) = app.jobs.view() else {
        write_at(buffer, (area.x, area.y), words::loading(), Style::new());
        return;
    };
    let width = usize::from(area.width);
    write_at(buffer, (area.x, area.y), &format::fit(&summary(view), width), theme.heading());
    if view.jobs.is_empty() {
        for (line, y) in
            wrap(words::no_jobs(), width.saturating_sub(2)).iter().zip(area.top() + 1..area.bottom())
        {
            write_at(buffer, (area.x + 2, y), line, Style::new());
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
        targets.push(Target { area: Rect { y, height: 1, ..list }, hit: Hit::Row(place) });
        y += 1;
        if place == selected {
            for line in more.iter().take(usize::from(list.bottom().saturating_sub(y))) {
                write_at(buffer, (list.x, y), line, Style::new());
                y += 1;
            }
        }
    }
}

fn summary(view: &JobsView) -> String {
    let mut text = queue::counts(view);
    if view.left_out > 0 {
        text.push_str(&say!(", the first {shown} shown", "，只显示前{shown}个", shown = view.jobs.len()));
    }
    if let Some(paused) = &view.paused {
        text.push_str(&say!(
            "; paused by {by} at {at}",
            "；由 {by} 暂停于 {at}",
            by = plain(&paused.by),
            at = format::moment(paused.at),
        ));
    }
    text
}

fn row(app: &App, theme: Theme, job: &JobView, selected: bool, width: usize) -> Line<'static> {
    let conversion = &job.conversion;
    let plan = if width >= PLAN_FROM { conversion.plan.map_or(format::NONE, plan_name) } else { "" };
    let due = if width >= DEADLINE_FROM { due(app, conversion) } else { String::new() };
    let state = if conversion.late_by_s.is_some() {
        word!("late", "超时")
    } else {
        conversion_state(conversion.state)
    };
    let paused = app.jobs.view().and_then(|view| view.paused.as_ref());
    let how = how(conversion, paused, HOW_MAX.min(width * 2 / 5), app.now);
    let how_width = width_of(&how).min(width / 2).max(HOW_MIN);
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
fn how(conversion: &ConversionView, paused: Option<&PausedView>, width: usize, now: Timestamp) -> String {
    match conversion.state {
        ConversionState::Running => progress::bar_line(conversion, width, now),
        ConversionState::Queued => queue::waits_for(conversion, paused, now),
        ConversionState::None | ConversionState::Failed | ConversionState::Ready => String::new(),
    }
}

fn due(app: &App, conversion: &ConversionView) -> String {
    if let Some(late_by_s) = conversion.late_by_s {
        return say!("by {late}", "超 {late}", late = format::span(Duration::from_secs(late_by_s)));
    }
    let left = conversion.deadline.map(|deadline| deadline.since(app.now));
    left.map_or_else(String::new, |left| say!("due in {left}", "时限 {left}", left = format::span(left)))
}

/// What the row has no room for.
fn more(app: &App, job: &JobView, width: usize) -> Vec<String> {
    let conversion = &job.conversion;
    let mut texts = Vec::new();
    texts.extend(conversion.plan_why.as_deref().map(|why| plain(why).into_owned()));
    if conversion.state == ConversionState::Queued {
        texts.push(queue::waits(conversion, None, app.now));
    }
    texts.extend(progress::ready(conversion, app.now));
    texts.extend(progress::deadline(conversion, app.now));
    texts.extend(progress::late(conversion));
    texts.extend(queue::attempt(conversion));
    // What it waits for says the reason of another try.
    let reason = conversion.reason.as_deref().filter(|_| conversion.retry_at.is_none());
    texts.extend(reason.map(|reason| plain(reason).into_owned()));
    let indented =
        |text: String| wrap(&text, width.saturating_sub(4)).into_iter().map(|line| format!("    {line}"));
    texts.into_iter().flat_map(indented).collect()
}
