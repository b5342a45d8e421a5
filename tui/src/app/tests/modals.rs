//! The layers: what they ask for, how they wait and fail.

use vodpost_protocol::account::{AccountKind, DocumentKind, ServiceState, Submission, VerificationState};
use vodpost_protocol::posting::PostingState;
use vodpost_protocol::refusal::IdentityProblem;
use vodpost_protocol::request::Request;

use super::*;
use crate::app::modal::{Failure, Field, Modal, Step};
use crate::app::mouse::Drawn;
use crate::app::notice::{Change, Said};

fn step(bench: &Bench) -> Step {
    bench.app.modal.as_ref().unwrap().step().unwrap().clone()
}

#[test]
fn deleting_needs_the_title() {
    let mut talk = video(1, "talk");
    talk.postings.push(posting(2, "spring", PostingState::Suspended));
    let mut bench = Bench::with(vec![talk]);
    assert_eq!(bench.letter('D'), []);
    let Some(Modal::Delete(delete)) = &bench.app.modal else { panic!() };
    assert_eq!(delete.urls.len(), 2);
    assert_eq!(bench.press(Key::Enter), []);
    assert_eq!(step(&bench), Step::Failed(Failure::TitleDiffers));
    bench.type_text("tal");
    assert_eq!(step(&bench), Step::Prompting);
    assert_eq!(bench.press(Key::Enter), []);
    bench.letter('k');
    let (ticket, request) = sent(&bench.press(Key::Enter));
    assert_eq!(request, Request::DeleteSource { video: id(1).to_string(), keep_files: false });
    assert_eq!(step(&bench), Step::Waiting(ticket));
    assert_eq!(bench.press(Key::Enter), [], "not twice");
    bench.type_text("more");
    assert_eq!(step(&bench), Step::Waiting(ticket));
    bench.reply_video(ticket, deleted(1, "talk"));
    assert!(bench.app.modal.is_none());
    assert_eq!(
        bench.app.notice.as_ref().unwrap().said,
        Said::Done(Change::DeleteSource { title: "talk".into() })
    );
}

#[test]
fn a_refused_deletion_stays_open_and_can_keep_the_files() {
    let mut bench = Bench::with(vec![video(1, "talk")]);
    bench.letter('D');
    bench.type_text("talk");
    let (ticket, _) = sent(&bench.press(Key::Enter));
    let refusal = Refusal::ReadOnlyRoot { root: "/srv".into() };
    bench.reply(ticket, Err(refusal.clone()));
    assert_eq!(step(&bench), Step::Failed(Failure::Refused(refusal)));
    assert!(bench.app.notice.is_none());
    bench.press(Key::Tab);
    let (_, request) = sent(&bench.press(Key::Enter));
    assert_eq!(request, Request::DeleteSource { video: id(1).to_string(), keep_files: true });
}

#[test]
fn a_title_that_cannot_be_typed_is_typed_as_it_is_shown() {
    let mut bench = Bench::with(vec![video(1, " a\u{202e}b")]);
    bench.letter('D');
    bench.type_text("a\u{fffd}b");
    assert_eq!(asked(&bench.press(Key::Enter)).len(), 1);
}

#[test]
fn a_modal_that_was_closed_while_waiting_ends_as_a_notice() {
    let mut bench = Bench::with(vec![video(1, "talk")]);
    bench.letter('D');
    bench.type_text("talk");
    let (ticket, _) = sent(&bench.press(Key::Enter));
    bench.press(Key::Esc);
    assert!(bench.app.modal.is_none());
    bench.letter('?');
    bench.reply(ticket, Err(Refusal::Busy));
    assert!(matches!(bench.app.modal, Some(Modal::Help)));
    assert!(matches!(bench.app.notice.as_ref().unwrap().said, Said::Refused { .. }));
}

#[test]
fn the_row_may_vanish_under_a_modal() {
    let mut bench = Bench::with(vec![video(1, "talk")]);
    bench.press(Key::Enter);
    let ticket = {
        bench.happens(event(vodpost_protocol::event::EventKind::VideoAdded, None));
        sent(&bench.later(300)).0
    };
    bench.reply(ticket, Ok(Answer::Page(Page { videos: vec![], next: None, total: 0 })));
    assert_eq!(bench.letter('p'), []);
    assert!(matches!(bench.letter('c')[..], [Action::Copy { .. }]));
}

#[test]
fn another_url_needs_a_label() {
    let mut bench = Bench::with(vec![video(1, "talk")]);
    bench.letter('G');
    bench.type_text("Not a label");
    assert_eq!(bench.press(Key::Enter), []);
    assert_eq!(step(&bench), Step::Failed(Failure::InvalidLabel));
    bench.press(Key::Ctrl('u'));
    bench.type_text("spring-2026");
    let (ticket, request) = sent(&bench.press(Key::Enter));
    let label = "spring-2026".parse().unwrap();
    assert_eq!(request, Request::Generate { video: id(1).to_string(), label });
    bench.reply_video(ticket, video(1, "talk"));
    assert!(bench.app.modal.is_none());
}

fn on_account(state: VerificationState, service: ServiceState) -> Bench {
    let mut bench = Bench::with(vec![]);
    let (ticket, _) = sent(&bench.letter('a'));
    let account = account(state, service);
    bench.reply(ticket, Ok(Answer::Account(Box::new(account))));
    bench
}

#[test]
fn approving_and_activating_are_confirmed() {
    for (key, state, request) in [
        ('y', VerificationState::Submitted, Request::AccountApprove),
        ('s', VerificationState::Approved, Request::ServiceActivate),
    ] {
        let mut bench = on_account(state, ServiceState::Inactive);
        assert_eq!(bench.letter(key), []);
        bench.letter('n');
        assert!(bench.app.modal.is_none(), "n means no");
        bench.letter(key);
        let (ticket, asked) = sent(&bench.letter('y'));
        assert_eq!(asked, request);
        let answer = account(VerificationState::Approved, ServiceState::Active);
        bench.reply(ticket, Ok(Answer::Account(Box::new(answer))));
        assert!(bench.app.modal.is_none());
        assert_eq!(bench.app.account.as_ref().unwrap().service, ServiceState::Active);
    }
}

#[test]
fn rejecting_needs_a_reason() {
    let mut bench = on_account(VerificationState::Submitted, ServiceState::Inactive);
    bench.letter('x');
    bench.letter(' ');
    assert_eq!(bench.press(Key::Enter), []);
    assert_eq!(step(&bench), Step::Failed(Failure::ReasonMissing));
    bench.type_text("blurred");
    let (_, request) = sent(&bench.press(Key::Enter));
    assert_eq!(request, Request::AccountReject { reason: "blurred".into() });
}

#[test]
fn an_enterprise_fills_in_the_form() {
    let mut bench = on_account(VerificationState::None, ServiceState::Inactive);
    bench.letter('e');
    bench.type_text("Acme q");
    bench.press(Key::Enter);
    bench.letter(' ');
    bench.press(Key::Tab);
    bench.type_text("91350211M000100Y43");
    bench.press(Key::Tab);
    bench.type_text("anna@example.org");
    let (ticket, request) = sent(&bench.press(Key::Enter));
    assert_eq!(
        request,
        Request::AccountSubmit(Submission {
            kind: AccountKind::Enterprise,
            name: "Acme q".into(),
            document: DocumentKind::Other,
            number: "91350211M000100Y43".into(),
            contact: Some("anna@example.org".into()),
        })
    );
    let refusal = Refusal::InvalidIdentity(IdentityProblem::UsccCheck);
    bench.reply(ticket, Err(refusal.clone()));
    assert_eq!(step(&bench), Step::Failed(Failure::Refused(refusal)));
    bench.press(Key::BackTab);
    bench.press(Key::Backspace);
    assert_eq!(step(&bench), Step::Prompting);
}

#[test]
fn an_individual_has_no_contact_and_the_fields_go_round() {
    let mut bench = on_account(VerificationState::Rejected, ServiceState::Inactive);
    bench.letter('n');
    let field = |bench: &Bench| match &bench.app.modal {
        Some(Modal::Submit(form)) => form.field,
        other => panic!("{other:?}"),
    };
    for expected in [Field::Document, Field::Number, Field::Name] {
        bench.press(Key::Tab);
        assert_eq!(field(&bench), expected);
    }
    bench.press(Key::BackTab);
    assert_eq!(field(&bench), Field::Number);
    let (_, request) = sent(&bench.press(Key::Enter));
    assert!(matches!(request, Request::AccountSubmit(Submission { contact: None, .. })));
}

#[test]
fn without_a_connection_a_form_says_so_and_keeps_what_was_typed() {
    let mut bench = on_account(VerificationState::None, ServiceState::Inactive);
    bench.letter('n');
    bench.type_text("Anna");
    bench.press(Key::Tab);
    bench.press(Key::Tab);
    bench.down();
    assert_eq!(bench.press(Key::Enter), []);
    assert_eq!(step(&bench), Step::Failed(Failure::NotSent));
    assert!(matches!(&bench.app.modal, Some(Modal::Submit(form)) if form.name.text() == "Anna"));
}

#[test]
fn the_number_shows_up_in_no_debug_form() {
    let mut bench = on_account(VerificationState::None, ServiceState::Inactive);
    bench.letter('n');
    bench.press(Key::Tab);
    bench.press(Key::Tab);
    bench.type_text("11010519491231002X");
    let actions = bench.press(Key::Enter);
    assert!(!format!("{actions:?} {:?}", bench.app).contains("19491231"));
}

#[test]
fn the_help_scrolls() {
    let mut bench = Bench::with(vec![]);
    bench.letter('?');
    bench.press(Key::Up);
    bench.press(Key::Down);
    assert_eq!(bench.app.scroll(), 0, "nothing is known to be hidden");
    bench.app.drawn(Drawn { hidden_lines: 30, ..Drawn::default() });
    bench.press(Key::PageDown);
    assert!(bench.app.scroll() > 1);
    bench.press(Key::End);
    assert_eq!(bench.app.scroll(), 30);
    bench.app.drawn(Drawn { hidden_lines: 4, ..Drawn::default() });
    assert_eq!(bench.app.scroll(), 4);
    bench.letter('?');
    assert!(bench.app.modal.is_none());
}
