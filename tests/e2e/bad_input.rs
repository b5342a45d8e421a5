//! Bad input gets a clear answer and loses nothing.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::Command;

use vodpost_tests::http::get;
use vodpost_tests::media::Sample;
use vodpost_tests::site::Site;

#[test]
fn an_unknown_video_is_exit_5_with_the_nearest_titles() {
    let site = Site::new();
    site.add(&Sample::IndexLast.path(), "lecture-one.mp4");
    let _daemon = site.start();
    site.scan();
    let said = site.vodpost(&["show", "lecture-on"]);
    assert_eq!(said.status, 5, "{said:?}");
    assert!(said.stderr.contains("lecture-one"), "{said:?}");
    let json = site.vodpost(&["show", "lecture-on", "--json"]);
    let error: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(error["error"]["kind"], "no_such_video");
    assert!(!error["error"]["message"].as_str().unwrap().is_empty());
}

#[test]
fn a1_generate_before_approval_is_exit_7_with_the_command_to_run() {
    let site = Site::new();
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    let _daemon = site.start();
    site.scan();
    let said = site.vodpost(&["generate", "talk"]);
    assert_eq!(said.status, 7, "{said:?}");
    assert!(said.stderr.contains("vodpost account submit"), "{said:?}");
    site.ok(&["account", "submit", "individual", "--name", "Li Lei", "--id-number", "440524188001010014"]);
    site.ok(&["account", "approve"]);
    let said = site.vodpost(&["generate", "talk"]);
    assert_eq!(said.status, 7, "{said:?}");
    assert!(said.stderr.contains("vodpost service activate"), "{said:?}");
}

#[test]
fn without_a_daemon_every_place_that_was_tried_is_named() {
    let site = Site::new();
    let said = site.vodpost(&["status"]);
    assert_eq!(said.status, 3, "{said:?}");
    assert!(said.stderr.contains(site.socket().to_str().unwrap()), "{said:?}");
}

fn greeting() -> Vec<u8> {
    vodpost_protocol::hello::ClientHello::ours("test").to_bytes().to_vec()
}

/// Sends bytes and returns when the daemon has closed the connection.
fn closed_after(site: &Site, bytes: &[u8]) {
    let mut stream = UnixStream::connect(site.socket()).unwrap();
    // The daemon may close before it has read everything.
    drop(stream.write_all(bytes));
    let mut rest = Vec::new();
    drop(stream.read_to_end(&mut rest));
}

#[test]
fn garbage_and_oversized_frames_end_the_connection_and_not_the_daemon() {
    let site = Site::new();
    let mut daemon = site.start();
    closed_after(&site, b"GET / HTTP/1.1\r\nHost: nobody\r\nwith more bytes than a greeting has\r\n\r\n");
    closed_after(&site, &[greeting(), u32::MAX.to_le_bytes().to_vec()].concat());
    closed_after(&site, &[greeting(), 5u32.to_le_bytes().to_vec(), vec![0xff; 5]].concat());
    let other = vodpost_protocol::hello::ClientHello { protocol: 999, version: "9".into() };
    closed_after(&site, &other.to_bytes());
    daemon.assert_alive();
    site.ok(&["status"]);
}

#[test]
fn a_client_that_stops_in_the_middle_harms_nobody() {
    let site = Site::new();
    let _daemon = site.start();
    let mut idle: Vec<UnixStream> = (0..50).map(|_| UnixStream::connect(site.socket()).unwrap()).collect();
    for stream in &mut idle {
        stream.write_all(&greeting()[..7]).unwrap();
    }
    site.ok(&["status"]);
}

#[test]
fn hostile_names_are_stored_exactly_and_shown_harmlessly() {
    use std::os::unix::ffi::OsStringExt;
    let site = Site::new();
    let sample = std::fs::read(Sample::IndexLast.path()).unwrap();
    let names: [&[u8]; 4] =
        [b"new\nline.mp4", b"esc\x1b[31mred.mp4", b"bad\xff\xfeutf8.mp4", b"<script>alert(1)</script>.mp4"];
    // A slash cannot be in a name; the rest of a script can.
    for name in names {
        let name: Vec<u8> = name.iter().map(|byte| if *byte == b'/' { b'_' } else { *byte }).collect();
        std::fs::write(site.library().join(std::ffi::OsString::from_vec(name)), &sample).unwrap();
    }
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let listed = site.json(&["ls"]);
    assert_eq!(listed["total"], 4);
    let said = site.ok(&["ls"]);
    assert!(!said.stdout.contains('\x1b'), "{said:?}");
    assert_eq!(said.stdout.lines().count(), 1 + 4, "a name cannot make a second line: {said:?}");
    for video in listed["videos"].as_array().unwrap() {
        let token = site.generate(video["id"].as_str().unwrap());
        let page = get(daemon.http, &format!("/v/{token}"));
        assert_eq!(page.status, 200);
        assert!(!page.text().contains("<script>alert"), "{}", page.text());
        assert_eq!(get(daemon.http, &format!("/v/{token}.mp4")).status, 200);
    }
}

#[test]
fn a_full_disk_is_said_clearly_and_nothing_is_lost() {
    let site = Site::new();
    let state = site.state();
    std::fs::create_dir(&state).unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(&state).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        // Only root may mount; elsewhere the unit tests of the store stand for it.
        assert!(!rustix::process::geteuid().is_root(), "root can mount a small disk");
        vodpost_tests::skip::skip("only root can mount a small disk");
        return;
    }
    let unmount = Unmount(state.clone());
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let token = site.generate("talk");
    let filler = state.join("filler");
    let mut file = std::fs::File::create(&filler).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    let verbs = ["suspend", "resume"].into_iter().cycle().take(400);
    let refused = verbs.map(|verb| site.vodpost(&[verb, "talk"])).find(|said| said.status != 0);
    let refused = refused.expect("a full disk refuses changes");
    assert_eq!(refused.status, 1, "{refused:?}");
    assert!(refused.stderr.contains("No space left"), "{refused:?}");
    let before = site.json(&["show", "talk"])["postings"][0]["state"].clone();
    let served = get(daemon.http, &format!("/v/{token}.mp4")).status;
    assert_eq!(served, if before == "live" { 200 } else { 403 }, "URLs go on as they were");
    drop(file);
    std::fs::remove_file(&filler).unwrap();
    site.ok(&["source", "suspend", "talk"]);
    daemon.kill();
    let daemon = site.start();
    assert_eq!(get(daemon.http, &format!("/v/{token}.mp4")).status, 403);
    assert_eq!(
        site.json(&["show", "talk"])["postings"][0]["switch"],
        if before == "live" { "on" } else { "off" }
    );
    daemon.kill();
    drop(unmount);
}

struct Unmount(std::path::PathBuf);

impl Drop for Unmount {
    fn drop(&mut self) {
        // Lazily, because the daemon of a failed test may still be there.
        drop(Command::new("umount").arg("-l").arg(&self.0).output());
    }
}

#[test]
fn a_wrong_config_is_named_before_anything_starts() {
    let site = Site::new().with_config("[http]\nlistne = \"127.0.0.1:1\"");
    let output = site.daemon_command().output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("listne"), "{said}");
    assert!(!site.state().exists());
}
