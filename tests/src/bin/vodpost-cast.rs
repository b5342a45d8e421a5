//! Records the demo: a daemon on made videos, the terminal UI in a pseudo-terminal, and somebody who presses keys.
//!
//! `vodpost-cast FOLDER` writes `demo.cast` (asciicast v2) and `demo.svg`, one picture of it. Run by `scripts/cast`.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::json;
use vodpost_tests::http::get;
use vodpost_tests::media::Sample;
use vodpost_tests::screen::{Chunk, Screen};
use vodpost_tests::site::{Daemon, Site};
use vodpost_tests::svg;

const SIZE: (u16, u16) = (96, 28);
/// Where the videos are, as the recording shows it.
const VIDEOS: &str = "/tmp/videos";
/// Nobody wants to watch for longer while nothing happens.
const STILL_MAX: Duration = Duration::from_millis(1_800);
/// So much a reader needs to see what a key did.
const LOOK: Duration = Duration::from_millis(1_400);

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [folder] = args.as_slice() else { return ExitCode::from(2) };
    // Not somebody's own videos.
    if std::fs::create_dir(VIDEOS).is_err() {
        return ExitCode::from(3);
    }
    let _videos = Videos;
    match record(Path::new(folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// The folder of the videos, which goes with the recording however that ends.
struct Videos;

impl Drop for Videos {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(VIDEOS));
    }
}

fn site() -> (Site, Daemon) {
    let config = format!(
        "[library]\nroots = [\"{VIDEOS}\"]\nsettle = \"0s\"\n[http]\npublic_url = \"https://video.example.com\""
    );
    let site = Site::new().with_config(&config);
    for (sample, name) in [
        (Sample::HighBitrate, "keynote.1080p.mp4"),
        (Sample::Silent, "keynote.720p.mp4"),
        (Sample::Ac3, "product film.mp4"),
        (Sample::Long, "town hall.webm"),
        (Sample::IndexLast, "公开课 第一讲.mp4"),
    ] {
        std::fs::copy(sample.path(), Path::new(VIDEOS).join(name)).expect("a sample");
    }
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    (site, daemon)
}

/// Somebody watched this URL.
fn watch(site: &Site, daemon: &Daemon, video: &str) {
    let token = site.token(video);
    for _ in 0..3 {
        assert_eq!(get(daemon.http, &format!("/v/{token}.mp4")).status, 200, "it plays");
    }
}

/// Presses keys as a hand does, after a look at the screen, and waits for what they show.
fn does(screen: &mut Screen, keys: &str, shows: &str) {
    std::thread::sleep(LOOK);
    for key in keys.chars() {
        screen.send(&key.to_string());
        std::thread::sleep(Duration::from_millis(90));
    }
    screen.wait_text(shows);
}

fn record(folder: &Path) -> std::io::Result<()> {
    let (site, daemon) = site();
    let mut command = site.client(&[]);
    command.env("LANG", "C.UTF-8").env("COLORTERM", "");
    let begun = Instant::now();
    let mut screen = Screen::start(&command, SIZE.0, SIZE.1);
    does(&mut screen, "", "> keynote");
    does(&mut screen, "g", "> default  * live");
    does(&mut screen, "\r", "Esc");
    does(&mut screen, "\x1b", "by name");
    watch(&site, &daemon, "keynote");
    does(&mut screen, "j", "> product film");
    does(&mut screen, "g", "default");
    does(&mut screen, "j", "> town hall");
    does(&mut screen, "g", "] ");
    does(&mut screen, "kk", "> keynote");
    let picture = screen.look(svg::draw);
    does(&mut screen, "/公", "with \"公\"");
    does(&mut screen, "\r", "> 公开课");
    does(&mut screen, "g", "> default  * live");
    does(&mut screen, "p", "p resume URL");
    does(&mut screen, "w", "vodpost resume");
    does(&mut screen, "\x1b", "p resume URL");
    does(&mut screen, "p", "p suspend URL");
    does(&mut screen, "\x1b", "4 videos, by name");
    does(&mut screen, "2", "vodpost  Conversions");
    does(&mut screen, "3", "vodpost  Events");
    does(&mut screen, "1D", "Type the title");
    does(&mut screen, "公开课 第一讲\r", "deleted");
    std::thread::sleep(LOOK);
    let received = screen.take_received();
    screen.send("q");
    screen.wait_end();
    daemon.terminate();
    std::fs::write(folder.join("demo.svg"), picture)?;
    std::fs::write(folder.join("demo.cast"), cast(&received, begun))
}

/// The asciicast: a line that describes it, then one for each piece of output.
fn cast(received: &[Chunk], begun: Instant) -> String {
    let header = json!({
        "version": 2, "width": SIZE.0, "height": SIZE.1, "title": "vodpost",
        "env": { "TERM": "xterm-256color" },
    });
    let mut text = format!("{header}\n");
    let (mut before, mut at, mut rest) = (begun, Duration::ZERO, Vec::new());
    for chunk in received {
        at += chunk.at.duration_since(before).min(STILL_MAX);
        before = chunk.at;
        rest.extend_from_slice(&chunk.bytes);
        // A character may be cut in two by the reading.
        let whole = rest.utf8_chunks().next().map_or(0, |first| first.valid().len());
        let output: Vec<u8> = rest.drain(..whole).collect();
        let seconds = (at.as_secs_f64() * 1e3).round() / 1e3;
        text.push_str(&format!("{}\n", json!([seconds, "o", String::from_utf8_lossy(&output)])));
    }
    text
}
