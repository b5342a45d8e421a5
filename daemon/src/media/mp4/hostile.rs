//! Arbitrary bytes as a source file: whatever is in it, it is refused or it is served whole.

use std::io;

use super::outline::walk;
use super::{Layout, Segment, VirtualFile, layout, looks_like_iso_media, movie, probe};
use crate::core::artifact::ServedLayout;
use crate::core::media::Index;
use crate::media::{ProbeError, ReadAt};

pub(crate) struct Bytes(pub Vec<u8>);

impl ReadAt for Bytes {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.len() as u64)
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = self.0.get(offset as usize..).unwrap_or_default();
        let len = rest.len().min(buf.len());
        buf[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }
}

/// A file is described or refused; if its index can be moved, the moved file is the same video.
pub fn mp4(bytes: &[u8]) {
    survives(bytes.to_vec());
}

/// Whether it was accepted.
pub(super) fn survives(bytes: Vec<u8>) -> bool {
    let file = Bytes(bytes);
    looks_like_iso_media(&file).expect("the file can be read");
    let described = probe(&file).ok().map(|(info, _)| info);
    let Ok(layout) = layout(&file, ServedLayout::Relocated) else {
        let last = described.as_ref().is_some_and(|info| info.index == Index::Last);
        assert!(!last, "what is planned to be moved can be moved");
        return described.is_some();
    };
    check_layout(&layout, file.0.len() as u64);
    check_chunks(&file, &layout);
    let moved = VirtualFile { file, layout };
    let mut all = vec![0; moved.layout.len as usize];
    moved.read_exact_at(&mut all, 0).expect("every byte of the layout is there");
    let Some(info) = described.filter(|info| info.index == Index::Last) else { return true };
    let (after, _) = probe(&moved).expect("the moved file is a video");
    assert_eq!(after.index, Index::First);
    assert_eq!((after.duration_ms, &after.video, &after.audio), (info.duration_ms, &info.video, &info.audio));
    true
}

fn check_layout(layout: &Layout, file_len: u64) {
    assert_eq!(layout.segments.iter().map(Segment::len).sum::<u64>(), layout.len);
    for segment in &layout.segments {
        if let Segment::File { offset, len } = segment {
            assert!(offset.checked_add(*len).is_some_and(|end| end <= file_len), "{segment:?} in {file_len}");
        }
    }
}

/// Many chunks may claim the same bytes: beyond so many only the ends of each are compared.
const COMPARED_BYTES_MAX: u64 = 1 << 20;
/// The tables that are compared shall not take more memory than moving them does.
const COMPARED_CHUNKS_MAX: usize = 1 << 16;

/// Every chunk has the same bytes as before.
fn check_chunks(file: &Bytes, layout: &Layout) {
    let moved = VirtualFile { file, layout: layout.clone() };
    let (before, after) = (chunks(file), chunks(&moved));
    assert_eq!(before.len(), after.len());
    let mut left = COMPARED_BYTES_MAX;
    for ((old, len), (new, new_len)) in before.into_iter().zip(after) {
        assert_eq!(len, new_len);
        // An empty chunk has no bytes that could change; it may stand anywhere.
        let Some(last) = len.checked_sub(1) else { continue };
        match left.checked_sub(len) {
            Some(rest) => {
                left = rest;
                assert_eq!(
                    bytes_at(file, old, len),
                    bytes_at(&moved, new, len),
                    "a chunk moved to other bytes"
                );
            }
            None => {
                for at in [0, last] {
                    let (before, after) = (bytes_at(file, old + at, 1), bytes_at(&moved, new + at, 1));
                    assert_eq!(before, after, "a chunk moved to other bytes");
                }
            }
        }
    }
}

/// Offset and length of each, up to a number of them.
fn chunks(file: &dyn ReadAt) -> Vec<(u64, u64)> {
    let outline = walk(file).expect("it was laid out");
    let moov = outline.load_index(file).expect("it was read before").plain.bytes;
    let parsed = movie::parse_moov_box(&moov).expect("it was parsed before");
    let mut found = Vec::new();
    for track in &parsed.tracks {
        let visited = track.tables.extents::<ProbeError>(&moov, |offset, len| {
            if found.len() < COMPARED_CHUNKS_MAX {
                found.push((offset, len));
            }
            Ok(())
        });
        visited.expect("as before");
    }
    found
}

fn bytes_at(file: &dyn ReadAt, offset: u64, len: u64) -> Vec<u8> {
    let mut bytes = vec![0; len as usize];
    file.read_exact_at(&mut bytes, offset).expect("chunks lie inside the file");
    bytes
}
