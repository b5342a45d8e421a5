//! Work that the rules asked for and that takes time: conversions, trash, old artifacts.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use vodpost_protocol::ids::{Token, VideoId};
use vodpost_protocol::refusal::Refusal;

use super::{Answerer, EngineHandle};
use crate::clients::Peer;
use crate::convert::{self, WorkerContext};
use crate::core::artifact::{Assignment, JobId, WorkerReport};
use crate::core::effect::Doomed;
use crate::core::input::Input;
use crate::library::{examine, trash};
use crate::media::Tools;
use crate::posters::{self, Posters};

/// Progress reports that may wait; more are left out by the worker.
const REPORTS_LEN: usize = 64;
/// Conversions that write nothing and so take no worker, looked into at a time.
const TURNS: usize = 16;

pub struct Jobs {
    runtime: Handle,
    tools: Arc<Tools>,
    /// Where artifacts of ours are.
    folder: Arc<Path>,
    posters: Posters,
    running: HashMap<JobId, Running>,
    turns: Arc<Semaphore>,
    counts: Arc<JobCounts>,
}

struct Running {
    cancel: CancellationToken,
    since: Instant,
}

/// How conversions ended since the start of the daemon.
#[derive(Debug, Default)]
pub struct JobCounts {
    ready: AtomicU64,
    failed: AtomicU64,
    stopped: AtomicU64,
    spent_ms: AtomicU64,
}

impl JobCounts {
    #[must_use]
    pub fn ready(&self) -> u64 {
        self.ready.load(Ordering::Relaxed)
    }

    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Before their end, by a command or because their source changed.
    #[must_use]
    pub fn stopped(&self) -> u64 {
        self.stopped.load(Ordering::Relaxed)
    }

    #[must_use]
    pub fn spent(&self) -> Duration {
        Duration::from_millis(self.spent_ms.load(Ordering::Relaxed))
    }

    fn count(&self, how: &AtomicU64, since: Instant) {
        let spent_ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        how.fetch_add(1, Ordering::Relaxed);
        self.spent_ms.fetch_add(spent_ms, Ordering::Relaxed);
    }
}

impl Jobs {
    #[must_use]
    pub fn new(runtime: Handle, tools: Arc<Tools>, folder: Arc<Path>, posters: Posters) -> Self {
        let turns = Arc::new(Semaphore::new(TURNS));
        Self { runtime, tools, folder, posters, running: HashMap::new(), turns, counts: Arc::default() }
    }

    #[must_use]
    pub fn counts(&self) -> Arc<JobCounts> {
        Arc::clone(&self.counts)
    }

    #[must_use]
    pub fn folder(&self) -> &Arc<Path> {
        &self.folder
    }

    pub(super) fn start(&mut self, assignment: Assignment, engine: &EngineHandle) {
        let cancel = CancellationToken::new();
        let running = Running { cancel: cancel.clone(), since: Instant::now() };
        self.running.insert(assignment.job, running);
        let (tools, artifacts_dir) = (Arc::clone(&self.tools), self.folder.to_path_buf());
        let turns = (!assignment.plan.needs_worker()).then(|| Arc::clone(&self.turns));
        let engine = engine.clone();
        self.runtime.spawn(async move {
            // A whole library may be asked for at once: what waits here is an assignment, not the work.
            let _turn = match turns {
                Some(turns) => cancel.run_until_cancelled(turns.acquire_owned()).await.and_then(Result::ok),
                None => None,
            };
            let (progress, mut reports) = mpsc::channel(REPORTS_LEN);
            let context = WorkerContext { tools, artifacts_dir, progress };
            let mut worker = Box::pin(convert::run(assignment, context, cancel));
            let report = loop {
                tokio::select! {
                    report = &mut worker => break report,
                    Some(report) = reports.recv() => engine.input(Input::Worker(report)).await,
                }
            };
            if let WorkerReport::Failed { job, failure, .. } = &report {
                tracing::warn!(video = %job.video, attempt = job.attempt, reason = failure.reason, "conversion failed");
            }
            engine.input(Input::Worker(report)).await;
        });
    }

    pub(super) fn stop(&mut self, job: JobId) {
        if let Some(Running { cancel, since }) = self.running.remove(&job) {
            cancel.cancel();
            self.counts.count(&self.counts.stopped, since);
        }
    }

    pub(super) fn ready(&mut self, job: JobId) {
        if let Some(running) = self.running.remove(&job) {
            self.counts.count(&self.counts.ready, running.since);
        }
    }

    pub(super) fn failed(&mut self, job: JobId) {
        if let Some(running) = self.running.remove(&job) {
            self.counts.count(&self.counts.failed, running.since);
        }
    }

    pub(super) fn stop_all(&mut self) {
        for (_, running) in self.running.drain() {
            running.cancel.cancel();
        }
    }

    pub(super) fn trash(&self, video: VideoId, root: Arc<Path>, files: Vec<Doomed>, engine: &EngineHandle) {
        let engine = engine.clone();
        self.runtime.spawn(async move {
            let moved = tokio::task::spawn_blocking(move || trash::discard(&root, video, &files)).await;
            let result = moved.unwrap_or_else(|error| Err(error.to_string()));
            engine.input(Input::Trashed { video, result }).await;
        });
    }

    /// Whether this folder may be part of the library, as far as the disk can tell.
    pub(super) fn examine(&self, path: PathBuf, peer: Peer, answerer: Answerer, engine: &EngineHandle) {
        let engine = engine.clone();
        self.runtime.spawn(async move {
            let examined = tokio::task::spawn_blocking(move || examine::folder(&path)).await;
            let examined = examined.unwrap_or_else(|error| {
                tracing::error!(%error, "a folder could not be examined");
                Err(Refusal::Busy)
            });
            engine.examined(peer, examined, answerer).await;
        });
    }

    pub(super) fn want_poster(&self, token: Token) {
        self.posters.want(token);
    }

    pub(super) fn remove_poster(&self, job: JobId) {
        let folder = self.folder.clone();
        self.runtime.spawn_blocking(move || posters::remove_of(&folder, job));
    }

    /// Viewers who are being sent the file keep it open; it is gone from the disk when they are.
    pub(super) fn remove_artifact(&self, name: String) {
        let path = self.folder.join(name);
        self.runtime.spawn_blocking(move || {
            if let Err(error) = std::fs::remove_file(&path) {
                tracing::warn!(%error, path = %path.display(), "an artifact that is not needed any more stays");
            }
        });
    }
}
