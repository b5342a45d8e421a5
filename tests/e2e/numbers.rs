//! What admins are told of their viewers: views, where they came from, and the access log.

use rustix::process::{Signal, kill_process};
use serde_json::Value;
use vodpost_tests::http::{get, open, range, request};
use vodpost_tests::media::Sample;
use vodpost_tests::site::{Daemon, Site};
use vodpost_tests::wait;

fn live(config: &str) -> (Site, Daemon, String) {
    let site = Site::new().with_config(config);
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let page = format!("/v/{}", site.generate("talk"));
    (site, daemon, page)
}

#[test]
fn a_view_is_one_viewer_however_many_requests_it_makes() {
    let (site, daemon, page) = live("[http]\ntrusted_proxies = [\"127.0.0.1\"]");
    let file = format!("{page}.mp4");
    // What a phone does before and while it plays, what a reload does, and what a messenger does with a link.
    assert_eq!(request(daemon.http, "HEAD", &file, &[]).status, 200);
    assert_eq!(range(daemon.http, &file, "bytes=0-1").status, 206);
    let len = get(daemon.http, &file).body.len();
    for at in [0, len / 2, 7, len - 10] {
        assert_eq!(range(daemon.http, &file, &format!("bytes={at}-")).status, 206);
    }
    assert_eq!(get(daemon.http, &file).status, 200);
    // Behind the proxy, the address that it names is another viewer; a name is only taken from the proxy's end of the list.
    for forwarded in ["203.0.113.1", "203.0.113.2", "6.6.6.6, 203.0.113.2", "203.0.113.1"] {
        let came = [("X-Forwarded-For", forwarded), ("Referer", "https://mp.weixin.qq.com/s/abc")];
        assert_eq!(request(daemon.http, "GET", &page, &came).status, 200);
        assert_eq!(request(daemon.http, "GET", &file, &[("X-Forwarded-For", forwarded)]).status, 200);
    }
    // Ended at once: what was counted is written down before the end.
    let (status, log) = daemon.terminate();
    assert!(status.success(), "{log}");
    let _daemon = site.start();
    let posting = site.json(&["show", "talk"])["postings"][0].clone();
    assert_eq!(posting["views"], 3, "{posting}");
    assert!(posting["bytes"].as_u64().unwrap() > 6 * len as u64, "{posting}");
    assert_eq!(posting["traffic"]["views_24h"], 3, "{posting}");
    let hosts = serde_json::json!([{"host": "mp.weixin.qq.com", "views": 2}]);
    assert_eq!(posting["traffic"]["referrers"], hosts, "{posting}");
    let shown = site.ok(&["show", "talk"]).stdout;
    assert!(shown.contains("3 views in 24 h, from mp.weixin.qq.com (2)"), "{shown}");
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

#[test]
fn the_access_log_has_one_line_for_each_answer_and_goes_on_in_a_new_file() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    let config = format!("[http]\naccess_log = {:?}\ntrusted_proxies = [\"127.0.0.1\"]", log.display());
    let (_site, daemon, page) = live(&config);
    let wait_for_lines = |count| {
        wait::until("the lines of all answers", || {
            let read = lines(&std::fs::read_to_string(&log).unwrap_or_default());
            if read.len() == count { Ok(read) } else { Err(format!("{read:?}")) }
        })
    };
    let file = format!("{page}.mp4");
    let hostile = [
        ("X-Forwarded-For", "203.0.113.77"),
        ("Range", "bytes=5-9"),
        ("User-Agent", "a\",\"status\":999}\t\u{202e}\\"),
        ("Referer", "https://blog.example/secret?token=1"),
    ];
    assert_eq!(request(daemon.http, "GET", &file, &hostile).status, 206);
    assert_eq!(request(daemon.http, "HEAD", &page, &hostile).status, 200);
    assert_eq!(get(daemon.http, "/nothing?x=%0A").status, 404);
    assert_eq!(request(daemon.http, "POST", &page, &[]).status, 405);
    // A viewer who leaves is logged with what was sent.
    drop(open(daemon.http, "GET", &file, &[]));
    let read = wait_for_lines(5);
    let [media, head, missing, refused, left] = &*read else { unreachable!() };
    assert_eq!(
        (&media["status"], &media["bytes"], &media["range"]),
        (&206.into(), &5.into(), &"bytes=5-9".into())
    );
    assert_eq!((&media["method"], &media["target"]), (&"GET".into(), &Value::from(&*file)));
    assert_eq!((&media["referrer"], &media["user_agent"]), (&"blog.example".into(), &hostile[2].1.into()));
    assert_eq!(
        (&head["method"], &head["bytes"], &head["viewer"]),
        (&"HEAD".into(), &0.into(), &media["viewer"])
    );
    assert_eq!((&missing["status"], &missing["target"]), (&404.into(), &"/nothing?x=%0A".into()));
    assert_ne!(missing["viewer"], media["viewer"]);
    assert_eq!((&refused["status"], &refused["method"]), (&405.into(), &Value::Null));
    assert_eq!(left["status"], 200);
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(!text.contains("203.0.113.77") && !text.contains("secret"), "{text}");

    let moved = folder.path().join("access.log.1");
    std::fs::rename(&log, &moved).unwrap();
    kill_process(daemon.pid(), Signal::HUP).unwrap();
    wait::until("a new file", || if log.exists() { Ok(()) } else { Err("not yet".to_owned()) });
    assert_eq!(get(daemon.http, &page).status, 200);
    assert_eq!(wait_for_lines(1)[0]["target"], *page);
    assert_eq!(lines(&std::fs::read_to_string(&moved).unwrap()).len(), 5);
    let (status, said) = daemon.terminate();
    assert!(status.success() && !said.contains("could not take"), "{said}");
}

#[test]
fn an_access_log_that_cannot_be_written_is_refused_at_the_start() {
    let site = Site::new().with_config("[http]\naccess_log = \"/nowhere/access.log\"");
    let output = site.daemon_command().output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("cannot open the access log /nowhere/access.log; set http.access_log"), "{said}");
}
