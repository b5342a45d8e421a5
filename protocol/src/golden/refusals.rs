//! One refusal of each kind, in the order of their numbers.

use super::samples::config_file;
use crate::account::VerificationState;
use crate::conversion::ConversionState;
use crate::hello::Role;
use crate::ids::{Label, VideoId};
use crate::refusal::{Candidate, IdentityProblem, Refusal, RootProblem};

pub(super) fn refusals() -> Vec<Refusal> {
    let title = || "talk".to_owned();
    vec![
        Refusal::NotVerified { state: VerificationState::Submitted },
        Refusal::NotActivated,
        Refusal::AlreadyActivated,
        Refusal::AlreadySubmitted,
        Refusal::AlreadyApproved,
        Refusal::NothingToDecide { state: VerificationState::None },
        Refusal::FourEyes,
        Refusal::InvalidIdentity(IdentityProblem::UsccCheck),
        Refusal::NoSuchVideo { asked: title(), nearest: vec!["talks".into()] },
        Refusal::AmbiguousVideo {
            asked: title(),
            candidates: vec![Candidate { id: VideoId::from_random(77), path: "/a/talk".into() }],
        },
        Refusal::NoSuchPosting {
            title: title(),
            asked: Some(Label::default()),
            labels: vec![Label::default()],
        },
        Refusal::NoSuchToken { asked: "T".into() },
        Refusal::SourceDeleted { title: title() },
        Refusal::SourceMissing { title: title() },
        Refusal::SourceSuspended { title: title() },
        Refusal::NoUsableRendition { title: title(), reasons: vec!["empty".into()] },
        Refusal::WrongConversionState { title: title(), state: ConversionState::Ready },
        Refusal::ReadOnlyRoot { root: "/srv".into() },
        Refusal::TrashFailed { title: title(), reason: "why".into() },
        Refusal::NotPermitted { role: Role::Viewer, needed: Role::Admin },
        Refusal::StorageFailed { reason: "disk full".into() },
        Refusal::Busy,
        Refusal::TooLarge,
        Refusal::InvalidCursor,
        Refusal::TooLong { field: "reason".into(), len_max: 1000 },
        Refusal::ShuttingDown,
        Refusal::BackupFailed { reason: "it exists".into() },
        Refusal::UnusableRoot { path: "/srv/a".into(), problem: RootProblem::Within { root: "/srv".into() } },
        Refusal::NoSuchRoot { path: "/a".into(), roots: vec!["/srv".into()] },
        Refusal::ConfiguredRoot { path: "/srv".into(), origin: config_file() },
    ]
}
