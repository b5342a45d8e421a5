//! How far conversions are, in as much room as there is: bar, share, speed, when they should be ready and must be.

use std::time::Duration;

use vodpost_protocol::conversion::{ConversionState, ConversionView};
use vodpost_protocol::time::Timestamp;

use crate::format;
use crate::queue;
use crate::say;
use crate::view::text::width_of;

/// A wider bar tells no more.
const BAR_MAX: usize = 32;
/// A narrower one tells nothing.
const BAR_MIN: usize = 6;

/// `[######----] 42 %  3.1x  95 s left`: what is least missed goes first where there is little room, then the bar.
#[must_use]
pub(super) fn bar_line(conversion: &ConversionView, width: usize, now: Timestamp) -> String {
    let part = conversion.progress.unwrap_or(0.0);
    let left = queue::ready_in(conversion, now).map(queue::left);
    let more: Vec<String> = [queue::speed(conversion), left].into_iter().flatten().collect();
    let percent = format::percent(part);
    // As many figures as leave room for a bar; which of them, is decided from the right.
    let of = |figures: &[String]| {
        std::iter::once(percent.clone()).chain(figures.iter().cloned()).collect::<Vec<_>>().join("  ")
    };
    let figures = (0..=more.len()).map(|from| of(&more[from..]));
    let fits = |text: &String| width_of(text) + 1 + BAR_MIN <= width;
    match figures.into_iter().find(fits) {
        Some(figures) => {
            let room = (width - width_of(&figures) - 1).min(BAR_MAX);
            format!("{} {figures}", format::bar(part, room))
        }
        None => format::fit(&percent, width),
    }
}

/// When it should be ready: of what runs and of what waits.
#[must_use]
pub(super) fn ready(conversion: &ConversionView, now: Timestamp) -> Option<String> {
    let ready = format::when(now.after(queue::ready_in(conversion, now)?), now);
    Some(say!("ready {ready}", "预计完成于 {ready}"))
}

/// Until when it must be ready.
#[must_use]
pub(super) fn deadline(conversion: &ConversionView, now: Timestamp) -> Option<String> {
    let deadline = conversion.deadline?;
    let when = format::when(deadline, now);
    Some(if deadline < now {
        say!("deadline passed {when}", "时限已过：{when}")
    } else {
        say!("deadline {when}", "时限 {when}")
    })
}

/// A warning where it would miss its deadline (C3).
#[must_use]
pub(super) fn late(conversion: &ConversionView) -> Option<String> {
    let late = format::span(Duration::from_secs(conversion.late_by_s?));
    Some(say!("! will miss its deadline by {late}", "! 将超过时限 {late}"))
}

/// The share alone, and that it is late: where a column is all there is.
#[must_use]
pub(super) fn short(conversion: &ConversionView) -> Option<String> {
    let percent = || format::percent(conversion.progress.unwrap_or(0.0));
    match (conversion.state, conversion.late_by_s) {
        (ConversionState::Running, None) => Some(percent()),
        (ConversionState::Running, Some(_)) => {
            let percent = percent();
            Some(say!("{percent} late", "{percent} 超时"))
        }
        (
            ConversionState::None
            | ConversionState::Queued
            | ConversionState::Failed
            | ConversionState::Ready,
            _,
        ) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tests::{at, running};

    #[test]
    fn figures_give_way_before_the_bar_and_nothing_passes_the_edge() {
        let conversion = running(1, "film", 0.42).conversion;
        let line = |width| bar_line(&conversion, width, at(0));
        assert_eq!(line(60), "[############------------------] 42 %  3.1x  95 s left");
        assert_eq!(line(30), "[##----] 42 %  3.1x  95 s left");
        assert_eq!(line(26), "[###-----] 42 %  95 s left", "the speed goes first");
        assert_eq!(line(15), "[###-----] 42 %");
        assert_eq!(line(8), "42 %");
        for width in 0..80 {
            assert!(width_of(&line(width)) <= width, "{width}: {}", line(width));
        }
    }

    #[test]
    fn a_deadline_is_ahead_or_past_and_lateness_a_warning_in_words() {
        let mut conversion = running(1, "film", 0.42).conversion;
        let said = deadline(&conversion, at(0)).unwrap();
        assert!(said.starts_with("deadline 2025-10-09 ") && said.ends_with(" (in 4 h)"), "{said}");
        let said = deadline(&conversion, at(14_400_000 + 600_000)).unwrap();
        assert!(said.starts_with("deadline passed 2025-10-09 ") && said.ends_with("(10 min ago)"), "{said}");
        assert_eq!((late(&conversion), short(&conversion).as_deref()), (None, Some("42 %")));
        conversion.late_by_s = Some(7_800);
        assert_eq!(late(&conversion).as_deref(), Some("! will miss its deadline by 2 h 10 min"));
        assert_eq!(short(&conversion).as_deref(), Some("42 % late"));
    }
}
