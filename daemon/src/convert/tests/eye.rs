//! What a viewer gets to see and hear of a file, by ffmpeg and ffprobe.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::media::testing::tools;

fn run(program: &Path, words: &[&str]) -> Vec<u8> {
    let output = Command::new(program).args(words).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {errors}");
    output.stdout
}

fn ffmpeg(words: &[&str], path: &Path, more: &[&str]) -> Vec<u8> {
    let all = [&["-nostdin", "-v", "error"], words, &["-i", path.to_str().unwrap()], more].concat();
    run(&tools().ffmpeg.unwrap(), &all)
}

fn ffprobe(path: &Path, words: &[&str]) -> Value {
    let all = [&["-v", "error", "-of", "json"], words, &[path.to_str().unwrap()]].concat();
    serde_json::from_slice(&run(&tools().ffprobe.unwrap(), &all)).unwrap()
}

pub(super) fn streams(path: &Path) -> Vec<Value> {
    ffprobe(path, &["-show_streams"])["streams"].as_array().unwrap().clone()
}

/// The stream of this kind, of which there is one.
pub(super) fn stream(path: &Path, kind: &str) -> Value {
    let mut found: Vec<Value> =
        streams(path).into_iter().filter(|stream| stream["codec_type"] == kind).collect();
    assert_eq!(found.len(), 1, "{kind} in {}", path.display());
    found.remove(0)
}

/// Several fields of a stream, with a space between.
pub(super) fn fields(stream: &Value, names: &[&str]) -> String {
    let text = |name: &&str| match &stream[*name] {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    };
    names.iter().map(text).collect::<Vec<_>>().join(" ")
}

/// A hash of each packet of a stream as it is coded.
pub(super) fn packets(path: &Path, stream: &str) -> Vec<String> {
    // In a transport stream each packet carries a header that an MP4 has once.
    let is_ts = path.extension().is_some_and(|extension| extension == "ts");
    let filter: &[&str] = if is_ts { &["-bsf:a", "aac_adtstoasc"] } else { &[] };
    hashes(&ffmpeg(&[], path, &[&["-map", stream, "-c", "copy"], filter, &["-f", "framehash", "-"]].concat()))
}

/// A hash of each decoded frame of a stream.
pub(super) fn frames(path: &Path, stream: &str) -> Vec<String> {
    hashes(&ffmpeg(&[], path, &["-map", stream, "-vsync", "passthrough", "-f", "framehash", "-"]))
}

fn hashes(listing: &[u8]) -> Vec<String> {
    // Stream, two times, duration, size, hash, and for some more.
    let listing = String::from_utf8_lossy(listing);
    let lines = listing.lines().filter(|line| !line.starts_with('#'));
    let hashes: Vec<String> = lines.map(|line| line.split(',').nth(5).unwrap().trim().to_owned()).collect();
    assert!(!hashes.is_empty());
    hashes
}

/// When each frame is shown, in seconds.
pub(super) fn times(path: &Path, stream: &str) -> Vec<f64> {
    let found =
        ffprobe(path, &["-select_streams", stream, "-show_entries", "frame=best_effort_timestamp_time"]);
    let time = |frame: &Value| frame["best_effort_timestamp_time"].as_str().unwrap().parse().unwrap();
    found["frames"].as_array().unwrap().iter().map(time).collect()
}

/// When each key frame is shown.
pub(super) fn key_times(path: &Path) -> Vec<f64> {
    let entries = "packet=pts_time,flags";
    let found = ffprobe(path, &["-select_streams", "v", "-show_entries", entries]);
    let packets = found["packets"].as_array().unwrap().iter();
    packets
        .filter(|packet| packet["flags"].as_str().unwrap().starts_with('K'))
        .map(|packet| packet["pts_time"].as_str().unwrap().parse().unwrap())
        .collect()
}

/// A frame in grey, as it is stored.
pub(super) struct Grey {
    pub width: usize,
    pub height: usize,
    pub luma: Vec<u8>,
}

impl Grey {
    pub(super) fn all(path: &Path) -> Vec<Self> {
        let video = stream(path, "video");
        let size = |name: &str| usize::try_from(video[name].as_u64().unwrap()).unwrap();
        let (width, height) = (size("width"), size("height"));
        let luma = ffmpeg(
            &["-noautorotate"],
            path,
            &["-map", "0:v", "-vsync", "passthrough", "-vf", "extractplanes=y", "-f", "rawvideo", "-"],
        );
        assert!(!luma.is_empty() && luma.len().is_multiple_of(width * height), "{}", path.display());
        luma.chunks(width * height).map(|luma| Self { width, height, luma: luma.to_vec() }).collect()
    }

    pub(super) fn of(path: &Path, number: usize) -> Self {
        Self::all(path).swap_remove(number)
    }

    /// The mean of a part, given in percent of the sides.
    pub(super) fn mean(&self, columns: [usize; 2], rows: [usize; 2]) -> f64 {
        let part = |percent: [usize; 2], side: usize| percent[0] * side / 100..percent[1] * side / 100;
        let mut sum = 0.0;
        let mut count = 0.0;
        for row in part(rows, self.height) {
            for column in part(columns, self.width) {
                sum += f64::from(self.luma[row * self.width + column]);
                count += 1.0;
            }
        }
        sum / count
    }

    /// How much neighbouring rows differ: of a picture made of upright bars, nothing but combing.
    pub(super) fn combing(&self) -> f64 {
        let (upper, lower) = (&self.luma[..self.luma.len() - self.width], &self.luma[self.width..]);
        let sum: f64 = upper.iter().zip(lower).map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
        sum / lower.len() as f64
    }
}

/// The first frame in red, green and blue, in cells of which each is the mean of its part of the picture, as a player that
/// believes the tags shows it.
pub(super) struct Cells(Vec<u8>);

/// How far apart two pictures are, of 255.
#[derive(Debug, Clone, Copy)]
pub(super) struct Difference {
    pub mean: f64,
    /// In the cell and the colour where it is greatest.
    pub greatest: f64,
}

impl Cells {
    pub(super) fn of(path: &Path) -> Self {
        // Colours first: where both are done at once, small chroma and large are not taken for the same.
        let filter = "format=gbrp,scale=16:12:flags=area,format=rgb24";
        let words = ["-map", "0:v", "-frames:v", "1", "-vf", filter, "-f", "rawvideo", "-"];
        let cells = ffmpeg(&[], path, &words);
        assert_eq!(cells.len(), 16 * 12 * 3, "{}", path.display());
        Self(cells)
    }

    pub(super) fn difference(&self, other: &Self) -> Difference {
        let each = || self.0.iter().zip(&other.0).map(|(a, b)| f64::from(a.abs_diff(*b)));
        Difference { mean: each().sum::<f64>() / self.0.len() as f64, greatest: each().fold(0.0, f64::max) }
    }
}

impl Difference {
    pub(super) fn is_within(self, allowed: Self) -> bool {
        self.mean <= allowed.mean && self.greatest <= allowed.greatest
    }
}

/// Decoded sound from time 0 on, silence where there is none, at this rate. Channels alternate.
pub(super) fn sound(path: &Path, rate_hz: u32) -> Vec<f32> {
    let rate = rate_hz.to_string();
    let filter = "aresample=async=1:first_pts=0";
    let bytes = ffmpeg(&[], path, &["-map", "0:a", "-af", filter, "-ar", &rate, "-f", "f32le", "-"]);
    bytes.as_chunks::<4>().0.iter().map(|sample| f32::from_le_bytes(*sample)).collect()
}

/// Root mean square.
pub(super) fn loudness(samples: &[f32]) -> f32 {
    (samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32).sqrt()
}

pub(super) fn near(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance, "{what}: {found} is not {expected} ± {tolerance}");
}
