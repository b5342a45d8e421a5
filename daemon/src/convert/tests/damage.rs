//! C4, C6: a damaged file does not succeed quietly.

use super::*;

const SMALL: [&str; 4] = ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=4"];
const SOUND_OF_4_S: [&str; 4] = ["-f", "lavfi", "-i", "sine=duration=4"];

/// The file with noise over a part of it, from the middle on.
fn noise(bench: &Bench, whole: &Path, name: &str, len: usize) -> PathBuf {
    let mut bytes = fs::read(whole).unwrap();
    let from = bytes.len() / 2;
    let mut state = 0x2545_f491_u32;
    for byte in &mut bytes[from..from + len] {
        // Xorshift (Marsaglia), so that each run breaks the same.
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        *byte = state.to_le_bytes()[0];
    }
    bench.studio.write(name, &bytes)
}

#[tokio::test]
async fn c4_a_glitch_is_put_up_with_and_a_tenth_is_not() {
    let bench = Bench::new();
    let intra = ["-g", "5"];
    for (name, codec, expected) in [
        ("high10.mp4", "-c:v libx264 -preset ultrafast -pix_fmt yuv420p10le", "cannot be decoded"),
        ("hevc.mp4", "-c:v libx265 -preset ultrafast -x265-params log-level=error", "cannot be decoded"),
        ("mpeg4.mp4", "-c:v mpeg4 -q:v 5", "cannot be decoded"),
        ("mpeg2.ts", "-c:v mpeg2video -q:v 5", "of its frames are lost"),
        ("mpeg4.avi", "-c:v mpeg4 -q:v 5", "seconds long instead of 4.0"),
        ("mpeg4.mkv", "-c:v mpeg4 -q:v 5 -cluster_time_limit 200", "of its frames are lost"),
        ("copied.ts", "-c:v libx264 -preset ultrafast -pix_fmt yuv420p", "of its frames are lost"),
    ] {
        let codec: Vec<&str> = codec.split(' ').collect();
        let whole = bench.studio.make(name, &[&SMALL, &SOUND_OF_4_S, &codec, &intra, &AAC]);
        let len = fs::metadata(&whole).unwrap().len() as usize;
        let glitch = noise(&bench, &whole, &format!("glitch-{name}"), 150);
        bench.convert(&glitch).await;
        let tenth = noise(&bench, &whole, &format!("tenth-{name}"), len / 8);
        let failure = failure(bench.run(bench.assignment(&tenth)).await);
        assert!(failure.reason.contains(expected), "{name}: {failure:?}");
    }
}
