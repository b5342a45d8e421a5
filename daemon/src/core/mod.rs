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
pub mod file_name;
pub mod forecast;
pub mod group;
pub mod identity;
pub mod index;
pub mod input;
pub mod library;
pub mod line;
pub mod media;
pub mod plan;
pub mod posting;
pub mod query;
pub mod queue;
pub mod resolve;
pub mod roles;
pub mod roots;
pub mod searches;
pub mod select;
mod shared;
pub mod state;
pub mod switches;
pub mod titles;
pub mod traffic;
pub mod transaction;
pub mod video;
pub mod work;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
pub(crate) mod tests;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use vodpost_protocol::ids::VideoId;
use vodpost_protocol::posting::PostingState;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::time::Timestamp;

use actor::Actor;
use artifact::{Progress, PublicState, Publication, Served, WorkerReport};
use effect::Effect;
use forecast::Forecast;
use input::{Command, Input};
use posting::Posting;
use queue::Machine;
use state::{Settings, State, Undo};
use transaction::{Around, Dice, Outcome, Transaction};
use video::{Conversion, DeletionKind, Video};
use work::Work;

/// How long after a change of the queue it is looked through, and how often in between.
const FORECAST_SOON: Duration = Duration::from_secs(2);
const FORECAST_EVERY: Duration = Duration::from_secs(60);
/// L5: a look that was asked for because a grace period was over, and that did not come, is asked for again after this.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(600);
/// When it is looked again whether a full disk has room.
const ROOM_AGAIN_AFTER: Duration = Duration::from_secs(30);

pub struct Core {
    state: State,
    settings: Settings,
    dice: Box<dyn Dice + Send + Sync>,
    around: Around,
    /// When the queue is looked through for what will be late.
    forecast_at: Option<Timestamp>,
    /// When the disk may have room again.
    room_at: Option<Timestamp>,
    /// When a look at the library was asked for last.
    look_asked_at: Option<Timestamp>,
}

impl Core {
    #[must_use]
    pub fn new(state: State, settings: Settings, dice: Box<dyn Dice + Send + Sync>) -> Self {
        let around = Around::default();
        Self { state, settings, dice, around, forecast_at: None, room_at: None, look_asked_at: None }
    }

    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// L1: the folders that are looked at.
    #[must_use]
    pub fn roots(&self) -> Vec<Arc<Path>> {
        roots::active(&self.state, &self.settings)
    }

    /// What is known of the machine and of running work.
    #[must_use]
    pub fn around(&self) -> &Around {
        &self.around
    }

    /// To be told before inputs are handled while something waits for a worker.
    pub fn observe(&mut self, machine: Machine) {
        self.around.machine = machine;
    }

    /// When time will next change something.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let own = self.forecast_at.into_iter().chain(self.room_at).chain(self.next_look());
        self.state.next_due().into_iter().chain(own).min()
    }

    /// L5: when the library has to be looked at, because a grace period is over. Time alone deletes nothing: the files may
    /// be back, or their disk away, and nobody has noticed.
    fn next_look(&self) -> Option<Timestamp> {
        let grace = self.settings.missing_grace;
        let first = self.state.first_vanished()?.after(grace);
        let Some(asked_at) = self.look_asked_at.filter(|asked_at| first <= *asked_at) else {
            return Some(first);
        };
        let later = self.state.vanished_after(asked_at.before(grace)).map(|since| since.after(grace));
        later.into_iter().chain([asked_at.after(LOOK_AGAIN_AFTER)]).min()
    }

    /// When the conversions of the queue should be ready.
    #[must_use]
    pub fn forecast(&self, now: Timestamp) -> Forecast {
        Forecast::of(&self.state, &self.settings, &self.around.progress, now)
    }

    /// The same if these were ordered now as well, and a paused queue went on.
    #[must_use]
    pub fn forecast_with(&self, more: &[(VideoId, Work)], now: Timestamp) -> Forecast {
        Forecast::with(&self.state, &self.settings, &self.around.progress, now, more)
    }

    /// Bytes on the disk that nothing which runs or waits needs; `None` where that is unknown.
    #[must_use]
    pub fn room_for_more(&self) -> Option<u64> {
        queue::room_for_more(&self.state, &self.around)
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
        let started = matches!(input, Input::Started);
        let ticks = matches!(input, Input::Tick);
        let looks = ticks && self.next_look().is_some_and(|at| at <= now);
        if let Input::Worker(WorkerReport::Progress(progress)) = &input {
            self.note_progress(progress);
        }
        if let Input::Trashed { video, result } = &input {
            self.note_trash(*video, result, now);
        }
        let look_began_at = if let Input::Scanned(scan) = &input { Some(scan.began_at) } else { None };
        let (state, settings, dice) = (&mut self.state, &self.settings, self.dice.as_mut());
        let mut tx = Transaction::begin(state, settings, &self.around, dice, now, actor);
        if let Err(refusal) = decide(&mut tx, input) {
            tx.abandon();
            return Err(refusal);
        }
        let moved = started || tx.has_moved_queue();
        if moved || (ticks && self.room_at.is_some_and(|at| at <= now)) {
            queue::schedule(&mut tx);
            self.room_at = tx.is_short_of_room().then(|| now.after(ROOM_AGAIN_AFTER));
        }
        if ticks && self.forecast_at.is_some_and(|at| at <= now) {
            queue::warn(&mut tx);
            self.forecast_at = None;
        }
        if looks {
            tx.effect(Effect::Scan);
        }
        // At every start the library is looked at anyway.
        if looks || started {
            self.look_asked_at = Some(now);
        }
        let outcome = tx.finish();
        if let Some(look_began_at) = look_began_at {
            // The next look begins later than this one.
            self.around.trashed_at.retain(|_, at| *at >= look_began_at);
        }
        if moved {
            let state = &self.state;
            self.around.progress.retain(|id, _| state.line().is_running(*id));
        }
        self.plan_forecast(moved, now);
        Ok(outcome)
    }

    /// A word of an earlier attempt says nothing of this one.
    fn note_progress(&mut self, progress: &Progress) {
        let order = self.state.video(progress.job.video).and_then(Video::order);
        if order.is_some_and(|order| order.attempt == progress.job.attempt) {
            self.around.progress.insert(progress.job.video, *progress);
        }
    }

    /// It is tried again with each look at the library.
    fn note_trash(&mut self, video: VideoId, result: &Result<(), String>, now: Timestamp) {
        let deletion = self.state.video(video).and_then(switches::deletion);
        if deletion != Some(DeletionKind::Trashing) {
            return;
        }
        match result {
            Ok(()) => {
                self.around.trash_failures.remove(&video);
                self.around.trashed_at.insert(video, now);
            }
            Err(reason) => {
                self.around.trash_failures.insert(video, reason.clone());
            }
        }
    }

    /// C3: soon after the queue has changed, and now and then while something waits.
    fn plan_forecast(&mut self, moved: bool, now: Timestamp) {
        if self.state.line().all().next().is_none() {
            self.forecast_at = None;
            return;
        }
        let again = now.after(if moved { FORECAST_SOON } else { FORECAST_EVERY });
        self.forecast_at = Some(self.forecast_at.map_or(again, |at| at.min(again)));
    }

    /// Takes changes back, the newest first.
    pub fn take_back(&mut self, undo: Vec<Undo>) {
        for undo in undo.into_iter().rev() {
            self.state.undo(undo);
        }
    }

    /// What the public server shall know of a video's URLs.
    #[must_use]
    pub fn publications(&self, id: VideoId, artifact_folder: &Arc<Path>) -> Vec<Publication> {
        let Some(video) = self.state.video(id) else { return Vec::new() };
        self.state.postings_of(id).map(|posting| publication(video, posting, artifact_folder)).collect()
    }

    /// The same for every video.
    pub fn all_publications(&self, artifact_folder: &Arc<Path>) -> impl Iterator<Item = Publication> {
        self.state.posted().map(|(video, posting)| publication(video, posting, artifact_folder))
    }
}

fn decide(tx: &mut Transaction<'_>, input: Input) -> Result<(), Refusal> {
    match input {
        Input::Started => {
            queue::requeue_interrupted(tx);
            switches::resume_trashing(tx);
        }
        Input::Command { command, .. } => return obey(tx, command),
        Input::Scanned(scan) => {
            library::scanned(tx, scan);
            switches::resume_trashing(tx);
        }
        Input::Worker(WorkerReport::Progress(progress)) => queue::judge(tx, &progress),
        Input::Worker(WorkerReport::Ready { job, artifact, done }) => {
            conversion::ready(tx, job, artifact, done);
        }
        Input::Worker(WorkerReport::Failed { job, failure, chance }) => {
            conversion::failed(tx, job, failure, chance);
        }
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
        Command::PauseQueue => {
            queue::pause(tx);
            Ok(())
        }
        Command::ResumeQueue => {
            queue::resume(tx);
            Ok(())
        }
        Command::SetPostings { video, tokens, switch } => switches::set_postings(tx, video, &tokens, switch),
        Command::SetListed { video, tokens, listed } => switches::set_listed(tx, video, &tokens, listed),
        Command::SetSource { video, switch } => switches::set_source(tx, video, switch),
        Command::DeleteSource { video, keep_files } => switches::delete_source(tx, video, keep_files),
        Command::Submit(submission) => account::submit(tx, *submission),
        Command::Approve => account::approve(tx),
        Command::Reject { reason } => account::reject(tx, reason),
        Command::Revoke { reason } => account::revoke(tx, reason),
        Command::Activate => account::activate(tx),
        Command::AddRoot { path } => roots::add(tx, path),
        Command::RemoveRoot { path } => roots::remove(tx, &path),
    }
}

/// What time alone changes: missed deadlines (C3), and pauses that are over (C5).
fn tick(tx: &mut Transaction<'_>) {
    let overdue: Vec<Video> = tx.state().overdue(tx.now()).cloned().collect();
    for video in overdue {
        conversion::missed_deadline(tx, video);
    }
    // What is still held then; its deadline is not over.
    queue::release(tx);
}

fn count(tx: &mut Transaction<'_>, used: &[input::Usage]) {
    for usage in used {
        if let Some(mut posting) = tx.state().posting(usage.token).cloned() {
            posting.views += usage.views;
            posting.bytes += usage.bytes;
            if usage.watched {
                posting.traffic.get_or_insert_default().count(usage.views, &usage.referrers, tx.now());
            }
            tx.put_posting_counters(posting);
        }
    }
}

fn publication(video: &Video, posting: &Posting, artifact_folder: &Arc<Path>) -> Publication {
    let state = match posting::state(&posting::causes(video, posting)) {
        PostingState::Live => served(video, artifact_folder).map_or(PublicState::Pending, PublicState::Live),
        PostingState::Suspended => PublicState::Suspended,
        PostingState::Pending => PublicState::Pending,
        PostingState::Invalid => PublicState::Invalid,
    };
    let (listed, created_at) = (posting.listed, posting.created_at);
    Publication { token: posting.token, base: Arc::clone(&video.place.base), listed, created_at, state }
}

fn served(video: &Video, artifact_folder: &Arc<Path>) -> Option<Served> {
    match &video.conversion {
        Conversion::Ready(ready) => Some(Served::new(video, Arc::clone(ready), artifact_folder)),
        Conversion::None | Conversion::Queued(_) | Conversion::Running(_) | Conversion::Failed(_) => None,
    }
}
