//! The bytes that are served, as parts of memory and of the source file.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use super::budget::Share;
use super::outline::{INDEX_LEN_MAX, TopBox, walk};
use super::relocate::{Refusal, relocated};
use crate::core::artifact::ServedLayout;
use crate::media::{ProbeError, ReadAt};

/// A served file: its segments, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    pub segments: Vec<Segment>,
    /// Sum of the segments, in bytes.
    pub len: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    Memory(Arc<[u8]>),
    /// Bytes of the source.
    File {
        offset: u64,
        len: u64,
    },
}

/// A part of one segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Memory {
        bytes: Arc<[u8]>,
        range: Range<usize>,
    },
    /// Bytes of the source.
    File {
        offset: u64,
        len: u64,
    },
}

impl Piece {
    #[must_use]
    pub fn is_in_memory(&self) -> bool {
        match self {
            Self::Memory { .. } => true,
            Self::File { .. } => false,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    #[error("the index cannot be moved: {0}")]
    Fixed(String),
    #[error(transparent)]
    Unreadable(#[from] ProbeError),
}

/// A turn among those that have a large index in memory. It ends when it is dropped.
#[derive(Debug)]
pub struct Turn {
    _share: Option<Share>,
}

/// How much of a file has to be held in memory, at most, to move its index: as large as it is, or may be unpacked. Reads only
/// headers.
///
/// # Errors
/// When the file cannot be read, or is none that has an index.
pub fn index_len(file: &dyn ReadAt) -> Result<u64, ProbeError> {
    let outline = walk(file)?;
    let index = outline.index()?;
    let mut first = [0; 8];
    file.read_exact_at(&mut first, index.start + index.header_len)?;
    let len = if first.ends_with(b"cmov") { INDEX_LEN_MAX } else { index.len() };
    Ok(outline.of_kind(*b"meta").map(TopBox::len).fold(len, u64::saturating_add))
}

/// How a source is served. For `Relocated` the index is read and rewritten; nothing is copied.
pub fn layout(file: &dyn ReadAt, kind: ServedLayout) -> Result<Layout, LayoutError> {
    layout_in_turn(file, kind).map(|(layout, _turn)| layout)
}

/// The same for who needs it for a moment only, and lets others have theirs after that.
pub fn layout_in_turn(file: &dyn ReadAt, kind: ServedLayout) -> Result<(Layout, Turn), LayoutError> {
    match kind {
        ServedLayout::AsIs => {
            let len = file.len().map_err(ProbeError::Io)?;
            Ok((Layout::of(vec![Segment::File { offset: 0, len }]), Turn { _share: None }))
        }
        ServedLayout::Relocated => {
            let (new, share) = relocated(file).map_err(|refusal| match refusal {
                Refusal::Fixed(why) => LayoutError::Fixed(why),
                Refusal::Probe(error) => LayoutError::Unreadable(error),
            })?;
            let mut segments = vec![Segment::Memory(new.head.into())];
            let mut lists = new.lists.into_iter().peekable();
            for run in new.kept {
                let mut at = run.old.start;
                while let Some((start, bytes)) = lists.next_if(|(start, _)| *start < run.old.end) {
                    segments.push(Segment::File { offset: at, len: start - at });
                    at = start + bytes.len() as u64;
                    segments.push(Segment::Memory(bytes.into()));
                }
                segments.push(Segment::File { offset: at, len: run.old.end - at });
            }
            segments.retain(|segment| !segment.is_empty());
            Ok((Layout::of(segments), Turn { _share: share }))
        }
    }
}

impl Segment {
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File { len, .. } => *len,
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The part of it between two places inside it.
    fn piece(&self, range: Range<u64>) -> Piece {
        match self {
            // Both ends are at most the length of a slice.
            Self::Memory(bytes) => {
                Piece::Memory { bytes: Arc::clone(bytes), range: range.start as usize..range.end as usize }
            }
            Self::File { offset, .. } => {
                Piece::File { offset: offset + range.start, len: range.end - range.start }
            }
        }
    }
}

impl Layout {
    fn of(segments: Vec<Segment>) -> Self {
        let len = segments.iter().map(Segment::len).sum();
        Self { segments, len }
    }

    /// The pieces that make up this range of the served file, in order; what lies beyond its end is left out.
    pub fn slice(&self, range: Range<u64>) -> impl Iterator<Item = Piece> + '_ {
        let mut start = 0u64;
        self.segments.iter().filter_map(move |segment| {
            let end = start + segment.len();
            let from = range.start.max(start);
            let to = range.end.min(end);
            let piece = (from < to).then(|| segment.piece(from - start..to - start));
            start = end;
            piece
        })
    }

    /// This range, where it lies within one part of memory.
    fn held(&self, range: Range<u64>) -> Option<&[u8]> {
        let mut start = 0u64;
        for segment in &self.segments {
            let end = start + segment.len();
            match segment {
                Segment::Memory(bytes) if start <= range.start && range.end <= end => {
                    return bytes.get((range.start - start) as usize..(range.end - start) as usize);
                }
                Segment::Memory(_) | Segment::File { .. } => start = end,
            }
        }
        None
    }

    /// Bytes that it holds in memory.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        let held = |segment: &Segment| match segment {
            Segment::Memory(bytes) => bytes.len() as u64,
            Segment::File { .. } => 0,
        };
        self.segments.iter().map(held).sum()
    }
}

/// The served file, readable like any other.
#[derive(Debug, Clone)]
pub struct VirtualFile<F> {
    pub file: F,
    pub layout: Layout,
}

impl<F: ReadAt> ReadAt for VirtualFile<F> {
    fn len(&self) -> io::Result<u64> {
        Ok(self.layout.len)
    }

    fn held(&self, range: Range<u64>) -> Option<&[u8]> {
        self.layout.held(range)
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let end = offset.saturating_add(buf.len() as u64);
        match self.layout.slice(offset..end).next() {
            None => Ok(0),
            Some(Piece::Memory { bytes, range }) => {
                let from = bytes.get(range).ok_or(io::ErrorKind::InvalidData)?;
                buf.get_mut(..from.len()).ok_or(io::ErrorKind::InvalidData)?.copy_from_slice(from);
                Ok(from.len())
            }
            Some(Piece::File { offset, len }) => {
                let buf = buf.get_mut(..len as usize).ok_or(io::ErrorKind::InvalidData)?;
                self.file.read_at(buf, offset)
            }
        }
    }
}

/// Lends the source, so that it can be used elsewhere too.
impl<F: ReadAt + ?Sized> ReadAt for &F {
    fn len(&self) -> io::Result<u64> {
        (**self).len()
    }

    fn held(&self, range: Range<u64>) -> Option<&[u8]> {
        (**self).held(range)
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        (**self).read_at(buf, offset)
    }
}
