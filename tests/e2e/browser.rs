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
    assert_eq!(browser.value("document.documentElement.scrollWidth <= innerWidth"), true);
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
    ]);
    let long = long.trim_end_matches(".mp4");
    let talk = page(&site, &daemon, "talk");
    let (long, gone) = (page(&site, &daemon, long), page(&site, &daemon, "gone"));
    let film = page(&site, &daemon, "film");
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
    let pages =
        [("watch", &talk), ("long", &long), ("suspended", &film), ("deleted", &gone), ("gallery", &home)];
    for (name, url) in pages {
        for (width, height, mobile) in [(320, 640, true), (390, 844, true), (1280, 800, false)] {
            for (dark, language) in [(false, "en"), (true, "zh-CN")] {
                browser.look_like(width, height, mobile, dark, language);
                browser.open(url);
                let fits = browser.value("document.documentElement.scrollWidth <= innerWidth");
                assert_eq!(fits, true, "{name} at {width}");
                let lang = browser.value("document.documentElement.lang");
                assert_eq!(lang, if language == "en" { "en" } else { "zh" });
                // Nothing of the page is refused by its own policy, and nothing comes from elsewhere.
                let foreign = "performance.getEntriesByType('resource').filter(entry => \
                               new URL(entry.name).origin !== location.origin).length";
                assert_eq!(browser.value(foreign), 0, "{name}");
                let styled = "getComputedStyle(document.body).margin === '0px'";
                assert_eq!(browser.value(styled), true, "{name}: the style sheet is in force");
                let broken =
                    "[...document.images].filter(image => image.complete && !image.naturalWidth).length";
                assert_eq!(browser.value(broken), 0, "{name}");
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
