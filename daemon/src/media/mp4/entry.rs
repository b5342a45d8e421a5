//! Sample descriptions (`stsd`, ISO/IEC 14496-12, 8.5.2): which codec a track holds, under the names of ffprobe.

use super::boxes::{FourCc, Span, children, fourcc_at, name_of, u8_at, u16_at, u32_at, u64_at};
use super::esds::{Esds, parse_esds};
use super::sps::parse_avc_config;
use crate::core::media::{AudioCodec, AudioStream, VideoCodec};
use crate::media::ProbeError;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct VideoEntry {
    pub codec: VideoCodec,
    pub width: u32,
    pub height: u32,
    pub interlaced: bool,
}

/// A sample entry, and whether `stsd` has QuickTime's version 0, which decides how sound entries are laid out.
struct SampleEntry {
    span: Span,
    quicktime: bool,
}

/// The first sample entry; later ones would be switched to within the track.
fn first_entry(buf: &[u8], stsd: Span) -> Result<SampleEntry, ProbeError> {
    let version = u8_at(buf, stsd.body)?;
    match children(buf, stsd.body.saturating_add(8)..stsd.end).next() {
        Some(span) => Ok(SampleEntry { span: span?, quicktime: version == 0 }),
        None => Err(ProbeError::damaged("a track does not say how it is coded (stsd)")),
    }
}

/// Finds a box after the fixed fields of an entry. What follows them in old QuickTime files is not always a box, so
/// that the end of the boxes is the end of the search, not damage.
fn extension(buf: &[u8], entry: Span, fixed_len: usize, kind: FourCc) -> Option<Span> {
    children(buf, entry.body.saturating_add(fixed_len)..entry.end)
        .map_while(Result::ok)
        .find(|child| child.kind == kind)
}

/// `VisualSampleEntry` (12.1.3)
pub(super) fn parse_video(buf: &[u8], stsd: Span) -> Result<VideoEntry, ProbeError> {
    const FIXED_LEN: usize = 78;
    let entry = first_entry(buf, stsd)?.span;
    let width = u32::from(u16_at(buf, entry.body + 24)?);
    let height = u32::from(u16_at(buf, entry.body + 26)?);
    let find = |kind: &FourCc| extension(buf, entry, FIXED_LEN, *kind).map(|found| found.contents(buf));
    // QuickTime's `fiel`: 1 for frames, 2 for fields.
    let fields = find(b"fiel").and_then(|fiel| fiel.first().copied());
    let plain = |name: &str| VideoEntry {
        codec: VideoCodec::Other(name.to_owned()),
        width,
        height,
        interlaced: fields == Some(2),
    };
    if !matches!(&entry.kind, b"avc1" | b"avc3") {
        let esds = find(b"esds").and_then(parse_esds);
        let mut words = video_name(entry.kind, esds.as_ref());
        words.push_str(find(b"hvcC").and_then(hevc_profile).unwrap_or_default());
        words.push_str(find(b"colr").and_then(hdr).unwrap_or_default());
        return Ok(plain(&words));
    }
    let Some(config) = find(b"avcC").and_then(parse_avc_config) else {
        return Ok(plain("h264 without its configuration (avcC)"));
    };
    let coded_as_fields = config.sps.as_ref().is_some_and(|sps| sps.interlaced);
    // The SPS says what is coded; the entry is what a muxer believed.
    let (width, height) = config.sps.map_or((width, height), |sps| (sps.width, sps.height));
    let interlaced = fields.map_or(coded_as_fields, |fields| fields == 2);
    Ok(VideoEntry { codec: VideoCodec::H264(config.h264), width, height, interlaced })
}

/// `general_profile_idc` (ISO/IEC 14496-15, 8.3.3.1) of all but Main, in ffprobe's words.
fn hevc_profile(config: &[u8]) -> Option<&'static str> {
    match config.get(1)? & 0x1f {
        2 => Some(", Main 10"),
        3 => Some(", Main Still Picture"),
        4 => Some(", Rext"),
        _main_or_newer => None,
    }
}

/// `transfer_characteristics` (12.1.5) of a high dynamic range.
fn hdr(colr: &[u8]) -> Option<&'static str> {
    if !matches!(colr.get(..4)?, b"nclx" | b"nclc") {
        return None;
    }
    match u16::from_be_bytes([*colr.get(6)?, *colr.get(7)?]) {
        16 => Some(", HDR (PQ)"),
        18 => Some(", HDR (HLG)"),
        _standard => None,
    }
}

fn video_name(kind: FourCc, esds: Option<&Esds>) -> String {
    let name = match &kind {
        b"hvc1" | b"hev1" | b"dvh1" | b"dvhe" => "hevc",
        b"vvc1" | b"vvi1" => "vvc",
        b"vp08" => "vp8",
        b"vp09" => "vp9",
        b"av01" => "av1",
        b"mp4v" => match esds.map(|esds| esds.object_type) {
            Some(0x60..=0x65) => "mpeg2video",
            Some(0x6a) => "mpeg1video",
            Some(0x6c) => "mjpeg",
            Some(_) | None => "mpeg4",
        },
        b"s263" | b"h263" => "h263",
        b"jpeg" | b"mjpa" | b"mjpb" => "mjpeg",
        b"png " => "png",
        b"apcn" | b"apch" | b"apco" | b"apcs" | b"ap4h" | b"ap4x" => "prores",
        b"AVdn" | b"AVdh" => "dnxhd",
        b"encv" => "encrypted video",
        _ => return name_of(kind),
    };
    name.to_owned()
}

/// `AudioSampleEntry` (12.2.3) and the sound sample descriptions of QuickTime, versions 1 and 2.
pub(super) fn parse_audio(buf: &[u8], stsd: Span) -> Result<AudioStream, ProbeError> {
    let SampleEntry { span: entry, quicktime } = first_entry(buf, stsd)?;
    let body = entry.body;
    let version = if quicktime { u16_at(buf, body + 8)? } else { 0 };
    let (fixed_len, channels, sample_rate_hz) = if version == 2 {
        // A rate beyond u32 or not a number becomes 0 or the maximum, which no rule accepts.
        let rate = f64::from_bits(u64_at(buf, body + 32)?) as u32;
        (64, u16::try_from(u32_at(buf, body + 40)?).unwrap_or(u16::MAX), rate)
    } else {
        let fixed_len = if version == 1 { 44 } else { 28 };
        (fixed_len, u16_at(buf, body + 16)?, u32_at(buf, body + 24)? >> 16)
    };
    let esds = extension(buf, entry, fixed_len, *b"esds").or_else(|| {
        // QuickTime wraps it.
        extension(buf, entry, fixed_len, *b"wave").and_then(|wave| extension(buf, wave, 0, *b"esds"))
    });
    let esds = esds.and_then(|esds| parse_esds(esds.contents(buf)));
    let config = esds.as_ref().and_then(|esds| esds.audio.as_ref());
    Ok(AudioStream {
        codec: audio_codec(entry.kind, esds.as_ref()),
        channels: config.and_then(|config| config.channels).unwrap_or(channels),
        sample_rate_hz: config.map_or(sample_rate_hz, |config| config.sample_rate_hz),
    })
}

fn audio_codec(kind: FourCc, esds: Option<&Esds>) -> AudioCodec {
    if &kind == b"mp4a" {
        return esds
            .map_or_else(|| AudioCodec::Other("aac without its configuration (esds)".into()), mp4a_codec);
    }
    let name = match &kind {
        b"ac-3" => "ac3",
        b"ec-3" => "eac3",
        b"ac-4" => "ac4",
        b"Opus" => "opus",
        b"fLaC" => "flac",
        b"alac" => "alac",
        b".mp3" => "mp3",
        b"samr" => "amr_nb",
        b"sawb" => "amr_wb",
        b"dtsc" | b"dtsh" | b"dtsl" | b"dtse" => "dts",
        b"mlpa" => "truehd",
        b"ulaw" => "pcm_mulaw",
        b"alaw" => "pcm_alaw",
        b"sowt" | b"twos" | b"lpcm" | b"ipcm" | b"fpcm" | b"in24" | b"in32" | b"fl32" | b"fl64" | b"raw " => {
            "pcm"
        }
        b"enca" => "encrypted audio",
        _ => return AudioCodec::Other(name_of(kind)),
    };
    AudioCodec::Other(name.to_owned())
}

/// Object types registered at mp4ra.org.
fn mp4a_codec(esds: &Esds) -> AudioCodec {
    let name = match esds.object_type {
        0x40 => match &esds.audio {
            Some(config) if config.sbr => "aac he",
            Some(config) => match config.object_type {
                2 => return AudioCodec::AacLc,
                1 => "aac main",
                3 => "aac ssr",
                4 => "aac ltp",
                23 => "aac ld",
                34 => "mp3",
                39 => "aac eld",
                42 => "aac xhe",
                other => return AudioCodec::Other(format!("aac of object type {other}")),
            },
            None => "aac without its configuration",
        },
        // MPEG-2 AAC, low complexity: the same bits.
        0x67 => return AudioCodec::AacLc,
        0x66 => "aac main",
        0x68 => "aac ssr",
        0x69 | 0x6b => "mp3",
        0xa5 => "ac3",
        0xa6 => "eac3",
        0xa9 => "dts",
        0xad => "opus",
        0xdd => "vorbis",
        other => return AudioCodec::Other(format!("mp4a of object type {other:#04x}")),
    };
    AudioCodec::Other(name.to_owned())
}

/// Whether any sample of the track lies in another file (`dref`, 8.7.2).
pub(super) fn is_external(buf: &[u8], dref: Span) -> Result<bool, ProbeError> {
    const SELF_CONTAINED: u8 = 1;
    for entry in children(buf, dref.body.saturating_add(8)..dref.end) {
        if u8_at(buf, entry?.body.saturating_add(3))? & SELF_CONTAINED == 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `handler_type` of `hdlr` (8.4.3)
pub(super) fn handler(buf: &[u8], hdlr: Span) -> Result<FourCc, ProbeError> {
    fourcc_at(buf, hdlr.body.saturating_add(8))
}

#[cfg(test)]
mod tests {
    use super::super::handmade::{file_type, make_box, movie, sparse, track};
    use super::*;

    /// A `dref` of entries with these flags, each with a name behind them.
    fn references(flags: &[u8]) -> Vec<u8> {
        let entry =
            |flags: &u8| make_box(b"url ", &[&[0, 0, 0, *flags][..], b"file:///etc/passwd\0"].concat());
        let count = u32::try_from(flags.len()).unwrap();
        let entries: Vec<u8> = flags.iter().flat_map(entry).collect();
        make_box(b"dref", &[&[0; 4][..], &count.to_be_bytes(), &entries].concat())
    }

    #[test]
    fn one_reference_to_another_file_is_enough() {
        let external = |flags: &[u8]| {
            let bytes = references(flags);
            is_external(&bytes, children(&bytes, 0..bytes.len()).next().unwrap().unwrap()).unwrap()
        };
        assert!(!external(&[]) && !external(&[1]) && !external(&[1, 1]));
        assert!(external(&[0]) && external(&[1, 0]) && external(&[0, 1]));
    }

    #[test]
    fn a_film_whose_media_are_elsewhere_says_so() {
        for (flags, refused) in [(1, false), (0, true)] {
            let mut trak = track(1, &[40], 4, false);
            let inside = make_box(b"dinf", &references(&[flags]));
            // Behind the tables, in `minf`, which is the last box of `mdia`, which is the last of `trak`.
            trak.extend_from_slice(&inside);
            let len = u32::try_from(inside.len()).unwrap();
            for kind in [b"trak", b"mdia", b"minf"] {
                let at = trak.windows(4).position(|name| name == kind).unwrap() - 4;
                let old = u32::from_be_bytes(trak[at..at + 4].try_into().unwrap());
                trak[at..at + 4].copy_from_slice(&(old + len).to_be_bytes());
            }
            let bytes = [file_type(), make_box(b"mdat", &[0; 64]), movie(&[trak])].concat();
            let probed = super::super::probe(&sparse(0, &[(0, &bytes)]));
            match probed {
                Err(error) if refused => {
                    assert_eq!(
                        error.to_string(),
                        "the file refers to media in another file, which is refused"
                    );
                }
                probed => assert!(!refused && probed.is_ok(), "{flags}: {probed:?}"),
            }
        }
    }
}
