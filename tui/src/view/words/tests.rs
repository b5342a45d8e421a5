//! Everything the UI can say, in both languages.

use vodpost_protocol::hello::Role;
use vodpost_protocol::status::Problem;

use super::notice::{change, why};
use super::*;
use crate::app::event::{CopyWay, Key};
use crate::app::keymap::{BINDINGS, Command, Place};
use crate::app::marks::{Batch, Deed};
use crate::app::modal::NotSaved;
use crate::app::notice::{Change, Said, Why};
use crate::app::tests::{Bench, video};
use crate::text::language::tests::both;
use vodpost_protocol::ids::Label;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::status::ScanView;

const VALUES: [&str; 4] = ["a talk", "spring", "/srv/x.mp4", "no index"];

fn title() -> String {
    "a talk".to_owned()
}

fn every_change() -> Vec<Change> {
    let label = || Some("spring".parse::<Label>().unwrap());
    vec![
        Change::Generate { title: title() },
        Change::Retry { title: title() },
        Change::Cancel { title: title() },
        Change::SuspendPostings { title: title(), label: label() },
        Change::SuspendPostings { title: title(), label: None },
        Change::ResumePostings { title: title(), label: label() },
        Change::ResumePostings { title: title(), label: None },
        Change::SuspendSource { title: title() },
        Change::ResumeSource { title: title() },
        Change::DeleteSource { title: title() },
        Change::Submit,
        Change::Approve,
        Change::Reject,
        Change::Revoke,
        Change::Activate,
        Change::PauseQueue,
        Change::ResumeQueue,
        Change::Scan,
    ]
}

#[test]
fn every_key_and_place_has_a_name_in_both_languages() {
    let bench = Bench::with(vec![video(1, "talk")]);
    for binding in BINDINGS {
        both(&[], || long(binding.command).to_owned());
        if short(&bench.app, binding.command).is_some() {
            both(&[], || short(&bench.app, binding.command).unwrap().to_owned());
        }
        for key in binding.keys {
            assert!(super::key(*key).is_ascii(), "a key is called what stands on it: {key:?}");
        }
    }
    for place in Place::ALL {
        both(&[], || super::place(place).to_owned());
    }
    for sort in [Sort::Name, Sort::Added, Sort::Bitrate, Sort::State] {
        both(&[], || super::sort(sort).to_owned());
    }
    assert_eq!(super::key(Key::Char(' ')), "Space");
}

#[test]
fn every_change_can_be_asked_for_and_done_in_both_languages() {
    for one in every_change() {
        both(&VALUES, || change(&one));
        both(&VALUES, || said(&Said::Done(one.clone())).message);
        both(&VALUES, || said(&Said::NotSent(one.clone())).message);
        both(&VALUES, || said(&Said::Unanswered(vec![one.clone(), Change::Scan])).message);
        both(&[], || waiting(&[&one, &Change::Scan]).unwrap().replace("a talk", "x"));
        let refused = Said::Refused { change: one, refusal: Refusal::NotActivated };
        both(&VALUES, || said(&refused).message);
    }
}

#[test]
fn every_reason_why_a_key_does_nothing_is_said_in_both_languages() {
    let all = [
        Why::NotConnected,
        Why::Role { role: Role::Viewer, needed: Role::Admin },
        Why::NoVideo,
        Why::NoPosting,
        Why::SourceDeleted,
        Why::NotFailed,
        Why::NotConverting,
        Why::NothingToDecide,
        Why::NothingToRevoke,
        Why::AlreadyActive,
        Why::AccountNotLoaded,
        Why::Waiting,
        Why::MarksFull,
        Why::NothingToClose,
    ];
    for one in all {
        both(&["admin", "viewer"], || why(&one));
        both(&[], || said(&Said::Disabled { command: Command::Retry, why: one.clone() }).message);
    }
}

#[test]
fn every_notice_is_said_in_both_languages() {
    let scan = ScanView {
        files: 12,
        videos: 11,
        added: 13,
        changed: 14,
        missing: 15,
        settling: 16,
        problems: vec![Problem { path: "/srv/x.mp4".into(), reason: "no index".into() }],
        problems_left_out: 16,
        roots_unavailable: Vec::new(),
    };
    let batch = |deed| {
        let mut batch = Batch::new(deed, std::collections::VecDeque::new());
        (batch.done, batch.refused) = (21, 9);
        batch.why = Some((Change::Generate { title: title() }, Refusal::NotActivated));
        batch
    };
    let notices = [
        Said::LiveNow { title: title() },
        Said::Scanned(Box::new(scan)),
        Said::Batch(batch(Deed::Generate)),
        Said::Batch(batch(Deed::SuspendPostings)),
        Said::Batch(batch(Deed::ResumePostings)),
        Said::Batch(batch(Deed::SuspendSources)),
        Said::Batch(batch(Deed::ResumeSources)),
        Said::ReadRefused(Refusal::Busy),
        Said::NotConnected,
        Said::Copied(CopyWay::Tmux),
        Said::Copied(CopyWay::Terminal),
        Said::TooLongToCopy,
        Said::DaemonRestarted,
        Said::UnexpectedAnswer,
    ];
    for notice in notices {
        both(&VALUES, || said(&notice).message);
        if said(&notice).hint.is_some_and(|hint| !hint.starts_with("vodpost ")) {
            both(&VALUES, || said(&notice).hint.unwrap());
        }
    }
}

#[test]
fn every_question_and_failure_of_a_layer_is_said_in_both_languages() {
    let failures = [
        Failure::Refused(Refusal::NotActivated),
        Failure::Unanswered,
        Failure::NotSent,
        Failure::TitleDiffers,
        Failure::InvalidLabel,
        Failure::ReasonMissing,
    ];
    for one in failures {
        both(&["a-z 0-9 . _ -"], || failure(&one).message);
    }
    for one in [Question::Approve, Question::Activate] {
        both(&[], || question(one).0.to_owned());
        both(&[], || question(one).1.to_owned());
    }
    for one in [Decision::Reject, Decision::Revoke] {
        both(&[], || decision(one).0.to_owned());
        both(&[], || decision(one).1.to_owned());
    }
    for one in [Field::Name, Field::Document, Field::Number, Field::Contact] {
        for kind in [AccountKind::Individual, AccountKind::Enterprise] {
            both(&[], || field(one, kind).to_owned());
        }
    }
}

#[test]
fn every_remedy_is_said_in_both_languages() {
    let mut one = video(1, "talk");
    one.conversion.reason = Some("no index".into());
    one.source.reason = Some("no index".into());
    let causes = [
        Cause::Posting,
        Cause::Source,
        Cause::Missing,
        Cause::Converting,
        Cause::ConversionFailed,
        Cause::Deleted,
    ];
    for cause in causes {
        both(&["v1", "T0KEN", "no index"], || remedy(cause, "v1", "T0KEN", &one.conversion, &one.source));
    }
}

#[test]
fn every_fixed_sentence_is_there_in_both_languages() {
    let all = [
        connecting,
        starting,
        not_connected,
        loading,
        no_match,
        empty,
        no_selection,
        urls_heading,
        no_postings,
        in_doubt,
        not_live,
        delete_final,
        type_title,
        files_trash,
        files_keep,
        label_prompt,
        select_url,
        jump_title,
        jump_prompt,
        no_jobs,
        no_events,
        explain_live,
        explain_unlisted,
        qr::impossible,
        qr::save_title,
        step_submit,
        step_decide,
        step_activate,
        step_none,
        step_again,
    ];
    for one in all {
        both(&[], || one().to_owned());
    }
    both(&[], || too_small(39, 11));
    let cells = |width, height| crate::view::qr::Cells { width, height };
    both(&["41x21", "40x20"], || qr::needs(cells(41, 21), cells(40, 20)));
    both(&["82x44"], || qr::form_needs((82, 44)));
    both(&["/home/ann"], || qr::save_prompt(std::path::Path::new("/home/ann")));
    both(&["/x.png"], || qr::saved(std::path::Path::new("/x.png")));
    for why in [NotSaved::Exists, NotSaved::NotAPicture, NotSaved::TooLongForQr, NotSaved::Failed("e".into())]
    {
        both(&[], || qr::not_saved(&why));
    }
    both(&["no index"], || read_only("no index"));
}
