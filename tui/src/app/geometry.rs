//! Which part of the window shows what. Pure, because a page of the list is as long as the list is high.

use ratatui::layout::Rect;

use crate::app::Focus;

/// In a smaller window nothing sensible can be shown.
pub const WIDTH_MIN: u16 = 40;
pub const HEIGHT_MIN: u16 = 12;
/// From this width on the details stand beside the list.
const WIDTH_BESIDE: u16 = 100;
/// From this height on the details stand below the list; otherwise the focus decides which of the two is seen.
const HEIGHT_BELOW: u16 = 18;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Areas {
    pub header: Rect,
    /// What is wrong with the connection or the daemon; empty when nothing is.
    pub banner: Rect,
    pub list: Option<Rect>,
    pub detail: Option<Rect>,
    /// All between banner and notice, for screens of one part.
    pub body: Rect,
    pub notice: Rect,
    pub footer: Rect,
}

#[must_use]
pub fn is_too_small(width: u16, height: u16) -> bool {
    width < WIDTH_MIN || height < HEIGHT_MIN
}

#[must_use]
pub fn areas(width: u16, height: u16, banner_lines: u16, focus: Focus) -> Areas {
    let line = |y: u16, lines: u16| {
        let y = y.min(height);
        Rect { x: 0, y, width, height: lines.min(height - y) }
    };
    let top = 1 + banner_lines;
    let body_height = height.saturating_sub(top + 2);
    let body = line(top, body_height);
    let (list, detail) = if width >= WIDTH_BESIDE {
        let left = width / 2;
        (
            Some(Rect { width: left, ..body }),
            Some(Rect { x: left + 1, width: width.saturating_sub(left + 1), ..body }),
        )
    } else if height >= HEIGHT_BELOW {
        let upper = body_height * 2 / 5;
        (
            Some(Rect { height: upper, ..body }),
            Some(Rect { y: body.y + upper + 1, height: body_height.saturating_sub(upper + 1), ..body }),
        )
    } else {
        match focus {
            Focus::Videos => (Some(body), None),
            Focus::Postings => (None, Some(body)),
        }
    };
    Areas {
        header: line(0, 1),
        banner: line(1, banner_lines),
        list,
        detail,
        body,
        notice: line(height.saturating_sub(2), 1),
        footer: line(height.saturating_sub(1), 1),
    }
}

/// How many videos one page of the list shows.
#[must_use]
pub fn page_rows(width: u16, height: u16, banner_lines: u16) -> usize {
    let list = areas(width, height, banner_lines, Focus::Videos).list;
    usize::from(list.map_or(1, |list| list.height.saturating_sub(1)).max(1))
}
