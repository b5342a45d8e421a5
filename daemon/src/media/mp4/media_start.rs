//! Where the media of a file begins: what players read before it is the index.

use std::io;

use crate::media::ReadAt;

/// Boxes before the media; real files have a handful.
const BOXES_MAX: usize = 64;

/// The place of the first media data box, or the beginning where there is none to be found.
///
/// # Errors
/// When the file cannot be read.
pub fn media_start(file: &dyn ReadAt) -> io::Result<u64> {
    let end = file.len()?;
    let mut at = 0u64;
    for _ in 0..BOXES_MAX {
        if at.saturating_add(16) > end {
            break;
        }
        let mut header = [0; 16];
        file.read_exact_at(&mut header, at)?;
        let [a, b, c, d, kind @ .., _, _, _, _, _, _, _, _] = header;
        let [.., e, f, g, h, i, j, k, l] = header;
        if kind == *b"mdat" {
            return Ok(at);
        }
        let len = match u32::from_be_bytes([a, b, c, d]) {
            1 => u64::from_be_bytes([e, f, g, h, i, j, k, l]),
            len => u64::from(len),
        };
        match at.checked_add(len) {
            // Shorter than its own header, or up to the end.
            Some(next) if len >= 8 => at = next,
            Some(_) | None => break,
        }
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::mp4::hostile::Bytes;

    #[test]
    fn media_begins_behind_the_index_and_anything_else_at_the_beginning() {
        let boxed = |kind: &[u8], len: u32| [&len.to_be_bytes(), kind, &vec![0; len as usize - 8]].concat();
        let wide = [&1u32.to_be_bytes()[..], b"moov", &40u64.to_be_bytes(), &[0; 24]].concat();
        let file = |parts: &[&[u8]]| media_start(&Bytes(parts.concat())).unwrap();
        let mdat = boxed(b"mdat", 100);
        assert_eq!(file(&[&boxed(b"ftyp", 24), &boxed(b"moov", 50), &mdat]), 74);
        assert_eq!(file(&[&boxed(b"ftyp", 24), &wide, &mdat]), 64);
        assert_eq!(file(&[&mdat]), 0);
        assert_eq!(file(&[&boxed(b"ftyp", 24)]), 0);
        assert_eq!(file(&[&boxed(b"free", 8).repeat(1000), &mdat]), 0, "as many boxes as nobody has");
        for hostile in
            [vec![0; 100], vec![0xff; 100], [&1u32.to_be_bytes()[..], &[0xff; 30]].concat(), vec![]]
        {
            assert_eq!(file(&[&hostile]), 0);
        }
    }
}
