//! Every finding of this program has a sentence, a remedy, and both in two languages.

use std::collections::BTreeSet;

use super::*;
use crate::connect::Outcome;
use crate::text::language::{Language, tests::speaking};

fn unreachable(why: Unreachable) -> Own {
    Own::PublicUrlUnreachable { url: "https://v.example".into(), why }
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn all() -> Vec<(Own, &'static str, &'static str)> {
    let reason = || "disk full".to_owned();
    vec![
        (
            Own::VersionsDiffer { client: "0.2.0".into(), daemon: "0.1.0".into() },
            "The daemon is version 0.1.0, this client 0.2.0. They understand each other.",
            "restart vodpostd",
        ),
        (
            Own::SettingsWrong { said: "unknown field\n  roto".into() },
            "The settings of a daemon of yours are wrong: unknown field\n  roto",
            "check-config",
        ),
        (Own::DaemonNotInstalled, "vodpostd is not installed here.", "PATH"),
        (
            Own::StorageReadOnly { reason: reason() },
            "Changes are refused, since they cannot be stored: disk full. URLs are still served.",
            "make room",
        ),
        (
            Own::RootUnavailable { path: "/v".into(), reason: reason() },
            "At the last look the library folder /v could not be read as a whole: disk full.",
            "scan --wait",
        ),
        (Own::FilesUnusable { count: 1 }, "1 file in the library cannot be used.", "scan --wait"),
        (
            Own::NotApproved { state: VerificationState::None },
            "The account is not verified; no URL can be made.",
            "account submit",
        ),
        (
            Own::NotApproved { state: VerificationState::Submitted },
            "The account waits for its approval; no URL can be made.",
            "account approve",
        ),
        (
            Own::Revoked { reason: Some("expired".into()) },
            "The approval of the account was revoked: expired. Live URLs stay; no new one can be made.",
            "account submit",
        ),
        (Own::NotActivated, "The service is not activated; no URL can be made.", "service activate"),
        (
            Own::QueuePaused { by: Some("ann".into()) },
            "Conversions are paused by ann; their deadlines go on.",
            "jobs resume",
        ),
        (Own::ConversionsLate { count: 2 }, "2 conversions will miss the deadline.", "vodpost jobs"),
        (Own::ConversionsFailed { count: 1 }, "1 conversion failed.", "--state failed"),
        (
            Own::PublicUrlLocal { url: "http://127.0.0.1".into(), reach: Reach::Machine },
            "URLs begin with http://127.0.0.1, which leads to this machine only from itself.",
            "http.public_url",
        ),
        (
            Own::PublicUrlLocal { url: "http://10.0.0.1".into(), reach: Reach::Network },
            "URLs begin with http://10.0.0.1, which can be reached in this network only.",
            "http.public_url",
        ),
        (
            unreachable(Unreachable::Name("unknown".into())),
            "From here https://v.example cannot be reached: its name leads nowhere (unknown).",
            "AAAA",
        ),
        (
            unreachable(Unreachable::Refused),
            "From here https://v.example cannot be reached: nobody listens there.",
            "http.listen",
        ),
        (
            unreachable(Unreachable::TimedOut),
            "From here https://v.example cannot be reached: no answer in time.",
            "firewall",
        ),
        (
            unreachable(Unreachable::Tls("expired".into())),
            "From here https://v.example cannot be reached: TLS fails (expired).",
            "authority",
        ),
        (
            unreachable(Unreachable::Gateway { status: 502 }),
            "From here https://v.example cannot be reached: it answers with status 502.",
            "proxy",
        ),
        (
            unreachable(Unreachable::NotHttp),
            "From here https://v.example cannot be reached: what answers there is no web server.",
            "port",
        ),
        (
            unreachable(Unreachable::Other("broken".into())),
            "From here https://v.example cannot be reached: broken.",
            "http.listen",
        ),
        (
            Own::ClockSkew { daemon_ahead_ms: 5_000 },
            "The daemon's clock is 5 s ahead of this one.",
            "set-ntp",
        ),
        (Own::ClockSkew { daemon_ahead_ms: -5_000 }, "The daemon's clock is 5 s behind this one.", "set-ntp"),
        (Own::ClockUnsynchronised, "The clock is not synchronised with any time server.", "chrony"),
        (
            Own::WatchesFew { limit: 8192 },
            "The system lets a user watch 8192 folders, too few for a large library.",
            "max_user_watches",
        ),
    ]
}

#[test]
fn every_finding_is_said_with_its_remedy() {
    for (own, message, hint) in all() {
        let sentence = own_sentence(&own);
        assert_eq!(sentence.message, message);
        let said = sentence.hint.unwrap_or_default();
        assert!(said.contains(hint), "{hint:?} in {said:?}");
    }
    let said = Sentence::new("No daemon is running here.");
    let none = Own::NoDaemon { outcome: Outcome::NobodyThere, said: said.clone() };
    assert_eq!(own_sentence(&none), said);
}

#[test]
fn every_finding_and_every_word_is_said_in_chinese() {
    let is_chinese = |text: &str| text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter));
    for (own, english, _) in all() {
        let sentence = speaking(Language::Chinese, || own_sentence(&own));
        assert!(is_chinese(&sentence.message), "{}", sentence.message);
        assert_ne!(sentence.message, english);
    }
    let names: BTreeSet<_> = Subject::ALL.into_iter().map(subject).collect();
    assert_eq!(names.len(), Subject::ALL.len());
    let names: BTreeSet<_> = speaking(Language::Chinese, || Subject::ALL.into_iter().map(subject).collect());
    assert_eq!(names.len(), Subject::ALL.len());
}
