//! C2: whatever a picture is like, it comes out upright, of the right shape and of the right colours.

use super::eye::{Cells, Difference, Grey, fields, frames, near, stream, times};
use super::*;

/// A white left half and a black right half.
const HALVES: &str = "color=black:size=64x48:rate=25:duration=0.2,drawbox=0:0:32:48:white:fill";
const ALL_TAGS: [&str; 5] = ["pix_fmt", "color_range", "color_space", "color_transfer", "color_primaries"];
const BT709: &str = "yuv420p tv bt709 bt709 bt709";

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

#[tokio::test]
async fn c2_a_turned_picture_is_encoded_upright() {
    let bench = Bench::new();
    let mpeg4 = words("-c:v mpeg4 -q:v 2");
    let flat = bench.studio.make("flat.mp4", &[&["-f", "lavfi", "-i", HALVES], &mpeg4]);
    for (degrees, size, light, dark) in [
        // The white half goes from the left to the top, to the right, to the bottom.
        (90, "48 64", ([0, 100], [0, 45]), ([0, 100], [55, 100])),
        (180, "64 48", ([55, 100], [0, 100]), ([0, 45], [0, 100])),
        (270, "48 64", ([0, 100], [55, 100]), ([0, 100], [0, 45])),
    ] {
        // This ffmpeg turns anticlockwise.
        let rotate = format!("rotate={}", 360 - degrees);
        let turn = ["-i", flat.to_str().unwrap(), "-c", "copy", "-metadata:s:v:0", &rotate];
        let source = bench.studio.make("turned.mp4", &[&turn]);
        assert_eq!(probe_path(&source).unwrap().info.video.as_ref().unwrap().rotation, degrees);
        let (made, said) = bench.made_of(&source).await;
        assert_eq!(said, "video encoded (mpeg4 instead of H.264 → turned upright)");
        let video = stream(&made, "video");
        assert_eq!(fields(&video, &["width", "height"]), size, "{degrees}");
        assert_eq!(fields(&video, &["side_data_list"]), "-", "{degrees}: the matrix is gone");
        let picture = Grey::of(&made, 0);
        near(picture.mean(light.0, light.1), 235.0, 6.0, "white");
        near(picture.mean(dark.0, dark.1), 16.0, 6.0, "black");
    }
}

#[tokio::test]
async fn c2_odd_sizes_and_pixels_that_are_not_square_keep_their_shape() {
    let bench = Bench::new();
    // A centred square of the picture as it is shown.
    for (name, size, aspect, expected, square) in [
        ("odd.mkv", "161x121", "161:121", "162 122", [0.2484, 0.3306]),
        ("pal.mkv", "90x72", "16:9", "128 72", [0.28, 0.5]),
        ("tall.mkv", "90x72", "9:16", "40 72", [0.5, 0.2777]),
        ("pal.avi", "90x72", "16:9", "128 72", [0.28, 0.5]),
        ("pal.mp4", "90x72", "4:3", "96 72", [0.375, 0.5]),
    ] {
        let [width, height] = square;
        let draw = format!(
            "color=black:size={size}:rate=25:duration=0.2,format=yuv444p,\
             drawbox=iw*(1-{width})/2:ih*(1-{height})/2:iw*{width}:ih*{height}:white:fill"
        );
        let codec = words("-c:v mpeg4 -q:v 2 -pix_fmt yuv420p -aspect");
        let source = bench.studio.make(name, &[&["-f", "lavfi", "-i", &draw], &codec, &[aspect]]);
        let (made, _) = bench.made_of(&source).await;
        let video = stream(&made, "video");
        assert_eq!(fields(&video, &["width", "height"]), expected, "{name}");
        assert_eq!(fields(&video, &["sample_aspect_ratio"]), "1:1", "{name}");
        let picture = Grey::of(&made, 0);
        let whites = |pixels: Vec<u8>| pixels.iter().filter(|luma| **luma > 128).count() as f64;
        let row = picture.luma[picture.height / 2 * picture.width..][..picture.width].to_vec();
        let column = picture.luma.iter().skip(picture.width / 2).step_by(picture.width).copied().collect();
        near(whites(row), whites(column), 4.0, name);
    }
}

#[tokio::test]
async fn c2_fields_become_whole_pictures() {
    let bench = Bench::new();
    // An upright bar that moves between one field and the next: in whole pictures all rows are the same.
    let bar = "nullsrc=size=96x64:rate=50:duration=0.6,format=yuv420p,\
               geq=lum=if(between(X\\,N*4\\,N*4+16)\\,235\\,16):cb=128:cr=128,interlace=lowpass=0";
    let input = ["-f", "lavfi", "-i", bar];
    for (name, codec) in [
        ("mpeg2.ts", "-c:v mpeg2video -q:v 2 -flags +ildct+ilme -field_order tt"),
        ("h264.ts", "-c:v libx264 -crf 5 -flags +ildct+ilme -x264-params tff=1"),
    ] {
        let source = bench.studio.make(name, &[&input, &words(codec)]);
        let (made, said) = bench.made_of(&source).await;
        assert!(said.ends_with("interlaced → deinterlaced)"), "{name}: {said}");
        let (before, after) = (Grey::of(&source, 4).combing(), Grey::of(&made, 4).combing());
        assert!(before > 5.0 && after < before / 4.0, "{name}: {before} became {after}");
        assert_eq!(frames(&made, "0:v").len(), 15, "{name}");
        assert_eq!(fields(&stream(&made, "video"), &["field_order"]), "progressive", "{name}");
    }
}

#[tokio::test]
async fn c2_large_pictures_become_1080p_of_the_same_shape() {
    let bench = Bench::new();
    for (size, expected, rate, level) in [
        ("2560x1080", "1920 810", "25", 40),
        ("1080x2160", "960 1920", "25", 40),
        ("3840x2160", "1920 1080", "60", 42),
    ] {
        let picture = format!("testsrc=size={size}:rate={rate}:duration=0.1");
        let source = bench.studio.make("a.mkv", &[&["-f", "lavfi", "-i", &picture], &words("-c:v mpeg4")]);
        let (made, said) = bench.made_of(&source).await;
        let (width, height) = expected.split_once(' ').unwrap();
        assert!(said.ends_with(&format!("larger than 1080p → scaled to {width}×{height})")), "{said}");
        let video = stream(&made, "video");
        assert_eq!(fields(&video, &["width", "height"]), expected);
        assert_eq!(video["level"], level, "{size}");
    }
}

#[tokio::test]
async fn c2_a_picture_that_changes_its_size_on_the_way_keeps_the_first() {
    let bench = Bench::new();
    for (codec, why) in [
        ("-c:v mpeg2video", "mpeg2video instead of H.264"),
        ("-c:v libx264 -pix_fmt yuv420p", "h264 whose size changes on the way, instead of H.264"),
    ] {
        let mut both = Vec::new();
        for size in ["64x48", "96x64"] {
            let picture = format!("testsrc2=size={size}:rate=25:duration=1");
            let part = bench.studio.make("part.ts", &[&["-f", "lavfi", "-i", &picture], &words(codec)]);
            both.extend(fs::read(part).unwrap());
        }
        let joined = bench.studio.write("joined.ts", &both);
        let remake = ["-fflags", "+genpts", "-i", joined.to_str().unwrap(), "-c", "copy"];
        let source = bench.studio.make("source.ts", &[&remake]);
        let (made, said) = bench.made_of(&source).await;
        assert_eq!(said, format!("video encoded ({why})"));
        assert_eq!(fields(&stream(&made, "video"), &["width", "height"]), "64 48");
        assert_eq!(times(&made, "v").len(), times(&source, "v").len());
    }
}

/// Bars of known colours in BT.709, against which each conversion is compared.
fn control(bench: &Bench) -> PathBuf {
    let bars = "smptehdbars=size=96x64:rate=10:duration=0.2,scale=out_color_matrix=bt709:out_range=tv,format=yuv444p,\
                setparams=range=tv:colorspace=bt709:color_trc=bt709:color_primaries=bt709";
    let codec = words("-c:v ffv1 -color_range tv -colorspace bt709 -color_primaries bt709 -color_trc bt709");
    bench.studio.make("control.mkv", &[&["-f", "lavfi", "-i", bars], &codec])
}

/// Apart by no more than encoding and smaller chroma make them.
const CLOSE: Difference = Difference { mean: 3.0, greatest: 28.0 };

/// How a source is made of the control.
struct Source<'a> {
    name: &'a str,
    filter: &'a str,
    codec: &'a str,
}

impl Source<'_> {
    /// Makes it, converts it, and compares what is seen with the control.
    async fn looks_right(&self, bench: &Bench, tags: &str, allowed: Difference) -> String {
        let control = control(bench);
        let input = ["-i", control.to_str().unwrap(), "-vf", self.filter];
        let source = bench.studio.make(self.name, &[&input, &words(self.codec)]);
        let (made, said) = bench.made_of(&source).await;
        assert_eq!(fields(&stream(&made, "video"), &ALL_TAGS), tags, "{}", self.name);
        let found = Cells::of(&made).difference(&Cells::of(&control));
        assert!(found.is_within(allowed), "{}: {found:?}", self.name);
        said
    }

    /// Converted without a thought of its colours, and taken for BT.709, it looks wrong: this is what the test can tell.
    fn would_look_wrong(&self, bench: &Bench, allowed: Difference) {
        let source = bench.studio.path(self.name);
        let filter = "setparams=range=tv:color_trc=bt709,format=yuv420p,\
                      setparams=range=tv:colorspace=bt709:color_trc=bt709:color_primaries=bt709";
        let words = words(
            "-c:v libx264 -crf 10 -color_range tv -colorspace bt709 -color_trc bt709 -color_primaries bt709",
        );
        let careless =
            bench.studio.make("careless.mp4", &[&["-i", source.to_str().unwrap(), "-vf", filter], &words]);
        let found = Cells::of(&careless).difference(&Cells::of(&control(bench)));
        assert!(!found.is_within(allowed), "{}: the test would not notice: {found:?}", self.name);
    }
}

#[tokio::test]
async fn c2_samples_of_any_depth_and_layout_become_8_bit_420() {
    let bench = Bench::new();
    let tag = "-color_range tv -colorspace bt709 -color_primaries bt709 -color_trc bt709";
    for (name, codec, why) in [
        ("high10.mp4", "-c:v libx264 -pix_fmt yuv420p10le", "High 10@"),
        ("high422.mp4", "-c:v libx264 -pix_fmt yuv422p", "High 4:2:2@"),
        ("high444.mp4", "-c:v libx264 -pix_fmt yuv444p", "High 4:4:4@"),
        (
            "main10.mp4",
            "-c:v libx265 -pix_fmt yuv420p10le -x265-params log-level=error",
            "hevc Main 10 instead",
        ),
        (
            "main10.mkv",
            "-c:v libx265 -pix_fmt yuv420p10le -x265-params log-level=error",
            "hevc Main 10 instead",
        ),
        ("prores.mov", "-c:v prores_ks -pix_fmt yuv422p10le", "prores instead"),
    ] {
        let codec = format!("{codec} {tag}");
        let source = Source { name, filter: "null", codec: &codec };
        let said = source.looks_right(&bench, BT709, CLOSE).await;
        assert!(said.contains(why), "{name}: {said}");
    }
}

#[tokio::test]
async fn c2_full_range_and_rgb_become_limited_range() {
    let bench = Bench::new();
    let full =
        "scale=in_color_matrix=bt709:out_color_matrix=bt709:out_range=pc,format=yuv420p,setparams=range=pc";
    let jpeg = "scale=in_color_matrix=bt709:out_color_matrix=bt601:out_range=pc,format=yuvj420p";
    let ten = "scale=in_color_matrix=bt709:out_color_matrix=bt709:out_range=pc,format=yuv420p10le,setparams=range=pc";
    let tag = "-color_range pc -colorspace bt709 -color_primaries bt709 -color_trc bt709";
    let vp9 = format!("-c:v libvpx-vp9 -cpu-used 8 -crf 10 {tag}");
    let hevc = format!("-c:v libx265 -x265-params log-level=error:range=full {tag}");
    let bt601 = "yuv420p tv bt470bg bt709 bt709";
    let rgb = "scale=in_color_matrix=bt709,format=gbrp";
    for (name, filter, codec, tags) in [
        ("vp9.mkv", full, &*vp9, BT709),
        ("hevc.mp4", ten, &hevc, BT709),
        ("mjpeg.mkv", jpeg, "-c:v mjpeg -q:v 1 -color_range pc", bt601),
        ("rgb.mkv", rgb, "-c:v ffv1", BT709),
        ("rgb.mp4", rgb, "-c:v libx264rgb -crf 5 -pix_fmt bgr0", BT709),
    ] {
        let source = Source { name, filter, codec };
        source.looks_right(&bench, tags, CLOSE).await;
        source.would_look_wrong(&bench, CLOSE);
    }
}

#[tokio::test]
async fn c2_colors_of_other_standards_are_tagged_or_mapped() {
    let bench = Bench::new();
    let mpeg4 = "-c:v mpeg4 -q:v 1";
    // Television of old keeps its colours and says so; where nothing is said, small pictures are taken for it.
    let ntsc = "colorspace=all=smpte170m:format=yuv420p";
    let tagged = format!(
        "{mpeg4} -color_range tv -colorspace smpte170m -color_primaries smpte170m -color_trc smpte170m"
    );
    let expected = "yuv420p tv smpte170m smpte170m smpte170m";
    let source = Source { name: "ntsc.mkv", filter: ntsc, codec: &tagged };
    source.looks_right(&bench, expected, CLOSE).await;
    source.would_look_wrong(&bench, CLOSE);
    let unsaid = "scale=in_color_matrix=bt709:out_color_matrix=bt601,format=yuv420p,\
                  setparams=colorspace=unknown:color_primaries=unknown:color_trc=unknown";
    let source = Source { name: "unsaid.avi", filter: unsaid, codec: mpeg4 };
    source.looks_right(&bench, expected, CLOSE).await;
    source.would_look_wrong(&bench, CLOSE);
    let wide = "zscale=p=bt2020:m=bt2020nc:t=bt2020-10:r=limited,format=yuv420p10le";
    let hevc = "-c:v libx265 -x265-params log-level=error:crf=8:colorprim=bt2020:transfer=bt2020-10:colormatrix=bt2020nc";
    let source = Source { name: "wide.mkv", filter: wide, codec: hevc };
    // Chroma of half the size loses more of a wide gamut: 5 and 63 without any encoder.
    let allowed = Difference { mean: 8.0, greatest: 80.0 };
    let said = source.looks_right(&bench, BT709, allowed).await;
    source.would_look_wrong(&bench, allowed);
    assert_eq!(said, "video encoded (hevc Main 10 instead of H.264 → colours mapped to BT.709)");
}

#[tokio::test]
async fn c2_hdr_is_tone_mapped() {
    let bench = Bench::new();
    for (name, transfer, people) in
        [("pq.mp4", "smpte2084", "PQ"), ("pq.mkv", "smpte2084", "PQ"), ("hlg.mp4", "arib-std-b67", "HLG")]
    {
        // The same picture with paper white where HDR has it.
        let filter = format!(
            "zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=bt2020:t={transfer}:m=bt2020nc:r=limited:npl=203,\
             format=yuv420p10le"
        );
        let codec = format!(
            "-c:v libx265 -x265-params log-level=error:crf=8:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc \
             -color_primaries bt2020 -color_trc {transfer} -colorspace bt2020nc"
        );
        // White is darker than in SDR (215 of 255) to leave room for what is brighter; what is not mapped is at 148.
        let allowed = Difference { mean: 13.0, greatest: 65.0 };
        let source = Source { name, filter: &filter, codec: &codec };
        let said = source.looks_right(&bench, BT709, allowed).await;
        source.would_look_wrong(&bench, allowed);
        let expected =
            format!("video encoded (hevc Main 10, HDR ({people}) instead of H.264 → tone-mapped to SDR)");
        assert_eq!(said, expected);
        // Shown as if it were SDR, it would be grey.
        let source = bench.studio.path(name);
        assert_eq!(
            plan(&probe_path(&source).unwrap().info).unwrap().explain(),
            expected.replace(" → tone-mapped to SDR", "")
        );
    }
}
