//! How the state is read at the start: the snapshot, then what the log says after it, one record after the other as the
//! changes were made. The state table is asked for one thing only: whether it has seen more than the log holds.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::Disk;
use super::error::StoreError;
use super::log::{Log, Unfinished};
use super::{Store, prepare, record, segment, truth};
use crate::core::state::{Loader, State};
use crate::error::chain;
use crate::seal::KEY_FILE;

impl Store {
    /// The state. Nothing is written before all of it was understood.
    pub(super) fn load(&self, notices: &mut Vec<String>) -> Result<State, StoreError> {
        self.ask_table(notices)?;
        self.load_truth().map_err(|error| match error {
            StoreError::Damaged { what, detail } => {
                StoreError::Unreadable { folder: self.folder.clone(), why: format!("{what}: {detail}") }
            }
            other => other,
        })
    }

    /// Whether the table has seen more than the log holds. It is opened for this alone and closed again: what sled has in
    /// memory would stay between all that follows.
    fn ask_table(&self, notices: &mut Vec<String>) -> Result<(), StoreError> {
        let db = self.folder.join("db");
        if !self.disk.exists(&db).map_err(|source| StoreError::io("look at", &db, source))? {
            // A new one is not made for nothing: when sled opens it again it begins threads that wake every second.
            return Ok(());
        }
        match prepare::find(&*self.disk, &self.folder, self.log.last_seq(), notices) {
            Ok(mut table) => table.close(),
            Err(error @ StoreError::LogBehind { .. }) => return Err(error),
            Err(error) => tracing::debug!(error = chain(&error), "the state table will have to be mended"),
        }
        Ok(())
    }

    fn load_truth(&self) -> Result<State, StoreError> {
        let mut loader = Loader::default();
        // A snapshot says at its end whether it is right, and a damaged one might say anything before.
        let mut wrong = None;
        truth::older(&*self.disk, self.snapshot.as_ref(), &mut |key, value| {
            if wrong.is_none() {
                match record::read(key, value) {
                    Ok(change) => loader.take(change),
                    Err(error) => wrong = Some(error),
                }
            }
            Ok(())
        })?;
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        let after = self.base();
        for part in self.log.parts().iter().filter(|part| part.last > after) {
            segment::read(&*self.disk, &part.path, part.first.max(after + 1), part.last, |_seq, writes| {
                writes.iter().try_for_each(|write| {
                    loader.take(record::read_write(*write)?);
                    Ok(())
                })
            })?;
        }
        Ok(loader.finish())
    }

    /// Takes the log up again. A disk that is full must not keep the daemon from serving what there is.
    pub(super) fn resume(&mut self, unfinished: Option<&Unfinished>, notices: &mut Vec<String>) {
        let Some(unfinished) = unfinished else { return };
        if let Some(torn) = &unfinished.torn {
            notices.push(format!(
                "{} ends with an unfinished commit, which was never acknowledged and does not count",
                torn.display()
            ));
        }
        if let Err(error) = self.log.resume(unfinished) {
            notices.push(format!("changes are refused until the disk can be written: {}", chain(&error)));
        }
    }

    /// The commit of the snapshot.
    pub(super) fn base(&self) -> u64 {
        self.snapshot.as_ref().map_or(0, |(seq, _)| *seq)
    }
}

/// Reads the log, or begins one where there never was a state. What is to be resumed comes with it.
pub(super) fn open_log(
    disk: &Arc<dyn Disk>,
    folder: &Path,
    snapshot: Option<&(u64, PathBuf)>,
) -> Result<(Log, Option<Unfinished>), StoreError> {
    let base = snapshot.map_or(0, |(seq, _)| *seq);
    let path = folder.join("log");
    if let Some((log, unfinished)) = Log::open(Arc::clone(disk), &path, base)? {
        if log.last_seq() < base {
            let (folder, logged) = (folder.to_owned(), log.last_seq());
            return Err(StoreError::LogBehind { what: "the snapshot", folder, known: base, logged });
        }
        return Ok((log, Some(unfinished)));
    }
    if base > 0 {
        let folder = folder.to_owned();
        return Err(StoreError::LogBehind { what: "the snapshot", folder, known: base, logged: 0 });
    }
    for left in ["db", KEY_FILE] {
        let path = folder.join(left);
        if disk.exists(&path).map_err(|source| StoreError::io("look at", &path, source))? {
            return Err(StoreError::Gone { folder: folder.to_owned(), left });
        }
    }
    Ok((Log::create(Arc::clone(disk), &path, 0)?, None))
}
