//! The JSON of every command: which fields it has, and of which types. Scripts depend on them, so they are frozen.
//!
//! The peer answers with the messages in `protocol/fixtures`, which have a value in every field. To accept a change:
//! `VODPOST_ACCEPT=1 cargo test -p vodpost shapes`, and read the difference.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use serde_json::Value;
use vodpost_protocol::reply::{Answer, EventPage, Message, Page};
use vodpost_protocol::request::Request;
use vodpost_protocol::{PROTOCOL_NUMBER, codec};

use super::peer::{Peer, Step};

/// Every answer by its name.
fn answers() -> BTreeMap<String, Answer> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../protocol/fixtures"));
    let text = std::fs::read_to_string(folder.join(format!("protocol-{PROTOCOL_NUMBER}.txt"))).unwrap();
    let lines = text.lines().filter_map(|line| line.strip_prefix("answer/")?.split_once(' '));
    let decoded = lines.map(|(name, hex)| {
        let digits = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(digits).collect();
        match codec::decode(&bytes).unwrap() {
            Message::Reply { result: Ok(answer), .. } => (name.to_owned(), answer),
            other => panic!("{name} is {other:?}"),
        }
    });
    decoded.collect()
}

fn reply(answers: &BTreeMap<String, Answer>, request: &Request) -> Answer {
    let name = match request {
        Request::Status => "Status",
        Request::List(_) => "Page",
        Request::Locate { .. } => "Located",
        Request::AccountShow
        | Request::AccountSubmit(_)
        | Request::AccountApprove
        | Request::AccountReject { .. }
        | Request::AccountRevoke { .. }
        | Request::ServiceActivate => "Account",
        Request::Scan => "Scan",
        Request::Jobs | Request::PauseQueue | Request::ResumeQueue => "Jobs",
        Request::Events { .. } => "Events",
        Request::Subscribe => "Subscribed",
        Request::Backup { .. } => "Backup",
        Request::Forecast(_) => "Forecast",
        Request::Checkup => "Checkup",
        Request::AddRoot { .. } | Request::RemoveRoot { .. } => "Library",
        Request::Show { .. }
        | Request::Generate { .. }
        | Request::Retry { .. }
        | Request::Cancel { .. }
        | Request::SetPosting { .. }
        | Request::SetSource { .. }
        | Request::DeleteSource { .. }
        | Request::SetListed { .. } => "Video",
    };
    match (answers[name].clone(), request) {
        // The last page.
        (Answer::Page(page), _) => Answer::Page(Page { next: None, ..page }),
        (Answer::Events(page), Request::Events { since, .. }) if *since >= page.events[0].seq => {
            Answer::Events(EventPage { events: Vec::new(), ..page })
        }
        (answer, _) => answer,
    }
}

/// `a.b[]: string`, a line for each field.
fn shape(value: &Value, path: &str, lines: &mut Vec<String>) {
    match value {
        Value::Null => lines.push(format!("{path}: null")),
        Value::Bool(_) => lines.push(format!("{path}: boolean")),
        Value::Number(_) => lines.push(format!("{path}: number")),
        Value::String(_) => lines.push(format!("{path}: string")),
        Value::Array(values) => match values.first() {
            Some(first) => shape(first, &format!("{path}[]"), lines),
            None => lines.push(format!("{path}: empty")),
        },
        Value::Object(fields) => {
            for (name, value) in fields {
                shape(value, &format!("{path}.{name}"), lines);
            }
        }
    }
}

#[test]
fn the_json_of_every_command_has_its_shape() {
    let answers = answers();
    let peer = Peer::start(move |_, request| vec![Step::Answer(reply(&answers, &request))]);
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man").to_str().unwrap().to_owned();
    let mut text = String::new();
    for words in [
        &["status"][..],
        &["ls"],
        &["show", "talk"],
        &["generate", "talk"],
        &["generate", "talk", "--dry-run"],
        &["retry", "talk"],
        &["cancel", "talk"],
        &["suspend", "talk"],
        &["resume", "talk"],
        &["source", "suspend", "talk"],
        &["source", "delete", "talk", "--yes"],
        &["platform", "hide", "talk"],
        &["url", "talk"],
        &["qr", "talk"],
        &["account", "show"],
        &["account", "approve"],
        &["service", "activate"],
        &["scan", "--wait"],
        &["jobs"],
        &["jobs", "pause"],
        &["jobs", "--fits"],
        &["events"],
        &["library"],
        &["library", "add", "/a"],
        &["backup", "/b"],
        &["man", &pages],
    ] {
        // What fails has a document as well.
        let (_, out, _) = peer.run(&[&["--json"], words].concat());
        let shown: Vec<&str> = words.iter().copied().filter(|word| *word != pages).collect();
        writeln!(text, "vodpost {}", shown.join(" ")).unwrap();
        let mut lines = Vec::new();
        let document: Value =
            serde_json::from_str(&out).unwrap_or_else(|error| panic!("{words:?}: {error}: {out}"));
        shape(&document, "", &mut lines);
        lines.iter().for_each(|line| writeln!(text, "  {line}").unwrap());
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cli/tests/json-shapes.txt");
    if std::env::var_os("VODPOST_ACCEPT").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let frozen = std::fs::read_to_string(path).unwrap();
    for (ours, frozen) in text.lines().zip(frozen.lines()) {
        assert_eq!(ours, frozen);
    }
    assert_eq!(text.lines().count(), frozen.lines().count());
}
