//! What each key asks for, and when it says why not.

use vodpost_protocol::account::{ServiceState, VerificationState};
use vodpost_protocol::hello::Role;
use vodpost_protocol::posting::PostingState;
use vodpost_protocol::reply::Answer;
use vodpost_protocol::request::{Request, Sort};
use vodpost_protocol::video::Switch;

use super::*;
use crate::app::event::{Copied, Ending};
use crate::app::keymap::BINDINGS;
use crate::app::modal::{Failure, Modal, NotSaved, QrForm, Step};
use crate::app::notice::{Change, Said, Why};
use crate::app::{Focus, Screen};

fn why(bench: &Bench) -> Why {
    match bench.app.notice.as_ref().map(|notice| &notice.said) {
        Some(Said::Disabled { why, .. }) => why.clone(),
        other => panic!("no disabled key: {other:?}"),
    }
}

fn said(bench: &Bench) -> Said {
    bench.app.notice.as_ref().unwrap().said.clone()
}

#[test]
fn the_keys_of_the_list_ask_for_what_they_say() {
    let name = id(1).to_string();
    let mut suspended = video(1, "talk");
    suspended.postings = vec![posting(1, "default", PostingState::Suspended)];
    let mut off = video(1, "talk");
    off.source.switch = Switch::Off;
    let mut failed = video(1, "talk");
    failed.conversion.state = ConversionState::Failed;
    let cases = [
        ('g', video(1, "talk"), Request::Generate { video: name.clone(), label: Label::default() }),
        ('p', video(1, "talk"), Request::SetPosting { target: name.clone(), switch: Switch::Off }),
        ('p', suspended, Request::SetPosting { target: name.clone(), switch: Switch::On }),
        ('S', video(1, "talk"), Request::SetSource { video: name.clone(), switch: Switch::Off }),
        ('S', off, Request::SetSource { video: name.clone(), switch: Switch::On }),
        ('r', failed, Request::Retry { video: name.clone() }),
        ('x', running(1, "talk", 0.5), Request::Cancel { video: name }),
        ('R', video(1, "talk"), Request::Scan),
    ];
    for (key, video, request) in cases {
        let mut bench = Bench::with(vec![video]);
        let actions = bench.letter(key);
        assert_eq!(sent(&actions).1, request, "{key}");
    }
}

#[test]
fn a_key_that_cannot_work_says_why_and_sends_nothing() {
    let cases = [
        ('p', new_video(1, "a"), Why::NoPosting),
        ('c', new_video(1, "a"), Why::NoPosting),
        ('r', video(1, "a"), Why::NotFailed),
        ('x', video(1, "a"), Why::NotConverting),
        ('g', deleted(1, "a"), Why::SourceDeleted),
        ('S', deleted(1, "a"), Why::SourceDeleted),
        ('p', deleted(1, "a"), Why::SourceDeleted),
        ('D', deleted(1, "a"), Why::SourceDeleted),
        ('G', deleted(1, "a"), Why::SourceDeleted),
    ];
    for (key, video, reason) in cases {
        let mut bench = Bench::with(vec![video]);
        assert_eq!(bench.letter(key), [], "{key}");
        assert_eq!(why(&bench), reason, "{key}");
        assert!(bench.app.modal.is_none());
    }
    let mut bench = Bench::with(vec![new_video(1, "a")]);
    assert_eq!(bench.press(Key::Enter), []);
    assert_eq!(why(&bench), Why::NoPosting);
    assert_eq!(bench.press(Key::Esc), []);
    assert_eq!(why(&bench), Why::NothingToClose);
}

#[test]
fn without_videos_or_connection_every_key_is_harmless() {
    for binding in BINDINGS {
        for key in binding.keys {
            for screen in [Screen::Videos, Screen::Jobs, Screen::Events, Screen::Account, Screen::Status] {
                for connected in [true, false] {
                    let mut bench = if connected { Bench::with(vec![]) } else { Bench::new() };
                    bench.app.screen = screen;
                    let requests = asked(&bench.press(*key));
                    assert!(connected || requests.is_empty(), "{key:?} in {screen:?}: {requests:?}");
                }
            }
        }
    }
}

#[test]
fn without_a_connection_changes_say_so() {
    let mut bench = Bench::with(vec![video(1, "talk")]);
    bench.down();
    for key in ['g', 'p', 'S', 'r', 'x', 'D', 'G'] {
        assert_eq!(bench.letter(key), [], "{key}");
        assert_eq!(why(&bench), Why::NotConnected, "{key}");
    }
    assert_eq!(bench.letter('R'), [Action::ConnectNow]);
}

#[test]
fn a_viewer_may_look_and_copy_but_not_change() {
    let mut bench = Bench::new();
    let actions = bench.up(Role::Viewer);
    bench.answer(&actions, vec![video(1, "talk")], 1, None);
    for key in ['g', 'G', 'p', 'S', 'r', 'x', 'R'] {
        assert_eq!(bench.letter(key), [], "{key}");
        assert_eq!(why(&bench), Why::Role { role: Role::Viewer, needed: Role::Operator });
    }
    bench.letter('D');
    assert_eq!(why(&bench), Why::Role { role: Role::Viewer, needed: Role::Admin });
    assert!(matches!(bench.letter('c')[..], [Action::Copy { .. }]));
}

#[test]
fn an_operator_does_not_delete_or_decide() {
    let mut bench = Bench::new();
    let actions = bench.up(Role::Operator);
    bench.answer(&actions, vec![video(1, "talk")], 1, None);
    bench.letter('D');
    assert_eq!(why(&bench), Why::Role { role: Role::Operator, needed: Role::Admin });
    assert!(bench.app.modal.is_none());
    bench.letter('a');
    for key in ['y', 'x', 'w'] {
        bench.letter(key);
        assert_eq!(why(&bench), Why::Role { role: Role::Operator, needed: Role::Admin }, "{key}");
    }
}

#[test]
fn moving_selects_by_id_and_stops_at_the_ends() {
    let mut bench = Bench::with((0..50).map(|number| video(number, "v")).collect());
    assert_eq!(bench.selected(), Some(id(0)));
    for (key, expected) in [
        (Key::Up, 0),
        (Key::Down, 1),
        (Key::Char('j'), 2),
        (Key::Char('k'), 1),
        (Key::End, 49),
        (Key::Down, 49),
        (Key::PageDown, 49),
        (Key::Home, 0),
        (Key::PageUp, 0),
    ] {
        bench.press(key);
        assert_eq!(bench.selected(), Some(id(expected)), "{key:?}");
    }
    bench.press(Key::PageDown);
    let page = bench.app.list.selected_place().unwrap();
    assert!((3..20).contains(&page), "{page}");
    bench.press(Key::PageUp);
    assert_eq!(bench.selected(), Some(id(0)));
}

#[test]
fn tab_moves_between_the_videos_and_the_urls() {
    let mut talk = video(1, "talk");
    talk.postings.push(posting(2, "spring", PostingState::Live));
    let spring = talk.postings[1].token;
    let mut bench = Bench::with(vec![talk, video(3, "other")]);
    bench.press(Key::Tab);
    assert_eq!(bench.app.focus, Focus::Postings);
    bench.press(Key::Down);
    bench.press(Key::Down);
    assert_eq!(bench.app.current_posting().unwrap().1.token, spring);
    assert_eq!(bench.selected(), Some(id(1)));
    let (_, request) = sent(&bench.letter('p'));
    assert_eq!(request, Request::SetPosting { target: spring.to_string(), switch: Switch::Off });
    bench.press(Key::Tab);
    bench.press(Key::Down);
    assert_eq!(bench.selected(), Some(id(3)));
    // The choice belonged to the other video.
    assert_eq!(bench.app.current_posting().unwrap().1.label.as_str(), "default");
}

#[test]
fn the_live_url_is_the_first_choice() {
    let mut talk = video(1, "talk");
    talk.postings = vec![posting(1, "old", PostingState::Suspended), posting(2, "new", PostingState::Live)];
    let bench = Bench::with(vec![talk]);
    assert_eq!(bench.app.current_posting().unwrap().1.label.as_str(), "new");
}

#[test]
fn enter_shows_the_qr_code_and_f_its_form() {
    let mut bench = Bench::with(vec![video(1, "talk")]);
    bench.press(Key::Enter);
    let Some(Modal::Qr(qr)) = &bench.app.modal else { panic!() };
    assert_eq!((qr.form, qr.url.as_str()), (QrForm::Largest, video(1, "talk").postings[0].url.as_str()));
    bench.letter('f');
    assert!(matches!(&bench.app.modal, Some(Modal::Qr(qr)) if qr.form == QrForm::Half));
    bench.letter('f');
    assert!(matches!(&bench.app.modal, Some(Modal::Qr(qr)) if qr.form == QrForm::Ascii));
    let token = video(1, "talk").postings[0].token.to_string();
    let (_, request) = sent(&bench.letter('p'));
    assert_eq!(request, Request::SetPosting { target: token, switch: Switch::Off });
    assert!(matches!(bench.letter('c')[..], [Action::Copy { .. }]));
    assert!(matches!(bench.app.modal, Some(Modal::Qr(_))));
    bench.press(Key::Esc);
    assert!(bench.app.modal.is_none());
}

#[test]
fn the_qr_code_is_saved_under_a_name_and_never_over_another_file() {
    let mut bench = Bench::with(vec![video(1, "My talk")]);
    bench.press(Key::Enter);
    bench.letter('s');
    let Some(Modal::SaveQr { input, .. }) = &bench.app.modal else { panic!() };
    assert_eq!(input.text(), "My-talk.png");
    let actions = bench.press(Key::Enter);
    let url = video(1, "My talk").postings[0].url.clone();
    let folder = bench.app.folder().to_owned();
    assert_eq!(actions, [Action::SaveQr { url, name: "My-talk.png".into(), folder }]);
    assert!(matches!(bench.app.modal, Some(Modal::Qr(_))), "the code is back at once");
    let result = Err(NotSaved::Exists);
    bench.happens(Event::SavedQr { name: "My-talk.png".into(), result });
    let Some(Modal::SaveQr { input, step, .. }) = &bench.app.modal else { panic!() };
    assert_eq!(input.text(), "My-talk.png");
    assert_eq!(*step, Step::Failed(Failure::NotSaved(NotSaved::Exists)));
    bench.down();
    bench.letter('x');
    let Some(Modal::SaveQr { step, .. }) = &bench.app.modal else { panic!("no daemon is needed") };
    assert_eq!(*step, Step::Prompting);
    assert!(matches!(bench.press(Key::Enter)[..], [Action::SaveQr { .. }]));
    let result = Ok("/home/ann/My-talk.pngx".into());
    bench.happens(Event::SavedQr { name: "My-talk.pngx".into(), result });
    let said = &bench.app.notice.as_ref().unwrap().said;
    assert_eq!(*said, Said::SavedQr("/home/ann/My-talk.pngx".into()));
    bench.letter('s');
    bench.press(Key::Esc);
    assert!(matches!(bench.app.modal, Some(Modal::Qr(_))));
    bench.press(Key::Esc);
    bench.happens(Event::SavedQr { name: "late.png".into(), result: Err(NotSaved::Exists) });
    assert_eq!(bench.app.notice.as_ref().unwrap().said, Said::NotSavedQr(NotSaved::Exists));
    assert!(bench.app.modal.is_none());
}

#[test]
fn copying_shows_the_url_and_falls_back_to_the_terminal() {
    let mut bench = Bench::with(vec![video(1, "talk")]);
    let url = video(1, "talk").postings[0].url.clone();
    let actions = bench.letter('c');
    assert_eq!(actions, [Action::Copy { text: url.clone(), way: CopyWay::Terminal }]);
    assert!(matches!(&bench.app.modal, Some(Modal::Url { url: shown }) if *shown == url));
    bench.happens(Event::Copied(Copied::Done(CopyWay::Terminal)));
    assert_eq!(said(&bench), Said::Copied(CopyWay::Terminal));
    let actions = bench.happens(Event::Copied(Copied::TmuxFailed { text: url.clone() }));
    assert_eq!(actions, [Action::Copy { text: url, way: CopyWay::Terminal }]);
    bench.happens(Event::Copied(Copied::TooLong));
    assert_eq!(said(&bench), Said::TooLongToCopy);
}

#[test]
fn a_change_is_answered_by_a_notice_and_the_new_state() {
    let mut bench = Bench::with(vec![new_video(1, "talk")]);
    let (ticket, _) = sent(&bench.letter('g'));
    assert_eq!(bench.app.requests.waiting().count(), 1);
    bench.reply_video(ticket, video(1, "talk"));
    assert_eq!(said(&bench), Said::LiveNow { title: "talk".into() });
    assert_eq!(bench.app.list.selected().unwrap().state, VideoState::Live);
    assert_eq!(bench.app.requests.waiting().count(), 0);
    let (ticket, _) = sent(&bench.letter('g'));
    bench.reply_video(ticket, running(1, "talk", 0.0));
    assert_eq!(said(&bench), Said::Done(Change::Generate { title: "talk".into() }));
}

#[test]
fn a_refusal_stays_until_the_next_key_and_good_news_leave_by_themselves() {
    let mut bench = Bench::with(vec![new_video(1, "talk")]);
    let (ticket, _) = sent(&bench.letter('g'));
    bench.reply(ticket, Err(Refusal::NotActivated));
    let change = Change::Generate { title: "talk".into() };
    assert_eq!(said(&bench), Said::Refused { change, refusal: Refusal::NotActivated });
    assert_eq!(bench.app.next_wake(), None);
    bench.later(1_000_000);
    assert!(bench.app.notice.is_some());
    bench.press(Key::Up);
    assert!(bench.app.notice.is_none());

    let (ticket, _) = sent(&bench.letter('g'));
    bench.reply_video(ticket, video(1, "talk"));
    let wake = bench.app.next_wake().unwrap();
    assert_eq!(wake, at(bench.clock + 5_000));
    bench.later(5_000);
    assert!(bench.app.notice.is_none());
    assert_eq!(bench.app.next_wake(), None);
}

#[test]
fn sorting_goes_round() {
    let mut bench = Bench::with(vec![video(1, "talk")]);
    for expected in [Sort::Added, Sort::Bitrate, Sort::State, Sort::Name] {
        let (ticket, request) = sent(&bench.letter('s'));
        assert!(matches!(request, Request::List(query) if query.sort == expected));
        let page = Page { videos: vec![video(1, "talk")], next: None, total: 1 };
        bench.reply(ticket, Ok(Answer::Page(page)));
    }
}

#[test]
fn screens_open_and_close() {
    let mut bench = Bench::with(vec![]);
    let actions = bench.letter('a');
    assert_eq!((bench.app.screen, asked(&actions)), (Screen::Account, vec![Request::AccountShow]));
    let actions = bench.letter('i');
    assert_eq!((bench.app.screen, asked(&actions)), (Screen::Status, vec![Request::Status]));
    bench.letter('i');
    assert_eq!(bench.app.screen, Screen::Videos);
    bench.letter('a');
    bench.press(Key::Esc);
    assert_eq!(bench.app.screen, Screen::Videos);
}

#[test]
fn account_keys_depend_on_its_state() {
    let mut bench = Bench::with(vec![]);
    bench.letter('a');
    bench.app.account = Some(account(VerificationState::None, ServiceState::Inactive));
    for (key, reason) in
        [('y', Why::NothingToDecide), ('x', Why::NothingToDecide), ('w', Why::NothingToRevoke)]
    {
        bench.letter(key);
        assert_eq!(why(&bench), reason, "{key}");
    }
    bench.app.account = Some(account(VerificationState::Approved, ServiceState::Active));
    bench.letter('s');
    assert_eq!(why(&bench), Why::AlreadyActive);
    bench.app.account = None;
    bench.letter('n');
    assert_eq!(why(&bench), Why::AccountNotLoaded);
}

#[test]
fn quitting_works_from_everywhere() {
    for keys in ["", "?", "D", "c", "/", "a", "i", "G"] {
        let mut bench = Bench::with(vec![video(1, "talk")]);
        for key in keys.chars() {
            bench.letter(key);
        }
        assert_eq!(bench.press(Key::Ctrl('c')), [Action::Quit(Ending::Asked)], "{keys}");
        assert_eq!(bench.press(Key::Ctrl('z')), [Action::Stop], "{keys}");
    }
    let mut bench = Bench::with(vec![]);
    assert_eq!(bench.letter('q'), [Action::Quit(Ending::Asked)]);
    bench.letter('?');
    assert_eq!(bench.letter('q'), [], "q closes the help");
}

#[test]
fn in_a_window_too_small_to_see_only_leaving_works() {
    let mut bench = Bench::with(vec![video(1, "talk")]);
    bench.resize(39, 12);
    for key in ['g', 'p', 'S', 'D', 'R'] {
        assert_eq!(bench.letter(key), [], "{key}");
    }
    assert!(bench.app.modal.is_none());
    assert_eq!(bench.letter('q'), [Action::Quit(Ending::Asked)]);
    bench.resize(40, 12);
    assert_eq!(asked(&bench.letter('g')).len(), 1);
}

#[test]
fn stopping_and_continuing() {
    let mut bench = Bench::with(vec![]);
    assert_eq!(bench.happens(Event::StopRequested), [Action::Stop]);
    assert_eq!(bench.happens(Event::Continued), [Action::Redraw]);
    assert_eq!(bench.happens(Event::ThreadFailed("link")), [Action::Quit(Ending::ThreadFailed("link"))]);
}
