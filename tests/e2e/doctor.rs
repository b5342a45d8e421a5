//! `vodpost doctor` against the real daemon, well and ill, and without one.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};
use vodpost_tests::media::Sample;
use vodpost_tests::site::{Said, Site};

/// The document, and whether it says by its status what it says.
fn examined(site: &Site) -> Value {
    let said = site.vodpost(&["doctor", "--json"]);
    let document = document(&said);
    assert_eq!(document["ok"], said.status == 0, "{said:?}");
    assert!(said.status <= 1, "{said:?}");
    document
}

fn document(said: &Said) -> Value {
    serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

fn result<'a>(document: &'a Value, subject: &str) -> &'a Value {
    let checks = document["checks"].as_array().unwrap();
    checks.iter().find(|check| check["subject"] == subject).map_or(&Value::Null, |check| &check["result"])
}

/// The facts of every finding of a kind.
fn found(document: &Value, kind: &str) -> Vec<Value> {
    let findings = document["findings"].as_array().unwrap();
    let of_kind = findings.iter().filter(|finding| finding["kind"] == kind);
    of_kind.map(|finding| finding["facts"].clone()).collect()
}

#[test]
fn a_server_that_is_well_has_remarks_at_most() {
    let site = Site::new();
    let _daemon = site.start();
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    let fresh = examined(&site);
    assert_eq!(found(&fresh, "not_approved"), [json!({"state": "none"})]);
    site.set_up_account();
    site.scan();
    site.ok(&["jobs", "pause"]);
    let document = examined(&site);
    assert_eq!(document["ok"], true, "{document}");
    assert_eq!(document["daemon"]["role"], "admin");
    assert_eq!(document["places"][0]["answer"], "daemon");
    for subject in ["socket", "versions", "state", "storage", "library", "tools", "account", "open_files"] {
        assert_eq!(result(&document, subject), "ok", "{subject}: {document}");
    }
    // The settings of the tests: not watched, nowhere public, paused.
    assert_eq!(found(&document, "root_unwatched")[0]["why"], "off");
    assert_eq!(found(&document, "public_url_unset").len(), 1);
    assert_eq!(found(&document, "queue_paused").len(), 1);
    assert_eq!(found(&document, "public_url_unreachable").len(), 0, "{document}");

    let text = site.ok(&["doctor"]).stdout;
    assert!(text.contains("ok      library") && text.contains("remark  queue\n"), "{text}");
    assert!(text.contains("-> vodpost jobs resume\n") && text.contains("Nothing is wrong; "), "{text}");
    assert_eq!(site.ok(&["doctor", "--quiet"]).stdout, "");
}

#[test]
fn without_ffmpeg_it_says_how_to_get_it() {
    let site = Site::new().with_path("/nonexistent");
    let _daemon = site.start();
    let document = examined(&site);
    assert_eq!(found(&document, "tool_missing"), [json!({"tool": "ffmpeg"}), json!({"tool": "ffprobe"})]);
    assert_eq!((result(&document, "tools"), result(&document, "library")), (&json!("wrong"), &json!("ok")));
    let quiet = site.vodpost(&["doctor", "--quiet"]);
    assert_eq!(quiet.status, 1);
    assert!(quiet.stdout.starts_with("remark  ") || quiet.stdout.starts_with("WRONG   "), "{quiet:?}");
    assert!(quiet.stdout.contains("-> on Debian: apt-get install ffmpeg"), "{quiet:?}");
    assert!(!quiet.stdout.contains("ok      "), "{quiet:?}");
}

#[test]
fn a_tool_that_does_not_run_is_found() {
    let site = Site::new();
    let path = site.folder().join("ffmpeg");
    fs::write(&path, "#!/bin/sh\nexit 1\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let site = site.with_config(&format!("[conversion]\nffmpeg = {path:?}"));
    let _daemon = site.start();
    let broken = found(&examined(&site), "tool_broken");
    assert_eq!(broken, [json!({"tool": "ffmpeg", "path": path})]);
}

#[test]
fn a5_a_key_that_others_may_read_is_found() {
    let site = Site::new();
    let _daemon = site.start();
    let key = site.state().join("account.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(site.state(), fs::Permissions::from_mode(0o755)).unwrap();
    let document = examined(&site);
    assert_eq!(found(&document, "key_open"), [json!({"path": key, "mode": 0o644})]);
    assert_eq!(found(&document, "state_folder_open").len(), 1);
    assert_eq!(result(&document, "state"), "wrong");
    let text = site.vodpost(&["doctor"]).stdout;
    assert!(text.contains(&format!("-> chmod 600 {}\n", key.display())), "{text}");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(site.state(), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(result(&examined(&site), "state"), "ok");
}

#[test]
fn l5_a_root_that_is_away_or_cannot_be_read_is_found() {
    let site = Site::new();
    let _daemon = site.start();
    site.scan();
    let aside = site.folder().join("aside");
    fs::rename(site.library(), &aside).unwrap();
    let path = json!(fs::canonicalize(&aside).unwrap().with_file_name("library"));
    assert_eq!(found(&examined(&site), "root_missing"), [json!({"path": path})]);
    // Root could read any folder, but not list a file.
    fs::write(site.library(), "no folder").unwrap();
    let document = examined(&site);
    let unreadable = found(&document, "root_unreadable");
    assert_eq!((unreadable.len(), &unreadable[0]["path"]), (1, &path), "{document}");
    assert_eq!(result(&document, "library"), "wrong");
    fs::remove_file(site.library()).unwrap();
    fs::rename(&aside, site.library()).unwrap();
    site.scan();
    assert_eq!(result(&examined(&site), "library"), "ok");
}

#[test]
fn a_public_url_that_leads_nowhere_is_found() {
    for scheme in ["http", "https"] {
        let site = Site::new().with_config(&format!("[http]\npublic_url = \"{scheme}://127.0.0.1:1\""));
        let _daemon = site.start();
        let document = examined(&site);
        assert_eq!(found(&document, "public_url_local")[0]["reach"], "machine");
        let unchecked = scheme == "https" && result(&document, "public_url") != "wrong";
        if !unchecked {
            assert_eq!(found(&document, "public_url_unreachable")[0]["why"], "refused", "{document}");
        }
    }
}

#[test]
fn many_who_ask_at_once_are_all_answered() {
    let site = Site::new().with_config("[conversion]\nsandbox = \"off\"");
    let _daemon = site.start();
    let all: Vec<_> = std::thread::scope(|scope| {
        let begun: Vec<_> = (0..8).map(|_| scope.spawn(|| examined(&site))).collect();
        begun.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for document in all {
        assert_eq!(found(&document, "unconfined")[0]["why"], "off", "{document}");
        assert_eq!(found(&document, "no_answer").len(), 0, "{document}");
    }
}

#[test]
fn without_a_daemon_it_looks_at_what_there_is() {
    let site = Site::new();
    let config = site.folder().join("mine.toml");
    fs::write(&config, "").unwrap();
    let run =
        || Said::from(&site.client(&["doctor", "--json"]).env("VODPOST_CONFIG", &config).output().unwrap());
    let said = run();
    let fine = document(&said);
    assert_eq!((said.status, &fine["ok"], &fine["daemon"]), (1, &json!(false), &Value::Null));
    assert_eq!(found(&fine, "no_daemon"), [json!({"outcome": "nobody_there"})]);
    assert_eq!(
        fine["places"],
        json!([{"path": site.socket(), "answer": "absent", "owner_uid": null, "mode": null}])
    );
    assert_eq!((result(&fine, "settings"), result(&fine, "disk")), (&json!("ok"), &json!("unchecked")));
    fs::write(&config, "[library]\nroto = 1\n").unwrap();
    let wrong = document(&run());
    let said = found(&wrong, "settings_wrong");
    assert!(said[0]["said"].as_str().unwrap().contains("unknown field `roto`"), "{wrong}");
    let text = Said::from(&site.client(&["doctor"]).env("VODPOST_CONFIG", &config).output().unwrap()).stdout;
    assert!(text.contains("No daemon is running here.") && text.contains("check-config"), "{text}");
}
