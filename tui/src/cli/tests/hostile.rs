//! Names that files and people chose, in the output of the commands: whatever they hold, a terminal is told nothing by
//! them, and no line of ours can be forged with them.

use vodpost_protocol::account::{
    AccountKind, AccountView, DocumentKind, ServiceState, SubmissionView, VerificationState,
};
use vodpost_protocol::conversion::{ConversionState, JobView, JobsView};
use vodpost_protocol::event::EventKind;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::reply::{Answer, EventPage, Page};
use vodpost_protocol::request::Request;
use vodpost_protocol::status::{Problem, ScanView};
use vodpost_protocol::time::Timestamp;

use super::peer::{Peer, Step, event, video};
use crate::text::hostile::{hostile, is_harmful};

fn account() -> AccountView {
    AccountView {
        state: VerificationState::Rejected,
        submission: Some(SubmissionView {
            kind: AccountKind::Individual,
            name: "Li Lei".into(),
            document: DocumentKind::CnId,
            number_masked: "440***********0014".into(),
            contact: Some("c".into()),
            submitted_at: Timestamp::from_millis(1),
            submitted_by: "ann".into(),
            decided_at: None,
            decided_by: None,
        }),
        approved: None,
        reason: Some("blurred".into()),
        service: ServiceState::Inactive,
        activated_by: None,
        activated_at: None,
    }
}

fn reply(request: &Request) -> Step {
    match answer(request) {
        Some(answer) => Step::Answer(hostile(&answer)),
        None => Step::Refuse(hostile(&Refusal::SourceDeleted { title: format!("{request:?}") })),
    }
}

/// What a daemon may say to commands that show something.
pub(super) fn answer(request: &Request) -> Option<Answer> {
    let problem = || Problem { path: "p".into(), reason: "r".into() };
    let failed = || video("talk", ConversionState::Failed);
    Some(match request {
        Request::List(_) => Answer::Page(Page { videos: vec![failed()], next: None, total: 1 }),
        Request::Show { .. } | Request::SetSource { .. } => Answer::Video(Box::new(failed())),
        Request::AccountShow => Answer::Account(Box::new(account())),
        Request::Scan => Answer::Scan(Box::new(ScanView {
            files: 1,
            videos: 1,
            added: 0,
            changed: 0,
            missing: 0,
            settling: 0,
            problems: vec![problem()],
            problems_left_out: 0,
            roots_unavailable: vec![problem()],
        })),
        Request::Jobs => {
            let failed = failed();
            let job = JobView { video: failed.id, title: "talk".into(), conversion: failed.conversion };
            Answer::Jobs(JobsView { jobs: vec![job], left_out: 0, workers: 1, paused: None })
        }
        Request::Events { .. } => Answer::Events(EventPage {
            events: vec![event(1, EventKind::PostingSuspended)],
            newest: 1,
            oldest: 1,
        }),
        _ => return None,
    })
}

#[test]
fn no_command_lets_hostile_text_through() {
    let peer = Peer::start(|_, request| vec![reply(&request)]);
    for words in [
        &["ls"][..],
        &["show", "talk"],
        &["source", "suspend", "talk"],
        &["account", "show"],
        &["scan", "--wait"],
        &["jobs"],
        &["events"],
    ] {
        let (result, out, err) = peer.run(words);
        result.unwrap_or_else(|failure| panic!("{words:?}: {failure:?}"));
        check(words, &(out + &err));
    }
    for words in [&["retry", "talk"][..], &["cancel", "talk"], &["suspend", "talk"]] {
        let sentence = peer.run(words).0.unwrap_err().sentence();
        check(words, &format!("{}\n{}", sentence.message, sentence.hint.unwrap_or_default()));
    }
}

fn check(words: &[&str], text: &str) {
    assert!(text.contains("x␛[2J␛]0;t␇"), "{words:?} shows the name: {text:?}");
    let harmful = |letter: char| letter != '\n' && is_harmful(letter);
    assert!(!text.contains(harmful), "{words:?}: {text:?}");
    assert!(!text.lines().any(|line| line.starts_with("FORGED")), "{words:?}: {text:?}");
}
