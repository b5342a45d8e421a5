//! Reads QR codes as a phone's camera would: from a picture.

/// Decodes the one QR code of a picture given by the brightness of its pixels.
///
/// # Panics
/// When there is not exactly one code that can be read.
#[must_use]
pub fn decode(width: usize, height: usize, brightness: impl FnMut(usize, usize) -> u8) -> String {
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, height, brightness);
    let grids = picture.detect_grids();
    assert_eq!(grids.len(), 1, "one QR code in a picture of {width}×{height}");
    grids[0].decode().expect("the QR code can be read").1
}

/// Decodes rows of characters in which each pair of columns is one module, as `--format ascii` draws it.
#[must_use]
pub fn decode_ascii(text: &str) -> String {
    const SCALE: usize = 4;
    let rows: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    // A terminal's cell is about twice as high as wide, so two characters make a square.
    decode(columns * SCALE / 2, rows.len() * SCALE, |x, y| {
        let dark = rows[y / SCALE].get(x / SCALE * 2).is_some_and(|char| *char == '#');
        if dark { 0 } else { 255 }
    })
}
