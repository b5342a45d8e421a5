//! The command line of ffmpeg for one conversion. Pure.

mod color;
pub(super) mod picture;
pub(super) mod sound;

use std::ffi::OsString;
use std::io;
use std::path::Path;

use crate::core::media::{Container, MediaInfo};
use crate::media::{Picks, file_url};

/// What is to be made of what. A stream without a recipe is copied.
#[derive(Debug)]
pub(super) struct Order<'a> {
    pub source: &'a Path,
    pub output: &'a Path,
    pub info: &'a MediaInfo,
    pub picks: Picks,
    pub picture: Option<&'a picture::Recipe>,
    pub sound: Option<&'a sound::Recipe>,
}

/// Everything after the program's name.
pub(super) fn arguments(order: &Order<'_>) -> io::Result<Vec<OsString>> {
    let mut arguments = Arguments(Vec::new());
    arguments.add("-nostdin -hide_banner -nostats -progress pipe:1");
    arguments.add("-abort_on empty_output");
    arguments.add(tolerance(order));
    arguments.add("-protocol_whitelist file,pipe -format_whitelist");
    arguments.0.push(demuxer(&order.info.container).into());
    arguments.0.push("-i".into());
    arguments.0.push(file_url(order.source)?);
    arguments.add(&format!("-map 0:{}", order.picks.video));
    if let Some(audio) = order.picks.audio {
        arguments.add(&format!("-map 0:{audio}"));
    }
    // Titles, places and chapters are nobody's business, and a time code would become a track.
    arguments.add("-sn -dn -map_chapters -1 -map_metadata -1 -write_tmcd 0 -max_muxing_queue_size 4096");
    match order.picture {
        Some(recipe) => arguments.extend(recipe.words()),
        None => arguments.add("-c:v copy"),
    }
    match (order.sound, order.picks.audio) {
        (Some(recipe), Some(_)) => arguments.extend(recipe.words()),
        (None, Some(_)) => arguments.add("-c:a copy"),
        (_, None) => arguments.add("-an"),
    }
    arguments.add("-movflags +faststart -f mp4 -y");
    arguments.0.push(file_url(order.output)?);
    Ok(arguments.0)
}

/// What ffmpeg shall put up with. Few broken frames are no reason to refuse a recording that is encoded. A copy has none
/// to count: there ffmpeg shall stop at what the container calls broken. In a stream that was recorded off the air
/// the first and the last packet always are; what it lost in between is judged by its result, and by its warnings.
fn tolerance(order: &Order<'_>) -> &'static str {
    let encodes = order.picture.is_some() || order.sound.is_some();
    match (encodes, is_broadcast(&order.info.container)) {
        (true, _) => "-loglevel error -max_error_rate 0.05",
        (false, true) => "-loglevel warning",
        (false, false) => "-loglevel error -xerror",
    }
}

/// Containers that may begin and end anywhere.
pub(super) fn is_broadcast(container: &Container) -> bool {
    match container {
        Container::Mp4 | Container::Mov => false,
        Container::Other(name) => matches!(name.as_str(), "mpegts" | "mpeg"),
    }
}

struct Arguments(Vec<OsString>);

impl Arguments {
    /// Words of ours, none of which holds a space.
    fn add(&mut self, words: &str) {
        self.extend(words.split_whitespace());
    }

    fn extend(&mut self, words: impl IntoIterator<Item = impl Into<OsString>>) {
        self.0.extend(words.into_iter().map(Into::into));
    }
}

/// The one demuxer that may open the file: the one that described it.
fn demuxer(container: &Container) -> &str {
    match container {
        Container::Mp4 | Container::Mov => "mov",
        Container::Other(name) => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::media::{Format, Index, VideoCodec, VideoStream};
    use crate::media::StreamRef;
    use crate::media::details::{Abilities, Color, Details, Transfer};

    fn video() -> VideoStream {
        VideoStream {
            codec: VideoCodec::Other("vp9".into()),
            width: 3840,
            height: 2160,
            fps_milli: 29_970,
            rotation: 0,
            interlaced: false,
        }
    }

    pub(super) fn details() -> Details {
        Details {
            width: 3840,
            height: 2160,
            pixel_aspect: (1, 1),
            color: Color::default(),
            enhancement_only: false,
            channels: 6,
            sample_rate_hz: 96_000,
            span_ms: 0,
            abilities: Abilities { fps_mode: true, zscale: true },
        }
    }

    fn picture(video: &VideoStream) -> picture::Recipe {
        picture::Recipe::of(video, &details()).unwrap()
    }

    fn sound() -> sound::Recipe {
        sound::Recipe::of(&details())
    }

    fn build(
        container: &str,
        picture: Option<&picture::Recipe>,
        sound: Option<&sound::Recipe>,
        audio: Option<StreamRef>,
    ) -> Vec<String> {
        let container = Container::Other(container.into());
        let format = Format { container, index: Index::None, video: Some(video()), audio: None };
        let info = &MediaInfo::new(format, 1000, 1);
        let picks = Picks { video: StreamRef::Position(2), audio };
        let (source, output) = (Path::new("/videos/-y %d:http.mkv"), Path::new("/artifacts/.tmp-a-1.mp4"));
        let order = Order { source, output, info, picks, picture, sound };
        arguments(&order).unwrap().into_iter().map(|word| word.into_string().unwrap()).collect()
    }

    fn value<'a>(words: &'a [String], option: &str) -> Option<&'a str> {
        let at = words.iter().position(|word| word == option)?;
        words.get(at + 1).map(String::as_str)
    }

    const TRACK: Option<StreamRef> = Some(StreamRef::TrackId(7));

    #[test]
    fn hostile_names_are_plain_files() {
        let words = build("matroska", Some(&picture(&video())), Some(&sound()), TRACK);
        assert_eq!(value(&words, "-i"), Some("file:/videos/-y %d:http.mkv"));
        assert_eq!(words.last().unwrap(), "file:/artifacts/.tmp-a-1.mp4");
        assert_eq!(value(&words, "-format_whitelist"), Some("matroska"));
        assert_eq!(value(&words, "-protocol_whitelist"), Some("file,pipe"));
    }

    #[test]
    fn only_what_does_not_fit_is_encoded() {
        let words = build("matroska", None, Some(&sound()), TRACK);
        assert_eq!((value(&words, "-c:v"), value(&words, "-c:a")), (Some("copy"), Some("aac")));
        assert_eq!((value(&words, "-ar"), value(&words, "-ac")), (Some("48000"), Some("2")));
        assert!(!words.contains(&"-vf".to_owned()));
        let words = build("matroska", Some(&picture(&video())), None, TRACK);
        assert_eq!((value(&words, "-c:v"), value(&words, "-c:a")), (Some("libx264"), Some("copy")));
        assert_eq!(value(&words, "-fps_mode"), Some("vfr"));
        assert_eq!((value(&words, "-level:v"), value(&words, "-maxrate:v")), (Some("4.0"), Some("8000k")));
    }

    #[test]
    fn broken_parts_are_put_up_with_where_they_can_be_counted() {
        let picture = picture(&video());
        let encoded = build("mpegts", Some(&picture), None, TRACK);
        assert_eq!(value(&encoded, "-max_error_rate"), Some("0.05"));
        assert!(!encoded.contains(&"-xerror".to_owned()));
        assert!(build("matroska", None, None, TRACK).contains(&"-xerror".to_owned()));
        let recorded = build("mpegts", None, None, TRACK);
        assert!(!recorded.contains(&"-xerror".to_owned()));
        assert_eq!(value(&recorded, "-loglevel"), Some("warning"));
    }

    #[test]
    fn streams_are_chosen_by_what_the_probe_saw() {
        let maps = |words: &[String]| {
            words.windows(2).filter(|pair| pair[0] == "-map").map(|pair| pair[1].clone()).collect::<Vec<_>>()
        };
        assert_eq!(maps(&build("matroska", None, None, TRACK)), ["0:2", "0:i:7"]);
        let silent = build("matroska", None, None, None);
        assert_eq!(maps(&silent), ["0:2"]);
        assert!(silent.contains(&"-an".to_owned()));
    }

    #[test]
    fn what_this_ffmpeg_cannot_do_is_said_before_it_fails() {
        let old = Abilities { fps_mode: false, zscale: false };
        let plain = Details { abilities: old, ..details() };
        let recipe = picture::Recipe::of(&video(), &plain).unwrap();
        assert_eq!(value(&build("matroska", Some(&recipe), None, None), "-vsync"), Some("vfr"));
        let color = Color { transfer: Some(Transfer::Hlg), ..Color::default() };
        let refused = |details: Details| picture::Recipe::of(&video(), &details).unwrap_err().to_string();
        assert!(refused(Details { color, ..plain.clone() }).contains("built without libzimg"));
        assert!(refused(Details { width: 0, ..plain.clone() }).contains("how large"));
        assert!(refused(Details { enhancement_only: true, ..plain }).contains("Dolby Vision"));
    }

    #[test]
    fn fields_and_high_rates_are_filtered() {
        let video = VideoStream { interlaced: true, fps_milli: 120_000, ..video() };
        let recipe = picture(&video);
        assert_eq!(recipe.changes, ["deinterlaced", "60 frames a second", "scaled to 1920×1080"]);
        let words = build("matroska", Some(&recipe), None, None);
        assert!(value(&words, "-vf").unwrap().starts_with("yadif,fps=60,scale=1920:1080:out_range=tv,"));
        assert_eq!(value(&words, "-level:v"), Some("4.2"));
    }
}
