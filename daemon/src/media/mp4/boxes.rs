//! Boxes (ISO/IEC 14496-12, 4.2) in memory, by their places in the buffer. Every access is checked.

use std::ops::Range;

use crate::media::ProbeError;

pub(super) type FourCc = [u8; 4];

/// A four-character code as text; anything unprintable becomes `?`.
pub(super) fn name_of(kind: FourCc) -> String {
    kind.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '?' }).collect()
}

/// A box: `start..body` is its header, `body..end` what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub kind: FourCc,
    pub start: usize,
    pub body: usize,
    pub end: usize,
}

impl Span {
    pub(super) fn contents<'a>(&self, buf: &'a [u8]) -> &'a [u8] {
        buf.get(self.body..self.end).unwrap_or_default()
    }

    pub(super) fn children<'a>(&self, buf: &'a [u8]) -> Children<'a> {
        children(buf, self.body..self.end)
    }

    /// The first child of this kind.
    pub(super) fn child(&self, buf: &[u8], kind: FourCc) -> Result<Option<Span>, ProbeError> {
        for child in self.children(buf) {
            let child = child?;
            if child.kind == kind {
                return Ok(Some(child));
            }
        }
        Ok(None)
    }
}

/// The boxes in this part of the buffer.
pub(super) fn children(buf: &[u8], range: Range<usize>) -> Children<'_> {
    Children { buf, next: range.start, end: range.end.min(buf.len()) }
}

pub(super) struct Children<'a> {
    buf: &'a [u8],
    next: usize,
    end: usize,
}

impl Iterator for Children<'_> {
    type Item = Result<Span, ProbeError>;

    fn next(&mut self) -> Option<Self::Item> {
        // QuickTime ends some lists with four zero bytes; less than a header is never a box.
        if self.end.checked_sub(self.next)? < 8 {
            return None;
        }
        let span = read_span(self.buf, self.next, self.end);
        self.next = span.as_ref().map_or(self.end, |span| span.end);
        Some(span)
    }
}

fn read_span(buf: &[u8], start: usize, limit: usize) -> Result<Span, ProbeError> {
    let kind = fourcc_at(buf, start + 4)?;
    let (header_len, len) = match u32_at(buf, start)? {
        0 => (8, limit - start),
        1 => (16, usize::try_from(u64_at(buf, start + 8)?).unwrap_or(usize::MAX)),
        len => (8, len as usize),
    };
    match start.checked_add(len) {
        Some(end) if len >= header_len && end <= limit => {
            Ok(Span { kind, start, body: start + header_len, end })
        }
        Some(_) | None => {
            Err(ProbeError::damaged(format!("the box {} is larger than what holds it", name_of(kind))))
        }
    }
}

fn array_at<const N: usize>(buf: &[u8], at: usize) -> Result<[u8; N], ProbeError> {
    buf.get(at..)
        .and_then(|rest| rest.first_chunk::<N>())
        .copied()
        .ok_or_else(|| ProbeError::damaged("a box ends too early"))
}

pub(super) fn fourcc_at(buf: &[u8], at: usize) -> Result<FourCc, ProbeError> {
    array_at(buf, at)
}

pub(super) fn u8_at(buf: &[u8], at: usize) -> Result<u8, ProbeError> {
    array_at::<1>(buf, at).map(|[byte]| byte)
}

pub(super) fn u16_at(buf: &[u8], at: usize) -> Result<u16, ProbeError> {
    array_at(buf, at).map(u16::from_be_bytes)
}

pub(super) fn u32_at(buf: &[u8], at: usize) -> Result<u32, ProbeError> {
    array_at(buf, at).map(u32::from_be_bytes)
}

pub(super) fn u64_at(buf: &[u8], at: usize) -> Result<u64, ProbeError> {
    array_at(buf, at).map(u64::from_be_bytes)
}

/// The entries of a table: `count` of `N` bytes each from `at`. A count that the box cannot hold is refused.
pub(super) fn entries<const N: usize>(buf: &[u8], at: usize, count: u32) -> Result<&[[u8; N]], ProbeError> {
    (count as usize)
        .checked_mul(N)
        .and_then(|len| buf.get(at..at.checked_add(len)?))
        .map(|bytes| bytes.as_chunks::<N>().0)
        .ok_or_else(|| ProbeError::damaged("a table claims more entries than it holds"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(buf: &[u8]) -> Vec<Result<String, String>> {
        children(buf, 0..buf.len())
            .map(|child| child.map(|span| name_of(span.kind)).map_err(|error| error.to_string()))
            .collect()
    }

    #[test]
    fn sizes_may_be_long_or_open() {
        let mut buf = b"\0\0\0\x08free".to_vec();
        buf.extend(b"\0\0\0\x01wide\0\0\0\0\0\0\0\x12ab");
        buf.extend(b"\0\0\0\0mdatxyz");
        assert_eq!(kinds(&buf), [Ok("free".into()), Ok("wide".into()), Ok("mdat".into())]);
    }

    #[test]
    fn a_box_stays_inside_its_parent() {
        for buf in
            [&b"\0\0\0\x09free"[..], b"\0\0\0\x07free", b"\0\0\0\x01free\xff\xff\xff\xff\xff\xff\xff\xff"]
        {
            let kinds = kinds(buf);
            assert!(kinds.len() == 1 && kinds[0].is_err(), "{kinds:?}");
        }
        assert!(kinds(b"\0\0\0\0").is_empty());
    }

    #[test]
    fn tables_are_not_larger_than_their_box() {
        assert_eq!(entries::<4>(&[0; 8], 0, 2).unwrap().len(), 2);
        assert!(entries::<4>(&[0; 8], 0, 3).is_err());
        assert!(entries::<8>(&[0; 8], 4, u32::MAX).is_err());
    }
}
