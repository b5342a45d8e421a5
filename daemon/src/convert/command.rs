//! The command line of ffmpeg for one conversion. Pure.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use crate::core::media::{AudioStream, Container, MediaInfo, VideoStream};
use crate::core::plan::Treatment;
use crate::media::{Picks, file_url};

/// What is to be made of what.
#[derive(Debug)]
pub(super) struct Order<'a> {
    pub source: &'a Path,
    pub output: &'a Path,
    pub info: &'a MediaInfo,
    pub picks: Picks,
    pub video: &'a Treatment,
    pub audio: Option<&'a Treatment>,
}

/// Everything after the program's name.
pub(super) fn arguments(order: &Order<'_>) -> io::Result<Vec<OsString>> {
    let mut arguments = Arguments(Vec::new());
    arguments.add("-nostdin -hide_banner -loglevel error -nostats -progress pipe:1 -stats_period 0.25");
    arguments.add("-abort_on empty_output -max_error_rate 0.05");
    // A few broken frames are no reason to refuse a recording that is encoded; a copy would keep them broken.
    if !encodes(order) {
        arguments.add("-xerror");
    }
    arguments.add("-protocol_whitelist file,pipe -format_whitelist");
    arguments.0.push(demuxer(&order.info.container).into());
    arguments.0.push("-i".into());
    arguments.0.push(file_url(order.source)?);
    arguments.add(&format!("-map 0:{}", order.picks.video));
    if let Some(audio) = order.picks.audio.filter(|_| order.audio.is_some()) {
        arguments.add(&format!("-map 0:{audio}"));
    }
    arguments.add("-sn -dn -map_chapters -1 -map_metadata -1 -max_muxing_queue_size 4096");
    match (order.video, &order.info.video) {
        (Treatment::Encode { .. }, Some(video)) => encode_video(video, &mut arguments),
        (Treatment::Copy, _) | (Treatment::Encode { .. }, None) => arguments.add("-c:v copy"),
    }
    match (order.audio, &order.info.audio) {
        (Some(Treatment::Encode { .. }), Some(audio)) => encode_audio(audio, &mut arguments),
        (Some(Treatment::Copy), _) | (Some(Treatment::Encode { .. }), None) => arguments.add("-c:a copy"),
        (None, _) => arguments.add("-an"),
    }
    arguments.add("-movflags +faststart -f mp4 -y");
    arguments.0.push(file_url(order.output)?);
    Ok(arguments.0)
}

struct Arguments(Vec<OsString>);

impl Arguments {
    /// Words of ours, none of which holds a space.
    fn add(&mut self, words: &str) {
        self.0.extend(words.split_whitespace().map(OsString::from));
    }
}

fn encodes(order: &Order<'_>) -> bool {
    [Some(order.video), order.audio].into_iter().flatten().any(|treatment| match treatment {
        Treatment::Encode { .. } => true,
        Treatment::Copy => false,
    })
}

/// The one demuxer that may open the file: the one that described it.
fn demuxer(container: &Container) -> &str {
    match container {
        Container::Mp4 | Container::Mov => "mov",
        Container::Other(name) => name,
    }
}

/// H.264 that phones play (C2), at most 1080p60, with a key frame at least every two seconds.
fn encode_video(video: &VideoStream, arguments: &mut Arguments) {
    arguments.add("-c:v libx264 -preset veryfast -crf 21 -maxrate 8M -bufsize 16M");
    arguments.add("-pix_fmt yuv420p -profile:v high -level:v 4.2");
    let fps = match video.fps_milli {
        0 => 24,
        milli => milli.div_ceil(1000).min(60),
    };
    arguments.add(&format!("-g {}", 2 * fps.max(12)));
    arguments.add(&format!("-vf {}", filters(video)));
}

/// ffmpeg has turned the picture upright before these.
fn filters(video: &VideoStream) -> String {
    // How much smaller the picture must become, as square pixels, to lie in 1920×1080 or 1080×1920.
    const SHRINK: &str =
        "min(1\\,min(if(gte(dar\\,1)\\,1920\\,1080)/(iw*sar)\\,if(gte(dar\\,1)\\,1080\\,1920)/ih))";
    let mut filters = String::new();
    if video.interlaced {
        filters.push_str("yadif,");
    }
    if video.fps_milli > 60_500 {
        filters.push_str("fps=60,");
    }
    filters.push_str(&format!(
        "scale=w=max(2\\,2*round(iw*sar*{SHRINK}/2)):h=max(2\\,2*round(ih*{SHRINK}/2)),setsar=1"
    ));
    filters
}

fn encode_audio(audio: &AudioStream, arguments: &mut Arguments) {
    arguments.add("-c:a aac -b:a 160k -ac 2");
    let rate_hz = match audio.sample_rate_hz {
        usual @ (32_000 | 44_100 | 48_000) => usual,
        _unusual => 48_000,
    };
    arguments.add(&format!("-ar {rate_hz}"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::media::{AudioCodec, Format, Index, VideoCodec};
    use crate::media::StreamRef;

    fn info() -> MediaInfo {
        let format = Format {
            container: Container::Other("matroska".into()),
            index: Index::None,
            video: Some(VideoStream {
                codec: VideoCodec::Other("vp9".into()),
                width: 3840,
                height: 2160,
                fps_milli: 29_970,
                rotation: 0,
                interlaced: false,
            }),
            audio: Some(AudioStream {
                codec: AudioCodec::Other("opus".into()),
                channels: 6,
                sample_rate_hz: 96_000,
            }),
        };
        MediaInfo::new(format, 1000, 1)
    }

    fn build(info: &MediaInfo, video: &Treatment, audio: Option<&Treatment>) -> Vec<String> {
        let picks = Picks { video: StreamRef::Position(2), audio: Some(StreamRef::TrackId(7)) };
        let (source, output) = (Path::new("/videos/-y %d:http.mkv"), Path::new("/artifacts/.tmp-a-1.mp4"));
        let order = Order { source, output, info, picks, video, audio };
        arguments(&order).unwrap().into_iter().map(|word| word.into_string().unwrap()).collect()
    }

    fn encode() -> Treatment {
        Treatment::Encode { why: String::new() }
    }

    fn value<'a>(words: &'a [String], option: &str) -> Option<&'a str> {
        let at = words.iter().position(|word| word == option)?;
        words.get(at + 1).map(String::as_str)
    }

    #[test]
    fn hostile_names_are_plain_files() {
        let words = build(&info(), &encode(), Some(&encode()));
        assert_eq!(value(&words, "-i"), Some("file:/videos/-y %d:http.mkv"));
        assert_eq!(words.last().unwrap(), "file:/artifacts/.tmp-a-1.mp4");
        assert_eq!(value(&words, "-format_whitelist"), Some("matroska"));
        assert_eq!(value(&words, "-protocol_whitelist"), Some("file,pipe"));
    }

    #[test]
    fn only_what_does_not_fit_is_encoded() {
        let words = build(&info(), &Treatment::Copy, Some(&encode()));
        assert_eq!((value(&words, "-c:v"), value(&words, "-c:a")), (Some("copy"), Some("aac")));
        assert_eq!(value(&words, "-ar"), Some("48000"));
        assert!(!words.contains(&"-vf".to_owned()) && !words.contains(&"-xerror".to_owned()));
        let words = build(&info(), &encode(), Some(&Treatment::Copy));
        assert_eq!((value(&words, "-c:v"), value(&words, "-c:a")), (Some("libx264"), Some("copy")));
        assert_eq!(value(&words, "-g"), Some("60"));
        let words = build(&info(), &Treatment::Copy, Some(&Treatment::Copy));
        assert!(words.contains(&"-xerror".to_owned()));
    }

    #[test]
    fn streams_are_chosen_by_what_the_probe_saw() {
        let maps = |words: &[String]| {
            words.windows(2).filter(|pair| pair[0] == "-map").map(|pair| pair[1].clone()).collect::<Vec<_>>()
        };
        assert_eq!(maps(&build(&info(), &encode(), Some(&encode()))), ["0:2", "0:i:7"]);
        let silent = build(&info(), &encode(), None);
        assert_eq!(maps(&silent), ["0:2"]);
        assert!(silent.contains(&"-an".to_owned()));
    }

    #[test]
    fn fields_and_high_rates_are_filtered() {
        let info = info().with(|format| {
            let video = format.video.as_mut().unwrap();
            (video.interlaced, video.fps_milli) = (true, 120_000);
        });
        let words = build(&info, &encode(), None);
        assert!(value(&words, "-vf").unwrap().starts_with("yadif,fps=60,scale="));
        assert_eq!(value(&words, "-g"), Some("120"));
    }
}
