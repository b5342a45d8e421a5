//! ffprobe's JSON, turned into what the rules need. Every field may be missing.

use serde::Deserialize;

use super::closer;
use crate::core::media::{
    AudioCodec, AudioStream, Container, H264, Index, MediaInfo, VideoCodec, VideoStream,
};
use crate::media::mp4::bitrate_bps;
use crate::media::{Details, Found, Picks, ProbeError, StreamRef};

#[derive(Debug, Deserialize)]
pub(super) struct Document {
    #[serde(default)]
    streams: Vec<Stream>,
    #[serde(default)]
    format: Format,
    #[serde(default)]
    pub(super) program_version: ProgramVersion,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct ProgramVersion {
    #[serde(default)]
    pub version: String,
    #[serde(default)]
    pub configuration: String,
}

#[derive(Debug, Default, Deserialize)]
struct Format {
    #[serde(default)]
    format_name: String,
    /// Seconds.
    duration: Option<String>,
    bit_rate: Option<String>,
    #[serde(default)]
    tags: FormatTags,
}

#[derive(Debug, Default, Deserialize)]
struct FormatTags {
    major_brand: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Stream {
    pub(super) index: u32,
    /// In an MP4 the track's id, such as `0x2`.
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) codec_type: String,
    pub(super) codec_name: Option<String>,
    pub(super) profile: Option<String>,
    pub(super) level: Option<i32>,
    /// How many frames are shown later than others that are decoded after them.
    pub(super) has_b_frames: Option<u32>,
    pub(super) width: Option<u32>,
    pub(super) height: Option<u32>,
    pub(super) pix_fmt: Option<String>,
    pub(super) sample_aspect_ratio: Option<String>,
    pub(super) color_range: Option<String>,
    pub(super) color_space: Option<String>,
    pub(super) color_transfer: Option<String>,
    pub(super) color_primaries: Option<String>,
    pub(super) field_order: Option<String>,
    pub(super) avg_frame_rate: Option<String>,
    pub(super) r_frame_rate: Option<String>,
    pub(super) channels: Option<u16>,
    pub(super) sample_rate: Option<String>,
    pub(super) bit_rate: Option<String>,
    /// Seconds.
    pub(super) start_time: Option<String>,
    /// Seconds.
    pub(super) duration: Option<String>,
    #[serde(default)]
    pub(super) disposition: Disposition,
    #[serde(default)]
    pub(super) tags: StreamTags,
    #[serde(default)]
    pub(super) side_data_list: Vec<SideData>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Disposition {
    #[serde(default)]
    default: u8,
    #[serde(default)]
    attached_pic: u8,
    #[serde(default)]
    timed_thumbnails: u8,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct StreamTags {
    rotate: Option<String>,
    /// Matroska writes statistics instead of a header field.
    #[serde(rename = "BPS")]
    bps: Option<String>,
    #[serde(rename = "DURATION")]
    duration: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct SideData {
    rotation: Option<f64>,
    /// Of a `DOVI configuration record`.
    pub(super) dv_profile: Option<u32>,
}

fn parse(text: &[u8]) -> Result<Document, ProbeError> {
    serde_json::from_slice(text).map_err(|error| ProbeError::Ffprobe(format!("unreadable answer: {error}")))
}

/// The details of streams that were picked natively.
pub(super) fn details(text: &[u8], picks: Picks) -> Result<Details, ProbeError> {
    let document = parse(text)?;
    let find = |wanted| document.streams.iter().find(|stream| is_meant(stream, wanted));
    let video = find(picks.video).ok_or(ProbeError::NoVideo)?;
    Ok(closer::details(&document, video, picks.audio.and_then(find)))
}

fn is_meant(stream: &Stream, wanted: StreamRef) -> bool {
    match wanted {
        StreamRef::Position(index) => stream.index == index,
        StreamRef::TrackId(id) => {
            let hexadecimal = stream.id.as_deref().and_then(|text| text.strip_prefix("0x"));
            hexadecimal.is_some_and(|digits| u32::from_str_radix(digits, 16) == Ok(id))
        }
    }
}

pub(super) fn describe(text: &[u8], size_bytes: u64) -> Result<Found, ProbeError> {
    let document = parse(text)?;
    let video = pick(&document, "video").ok_or(ProbeError::NoVideo)?;
    let audio = pick(&document, "audio");
    let duration_ms = duration_ms(&document, video, audio);
    let format = crate::core::media::Format {
        container: container(&document.format),
        index: Index::None,
        video: Some(video_stream(video, &document.format)),
        audio: audio.map(audio_stream),
    };
    let bitrate_bps = mean_bitrate_bps(&document.format, video, audio, size_bytes, duration_ms);
    let info = MediaInfo::new(format, duration_ms, bitrate_bps);
    let picks = Picks {
        video: StreamRef::Position(video.index),
        audio: audio.map(|audio| StreamRef::Position(audio.index)),
    };
    Ok(Found { info, picks, details: Some(closer::details(&document, video, audio)) })
}

/// The default stream of a kind, else its first. Cover art is no video.
fn pick<'a>(document: &'a Document, kind: &str) -> Option<&'a Stream> {
    let is_picture =
        |stream: &Stream| stream.disposition.attached_pic == 1 || stream.disposition.timed_thumbnails == 1;
    let candidates =
        || document.streams.iter().filter(|stream| stream.codec_type == kind && !is_picture(stream));
    candidates().find(|stream| stream.disposition.default == 1).or_else(|| candidates().next())
}

fn container(format: &Format) -> Container {
    let name = format.format_name.split(',').next().unwrap_or_default();
    match (name, format.tags.major_brand.as_deref()) {
        ("mov", Some("qt  ") | None) => Container::Mov,
        ("mov", Some(_)) => Container::Mp4,
        (name, _) => Container::Other(name.to_owned()),
    }
}

/// The longer of the two streams; of the whole file, which may hold longer ones, where they do not say it. 0 where
/// nothing says it, as in a recording that was never closed.
fn duration_ms(document: &Document, video: &Stream, audio: Option<&Stream>) -> u64 {
    let streams = [Some(video), audio].into_iter().flatten().map(stream_duration_s);
    let longest_s = streams.collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().reduce(f64::max));
    let duration_s = longest_s.or_else(|| seconds(document.format.duration.as_deref()?)).unwrap_or(0.0);
    // Rust converts anything outside of the range, and NaN, to the nearest end or 0.
    (duration_s * 1000.0).round() as u64
}

/// From the beginning of the first stream to the end of the last; 0 where one of them does not say it.
pub(super) fn span_ms(streams: &[&Stream]) -> u64 {
    let start_s = |stream: &Stream| stream.start_time.as_deref()?.parse::<f64>().ok();
    let starts = streams.iter().map(|stream| start_s(stream)).collect::<Option<Vec<_>>>();
    let ends = streams.iter().map(|stream| Some(start_s(stream)? + stream_duration_s(stream)?));
    let first_s = starts.into_iter().flatten().fold(f64::INFINITY, f64::min);
    let last_s = ends.collect::<Option<Vec<_>>>().into_iter().flatten().fold(0.0, f64::max);
    ((last_s - first_s) * 1000.0).round() as u64
}

fn stream_duration_s(stream: &Stream) -> Option<f64> {
    let field = stream.duration.as_deref().and_then(seconds);
    field.or_else(|| clock_seconds(stream.tags.duration.as_deref()?))
}

fn seconds(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|seconds| *seconds > 0.0)
}

/// `00:01:02.500000000`, as Matroska's statistics write it.
fn clock_seconds(text: &str) -> Option<f64> {
    let mut parts = text.splitn(3, ':').map(|part| part.parse::<f64>().ok());
    let (hours, minutes, rest) = (parts.next()??, parts.next()??, parts.next()??);
    Some(hours * 3600.0 + minutes * 60.0 + rest).filter(|seconds| *seconds > 0.0)
}

fn mean_bitrate_bps(
    format: &Format,
    video: &Stream,
    audio: Option<&Stream>,
    size_bytes: u64,
    duration_ms: u64,
) -> u64 {
    let number = |text: &Option<String>| text.as_deref()?.parse::<u64>().ok().filter(|bps| *bps > 0);
    let of_stream = |stream: &Stream| number(&stream.bit_rate).or_else(|| number(&stream.tags.bps));
    let of_streams =
        of_stream(video).and_then(|video| Some(video.saturating_add(audio.map_or(Some(0), of_stream)?)));
    of_streams.or_else(|| number(&format.bit_rate)).unwrap_or_else(|| bitrate_bps(size_bytes, duration_ms))
}

fn video_stream(stream: &Stream, format: &Format) -> VideoStream {
    VideoStream {
        codec: video_codec(stream, format),
        width: stream.width.unwrap_or(0),
        height: stream.height.unwrap_or(0),
        fps_milli: [&stream.avg_frame_rate, &stream.r_frame_rate]
            .into_iter()
            .find_map(|rate| fps_milli(rate.as_deref()?))
            .unwrap_or(0),
        rotation: rotation(stream),
        interlaced: matches!(stream.field_order.as_deref(), Some("tt" | "bb" | "tb" | "bt")),
    }
}

fn video_codec(stream: &Stream, format: &Format) -> VideoCodec {
    let name = stream.codec_name.as_deref().unwrap_or("unknown");
    // An AVI says only in which order frames are decoded; a copy would show them in that order.
    if name == "h264" && format.format_name == "avi" && stream.has_b_frames.is_some_and(|frames| frames > 0) {
        return VideoCodec::Other("h264, whose frames have no times (AVI),".to_owned());
    }
    if name != "h264" {
        return VideoCodec::Other(closer::in_words(name, stream));
    }
    VideoCodec::H264(H264 {
        profile_idc: profile_idc(stream.profile.as_deref().unwrap_or_default()),
        // A stream that says nothing about its level must not pass as a low one.
        level_idc: stream.level.and_then(|level| u8::try_from(level).ok()).unwrap_or(u8::MAX),
        plain_pixels: matches!(stream.pix_fmt.as_deref(), Some("yuv420p" | "yuvj420p")),
    })
}

/// `profile_idc` of the names that libavcodec prints; 0, which no rule accepts, for others.
fn profile_idc(name: &str) -> u8 {
    match name {
        "Baseline" | "Constrained Baseline" => 66,
        "Main" => 77,
        "Extended" => 88,
        "High" => 100,
        "High 10" | "High 10 Intra" => 110,
        "High 4:2:2" | "High 4:2:2 Intra" => 122,
        "High 4:4:4 Predictive" | "High 4:4:4 Intra" | "High 4:4:4" => 244,
        "CAVLC 4:4:4" => 44,
        "Multiview High" => 118,
        "Stereo High" => 128,
        other => other.parse().unwrap_or(0),
    }
}

/// `30000/1001` in thousandths; `None` for `0/0`.
fn fps_milli(rate: &str) -> Option<u32> {
    let (frames, seconds) = rate.split_once('/')?;
    let (frames, seconds) = (frames.parse::<u64>().ok()?, seconds.parse::<u64>().ok()?);
    let milli = frames.checked_mul(1000)?.checked_add(seconds / 2)?.checked_div(seconds)?;
    u32::try_from(milli).ok().filter(|milli| *milli > 0)
}

/// Clockwise. Side data count anticlockwise, the older tag clockwise.
fn rotation(stream: &Stream) -> u16 {
    let side = stream.side_data_list.iter().find_map(|side| side.rotation).map(|degrees| -degrees);
    let tag = || stream.tags.rotate.as_deref().and_then(|degrees| degrees.parse::<f64>().ok());
    let degrees = side.or_else(tag).unwrap_or(0.0).rem_euclid(360.0);
    // Always one of 0 to 4 quarters, also for NaN.
    (((degrees / 90.0).round() as u16) % 4) * 90
}

fn audio_stream(stream: &Stream) -> AudioStream {
    AudioStream {
        codec: audio_codec(stream),
        channels: stream.channels.unwrap_or(0),
        sample_rate_hz: stream.sample_rate.as_deref().and_then(|rate| rate.parse().ok()).unwrap_or(0),
    }
}

fn audio_codec(stream: &Stream) -> AudioCodec {
    let name = stream.codec_name.as_deref().unwrap_or("unknown");
    match (name, stream.profile.as_deref()) {
        ("aac", Some("LC")) => AudioCodec::AacLc,
        ("aac", Some("HE-AAC" | "HE-AACv2")) => AudioCodec::Other("aac he".to_owned()),
        ("aac", Some(profile)) => AudioCodec::Other(format!("aac {}", profile.to_lowercase())),
        ("aac", None) => AudioCodec::Other("aac of unknown profile".to_owned()),
        (name, _) => AudioCodec::Other(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_rotations() {
        assert_eq!(fps_milli("30000/1001"), Some(29_970));
        assert_eq!(fps_milli("0/0"), None);
        assert_eq!(fps_milli("25"), None);
        let turned = |degrees| {
            rotation(&Stream {
                side_data_list: vec![SideData { rotation: Some(degrees), dv_profile: None }],
                ..Stream::default()
            })
        };
        assert_eq!([turned(-90.0), turned(90.0), turned(180.0), turned(f64::NAN)], [90, 270, 180, 0]);
    }

    #[test]
    fn the_chosen_streams_decide_the_duration() {
        assert_eq!(clock_seconds("00:01:02.500000000"), Some(62.5));
        assert_eq!(clock_seconds("62.5"), None);
        let text = br#"{"streams":[
            {"index":0,"codec_type":"video","codec_name":"vp9","tags":{"DURATION":"00:00:02.000000000"}},
            {"index":1,"codec_type":"audio","codec_name":"opus","tags":{"DURATION":"00:00:02.020000000"}},
            {"index":2,"codec_type":"subtitle","tags":{"DURATION":"00:00:09.000000000"}}],
            "format":{"format_name":"matroska,webm","duration":"9.0"}}"#;
        assert_eq!(describe(text, 1).unwrap().info.duration_ms, 2020);
    }

    #[test]
    fn details_are_those_of_the_picked_streams() {
        let text = br#"{"program_version":{"version":"4.3.9-0+deb11u1","configuration":"--enable-libzimg"},"streams":[
            {"index":0,"id":"0x1","codec_type":"video","width":64,"height":48},
            {"index":1,"id":"0x1f","codec_type":"video","width":96,"height":72,"sample_aspect_ratio":"4:3",
             "color_transfer":"smpte2084","start_time":"1.5","duration":"2.0",
             "side_data_list":[{"side_data_type":"DOVI configuration record","dv_profile":5}]},
            {"index":2,"id":"0x3","codec_type":"audio","channels":6,"sample_rate":"96000","start_time":"1.0",
             "duration":"2.0"}],"format":{}}"#;
        let picks = Picks { video: StreamRef::TrackId(31), audio: Some(StreamRef::TrackId(3)) };
        let found = details(text, picks).unwrap();
        assert_eq!((found.width, found.pixel_aspect, found.span_ms), (96, (4, 3), 2500));
        assert_eq!((found.channels, found.sample_rate_hz), (6, 96_000));
        assert!(found.enhancement_only && found.abilities.zscale && !found.abilities.fps_mode);
        let missing = Picks { video: StreamRef::TrackId(9), audio: None };
        assert!(matches!(details(text, missing), Err(ProbeError::NoVideo)));
    }

    #[test]
    fn cover_art_is_not_the_video() {
        let text = br#"{"streams":[
            {"index":0,"codec_type":"video","codec_name":"mjpeg","disposition":{"default":1,"attached_pic":1}},
            {"index":1,"codec_type":"audio","codec_name":"mp3"}],"format":{"format_name":"mp3"}}"#;
        assert!(matches!(describe(text, 1), Err(ProbeError::NoVideo)));
    }

    #[test]
    fn an_answer_with_nothing_in_it_is_no_video() {
        assert!(matches!(describe(b"{}", 1), Err(ProbeError::NoVideo)));
        assert!(matches!(describe(b"[", 1), Err(ProbeError::Ffprobe(_))));
    }

    #[test]
    fn bitrates_fall_back_to_the_size() {
        let text = br#"{"streams":[{"index":3,"codec_type":"video","codec_name":"vp9"}],
            "format":{"format_name":"matroska,webm","duration":"2.000000"}}"#;
        let Found { info, picks, .. } = describe(text, 1000).unwrap();
        assert_eq!((info.bitrate_bps, info.duration_ms), (4000, 2000));
        assert_eq!(info.container, Container::Other("matroska".into()));
        assert_eq!(picks.video, StreamRef::Position(3));
    }
}
