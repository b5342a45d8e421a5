//! From the order to the first byte: an MP4 whose index lies last, against ffmpeg moving the index by a copy.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use vodpost_protocol::ids::Label;
use vodpost_protocol::posting::PostingState;
use vodpost_protocol::reply::Answer;
use vodpost_protocol::request::Request;
use vodpost_tests::http::range;
use vodpost_tests::site::Site;

use crate::measure::{Connection, Samples, timed, written_bytes};
use crate::table::Table;

const ROUNDS: usize = 5;
/// How often the clip of about 26 MB is repeated.
const LARGE: usize = 50;
const SMALL: usize = 5;

pub(crate) fn rows(table: &mut Table) {
    table.section("generate to first byte, an MP4 with its index last");
    let folder = tempfile::tempdir().expect("a folder");
    let (large, small) = (source(folder.path(), LARGE), source(folder.path(), SMALL));
    let (mut ours, mut tenth, mut ffmpeg) = (Samples::default(), Samples::default(), Samples::default());
    let mut written = 0;
    for _ in 0..ROUNDS {
        let round = order(&large);
        ours.push(round.took);
        written = written.max(round.written_bytes);
        tenth.push(order(&small).took);
        ffmpeg.push(timed(|| drop(faststart(&large, folder.path()))).0);
    }
    let bytes = std::fs::metadata(&large).expect("the source").len();
    let what = format!("{} MB, median of {ROUNDS}", bytes / 1_000_000);
    table.faster(&what, ours.median(), ("ffmpeg +faststart", ffmpeg.median()), 200.0);
    let against = format!("a tenth of the size, median of {ROUNDS}");
    table.note(&against, &crate::table::time(tenth.median()));
    table.memory("bytes that the daemon wrote meanwhile, log included", written, 1_000_000);
}

struct Round {
    took: Duration,
    written_bytes: u64,
}

/// A daemon of its own for each, since a file is generated once.
fn order(source: &Path) -> Round {
    let site = Site::new();
    std::fs::hard_link(source, site.library().join("talk.mp4"))
        .or_else(|_other_disk| std::fs::copy(source, site.library().join("talk.mp4")).map(drop))
        .expect("the source in the library");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let mut connection = Connection::open(&site);
    let before = written_bytes(&daemon);
    let (took, _) = timed(|| {
        connection.ask(Request::Generate { video: "talk".to_owned(), label: Label::default() });
        let url = live(&mut connection, "talk");
        let body = range(daemon.http, &url, "bytes=0-0").body;
        assert_eq!(body.len(), 1, "the first byte");
    });
    let round = Round { took, written_bytes: written_bytes(&daemon) - before };
    daemon.terminate();
    round
}

/// Waits until it has a live URL, without missing a moment; the path of its file.
pub(crate) fn live(connection: &mut Connection, video: &str) -> String {
    loop {
        if let Some(path) = live_path(connection, video) {
            return path;
        }
        std::thread::yield_now();
    }
}

/// The path of the file behind its URL, once that is live.
pub(crate) fn live_path(connection: &mut Connection, video: &str) -> Option<String> {
    let answer = connection.ask(Request::Show { video: video.to_owned() });
    let Answer::Video(shown) = answer else { panic!("no video: {answer:?}") };
    assert!(shown.conversion.reason.is_none(), "{video}: {:?}", shown.conversion);
    let live = shown.postings.iter().find(|posting| posting.state == PostingState::Live);
    live.map(|posting| format!("/v/{}.mp4", posting.token))
}

pub(crate) fn source(folder: &Path, times: usize) -> PathBuf {
    let clip = folder.join("clip.mp4");
    if !clip.exists() {
        ffmpeg(&[
            &["-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=25:duration=20,noise=alls=60:allf=t"],
            &["-f", "lavfi", "-i", "sine=sample_rate=48000:duration=20"],
            &["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-b:v", "10M"],
            &["-maxrate", "10M", "-bufsize", "10M", "-c:a", "aac", "-ac", "2"],
            &[clip.to_str().expect("plain")],
        ]);
    }
    let long = folder.join(format!("{times}.mp4"));
    let again = (times - 1).to_string();
    let names = [clip.to_str().expect("plain"), long.to_str().expect("plain")];
    ffmpeg(&[&["-stream_loop", &again, "-i", names[0], "-c", "copy", names[1]]]);
    long
}

pub(crate) fn faststart(source: &Path, folder: &Path) -> PathBuf {
    let out = folder.join("faststart.mp4");
    let names = [source.to_str().expect("plain"), out.to_str().expect("plain")];
    ffmpeg(&[&["-i", names[0], "-c", "copy", "-movflags", "+faststart", names[1]]]);
    out
}

pub(crate) fn ffmpeg(args: &[&[&str]]) {
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-y"])
        .args(args.concat())
        .status()
        .expect("ffmpeg is installed");
    assert!(made.success(), "ffmpeg {args:?}");
}
