//! `jobs --follow` and `jobs --until-done`: what is said as the queue changes, in words and in JSON.

use vodpost_protocol::conversion::{ConversionState, JobView, JobsView, ProgressView};
use vodpost_protocol::event::{EventKind, Push};
use vodpost_protocol::ids::VideoId;
use vodpost_protocol::reply::Answer;
use vodpost_protocol::request::Request;

use super::json;
use super::peer::{Peer, Step, event, video};

fn jobs(count: usize) -> Step {
    let shown = video("ta\u{1b}lk", ConversionState::Running);
    let job = JobView { video: shown.id, title: shown.title, conversion: shown.conversion };
    Step::Answer(Answer::Jobs(JobsView { jobs: vec![job; count], left_out: 0, workers: 1, paused: None }))
}

fn progress(progress: f64) -> Step {
    let video = VideoId::from_random(1);
    Step::Push(Push::Progress(ProgressView { video, attempt: 1, progress, speed: Some(2.0), eta_s: Some(9) }))
}

/// One conversion, which moves on and ends. The daemon goes away once in between if it shall.
fn peer(goes_away: bool) -> Peer {
    let mut listed = 0;
    Peer::start(move |connection, request| match request {
        Request::Subscribe => vec![Step::Answer(Answer::Subscribed { seq: 1 })],
        Request::Jobs => {
            listed += 1;
            match (listed, connection) {
                (1, 1) if goes_away => vec![jobs(1), progress(0.31), Step::HangUp],
                (1, _) | (2, 2) => vec![
                    jobs(1),
                    progress(0.31),
                    progress(0.34),
                    progress(0.52),
                    Step::Push(Push::Event(event(2, EventKind::ConversionReady))),
                ],
                (_, _) => vec![jobs(0)],
            }
        }
        other => panic!("{other:?}"),
    })
}

#[test]
fn off_a_terminal_there_is_a_line_for_each_tenth_and_each_end() {
    let (result, out, err) = peer(false).run(&["jobs", "--until-done"]);
    result.unwrap();
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines.iter().any(|line| line.contains("ta␛lk")), "the list comes first: {out}");
    let told: Vec<&str> = lines.iter().copied().filter(|line| line.contains("left")).collect();
    assert_eq!(told, ["ta␛lk: 31 %, 2.0x, 9 s left", "ta␛lk: 52 %, 2.0x, 9 s left"]);
    assert!(lines.last().unwrap().starts_with("talk: "), "{out}");
    assert_eq!(err, "No conversion runs or waits any more.\n");
}

#[test]
fn in_json_each_line_is_a_list_or_a_step_of_progress() {
    let (result, out, err) = peer(false).run(&["jobs", "--until-done", "--json"]);
    result.unwrap();
    let lines: Vec<_> = out.lines().map(json).collect();
    assert_eq!(lines[0]["jobs"]["jobs"][0]["title"], "ta\u{1b}lk");
    let steps: Vec<_> = lines.iter().filter_map(|line| line["progress"]["progress"].as_f64()).collect();
    assert_eq!(steps, [0.31, 0.34, 0.52]);
    assert_eq!(lines.last().unwrap()["jobs"]["jobs"], serde_json::json!([]));
    assert_eq!(err, "");
}

#[test]
fn a_daemon_that_goes_away_is_waited_for() {
    let (result, _, err) = peer(true).run(&["jobs", "--until-done"]);
    result.unwrap();
    let said = "The daemon went away; waiting for its return.\nThe daemon is back.\nNo conversion runs or waits any more.\n";
    assert_eq!(err, said);
}
