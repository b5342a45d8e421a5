//! Lines at the bottom of a terminal that are redrawn in place. Pure: what is to be written comes out as text.
//!
//! The cursor rests at the start of the line below the block, so that whatever else is written (a `^C`, the shell's
//! prompt after a signal) begins on a line of its own.

use unicode_width::UnicodeWidthStr;

use crate::format::{Cell, beside};

/// A block as it was drawn last.
#[derive(Debug, Default)]
pub struct Live {
    drawn: Vec<Drawn>,
    /// Of the terminal when it was drawn.
    columns: usize,
}

#[derive(Debug, PartialEq, Eq)]
struct Drawn {
    text: String,
    width: usize,
}

/// The size of a terminal, in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub columns: usize,
    pub rows: usize,
}

impl Size {
    /// Columns that a line may take: some terminals wrap when the last one is written.
    #[must_use]
    pub fn line_width(self) -> usize {
        self.columns.saturating_sub(1)
    }

    /// Lines that a block may have: the cursor rests below it.
    #[must_use]
    pub fn block_height(self) -> usize {
        self.rows.saturating_sub(1)
    }
}

/// Terminals that know it show what lies between at once, the others ignore it.
const BEGIN: &str = "\x1b[?2026h";
const END: &str = "\x1b[?2026l";
const CLEAR_LINE_END: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";

impl Live {
    /// What makes the block show these lines; nothing where it shows them already. Only lines that differ are written.
    #[must_use]
    pub fn frame(&mut self, lines: &[Vec<Cell>], size: Size, color: bool) -> String {
        let new: Vec<Drawn> =
            lines.iter().take(size.block_height()).map(|cells| Drawn::new(cells, size, color)).collect();
        let same_shape = self.columns == size.columns && self.drawn.len() == new.len();
        if same_shape && self.drawn == new {
            return String::new();
        }
        let mut text = format!("{BEGIN}{}", self.home(size.columns));
        if !same_shape {
            text.push_str(CLEAR_BELOW);
        }
        for (place, line) in new.iter().enumerate() {
            if !same_shape || self.drawn.get(place) != Some(line) {
                text.push_str(&line.text);
                text.push_str(CLEAR_LINE_END);
            }
            text.push_str("\r\n");
        }
        text.push_str(END);
        self.drawn = new;
        self.columns = size.columns;
        text
    }

    /// Takes the block away. What is written next stands where it was.
    #[must_use]
    pub fn clear(&mut self, columns: usize) -> String {
        if self.drawn.is_empty() {
            return String::new();
        }
        let text = format!("{}{CLEAR_BELOW}", self.home(columns));
        self.drawn.clear();
        text
    }

    /// The block stays as it is, and the next one begins below it: somebody else wrote in between.
    pub fn leave(&mut self) {
        self.drawn.clear();
    }

    /// To the first line of the block. Terminals break its lines anew when they become narrower.
    fn home(&self, columns: usize) -> String {
        let columns = columns.max(1);
        let rows: usize = self.drawn.iter().map(|line| line.width.div_ceil(columns).max(1)).sum();
        if rows == 0 { "\r".to_owned() } else { format!("\r\x1b[{rows}A") }
    }
}

impl Drawn {
    fn new(cells: &[Cell], size: Size, color: bool) -> Self {
        let width = beside(cells, size.line_width(), false).width();
        Self { text: beside(cells, size.line_width(), color), width }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { columns: 40, rows: 5 };

    fn lines(texts: &[&str]) -> Vec<Vec<Cell>> {
        texts.iter().map(|text| vec![Cell::new(*text)]).collect()
    }

    #[test]
    fn only_what_differs_is_written() {
        let mut live = Live::default();
        let first = live.frame(&lines(&["one", "two"]), SIZE, false);
        assert_eq!(first, format!("{BEGIN}\r{CLEAR_BELOW}one\x1b[K\r\ntwo\x1b[K\r\n{END}"));
        assert_eq!(live.frame(&lines(&["one", "two"]), SIZE, false), "");
        let second = live.frame(&lines(&["one", "2"]), SIZE, false);
        assert_eq!(second, format!("{BEGIN}\r\x1b[2A\r\n2\x1b[K\r\n{END}"));
        assert_eq!(live.clear(40), format!("\r\x1b[2A{CLEAR_BELOW}"));
        assert_eq!(live.clear(40), "");
    }

    #[test]
    fn a_block_never_fills_the_terminal_nor_passes_its_edge() {
        let mut live = Live::default();
        let text = live.frame(&lines(&["x"; 9]), SIZE, false);
        assert_eq!(text.matches('x').count(), 4);
        let wide = lines(&["课程第一讲 introduction"]);
        for columns in 1..40 {
            assert!(Drawn::new(&wide[0], Size { columns, rows: 5 }, true).width < columns, "{columns}");
        }
    }

    #[test]
    fn a_narrower_terminal_has_broken_the_lines() {
        let mut live = Live::default();
        drop(live.frame(&lines(&["0123456789", "01234"]), SIZE, false));
        let narrow = live.frame(&lines(&["a", "b"]), Size { columns: 6, ..SIZE }, false);
        assert!(narrow.starts_with(&format!("{BEGIN}\r\x1b[3A{CLEAR_BELOW}a")), "{narrow:?}");
    }

    #[test]
    fn colours_do_not_count_as_columns() {
        let mut live = Live::default();
        let line = vec![vec![Cell::toned("warning", crate::format::Tone::Warning)]];
        assert!(live.frame(&line, SIZE, true).contains("\x1b[35mwarning\x1b[0m"));
        assert_eq!(live.drawn[0].width, 7);
    }
}
