//! Reads QR codes as a phone's camera would: from a picture.

/// Decodes the one QR code of a picture given by the brightness of its pixels.
///
/// # Errors
/// When there is not exactly one code that can be read.
pub fn decode(
    width: usize,
    height: usize,
    brightness: impl FnMut(usize, usize) -> u8,
) -> Result<String, String> {
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, height, brightness);
    match picture.detect_grids().as_slice() {
        [grid] => grid.decode().map(|(_, text)| text).map_err(|error| error.to_string()),
        grids => Err(format!("{} QR codes in a picture of {width}×{height}", grids.len())),
    }
}

/// Decodes rows of characters in which each pair of columns is one module, as `--format ascii` draws it.
///
/// # Errors
/// As [`decode`].
pub fn decode_ascii(text: &str) -> Result<String, String> {
    const SCALE: usize = 4;
    let rows: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    // A terminal's cell is about twice as high as wide, so two characters make a square.
    decode(columns * SCALE / 2, rows.len() * SCALE, |x, y| {
        let dark = rows[y / SCALE].get(x / SCALE * 2).is_some_and(|char| *char == '#');
        if dark { 0 } else { 255 }
    })
}
