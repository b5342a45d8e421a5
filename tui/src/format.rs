//! Numbers and times as people read them, and text in as many columns as there are.

mod table;

use std::time::Duration;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};
use vodpost_protocol::time::Timestamp;

pub use self::table::{Column, Table};
use crate::say;

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
}
