//! Whether an H.264 track stays what its description says. Parameter sets may also travel in the stream, and a recording
//! that goes from one programme to the next may change the size of its picture there, which many players do not follow.

use super::boxes::{Span, entries, u32_at};
use super::movie::{Media, Movie, Track, parse_moov_box};
use super::outline::walk;
use super::sps::parse_sps;
use super::tables::{Run, Sizes};
use crate::media::{ProbeError, ReadAt};

/// Parameter sets come first in a key frame; no real ones are longer.
const HEAD_LEN_MAX: u64 = 4096;

/// Whether a key frame of the first H.264 track brings a picture of another size along. Reads the head of each. Meant
/// for files of our own making: a hostile table could keep it busy.
pub fn changes_size(file: &dyn ReadAt) -> Result<bool, ProbeError> {
    let outline = walk(file)?;
    let index = outline.load_index(file)?;
    let moov_bytes = &index.plain.bytes;
    let movie = parse_moov_box(moov_bytes)?;
    let Some((track, size)) = pictures(&movie) else { return Ok(false) };
    let mut head = vec![0; HEAD_LEN_MAX as usize];
    for (offset, len) in key_frames(moov_bytes, track)? {
        let head = &mut head[..len.min(HEAD_LEN_MAX) as usize];
        file.read_exact_at(head, offset)?;
        if units(head).filter_map(parse_sps).any(|sps| (sps.width, sps.height) != size) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn pictures(movie: &Movie) -> Option<(&Track, (u32, u32))> {
    movie.tracks.iter().find_map(|track| match &track.media {
        Media::Video(entry) => Some((track, (entry.width, entry.height))),
        Media::Audio(_) | Media::Other => None,
    })
}

/// Offset and length of each sample that `stss` (8.6.2) lists.
fn key_frames(buf: &[u8], track: &Track) -> Result<Vec<(u64, u64)>, ProbeError> {
    let (Some(stbl), Some(chunks)) = (track.path.last(), track.tables.chunks) else { return Ok(Vec::new()) };
    let (Some(stsz), Some(stsc), Some(stss)) =
        (stbl.child(buf, *b"stsz")?, stbl.child(buf, *b"stsc")?, stbl.child(buf, *b"stss")?)
    else {
        return Ok(Vec::new());
    };
    let sizes = Sizes::parse(buf, stsz)?;
    let mut runs = list::<12>(buf, stsc)?.iter().map(Run::parse).peekable();
    // Samples are counted from 1.
    let mut wanted =
        list::<4>(buf, stss)?.iter().map(|number| u64::from(u32::from_be_bytes(*number))).peekable();
    let mut found = Vec::new();
    let (mut sample, mut in_chunk) = (0, 0);
    for (number, chunk) in (1u32..).zip(chunks.offsets(buf)?) {
        while let Some(run) = runs.next_if(|run| run.first_chunk <= number) {
            in_chunk = run.samples;
        }
        let end = u64::saturating_add(sample, in_chunk);
        while let Some(key) = wanted.next_if(|key| *key <= end) {
            // What is listed out of order is passed over.
            let Some(before) = key.checked_sub(1 + sample) else { continue };
            found.push((chunk.saturating_add(sizes.sum(sample, before)), sizes.sum(key - 1, 1)));
        }
        sample = end;
    }
    Ok(found)
}

fn list<const N: usize>(buf: &[u8], table: Span) -> Result<&[[u8; N]], ProbeError> {
    let contents = table.contents(buf);
    entries::<N>(contents, 8, u32_at(contents, 4)?)
}

/// The units of a sample, each after its length (ISO/IEC 14496-15, 5.3.4.2), as ffmpeg writes it, in four bytes.
fn units(mut sample: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (len, rest) = sample.split_first_chunk::<4>()?;
        let len = usize::try_from(u32::from_be_bytes(*len)).ok()?.min(rest.len());
        let (unit, rest) = rest.split_at(len);
        sample = rest;
        Some(unit)
    })
}
