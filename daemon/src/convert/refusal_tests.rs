//! C6: what is wrong with a result is found before it goes live. The results are made by the real ffmpeg, and then spoiled.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;
use vodpost_protocol::ids::VideoId;
use vodpost_protocol::time::Timestamp;

use super::decode::{Check, Origin};
use super::failure::Fault;
use super::verify::{Expected, written};
use crate::core::artifact::JobId;
use crate::media::testing::{AAC, FASTSTART, H264, PICTURE, SOUND, Studio, probe_path, tools};
use crate::media::{mp4, open};

/// Sixteen seconds with a key frame every two, index first.
fn long(studio: &Studio) -> PathBuf {
    let picture = ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=16"];
    let sound = ["-f", "lavfi", "-i", "sine=duration=16"];
    studio.make("long.mp4", &[&picture, &sound, &H264, &["-g", "50"], &AAC, &FASTSTART])
}

async fn check(path: &Path) -> Result<(), Fault> {
    check_streams(path, Origin::Encoded, Origin::Encoded, Duration::from_secs(600)).await
}

async fn check_streams(path: &Path, video: Origin, audio: Origin, left: Duration) -> Result<(), Fault> {
    let (info, tools) = (probe_path(path).unwrap().info, tools());
    let check = Check {
        job: JobId { video: VideoId::from_random(1), attempt: 1 },
        path,
        duration_ms: info.duration_ms,
        video,
        audio: info.audio.is_some().then_some(audio),
        ffmpeg: tools.ffmpeg.as_deref().unwrap(),
        guard: &tools.guard,
        deadline: Timestamp::from_system(SystemTime::now()).after(left),
        allowed: Duration::from_secs(600),
    };
    check.run(&CancellationToken::new()).await
}

/// The file with a part of its media overwritten; `place` is a share of the media in percent.
fn spoiled(studio: &Studio, path: &Path, place: usize) -> PathBuf {
    let mut bytes = std::fs::read(path).unwrap();
    let media = bytes.windows(4).position(|name| name == b"mdat").unwrap() + 4;
    let len = bytes.len() - media;
    let at = media + len / 100 * place;
    for (index, byte) in bytes[at..at + len / 20].iter_mut().enumerate() {
        *byte = (index * 151 % 251) as u8;
    }
    studio.write("spoiled.mp4", &bytes)
}

#[tokio::test]
async fn c6_a_result_that_does_not_decode_at_an_end_is_refused() {
    let studio = Studio::new();
    let whole = long(&studio);
    check(&whole).await.unwrap();
    let short = studio.make("short.mp4", &[&PICTURE, &SOUND, &H264, &AAC, &FASTSTART]);
    check(&short).await.unwrap();
    let silent = studio.make("silent.mp4", &[&PICTURE, &H264, &FASTSTART]);
    check(&silent).await.unwrap();
    for (path, place, part) in
        [(&whole, 2, "its first seconds"), (&whole, 94, "its last seconds"), (&short, 50, "it")]
    {
        let fault = check(&spoiled(&studio, path, place)).await.unwrap_err();
        let failure = fault.into_failure();
        let sentence = format!("the result was refused: {part} cannot be decoded (");
        assert!(failure.reason.starts_with(&sentence), "{place}: {}", failure.reason);
        assert!(!failure.output.is_empty(), "what ffmpeg said is kept");
    }
}

/// A copy is no worse than its source, and a viewer's player gets over a moment of noise.
#[tokio::test]
async fn c6_little_damage_that_was_copied_is_put_up_with_and_much_is_not() {
    use Origin::{Copied, Encoded};
    let studio = Studio::new();
    let whole = long(&studio);
    let bytes = std::fs::read(&whole).unwrap();
    let media = bytes.windows(4).position(|name| name == b"mdat").unwrap() + 4;
    let noisy = |len: usize| {
        let mut bytes = bytes.clone();
        let at = media + (bytes.len() - media) / 40;
        for (index, byte) in bytes[at..at + len].iter_mut().enumerate() {
            *byte = (index * 151 % 251) as u8;
        }
        studio.write("noisy.mp4", &bytes)
    };
    let left = Duration::from_secs(600);
    let little = noisy(1600);
    check_streams(&little, Copied, Copied, left).await.unwrap();
    check_streams(&little, Encoded, Encoded, left).await.unwrap_err();
    // The noise lies in one of the two streams, or in both.
    let mut refused = 0;
    for (video, audio) in [(Encoded, Copied), (Copied, Encoded)] {
        refused += usize::from(check_streams(&little, video, audio, left).await.is_err());
    }
    assert!(refused > 0);
    let much = noisy((bytes.len() - media) / 20);
    let failure = check_streams(&much, Copied, Copied, left).await.unwrap_err().into_failure();
    assert!(failure.reason.starts_with("the result was refused: its first seconds"), "{}", failure.reason);
}

/// A recording of a broadcast begins amid pictures that refer to earlier ones. Players show it, and so it is no damage.
#[tokio::test]
async fn a_copy_that_begins_with_an_open_group_of_pictures_is_no_damage() {
    let studio = Studio::new();
    let picture = ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=12"];
    let open_groups =
        ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-x264-params", "open-gop=1:keyint=40:bframes=3"];
    let whole = studio.make("whole.ts", &[&picture, &open_groups]);
    let bytes = std::fs::read(whole).unwrap();
    let cut = studio.write("cut.ts", &bytes[bytes.len() / 3 / 188 * 188..]);
    let copy = studio.make("copy.mp4", &[&["-i", cut.to_str().unwrap(), "-c", "copy"], &FASTSTART]);
    check(&copy).await.unwrap();
}

#[tokio::test]
async fn a_check_that_is_killed_says_nothing_about_the_result() {
    let studio = Studio::new();
    let path = studio.make("a.mp4", &[&PICTURE, &H264, &FASTSTART]);
    let fault = check_streams(&path, Origin::Encoded, Origin::Encoded, Duration::ZERO).await.unwrap_err();
    assert!(matches!(fault, Fault::DeadlineMissed { .. }), "{fault}");
    let killed = std::os::unix::process::ExitStatusExt::from_raw(9);
    let fault = Fault::of_exit(killed, String::new()).judging(super::decode::Part::Whole);
    assert!(fault.to_string().starts_with("ffmpeg was killed"), "{fault}");
}

fn expected(source: &Path, copied: bool) -> Expected {
    let sums = mp4::sums(&open(source).unwrap()).unwrap();
    Expected { source: probe_path(source).unwrap(), sums, copied }
}

fn refusal(result: &Path, expected: &Expected) -> String {
    written(result, expected, String::new()).unwrap_err().to_string()
}

#[test]
fn c6_picture_and_sound_are_each_as_long_as_in_the_source() {
    let studio = Studio::new();
    let source = studio.make("source.mp4", &[&PICTURE, &SOUND, &H264, &AAC]);
    let expected = expected(&source, false);
    let make = |name: &str, arguments: &[&str]| {
        studio.make(name, &[&["-i", source.to_str().unwrap()], &H264, &AAC, &FASTSTART, arguments])
    };
    written(&make("good.mp4", &[]), &expected, String::new()).unwrap();
    let half = refusal(&make("a.mp4", &["-af", "atrim=duration=1"]), &expected);
    assert_eq!(half, "the result was refused: its audio is 1.0 seconds long instead of 2.0");
    let half = refusal(&make("b.mp4", &["-vf", "trim=duration=1"]), &expected);
    assert_eq!(half, "the result was refused: its video is 1.0 seconds long instead of 2.0");
    let lost = refusal(&make("c.mp4", &["-an"]), &expected);
    assert_eq!(lost, "the result was refused: a stream was lost");
    let few = refusal(&make("d.mp4", &["-vf", "select=not(mod(n\\,2))", "-fps_mode", "vfr"]), &expected);
    assert_eq!(few, "the result was refused: it has 25 pictures instead of 50");
    let late = refusal(&make("e.mp4", &["-movflags", "-faststart"]), &expected);
    assert_eq!(late, "the result was refused: its index does not come first");
}

#[test]
fn c6_a_copy_has_the_pictures_of_its_source() {
    let studio = Studio::new();
    let source = studio.make("source.mp4", &[&PICTURE, &SOUND, &H264, &AAC]);
    let copied = expected(&source, true);
    let copy = studio.make("copy.mp4", &[&["-i", source.to_str().unwrap(), "-c", "copy"], &FASTSTART]);
    written(&copy, &copied, String::new()).unwrap();
    let more =
        studio.make("more.mp4", &[&["-i", source.to_str().unwrap(), "-r", "50"], &H264, &AAC, &FASTSTART]);
    assert_eq!(refusal(&more, &copied), "the result was refused: it has 100 pictures instead of 50");
}

#[test]
fn c6_tables_that_do_not_add_up_are_refused() {
    let studio = Studio::new();
    let source = studio.make("source.mp4", &[&PICTURE, &H264, &FASTSTART]);
    let expected = expected(&source, true);
    let bytes = std::fs::read(&source).unwrap();
    let place = |name: &[u8]| bytes.windows(4).position(|found| found == name).unwrap();
    // After the name: version and flags, the number of entries, and the first entry (ISO/IEC 14496-12, 8.6.1.2).
    let mut times = bytes.clone();
    times[place(b"stts") + 12 + 3] += 1;
    let times = studio.write("times.mp4", &times);
    assert_eq!(
        refusal(&times, &expected),
        "the result was refused: its video has 50 samples and times for 51"
    );
    // The sizes begin after version and flags, the common size and their number (8.7.3.2).
    let mut sizes = bytes.clone();
    sizes[place(b"stsz") + 16 + 1..][..3].fill(0);
    let sizes = studio.write("sizes.mp4", &sizes);
    let refused = refusal(&sizes, &expected);
    assert!(refused.contains("bytes of media, and it holds"), "{refused}");
}
