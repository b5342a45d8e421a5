//! The one loop: bounded inbox → rules → disk → everything else.
//!
//! The engine runs on a thread that it shares with its clients only, because a commit waits for the disk. It takes
//! what has arrived as one batch, lets the rules decide on each input in order, makes all their changes durable with
//! one sync, and only then updates the public server, answers the clients, tells subscribers and starts work (S1). If
//! the disk refuses, the whole batch is taken back and each writer is told so; reads and URLs go on.

mod backups;
mod batch;
mod desk;
mod effects;
mod handle;
mod jobs;
mod queue;
mod reads;
mod retention;
mod unsaved;
mod unwritable;
mod writes;

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockWriteGuard};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{broadcast, mpsc, watch};
use vodpost_protocol::event::Push;
use vodpost_protocol::ids::VideoId;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::status::Storage;
use vodpost_protocol::time::Timestamp;

pub use handle::{Answerer, Channel, EngineHandle};
pub use jobs::{JobCounts, Jobs};

use crate::checkup::Checkups;
use crate::core::Core;
use crate::core::actor::Actor;
use crate::core::artifact::{Form, WorkerReport};
use crate::core::input::{Command, Input};
use crate::core::searches::Searches;
use crate::core::video::Video;
use crate::delivery::link::PublicUrl;
use crate::delivery::table::Table;
use crate::error::chain;
use crate::library::watch::Coverage;
use crate::media::{Tools, identity_of_metadata};
use crate::seal::Sealer;
use crate::store::Store;
use backups::Backing;
use batch::{Batch, Done};
use handle::{Message, UnknownFiles};
use reads::ScanNotes;
use retention::Retention;
use unsaved::{gathered, retry_of};
use writes::Pending;

/// Inputs that one sync may serve.
const BATCH_MAX: usize = 256;
/// A disk that refused is tried anew so often, and not more often than this for anything that nobody waits for.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// So long after the first change the state table is flushed.
const FLUSH_AFTER: Duration = Duration::from_secs(2);

/// What does not change while the daemon runs.
pub struct Facts {
    pub started_at: Timestamp,
    pub http_addr: String,
    pub public_url: Arc<PublicUrl>,
    pub socket: PathBuf,
    pub state_dir: PathBuf,
    pub restored_at: Option<Timestamp>,
    pub coverage: Arc<Coverage>,
    pub tools: Arc<Tools>,
    /// Empty until ffmpeg has answered.
    pub ffmpeg_version: Arc<OnceLock<String>>,
}

pub struct Engine {
    core: Core,
    store: Store,
    table: Arc<Table>,
    sealer: Sealer,
    jobs: Jobs,
    facts: Facts,
    checkups: Checkups,
    handle: EngineHandle,
    pushes: broadcast::Sender<Push>,
    scan_wanted: mpsc::Sender<()>,
    /// Where the scanner reads which folders there are.
    roots: watch::Sender<Vec<Arc<Path>>>,
    storage: Storage,
    /// After the disk refused: when it is tried again.
    retry_at: Option<Instant>,
    /// What happened but could not be made durable, in order.
    unsaved: Vec<Input>,
    backup: Option<Backing>,
    /// When the state table wants to be flushed.
    flush_at: Option<Instant>,
    retention: Retention,
    scans: ScanNotes,
    searches: Searches,
}

/// What the engine needs to run, put together at start.
pub struct Parts {
    pub core: Core,
    pub store: Store,
    /// Why changes cannot be stored for now.
    pub refuses: Option<String>,
    pub table: Arc<Table>,
    pub sealer: Sealer,
    pub jobs: Jobs,
    pub facts: Facts,
    pub checkups: Checkups,
    pub scan_wanted: mpsc::Sender<()>,
    pub roots: watch::Sender<Vec<Arc<Path>>>,
    /// Zero: however old they are.
    pub events_kept_for: Duration,
}

/// Runs until told to stop. It blocks its thread while the disk writes, so that thread is for it and its clients alone:
/// whoever asked meanwhile is in the next batch. The handle of the channel may be given out before; what is sent waits.
pub async fn run(parts: Parts, channel: Channel) {
    let Channel { handle, mut inbox, pushes } = channel;
    let engine = Arc::new(RwLock::new(Engine::new(parts, handle.clone(), pushes)));
    lock(&engine).begin();
    handle.desk.open(&engine);
    loop {
        let due = lock(&engine).due_in();
        let first = tokio::select! {
            message = inbox.recv() => message,
            () = sleep_or_wait(due) => Some(Message::Input(Input::Tick)),
        };
        let Some(first) = first else { break };
        let mut batch = vec![first];
        while batch.len() < BATCH_MAX
            && let Ok(next) = inbox.try_recv()
        {
            batch.push(next);
        }
        let done = lock(&engine).step(batch);
        // Those who were answered are sent their answers first.
        tokio::task::yield_now().await;
        let stop = lock(&engine).follow_up(done);
        if let Some(stopped) = stop {
            lock(&engine).end();
            if stopped.send(()).is_err() {
                tracing::debug!("nobody waits for the end any more");
            }
            return;
        }
        lock(&engine).tidy();
    }
    lock(&engine).end();
}

/// Only the engine's own thread changes anything, and a panic in it ends the daemon.
fn lock(engine: &RwLock<Engine>) -> RwLockWriteGuard<'_, Engine> {
    engine.write().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    fn new(parts: Parts, handle: EngineHandle, pushes: broadcast::Sender<Push>) -> Self {
        let Parts {
            core,
            store,
            refuses,
            table,
            sealer,
            jobs,
            facts,
            checkups,
            scan_wanted,
            roots,
            events_kept_for,
        } = parts;
        Self {
            core,
            store,
            table,
            sealer,
            jobs,
            facts,
            checkups,
            handle,
            pushes,
            scan_wanted,
            roots,
            retry_at: refuses.is_some().then(Instant::now),
            storage: refuses.map_or(Storage::Ok, Storage::ReadOnly),
            unsaved: Vec::new(),
            backup: None,
            flush_at: None,
            retention: Retention::new(events_kept_for),
            scans: ScanNotes::default(),
            searches: Searches::default(),
        }
    }

    fn begin(&mut self) {
        let mut first = vec![Message::Input(Input::Started)];
        first.extend(self.lost_artifacts());
        self.step_alone(first);
    }

    /// What nobody waits for.
    fn tidy(&mut self) {
        self.store.follow_in_time();
        self.try_disk_if_due();
        if let Some(expired) = self.expired_events() {
            self.step_alone(vec![Message::Input(expired)]);
        }
        self.flush_if_due();
        self.store.maintain();
    }

    fn end(&mut self) {
        self.jobs.stop_all();
        self.stop_backup();
        self.store.close();
    }

    fn now() -> Timestamp {
        Timestamp::from_system(SystemTime::now())
    }

    fn due_in(&self) -> Option<Duration> {
        let flush = self.flush_at.map(|at| at.saturating_duration_since(Instant::now()));
        if let Some(retry_at) = self.retry_at {
            // Whatever is due meanwhile would be refused as well.
            let retry = retry_at.saturating_duration_since(Instant::now());
            return Some(flush.map_or(retry, |flush| flush.min(retry)));
        }
        let due = self.core.next_due();
        let due = due.into_iter().chain(self.retention.due()).min().map(|due| due.since(Self::now()));
        let unsaved = (!self.unsaved.is_empty()).then_some(Duration::ZERO);
        // The clock counts in milliseconds; a little later is after the moment for certain.
        let due = due.map(|due| due + Duration::from_millis(2));
        [due, unsaved, flush, self.store.look_after()].into_iter().flatten().min()
    }

    /// A batch that nobody waits for.
    fn step_alone(&mut self, messages: Vec<Message>) {
        let done = self.step(messages);
        if self.follow_up(done).is_some() {
            tracing::error!("the order to stop came from the engine itself");
        }
    }

    /// Handles one batch as far as the answers. What comes after them is returned, for [`Engine::follow_up`].
    fn step(&mut self, messages: Vec<Message>) -> Done {
        let mut batch = Batch::default();
        let mut stop = None;
        let tries = self.retry_is_due().unwrap_or(true) || messages.iter().any(Message::is_worth_a_try);
        if tries {
            for input in std::mem::take(&mut self.unsaved) {
                self.take_input(&mut batch, input);
            }
        }
        for message in messages {
            match message {
                Message::Ask { peer, request, answerer } => {
                    self.take_ask(&mut batch, peer, request, answerer)
                }
                Message::Input(input) if tries => self.take_input(&mut batch, input),
                Message::Input(input) => self.put_off(input),
                Message::UnknownFiles(question) => self.answer_unknown(question),
                Message::Examined { peer, examined, answerer } => {
                    let actor = Actor::user(peer.uid, peer.name);
                    let asked = examined.map(|path| (Command::AddRoot { path }, Pending::Library));
                    self.take_command(&mut batch, actor, asked, answerer);
                }
                Message::ScanBegins => self.scans.begin(),
                Message::SourceDiffers(video) => {
                    tracing::debug!(%video, "the file on disk is not the one that was verified; looking at the library");
                    self.want_scan();
                    if tries && self.artifact_is_lost(video) {
                        self.take_input(&mut batch, Input::ArtifactLost { video });
                    }
                }
                Message::Stop(stopped) => stop = Some(stopped),
            }
        }
        Done { stop, ..self.commit(batch) }
    }

    /// Whether the file of ours that is served for this video is not the one that was verified.
    fn artifact_is_lost(&self, video: VideoId) -> bool {
        let artifact = self.core.state().video(video).and_then(Video::artifact);
        artifact.is_some_and(|artifact| match &artifact.form {
            Form::File { name, identity } => {
                let found = std::fs::metadata(self.jobs.folder().join(&**name));
                found.map_or(true, |meta| identity_of_metadata(&meta) != **identity)
            }
            Form::AsIs | Form::Relocated => false,
        })
    }

    /// C5: files of ours may have been lost while the daemon was down.
    fn lost_artifacts(&self) -> Vec<Message> {
        let videos = self.core.state().videos().map(|video| video.id);
        let lost = videos.filter(|video| self.artifact_is_lost(*video));
        lost.map(|video| Message::Input(Input::ArtifactLost { video })).collect()
    }

    fn take_input(&mut self, batch: &mut Batch, input: Input) {
        match &input {
            Input::Worker(WorkerReport::Progress(progress)) => self.pass_on(progress),
            Input::Worker(WorkerReport::Ready { job, .. }) => {
                self.jobs.ready(*job);
                batch.finished.push(job.video);
            }
            Input::Worker(WorkerReport::Failed { job, .. }) => {
                self.jobs.failed(*job);
                batch.finished.push(job.video);
            }
            Input::Started | Input::Command { .. } | Input::Scanned(_) | Input::Trashed { .. } => {}
            Input::ArtifactLost { .. } | Input::Usage(_) | Input::EventsExpired { .. } | Input::Tick => {}
        }
        batch.observe(self);
        let scanned = match &input {
            Input::Scanned(scan) => {
                self.scans.note(scan, Self::now());
                true
            }
            Input::Started | Input::Command { .. } | Input::Worker(_) | Input::Trashed { .. } => false,
            Input::ArtifactLost { .. } | Input::Usage(_) | Input::EventsExpired { .. } | Input::Tick => false,
        };
        if let Input::Trashed { video, result: Err(reason) } = &input {
            tracing::error!(%video, reason, "the files of a deleted video stay where they are for now");
        }
        batch.retry.extend(retry_of(&input));
        match self.core.handle(input, Self::now()) {
            Ok(outcome) => {
                if scanned {
                    let view = self.scans.count(&outcome.changes);
                    let waiting = self.scans.take_waiting();
                    batch.answers.extend(waiting.into_iter().map(|answerer| (answerer, Pending::Scan(view))));
                }
                batch.add(outcome);
            }
            // Only commands can be refused.
            Err(refusal) => tracing::error!(kind = refusal.kind(), "an input was refused"),
        }
    }

    fn answer_unknown(&self, question: UnknownFiles) {
        let UnknownFiles { mut listing, answer } = question;
        listing.retain(|(root, file)| crate::core::library::needs_probe(self.core.state(), root, file));
        // The scanner may have been stopped meanwhile.
        drop(answer.send(listing));
    }

    /// Makes the batch durable and then visible, or takes it back.
    fn commit(&mut self, batch: Batch) -> Done {
        let Batch { changes, undo, effects, touched, answers, retry, observed: _, finished, backups } = batch;
        match self.store.commit(&changes) {
            Ok(()) => {
                if !changes.is_empty() {
                    self.recovered();
                    self.flush_at.get_or_insert_with(|| Instant::now() + FLUSH_AFTER);
                }
                for video in touched {
                    self.table.apply(self.core.publications(video, self.jobs.folder()));
                }
                self.handle.newest_seq.store(self.core.state().last_seq(), Ordering::Release);
                for (answerer, pending) in answers {
                    answerer.answer(self.resolve(pending));
                }
                Done { effects, finished, backups, stop: None }
            }
            Err(error) => {
                let reason = chain(&error);
                self.core.take_back(undo);
                self.unsaved = gathered(retry);
                self.refused(reason.clone());
                for (answerer, pending) in answers {
                    let result = match pending {
                        Pending::Read(_) | Pending::Refused(_) => self.resolve(pending),
                        Pending::Video(_)
                        | Pending::Account
                        | Pending::Jobs
                        | Pending::Library
                        | Pending::Scan(_) => Err(Refusal::StorageFailed { reason: reason.clone() }),
                    };
                    answerer.answer(result);
                }
                Done { backups, ..Done::default() }
            }
        }
    }

    fn flush_if_due(&mut self) {
        if self.flush_at.is_some_and(|at| at <= Instant::now()) {
            self.flush_at = None;
            self.store.flush();
        }
    }
}

async fn sleep_or_wait(span: Option<Duration>) {
    match span {
        Some(span) => tokio::time::sleep(span).await,
        None => std::future::pending().await,
    }
}
