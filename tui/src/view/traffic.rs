//! How a URL was used: when it was last seen, its views of the last two weeks as a row of small bars, and where viewers
//! came from. The figures stand beside the bars, which only show their shape.

use ratatui::style::Style;
use ratatui::text::Line;
use vodpost_protocol::posting::TrafficView;
use vodpost_protocol::time::Timestamp;

use crate::format;
use crate::say;
use crate::text::plain;
use crate::view::text::{width_of, wrap};
use crate::view::theme::{Glyphs, Theme};

/// Enough to see where most came from; `vodpost show` names more.
const REFERRERS_SHOWN: usize = 5;
const INDENT: usize = 4;
/// From nothing to the day with the most views.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const BARS_ASCII: [char; 8] = ['.', ':', '-', '=', '+', '*', '#', '@'];

pub(super) fn lines(traffic: &TrafficView, theme: Theme, width: usize, now: Timestamp) -> Vec<Line<'static>> {
    let mut texts = vec![seen(traffic, now)];
    let row = row(&traffic.views_by_day, theme.glyphs);
    let days = days(&traffic.views_by_day);
    // The row stands last: where its characters take two columns, as in some East Asian fonts, nothing is moved by them.
    if width_of(&days) + 2 + width_of(&row) + INDENT <= width {
        texts.push(format!("{days}  {row}"));
    } else {
        texts.extend([days, row]);
    }
    texts.extend(from(traffic));
    let room = width.saturating_sub(INDENT);
    let broken = texts.iter().flat_map(|text| wrap_keeping(text, room));
    broken.map(|line| Line::styled(format!("{}{line}", " ".repeat(INDENT)), Style::new())).collect()
}

/// Blanks between figures and row are kept where the line is short enough.
fn wrap_keeping(text: &str, room: usize) -> Vec<String> {
    if width_of(text) <= room { vec![text.to_owned()] } else { wrap(text, room) }
}

fn seen(traffic: &TrafficView, now: Timestamp) -> String {
    let when = format::when(traffic.last_seen_at, now);
    let views = traffic.views_24h;
    let number = format::count(views, "view", "views");
    say!("last seen {when}, {number} in 24 h", "最近观看：{when}；24 小时内 {views} 次")
}

fn days(views: &[u64]) -> String {
    let number = views.len();
    let sum = views.iter().fold(0, |sum: u64, views| sum.saturating_add(*views));
    let most = views.iter().max().copied().unwrap_or(0);
    let today = views.last().copied().unwrap_or(0);
    say!(
        "{number} days: {sum}, most in a day {most}, today {today}",
        "{number} 天：共 {sum} 次，单日最多 {most}，今天 {today}"
    )
}

/// One character for each day, today last. Only a day without views has the lowest.
#[must_use]
fn row(views: &[u64], glyphs: Glyphs) -> String {
    let bars = match glyphs {
        Glyphs::Unicode => BARS,
        Glyphs::Ascii => BARS_ASCII,
    };
    let most = views.iter().max().copied().unwrap_or(0);
    let steps = u128::try_from(bars.len() - 1).unwrap_or(1);
    let bar = |views: &u64| {
        // Rounded up, so that a single view is seen beside a day of thousands.
        let height = (u128::from(*views) * steps).div_ceil(u128::from(most.max(1)));
        usize::try_from(height).ok().and_then(|height| bars.get(height)).unwrap_or(&bars[0])
    };
    views.iter().map(bar).collect()
}

fn from(traffic: &TrafficView) -> Option<String> {
    let hosts: Vec<String> = traffic
        .referrers
        .iter()
        .take(REFERRERS_SHOWN)
        .map(|from| format!("{} ({})", plain(&from.host), from.views))
        .collect();
    let hosts = (!hosts.is_empty()).then(|| hosts.join(", "))?;
    Some(say!("from {hosts}", "来自 {hosts}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_shape_of_the_days() {
        let unicode = |views: &[u64]| row(views, Glyphs::Unicode);
        assert_eq!(unicode(&[0, 1, 2, 3, 4, 5, 6, 7]), "▁▂▃▄▅▆▇█");
        assert_eq!(unicode(&[0, 1, 1_000_000, u64::MAX]), "▁▂▂█");
        assert_eq!(unicode(&[0, 0]), "▁▁", "nothing is divided by nothing");
        assert_eq!(unicode(&[]), "");
        assert_eq!(row(&[0, 1, 2, 3, 4, 5, 6, 7], Glyphs::Ascii), ".:-=+*#@");
    }

    #[test]
    fn the_figures_say_what_the_row_shows() {
        assert_eq!(days(&[0, 80, 12]), "3 days: 92, most in a day 80, today 12");
        assert_eq!(days(&[u64::MAX, 1]), format!("2 days: {0}, most in a day {0}, today 1", u64::MAX));
    }
}
