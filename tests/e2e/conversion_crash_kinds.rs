//! C5 for the kinds of work in which little or nothing is encoded: a copy into another container, an index that is moved, a
//! poster, and the look at a file before the work. The daemon is killed amidst each; the next one ends it, once.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;
use vodpost_tests::http::get;
use vodpost_tests::media::Sample;
use vodpost_tests::site::{Daemon, Site};
use vodpost_tests::stand_in::{self, Child, Mode, children};
use vodpost_tests::strace::Strace;
use vodpost_tests::wait;

use crate::conversion_crash::bench::names;

fn site_with(name: &str, sample: Sample) -> Site {
    let site = Site::new();
    let ffmpeg = stand_in::install(site.folder());
    let site =
        site.with_config(&format!("[conversion]\nsandbox = \"off\"\nffmpeg = \"{}\"", ffmpeg.display()));
    site.add(&sample.path(), name);
    site
}

fn begin(site: &Site) -> Daemon {
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    daemon
}

/// Live with one URL, made once, and nothing unfinished on disk.
fn expect_made_once(site: &Site, daemon: &Daemon, plan: &str) {
    let shown =
        site.wait_shown("talk", "the URL to be live", |shown| shown["postings"][0]["state"] == "live");
    assert_eq!(shown["conversion"]["plan"], plan, "{shown}");
    assert_eq!(shown["postings"].as_array().unwrap().len(), 1, "{shown}");
    let events = site.json(&["events"]);
    let ready = |event: &&Value| event["what"] == "conversion_ready";
    assert_eq!(events["events"].as_array().unwrap().iter().filter(ready).count(), 1, "{events}");
    let of_ours = usize::from(plan != "relocate");
    wait::until("nothing unfinished to be left", || {
        let names = names(&site.state().join("artifacts"));
        let made = names.iter().filter(|name| name.ends_with(".mp4")).count();
        let unfinished = names.iter().any(|name| name.starts_with(".tmp-"));
        if made == of_ours && !unfinished { Ok(()) } else { Err(format!("{names:?}")) }
    });
    let token = shown["postings"][0]["token"].as_str().unwrap();
    assert_eq!(get(daemon.http, &format!("/v/{token}.mp4")).status, 200);
}

#[test]
fn c5_the_daemon_is_killed_during_a_copy() {
    for stage in [Mode::Waits, Mode::Writes, Mode::WaitsToCheck] {
        let site = site_with("talk.mkv", Sample::Matroska);
        let daemon = begin(&site);
        stand_in::set(site.folder(), stage);
        site.ok(&["generate", "talk"]);
        drop(Child::standing_still(daemon.pid(), site.folder(), stage));
        daemon.kill();
        stand_in::set(site.folder(), Mode::Works);
        let daemon = site.start();
        expect_made_once(&site, &daemon, "remux");
    }
}

#[test]
fn c5_the_daemon_is_killed_while_an_index_is_moved() {
    // The first read of the file, one in the midst of its index, and the last look at its name.
    for inject in ["pread64:signal=KILL:when=1", "pread64:signal=KILL:when=3", "statx:signal=KILL:when=2"] {
        let site = site_with("talk.mp4", Sample::IndexLast);
        let mut daemon = begin(&site);
        let source = site.library().join("talk.mp4");
        let (inject, trace) = (format!("inject={inject}"), site.folder().join("trace"));
        let args = ["-P", source.to_str().unwrap(), "-e", &inject, "-o", trace.to_str().unwrap()];
        let Some(strace) = Strace::attach(daemon.pid(), &args) else { return };
        // Whether it still hears the answer is a matter of chance; the order is durable before the file is touched.
        drop(site.vodpost(&["generate", "talk"]));
        wait::until("the daemon to be killed", || daemon.has_ended().ok_or_else(|| inject.clone()));
        strace.detach();
        drop(daemon);
        let daemon = site.start();
        expect_made_once(&site, &daemon, "relocate");
    }
}

#[test]
fn c5_the_daemon_is_killed_while_a_poster_is_made() {
    let site = site_with("talk.mp4", Sample::IndexLast);
    let daemon = begin(&site);
    stand_in::set(site.folder(), Mode::Waits);
    let token = site.generate("talk");
    let makes_a_poster = |child: &Child| {
        child.words.last().is_some_and(|word| word.starts_with("file:") && word.ends_with(".jpg"))
    };
    wait::until("a poster to be begun", || {
        let children = children(daemon.pid());
        if children.iter().any(makes_a_poster) { Ok(()) } else { Err(format!("{children:?}")) }
    });
    daemon.kill();
    let daemon = site.start();
    let left = names(&site.state().join("artifacts"));
    assert!(left.is_empty(), "{left:?}");
    stand_in::set(site.folder(), Mode::Works);
    expect_made_once(&site, &daemon, "relocate");
    // It is made when somebody asks for it.
    wait::until("the poster", || match get(daemon.http, &format!("/v/{token}.jpg")).status {
        200 => Ok(()),
        status => Err(status.to_string()),
    });
    let made = names(&site.state().join("artifacts"));
    assert!(made.len() == 1 && made[0].ends_with(".jpg"), "{made:?}");
}

#[test]
fn c5_the_daemon_is_killed_while_ffprobe_looks() {
    let site = Site::new();
    let (program, held) = (site.folder().join("ffprobe"), site.folder().join("held"));
    let script = format!("#!/bin/sh\nwhile [ -e {held:?} ]; do sleep 0.05; done\nexec ffprobe \"$@\"\n");
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    let site = site.with_config(&format!("[conversion]\nsandbox = \"off\"\nffprobe = {program:?}"));
    site.add(&Sample::Matroska.path(), "talk.mkv");
    let daemon = begin(&site);
    std::fs::write(&held, "").unwrap();
    site.ok(&["generate", "talk"]);
    let program = program.to_str().unwrap();
    wait::until("ffprobe to look", || {
        let children = children(daemon.pid());
        let looks = children.iter().any(|child| child.words.iter().any(|word| word == program));
        if looks { Ok(()) } else { Err(format!("{children:?}")) }
    });
    daemon.kill();
    std::fs::remove_file(&held).unwrap();
    let daemon = site.start();
    expect_made_once(&site, &daemon, "remux");
}
