//! The index (`moov`, ISO/IEC 14496-12, 8.2): its tracks, and whether every offset in it is known.

use super::boxes::{FourCc, Span, children, entries, u8_at, u32_at, u64_at};
use super::entry::{VideoEntry, handler, is_external, parse_audio, parse_video};
use super::pointers::Pointers;
use super::tables::{SampleTables, Samples, chunk_table};
use crate::core::media::AudioStream;
use crate::media::ProbeError;

/// More than any real file; bounds the work on a hostile one.
const TRACKS_MAX: usize = 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Movie {
    /// Units a second of `duration_ticks` and of edits.
    pub timescale: u32,
    pub duration_ticks: u64,
    pub tracks: Vec<Track>,
    /// There is an `mvex`: samples may follow in fragments.
    pub extends: Option<Extends>,
    /// Other places of the file that the index knows.
    pub pointers: Pointers,
}

/// `mvex` (8.8.1)
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Extends {
    /// From `mehd`, in the movie's time scale.
    pub duration_ticks: Option<u64>,
    /// Track and default sample duration, from `trex`.
    pub defaults: Vec<(u32, u32)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Track {
    pub id: u32,
    pub enabled: bool,
    /// Clockwise: 0, 90, 180 or 270 degrees.
    pub rotation: u16,
    pub media: Media,
    /// Units a second of `duration_ticks`.
    pub timescale: u32,
    pub duration_ticks: u64,
    /// What the edit list presents, in the movie's time scale.
    pub edited_ticks: Option<u64>,
    pub samples: Samples,
    pub tables: SampleTables,
    /// The boxes around the table of chunks, outermost first, without the index itself.
    pub path: Vec<Span>,
    pub external: bool,
    /// Tracks that hold this one's chapter titles or pictures.
    pub chapters: Vec<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Media {
    Video(VideoEntry),
    Audio(AudioStream),
    Other,
}

/// The contents of `moov`, which lies at `moov` in the buffer and is not compressed.
pub(super) fn parse_movie(buf: &[u8], moov: Span) -> Result<Movie, ProbeError> {
    let mut movie = Movie {
        timescale: 0,
        duration_ticks: 0,
        tracks: Vec::new(),
        extends: None,
        pointers: Pointers::default(),
    };
    for child in moov.children(buf) {
        let child = child?;
        match &child.kind {
            b"mvhd" => (movie.timescale, movie.duration_ticks) = parse_times(buf, child)?,
            b"trak" if movie.tracks.len() == TRACKS_MAX => {
                return Err(ProbeError::damaged("there are more than 1024 tracks"));
            }
            b"trak" => {
                let track = parse_track(buf, child, &mut movie.pointers)?;
                movie.tracks.extend(track);
            }
            b"mvex" => movie.extends = Some(parse_extends(buf, child)?),
            b"meta" => movie.pointers.items(buf, child)?,
            b"udta" => user_data(buf, child, &mut movie.pointers)?,
            b"cmov" => return Err(ProbeError::damaged("it is compressed more than once (cmov)")),
            _ => {}
        }
    }
    Ok(movie)
}

/// `udta` (8.10.1), which QuickTime fills with things that are no boxes.
fn user_data(buf: &[u8], udta: Span, pointers: &mut Pointers) -> Result<(), ProbeError> {
    for child in udta.children(buf).map_while(Result::ok).filter(|child| &child.kind == b"meta") {
        pointers.items(buf, child)?;
    }
    Ok(())
}

/// `mvhd` (8.2.2) and `mdhd` (8.4.2) begin alike: time scale and duration.
fn parse_times(buf: &[u8], header: Span) -> Result<(u32, u64), ProbeError> {
    let body = header.body;
    let (timescale, duration, unknown) = if u8_at(buf, body)? == 1 {
        (u32_at(buf, body + 20)?, u64_at(buf, body + 24)?, u64::MAX)
    } else {
        (u32_at(buf, body + 12)?, u32_at(buf, body + 16)?.into(), u64::from(u32::MAX))
    };
    Ok((timescale, if duration == unknown { 0 } else { duration }))
}

fn parse_extends(buf: &[u8], mvex: Span) -> Result<Extends, ProbeError> {
    let mut extends = Extends::default();
    for child in mvex.children(buf) {
        let child = child?;
        match &child.kind {
            b"mehd" if u8_at(buf, child.body)? == 1 => {
                extends.duration_ticks = Some(u64_at(buf, child.body + 4)?)
            }
            b"mehd" => extends.duration_ticks = Some(u32_at(buf, child.body + 4)?.into()),
            b"trex" if extends.defaults.len() < TRACKS_MAX => {
                extends.defaults.push((u32_at(buf, child.body + 4)?, u32_at(buf, child.body + 12)?));
            }
            _ => {}
        }
    }
    extends.duration_ticks = extends.duration_ticks.filter(|ticks| *ticks > 0);
    Ok(extends)
}

/// What is collected from the boxes of a `trak`, in whatever order they come.
#[derive(Default)]
struct Parts {
    header: Option<TrackHeader>,
    times: (u32, u64),
    handler: FourCc,
    description: Option<Span>,
    tables: SampleTables,
    path: Vec<Span>,
    edited_ticks: Option<u64>,
    external: bool,
    chapters: Vec<u32>,
}

/// `None` for a track without header or samples description, which no player can use either.
fn parse_track(buf: &[u8], trak: Span, pointers: &mut Pointers) -> Result<Option<Track>, ProbeError> {
    let mut parts = Parts::default();
    collect(buf, trak, &mut parts, pointers)?;
    let (Some(header), Some(stsd)) = (parts.header, parts.description) else {
        if parts.tables.chunks.is_some() {
            pointers.obstacle = Some("the index has an incomplete track");
        }
        return Ok(None);
    };
    let media = match &parts.handler {
        b"vide" => Media::Video(parse_video(buf, stsd)?),
        b"soun" => Media::Audio(parse_audio(buf, stsd)?),
        _ => Media::Other,
    };
    Ok(Some(Track {
        id: header.id,
        enabled: header.enabled,
        rotation: header.rotation,
        media,
        timescale: parts.times.0,
        duration_ticks: parts.times.1,
        edited_ticks: parts.edited_ticks,
        samples: parts.tables.sum(buf)?,
        tables: parts.tables,
        path: parts.path,
        external: parts.external,
        chapters: parts.chapters,
    }))
}

/// Visits `trak` and those of its boxes that hold boxes.
fn collect(buf: &[u8], parent: Span, parts: &mut Parts, pointers: &mut Pointers) -> Result<(), ProbeError> {
    if matches!(&parent.kind, b"trak" | b"mdia" | b"minf" | b"stbl") {
        parts.path.push(parent);
    }
    for child in parent.children(buf) {
        let child = child?;
        match (&parent.kind, &child.kind) {
            (b"trak", b"tkhd") => parts.header = Some(parse_track_header(buf, child)?),
            (b"trak", b"meta") => pointers.items(buf, child)?,
            (b"trak", b"udta") => user_data(buf, child, pointers)?,
            (b"edts", b"elst") => parts.edited_ticks = parse_edits(buf, child)?,
            (b"tref", b"chap") => {
                parts.chapters =
                    child.contents(buf).as_chunks::<4>().0.iter().map(|id| u32::from_be_bytes(*id)).collect();
            }
            (b"mdia", b"mdhd") => parts.times = parse_times(buf, child)?,
            (b"mdia", b"hdlr") => parts.handler = handler(buf, child)?,
            (b"dinf", b"dref") => parts.external = is_external(buf, child)?,
            (b"stbl", b"stsd") => parts.description = Some(child),
            (b"stbl", b"stts") => parts.tables.times = Some(child),
            (b"stbl", b"stsz" | b"stz2") => parts.tables.sizes = Some(child),
            (b"stbl", b"stsc") => parts.tables.chunk_runs = Some(child),
            (b"stbl", b"stco" | b"co64") if parts.tables.chunks.is_some() => {
                return Err(ProbeError::damaged("a track has two tables of chunk offsets"));
            }
            (b"stbl", b"stco" | b"co64") => parts.tables.chunks = Some(chunk_table(buf, child)?),
            (b"stbl", b"saio") => pointers.encryption(buf, child)?,
            (b"trak", b"edts" | b"tref" | b"mdia") | (b"mdia", b"minf") | (b"minf", b"dinf" | b"stbl") => {
                collect(buf, child, parts, pointers)?;
            }
            _ => {}
        }
    }
    Ok(())
}

struct TrackHeader {
    id: u32,
    enabled: bool,
    rotation: u16,
}

/// `tkhd` (8.3.2)
fn parse_track_header(buf: &[u8], tkhd: Span) -> Result<TrackHeader, ProbeError> {
    let body = tkhd.body;
    let long = u8_at(buf, body)? == 1;
    let id = u32_at(buf, body + if long { 20 } else { 12 })?;
    let matrix = body + if long { 52 } else { 40 };
    let a = i64::from(u32_at(buf, matrix)?.cast_signed());
    let b = i64::from(u32_at(buf, matrix + 4)?.cast_signed());
    let rotation = match (a.abs() >= b.abs(), a < 0, b < 0) {
        (true, false, _) => 0,
        (true, true, _) => 180,
        (false, _, false) => 90,
        (false, _, true) => 270,
    };
    Ok(TrackHeader { id, enabled: u8_at(buf, body + 3)? & 1 == 1, rotation })
}

/// `elst` (8.6.6): the sum of the edits; `None` where they are left open, as in fragmented files.
fn parse_edits(buf: &[u8], elst: Span) -> Result<Option<u64>, ProbeError> {
    let table = elst.contents(buf);
    let count = u32_at(table, 4)?;
    let mut sum = 0u64;
    if u8_at(table, 0)? == 1 {
        for [ticks @ .., _, _, _, _, _, _, _, _, _, _, _, _] in entries::<20>(table, 8, count)? {
            sum = sum.saturating_add(u64::from_be_bytes(*ticks));
        }
    } else {
        for [a, b, c, d, ..] in entries::<12>(table, 8, count)? {
            sum = sum.saturating_add(u32::from_be_bytes([*a, *b, *c, *d]).into());
        }
    }
    Ok(Some(sum).filter(|sum| *sum > 0))
}

/// Parses `moov` from a buffer that holds exactly this box.
pub(super) fn parse_moov_box(buf: &[u8]) -> Result<Movie, ProbeError> {
    match children(buf, 0..buf.len()).next() {
        Some(moov) => parse_movie(buf, moov?),
        None => Err(ProbeError::damaged("it is empty")),
    }
}
