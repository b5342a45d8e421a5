//! How far conversions are: a bar that is redrawn on a terminal, a line now and then elsewhere.

use std::collections::HashMap;
use std::time::Duration;

use unicode_width::UnicodeWidthStr;
use vodpost_protocol::conversion::ProgressView;
use vodpost_protocol::ids::VideoId;

use super::failure::Failure;
use super::output::Output;
use crate::format::{fit, percent, span};
use crate::text::plain;

/// Columns of the bar itself, and of a title before it.
const BAR_WIDTH: usize = 24;
const TITLE_WIDTH: usize = 30;
/// Terminals whose width is not known.
const WIDTH_DEFAULT: usize = 80;
/// Off a terminal a line is written whenever another tenth is done.
const STEPS: f64 = 10.0;

#[derive(Default)]
pub struct Progress {
    bar_is_drawn: bool,
    steps_said: HashMap<VideoId, u8>,
}

impl Progress {
    /// Shows how far one conversion is; `others` wait beside it.
    ///
    /// # Errors
    /// When stderr cannot be written.
    pub fn update(
        &mut self,
        out: &mut Output,
        title: &str,
        view: &ProgressView,
        others: usize,
    ) -> Result<(), Failure> {
        if out.notes_are_on_terminal() {
            self.bar_is_drawn = true;
            // The last column stays free: some terminals wrap when it is written.
            let width = out.notes_width().unwrap_or(WIDTH_DEFAULT).saturating_sub(1);
            return out.note_part(&format!("\r\x1b[K{}", bar(title, view, others, width)));
        }
        // `as` saturates, and turns what is not a number into 0.
        let step = (view.progress.clamp(0.0, 1.0) * STEPS) as u8;
        if self.steps_said.insert(view.video, step).is_none_or(|said| said < step) {
            return out.note(&format!("{}: {}", plain(title), parts(view).join(", ")));
        }
        Ok(())
    }

    /// A line of its own; a bar makes room for it.
    ///
    /// # Errors
    /// When stderr cannot be written.
    pub fn say(&mut self, out: &mut Output, line: &str) -> Result<(), Failure> {
        self.clear(out)?;
        out.note(line)
    }

    /// Takes the bar away.
    ///
    /// # Errors
    /// When stderr cannot be written.
    pub fn clear(&mut self, out: &mut Output) -> Result<(), Failure> {
        if std::mem::take(&mut self.bar_is_drawn) { out.note_part("\r\x1b[K") } else { Ok(()) }
    }
}

fn parts(view: &ProgressView) -> Vec<String> {
    let mut parts = vec![percent(view.progress)];
    parts.extend(view.eta_s.map(|eta| format!("{} left", span(Duration::from_secs(eta)))));
    parts.extend(view.speed.map(|speed| format!("{speed:.1}x")));
    parts
}

/// `talk [#####.....] 42 %, 95 s left, 3.1x (+2 more)`; what does not fit is left out from the end.
fn bar(title: &str, view: &ProgressView, others: usize, width: usize) -> String {
    // `as` saturates, and turns what is not a number into 0.
    let done = ((view.progress.clamp(0.0, 1.0) * BAR_WIDTH as f64) as usize).min(BAR_WIDTH);
    let mut line = format!(
        "{} [{}{}]",
        fit(&plain(title), TITLE_WIDTH.min(width / 3)),
        "#".repeat(done),
        ".".repeat(BAR_WIDTH - done)
    );
    let mut separator = " ";
    for part in parts(view) {
        if line.width() + separator.len() + part.width() > width {
            break;
        }
        line.push_str(separator);
        line.push_str(&part);
        separator = ", ";
    }
    let more = format!(" (+{others} more)");
    if others > 0 && line.width() + more.len() <= width {
        line.push_str(&more);
    }
    fit(&line, width)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(progress: f64) -> ProgressView {
        ProgressView {
            video: VideoId::from_random(1),
            attempt: 1,
            progress,
            speed: Some(3.12),
            eta_s: Some(95),
        }
    }

    #[test]
    fn a_bar_says_how_far_how_fast_and_how_long() {
        assert_eq!(
            bar("talk", &view(0.5), 2, 80),
            "talk [############............] 50 %, 95 s left, 3.1x (+2 more)"
        );
        assert!(bar("talk", &view(f64::NAN), 0, 80).contains("] 0 %"));
        assert!(bar("talk", &view(9.0), 0, 80).contains("########] 100 %"));
    }

    #[test]
    fn a_bar_fits_every_terminal() {
        for width in 0..100 {
            assert!(bar("课程第一讲 introduction", &view(0.3), 3, width).width() <= width, "{width}");
        }
    }
}
