//! Real files: what the first look at ten thousand of them takes, what the next one takes, and what ffprobe would take.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use vodpost_protocol::reply::Answer;
use vodpost_protocol::request::Request;
use vodpost_tests::site::Site;

use crate::measure::{Connection, Samples, timed};
use crate::table::Table;

const FILES: usize = 10_000;
const FILES_A_FOLDER: usize = 100;
const ROUNDS: usize = 3;
const PROBES: usize = 20;

pub(crate) fn rows(table: &mut Table) {
    table.section(&format!("{FILES} small MP4 files, just written"));
    let (mut first, mut again, mut ffprobe) = (Samples::default(), Samples::default(), Samples::default());
    for _ in 0..ROUNDS {
        let site = Site::new();
        let daemon = site.start();
        let mut connection = Connection::open(&site);
        // The daemon's own first look is over when this is answered, and found nothing.
        connection.ask(Request::Scan);
        // Made elsewhere and moved in, so that the look finds all of them at once.
        let arriving = site.folder().join("arriving");
        make(&arriving);
        let arrived = site.library().join("arrived");
        std::fs::rename(&arriving, &arrived).expect("the files can be moved");
        let (took, answer) = connection.ask_timed(Request::Scan);
        let Answer::Scan(scan) = answer else { panic!("no scan: {answer:?}") };
        assert_eq!((scan.added, scan.problems.len()), (FILES as u64, 0), "all are videos that can be used");
        first.push(took);
        again.push(connection.ask_timed(Request::Scan).0);
        for number in 0..PROBES {
            ffprobe.push(timed(|| probe(&arrived.join(name(number)))).0);
        }
        daemon.terminate();
    }
    let each = first.median() / u32::try_from(FILES).expect("few");
    table.time(&format!("first look, median of {ROUNDS}"), first.median(), Duration::from_secs(3));
    table.faster("first look, each file", each, ("ffprobe", ffprobe.median()), 100.0);
    table.note(
        &format!("next look, nothing changed, median of {ROUNDS}"),
        &crate::table::time(again.median()),
    );
}

fn name(number: usize) -> String {
    format!("{:03}/clip {number:05}.mp4", number / FILES_A_FOLDER)
}

/// Files that differ in a box that players skip.
fn make(folder: &Path) {
    let sample = folder.with_extension("mp4");
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-y"])
        .args(["-f", "lavfi", "-i", "testsrc2=size=64x64:rate=10:duration=1"])
        .args(["-f", "lavfi", "-i", "sine=sample_rate=48000:duration=1"])
        .args(["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-ac", "2"])
        .arg(&sample)
        .status()
        .expect("ffmpeg is installed");
    assert!(made.success(), "ffmpeg makes a sample");
    let sample = std::fs::read(sample).expect("the sample");
    for number in 0..FILES {
        let path = folder.join(name(number));
        if number % FILES_A_FOLDER == 0 {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        }
        let mut file = std::fs::File::create(path).expect("a file");
        file.write_all(&sample).and_then(|()| file.write_all(&free_box(number))).expect("it can be written");
    }
}

fn free_box(number: usize) -> [u8; 16] {
    let mut bytes = *b"\0\0\0\x10free........";
    bytes[8..].copy_from_slice(&(number as u64).to_be_bytes());
    bytes
}

fn probe(path: &Path) {
    let status = Command::new("ffprobe")
        .args(["-v", "error", "-print_format", "json", "-show_format", "-show_streams"])
        .arg(path)
        .stdout(Stdio::null())
        .status()
        .expect("ffprobe is installed");
    assert!(status.success(), "ffprobe reads {}", path.display());
}
