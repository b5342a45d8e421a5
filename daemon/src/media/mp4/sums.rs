//! What the sample tables of a file add up to, for each of the two tracks that are played: to compare a result with what
//! it was made of.

use super::fragments::ms;
use super::movie::{Media, Track, parse_moov_box};
use super::outline::walk;
use super::probe::{pick, track_duration_ms};
use crate::media::{ProbeError, ReadAt};

/// One track by its tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrackSum {
    /// What is presented of it.
    pub duration_ms: u64,
    /// How long its samples last, whatever is presented of them.
    pub samples_ms: u64,
    /// Samples that have a size.
    pub sized: u64,
    /// Samples that have a time.
    pub timed: u64,
    pub bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sums {
    pub video: Option<TrackSum>,
    pub audio: Option<TrackSum>,
    /// Bytes of media in the file (`mdat`).
    pub media_bytes: u64,
}

/// `None` where the tables do not hold all samples: in fragmented files.
pub fn sums(file: &dyn ReadAt) -> Result<Option<Sums>, ProbeError> {
    let outline = walk(file)?;
    let movie = parse_moov_box(&outline.load_index(file)?.plain.bytes)?;
    if outline.of_kind(*b"moof").next().is_some() {
        return Ok(None);
    }
    let sum = |track: &Track| TrackSum {
        duration_ms: track_duration_ms(&movie, track),
        samples_ms: ms(track.samples.ticks, track.timescale),
        sized: track.samples.count,
        timed: track.samples.timed,
        bytes: track.samples.bytes,
    };
    let video = pick(&movie, |track| matches!(track.media, Media::Video(_))).map(sum);
    let audio = pick(&movie, |track| matches!(track.media, Media::Audio(_))).map(sum);
    let media = outline.of_kind(*b"mdat").map(|found| found.len() - found.header_len);
    Ok(Some(Sums { video, audio, media_bytes: media.fold(0, u64::saturating_add) }))
}
