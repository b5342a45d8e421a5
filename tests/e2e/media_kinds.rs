//! Each kind of file: what it is taken for, what is done with it, and that the result plays.

use serde_json::Value;
use vodpost_tests::http::get;
use vodpost_tests::media::{Sample, codecs, frame_hashes};
use vodpost_tests::site::{Daemon, Site};

fn site_with(samples: &[(Sample, &str)]) -> (Site, Daemon) {
    let site = Site::new();
    for (sample, name) in samples {
        site.add(&sample.path(), name);
    }
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    (site, daemon)
}

/// Generates and returns the shown video and what its URL serves.
fn generated(site: &Site, daemon: &Daemon, video: &str) -> (Value, String) {
    let token = site.generate(video);
    (site.json(&["show", video]), format!("http://{}/v/{token}.mp4", daemon.http))
}

#[test]
fn c2_index_first_is_served_as_it_is() {
    let (site, daemon) = site_with(&[(Sample::IndexFirst, "talk.mp4")]);
    let (shown, url) = generated(&site, &daemon, "talk");
    assert_eq!(shown["conversion"]["plan"], "direct");
    let token = site.token("talk");
    let served = get(daemon.http, &format!("/v/{token}.mp4")).body;
    assert_eq!(served, std::fs::read(Sample::IndexFirst.path()).unwrap());
    assert_eq!(codecs(&url), ["h264", "aac"]);
}

#[test]
fn c2_index_last_is_relocated_without_copying_and_decodes_to_the_same_frames() {
    let (site, daemon) = site_with(&[(Sample::IndexLast, "talk.mp4"), (Sample::Silent, "silent.mp4")]);
    for (title, sample) in [("talk", Sample::IndexLast), ("silent", Sample::Silent)] {
        let (shown, url) = generated(&site, &daemon, title);
        assert_eq!(shown["conversion"]["plan"], "relocate");
        assert_eq!(frame_hashes(&url), frame_hashes(sample.path().to_str().unwrap()));
        let served = get(daemon.http, &format!("/v/{}.mp4", site.token(title))).body;
        let place = |fourcc: &[u8]| served.windows(4).position(|four| four == fourcc).unwrap();
        assert!(place(b"moov") < place(b"mdat"), "the index comes first");
    }
    let made = std::fs::read_dir(site.state().join("artifacts")).unwrap().map(|entry| entry.unwrap().path());
    let media = made.filter(|path| !path.to_str().unwrap().contains(".jpg")).count();
    assert_eq!(media, 0, "no media byte was written");
}

#[test]
fn c1_the_highest_bitrate_is_chosen_and_show_says_why() {
    let (site, daemon) =
        site_with(&[(Sample::IndexLast, "talk.180p.mp4"), (Sample::HighBitrate, "talk.360p.mp4")]);
    let (shown, url) = generated(&site, &daemon, "talk");
    let renditions = shown["renditions"].as_array().unwrap();
    let chosen: Vec<&Value> = renditions.iter().filter(|rendition| rendition["selected"] == true).collect();
    assert_eq!(chosen.len(), 1);
    assert_eq!(chosen[0]["path"], "talk.360p.mp4");
    assert_eq!(chosen[0]["why"], "the MP4 with the highest bitrate");
    assert_eq!(renditions[0]["why"], "lower bitrate than talk.360p.mp4");
    assert_eq!(frame_hashes(&url), frame_hashes(Sample::HighBitrate.path().to_str().unwrap()));
}

#[test]
fn c2_only_what_does_not_fit_is_encoded() {
    let (site, daemon) =
        site_with(&[(Sample::Ac3, "ac3.mp4"), (Sample::Hevc, "hevc.mkv"), (Sample::Vp9, "vp9.webm")]);
    for (title, why) in [
        ("ac3", "video copied; audio encoded (ac3 instead of AAC)"),
        ("hevc", "video encoded (hevc instead of H.264); audio copied"),
        ("vp9", "video encoded (vp9 instead of H.264); audio encoded (opus instead of AAC)"),
    ] {
        let (shown, url) = generated(&site, &daemon, title);
        assert_eq!(shown["conversion"]["plan"], "transcode");
        assert_eq!(shown["conversion"]["plan_why"], why);
        assert_eq!(codecs(&url), ["h264", "aac"]);
        assert!(!frame_hashes(&url).is_empty());
    }
}

/// `conversion.plan` and `conversion.plan_why`, and the line that people read.
fn shown_plan(site: &Site, title: &str) -> (String, String) {
    let conversion = site.json(&["show", title])["conversion"].clone();
    let text = |name: &str| conversion[name].as_str().unwrap().to_owned();
    let said = site.ok(&["show", title]).stdout;
    assert!(said.contains(&text("plan_why")), "{said}");
    (text("plan"), text("plan_why"))
}

#[test]
fn c2_show_says_what_would_be_done_and_then_what_was_done() {
    let (site, daemon) = site_with(&[
        (Sample::IndexLast, "talk.mp4"),
        (Sample::Matroska, "copy.mkv"),
        (Sample::Ac3, "ac3.mp4"),
        (Sample::Hdr, "hdr.mp4"),
    ]);
    for (title, plan, before, after) in [
        ("talk", "relocate", "streams fit; only the index moves to the front, nothing is copied", None),
        ("copy", "remux", "streams are copied into a new MP4: matroska is not an MP4", None),
        ("ac3", "transcode", "video copied; audio encoded (ac3 instead of AAC)", None),
        (
            "hdr",
            "transcode",
            "video encoded (hevc Main 10, HDR (PQ) instead of H.264; 2560×1440 is larger than 1080p); \
             audio encoded (ac3 instead of AAC)",
            Some(
                "video encoded (hevc Main 10, HDR (PQ) instead of H.264; 2560×1440 is larger than 1080p → scaled to \
                 1920×1080, tone-mapped to SDR); audio encoded (ac3 instead of AAC → mixed down to stereo)",
            ),
        ),
    ] {
        assert_eq!(site.json(&["show", title])["conversion"]["state"], "none");
        assert_eq!(shown_plan(&site, title), (plan.to_owned(), before.to_owned()));
        let (shown, url) = generated(&site, &daemon, title);
        assert_eq!(shown["conversion"]["state"], "ready");
        assert_eq!(shown_plan(&site, title), (plan.to_owned(), after.unwrap_or(before).to_owned()));
        assert_eq!(codecs(&url), ["h264", "aac"]);
    }
    // The codec's name stays one that scripts can compare.
    assert_eq!(site.json(&["show", "hdr"])["renditions"][0]["video"], "hevc");
    // What was done outlives the daemon.
    drop(daemon);
    let _again = site.start();
    assert!(shown_plan(&site, "hdr").1.contains("tone-mapped to SDR"));
}

#[test]
fn bad_files_are_reported_with_a_reason_and_disturb_nothing() {
    let (site, _daemon) = site_with(&[
        (Sample::IndexLast, "good.mp4"),
        (Sample::Truncated, "truncated.mp4"),
        (Sample::Empty, "empty.mp4"),
        (Sample::Text, "text.mp4"),
        (Sample::Empty, "half.mp4.part"),
        (Sample::Text, "notes.txt"),
    ]);
    let problems = site.scan()["problems"].clone();
    let reason = |name: &str| {
        let found = problems
            .as_array()
            .unwrap()
            .iter()
            .find(|problem| problem["path"].as_str().unwrap().ends_with(name));
        found.unwrap_or_else(|| panic!("{name} in {problems}"))["reason"].as_str().unwrap().to_owned()
    };
    assert_eq!(problems.as_array().unwrap().len(), 3, "{problems}");
    assert!(reason("truncated.mp4").contains("truncated"), "{problems}");
    assert!(reason("empty.mp4").contains("empty"), "{problems}");
    assert!(!reason("text.mp4").is_empty());
    let said = site.vodpost(&["generate", "truncated"]);
    assert_eq!(said.status, 7, "{said:?}");
    assert!(said.stderr.contains("truncated"), "{said:?}");
    site.generate("good");
}

#[test]
fn a_missing_ffmpeg_takes_only_what_needs_it() {
    let site = Site::new().with_path("/nonexistent");
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    site.add(&Sample::Ac3.path(), "ac3.mp4");
    site.add(&Sample::Hevc.path(), "hevc.mkv");
    let _daemon = site.start();
    site.set_up_account();
    site.scan();
    site.generate("talk");
    let said = site.vodpost(&["generate", "ac3", "--wait"]);
    assert_eq!(said.status, 1, "{said:?}");
    assert!(said.stderr.contains("ffmpeg is not installed"), "{said:?}");
    let said = site.vodpost(&["generate", "hevc"]);
    assert_eq!(said.status, 7, "{said:?}");
    assert!(said.stderr.contains("ffprobe is not installed"), "{said:?}");
    assert!(site.ok(&["status"]).stdout.contains("ffmpeg is not installed"));
}

#[test]
fn c3_progress_is_live_and_a_conversion_can_be_cancelled_and_retried() {
    let (site, _daemon) = site_with(&[(Sample::Long, "long.webm")]);
    site.ok(&["generate", "long"]);
    site.wait_shown("long", "progress", |shown| {
        shown["conversion"]["state"] == "running"
            && shown["conversion"]["progress"].as_f64().unwrap_or(0.0) > 0.0
    });
    site.ok(&["cancel", "long"]);
    let shown = site.json(&["show", "long"]);
    assert_eq!(shown["conversion"]["state"], "failed");
    assert!(shown["conversion"]["reason"].as_str().unwrap().starts_with("cancelled by"), "{shown}");
    vodpost_tests::wait::until("the unfinished file to be removed", || {
        let left = std::fs::read_dir(site.state().join("artifacts")).unwrap().count();
        if left == 0 { Ok(()) } else { Err(format!("{left} files")) }
    });
    site.ok(&["retry", "long"]);
    site.wait_shown("long", "the URL to be live", |shown| shown["postings"][0]["state"] == "live");
}
