//! Backup while running, restore into an empty folder.

use std::sync::atomic::{AtomicBool, Ordering};

use vodpost_tests::http::get;
use vodpost_tests::media::Sample;
use vodpost_tests::site::Site;

#[test]
fn a_backup_restores_urls_switches_history_and_the_sealed_number() {
    let site = Site::new();
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    site.add(&Sample::Ac3.path(), "cinema.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let (talk, cinema) = (site.generate("talk"), site.generate("cinema"));
    site.ok(&["suspend", "talk"]);
    let file = site.folder().join("backup");
    let made = site.json(&["backup", file.to_str().unwrap()]);
    assert_eq!(made["size_bytes"], std::fs::metadata(&file).unwrap().len());
    let again = site.vodpost(&["backup", file.to_str().unwrap()]);
    assert_eq!(again.status, 1, "never over an existing file: {again:?}");
    assert!(again.stderr.contains("No backup was made") && again.stderr.contains("already"), "{again:?}");
    site.ok(&["resume", "talk"]);
    let events = site.json(&["events"]);
    let first = site.json(&["status"]);
    assert!(first["restored_at"].is_null(), "{first}");
    daemon.kill();

    let restore = || site.daemon_command().arg("restore").arg(&file).output().unwrap();
    let over = restore();
    assert!(!over.status.success(), "never over a state");
    let over = String::from_utf8_lossy(&over.stderr).into_owned();
    assert!(over.contains("there is a state in it already"), "{over}");
    std::fs::remove_dir_all(site.state()).unwrap();
    let restored = restore();
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));

    let daemon = site.start();
    assert_eq!(get(daemon.http, &format!("/v/{talk}.mp4")).status, 403, "as it was at the backup");
    site.wait_shown("cinema", "the converted file to be made again", |shown| {
        shown["postings"][0]["state"] == "live"
    });
    assert_eq!(site.token("cinema"), cinema);
    let second = site.json(&["status"]);
    assert_eq!(second["state_id"], first["state_id"], "it is the same state");
    assert!(second["restored_at"].is_string(), "{second}");
    let after = site.json(&["events"]);
    let count = made["commit"].as_u64().unwrap();
    assert!(count > 0);
    let (before, after) = (events["events"].as_array().unwrap(), after["events"].as_array().unwrap());
    let same = before.iter().zip(after).take_while(|(before, after)| before == after).count();
    assert_eq!(same, before.len() - 1, "all but the last change, which came after the backup");
    site.ok(&["account", "show"]);
}

#[test]
fn a_damaged_backup_is_refused_and_leaves_nothing() {
    let site = Site::new();
    let daemon = site.start();
    let file = site.folder().join("backup");
    site.set_up_account();
    site.ok(&["backup", file.to_str().unwrap()]);
    daemon.kill();
    std::fs::remove_dir_all(site.state()).unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let refused = site.daemon_command().arg("restore").arg(&file).output().unwrap();
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("damaged"));
    assert!(!site.state().join("snapshot").exists());
    assert!(!site.state().join("account.key").exists());
}

/// Written between two commits, however many there are meanwhile, and nobody waits for it.
#[test]
fn a_backup_among_writers_is_the_state_of_one_moment() {
    let site = Site::new();
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let token = site.generate("talk");
    let file = site.folder().join("backup");
    let done = AtomicBool::new(false);
    let made = std::thread::scope(|scope| {
        let writers = ["suspend", "resume"].map(|verb| {
            let (site, token, done) = (&site, &token, &done);
            scope.spawn(move || {
                let mut count = 0;
                while !done.load(Ordering::Relaxed) {
                    site.ok(&[verb, token]);
                    count += 1;
                }
                count
            })
        });
        let made = site.json(&["backup", file.to_str().unwrap()]);
        done.store(true, Ordering::Relaxed);
        let counts = writers.map(|writer| writer.join().unwrap());
        assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
        made
    });
    let before = site.json(&["events"]);
    daemon.kill();
    std::fs::remove_dir_all(site.state()).unwrap();
    let restored = site.daemon_command().arg("restore").arg(&file).output().unwrap();
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    let daemon = site.start();
    let after = site.json(&["events"]);
    let (before, after) = (before["events"].as_array().unwrap(), after["events"].as_array().unwrap());
    // A start adds events of its own at most.
    let same = before.iter().zip(after).take_while(|(before, after)| before == after).count();
    assert!(same > 0 && same >= after.len() - 1, "{same} of {}", after.len());
    assert!(made["commit"].as_u64().unwrap() > 0);
    let last = before[same - 1]["what"].as_str().unwrap();
    let status = get(daemon.http, &format!("/v/{token}.mp4")).status;
    assert_eq!(status, if last == "posting_suspended" { 403 } else { 200 }, "{last}");
}
