//! The mouse, where it was asked for. What it means depends on what stands under it, which the frame noted while it was
//! drawn: so one always acts on what one saw.
//!
//! It is left to the terminal unless somebody wants it otherwise, because text cannot be selected while it is taken.

use std::time::Duration;

use ratatui::layout::Rect;
use vodpost_protocol::request::Sort;
use vodpost_protocol::time::Timestamp;

use crate::app::event::{Gesture, Key, Mouse};
use crate::app::keymap::{self, Command};
use crate::app::modal::Modal;
use crate::app::notice::Said;
use crate::app::{App, Focus, Screen, allowed};

/// A second press so soon on the same row opens it.
const DOUBLE: Duration = Duration::from_millis(400);
/// Rows for a step of the wheel.
const WHEEL: isize = 3;

/// Who gets what the mouse does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pointer {
    /// The terminal: text can be selected.
    #[default]
    Terminal,
    /// The UI: rows, keys and heads of columns can be pressed.
    Ui,
}

/// What a part of the window means to the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    /// A key of the footer.
    Key(Command),
    /// A row of the list on the screen, counted from the first one that is loaded.
    Row(usize),
    /// The head of a column.
    Sort(Sort),
    /// The details of the selected video.
    Details,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    pub area: Rect,
    pub hit: Hit,
}

/// What only a drawn frame knows.
#[derive(Debug, Default)]
pub struct Drawn {
    /// Lines that had no room in the part that scrolls.
    pub hidden_lines: usize,
    pub targets: Vec<Target>,
}

/// The mouse as it is known.
#[derive(Debug, Default)]
pub struct Pointing {
    pub(super) pointer: Pointer,
    pub(super) targets: Vec<Target>,
    /// The last press on a row, which a second one may follow.
    pressed: Option<(Screen, usize, Timestamp)>,
}

impl Pointing {
    #[must_use]
    pub fn new(pointer: Pointer) -> Self {
        Self { pointer, ..Self::default() }
    }

    /// What was drawn last stands in front.
    fn at(&self, mouse: Mouse) -> Option<Hit> {
        let under = |target: &&Target| target.area.contains((mouse.x, mouse.y).into());
        self.targets.iter().rev().find(under).map(|target| target.hit)
    }
}

impl App {
    /// Whose the mouse shall be. While a URL is shown to be selected it is the terminal's.
    #[must_use]
    pub fn pointer(&self) -> Pointer {
        match (&self.modal, self.pointing.pointer) {
            (Some(Modal::Url { .. }), Pointer::Ui | Pointer::Terminal) => Pointer::Terminal,
            (_, pointer) => pointer,
        }
    }

    pub(super) fn toggle_mouse(&mut self) {
        self.pointing.pointer = match self.pointing.pointer {
            Pointer::Terminal => Pointer::Ui,
            Pointer::Ui => Pointer::Terminal,
        };
        self.say(Said::Mouse(self.pointing.pointer));
    }

    pub(super) fn mouse(&mut self, mouse: Mouse) {
        self.notice = None;
        let hit = self.pointing.at(mouse);
        match mouse.gesture {
            Gesture::Press => self.press(hit),
            Gesture::WheelUp => self.wheel(hit, Key::Up, -WHEEL),
            Gesture::WheelDown => self.wheel(hit, Key::Down, WHEEL),
        }
        self.look_ahead();
    }

    fn press(&mut self, hit: Option<Hit>) {
        let before = self.pointing.pressed.take();
        match hit {
            Some(Hit::Key(command)) => self.run(command),
            // What lies below a layer is not in reach.
            Some(Hit::Row(_) | Hit::Sort(_) | Hit::Details) if self.modal.is_some() => {}
            Some(Hit::Row(row)) => {
                self.select_row(row);
                let again = before.is_some_and(|(screen, place, at)| {
                    (screen, place) == (self.screen, row) && self.now.since(at) <= DOUBLE
                });
                if again {
                    if let Some(command) = keymap::lookup(self.place(), Key::Enter) {
                        self.run(command);
                    }
                } else {
                    self.pointing.pressed = Some((self.screen, row, self.now));
                }
            }
            Some(Hit::Sort(sort)) => match allowed::check(self, Command::Sort) {
                Ok(()) => {
                    self.list.sort_by(sort);
                    self.reload();
                }
                Err(why) => self.say(Said::Disabled { command: Command::Sort, why }),
            },
            Some(Hit::Details) => self.focus_on(Focus::Postings),
            None => {}
        }
    }

    fn select_row(&mut self, row: usize) {
        match self.screen {
            Screen::Videos => {
                self.focus_on(Focus::Videos);
                self.list.select(row);
            }
            Screen::Jobs => self.jobs.select(row),
            Screen::Events => {
                self.log.select(row);
                self.read_older_events();
            }
            Screen::Account | Screen::Status => {}
        }
    }

    fn focus_on(&mut self, focus: Focus) {
        if self.focus != focus {
            self.run(Command::SwitchFocus);
        }
    }

    /// As the arrow keys, where these move something, in the part that is under the pointer.
    fn wheel(&mut self, hit: Option<Hit>, key: Key, steps: isize) {
        if !matches!(keymap::lookup(self.place(), key), Some(Command::Up | Command::Down)) {
            return;
        }
        match hit {
            Some(Hit::Details) if self.modal.is_none() => self.focus_on(Focus::Postings),
            Some(Hit::Row(_)) if self.modal.is_none() => self.focus_on(Focus::Videos),
            Some(Hit::Key(_) | Hit::Row(_) | Hit::Sort(_) | Hit::Details) | None => {}
        }
        self.step(steps);
    }
}
