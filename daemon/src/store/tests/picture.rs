//! A state as the tests compare it, and the commits that a life is made of.

use std::collections::BTreeMap;

use vodpost_protocol::ids::Token;

use super::{event, posting_with};
use crate::core::posting::Posting;
use crate::core::state::{Change, State};

/// What there is to lose.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) postings: BTreeMap<Token, Posting>,
    pub(super) last_seq: u64,
    pub(super) oldest_seq: u64,
}

impl Picture {
    pub(super) fn of(state: &State) -> Self {
        let postings = state.postings().map(|posting| (posting.token, posting.clone())).collect();
        Self { postings, last_seq: state.last_seq(), oldest_seq: state.oldest_seq() }
    }

    pub(super) fn after(&self, changes: &[Change]) -> Self {
        let mut after = self.clone();
        for change in changes {
            match change {
                Change::Posting(posting) => {
                    after.postings.insert(posting.token, posting.clone());
                }
                Change::Event(event) => {
                    after.last_seq = event.seq;
                    after.oldest_seq = after.oldest_seq.max(1);
                }
                Change::ForgetEvent(seq) => after.oldest_seq = seq + 1,
                Change::Video(_) | Change::ForgetVideo(_) | Change::Account(_) => panic!("not in this life"),
                Change::Queue(_) | Change::Roots(_) => panic!("not in this life"),
            }
        }
        after
    }

    /// The next commit of a life: some postings again and again, the oldest events forgotten.
    pub(super) fn next(&self) -> Vec<Change> {
        let seq = self.last_seq + 1;
        let mut changes = vec![posting_with(u128::from(seq % 5), seq), event(seq)];
        if seq.is_multiple_of(3) && self.oldest_seq > 0 {
            changes.push(Change::ForgetEvent(self.oldest_seq));
        }
        changes
    }
}
