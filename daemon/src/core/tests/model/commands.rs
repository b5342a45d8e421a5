//! Commands, given to the code and to the reference.

use vodpost_protocol::account::{AccountKind, DocumentKind};
use vodpost_protocol::ids::Token;
use vodpost_protocol::time::Timestamp;
use vodpost_protocol::video::Switch;

use super::super::super::account::SealedSubmission;
use super::super::super::actor::Actor;
use super::super::super::input::{Command, Input};
use super::super::label;
use super::rig::Rig;
use super::steps::{Account, Asked};

const LABELS: [&str; 3] = ["default", "second", "third"];

pub(super) fn user(by: u8) -> Actor {
    let uid = 1000 + u32::from(by % 2);
    Actor::user(uid, if uid == 1000 { "ann" } else { "bob" })
}

impl Rig {
    /// Even numbers name the living videos alone, for they are the interesting ones.
    pub(super) fn video_at(&self, number: u8) -> Option<usize> {
        let videos = &self.around.reference.videos;
        let number = usize::from(number);
        let living: Vec<usize> = (0..videos.len()).filter(|at| videos[*at].lives()).collect();
        if number.is_multiple_of(2) && !living.is_empty() {
            return Some(living[number / 2 % living.len()]);
        }
        (!videos.is_empty()).then(|| number / 2 % videos.len())
    }

    pub(super) fn posting_at(&self, number: u8) -> Option<(usize, usize)> {
        let postings: Vec<(usize, usize)> = self
            .around
            .reference
            .videos
            .iter()
            .enumerate()
            .flat_map(|(at, video)| (0..video.postings.len()).map(move |posting| (at, posting)))
            .collect();
        (!postings.is_empty()).then(|| postings[usize::from(number) % postings.len()])
    }

    pub(super) fn video_command(&mut self, number: u8, asked: Asked) -> Result<(), String> {
        let Some(at) = self.video_at(number) else { return Ok(()) };
        let reference = &mut self.around.reference;
        let video = reference.videos[at].id;
        let (command, expected) = match asked {
            Asked::Generate { label: number } => {
                let name = LABELS[usize::from(number) % LABELS.len()];
                (Command::Generate { video, label: label(name) }, reference.generate(at, name))
            }
            Asked::Retry => (Command::Retry { video }, reference.retry(at)),
            Asked::Cancel => (Command::Cancel { video }, reference.cancel(at)),
            Asked::SetSource { on } => {
                (Command::SetSource { video, switch: switch(on) }, reference.set_source(at, on))
            }
            Asked::Delete { keep_files } => {
                (Command::DeleteSource { video, keep_files }, reference.delete(at, keep_files))
            }
        };
        self.give(Input::Command { actor: user(0), command }, expected)
    }

    /// One posting of a video or all of them; with `unknown`, a token that nobody has comes last.
    pub(super) fn set_posting(
        &mut self,
        number: u8,
        on: bool,
        all: bool,
        unknown: bool,
    ) -> Result<(), String> {
        let Some((at, posting)) = self.posting_at(number) else { return Ok(()) };
        let reference = &mut self.around.reference;
        let count = reference.videos[at].postings.len();
        let chosen = if all { 0..count } else { posting..posting + 1 };
        let video = reference.videos[at].id;
        let postings = &reference.videos[at].postings[chosen.clone()];
        let changed = postings.iter().any(|posting| posting.on != on);
        let mut tokens: Vec<Token> = postings.iter().map(|posting| posting.token.unwrap()).collect();
        tokens.extend(unknown.then(|| Token::from_random(u128::MAX)));
        let expected = reference.set_postings(at, chosen, on, unknown);
        let command = Command::SetPostings { video, tokens, switch: switch(on) };
        let before = self.around.last_seq;
        self.give(Input::Command { actor: user(0), command }, expected)?;
        let quiet = changed || self.around.last_seq == before;
        if quiet { Ok(()) } else { Err("P4: an event, though nothing was switched".to_owned()) }
    }

    pub(super) fn account_command(&mut self, by: u8, asked: Account) -> Result<(), String> {
        let reference = &mut self.around.reference;
        let actor = user(by);
        let uid = actor.uid().unwrap();
        let reason = || "a reason".to_owned();
        let (command, expected) = match asked {
            Account::Submit { enterprise } => {
                let submission = submission(enterprise, by, reference.now);
                (Command::Submit(Box::new(submission)), reference.submit(enterprise, uid))
            }
            Account::Approve => (Command::Approve, reference.approve(uid)),
            Account::Reject => (Command::Reject { reason: reason() }, reference.reject(uid)),
            Account::Revoke => (Command::Revoke { reason: reason() }, reference.revoke()),
            Account::Activate => (Command::Activate, reference.activate()),
        };
        self.give(Input::Command { actor, command }, expected)
    }
}

fn switch(on: bool) -> Switch {
    if on { Switch::On } else { Switch::Off }
}

fn submission(enterprise: bool, by: u8, at: Timestamp) -> SealedSubmission {
    SealedSubmission {
        kind: if enterprise { AccountKind::Enterprise } else { AccountKind::Individual },
        name: "Li Lei".into(),
        document: DocumentKind::Other,
        number_masked: "***".into(),
        number_sealed: vec![1],
        contact: None,
        at,
        by: user(by),
    }
}
