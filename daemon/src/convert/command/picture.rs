//! How a picture is encoded: its size, its colours, and the limits of its encoder. Pure.

use super::super::failure::Fault;
use super::color::{Conversion, Tags};
use crate::core::media::VideoStream;
use crate::core::work::{encoded_fps_max, encoded_kbps_max};
use crate::media::Details;

/// 60 frames a second, as the plan judges them.
const FPS_MILLI_MAX: u32 = 60_500;

/// What turns one picture into H.264 that phones play (C2).
#[derive(Debug)]
pub(in crate::convert) struct Recipe {
    filters: String,
    tags: Tags,
    level: &'static Level,
    max_kbps: u32,
    fps_mode: bool,
    /// What becomes of the picture besides its codec, for people.
    pub changes: Vec<String>,
}

impl Recipe {
    pub(in crate::convert) fn of(video: &VideoStream, details: &Details) -> Result<Self, Fault> {
        if details.width == 0 || details.height == 0 {
            return Err(Fault::UnknownSize);
        }
        if details.enhancement_only {
            return Err(Fault::DolbyVisionOnly);
        }
        let conversion = Conversion::of(details);
        if conversion.needs_zscale() && !details.abilities.zscale {
            return Err(Fault::NoToneMapping);
        }
        let shown = shown_size(video, details);
        let size = fitted(shown);
        let mut changes = Vec::new();
        if video.interlaced {
            changes.push("deinterlaced".to_owned());
        }
        if video.fps_milli > FPS_MILLI_MAX {
            changes.push("60 frames a second".to_owned());
        }
        if video.rotation != 0 {
            changes.push("turned upright".to_owned());
        }
        if details.pixel_aspect.0 != details.pixel_aspect.1 {
            changes.push("pixels made square".to_owned());
        }
        if f64::from(size.0) + 1.0 < shown.0 || f64::from(size.1) + 1.0 < shown.1 {
            changes.push(format!("scaled to {}×{}", size.0, size.1));
        }
        changes.extend(conversion.in_words().map(str::to_owned));
        Ok(Self {
            filters: filters(video, size, &conversion),
            tags: conversion.tags(),
            level: Level::least(size, encoded_fps_max(video)),
            max_kbps: encoded_kbps_max(video),
            fps_mode: details.abilities.fps_mode,
            changes,
        })
    }

    /// Words of the command line, none of which holds a space.
    pub(super) fn words(&self) -> Vec<String> {
        // Two seconds from one key frame to the next, whatever the rate; 120 frames are as much at the highest.
        const KEY_FRAMES: &str = "expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+1.999))";
        let Tags { primaries, transfer, matrix } = self.tags;
        let fixed =
            "-c:v libx264 -preset veryfast -crf 21 -profile:v high -pix_fmt yuv420p -flags:v +cgop -g 120";
        let mut words: Vec<String> = fixed.split(' ').map(str::to_owned).collect();
        // Each frame keeps its time, on a clock fine enough for all of them.
        let frame_times = if self.fps_mode { "-fps_mode" } else { "-vsync" };
        words.extend([frame_times, "vfr", "-enc_time_base:v", "1:90000"].map(str::to_owned));
        words.extend(["-force_key_frames:v", KEY_FRAMES].map(str::to_owned));
        for (option, value) in [
            ("-level:v", self.level.name.to_owned()),
            ("-maxrate:v", format!("{}k", self.max_kbps)),
            ("-bufsize:v", format!("{}k", 2 * self.max_kbps)),
            ("-color_primaries:v", primaries.code().to_string()),
            ("-color_trc:v", transfer.code().to_string()),
            ("-colorspace:v", matrix.code().to_string()),
            ("-color_range:v", "1".to_owned()),
            ("-vf", self.filters.clone()),
        ] {
            words.extend([option.to_owned(), value]);
        }
        words
    }
}

/// Width and height as they are meant to be seen: upright, with square pixels.
fn shown_size(video: &VideoStream, details: &Details) -> (f64, f64) {
    let (aspect_width, aspect_height) = details.pixel_aspect;
    let width = f64::from(details.width) * f64::from(aspect_width) / f64::from(aspect_height);
    let height = f64::from(details.height);
    match video.rotation {
        90 | 270 => (height, width),
        _upright_or_upside_down => (width, height),
    }
}

/// Even, and within 1920×1080 or 1080×1920. Nothing is enlarged.
fn fitted((width, height): (f64, f64)) -> (u32, u32) {
    let (width_max, height_max) = if width >= height { (1920.0, 1080.0) } else { (1080.0, 1920.0) };
    let shrink = f64::min(width_max / width, height_max / height).min(1.0);
    let even = |side: f64| (2.0 * (side * shrink / 2.0).round()).max(2.0) as u32;
    (even(width), even(height))
}

/// ffmpeg has turned the picture upright before these. A fixed size holds even where the source changes its own.
fn filters(video: &VideoStream, (width, height): (u32, u32), conversion: &Conversion) -> String {
    let mut filters = String::new();
    if video.interlaced {
        filters.push_str("yadif,");
    }
    if video.fps_milli > FPS_MILLI_MAX {
        filters.push_str("fps=60,");
    }
    filters.push_str(&format!("scale={width}:{height}:{}", conversion.scaling()));
    filters.push_str(&conversion.filters());
    let Tags { primaries, transfer, matrix } = conversion.tags();
    filters.push_str(&format!(
        ",setsar=1,setparams=range=tv:color_primaries={}:color_trc={}:colorspace={}",
        primaries.code(),
        transfer.code(),
        matrix.code()
    ));
    filters
}

/// ITU-T H.264, table A-1, in macroblocks.
#[derive(Debug)]
struct Level {
    name: &'static str,
    per_second_max: u32,
    per_frame_max: u32,
}

const LEVELS: [Level; 5] = [
    Level { name: "3.0", per_second_max: 40_500, per_frame_max: 1620 },
    Level { name: "3.1", per_second_max: 108_000, per_frame_max: 3600 },
    Level { name: "3.2", per_second_max: 216_000, per_frame_max: 5120 },
    Level { name: "4.0", per_second_max: 245_760, per_frame_max: 8192 },
    HIGHEST,
];
/// Holds everything up to 1080p60.
const HIGHEST: Level = Level { name: "4.2", per_second_max: 522_240, per_frame_max: 8704 };

impl Level {
    fn least((width, height): (u32, u32), fps: u32) -> &'static Self {
        let (columns, rows) = (width.div_ceil(16), height.div_ceil(16));
        let per_frame = columns * rows;
        // A mean of less may hold faster passages.
        let per_second = per_frame * fps.max(30);
        let holds = |level: &&Self| {
            // A.3.1: neither side is longer than √(8 × the frame).
            let side_max = 8 * level.per_frame_max;
            per_frame <= level.per_frame_max
                && per_second <= level.per_second_max
                && columns * columns <= side_max
                && rows * rows <= side_max
        };
        LEVELS.iter().find(holds).unwrap_or(&HIGHEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::media::{Container, Format, Index, MediaInfo, VideoCodec};
    use crate::core::plan::{Plan, Treatment};
    use crate::core::work::OutputSize;

    #[test]
    fn sizes_are_even_and_fit() {
        for (shown, expected) in [
            ((3840.0, 2160.0), (1920, 1080)),
            ((2160.0, 3840.0), (1080, 1920)),
            ((1200.0, 1200.0), (1080, 1080)),
            ((161.0, 121.0), (162, 122)),
            ((1.0, 1.0), (2, 2)),
            ((100_000.0, 1.0), (1920, 2)),
            ((16.0, 1080.0), (16, 1080)),
        ] {
            assert_eq!(fitted(shown), expected, "{shown:?}");
        }
    }

    /// What the encoder is allowed comes to no more than what the queue has set aside, whatever the picture is like.
    #[test]
    fn the_room_that_is_set_aside_is_enough() {
        let encode = || Treatment::Encode { why: String::new() };
        let plan = Plan::Transcode { video: encode(), audio: Some(encode()) };
        let sizes = [
            (64, 48),
            (480, 576),
            (640, 360),
            (720, 576),
            (960, 720),
            (1440, 1080),
            (1080, 1920),
            (7680, 4320),
        ];
        for (width, height) in sizes {
            for fps_milli in [0, 1, 23_976, 29_970, 30_001, 59_940, 240_000] {
                for pixel_aspect in [(1, 1), (64, 45), (32, 27), (16, 1), (1, 4)] {
                    for duration_ms in [40, 10_000, 36_000_000] {
                        let codec = VideoCodec::Other("vp9".into());
                        let video =
                            VideoStream { codec, width, height, fps_milli, rotation: 90, interlaced: false };
                        let details =
                            Details { width, height, pixel_aspect, ..super::super::tests::details() };
                        let recipe = Recipe::of(&video, &details).unwrap();
                        let container = Container::Other("matroska".into());
                        let format =
                            Format { container, index: Index::None, video: Some(video), audio: None };
                        let info = MediaInfo::new(format, duration_ms, 1);
                        let aside = OutputSize::of(&plan, &info, 1).most().unwrap();
                        // The rate, what the encoder may be ahead of it (-bufsize), and sound at 160 kbit/s.
                        let bits = (u64::from(recipe.max_kbps) + 160) * duration_ms
                            + 2000 * u64::from(recipe.max_kbps);
                        assert!(
                            bits / 8 <= aside,
                            "{width}x{height} {fps_milli} {pixel_aspect:?} {duration_ms}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn the_level_is_the_least_that_holds() {
        for (size, fps, expected) in [
            ((640, 360), 25, "3.0"),
            ((720, 576), 25, "3.1"),
            ((1280, 720), 30, "3.1"),
            ((1280, 720), 60, "3.2"),
            ((1920, 1080), 30, "4.0"),
            ((1080, 1920), 24, "4.0"),
            ((1920, 1080), 60, "4.2"),
            ((1920, 16), 1, "3.1"),
        ] {
            assert_eq!(Level::least(size, fps).name, expected, "{size:?} {fps}");
        }
    }
}
