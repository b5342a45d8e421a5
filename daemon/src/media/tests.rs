//! The probe against files that ffmpeg makes, and against ffprobe.

use std::fs;
use std::path::Path;

use super::testing::{AAC, FASTSTART, H264, PICTURE, SOUND, Studio, probe_path, tools};
use super::*;
use crate::core::media::{AudioCodec, Container, Index, VideoCodec};
use crate::core::plan::{Plan, Treatment, plan};

fn info(path: &Path) -> MediaInfo {
    probe_path(path).unwrap().info
}

fn about(value: u64, expected: u64, tolerance: u64) {
    assert!(value.abs_diff(expected) <= tolerance, "{value} is not {expected} ± {tolerance}");
}

#[test]
fn index_first_is_direct() {
    let studio = Studio::new();
    let path = studio.make("a.mp4", &[&PICTURE, &SOUND, &H264, &AAC, &FASTSTART]);
    let info = info(&path);
    assert_eq!((&info.container, &info.index), (&Container::Mp4, &Index::First));
    about(info.duration_ms, 2000, 40);
    let video = info.video.as_ref().unwrap();
    assert_eq!((video.width, video.height, video.fps_milli, video.rotation), (160, 120, 25_000, 0));
    assert!(matches!(video.codec, VideoCodec::H264(h264) if h264.plain_pixels && h264.level_idc > 0));
    let audio = info.audio.as_ref().unwrap();
    assert_eq!((&audio.codec, audio.channels, audio.sample_rate_hz), (&AudioCodec::AacLc, 2, 44_100));
    assert_eq!(plan(&info), Some(Plan::Direct));
}

#[test]
fn index_last_is_relocated() {
    let studio = Studio::new();
    for name in ["a.mp4", "b.mov"] {
        let info = info(&studio.plain(name));
        assert_eq!(info.index, Index::Last);
        assert_eq!(plan(&info), Some(Plan::Relocate));
    }
    assert_eq!(info(&studio.plain("c.mov")).container, Container::Mov);
}

#[test]
fn no_audio_is_no_fault() {
    let studio = Studio::new();
    let info = info(&studio.make("a.mp4", &[&PICTURE, &H264, &FASTSTART]));
    assert_eq!(info.audio, None);
    assert_eq!(plan(&info), Some(Plan::Direct));
}

#[test]
fn ac3_in_mp4_needs_other_audio() {
    let studio = Studio::new();
    let info = info(&studio.make("a.mp4", &[&PICTURE, &SOUND, &H264, &["-c:a", "ac3"]]));
    assert_eq!(info.audio.as_ref().unwrap().codec, AudioCodec::Other("ac3".into()));
    assert!(matches!(plan(&info), Some(Plan::Transcode { video: Treatment::Copy, .. })));
}

#[test]
fn vp9_in_matroska_is_described_by_ffprobe() {
    let studio = Studio::new();
    let vp9 = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"];
    let path = studio.make("a.mkv", &[&PICTURE, &SOUND, &vp9]);
    let probed = probe_path(&path).unwrap();
    let info = &probed.info;
    assert_eq!((&info.container, &info.index), (&Container::Other("matroska".into()), &Index::None));
    assert_eq!(info.video.as_ref().unwrap().codec, VideoCodec::Other("vp9".into()));
    assert_eq!(info.audio.as_ref().unwrap().codec, AudioCodec::Other("opus".into()));
    about(info.duration_ms, 2000, 60);
    assert_eq!(probed.identity, identity(&open(&path).unwrap()).unwrap());
    let without = probe(&path, &Tools::default()).unwrap_err();
    assert!(without.to_string().starts_with("ffprobe is not installed"));
}

#[test]
fn fragmented_files_are_index_first() {
    let studio = Studio::new();
    let fragmented = ["-movflags", "frag_keyframe+empty_moov", "-g", "10"];
    let with_index = ["-movflags", "frag_keyframe+empty_moov+default_base_moof+global_sidx", "-g", "10"];
    for (name, flags) in [("a.mp4", fragmented), ("b.mp4", with_index)] {
        let info = info(&studio.make(name, &[&PICTURE, &SOUND, &H264, &AAC, &flags]));
        assert_eq!(info.index, Index::First);
        about(info.duration_ms, 2000, 100);
        about(info.video.as_ref().unwrap().fps_milli.into(), 25_000, 10);
        assert!(info.bitrate_bps > 0);
        assert_eq!(plan(&info), Some(Plan::Direct));
    }
}

#[test]
fn files_cut_short_say_so() {
    let studio = Studio::new();
    let last = fs::read(studio.plain("a.mp4")).unwrap();
    let path = studio.write("b.mp4", &last[..last.len() / 2]);
    let error = probe_path(&path).unwrap_err();
    assert!(matches!(error, ProbeError::IndexMissing), "{error}");
    let path = studio.write("b2.mp4", &last[..last.len() - 10]);
    let error = probe_path(&path).unwrap_err();
    assert!(error.to_string().contains("truncated"), "{error}");

    let first = fs::read(studio.make("c.mp4", &[&PICTURE, &SOUND, &H264, &AAC, &FASTSTART])).unwrap();
    let path = studio.write("d.mp4", &first[..first.len() - 100]);
    let error = probe_path(&path).unwrap_err();
    assert!(matches!(error, ProbeError::Truncated { .. }), "{error}");

    let flags = ["-movflags", "frag_keyframe+empty_moov", "-g", "10"];
    let fragmented = fs::read(studio.make("e.mp4", &[&PICTURE, &H264, &flags])).unwrap();
    let path = studio.write("f.mp4", &fragmented[..fragmented.len() / 2]);
    let error = probe_path(&path).unwrap_err();
    assert!(error.to_string().contains("truncated"), "{error}");
}

#[test]
fn what_is_not_media_says_so() {
    let studio = Studio::new();
    assert!(matches!(probe_path(&studio.write("empty.mp4", b"")), Err(ProbeError::Empty)));
    let text = studio.write("text.mp4", b"Dear diary, this is not a video at all.\n".repeat(50).as_slice());
    let error = probe_path(&text).unwrap_err();
    assert!(matches!(error, ProbeError::NotMedia), "{error}");
    assert!(matches!(probe_path(studio.folder.path()), Err(ProbeError::NotRegular)));
    assert!(matches!(probe_path(&studio.path("absent.mp4")), Err(ProbeError::Io(_))));
    let song = studio.make("song.m4a", &[&SOUND, &AAC]);
    assert!(matches!(probe_path(&song), Err(ProbeError::NoVideo)));
    let song = studio.make("song.mp3", &[&SOUND]);
    assert!(matches!(probe_path(&song), Err(ProbeError::NoVideo | ProbeError::NotMedia)));
}

#[test]
fn playlists_are_refused() {
    let studio = Studio::new();
    studio.plain("secret.mp4");
    let hls =
        studio.write("a.mp4", b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nsecret.mp4\n#EXT-X-ENDLIST\n");
    let concat = studio.write("b.mkv", b"ffconcat version 1.0\nfile secret.mp4\n");
    for path in [hls, concat] {
        let error = probe_path(&path).unwrap_err();
        assert!(matches!(error, ProbeError::NotMedia | ProbeError::Ffprobe(_)), "{error}");
    }
}

#[test]
fn a_fifo_is_refused_without_waiting() {
    let studio = Studio::new();
    let path = studio.path("a.mp4");
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
        .unwrap();
    assert!(matches!(probe_path(&path), Err(ProbeError::NotRegular)));
}

#[test]
fn rotation_is_clockwise() {
    let studio = Studio::new();
    studio.plain("a.mp4");
    let source = studio.path("a.mp4");
    for degrees in [90, 180, 270] {
        // This ffmpeg turns anticlockwise.
        let rotate = format!("rotate={}", 360 - degrees);
        let arguments = ["-i", source.to_str().unwrap(), "-c", "copy", "-metadata:s:v:0", &rotate];
        let path = studio.make(&format!("{degrees}.mp4"), &[&arguments]);
        assert_eq!(info(&path).video.clone().unwrap().rotation, degrees);
        assert_eq!(ffprobe::probe(&path, &tools()).unwrap().info.video.clone().unwrap().rotation, degrees);
    }
}

#[test]
fn interlaced_and_deep_pictures_are_seen() {
    let studio = Studio::new();
    let fields = ["-flags", "+ildct+ilme", "-x264-params", "tff=1"];
    let interlaced = info(&studio.make("a.mp4", &[&PICTURE, &H264, &fields])).video.clone().unwrap();
    assert!(interlaced.interlaced);
    let deep = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le"];
    let deep = info(&studio.make("b.mp4", &[&PICTURE, &deep])).video.clone().unwrap();
    assert!(
        matches!(deep.codec, VideoCodec::H264(h264) if !h264.plain_pixels && h264.profile_idc == 110),
        "{deep:?}"
    );
}

/// Everything but the container and the index, which ffprobe does not tell.
#[test]
fn the_native_probe_agrees_with_ffprobe() {
    let studio = Studio::new();
    let odd_size = ["-f", "lavfi", "-i", "testsrc=size=162x90:rate=30000/1001:duration=2"];
    let hevc = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"];
    let files = [
        studio.plain("a.mp4"),
        studio.plain("b.mov"),
        studio.make("c.mp4", &[&odd_size, &SOUND, &H264, &["-c:a", "libmp3lame", "-ac", "2"]]),
        studio.make("d.mp4", &[&PICTURE, &SOUND, &hevc, &["-tag:v", "hvc1", "-c:a", "ac3", "-ac", "2"]]),
        studio.make("e.mp4", &[&PICTURE, &SOUND, &["-c:v", "mpeg4", "-c:a", "eac3", "-ac", "2"]]),
        studio
            .make("f.mp4", &[&PICTURE, &SOUND, &["-c:v", "libvpx-vp9", "-cpu-used", "8", "-c:a", "libopus"]]),
        studio.make("g.mov", &[&PICTURE, &SOUND, &["-c:v", "mjpeg", "-c:a", "alac"]]),
        studio.make("h.mp4", &[&PICTURE, &SOUND, &H264, &AAC, &["-ss", "0.5", "-t", "1"]]),
        studio.make("i.mp4", &[&PICTURE, &SOUND, &H264, &["-c:a", "aac", "-ar", "96000", "-ac", "1"]]),
    ];
    for path in files {
        let native = info(&path);
        let theirs = ffprobe::probe(&path, &tools()).unwrap().info;
        assert_eq!(native.video, theirs.video, "{path:?}");
        assert_eq!(native.audio, theirs.audio, "{path:?}");
        about(native.duration_ms, theirs.duration_ms, 2);
        about(native.bitrate_bps, theirs.bitrate_bps, theirs.bitrate_bps / 20);
    }
}
