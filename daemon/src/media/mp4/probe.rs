//! What an MP4 or QuickTime file is: reads the headers at its top level and its index, never its media.

use std::io;

use super::compressed::PlainIndex;
use super::fragments::{self, Fragments, ms};
use super::movie::{Media, Movie, Track, parse_moov_box};
use super::outline::{Outline, TopBox, begins_like_iso_media, walk};
use super::relocate;
use crate::core::media::{Container, Format, Index, MediaInfo, VideoStream};
use crate::media::{Picks, ProbeError, ReadAt, StreamRef};

/// Whether the content begins like ISO base media or QuickTime.
pub fn looks_like_iso_media(file: &dyn ReadAt) -> io::Result<bool> {
    let file_len = file.len()?;
    let mut head = vec![0; file_len.min(16) as usize];
    file.read_exact_at(&mut head, 0)?;
    Ok(begins_like_iso_media(&head, file_len))
}

/// What the file is, and which of its tracks are meant.
pub fn probe(file: &dyn ReadAt) -> Result<(MediaInfo, Picks), ProbeError> {
    let outline = walk(file)?;
    let index = outline.load_index(file)?;
    let plain = &index.plain;
    let movie = parse_moov_box(&plain.bytes)?;
    let video = pick(&movie, |track| matches!(track.media, Media::Video(_))).ok_or(ProbeError::NoVideo)?;
    let audio = pick(&movie, |track| matches!(track.media, Media::Audio(_)));
    if [Some(video), audio].into_iter().flatten().any(|track| track.external) {
        return Err(ProbeError::ExternalReference);
    }
    check_whole(&outline, &movie)?;
    let fragments = match &movie.extends {
        Some(extends) if outline.of_kind(*b"moof").next().is_some() => {
            Some(fragments::read(file, &outline, &movie, extends)?)
        }
        Some(_) | None => None,
    };
    let duration_ms = match &fragments {
        Some(fragments) => fragments.duration_ms,
        None => plain_duration_ms(&movie, video, audio),
    };
    let media_bytes = if fragments.is_some() {
        outline.file_len
    } else {
        video.samples.bytes.saturating_add(audio.map_or(0, |audio| audio.samples.bytes))
    };
    let format = Format {
        container: container(file, &outline)?,
        index: index_place(file, &outline, plain, &movie, fragments.is_some())?,
        video: video_stream(video, fragments.as_ref()),
        audio: audio.and_then(|track| match &track.media {
            Media::Audio(stream) => Some(stream.clone()),
            Media::Video(_) | Media::Other => None,
        }),
    };
    let info = MediaInfo::new(format, duration_ms, bitrate_bps(media_bytes, duration_ms));
    let picks =
        Picks { video: StreamRef::TrackId(video.id), audio: audio.map(|audio| StreamRef::TrackId(audio.id)) };
    Ok((info, picks))
}

/// The first enabled track of a kind, else the first at all. Pictures of chapters are no video.
pub(super) fn pick(movie: &Movie, wanted: impl Fn(&Track) -> bool) -> Option<&Track> {
    let is_chapters = |id| movie.tracks.iter().any(|track| track.chapters.contains(&id));
    let candidates = || movie.tracks.iter().filter(|track| wanted(track) && !is_chapters(track.id));
    candidates().find(|track| track.enabled).or_else(|| candidates().next())
}

/// Media that the index places beyond the end of the file are missing.
fn check_whole(outline: &Outline, movie: &Movie) -> Result<(), ProbeError> {
    let reach = movie.tracks.iter().filter(|track| !track.external).map(|track| track.samples.end);
    let fragment_end = outline
        .boxes
        .iter()
        .filter(|found| &found.kind == b"moof" || (&found.kind == b"mdat" && movie.extends.is_some()))
        .map(|found| found.end);
    let needed_bytes = reach.chain(fragment_end).max().unwrap_or(0);
    if needed_bytes > outline.file_len {
        return Err(ProbeError::Truncated { needed_bytes, size_bytes: outline.file_len });
    }
    Ok(())
}

fn container(file: &dyn ReadAt, outline: &Outline) -> Result<Container, ProbeError> {
    let Some(ftyp) = outline.of_kind(*b"ftyp").next() else { return Ok(Container::Mov) };
    if ftyp.len() < ftyp.header_len + 4 {
        return Err(ProbeError::damaged("the file type names no brand (ftyp)"));
    }
    let mut major_brand = [0; 4];
    file.read_exact_at(&mut major_brand, ftyp.start + ftyp.header_len)?;
    Ok(if &major_brand == b"qt  " { Container::Mov } else { Container::Mp4 })
}

fn index_place(
    file: &dyn ReadAt,
    outline: &Outline,
    plain: &PlainIndex<'_>,
    movie: &Movie,
    fragmented: bool,
) -> Result<Index, ProbeError> {
    let moov = outline.index()?;
    // QuickTime begins some files with an empty `mdat`.
    let holds_something = |found: &&TopBox| found.len() > found.header_len;
    let media_before =
        |kind| outline.of_kind(kind).filter(holds_something).any(|found| found.start < moov.start);
    if fragmented && (media_before(*b"moof") || media_before(*b"mdat")) {
        return Ok(Index::Fixed("fragments come before the index".to_owned()));
    }
    let used_before =
        movie.tracks.iter().any(|track| track.samples.end > 0 && track.samples.start < moov.start);
    if !media_before(*b"mdat") && !used_before && !plain.was_compressed {
        return Ok(Index::First);
    }
    Ok(match relocate::obstacle(file, outline, &plain.bytes, movie)? {
        None => Index::Last,
        Some(why) => Index::Fixed(why),
    })
}

fn plain_duration_ms(movie: &Movie, video: &Track, audio: Option<&Track>) -> u64 {
    let longest =
        [Some(video), audio].into_iter().flatten().map(|track| track_duration_ms(movie, track)).max();
    match longest.unwrap_or(0) {
        0 => ms(movie.duration_ticks, movie.timescale),
        duration_ms => duration_ms,
    }
}

/// What is presented: the edits, else the header, else the samples.
pub(super) fn track_duration_ms(movie: &Movie, track: &Track) -> u64 {
    if let Some(ticks) = track.edited_ticks.filter(|_| movie.timescale > 0) {
        return ms(ticks, movie.timescale);
    }
    match track.duration_ticks {
        0 => ms(track.samples.ticks, track.timescale),
        ticks => ms(ticks, track.timescale),
    }
}

pub(crate) fn bitrate_bps(bytes: u64, duration_ms: u64) -> u64 {
    (u128::from(bytes) * 8000)
        .checked_div(duration_ms.into())
        .map_or(0, |bps| u64::try_from(bps).unwrap_or(u64::MAX))
}

fn video_stream(track: &Track, fragments: Option<&Fragments>) -> Option<VideoStream> {
    let Media::Video(entry) = &track.media else { return None };
    let run = fragments.and_then(|fragments| fragments.runs.get(&track.id)).copied().unwrap_or_default();
    let samples = u128::from(track.samples.timed.saturating_add(run.samples));
    let ticks = u128::from(track.samples.ticks.saturating_add(run.ticks));
    let fps_milli =
        (samples * u128::from(track.timescale) * 1000 + ticks / 2).checked_div(ticks).unwrap_or(0);
    Some(VideoStream {
        codec: entry.codec.clone(),
        width: entry.width,
        height: entry.height,
        fps_milli: u32::try_from(fps_milli).unwrap_or(u32::MAX),
        rotation: track.rotation,
        interlaced: entry.interlaced,
    })
}
