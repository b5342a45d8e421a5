//! How far conversions are: a block that is redrawn on a terminal, a line now and then elsewhere.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use signal_hook::consts::SIGCONT;
use vodpost_protocol::conversion::ProgressView;
use vodpost_protocol::ids::VideoId;

use super::failure::Failure;
use super::live::{Live, Size};
use super::output::{Output, Side};
use crate::format::{Cell, percent};
use crate::queue::left;
use crate::say;
use crate::text::{Sentence, comma, pair, plain};

/// No eye gains from more than ten frames a second.
const FRAME: Duration = Duration::from_millis(100);
/// How often the clock and the size of the terminal are looked at while nothing happens.
const LOOK: Duration = Duration::from_millis(250);
/// Off a terminal a line is written whenever another tenth is done.
const STEPS: f64 = 10.0;

/// Where progress is shown, and what is shown of it there.
pub struct Progress {
    side: Side,
    shape: Shape,
}

enum Shape {
    Block(Block),
    Lines(Tenths),
}

struct Block {
    live: Live,
    drawn_at: Option<Instant>,
    /// The process was stopped and goes on: the shell has written in between.
    continued: Arc<AtomicBool>,
}

impl Progress {
    /// # Errors
    /// When the system refuses a signal handler.
    pub fn new(out: &Output, side: Side) -> Result<Self, Failure> {
        if !out.redraws(side) {
            return Ok(Self { side, shape: Shape::Lines(Tenths::default()) });
        }
        let continued = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register(SIGCONT, Arc::clone(&continued)).map_err(|error| {
            let message = say!("The terminal cannot be watched: {error}.", "无法监视终端：{error}。");
            Failure::Failed(Sentence::new(message))
        })?;
        Ok(Self { side, shape: Shape::Block(Block { live: Live::default(), drawn_at: None, continued }) })
    }

    /// Whether a block is redrawn; otherwise there are lines.
    #[must_use]
    pub fn redraws(&self) -> bool {
        matches!(self.shape, Shape::Block(_))
    }

    /// How long there is nothing to draw; without limit where nothing is drawn.
    #[must_use]
    pub fn patience(&self, dirty: bool) -> Option<Duration> {
        match &self.shape {
            Shape::Block(block) if dirty => Some(block.rest()),
            Shape::Block(_) => Some(LOOK),
            Shape::Lines(_) => None,
        }
    }

    /// Shows these lines, unless the last frame was just now. Says whether it did.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn draw(
        &mut self,
        out: &mut Output,
        lines: impl FnOnce(Size) -> Vec<Vec<Cell>>,
    ) -> Result<bool, Failure> {
        let Shape::Block(block) = &mut self.shape else { return Ok(true) };
        if !block.rest().is_zero() {
            return Ok(false);
        }
        if block.continued.swap(false, Ordering::SeqCst) {
            block.live.leave();
        }
        let size = out.size_now(self.side);
        let frame = block.live.frame(&lines(size), size, out.color_on(self.side));
        block.drawn_at = Some(Instant::now());
        if !frame.is_empty() {
            out.part(self.side, &frame)?;
        }
        Ok(true)
    }

    /// Off a terminal, a line if another tenth is done.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn step(&mut self, out: &mut Output, title: &str, view: &ProgressView) -> Result<(), Failure> {
        let Shape::Lines(tenths) = &mut self.shape else { return Ok(()) };
        match tenths.line(title, view) {
            Some(line) => self.say(out, &line),
            None => Ok(()),
        }
    }

    /// A line that stays; a block makes room for it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn say(&mut self, out: &mut Output, line: &str) -> Result<(), Failure> {
        self.clear(out)?;
        match self.side {
            Side::Notes => out.note(line),
            Side::Result => {
                out.line(line)?;
                out.flush()
            }
        }
    }

    /// Takes the block away; the next frame is drawn at once.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn clear(&mut self, out: &mut Output) -> Result<(), Failure> {
        let Shape::Block(block) = &mut self.shape else { return Ok(()) };
        block.drawn_at = None;
        let text = block.live.clear(out.size_now(self.side).columns);
        if text.is_empty() { Ok(()) } else { out.part(self.side, &text) }
    }
}

impl Block {
    /// Until the next frame may be drawn.
    fn rest(&self) -> Duration {
        self.drawn_at.map_or(Duration::ZERO, |drawn_at| FRAME.saturating_sub(drawn_at.elapsed()))
    }
}

/// Which tenths were told of each conversion.
#[derive(Debug, Default)]
pub struct Tenths {
    told: HashMap<VideoId, (u32, u8)>,
}

impl Tenths {
    /// `talk: 42 %, 3.1x, 95 s left`
    pub fn line(&mut self, title: &str, view: &ProgressView) -> Option<String> {
        // `as` saturates, and turns what is not a number into 0.
        let step = (view.progress.clamp(0.0, 1.0) * STEPS) as u8;
        let now = (view.attempt, step);
        if self.told.get(&view.video).is_some_and(|told| *told >= now) {
            return None;
        }
        self.told.insert(view.video, now);
        Some(pair(&plain(title), &progress_line(view)))
    }
}

/// `42 %, 3.1x, 95 s left`
#[must_use]
pub fn progress_line(view: &ProgressView) -> String {
    let mut parts = vec![percent(view.progress)];
    parts.extend(view.speed.map(|speed| format!("{speed:.1}x")));
    parts.extend(view.eta_s.map(|eta| left(Duration::from_secs(eta))));
    parts.join(comma())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(attempt: u32, progress: f64) -> ProgressView {
        ProgressView { video: VideoId::from_random(1), attempt, progress, speed: Some(3.12), eta_s: Some(95) }
    }

    #[test]
    fn each_tenth_is_told_once() {
        let mut tenths = Tenths::default();
        let mut told = |attempt, progress| tenths.line("ta\nlk", &view(attempt, progress));
        assert_eq!(told(1, 0.5).as_deref(), Some("ta␊lk: 50 %, 3.1x, 95 s left"));
        assert_eq!(told(1, 0.599), None);
        assert!(told(1, 0.6).is_some());
        assert_eq!(told(1, 0.1), None, "it never goes back");
        assert!(told(2, 0.0).is_some(), "but another attempt begins anew");
    }
}
