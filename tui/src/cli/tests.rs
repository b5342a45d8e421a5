//! The commands against a peer that speaks the protocol and says what each test wants to hear.

mod chinese;
mod follow;
mod forecast;
mod hostile;
pub(super) mod peer;
mod shapes;

use clap::CommandFactory;
use serde_json::Value;
use vodpost_protocol::conversion::{ConversionState, ProgressView};
use vodpost_protocol::event::{EventKind, EventView, Push};
use vodpost_protocol::ids::Label;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::reply::{Answer, EventPage, Located, Page};
use vodpost_protocol::request::Request;
use vodpost_protocol::status::ScanView;
use vodpost_protocol::video::Switch;

use self::peer::{Peer, Step, event, posting, video};
use super::*;

fn answer_video(title: &str, state: ConversionState) -> Step {
    Step::Answer(Answer::Video(Box::new(video(title, state))))
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn the_arguments_are_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_has_an_example() {
    fn leaves(command: &clap::Command, all: &mut Vec<clap::Command>) {
        if command.has_subcommands() {
            command.get_subcommands().for_each(|child| leaves(child, all));
        } else {
            all.push(command.clone());
        }
    }
    let mut all = Vec::new();
    leaves(&Cli::command(), &mut all);
    for command in all {
        let help = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
        assert!(help.contains("Example:\n"), "{}", command.get_name());
    }
}

#[test]
fn arguments_are_taken_before_and_after_the_command() {
    for arguments in [["vodpost", "--json", "status"], ["vodpost", "status", "--json"]] {
        assert!(Cli::try_parse_from(arguments).unwrap().global.json);
    }
    for bad in [
        vec!["vodpost", "generate"],
        vec!["vodpost", "generate", "talk", "--label", "A B"],
        vec!["vodpost", "ls", "--limit", "0"],
        vec!["vodpost", "account", "submit", "enterprise", "--name", "x"],
        vec![
            "vodpost",
            "account",
            "submit",
            "individual",
            "--name",
            "x",
            "--id-number",
            "1",
            "--document",
            "uscc",
        ],
        vec!["vodpost", "source", "suspend", "talk", "--keep-files"],
    ] {
        assert_eq!(Cli::try_parse_from(&bad).unwrap_err().exit_code(), 2, "{bad:?}");
    }
}

#[test]
fn show_in_json_is_the_video_and_nothing_else() {
    let peer = Peer::start(|_, _| vec![answer_video("ta\u{1b}lk", ConversionState::Ready)]);
    let (result, out, err) = peer.run(&["show", "talk", "--json"]);
    assert!(result.is_ok() && err.is_empty());
    assert_eq!(json(&out)["title"], "ta\u{1b}lk");
    assert_eq!(json(&out)["postings"][0]["state"], "live");
    let (result, out, _) = peer.run(&["show", "talk"]);
    assert!(result.is_ok() && out.contains("ta␛lk") && !out.contains('\u{1b}'), "{out}");
}

#[test]
fn a_refusal_is_a_status_and_names_the_next_step() {
    let peer = Peer::start(|_, _| vec![Step::Refuse(Refusal::NotActivated)]);
    let (result, out, _) = peer.run(&["generate", "talk"]);
    let failure = result.unwrap_err();
    assert_eq!((failure.exit_status(), failure.kind(), out.as_str()), (7, "not_activated", ""));
    assert_eq!(failure.sentence().hint.as_deref(), Some("vodpost service activate"));
}

#[test]
fn a_list_is_read_page_by_page() {
    let pages = |_, request| {
        let Request::List(query) = request else { return vec![Step::Refuse(Refusal::Busy)] };
        let at: u32 = query.after.map_or(0, |after| after.parse().unwrap());
        if query.limit > 3 {
            return vec![Step::Refuse(Refusal::TooLarge)];
        }
        let upto = (at + query.limit).min(10);
        let videos = (at..upto).map(|n| video(&format!("talk {n}"), ConversionState::Ready)).collect();
        let next = (upto < 10).then(|| upto.to_string());
        vec![Step::Answer(Answer::Page(Page { videos, next, total: 10 }))]
    };
    let peer = Peer::start(pages);
    let (result, out, _) = peer.run(&["ls", "--json"]);
    result.unwrap();
    let all = json(&out);
    let titles: Vec<_> =
        all["videos"].as_array().unwrap().iter().map(|video| video["title"].clone()).collect();
    assert_eq!(titles, (0..10).map(|n| format!("talk {n}")).collect::<Vec<_>>());
    assert_eq!((&all["next"], &all["total"]), (&Value::Null, &10.into()));

    let (result, out, err) = peer.run(&["ls", "--limit", "4", "--after", "2"]);
    result.unwrap();
    assert_eq!(out.lines().count(), 5, "{out}");
    assert!(out.contains("talk 2") && out.contains("talk 5"));
    assert_eq!(err, "10 videos in all; the next page: --after 6\n");
}

#[test]
fn several_videos_are_generated_although_one_is_refused() {
    let peer = Peer::start(|_, request| match request {
        Request::Generate { video, .. } if video == "bad" => {
            vec![Step::Refuse(Refusal::NoSuchVideo { asked: video, nearest: Vec::new() })]
        }
        Request::Generate { video, .. } => vec![answer_video(&video, ConversionState::Ready)],
        _ => vec![],
    });
    let (result, out, _) = peer.run(&["generate", "a", "bad", "b", "--json"]);
    assert_eq!(result.unwrap_err().exit_status(), 5);
    let out = json(&out);
    assert_eq!(out["videos"].as_array().unwrap().len(), 2);
    assert_eq!(out["errors"][0]["video"], "bad");
    assert_eq!(out["errors"][0]["error"]["kind"], "no_such_video");
    let (result, out, err) = peer.run(&["generate", "a", "bad", "b"]);
    assert_eq!(result.unwrap_err().exit_status(), 5);
    assert_eq!(out.lines().count(), 2);
    assert!(err.contains("There is no video \"bad\"."));
}

#[test]
fn waiting_goes_by_pushes_and_survives_the_daemon() {
    let mut shown = 0;
    let peer = Peer::start(move |connection, request| match request {
        Request::Subscribe => vec![Step::Answer(Answer::Subscribed { seq: 5 })],
        Request::Generate { .. } => {
            let view = ProgressView {
                video: video("talk", ConversionState::Running).id,
                attempt: 1,
                progress: 0.5,
                speed: None,
                eta_s: Some(9),
            };
            vec![
                answer_video("talk", ConversionState::Queued),
                Step::Push(Push::Event(event(6, EventKind::ConversionStarted))),
                Step::Push(Push::Progress(view)),
            ]
        }
        Request::Show { .. } => {
            shown += 1;
            match (connection, shown) {
                (1, _) => vec![answer_video("talk", ConversionState::Running), Step::HangUp],
                (_, 2) => vec![
                    answer_video("talk", ConversionState::Running),
                    Step::Push(Push::Event(event(7, EventKind::ConversionReady))),
                ],
                _ => vec![answer_video("talk", ConversionState::Ready)],
            }
        }
        _ => vec![Step::Refuse(Refusal::Busy)],
    });
    let (result, out, err) = peer.run(&["generate", "talk", "--wait"]);
    result.unwrap();
    assert_eq!(out, "https://v.example/v/0000000000000000000A\n");
    for said in ["talk: queued", "talk: running", "talk: ready", "went away", "is back"] {
        assert!(err.contains(said), "{said} in {err}");
    }
}

#[test]
fn a_conversion_that_fails_while_waiting_is_an_error() {
    let peer = Peer::start(|_, request| match request {
        Request::Subscribe => vec![Step::Answer(Answer::Subscribed { seq: 0 })],
        Request::Generate { .. } => {
            vec![answer_video("talk", ConversionState::Running), Step::Push(Push::Resync { seq: 9 })]
        }
        _ => vec![answer_video("talk", ConversionState::Failed)],
    });
    let (result, out, _) = peer.run(&["generate", "talk", "--wait"]);
    let failure = result.unwrap_err();
    assert_eq!((failure.exit_status(), out.as_str()), (1, ""));
    assert!(failure.sentence().message.contains("failed: the disk is full"));
}

#[test]
fn urls_come_one_per_line_and_only_those_named() {
    let mut found = video("talk", ConversionState::Ready);
    found.postings.push(posting(11, "other", Switch::Off));
    let tokens = found.postings.iter().map(|posting| posting.token).collect();
    let located = Located { video: found, tokens };
    let peer = Peer::start(move |_, request| {
        let mut located = located.clone();
        if request == (Request::Locate { target: "talk#other".into() }) {
            located.tokens.remove(0);
        }
        vec![Step::Answer(Answer::Located(Box::new(located)))]
    });
    let (_, out, err) = peer.run(&["url", "talk"]);
    assert_eq!(out, "https://v.example/v/0000000000000000000A\nhttps://v.example/v/0000000000000000000B\n");
    assert_eq!(err, "other: suspended: this URL is suspended\n");
    let (_, out, _) = peer.run(&["url", "talk#other", "--file"]);
    assert_eq!(out, "https://v.example/v/0000000000000000000B.mp4\n");
    let (_, out, _) = peer.run(&["url", "talk#other", "--json"]);
    assert_eq!(json(&out)["urls"][0]["label"], "other");

    assert_eq!(peer.run(&["qr", "talk"]).0.unwrap_err().exit_status(), 2);
    let (_, out, _) = peer.run(&["qr", "talk#other"]);
    assert!(out.contains("##") && !out.contains('\u{1b}'));
    assert!(out.ends_with("https://v.example/v/0000000000000000000B\n"));
    let (_, out, _) = peer.run(&["qr", "talk#other", "--json"]);
    assert_eq!(json(&out)["modules"].as_array().unwrap().len(), json(&out)["size"]);
    let file = tempfile::Builder::new().suffix(".svg").tempfile().unwrap();
    let (_, out, _) = peer.run(&["qr", "talk#other", "-o", file.path().to_str().unwrap()]);
    assert_eq!(out, "https://v.example/v/0000000000000000000B\n");
    assert!(std::fs::read_to_string(file.path()).unwrap().contains("<svg"));
}

#[test]
fn a_scan_is_waited_for_only_when_asked() {
    let peer = Peer::start(|connection, _| {
        if connection == 1 {
            return vec![];
        }
        vec![Step::Answer(Answer::Scan(Box::new(ScanView {
            files: 3,
            videos: 2,
            added: 1,
            changed: 0,
            missing: 0,
            settling: 0,
            problems: Vec::new(),
            problems_left_out: 0,
            roots_unavailable: Vec::new(),
        })))]
    });
    let (result, out, _) = peer.run(&["scan", "--json"]);
    result.unwrap();
    assert_eq!(out, "{\"started\":true}\n");
    let (_, out, _) = peer.run(&["scan", "--wait"]);
    assert_eq!(out, "2 videos, 3 files: 1 added, 0 changed, 0 missing\n");
}

/// Ten events are there; each page has two.
fn events_after(since: u64, newest: u64) -> Step {
    let events: Vec<EventView> =
        (since + 1..=newest).take(2).map(|seq| event(seq, EventKind::VideoAdded)).collect();
    Step::Answer(Answer::Events(EventPage { events, newest, oldest: 1 }))
}

#[test]
fn events_are_read_page_by_page() {
    let peer = Peer::start(|_, request| match request {
        Request::Events { since, .. } => vec![events_after(since, 10)],
        _ => vec![],
    });
    let (result, out, _) = peer.run(&["events", "--json", "--since", "3"]);
    result.unwrap();
    let seqs: Vec<_> =
        json(&out)["events"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (4..=10).collect::<Vec<_>>());
    assert_eq!(peer.run(&["events"]).1.lines().count(), 10);
}

#[test]
fn following_has_no_gap_and_no_repeat() {
    let peer = Peer::start(|connection, request| match (connection, request) {
        (1, Request::Subscribe) => vec![
            // Pushes overtake the pages, some events come twice, some only through a resync.
            Step::Answer(Answer::Subscribed { seq: 5 }),
            Step::Push(Push::Event(event(6, EventKind::VideoAdded))),
            Step::Push(Push::Event(event(7, EventKind::VideoAdded))),
            Step::Push(Push::Resync { seq: 10 }),
            Step::Push(Push::Event(event(11, EventKind::VideoAdded))),
        ],
        (1, Request::Events { since, .. }) if since < 6 => vec![events_after(since, 7)],
        (1, Request::Events { since, .. }) => {
            let mut steps = vec![events_after(since, 10)];
            if since >= 8 {
                steps.push(Step::HangUp);
            }
            steps
        }
        (2, Request::Subscribe) => vec![Step::Answer(Answer::Subscribed { seq: 12 })],
        (2, Request::Events { since, .. }) => {
            vec![events_after(since, 12), Step::HangUpForGood]
        }
        _ => vec![],
    });
    let (result, out, err) = peer.run(&["events", "--follow", "--json"]);
    assert_eq!(result.unwrap_err().kind(), "not_admitted");
    let seqs: Vec<_> = out.lines().map(|line| json(line)["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=12).collect::<Vec<_>>(), "{err}");
}

#[test]
fn deleting_without_a_terminal_needs_a_yes() {
    // The tests' stdin is no terminal, or is one that nobody types into: only the first is tested.
    use std::io::IsTerminal;
    let peer = Peer::start(|_, request| match request {
        Request::DeleteSource { keep_files: true, .. } => vec![answer_video("talk", ConversionState::Ready)],
        _ => vec![Step::Refuse(Refusal::Busy)],
    });
    if !std::io::stdin().is_terminal() {
        assert_eq!(peer.run(&["source", "delete", "talk"]).0.unwrap_err().exit_status(), 2);
    }
    peer.run(&["source", "delete", "talk", "--keep-files", "--yes"]).0.unwrap();
}

#[test]
fn calls_are_answered_line_by_line() {
    let peer = Peer::start(|_, request| match request {
        Request::Show { video } if video == "gone" => {
            vec![Step::Refuse(Refusal::SourceDeleted { title: video })]
        }
        Request::Generate { video, label } if label == Label::default() => {
            vec![answer_video(&video, ConversionState::Queued), Step::Push(Push::Resync { seq: 3 })]
        }
        _ => vec![Step::HangUp],
    });
    let lines = "{\"id\":\"a\",\"request\":{\"generate\":{\"video\":\"talk\"}}}\n\n\
                 {\"id\":2,\"request\":{\"show\":{\"video\":\"gone\"}}}\nnonsense\n";
    let (result, out, _) = peer.call(lines);
    result.unwrap();
    // A push has no id at all, which is something else than one that is null.
    let find = |id: Value| out.lines().map(json).find(|line| line.get("id") == Some(&id)).unwrap();
    assert_eq!(find("a".into())["ok"]["video"]["title"], "talk");
    assert_eq!(find(2.into())["error"]["kind"], "source_deleted");
    assert_eq!(find(Value::Null)["error"]["kind"], "usage");
    assert!(out.lines().map(json).any(|line| line["push"]["resync"]["seq"] == 3));

    // Who waits when the daemon goes away is told.
    let (result, out, _) = peer.call("{\"id\":1,\"request\":\"status\"}\n");
    assert_eq!(result.unwrap_err().exit_status(), 3);
    assert_eq!(json(out.trim())["error"]["kind"], "connection_lost");
}

#[test]
fn many_calls_flow_through_a_bounded_window() {
    let peer = Peer::start(|_, _| vec![answer_video("talk", ConversionState::Ready)]);
    let lines: String = (0..1000)
        .map(|id| format!("{{\"id\":{id},\"request\":{{\"show\":{{\"video\":\"t\"}}}}}}\n"))
        .collect();
    let (result, out, _) = peer.call(&lines);
    result.unwrap();
    let ids: Vec<_> = out.lines().map(|line| json(line)["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, (0..1000).collect::<Vec<_>>());
}
