//! Drawing: from the state to the buffer, nothing else. This file is the layout; each screen and layer has its own.

mod account;
mod detail;
mod events;
mod explain;
mod first_run;
mod help;
mod jobs;
mod list;
mod modal;
mod progress;
pub mod qr;
mod qr_layer;
mod status;
#[cfg(test)]
mod tests;
pub(crate) mod text;
pub mod theme;
mod traffic;
pub mod words;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use crate::app::keymap::{self, Command, Place};
use crate::app::modal::Modal;
use crate::app::mouse::{Drawn, Hit, Target};
use crate::app::notice::{Change, Mood};
use crate::app::{App, LinkState, Screen, allowed, geometry};
use crate::format;
use crate::say;
use crate::text::{Sentence, plain, service, verification};
use crate::view::text::{width_of, wrap, write_at};
use crate::view::theme::Theme;

/// Draws everything; says what only the drawing knows.
pub fn draw(app: &App, theme: Theme, frame: &mut Frame<'_>) -> Drawn {
    let mut drawn = Drawn::default();
    let area = frame.area();
    if geometry::is_too_small(area.width, area.height) {
        too_small(area, frame.buffer_mut());
        return drawn;
    }
    let targets = &mut drawn.targets;
    if let Some(Modal::Qr(layer)) = &app.modal {
        match qr_layer::draw(app, layer, theme, frame.buffer_mut()) {
            qr_layer::LastLine::Free => footer(app, theme, last_line(area), frame.buffer_mut(), targets),
            qr_layer::LastLine::Taken => {}
        }
        return drawn;
    }
    let areas = geometry::areas(area.width, area.height, app.banner_lines(), app.focus);
    let buffer = frame.buffer_mut();
    header(app, theme, areas.header, buffer);
    banner(app, theme, areas.banner, buffer);
    let hidden = match app.screen {
        Screen::Videos => match app.shown_step() {
            Some(step) => {
                first_run::draw(app, step, theme, areas.body, buffer);
                0
            }
            None => videos(app, theme, &areas, buffer, targets),
        },
        Screen::Jobs => {
            jobs::draw(app, theme, areas.body, buffer, targets);
            0
        }
        Screen::Events => {
            events::draw(app, theme, areas.body, buffer, targets);
            0
        }
        Screen::Account => account::draw(app, theme, areas.body, buffer),
        Screen::Status => status::draw(app, theme, areas.body, buffer),
    };
    if matches!(app.link, LinkState::Lost { .. } | LinkState::Incompatible { .. }) {
        buffer.set_style(areas.body, Style::new().add_modifier(Modifier::DIM));
    }
    notice(app, theme, areas.notice, buffer);
    footer(app, theme, areas.footer, buffer, targets);
    drawn.hidden_lines = match &app.modal {
        Some(modal) => modal::draw(app, modal, theme, &areas, frame),
        None => hidden,
    };
    drawn
}

/// Not by ratatui's `Paragraph`, which panics where a wide character is next to a narrow window's edge.
fn too_small(area: Rect, buffer: &mut Buffer) {
    let text = words::too_small(area.width, area.height);
    for (line, y) in wrap(&text, usize::from(area.width)).iter().zip(area.top()..area.bottom()) {
        write_at(buffer, (area.x, y), line, Style::new());
    }
}

fn last_line(area: Rect) -> Rect {
    Rect { y: area.bottom().saturating_sub(1), height: 1, ..area }
}

fn videos(
    app: &App,
    theme: Theme,
    areas: &geometry::Areas,
    buffer: &mut Buffer,
    targets: &mut Vec<Target>,
) -> usize {
    if let Some(area) = areas.list {
        list::draw(app, theme, area, buffer, targets);
    }
    targets.extend(areas.detail.map(|area| Target { area, hit: Hit::Details }));
    if let (Some(list), Some(detail)) = (areas.list, areas.detail) {
        separator(theme, list, detail, buffer);
    }
    areas.detail.map_or(0, |area| detail::draw(app, theme, area, buffer))
}

/// A rule in the line or column that the geometry leaves free.
fn separator(theme: Theme, list: Rect, detail: Rect, buffer: &mut Buffer) {
    if detail.x > list.x {
        for y in list.top()..list.bottom() {
            write_at(buffer, (list.right(), y), "|", theme.faint());
        }
    } else {
        let rule = "-".repeat(usize::from(list.width));
        write_at(buffer, (list.x, list.bottom()), &rule, theme.faint());
    }
}

fn header(app: &App, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let left = format!("{}  {}", words::APP, subject(app));
    let right = app.account.as_ref().map_or_else(String::new, |account| {
        say!(
            "account {account}, service {service}",
            "账号{account}，服务{service}",
            account = verification(account.state),
            service = service(account.service),
        )
    });
    write_at(buffer, (area.x, area.y), &format::fit(&left, usize::from(area.width)), theme.heading());
    let start = usize::from(area.width).saturating_sub(width_of(&right));
    if start > width_of(&left) + 1 {
        let x = area.x + u16::try_from(start).unwrap_or(0);
        write_at(buffer, (x, area.y), &right, Style::new());
    }
}

/// Where one is.
fn subject(app: &App) -> String {
    match app.screen {
        Screen::Videos => {}
        Screen::Jobs => return words::place(Place::Jobs).to_owned(),
        Screen::Events => return words::place(Place::Events).to_owned(),
        Screen::Account => return words::place(Place::Account).to_owned(),
        Screen::Status => return words::place(Place::Status).to_owned(),
    }
    let filter = app.list.filter();
    let mut text = crate::text::videos(app.list.total());
    if !app.marks.is_empty() {
        text.push_str(&say!(", {number} marked", "，已标记{number}个", number = app.marks.len()));
    }
    text.push_str(&say!(", by {sort}", "，按{sort}排序", sort = words::sort(filter.sort)));
    if !filter.text.is_empty() {
        text.push_str(&say!(", with \"{text}\"", "，含「{text}」", text = plain(&filter.text)));
    }
    text
}

fn banner(app: &App, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let lines = match &app.link {
        LinkState::Lost { since, why, retry_at } => {
            let clock = |moment| format::moment(moment).split_off(11);
            let first = say!(
                "daemon not reachable since {since}, retrying at {retry_at}",
                "守护进程自 {since} 起无法连接，将于 {retry_at} 重试",
                since = clock(*since),
                retry_at = clock(*retry_at),
            );
            vec![first, one_line(why)]
        }
        LinkState::Incompatible { sentence } => {
            let hint = sentence.hint.clone().unwrap_or_default();
            let message = sentence.message.lines().next().unwrap_or_default();
            vec![message.to_owned(), hint]
        }
        LinkState::Live { .. } => app.read_only().map(words::read_only).into_iter().collect(),
        LinkState::Connecting { .. } | LinkState::Starting | LinkState::Offered(_) => Vec::new(),
    };
    if let Some(steps) = first_run::strip(app, area.width)
        && let Some(y) = area.bottom().checked_sub(1)
    {
        write_at(buffer, (area.x, y), &format::fit(&steps, usize::from(area.width)), theme.heading());
    }
    for (line, y) in lines.iter().zip(area.top()..area.bottom()) {
        write_at(buffer, (area.x, y), &format::fit(line, usize::from(area.width)), theme.warning());
    }
}

/// A message of several lines is a list; what to do about it says more than its first line.
fn one_line(sentence: &Sentence) -> String {
    let message = sentence.message.lines().next().unwrap_or_default();
    match &sentence.hint {
        Some(hint) if sentence.message.lines().count() > 1 => hint.clone(),
        Some(hint) => say!("{message} {hint}", "{message}{hint}"),
        None => message.to_owned(),
    }
}

fn notice(app: &App, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let waiting: Vec<&Change> = app.requests.waiting().collect();
    let (text, style) = match &app.notice {
        Some(notice) => (notice_text(notice, usize::from(area.width)), theme.mood(notice.said.mood())),
        None => (words::waiting(&waiting).unwrap_or_default(), theme.mood(Mood::Plain)),
    };
    write_at(buffer, (area.x, area.y), &format::fit(&text, usize::from(area.width)), style);
}

/// The hint is what to do next: where both do not fit it wins over the end of the message.
fn notice_text(notice: &crate::app::notice::Notice, width: usize) -> String {
    let sentence = words::said(&notice.said);
    let Some(hint) = &sentence.hint else { return sentence.message };
    let hint = say!(" ({hint})", "（{hint}）");
    let rest = width.saturating_sub(width_of(&hint));
    if rest < 12 {
        return sentence.message;
    }
    format::fit(&sentence.message, rest) + &hint
}

/// The keys that do something here and now, as many as fit; help and the way out keep their places.
fn footer(app: &App, theme: Theme, area: Rect, buffer: &mut Buffer, targets: &mut Vec<Target>) {
    let place = app.place();
    let mut seen: Vec<Command> = Vec::new();
    let mut items = Vec::new();
    for binding in keymap::in_place(place) {
        if seen.contains(&binding.command) || allowed::check(app, binding.command).is_err() {
            continue;
        }
        seen.push(binding.command);
        if let (Some(word), Some(key)) = (words::short(app, binding.command), binding.keys.first()) {
            items.push((binding.command, words::key(*key), word));
        }
    }
    if !app.is_live() {
        // What one wants most then.
        items.sort_by_key(|item| item.0 != Command::Rescan);
    }
    let length = |(_, key, word): &(Command, String, &str)| width_of(key) + 1 + width_of(word) + 2;
    let keeps_place = |command| matches!(command, Command::Help | Command::Quit);
    let reserved: usize = items.iter().filter(|item| keeps_place(item.0)).map(length).sum();
    let mut room = (usize::from(area.width) + 2).saturating_sub(reserved);
    let mut spans = Vec::new();
    let mut x = area.x;
    for item in &items {
        let wide = length(item);
        if !keeps_place(item.0) {
            if wide > room {
                continue;
            }
            room -= wide;
        }
        let wide = u16::try_from(wide).unwrap_or(u16::MAX);
        let pressed = Rect { x, width: wide.saturating_sub(2), ..area }.intersection(area);
        targets.push(Target { area: pressed, hit: Hit::Key(item.0) });
        x = x.saturating_add(wide);
        spans.push(Span::styled(item.1.clone(), theme.key()));
        spans.push(Span::raw(format!(" {}  ", item.2)));
    }
    Line::from(spans).render(area, buffer);
}

/// The place whose keys the help names first.
fn place_below(app: &App) -> Place {
    match app.screen {
        Screen::Videos => Place::Videos,
        Screen::Jobs => Place::Jobs,
        Screen::Events => Place::Events,
        Screen::Account => Place::Account,
        Screen::Status => Place::Status,
    }
}
