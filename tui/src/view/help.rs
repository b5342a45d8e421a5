//! The help: every key, generated from the one table of keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::App;
use crate::app::keymap::{self, Place};
use crate::view::text::{column, write_lines};
use crate::view::theme::Theme;
use crate::view::{place_below, words};

const KEYS: usize = 14;

pub(super) fn draw(app: &App, scroll: u16, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let lines = lines(app, theme);
    let last = lines.len().saturating_sub(usize::from(area.height));
    write_lines(buffer, area, &lines, usize::from(scroll).min(last));
}

fn lines(app: &App, theme: Theme) -> Vec<Line<'static>> {
    let here = place_below(app);
    let others = [Place::Videos, Place::Account, Place::Status, Place::Qr, Place::Form, Place::Delete]
        .into_iter()
        .filter(|place| *place != here);
    let mut lines = Vec::new();
    let mut named = Vec::new();
    for place in std::iter::once(here).chain(others) {
        let new: Vec<_> =
            keymap::in_place(place).filter(|binding| !named.contains(&binding.command)).collect();
        if new.is_empty() {
            continue;
        }
        lines.push(Line::styled(words::place(place), theme.heading()));
        for binding in new {
            let keys: Vec<String> = binding.keys.iter().map(|key| words::key(*key)).collect();
            let keys = column(&keys.join(", "), KEYS);
            lines.push(Line::from(vec![
                Span::styled(format!("  {keys} "), theme.key()),
                Span::raw(words::long(binding.command)),
            ]));
            named.push(binding.command);
        }
    }
    lines
}
