//! The QR code of one URL over the whole window, and the URL itself below, whether or not the code fits.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use vodpost_protocol::posting::{PostingState, PostingView};

use crate::app::modal::{QrForm, QrModal};
use crate::app::{App, LinkState};
use crate::format;
use crate::text::{causes, pair, plain, posting_state};
use crate::view::qr::{Cells, NoRoom, Placed, least, place};
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

/// What stands around the code.
#[derive(Debug, Clone, Copy)]
struct Around {
    title: usize,
    url: usize,
    last: LastLine,
}

impl Around {
    fn lines(self) -> usize {
        self.title + self.url + usize::from(self.last == LastLine::Free)
    }
}

pub(super) fn draw(app: &App, layer: &QrModal, theme: Theme, buffer: &mut Buffer) -> LastLine {
    let area = buffer.area;
    let width = usize::from(area.width);
    let height = usize::from(area.height);
    let url_lines = chop(&plain(&layer.url), width);
    let url = url_lines.len();
    let room = |around: Around| Cells { width, height: height.saturating_sub(around.lines()) };
    // First the title gives way to the code, then the footer, and the URL last.
    let all = Around { title: 1, url, last: LastLine::Free };
    let found = [
        all,
        Around { title: 0, ..all },
        Around { title: 0, last: LastLine::Taken, ..all },
        Around { title: 0, url: 0, last: LastLine::Taken },
    ]
    .into_iter()
    .find_map(|around| place(&layer.url, layer.form, room(around)).ok().map(|placed| (around, placed)));
    let around = match found {
        Some((around, placed)) => {
            let code = centred(area, around, room(around), placed.cells());
            placed.draw(code, buffer, theme.qr);
            if around.title > 0 {
                form_needs(layer, &placed, all, theme, buffer);
            }
            around
        }
        None => {
            no_room(layer, room(Around { title: 0, ..all }), theme, buffer);
            all
        }
    };
    if around.title > 0 {
        title(app, layer, theme, buffer);
    }
    if around.url > 0 {
        // At the left edge and without a frame, so that it can be selected whole.
        let first = height.saturating_sub(url + usize::from(around.last == LastLine::Free));
        for (text, y) in url_lines.iter().zip(u16::try_from(first).unwrap_or(0)..area.height) {
            write_at(buffer, (area.x, area.y + y), text, Style::new().add_modifier(Modifier::BOLD));
        }
    }
    if app.notice.is_some() || app.requests.waiting().next().is_some() {
        over_the_title(app, theme, buffer);
    }
    around.last
}

/// In the middle of the room between the title and what stands below.
fn centred(area: Rect, around: Around, room: Cells, code: Cells) -> Rect {
    let half = |room: usize, taken: usize| u16::try_from(room.saturating_sub(taken) / 2).unwrap_or(0);
    let x = half(room.width, code.width);
    let y = u16::try_from(around.title).unwrap_or(0) + half(room.height, code.height);
    Rect {
        x: area.x + x,
        y: area.y + y,
        width: area.width.saturating_sub(x),
        height: area.height.saturating_sub(y),
    }
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
        LinkState::Offered(_) => "",
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

/// Why the form that was asked for is not what one sees.
fn form_needs(layer: &QrModal, placed: &Placed, around: Around, theme: Theme, buffer: &mut Buffer) {
    let wanted = layer.form.first_mode();
    let Some(needed) = least(&layer.url, wanted).filter(|_| wanted != placed.mode) else { return };
    let text = words::qr::form_needs((needed.width, needed.height + around.lines()));
    let x = usize::from(buffer.area.width).saturating_sub(width_of(&text));
    write_at(buffer, (buffer.area.x + u16::try_from(x).unwrap_or(0), buffer.area.y), &text, theme.faint());
}

fn no_room(layer: &QrModal, have: Cells, theme: Theme, buffer: &mut Buffer) {
    let text = match place(&layer.url, QrForm::Half, have) {
        Ok(_) => return,
        Err(NoRoom::Needs(needed)) => words::qr::needs(needed, have),
        Err(NoRoom::Impossible) => words::qr::impossible().to_owned(),
    };
    for (line, y) in wrap(&text, have.width).iter().zip(buffer.area.top() + 2..buffer.area.bottom()) {
        write_at(buffer, (buffer.area.x, y), line, theme.warning());
    }
}
