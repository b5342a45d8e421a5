//! S2: every change is an event that can be read again and followed.

use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use vodpost_protocol::connection::{Client, greet};
use vodpost_protocol::event::Push;
use vodpost_protocol::reply::{Answer, Message};
use vodpost_protocol::request::Request;
use vodpost_protocol::video::Switch;
use vodpost_tests::media::Sample;
use vodpost_tests::site::Site;
use vodpost_tests::wait::{self, DEADLINE};

#[test]
fn s2_events_are_followed_without_gap_or_repeat_across_a_restart() {
    let site = Site::new();
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    let daemon = site.start();
    site.set_up_account();
    let mut follower = site
        .client(&["events", "--follow", "--since", "0", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    let mut seen = vec![next()];
    site.scan();
    site.generate("talk");
    daemon.kill();
    let _daemon = site.start();
    site.ok(&["suspend", "talk"]);
    while seen.last().unwrap()["what"] != "posting_suspended" {
        seen.push(next());
    }
    let seqs: Vec<u64> = seen.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
    follower.kill().unwrap();
    follower.wait().unwrap();
    let kinds: Vec<&str> = seen.iter().map(|event| event["what"].as_str().unwrap()).collect();
    for kind in
        ["account_submitted", "service_activated", "video_added", "conversion_ready", "posting_created"]
    {
        assert!(kinds.contains(&kind), "{kind} in {kinds:?}");
    }
    let suspended = seen.last().unwrap();
    assert_eq!(suspended["uid"], rustix::process::getuid().as_raw());
    assert_eq!(suspended["title"], "talk");
}

#[test]
fn s2_what_is_too_old_or_too_much_is_given_up_and_said() {
    for (limit, kept) in [("keep_for = \"1ms\"", 1), ("keep = 2", 2)] {
        let site = Site::new().with_config(&format!("[events]\n{limit}"));
        let _daemon = site.start();
        site.set_up_account();
        let page = wait::until("old events are gone", || {
            let page = site.json(&["events"]);
            let count = |name: &str| page[name].as_u64().unwrap();
            if count("newest") - count("oldest") + 1 == kept { Ok(page) } else { Err(page.to_string()) }
        });
        assert_eq!(page["newest"], 3);
        assert_eq!(page["events"].as_array().unwrap().len() as u64, kept);
        let said = site.ok(&["events", "--since", "0"]);
        assert!(said.stderr.contains(&format!("Events 1 to {} are no longer kept.", 3 - kept)), "{said:?}");
        let said = site.ok(&["events", "--since", "99"]);
        assert!(said.stderr.contains("The newest event is 3."), "{said:?}");
        // Numbers go on where they were.
        site.ok(&["account", "revoke", "--reason", "expired"]);
        assert_eq!(site.json(&["events"])["newest"], 4);
    }
}

#[test]
fn call_speaks_json_lines() {
    use std::io::Write;
    let site = Site::new();
    let _daemon = site.start();
    let mut call = site.client(&["call"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let requests = "{\"id\":1,\"request\":\"status\"}\nnot json\n{\"id\":2,\"request\":{\"show\":{\"video\":\"none\"}}}\n";
    call.stdin.take().unwrap().write_all(requests.as_bytes()).unwrap();
    let output = call.wait_with_output().unwrap();
    let replies: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(replies.len(), 3, "{replies:?}");
    let by_id = |id: u64| replies.iter().find(|reply| reply["id"] == id).unwrap();
    assert!(by_id(1)["ok"]["status"]["version"].is_string(), "{replies:?}");
    assert_eq!(by_id(2)["error"]["kind"], "no_such_video");
}

#[test]
fn pushes_begin_after_the_answer_to_subscribe_with_the_very_next_event() {
    let site = Site::new();
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    let _daemon = site.start();
    site.set_up_account();
    site.scan();
    let token = site.generate("talk");
    let connect = || {
        let mut stream = UnixStream::connect(site.socket()).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        greet(&mut stream, "test").unwrap();
        Client::new(stream.try_clone().unwrap(), stream)
    };
    let enough = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut client = connect();
            while !enough.load(Ordering::Relaxed) {
                for switch in [Switch::Off, Switch::On] {
                    client.call(Request::SetPosting { target: token.clone(), switch }).unwrap();
                }
            }
        });
        // A panic here must end the other thread too.
        let _end = OnDrop(&enough);
        for _ in 0..200 {
            let (mut receiver, mut sender) = connect().split();
            sender.send(Request::Subscribe).unwrap();
            let first = receiver.receive().unwrap();
            let Message::Reply { result: Ok(Answer::Subscribed { seq }), .. } = first else {
                panic!("before the answer: {first:?}");
            };
            match receiver.receive().unwrap() {
                Message::Push(Push::Event(event)) => assert_eq!(event.seq, seq + 1),
                other => panic!("after the answer: {other:?}"),
            }
        }
    });
}

struct OnDrop<'a>(&'a AtomicBool);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
