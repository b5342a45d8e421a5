//! A picture of a terminal's screen, as a small terminal would paint it, for eyes that know only pixels.

use crate::qr;

/// A cell is twice as high as wide, as in every terminal.
const WIDTH: usize = 8;
const HEIGHT: usize = 16;

/// What the user chose for ink, ground and the eight colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Palette {
    Dark,
    Light,
    /// Dark ink on a beige ground, with a black and a white of its own.
    Solarized,
}

impl Palette {
    pub const ALL: [Self; 3] = [Self::Dark, Self::Light, Self::Solarized];

    fn ground(self) -> u8 {
        match self {
            Self::Dark => 0,
            Self::Light => 255,
            Self::Solarized => 245,
        }
    }

    fn ink(self) -> u8 {
        match self {
            Self::Dark => 229,
            Self::Light => 0,
            Self::Solarized => 110,
        }
    }

    /// The brightness of the sixteen that a theme may choose: here only the two that matter.
    fn indexed(self, index: u8) -> u8 {
        match (self, index) {
            (Self::Dark | Self::Light, 0) => 0,
            (Self::Solarized, 0) => 50,
            (Self::Dark | Self::Light, 7) => 229,
            (Self::Solarized, 7) => 230,
            (_, 8..16) => 140,
            (_, 1..8) => 110,
            // The colour cube and the greys are the same everywhere.
            (_, 16..232) => {
                let digit = |place: u8| (index - 16) / place % 6;
                let level = |digit: u8| if digit == 0 { 0_u16 } else { 55 + 40 * u16::from(digit) };
                let sum = level(digit(36)) + level(digit(6)) + level(digit(1));
                u8::try_from(sum / 3).unwrap_or(255)
            }
            (_, 232..=255) => 8 + 10 * (index - 232),
        }
    }

    fn brightness(self, color: vt100::Color, default: u8) -> u8 {
        match color {
            vt100::Color::Default => default,
            vt100::Color::Idx(index) => self.indexed(index),
            vt100::Color::Rgb(red, green, blue) => {
                u8::try_from((u16::from(red) + u16::from(green) + u16::from(blue)) / 3).unwrap_or(255)
            }
        }
    }
}

/// Grey pixels, row by row.
#[derive(Debug)]
pub struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Picture {
    #[must_use]
    pub fn of(screen: &vt100::Screen, palette: Palette) -> Self {
        let (rows, columns) = screen.size();
        let (width, height) = (usize::from(columns.get()) * WIDTH, usize::from(rows.get()) * HEIGHT);
        let mut picture = Self { width, height, pixels: vec![palette.ground(); width * height] };
        for row in 0..rows.get() {
            for column in 0..columns.get() {
                if let Some(cell) = screen.cell(row, column) {
                    picture.paint(usize::from(column), usize::from(row), cell, palette);
                }
            }
        }
        picture
    }

    fn paint(&mut self, column: usize, row: usize, cell: &vt100::Cell, palette: Palette) {
        let mut ink = palette.brightness(cell.fgcolor(), palette.ink());
        let mut ground = palette.brightness(cell.bgcolor(), palette.ground());
        if cell.inverse() {
            std::mem::swap(&mut ink, &mut ground);
        }
        for y in 0..HEIGHT {
            for x in 0..WIDTH {
                let is_ink = match cell.contents() {
                    "" | " " => false,
                    "▀" => y < HEIGHT / 2,
                    "▄" => y >= HEIGHT / 2,
                    "█" => true,
                    // Any letter: some of the cell, so that text is no blank paper.
                    _ => (2..WIDTH - 1).contains(&x) && (4..HEIGHT - 3).contains(&y) && (x + y) % 3 != 0,
                };
                let place = (row * HEIGHT + y) * self.width + column * WIDTH + x;
                self.pixels[place] = if is_ink { ink } else { ground };
            }
        }
    }

    /// # Errors
    /// When there is not exactly one code that can be read.
    pub fn decode(&self) -> Result<String, String> {
        qr::decode(self.width, self.height, |x, y| self.pixels[y * self.width + x])
    }
}
