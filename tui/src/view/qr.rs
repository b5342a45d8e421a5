//! A QR code in character cells. Every cell sets foreground and background, so that no theme can turn light into dark.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::app::modal::QrSize;
use crate::qr::{Matrix, QrError};
use crate::view::theme::QrColors;

/// A code that has room.
#[derive(Debug)]
pub struct Placed {
    matrix: Matrix,
    /// Which size it is really drawn in: the full one may not have room.
    pub size: QrSize,
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

/// Finds the form in which the code fits: the wanted size, else the half one; level M, else L.
///
/// # Errors
/// When it fits in none.
pub fn place(text: &str, wanted: QrSize, room: Cells) -> Result<Placed, NoRoom> {
    let sizes: &[QrSize] = match wanted {
        QrSize::Half => &[QrSize::Half],
        QrSize::Full => &[QrSize::Full, QrSize::Half],
    };
    let mut no_room = NoRoom::Impossible;
    for size in sizes {
        match Matrix::encode_to_fit(text, modules(*size, room)) {
            Ok(matrix) => return Ok(Placed { matrix, size: *size }),
            Err(QrError::DoesNotFit { needed, .. }) => no_room = NoRoom::Needs(cells(*size, needed)),
            Err(QrError::Encode(_) | QrError::TooLarge | QrError::Png(_)) => return Err(NoRoom::Impossible),
        }
    }
    Err(no_room)
}

fn modules(size: QrSize, room: Cells) -> usize {
    match size {
        QrSize::Half => room.width.min(room.height * 2),
        QrSize::Full => (room.width / 2).min(room.height),
    }
}

/// What a code of this many modules, quiet zone included, takes.
#[must_use]
pub fn cells(size: QrSize, modules: usize) -> Cells {
    match size {
        QrSize::Half => Cells { width: modules, height: modules.div_ceil(2) },
        QrSize::Full => Cells { width: modules * 2, height: modules },
    }
}

impl Placed {
    #[must_use]
    pub fn cells(&self) -> Cells {
        cells(self.size, self.matrix.size_with_quiet_zone())
    }

    /// Draws from the upper left corner of `area`; what does not fit is left out.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, colors: QrColors) {
        let color = |dark| if dark { colors.dark() } else { colors.light() };
        let Cells { width, height } = self.cells();
        let area = area.intersection(buffer.area);
        for y in 0..height.min(usize::from(area.height)) {
            for x in 0..width.min(usize::from(area.width)) {
                let dark = |x, y| color(self.matrix.dark_with_quiet_zone(x, y));
                let (symbol, top, bottom) = match self.size {
                    // The lower half of the last row is outside the code, which counts as light.
                    QrSize::Half => ("▀", dark(x, 2 * y), dark(x, 2 * y + 1)),
                    QrSize::Full => (" ", dark(x / 2, y), dark(x / 2, y)),
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
            for size in [QrSize::Half, QrSize::Full] {
                let mut buffer = Buffer::empty(Rect::new(0, 0, 100, 50));
                let placed = place(URL, size, Cells { width: 98, height: 48 }).unwrap();
                assert_eq!(placed.size, size);
                placed.draw(Rect::new(1, 1, 98, 48), &mut buffer, colors);
                assert_eq!(read(&buffer).as_deref(), Some(URL), "{colors:?} {size:?}");
            }
        }
    }

    #[test]
    fn every_cell_sets_both_colours_and_no_attribute() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 60, 30));
        buffer.set_style(buffer.area, Style::new().add_modifier(Modifier::REVERSED | Modifier::DIM));
        let placed = place(URL, QrSize::Half, Cells { width: 60, height: 30 }).unwrap();
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
    fn the_half_size_is_taken_where_the_full_one_has_no_room() {
        assert_eq!(place(URL, QrSize::Full, Cells { width: 80, height: 21 }).unwrap().size, QrSize::Half);
    }

    #[test]
    fn what_would_be_needed_is_said() {
        let small = Cells { width: 30, height: 20 };
        let Err(NoRoom::Needs(cells)) = place(URL, QrSize::Half, small) else { panic!() };
        assert_eq!(cells, Cells { width: 37, height: 19 });
        assert!(place(URL, QrSize::Half, cells).is_ok());
        assert!(matches!(place(&"x".repeat(9000), QrSize::Half, small), Err(NoRoom::Impossible)));
    }

    #[test]
    fn a_window_that_shrank_clips() {
        let placed = place(URL, QrSize::Half, Cells { width: 60, height: 30 }).unwrap();
        for side in 0..12 {
            let mut buffer = Buffer::empty(Rect::new(0, 0, side, side));
            placed.draw(Rect::new(3, 3, 60, 30), &mut buffer, QrColors::True);
        }
    }
}
