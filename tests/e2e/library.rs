//! L1 and L3 to L6 with real files: names of every kind, moves of every kind, roots that come and go.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use vodpost_tests::http::get;
use vodpost_tests::media::Sample;
use vodpost_tests::site::{Daemon, Site};

fn live() -> (Site, Daemon, String) {
    let site = Site::new();
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    site.add(&Sample::Silent.path(), "other.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let token = site.generate("talk");
    (site, daemon, token)
}

fn served(daemon: &Daemon, token: &str) -> Vec<u8> {
    let answer = get(daemon.http, &format!("/v/{token}.mp4"));
    assert_eq!(answer.status, 200);
    answer.body
}

fn titles(site: &Site) -> Vec<String> {
    let listed = site.json(&["ls"]);
    let videos = listed["videos"].as_array().unwrap();
    videos.iter().map(|video| video["title"].as_str().unwrap().to_owned()).collect()
}

fn rename(site: &Site, from: &str, to: &str) {
    fs::rename(site.library().join(from), site.library().join(to)).unwrap();
}

/// A small disk of its own; `None` where mounting is not allowed.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=64m", "tmpfs"]).arg(at).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(at.to_owned()));
        }
        assert!(!rustix::process::geteuid().is_root(), "root can mount a small disk");
        vodpost_tests::skip::skip("only root can mount a small disk");
        None
    }

    /// The same disk at a further place, until the answer is dropped.
    fn bind(&self, at: &Path) -> Self {
        fs::create_dir_all(at).unwrap();
        assert!(Command::new("mount").arg("--bind").args([&self.0, at]).status().unwrap().success());
        Self(at.to_owned())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(&self.0).status());
    }
}

#[test]
fn l1_names_of_the_greatest_length_and_of_every_byte_are_served() {
    let site = Site::new();
    let long = format!("{}.mp4", "n".repeat(251));
    let wide = format!("{}.mp4", "视频".repeat(41));
    let every: Vec<u8> = (1..=255).filter(|byte| *byte != b'/' && *byte != b'.').collect();
    let names: Vec<OsString> = vec![
        long.into(),
        wide.into(),
        OsString::from_vec([&every[..120], b".mp4"].concat()),
        OsString::from_vec([&every[120..], b".mp4"].concat()),
    ];
    for name in &names {
        fs::copy(Sample::IndexFirst.path(), site.library().join(name)).unwrap();
    }
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let listed = site.json(&["ls"]);
    assert_eq!(listed["total"], names.len());
    for video in listed["videos"].as_array().unwrap() {
        let token = site.generate(video["id"].as_str().unwrap());
        served(&daemon, &token);
    }
    // The exact bytes survive a restart and are found again.
    daemon.kill();
    let _daemon = site.start();
    site.scan();
    for video in site.json(&["ls"])["videos"].as_array().unwrap() {
        assert_eq!(video["state"], "live", "{video}");
    }
}

#[test]
fn l3_a_rename_that_changes_the_case_or_the_unicode_form_alone_is_a_rename() {
    let (site, daemon, token) = live();
    let id = site.json(&["show", "talk"])["id"].clone();
    // Composed and decomposed.
    for (from, to) in [("talk", "Talk"), ("Talk", "caf\u{e9}"), ("caf\u{e9}", "cafe\u{301}")] {
        rename(&site, &format!("{from}.mp4"), &format!("{to}.mp4"));
        site.scan();
        let shown = site.json(&["show", id.as_str().unwrap()]);
        assert_eq!((&shown["title"], &shown["postings"][0]["state"]), (&to.into(), &"live".into()));
        served(&daemon, &token);
    }
    // Both forms beside each other are two videos.
    site.add(&Sample::HighBitrate.path(), "caf\u{e9}.mp4");
    site.scan();
    assert_eq!(titles(&site).len(), 3);
    assert_eq!(site.json(&["show", "cafe\u{301}"])["id"], id);
}

#[test]
fn l3_swapped_names_do_not_swap_the_urls() {
    let (site, daemon, token) = live();
    let before = served(&daemon, &token);
    rename(&site, "talk.mp4", "third");
    rename(&site, "other.mp4", "talk.mp4");
    rename(&site, "third", "other.mp4");
    site.scan();
    assert_eq!(served(&daemon, &token), before);
    assert_eq!(site.token("other"), token);
}

#[test]
fn l3_moves_across_folders_and_roots_are_followed_also_while_the_daemon_is_down() {
    let site = Site::new();
    let (first, second) = (site.library(), site.folder().join("second"));
    fs::create_dir_all(second.join("deep")).unwrap();
    let site = site.with_config(&format!(
        "[library]\nsettle = \"0s\"\nrescan = \"0s\"\nwatch = false\nroots = [{first:?}, {second:?}]"
    ));
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    site.add(&Sample::Silent.path(), "other.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let token = site.generate("talk");
    let before = served(&daemon, &token);
    fs::rename(site.library().join("talk.mp4"), second.join("deep/talk.mp4")).unwrap();
    site.scan();
    assert_eq!(served(&daemon, &token), before);
    daemon.kill();
    fs::create_dir(site.library().join("archive")).unwrap();
    fs::rename(second.join("deep/talk.mp4"), site.library().join("archive/lecture.mp4")).unwrap();
    let daemon = site.start();
    site.scan();
    assert_eq!(served(&daemon, &token), before);
    assert_eq!(site.token("lecture"), token);
}

#[test]
fn l3_l5_a_move_to_another_disk_is_followed_and_a_disk_that_is_away_deletes_nothing() {
    let (site, daemon, token) = live();
    let mounted = site.library().join("disk");
    let Some(disk) = Disk::mount(&site.folder().join("disk")) else { return };
    let bound = disk.bind(&mounted);
    // mv copies, keeps the time, and removes.
    let moved = Command::new("mv").arg(site.library().join("talk.mp4")).arg(&mounted).status().unwrap();
    assert!(moved.success());
    site.scan();
    site.wait_shown("talk", "it to be live from the other disk", |shown| {
        shown["postings"][0]["state"] == "live"
    });
    assert_eq!(site.token("talk"), token);
    served(&daemon, &token);

    drop(bound);
    // As it is left, with something in it, and removed, as udisks and autofs do.
    let stray = mounted.join("stray.mp4");
    for shape in ["empty", "not empty", "removed"] {
        match shape {
            "not empty" => drop(fs::copy(Sample::Silent.path(), &stray).unwrap()),
            "removed" => fs::remove_dir_all(&mounted).unwrap(),
            _empty => {}
        }
        site.scan();
        let shown = site.json(&["show", "talk"]);
        assert_eq!(shown["source"]["state"], "missing", "{shape}");
        assert_eq!(shown["source"]["gone_at"], Value::Null, "{shape}: no grace period runs: {shown}");
    }
    let said = site.vodpost(&["source", "delete", "talk", "--yes"]);
    assert_eq!(said.status, 7, "{said:?}");
    assert!(said.stderr.contains("--keep-files"), "{said:?}");
    let _bound = disk.bind(&mounted);
    site.scan();
    served(&daemon, &token);
}

/// The daemon was down when it came back, and the grace period was over when it was started again.
#[test]
fn l5_a_file_that_came_back_unseen_is_live_and_one_that_did_not_is_deleted_after_a_look() {
    let (site, daemon, token) = live();
    let (here, away) = (site.library().join("talk.mp4"), site.folder().join("away.mp4"));
    fs::rename(&here, &away).unwrap();
    site.scan();
    assert_eq!(site.json(&["show", "talk"])["source"]["state"], "missing");
    daemon.kill();
    fs::rename(&away, &here).unwrap();
    let library = "[library]\nsettle = \"0s\"\nrescan = \"0s\"\nwatch = false\nmissing_grace = \"0s\"";
    let site = site.with_config(library);
    let daemon = site.start();
    site.scan();
    served(&daemon, &token);
    fs::rename(&here, &away).unwrap();
    site.scan();
    site.wait_shown("talk", "it to be deleted", |shown| shown["source"]["state"] == "deleted");
    assert_eq!(get(daemon.http, &format!("/v/{token}.mp4")).status, 410);
}

#[test]
fn l6_files_of_a_disk_below_a_root_go_to_the_trash_of_that_disk() {
    let site = Site::new();
    let Some(disk) = Disk::mount(&site.folder().join("disk")) else { return };
    let mounted = site.library().join("disk");
    let _bound = disk.bind(&mounted);
    site.add(&Sample::IndexLast.path(), "disk/deep/talk.mp4");
    site.add(&Sample::Silent.path(), "other.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let token = site.generate("talk");
    site.ok(&["source", "delete", "talk", "--yes"]);
    assert_eq!(get(daemon.http, &format!("/v/{token}.mp4")).status, 410);
    let trash = mounted.join(".vodpost-trash");
    let entry = vodpost_tests::wait::until("the file in the trash of its disk", || {
        let entries = fs::read_dir(&trash).map_err(|error| error.to_string())?;
        let moved = entries.flatten().find(|entry| entry.path().join("talk.mp4").exists());
        moved.map(|entry| entry.path()).ok_or_else(|| "not there".to_owned())
    });
    assert!(!mounted.join("deep/talk.mp4").exists());
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(8 * 24 * 3600);
    fs::File::open(&entry).unwrap().set_modified(old).unwrap();
    site.scan();
    assert!(!entry.exists(), "purged there as well");
}

#[test]
fn l6_files_that_did_not_get_into_the_trash_are_shown_with_the_reason_and_tried_again() {
    let (site, daemon, token) = live();
    let id = site.json(&["show", "talk"])["id"].as_str().unwrap().to_owned();
    let trash = site.library().join(".vodpost-trash");
    fs::create_dir(&trash).unwrap();
    fs::write(trash.join(&id), "in the way").unwrap();
    site.ok(&["source", "delete", "talk", "--yes"]);
    assert_eq!(get(daemon.http, &format!("/v/{token}.mp4")).status, 410);
    let reason = |shown: &Value| shown["source"]["reason"].as_str().unwrap_or_default().to_owned();
    site.wait_shown("talk", "the reason", |shown| reason(shown).contains("not in the trash yet: "));
    assert!(site.library().join("talk.mp4").exists());
    fs::remove_file(trash.join(&id)).unwrap();
    site.scan();
    site.wait_shown("talk", "the move", |shown| reason(shown).contains("were moved to the trash"));
    assert!(trash.join(&id).join("talk.mp4").exists());
}

#[test]
fn l6_a_trash_that_is_a_link_is_said_before_anything_is_final() {
    let (site, daemon, token) = live();
    let victim = site.folder().join("victim");
    fs::create_dir(&victim).unwrap();
    std::os::unix::fs::symlink(&victim, site.library().join(".vodpost-trash")).unwrap();
    let said = site.vodpost(&["source", "delete", "talk", "--yes", "--json"]);
    let error: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!((said.status, &error["error"]["kind"]), (1, &"trash_failed".into()), "{said:?}");
    served(&daemon, &token);
    assert_eq!(fs::read_dir(&victim).unwrap().count(), 0);
}

#[test]
fn l1_two_files_of_equal_content_are_two_videos_with_urls_of_their_own() {
    let (site, daemon, token) = live();
    let [from, to] = ["talk.mp4", "copy.mp4"].map(|name| site.library().join(name));
    assert!(Command::new("cp").arg("-p").args([from, to]).status().unwrap().success());
    fs::hard_link(site.library().join("talk.mp4"), site.library().join("link.mp4")).unwrap();
    site.scan();
    assert_eq!(titles(&site), ["copy", "link", "other", "talk"]);
    let tokens = [site.generate("copy"), site.generate("link"), token];
    let bodies = tokens.each_ref().map(|token| served(&daemon, token));
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    site.ok(&["source", "delete", "copy", "--yes"]);
    site.ok(&["source", "delete", "link", "--yes"]);
    assert_eq!(get(daemon.http, &format!("/v/{}.mp4", tokens[0])).status, 410);
    assert_eq!(get(daemon.http, &format!("/v/{}.mp4", tokens[1])).status, 410);
    served(&daemon, &tokens[2]);
}

#[test]
fn l1_links_are_served_within_the_root_and_never_lead_out_of_it() {
    let site = Site::new();
    let outside = site.folder().join("secret.mp4");
    fs::copy(Sample::IndexFirst.path(), &outside).unwrap();
    fs::create_dir(site.library().join(".store")).unwrap();
    fs::copy(Sample::IndexFirst.path(), site.library().join(".store/a.mp4")).unwrap();
    let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, site.library().join(name)).unwrap();
    link(".store/a.mp4", "inside.mp4");
    link("../secret.mp4", "outside.mp4");
    link("..", "up");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    assert_eq!(titles(&site), ["inside"]);
    let token = site.generate("inside");
    served(&daemon, &token);
    // Turned to the outside afterwards, it is not served either.
    fs::remove_file(site.library().join("inside.mp4")).unwrap();
    link("../secret.mp4", "inside.mp4");
    assert_eq!(get(daemon.http, &format!("/v/{token}.mp4")).status, 503);
}

#[test]
fn l6_files_that_cannot_be_moved_to_the_trash_are_said_before_anything_is_final() {
    let site = Site::new();
    let Some(_disk) = Disk::mount(&site.library()) else { return };
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let token = site.generate("talk");
    let remount = |how: &str| {
        let options = format!("remount,{how}");
        assert!(Command::new("mount").args(["-o", &options]).arg(site.library()).status().unwrap().success());
    };
    remount("ro");
    let said = site.vodpost(&["source", "delete", "talk", "--yes", "--json"]);
    assert_eq!(said.status, 7, "{said:?}");
    let error: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(error["error"]["kind"], "read_only_root");
    assert!(error["error"]["hint"].as_str().unwrap().contains("--keep-files"), "{error}");
    served(&daemon, &token);
    site.ok(&["source", "delete", "talk", "--yes", "--keep-files"]);
    assert_eq!(get(daemon.http, &format!("/v/{token}.mp4")).status, 410);
    remount("rw");
    rename(&site, "talk.mp4", "again.mp4");
    site.scan();
    assert!(site.library().join("again.mp4").exists());
    assert_eq!(site.json(&["ls"])["total"], 1, "kept and hidden, under whatever name");
}

#[test]
fn l6_the_trash_is_purged_after_its_days() {
    let site = Site::new();
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    site.add(&Sample::Silent.path(), "other.mp4");
    let _daemon = site.start();
    site.scan();
    site.ok(&["source", "delete", "talk", "--yes"]);
    let trash = site.library().join(".vodpost-trash");
    let entry = vodpost_tests::wait::until("the file in the trash", || {
        let entries = fs::read_dir(&trash).map_err(|error| error.to_string())?;
        let moved = entries.flatten().find(|entry| entry.path().join("talk.mp4").exists());
        moved.map(|entry| entry.path()).ok_or_else(|| "not there".to_owned())
    });
    site.scan();
    assert!(entry.exists(), "not before its time");
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(8 * 24 * 3600);
    fs::File::open(&entry).unwrap().set_modified(old).unwrap();
    site.scan();
    assert!(!entry.exists());
    assert!(site.library().join("other.mp4").exists());
}
