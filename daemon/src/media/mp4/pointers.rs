//! Absolute places of the file inside the index, besides those of chunks: encryption data (`saio`, ISO/IEC 14496-12, 8.7.9)
//! and items (`iloc`, 8.11.3).

use super::boxes::{Span, children, u8_at, u16_at, u32_at, u64_at};
use crate::media::ProbeError;

/// More than any real index has; bounds the work on a hostile one.
const POINTERS_MAX: usize = 1 << 16;

/// A field that says where something lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pointer {
    /// Where the field lies in the buffer.
    pub at: usize,
    /// 4 or 8 bytes.
    pub width: u8,
    /// The place in the file that it leads to, with what is added to the field.
    pub target: u64,
}

/// What was found, or why it cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Pointers {
    pub list: Vec<Pointer>,
    pub obstacle: Option<&'static str>,
}

impl Pointers {
    fn add(&mut self, pointer: Pointer) {
        if self.list.len() == POINTERS_MAX {
            self.obstacle = Some("the index has more than 65536 pointers besides those to media");
            return;
        }
        self.list.push(pointer);
    }

    /// `saio`: where the data of encrypted samples lie.
    pub(super) fn encryption(&mut self, buf: &[u8], saio: Span) -> Result<(), ProbeError> {
        let wide = u8_at(buf, saio.body)? == 1;
        let flags = u32_at(buf, saio.body)? & 1;
        let count_at = saio.body + 4 + if flags == 1 { 8 } else { 0 };
        let (count, width) = (u32_at(buf, count_at)? as usize, if wide { 8 } else { 4 });
        if count.checked_mul(width).is_none_or(|len| len > saio.end.saturating_sub(count_at + 4)) {
            return Err(ProbeError::damaged("a table claims more entries than it holds"));
        }
        for at in (count_at + 4..).step_by(width).take(count.min(POINTERS_MAX + 1)) {
            let target = if wide { u64_at(buf, at)? } else { u32_at(buf, at)?.into() };
            self.add(Pointer { at, width: width as u8, target });
        }
        Ok(())
    }

    /// A `meta` box, of MPEG-4 (with version and flags) or of QuickTime (without).
    pub(super) fn items(&mut self, buf: &[u8], meta: Span) -> Result<(), ProbeError> {
        if !meta.contents(buf).windows(4).any(|name| name == b"iloc") {
            return Ok(());
        }
        let full = children(buf, meta.body.saturating_add(4)..meta.end);
        let iloc = full.map_while(Result::ok).find(|child| child.kind == *b"iloc");
        let iloc = match iloc {
            Some(iloc) => Some(iloc),
            None => meta.children(buf).map_while(Result::ok).find(|child| child.kind == *b"iloc"),
        };
        match iloc {
            Some(iloc) => self.locations(buf, iloc),
            None => {
                // The letters stand in some other place, or in a box inside of another one.
                self.obstacle = Some("the index places items in a way that is not understood (iloc)");
                Ok(())
            }
        }
    }

    fn locations(&mut self, buf: &[u8], iloc: Span) -> Result<(), ProbeError> {
        let mut fields = Fields { buf: buf.get(..iloc.end).unwrap_or_default(), at: iloc.body };
        let version = fields.take(1)?;
        fields.take(3)?;
        let sizes = fields.take(2)?;
        let nibble = |shift: u32| (sizes >> shift & 0xf) as usize;
        let (offset_len, length_len, base_len) = (nibble(12), nibble(8), nibble(4));
        let index_len = if version == 0 { 0 } else { nibble(0) };
        if version > 2
            || [offset_len, length_len, base_len, index_len].iter().any(|len| ![0, 4, 8].contains(len))
        {
            return Err(ProbeError::damaged("places of items of an unknown form (iloc)"));
        }
        let count = fields.take(if version < 2 { 2 } else { 4 })?;
        for _ in 0..count {
            fields.take(if version < 2 { 2 } else { 4 })?;
            let method = if version == 0 { 0 } else { fields.take(2)? & 0xf };
            let elsewhere = fields.take(2)? != 0;
            let base_at = fields.at;
            let base = fields.take(base_len)?;
            let extents = fields.take(2)?;
            for _ in 0..extents {
                fields.take(index_len)?;
                let offset_at = fields.at;
                let offset = fields.take(offset_len)?;
                fields.take(length_len)?;
                match (method, elsewhere) {
                    // Beside the places themselves.
                    (1, _) => {}
                    (0, false) => {
                        let target = base.saturating_add(offset);
                        if offset_len > 0 {
                            self.add(Pointer { at: offset_at, width: offset_len as u8, target });
                        } else if base_len > 0 && extents == 1 {
                            self.add(Pointer { at: base_at, width: base_len as u8, target });
                        } else {
                            self.obstacle = Some("the index places items without saying where (iloc)");
                        }
                    }
                    (_, _) => {
                        self.obstacle = Some("the index places items inside others, or in other files (iloc)")
                    }
                }
            }
            if self.obstacle.is_some() {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Numbers of given widths, one after the other.
struct Fields<'a> {
    buf: &'a [u8],
    at: usize,
}

impl Fields<'_> {
    fn take(&mut self, len: usize) -> Result<u64, ProbeError> {
        let value = match len {
            0 => 0,
            1 => u8_at(self.buf, self.at)?.into(),
            2 => u16_at(self.buf, self.at)?.into(),
            3 => u32_at(self.buf, self.at)?.checked_shr(8).unwrap_or(0).into(),
            4 => u32_at(self.buf, self.at)?.into(),
            _eight => u64_at(self.buf, self.at)?,
        };
        self.at += len;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::super::handmade::make_box;
    use super::*;

    fn span(buf: &[u8]) -> Span {
        children(buf, 0..buf.len()).next().unwrap().unwrap()
    }

    fn items(contents: &[u8]) -> Result<Pointers, ProbeError> {
        let meta = make_box(b"meta", &[&[0; 4][..], &make_box(b"iloc", contents)].concat());
        let mut pointers = Pointers::default();
        pointers.items(&meta, span(&meta)).map(|()| pointers)
    }

    #[test]
    fn encryption_data_are_found_in_both_widths() {
        for (head, width) in
            [(&[0, 0, 0, 0][..], 4u8), (&[1, 0, 0, 1, b'c', b'e', b'n', b'c', 0, 0, 0, 0], 8)]
        {
            let entries: Vec<u8> = match width {
                4 => [300u32, 400].iter().flat_map(|at| at.to_be_bytes()).collect(),
                _ => [300u64, 400].iter().flat_map(|at| at.to_be_bytes()).collect(),
            };
            let saio = make_box(b"saio", &[head, &[0, 0, 0, 2], &entries].concat());
            let mut pointers = Pointers::default();
            pointers.encryption(&saio, span(&saio)).unwrap();
            let targets: Vec<_> =
                pointers.list.iter().map(|pointer| (pointer.width, pointer.target)).collect();
            assert_eq!(targets, [(width, 300), (width, 400)]);
            let short = make_box(b"saio", &[head, &[0, 0, 0, 3], &entries].concat());
            assert!(Pointers::default().encryption(&short, span(&short)).is_err());
        }
    }

    #[test]
    fn items_are_found_by_offset_or_by_base() {
        // Version 0, offsets and lengths of 4 bytes, no base; one item of two extents.
        let offsets = [
            &[0, 0, 0, 0, 0x44, 0x00, 0, 1, 0, 1, 0, 0, 0, 2][..],
            &[0, 0, 1, 0, 0, 0, 0, 5, 0, 0, 2, 0, 0, 0, 0, 5],
        ];
        let found = items(&offsets.concat()).unwrap();
        let targets: Vec<_> = found.list.iter().map(|pointer| pointer.target).collect();
        assert_eq!((targets, found.obstacle), (vec![256, 512], None));
        // Version 1, a base of 8 bytes and nothing else; in the file, then beside.
        for (method, count) in [(0, 1), (1, 0)] {
            let base = [
                &[1, 0, 0, 0, 0x04, 0x80, 0, 1, 0, 1, 0, method, 0, 0][..],
                &700u64.to_be_bytes(),
                &[0, 1, 0, 0, 0, 9],
            ];
            let found = items(&base.concat()).unwrap();
            assert_eq!((found.list.len(), found.obstacle), (count, None));
        }
        let inside = [&[1, 0, 0, 0, 0x44, 0x00, 0, 1, 0, 1, 0, 2, 0, 0, 0, 1][..], &[0; 8]];
        assert!(items(&inside.concat()).unwrap().obstacle.is_some());
        assert!(items(&[9, 0, 0, 0, 0x44, 0, 0, 0]).is_err(), "an unknown version");
        assert!(items(&[0, 0, 0, 0, 0x44, 0, 0, 9]).is_err(), "cut off");
    }
}
