//! Backups, on a thread of their own: they take as long as the state is large, and commands must not wait for them.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::reply::{Answer, BackupView};

use super::{Answerer, Engine};
use crate::error::chain;
use crate::seal::KEY_FILE;

/// The one that is being written.
pub(super) struct Backing {
    thread: JoinHandle<()>,
    stop: Arc<AtomicBool>,
}

impl Engine {
    /// Writes what is durable at this moment, which is everything that was acknowledged.
    pub(super) fn backup(&mut self, answerer: Answerer, path: PathBuf) {
        let failed = |reason: String| Err(Refusal::BackupFailed { reason });
        if self.backup.as_ref().is_some_and(|running| !running.thread.is_finished()) {
            return answerer.answer(failed("another one is being written".to_owned()));
        }
        let job = self.store.begin_backup();
        let key = self.facts.state_dir.join(KEY_FILE);
        let stop = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&stop);
        let (hand_over, taken) = mpsc::sync_channel::<Answerer>(1);
        let work = move || {
            let Ok(answerer) = taken.recv() else { return };
            let written = job.write(&path, &key, theirs);
            answerer.answer(match written {
                Ok(backup) => Ok(Answer::Backup(BackupView {
                    path: path.to_string_lossy().into_owned(),
                    size_bytes: backup.size_bytes,
                    commit: backup.seq,
                })),
                Err(error) => Err(Refusal::BackupFailed { reason: chain(&error) }),
            });
        };
        match std::thread::Builder::new().name("backup".to_owned()).spawn(work) {
            Ok(thread) => {
                self.backup = Some(Backing { thread, stop });
                drop(hand_over.send(answerer));
            }
            Err(error) => answerer.answer(failed(error.to_string())),
        }
    }

    /// Gives up what is being written; nothing of it stays.
    pub(super) fn stop_backup(&mut self) {
        let Some(Backing { thread, stop }) = self.backup.take() else { return };
        stop.store(true, Ordering::Relaxed);
        if thread.join().is_err() {
            tracing::error!("the thread of a backup failed");
        }
    }
}
