//! A poster is a picture of what is served, made after it has gone live; it goes with its video, and comes back when it is
//! lost.

use std::path::{Path, PathBuf};
use std::process::Command;

use vodpost_tests::http::{self, Response, get};
use vodpost_tests::media::Sample;
use vodpost_tests::site::{Daemon, Site};
use vodpost_tests::wait;

/// Makes a video with ffmpeg.
fn film(site: &Site, name: &str, arguments: &[&str]) {
    let path = site.folder().join(name);
    let made =
        Command::new("ffmpeg").args(["-v", "error", "-nostdin", "-y"]).args(arguments).arg(&path).status();
    assert!(made.unwrap().success());
    site.add(&path, name);
}

fn posters(site: &Site) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(site.state().join("artifacts")).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|end| end == "jpg")).collect()
}

fn poster(daemon: &Daemon, token: &str) -> Response {
    wait::until("a poster", || {
        let response = get(daemon.http, &format!("/v/{token}.jpg"));
        if response.status == 200 {
            Ok(response)
        } else {
            Err(format!("{} {}", response.status, response.text()))
        }
    })
}

/// Width, height, pixel aspect and mean brightness (0 to 255) of a picture.
fn look_at(jpeg: &Path) -> (String, f64) {
    let probed = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-show_entries",
            "stream=codec_name,width,height,sample_aspect_ratio",
            "-of",
            "csv=p=0",
        ])
        .arg(jpeg)
        .output()
        .unwrap();
    let shape = String::from_utf8_lossy(&probed.stdout).trim().to_owned();
    let grey = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(jpeg)
        .args(["-vf", "scale=1:1:flags=area,format=gray", "-f", "rawvideo", "-"])
        .output()
        .unwrap();
    (shape, f64::from(grey.stdout[0]))
}

fn seen(site: &Site, daemon: &Daemon, title: &str) -> (String, f64) {
    let token = site.generate(title);
    let path = site.folder().join("seen.jpg");
    let response = poster(daemon, &token);
    assert_eq!(response.header("content-type"), Some("image/jpeg"));
    std::fs::write(&path, response.body).unwrap();
    look_at(&path)
}

#[test]
fn posters_are_upright_square_small_and_not_black() {
    let site = Site::new();
    let h264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"];
    let picture = |filter: &'static str| ["-f", "lavfi", "-i", filter].into_iter().chain(h264);
    let direct: Vec<&str> =
        picture("testsrc2=size=640x360:rate=5:duration=2").chain(["-movflags", "+faststart"]).collect();
    film(&site, "direct.mp4", &direct);
    let large: Vec<&str> = picture("testsrc2=size=1920x1080:rate=5:duration=1").collect();
    film(&site, "large.mp4", &large);
    let wide: Vec<&str> = picture("testsrc2=size=180x240:rate=5:duration=1,setsar=2").collect();
    film(&site, "wide.mp4", &wide);
    // Black for its first three seconds.
    let fade: Vec<&str> =
        picture("color=white:size=320x180:rate=5:duration=30,fade=in:0:15").chain(["-g", "5"]).collect();
    film(&site, "fade.mp4", &fade);
    let turned = site.folder().join("turned.mp4");
    film(&site, "upright.mp4", &direct);
    let upright = site.folder().join("upright.mp4");
    let rotate = ["-v", "error", "-y", "-display_rotation", "90", "-i"];
    let rotate = Command::new("ffmpeg").args(rotate).arg(&upright).args(["-c", "copy"]).arg(&turned).status();
    // Older ones say it in another way.
    if !rotate.unwrap().success() {
        let rotate = ["-v", "error", "-y", "-i"];
        let made = Command::new("ffmpeg")
            .args(rotate)
            .arg(&upright)
            .args(["-c", "copy", "-metadata:s:v", "rotate=90"])
            .arg(&turned)
            .status();
        assert!(made.unwrap().success());
    }
    site.add(&turned, "turned.mp4");
    site.add(&Sample::Vp9.path(), "encoded.webm");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    for (title, shape) in [
        ("direct", "mjpeg,640,360,1:1"),
        ("large", "mjpeg,1280,720,1:1"),
        ("wide", "mjpeg,360,240,1:1"),
        ("turned", "mjpeg,360,640,1:1"),
        ("encoded", "mjpeg,320,180,1:1"),
    ] {
        let (found, brightness) = seen(&site, &daemon, title);
        assert_eq!(found, shape, "{title}");
        assert!((30.0..230.0).contains(&brightness), "{title}: {brightness}");
    }
    let (_, brightness) = seen(&site, &daemon, "fade");
    assert!(brightness > 200.0, "{brightness}");
    assert_eq!(posters(&site).len(), 6);
}

#[test]
fn a_poster_goes_with_its_video_and_comes_back_when_it_is_lost() {
    let site = Site::new();
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let token = site.generate("talk");
    let first = poster(&daemon, &token);
    let tag = first.header("etag").unwrap();
    let path = format!("/v/{token}.jpg");
    assert_eq!(http::request(daemon.http, "GET", &path, &[("If-None-Match", tag)]).status, 304);
    assert!(get(daemon.http, &format!("/v/{token}")).text().contains(&format!("poster=\"{token}.jpg\"")));
    site.ok(&["suspend", "talk"]);
    assert_eq!(get(daemon.http, &path).status, 403);
    site.ok(&["resume", "talk"]);
    // One that was only just made when its URL was suspended may have to be made again.
    assert!(poster(&daemon, &token).body == first.body);

    // What is not of this state is swept at the start, what is foreign stays, and what is missing is made when asked for.
    let artifacts = site.state().join("artifacts");
    let only = posters(&site).remove(0);
    let orphan = only.with_file_name(only.file_name().unwrap().to_str().unwrap().replace("-1.", "-9."));
    daemon.kill();
    std::fs::rename(&only, &orphan).unwrap();
    std::fs::write(artifacts.join("family.jpg"), b"foreign").unwrap();
    let daemon = site.start();
    assert!(!orphan.exists());
    assert_eq!(get(daemon.http, &path).status, 404);
    assert!(poster(&daemon, &token).body == first.body);
    assert_eq!(posters(&site).len(), 2);

    // Another file, another poster.
    site.add(&Sample::HighBitrate.path(), "talk.mp4");
    site.scan();
    site.wait_shown("talk", "the new file to be live", |shown| shown["postings"][0]["state"] == "live");
    assert!(poster(&daemon, &token).body != first.body);
    wait::until("the old poster to be removed", || {
        if only.exists() { Err("it is there".into()) } else { Ok(()) }
    });

    site.ok(&["source", "delete", "talk", "--yes"]);
    assert_eq!(get(daemon.http, &path).status, 410);
    wait::until("the poster to be removed", || {
        let left = posters(&site);
        if left == [artifacts.join("family.jpg")] { Ok(()) } else { Err(format!("{left:?}")) }
    });
}

#[test]
fn without_ffmpeg_there_are_no_posters_and_nothing_else_is_missing() {
    let site = Site::new().with_path("/nonexistent");
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let token = site.generate("talk");
    assert_eq!(get(daemon.http, &format!("/v/{token}.jpg")).status, 404);
    let page = get(daemon.http, &format!("/v/{token}"));
    assert_eq!(page.status, 200);
    assert!(!page.text().contains(".jpg"));
    assert!(daemon.terminate().0.success());
}

/// ffmpeg inherits the priority of the thread that starts it.
#[test]
fn posters_are_made_with_the_lowest_priority() {
    let site = Site::new();
    let ffmpeg = vodpost_tests::stand_in::install(site.folder());
    let site =
        site.with_config(&format!("[conversion]\nsandbox = \"off\"\nffmpeg = \"{}\"", ffmpeg.display()));
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    vodpost_tests::stand_in::set(site.folder(), vodpost_tests::stand_in::Mode::Hangs);
    let token = site.generate("talk");
    let child = wait::until("a poster to be in the making", || {
        let children = vodpost_tests::stand_in::children(daemon.pid());
        let makes_poster = |words: &[String]| words.last().is_some_and(|word| word.ends_with(".jpg"));
        children.into_iter().find(|child| makes_poster(&child.words)).ok_or_else(|| "none".to_owned())
    });
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.pid.as_raw_nonzero())).unwrap();
    let nice = stat.rsplit_once(") ").unwrap().1.split(' ').nth(16);
    assert_eq!(nice, Some("19"), "{stat}");
    // The URL is live all the while, and an orderly end of the daemon ends the maker.
    assert_eq!(get(daemon.http, &format!("/v/{token}.mp4")).status, 200);
    assert!(daemon.terminate().0.success());
    let left: Vec<_> = std::fs::read_dir(site.state().join("artifacts")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}
