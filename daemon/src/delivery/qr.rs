//! QR codes of page addresses as images. Dark on light with a quiet zone of 4 modules (ISO/IEC 18004, section 9.1),
//! whatever the page around them looks like.

use std::fmt::Write as _;

use qrcode::types::QrError;
use qrcode::{Color, QrCode};

const QUIET: usize = 4;
/// Pixels per module of the PNG.
const SCALE: usize = 8;

#[derive(Debug, thiserror::Error)]
pub(super) enum DrawError {
    #[error("the address does not fit into a QR code: {0}")]
    Code(#[from] QrError),
    #[error("cannot write the image: {0}")]
    Png(#[from] png::EncodingError),
}

/// The modules with their quiet zone.
struct Symbol {
    modules: Vec<Color>,
    width: usize,
}

impl Symbol {
    fn of(text: &str) -> Result<Self, QrError> {
        let code = QrCode::new(text)?;
        Ok(Self { width: code.width(), modules: code.into_colors() })
    }

    /// Modules on a side.
    fn side(&self) -> usize {
        self.width + 2 * QUIET
    }

    fn is_dark(&self, x: usize, y: usize) -> bool {
        let inside = QUIET..QUIET + self.width;
        inside.contains(&x)
            && inside.contains(&y)
            && self.modules.get((y - QUIET) * self.width + (x - QUIET)) == Some(&Color::Dark)
    }
}

/// One unit per module; each run of dark modules of a row is one rectangle.
pub(super) fn svg(text: &str) -> Result<String, DrawError> {
    let symbol = Symbol::of(text)?;
    let side = symbol.side();
    let mut path = String::new();
    for y in 0..side {
        let mut x = 0;
        while x < side {
            let run = (x..side).take_while(|x| symbol.is_dark(*x, y)).count();
            if run > 0 {
                // Writing to a string cannot fail.
                write!(path, "M{x} {y}h{run}v1h-{run}z").unwrap_or_default();
            }
            x += run.max(1);
        }
    }
    Ok(format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" width="{size}" height="{size}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{side}v{side}H0z"/><path fill="#000" d="{path}"/></svg>"##,
        size = side * SCALE,
    ))
}

/// One bit per pixel.
pub(super) fn png(text: &str) -> Result<Vec<u8>, DrawError> {
    let symbol = Symbol::of(text)?;
    let pixels = symbol.side() * SCALE;
    let mut image = Vec::new();
    // A symbol has at most 177 modules on a side.
    let size = u32::try_from(pixels).unwrap_or(u32::MAX);
    let mut encoder = png::Encoder::new(&mut image, size, size);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header()?;
    // SCALE is 8, so each module of a row is one whole byte.
    let rows = (0..symbol.side()).flat_map(|y| {
        let row: Vec<u8> =
            (0..symbol.side()).map(|x| if symbol.is_dark(x, y) { 0x00 } else { 0xFF }).collect();
        std::iter::repeat_n(row, SCALE)
    });
    writer.write_image_data(&rows.flatten().collect::<Vec<u8>>())?;
    writer.finish()?;
    Ok(image)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const URL: &str = "https://video.example.org/v/0123456789ABCDEFGHJK";

    fn decode(size: usize, is_dark: impl FnMut(usize, usize) -> bool) -> String {
        let mut image = rqrr::PreparedImage::prepare_from_bitmap(size, size, is_dark);
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1);
        grids[0].decode().unwrap().1
    }

    pub(crate) fn decode_png(image: &[u8]) -> String {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(image));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let size = reader.next_frame(&mut pixels).unwrap().width as usize;
        assert!(pixels[..size * QUIET * SCALE].iter().all(|pixel| *pixel == 255), "quiet zone");
        decode(size, |x, y| pixels[y * size + x] == 0)
    }

    pub(crate) fn decode_svg(image: &str) -> String {
        let side: usize =
            image.split("viewBox=\"0 0 ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
        let path = image.split("fill=\"#000\" d=\"").nth(1).unwrap().split('"').next().unwrap();
        let mut dark = vec![false; side * side];
        for run in path.split('M').skip(1) {
            let numbers: Vec<usize> =
                run.split(['h', ' ', 'v']).take(3).map(|number| number.parse().unwrap()).collect();
            let start = numbers[1] * side + numbers[0];
            dark[start..start + numbers[2]].fill(true);
        }
        decode(side * SCALE, |x, y| dark[(y / SCALE) * side + x / SCALE])
    }

    #[test]
    fn both_images_say_the_address() {
        assert_eq!(decode_png(&png(URL).unwrap()), URL);
        assert_eq!(decode_svg(&svg(URL).unwrap()), URL);
    }

    #[test]
    fn the_longest_address_fits() {
        let url = format!("{URL}{}", "a".repeat(600));
        assert_eq!(decode_png(&png(&url).unwrap()), url);
        assert!(matches!(svg(&"a".repeat(5000)), Err(DrawError::Code(_))));
    }
}
