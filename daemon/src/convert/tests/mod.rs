//! Whole assignments, with the real ffmpeg.

mod copies;
mod damage;
mod eye;
mod pictures;
mod sounds;
mod times;
mod tracks;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use vodpost_protocol::ids::VideoId;
use vodpost_protocol::time::Timestamp;

use super::*;
use crate::core::artifact::{Failure, JobId, Progress};
use crate::core::media::{AudioCodec, VideoCodec};
use crate::core::plan::plan;
use crate::core::work::OutputSize;
use crate::media::testing::{AAC, FASTSTART, H264, PICTURE, SOUND, Studio, probe_path, tools};

const JOB_ATTEMPT: u32 = 4;

struct Bench {
    studio: Studio,
    context: WorkerContext,
    reports: mpsc::Receiver<WorkerReport>,
}

impl Bench {
    fn new() -> Self {
        let studio = Studio::new();
        let (progress, reports) = mpsc::channel(64);
        let context =
            WorkerContext { tools: Arc::new(tools()), artifacts_dir: studio.path("artifacts"), progress };
        Self { studio, context, reports }
    }

    fn assignment(&self, source: &Path) -> Assignment {
        let probed = probe_path(source).unwrap();
        let plan = plan(&probed.info).unwrap();
        Assignment {
            job: JobId { video: VideoId::from_random(1), attempt: JOB_ATTEMPT },
            source: source.to_owned(),
            identity: probed.identity,
            size: OutputSize::of(&plan, &probed.info, probed.identity.size_bytes),
            plan,
            info: probed.info,
            requested_at: Timestamp::from_system(SystemTime::now()),
            deadline: Timestamp::from_system(SystemTime::now()).after(Duration::from_secs(600)),
        }
    }

    async fn run(&self, assignment: Assignment) -> WorkerReport {
        run(assignment, self.context.clone(), CancellationToken::new()).await
    }

    async fn convert(&self, source: &Path) -> Artifact {
        self.convert_and_say(source).await.0
    }

    /// What was made, and what `show` says of how it was made.
    async fn convert_and_say(&self, source: &Path) -> (Artifact, String) {
        let assignment = self.assignment(source);
        let explained = assignment.plan.explain();
        match self.run(assignment).await {
            WorkerReport::Ready { artifact, done, .. } => (artifact, done.explain()),
            WorkerReport::Failed { failure, .. } => panic!("{}: {explained}: {failure:?}", source.display()),
            WorkerReport::Progress(_) => panic!("progress is not an end"),
        }
    }

    /// Converts into a file of ours that phones play, and says how.
    async fn made_of(&self, source: &Path) -> (PathBuf, String) {
        let (artifact, done) = self.convert_and_say(source).await;
        let Form::File { name, .. } = &artifact.form else { panic!("{}: {artifact:?}", source.display()) };
        let path = self.context.artifacts_dir.join(&**name);
        assert_eq!(plan(&probe_path(&path).unwrap().info), Some(Plan::Direct), "{}", source.display());
        // Each case of a table makes a file of the same name.
        let kept = source.with_extension("made.mp4");
        fs::rename(path, &kept).unwrap();
        (kept, done)
    }

    fn progress(&mut self) -> Vec<Progress> {
        let mut seen = Vec::new();
        while let Ok(WorkerReport::Progress(progress)) = self.reports.try_recv() {
            seen.push(progress);
        }
        seen
    }

    /// What the artifact folder holds.
    fn artifacts(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(&self.context.artifacts_dir) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn written(&self, artifact: &Artifact) -> Probed {
        let Form::File { name, identity } = &artifact.form else { panic!("{artifact:?}") };
        let probed = probe_path(&self.context.artifacts_dir.join(&**name)).unwrap();
        assert_eq!(probed.identity, **identity);
        assert_eq!(plan(&probed.info), Some(Plan::Direct));
        assert_eq!(self.artifacts(), [name.to_string()]);
        probed
    }
}

fn failure(report: WorkerReport) -> Failure {
    match report {
        WorkerReport::Failed { failure, .. } => failure,
        WorkerReport::Ready { artifact, .. } => panic!("{artifact:?}"),
        WorkerReport::Progress(_) => panic!("progress is not an end"),
    }
}

#[tokio::test]
async fn a_fitting_source_is_served_without_writing() {
    let bench = Bench::new();
    let first = bench.studio.make("a.mp4", &[&PICTURE, &SOUND, &H264, &AAC, &FASTSTART]);
    assert_eq!(bench.convert(&first).await.form, Form::AsIs);
    let last = bench.studio.plain("b.mp4");
    let artifact = bench.convert(&last).await;
    assert_eq!((artifact.form, artifact.width, artifact.height), (Form::Relocated, 160, 120));
    assert!(bench.artifacts().is_empty());
}

#[tokio::test]
async fn c5_a_replaced_source_is_noticed() {
    let bench = Bench::new();
    for (name, codec) in [("a.mp4", "aac"), ("b.mp4", "ac3")] {
        let path = bench.studio.make(name, &[&PICTURE, &SOUND, &H264, &["-c:a", codec]]);
        let assignment = bench.assignment(&path);
        let longer = [&fs::read(&path).unwrap()[..], b"\0\0\0\x08free"].concat();
        fs::write(&path, longer).unwrap();
        let reason = failure(bench.run(assignment).await).reason;
        assert_eq!(reason, "the file changed while it was converted");
    }
    assert!(bench.artifacts().is_empty());
}

#[tokio::test]
async fn c2_h264_in_matroska_is_copied() {
    let bench = Bench::new();
    let source = bench.studio.make("-i %d:x.mkv", &[&["-f", "lavfi"], &PICTURE[2..], &SOUND, &H264, &AAC]);
    let before = probe_path(&source).unwrap().info;
    let artifact = bench.convert(&source).await;
    let after = bench.written(&artifact).info;
    assert_eq!(after.video.clone().unwrap().codec, before.video.clone().unwrap().codec);
}

#[tokio::test]
async fn c2_only_the_audio_is_encoded() {
    let bench = Bench::new();
    let source = bench.studio.make("a.mp4", &[&PICTURE, &SOUND, &H264, &["-c:a", "ac3"]]);
    let artifact = bench.convert(&source).await;
    let info = bench.written(&artifact).info;
    assert_eq!(info.audio.clone().unwrap().codec, AudioCodec::AacLc);
    let before = probe_path(&source).unwrap().info;
    assert_eq!(info.video.clone().unwrap().codec, before.video.clone().unwrap().codec);
}

#[tokio::test]
async fn vp9_and_hevc_become_h264_with_progress() {
    let mut bench = Bench::new();
    let vp9 = ["-c:v", "libvpx-vp9", "-cpu-used", "8", "-c:a", "libopus", "-t", "1"];
    let hevc = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error", "-t", "1"];
    for (name, codecs) in [("a.mkv", &vp9[..]), ("b.mkv", &hevc[..])] {
        let source = bench.studio.make(name, &[&PICTURE, &SOUND, codecs]);
        let artifact = bench.convert(&source).await;
        let info = bench.written(&artifact).info;
        assert!(matches!(info.video.clone().unwrap().codec, VideoCodec::H264(_)));
        assert!(artifact.duration_ms.abs_diff(1000) < 120, "{}", artifact.duration_ms);
        let progress = bench.progress();
        assert!(!progress.is_empty() && progress.iter().all(|seen| seen.job.attempt == JOB_ATTEMPT));
        assert!(progress.iter().all(|seen| seen.done_ms <= seen.total_ms && seen.total_ms > 900));
    }
}

#[tokio::test]
async fn large_odd_and_turned_pictures_become_small_and_even() {
    let bench = Bench::new();
    let convert = async |size: &str, extra: &[&str]| {
        let picture = format!("testsrc=size={size}:rate=10:duration=0.3");
        let mpeg4 = ["-f", "lavfi", "-i", &picture, "-c:v", "mpeg4"];
        let source = bench.studio.make("a.mkv", &[&mpeg4, extra]);
        let artifact = bench.convert(&source).await;
        bench.written(&artifact);
        (artifact.width, artifact.height)
    };
    assert_eq!(convert("2560x1440", &[]).await, (1920, 1080));
    assert_eq!(convert("1440x2560", &[]).await, (1080, 1920));
    assert_eq!(convert("1200x1200", &[]).await, (1080, 1080));
    assert_eq!(convert("161x121", &[]).await, (162, 122));
    assert_eq!(convert("720x480", &["-aspect", "16:9"]).await, (854, 480));
}

#[tokio::test]
async fn the_track_that_was_probed_is_the_one_that_is_kept() {
    let bench = Bench::new();
    // The first track is disabled; the second one is the default.
    let two = [
        "-map",
        "0:a",
        "-map",
        "0:a",
        "-map",
        "1:v",
        "-c:a:0",
        "ac3",
        "-c:a:1",
        "libmp3lame",
        "-ac:a:1",
        "1",
    ];
    let flags = ["-disposition:a:0", "0", "-disposition:a:1", "default"];
    let source = bench.studio.make("a.mp4", &[&SOUND, &PICTURE, &two, &H264, &flags]);
    let probed = probe_path(&source).unwrap();
    assert_eq!(probed.info.audio.as_ref().unwrap().codec.name(), "mp3");
    let artifact = bench.convert(&source).await;
    bench.written(&artifact);
}

#[tokio::test]
async fn c4_missing_ffmpeg_says_what_to_do() {
    let bench = Bench::new();
    let source = bench.studio.make("a.mp4", &[&PICTURE, &SOUND, &H264, &["-c:a", "ac3"]]);
    for tools in [Tools::default(), Tools { ffmpeg: Some("/nonexistent/ffmpeg".into()), ..tools() }] {
        let context = WorkerContext { tools: Arc::new(tools), ..bench.context.clone() };
        let reason = failure(run(bench.assignment(&source), context, CancellationToken::new()).await).reason;
        assert_eq!(
            reason,
            "ffmpeg is not installed; this file needs it (video copied; audio encoded (ac3 instead of AAC)); \
             install it and run `vodpost retry`"
        );
    }
    assert!(bench.artifacts().is_empty());
}

/// A source that takes far longer than the test, repeated from one second.
fn long_source(bench: &Bench) -> Assignment {
    let picture = ["-f", "lavfi", "-i", "testsrc=size=1280x720:rate=25:duration=1", "-c:v", "mpeg4"];
    let second = bench.studio.make("second.mkv", &[&picture]);
    let repeat = ["-stream_loop", "600", "-i", second.to_str().unwrap(), "-c", "copy"];
    let source = bench.studio.make("long.mkv", &[&repeat]);
    bench.assignment(&source)
}

#[tokio::test]
async fn cancelling_ends_the_child_and_removes_its_file() {
    let mut bench = Bench::new();
    let assignment = long_source(&bench);
    let cancel = CancellationToken::new();
    let running = tokio::spawn(run(assignment, bench.context.clone(), cancel.clone()));
    assert!(matches!(bench.reports.recv().await, Some(WorkerReport::Progress(_))));
    assert_eq!(bench.artifacts().len(), 1);
    cancel.cancel();
    assert_eq!(failure(running.await.unwrap()).reason, "the conversion was cancelled");
    assert!(bench.artifacts().is_empty());
}

#[tokio::test]
async fn c3_the_deadline_ends_the_child_and_removes_its_file() {
    let bench = Bench::new();
    let mut assignment = long_source(&bench);
    assignment.deadline = Timestamp::from_system(SystemTime::now()).after(Duration::from_millis(400));
    let reason = failure(bench.run(assignment).await).reason;
    assert!(reason.starts_with("it was not ready within its deadline of"), "{reason}");
    assert!(bench.artifacts().is_empty());
}

#[tokio::test]
async fn c4_a_source_that_breaks_off_is_refused() {
    let bench = Bench::new();
    let whole = bench.studio.make("a.mkv", &[&PICTURE, &SOUND, &["-c:v", "mpeg4", "-c:a", "libopus"]]);
    let bytes = fs::read(&whole).unwrap();
    let half = bench.studio.write("b.mkv", &bytes[..bytes.len() / 2]);
    let reason = failure(bench.run(bench.assignment(&half)).await).reason;
    assert!(reason.contains("seconds long instead of 2.0"), "{reason}");
    assert!(bench.artifacts().is_empty());
}

/// C6 must not refuse what only looks odd: each has a stream that is encoded and one that is copied, or only one.
#[tokio::test]
async fn odd_but_whole_sources_are_converted() {
    let bench = Bench::new();
    let mpeg4 = ["-c:v", "mpeg4"];
    let ac3 = ["-c:a", "ac3"];
    let long_sound = ["-f", "lavfi", "-i", "sine=duration=5"];
    let picture = |filter| ["-f", "lavfi", "-i", filter];
    let whole = bench.studio.make(
        "whole.mp4",
        &[&picture("testsrc=size=160x120:rate=25:duration=8"), &long_sound, &H264, &["-g", "50"], &ac3],
    );
    let cut = ["-ss", "1.3", "-i", whole.to_str().unwrap(), "-c", "copy"];
    let every_third = ["-vf", "select=not(mod(n\\,3))+lt(n\\,10)", "-fps_mode", "vfr"];
    let sources: [(&str, &[&[&str]]); 11] = [
        ("sound begins later", &[&PICTURE, &["-itsoffset", "0.7"], &SOUND, &mpeg4, &AAC]),
        ("sound begins later, copied picture", &[&PICTURE, &["-itsoffset", "0.7"], &SOUND, &H264, &ac3]),
        ("picture begins later", &[&["-itsoffset", "0.7"], &PICTURE, &SOUND, &mpeg4, &AAC]),
        ("sound is longer", &[&PICTURE, &long_sound, &mpeg4, &AAC]),
        ("sound is shorter", &[&picture("testsrc=size=160x120:rate=25:duration=8"), &SOUND, &H264, &ac3]),
        ("trimmed by an edit list", &[&cut]),
        ("one picture", &[&PICTURE, &mpeg4, &["-frames:v", "1"]]),
        ("one picture a second", &[&picture("testsrc=size=160x120:rate=1:duration=4"), &SOUND, &mpeg4, &AAC]),
        ("pictures at odd moments", &[&PICTURE, &SOUND, &mpeg4, &every_third, &AAC]),
        ("many pictures", &[&picture("testsrc=size=64x48:rate=120:duration=2"), &SOUND, &mpeg4, &AAC]),
        ("in fragments", &[&PICTURE, &SOUND, &mpeg4, &AAC, &["-movflags", "+frag_keyframe+empty_moov"]]),
    ];
    for (what, arguments) in sources {
        for name in ["a.mp4", "a.mkv"] {
            let source = bench.studio.make(name, arguments);
            let assignment = bench.assignment(&source);
            assert!(assignment.plan.needs_worker(), "{what}");
            match bench.run(assignment).await {
                WorkerReport::Ready { .. } => {}
                report => panic!("{what}, {name}: {:?}", failure(report)),
            }
        }
    }
}
