//! C2: of many tracks the right two are kept, and nothing else.

use super::eye::{frames, loudness, sound, streams};
use super::*;

const LIGHT: [&str; 4] = ["-f", "lavfi", "-i", "color=white:size=64x48:rate=25:duration=1"];
const DARK: [&str; 4] = ["-f", "lavfi", "-i", "color=black:size=80x64:rate=25:duration=1"];
const QUIET: [&str; 4] = ["-f", "lavfi", "-i", "aevalsrc=0.05*sin(2764*t):duration=1:sample_rate=48000"];
const LOUD: [&str; 4] = ["-f", "lavfi", "-i", "aevalsrc=0.8*sin(2764*t):duration=1:sample_rate=48000"];

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

fn kinds(path: &Path) -> Vec<String> {
    streams(path).iter().map(|stream| stream["codec_type"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn c2_the_default_track_is_kept_else_the_first() {
    let bench = Bench::new();
    let maps = words("-map 0 -map 1 -map 2 -map 3 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a ac3");
    for (name, dispositions, width, is_loud) in [
        ("first.mkv", "-disposition:v 0 -disposition:a 0", 64, false),
        (
            "default.mkv",
            "-disposition:v:0 0 -disposition:v:1 default -disposition:a:0 0 -disposition:a:1 default",
            80,
            true,
        ),
        (
            "mixed.mkv",
            "-disposition:v:0 default -disposition:v:1 0 -disposition:a:0 0 -disposition:a:1 default",
            64,
            true,
        ),
        (
            "default.mp4",
            "-disposition:v:0 0 -disposition:v:1 default -disposition:a:0 0 -disposition:a:1 default",
            80,
            true,
        ),
    ] {
        let source = bench.studio.make(name, &[&LIGHT, &DARK, &QUIET, &LOUD, &maps, &words(dispositions)]);
        assert_eq!(kinds(&source).len(), 4, "{name}");
        let (made, said) = bench.made_of(&source).await;
        assert_eq!(said, "video copied; audio encoded (ac3 instead of AAC)", "{name}");
        assert_eq!(kinds(&made), ["video", "audio"], "{name}");
        assert_eq!(streams(&made)[0]["width"], width, "{name}");
        assert_eq!(loudness(&sound(&made, 48_000)) > 0.2, is_loud, "{name}");
    }
}

#[tokio::test]
async fn c2_pictures_subtitles_timecodes_and_chapters_are_left_behind() {
    let bench = Bench::new();
    let cover = bench.studio.make("cover.png", &[&DARK, &["-frames:v", "1"]]);
    let subtitles = bench.studio.write("a.srt", b"1\n00:00:00,000 --> 00:00:00,900\nHello\n");
    let chapters = b";FFMETADATA1\ntitle=Secret\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=500\ntitle=One\n\
                     [CHAPTER]\nTIMEBASE=1/1000\nSTART=500\nEND=1000\ntitle=Two\n";
    let chapters = bench.studio.write("chapters.txt", chapters);
    let inputs =
        ["-i", cover.to_str().unwrap(), "-i", subtitles.to_str().unwrap(), "-i", chapters.to_str().unwrap()];
    let maps = words(
        "-map 0 -map 1 -map 2 -map 3 -map_metadata 4 -map_chapters 4 -c:v:0 libx264 -pix_fmt:v:0 yuv420p -c:a ac3",
    );
    for (name, more) in [
        ("mov.mov", "-c:v:1 png -disposition:v:1 attached_pic -c:s mov_text -timecode 01:00:00:00"),
        ("mp4.mp4", "-c:v:1 png -disposition:v:1 attached_pic -c:s mov_text -timecode 01:00:00:00"),
        ("mkv.mkv", "-c:v:1 png -disposition:v:1 attached_pic -c:s srt"),
    ] {
        let source = bench.studio.make(name, &[&LIGHT, &QUIET, &inputs, &maps, &words(more)]);
        assert!(kinds(&source).len() >= 4, "{name}: {:?}", kinds(&source));
        let (made, _) = bench.made_of(&source).await;
        assert_eq!(kinds(&made), ["video", "audio"], "{name}");
        assert_eq!(streams(&made)[0]["width"], 64, "{name}: the cover is not the video");
        assert_eq!(frames(&made, "0:v").len(), 25, "{name}");
        let bytes = fs::read(&made).unwrap();
        assert!(!bytes.windows(6).any(|found| found == b"Secret"), "{name}: metadata");
    }
}

#[tokio::test]
async fn c2_sound_alone_is_no_video_even_with_a_cover() {
    let bench = Bench::new();
    let cover = bench.studio.make("cover.png", &[&DARK, &["-frames:v", "1"]]);
    let cover = cover.to_str().unwrap();
    let track = ["-i", cover, "-map", "0", "-map", "1", "-c:v", "png", "-disposition:v", "attached_pic"];
    let attached = ["-attach", cover, "-metadata:s:t", "mimetype=image/png"];
    for (name, codec, picture) in [
        ("song.m4a", "aac", &track[..]),
        ("song.mp4", "aac", &track),
        ("song.mka", "libopus", &attached),
        ("song.mkv", "aac", &attached),
    ] {
        let source = bench.studio.make(name, &[&QUIET, picture, &["-c:a", codec]]);
        assert!(streams(&source).iter().any(|stream| stream["codec_type"] == "video"), "{name}: no cover");
        let error = probe_path(&source).unwrap_err();
        assert_eq!(error.to_string(), "there is no video stream in the file", "{name}");
    }
}

#[tokio::test]
async fn c2_a_video_without_sound_stays_silent() {
    let bench = Bench::new();
    let source = bench.studio.make("silent.mkv", &[&LIGHT, &["-c:v", "mpeg4"]]);
    let (made, said) = bench.made_of(&source).await;
    assert_eq!(said, "video encoded (mpeg4 instead of H.264)");
    assert_eq!(kinds(&made), ["video"]);
}
