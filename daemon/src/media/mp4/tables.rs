//! Sample tables (ISO/IEC 14496-12, 8.6 and 8.7): how many samples, how long, how large, and where they lie.

use super::boxes::{Span, entries, u8_at, u32_at};
use crate::media::ProbeError;

/// Where the chunk offsets of a track lie in the buffer (`stco`, `co64`, 8.7.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ChunkTable {
    pub span: Span,
    /// 64-bit offsets.
    pub wide: bool,
    pub count: u32,
}

impl ChunkTable {
    /// The chunk offsets, as bytes from the start of the file.
    pub(super) fn offsets<'a>(&self, buf: &'a [u8]) -> Result<impl Iterator<Item = u64> + 'a, ProbeError> {
        let table = self.span.contents(buf);
        let (narrow, wide) = if self.wide { (0, self.count) } else { (self.count, 0) };
        let narrow = entries::<4>(table, 8, narrow)?.iter().map(|entry| u32::from_be_bytes(*entry).into());
        let wide = entries::<8>(table, 8, wide)?.iter().map(|entry| u64::from_be_bytes(*entry));
        Ok(narrow.chain(wide))
    }
}

/// What the tables of one track add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Samples {
    pub count: u64,
    pub bytes: u64,
    /// Sum of `stts`: samples, and their time in units of the track's time scale.
    pub timed: u64,
    pub ticks: u64,
    /// The first and the last byte of the file that belong to the track, exclusive; both 0 without chunks.
    pub start: u64,
    pub end: u64,
}

/// The boxes of `stbl` that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct SampleTables {
    pub times: Option<Span>,
    pub sizes: Option<Span>,
    pub chunk_runs: Option<Span>,
    pub chunks: Option<ChunkTable>,
}

pub(super) fn chunk_table(buf: &[u8], span: Span) -> Result<ChunkTable, ProbeError> {
    let table = ChunkTable { span, wide: &span.kind == b"co64", count: u32_at(span.contents(buf), 4)? };
    // Refuses a count that the box cannot hold.
    table.offsets(buf).map(|_offsets| table)
}

impl SampleTables {
    pub(super) fn sum(&self, buf: &[u8]) -> Result<Samples, ProbeError> {
        let (timed, ticks) = self.times.map_or(Ok((0, 0)), |stts| sum_times(buf, stts))?;
        let mut samples = Samples { timed, ticks, ..Samples::default() };
        let sizes = self.sizes(buf)?;
        samples.count = sizes.count();
        samples.bytes = sizes.sum(0, samples.count);
        if let Some(chunks) = self.chunks {
            self.place(buf, chunks, &mut samples)?;
        }
        Ok(samples)
    }

    /// Finds how far the chunks reach.
    fn place(&self, buf: &[u8], chunks: ChunkTable, out: &mut Samples) -> Result<(), ProbeError> {
        out.start = u64::MAX;
        self.extents::<ProbeError>(buf, |offset, len| {
            out.start = out.start.min(offset);
            out.end = out.end.max(offset.saturating_add(len));
            Ok(())
        })?;
        if chunks.count == 0 {
            out.start = 0;
        }
        Ok(())
    }

    /// Visits every chunk: its offset in the file, and the sizes of the samples in it together.
    pub(super) fn extents<E: From<ProbeError>>(
        &self,
        buf: &[u8],
        mut visit: impl FnMut(u64, u64) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(chunks) = self.chunks else { return Ok(()) };
        let sizes = self.sizes(buf)?;
        let runs = match self.chunk_runs {
            Some(stsc) => entries::<12>(stsc.contents(buf), 8, u32_at(stsc.contents(buf), 4)?)?,
            None => &[],
        };
        let mut runs = runs.iter().map(Run::parse).peekable();
        let mut in_chunk = 0;
        let mut sample = 0;
        for (number, offset) in (1u32..).zip(chunks.offsets(buf)?) {
            while let Some(run) = runs.next_if(|run| run.first_chunk <= number) {
                in_chunk = run.samples;
            }
            let len = sizes.sum(sample, in_chunk);
            sample = sample.saturating_add(in_chunk).min(sizes.count());
            visit(offset, len)?;
        }
        Ok(())
    }

    fn sizes<'a>(&self, buf: &'a [u8]) -> Result<Sizes<'a>, ProbeError> {
        self.sizes.map_or(Ok(Sizes::Equal { bytes: 0, count: 0 }), |span| Sizes::parse(buf, span))
    }
}

/// An entry of `stsc` (8.7.4)
pub(super) struct Run {
    pub first_chunk: u32,
    pub samples: u64,
}

impl Run {
    pub(super) fn parse(entry: &[u8; 12]) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = *entry;
        Self {
            first_chunk: u32::from_be_bytes([a, b, c, d]),
            samples: u32::from_be_bytes([e, f, g, h]).into(),
        }
    }
}

/// `stts` (8.6.1.2): samples, and the sum of their durations.
fn sum_times(buf: &[u8], stts: Span) -> Result<(u64, u64), ProbeError> {
    let table = stts.contents(buf);
    let mut samples = 0u64;
    let mut ticks = 0u64;
    for [a, b, c, d, e, f, g, h] in entries::<8>(table, 8, u32_at(table, 4)?)? {
        let run = u64::from(u32::from_be_bytes([*a, *b, *c, *d]));
        // Read as signed by old QuickTime files that end in a negative duration.
        let delta = u64::try_from(i32::from_be_bytes([*e, *f, *g, *h])).unwrap_or(0);
        samples = samples.saturating_add(run);
        ticks = ticks.saturating_add(run.saturating_mul(delta));
    }
    Ok((samples, ticks))
}

/// `stsz` and `stz2` (8.7.3)
pub(super) enum Sizes<'a> {
    Equal { bytes: u32, count: u32 },
    Listed(&'a [[u8; 4]]),
    Short { bits: u8, data: &'a [u8], count: u32 },
}

impl<'a> Sizes<'a> {
    pub(super) fn parse(buf: &'a [u8], span: Span) -> Result<Self, ProbeError> {
        const HEAD_LEN: usize = 12;
        let table = span.contents(buf);
        let field = u32_at(table, 4)?;
        let count = u32_at(table, 8)?;
        if &span.kind == b"stsz" {
            return Ok(match field {
                0 => Self::Listed(entries(table, HEAD_LEN, count)?),
                bytes => Self::Equal { bytes, count },
            });
        }
        let bits = u8_at(table, 7)?;
        if !matches!(bits, 4 | 8 | 16) {
            return Err(ProbeError::damaged("sample sizes of an unknown width (stz2)"));
        }
        let len = (u64::from(count) * u64::from(bits)).div_ceil(8);
        let data = usize::try_from(len).ok().and_then(|len| table.get(HEAD_LEN..HEAD_LEN.checked_add(len)?));
        let data = data.ok_or_else(|| ProbeError::damaged("a table claims more entries than it holds"))?;
        Ok(Self::Short { bits, data, count })
    }

    fn count(&self) -> u64 {
        match self {
            Self::Equal { count, .. } | Self::Short { count, .. } => u64::from(*count),
            Self::Listed(sizes) => sizes.len() as u64,
        }
    }

    /// Bytes of `count` samples from `first` (from 0), as far as there are so many.
    pub(super) fn sum(&self, first: u64, count: u64) -> u64 {
        let first = first.min(self.count());
        let end = first.saturating_add(count).min(self.count());
        match self {
            Self::Equal { bytes, .. } => (end - first).saturating_mul(u64::from(*bytes)),
            // Both ends are at most the length of a slice.
            Self::Listed(sizes) => sizes
                .get(first as usize..end as usize)
                .unwrap_or_default()
                .iter()
                .map(|size| u64::from(u32::from_be_bytes(*size)))
                .sum(),
            Self::Short { bits, data, .. } => (first..end).map(|index| short_size(*bits, data, index)).sum(),
        }
    }
}

fn short_size(bits: u8, data: &[u8], index: u64) -> u64 {
    let byte = |at: u64| data.get(at as usize).copied().unwrap_or(0);
    match bits {
        4 if index.is_multiple_of(2) => u64::from(byte(index / 2) >> 4),
        4 => u64::from(byte(index / 2) & 0x0f),
        8 => u64::from(byte(index)),
        _sixteen => u64::from(u16::from_be_bytes([byte(index * 2), byte(index * 2 + 1)])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_sizes_of_each_width() {
        let sizes = |bits, data| Sizes::Short { bits, data, count: 2 };
        assert_eq!(sizes(4, &[0x12][..]).sum(0, 9), 3);
        assert_eq!(sizes(8, &[1, 2][..]).sum(1, 1), 2);
        assert_eq!(sizes(16, &[1, 0, 0, 2][..]).sum(0, 2), 258);
    }

    #[test]
    fn equal_sizes_do_not_overflow() {
        let sizes = Sizes::Equal { bytes: u32::MAX, count: u32::MAX };
        assert_eq!(sizes.sum(0, u64::MAX), u64::from(u32::MAX) * u64::from(u32::MAX));
    }
}
