//! Compressed indexes (`cmov`, Apple's QuickTime File Format, "Compressed Movie Resources"), which old QuickTime wrote and
//! no phone reads.

use std::borrow::Cow;

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

use super::boxes::{children, fourcc_at, u32_at};
use super::outline::INDEX_LEN_MAX;
use crate::media::ProbeError;

/// An index as it can be read: a whole `moov` box.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PlainIndex<'a> {
    pub bytes: Cow<'a, [u8]>,
    /// It is not in this form in the file.
    pub was_compressed: bool,
}

/// Unpacks a `moov` box that holds a compressed one.
pub(super) fn plain(moov: Cow<'_, [u8]>) -> Result<PlainIndex<'_>, ProbeError> {
    let whole = children(&moov, 0..moov.len()).next().transpose()?;
    let Some(cmov) = whole.map(|whole| whole.child(&moov, *b"cmov")).transpose()?.flatten() else {
        return Ok(PlainIndex { bytes: moov, was_compressed: false });
    };
    let missing = || ProbeError::damaged("it is compressed, and a part of it is missing (cmov)");
    let dcom = cmov.child(&moov, *b"dcom")?.ok_or_else(missing)?;
    if fourcc_at(dcom.contents(&moov), 0)? != *b"zlib" {
        return Err(ProbeError::damaged("it is compressed in a way that is not known (dcom)"));
    }
    let cmvd = cmov.child(&moov, *b"cmvd")?.ok_or_else(missing)?.contents(&moov);
    let stated = u32_at(cmvd, 0)?;
    if u64::from(stated) > INDEX_LEN_MAX {
        return Err(ProbeError::IndexTooLarge);
    }
    let bytes = decompress_to_vec_zlib_with_limit(cmvd.get(4..).unwrap_or_default(), stated as usize)
        .map_err(|_error| ProbeError::damaged("it is compressed, and cannot be unpacked (cmvd)"))?;
    let inner = children(&bytes, 0..bytes.len()).next().transpose()?;
    let fits = inner.is_some_and(|inner| inner.kind == *b"moov" && inner.end == bytes.len());
    if bytes.len() != stated as usize || !fits {
        return Err(ProbeError::damaged("what was compressed is not an index (cmvd)"));
    }
    Ok(PlainIndex { bytes: bytes.into(), was_compressed: true })
}

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::compress_to_vec_zlib;

    use super::super::handmade::{compressed, make_box};
    use super::*;

    #[test]
    fn what_is_not_compressed_stays_as_it_is() {
        let moov = make_box(b"moov", &make_box(b"free", b"x"));
        assert_eq!(
            plain(moov.clone().into()).unwrap(),
            PlainIndex { bytes: moov.into(), was_compressed: false }
        );
    }

    #[test]
    fn a_compressed_index_is_unpacked() {
        let moov = make_box(b"moov", &make_box(b"free", &[7; 100_000]));
        let packed = compressed(&moov, 9);
        assert!(packed.len() < 1000);
        assert_eq!(plain(packed.into()).unwrap(), PlainIndex { bytes: moov.into(), was_compressed: true });
    }

    /// A few kilobytes must not become more than they say, nor than any index may be.
    #[test]
    fn bombs_and_lies_are_refused() {
        let with = |stated: u32, packed: &[u8], how: &[u8; 4]| {
            let cmvd = make_box(b"cmvd", &[&stated.to_be_bytes()[..], packed].concat());
            make_box(b"moov", &make_box(b"cmov", &[make_box(b"dcom", how), cmvd].concat()))
        };
        let moov = make_box(b"moov", &[0; 5000]);
        let packed = compress_to_vec_zlib(&moov, 9);
        let len = u32::try_from(moov.len()).unwrap();
        assert!(plain(with(len, &packed, b"zlib").into()).is_ok());
        let free = compress_to_vec_zlib(&make_box(b"free", &[0; 5000]), 9);
        for hostile in [
            with(len - 1, &packed, b"zlib"),
            with(len + 1, &packed, b"zlib"),
            with(u32::MAX, &packed, b"zlib"),
            with(len, &packed[..packed.len() - 9], b"zlib"),
            with(len, &packed, b"lzma"),
            with(len, &free, b"zlib"),
            with(0, &[], b"zlib"),
            make_box(b"moov", &make_box(b"cmov", b"")),
        ] {
            assert!(plain(hostile.into()).is_err());
        }
    }
}
