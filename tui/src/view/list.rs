//! The table of videos.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use vodpost_protocol::conversion::ConversionState;
use vodpost_protocol::posting::PostingState;
use vodpost_protocol::request::Sort;
use vodpost_protocol::video::{VideoState, VideoView};

use crate::app::mouse::{Hit, Target};
use crate::app::{App, Focus, LinkState};
use crate::format;
use crate::text::{Sentence, plain, plan_name, video_state};
use crate::view::text::{column, first_row, width_of, wrap, write_at};
use crate::view::theme::Theme;
use crate::view::{progress, words};
use crate::word;

pub(super) const STATE: usize = 12;
pub(super) const RENDITION: usize = 15;
pub(super) const PLAN: usize = 14;
pub(super) const URLS: usize = 5;
/// From these widths on the columns that can be missed are shown.
const RENDITION_FROM: usize = 60;
const PLAN_FROM: usize = 76;

pub(super) fn draw(app: &App, theme: Theme, area: Rect, buffer: &mut Buffer, targets: &mut Vec<Target>) {
    let width = usize::from(area.width);
    let heads = row_of("  ", heads(), width);
    write_at(buffer, (area.x, area.y), &heads.concat(), theme.faint());
    sorting(&heads, area, targets);
    let rows = app.list.rows();
    if rows.is_empty() {
        empty(app, theme, area, buffer);
        return;
    }
    let height = usize::from(area.height.saturating_sub(1));
    let selected = app.list.selected_place().unwrap_or(0);
    let first = first_row(selected, rows.len(), height);
    for (place, y) in (first..rows.len()).zip(area.top() + 1..area.bottom()) {
        let Some(video) = rows.get(place) else { continue };
        let line = row(app, theme, video, place == selected, width);
        buffer.set_line(area.x, y, &line, area.width);
        targets.push(Target { area: Rect { y, height: 1, ..area }, hit: Hit::Row(place) });
    }
}

/// The heads of the columns by which one can sort.
fn sorting(heads: &[String; 6], area: Rect, targets: &mut Vec<Target>) {
    let mut x = area.x;
    let sorts = [None, Some(Sort::Name), Some(Sort::State), Some(Sort::Bitrate), None, None];
    for (head, sort) in heads.iter().zip(sorts) {
        let width = u16::try_from(width_of(head)).unwrap_or(u16::MAX);
        let area = Rect { x, height: 1, width, ..area };
        targets.extend(sort.map(|sort| Target { area, hit: Hit::Sort(sort) }));
        x = x.saturating_add(width);
    }
}

pub(super) fn heads() -> [&'static str; 5] {
    [
        word!("title", "标题"),
        word!("state", "状态"),
        word!("chosen file", "所选版本"),
        word!("plan", "方案"),
        word!("live", "有效"),
    ]
}

fn empty(app: &App, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let text = match &app.link {
        LinkState::Connecting { .. } => words::connecting(),
        LinkState::Starting => words::starting(),
        // The step that offers it is on the screen.
        LinkState::Offered(_) => return,
        LinkState::Lost { why: sentence, .. } | LinkState::Incompatible { sentence } => {
            trouble(sentence, theme, area, buffer);
            return;
        }
        LinkState::Live { .. } if app.list.is_loading() => words::loading(),
        LinkState::Live { .. } if !app.list.filter().text.is_empty() => words::no_match(),
        LinkState::Live { .. } => words::empty(),
    };
    for (line, y) in
        wrap(text, usize::from(area.width).saturating_sub(2)).iter().zip(area.top() + 1..area.bottom())
    {
        write_at(buffer, (area.x + 2, y), line, theme.faint());
    }
}

/// The banner has room for the beginning only; without data there is room for all of it.
fn trouble(sentence: &Sentence, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let width = usize::from(area.width).saturating_sub(2);
    let text = sentence.message.lines().chain(sentence.hint.as_deref());
    let lines = text.flat_map(|line| wrap(line, width));
    for (line, y) in lines.zip(area.top() + 1..area.bottom()) {
        write_at(buffer, (area.x + 2, y), &line, theme.faint());
    }
}

/// The texts of the columns that there is room for, each with the gap before it.
fn row_of(marker: &str, texts: [&str; 5], width: usize) -> [String; 6] {
    let shown = |at: usize, size: usize| if width >= at { size } else { 0 };
    let (rendition, plan) = (shown(RENDITION_FROM, RENDITION), shown(PLAN_FROM, PLAN));
    let gaps = 2 + usize::from(rendition > 0) + usize::from(plan > 0);
    let title = width.saturating_sub(2 + STATE + rendition + plan + URLS + gaps);
    let [title_text, state_text, rendition_text, plan_text, urls_text] = texts;
    let cell =
        |text: &str, size: usize| if size > 0 { format!(" {}", column(text, size)) } else { String::new() };
    [
        marker.to_owned(),
        column(title_text, title),
        cell(state_text, STATE),
        cell(rendition_text, rendition),
        cell(plan_text, plan),
        cell(urls_text, URLS),
    ]
}

fn row(app: &App, theme: Theme, video: &VideoView, selected: bool, width: usize) -> Line<'static> {
    let marker = match (selected, app.marks.contains(video.id)) {
        (true, true) => ">+",
        (true, false) => "> ",
        (false, true) => " +",
        (false, false) => "  ",
    };
    let title = plain(&video.title);
    let state = state(video, width);
    let (rendition, plan, urls) = (rendition(video), plan(video), urls(video));
    let [marker, title, state, rendition, plan, urls] =
        row_of(marker, [title.as_ref(), &state, &rendition, &plan, &urls], width);
    let style = if video.conversion.late_by_s.is_some() { theme.warning() } else { theme.video(video.state) };
    let mut spans = vec![Span::raw(marker), Span::raw(title), Span::styled(state, style)];
    if video.conversion.state == ConversionState::Running && width >= RENDITION_FROM {
        // How far it is takes the place of what it is made from.
        let room = width_of(&rendition) + width_of(&plan) - 1;
        let progress = progress::bar_line(&video.conversion, room, app.now);
        spans.push(Span::raw(format!(" {}", column(&progress, room))));
    } else {
        spans.extend([Span::raw(rendition), Span::raw(plan)]);
    }
    spans.push(Span::raw(urls));
    let line = Line::from(spans);
    match (selected, app.focus) {
        (true, Focus::Videos) => line.style(theme.selected()),
        (true, Focus::Postings) => line.style(theme.heading()),
        (false, Focus::Videos | Focus::Postings) => line,
    }
}

/// Where there is no room for a bar the share stands for the state, and where there is, that it will be late.
fn state(video: &VideoView, width: usize) -> String {
    let glyph = glyph(video.state);
    let late = video.conversion.late_by_s.is_some();
    match progress::short(&video.conversion) {
        Some(progress) if width < RENDITION_FROM => format!("{glyph} {progress}"),
        Some(_) | None if late => format!("{glyph} {}", word!("late", "超时")),
        Some(_) | None => format!("{glyph} {}", video_state(video.state)),
    }
}

/// One ASCII sign per state: wider signs have no certain width in East Asian terminals.
#[must_use]
pub(super) fn glyph(state: VideoState) -> char {
    match state {
        VideoState::Deleted => '-',
        VideoState::Missing => '?',
        VideoState::Converting => '~',
        VideoState::Queued => '.',
        VideoState::Failed => 'x',
        VideoState::Suspended => '=',
        VideoState::Live => '*',
        VideoState::New => '+',
        VideoState::Unusable => '!',
    }
}

fn rendition(video: &VideoView) -> String {
    video.renditions.iter().find(|rendition| rendition.selected).map_or_else(
        || format::NONE.to_owned(),
        |chosen| format!("{}p {}", chosen.height, format::bitrate(chosen.bitrate_bps)),
    )
}

fn plan(video: &VideoView) -> String {
    video.conversion.plan.map_or(format::NONE, plan_name).to_owned()
}

/// Live URLs of all.
fn urls(video: &VideoView) -> String {
    let live = video.postings.iter().filter(|posting| posting.state == PostingState::Live).count();
    if video.postings.is_empty() {
        format::NONE.to_owned()
    } else {
        format!("{live}/{}", video.postings.len())
    }
}
