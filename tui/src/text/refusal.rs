//! Why the daemon says no, as a sentence, and what to do next.

use vodpost_protocol::account::VerificationState;
use vodpost_protocol::conversion::ConversionState;
use vodpost_protocol::ids::Label;
use vodpost_protocol::refusal::{Candidate, IdentityProblem, Refusal};

use super::{Sentence, plain, shell_word, verification};

/// Why the daemon refused, and what helps.
#[must_use]
pub fn refusal(refusal: &Refusal) -> Sentence {
    Sentence { message: refusal_message(refusal), hint: refusal_hint(refusal) }
}

fn refusal_message(refusal: &Refusal) -> String {
    match refusal {
        Refusal::NotVerified { state } => {
            format!("The account is not verified (state: {}).", verification(*state))
        }
        Refusal::NotActivated => "The service is not activated.".into(),
        Refusal::AlreadyActivated => "The service is activated already.".into(),
        Refusal::AlreadySubmitted => "A submission waits for its decision already.".into(),
        Refusal::AlreadyApproved => "The account is approved already.".into(),
        Refusal::NothingToDecide { state } => {
            format!("There is nothing to decide (the account's state: {}).", verification(*state))
        }
        Refusal::FourEyes => "Somebody else than the one who submitted must decide.".into(),
        Refusal::InvalidIdentity(problem) => identity_problem(*problem).into(),
        Refusal::NoSuchVideo { asked, .. } => format!("There is no video \"{}\".", plain(asked)),
        Refusal::AmbiguousVideo { asked, candidates } => ambiguous(asked, candidates),
        Refusal::NoSuchPosting { title, asked: Some(label), .. } => {
            format!("\"{}\" has no URL with the label {label}.", plain(title))
        }
        Refusal::NoSuchPosting { title, asked: None, .. } => format!("\"{}\" has no URL.", plain(title)),
        Refusal::NoSuchToken { asked } => format!("No URL has the token \"{}\".", plain(asked)),
        Refusal::SourceDeleted { title } => {
            format!("\"{}\" was deleted; its URLs are invalid for ever.", plain(title))
        }
        Refusal::SourceMissing { title } => format!("The files of \"{}\" are not there.", plain(title)),
        Refusal::SourceSuspended { title } => {
            format!("\"{}\" is suspended; a new URL would not be live.", plain(title))
        }
        Refusal::NoUsableRendition { title, reasons } => unusable(title, reasons),
        Refusal::WrongConversionState { title, state } => wrong_state(title, *state),
        Refusal::ReadOnlyRoot { root } => {
            format!("{} is read-only: nothing can be deleted there.", plain(root))
        }
        Refusal::TrashFailed { title, reason } => {
            format!("\"{}\" could not be moved to the trash: {}", plain(title), plain(reason))
        }
        Refusal::NotPermitted { role, needed } => {
            format!("This needs the role {}; yours is {}.", needed.name(), role.name())
        }
        Refusal::StorageFailed { reason } => {
            format!("The change could not be stored, so nothing was changed: {}", plain(reason))
        }
        Refusal::Busy => {
            "The daemon has too many clients or too much to do at the moment; nothing was changed.".into()
        }
        Refusal::TooLarge => "The answer is too large for one message.".into(),
        Refusal::InvalidCursor => "This is not a cursor of this list.".into(),
        Refusal::TooLong { field, len_max } => {
            format!("The {} may have at most {len_max} bytes.", plain(field))
        }
        Refusal::ShuttingDown => "The daemon is ending.".into(),
        Refusal::BackupFailed { reason } => format!("No backup was made: {}", plain(reason)),
    }
}

fn refusal_hint(refusal: &Refusal) -> Option<String> {
    let hint = match refusal {
        Refusal::NotVerified { state } => return Some(verification_hint(*state).into()),
        Refusal::NothingToDecide { .. } | Refusal::AlreadyApproved => "vodpost account show".into(),
        Refusal::NotActivated => "vodpost service activate".into(),
        Refusal::AlreadySubmitted => {
            "vodpost account approve (or: vodpost account reject --reason REASON)".into()
        }
        Refusal::FourEyes => "let another administrator run: vodpost account approve".into(),
        Refusal::InvalidIdentity(problem) => identity_hint(*problem)?.into(),
        Refusal::NoSuchVideo { nearest, .. } => match nearest.first() {
            Some(title) => format!("did you mean {}? All videos: vodpost ls", shell_word(title)),
            None => "all videos: vodpost ls".into(),
        },
        Refusal::AmbiguousVideo { candidates, .. } => match candidates.first() {
            Some(candidate) => format!("use the id, for example {}", candidate.id),
            None => "use the id; vodpost ls shows it".into(),
        },
        Refusal::NoSuchPosting { title, labels, .. } if labels.is_empty() => {
            format!("vodpost generate {}", shell_word(title))
        }
        Refusal::NoSuchPosting { labels, .. } => format!("its labels: {}", join_labels(labels)),
        Refusal::NoSuchToken { .. } => "vodpost ls, then vodpost show VIDEO".into(),
        Refusal::SourceMissing { title } => {
            format!("bring the files back, then: vodpost scan (see: vodpost show {})", shell_word(title))
        }
        Refusal::SourceSuspended { title } => format!("vodpost source resume {}", shell_word(title)),
        Refusal::NoUsableRendition { title, .. } | Refusal::TrashFailed { title, .. } => {
            format!("vodpost show {}", shell_word(title))
        }
        Refusal::WrongConversionState { title, state } => wrong_state_hint(title, *state),
        Refusal::ReadOnlyRoot { .. } => {
            "vodpost source delete --keep-files VIDEO ends the URLs and leaves the files".into()
        }
        Refusal::NotPermitted { .. } => {
            "ask an administrator to run it, or to give you the role in the daemon's configuration".into()
        }
        Refusal::StorageFailed { .. } => "look at the disk of the state folder: vodpost status".into(),
        Refusal::Busy => "try again in a moment; the queue: vodpost jobs".into(),
        Refusal::TooLarge => "ask for less, for example with --limit".into(),
        Refusal::InvalidCursor => "begin at the first page, without --after".into(),
        Refusal::ShuttingDown => "try again when it is back".into(),
        Refusal::BackupFailed { .. } => {
            "name a file that there is not yet, in a folder where vodpostd may write".into()
        }
        Refusal::AlreadyActivated | Refusal::SourceDeleted { .. } | Refusal::TooLong { .. } => return None,
    };
    Some(hint)
}

fn verification_hint(state: VerificationState) -> &'static str {
    match state {
        VerificationState::None => "vodpost account submit individual --name NAME --id-number NUMBER",
        VerificationState::Submitted => "an administrator decides: vodpost account approve",
        VerificationState::Rejected | VerificationState::Revoked => {
            "see why: vodpost account show; then submit again: vodpost account submit individual --name NAME --id-number NUMBER"
        }
        VerificationState::Approved => "vodpost account show",
    }
}

fn wrong_state(title: &str, state: ConversionState) -> String {
    let what = match state {
        ConversionState::None => "was not requested",
        ConversionState::Queued => "waits for its turn",
        ConversionState::Running => "is under way",
        ConversionState::Failed => "has failed or was cancelled",
        ConversionState::Ready => "is ready",
    };
    format!("The conversion of \"{}\" {what}.", plain(title))
}

fn wrong_state_hint(title: &str, state: ConversionState) -> String {
    let word = shell_word(title);
    match state {
        ConversionState::None => format!("vodpost generate {word}"),
        ConversionState::Queued | ConversionState::Running => "see how far it is: vodpost jobs".into(),
        ConversionState::Failed => format!("try it again: vodpost retry {word}"),
        ConversionState::Ready => format!("vodpost url {word}"),
    }
}

fn ambiguous(asked: &str, candidates: &[Candidate]) -> String {
    let mut message = format!("Several videos go by \"{}\":", plain(asked));
    for candidate in candidates {
        message.push_str(&format!("\n  {}  {}", candidate.id, plain(&candidate.path)));
    }
    message
}

fn unusable(title: &str, reasons: &[String]) -> String {
    let mut message = format!("None of the files of \"{}\" can be used", plain(title));
    for (index, reason) in reasons.iter().enumerate() {
        message.push_str(if index == 0 { ": " } else { "; " });
        message.push_str(&plain(reason));
    }
    message.push('.');
    message
}

fn join_labels(labels: &[Label]) -> String {
    labels.iter().map(Label::as_str).collect::<Vec<_>>().join(", ")
}

fn identity_problem(problem: IdentityProblem) -> &'static str {
    match problem {
        IdentityProblem::NameMissing => "The name is missing.",
        IdentityProblem::NameTooLong => "The name is too long.",
        IdentityProblem::ContactMissing => "An enterprise needs a contact.",
        IdentityProblem::ContactTooLong => "The contact is too long.",
        IdentityProblem::NumberMissing => "The number of the document is missing.",
        IdentityProblem::NumberTooLong => "The number of the document is too long.",
        IdentityProblem::DocumentDoesNotFit => "This kind of document does not fit this kind of account.",
        IdentityProblem::CnIdShape => "A resident identity number is 17 digits and a digit or X.",
        IdentityProblem::CnIdDate => "Digits 7 to 14 of the identity number are not a date of the calendar.",
        IdentityProblem::CnIdFuture => "The birth date in the identity number lies in the future.",
        IdentityProblem::CnIdCheck => "The last character of the identity number does not fit the others.",
        IdentityProblem::UsccShape => {
            "A unified social credit code is 18 digits and capitals without I, O, S, V and Z."
        }
        IdentityProblem::UsccRegion => "Characters 3 to 8 of the social credit code must be digits.",
        IdentityProblem::UsccCheck => "The last character of the social credit code does not fit the others.",
    }
}

fn identity_hint(problem: IdentityProblem) -> Option<&'static str> {
    match problem {
        IdentityProblem::NameMissing => Some("--name NAME"),
        IdentityProblem::ContactMissing => Some("--contact CONTACT"),
        IdentityProblem::NumberMissing => Some("--id-number NUMBER, or --registration-number NUMBER"),
        IdentityProblem::DocumentDoesNotFit => {
            Some("--document cn-id or other for an individual, uscc or other for an enterprise")
        }
        IdentityProblem::CnIdShape
        | IdentityProblem::CnIdDate
        | IdentityProblem::CnIdFuture
        | IdentityProblem::CnIdCheck
        | IdentityProblem::UsccShape
        | IdentityProblem::UsccRegion
        | IdentityProblem::UsccCheck => {
            Some("check the number; for another kind of document: --document other")
        }
        IdentityProblem::NameTooLong | IdentityProblem::ContactTooLong | IdentityProblem::NumberTooLong => {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use vodpost_protocol::hello::Role;
    use vodpost_protocol::ids::VideoId;

    use super::*;

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
            Refusal::NoUsableRendition {
                title: title(),
                reasons: vec!["no index".into(), "no video".into()],
            },
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
        ]
    }

    #[test]
    fn every_refusal_is_a_sentence() {
        let mut kinds = std::collections::BTreeSet::new();
        for one in every_refusal() {
            kinds.insert(one.kind());
            let sentence = refusal(&one);
            let first = sentence.message.lines().next().unwrap_or_default();
            assert!(
                first.starts_with(|letter: char| letter.is_uppercase() || "\"/".contains(letter)),
                "{first}"
            );
            assert!(sentence.hint.is_none_or(|hint| !hint.is_empty()), "{first}");
        }
        assert_eq!(kinds.len(), 27, "a refusal without an example here");
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
}
