//! Work that the rules asked for and that takes time: conversions, trash, old artifacts.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use vodpost_protocol::ids::{Token, VideoId};

use super::EngineHandle;
use crate::convert::{self, WorkerContext};
use crate::core::artifact::{Assignment, JobId, WorkerReport};
use crate::core::effect::Doomed;
use crate::core::input::Input;
use crate::library::trash;
use crate::media::Tools;
use crate::posters::{self, Posters};

/// Progress reports that may wait; more are left out by the worker.
const REPORTS_LEN: usize = 64;

pub struct Jobs {
    runtime: Handle,
    tools: Arc<Tools>,
    /// Where artifacts of ours are.
    folder: PathBuf,
    posters: Posters,
    running: HashMap<JobId, CancellationToken>,
}

impl Jobs {
    #[must_use]
    pub fn new(runtime: Handle, tools: Arc<Tools>, folder: PathBuf, posters: Posters) -> Self {
        Self { runtime, tools, folder, posters, running: HashMap::new() }
    }

    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn start(&mut self, assignment: Assignment, engine: &EngineHandle) {
        let cancel = CancellationToken::new();
        self.running.insert(assignment.job, cancel.clone());
        let (progress, mut reports) = mpsc::channel(REPORTS_LEN);
        let context =
            WorkerContext { tools: Arc::clone(&self.tools), artifacts_dir: self.folder.clone(), progress };
        let engine = engine.clone();
        self.runtime.spawn(async move {
            let worker = convert::run(assignment, context, cancel);
            tokio::pin!(worker);
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
        if let Some(cancel) = self.running.remove(&job) {
            cancel.cancel();
        }
    }

    pub(super) fn ended(&mut self, job: JobId) {
        self.running.remove(&job);
    }

    pub(super) fn stop_all(&mut self) {
        for (_, cancel) in self.running.drain() {
            cancel.cancel();
        }
    }

    pub(super) fn trash(&self, video: VideoId, root: Arc<Path>, files: Vec<Doomed>, engine: &EngineHandle) {
        let engine = engine.clone();
        self.runtime.spawn(async move {
            let moved =
                tokio::task::spawn_blocking(move || trash::discard(&root, &video.to_string(), &files)).await;
            let result = moved.unwrap_or_else(|error| Err(error.to_string()));
            engine.input(Input::Trashed { video, result }).await;
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
