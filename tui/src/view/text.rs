//! Small helpers for text in cells.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use unicode_width::UnicodeWidthStr;

use crate::app::input::TextInput;
pub(super) use crate::format::column;
use crate::text::plain;

#[must_use]
pub(super) fn width_of(text: &str) -> usize {
    text.width()
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

/// Text broken at blanks, and between wide characters, into lines of at most `width` columns; what has neither is cut
/// hard.
#[must_use]
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    let words = text.split_whitespace().flat_map(|word| {
        unbreakable(word).into_iter().zip([true].into_iter().chain(std::iter::repeat(false)))
    });
    for (piece, after_blank) in words {
        let gap = usize::from(after_blank && !line.is_empty());
        if width_of(&line) + gap + width_of(piece) <= width {
            line.push_str(&" "[..gap]);
            line.push_str(piece);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        let mut pieces = chop(piece, width);
        line = pieces.pop().unwrap_or_default();
        lines.append(&mut pieces);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// A word without blanks in the pieces between which a line may end: before and after each wide character, but not so
/// that a closing sign begins a line or an opening one ends it.
fn unbreakable(word: &str) -> Vec<&str> {
    const NEVER_FIRST: &str = "，。、；：？！）》」";
    const NEVER_LAST: &str = "（《「";
    let wide = |letter: char| unicode_width::UnicodeWidthChar::width(letter) == Some(2);
    let mut pieces = Vec::new();
    let mut start = 0;
    for ((_, before), (at, after)) in word.char_indices().zip(word.char_indices().skip(1)) {
        let breaks =
            (wide(before) || wide(after)) && !NEVER_LAST.contains(before) && !NEVER_FIRST.contains(after);
        if breaks {
            pieces.push(&word[start..at]);
            start = at;
        }
    }
    pieces.push(&word[start..]);
    pieces
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
        assert_eq!(wrap("按 Esc 清除筛选", 9), ["按 Esc 清", "除筛选"]);
        assert_eq!(wrap("未生效：已停用（手动）", 10), ["未生效：已", "停用（手", "动）"]);
        assert_eq!(wrap("未生效，", 6), ["未生", "效，"]);
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
