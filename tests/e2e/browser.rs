//! The pages in real Chromium: what viewers see and can do.

use std::path::PathBuf;

use vodpost_tests::browser::Browser;
use vodpost_tests::media;
use vodpost_tests::media::Sample;
use vodpost_tests::site::{Daemon, Site};

const PLAYING: &str = "document.querySelector('video').currentTime > 0.3";

fn live(samples: &[(Sample, &str)]) -> (Site, Daemon) {
    let site =
        Site::new().with_config("[platform]\ntitle = \"Lectures 讲座\"\ndescription = \"What was said\"");
    for (sample, name) in samples {
        site.add(&sample.path(), name);
    }
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    (site, daemon)
}

fn page(site: &Site, daemon: &Daemon, video: &str) -> String {
    format!("http://{}/v/{}", daemon.http, site.generate(video))
}

#[test]
fn it_plays_seeks_and_stops_when_suspended() {
    let Some(mut browser) = Browser::start() else { return };
    // Long enough not to be fetched at once, and with its index last, so that both parts are asked for.
    let (site, daemon) = live(&[]);
    media::long_h264(&site.library().join("film.mp4"));
    site.scan();
    let url = page(&site, &daemon, "film");
    browser.look_like(390, 844, true, false, "en");
    browser.open(&url);
    assert_eq!(browser.value("document.querySelector('h1').innerText"), "film");
    browser.wait_for(
        "the size of the picture to be known",
        "document.querySelector('video').videoWidth === 1280",
    );
    assert_eq!(browser.value("document.querySelector('video').clientWidth <= innerWidth"), true);
    // A phone would widen its window for what does not fit, so its width is compared with the number itself.
    assert_eq!(browser.value("Math.max(document.documentElement.scrollWidth, innerWidth) <= 390"), true);
    browser.value("document.querySelector('video').play().then(() => true)");
    browser.wait_for("the video to play", PLAYING);
    let seek = "new Promise(done => { const video = document.querySelector('video'); \
                video.onseeked = () => done(video.currentTime); video.currentTime = 60; })";
    let sought = browser.value(seek).as_f64().unwrap();
    assert!((59.9..60.1).contains(&sought), "{sought}");
    browser.wait_for("it to play on", "document.querySelector('video').currentTime > 60.3");
    site.ok(&["suspend", "film"]);
    // What was fetched may still be shown; nothing more comes.
    browser.value("document.querySelector('video').currentTime = 110; true");
    browser.wait_for("the player to give up", "document.querySelector('video').error !== null");
    browser.open(&url);
    assert_eq!(browser.value("document.querySelector('h1').innerText"), "Suspended");
    assert_eq!(browser.value("document.querySelector('video')"), serde_json::Value::Null);
    site.ok(&["resume", "film"]);
    browser.open(&url);
    browser.value("document.querySelector('video').play().then(() => true)");
    browser.wait_for("it to play again", PLAYING);
}

/// In this language, with all that belongs to it and nothing else.
fn stands_alone(browser: &mut Browser, name: &str, language: &str) {
    let lang = browser.value("document.documentElement.lang");
    assert_eq!(lang, language);
    // Nothing of the page is refused by its own policy, and nothing comes from elsewhere.
    let foreign = "performance.getEntriesByType('resource').filter(entry => \
                   new URL(entry.name).origin !== location.origin).length";
    assert_eq!(browser.value(foreign), 0, "{name}");
    let styled = "getComputedStyle(document.body).margin === '0px'";
    assert_eq!(browser.value(styled), true, "{name}: the style sheet is in force");
    let broken = "[...document.images].filter(image => image.complete && !image.naturalWidth).length";
    assert_eq!(browser.value(broken), 0, "{name}");
}

#[test]
fn every_page_fits_every_window_and_asks_nobody_else() {
    let Some(mut browser) = Browser::start() else { return };
    let long =
        "A very long title, which goes on and on_without_any_place_to_break_it_for_a_while 讲座 讲座.mp4";
    let (site, daemon) = live(&[
        (Sample::IndexFirst, "talk.mp4"),
        (Sample::IndexLast, long),
        (Sample::HighBitrate, "film.mp4"),
        (Sample::Silent, "gone.mp4"),
        (Sample::Ac3, "away.mp4"),
    ]);
    let long = long.trim_end_matches(".mp4");
    let talk = page(&site, &daemon, "talk");
    let (long, gone) = (page(&site, &daemon, long), page(&site, &daemon, "gone"));
    let (film, away) = (page(&site, &daemon, "film"), page(&site, &daemon, "away"));
    std::fs::remove_file(site.library().join("away.mp4")).unwrap();
    site.scan();
    let (embed, nothing) =
        (format!("{talk}/embed"), format!("{}0", talk.trim_end_matches(char::is_alphanumeric)));
    site.ok(&["suspend", "film"]);
    site.ok(&["source", "delete", "gone", "--yes"]);
    // Posters come soon after their videos.
    for url in [&talk, &long] {
        vodpost_tests::wait::until("a poster", || {
            let path = format!("{}.jpg", url.rsplit_once("/v/").map_or("", |(_, token)| token));
            let status = vodpost_tests::http::get(daemon.http, &format!("/v/{path}")).status;
            if status == 200 { Ok(()) } else { Err(status.to_string()) }
        });
    }
    let home = format!("http://{}/", daemon.http);
    let pictures = std::env::var_os("VODPOST_PICTURES").map(PathBuf::from);
    let pages = [
        ("watch", &talk),
        ("long", &long),
        ("embed", &embed),
        ("suspended", &film),
        ("preparing", &away),
        ("deleted", &gone),
        ("nothing", &nothing),
        ("gallery", &home),
    ];
    for (name, url) in pages {
        for (width, height, mobile) in [(320, 640, true), (390, 844, true), (1280, 800, false)] {
            for (dark, language) in [(false, "en"), (true, "zh-CN")] {
                browser.look_like(width, height, mobile, dark, language);
                browser.open(url);
                let wide = "Math.max(document.documentElement.scrollWidth, innerWidth)";
                assert!(browser.value(wide).as_u64().unwrap() <= width.into(), "{name} at {width}");
                let colours =
                    "getComputedStyle(document.body).backgroundColor + getComputedStyle(document.body).color";
                let expected = if dark {
                    "rgb(18, 18, 20)rgb(236, 236, 241)"
                } else {
                    "rgb(255, 255, 255)rgb(27, 27, 31)"
                };
                assert_eq!(browser.value(colours), expected, "{name}");
                stands_alone(&mut browser, name, if language == "en" { "en" } else { "zh" });
                if let Some(folder) = &pictures {
                    let shade = if dark { "dark-zh" } else { "light-en" };
                    browser.screenshot(&folder.join(format!("{name}-{width}-{shade}.png")));
                }
            }
        }
    }
    browser.open(&home);
    assert_eq!(browser.value("document.querySelectorAll('.grid li').length"), 2);
    assert_eq!(browser.value("document.querySelector('h1').innerText"), "Lectures 讲座");
}

#[test]
fn the_player_is_used_by_keys_alone_and_shows_no_captions() {
    let Some(mut browser) = Browser::start() else { return };
    let (site, daemon) = live(&[]);
    captioned(&site.library().join("talk.mp4"));
    site.scan();
    let url = page(&site, &daemon, "talk");
    browser.look_like(1280, 800, false, false, "en");
    browser.open(&url);
    browser.wait_for("the video to be known", "document.querySelector('video').readyState > 0");
    // There are none to be shown, whatever the file holds.
    assert_eq!(browser.value("document.querySelectorAll('track').length"), 0);
    let showing =
        "[...document.querySelector('video').textTracks].filter(track => track.mode === 'showing').length";
    assert_eq!(browser.value(showing), 0);
    browser.press("Tab");
    assert_eq!(browser.value("document.activeElement.tagName"), "VIDEO");
    let outline = "getComputedStyle(document.activeElement).outlineStyle";
    assert_eq!(browser.value(outline), "solid", "what has the focus can be seen");
    browser.press(" ");
    browser.wait_for("the video to play", PLAYING);
    browser.press(" ");
    browser.wait_for("it to pause", "document.querySelector('video').paused");
    let before = browser.value("document.querySelector('video').currentTime").as_f64().unwrap();
    browser.press("ArrowRight");
    browser.wait_for("it to go on", &format!("document.querySelector('video').currentTime > {before}"));
    // On to the link below, past the controls.
    for _ in 0..20 {
        if browser.value("document.activeElement.tagName") == "A" {
            break;
        }
        browser.press("Tab");
    }
    assert_eq!(browser.value("document.activeElement.tagName"), "A");
}

/// Twenty seconds with a track of text that asks to be shown.
fn captioned(path: &std::path::Path) {
    let text = path.with_file_name(".text.srt");
    std::fs::write(&text, "1\n00:00:00,000 --> 00:00:20,000\nsomething said\n").unwrap();
    let status = std::process::Command::new("ffmpeg")
        .args([
            "-loglevel",
            "error",
            "-y",
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=320x180:rate=25:duration=20",
            "-i",
        ])
        .arg(&text)
        .args([
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-pix_fmt",
            "yuv420p",
            "-g",
            "25",
            "-c:s",
            "mov_text",
        ])
        .args(["-disposition:s:0", "default"])
        .arg(path)
        .status();
    assert!(status.unwrap().success());
}
