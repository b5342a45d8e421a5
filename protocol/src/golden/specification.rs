//! The numbers of every enum, in the code and in `PROTOCOL.md`.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::{answers, findings, name, pushes, refusals, requests};
use crate::account::{AccountKind, DocumentKind, ServiceState, VerificationState};
use crate::checkup::{Confinement, Holds, Need, Part, Policy, Subject, ToolName, Unconfined, Unwatched};
use crate::codec;
use crate::conversion::{ConversionState, PlanKind};
use crate::event::{EventKind, Push};
use crate::posting::{Cause, PostingState};
use crate::refusal::{IdentityProblem, RootProblem};
use crate::reply::{Answer, Message};
use crate::request::Sort;
use crate::status::{RootOrigin, SettingOrigin, Storage, Tool};
use crate::time::Timestamp;
use crate::video::{SourceState, Switch, VideoState};

/// Every variant of an enum without fields, by its number: as many as can be read.
fn vocabulary<T: DeserializeOwned + std::fmt::Debug>() -> Vec<String> {
    (0..=u8::MAX).map_while(|number| codec::decode::<T>(&[number]).ok()).map(|one| name(&one)).collect()
}

pub(super) fn vocabularies() -> BTreeMap<&'static str, Vec<String>> {
    BTreeMap::from([
        ("AccountKind", vocabulary::<AccountKind>()),
        ("Cause", vocabulary::<Cause>()),
        ("Confinement", vocabulary::<Confinement>()),
        ("ConversionState", vocabulary::<ConversionState>()),
        ("DocumentKind", vocabulary::<DocumentKind>()),
        ("EventKind", vocabulary::<EventKind>()),
        ("Holds", vocabulary::<Holds>()),
        ("IdentityProblem", vocabulary::<IdentityProblem>()),
        ("Need", vocabulary::<Need>()),
        ("Part", vocabulary::<Part>()),
        ("PlanKind", vocabulary::<PlanKind>()),
        ("Policy", vocabulary::<Policy>()),
        ("PostingState", vocabulary::<PostingState>()),
        ("ServiceState", vocabulary::<ServiceState>()),
        ("Sort", vocabulary::<Sort>()),
        ("SourceState", vocabulary::<SourceState>()),
        ("Subject", vocabulary::<Subject>()),
        ("Switch", vocabulary::<Switch>()),
        ("ToolName", vocabulary::<ToolName>()),
        ("VerificationState", vocabulary::<VerificationState>()),
        ("VideoState", vocabulary::<VideoState>()),
    ])
}

/// The enums of the specification, each with its variants, which are numbered from 0 without gaps.
fn specified() -> BTreeMap<String, Vec<String>> {
    let text = include_str!("../../PROTOCOL.md");
    let mut enums: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut current = None;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("enum ") {
            current = Some(enums.entry(name.to_owned()).or_default());
        } else if !line.starts_with(' ') {
            current = None;
        }
        let Some(variants) = &mut current else { continue };
        // Numbers are right-aligned in the first four columns; comments and fields stand further in.
        let Some((number, rest)) = line.get(..4).zip(line.get(5..)) else { continue };
        if let Ok(number) = number.trim().parse::<usize>() {
            assert_eq!(number, variants.len(), "{line}");
            variants.push(rest.chars().take_while(char::is_ascii_alphanumeric).collect());
        }
    }
    enums
}

fn root_problems() -> [RootProblem; 10] {
    let root = String::new;
    [
        RootProblem::NotAbsolute,
        RootProblem::NotUtf8,
        RootProblem::Missing,
        RootProblem::NotAFolder,
        RootProblem::Unreadable { reason: root() },
        RootProblem::Known,
        RootProblem::Within { root: root() },
        RootProblem::Around { root: root() },
        RootProblem::State { state_dir: root() },
        RootProblem::TooMany { roots_max: 1 },
    ]
}

#[test]
fn the_specification_numbers_what_the_code_does() {
    let mut ours: BTreeMap<String, Vec<String>> =
        vocabularies().into_iter().map(|(of, variants)| (of.to_owned(), variants)).collect();
    let messages = [
        Message::Reply { id: 0, result: Ok(Answer::Subscribed { seq: 0 }) },
        Message::Push(Push::Resync { seq: 0 }),
    ];
    ours.insert("Request".into(), requests().iter().map(name).collect());
    ours.insert("Answer".into(), answers().iter().map(name).collect());
    ours.insert("Refusal".into(), refusals().iter().map(name).collect());
    ours.insert("Push".into(), pushes().iter().map(name).collect());
    ours.insert("Message".into(), messages.iter().map(name).collect());
    let storage = [Storage::Ok, Storage::ReadOnly(String::new())];
    ours.insert("Storage".into(), storage.iter().map(name).collect());
    let tools = [Tool::Found(String::new()), Tool::Missing(String::new())];
    ours.insert("Tool".into(), tools.iter().map(name).collect());
    ours.insert("Finding".into(), findings().iter().map(name).collect());
    let unwatched =
        [Unwatched::Off, Unwatched::NoInstances, Unwatched::NoWatches, Unwatched::Remote(String::new())];
    ours.insert("Unwatched".into(), unwatched.iter().map(name).collect());
    let unconfined = [
        Unconfined::Off,
        Unconfined::LandlockNotEnabled,
        Unconfined::LandlockMissing,
        Unconfined::SeccompMissing,
        Unconfined::KernelWithout,
        Unconfined::Inside(String::new()),
        Unconfined::Untried(String::new()),
    ];
    ours.insert("Unconfined".into(), unconfined.iter().map(name).collect());
    let arguments = SettingOrigin::Arguments;
    let file = SettingOrigin::ConfigFile { path: String::new() };
    let added = RootOrigin::Added { at: Timestamp::from_millis(0), by: String::new() };
    let origins = [RootOrigin::Configured(arguments.clone()), added];
    ours.insert("RootOrigin".into(), origins.iter().map(name).collect());
    ours.insert("SettingOrigin".into(), [arguments, file].iter().map(name).collect());
    ours.insert("RootProblem".into(), root_problems().iter().map(name).collect());
    assert_eq!(ours, specified());
}
