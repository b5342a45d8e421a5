//! S1 by the system calls of the real daemon: no client is answered between a write to the commit log and its sync.

use std::collections::HashMap;
use std::os::unix::net::UnixStream;
use std::path::Path;

use vodpost_protocol::connection::{Client, greet};
use vodpost_protocol::event::{EventKind, Push};
use vodpost_protocol::reply::{Answer, Message};
use vodpost_protocol::request::Request;
use vodpost_protocol::video::Switch;
use vodpost_tests::http::get;
use vodpost_tests::media::Sample;
use vodpost_tests::site::{Daemon, Site};
use vodpost_tests::strace::Strace;
use vodpost_tests::wait::{self, DEADLINE};

#[derive(Debug, PartialEq)]
enum Call {
    LogWritten,
    LogSynced,
    Answered,
}

/// What matters of a trace, in order: when a write and an answer begin, and when a sync has succeeded.
fn calls(trace: &str) -> Vec<Call> {
    let mut calls = Vec::new();
    // What a thread is in the middle of.
    let mut syncing: HashMap<&str, bool> = HashMap::new();
    for line in trace.lines() {
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        let of_log = call.contains(".log>");
        if call.starts_with("fdatasync(") {
            if call.contains("unfinished") {
                syncing.insert(thread, of_log);
            } else if of_log && call.ends_with("= 0") {
                calls.push(Call::LogSynced);
            }
        } else if call.starts_with("<... fdatasync resumed>") {
            if syncing.remove(thread) == Some(true) && call.ends_with("= 0") {
                calls.push(Call::LogSynced);
            }
        } else if call.starts_with("pwrite64(") && of_log {
            calls.push(Call::LogWritten);
        } else if call.contains("<UNIX-STREAM:") && !call.starts_with("<...") {
            calls.push(Call::Answered);
        }
    }
    calls
}

#[test]
fn s1_no_answer_leaves_between_a_write_to_the_log_and_its_sync() {
    let site = Site::new();
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let token = site.generate("talk");
    let trace = site.folder().join("trace");
    let path = trace.to_str().unwrap();
    let what = "trace=pwrite64,fdatasync,write,writev,sendto,sendmsg";
    let Some(strace) = Strace::attach(daemon.pid(), &["-yy", "-s", "0", "-e", what, "-o", path]) else {
        return;
    };
    for round in 0..10 {
        site.ok(&[if round % 2 == 0 { "suspend" } else { "resume" }, &token]);
    }
    site.ok(&["generate", "talk", "--label", "second", "--wait"]);
    site.ok(&["source", "suspend", "talk"]);
    strace.detach();
    let text = std::fs::read_to_string(&trace).unwrap();
    let calls = calls(&text);
    let mut synced = true;
    for (at, call) in calls.iter().enumerate() {
        match call {
            Call::LogWritten => synced = false,
            Call::LogSynced => synced = true,
            Call::Answered => assert!(synced, "answer {at} of {calls:?}\n{text}"),
        }
    }
    let count = |wanted: Call| calls.iter().filter(|call| **call == wanted).count();
    let (written, answered) = (count(Call::LogWritten), count(Call::Answered));
    assert!(written >= 12 && answered >= 12, "{written} writes and {answered} answers were seen\n{text}");
    assert!(count(Call::LogSynced) >= written, "{calls:?}");
}

type Connection = Client<UnixStream, UnixStream>;

fn connect(site: &Site) -> Connection {
    let mut stream = UnixStream::connect(site.socket()).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    greet(&mut stream, "syncs").unwrap();
    Client::new(stream.try_clone().unwrap(), stream)
}

fn live() -> (Site, Daemon, String) {
    let site = Site::new();
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let token = site.generate("talk");
    (site, daemon, token)
}

fn count(trace: &Path, what: &str) -> usize {
    let text = std::fs::read_to_string(trace).unwrap_or_default();
    text.lines().filter(|line| line.contains(what) && line.contains(".log>")).count()
}

/// Where a sync takes long, what comes meanwhile shares the next one.
#[test]
fn s1_many_clients_share_one_sync() {
    const CLIENTS: usize = 64;
    const EACH: usize = 4;
    let (site, daemon, token) = live();
    let connections: Vec<Connection> = (0..CLIENTS).map(|_| connect(&site)).collect();
    let trace = site.folder().join("trace");
    let inject = "inject=fdatasync:delay_enter=100000";
    let args = ["-yy", "-s", "0", "-e", "trace=fdatasync", "-e", inject, "-o", trace.to_str().unwrap()];
    let Some(strace) = Strace::attach(daemon.pid(), &args) else { return };
    std::thread::scope(|scope| {
        for connection in connections {
            let token = &token;
            scope.spawn(move || {
                let (mut receiver, mut sender) = connection.split();
                for at in 0..EACH {
                    let switch = if at % 2 == 0 { Switch::Off } else { Switch::On };
                    sender.send(Request::SetPosting { target: token.clone(), switch }).unwrap();
                }
                for _ in 0..EACH {
                    let Message::Reply { result, .. } = receiver.receive().unwrap() else { panic!("a push") };
                    assert!(matches!(result, Ok(Answer::Video(_))), "{result:?}");
                }
            });
        }
    });
    strace.detach();
    // A call that another thread interrupts has two lines, of which one names the file.
    let syncs = count(&trace, "fdatasync(");
    assert!(syncs > 0 && syncs * 8 <= CLIENTS * EACH, "{syncs} syncs for {} commands", CLIENTS * EACH);
}

/// Between the write and the end of its sync a change can be seen by nobody.
#[test]
fn s1_nothing_is_served_or_pushed_before_it_is_durable() {
    let (site, daemon, token) = live();
    let path = format!("/v/{token}.mp4");
    let mut watcher = connect(&site);
    assert!(matches!(watcher.call(Request::Subscribe).unwrap(), Answer::Subscribed { .. }));
    let (mut pushes, _sender) = watcher.split();
    let (told, hears) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        while let Ok(message) = pushes.receive() {
            if told.send(message).is_err() {
                return;
            }
        }
    });
    let trace = site.folder().join("trace");
    let inject = "inject=fdatasync:delay_enter=5000000";
    let what = "trace=pwrite64,fdatasync";
    let args = ["-yy", "-s", "0", "-e", what, "-e", inject, "-o", trace.to_str().unwrap()];
    let Some(strace) = Strace::attach(daemon.pid(), &args) else { return };
    std::thread::scope(|scope| {
        let suspended = scope.spawn(|| site.ok(&["suspend", &token]));
        wait::until("the change to be written", || {
            if count(&trace, "pwrite64(") > 0 { Ok(()) } else { Err("not yet".to_owned()) }
        });
        let status = get(daemon.http, &path).status;
        let pushed = hears.try_recv().ok();
        let answered = suspended.is_finished();
        if !answered {
            assert_eq!(status, 200, "served as before");
            assert!(pushed.is_none(), "{pushed:?}");
        }
        suspended.join().unwrap();
        assert!(!answered, "the sync was over before anything could be seen");
    });
    assert_eq!(get(daemon.http, &path).status, 403);
    let Message::Push(Push::Event(event)) = hears.recv_timeout(DEADLINE).unwrap() else { panic!("no event") };
    assert_eq!(event.what, EventKind::PostingSuspended);
    strace.detach();
}
