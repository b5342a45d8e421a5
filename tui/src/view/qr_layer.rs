//! The QR code of one URL over the whole window, and the URL itself below, whether or not the code fits.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use vodpost_protocol::posting::{PostingState, PostingView};

use crate::app::modal::{QrModal, QrSize};
use crate::app::{App, LinkState};
use crate::format;
use crate::text::{causes, pair, plain, posting_state};
use crate::view::qr::{Cells, NoRoom, Placed, place};
use crate::view::text::{chop, width_of, wrap, write_at};
use crate::view::theme::Theme;
use crate::view::{notice, words};
use crate::{say, word};

/// Whether the footer has room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LastLine {
    Free,
    Taken,
}

pub(super) fn draw(app: &App, layer: &QrModal, theme: Theme, buffer: &mut Buffer) -> LastLine {
    let area = buffer.area;
    let width = usize::from(area.width);
    let url_lines = chop(&plain(&layer.url), width);
    let room = |other_lines: usize| Cells {
        width,
        height: usize::from(area.height).saturating_sub(url_lines.len() + other_lines),
    };
    // First the title gives way to the code, then the footer.
    let found = [(1, LastLine::Free), (0, LastLine::Free), (0, LastLine::Taken)].into_iter().find_map(
        |(title_lines, last)| {
            let other_lines = title_lines + usize::from(last == LastLine::Free);
            place(&layer.url, layer.size, room(other_lines)).ok().map(|placed| (title_lines, last, placed))
        },
    );
    let (title_lines, last) = match found {
        Some((title_lines, last, placed)) => {
            let y = area.y + u16::try_from(title_lines).unwrap_or(0);
            let x = u16::try_from(width.saturating_sub(placed.cells().width) / 2).unwrap_or(0);
            let code = Rect { x: area.x + x, y, width: area.width - x, height: area.bottom() - y };
            placed.draw(code, buffer, theme.qr);
            if title_lines > 0 {
                full_needs(layer, &placed, theme, buffer);
            }
            (title_lines, last)
        }
        None => {
            no_room(layer, room(0), theme, buffer);
            (1, LastLine::Free)
        }
    };
    if title_lines > 0 {
        title(app, layer, theme, buffer);
    }
    // At the left edge and without a frame, so that it can be selected whole.
    let first =
        usize::from(area.height).saturating_sub(url_lines.len() + usize::from(last == LastLine::Free));
    for (text, y) in url_lines.iter().zip(u16::try_from(first).unwrap_or(0)..area.height) {
        write_at(buffer, (area.x, area.y + y), text, Style::new().add_modifier(Modifier::BOLD));
    }
    if app.notice.is_some() || app.requests.waiting().next().is_some() {
        over_the_title(app, theme, buffer);
    }
    last
}

/// News stand in the first line; where the code reaches up to it, over its quiet zone until they leave.
fn over_the_title(app: &App, theme: Theme, buffer: &mut Buffer) {
    let line = Rect { height: 1, ..buffer.area };
    buffer.set_style(line, Style::reset());
    write_at(buffer, (line.x, line.y), &" ".repeat(usize::from(line.width)), Style::reset());
    notice(app, theme, line, buffer);
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
        LinkState::Lost { .. } | LinkState::Incompatible { .. } => word!("(no connection) ", "（无连接）"),
    };
    let text = format::fit(&format!("{stale}{text}"), usize::from(buffer.area.width));
    write_at(buffer, (buffer.area.x, buffer.area.y), &text, style);
}

fn state(posting: &PostingView) -> String {
    let word = posting_state(posting.state);
    match posting.state {
        PostingState::Live => pair(posting.label.as_str(), word),
        PostingState::Suspended | PostingState::Pending | PostingState::Invalid => {
            say!(
                "{label}: {not_live} - {word}: {causes}",
                "{label}：{not_live}，{word}：{causes}",
                label = posting.label,
                not_live = words::not_live(),
                word = word,
                causes = causes(&posting.causes),
            )
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

fn no_room(layer: &QrModal, have: Cells, theme: Theme, buffer: &mut Buffer) {
    let text = match place(&layer.url, QrSize::Half, have) {
        Ok(_) => return,
        Err(NoRoom::Needs(needed)) => {
            words::qr_needs((needed.width, needed.height), (have.width, have.height))
        }
        Err(NoRoom::Impossible) => words::qr_impossible().to_owned(),
    };
    for (line, y) in wrap(&text, have.width).iter().zip(buffer.area.top() + 2..buffer.area.bottom()) {
        write_at(buffer, (buffer.area.x, y), line, theme.warning());
    }
}
