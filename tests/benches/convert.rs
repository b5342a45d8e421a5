//! Conversions: what the daemon adds to ffmpeg's own time, what plans save against encoding everything, and the memory
//! that it takes.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use vodpost_protocol::ids::Label;
use vodpost_protocol::request::Request;
use vodpost_tests::site::{Daemon, Site};

use crate::generate::{ffmpeg, live_path};
use crate::measure::{Connection, Pushes, Samples, resident_peak, timed};
use crate::table::{Table, say, time};

const ROUNDS: usize = 3;
const MEMORY_MAX: u64 = 64_000_000;

const PICTURE: &[&str] = &["-f", "lavfi", "-i"];
const H264: &[&str] = &["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-b:v", "4M"];
const MPEG4: &[&str] = &["-c:v", "mpeg4", "-q:v", "4"];
const HEVC: &[&str] = &["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"];
const AAC: &[&str] = &["-c:a", "aac", "-ac", "2"];
const AC3: &[&str] = &["-c:a", "ac3"];
const MP3: &[&str] = &["-c:a", "libmp3lame"];

pub(crate) fn rows(table: &mut Table) {
    let folder = tempfile::tempdir().expect("a folder");
    transcode(table, folder.path());
    mixes(table, folder.path());
}

/// One file that has to be encoded, against ffmpeg with the very same arguments.
fn transcode(table: &mut Table, folder: &Path) {
    table.section("a transcode, 1080p for a minute, MPEG-4 and MP3 to H.264 and AAC");
    let source = clip(folder, "long.mkv", "1920x1080", 60, &[MPEG4, MP3]);
    let (mut ours, mut theirs) = (Samples::default(), Samples::default());
    let mut peak = 0;
    for _ in 0..ROUNDS {
        let site = site_with(std::slice::from_ref(&source));
        let daemon = site.start();
        site.set_up_account();
        site.scan();
        let (mut connection, mut pushes) = (Connection::open(&site), Pushes::of(&site));
        let (took, command) = timed(|| {
            generate(&mut connection, "long");
            let command = command_line(&daemon);
            wait_live(&mut connection, &mut pushes, "long");
            command
        });
        ours.push(took);
        peak = peak.max(resident_peak(&daemon));
        daemon.terminate();
        theirs.push(timed(|| by_hand(command, &folder.join("by-hand.mp4"))).0);
    }
    table.ratio(&format!("order to live URL, median of {ROUNDS}"), &ours, ("ffmpeg by hand", &theirs), 1.02);
    table.memory("memory of the daemon, at most", peak, MEMORY_MAX);
}

/// The command line of the ffmpeg that the daemon has started.
fn command_line(daemon: &Daemon) -> Vec<OsString> {
    let parent = daemon.pid().as_raw_nonzero().to_string();
    loop {
        let entries = std::fs::read_dir("/proc").expect("processes");
        for entry in entries.flatten() {
            // A process may be gone by now.
            let read = |name: &str| std::fs::read(entry.path().join(name)).unwrap_or_default();
            let status = String::from_utf8_lossy(&read("status")).into_owned();
            let child =
                status.lines().any(|line| line.strip_prefix("PPid:").is_some_and(|id| id.trim() == parent));
            let words: Vec<OsString> = read("cmdline")
                .split(|byte| *byte == 0)
                .filter(|word| !word.is_empty())
                .map(|word| OsString::from_vec(word.to_vec()))
                .collect();
            let program = words.first().map(Path::new).and_then(Path::file_name);
            if child && program.is_some_and(|name| name == "ffmpeg") && words.len() > 10 {
                return words;
            }
        }
        std::thread::yield_now();
    }
}

/// The same with another output, which is the last argument.
fn by_hand(mut command: Vec<OsString>, output: &Path) {
    *command.last_mut().expect("arguments") = output.into();
    let ended = Command::new("ffmpeg")
        .args(&command[1..])
        .stdout(std::process::Stdio::null())
        .status()
        .expect("ffmpeg is installed");
    assert!(ended.success(), "{command:?}");
}

/// What a library may hold.
struct Mix {
    name: &'static str,
    clips: &'static [Clip],
}

/// Its name, what it takes at the least, and how it is made.
type Clip = (&'static str, Need, &'static [&'static [&'static str]]);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    /// Its picture has to be encoded.
    Picture,
    /// Its index, its container or its sound.
    Little,
}

/// What plans may take: the pictures that have to be encoded, and for each clip what it takes to look at it, to copy its
/// streams, and to decode parts of the result.
const PICTURES_PART: f64 = 1.2;
const REST_A_CLIP: Duration = Duration::from_secs(1);

const MIXES: &[Mix] = &[
    Mix {
        name: "phones and cameras",
        clips: &[
            ("a.mp4", Need::Little, &[H264, AAC]),
            ("b.mp4", Need::Little, &[H264, AAC]),
            ("c.mov", Need::Little, &[H264, AAC]),
            ("d.mp4", Need::Little, &[H264, AAC, &["-movflags", "+faststart"]]),
            ("e.mp4", Need::Little, &[H264, AC3]),
        ],
    },
    Mix {
        name: "an archive in Matroska",
        clips: &[
            ("a.mkv", Need::Little, &[H264, AAC]),
            ("b.mkv", Need::Little, &[H264, AAC]),
            ("c.mkv", Need::Little, &[H264, AC3]),
            ("d.mkv", Need::Little, &[H264, MP3]),
            ("e.mkv", Need::Picture, &[HEVC, AAC]),
        ],
    },
    Mix {
        name: "old formats",
        clips: &[
            ("a.avi", Need::Picture, &[MPEG4, MP3]),
            ("b.avi", Need::Picture, &[MPEG4, MP3]),
            ("c.mkv", Need::Picture, &[HEVC, AC3]),
            ("d.mp4", Need::Little, &[H264, AAC]),
            ("e.mkv", Need::Little, &[H264, AAC]),
        ],
    },
];

/// A whole library, against encoding every stream of every file.
fn mixes(table: &mut Table, folder: &Path) {
    table.section(
        "libraries of five clips, 720p for 20 seconds each: plans against encoding everything, and what of that time the \
         pictures take that have to be encoded",
    );
    for Mix { name, clips } in MIXES {
        let folder = folder.join(name.replace(' ', "-"));
        std::fs::create_dir(&folder).expect("a folder");
        let made = clips.iter().map(|(file, _, how)| clip(&folder, file, "1280x720", 20, how));
        let sources: Vec<PathBuf> = made.collect();
        let planned = planned(&sources);
        let (mut encoded, mut pictures) = (Duration::ZERO, Duration::ZERO);
        for (source, (_, need, _)) in sources.iter().zip(*clips) {
            let (took, ()) = timed(|| encode(source, &folder.join("encoded.out")));
            encoded += took;
            pictures += if *need == Need::Picture { took } else { Duration::ZERO };
        }
        let allowed =
            pictures.mul_f64(PICTURES_PART) + REST_A_CLIP * u32::try_from(clips.len()).expect("few");
        let gain_min = (10.0 * encoded.as_secs_f64() / allowed.as_secs_f64()).round() / 10.0;
        let against = format!("pictures {}, everything encoded", time(pictures));
        table.faster(name, planned, (&against, encoded), gain_min);
    }
}

fn planned(sources: &[PathBuf]) -> Duration {
    let site = site_with(sources);
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let titles: Vec<&str> = sources
        .iter()
        .map(|source| source.file_stem().and_then(|stem| stem.to_str()).expect("plain"))
        .collect();
    let (mut connection, mut pushes) = (Connection::open(&site), Pushes::of(&site));
    let (took, ()) = timed(|| {
        titles.iter().for_each(|title| generate(&mut connection, title));
        titles.iter().for_each(|title| wait_live(&mut connection, &mut pushes, title));
    });
    daemon.terminate();
    took
}

/// What a script without plans would do.
fn encode(source: &Path, output: &Path) {
    let names = [source.to_str().expect("plain"), output.to_str().expect("plain")];
    ffmpeg(&[
        &["-i", names[0], "-c:v", "libx264", "-preset", "veryfast", "-crf", "21", "-pix_fmt", "yuv420p"],
        &["-c:a", "aac", "-b:a", "160k", "-ac", "2", "-movflags", "+faststart", "-f", "mp4", names[1]],
    ]);
}

/// The pushes were subscribed to before, so that none is missed.
fn wait_live(connection: &mut Connection, pushes: &mut Pushes, video: &str) {
    while live_path(connection, video).is_none() {
        pushes.wait();
    }
}

fn generate(connection: &mut Connection, video: &str) {
    connection.ask(Request::Generate { video: video.to_owned(), label: Label::default() });
}

fn site_with(sources: &[PathBuf]) -> Site {
    let site = Site::new().with_config("[conversion]\nworkers = 1");
    for source in sources {
        site.add(source, source.file_name().and_then(|name| name.to_str()).expect("plain"));
    }
    site
}

fn clip(folder: &Path, name: &str, size: &str, seconds: u32, how: &[&[&str]]) -> PathBuf {
    say(&format!("making {name}"));
    let path = folder.join(name);
    let picture = format!("testsrc2=size={size}:rate=25:duration={seconds},noise=alls=12:allf=t");
    let sound = format!("sine=sample_rate=48000:duration={seconds}");
    let inputs = [PICTURE, &[&picture], PICTURE, &[&sound]].concat();
    ffmpeg(&[&inputs, &how.concat(), &[path.to_str().expect("plain")]]);
    path
}
