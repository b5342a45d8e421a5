//! S1 and C5: what was acknowledged survives any end.

use vodpost_tests::http::get;
use vodpost_tests::media::{Sample, frame_hashes};
use vodpost_tests::site::{Daemon, Site};

/// Kills the daemon and starts another on the same state.
fn crash(site: &Site, daemon: Daemon) -> Daemon {
    daemon.kill();
    site.start()
}

#[test]
fn kill_9_between_every_pair_of_steps_of_the_life_cycle() {
    let site = Site::new();
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    let mut daemon = site.start();
    let mut token = String::new();
    let steps: &[&[&str]] = &[
        &["account", "submit", "individual", "--name", "Li Lei", "--id-number", "440524188001010014"],
        &["account", "approve"],
        &["service", "activate"],
        &["scan", "--wait"],
        &["generate", "talk", "--wait"],
        &["suspend", "talk"],
        &["resume", "talk"],
        &["source", "suspend", "talk"],
        &["suspend", "talk"],
        &["source", "resume", "talk"],
        &["resume", "talk"],
        &["generate", "talk", "--label", "second", "--wait"],
        &["account", "revoke", "--reason", "test"],
        &["source", "delete", "talk", "--yes"],
    ];
    let expected = [404, 404, 404, 404, 200, 403, 200, 403, 403, 403, 200, 200, 200, 410];
    for (step, expected) in steps.iter().zip(expected) {
        site.ok(step);
        let events = site.json(&["events"]);
        daemon = crash(&site, daemon);
        if token.is_empty() && step[0] == "generate" {
            token = site.token("talk");
        }
        let path = if token.is_empty() { "/v/none".to_owned() } else { format!("/v/{token}.mp4") };
        assert_eq!(get(daemon.http, &path).status, expected, "after {step:?} and a crash");
        let after = site.json(&["events"]);
        let (before, after) = (events["events"].as_array().unwrap(), after["events"].as_array().unwrap());
        assert_eq!(&after[..before.len()], &before[..], "the history is the same after {step:?}");
    }
    assert_eq!(site.vodpost(&["resume", &token]).status, 7);
}

#[test]
fn every_acknowledged_switch_survives_a_kill_at_any_moment() {
    let site = Site::new();
    for number in 0..4 {
        site.add(&Sample::IndexLast.path(), &format!("v{number}.mp4"));
    }
    let mut daemon = site.start();
    site.set_up_account();
    site.scan();
    let tokens: Vec<String> = (0..4).map(|number| site.generate(&format!("v{number}"))).collect();
    for round in 0..10usize {
        let mut acknowledged = Vec::new();
        for (number, token) in tokens.iter().enumerate() {
            let verb = if (round + number) % 2 == 0 { "suspend" } else { "resume" };
            site.ok(&[verb, token]);
            acknowledged.push((token, verb));
        }
        daemon = crash(&site, daemon);
        for (token, verb) in acknowledged {
            let status = get(daemon.http, &format!("/v/{token}.mp4")).status;
            assert_eq!(
                status,
                if verb == "suspend" { 403 } else { 200 },
                "round {round}: {verb} was acknowledged"
            );
        }
    }
}

#[test]
fn c5_a_conversion_goes_on_after_a_crash_and_leaves_nothing_behind() {
    let site = Site::new();
    site.add(&Sample::Long.path(), "long.webm");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    site.ok(&["generate", "long"]);
    site.wait_shown("long", "the conversion to run", |shown| {
        shown["conversion"]["progress"].as_f64().is_some_and(|progress| progress > 0.0)
    });
    let daemon = crash(&site, daemon);
    let shown =
        site.wait_shown("long", "the URL to be live", |shown| shown["postings"][0]["state"] == "live");
    assert_eq!(shown["conversion"]["attempt"], 2);
    let url = format!("http://{}/v/{}.mp4", daemon.http, site.token("long"));
    assert!(!frame_hashes(&url).is_empty(), "it decodes to its end");
    let names: Vec<_> = std::fs::read_dir(site.state().join("artifacts"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.contains(".jpg"))
        .collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn sigterm_ends_cleanly_and_removes_the_socket() {
    let site = Site::new();
    let daemon = site.start();
    assert!(site.socket().exists());
    let (status, log) = daemon.terminate();
    assert!(status.success(), "{log}");
    assert!(!site.socket().exists());
    assert!(log.contains("ready"), "{log}");
}

#[test]
fn a_stale_socket_is_replaced_and_a_living_one_is_not() {
    let site = Site::new();
    site.start().kill();
    assert!(site.socket().exists(), "kill -9 leaves it");
    let mut daemon = site.start();
    let second = site.daemon_command().output().unwrap();
    assert_eq!(second.status.code(), Some(9));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("already running"), "{said}");
    assert!(said.contains(site.socket().to_str().unwrap()), "{said}");
    daemon.assert_alive();
    site.ok(&["status"]);
}

#[test]
fn a_lost_table_is_rebuilt_from_the_log_and_a_damaged_log_is_refused() {
    let site = Site::new();
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let token = site.generate("talk");
    daemon.kill();
    std::fs::remove_dir_all(site.state().join("db")).unwrap();
    let daemon = site.start();
    assert_eq!(get(daemon.http, &format!("/v/{token}.mp4")).status, 200);
    daemon.kill();

    let log = std::fs::read_dir(site.state().join("log")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&log).unwrap();
    bytes[40] ^= 0xff;
    std::fs::write(&log, &bytes).unwrap();
    let refused = site.daemon_command().output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("damaged") && said.contains("backup"), "{said}");
    assert_eq!(std::fs::read(&log).unwrap(), bytes, "nothing was changed");
}

/// Starts a daemon that has to refuse; returns what it says.
fn refused(site: &Site) -> String {
    let output = site.daemon_command().output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("Nothing was changed"), "{said}");
    said
}

#[test]
fn s3_a_newer_state_and_one_that_is_partly_gone_are_refused_and_left_as_they_are() {
    let site = Site::new();
    let daemon = site.start();
    site.set_up_account();
    daemon.kill();
    let log = site.state().join("log");
    let kept = site.folder().join("kept");

    let segment = std::fs::read_dir(&log).unwrap().next().unwrap().unwrap().path();
    let ours = std::fs::read(&segment).unwrap();
    let mut newer = ours.clone();
    newer[5] = 2;
    std::fs::write(&segment, &newer).unwrap();
    let said = refused(&site);
    assert!(said.contains("newer vodpostd (schema 2, this one knows up to 1)"), "{said}");
    assert_eq!(std::fs::read(&segment).unwrap(), newer);
    std::fs::write(&segment, &ours).unwrap();

    std::fs::rename(&log, &kept).unwrap();
    let said = refused(&site);
    assert!(said.contains("is gone") && said.contains("vodpostd restore"), "{said}");
    std::fs::remove_dir_all(site.state().join("db")).unwrap();
    let said = refused(&site);
    assert!(said.contains("account.key is there"), "{said}");
    assert!(!log.exists() && !site.state().join("db").exists(), "nothing was begun");
    std::fs::rename(&kept, &log).unwrap();

    let key = site.state().join("account.key");
    std::fs::rename(&key, &kept).unwrap();
    let output = site.daemon_command().output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("account.key is missing") && !key.exists(), "{said}");
    std::fs::rename(&kept, &key).unwrap();

    let daemon = site.start();
    assert_eq!(site.json(&["account", "show"])["state"], "approved");
    daemon.kill();
}

#[test]
fn c5_a_converted_file_that_is_lost_is_made_again() {
    let site = Site::new();
    site.add(&Sample::Ac3.path(), "cinema.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let token = site.generate("cinema");
    let lose = || {
        for entry in std::fs::read_dir(site.state().join("artifacts")).unwrap() {
            let path = entry.unwrap().path();
            // A poster may just be made.
            if path.extension().is_some_and(|end| end == "mp4") {
                std::fs::remove_file(path).unwrap();
            }
        }
    };
    let live_again = |daemon: &Daemon| {
        vodpost_tests::wait::until("the URL to be live again", || {
            let status = get(daemon.http, &format!("/v/{token}.mp4")).status;
            if status == 200 { Ok(()) } else { Err(status.to_string()) }
        });
    };
    lose();
    live_again(&daemon);
    daemon.kill();
    lose();
    let daemon = site.start();
    live_again(&daemon);
}
