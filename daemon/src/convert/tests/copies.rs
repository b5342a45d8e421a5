//! C2: what fits is copied, bit by bit, whatever the container does to it.

use super::eye::{fields, frames, near, packets, stream, streams, times};
use super::*;

const SMALL: [&str; 4] = ["-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=2"];
const BFRAMES: [&str; 10] =
    ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-bf", "3", "-g", "12"];
const HEVC: [&str; 6] =
    ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:bframes=2"];

#[tokio::test]
async fn c2_only_the_stream_that_does_not_fit_is_encoded() {
    let bench = Bench::new();
    for (name, codecs, done, copied, encoded) in [
        (
            "ac3.mp4",
            [&BFRAMES[..], &["-c:a", "ac3"]],
            "video copied; audio encoded (ac3 instead of AAC)",
            "0:v",
            "0:a",
        ),
        (
            "ac3.mkv",
            [&BFRAMES[..], &["-c:a", "ac3"]],
            "video copied; audio encoded (ac3 instead of AAC)",
            "0:v",
            "0:a",
        ),
        ("hevc.mp4", [&HEVC[..], &AAC], "video encoded (hevc instead of H.264); audio copied", "0:a", "0:v"),
        ("hevc.mkv", [&HEVC[..], &AAC], "video encoded (hevc instead of H.264); audio copied", "0:a", "0:v"),
    ] {
        let source = bench.studio.make(name, &[&SMALL, &SOUND, codecs[0], codecs[1]]);
        let (made, said) = bench.made_of(&source).await;
        assert_eq!(said, done, "{name}");
        assert_eq!(packets(&made, copied), packets(&source, copied), "{name}");
        assert_ne!(packets(&made, encoded), packets(&source, encoded), "{name}");
        assert_eq!(frames(&made, "0:v").len(), 50, "{name}");
    }
}

#[tokio::test]
async fn c2_fitting_streams_change_only_their_container() {
    let bench = Bench::new();
    let open_gop = [&BFRAMES[..], &["-x264-params", "open-gop=1"]].concat();
    let no_bframes = [&BFRAMES[..], &["-bf", "0"]].concat();
    for (name, codec) in [
        ("plain.mkv", &BFRAMES[..]),
        ("open-gop.mkv", &open_gop),
        ("open-gop.ts", &open_gop),
        ("plain.flv", &BFRAMES),
        ("no-bframes.avi", &no_bframes),
    ] {
        let source = bench.studio.make(name, &[&SMALL, &SOUND, codec, &AAC]);
        let (made, said) = bench.made_of(&source).await;
        assert!(said.starts_with("streams are copied into a new MP4: "), "{name}: {said}");
        assert_eq!(packets(&made, "0:a"), packets(&source, "0:a"), "{name}");
        // A container with start codes has other packets of the same pictures.
        assert_eq!(frames(&made, "0:v"), frames(&source, "0:v"), "{name}");
        if name.ends_with("mkv") || name.ends_with("flv") {
            assert_eq!(packets(&made, "0:v"), packets(&source, "0:v"), "{name}");
        }
        let video = stream(&made, "video");
        assert_eq!(fields(&video, &["codec_tag_string", "is_avc"]), "avc1 true", "{name}");
        assert_eq!(fields(&stream(&made, "audio"), &["codec_tag_string", "profile"]), "mp4a LC", "{name}");
        let (shown, of_source) = (times(&made, "v"), times(&source, "v"));
        let first = (shown[0], of_source[0]);
        for (shown, of_source) in shown.iter().zip(&of_source) {
            near(shown - first.0, of_source - first.1, 0.002, name);
        }
    }
}

#[tokio::test]
async fn c2_what_an_edit_list_hides_stays_hidden() {
    let bench = Bench::new();
    let whole = bench.studio.make("whole.mp4", &[&SMALL, &SOUND, &BFRAMES, &["-c:a", "ac3"]]);
    // Begins in the middle of a group of pictures, so that the first ones are only there to be decoded.
    let cut = ["-ss", "0.7", "-i", whole.to_str().unwrap(), "-c", "copy"];
    let source = bench.studio.make("cut.mp4", &[&cut]);
    let (made, said) = bench.made_of(&source).await;
    assert_eq!(said, "video copied; audio encoded (ac3 instead of AAC)");
    assert_eq!(frames(&made, "0:v"), frames(&source, "0:v"));
    assert_ne!(frames(&source, "0:v").len(), packets(&source, "0:v").len(), "nothing was hidden");
}

#[tokio::test]
async fn c2_a_broadcast_that_begins_in_the_middle_is_copied() {
    let bench = Bench::new();
    let picture = ["-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=6"];
    let sound = ["-f", "lavfi", "-i", "sine=duration=6"];
    let codec = [&BFRAMES[..], &["-g", "25", "-x264-params", "open-gop=1"]].concat();
    for (name, tracks, encoded) in [
        ("both.ts", &[&sound[..], &AAC][..], false),
        ("silent.ts", &[], false),
        ("mp2.ts", &[&sound[..], &["-c:a", "mp2"]], true),
    ] {
        let whole = bench.studio.make(name, &[&[&picture[..]], tracks, &[&codec[..]]].concat());
        let bytes = fs::read(whole).unwrap();
        // Neither the first nor the last packet is whole, and the first key frame comes later.
        let (from, to) = (bytes.len() / 6 / 188 * 188, bytes.len() * 3 / 4 - 50);
        let source = bench.studio.write(&format!("cut-{name}"), &bytes[from..to]);
        let (made, said) = bench.made_of(&source).await;
        assert_eq!(said.contains("encoded"), encoded, "{name}: {said}");
        let shown = frames(&made, "0:v");
        let of_source = frames(&source, "0:v");
        let same = shown.iter().rev().zip(of_source.iter().rev()).take_while(|(a, b)| a == b).count();
        // An open group of pictures begins with some that need the one before.
        assert!(same + 4 >= of_source.len() && same > 40, "{name}: {same} of {}", of_source.len());
    }
}

#[tokio::test]
async fn c2_a_matrix_is_kept_where_the_picture_is_copied() {
    let bench = Bench::new();
    let upright = bench.studio.make("upright.mp4", &[&SMALL, &SOUND, &BFRAMES, &["-c:a", "ac3"]]);
    let turn = ["-i", upright.to_str().unwrap(), "-c", "copy", "-metadata:s:v:0", "rotate=270"];
    let source = bench.studio.make("turned.mp4", &[&turn]);
    let (artifact, _) = bench.convert_and_say(&source).await;
    assert_eq!((artifact.width, artifact.height), (48, 64));
    let (made, _) = bench.made_of(&source).await;
    assert_eq!(probe_path(&made).unwrap().info.video.as_ref().unwrap().rotation, 90);
    assert_eq!(packets(&made, "0:v"), packets(&source, "0:v"));
    assert_eq!(streams(&made).len(), 2);
}

#[tokio::test]
async fn c2_parameter_sets_that_change_on_the_way_are_kept() {
    let bench = Bench::new();
    // Two recordings in one stream: the same size, other parameters of the coder.
    let first = bench.studio.make("first.ts", &[&SMALL, &BFRAMES]);
    let other = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-x264-params"];
    let second = bench.studio.make("second.ts", &[&SMALL, &other, &["cabac=0:ref=4:8x8dct=0"]]);
    let both = [fs::read(first).unwrap(), fs::read(second).unwrap()].concat();
    let joined = bench.studio.write("joined.ts", &both);
    let remake = ["-fflags", "+genpts", "-i", joined.to_str().unwrap(), "-c", "copy"];
    let source = bench.studio.make("source.ts", &[&remake]);
    let (made, said) = bench.made_of(&source).await;
    assert!(said.starts_with("streams are copied"), "{said}");
    assert_eq!(frames(&made, "0:v"), frames(&source, "0:v"));
    assert_eq!(frames(&made, "0:v").len(), 100);
}

#[tokio::test]
async fn c2_frames_without_times_are_put_in_order() {
    let bench = Bench::new();
    let source = bench.studio.make("reordered.avi", &[&SMALL, &SOUND, &BFRAMES, &AAC]);
    let (made, said) = bench.made_of(&source).await;
    assert_eq!(said, "video encoded (h264 whose frames have no times (AVI), instead of H.264); audio copied");
    let shown = times(&made, "v");
    assert_eq!(shown.len(), 50);
    assert!(shown.windows(2).all(|pair| (pair[1] - pair[0] - 0.04).abs() < 0.002), "{shown:?}");
    assert_eq!(packets(&made, "0:a"), packets(&source, "0:a"));
}

#[tokio::test]
async fn c2_a_copy_that_turns_out_not_to_play_is_encoded_after_all() {
    let bench = Bench::new();
    // The container says frames, the stream says fields.
    let fields = ["-flags", "+ildct+ilme", "-x264-params", "tff=1"];
    let source = bench.studio.make("mislabelled.mkv", &[&SMALL, &SOUND, &BFRAMES, &fields, &AAC]);
    assert!(matches!(plan(&probe_path(&source).unwrap().info), Some(Plan::Remux { .. })));
    let (made, said) = bench.made_of(&source).await;
    assert_eq!(said, "video encoded (interlaced → deinterlaced); audio copied");
    assert_eq!(packets(&made, "0:a"), packets(&source, "0:a"));
}
