//! Small helpers for text in cells.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use unicode_width::UnicodeWidthStr;

use crate::app::input::TextInput;
use crate::format;
use crate::text::plain;

#[must_use]
pub(super) fn width_of(text: &str) -> usize {
    text.width()
}

/// Cut or filled to exactly this many columns.
#[must_use]
pub(super) fn column(text: &str, width: usize) -> String {
    let mut text = format::fit(text, width);
    let filled = width_of(&text);
    text.extend(std::iter::repeat_n(' ', width.saturating_sub(filled)));
    text
}

/// Writes within the buffer; what lies outside is left out.
pub(super) fn write_at(buffer: &mut Buffer, (x, y): (u16, u16), text: &str, style: Style) {
    if x < buffer.area.right() && y < buffer.area.bottom() {
        buffer.set_string(x, y, text, style);
    }
}

/// Writes lines from the top of an area, beginning with the `first`; what does not fit is left out.
pub(super) fn write_lines(buffer: &mut Buffer, area: Rect, lines: &[Line<'_>], first: usize) {
    for (line, y) in lines.iter().skip(first).zip(area.top()..area.bottom()) {
        buffer.set_line(area.x, y, line, area.width);
    }
}

/// Writes lines from the top of an area, scrolled no further than needed; says how many had no room.
pub(super) fn write_scrolled(buffer: &mut Buffer, area: Rect, lines: &[Line<'_>], scroll: usize) -> usize {
    let hidden = lines.len().saturating_sub(usize::from(area.height));
    write_lines(buffer, area, lines, scroll.min(hidden));
    hidden
}

/// The first row to draw, so that the selected one stays in the middle and no room is left empty.
#[must_use]
pub(super) fn first_row(selected: usize, rows: usize, height: usize) -> usize {
    selected.saturating_sub(height / 2).min(rows.saturating_sub(height))
}

/// Text broken at blanks into lines of at most `width` columns; what has no blank is cut hard.
#[must_use]
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let gap = usize::from(!line.is_empty());
        if width_of(&line) + gap + width_of(word) <= width {
            line.push_str(&" "[..gap]);
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        let mut pieces = chop(word, width);
        line = pieces.pop().unwrap_or_default();
        lines.append(&mut pieces);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// Text cut into pieces of at most `width` columns.
#[must_use]
pub(super) fn chop(text: &str, width: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut used = 0;
    for letter in text.chars() {
        let columns = unicode_width::UnicodeWidthChar::width(letter).unwrap_or(0);
        if used + columns > width && used > 0 {
            pieces.push(String::new());
            used = 0;
        }
        used += columns;
        if let Some(piece) = pieces.last_mut() {
            piece.push(letter);
        }
    }
    pieces
}

/// One line of typing, scrolled so that the cursor is seen. Gives the cursor's column.
pub(super) fn write_input(buffer: &mut Buffer, area: Rect, input: &TextInput, style: Style) -> u16 {
    let (before, after) = input.around_cursor();
    let (before, after) = (plain(&before).into_owned(), plain(&after).into_owned());
    let room = usize::from(area.width).saturating_sub(1);
    let mut visible: Vec<char> = before.chars().collect();
    let mut start = 0;
    while width_of(&visible[start..].iter().collect::<String>()) > room && start < visible.len() {
        start += 1;
    }
    let left: String = visible.drain(start..).collect();
    let cursor = width_of(&left);
    let text = column(&format!("{left}{after}"), usize::from(area.width));
    write_at(buffer, (area.x, area.y), &text, style);
    area.x + u16::try_from(cursor).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_at_blanks_and_cut_where_there_is_none() {
        assert_eq!(wrap("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh i", 3), ["abc", "def", "gh", "i"]);
        assert_eq!(wrap("课程第一讲", 4), ["课程", "第一", "讲"]);
        assert_eq!(wrap("", 4), Vec::<String>::new());
        assert_eq!(chop("abcd", 2), ["ab", "cd"]);
    }

    #[test]
    fn columns_have_their_width_whatever_the_script() {
        for text in ["", "a", "课程 第一讲 abc", "long long long"] {
            assert_eq!(width_of(&column(text, 7)), 7, "{text}");
        }
    }

    #[test]
    fn the_cursor_is_always_seen() {
        let area = Rect::new(0, 0, 5, 1);
        let mut buffer = Buffer::empty(area);
        for text in ["", "abc", "abcdefghij", "课程第一讲"] {
            let cursor = write_input(&mut buffer, area, &TextInput::with(text), Style::new());
            assert!(cursor < 5, "{text}");
        }
    }
}
