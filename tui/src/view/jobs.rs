//! The conversions screen: what runs and what waits, in turn.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use vodpost_protocol::conversion::{ConversionState, ConversionView, JobView, JobsView, PausedView};
use vodpost_protocol::time::Timestamp;

use crate::app::App;
use crate::format;
use crate::queue;
use crate::text::{conversion_state, plain, plan_name};
use crate::view::text::{column, first_row, width_of, wrap, write_at};
use crate::view::theme::Theme;
use crate::view::words;
use crate::{say, word};

pub(super) const STATE: usize = 8;
pub(super) const PLAN: usize = 9;
/// `due in 3 h 59 min`, `by 2 h 10 min`
const DEADLINE: usize = 17;
const PLAN_FROM: usize = 60;
const DEADLINE_FROM: usize = 90;

pub(super) fn draw(app: &App, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let Some(view) = app.jobs.view() else {
        write_at(buffer, (area.x, area.y), words::loading(), theme.faint());
        return;
    };
    let width = usize::from(area.width);
    write_at(buffer, (area.x, area.y), &format::fit(&summary(view), width), theme.heading());
    if view.jobs.is_empty() {
        for (line, y) in
            wrap(words::no_jobs(), width.saturating_sub(2)).iter().zip(area.top() + 1..area.bottom())
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
    let how = how(conversion, paused, app.now);
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
fn how(conversion: &ConversionView, paused: Option<&PausedView>, now: Timestamp) -> String {
    match conversion.state {
        ConversionState::Running => {
            let left = queue::ready_in(conversion, now).map(queue::left);
            let percent = format::percent(conversion.progress.unwrap_or(0.0));
            [Some(percent), queue::speed(conversion), left]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" ")
        }
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
    if let Some(expected) = conversion.expected_at {
        texts.push(say!("expected ready at {at}", "预计完成于 {at}", at = format::moment(expected)));
    }
    if let Some(deadline) = conversion.deadline {
        texts.push(say!(
            "deadline {at} (in {left})",
            "时限 {at}（还剩 {left}）",
            at = format::moment(deadline),
            left = format::span(deadline.since(app.now)),
        ));
    }
    if let Some(late_by_s) = conversion.late_by_s {
        let late = format::span(Duration::from_secs(late_by_s));
        texts.push(say!("will miss its deadline by {late}", "将超过时限 {late}"));
    }
    texts.extend(queue::attempt(conversion));
    // What it waits for says the reason of another try.
    let reason = conversion.reason.as_deref().filter(|_| conversion.retry_at.is_none());
    texts.extend(reason.map(|reason| plain(reason).into_owned()));
    let indented =
        |text: String| wrap(&text, width.saturating_sub(4)).into_iter().map(|line| format!("    {line}"));
    texts.into_iter().flat_map(indented).collect()
}
