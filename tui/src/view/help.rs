//! The help: every key, generated from the one table of keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::App;
use crate::app::keymap::{self, Place};
use crate::view::text::{column, wrap, write_scrolled};
use crate::view::theme::Theme;
use crate::view::{place_below, words};

const KEYS: usize = 14;
/// What stands before the text: two blanks, the keys, one blank.
const INDENT: usize = KEYS + 3;

pub(super) fn draw(app: &App, theme: Theme, area: Rect, buffer: &mut Buffer) -> usize {
    let lines = lines(app, theme, usize::from(area.width));
    write_scrolled(buffer, area, &lines, app.scroll())
}

fn lines(app: &App, theme: Theme, width: usize) -> Vec<Line<'static>> {
    let here = place_below(app);
    let others = [
        Place::Videos,
        Place::Jobs,
        Place::Events,
        Place::Account,
        Place::Status,
        Place::Qr,
        Place::FormChoice,
        Place::Delete,
        Place::FirstRun,
        Place::Folder,
    ];
    let others = others.into_iter().filter(|place| *place != here);
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
            let text = wrap(words::long(binding.command), width.saturating_sub(INDENT));
            for (place, text) in text.into_iter().enumerate() {
                let keys = if place == 0 { format!("  {keys} ") } else { " ".repeat(INDENT) };
                lines.push(Line::from(vec![Span::styled(keys, theme.key()), Span::raw(text)]));
            }
            named.push(binding.command);
        }
    }
    lines
}
