//! Every finding has a sentence of its own, a remedy, and both in two languages.

use std::collections::BTreeSet;

use vodpost_protocol::checkup::{Confinement, Need, Part, Policy, ToolName, Unconfined};

use super::*;
use crate::text::language::{Language, tests::speaking};

fn at() -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000)
}

fn unwatched(why: Unwatched) -> Finding {
    Finding::RootUnwatched { path: "/v".into(), why }
}

fn unconfined(confinement: Confinement, why: Unconfined, policy: Policy) -> Finding {
    Finding::Unconfined { tool: ToolName::Ffmpeg, confinement, why, policy }
}

fn space(holds: Holds) -> Finding {
    Finding::SpaceShort { path: "/v".into(), holds, free_bytes: 2_000_000, reserve_bytes: 1 << 30 }
}

fn parts(part: Part, names: &[&str], need: Need) -> Finding {
    Finding::PartsMissing { part, names: names.iter().map(|name| (*name).to_owned()).collect(), need }
}

/// What is found, how it is said, and a part of what is to be done.
#[expect(clippy::too_many_lines, reason = "a table")]
fn all() -> Vec<(Finding, &'static str, &'static str)> {
    let path = || "/srv/a b".to_owned();
    let reason = || "Permission denied".to_owned();
    vec![
        (
            Finding::NoAnswer { subject: Subject::Library, place: Some(path()), limit_s: 15 },
            "/srv/a b did not answer within 15 s.",
            "network mount",
        ),
        (
            Finding::NoAnswer { subject: Subject::Tools, place: None, limit_s: 15 },
            "ffmpeg did not answer within 15 s.",
            "overloaded",
        ),
        (
            Finding::StateFolderOpen { path: path(), mode: 0o755 },
            "Other users may use the state folder /srv/a b (mode 0755).",
            "chmod 700 '/srv/a b'",
        ),
        (
            Finding::StateFolderReadOnly { path: path(), reason: reason() },
            "The daemon cannot write to its state folder /srv/a b: Permission denied.",
            "read-only",
        ),
        (
            Finding::KeyOpen { path: path(), mode: 0o644 },
            "Others may use the key that seals document numbers: /srv/a b has mode 0644. vodpostd would not start with it again.",
            "chmod 600 '/srv/a b'",
        ),
        (
            Finding::KeyMissing { path: path() },
            "The key that seals document numbers is gone or out of reach: /srv/a b.",
            "vodpost backup",
        ),
        (Finding::NoRoots, "No library folder is configured.", "--library"),
        (
            Finding::RootMissing { path: path() },
            "The library folder /srv/a b is not there; none of its URLs is live.",
            "mount",
        ),
        (
            Finding::RootUnreadable { path: path(), reason: reason() },
            "The library folder /srv/a b cannot be read: Permission denied.",
            "the daemon's user",
        ),
        (
            Finding::RootReadOnly { path: path(), reason: reason() },
            "Nothing can be deleted in the library folder /srv/a b: Permission denied. Everything else works.",
            "--keep-files",
        ),
        (unwatched(Unwatched::Off), "Changes in /v are noticed from time to time only.", "library.watch"),
        (
            unwatched(Unwatched::NoInstances),
            "Changes in /v are noticed from time to time only.",
            "max_user_instances",
        ),
        (
            unwatched(Unwatched::NoWatches),
            "Changes in /v are noticed from time to time only.",
            "max_user_watches",
        ),
        (
            unwatched(Unwatched::Remote("NFS".into())),
            "Changes in /v are noticed from time to time only.",
            "NFS does not tell",
        ),
        (
            Finding::WatchesShort { used: 9, limit: 10 },
            "9 folders are watched, and the system allows 10; changes in further ones are noticed late.",
            "max_user_watches",
        ),
        (
            Finding::ToolMissing { tool: ToolName::Ffprobe },
            "ffprobe is not installed. MP4 files that fit are served without it; other files are not, and there are no posters.",
            "apt-get install ffmpeg",
        ),
        (
            Finding::ToolBroken { tool: ToolName::Ffmpeg, path: path() },
            "ffmpeg does not run: /srv/a b.",
            "'/srv/a b' -version",
        ),
        (
            parts(Part::Encoder, &["libx264", "aac"], Need::Most),
            "ffmpeg was built without encoders that almost every conversion needs: libx264, aac.",
            "full build",
        ),
        (
            parts(Part::Filter, &["zscale"], Need::Some),
            "ffmpeg was built without some filters: zscale. Files that need them cannot be converted.",
            "full build",
        ),
        (
            parts(Part::Decoder, &["hevc"], Need::Some),
            "ffmpeg was built without some decoders: hevc. Files that need them cannot be converted.",
            "full build",
        ),
        (
            unconfined(Confinement::None, Unconfined::Off, Policy::Off),
            "ffmpeg, which reads strangers' files, is not confined.",
            "best-effort",
        ),
        (
            unconfined(Confinement::Calls, Unconfined::LandlockNotEnabled, Policy::BestEffort),
            "ffmpeg is not fully confined: all files are open to it.",
            "lsm=",
        ),
        (
            unconfined(Confinement::Calls, Unconfined::LandlockMissing, Policy::Required),
            "ffmpeg is not fully confined: all files are open to it. Nothing is converted, since conversion.sandbox is \"required\".",
            "5.13",
        ),
        (
            unconfined(Confinement::Files, Unconfined::SeccompMissing, Policy::BestEffort),
            "ffmpeg is not fully confined: network and system calls are open to it.",
            "seccomp",
        ),
        (
            unconfined(Confinement::None, Unconfined::KernelWithout, Policy::BestEffort),
            "ffmpeg, which reads strangers' files, is not confined.",
            "neither",
        ),
        (
            unconfined(Confinement::Both, Unconfined::Inside("libx".into()), Policy::BestEffort),
            "ffmpeg is confined only in part.",
            "(libx); name the folders",
        ),
        (
            unconfined(Confinement::None, Unconfined::Untried("why".into()), Policy::BestEffort),
            "ffmpeg, which reads strangers' files, is not confined.",
            "the guard cannot be run: why",
        ),
        (
            space(Holds::State),
            "The disk of /v is nearly full: 2.0 MB are free, and 1.1 GB are always left. Nothing more is converted.",
            "state_dir",
        ),
        (
            space(Holds::Library),
            "The disk of the library folder /v is nearly full: 2.0 MB are free.",
            "make room",
        ),
        (
            Finding::InodesShort { path: path(), holds: Holds::State, free: 3, limit: 10 },
            "The disk of /srv/a b has hardly any inodes left (3); it will be full whatever its free space.",
            "df -i",
        ),
        (
            Finding::PublicUrlUnset { url: "http://10.0.0.1:8080".into() },
            "Nobody said where viewers reach this server; URLs begin with http://10.0.0.1:8080, which was guessed.",
            "http.public_url",
        ),
        (
            Finding::CertificateExpires { path: path(), at: at() },
            "The certificate /srv/a b expires at 2023-11-14 22:13:20Z.",
            "renew it",
        ),
        (
            Finding::CertificateExpired { path: path(), at: at() },
            "The certificate /srv/a b expired at 2023-11-14 22:13:20Z; browsers refuse it.",
            "renew it",
        ),
        (
            Finding::CertificateUnusable { path: path(), reason: reason() },
            "The files of the certificate /srv/a b cannot be used: Permission denied. What was read before stays in force.",
            "mend them",
        ),
        (
            Finding::ClockBehind { installed_at: at() },
            "The clock is wrong: vodpostd was installed at 2023-11-14 22:13:20Z, which has not come yet.",
            "set-ntp",
        ),
        (
            Finding::ViewersLimited { open_files_max: 1024, viewers: 512, wanted: 4096 },
            "Only 512 viewers are let in at a time instead of 4096, since 1024 files may be open.",
            "LimitNOFILE",
        ),
        (
            Finding::OpenFilesShort { used: 9, limit: 10 },
            "9 of 10 files that may be open are; soon viewers and clients will be turned away.",
            "ulimit -Hn",
        ),
    ]
}

#[test]
fn every_finding_is_said_with_its_remedy() {
    let all = all();
    for (found, message, hint) in &all {
        let sentence = finding(found);
        assert_eq!(sentence.message, *message);
        let said = sentence.hint.unwrap_or_default();
        assert!(said.contains(hint), "{hint:?} in {said:?}");
    }
    let kinds: BTreeSet<String> = all
        .iter()
        .map(|(found, ..)| {
            let debug = format!("{found:?}");
            debug.split([' ', '{']).next().unwrap_or_default().to_owned()
        })
        .collect();
    assert_eq!(kinds.len(), 24, "every kind is there: {kinds:?}");
}

#[test]
fn every_finding_is_said_in_chinese() {
    let is_chinese = |text: &str| text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter));
    for (found, english, _) in all() {
        let sentence = speaking(Language::Chinese, || finding(&found));
        assert!(is_chinese(&sentence.message), "{}", sentence.message);
        assert_ne!(sentence.message, english);
        let hint = sentence.hint.unwrap_or_default();
        assert!(is_chinese(&hint) || hint.starts_with("chmod "), "{hint}");
    }
}

#[test]
fn what_others_chose_is_shown_harmlessly() {
    let found = Finding::RootUnreadable { path: "/v\x1b[2J".into(), reason: "a\nb".into() };
    let said = finding(&found).message;
    assert!(!said.contains(char::is_control), "{said:?}");
}
