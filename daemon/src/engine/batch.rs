//! What came of a batch of inputs, until it is durable or taken back.

use std::collections::BTreeSet;
use std::path::PathBuf;

use tokio::sync::oneshot;
use vodpost_protocol::ids::VideoId;

use super::writes::Pending;
use super::{Answerer, Engine};
use crate::core::effect::Effect;
use crate::core::input::Input;
use crate::core::state::{Change, Undo};
use crate::core::transaction::Outcome;

/// One batch on its way to the disk.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) changes: Vec<Change>,
    pub(super) undo: Vec<Undo>,
    pub(super) effects: Vec<Effect>,
    pub(super) touched: BTreeSet<VideoId>,
    pub(super) answers: Vec<(Answerer, Pending)>,
    /// Inputs that must be tried again if the disk refuses.
    pub(super) retry: Vec<Input>,
    /// The rules were told of the machine.
    pub(super) observed: bool,
    /// Videos that may go live for the first time, and get a poster then.
    pub(super) finished: Vec<VideoId>,
    pub(super) backups: Vec<(Answerer, PathBuf)>,
}

/// What comes after the answers of a batch.
#[derive(Default)]
pub(super) struct Done {
    pub(super) effects: Vec<Effect>,
    pub(super) finished: Vec<VideoId>,
    pub(super) backups: Vec<(Answerer, PathBuf)>,
    /// Whom to tell of the end, when it was ordered.
    pub(super) stop: Option<oneshot::Sender<()>>,
}

impl Batch {
    /// Once for all inputs of a batch.
    pub(super) fn observe(&mut self, engine: &mut Engine) {
        if !std::mem::replace(&mut self.observed, true) {
            engine.observe_room();
        }
    }

    pub(super) fn add(&mut self, outcome: Outcome) {
        self.changes.extend(outcome.changes);
        self.undo.extend(outcome.undo);
        self.effects.extend(outcome.effects);
        self.touched.extend(outcome.touched);
    }
}
