//! The boxes of a file at its top level, found by reading their headers only.

use std::io;

use super::boxes::{FourCc, children, u32_at, u64_at};
use super::budget::{Share, share_for};
use super::compressed::{PlainIndex, plain};
use super::pointers::Pointers;
use crate::media::{ProbeError, ReadAt};

pub(super) const INDEX_LEN_MAX: u64 = 64 << 20;
/// An hour in fragments of 0.2 seconds; bounds the work on a hostile file.
const BOXES_MAX: usize = 1 << 16;
/// Item lists of real files are far smaller.
const META_LEN_MAX: u64 = 1 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TopBox {
    pub kind: FourCc,
    pub start: u64,
    pub header_len: u64,
    /// Where it ends in the file, or would end if the file were whole.
    pub end: u64,
}

impl TopBox {
    pub(super) fn len(&self) -> u64 {
        self.end - self.start
    }
}

/// A `meta` box at the top level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ItemList {
    pub start: u64,
    pub bytes: Vec<u8>,
    /// Places in `bytes`.
    pub pointers: Pointers,
}

impl ItemList {
    pub(super) fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

/// An index in memory.
#[derive(Debug)]
pub(super) struct LoadedIndex<'a> {
    pub plain: PlainIndex<'a>,
    /// Of the memory that all of them may take; one that was in memory before takes none.
    pub share: Option<Share>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outline {
    pub file_len: u64,
    pub boxes: Vec<TopBox>,
}

/// Reads ahead a little, since small boxes stand side by side.
struct Window<'a> {
    file: &'a dyn ReadAt,
    file_len: u64,
    start: u64,
    bytes: Vec<u8>,
}

impl Window<'_> {
    const LEN: u64 = 4096;

    /// Up to 16 bytes at this place; fewer at the end of the file.
    fn header(&mut self, at: u64) -> io::Result<&[u8]> {
        let len = self.file_len.saturating_sub(at).min(16) as usize;
        let held = at.checked_sub(self.start).and_then(|skip| usize::try_from(skip).ok());
        if held.is_none_or(|skip| skip.saturating_add(len) > self.bytes.len()) {
            self.bytes.resize(self.file_len.saturating_sub(at).min(Self::LEN) as usize, 0);
            self.start = at;
            self.file.read_exact_at(&mut self.bytes, at)?;
        }
        let skip = (at - self.start) as usize;
        Ok(self.bytes.get(skip..skip + len).unwrap_or_default())
    }
}

/// Walks the top level. What follows the index and is no box (phones append such things) counts as one nameless box.
pub(super) fn walk(file: &dyn ReadAt) -> Result<Outline, ProbeError> {
    let file_len = file.len()?;
    let mut window = Window { file, file_len, start: 0, bytes: Vec::new() };
    let mut boxes: Vec<TopBox> = Vec::new();
    let mut at = 0;
    let mut complete = false;
    while at < file_len {
        if boxes.len() == BOXES_MAX {
            return Err(ProbeError::damaged("there are more than 65536 boxes"));
        }
        let found = read_header(window.header(at)?, at, file_len);
        let next = match found {
            Some(found) if found.end <= file_len || &found.kind == b"mdat" || &found.kind == b"moof" => found,
            Some(_) | None if complete => TopBox { kind: [0; 4], start: at, header_len: 0, end: file_len },
            Some(found) if &found.kind == b"moov" => {
                return Err(ProbeError::damaged("it is cut off: the file is truncated"));
            }
            Some(_) | None => return Err(ProbeError::IndexMissing),
        };
        boxes.push(next);
        complete |= &next.kind == b"moov";
        at = next.end;
    }
    Ok(Outline { file_len, boxes })
}

/// `None` where no box begins.
fn read_header(header: &[u8], start: u64, file_len: u64) -> Option<TopBox> {
    let kind: FourCc = header.get(4..8)?.try_into().ok()?;
    let (header_len, len) = match u32_at(header, 0).ok()? {
        0 if kind == [0; 4] => return None,
        0 => (8, file_len - start),
        1 => (16, u64_at(header, 8).ok()?),
        len => (8, u64::from(len)),
    };
    let end = start.checked_add(len)?;
    (len >= header_len).then_some(TopBox { kind, start, header_len, end })
}

impl Outline {
    pub(super) fn of_kind(&self, kind: FourCc) -> impl Iterator<Item = &TopBox> {
        self.boxes.iter().filter(move |found| found.kind == kind)
    }

    /// The index. Of two, players take the first, others the last, and each may describe another video: what was verified
    /// would not be what everybody sees.
    pub(super) fn index(&self) -> Result<&TopBox, ProbeError> {
        let mut indexes = self.of_kind(*b"moov");
        let first = indexes.next();
        if indexes.next().is_some() {
            return Err(ProbeError::IndexTwice);
        }
        // Pictures (HEIF) are the same kind of file without a movie.
        let missing = if self.of_kind(*b"meta").next().is_some() {
            ProbeError::NoVideo
        } else {
            ProbeError::IndexMissing
        };
        first.ok_or(missing)
    }

    /// Reads the index, and unpacks a compressed one. Waits while others have read large ones, so that nobody who has one
    /// may ask for another.
    pub(super) fn load_index<'a>(&self, file: &'a dyn ReadAt) -> Result<LoadedIndex<'a>, ProbeError> {
        let index = self.index()?;
        if let Some(held) = file.held(index.start..index.end) {
            return Ok(LoadedIndex { plain: plain(held.into())?, share: None });
        }
        let share = share_for(index.len());
        Ok(LoadedIndex { plain: plain(self.load(file, index)?.into())?, share: Some(share) })
    }

    /// Reads a whole box, header included.
    pub(super) fn load(&self, file: &dyn ReadAt, found: &TopBox) -> Result<Vec<u8>, ProbeError> {
        if found.len() > INDEX_LEN_MAX {
            return Err(ProbeError::IndexTooLarge);
        }
        let mut bytes = vec![0; found.len() as usize];
        file.read_exact_at(&mut bytes, found.start)?;
        Ok(bytes)
    }

    /// Why the index of this file cannot be moved, as far as the top level shows.
    pub(super) fn immovable(&self) -> Option<&'static str> {
        let mut why = None;
        let mut meta_len = 0u64;
        for found in &self.boxes {
            match &found.kind {
                b"moof" | b"mfra" | b"sidx" => why = Some("the media come in fragments"),
                b"imda" => why = Some("the media lie in identified boxes (imda)"),
                // All of them are held in memory at once.
                b"meta" => meta_len = meta_len.saturating_add(found.len()),
                _ => {}
            }
        }
        if meta_len > META_LEN_MAX {
            why = Some("it carries a large item list (meta)");
        }
        why
    }

    /// Item lists beside the index that say where items lie, with their pointers.
    pub(super) fn item_lists(&self, file: &dyn ReadAt) -> Result<Vec<ItemList>, ProbeError> {
        let small = |found: &&TopBox| found.len() <= META_LEN_MAX && found.end <= self.file_len;
        let mut lists = Vec::new();
        for found in self.of_kind(*b"meta").filter(small) {
            let bytes = self.load(file, found)?;
            let mut pointers = Pointers::default();
            if let Some(meta) = children(&bytes, 0..bytes.len()).next() {
                pointers.items(&bytes, meta?)?;
            }
            if pointers != Pointers::default() {
                lists.push(ItemList { start: found.start, bytes, pointers });
            }
        }
        Ok(lists)
    }
}

/// Whether the first box is one that ISO base media or QuickTime files begin with.
pub(super) fn begins_like_iso_media(head: &[u8], file_len: u64) -> bool {
    read_header(head, 0, file_len).is_some_and(|found| {
        matches!(
            &found.kind,
            b"ftyp" | b"styp" | b"moov" | b"mdat" | b"free" | b"skip" | b"wide" | b"pnot" | b"moof" | b"sidx"
        )
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::handmade::make_box;
    use super::*;

    /// As many boxes as are allowed, all of them empty; counts how often it is read.
    struct Empties(AtomicUsize);

    impl ReadAt for Empties {
        fn len(&self) -> io::Result<u64> {
            Ok(8 * BOXES_MAX as u64)
        }

        fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
            self.0.fetch_add(1, Ordering::Relaxed);
            let empty = make_box(b"free", b"");
            for (at, byte) in buf.iter_mut().enumerate() {
                *byte = empty[(offset as usize + at) % 8];
            }
            Ok(buf.len())
        }
    }

    /// The work is in proportion to the boxes: what is known of them is not asked again for each.
    #[test]
    fn many_boxes_are_walked_in_pages() {
        let file = Empties(AtomicUsize::new(0));
        assert_eq!(walk(&file).unwrap().boxes.len(), BOXES_MAX);
        assert!(file.0.into_inner() <= 8 * BOXES_MAX / Window::LEN as usize + 1);
    }
}
