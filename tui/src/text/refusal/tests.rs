//! Every refusal is a sentence with a way out, in both languages.

use vodpost_protocol::hello::Role;
use vodpost_protocol::ids::VideoId;
use vodpost_protocol::refusal::RootProblem;
use vodpost_protocol::status::SettingOrigin;

use super::*;
use crate::text::language::Language;
use crate::text::language::tests::{both, every, speaking};

fn every_refusal() -> Vec<Refusal> {
    let title = || "a talk".to_owned();
    vec![
        Refusal::NotVerified { state: VerificationState::None },
        Refusal::NotActivated,
        Refusal::AlreadyActivated,
        Refusal::AlreadySubmitted,
        Refusal::AlreadyApproved,
        Refusal::NothingToDecide { state: VerificationState::Approved },
        Refusal::FourEyes,
        Refusal::InvalidIdentity(IdentityProblem::CnIdCheck),
        Refusal::NoSuchVideo { asked: "tlak".into(), nearest: vec![title()] },
        Refusal::AmbiguousVideo {
            asked: "t".into(),
            candidates: vec![Candidate { id: VideoId::from_random(7), path: "a/t.mp4".into() }],
        },
        Refusal::NoSuchPosting { title: title(), asked: None, labels: Vec::new() },
        Refusal::NoSuchPosting {
            title: title(),
            asked: Some(Label::default()),
            labels: vec![Label::default()],
        },
        Refusal::NoSuchToken { asked: "X".into() },
        Refusal::SourceDeleted { title: title() },
        Refusal::SourceMissing { title: title() },
        Refusal::SourceSuspended { title: title() },
        Refusal::NoUsableRendition { title: title(), reasons: vec!["no index".into(), "no pictures".into()] },
        Refusal::WrongConversionState { title: title(), state: ConversionState::Ready },
        Refusal::ReadOnlyRoot { root: "/srv".into() },
        Refusal::TrashFailed { title: title(), reason: "disk full".into() },
        Refusal::NotPermitted { role: Role::Viewer, needed: Role::Admin },
        Refusal::StorageFailed { reason: "disk full".into() },
        Refusal::Busy,
        Refusal::TooLarge,
        Refusal::InvalidCursor,
        Refusal::TooLong { field: "name".into(), len_max: 200 },
        Refusal::ShuttingDown,
        Refusal::BackupFailed { reason: "it exists already".into() },
        Refusal::UnusableRoot { path: "/a".into(), problem: RootProblem::Missing },
        Refusal::UnusableRoot { path: "/srv/a".into(), problem: RootProblem::Within { root: "/srv".into() } },
        Refusal::NoSuchRoot { path: "/a".into(), roots: vec!["/srv".into()] },
        Refusal::ConfiguredRoot { path: "/srv".into(), origin: SettingOrigin::Arguments },
    ]
}

#[test]
fn every_refusal_is_a_sentence() {
    let mut kinds = std::collections::BTreeSet::new();
    for one in every_refusal() {
        kinds.insert(one.kind());
        let sentence = refusal(&one);
        let first = sentence.message.lines().next().unwrap_or_default();
        assert!(first.starts_with(|letter: char| letter.is_uppercase() || "\"/".contains(letter)), "{first}");
        assert!(sentence.hint.is_some_and(|hint| !hint.is_empty()), "no way out of: {first}");
    }
    let problems = [
        IdentityProblem::NameTooLong,
        IdentityProblem::ContactTooLong,
        IdentityProblem::NumberTooLong,
        IdentityProblem::NameMissing,
        IdentityProblem::DocumentDoesNotFit,
    ];
    for problem in problems {
        assert!(refusal(&Refusal::InvalidIdentity(problem)).hint.is_some(), "{problem:?}");
    }
    assert_eq!(kinds.len(), 30, "a refusal without an example here");
}

#[test]
fn every_refusal_is_said_in_both_languages() {
    let values = ["a talk", "tlak", "a/t.mp4", "default", "/srv", "disk full", "it exists already"];
    for one in every_refusal() {
        both(&[&values[..], &["no index", "no pictures", "admin", "viewer"]].concat(), || {
            refusal(&one).message
        });
        let hint = || refusal(&one).hint.unwrap_or_default();
        // A command alone is the same in both.
        if speaking(Language::Chinese, hint) != hint() {
            both(&values, hint);
        }
    }
}

#[test]
fn what_is_wrong_with_an_identity_is_said_in_both_languages() {
    for problem in every::<IdentityProblem>() {
        both(&[], || identity_problem(problem).to_owned());
    }
    for state in every::<VerificationState>() {
        both(&[], || verification(state).to_owned());
    }
    for state in every::<ConversionState>() {
        both(&["a talk"], || wrong_state("a talk", state));
    }
}

#[test]
fn the_contract_of_not_verified() {
    assert_eq!(
        refusal(&Refusal::NotVerified { state: VerificationState::None }),
        Sentence::with_hint(
            "The account is not verified (state: none).",
            "vodpost account submit individual --name NAME --id-number NUMBER"
        )
    );
}

#[test]
fn hostile_titles_stay_harmless_in_sentences_and_hints() {
    let title = "\x1b[2J\u{202e}evil\n".to_owned();
    let sentence = refusal(&Refusal::SourceSuspended { title });
    assert!(!sentence.message.contains(['\x1b', '\u{202e}', '\n']));
    assert_eq!(sentence.hint.as_deref(), Some("vodpost source resume VIDEO"));
}
