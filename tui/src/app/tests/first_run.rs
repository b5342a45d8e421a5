//! From nothing to the first URL: each step, and what its one key does.

use vodpost_protocol::account::{AccountKind, DocumentKind, ServiceState, Submission, VerificationState};
use vodpost_protocol::event::{EventKind, Push};
use vodpost_protocol::hello::Role;
use vodpost_protocol::refusal::{Refusal, RootProblem};
use vodpost_protocol::reply::{Answer, Page};
use vodpost_protocol::request::Request;
use vodpost_protocol::status::{LibraryView, ScanProgressView, ScanView};
use vodpost_protocol::video::VideoView;

use super::{Bench, account, asked, event, new_video, sent, status, video};
use crate::app::event::{Action, Event, Key, LinkEvent, Offer};
use crate::app::first_run::Step;
use crate::app::folder::{Completion, Here};
use crate::app::keymap::Place;
use crate::app::modal::{Failure, Modal, Step as ModalStep};
use crate::app::notice::{Said, Why};
use crate::app::{LinkState, Screen};

/// Connected to a daemon where this much is done.
pub(crate) fn at_step(step: Step, role: Role) -> Bench {
    let mut bench = Bench::new();
    bench.app.here = Here { home: Some("/home/ann".into()), folder: Some("/tmp".into()) };
    let actions = bench.up(role);
    let (mut status, mut videos) = (status(), Vec::<VideoView>::new());
    if step == Step::Folder {
        status.roots.clear();
    }
    if step > Step::Videos {
        videos.push(new_video(1, "talk"));
        status.counts.videos = 1;
    }
    let account = match step {
        Step::Start | Step::Folder | Step::Videos | Step::Identity => {
            account(VerificationState::None, ServiceState::Inactive)
        }
        Step::Decision => account(VerificationState::Submitted, ServiceState::Inactive),
        Step::Service => account(VerificationState::Approved, ServiceState::Inactive),
        Step::Url => account(VerificationState::Approved, ServiceState::Active),
    };
    for action in actions {
        let Action::Send { ticket, request } = action else { panic!("{action:?}") };
        let answer = match *request {
            Request::Subscribe => Answer::Subscribed { seq: 0 },
            Request::List(_) => {
                let total = videos.len() as u64;
                Answer::Page(Page { videos: videos.clone(), next: None, total })
            }
            Request::AccountShow => Answer::Account(Box::new(account.clone())),
            Request::Status => Answer::Status(Box::new(status.clone())),
            other => panic!("{other:?}"),
        };
        bench.reply(ticket, Ok(answer));
    }
    assert_eq!(bench.app.first_step(), Some(step));
    bench
}

fn scan_view(settling: u64) -> Answer {
    Answer::Scan(Box::new(ScanView {
        files: 0,
        videos: 0,
        added: 0,
        changed: 0,
        missing: 0,
        settling,
        problems: Vec::new(),
        problems_left_out: 0,
        roots_unavailable: Vec::new(),
    }))
}

#[test]
fn where_no_daemon_answers_enter_starts_one() {
    let mut bench = Bench::new();
    let offer = Offer { state: "/state".into(), log: "/log".into(), failed: None };
    bench.happens(Event::Link(LinkEvent::Offered(offer)));
    assert_eq!((bench.app.first_step(), bench.app.place()), (Some(Step::Start), Place::FirstRun));
    assert!(!bench.app.shows_steps());
    bench.press(Key::Esc);
    assert_eq!(bench.app.shown_step(), Some(Step::Start), "there is nothing behind it");
    assert_eq!(bench.press(Key::Enter), [Action::StartDaemon]);
    assert!(matches!(bench.app.link, LinkState::Starting));
    assert_eq!(bench.press(Key::Enter), [], "once");
    let mut bench = Bench::new();
    let offer = Offer { state: "/state".into(), log: "/log".into(), failed: None };
    bench.happens(Event::Link(LinkEvent::Offered(offer)));
    assert!(matches!(*bench.letter('q'), [Action::Quit(_)]));
}

#[test]
fn a_library_without_folders_asks_for_one_and_looks_at_it() {
    let mut bench = at_step(Step::Folder, Role::Admin);
    assert_eq!(bench.press(Key::Enter), []);
    assert_eq!(bench.app.place(), Place::Folder);
    bench.type_text("Vid");
    let path = || "/home/ann/Vid".to_owned();
    assert_eq!(bench.press(Key::Tab), [Action::Complete { path: path() }]);
    let found = Completion { path: "/home/ann/Videos/".into(), names: Vec::new(), left_out: 0 };
    bench.happens(Event::Completed { path: path(), completion: Some(found) });
    let (ticket, request) = sent(&bench.press(Key::Enter));
    assert_eq!(request, Request::AddRoot { path: "/home/ann/Videos".into() });
    let roots = status().roots;
    let (ticket, request) = sent(&bench.reply(ticket, Ok(Answer::Library(LibraryView { roots }))));
    assert_eq!(request, Request::Scan);
    assert!(bench.app.modal.is_none() && bench.app.is_scanning());
    assert_eq!(bench.app.first_step(), Some(Step::Videos));
    let progress = ScanProgressView { files: 30, unknown: 20, examined: 7 };
    bench.happens(Event::Link(LinkEvent::Push(Push::Scan(progress))));
    assert_eq!(bench.app.first_run.scan, Some(progress));
    let actions = bench.reply(ticket, Ok(scan_view(1)));
    assert_eq!(asked(&actions), [Request::Status], "what came by it");
    assert_eq!(bench.app.first_run.scan, None);
    assert!(!bench.app.is_scanning());
}

#[test]
fn a_folder_that_is_refused_is_said_so_where_it_is_typed() {
    let mut bench = at_step(Step::Folder, Role::Admin);
    bench.press(Key::Enter);
    bench.press(Key::Ctrl('u'));
    assert_eq!(bench.press(Key::Tab), [], "nothing to complete");
    bench.press(Key::Enter);
    let step = |bench: &Bench| bench.app.modal.as_ref().and_then(|modal| modal.step().cloned());
    assert_eq!(step(&bench), Some(ModalStep::Failed(Failure::FolderMissing)));
    bench.type_text("/nowhere");
    bench.press(Key::Tab);
    bench.happens(Event::Completed { path: "/nowhere".into(), completion: None });
    assert_eq!(step(&bench), Some(ModalStep::Failed(Failure::NoCompletion)));
    let (ticket, _) = sent(&bench.press(Key::Enter));
    let refusal = Refusal::UnusableRoot { path: "/nowhere".into(), problem: RootProblem::Missing };
    bench.reply(ticket, Err(refusal.clone()));
    assert_eq!(step(&bench), Some(ModalStep::Failed(Failure::Refused(refusal))));
    bench.letter('x');
    assert_eq!(step(&bench), Some(ModalStep::Prompting));
    bench.press(Key::Esc);
    assert_eq!(bench.app.shown_step(), Some(Step::Folder));
}

#[test]
fn a_library_without_videos_looks_again_or_takes_another_folder() {
    let mut bench = at_step(Step::Videos, Role::Admin);
    assert_eq!(sent(&bench.letter('R')).1, Request::Scan);
    bench.press(Key::Enter);
    assert_eq!(bench.app.place(), Place::Folder);
    bench.press(Key::Esc);
    // One appears.
    let actions = bench.happens(event(EventKind::VideoAdded, None));
    assert_eq!(asked(&actions), [Request::Status]);
}

#[test]
fn a_person_or_an_organisation_is_verified() {
    let mut bench = at_step(Step::Identity, Role::Operator);
    bench.press(Key::Enter);
    bench.type_text("Li Lei");
    bench.press(Key::Enter);
    bench.press(Key::Enter);
    bench.type_text("440524188001010014");
    let (_, request) = sent(&bench.press(Key::Enter));
    let submission = Submission {
        kind: AccountKind::Individual,
        name: "Li Lei".into(),
        document: DocumentKind::CnId,
        number: "440524188001010014".into(),
        contact: None,
    };
    assert_eq!(request, Request::AccountSubmit(submission));
    let mut bench = at_step(Step::Identity, Role::Operator);
    bench.letter('e');
    let Some(Modal::Submit(form)) = &bench.app.modal else { panic!("a form") };
    assert_eq!(form.kind, AccountKind::Enterprise);
    let mut bench = at_step(Step::Service, Role::Admin);
    bench.letter('e');
    assert!(bench.app.modal.is_none());
    let said = bench.app.notice.as_ref().map(|notice| &notice.said);
    assert!(matches!(said, Some(Said::Disabled { why: Why::NotThisStep, .. })));
}

#[test]
fn one_key_approves_and_with_four_eyes_it_is_said_who_must() {
    let mut bench = at_step(Step::Decision, Role::Admin);
    let (ticket, request) = sent(&bench.press(Key::Enter));
    assert_eq!(request, Request::AccountApprove);
    assert_eq!(bench.press(Key::Enter), [], "the first one is not answered yet");
    bench.reply(ticket, Err(Refusal::FourEyes));
    assert_eq!(bench.app.first_run.refused, Some(Refusal::FourEyes));
    assert_eq!(bench.app.shown_step(), Some(Step::Decision));
    let (ticket, request) = sent(&bench.happens(event(EventKind::AccountApproved, None)));
    assert_eq!((request, &bench.app.first_run.refused), (Request::AccountShow, &None));
    let approved = account(VerificationState::Approved, ServiceState::Inactive);
    bench.reply(ticket, Ok(Answer::Account(Box::new(approved))));
    assert_eq!(bench.app.shown_step(), Some(Step::Service));
}

#[test]
fn one_key_activates_and_then_the_list_is_there_with_g() {
    let mut bench = at_step(Step::Service, Role::Operator);
    let (ticket, request) = sent(&bench.press(Key::Enter));
    assert_eq!(request, Request::ServiceActivate);
    let active = account(VerificationState::Approved, ServiceState::Active);
    bench.reply(ticket, Ok(Answer::Account(Box::new(active))));
    assert_eq!((bench.app.first_step(), bench.app.shown_step()), (Some(Step::Url), None));
    assert_eq!(bench.app.place(), Place::Videos);
    assert!(bench.app.shows_steps());
    let (ticket, request) = sent(&bench.letter('g'));
    assert!(matches!(request, Request::Generate { .. }));
    bench.reply_video(ticket, video(1, "talk"));
    assert_eq!(bench.app.first_step(), None);
    assert_eq!(bench.app.banner_lines(), 0);
}

#[test]
fn it_can_be_put_off_and_taken_up_again() {
    let mut bench = at_step(Step::Identity, Role::Admin);
    bench.press(Key::Esc);
    assert_eq!((bench.app.shown_step(), bench.app.place()), (None, Place::Videos));
    assert!(bench.app.is_first_run_put_off() && bench.app.shows_steps());
    bench.letter('f');
    assert_eq!(bench.app.shown_step(), Some(Step::Identity));
    bench.letter('4');
    assert_eq!((bench.app.screen, bench.app.place()), (Screen::Account, Place::Account));
    let mut bench = Bench::with(vec![video(1, "talk")]);
    bench.letter('f');
    let said = bench.app.notice.as_ref().map(|notice| &notice.said);
    assert!(matches!(said, Some(Said::Disabled { why: Why::FirstRunDone, .. })));
}

#[test]
fn who_may_not_take_a_step_sees_the_list_and_how_far_it_is() {
    for (step, role) in [
        (Step::Folder, Role::Operator),
        (Step::Identity, Role::Viewer),
        (Step::Decision, Role::Operator),
        (Step::Service, Role::Viewer),
    ] {
        let bench = at_step(step, role);
        assert_eq!((bench.app.shown_step(), bench.app.place()), (None, Place::Videos), "{step:?}");
        assert!(bench.app.shows_steps());
    }
}
