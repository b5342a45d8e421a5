//! What the conversions that a command waits for look like: a line each, and one that sums them up. Pure.

use std::time::Duration;

use unicode_width::UnicodeWidthStr;
use vodpost_protocol::conversion::{ConversionState, ConversionView, PausedView};
use vodpost_protocol::time::Timestamp;

use super::live::Size;
use crate::format::{self, Cell, Tone, percent, span};
use crate::queue::{late, left as left_text, ready_in, speed, waits};
use crate::text::{self, comma, plain};
use crate::{say, word};

/// More conversions than this are no longer read, but counted.
const ROWS_MAX: usize = 6;
const TITLE_MAX: usize = 30;
const TITLE_MIN: usize = 8;
/// A shorter bar says nothing, a longer one no more.
const BAR_MIN: usize = 10;
const BAR_MAX: usize = 26;
/// `100 %`
const PERCENT: usize = 5;

/// One conversion among those on the board.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) title: &'a str,
    pub(super) conversion: &'a ConversionView,
}

/// The lines for all of these: those that run, then those that wait, then how many there are of each kind.
#[must_use]
pub(super) fn lines(
    entries: &[Entry<'_>],
    paused: Option<&PausedView>,
    now: Timestamp,
    size: Size,
) -> Vec<Vec<Cell>> {
    let of = |state| entries.iter().copied().filter(move |entry| entry.conversion.state == state);
    let mut waiting: Vec<Entry<'_>> = of(ConversionState::Queued).collect();
    waiting.sort_by_key(|entry| (entry.conversion.expected_at.is_none(), entry.conversion.expected_at));
    let shown: Vec<Entry<'_>> = of(ConversionState::Running).chain(waiting).collect();
    let room = ROWS_MAX.min(size.block_height().saturating_sub(1)).max(1);
    let shown = shown.get(..room).unwrap_or(&shown);
    let title_width = title_width(shown.iter().map(|entry| entry.title), size.line_width());
    let mut lines: Vec<Vec<Cell>> =
        shown.iter().map(|entry| row(*entry, paused, now, title_width, size.line_width())).collect();
    if entries.len() > 1 {
        lines.push(summary(entries, now));
    }
    lines
}

/// As wide as the longest title, as long as the rest has room.
fn title_width<'a>(titles: impl Iterator<Item = &'a str>, width: usize) -> usize {
    let longest = titles.map(|title| plain(title).width()).max().unwrap_or(0);
    longest.min(TITLE_MAX).min((width / 3).max(TITLE_MIN))
}

/// `talk  [####------]  42 % 3.1x 95 s left`; what there is no room for is left out, the bar first.
#[must_use]
fn row(
    entry: Entry<'_>,
    paused: Option<&PausedView>,
    now: Timestamp,
    title_width: usize,
    width: usize,
) -> Vec<Cell> {
    let conversion = entry.conversion;
    let mut cells = vec![Cell::padded(&plain(entry.title), title_width, Tone::Strong)];
    match conversion.state {
        ConversionState::Running => {
            let room = width.saturating_sub(title_width + 1);
            cells.extend(progress(conversion, now, room));
        }
        ConversionState::Queued => {
            let mut text = waits(conversion, paused, now);
            if let Some(ready) = ready_in(conversion, now).filter(|_| paused.is_none()) {
                text.push_str(&say!("; ready in {ready}", "；{ready} 后完成", ready = span(ready)));
            }
            let room = width.saturating_sub(title_width + 1);
            let late =
                late(conversion).map(|late| Cell::toned(say!("({late})", "（{late}）"), Tone::Warning));
            // Being late is missed more than the end of what it waits for.
            let taken = late.as_ref().map_or(0, |late| late.width() + 1);
            cells.push(Cell::new(format::fit(&text, room.saturating_sub(taken))));
            cells.extend(late);
        }
        state @ (ConversionState::None | ConversionState::Failed | ConversionState::Ready) => {
            cells.push(Cell::new(text::conversion_state(state)));
        }
    }
    cells
}

/// How far a running conversion is, in so many columns. Taken up in the order in which it is missed.
#[must_use]
fn progress(conversion: &ConversionView, now: Timestamp, width: usize) -> Vec<Cell> {
    let part = conversion.progress.unwrap_or(0.0);
    let mut left = width.saturating_sub(PERCENT);
    let mut take = |text: Option<String>, tone| {
        let text = text.filter(|text| text.width() < left)?;
        left -= text.width() + 1;
        Some(Cell::toned(text, tone))
    };
    let late = take(late(conversion), Tone::Warning);
    let rest = ready_in(conversion, now);
    let left_over = take(rest.map(left_text), Tone::Plain).or_else(|| take(rest.map(span), Tone::Plain));
    let speed = take(speed(conversion), Tone::Faint);
    let bar = (left > BAR_MIN).then(|| format::bar(part, BAR_MAX.min(left - 1)));
    let percent = Cell::new(format!("{:>PERCENT$}", percent(part)));
    let bar = bar.map(Cell::new);
    bar.into_iter().chain([percent]).chain(speed).chain(left_over).chain(late).collect()
}

/// `1 ready, 1 failed, 2 running, 3 waiting; the last in about 12 min`
fn summary(entries: &[Entry<'_>], now: Timestamp) -> Vec<Cell> {
    let count = |state| entries.iter().filter(|entry| entry.conversion.state == state).count();
    let kinds = [
        (count(ConversionState::Ready), word!("ready", "完成")),
        (count(ConversionState::Failed), word!("failed", "失败")),
        (count(ConversionState::None), word!("cancelled", "取消")),
        (count(ConversionState::Running), word!("running", "进行中")),
        (count(ConversionState::Queued), word!("waiting", "等待")),
    ];
    let counts: Vec<String> = kinds
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, kind)| say!("{count} {kind}", "{kind} {count}"))
        .collect();
    let mut text = counts.join(comma());
    let last: Option<Duration> = entries.iter().filter_map(|entry| ready_in(entry.conversion, now)).max();
    if let Some(last) = last {
        text.push_str(&say!("; the last in about {last}", "；最后一个约 {last} 后完成", last = span(last)));
    }
    vec![Cell::toned(text, Tone::Faint)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tests::{at, running, video};
    use crate::format::beside;

    fn queued(waiting_for: &str, expected_s: u64) -> ConversionView {
        let mut conversion = video(1, "x").conversion;
        conversion.state = ConversionState::Queued;
        conversion.waiting_for = Some(waiting_for.into());
        conversion.expected_at = Some(at(expected_s * 1_000));
        conversion
    }

    fn drawn(entries: &[Entry<'_>], columns: usize, rows: usize) -> Vec<String> {
        let size = Size { columns, rows };
        let lines = lines(entries, None, at(0), size);
        lines.iter().map(|line| beside(line, size.line_width(), false)).collect()
    }

    fn several() -> Vec<(&'static str, ConversionView)> {
        let mut late = queued("its turn, after 2 more", 900);
        late.late_by_s = Some(720);
        vec![
            ("last", queued("its turn, after one more", 600)),
            ("talk", running(1, "x", 0.42).conversion),
            ("课程第一讲 introduction", running(1, "x", 0.999).conversion),
            ("late one", late),
            ("done", video(1, "x").conversion),
        ]
    }

    fn entries<'a>(all: &'a [(&'a str, ConversionView)]) -> Vec<Entry<'a>> {
        all.iter().map(|(title, conversion)| Entry { title, conversion }).collect()
    }

    #[test]
    fn a_line_for_each_and_one_for_all() {
        assert_eq!(
            drawn(&entries(&several()), 80, 24),
            [
                "talk                    [##########--------------]  42 % 3.1x 95 s left",
                "课程第一讲 introduction [#######################-]  99 % 3.1x 95 s left",
                "last                    waits for its turn, after one more; ready in 10 min",
                "late one                waits for its turn, after 2 more; ready … (12 min late)",
                "1 ready, 2 running, 2 waiting; the last in about 15 min",
            ]
        );
    }

    #[test]
    fn narrow_terminals_show_what_is_missed_most() {
        assert_eq!(
            drawn(&entries(&several()), 20, 24),
            [
                "talk      42 % 95 s",
                "课程第…   99 % 95 s",
                "last     waits for…",
                "late one  (12 min …",
                "1 ready, 2 running…",
            ]
        );
        let one = running(1, "x", 0.5).conversion;
        let alone = [Entry { title: "a long title of one", conversion: &one }];
        assert_eq!(drawn(&alone, 40, 24), ["a long title…  50 % 3.1x 95 s left"]);
    }

    #[test]
    fn nothing_passes_the_edge_of_any_terminal() {
        let mut all = several();
        all.push(("evil\x1b[31m\nname\u{202e}", running(1, "x", f64::NAN).conversion));
        for columns in 1..130 {
            for rows in [1, 2, 5, 24] {
                let lines = drawn(&entries(&all), columns, rows);
                for line in &lines {
                    assert!(line.width() < columns.max(1), "{columns}: {line}");
                    assert!(!line.contains(['\x1b', '\n', '\u{202e}']), "{line:?}");
                }
            }
        }
    }

    #[test]
    fn many_are_counted_rather_than_shown() {
        let all: Vec<_> = (0..40).map(|number| ("talk", queued("its turn", 1_000 - number))).collect();
        let lines = drawn(&entries(&all), 80, 24);
        assert_eq!(lines.len(), ROWS_MAX + 1);
        assert!(lines[0].contains("ready in 16 min"), "the first to be ready comes first: {lines:?}");
        assert_eq!(lines.last().unwrap(), "40 waiting; the last in about 16 min");
        assert_eq!(drawn(&entries(&all), 80, 4).len(), 3);
    }
}
