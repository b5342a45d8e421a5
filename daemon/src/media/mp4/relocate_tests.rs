//! Relocation: every chunk is found again, and nothing else changes.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use super::handmade::{file_type, make_box, movie, sparse, track};
use super::hostile::survives;
use super::movie::parse_moov_box;
use super::outline::walk;
use super::*;
use crate::core::artifact::ServedLayout;
use crate::core::media::{Index, MediaInfo};
use crate::media::ReadAt;
use crate::media::testing::{Studio, tools};

pub(super) fn described(file: &dyn ReadAt) -> MediaInfo {
    probe(file).unwrap().0
}

pub(super) fn relocated<F: ReadAt>(file: F) -> VirtualFile<F> {
    let layout = layout(&file, ServedLayout::Relocated).unwrap();
    VirtualFile { file, layout }
}

pub(super) fn read_all(file: &dyn ReadAt) -> Vec<u8> {
    let mut bytes = vec![0; file.len().unwrap() as usize];
    file.read_exact_at(&mut bytes, 0).unwrap();
    bytes
}

/// The chunk offsets of each track.
pub(super) fn offsets(file: &dyn ReadAt) -> Vec<Vec<u64>> {
    let outline = walk(file).unwrap();
    let moov = outline.load_index(file).unwrap().plain.bytes;
    let movie = parse_moov_box(&moov).unwrap();
    let tables = movie.tracks.iter().map(|track| track.tables.chunks.unwrap());
    tables.map(|table| table.offsets(&moov).unwrap().collect()).collect()
}

/// A checksum of every decoded frame.
fn frames(path: &Path) -> String {
    let output = Command::new(tools().ffmpeg.unwrap())
        .args(["-nostdin", "-v", "error", "-i"])
        .arg(path)
        .args(["-f", "framemd5", "-"])
        .output()
        .unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn same_streams(before: &MediaInfo, after: &MediaInfo) {
    assert_eq!(after.index, Index::First);
    assert_eq!(after.clone().with(|format| format.index = before.index.clone()), *before);
}

#[test]
fn the_relocated_file_decodes_to_the_same_frames() {
    let studio = Studio::new();
    for name in ["a.mp4", "a.mov"] {
        let source = studio.plain(name);
        let file = File::open(&source).unwrap();
        let moved = relocated(&file);
        same_streams(&described(&file), &described(&moved));
        assert_eq!(moved.layout.len, file.metadata().unwrap().len());
        let copy = studio.write(&format!("moved-{name}"), &read_all(&moved));
        assert_eq!(frames(&source), frames(&copy));
    }
}

#[test]
fn any_range_of_the_virtual_file_is_that_of_a_copy() {
    let studio = Studio::new();
    let moved = relocated(File::open(studio.plain("a.mp4")).unwrap());
    let copy = read_all(&moved);
    let mut random = 0x9e37_79b9_7f4a_7c15u64;
    for _ in 0..2000 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let start = random % copy.len() as u64;
        let end = start + (random >> 32) % (copy.len() as u64 - start) + 1;
        let mut bytes = vec![0; (end - start) as usize];
        moved.read_exact_at(&mut bytes, start).unwrap();
        assert_eq!(bytes, copy[start as usize..end as usize]);
        let pieces: u64 = moved
            .layout
            .slice(start..end)
            .map(|piece| match piece {
                Piece::Memory { range, .. } => range.len() as u64,
                Piece::File { len, .. } => len,
            })
            .sum();
        assert_eq!(pieces, end - start);
    }
    assert_eq!(moved.layout.slice(moved.layout.len..u64::MAX).count(), 0);
    assert_eq!(moved.read_at(&mut [0; 4], moved.layout.len).unwrap(), 0);
}

/// `ftyp`, a 64-bit `mdat` with the chunks in it, `moov`.
fn large_file(chunks: &[u64], mdat_len: u64, wide: bool) -> (File, u64) {
    let ftyp = file_type();
    let mdat_start = ftyp.len() as u64;
    let header = [&1u32.to_be_bytes()[..], b"mdat", &mdat_len.to_be_bytes()].concat();
    let moov = movie(&[track(1, chunks, 4, wide), track(2, &chunks[..1], 4, false)]);
    let moov_start = mdat_start + mdat_len;
    let mut parts = vec![(0, &ftyp[..]), (mdat_start, &header[..]), (moov_start, &moov[..])];
    let marks: Vec<_> = chunks.iter().map(|offset| (*offset, (*offset as u32).to_be_bytes())).collect();
    parts.extend(marks.iter().map(|(offset, mark)| (*offset, &mark[..])));
    (sparse(moov_start + moov.len() as u64, &parts), moov.len() as u64)
}

#[test]
fn tables_widen_where_offsets_outgrow_32_bits() {
    let near = u64::from(u32::MAX) - 100;
    let chunks = [1000, near];
    let (file, moov_len) = large_file(&chunks, near + 5000, false);
    assert_eq!(described(&file).index, Index::Last);
    let moved = relocated(&file);
    // Two entries of the first track grow by four bytes each; the second track stays as it is.
    let shift = moov_len + 8;
    assert_eq!(offsets(&moved), [vec![1000 + shift, near + shift], vec![1000 + shift]]);
    assert_eq!(moved.layout.len, file.metadata().unwrap().len() + 8);
    for offset in chunks {
        let mut mark = [0; 4];
        moved.read_exact_at(&mut mark, offset + shift).unwrap();
        assert_eq!(u32::from_be_bytes(mark), offset as u32);
    }
    same_streams(&described(&file), &described(&moved));
    let head = match &moved.layout.segments[0] {
        Segment::Memory(head) => head.clone(),
        Segment::File { .. } => panic!("the head is in memory"),
    };
    let count = |name: &[u8]| head.windows(4).filter(|window| *window == name).count();
    assert_eq!((count(b"co64"), count(b"stco"), count(b"xyzz")), (1, 1, 2));
}

/// The first table only outgrows 32 bits because the second one has grown: the fixed point takes two rounds.
#[test]
fn growth_of_one_table_may_widen_another() {
    let ftyp = file_type();
    let data = |moov_len: u64, growth: u64| u64::from(u32::MAX) - moov_len - growth;
    let build =
        |first: u64, second: u64| movie(&[track(1, &[first], 1, false), track(2, &[second], 1, false)]);
    let moov_len = build(0, 0).len() as u64;
    // Fits by itself, but not after four more bytes.
    let first = data(moov_len, 0);
    let second = first + 1;
    let moov = build(first, second);
    let mdat_len = second + 10 - ftyp.len() as u64;
    let header = [&1u32.to_be_bytes()[..], b"mdat", &mdat_len.to_be_bytes()].concat();
    let moov_start = second + 10;
    let file = sparse(
        moov_start + moov_len,
        &[(0, &ftyp), (ftyp.len() as u64, &header), (moov_start, &moov), (first, b"1"), (second, b"2")],
    );
    let moved = relocated(&file);
    assert_eq!(offsets(&moved), [[first + moov_len + 8], [second + moov_len + 8]]);
    for (offset, mark) in [(first, b"1"), (second, b"2")] {
        let mut read = [0];
        moved.read_exact_at(&mut read, offset + moov_len + 8).unwrap();
        assert_eq!(&read, mark);
    }
}

#[test]
fn wide_tables_stay_wide() {
    let (file, moov_len) = large_file(&[1000, 2000], 5000, true);
    let moved = relocated(&file);
    assert_eq!(offsets(&moved)[0], [1000 + moov_len, 2000 + moov_len]);
}

/// Concatenates boxes; chunks are the places of the single letters `a` to `c` in them.
pub(super) fn assemble(before: &[Vec<u8>], after: &[Vec<u8>]) -> (File, Vec<u8>) {
    let places = |bytes: &[u8]| -> Vec<u64> {
        let mark = |letter: u8| bytes.windows(4).position(|window| window == [letter; 4]);
        (b'a'..=b'c').filter_map(mark).map(|at| at as u64).collect()
    };
    let with =
        |chunks: &[u64]| [before.concat(), movie(&[track(1, chunks, 4, false)]), after.concat()].concat();
    let draft = with(&[0, 0, 0]);
    let bytes = with(&places(&draft));
    (sparse(0, &[(0, &bytes)]), bytes)
}

fn marks(file: &dyn ReadAt) -> Vec<[u8; 4]> {
    offsets(file)[0]
        .iter()
        .map(|offset| {
            let mut mark = [0; 4];
            file.read_exact_at(&mut mark, *offset).unwrap();
            mark
        })
        .collect()
}

const EXPECTED: [[u8; 4]; 3] = [*b"aaaa", *b"bbbb", *b"cccc"];

#[test]
fn several_media_boxes_keep_their_order() {
    let before = [
        file_type(),
        make_box(b"wide", b""),
        make_box(b"mdat", b"..aaaa"),
        make_box(b"uuid", b"0123456789abcdef"),
        make_box(b"mdat", b"bbbb...cccc"),
    ];
    let (file, bytes) = assemble(&before, &[make_box(b"free", b"xx")]);
    let moved = relocated(&file);
    assert_eq!(marks(&moved), EXPECTED);
    assert_eq!(moved.layout.len, bytes.len() as u64);
    same_streams(&described(&file), &described(&moved));
}

#[test]
fn media_on_both_sides_of_the_index() {
    let mut open_ended = make_box(b"mdat", b"..cccc");
    open_ended[..4].fill(0);
    let (file, _) = assemble(&[file_type(), make_box(b"mdat", b"aaaabbbb")], &[open_ended]);
    let moved = relocated(&file);
    assert_eq!(moved.layout.segments.len(), 3);
    assert_eq!(marks(&moved), EXPECTED);
    same_streams(&described(&file), &described(&moved));
}

#[test]
fn an_open_ended_index_gets_a_size() {
    let (_, mut bytes) = assemble(&[file_type(), make_box(b"mdat", b"aaaabbbbcccc")], &[]);
    let moov = bytes.windows(4).position(|window| window == b"moov").unwrap();
    bytes[moov - 4..moov].fill(0);
    let file = sparse(0, &[(0, &bytes)]);
    let moved = relocated(&file);
    assert_eq!(marks(&moved), EXPECTED);
    same_streams(&described(&file), &described(&moved));
}

/// It comes first in the moved file, where being open would make it the only box.
#[test]
fn an_open_ended_file_type_gets_a_size() {
    let mut open_ended = file_type();
    open_ended[..4].fill(0);
    let (file, bytes) = assemble(&[make_box(b"mdat", b"aaaabbbbcccc")], &[open_ended]);
    let moved = relocated(&file);
    assert!(read_all(&moved).starts_with(&file_type()));
    assert_eq!(moved.layout.len, bytes.len() as u64);
    assert_eq!(marks(&moved), EXPECTED);
    same_streams(&described(&file), &described(&moved));
}

#[test]
fn without_file_type_the_index_comes_first() {
    let (file, _) = assemble(&[make_box(b"wide", b""), make_box(b"mdat", b"aaaabbbbcccc")], &[]);
    let moved = relocated(&file);
    assert_eq!(marks(&moved), EXPECTED);
    assert_eq!(&read_all(&moved)[4..8], b"moov");
}

#[test]
fn trailing_data_that_are_no_box_survive() {
    let (file, bytes) =
        assemble(&[file_type(), make_box(b"mdat", b"aaaabbbbcccc")], &[b"\0\0\0\x02SEFT....".to_vec()]);
    let moved = relocated(&file);
    assert_eq!(marks(&moved), EXPECTED);
    assert_eq!(read_all(&moved).len(), bytes.len());
    assert!(read_all(&moved).ends_with(b"SEFT...."));
}

#[test]
fn an_empty_media_box_before_the_index_does_not_count() {
    let (file, _) = assemble(&[file_type(), make_box(b"mdat", b"")], &[make_box(b"mdat", b"aaaabbbbcccc")]);
    assert_eq!(described(&file).index, Index::First);
}

#[test]
fn an_empty_chunk_may_end_where_the_index_begins() {
    let media = make_box(b"mdat", b"aaaabbbb");
    let index_at = (file_type().len() + media.len()) as u64;
    let mut moov = movie(&[track(1, &[index_at - 8, index_at], 8, false)]);
    let sizes = moov.windows(4).position(|window| window == b"stsz").unwrap();
    moov[sizes + 12..sizes + 16].copy_from_slice(&1u32.to_be_bytes());
    let file = sparse(0, &[(0, &[file_type(), media, moov].concat())]);
    let moved = relocated(&file);
    assert_eq!(offsets(&moved)[0], [moved.layout.len - 8, moved.layout.len]);
    assert!(survives(read_all(&file)));
}

#[test]
fn a_compressed_index_is_served_plain_wherever_it_is() {
    let media = make_box(b"mdat", b"aaaabbbbcccc");
    let at = |before: usize| [0, 4, 8].map(|skip| (before + 8 + skip) as u64);
    for first in [true, false] {
        let mut places = at(file_type().len());
        let bytes = loop {
            let moov = super::handmade::compressed(&movie(&[track(1, &places, 4, false)]), 0);
            let (before, parts) = if first {
                (file_type().len() + moov.len(), [file_type(), moov, media.clone()])
            } else {
                (file_type().len(), [file_type(), media.clone(), moov])
            };
            let found = at(before);
            if found == places {
                break parts.concat();
            }
            places = found;
        };
        let file = sparse(0, &[(0, &bytes)]);
        assert_eq!(described(&file).index, Index::Last);
        let moved = relocated(&file);
        assert_eq!(marks(&moved), EXPECTED);
        assert!(!read_all(&moved).windows(4).any(|four| four == b"cmov"));
        same_streams(&described(&file), &described(&moved));
    }
}

#[test]
fn as_it_is_there_is_one_segment() {
    let studio = Studio::new();
    let path = studio.plain("a.mp4");
    let file = File::open(&path).unwrap();
    let layout = layout(&file, ServedLayout::AsIs).unwrap();
    assert_eq!(layout.segments, [Segment::File { offset: 0, len: fs::metadata(&path).unwrap().len() }]);
    assert_eq!(layout.memory_bytes(), 0);
}
