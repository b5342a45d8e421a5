//! The rules of vodpost, pure: (input, now) to changes and effects. No async runtime, no storage, no clock, no file
//! system.
//!
//! [`Core::handle`] takes one [`input::Input`], changes the [`state::State`] in memory and returns an
//! [`transaction::Outcome`]: the changes to make durable, how to take them back if that fails, and the
//! [`effect::Effect`]s to carry out afterwards. Nothing may be shown to anybody before the changes are durable (S1).
//!
//! From the protocol crate the rules use ids, moments, refusals and the small vocabularies (switch, state, event kind);
//! what clients are shown is built elsewhere, in `clients::view`.

pub mod account;
pub mod actor;
pub mod artifact;
pub mod conversion;
pub mod effect;
pub mod event;
pub mod group;
pub mod identity;
pub mod index;
pub mod input;
pub mod library;
pub mod media;
pub mod plan;
pub mod posting;
pub mod query;
pub mod resolve;
pub mod roles;
pub mod select;
pub mod state;
pub mod switches;
pub mod titles;
pub mod transaction;
pub mod video;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::path::Path;

use vodpost_protocol::ids::VideoId;
use vodpost_protocol::posting::PostingState;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::time::Timestamp;

use actor::Actor;
use artifact::{Form, PublicState, Publication, Served, ServedLayout, WorkerReport};
use input::{Command, Input};
use posting::Posting;
use state::{Settings, State, Undo};
use transaction::{Dice, Outcome, Transaction};
use video::{Conversion, Video};

pub struct Core {
    state: State,
    settings: Settings,
    dice: Box<dyn Dice>,
}

impl Core {
    #[must_use]
    pub fn new(state: State, settings: Settings, dice: Box<dyn Dice>) -> Self {
        Self { state, settings, dice }
    }

    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Decides what an input means. The state holds the changes already; if they cannot be made durable they must be
    /// taken back with [`Core::take_back`].
    ///
    /// # Errors
    /// When a rule refuses a command; nothing has changed then.
    pub fn handle(&mut self, input: Input, now: Timestamp) -> Result<Outcome, Refusal> {
        let actor = match &input {
            Input::Command { actor, .. } => actor.clone(),
            Input::Started
            | Input::Scanned(_)
            | Input::Worker(_)
            | Input::Trashed { .. }
            | Input::ArtifactLost { .. }
            | Input::Usage(_)
            | Input::EventsExpired { .. }
            | Input::Tick => Actor::Daemon,
        };
        let mut tx = Transaction::begin(&mut self.state, &self.settings, self.dice.as_mut(), now, actor);
        let started = matches!(input, Input::Started);
        match decide(&mut tx, input) {
            Ok(()) => {
                if started || tx.has_moved_queue() {
                    conversion::schedule(&mut tx);
                }
                Ok(tx.finish())
            }
            Err(refusal) => {
                tx.abandon();
                Err(refusal)
            }
        }
    }

    /// Takes changes back, the newest first.
    pub fn take_back(&mut self, undo: Vec<Undo>) {
        for undo in undo.into_iter().rev() {
            self.state.undo(undo);
        }
    }

    /// What the public server shall know of a video's URLs.
    #[must_use]
    pub fn publications(&self, id: VideoId, artifact_folder: &Path) -> Vec<Publication> {
        let Some(video) = self.state.video(id) else { return Vec::new() };
        self.state.postings_of(id).map(|posting| publication(video, posting, artifact_folder)).collect()
    }
}

fn decide(tx: &mut Transaction<'_>, input: Input) -> Result<(), Refusal> {
    match input {
        Input::Started => {
            conversion::requeue_interrupted(tx);
            switches::resume_trashing(tx);
        }
        Input::Command { command, .. } => return obey(tx, command),
        Input::Scanned(scan) => {
            library::scanned(tx, scan);
            switches::resume_trashing(tx);
        }
        Input::Worker(WorkerReport::Progress(_)) => {}
        Input::Worker(WorkerReport::Ready { job, artifact }) => conversion::ready(tx, job, artifact),
        Input::Worker(WorkerReport::Failed { job, failure }) => conversion::failed(tx, job, failure),
        Input::Trashed { video, result } => switches::trashed(tx, video, result),
        Input::ArtifactLost { video } => conversion::remake(tx, video),
        Input::Usage(used) => count(tx, &used),
        Input::EventsExpired { before } => tx.forget_events_before(before),
        Input::Tick => tick(tx),
    }
    Ok(())
}

fn obey(tx: &mut Transaction<'_>, command: Command) -> Result<(), Refusal> {
    match command {
        Command::Generate { video, label } => conversion::generate(tx, video, label),
        Command::Retry { video } => conversion::retry(tx, video),
        Command::Cancel { video } => conversion::cancel(tx, video),
        Command::SetPostings { video, tokens, switch } => switches::set_postings(tx, video, &tokens, switch),
        Command::SetSource { video, switch } => switches::set_source(tx, video, switch),
        Command::DeleteSource { video, keep_files } => switches::delete_source(tx, video, keep_files),
        Command::Submit(submission) => account::submit(tx, *submission),
        Command::Approve => account::approve(tx),
        Command::Reject { reason } => account::reject(tx, reason),
        Command::Revoke { reason } => account::revoke(tx, reason),
        Command::Activate => account::activate(tx),
    }
}

/// What time alone changes: missed deadlines (C3) and grace periods that are over (L5).
fn tick(tx: &mut Transaction<'_>) {
    let now = tx.now();
    let settings = tx.settings().clone();
    let due: Vec<Video> = tx
        .state()
        .timed()
        .filter(|video| state::due(video, &settings).is_some_and(|due| due <= now))
        .cloned()
        .collect();
    for video in due {
        if video.order().is_some_and(|order| order.deadline <= now) {
            conversion::missed_deadline(tx, video);
        } else {
            library::grace_over(tx, video);
        }
    }
}

fn count(tx: &mut Transaction<'_>, used: &[input::Usage]) {
    for usage in used {
        if let Some(mut posting) = tx.state().posting(usage.token).cloned() {
            posting.views += usage.views;
            posting.bytes += usage.bytes;
            tx.put_posting_counters(posting);
        }
    }
}

fn publication(video: &Video, posting: &Posting, artifact_folder: &Path) -> Publication {
    let state = match posting::state(&posting::causes(video, posting)) {
        PostingState::Live => served(video, artifact_folder).map_or(PublicState::Pending, PublicState::Live),
        PostingState::Suspended => PublicState::Suspended,
        PostingState::Pending => PublicState::Pending,
        PostingState::Invalid => PublicState::Invalid,
    };
    Publication { token: posting.token, title: video.title(), state }
}

fn served(video: &Video, artifact_folder: &Path) -> Option<Served> {
    let ready = match &video.conversion {
        Conversion::Ready(ready) => ready,
        Conversion::None | Conversion::Queued(_) | Conversion::Running(_) | Conversion::Failed(_) => {
            return None;
        }
    };
    let artifact = &ready.artifact;
    let (path, identity, layout) = match &artifact.form {
        Form::AsIs => (video.path_of(&ready.order.rendition), artifact.source, ServedLayout::AsIs),
        Form::Relocated => (video.path_of(&ready.order.rendition), artifact.source, ServedLayout::Relocated),
        Form::File { name, identity } => (artifact_folder.join(name), *identity, ServedLayout::AsIs),
    };
    Some(Served {
        video: video.id,
        attempt: ready.order.attempt,
        path,
        identity,
        layout,
        duration_ms: artifact.duration_ms,
        width: artifact.width,
        height: artifact.height,
    })
}
