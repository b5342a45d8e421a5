//! Pages, the filter, and the selection while rows come and go.

use vodpost_protocol::request::{ListQuery, Request};

use super::*;
use crate::app::modal::Modal;

fn videos(range: std::ops::Range<u64>) -> Vec<VideoView> {
    range.map(|number| video(number, &format!("v{number}"))).collect()
}

fn page(videos: Vec<VideoView>, next: Option<&str>, total: u64) -> Result<Answer, Refusal> {
    Ok(Answer::Page(Page { videos, next: next.map(str::to_owned), total }))
}

fn query(request: Request) -> ListQuery {
    match request {
        Request::List(query) => query,
        other => panic!("{other:?}"),
    }
}

/// 100 of 250 videos are loaded.
fn bench_of_three_pages() -> Bench {
    let mut bench = Bench::new();
    let actions = bench.up(vodpost_protocol::hello::Role::Admin);
    bench.answer(&actions, videos(0..100), 250, Some("p2"));
    bench
}

#[test]
fn the_next_page_is_asked_for_when_the_selection_comes_near_the_end() {
    let mut bench = bench_of_three_pages();
    assert_eq!(bench.press(Key::Down), []);
    let (ticket, request) = sent(&bench.press(Key::End));
    assert_eq!(query(request).after.as_deref(), Some("p2"));
    assert_eq!(bench.press(Key::Up), [], "one request at a time");
    bench.reply(ticket, page(videos(100..200), Some("p3"), 250));
    assert_eq!(bench.app.list.rows().len(), 200);
    assert_eq!(bench.selected(), Some(id(98)));
    let (ticket, request) = sent(&bench.press(Key::End));
    assert_eq!(query(request).after.as_deref(), Some("p3"));
    bench.reply(ticket, page(videos(200..250), None, 250));
    assert_eq!(bench.press(Key::End), [], "there is no further page");
    assert_eq!(bench.selected(), Some(id(249)));
}

#[test]
fn a_video_that_moved_between_pages_is_shown_once() {
    let mut bench = bench_of_three_pages();
    let (ticket, _) = sent(&bench.press(Key::End));
    let mut again = videos(99..150);
    again[0].title = "renamed".into();
    bench.reply(ticket, page(again, None, 150));
    assert_eq!(bench.app.list.rows().len(), 150);
    assert_eq!(bench.app.list.get(id(99)).unwrap().title, "renamed");
}

#[test]
fn a_reload_keeps_the_selection_by_id_and_fetches_enough_rows() {
    let mut bench = bench_of_three_pages();
    let (ticket, _) = sent(&bench.press(Key::End));
    bench.reply(ticket, page(videos(100..200), Some("p3"), 250));
    bench.press(Key::End);
    let place = bench.app.list.selected_place().unwrap();
    assert_eq!(place, 199);
    bench.app.list.give_up(None);
    let (ticket, request) = sent(&bench.letter('s'));
    assert!(query(request).limit >= 200);
    // The daemon may give less than asked for: the rows are replaced only when there are enough.
    let (ticket, request) = sent(&bench.reply(ticket, page(videos(50..150), Some("q2"), 250)));
    assert_eq!(query(request).after.as_deref(), Some("q2"));
    assert_eq!(bench.app.list.rows().len(), 200);
    bench.reply(ticket, page(videos(150..250), None, 250));
    assert_eq!(bench.app.list.rows()[0].id, id(50));
    assert_eq!(bench.selected(), Some(id(199)));
}

#[test]
fn when_the_selected_video_is_gone_its_place_is_selected() {
    let mut bench = Bench::with(videos(0..10));
    bench.press(Key::Down);
    bench.press(Key::Down);
    let (ticket, _) = sent(&bench.letter('s'));
    let mut left = videos(0..10);
    left.remove(2);
    bench.reply(ticket, page(left, None, 9));
    assert_eq!(bench.selected(), Some(id(3)));
    let (ticket, _) = sent(&bench.letter('s'));
    bench.reply(ticket, page(vec![], None, 0));
    assert_eq!(bench.selected(), None);
}

#[test]
fn typing_a_filter_sends_one_request_at_a_time() {
    let mut bench = Bench::with(videos(0..3));
    bench.letter('/');
    let (ticket, request) = sent(&bench.letter('t'));
    assert_eq!(query(request).matching.as_deref(), Some("t"));
    assert_eq!(bench.letter('a'), []);
    assert_eq!(bench.letter('l'), []);
    let (ticket, request) = sent(&bench.reply(ticket, page(videos(0..3), None, 3)));
    assert_eq!(query(request).matching.as_deref(), Some("tal"));
    bench.reply(ticket, page(videos(1..2), None, 1));
    assert_eq!(bench.app.list.rows().len(), 1);
    bench.press(Key::Enter);
    assert!(bench.app.modal.is_none());
    assert_eq!(bench.app.list.filter().text, "tal");
    // Esc on the list clears it.
    let (_, request) = sent(&bench.press(Key::Esc));
    assert_eq!(query(request).matching, None);
}

#[test]
fn esc_while_typing_brings_back_the_filter_of_before() {
    let mut bench = Bench::with(videos(0..3));
    bench.letter('/');
    let (ticket, _) = sent(&bench.letter('t'));
    bench.reply(ticket, page(vec![], None, 0));
    let (_, request) = sent(&bench.press(Key::Esc));
    assert_eq!(query(request).matching, None);
    assert_eq!(bench.app.list.filter().text, "");
}

#[test]
fn one_can_move_while_typing_a_filter_and_paste_into_it() {
    let mut bench = Bench::with(videos(0..3));
    bench.letter('/');
    bench.press(Key::Down);
    assert_eq!(bench.selected(), Some(id(1)));
    assert!(matches!(bench.app.modal, Some(Modal::Filter { .. })));
    let (_, request) = sent(&bench.happens(Event::Paste("v1\n".into())));
    assert_eq!(query(request).matching.as_deref(), Some("v1"));
}

#[test]
fn a_page_of_an_earlier_filter_is_not_shown() {
    let mut bench = Bench::with(videos(0..3));
    let (ticket, _) = sent(&bench.letter('s'));
    bench.letter('/');
    assert_eq!(bench.letter('x'), []);
    bench.reply(ticket, page(videos(5..9), None, 4));
    assert_eq!(bench.app.list.rows().len(), 3);
}

#[test]
fn a_cursor_of_another_time_starts_over() {
    let mut bench = bench_of_three_pages();
    let (ticket, _) = sent(&bench.press(Key::End));
    let (_, request) = sent(&bench.reply(ticket, Err(Refusal::InvalidCursor)));
    assert_eq!(query(request).after, None);
}

#[test]
fn a_refused_page_leaves_the_rows_and_can_be_asked_again() {
    let mut bench = bench_of_three_pages();
    let (ticket, _) = sent(&bench.press(Key::End));
    bench.reply(ticket, Err(Refusal::Busy));
    assert_eq!(bench.app.list.rows().len(), 100);
    assert!(bench.app.notice.is_some());
    assert_eq!(asked(&bench.press(Key::Up)).len(), 1);
}

#[test]
fn a_late_page_of_a_lost_connection_is_ignored() {
    let mut bench = bench_of_three_pages();
    let (ticket, _) = sent(&bench.press(Key::End));
    bench.down();
    bench.reply(ticket, page(videos(100..200), None, 200));
    assert_eq!(bench.app.list.rows().len(), 100);
    bench.press(Key::Home);
    let actions = bench.up(vodpost_protocol::hello::Role::Admin);
    bench.answer(&actions, videos(0..100), 250, Some("p2"));
    assert_eq!(bench.app.list.rows().len(), 100);
    assert_eq!(bench.selected(), Some(id(0)));
}
