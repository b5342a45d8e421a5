//! The QR code of one URL over the whole window, and the URL itself below, whether or not the code fits.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use vodpost_protocol::posting::{PostingState, PostingView};

use crate::app::modal::{QrModal, QrSize};
use crate::app::{App, LinkState};
use crate::format;
use crate::text::{causes, plain, posting_state};
use crate::view::qr::{Cells, NoRoom, Placed, place};
use crate::view::text::{chop, width_of, wrap, write_at};
use crate::view::theme::Theme;
use crate::view::{notice, words};

pub(super) fn draw(app: &App, layer: &QrModal, theme: Theme, buffer: &mut Buffer) {
    let area = buffer.area;
    let url = plain(&layer.url).into_owned();
    let url_lines = chop(&url, usize::from(area.width));
    let below = url_lines.len() + 1;
    let height = usize::from(area.height);
    let width = usize::from(area.width);
    // The title gives way where the code needs its line.
    let with_title = Cells { width, height: height.saturating_sub(below + 1) };
    let without_title = Cells { width, height: height.saturating_sub(below) };
    let (top, placed) = match place(&layer.url, layer.size, with_title) {
        Ok(placed) => (1, Ok(placed)),
        Err(_) => (0, place(&layer.url, layer.size, without_title)),
    };
    let y = |line: usize| area.y + u16::try_from(line).unwrap_or(u16::MAX).min(area.height);
    match placed {
        Ok(placed) => {
            let cells = placed.cells();
            let x = u16::try_from(width.saturating_sub(cells.width) / 2).unwrap_or(0);
            let code =
                Rect { x: area.x + x, y: y(top), width: area.width - x, height: area.bottom() - y(top) };
            placed.draw(code, buffer, theme.qr);
            if top > 0 {
                title(app, layer, theme, buffer);
                full_needs(layer, &placed, theme, buffer);
            }
        }
        Err(reason) => {
            title(app, layer, theme, buffer);
            no_room(&reason, without_title, theme, buffer);
        }
    }
    let first = height.saturating_sub(below);
    // At the left edge and without a frame, so that it can be selected whole.
    for (line, text) in url_lines.iter().enumerate() {
        write_at(buffer, (area.x, y(first + line)), text, Style::new().add_modifier(Modifier::BOLD));
    }
    if app.notice.is_some() || app.requests.waiting().next().is_some() {
        let line = Rect { y: area.y, height: 1, ..area };
        write_at(buffer, (line.x, line.y), &" ".repeat(width), Style::reset());
        notice(app, theme, line, buffer);
    }
}

fn title(app: &App, layer: &QrModal, theme: Theme, buffer: &mut Buffer) {
    let video = app.list.get(layer.video);
    let posting = video.and_then(|video| video.postings.iter().find(|posting| posting.token == layer.token));
    let name = video.map(|video| plain(&video.title).into_owned()).unwrap_or_default();
    let (text, style) = match posting {
        Some(posting) => (format!("{name}  {}", state(posting)), theme.posting(posting.state)),
        None => (name, Style::new()),
    };
    let stale = match app.link {
        LinkState::Live { .. } | LinkState::Connecting { .. } | LinkState::Starting => "",
        LinkState::Lost { .. } | LinkState::Incompatible { .. } => "(no connection) ",
    };
    let text = format::fit(&format!("{stale}{text}"), usize::from(buffer.area.width));
    write_at(buffer, (buffer.area.x, buffer.area.y), &text, style);
}

fn state(posting: &PostingView) -> String {
    let word = posting_state(posting.state);
    match posting.state {
        PostingState::Live => format!("{}: {word}", posting.label),
        PostingState::Suspended | PostingState::Pending | PostingState::Invalid => {
            format!("{}: {} - {word}: {}", posting.label, words::NOT_LIVE, causes(&posting.causes))
        }
    }
}

/// Why the full size that was asked for is not what one sees.
fn full_needs(layer: &QrModal, placed: &Placed, theme: Theme, buffer: &mut Buffer) {
    if layer.size == placed.size {
        return;
    }
    let modules = placed.cells().width;
    let needed = crate::view::qr::cells(QrSize::Full, modules);
    let text = words::qr_full_needs((needed.width, needed.height + 3));
    let x = usize::from(buffer.area.width).saturating_sub(width_of(&text));
    write_at(buffer, (buffer.area.x + u16::try_from(x).unwrap_or(0), buffer.area.y), &text, theme.faint());
}

fn no_room(reason: &NoRoom, have: Cells, theme: Theme, buffer: &mut Buffer) {
    let text = match reason {
        NoRoom::Needs(needed) => words::qr_needs((needed.width, needed.height), (have.width, have.height)),
        NoRoom::Impossible => words::QR_IMPOSSIBLE.to_owned(),
    };
    for (line, y) in wrap(&text, have.width).iter().zip(buffer.area.top() + 2..buffer.area.bottom()) {
        write_at(buffer, (buffer.area.x, y), line, theme.warning());
    }
}
