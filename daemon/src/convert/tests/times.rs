//! C2: every picture and every sound comes at its time.

use super::eye::{Grey, fields, frames, key_times, near, sound, stream, times};
use super::*;

const MPEG4: [&str; 2] = ["-c:v", "mpeg4"];

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

fn same_times(made: &[f64], source: &[f64], name: &str) {
    assert_eq!(made.len(), source.len(), "{name}");
    for (made, source) in made.iter().zip(source) {
        near(*made, source - source.min(0.0), 0.0015, name);
    }
}

#[tokio::test]
async fn c2_irregular_frames_keep_their_times() {
    let bench = Bench::new();
    let uneven = "testsrc2=size=64x48:rate=50:duration=2,select=not(mod(n\\,7))+not(mod(n\\,3))+lt(n\\,10)";
    for (name, codec) in [
        ("uneven.mkv", "-vsync vfr -c:v mpeg4"),
        ("uneven.mp4", "-vsync vfr -c:v mpeg4 -video_track_timescale 50000"),
        ("copied.mkv", "-vsync vfr -c:v libx264 -pix_fmt yuv420p"),
    ] {
        let source = bench.studio.make(name, &[&["-f", "lavfi", "-i", uneven], &words(codec)]);
        let (made, _) = bench.made_of(&source).await;
        same_times(&times(&made, "v"), &times(&source, "v"), name);
    }
}

#[tokio::test]
async fn c2_rates_from_one_in_two_seconds_to_beyond_60() {
    let bench = Bench::new();
    for (rate, seconds, count) in [
        ("1/2", "8", 4),
        ("5", "6", 30),
        ("24000/1001", "5", 120),
        ("50", "1", 50),
        ("120", "1", 60),
        ("240", "1", 60),
    ] {
        let picture = format!("testsrc2=size=64x48:rate={rate}:duration={seconds}");
        let source = bench.studio.make("a.mkv", &[&["-f", "lavfi", "-i", &picture], &MPEG4]);
        let (made, said) = bench.made_of(&source).await;
        let shown = times(&made, "v");
        assert_eq!(shown.len(), count, "{rate}");
        if count == 60 {
            assert!(said.contains("more than 60 → 60 frames a second"), "{said}");
        } else {
            same_times(&shown, &times(&source, "v"), rate);
        }
        // Seeking never has far to go.
        let mut keys = key_times(&made);
        assert_eq!(keys[0], 0.0, "{rate}");
        keys.push(*shown.last().unwrap());
        assert!(keys.windows(2).all(|pair| pair[1] - pair[0] < 2.01), "{rate}: {keys:?}");
    }
}

#[tokio::test]
async fn c2_one_frame_and_a_still_picture_are_videos() {
    let bench = Bench::new();
    let one = words("-f lavfi -i testsrc2=size=64x48:rate=25:duration=0.04");
    for name in ["one.mkv", "one.mp4", "one.avi"] {
        let source = bench.studio.make(name, &[&one, &MPEG4]);
        let (made, _) = bench.made_of(&source).await;
        assert_eq!(frames(&made, "0:v").len(), 1, "{name}");
    }
    let sound = words("-f lavfi -i sine=duration=3 -c:a aac -ac 2");
    for (name, rate, seconds) in
        [("still.mkv", "25", "0.04"), ("still.mp4", "25", "0.04"), ("slide.mkv", "1", "1")]
    {
        let picture = format!("testsrc2=size=64x48:rate={rate}:duration={seconds}");
        let source = bench.studio.make(name, &[&["-f", "lavfi", "-i", &picture], &sound, &MPEG4]);
        let (made, _) = bench.made_of(&source).await;
        assert_eq!(frames(&made, "0:v").len(), 1, "{name}");
        near(probe_path(&made).unwrap().info.duration_ms as f64, 3000.0, 60.0, name);
    }
}

#[tokio::test]
async fn c2_streams_of_different_length_are_kept_whole() {
    let bench = Bench::new();
    for (name, picture_s, sound_s, audio) in [
        ("long-sound.mkv", 1, 3, "ac3"),
        ("long-picture.mkv", 3, 1, "ac3"),
        ("long-sound.mp4", 1, 3, "aac"),
        ("long-picture.mp4", 3, 1, "aac"),
        ("long-sound.ts", 1, 3, "mp2"),
    ] {
        let picture = format!("testsrc2=size=64x48:rate=25:duration={picture_s}");
        let sine = format!("sine=duration={sound_s}:sample_rate=48000");
        let input = ["-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i", &sine, "-c:a", audio, "-ac", "2"];
        let source = bench.studio.make(name, &[&input, &MPEG4]);
        let (made, _) = bench.made_of(&source).await;
        assert_eq!(frames(&made, "0:v").len(), picture_s * 25, "{name}");
        near(sound(&made, 48_000).len() as f64 / 96_000.0, sound_s as f64, 0.06, name);
    }
}

/// When the picture turns white and when the tone begins.
fn flash_and_tone(path: &Path) -> (f64, f64) {
    let shown = times(path, "v");
    let light = Grey::all(path).iter().position(|frame| frame.mean([0, 100], [0, 100]) > 128.0);
    let rate = 48_000;
    let samples = sound(path, rate);
    let channels = stream(path, "audio")["channels"].as_u64().unwrap() as usize;
    let tone = samples.iter().position(|sample| sample.abs() > 0.1).unwrap() / channels;
    (shown[light.unwrap()], tone as f64 / f64::from(rate))
}

#[tokio::test]
async fn c2_sound_and_picture_stay_together() {
    let bench = Bench::new();
    // White from 0.8 s on; a tone from there on.
    let flash =
        "color=black:size=64x48:rate=25:duration=1.2,drawbox=0:0:64:48:white:fill:enable=gte(t\\,0.79)";
    let tone = "aevalsrc=0.8*sin(2764*t):duration=0.4:sample_rate=48000";
    let late = ["-f", "lavfi", "-i", flash, "-itsoffset", "0.8", "-f", "lavfi", "-i", tone];
    let whole = "aevalsrc=if(gte(t\\,0.8)\\,0.8*sin(2764*t)\\,0):duration=1.2:sample_rate=48000";
    let whole = ["-f", "lavfi", "-i", flash, "-f", "lavfi", "-i", whole];
    let early = ["-itsoffset", "0.4", "-f", "lavfi", "-i", flash, "-itsoffset", "0", "-f", "lavfi", "-i"];
    let from_the_start = "aevalsrc=if(gte(t\\,1.2)\\,0.8*sin(2764*t)\\,0):duration=1.6:sample_rate=48000";
    let early = [&early[..], &[from_the_start]].concat();
    let h264 = "-c:v libx264 -pix_fmt yuv420p";
    for (name, input, codecs) in [
        ("late-encoded.mkv", &late[..], "-c:v mpeg4 -c:a ac3"),
        ("late-picture-copied.mkv", &late, &format!("{h264} -c:a ac3")),
        ("late-sound-copied.mkv", &late, "-c:v mpeg4 -c:a aac"),
        ("late-both-copied.mkv", &late, &format!("{h264} -c:a aac")),
        ("late-encoded.mp4", &late, "-c:v mpeg4 -c:a ac3"),
        ("late-both-copied.ts", &late, &format!("{h264} -c:a aac")),
        ("late-encoded.ts", &late, "-c:v mpeg2video -c:a mp2"),
        ("whole-encoded.mp4", &whole, "-c:v mpeg4 -c:a ac3"),
        ("whole-sound-copied.mp4", &whole, "-c:v mpeg4 -c:a aac"),
        ("early-encoded.mkv", &early, "-c:v mpeg4 -c:a ac3"),
        ("early-picture-copied.mp4", &early, &format!("{h264} -c:a ac3")),
    ] {
        let source = bench.studio.make(name, &[input, &words(codecs), &["-ac", "2"]]);
        let (made, _) = bench.made_of(&source).await;
        let (flash, tone) = flash_and_tone(&made);
        near(flash, tone, 0.04, name);
        assert_eq!(fields(&stream(&made, "audio"), &["codec_name"]), "aac", "{name}");
    }
}
