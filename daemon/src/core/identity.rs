//! A2: whether a submission can be right. What the numbers of Chinese documents tell of themselves is in a crate that the
//! client's form uses as well.

use vodpost_identity::{Date, Look, cn_id, uscc};
use vodpost_protocol::account::{AccountKind, DocumentKind, Submission};
use vodpost_protocol::refusal::IdentityProblem;
use vodpost_protocol::time::Timestamp;

pub const NAME_CHARS_MAX: usize = 120;
pub const CONTACT_CHARS_MAX: usize = 200;
pub const NUMBER_CHARS_MAX: usize = 64;

/// Checks what was handed in and returns it trimmed and in upper case.
///
/// # Errors
/// The first field that is wrong.
pub fn check(submission: &Submission, now: Timestamp) -> Result<Submission, IdentityProblem> {
    let name = submission.name.trim();
    if name.is_empty() {
        return Err(IdentityProblem::NameMissing);
    }
    if name.chars().count() > NAME_CHARS_MAX {
        return Err(IdentityProblem::NameTooLong);
    }
    let contact = check_contact(submission)?;
    let number = submission.number.trim().to_uppercase();
    if number.is_empty() {
        return Err(IdentityProblem::NumberMissing);
    }
    if number.chars().count() > NUMBER_CHARS_MAX {
        return Err(IdentityProblem::NumberTooLong);
    }
    match (submission.kind, submission.document) {
        (AccountKind::Individual, DocumentKind::CnId) => check_cn_id(&number, now)?,
        (AccountKind::Enterprise, DocumentKind::Uscc) => check_uscc(&number)?,
        (AccountKind::Individual | AccountKind::Enterprise, DocumentKind::Other) => {}
        (AccountKind::Individual, DocumentKind::Uscc) | (AccountKind::Enterprise, DocumentKind::CnId) => {
            return Err(IdentityProblem::DocumentDoesNotFit);
        }
    }
    Ok(Submission {
        kind: submission.kind,
        name: name.to_owned(),
        document: submission.document,
        number,
        contact,
    })
}

fn check_contact(submission: &Submission) -> Result<Option<String>, IdentityProblem> {
    let contact = submission.contact.as_deref().map(str::trim).filter(|contact| !contact.is_empty());
    match (submission.kind, contact) {
        (AccountKind::Enterprise, None) => Err(IdentityProblem::ContactMissing),
        (_, Some(contact)) if contact.chars().count() > CONTACT_CHARS_MAX => {
            Err(IdentityProblem::ContactTooLong)
        }
        (AccountKind::Individual | AccountKind::Enterprise, contact) => Ok(contact.map(str::to_owned)),
    }
}

/// A5: all but the first three and last four characters starred; short numbers are starred entirely.
#[must_use]
pub fn mask(number: &str) -> String {
    let chars: Vec<char> = number.chars().collect();
    if chars.len() < 10 {
        return "*".repeat(chars.len());
    }
    let shown = |at: usize| at < 3 || at + 4 >= chars.len();
    chars.iter().enumerate().map(|(at, char)| if shown(at) { *char } else { '*' }).collect()
}

fn check_cn_id(number: &str, now: Timestamp) -> Result<(), IdentityProblem> {
    match cn_id::look(number, Date::from_unix_ms(now.millis())) {
        Look::Valid => Ok(()),
        Look::Empty | Look::Incomplete { .. } => Err(IdentityProblem::CnIdShape),
        Look::Wrong(problem) => Err(match problem {
            cn_id::Problem::Character | cn_id::Problem::TooLong => IdentityProblem::CnIdShape,
            cn_id::Problem::Region => IdentityProblem::CnIdRegion,
            cn_id::Problem::Date => IdentityProblem::CnIdDate,
            cn_id::Problem::Future => IdentityProblem::CnIdFuture,
            cn_id::Problem::Check { .. } => IdentityProblem::CnIdCheck,
        }),
    }
}

fn check_uscc(code: &str) -> Result<(), IdentityProblem> {
    match uscc::look(code) {
        Look::Valid => Ok(()),
        Look::Empty | Look::Incomplete { .. } => Err(IdentityProblem::UsccShape),
        Look::Wrong(problem) => Err(match problem {
            uscc::Problem::Character | uscc::Problem::TooLong => IdentityProblem::UsccShape,
            uscc::Problem::Region => IdentityProblem::UsccRegion,
            uscc::Problem::Check { .. } => IdentityProblem::UsccCheck,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    fn person(number: &str) -> Submission {
        Submission {
            kind: AccountKind::Individual,
            name: "Li Lei".into(),
            document: DocumentKind::CnId,
            number: number.into(),
            contact: None,
        }
    }

    fn company(number: &str) -> Submission {
        Submission {
            kind: AccountKind::Enterprise,
            name: "Example Ltd".into(),
            document: DocumentKind::Uscc,
            number: number.into(),
            contact: Some("office@example.com".into()),
        }
    }

    fn problem(submission: &Submission) -> Option<IdentityProblem> {
        check(submission, now()).err()
    }

    #[test]
    fn a2_the_examples_of_gb_11643_are_valid() {
        for number in
            ["11010519491231002X", "440524188001010014", "11010519491231002x", " 440524188001010014 "]
        {
            assert_eq!(problem(&person(number)), None, "{number}");
        }
    }

    #[test]
    fn a2_wrong_resident_ids_are_told_apart() {
        for (number, expected) in [
            ("", IdentityProblem::NumberMissing),
            ("1101051949123100", IdentityProblem::CnIdShape),
            ("11010519491231002Y", IdentityProblem::CnIdShape),
            ("1101051949123１002X", IdentityProblem::CnIdShape),
            ("010105194912310021", IdentityProblem::CnIdRegion),
            ("110105194913310021", IdentityProblem::CnIdDate),
            ("110105194902290021", IdentityProblem::CnIdDate),
            ("110105209902280021", IdentityProblem::CnIdFuture),
            ("110105194912310021", IdentityProblem::CnIdCheck),
            ("440524188001010015", IdentityProblem::CnIdCheck),
        ] {
            assert_eq!(problem(&person(number)), Some(expected), "{number}");
        }
    }

    #[test]
    fn a2_social_credit_codes_are_checked_by_gb_32100() {
        for code in ["91350100M000100Y43", "91110000600037341L", "9144030071526726XG", "911101085636549482"] {
            assert_eq!(problem(&company(code)), None, "{code}");
        }
        assert_eq!(problem(&company("911101085636548888")), Some(IdentityProblem::UsccCheck));
        assert_eq!(problem(&company("91350100M000100Y4")), Some(IdentityProblem::UsccShape));
        assert_eq!(problem(&company("9135010IM000100Y43")), Some(IdentityProblem::UsccShape));
        assert_eq!(problem(&company("91A50100M000100Y43")), Some(IdentityProblem::UsccRegion));
    }

    #[test]
    fn a2_the_check_character_of_a_sum_that_divides_evenly_is_0() {
        // Seventeen characters whose weighted sum is 9·1 + 1·3 + 1·19 = 31.
        let code = "91001000000000000";
        assert_eq!(problem(&company(&format!("{code}0"))), None);
        assert_eq!(problem(&company(&format!("{code}1"))), Some(IdentityProblem::UsccCheck));
    }

    #[test]
    fn a2_documents_fit_their_kind_of_account() {
        let mut other = person("P-1234567");
        other.document = DocumentKind::Other;
        assert_eq!(problem(&other), None);
        let mut wrong = person("91350100M000100Y43");
        wrong.document = DocumentKind::Uscc;
        assert_eq!(problem(&wrong), Some(IdentityProblem::DocumentDoesNotFit));
        let mut silent = company("91350100M000100Y43");
        silent.contact = Some("  ".into());
        assert_eq!(problem(&silent), Some(IdentityProblem::ContactMissing));
    }

    #[test]
    fn a5_masked_numbers_show_three_and_four_characters() {
        assert_eq!(mask("440524188001010014"), "440***********0014");
        assert_eq!(mask("P12345"), "******");
    }
}
