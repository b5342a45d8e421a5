//! The connection coming and going, late and strange replies, and pushes.

use vodpost_protocol::conversion::JobsView;
use vodpost_protocol::conversion::ProgressView;
use vodpost_protocol::event::{EventKind, Push};
use vodpost_protocol::hello::Role;
use vodpost_protocol::ids::InstanceId;
use vodpost_protocol::request::{ListQuery, Request};
use vodpost_protocol::status::Status;

use super::*;
use crate::app::LinkState;
use crate::app::modal::{Failure, Modal, Step};
use crate::app::notice::{Change, Said};

fn first_page() -> Request {
    Request::List(ListQuery { limit: 100, ..ListQuery::default() })
}

fn show(number: u64) -> Request {
    Request::Show { video: id(number).to_string() }
}

#[test]
fn a_connection_subscribes_before_it_reads() {
    let mut bench = Bench::new();
    let actions = bench.up(Role::Admin);
    assert_eq!(asked(&actions), [Request::Subscribe, first_page(), Request::AccountShow, Request::Status]);
}

#[test]
fn a_lost_connection_keeps_the_data_and_its_first_moment() {
    let mut bench = Bench::with(vec![video(1, "talk")]);
    bench.clock = 1_000;
    assert_eq!(bench.down(), []);
    bench.clock = 9_000;
    bench.happens(Event::Link(LinkEvent::Connecting { attempt: 2 }));
    bench.down();
    let LinkState::Lost { since, retry_at, .. } = bench.app.link else { panic!() };
    assert_eq!((since, retry_at), (at(1_000), at(9_200)));
    assert_eq!(bench.selected(), Some(id(1)));
    assert_eq!(bench.app.next_wake(), None, "nothing to wake up for");
}

#[test]
fn a_connection_that_returns_reads_everything_anew() {
    let mut bench = Bench::with(vec![video(1, "one"), video(2, "two")]);
    bench.press(Key::Down);
    bench.down();
    let actions = bench.up(Role::Admin);
    assert_eq!(asked(&actions).len(), 4);
    assert!(bench.app.notice.is_none(), "the same daemon");
    bench.answer(&actions, vec![video(3, "three"), video(2, "two")], 2, None);
    assert_eq!(bench.selected(), Some(id(2)));
    bench.down();
    let other = DaemonHello { instance: InstanceId(2), ..hello(Role::Admin) };
    bench.happens(Event::Link(LinkEvent::Up(other)));
    assert_eq!(bench.app.notice.as_ref().unwrap().said, Said::DaemonRestarted);
}

/// The notice after the connection was lost and returned, to a daemon with this status.
fn said_after_return(status: Status, doubt: bool) -> Vec<Said> {
    let mut bench = Bench::with(vec![new_video(1, "talk")]);
    if doubt {
        bench.letter('g');
    }
    bench.down();
    let other = DaemonHello { instance: InstanceId(2), ..hello(Role::Admin) };
    let actions = bench.happens(Event::Link(LinkEvent::Up(other)));
    for action in actions {
        let Action::Send { ticket, request } = action else { continue };
        if *request == Request::Status {
            bench.reply(ticket, Ok(Answer::Status(Box::new(status.clone()))));
        }
    }
    let mut all = Vec::new();
    while let Some(notice) = &bench.app.notice {
        all.push(notice.said.clone());
        bench.press(Key::Left);
    }
    all
}

#[test]
fn another_run_another_state_and_a_restored_one_are_told_apart() {
    let restored_at = Some(at(7));
    let restored = Status { restored_at, ..status() };
    let other = Status { state_id: "1111111111111111".into(), ..restored.clone() };
    let doubt = Said::Unanswered(vec![Change::Generate { title: "talk".into() }]);
    assert_eq!(said_after_return(status(), false), [Said::DaemonRestarted]);
    assert_eq!(said_after_return(restored.clone(), false), [Said::StateRestored(at(7))]);
    assert_eq!(said_after_return(other.clone(), false), [Said::OtherState]);
    // What is in doubt is said first, and the rest when that was read.
    assert_eq!(said_after_return(status(), true), std::slice::from_ref(&doubt));
    assert_eq!(said_after_return(restored, true), [doubt.clone(), Said::StateRestored(at(7))]);
    assert_eq!(said_after_return(other, true), [doubt, Said::OtherState]);
}

#[test]
fn a_change_without_an_answer_is_in_doubt_and_never_repeated() {
    let mut bench = Bench::with(vec![new_video(1, "talk")]);
    let (ticket, _) = sent(&bench.letter('g'));
    bench.down();
    let change = Change::Generate { title: "talk".into() };
    assert_eq!(bench.app.notice.as_ref().unwrap().said, Said::Unanswered(vec![change]));
    let actions = bench.up(Role::Admin);
    assert!(asked(&actions).iter().all(Request::is_read));
    assert!(bench.app.notice.is_some(), "the doubt outlives the return");
    // The number is never used again, so a reply under it means nothing.
    bench.reply(ticket, Err(Refusal::Busy));
    assert!(matches!(bench.app.notice.as_ref().unwrap().said, Said::Unanswered(_)));
}

#[test]
fn a_modal_that_waited_tells_the_doubt_itself() {
    let mut bench = Bench::with(vec![video(1, "talk")]);
    bench.letter('D');
    bench.type_text("talk");
    bench.press(Key::Enter);
    bench.down();
    let Some(Modal::Delete(delete)) = &bench.app.modal else { panic!() };
    assert_eq!(delete.step, Step::Failed(Failure::Unanswered));
}

#[test]
fn what_was_not_sent_is_said() {
    let mut bench = Bench::with(vec![new_video(1, "talk")]);
    let (ticket, _) = sent(&bench.letter('g'));
    bench.happens(Event::Link(LinkEvent::NotSent(ticket)));
    let change = Change::Generate { title: "talk".into() };
    assert_eq!(bench.app.notice.as_ref().unwrap().said, Said::NotSent(change));
    assert_eq!(bench.app.requests.waiting().count(), 0);
}

#[test]
fn incompatible_is_a_state_of_its_own() {
    let mut bench = Bench::new();
    bench.happens(Event::Link(LinkEvent::Incompatible(Sentence::new("other protocol"))));
    assert!(matches!(bench.app.link, LinkState::Incompatible { .. }));
    assert_eq!(bench.letter('R'), [Action::ConnectNow]);
    bench.happens(Event::Link(LinkEvent::Connecting { attempt: 1 }));
    assert!(matches!(bench.app.link, LinkState::Connecting { .. }));
    bench.happens(Event::Link(LinkEvent::Starting));
    assert!(matches!(bench.app.link, LinkState::Starting));
}

#[test]
fn an_event_of_a_video_reads_it_once_at_a_time() {
    let mut bench = Bench::with(vec![video(1, "talk")]);
    let (ticket, request) = sent(&bench.happens(event(EventKind::SourceSuspended, Some(id(1)))));
    assert_eq!(request, show(1));
    for _ in 0..5 {
        assert_eq!(bench.happens(event(EventKind::SourceResumed, Some(id(1)))), []);
    }
    let mut changed = video(1, "talk");
    changed.state = VideoState::Suspended;
    let (ticket, request) = sent(&bench.reply_video(ticket, changed));
    assert_eq!(request, show(1), "it changed meanwhile");
    assert_eq!(bench.app.list.selected().unwrap().state, VideoState::Suspended);
    assert_eq!(bench.reply_video(ticket, video(1, "talk")), []);
    assert_eq!(bench.app.list.selected().unwrap().state, VideoState::Live);
}

#[test]
fn a_burst_of_changes_is_one_page() {
    let mut bench = Bench::with((0..100).map(|number| video(number, "v")).collect());
    let mut requests = 0;
    for number in 0..100 {
        requests += asked(&bench.happens(event(EventKind::RenditionsChanged, Some(id(number))))).len();
    }
    assert!(requests <= 16, "{requests}");
    assert_eq!(asked(&bench.later(300)).len(), 1);
}

#[test]
fn new_videos_are_gathered_into_one_reload() {
    let mut bench = Bench::with(vec![video(1, "talk")]);
    for number in 2..50 {
        assert_eq!(bench.happens(event(EventKind::VideoAdded, Some(id(number)))), []);
    }
    assert_eq!(bench.app.next_wake(), Some(at(300)));
    assert_eq!(asked(&bench.later(300)), [first_page()]);
    assert_eq!(bench.app.next_wake(), None);
}

#[test]
fn a_video_on_no_loaded_page_is_not_read() {
    let mut bench = Bench::with(vec![video(1, "talk")]);
    assert_eq!(bench.happens(event(EventKind::SourceSuspended, Some(id(9)))), []);
    assert_eq!(bench.app.next_wake(), None);
}

/// No ghost of it stays in the list, though it has no row of its own to be read.
#[test]
fn a_video_that_was_forgotten_reloads_the_list() {
    let mut bench = Bench::with(vec![video(1, "talk")]);
    assert_eq!(bench.happens(event(EventKind::VideoForgotten, Some(id(1)))), []);
    assert_eq!(asked(&bench.later(300)), [first_page()]);
}

#[test]
fn a_video_that_is_gone_reloads_the_list() {
    let mut bench = Bench::with(vec![video(1, "talk")]);
    let (ticket, _) = sent(&bench.happens(event(EventKind::SourceDeleted, Some(id(1)))));
    bench.reply(ticket, Err(Refusal::NoSuchVideo { asked: "x".into(), nearest: vec![] }));
    assert_eq!(asked(&bench.later(300)), [first_page()]);
}

#[test]
fn account_events_read_the_account() {
    let mut bench = Bench::with(vec![]);
    assert_eq!(asked(&bench.happens(event(EventKind::AccountApproved, None))), [Request::AccountShow]);
}

#[test]
fn the_status_screen_follows() {
    let mut bench = Bench::with(vec![]);
    let (ticket, _) = sent(&bench.letter('i'));
    bench.reply(ticket, Ok(Answer::Status(Box::new(status()))));
    assert_eq!(asked(&bench.happens(event(EventKind::PostingCreated, None))), [Request::Status]);
}

#[test]
fn progress_counts_for_the_running_attempt_only() {
    let mut bench = Bench::with(vec![running(1, "talk", 0.1), video(2, "done")]);
    let progress = |video, attempt, progress| {
        let (speed, eta_s) = (Some(2.0), Some(10));
        Event::Link(LinkEvent::Push(Push::Progress(ProgressView { video, attempt, progress, speed, eta_s })))
    };
    bench.happens(progress(id(1), 1, 0.5));
    assert_eq!(bench.app.list.rows()[0].conversion.progress, Some(0.5));
    bench.happens(progress(id(1), 2, 0.9));
    assert_eq!(bench.app.list.rows()[0].conversion.progress, Some(0.5));
    bench.happens(progress(id(2), 1, 0.9));
    assert_eq!(bench.app.list.rows()[1].conversion.progress, None);
    bench.happens(progress(id(7), 1, 0.9));
}

#[test]
fn a_resync_reads_everything() {
    let mut bench = Bench::with(vec![video(1, "talk")]);
    let actions = bench.happens(Event::Link(LinkEvent::Push(Push::Resync { seq: 9 })));
    assert_eq!(asked(&actions), [first_page(), Request::AccountShow, Request::Status]);
    // Two in a row do not pile up.
    assert_eq!(bench.happens(Event::Link(LinkEvent::Push(Push::Resync { seq: 10 }))), []);
}

#[test]
fn an_answer_that_does_not_fit_is_said_and_nothing_breaks() {
    let mut bench = Bench::new();
    let actions = bench.up(Role::Admin);
    for action in &actions {
        let Action::Send { ticket, .. } = action else { panic!() };
        bench.reply(
            *ticket,
            Ok(Answer::Jobs(JobsView { jobs: vec![], left_out: 0, workers: 1, paused: None })),
        );
    }
    assert_eq!(bench.app.notice.as_ref().unwrap().said, Said::UnexpectedAnswer);
    assert!(!bench.app.list.is_loading());
    bench.reply(
        Ticket(99_999),
        Ok(Answer::Jobs(JobsView { jobs: vec![], left_out: 0, workers: 1, paused: None })),
    );
}

#[test]
fn a_reply_to_a_change_without_a_row_reloads() {
    let mut bench = Bench::with(vec![new_video(1, "talk")]);
    let (ticket, _) = sent(&bench.letter('g'));
    bench.reply_video(ticket, video(42, "talk"));
    assert_eq!(asked(&bench.later(300)), [first_page()]);
}
