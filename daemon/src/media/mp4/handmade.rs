//! Boxes put together by hand, for what no muxer writes.

use std::fs::File;
use std::os::unix::fs::FileExt;

use tempfile::NamedTempFile;

pub(super) fn make_box(kind: &[u8; 4], contents: &[u8]) -> Vec<u8> {
    let len = u32::try_from(8 + contents.len()).unwrap();
    [&len.to_be_bytes()[..], kind, contents].concat()
}

fn be(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

pub(super) fn file_type() -> Vec<u8> {
    make_box(b"ftyp", b"isom\0\0\x02\0isomiso2avc1mp41")
}

/// A track of MPEG-4 video with one sample of `sample_len` bytes in each chunk; each takes a second.
pub(super) fn track(id: u32, offsets: &[u64], sample_len: u32, wide: bool) -> Vec<u8> {
    let count = u32::try_from(offsets.len()).unwrap();
    let ticks = count.saturating_mul(1000);
    let matrix = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];
    let tkhd = [&be(&[7, 0, 0, id, 0, ticks, 0, 0, 0, 0])[..], &be(&matrix), &be(&[0, 0])].concat();
    let mdhd = be(&[0, 0, 0, 1000, ticks, 0]);
    let hdlr = [&be(&[0, 0])[..], b"vide", &[0; 13]].concat();
    let mut entry = vec![0; 78];
    entry[24..28].copy_from_slice(&[0, 160, 0, 120]);
    let stsd = [&be(&[0, 1])[..], &make_box(b"mp4v", &entry)].concat();
    let chunks = if wide {
        let entries: Vec<u8> = offsets.iter().flat_map(|offset| offset.to_be_bytes()).collect();
        make_box(b"co64", &[be(&[0, count]), entries].concat())
    } else {
        let entries: Vec<u32> = offsets.iter().map(|offset| u32::try_from(*offset).unwrap()).collect();
        make_box(b"stco", &[be(&[0, count]), be(&entries)].concat())
    };
    let stbl = [
        make_box(b"stsd", &stsd),
        make_box(b"stts", &be(&[0, 1, count, 1000])),
        make_box(b"stsc", &be(&[0, 1, 1, 1, 1])),
        make_box(b"stsz", &be(&[0, sample_len, count])),
        chunks,
    ];
    let minf = make_box(b"minf", &make_box(b"stbl", &stbl.concat()));
    let mdia = [make_box(b"mdhd", &mdhd), make_box(b"hdlr", &hdlr), minf].concat();
    // A box that nobody knows, between those that are read.
    let unknown = make_box(b"xyzz", b"survives");
    make_box(b"trak", &[make_box(b"tkhd", &tkhd), unknown, make_box(b"mdia", &mdia)].concat())
}

pub(super) fn movie(tracks: &[Vec<u8>]) -> Vec<u8> {
    let mvhd = [&be(&[0, 0, 0, 1000, 1000])[..], &[0; 80]].concat();
    make_box(b"moov", &[make_box(b"mvhd", &mvhd), tracks.concat()].concat())
}

/// The same index as old QuickTime compressed it. At level 0 its length does not depend on what is in it.
pub(super) fn compressed(moov: &[u8], level: u8) -> Vec<u8> {
    let packed = miniz_oxide::deflate::compress_to_vec_zlib(moov, level);
    let cmvd = [&u32::try_from(moov.len()).unwrap().to_be_bytes()[..], &packed].concat();
    let cmov = [make_box(b"dcom", b"zlib"), make_box(b"cmvd", &cmvd)].concat();
    make_box(b"moov", &make_box(b"cmov", &cmov))
}

/// An item list with 64-bit offsets.
pub(super) fn item_list(target: u64) -> Vec<u8> {
    let head = [0, 0, 0, 0, 0x84, 0x00, 0, 1, 0, 1, 0, 0, 0, 1];
    let iloc = [&head[..], &target.to_be_bytes(), &[0, 0, 0, 4]].concat();
    make_box(b"meta", &[&[0; 4][..], &make_box(b"iloc", &iloc)].concat())
}

/// Puts boxes of ours at the end of another one.
pub(super) fn append(mut parent: Vec<u8>, child: &[u8]) -> Vec<u8> {
    parent.extend_from_slice(child);
    let len = u32::try_from(parent.len()).unwrap().to_be_bytes();
    parent[..4].copy_from_slice(&len);
    parent
}

/// A track with nothing but encryption data in its table.
pub(super) fn encrypted_track(target: u64) -> Vec<u8> {
    let saio = [&[1, 0, 0, 0, 0, 0, 0, 1][..], &target.to_be_bytes()].concat();
    let tables = make_box(b"saio", &saio);
    [b"stbl", b"minf", b"mdia", b"trak"].iter().fold(tables, |inner, kind| make_box(kind, &inner))
}

/// A file that is mostly holes.
pub(super) fn sparse(len: u64, parts: &[(u64, &[u8])]) -> File {
    let file = NamedTempFile::new().unwrap().into_file();
    file.set_len(len).unwrap();
    for (offset, bytes) in parts {
        file.write_all_at(bytes, *offset).unwrap();
    }
    file
}
