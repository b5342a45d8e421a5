//! The part of ffprobe's answer that only a conversion needs. Every field may be missing, or say anything.

use super::json::{Document, Stream, span_ms};
use crate::media::details::{Abilities, Color, Details, Matrix, Model, Primaries, Range, Transfer};

/// Beyond it a pixel is a mistake or a malice: the picture would become a line.
const PIXEL_ASPECT_MAX: u32 = 8;

pub(super) fn details(document: &Document, video: &Stream, audio: Option<&Stream>) -> Details {
    let streams: Vec<&Stream> = [Some(video), audio].into_iter().flatten().collect();
    let version = &document.program_version;
    Details {
        width: video.width.unwrap_or(0),
        height: video.height.unwrap_or(0),
        pixel_aspect: video.sample_aspect_ratio.as_deref().and_then(pixel_aspect).unwrap_or((1, 1)),
        color: color(video),
        enhancement_only: video.side_data_list.iter().any(|side| side.dv_profile == Some(5)),
        channels: audio.and_then(|audio| audio.channels).unwrap_or(0),
        sample_rate_hz: audio.and_then(|audio| audio.sample_rate.as_deref()?.parse().ok()).unwrap_or(0),
        span_ms: span_ms(&streams),
        abilities: Abilities::of(&version.version, &version.configuration),
    }
}

/// `64:45`; `0:1` where it is unknown.
fn pixel_aspect(text: &str) -> Option<(u32, u32)> {
    let (width, height) = text.split_once(':')?;
    let (width, height) = (width.parse::<u32>().ok()?, height.parse::<u32>().ok()?);
    let bounded = |a: u32, b: u32| a > 0 && a <= b.saturating_mul(PIXEL_ASPECT_MAX);
    (bounded(width, height) && bounded(height, width)).then_some((width, height))
}

fn color(stream: &Stream) -> Color {
    let format = stream.pix_fmt.as_deref().unwrap_or_default();
    let is_rgb = ["rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "x2rgb", "x2bgr", "pal8"]
        .iter()
        .any(|prefix| format.starts_with(prefix));
    let range = match stream.color_range.as_deref() {
        Some("tv") => Some(Range::Limited),
        Some("pc") => Some(Range::Full),
        Some(_) | None => None,
    };
    Color {
        model: if is_rgb { Model::Rgb } else { Model::Yuv },
        range: range.or_else(|| format.starts_with("yuvj").then_some(Range::Full)),
        matrix: stream.color_space.as_deref().and_then(Matrix::of_name),
        transfer: stream.color_transfer.as_deref().and_then(Transfer::of_name),
        primaries: stream.color_primaries.as_deref().and_then(Primaries::of_name),
    }
}

/// `hevc`, or `hevc, Main 10, HDR (PQ)`: after the name what else keeps phones from playing it well.
pub(super) fn in_words(name: &str, stream: &Stream) -> String {
    let mut words = name.to_owned();
    if let ("hevc", Some(profile)) = (name, stream.profile.as_deref())
        && profile != "Main"
    {
        words.push_str(", ");
        words.push_str(profile);
    }
    let transfer = stream.color_transfer.as_deref().and_then(Transfer::of_name);
    if let Some(hdr) = transfer.and_then(Transfer::hdr_name) {
        words.push_str(&format!(", HDR ({hdr})"));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_beyond_belief_are_square() {
        assert_eq!(pixel_aspect("64:45"), Some((64, 45)));
        for text in ["0:1", "1:0", "9:1", "1:9", "4294967295:1", "-1:2", "N/A", "64"] {
            assert_eq!(pixel_aspect(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_not_said_stays_unknown() {
        let stream = Stream { color_space: Some("reserved".into()), ..Stream::default() };
        assert_eq!(color(&stream), Color::default());
        let stream = Stream {
            pix_fmt: Some("yuvj420p".into()),
            color_transfer: Some("arib-std-b67".into()),
            ..Stream::default()
        };
        assert_eq!((color(&stream).range, color(&stream).transfer), (Some(Range::Full), Some(Transfer::Hlg)));
        let stream = Stream { pix_fmt: Some("gbrp10le".into()), ..Stream::default() };
        assert_eq!(color(&stream).model, Model::Rgb);
    }
}
