//! ffmpeg's `-progress` output: `key=value` lines, each block closed by `progress=continue` or `progress=end`.

use std::time::{Duration, Instant};

use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use crate::core::artifact::{JobId, Progress, WorkerReport};

/// More than any line that ffmpeg prints here.
const LINE_LEN_MAX: usize = 1024;
const PERIOD: Duration = Duration::from_millis(250);

/// What one block says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Update {
    /// Media time written so far, where it is known.
    pub done_ms: Option<u64>,
    /// Thousandths of media seconds per second.
    pub speed_milli: Option<u32>,
    /// Bytes written so far.
    pub size_bytes: Option<u64>,
    pub frame: Option<u64>,
}

/// Takes the output in whatever pieces it comes.
#[derive(Debug, Default)]
pub(super) struct Parser {
    line: Vec<u8>,
    block: Update,
}

impl Parser {
    /// The last block that these bytes complete.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Option<Update> {
        let mut last = None;
        for &byte in bytes {
            if byte == b'\n' {
                let line = std::mem::take(&mut self.line);
                last = self.take_line(&String::from_utf8_lossy(&line)).or(last);
            } else if self.line.len() < LINE_LEN_MAX {
                self.line.push(byte);
            }
        }
        last
    }

    fn take_line(&mut self, line: &str) -> Option<Update> {
        let (key, value) = line.trim().split_once('=')?;
        let value = value.trim();
        match key {
            // `out_time_ms` holds microseconds as well. Negative before the first frame, or `N/A`.
            "out_time_us" => {
                self.block.done_ms =
                    value.parse::<i64>().ok().map(|us| u64::try_from(us).unwrap_or(0) / 1000);
            }
            "speed" => self.block.speed_milli = parse_speed(value),
            "total_size" => self.block.size_bytes = value.parse().ok(),
            "frame" => self.block.frame = value.parse().ok(),
            "progress" => return Some(std::mem::take(&mut self.block)),
            _ => {}
        }
        None
    }
}

/// `3.1x`, `1.02e+03x` or `N/A`.
fn parse_speed(value: &str) -> Option<u32> {
    let speed: f64 = value.strip_suffix('x')?.trim().parse().ok()?;
    (speed.is_finite() && speed >= 0.0).then_some((speed * 1000.0).round() as u32)
}

/// Passes progress on, not too often.
#[derive(Debug)]
pub(super) struct Reporter {
    job: JobId,
    total_ms: u64,
    to: Sender<WorkerReport>,
    next: Option<Instant>,
    last: Update,
}

impl Reporter {
    pub(super) fn new(job: JobId, total_ms: u64, to: Sender<WorkerReport>) -> Self {
        Self { job, total_ms, to, next: None, last: Update::default() }
    }

    /// For a run that is no news to anybody, such as a check of what another one wrote.
    pub(super) fn silent(job: JobId) -> Self {
        let (to, _nobody) = tokio::sync::mpsc::channel(1);
        Self::new(job, 0, to)
    }

    /// Whether anything has moved since the last update.
    pub(super) fn report(&mut self, update: Update, now: Instant) -> bool {
        let moved = (update.done_ms, update.size_bytes, update.frame)
            != (self.last.done_ms, self.last.size_bytes, self.last.frame);
        self.last = Update { done_ms: update.done_ms.or(self.last.done_ms), ..update };
        if self.next.is_some_and(|next| now < next) {
            return moved;
        }
        self.next = Some(now + PERIOD);
        let progress = Progress {
            job: self.job,
            done_ms: self.done_ms(),
            total_ms: self.total_ms,
            speed_milli: update.speed_milli,
            written_bytes: update.size_bytes.unwrap_or(0),
        };
        match self.to.try_send(WorkerReport::Progress(progress)) {
            Ok(()) => {}
            // The next one says more; and if nobody listens any more, the final report finds that out.
            Err(TrySendError::Full(_) | TrySendError::Closed(_)) => {}
        }
        moved
    }

    fn done_ms(&self) -> u64 {
        let done_ms = self.last.done_ms.unwrap_or(0);
        if self.total_ms == 0 { done_ms } else { done_ms.min(self.total_ms) }
    }

    pub(super) fn done_percent(&self) -> u64 {
        (self.done_ms() * 100).checked_div(self.total_ms).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<Update> {
        Parser::default().feed(text.as_bytes())
    }

    #[test]
    fn blocks() {
        let update = |done_ms, speed_milli| Some(Update { done_ms, speed_milli, ..Update::default() });
        for (text, expected) in [
            ("out_time_us=1500000\nspeed=3.1x\nprogress=continue\n", update(Some(1500), Some(3100))),
            ("out_time_us=2000000\nspeed= 12x\nprogress=end\n", update(Some(2000), Some(12_000))),
            ("out_time_us=-40000\nspeed=N/A\nprogress=continue\n", update(Some(0), None)),
            ("out_time_us=N/A\nspeed=1.02e+03x\nprogress=continue\n", update(None, Some(1_020_000))),
            ("out_time_ms=5\nbitrate=1\ngarbage\n=\nprogress=continue\n", update(None, None)),
            ("out_time_us=1000\nspeed=1x\n", None),
            ("", None),
            (
                "out_time_us=1000\nprogress=continue\nout_time_us=2000\nprogress=continue\n",
                update(Some(2), None),
            ),
        ] {
            assert_eq!(parse(text), expected, "{text:?}");
        }
    }

    #[test]
    fn pieces_may_be_cut_anywhere() {
        let text = b"frame=7\ntotal_size=48\nout_time_us=1500000\nspeed=3.1x\nprogress=continue\n";
        let whole = Parser::default().feed(text);
        for at in 0..text.len() {
            let mut parser = Parser::default();
            let first = parser.feed(&text[..at]);
            assert_eq!(parser.feed(&text[at..]).or(first), whole);
        }
        assert_eq!(whole.unwrap().frame, Some(7));
    }

    #[test]
    fn endless_lines_take_no_memory() {
        let mut parser = Parser::default();
        parser.feed(&[b'x'; 100_000]);
        assert!(parser.line.len() <= LINE_LEN_MAX);
        assert!(parser.feed(b"\nprogress=end\n").is_some());
    }

    #[test]
    fn reports_are_rare_and_never_block() {
        let (to, mut from) = tokio::sync::mpsc::channel(2);
        let job = JobId { video: vodpost_protocol::ids::VideoId::from_random(1), attempt: 1 };
        let mut reporter = Reporter::new(job, 1000, to);
        let start = Instant::now();
        for step in 0..100u64 {
            let update = Update { done_ms: Some(step * 20), ..Update::default() };
            assert!(reporter.report(update, start + Duration::from_millis(step * 10)));
        }
        let mut seen = Vec::new();
        while let Ok(WorkerReport::Progress(progress)) = from.try_recv() {
            seen.push(progress.done_ms);
        }
        // One every 250 ms, and only as many as the channel holds.
        assert_eq!(seen, [0, 500]);
        assert_eq!(reporter.done_percent(), 100);
        let same = Update { done_ms: Some(1980), ..Update::default() };
        assert!(!reporter.report(same, start));
    }
}
