//! When posters are made: after a video has gone live, so that no URL waits for its picture; and when a viewer asks for one
//! that is not there, because it was lost, or its turn never came. A library of any size therefore starts without making a
//! single one. There is one at a time, on a thread of its own with the lowest priority, which ffmpeg inherits.

use std::io;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use lru::LruCache;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio_util::sync::CancellationToken;
use vodpost_protocol::ids::Token;

use crate::convert::{make_poster, poster_path};
use crate::core::artifact::{Chance, JobId};
use crate::delivery::table::Table;
use crate::media::Tools;

/// Those beyond are made when somebody asks for them.
const WAITING_MAX: usize = 64;
/// Files that gave no poster, and are not tried again until the daemon is started anew.
const GIVEN_UP_MAX: NonZero<usize> = NonZero::new(4096).unwrap();
/// As little as can be asked for (setpriority(2)).
const NICENESS: i32 = 19;

/// Where to ask for a poster.
#[derive(Debug, Clone)]
pub struct Posters {
    /// `None` where there is no ffmpeg.
    wanted: Option<mpsc::Sender<Token>>,
}

impl Posters {
    /// A poster for what this token shows, unless there is one. Never waits.
    pub fn want(&self, token: Token) {
        let Some(wanted) = &self.wanted else { return };
        match wanted.try_send(token) {
            Ok(()) => {}
            // Whoever asks for it later asks again.
            Err(TrySendError::Full(_) | TrySendError::Closed(_)) => tracing::debug!("a poster has to wait"),
        }
    }
}

struct Worker {
    table: Arc<Table>,
    tools: Arc<Tools>,
    artifacts_dir: PathBuf,
    shutdown: CancellationToken,
    given_up: LruCache<JobId, ()>,
}

/// Starts the thread that makes posters, which ends with `shutdown`. There is none where ffmpeg is missing.
///
/// # Errors
/// When no thread can be started.
pub fn start(
    table: &Arc<Table>,
    tools: &Arc<Tools>,
    artifacts_dir: &Path,
    shutdown: CancellationToken,
) -> io::Result<(Posters, Option<JoinHandle<()>>)> {
    if tools.ffmpeg.is_none() {
        return Ok((Posters { wanted: None }, None));
    }
    let (sender, wanted) = mpsc::channel(WAITING_MAX);
    let worker = Worker {
        table: Arc::clone(table),
        tools: Arc::clone(tools),
        artifacts_dir: artifacts_dir.to_owned(),
        shutdown,
        given_up: LruCache::new(GIVEN_UP_MAX),
    };
    // ffmpeg has to be started by this thread, or it would not inherit the priority.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let thread = std::thread::Builder::new().name("posters".to_owned()).spawn(move || {
        // On Linux this is the priority of the calling thread and of what it starts.
        if let Err(error) = rustix::process::nice(NICENESS) {
            tracing::warn!(%error, "posters are made with the priority of everything else");
        }
        runtime.block_on(worker.run(wanted));
    })?;
    Ok((Posters { wanted: Some(sender) }, Some(thread)))
}

impl Worker {
    async fn run(mut self, mut wanted: mpsc::Receiver<Token>) {
        let shutdown = self.shutdown.clone();
        loop {
            let next = async {
                match wanted.recv().await {
                    Some(token) => {
                        self.make(token).await;
                        true
                    }
                    None => false,
                }
            };
            let goes_on = tokio::select! {
                biased;
                // The child ends, and what it wrote is removed, with the future that is dropped here.
                () = shutdown.cancelled() => false,
                goes_on = next => goes_on,
            };
            if !goes_on {
                return;
            }
        }
    }

    async fn make(&mut self, token: Token) {
        let Some((served, ended)) = self.table.live(&token) else { return };
        let job = served.job();
        let path = poster_path(&self.artifacts_dir, job);
        if self.given_up.contains(&job) || path.exists() {
            return;
        }
        let tools = Arc::clone(&self.tools);
        match make_poster(Arc::new(served), tools, &self.artifacts_dir, &ended).await {
            // It ended while its poster came into being, and whoever removed the posters may have been here before.
            Ok(()) if ended.is_cancelled() => remove(&path),
            Ok(()) => tracing::debug!(video = %job.video, "a poster was made"),
            Err(_) if ended.is_cancelled() => {}
            Err((failure, Chance::Lasting)) => {
                tracing::info!(video = %job.video, reason = failure.reason, "there will be no poster");
                self.given_up.put(job, ());
            }
            // Whoever asks for it next has it tried again.
            Err((failure, Chance::MayPass)) => {
                tracing::info!(video = %job.video, reason = failure.reason, "there is no poster for now");
            }
        }
    }
}

/// Removes the poster of what this job made, if there is one. Blocks on the disk.
pub fn remove_of(artifacts_dir: &Path, job: JobId) {
    remove(&poster_path(artifacts_dir, job));
}

fn remove(path: &Path) {
    match std::fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => {
            tracing::warn!(%error, path = %path.display(), "a poster that is not needed any more stays")
        }
    }
}
