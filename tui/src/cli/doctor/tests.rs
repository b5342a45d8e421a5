//! What is shown of a report, for people and for programs.

use serde_json::{Value, json};
use vodpost_protocol::checkup::{self, ToolName};
use vodpost_protocol::hello::Role;

use super::*;
use crate::app::tests::status;
use crate::cli::tests::peer::Shared;
use crate::doctor::Own;

fn place(answer: Answer) -> Place {
    Place { path: "/run/s".into(), answer, owner_uid: Some(0), mode: Some(0o600) }
}

fn report(findings: Vec<Finding>) -> Report {
    Report {
        places: vec![place(Answer::Daemon)],
        met: Some(Met { role: Role::Admin, status: Box::new(status()) }),
        examined: vec![Subject::Socket, Subject::Tools, Subject::Queue, Subject::Disk],
        unchecked: vec![(Subject::PublicUrl, Unchecked::NoCurl)],
        findings,
    }
}

fn missing() -> Finding {
    Finding::Daemon(checkup::Finding::ToolMissing { tool: ToolName::Ffmpeg })
}

fn paused() -> Finding {
    Finding::Own(Own::QueuePaused { by: Some("ann\x1b[2J".into()) })
}

fn shown(report: &Report, json: bool, quiet: bool) -> String {
    let out = Shared::default();
    let mut output = Output::to_writers(json, Box::new(out.clone()), Box::new(std::io::sink()));
    show(&mut output, report, quiet).unwrap();
    output.flush().unwrap();
    out.text()
}

#[test]
fn what_is_well_is_a_line_and_what_is_not_has_a_remedy() {
    let text = shown(&report(vec![missing(), paused()]), false, false);
    assert_eq!(
        text,
        "\
ok      socket         /run/s: answers (of uid 0, mode 0600); you are admin
WRONG   ffmpeg
          ffmpeg is not installed. MP4 files that fit are served without it; other files are not, and there are no posters.
          -> on Debian: apt-get install ffmpeg (elsewhere: conversion.ffmpeg and conversion.ffprobe say where they are); then restart vodpostd
ok      disk
remark  queue
          Conversions are paused by ann␛[2J; their deadlines go on.
          -> vodpost jobs resume
-       public URL     whether it can be reached was not checked: install curl
1 thing is wrong; 1 remark.
"
    );
}

#[test]
fn cron_hears_of_nothing_unless_something_is_wrong() {
    assert_eq!(shown(&report(vec![]), false, true), "");
    assert_eq!(shown(&report(vec![paused()]), false, true), "");
    let text = shown(&report(vec![missing(), paused()]), false, true);
    assert!(text.starts_with("WRONG   ffmpeg\n") && text.contains("remark  queue\n"), "{text}");
    assert!(!text.contains("socket") && !text.contains("public URL"), "{text}");
}

#[test]
fn the_document_has_this_shape() {
    let document: Value = serde_json::from_str(&shown(&report(vec![paused()]), true, true)).unwrap();
    assert_eq!(
        document,
        json!({
            "ok": true,
            "daemon": {"version": "0.1.0", "protocol": status().protocol, "role": "admin"},
            "places": [{"path": "/run/s", "answer": "daemon", "owner_uid": 0, "mode": 0o600}],
            "checks": [
                {"subject": "socket", "result": "ok"},
                {"subject": "tools", "result": "ok"},
                {"subject": "disk", "result": "ok"},
                {"subject": "queue", "result": "remark"},
                {"subject": "public_url", "result": "unchecked"},
            ],
            "findings": [{
                "subject": "queue",
                "severity": "remark",
                "kind": "queue_paused",
                "message": "Conversions are paused by ann␛[2J; their deadlines go on.",
                "hint": "vodpost jobs resume",
                "facts": {"by": "ann\x1b[2J"},
            }],
        })
    );
    let document: Value = serde_json::from_str(&shown(&report(vec![missing()]), true, false)).unwrap();
    assert_eq!((&document["ok"], &document["checks"][1]["result"]), (&json!(false), &json!("wrong")));
    assert_eq!(document["findings"][0]["facts"], json!({"tool": "ffmpeg"}));
    let unit = kind_and_facts(&Finding::Own(Own::NotActivated));
    assert_eq!(unit, ("not_activated".into(), json!({})));
}

#[test]
fn what_only_a_daemon_can_tell_is_said_once() {
    let mut report = report(vec![]);
    report.unchecked = vec![(Subject::State, Unchecked::NoDaemon), (Subject::Account, Unchecked::NoDaemon)];
    let text = shown(&report, false, false);
    let said = "Not checked, since only a daemon that answers can tell: state folder, account.\n";
    assert!(text.contains(said), "{text}");
}

#[test]
fn sums_are_sentences() {
    assert_eq!(summary(&report(vec![])), "All is well.");
    assert_eq!(summary(&report(vec![paused(), paused()])), "Nothing is wrong; 2 remarks.");
    assert_eq!(summary(&report(vec![missing(), missing()])), "2 things are wrong.");
}
