//! Numbers, times and tables as people read them, in as many columns as there are.

use std::time::Duration;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};
use vodpost_protocol::time::Timestamp;

use crate::say;

/// Between two columns of a table.
const GAP: usize = 2;
/// A column that gives way keeps at least this much.
const FLEXIBLE_MIN: usize = 8;
/// Stands for a value that is not known.
pub const NONE: &str = "-";

/// `31.5 MB`, by powers of ten as disks are sold and `ls --si` counts.
#[must_use]
pub fn bytes(count: u64) -> String {
    scaled(count, &["B", "kB", "MB", "GB", "TB", "PB", "EB"])
}

/// `4.2 Mb/s`.
#[must_use]
pub fn bitrate(bits_per_second: u64) -> String {
    scaled(bits_per_second, &["b/s", "kb/s", "Mb/s", "Gb/s", "Tb/s", "Pb/s", "Eb/s"])
}

fn scaled(count: u64, units: &[&str]) -> String {
    let Some((smallest, larger)) = units.split_first() else { return count.to_string() };
    if count < 1_000 {
        return format!("{count} {smallest}");
    }
    let mut divisor = 1_000_u128;
    for unit in larger {
        let rounded = |times: u128| (u128::from(count) * times + divisor / 2) / divisor;
        // One decimal below a hundred; what rounds up to a thousand belongs to the next unit.
        let tenths = rounded(10);
        if tenths < 1_000 {
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
        if rounded(1) < 1_000 {
            return format!("{} {unit}", rounded(1));
        }
        divisor *= 1_000;
    }
    count.to_string()
}

/// `1:05`, `1:01:05`: how long a video is.
#[must_use]
pub fn clock(millis: u64) -> String {
    let seconds = (millis + 500) / 1_000;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// `95 s`, `12 min`, `3 h 58 min`, `2 d 4 h`: the two largest units that say anything.
#[must_use]
pub fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let two = |large: u64, large_unit: &str, small: u64, small_unit: &str| {
        if small == 0 {
            format!("{large} {large_unit}")
        } else {
            format!("{large} {large_unit} {small} {small_unit}")
        }
    };
    match seconds {
        0..120 => format!("{seconds} s"),
        120..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => two(seconds / 3_600, "h", seconds / 60 % 60, "min"),
        86_400.. => two(seconds / 86_400, "d", seconds / 3_600 % 24, "h"),
    }
}

/// `5 min ago`.
#[must_use]
pub fn ago(moment: Timestamp, now: Timestamp) -> String {
    say!("{span} ago", "{span} 前", span = span(now.since(moment)))
}

/// As [`ago`], by the largest unit alone, in at most ten columns until it is 28 years ago.
#[must_use]
pub fn ago_roughly(moment: Timestamp, now: Timestamp) -> String {
    let seconds = now.since(moment).as_secs();
    let unit = match seconds {
        0..3_600 => 1,
        3_600..86_400 => 3_600,
        86_400.. => 86_400,
    };
    ago(moment, moment.after(Duration::from_secs(seconds - seconds % unit)))
}

/// `2026-03-04 05:06:07Z`.
#[must_use]
pub fn moment(moment: Timestamp) -> String {
    let text = humantime::format_rfc3339_seconds(moment.to_system()).to_string();
    text.replace('T', " ")
}

/// `2026-03-04 05:06:07Z (5 min ago)`, or `(in 5 min)`.
#[must_use]
pub fn when(at: Timestamp, now: Timestamp) -> String {
    let exact = moment(at);
    if at > now {
        let left = span(at.since(now));
        return say!("{exact} (in {left})", "{exact}（{left} 后）");
    }
    let ago = ago(at, now);
    say!("{exact} ({ago})", "{exact}（{ago}）")
}

/// `42 %`; what lies outside 0 to 1 is held there.
#[must_use]
pub fn percent(part: f64) -> String {
    // `as` saturates, and turns what is not a number into 0.
    format!("{} %", (part.clamp(0.0, 1.0) * 100.0).floor() as u8)
}

/// `[####------]`, so many columns wide with its ends; what lies outside 0 to 1 is held there.
#[must_use]
pub fn bar(part: f64, width: usize) -> String {
    let room = width.saturating_sub(2);
    // `as` saturates, and turns what is not a number into 0.
    let full = ((part.clamp(0.0, 1.0) * room as f64) as usize).min(room);
    format!("[{}{}]", "#".repeat(full), "-".repeat(room - full))
}

/// `1 video`, `2 videos`: a count in English, which alone has two forms of a noun.
#[must_use]
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The text in at most `width` columns, the end given up for `…` if need be. Wide characters are never cut in half.
#[must_use]
pub fn fit(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut used = 0;
    let mut short = String::new();
    for letter in text.chars() {
        let columns = letter.width().unwrap_or(0);
        if used + columns + 1 > width {
            break;
        }
        used += columns;
        short.push(letter);
    }
    if width > 0 {
        short.push('…');
    }
    short
}

/// Cut or filled to exactly this many columns.
#[must_use]
pub fn column(text: &str, width: usize) -> String {
    let mut text = fit(text, width);
    let filled = text.width();
    text.extend(std::iter::repeat_n(' ', width.saturating_sub(filled)));
    text
}

/// What a colour stands for. The words beside it say the same, so nothing is lost without colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Good,
    Warning,
    Bad,
    Faint,
    Strong,
}

impl Tone {
    /// The text in this tone, by the terminal's own palette; unchanged unless `color`.
    #[must_use]
    pub fn paint(self, text: &str, color: bool) -> String {
        let code = match self {
            Self::Plain => return text.to_owned(),
            Self::Good => "32",
            // Yellow cannot be read on white.
            Self::Warning => "35",
            Self::Bad => "31",
            Self::Faint => "2",
            Self::Strong => "1",
        };
        if color && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: Tone::Plain }
    }

    #[must_use]
    pub fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }

    /// In exactly this many columns: shortened, or filled up with blanks.
    #[must_use]
    pub fn padded(text: &str, width: usize, tone: Tone) -> Self {
        Self { text: column(text, width), tone }
    }

    #[must_use]
    pub fn width(&self) -> usize {
        self.text.width()
    }

    #[must_use]
    pub fn painted(&self, color: bool) -> String {
        self.tone.paint(&self.text, color)
    }
}

/// Cells beside each other with a blank between them, in at most `width` columns.
#[must_use]
pub fn beside(cells: &[Cell], width: usize, color: bool) -> String {
    let mut line = String::new();
    let mut left = width;
    for cell in cells {
        let gap = usize::from(left < width);
        if left <= gap {
            break;
        }
        let text = fit(&cell.text, left - gap);
        left -= gap + text.width();
        line.push_str(&" "[..gap]);
        line.push_str(&cell.tone.paint(&text, color));
    }
    line
}

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

    /// The same as cells for [`beside`], which keeps a line within bounds even where no column gives way any more.
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

    #[test]
    fn sizes_and_bitrates() {
        for (count, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (31_500_000, "31.5 MB"),
            (99_949, "99.9 kB"),
            (99_950, "100 kB"),
            (999_499, "999 kB"),
            (999_999, "1.0 MB"),
            (1_300_000_000, "1.3 GB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(bytes(count), text, "{count}");
        }
        assert_eq!(bitrate(4_200_000), "4.2 Mb/s");
    }

    #[test]
    fn times() {
        assert_eq!(clock(60_000), "1:00");
        assert_eq!(clock(3_665_400), "1:01:05");
        assert_eq!(span(Duration::from_secs(95)), "95 s");
        assert_eq!(span(Duration::from_secs(14_280)), "3 h 58 min");
        assert_eq!(span(Duration::from_secs(14_400)), "4 h");
        assert_eq!(span(Duration::from_secs(187_200)), "2 d 4 h");
        assert_eq!(moment(Timestamp::from_millis(1_700_000_000_123)), "2023-11-14 22:13:20Z");
        let roughly = |seconds: u64| {
            ago_roughly(Timestamp::from_millis(0), Timestamp::from_millis(seconds * 1_000 + 999))
        };
        assert_eq!(roughly(119), "119 s ago");
        assert_eq!(roughly(3_599), "59 min ago");
        assert_eq!(roughly(14_280), "3 h ago");
        assert_eq!(roughly(86_400 * 9_999), "9999 d ago");
        assert_eq!(percent(0.429), "42 %");
        assert_eq!(percent(f64::NAN), "0 %");
        assert_eq!(percent(7.0), "100 %");
    }

    #[test]
    fn a_moment_is_exact_and_relative() {
        let (at, now) =
            (Timestamp::from_millis(1_700_000_000_000), Timestamp::from_millis(1_700_000_300_000));
        assert_eq!(when(at, now), "2023-11-14 22:13:20Z (5 min ago)");
        assert_eq!(when(now, at), "2023-11-14 22:18:20Z (in 5 min)");
    }

    #[test]
    fn a_bar_has_its_width_whatever_it_is_told() {
        assert_eq!(bar(0.5, 12), "[#####-----]");
        assert_eq!((bar(f64::NAN, 6), bar(7.0, 6)), ("[----]".into(), "[####]".into()));
        assert_eq!(bar(0.5, 0), "[]");
    }

    #[test]
    fn cells_beside_each_other_never_pass_the_edge() {
        let cells = [Cell::padded("课程第一讲", 7, Tone::Strong), Cell::new("42 %"), Cell::new("95 s left")];
        assert_eq!(beside(&cells, 40, false), "课程第… 42 % 95 s left");
        for width in 0..40 {
            assert!(beside(&cells, width, false).width() <= width, "{width}");
        }
    }

    #[test]
    fn text_is_cut_by_columns_and_never_through_a_character() {
        assert_eq!(fit("talk", 4), "talk");
        assert_eq!(fit("talking", 4), "tal…");
        assert_eq!(fit("课程第一讲", 10), "课程第一讲");
        assert_eq!(fit("课程第一讲", 8), "课程第…");
        assert_eq!(fit("课程第一讲", 7), "课程第…");
        assert_eq!(fit("abc", 0), "");
    }

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
