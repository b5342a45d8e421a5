//! The events screen: what happened, the newest first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use vodpost_protocol::event::EventView;

use crate::app::App;
use crate::app::mouse::{Hit, Target};
use crate::format;
use crate::say;
use crate::text::{event, plain};
use crate::view::text::{column, first_row, wrap, write_at};
use crate::view::theme::Theme;
use crate::view::words;

/// `59 min ago`
const WHEN: usize = 10;
const WHO: usize = 10;
const WHAT: usize = 24;
/// From this width on who did it is shown in each row.
const WHO_FROM: usize = 64;
/// And from this one what happened in full.
const WIDE_FROM: usize = 96;
pub(super) const WHAT_WIDE: usize = 34;

pub(super) fn draw(app: &App, theme: Theme, area: Rect, buffer: &mut Buffer, targets: &mut Vec<Target>) {
    let rows = app.log.rows();
    if rows.is_empty() {
        let text = if app.log.is_read() { words::no_events() } else { words::loading() };
        write_at(buffer, (area.x, area.y), text, Style::new());
        return;
    }
    let width = usize::from(area.width);
    let selected = app.log.selected_place();
    let more = app.log.selected().map_or_else(Vec::new, |event| more(event, width));
    let shown = usize::from(area.height).saturating_sub(more.len()).max(1);
    let first = first_row(selected, rows.len(), shown);
    let mut y = area.top();
    for (place, event) in rows.iter().enumerate().skip(first).take(shown) {
        if y >= area.bottom() {
            break;
        }
        buffer.set_line(area.x, y, &row(app, theme, event, place == selected, width), area.width);
        targets.push(Target { area: Rect { y, height: 1, ..area }, hit: Hit::Row(place) });
        y += 1;
        if place == selected {
            for line in more.iter().take(usize::from(area.bottom().saturating_sub(y))) {
                write_at(buffer, (area.x, y), line, Style::new());
                y += 1;
            }
        }
    }
}

fn row(app: &App, theme: Theme, one: &EventView, selected: bool, width: usize) -> Line<'static> {
    let who = if width >= WHO_FROM { WHO + 1 } else { 0 };
    let what = if width >= WIDE_FROM { WHAT_WIDE } else { WHAT.min(width / 2) };
    let rest = width.saturating_sub(2 + WHEN + 1 + who + what + 1);
    let mut spans = vec![
        Span::raw(if selected { "> " } else { "  " }),
        Span::styled(column(&format::ago_roughly(one.at, app.now), WHEN), theme.faint()),
    ];
    if who > 0 {
        spans.push(Span::raw(format!(" {}", column(&plain(&one.actor), WHO))));
    }
    spans.push(Span::styled(format!(" {}", column(event(one.what), what)), theme.event(one.what)));
    let subject = subject(one);
    let about = match (&one.detail, subject.is_empty()) {
        (Some(detail), true) => plain(detail).into_owned(),
        (Some(detail), false) => {
            say!("{subject}  ({detail})", "{subject}（{detail}）", subject = subject, detail = plain(detail))
        }
        (None, _) => subject,
    };
    spans.push(Span::raw(format!(" {}", column(&about, rest))));
    let line = Line::from(spans);
    if selected { line.style(theme.selected()) } else { line }
}

fn subject(event: &EventView) -> String {
    let mut text = event.title.as_deref().map(|title| plain(title).into_owned()).unwrap_or_default();
    if let Some(label) = &event.label {
        text.push_str(&format!("#{label}"));
    }
    text
}

/// Everything that is known of it.
fn more(one: &EventView, width: usize) -> Vec<String> {
    let who = match one.uid {
        Some(uid) => {
            say!("{actor} (uid {uid})", "{actor}（uid {uid}）", actor = plain(&one.actor), uid = uid)
        }
        None => plain(&one.actor).into_owned(),
    };
    let mut texts = vec![say!(
        "number {seq}, {at}, by {who}",
        "编号 {seq}，{at}，操作者 {who}",
        seq = one.seq,
        at = format::moment(one.at),
        who = who,
    )];
    let subject = subject(one);
    if !subject.is_empty() {
        texts.push(subject);
    }
    texts.extend(one.token.map(|token| token.to_string()));
    texts.extend(one.detail.as_deref().map(|detail| plain(detail).into_owned()));
    let indented =
        |text: String| wrap(&text, width.saturating_sub(4)).into_iter().map(|line| format!("    {line}"));
    texts.into_iter().flat_map(indented).collect()
}
