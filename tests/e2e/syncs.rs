//! S1 by the system calls of the real daemon: no client is answered between a write to the commit log and its sync.

use std::collections::HashMap;

use vodpost_tests::media::Sample;
use vodpost_tests::site::Site;
use vodpost_tests::strace::Strace;

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
