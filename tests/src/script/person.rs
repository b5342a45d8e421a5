//! Somebody who talks to the daemon: one `vodpost call`, as one user.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};

use serde_json::{Value, json};

use super::names::{BOB, EVE};
use crate::site::{Site, program};
use crate::wait::DEADLINE;

pub(super) struct Person {
    child: Child,
    requests: ChildStdin,
    lines: Receiver<Value>,
    pushes: VecDeque<Value>,
    asked: u64,
    /// The last event that was pushed, or that there was at the time of the subscription.
    seq: Option<u64>,
}

impl Person {
    pub(super) fn connect(site: &Site, who: &str) -> Self {
        let mut command = match who {
            "bob" => as_user(site, BOB),
            "eve" => as_user(site, EVE),
            _ann => Command::new(program("vodpost")),
        };
        let mut child = command
            .args(["call", "--json"])
            .env("VODPOST_SOCKET", site.socket())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("vodpost starts");
        let requests = child.stdin.take().expect("stdin is a pipe");
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                // Nobody listens any more, or it said something that is no JSON: then its silence is noticed.
                let Ok(Ok(line)) = line.map(|line| serde_json::from_str(&line)) else { return };
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, requests, lines, pushes: VecDeque::new(), asked: 0, seq: None }
    }

    /// The reply; pushes that came before it are kept.
    pub(super) fn ask(&mut self, request: Value) -> Value {
        self.asked += 1;
        let line = json!({ "id": self.asked, "request": request });
        // Who is not let in is told so without being listened to.
        drop(writeln!(self.requests, "{line}"));
        loop {
            let line = self.next(&line.to_string());
            if let Some(push) = line.get("push") {
                self.pushes.push_back(push.clone());
                continue;
            }
            if line.get("id").is_some() {
                assert_eq!(line["id"], self.asked, "{line}");
            }
            if let Some(seq) = line["ok"]["subscribed"]["seq"].as_u64() {
                self.seq = Some(seq);
            }
            return line;
        }
    }

    /// What was pushed, up to an event of this name, to `progress`, or to the newest event. Progress is left out where it
    /// is not waited for: how much of it there is depends on the machine.
    pub(super) fn hear(&mut self, what: &str) -> Vec<Value> {
        let newest = (what == "everything").then(|| self.newest());
        let mut heard = Vec::new();
        loop {
            if newest.is_some() && newest == self.seq {
                return heard;
            }
            let push = match self.pushes.pop_front() {
                Some(push) => push,
                None => self.next(&format!("{what} is not pushed; heard: {heard:?}"))["push"].take(),
            };
            let is_last = match (push.get("event"), push.get("progress")) {
                (Some(event), _) => {
                    let seq = event["seq"].as_u64();
                    assert_eq!(seq, self.seq.map(|last| last + 1), "a gap in what is pushed: {event}");
                    self.seq = seq;
                    event["what"] == what
                }
                (None, Some(_)) if what == "progress" => true,
                (None, Some(_)) => continue,
                // Of a look at the library; as much as of a conversion.
                (None, None) if push.get("scan").is_some() => continue,
                (None, None) => false,
            };
            heard.push(push);
            if is_last {
                return heard;
            }
        }
    }

    /// Whether there are events that this subscriber has not heard yet.
    pub(super) fn has_more_to_hear(&mut self) -> bool {
        let newest = self.newest();
        self.seq.is_some_and(|seq| seq < newest)
    }

    pub(super) fn subscribed(&self) -> bool {
        self.seq.is_some()
    }

    fn newest(&mut self) -> u64 {
        let page = self.ask(json!({ "events": { "since": 0, "limit": 0 } }));
        page["ok"]["events"]["newest"]
            .as_u64()
            .unwrap_or_else(|| panic!("no number of the newest event: {page}"))
    }

    fn next(&self, waiting_for: &str) -> Value {
        self.lines.recv_timeout(DEADLINE).unwrap_or_else(|error| panic!("{waiting_for}: {error}"))
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        // It may have ended by itself, with the daemon.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The client as another user, who may not be able to look into the folder of the build.
fn as_user(site: &Site, uid: u32) -> Command {
    let copy: PathBuf = site.folder().join("vodpost");
    if !copy.exists() {
        // By another process: a program that this one has open for writing while another thread forks cannot be run.
        let copied = Command::new("cp").arg(program("vodpost")).arg(&copy).status().expect("cp is installed");
        assert!(copied.success(), "the client can be copied");
    }
    let mut command = Command::new("setpriv");
    command.args([&format!("--reuid={uid}"), &format!("--regid={uid}"), "--clear-groups"]).arg(copy);
    command
}
