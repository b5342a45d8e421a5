//! A QR code in character cells. Every cell sets foreground and background, so that no theme can turn light into dark.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::app::modal::QrForm;
use crate::qr::{Matrix, QrError};
use crate::view::theme::QrColors;

/// How a code is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Two cells per module, told apart by their background alone.
    Full,
    /// Two modules per cell, one above the other.
    Half,
    /// Two characters per module.
    Ascii,
}

/// A code that has room.
#[derive(Debug)]
pub struct Placed {
    matrix: Matrix,
    /// What it is really drawn in: the wanted form may not have room.
    pub mode: Mode,
}

/// In character cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cells {
    pub width: usize,
    pub height: usize,
}

#[derive(Debug)]
pub enum NoRoom {
    Needs(Cells),
    /// No QR code holds the text.
    Impossible,
}

impl QrForm {
    /// In the order of trying.
    fn modes(self) -> &'static [Mode] {
        match self {
            Self::Largest => &[Mode::Full, Mode::Half],
            Self::Half => &[Mode::Half],
            Self::Ascii => &[Mode::Ascii, Mode::Half],
        }
    }

    /// What it looks like where there is room.
    #[must_use]
    pub fn first_mode(self) -> Mode {
        match self {
            Self::Largest => Mode::Full,
            Self::Half => Mode::Half,
            Self::Ascii => Mode::Ascii,
        }
    }
}

/// Finds the mode in which the code fits, with as much error correction as has room in it.
///
/// # Errors
/// When it fits in none.
pub fn place(text: &str, wanted: QrForm, room: Cells) -> Result<Placed, NoRoom> {
    let mut no_room = NoRoom::Impossible;
    for mode in wanted.modes() {
        match Matrix::encode_to_fit(text, modules(*mode, room)) {
            Ok(matrix) => return Ok(Placed { matrix, mode: *mode }),
            Err(QrError::DoesNotFit { needed, .. }) => no_room = NoRoom::Needs(cells(*mode, needed)),
            Err(QrError::Encode(_) | QrError::TooLarge | QrError::Png(_)) => return Err(NoRoom::Impossible),
        }
    }
    Err(no_room)
}

fn modules(mode: Mode, room: Cells) -> usize {
    match mode {
        Mode::Half => room.width.min(room.height * 2),
        Mode::Full | Mode::Ascii => (room.width / 2).min(room.height),
    }
}

/// What a code of this many modules, quiet zone included, takes.
fn cells(mode: Mode, modules: usize) -> Cells {
    match mode {
        Mode::Half => Cells { width: modules, height: modules.div_ceil(2) },
        Mode::Full | Mode::Ascii => Cells { width: modules * 2, height: modules },
    }
}

/// What the smallest code takes in this mode; nothing where no code holds the text.
#[must_use]
pub fn least(text: &str, mode: Mode) -> Option<Cells> {
    match Matrix::encode_to_fit(text, 0) {
        Err(QrError::DoesNotFit { needed, .. }) => Some(cells(mode, needed)),
        Ok(_) | Err(QrError::Encode(_) | QrError::TooLarge | QrError::Png(_)) => None,
    }
}

impl Placed {
    #[must_use]
    pub fn cells(&self) -> Cells {
        cells(self.mode, self.matrix.size_with_quiet_zone())
    }

    /// Draws from the upper left corner of `area`; what does not fit is left out.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, colors: QrColors) {
        let color = |dark| if dark { colors.dark() } else { colors.light() };
        let Cells { width, height } = self.cells();
        let area = area.intersection(buffer.area);
        for y in 0..height.min(usize::from(area.height)) {
            for x in 0..width.min(usize::from(area.width)) {
                let dark = |x, y| color(self.matrix.dark_with_quiet_zone(x, y));
                let (symbol, top, bottom) = match self.mode {
                    // The lower half of the last row is outside the code, which counts as light.
                    Mode::Half => ("▀", dark(x, 2 * y), dark(x, 2 * y + 1)),
                    Mode::Full => (" ", dark(x / 2, y), dark(x / 2, y)),
                    // The letters matter only where the colours do nothing.
                    Mode::Ascii if self.matrix.dark_with_quiet_zone(x / 2, y) => {
                        ("#", colors.dark(), colors.dark())
                    }
                    Mode::Ascii => (" ", colors.light(), colors.light()),
                };
                let (Ok(x), Ok(y)) = (u16::try_from(x), u16::try_from(y)) else { continue };
                if let Some(cell) = buffer.cell_mut((area.x + x, area.y + y)) {
                    cell.reset();
                    let plain = Style::new().remove_modifier(Modifier::all());
                    cell.set_symbol(symbol).set_style(plain.fg(top).bg(bottom));
                }
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use ratatui::style::Color;

    use super::*;

    const URL: &str = "https://video.example.org/v/0123456789ABCDEFGHJK";

    fn shade(color: Color) -> u8 {
        match color {
            Color::Rgb(r, g, b) => {
                assert!(r == g && g == b);
                r
            }
            Color::Indexed(16 | 0) => 0,
            Color::Indexed(231) => 255,
            Color::Indexed(7) => 192,
            other => panic!("{other:?} depends on the theme"),
        }
    }

    /// What a phone reads from the part of the buffer that is painted as a QR code.
    pub(crate) fn read(buffer: &Buffer) -> Option<String> {
        const SCALE: usize = 4;
        let width = usize::from(buffer.area.width);
        let pixels = |x: usize, y: usize| {
            let (column, row) = (x / SCALE, y / SCALE);
            let cell = &buffer[(u16::try_from(column).unwrap(), u16::try_from(row / 2).unwrap())];
            // A dark theme: what is not painted is black.
            if cell.fg == Color::Reset || cell.bg == Color::Reset {
                return 0;
            }
            if cell.symbol() == "▀" && row % 2 == 0 { shade(cell.fg) } else { shade(cell.bg) }
        };
        let height = usize::from(buffer.area.height) * 2;
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(width * SCALE, height * SCALE, pixels);
        image.detect_grids().first().map(|grid| grid.decode().unwrap().1)
    }

    #[test]
    fn phones_can_read_it_in_all_colours_and_sizes() {
        for colors in [QrColors::True, QrColors::Indexed, QrColors::Sixteen] {
            for form in [QrForm::Half, QrForm::Largest, QrForm::Ascii] {
                let mut buffer = Buffer::empty(Rect::new(0, 0, 100, 50));
                let placed = place(URL, form, Cells { width: 98, height: 48 }).unwrap();
                assert_eq!(placed.mode, form.first_mode());
                placed.draw(Rect::new(1, 1, 98, 48), &mut buffer, colors);
                assert_eq!(read(&buffer).as_deref(), Some(URL), "{colors:?} {form:?}");
            }
        }
    }

    #[test]
    fn every_cell_sets_both_colours_and_no_attribute() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 60, 30));
        buffer.set_style(buffer.area, Style::new().add_modifier(Modifier::REVERSED | Modifier::DIM));
        let placed = place(URL, QrForm::Half, Cells { width: 60, height: 30 }).unwrap();
        placed.draw(buffer.area, &mut buffer, QrColors::Indexed);
        let Cells { width, height } = placed.cells();
        for y in 0..height {
            for x in 0..width {
                let cell = &buffer[(u16::try_from(x).unwrap(), u16::try_from(y).unwrap())];
                assert_ne!(cell.fg, Color::Reset);
                assert_ne!(cell.bg, Color::Reset);
                assert!(cell.modifier.is_empty());
            }
        }
    }

    #[test]
    fn the_largest_mode_that_fits_is_taken() {
        let mode = |form, width, height| place(URL, form, Cells { width, height }).unwrap().mode;
        assert_eq!(mode(QrForm::Largest, 80, 21), Mode::Half);
        assert_eq!(mode(QrForm::Ascii, 80, 21), Mode::Half);
        assert_eq!(mode(QrForm::Largest, 74, 37), Mode::Full);
        assert_eq!(mode(QrForm::Largest, 73, 37), Mode::Half);
        assert_eq!(mode(QrForm::Half, 200, 100), Mode::Half);
        assert_eq!(least(URL, Mode::Full), Some(Cells { width: 74, height: 37 }));
        assert_eq!(least(&"x".repeat(9000), Mode::Full), None);
    }

    #[test]
    fn what_would_be_needed_is_said() {
        let small = Cells { width: 30, height: 20 };
        let Err(NoRoom::Needs(cells)) = place(URL, QrForm::Half, small) else { panic!() };
        assert_eq!(cells, Cells { width: 37, height: 19 });
        assert!(place(URL, QrForm::Half, cells).is_ok());
        assert!(matches!(place(&"x".repeat(9000), QrForm::Half, small), Err(NoRoom::Impossible)));
    }

    #[test]
    fn a_window_that_shrank_clips() {
        let placed = place(URL, QrForm::Half, Cells { width: 60, height: 30 }).unwrap();
        for side in 0..12 {
            let mut buffer = Buffer::empty(Rect::new(0, 0, side, side));
            placed.draw(Rect::new(3, 3, 60, 30), &mut buffer, QrColors::True);
        }
    }
}
