//! The protocol as others meet it: a Python client written from its specification alone, and other protocol numbers.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Command;

use serde_json::Value;
use vodpost_protocol::PROTOCOL_NUMBER;
use vodpost_protocol::hello::{CLIENT_HELLO_LEN, ClientHello, DAEMON_HELLO_LEN, DaemonHello, Role};
use vodpost_protocol::ids::InstanceId;
use vodpost_tests::http::get;
use vodpost_tests::media::Sample;
use vodpost_tests::site::Site;
use vodpost_tests::wait::DEADLINE;

const CLIENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python/client.py");

/// Runs the Python client; its exit status and what it printed.
fn python(site: &Site, args: &[&str]) -> (i32, Value) {
    let output = Command::new("python3").arg(CLIENT).arg(site.socket()).args(args).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    let printed = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{args:?}: {text}{error}"));
    (output.status.code().unwrap(), printed)
}

#[test]
fn the_specification_is_enough_to_list_and_suspend() {
    let site = Site::new();
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    site.add(&Sample::HighBitrate.path(), "中文.mp4");
    site.add(&Sample::Text.path(), "broken.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let first = site.generate("talk");
    site.ok(&["generate", "talk", "--label", "spring", "--wait"]);
    let shown = site.json(&["show", "talk"]);
    let second = shown["postings"][1]["token"].as_str().unwrap();

    let (status, listed) = python(&site, &["list"]);
    assert_eq!(status, 0);
    assert_eq!(listed["hello"]["role"], "admin");
    assert_eq!(listed["hello"]["uid"], rustix::process::getuid().as_raw());
    assert_eq!(listed["hello"]["protocol"], PROTOCOL_NUMBER);
    let ours: Vec<Value> = site.json(&["ls"])["videos"].as_array().unwrap().clone();
    let theirs = listed["videos"].as_array().unwrap();
    assert_eq!(theirs.len(), 3);
    for (theirs, ours) in theirs.iter().zip(&ours) {
        assert_eq!((&theirs["title"], &theirs["state"]), (&ours["title"], &ours["state"]));
    }
    let talk = theirs.iter().find(|video| video["title"] == "talk").unwrap();
    assert_eq!(talk["tokens"], serde_json::json!([first, second]));

    let (status, suspended) = python(&site, &["suspend", &first]);
    assert_eq!(status, 0);
    assert_eq!(suspended["causes"], serde_json::json!([["posting"], []]));
    assert_eq!(get(daemon.http, &format!("/v/{first}.mp4")).status, 403);
    assert_eq!(get(daemon.http, &format!("/v/{second}.mp4")).status, 200);

    // Refusal 8 is NoSuchVideo.
    assert_eq!(python(&site, &["suspend", "none"]), (1, serde_json::json!({"refused": 8})));
}

#[test]
fn pages_of_a_long_list_are_followed() {
    let site = Site::new();
    for number in 0..120 {
        site.add(&Sample::Empty.path(), &format!("v{number:03}.mp4"));
    }
    let _daemon = site.start();
    site.scan();
    let (status, listed) = python(&site, &["list"]);
    assert_eq!(status, 0);
    let titles: Vec<&str> =
        listed["videos"].as_array().unwrap().iter().map(|video| video["title"].as_str().unwrap()).collect();
    assert_eq!(titles, (0..120).map(|number| format!("v{number:03}")).collect::<Vec<_>>());
}

#[test]
fn a_client_of_another_protocol_is_told_the_daemons_and_closed() {
    let site = Site::new();
    let _daemon = site.start();
    let version = site.json(&["status"])["version"].clone();
    let (status, said) = python(&site, &["hello", "999"]);
    assert_eq!(status, 0);
    assert_eq!(said["protocol"], PROTOCOL_NUMBER);
    assert_eq!(said["version"], version);
    assert_eq!(said["closes"], true);

    // The same through the crate: the whole hello arrives before the end.
    let mut stream = UnixStream::connect(site.socket()).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(&ClientHello { protocol: 0, version: "0".into() }.to_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let hello = DaemonHello::from_bytes(&bytes.try_into().unwrap()).unwrap();
    assert_eq!(hello.protocol, PROTOCOL_NUMBER);
}

/// A daemon of another protocol number that greets every client and serves none.
fn stranger(site: &Site, protocol: u32) -> std::thread::JoinHandle<()> {
    std::fs::create_dir_all(site.socket().parent().unwrap()).unwrap();
    let listener = UnixListener::bind(site.socket()).unwrap();
    let hello = DaemonHello {
        protocol,
        role: Role::Admin,
        instance: InstanceId(1),
        version: "9.9.9".into(),
        uid: rustix::process::getuid().as_raw(),
    };
    let bytes: [u8; DAEMON_HELLO_LEN] = hello.to_bytes();
    std::thread::spawn(move || {
        for _client in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(&bytes).unwrap();
            stream.read_exact(&mut [0; CLIENT_HELLO_LEN]).unwrap();
        }
    })
}

#[test]
fn a_daemon_of_another_protocol_is_exit_4_with_one_clear_sentence() {
    let site = Site::new();
    let clients = stranger(&site, 999);
    let said = site.vodpost(&["status"]);
    assert_eq!(said.status, 4, "{said:?}");
    assert_eq!(said.stdout, "");
    let sentence = format!(
        "The daemon (9.9.9) speaks protocol 999, this client ({}) speaks {PROTOCOL_NUMBER}.",
        env!("CARGO_PKG_VERSION")
    );
    assert!(said.stderr.starts_with(&format!("error: {sentence}")), "{said:?}");
    assert!(said.stderr.contains("hint: use the client that came with the daemon"), "{said:?}");
    let json = site.vodpost(&["status", "--json"]);
    assert_eq!(json.status, 4, "{json:?}");
    let error: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(error["error"]["kind"], "protocol_mismatch");
    assert!(error["error"]["message"].as_str().unwrap().starts_with(&sentence), "{error}");
    clients.join().unwrap();
}
