//! Tables: rows under titles, as wide as they are or as the terminal is.

use unicode_width::UnicodeWidthStr;

use super::{Cell, Tone, fit};

/// Between two columns of a table.
const GAP: usize = 2;
/// A column that gives way keeps at least this much.
const FLEXIBLE_MIN: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    Left(&'static str),
    Right(&'static str),
    /// Left, and shortened when the terminal is too narrow.
    Flexible(&'static str),
}

impl Column {
    fn title(self) -> &'static str {
        match self {
            Self::Left(title) | Self::Right(title) | Self::Flexible(title) => title,
        }
    }
}

/// Rows under titles.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    #[must_use]
    pub fn new(columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    pub fn row(&mut self, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.columns.len(), "a row has one cell per column");
        self.rows.push(cells);
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether nothing has to be shortened in this many columns.
    #[must_use]
    pub fn fits(&self, width: Option<usize>) -> bool {
        let natural = self.widths(None);
        width.is_none_or(|width| natural.iter().sum::<usize>() + gaps(&natural) <= width)
    }

    /// The titles and the rows; no line is wider than `width` as long as the columns that do not give way fit.
    #[must_use]
    pub fn lines(&self, width: Option<usize>, color: bool) -> Vec<String> {
        let widths = self.widths(width);
        std::iter::once(&self.titles()).chain(&self.rows).map(|row| self.line(row, &widths, color)).collect()
    }

    /// The same as cells for [`beside`](super::beside), which keeps a line within bounds even where no column gives way any more.
    #[must_use]
    pub fn cells(&self, width: Option<usize>) -> Vec<Vec<Cell>> {
        let widths = self.widths(width);
        let last = widths.len().saturating_sub(1);
        let cell = |(index, ((cell, column), width)): (usize, ((&Cell, &Column), &usize))| {
            let text = fit(&cell.text, *width);
            let padding = " ".repeat(width - text.width().min(*width));
            let gap = " ".repeat(GAP - 1);
            Cell {
                text: match column {
                    Column::Right(_) => padding + &text + if index < last { &gap } else { "" },
                    Column::Left(_) | Column::Flexible(_) if index < last => text + &padding + &gap,
                    Column::Left(_) | Column::Flexible(_) => text,
                },
                tone: cell.tone,
            }
        };
        let row =
            |row: &Vec<Cell>| row.iter().zip(&self.columns).zip(&widths).enumerate().map(cell).collect();
        std::iter::once(&self.titles()).chain(&self.rows).map(row).collect()
    }

    fn titles(&self) -> Vec<Cell> {
        self.columns.iter().map(|column| Cell::toned(column.title(), Tone::Faint)).collect()
    }

    fn line(&self, row: &[Cell], widths: &[usize], color: bool) -> String {
        let mut line = String::new();
        for (index, ((cell, column), width)) in row.iter().zip(&self.columns).zip(widths).enumerate() {
            let text = fit(&cell.text, *width);
            let padding = " ".repeat(width - text.width().min(*width));
            let painted = cell.tone.paint(&text, color);
            if index > 0 {
                line.push_str(&" ".repeat(GAP));
            }
            match column {
                Column::Right(_) => line.push_str(&(padding + &painted)),
                Column::Left(_) | Column::Flexible(_) => line.push_str(&(painted + &padding)),
            }
        }
        line.truncate(line.trim_end().len());
        line
    }

    fn widths(&self, limit: Option<usize>) -> Vec<usize> {
        let mut widths: Vec<usize> = self.columns.iter().map(|column| column.title().width()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.text.width());
            }
        }
        let Some(limit) = limit else { return widths };
        let mut excess = (widths.iter().sum::<usize>() + gaps(&widths)).saturating_sub(limit);
        // The last flexible column gives way first: what comes first in a row tells it apart.
        for (width, column) in widths.iter_mut().zip(&self.columns).rev() {
            if matches!(column, Column::Flexible(_)) {
                let given = excess.min(width.saturating_sub(FLEXIBLE_MIN));
                *width -= given;
                excess -= given;
            }
        }
        widths
    }
}

fn gaps(widths: &[usize]) -> usize {
    GAP * widths.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::beside;

    fn table() -> Table {
        let mut table = Table::new(&[Column::Left("ID"), Column::Right("SIZE"), Column::Flexible("TITLE")]);
        table.row(vec![Cell::new("a1"), Cell::new("31.5 MB"), Cell::new("课程第一讲 introduction")]);
        table.row(vec![Cell::new("b22"), Cell::toned("1 B", Tone::Bad), Cell::new("x")]);
        table
    }

    #[test]
    fn a_table_lines_up_whatever_the_script() {
        assert_eq!(
            table().lines(None, false),
            ["ID      SIZE  TITLE", "a1   31.5 MB  课程第一讲 introduction", "b22      1 B  x"]
        );
    }

    #[test]
    fn a_table_fits_the_terminal() {
        for width in 22..50 {
            for line in table().lines(Some(width), false) {
                assert!(line.width() <= width, "{line:?} in {width}");
            }
        }
        assert!(table().fits(None) && table().fits(Some(38)) && !table().fits(Some(30)));
        assert_eq!(table().lines(Some(24), false)[1], "a1   31.5 MB  课程第一…");
    }

    #[test]
    fn cells_of_a_table_look_as_its_lines() {
        for width in [None, Some(38), Some(24)] {
            let cells = table().cells(width);
            let lines = cells.iter().map(|row| beside(row, 80, false).trim_end().to_owned());
            assert_eq!(lines.collect::<Vec<_>>(), table().lines(width, false));
        }
    }

    #[test]
    fn colours_do_not_change_the_columns() {
        assert_eq!(table().lines(None, true)[2], "b22      \x1b[31m1 B\x1b[0m  x");
    }
}
