//! From files to a URL that plays, switched off and on, and ended for ever.

use vodpost_tests::http::get;
use vodpost_tests::media::{Sample, codecs};
use vodpost_tests::site::{Daemon, Site};

/// A site with one live video `talk`; also its token.
fn live() -> (Site, Daemon, String) {
    let site = Site::new();
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let token = site.generate("talk");
    (site, daemon, token)
}

fn status(daemon: &Daemon, token: &str) -> (u16, u16) {
    (get(daemon.http, &format!("/v/{token}")).status, get(daemon.http, &format!("/v/{token}.mp4")).status)
}

#[test]
fn p1_a_generated_url_plays_at_once() {
    let (site, daemon, token) = live();
    let shown = site.json(&["show", "talk"]);
    let url = shown["postings"][0]["file_url"].as_str().unwrap();
    assert_eq!(url, format!("http://{}/v/{token}.mp4", daemon.http));
    assert_eq!(codecs(url), ["h264", "aac"]);
    let page = get(daemon.http, &format!("/v/{token}"));
    assert_eq!(page.status, 200);
    assert!(page.text().contains("<video"), "{}", page.text());
    assert!(page.text().contains(&format!("{token}.mp4")));
    assert_eq!(site.ok(&["url", "talk"]).stdout.trim(), format!("http://{}/v/{token}", daemon.http));
}

#[test]
fn p4_switches_of_posting_and_source_are_independent() {
    let (site, daemon, token) = live();
    site.ok(&["suspend", "talk"]);
    assert_eq!(status(&daemon, &token), (403, 403));
    site.ok(&["source", "suspend", "talk"]);
    site.ok(&["resume", "talk"]);
    assert_eq!(status(&daemon, &token), (403, 403));
    let shown = site.json(&["show", "talk"]);
    assert_eq!(shown["postings"][0]["causes"], serde_json::json!(["source"]));
    site.ok(&["source", "resume", "talk"]);
    assert_eq!(status(&daemon, &token), (200, 200));
    site.ok(&["suspend", &token]);
    site.ok(&["source", "suspend", "talk"]);
    site.ok(&["source", "resume", "talk"]);
    assert_eq!(status(&daemon, &token), (403, 403));
}

#[test]
fn p5_deleting_the_source_ends_its_urls_for_ever() {
    let (site, daemon, token) = live();
    let said = site.ok(&["source", "delete", "talk", "--yes"]);
    assert!(said.stderr.is_empty(), "{said:?}");
    assert_eq!(status(&daemon, &token), (410, 410));
    for command in [&["resume", token.as_str()][..], &["source", "resume", "talk"], &["generate", "talk"]] {
        assert_eq!(site.vodpost(command).status, 7, "{command:?}");
    }
    let shown = site.json(&["show", "talk"]);
    assert_eq!(shown["source"]["state"], "deleted");
    assert_eq!(shown["postings"][0]["state"], "invalid");
    assert!(shown["source"]["reason"].as_str().unwrap().contains("deleted by"), "{shown}");
    vodpost_tests::wait::until("the file to be in the trash", || {
        if site.library().join("talk.mp4").exists() { Err("still there".into()) } else { Ok(()) }
    });
    assert!(site.library().join(".vodpost-trash").exists());
    daemon.kill();
    let daemon = site.start();
    assert_eq!(status(&daemon, &token), (410, 410));
}

#[test]
fn l6_kept_files_stay_and_the_url_is_gone() {
    let (site, daemon, token) = live();
    site.ok(&["source", "delete", "talk", "--yes", "--keep-files"]);
    assert_eq!(status(&daemon, &token), (410, 410));
    assert!(site.library().join("talk.mp4").exists());
    site.scan();
    let listed = site.json(&["ls"]);
    assert_eq!(listed["total"], 1, "{listed}");
}

#[test]
fn l3_l4_l5_files_that_move_change_or_vanish() {
    let (site, daemon, token) = live();
    let id = site.json(&["show", "talk"])["id"].clone();
    std::fs::rename(site.library().join("talk.mp4"), site.library().join("lecture.mp4")).unwrap();
    site.scan();
    assert_eq!(site.json(&["show", "lecture"])["id"], id);
    assert_eq!(status(&daemon, &token), (200, 200));

    site.add(&Sample::HighBitrate.path(), "lecture.mp4");
    site.scan();
    site.wait_shown("lecture", "the replaced file to be live", |shown| {
        shown["postings"][0]["state"] == "live"
    });
    let body = get(daemon.http, &format!("/v/{token}.mp4")).body;
    assert_eq!(body.len() as u64, std::fs::metadata(Sample::HighBitrate.path()).unwrap().len());

    site.add(&Sample::Silent.path(), "other.mp4");
    std::fs::rename(site.library().join("lecture.mp4"), site.library().join("away.txt")).unwrap();
    assert_eq!(get(daemon.http, &format!("/v/{token}.mp4")).status, 503, "noticed without a scan");
    site.scan();
    assert_eq!(status(&daemon, &token), (503, 503));
    std::fs::rename(site.library().join("away.txt"), site.library().join("lecture.mp4")).unwrap();
    site.scan();
    assert_eq!(status(&daemon, &token), (200, 200));
}

#[test]
fn several_labels_are_urls_of_their_own() {
    let (site, daemon, first) = live();
    site.ok(&["generate", "talk", "--label", "spring", "--wait"]);
    let shown = site.json(&["show", "talk"]);
    let second = shown["postings"][1]["token"].as_str().unwrap().to_owned();
    site.ok(&["suspend", "talk#spring"]);
    assert_eq!(status(&daemon, &first), (200, 200));
    assert_eq!(status(&daemon, &second), (403, 403));
    let said = site.vodpost(&["suspend", "talk#summer"]);
    assert_eq!(said.status, 5, "{said:?}");
    assert!(said.stderr.contains("spring"), "{said:?}");
}
