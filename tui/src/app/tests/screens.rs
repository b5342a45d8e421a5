//! The screens besides the list, several videos at once, and going somewhere.

use vodpost_protocol::conversion::{JobView, JobsView, ProgressView};
use vodpost_protocol::event::{EventKind, EventView, Push};
use vodpost_protocol::ids::Label;
use vodpost_protocol::posting::PostingState;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::reply::{Answer, EventPage, Located};
use vodpost_protocol::request::{ListQuery, Request};
use vodpost_protocol::video::Switch;

use super::{Bench, asked, at, deleted, id, posting, running, sent, video};
use crate::app::event::{Action, Event, Key, LinkEvent, Ticket};
use crate::app::modal::{Failure, Modal, Step};
use crate::app::notice::{Said, Why};
use crate::app::{Focus, Screen};

pub(crate) fn job(number: u64, title: &str) -> JobView {
    let conversion = running(number, title, 0.5).conversion;
    JobView { video: id(number), title: title.to_owned(), conversion }
}

pub(crate) fn queue(jobs: Vec<JobView>) -> Answer {
    Answer::Jobs(JobsView { jobs, left_out: 0, workers: 1, paused: None })
}

pub(crate) fn happened(seq: u64, what: EventKind, video: Option<u64>) -> EventView {
    EventView {
        seq,
        at: at(seq),
        actor: "anna".into(),
        uid: Some(1000),
        what,
        video: video.map(id),
        title: video.map(|number| format!("talk {number}")),
        label: None,
        token: None,
        detail: None,
    }
}

fn push(event: EventView) -> Event {
    Event::Link(LinkEvent::Push(Push::Event(event)))
}

fn tickets(actions: &[Action]) -> Vec<Ticket> {
    let ticket = |action: &Action| match action {
        Action::Send { ticket, .. } => Some(*ticket),
        Action::Copy { .. }
        | Action::SaveQr { .. }
        | Action::ConnectNow
        | Action::StartDaemon
        | Action::Complete { .. }
        | Action::Stop
        | Action::Redraw
        | Action::Quit(_) => None,
    };
    actions.iter().filter_map(ticket).collect()
}

fn why(bench: &Bench) -> Why {
    match &bench.app.notice.as_ref().unwrap().said {
        Said::Disabled { why, .. } => why.clone(),
        other => panic!("{other:?}"),
    }
}

fn on_jobs(jobs: Vec<JobView>) -> Bench {
    let mut bench = Bench::with(vec![video(1, "talk")]);
    let (ticket, request) = sent(&bench.letter('2'));
    assert_eq!(request, Request::Jobs);
    bench.reply(ticket, Ok(queue(jobs)));
    bench
}

#[test]
fn conversions_are_read_when_shown_and_again_when_something_happens() {
    let mut bench = on_jobs(vec![job(1, "a"), job(2, "b")]);
    let progress = ProgressView { video: id(2), attempt: 1, progress: 0.75, speed: None, eta_s: Some(3) };
    bench.happens(Event::Link(LinkEvent::Push(Push::Progress(progress))));
    assert_eq!(bench.app.jobs.rows()[1].conversion.progress, Some(0.75));
    let requests = asked(&bench.happens(push(happened(1, EventKind::ConversionReady, Some(7)))));
    assert_eq!(requests, [Request::Jobs]);
    bench.press(Key::Esc);
    assert_eq!(bench.app.screen, Screen::Videos);
    assert_eq!(asked(&bench.happens(push(happened(2, EventKind::ConversionReady, Some(7))))), []);
}

#[test]
fn a_job_that_ended_gives_its_place_to_the_next_one() {
    let mut bench = on_jobs(vec![job(1, "a"), job(2, "b"), job(3, "c")]);
    bench.press(Key::Down);
    assert_eq!(bench.app.jobs.selected().unwrap().video, id(2));
    let (ticket, _) = sent(&bench.happens(push(happened(1, EventKind::ConversionReady, Some(7)))));
    bench.reply(ticket, Ok(queue(vec![job(1, "a"), job(3, "c")])));
    assert_eq!(bench.app.jobs.selected().unwrap().video, id(3));
    let (_, request) = sent(&bench.letter('x'));
    assert_eq!(request, Request::Cancel { video: id(3).to_string() });
}

#[test]
fn the_queue_is_paused_and_resumed_with_one_key() {
    let mut bench = on_jobs(vec![job(1, "a")]);
    let (ticket, request) = sent(&bench.letter('P'));
    assert_eq!(request, Request::PauseQueue);
    let paused = vodpost_protocol::conversion::PausedView { at: at(0), by: "anna".into() };
    let view = JobsView { jobs: vec![], left_out: 0, workers: 1, paused: Some(paused) };
    bench.reply(ticket, Ok(Answer::Jobs(view)));
    let (_, request) = sent(&bench.letter('P'));
    assert_eq!(request, Request::ResumeQueue);
}

#[test]
fn an_empty_queue_has_nothing_to_cancel() {
    let mut bench = on_jobs(vec![]);
    assert_eq!(bench.letter('x'), []);
    assert_eq!(why(&bench), Why::NoVideo);
    assert_eq!(bench.press(Key::Enter), []);
    assert_eq!(why(&bench), Why::NoVideo);
}

#[test]
fn events_are_read_from_the_newest_backwards_and_followed() {
    let mut bench = Bench::with(vec![video(1, "talk")]);
    bench.happens(push(happened(400, EventKind::VideoAdded, Some(9))));
    bench.later(1000);
    let (ticket, request) = sent(&bench.letter('3'));
    assert_eq!(request, Request::Events { since: 300, limit: 100 });
    let page = |seqs: std::ops::RangeInclusive<u64>| {
        let events = seqs.map(|seq| happened(seq, EventKind::VideoAdded, Some(seq))).collect();
        Ok(Answer::Events(EventPage { events, newest: 400, oldest: 250 }))
    };
    assert_eq!(bench.reply(ticket, page(301..=400)), []);
    assert_eq!(bench.app.log.selected().unwrap().seq, 400);
    bench.happens(push(happened(401, EventKind::PostingSuspended, None)));
    assert_eq!(bench.app.log.selected().unwrap().seq, 401);
    let (ticket, request) = sent(&bench.press(Key::End));
    assert_eq!(request, Request::Events { since: 200, limit: 100 });
    bench.reply(ticket, page(250..=300));
    assert_eq!(bench.app.log.rows().len(), 152);
    assert_eq!(bench.press(Key::End), []);
    assert_eq!(bench.app.log.selected().unwrap().seq, 250);
    let (_, request) = sent(&bench.press(Key::Enter));
    assert_eq!(request, Request::Locate { target: id(250).to_string() });
}

#[test]
fn an_event_about_no_video_leads_nowhere() {
    let mut bench = Bench::with(vec![]);
    let (ticket, request) = sent(&bench.letter('3'));
    assert_eq!(request, Request::Events { since: 0, limit: 100 });
    let events = vec![happened(1, EventKind::ServiceActivated, None)];
    bench.reply(ticket, Ok(Answer::Events(EventPage { events, newest: 1, oldest: 1 })));
    assert_eq!(bench.press(Key::Enter), []);
    assert_eq!(why(&bench), Why::NoVideo);
}

#[test]
fn another_run_of_the_daemon_may_have_another_past() {
    let mut bench = Bench::with(vec![]);
    let (ticket, _) = sent(&bench.letter('3'));
    let events = vec![happened(1, EventKind::VideoAdded, Some(1))];
    bench.reply(ticket, Ok(Answer::Events(EventPage { events, newest: 1, oldest: 1 })));
    bench.down();
    let mut other = super::hello(vodpost_protocol::hello::Role::Admin);
    other.instance = vodpost_protocol::ids::InstanceId(2);
    let actions = bench.happens(Event::Link(LinkEvent::Up(other)));
    assert!(bench.app.log.rows().is_empty());
    let subscribe = tickets(&actions)[0];
    let actions = bench.reply(subscribe, Ok(Answer::Subscribed { seq: 40 }));
    assert_eq!(asked(&actions), [Request::Events { since: 0, limit: 100 }]);
}

#[test]
fn a_token_a_url_or_a_name_leads_to_its_video() {
    for paste in [true, false] {
        let mut bench = Bench::with(vec![video(1, "talk"), video(2, "walk")]);
        let target = posting(3, "spring", PostingState::Suspended);
        let actions = if paste {
            bench.happens(Event::Paste(format!("  {}\n", target.url)))
        } else {
            bench.letter('o');
            bench.type_text(&target.url);
            bench.press(Key::Enter)
        };
        let (ticket, request) = sent(&actions);
        assert_eq!(request, Request::Locate { target: target.url.clone() });
        let mut found = video(2, "walk");
        found.postings.push(target.clone());
        let located = Located { video: found, tokens: vec![target.token] };
        assert_eq!(bench.reply(ticket, Ok(Answer::Located(Box::new(located)))), []);
        assert!(bench.app.modal.is_none());
        assert_eq!(bench.selected(), Some(id(2)));
        assert_eq!(bench.app.focus, Focus::Postings);
        assert_eq!(bench.app.current_posting().unwrap().1.token, target.token);
    }
}

#[test]
fn what_is_not_loaded_is_found_by_its_title() {
    let mut bench = on_jobs(vec![job(7, "far away")]);
    let (ticket, _) = sent(&bench.press(Key::Enter));
    let located = Located { video: video(7, "far away"), tokens: vec![] };
    let (ticket, request) = sent(&bench.reply(ticket, Ok(Answer::Located(Box::new(located)))));
    let matching = Some("far away".to_owned());
    assert!(matches!(request, Request::List(ListQuery { matching: text, .. }) if text == matching));
    let rows = vec![video(6, "far away, too"), video(7, "far away")];
    let page = vodpost_protocol::reply::Page { videos: rows, next: None, total: 2 };
    bench.reply(ticket, Ok(Answer::Page(page)));
    assert_eq!((bench.app.screen, bench.selected()), (Screen::Videos, Some(id(7))));
}

#[test]
fn a_target_that_leads_nowhere_says_so_where_it_was_typed() {
    let mut bench = Bench::with(vec![video(1, "talk")]);
    bench.letter('o');
    bench.type_text("nobody");
    let (ticket, _) = sent(&bench.press(Key::Enter));
    assert_eq!(bench.press(Key::Enter), [], "it is under way");
    let refusal = Refusal::NoSuchVideo { asked: "nobody".into(), nearest: vec![] };
    bench.reply(ticket, Err(refusal.clone()));
    let Some(Modal::Jump { step, .. }) = &bench.app.modal else { panic!() };
    assert_eq!(*step, Step::Failed(Failure::Refused(refusal)));
    // Text of several lines, or a book, is no URL.
    bench.press(Key::Esc);
    assert_eq!(bench.happens(Event::Paste("a\nb".into())), []);
    assert_eq!(bench.happens(Event::Paste("x".repeat(5000))), []);
    bench.down();
    bench.happens(Event::Paste("talk".into()));
    assert_eq!(bench.app.notice.as_ref().unwrap().said, Said::NotConnected);
}

#[test]
fn marked_videos_are_changed_together_and_told_once() {
    let mut bench = Bench::with((1..=3).map(|number| video(number, &format!("v{number}"))).collect());
    bench.letter(' ');
    bench.letter(' ');
    assert_eq!(bench.app.marks.len(), 2);
    assert_eq!(bench.selected(), Some(id(3)));
    let actions = bench.letter('g');
    let label = Label::default;
    let expected = [1, 2].map(|n| Request::Generate { video: id(n).to_string(), label: label() });
    assert_eq!(asked(&actions), expected);
    assert!(bench.app.marks.is_empty());
    let tickets = tickets(&actions);
    bench.reply_video(tickets[0], video(1, "v1"));
    assert!(bench.app.notice.is_none(), "not over yet");
    bench.reply(tickets[1], Err(Refusal::Busy));
    let Said::Batch(batch) = &bench.app.notice.as_ref().unwrap().said else { panic!() };
    assert_eq!((batch.asked, batch.done, batch.refused), (2, 1, 1));
}

#[test]
fn marked_videos_are_suspended_while_one_is_on() {
    let mut bench = Bench::with(vec![video(1, "a"), video(2, "b")]);
    bench.letter('A');
    assert_eq!(bench.app.marks.len(), 2);
    let switches = |requests: Vec<Request>| -> Vec<Switch> {
        let switch = |request| match request {
            Request::SetSource { switch, .. } | Request::SetPosting { switch, .. } => switch,
            other => panic!("{other:?}"),
        };
        requests.into_iter().map(switch).collect()
    };
    let actions = bench.letter('S');
    assert_eq!(switches(asked(&actions)), [Switch::Off; 2]);
    bench.letter('A');
    assert_eq!(bench.letter('p'), []);
    assert_eq!(why(&bench), Why::Waiting, "one after the other");
    for (number, ticket) in (1..).zip(tickets(&actions)) {
        bench.reply_video(ticket, video(number, "a"));
    }
    assert_eq!(switches(asked(&bench.letter('p'))), [Switch::Off; 2]);
    bench.letter('A');
    bench.letter('A');
    assert!(bench.app.marks.is_empty(), "all were marked, so none are now");
    bench.letter(' ');
    bench.press(Key::Esc);
    assert!(bench.app.marks.is_empty(), "Esc unmarks");
}

#[test]
fn marks_outlive_the_filter_and_the_connection_ends_a_batch_with_a_word() {
    let mut bench = Bench::with(vec![video(1, "a"), deleted(2, "b")]);
    bench.letter('A');
    let actions = bench.letter('p');
    assert_eq!(asked(&actions).len(), 2);
    bench.down();
    assert!(
        matches!(&bench.app.notice.as_ref().unwrap().said, Said::Unanswered(changes) if changes.len() == 2)
    );
}

/// Five hundred at once would find no room on the way.
#[test]
fn many_marked_videos_are_asked_for_a_few_at_a_time() {
    let mut bench = Bench::with((1..=100).map(|number| video(number, "v")).collect());
    bench.letter('A');
    let mut waiting: std::collections::VecDeque<Ticket> = tickets(&bench.letter('g')).into();
    let at_once = waiting.len();
    assert!((2..64).contains(&at_once), "{at_once}");
    assert_eq!(bench.app.marks.len(), 100 - at_once, "what is not asked for yet is still marked");
    bench.press(Key::End);
    bench.letter(' ');
    let mut answers = 0;
    while let Some(ticket) = waiting.pop_front() {
        answers += 1;
        waiting.extend(tickets(&bench.reply_video(ticket, video(1, "v"))));
        assert!(waiting.len() <= at_once);
    }
    let Said::Batch(batch) = &bench.app.notice.as_ref().unwrap().said else { panic!() };
    assert_eq!((batch.done, batch.refused, answers), (99, 0, 99), "one was unmarked meanwhile");
}

#[test]
fn what_was_not_asked_for_stays_marked_when_the_connection_breaks() {
    let mut bench = Bench::with((1..=100).map(|number| video(number, "v")).collect());
    bench.letter('A');
    let asked = asked(&bench.letter('p')).len();
    bench.down();
    assert_eq!(bench.app.marks.len(), 100 - asked);
    let Said::Unanswered(changes) = &bench.app.notice.as_ref().unwrap().said else { panic!() };
    assert_eq!(changes.len(), asked);
}

#[test]
fn why_explains_the_selected_video_and_closes_again() {
    let mut bench = Bench::with(vec![video(1, "talk")]);
    assert_eq!(bench.letter('w'), []);
    assert!(matches!(bench.app.modal, Some(Modal::Explain(video)) if video == id(1)));
    bench.letter('w');
    assert!(bench.app.modal.is_none());
    bench.press(Key::Enter);
    bench.letter('w');
    assert!(matches!(bench.app.modal, Some(Modal::Explain(_))), "from the QR code, too");
}
