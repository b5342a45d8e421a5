//! How often to draw: thirty times a second at most, ten on a slow line.
//!
//! A line is slow when writing a frame had to wait for the other end. Over SSH that alone would not do: the server takes
//! megabytes before anything waits, and what lies there is shown long after the key. So such a line counts as slow from
//! the start.

use std::time::{Duration, Instant};

/// No eye gains from more.
const INTERVAL: Duration = Duration::from_millis(33);
const INTERVAL_SLOW: Duration = Duration::from_millis(100);
/// So many frames may follow each other at once: what the first answers of a connection show, a key and its answer.
pub const BURST: usize = 5;
/// A terminal that reads takes a frame in far less.
const PROMPT_MAX: Duration = Duration::from_millis(20);
/// So many prompt writes in a row make a line fast again.
const PROMPT_RUN: u32 = 30;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Remote,
    Fast,
    /// A write waited; so many since then did not.
    Waited {
        prompt: u32,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    line: Line,
}

impl Pace {
    #[must_use]
    pub fn new(remote: bool) -> Self {
        Self { line: if remote { Line::Remote } else { Line::Fast } }
    }

    /// By the variables that an SSH server sets.
    #[must_use]
    pub fn from_env() -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        Self::new(set("SSH_CONNECTION") || set("SSH_TTY"))
    }

    /// A frame was written, and the write took so long.
    pub fn wrote(&mut self, took: Duration) {
        let prompt = took <= PROMPT_MAX;
        self.line = match self.line {
            Line::Remote => Line::Remote,
            Line::Fast | Line::Waited { .. } if !prompt => Line::Waited { prompt: 0 },
            Line::Waited { prompt } if prompt + 1 < PROMPT_RUN => Line::Waited { prompt: prompt + 1 },
            Line::Fast | Line::Waited { .. } => Line::Fast,
        };
    }

    #[must_use]
    pub fn is_slow(self) -> bool {
        match self.line {
            Line::Remote | Line::Waited { .. } => true,
            Line::Fast => false,
        }
    }

    /// When the next frame may be drawn, after these, of which the last is the newest: at once where none is missing yet.
    /// Counted over a burst, what a key leads to is drawn right after the key itself, and still no more are drawn. On a
    /// slow line each frame counts by itself, or the line would be full when the next key comes.
    #[must_use]
    pub fn due(self, drawn: &[Option<Instant>; BURST]) -> Option<Instant> {
        let frames = if self.is_slow() { 1 } else { BURST };
        let first = drawn.iter().rev().nth(frames - 1).copied().flatten()?;
        let span = std::iter::repeat_n(self.interval(), frames).sum::<Duration>();
        Some(first + span)
    }

    /// From one frame to the next, at least; on a fast line on average.
    #[must_use]
    pub fn interval(self) -> Duration {
        if self.is_slow() { INTERVAL_SLOW } else { INTERVAL }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_then_paid_for() {
        let start = Instant::now();
        let mut drawn = [None; BURST];
        let (fast, slow) = (Pace::new(false), Pace::new(true));
        assert_eq!((fast.due(&drawn), slow.due(&drawn)), (None, None));
        drawn[BURST - 1] = Some(start);
        assert_eq!((fast.due(&drawn), slow.due(&drawn)), (None, Some(start + INTERVAL_SLOW)));
        drawn.fill(Some(start));
        assert_eq!(fast.due(&drawn), Some(start + 5 * INTERVAL));
    }

    const PROMPT: Duration = Duration::from_millis(1);
    const LATE: Duration = Duration::from_millis(80);

    #[test]
    fn a_write_that_waits_makes_a_line_slow_until_many_in_a_row_do_not() {
        let mut pace = Pace::new(false);
        pace.wrote(PROMPT);
        assert_eq!(pace.interval(), INTERVAL);
        pace.wrote(LATE);
        assert_eq!(pace.interval(), INTERVAL_SLOW);
        for _ in 0..PROMPT_RUN - 1 {
            pace.wrote(PROMPT);
            assert!(pace.is_slow());
        }
        pace.wrote(LATE);
        for _ in 0..PROMPT_RUN - 1 {
            pace.wrote(PROMPT);
            assert!(pace.is_slow(), "counted anew");
        }
        pace.wrote(PROMPT);
        assert_eq!(pace.interval(), INTERVAL);
    }

    #[test]
    fn over_ssh_prompt_writes_prove_nothing() {
        let mut pace = Pace::new(true);
        for _ in 0..1_000 {
            pace.wrote(PROMPT);
        }
        assert_eq!(pace.interval(), INTERVAL_SLOW);
    }
}
