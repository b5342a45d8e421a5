//! C2: sound that phones do not play, made into sound that they do.

use super::eye::{fields, loudness, near, packets, sound, stream};
use super::*;

const SMALL: [&str; 4] = ["-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=1"];

/// Encoded anew next to a picture that is copied.
async fn encoded(bench: &Bench, name: &str, arguments: &[&[&str]]) -> (PathBuf, PathBuf, String) {
    let source = bench.studio.make(name, &[&[&SMALL[..]], arguments, &[&H264[..]]].concat());
    let (made, said) = bench.made_of(&source).await;
    assert_eq!(packets(&made, "0:v"), packets(&source, "0:v"), "{name}");
    (source, made, said)
}

#[tokio::test]
async fn c2_other_sound_becomes_aac_as_loud_as_before() {
    let bench = Bench::new();
    let sine = |rate| format!("sine=frequency=440:duration=1:sample_rate={rate}");
    for (name, rate, arguments, why, expected) in [
        ("ac3.mp4", 48_000, "-c:a ac3 -ac 2", "ac3 instead of AAC", "aac LC 48000 2"),
        ("mp3.mp4", 44_100, "-c:a libmp3lame -ac 2", "mp3 instead of AAC", "aac LC 44100 2"),
        ("mono.mp4", 44_100, "-c:a libmp3lame -ac 1", "mp3 instead of AAC", "aac LC 44100 1"),
        ("opus.mkv", 48_000, "-c:a libopus -ac 2", "opus instead of AAC", "aac LC 48000 2"),
        (
            "flac.mkv",
            96_000,
            "-c:a flac -ac 2",
            "flac instead of AAC → resampled to 48000 Hz",
            "aac LC 48000 2",
        ),
        ("low.mkv", 11_025, "-c:a pcm_s16le -ac 1", "pcm_s16le instead of AAC", "aac LC 44100 1"),
        ("odd.mkv", 37_800, "-c:a pcm_s16le -ac 2", "pcm_s16le instead of AAC", "aac LC 48000 2"),
        (
            "high.mp4",
            96_000,
            "-c:a aac -ac 2",
            "96000 Hz is above 48000 Hz → resampled to 48000 Hz",
            "aac LC 48000 2",
        ),
    ] {
        let sine = sine(rate);
        let codec: Vec<&str> = arguments.split(' ').collect();
        let input = ["-f", "lavfi", "-i", &sine];
        let (source, made, said) = encoded(&bench, name, &[&input, &codec]).await;
        assert_eq!(said, format!("video copied; audio encoded ({why})"), "{name}");
        let audio = stream(&made, "audio");
        assert_eq!(fields(&audio, &["codec_name", "profile", "sample_rate", "channels"]), expected, "{name}");
        let change = loudness(&sound(&made, 48_000)) / loudness(&sound(&source, 48_000));
        near(change.into(), 1.0, 0.06, name);
    }
}

#[tokio::test]
async fn c2_surround_is_mixed_down_without_losing_a_channel() {
    let bench = Bench::new();
    for (name, codec) in [("ac3.mkv", &["-c:a", "ac3"][..]), ("aac.mp4", &["-c:a", "aac"])] {
        // One tone at a time: front left, centre, back right.
        let tones = "aevalsrc=if(lt(t\\,0.3)\\,0.5*sin(2764*t)\\,0)|0|if(between(t\\,0.35\\,0.6)\\,0.5*sin(2764*t)\\,0)\
                     |0|0|if(gt(t\\,0.7)\\,0.5*sin(2764*t)\\,0):channel_layout=5.1:duration=1:sample_rate=48000";
        let (_, made, said) = encoded(&bench, name, &[&["-f", "lavfi", "-i", tones], codec]).await;
        assert!(said.ends_with("→ mixed down to stereo)"), "{said}");
        assert_eq!(fields(&stream(&made, "audio"), &["channels", "channel_layout"]), "2 stereo");
        let samples = sound(&made, 48_000);
        let side = |channel: usize, from_s: f64, to_s: f64| {
            let frames = samples.as_chunks::<2>().0;
            let part = (from_s * 48_000.0) as usize..(to_s * 48_000.0) as usize;
            loudness(&frames[part].iter().map(|frame| frame[channel]).collect::<Vec<_>>())
        };
        assert!(side(0, 0.1, 0.25) > 10.0 * side(1, 0.1, 0.25), "{name}: front left");
        near((side(0, 0.4, 0.55) / side(1, 0.4, 0.55)).into(), 1.0, 0.1, "centre");
        assert!(side(1, 0.75, 0.95) > 10.0 * side(0, 0.75, 0.95), "{name}: back right");
    }
}

/// What this ffmpeg cannot encode: low complexity with the announcement of spectral band replication.
#[tokio::test]
async fn c2_he_aac_is_encoded_anew() {
    let bench = Bench::new();
    let aac = ["-f", "lavfi", "-i", "sine=duration=1:sample_rate=24000", "-c:a", "aac", "-ac", "2"];
    let plain = bench.studio.make("plain.mp4", &[&SMALL, &aac, &H264]);
    let mut bytes = fs::read(plain).unwrap();
    let at = bytes.windows(3).position(|found| found == [0x56, 0xe5, 0x00]).unwrap();
    bytes[at + 2] = 0x98;
    let source = bench.studio.write("he.mp4", &bytes);
    let (made, said) = bench.made_of(&source).await;
    assert_eq!(said, "video copied; audio encoded (aac he instead of AAC)");
    assert_eq!(fields(&stream(&made, "audio"), &["profile", "sample_rate"]), "LC 48000");
    near((loudness(&sound(&made, 48_000)) / loudness(&sound(&source, 48_000))).into(), 1.0, 0.06, "loudness");
}
