//! QR codes as a matrix of modules, and that matrix as text, SVG and PNG. Drawing inside the UI is in `view/qr.rs`.
//!
//! Every form carries the quiet zone of four modules that ISO/IEC 18004 demands; phones need it.

use std::fmt::Write as _;

use crate::view::theme::QrColors;
use crate::{say, word};

/// Light modules around the code, on each side.
pub const QUIET_ZONE: usize = 4;

/// How much of the code may be unreadable: L 7 %, M 15 %, Q 25 %, H 30 %.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    L,
    M,
    Q,
    H,
}

impl Level {
    fn of_the_encoder(self) -> qrcode::EcLevel {
        match self {
            Self::L => qrcode::EcLevel::L,
            Self::M => qrcode::EcLevel::M,
            Self::Q => qrcode::EcLevel::Q,
            Self::H => qrcode::EcLevel::H,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum QrError {
    #[error("{}", word!("the text is too long for a QR code", "文本过长，二维码放不下"))]
    Encode(#[source] qrcode::types::QrError),
    /// In modules, quiet zone included.
    #[error("{}", say!(
        "the QR code needs {needed} modules each way, there is room for {available}",
        "二维码每边需要 {needed} 个模块，这里只能放 {available} 个",
        needed = .needed,
        available = .available,
    ))]
    DoesNotFit { needed: usize, available: usize },
    #[error("{}", word!("the QR code would be too large a picture", "二维码图片过大"))]
    TooLarge,
    #[error("{}", word!("the picture could not be written", "无法写出图片"))]
    Png(#[source] png::EncodingError),
}

/// The modules of one QR code, without the quiet zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matrix {
    /// Modules each way.
    pub size: usize,
    dark: Vec<bool>,
}

impl Matrix {
    /// The smallest code that holds the text.
    ///
    /// # Errors
    /// When the text is too long for any QR code.
    pub fn encode(text: &str, level: Level) -> Result<Self, QrError> {
        let code = qrcode::QrCode::with_error_correction_level(text, level.of_the_encoder());
        Ok(Self::drawn(&code.map_err(QrError::Encode)?))
    }

    fn drawn(code: &qrcode::QrCode) -> Self {
        let dark = code.to_colors().into_iter().map(|color| color == qrcode::Color::Dark).collect();
        Self { size: code.width(), dark }
    }

    /// Level M, or L where only that fits; and then the most correction that has room in a code of the same size.
    ///
    /// # Errors
    /// When even level L needs more than `max_modules_with_quiet_zone` each way.
    pub fn encode_to_fit(text: &str, max_modules_with_quiet_zone: usize) -> Result<Self, QrError> {
        let fits = |matrix: &Self| matrix.size_with_quiet_zone() <= max_modules_with_quiet_zone;
        if let Some(matrix) = Self::encode(text, Level::M).ok().filter(fits) {
            return Ok(matrix.with_more_correction(text));
        }
        let matrix = Self::encode(text, Level::L)?;
        if fits(&matrix) {
            return Ok(matrix.with_more_correction(text));
        }
        let needed = matrix.size_with_quiet_zone();
        Err(QrError::DoesNotFit { needed, available: max_modules_with_quiet_zone })
    }

    /// The same text in a code of the same size, with as much correction as has room there.
    fn with_more_correction(self, text: &str) -> Self {
        let more = [Level::H, Level::Q, Level::M].into_iter().find_map(|level| {
            let matrix = Self::encode(text, level).ok()?;
            (matrix.size == self.size).then_some(matrix)
        });
        more.unwrap_or(self)
    }

    #[must_use]
    pub fn size_with_quiet_zone(&self) -> usize {
        self.size + 2 * QUIET_ZONE
    }

    /// Outside the code every module is light.
    #[must_use]
    pub fn dark(&self, x: usize, y: usize) -> bool {
        x < self.size && y < self.size && self.dark.get(y * self.size + x).copied().unwrap_or(false)
    }

    /// Counted from the corner of the quiet zone.
    #[must_use]
    pub fn dark_with_quiet_zone(&self, x: usize, y: usize) -> bool {
        x >= QUIET_ZONE && y >= QUIET_ZONE && self.dark(x - QUIET_ZONE, y - QUIET_ZONE)
    }
}

/// Half-block characters, two modules per character cell. With colours every cell sets both, so that the terminal's own
/// have no say; without, light modules are ink, which is right on a dark background only.
#[must_use]
pub fn unicode_lines(matrix: &Matrix, colors: Option<QrColors>) -> Vec<String> {
    let side = matrix.size_with_quiet_zone();
    (0..side)
        .step_by(2)
        .map(|y| {
            let cells = (0..side).map(|x| {
                // The side is odd: the last row of cells has a lower half that is quiet zone too.
                (matrix.dark_with_quiet_zone(x, y), matrix.dark_with_quiet_zone(x, y + 1))
            });
            match colors {
                Some(colors) => colored_line(cells, '▀', colors),
                None => cells.map(ink_for_light).collect(),
            }
        })
        .collect()
}

/// Two blanks per module, told apart by their background alone: no font and no line spacing can spoil it.
#[must_use]
pub fn full_lines(matrix: &Matrix, colors: QrColors) -> Vec<String> {
    let side = matrix.size_with_quiet_zone();
    (0..side)
        .map(|y| {
            let cells = (0..2 * side).map(|x| {
                let dark = matrix.dark_with_quiet_zone(x / 2, y);
                (dark, dark)
            });
            colored_line(cells, ' ', colors)
        })
        .collect()
}

/// One row of cells, each with the shade of its upper half, the foreground, and of its lower half, the background.
fn colored_line(cells: impl Iterator<Item = (bool, bool)>, symbol: char, colors: QrColors) -> String {
    let mut line = String::new();
    let mut before = None;
    for cell in cells {
        if before != Some(cell) {
            line.push_str(&colors.sequence(cell.0, cell.1));
            before = Some(cell);
        }
        line.push(symbol);
    }
    line.push_str("\x1b[0m");
    line
}

impl QrColors {
    /// Sets both colours of a cell. With sixteen colours in the oldest form, which every terminal knows.
    fn sequence(self, foreground_dark: bool, background_dark: bool) -> String {
        let rgb = |dark| if dark { "0;0;0" } else { "255;255;255" };
        let cube = |dark| if dark { "16" } else { "231" };
        let old = |dark| if dark { "0" } else { "7" };
        match self {
            Self::True => format!("\x1b[38;2;{};48;2;{}m", rgb(foreground_dark), rgb(background_dark)),
            Self::Indexed => format!("\x1b[38;5;{};48;5;{}m", cube(foreground_dark), cube(background_dark)),
            Self::Sixteen => format!("\x1b[3{};4{}m", old(foreground_dark), old(background_dark)),
        }
    }
}

fn ink_for_light((top_dark, bottom_dark): (bool, bool)) -> char {
    match (top_dark, bottom_dark) {
        (true, true) => ' ',
        (true, false) => '▄',
        (false, true) => '▀',
        (false, false) => '█',
    }
}

/// Two characters per module, `##` for the dark ones.
#[must_use]
pub fn ascii_lines(matrix: &Matrix) -> Vec<String> {
    let side = matrix.size_with_quiet_zone();
    (0..side)
        .map(|y| {
            (0..side).map(|x| if matrix.dark_with_quiet_zone(x, y) { "##" } else { "  " }).collect::<String>()
        })
        .collect()
}

/// One path of horizontal runs on a white ground; one module is one unit, so it scales to any size.
#[must_use]
pub fn svg(matrix: &Matrix) -> String {
    let side = matrix.size_with_quiet_zone();
    let mut path = String::new();
    for y in 0..side {
        let mut x = 0;
        while x < side {
            let start = x;
            while matrix.dark_with_quiet_zone(x, y) {
                x += 1;
            }
            if x > start {
                // Writing to a String cannot fail.
                if write!(path, "M{start} {y}h{}v1H{start}z", x - start).is_err() {
                    return path;
                }
            }
            x += 1;
        }
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\n\
         <rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/>\n<path d=\"{path}\" fill=\"#000\"/>\n</svg>\n"
    )
}

/// Black and white, `scale` pixels per module.
///
/// # Errors
/// When the picture would be wider than PNG allows.
pub fn png(matrix: &Matrix, scale: u32) -> Result<Vec<u8>, QrError> {
    const PIXELS_MAX: usize = 1 << 15;
    let scale = usize::try_from(scale.max(1)).map_err(|_too_large| QrError::TooLarge)?;
    let pixels = matrix.size_with_quiet_zone().checked_mul(scale).filter(|pixels| *pixels <= PIXELS_MAX);
    let pixels = pixels.ok_or(QrError::TooLarge)?;
    let side = u32::try_from(pixels).map_err(|_too_large| QrError::TooLarge)?;
    let row_len = pixels.div_ceil(8);
    let mut rows = Vec::with_capacity(row_len * pixels);
    for y in 0..matrix.size_with_quiet_zone() {
        let mut row = vec![0xff_u8; row_len];
        for x in (0..pixels).filter(|x| matrix.dark_with_quiet_zone(x / scale, y)) {
            row[x / 8] &= !(0x80 >> (x % 8));
        }
        for _ in 0..scale {
            rows.extend_from_slice(&row);
        }
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().map_err(QrError::Png)?;
    writer.write_image_data(&rows).map_err(QrError::Png)?;
    writer.finish().map_err(QrError::Png)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://video.example.org/v/0123456789ABCDEFGHJK";

    /// What a phone would read; `light(x, y)` tells the shade of a pixel.
    fn read(side: usize, pixels_per_module: usize, light: impl Fn(usize, usize) -> bool) -> String {
        let pixels = side * pixels_per_module;
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(pixels, pixels, |x, y| {
            if light(x / pixels_per_module, y / pixels_per_module) { 255 } else { 0 }
        });
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1, "codes found");
        grids[0].decode().unwrap().1
    }

    #[test]
    fn the_text_forms_can_be_read() {
        for level in [Level::L, Level::M, Level::Q, Level::H] {
            let matrix = Matrix::encode(URL, level).unwrap();
            let side = matrix.size_with_quiet_zone();
            let ascii = ascii_lines(&matrix);
            assert_eq!(ascii.len(), side);
            assert_eq!(read(side, 4, |x, y| ascii[y].as_bytes()[2 * x] == b' '), URL);
            let plain: Vec<Vec<char>> =
                unicode_lines(&matrix, None).iter().map(|line| line.chars().collect()).collect();
            let upper_or_lower = |x: usize, y: usize| match plain[y / 2][x] {
                '█' => true,
                '▀' => y.is_multiple_of(2),
                '▄' => !y.is_multiple_of(2),
                other => {
                    assert_eq!(other, ' ');
                    false
                }
            };
            assert_eq!(read(side, 4, upper_or_lower), URL);
        }
    }

    #[test]
    fn with_colours_every_run_sets_both() {
        let matrix = Matrix::encode(URL, Level::M).unwrap();
        let side = matrix.size_with_quiet_zone();
        for (colors, light) in [
            (QrColors::True, "\x1b[38;2;255;255;255;48;2;255;255;255m"),
            (QrColors::Indexed, "\x1b[38;5;231;48;5;231m"),
            (QrColors::Sixteen, "\x1b[37;47m"),
        ] {
            for line in unicode_lines(&matrix, Some(colors)) {
                assert!(line.starts_with(&format!("{light}▀")), "{line:?}");
                assert!(line.ends_with("▀\x1b[0m"));
                assert_eq!(line.matches('▀').count(), side);
            }
            for line in full_lines(&matrix, colors) {
                assert!(line.starts_with(&format!("{light} ")), "{line:?}");
                assert!(line.ends_with(" \x1b[0m"));
                assert_eq!(line.matches(' ').count(), 2 * side);
            }
        }
    }

    #[test]
    fn correction_that_costs_no_room_is_taken() {
        let text = "x".repeat(10);
        let matrix = Matrix::encode_to_fit(&text, 100).unwrap();
        assert_eq!(matrix.size, Matrix::encode(&text, Level::M).unwrap().size);
        assert_ne!(matrix, Matrix::encode(&text, Level::M).unwrap());
        assert_eq!(matrix, Matrix::encode(&text, Level::Q).unwrap());
        assert!(Matrix::encode(&text, Level::H).unwrap().size > matrix.size);
    }

    #[test]
    fn the_picture_can_be_read() {
        let matrix = Matrix::encode(URL, Level::M).unwrap();
        let bytes = png(&matrix, 3).unwrap();
        let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let side = matrix.size_with_quiet_zone() * 3;
        assert_eq!((info.width as usize, info.height as usize), (side, side));
        assert_eq!(read(side, 1, |x, y| pixels[y * side + x] == 255), URL);
    }

    #[test]
    fn a_picture_has_a_limit() {
        let matrix = Matrix::encode(URL, Level::M).unwrap();
        assert!(matches!(png(&matrix, u32::MAX), Err(QrError::TooLarge)));
    }

    #[test]
    fn the_drawing_can_be_read() {
        let matrix = Matrix::encode(URL, Level::M).unwrap();
        let side = matrix.size_with_quiet_zone();
        let drawing = svg(&matrix);
        let path = drawing.split("d=\"").nth(1).unwrap().split('"').next().unwrap();
        let mut dark = vec![false; side * side];
        for run in path.split('M').skip(1) {
            let (x, rest) = run.split_once(' ').unwrap();
            let (y, rest) = rest.split_once('h').unwrap();
            let len: usize = rest.split_once('v').unwrap().0.parse().unwrap();
            let start = y.parse::<usize>().unwrap() * side + x.parse::<usize>().unwrap();
            dark[start..start + len].fill(true);
        }
        assert_eq!(read(side, 4, |x, y| !dark[y * side + x]), URL);
    }

    #[test]
    fn less_correction_before_giving_up() {
        let text = &"x".repeat(50);
        let medium = Matrix::encode(text, Level::M).unwrap().size_with_quiet_zone();
        let low = Matrix::encode(text, Level::L).unwrap().size_with_quiet_zone();
        assert!(low < medium);
        assert_eq!(Matrix::encode_to_fit(text, medium).unwrap().size_with_quiet_zone(), medium);
        assert_eq!(Matrix::encode_to_fit(text, medium - 1).unwrap().size_with_quiet_zone(), low);
        let error = Matrix::encode_to_fit(text, low - 1).unwrap_err();
        assert!(
            matches!(error, QrError::DoesNotFit { needed, available } if needed == low && available == low - 1)
        );
        assert!(matches!(Matrix::encode(&"x".repeat(5000), Level::L), Err(QrError::Encode(_))));
    }
}
