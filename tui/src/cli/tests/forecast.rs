//! `jobs --fits` and `generate --dry-run`: what is asked, the verdict, and the exit status that goes with it.

use std::sync::{Arc, Mutex};

use vodpost_protocol::conversion::{ForecastJob, ForecastView, JobsView, PausedView, PlanKind};
use vodpost_protocol::ids::VideoId;
use vodpost_protocol::reply::Answer;
use vodpost_protocol::request::{ForecastQuery, Request};
use vodpost_protocol::status::Problem;
use vodpost_protocol::time::Timestamp;

use super::json;
use super::peer::{Peer, Step};

fn job(title: &str, ready_in_s: u64, fits: bool) -> ForecastJob {
    let video = VideoId::from_random(ready_in_s);
    let plan_why = "video encoded".to_owned();
    let plan = PlanKind::Transcode;
    ForecastJob { video, title: title.into(), plan, plan_why, work_s: 600, ready_in_s, fits }
}

fn view() -> ForecastView {
    ForecastView {
        jobs: vec![job("ta\u{1b}lk", 600, true), job("film", 7200, true)],
        left_out: vec![],
        ready_in_s: 7200,
        within_s: 14_400,
        fits: true,
        workers: 1,
        needs_bytes: 3_000_000_000,
        free_bytes: Some(2_000_000_000),
        measured: true,
        delayed: vec![],
    }
}

/// A daemon that always answers this, and what it was asked.
fn peer(view: ForecastView, paused: bool) -> (Peer, Arc<Mutex<Vec<ForecastQuery>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&asked);
    let peer = Peer::start(move |_, request| match request {
        Request::Forecast(query) => {
            heard.lock().unwrap().push(query);
            vec![Step::Answer(Answer::Forecast(Box::new(view.clone())))]
        }
        Request::Jobs => {
            let paused = paused.then(|| PausedView { at: Timestamp::default(), by: "ann".into() });
            vec![Step::Answer(Answer::Jobs(JobsView { jobs: vec![], left_out: 0, workers: 1, paused }))]
        }
        other => panic!("{other:?}"),
    });
    (peer, asked)
}

#[test]
fn what_fits_is_a_success_with_a_table() {
    let (peer, asked) = peer(view(), false);
    let (result, out, err) = peer.run(&["jobs", "--fits", "20", "--within", "2h"]);
    result.unwrap();
    assert_eq!(*asked.lock().unwrap(), [ForecastQuery { videos: vec![], newest: 20, within_s: Some(7200) }]);
    assert!(out.contains("ta␛lk") && out.contains("film") && out.contains("IN TIME"), "{out}");
    assert_eq!(err, "2 conversions would be ready in 2 h, within 4 h.\n");
}

#[test]
fn a_dry_run_asks_for_the_named_videos_and_orders_nothing() {
    let (peer, asked) = peer(view(), true);
    let (result, _, err) = peer.run(&["generate", "talk", "film", "--dry-run"]);
    result.unwrap();
    let videos = vec!["talk".to_owned(), "film".to_owned()];
    assert_eq!(*asked.lock().unwrap(), [ForecastQuery { videos, newest: 0, within_s: None }]);
    assert!(
        err.starts_with("The queue is paused: this counts from the moment at which it is resumed."),
        "{err}"
    );
}

#[test]
fn each_no_has_its_reason_and_the_status_1() {
    let late = ForecastView { jobs: vec![job("talk", 20_000, false)], ready_in_s: 20_000, ..view() };
    let behind = Problem { path: "old".into(), reason: "it would miss its deadline by 1h".into() };
    let delays = ForecastView { delayed: vec![behind], ..view() };
    for (view, message, note) in [
        (late, "1 of them would not be ready within 4 h.", ""),
        (
            delays,
            "but 1 conversion in the queue already would miss the deadline because of that.",
            "old, which is in the queue already: it would miss its deadline by 1h\n",
        ),
        (view(), "they may take 3.0 GB, and 2.0 GB are free and needed by nothing else.", ""),
    ] {
        let (peer, _) = peer(ForecastView { fits: false, ..view }, false);
        let (result, _, err) = peer.run(&["jobs", "--fits"]);
        let failure = result.unwrap_err();
        assert_eq!(failure.exit_status(), 1);
        let sentence = failure.sentence();
        assert!(sentence.message.ends_with(message) && sentence.hint.is_some(), "{sentence:?}");
        assert_eq!(err, note);
        // The document says it, and nothing else is said.
        let (result, out, err) = peer.run(&["jobs", "--fits", "--json"]);
        assert_eq!(result.unwrap_err().exit_status(), 1);
        assert_eq!((json(&out)["fits"].clone(), err.as_str()), (false.into(), ""));
    }
}

#[test]
fn nothing_to_convert_is_a_success() {
    let nothing = ForecastView {
        jobs: vec![],
        left_out: vec![Problem { path: "talk".into(), reason: "its conversion is ready already".into() }],
        ..view()
    };
    let (peer, _) = peer(nothing, false);
    let (result, out, err) = peer.run(&["jobs", "--fits"]);
    result.unwrap();
    assert_eq!(
        (out.as_str(), err.as_str()),
        ("", "talk: its conversion is ready already\nThere is nothing to convert.\n")
    );
}
