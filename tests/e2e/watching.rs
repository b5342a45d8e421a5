//! L2 to L5 without being asked: the daemon hears of changes and lets files settle.

use vodpost_tests::http::get;
use vodpost_tests::media::Sample;
use vodpost_tests::site::{Daemon, Site};
use vodpost_tests::strace::Strace;
use vodpost_tests::wait;

fn watching(settle: &str) -> (Site, Daemon) {
    let site = Site::new().with_config(&format!("[library]\nsettle = \"{settle}\"\nrescan = \"0s\""));
    let daemon = site.start();
    site.set_up_account();
    (site, daemon)
}

fn wait_listed(site: &Site, total: u64) {
    wait::until(&format!("{total} videos"), || {
        let listed = site.json(&["ls"]);
        if listed["total"] == total { Ok(()) } else { Err(listed.to_string()) }
    });
}

#[test]
fn new_folders_and_files_are_found_by_themselves() {
    let (site, _daemon) = watching("0s");
    site.add(&Sample::IndexLast.path(), "one.mp4");
    wait_listed(&site, 1);
    site.add(&Sample::IndexLast.path(), "deep/er/two.mp4");
    wait_listed(&site, 2);
    site.add(&Sample::Silent.path(), "deep/er/three.mp4");
    wait_listed(&site, 3);
}

#[test]
fn renames_removals_and_returns_are_noticed() {
    let (site, daemon) = watching("0s");
    site.add(&Sample::Silent.path(), "other.mp4");
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    wait_listed(&site, 2);
    let token = site.generate("talk");
    let (here, there) = (site.library().join("lecture.mp4"), site.folder().join("lecture.mp4"));
    std::fs::rename(site.library().join("talk.mp4"), &here).unwrap();
    wait::until("the new title", || match site.vodpost(&["show", "lecture"]).status {
        0 => Ok(()),
        status => Err(status.to_string()),
    });
    std::fs::rename(&here, &there).unwrap();
    site.wait_shown("lecture", "it to be missing", |shown| shown["source"]["state"] == "missing");
    std::fs::rename(&there, &here).unwrap();
    site.wait_shown("lecture", "it to be back", |shown| shown["postings"][0]["state"] == "live");
    assert_eq!(get(daemon.http, &format!("/v/{token}.mp4")).status, 200);
}

#[test]
fn l2_a_file_that_is_still_being_written_is_not_admitted() {
    use std::io::Write;
    let (site, _daemon) = watching("1s");
    let whole = std::fs::read(Sample::IndexLast.path()).unwrap();
    let path = site.library().join("talk.mp4");
    let mut file = std::fs::File::create(&path).unwrap();
    // Slowly, in parts; each of them alone would be a truncated file.
    for part in whole.chunks(whole.len() / 6 + 1) {
        file.write_all(part).unwrap();
        file.sync_all().unwrap();
        let scanned = site.scan();
        assert_eq!(scanned["videos"], 0, "{scanned}");
        assert_eq!(scanned["settling"], 1, "{scanned}");
        assert_eq!(scanned["problems"], serde_json::json!([]), "{scanned}");
    }
    drop(file);
    wait_listed(&site, 1);
    assert_eq!(site.json(&["show", "talk"])["state"], "new");
}

/// As on a network mount, of which the kernel tells nothing.
#[test]
fn l5_without_any_word_from_the_kernel_the_periodic_look_finds_everything() {
    let config = "[library]\nsettle = \"0s\"\nwatch = false\nrescan = \"200ms\"";
    let site = Site::new().with_config(config);
    let _daemon = site.start();
    let path = site.add(&Sample::IndexLast.path(), "talk.mp4");
    wait_listed(&site, 1);
    site.add(&Sample::Silent.path(), "other.mp4");
    wait_listed(&site, 2);
    std::fs::rename(path, site.library().join("lecture.mp4")).unwrap();
    wait::until("the new title", || match site.vodpost(&["show", "lecture"]).status {
        0 => Ok(()),
        status => Err(status.to_string()),
    });
    assert!(site.json(&["status"])["roots"][0]["unwatched"].as_str().unwrap().contains("off"));
}

#[test]
fn where_inotify_runs_out_it_is_said_and_the_periodic_look_goes_on() {
    let config = "[library]\nsettle = \"0s\"\nwatch = true\nrescan = \"200ms\"";
    let site = Site::new().with_config(config);
    let daemon = site.start();
    let quiet = site.folder().join("trace");
    let args = ["-e", "inject=inotify_add_watch:error=ENOSPC", "-o", quiet.to_str().unwrap()];
    let Some(_strace) = Strace::attach(daemon.pid(), &args) else { return };
    // A folder that is new needs a watch of its own.
    site.add(&Sample::IndexLast.path(), "deep/talk.mp4");
    wait_listed(&site, 1);
    let unwatched = wait::until("it to be said", || {
        let status = site.json(&["status"]);
        let said = status["roots"][0]["unwatched"].as_str().map(str::to_owned);
        said.ok_or_else(|| status["roots"].to_string())
    });
    assert!(unwatched.contains("max_user_watches"), "{unwatched}");
    site.add(&Sample::Silent.path(), "deep/other.mp4");
    wait_listed(&site, 2);
}
