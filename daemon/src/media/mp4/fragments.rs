//! Movie fragments (`moof`, ISO/IEC 14496-12, 8.8): how long they are, where the index does not say.

use std::collections::HashMap;

use super::boxes::{Span, children, entries, u8_at, u32_at, u64_at};
use super::movie::{Extends, Movie};
use super::outline::{Outline, TopBox};
use crate::media::{ProbeError, ReadAt};

/// A fragment's own index; a second of media takes a few hundred bytes.
const MOOF_LEN_MAX: u64 = 4 << 20;
/// Enough fragments for a frame rate.
const SAMPLED: usize = 4;

/// Samples of a track in the fragments that were read, and their time in the track's time scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Run {
    pub samples: u64,
    pub ticks: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Fragments {
    pub runs: HashMap<u32, Run>,
    /// From `mehd` or `sidx`, else the longest track of all fragments.
    pub duration_ms: u64,
}

pub(super) fn read(
    file: &dyn ReadAt,
    outline: &Outline,
    movie: &Movie,
    extends: &Extends,
) -> Result<Fragments, ProbeError> {
    let stated = match extends.duration_ticks {
        Some(ticks) => ms(ticks, movie.timescale),
        None => indexed_duration_ms(file, outline)?,
    };
    let limit = if stated > 0 { SAMPLED } else { usize::MAX };
    let mut runs = HashMap::new();
    for moof in outline.of_kind(*b"moof").take(limit) {
        if moof.len() > MOOF_LEN_MAX || moof.end > outline.file_len {
            return Err(ProbeError::damaged("a fragment is cut off or too large"));
        }
        add_fragment(&outline.load(file, moof)?, extends, &mut runs)?;
    }
    let longest = movie.tracks.iter().filter_map(|track| {
        let ticks = runs.get(&track.id)?.ticks.saturating_add(track.samples.ticks);
        Some(ms(ticks, track.timescale))
    });
    Ok(Fragments { duration_ms: if stated > 0 { stated } else { longest.max().unwrap_or(0) }, runs })
}

/// Milliseconds; 0 where there is no time scale.
pub(super) fn ms(ticks: u64, timescale: u32) -> u64 {
    (u128::from(ticks) * 1000)
        .checked_div(timescale.into())
        .map_or(0, |ms| u64::try_from(ms).unwrap_or(u64::MAX))
}

/// The sum of the segment index (`sidx`, 8.16.3); 0 where there is none, or where it points to further ones.
fn indexed_duration_ms(file: &dyn ReadAt, outline: &Outline) -> Result<u64, ProbeError> {
    let Some(sidx) = outline.of_kind(*b"sidx").next() else { return Ok(0) };
    if sidx.len() > MOOF_LEN_MAX || outline.of_kind(*b"sidx").count() > 1 {
        return Ok(0);
    }
    let bytes = load_contents(file, outline, sidx)?;
    let timescale = u32_at(&bytes, 8)?;
    let head_len = if u8_at(&bytes, 0)? == 0 { 20 } else { 28 };
    let count = u32_at(&bytes, head_len)? & 0xffff;
    let mut ticks = 0u64;
    for [reference, _, _, _, a, b, c, d, ..] in entries::<12>(&bytes, head_len + 4, count)? {
        if reference & 0x80 != 0 {
            return Ok(0);
        }
        ticks = ticks.saturating_add(u32::from_be_bytes([*a, *b, *c, *d]).into());
    }
    Ok(ms(ticks, timescale))
}

fn load_contents(file: &dyn ReadAt, outline: &Outline, found: &TopBox) -> Result<Vec<u8>, ProbeError> {
    let mut bytes = outline.load(file, found)?;
    bytes.drain(..(found.header_len as usize).min(bytes.len()));
    Ok(bytes)
}

fn add_fragment(buf: &[u8], extends: &Extends, runs: &mut HashMap<u32, Run>) -> Result<(), ProbeError> {
    let Some(moof) = children(buf, 0..buf.len()).next() else { return Ok(()) };
    for traf in moof?.children(buf) {
        let traf = traf?;
        if &traf.kind != b"traf" {
            continue;
        }
        let Some(tfhd) = traf.child(buf, *b"tfhd")? else { continue };
        let (track, default) = fragment_header(buf, tfhd, extends)?;
        // A hostile file must not fill the table: only tracks that the index knows.
        if !extends.defaults.iter().any(|(known, _)| *known == track) {
            continue;
        }
        let run = runs.entry(track).or_default();
        for trun in traf.children(buf) {
            let trun = trun?;
            if &trun.kind == b"trun" {
                add_run(trun.contents(buf), default, run)?;
            }
        }
    }
    Ok(())
}

/// `tfhd` (8.8.7): the track, and how long its samples are unless said otherwise.
fn fragment_header(buf: &[u8], tfhd: Span, extends: &Extends) -> Result<(u32, u32), ProbeError> {
    let data = tfhd.contents(buf);
    let flags = u32_at(data, 0)? & 0x00ff_ffff;
    let track = u32_at(data, 4)?;
    let mut at = 8;
    if flags & 0x01 != 0 {
        u64_at(data, at)?;
        at += 8;
    }
    if flags & 0x02 != 0 {
        at += 4;
    }
    let default = if flags & 0x08 != 0 {
        u32_at(data, at)?
    } else {
        extends.defaults.iter().find(|(known, _)| *known == track).map_or(0, |(_, duration)| *duration)
    };
    Ok((track, default))
}

/// `trun` (8.8.8)
fn add_run(data: &[u8], default: u32, run: &mut Run) -> Result<(), ProbeError> {
    let flags = u32_at(data, 0)? & 0x00ff_ffff;
    let count = u32_at(data, 4)?;
    let mut at = 8;
    for flag in [0x01, 0x04] {
        if flags & flag != 0 {
            at += 4;
        }
    }
    let entry_len = (flags & 0xf00).count_ones() as usize * 4;
    let end = (count as usize).checked_mul(entry_len).and_then(|len| len.checked_add(at));
    if end.is_none_or(|end| end > data.len()) {
        return Err(ProbeError::damaged("a fragment claims more samples than it lists"));
    }
    run.samples = run.samples.saturating_add(count.into());
    if flags & 0x100 == 0 {
        run.ticks = run.ticks.saturating_add(u64::from(count) * u64::from(default));
        return Ok(());
    }
    for _ in 0..count {
        run.ticks = run.ticks.saturating_add(u32_at(data, at)?.into());
        at += entry_len;
    }
    Ok(())
}
