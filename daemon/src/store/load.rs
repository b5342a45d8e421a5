//! How the state is read at the start, and again when the state table has failed: by way of the table if it holds what it
//! must, else from the truth, of which the table is then built anew.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::{self, Disk};
use super::error::StoreError;
use super::log::{Log, Unfinished};
use super::snapshot::{self, Records};
use super::table::Table;
use super::tree::Cache;
use super::truth::{self, Truth};
use super::{Store, record, segment};
use crate::core::state::{Change, Loader, State};
use crate::error::chain;
use crate::seal::KEY_FILE;

impl Store {
    /// Takes the log up again. A disk that is full must not keep the daemon from serving what there is.
    fn resume(&mut self, unfinished: Option<&Unfinished>, notices: &mut Vec<String>) {
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

    /// The state, by way of the table if it can be used. Nothing is written before all of it was understood; the table
    /// is caught up only after the log was taken up, or it could know of a commit that the log then loses.
    pub(super) fn load(
        &mut self,
        unfinished: Option<&Unfinished>,
        notices: &mut Vec<String>,
    ) -> Result<State, StoreError> {
        let damage = match self.open_table(notices) {
            Ok(state) => {
                self.resume(unfinished, notices);
                self.catch_up(notices);
                self.shrink(notices);
                return Ok(state);
            }
            Err(StoreError::Damaged { what, detail }) => Some(format!("{what}: {detail}")),
            // Schemas are judged by the truth; if that is readable, the table is only damaged.
            Err(StoreError::Newer { .. }) => Some("a record in it has an unknown schema".to_owned()),
            Err(error @ StoreError::LogBehind { .. }) => return Err(error),
            Err(error) => {
                notices.push(format!("the state table cannot be used for now: {}", chain(&error)));
                None
            }
        };
        self.table.close();
        let state = self.load_truth()?;
        self.resume(unfinished, notices);
        if let Some(damage) = damage
            && self.log.is_open()
        {
            match self.rebuild(&damage, notices) {
                Ok(()) => {
                    notices.push(format!("the state table was rebuilt up to commit {}", self.log.last_seq()));
                    self.shrink(notices);
                }
                Err(error) => {
                    self.table.close();
                    notices.push(format!("the state table cannot be rebuilt for now: {}", chain(&error)));
                }
            }
        }
        Ok(state)
    }

    /// The table served to read everything; from now on it is written.
    fn shrink(&mut self, notices: &mut Vec<String>) {
        if let Err(error) = self.table.shrink(&*self.disk, &self.folder.join("db")) {
            self.table.close();
            notices.push(format!("the state table cannot be used for now: {}", chain(&error)));
        }
    }

    fn load_truth(&self) -> Result<State, StoreError> {
        let truth = self.truth()?;
        load_state(|each| truth.for_each(each)).map_err(|error| match error {
            StoreError::Damaged { what, detail } => {
                StoreError::Unreadable { folder: self.folder.clone(), why: format!("{what}: {detail}") }
            }
            other => other,
        })
    }

    /// Opens the table and reads every record, with those that it lacks from the log.
    fn open_table(&mut self, notices: &mut Vec<String>) -> Result<State, StoreError> {
        let db = self.folder.join("db");
        let exists = self.disk.exists(&db).map_err(|source| StoreError::io("look at", &db, source))?;
        if !exists && self.log.last_seq() > 0 {
            return Err(StoreError::damaged("the state table", "the folder db is missing"));
        }
        self.table = Table::open(&*self.disk, &db, Cache::Large, notices)?;
        let (applied, logged) = (self.table.applied_seq(), self.log.last_seq());
        if applied > logged {
            let folder = self.folder.clone();
            return Err(StoreError::LogBehind { what: "the state table", folder, known: applied, logged });
        }
        if applied < self.base() {
            return Err(StoreError::damaged("the state table", format!("it ends at commit {applied}")));
        }
        let newer = truth::newer(&*self.disk, &self.log.parts(), applied)?;
        load_state(|each| truth::merge(|each| self.table.for_each(each), &newer, each))
    }

    /// The commit of the snapshot.
    fn base(&self) -> u64 {
        self.snapshot.as_ref().map_or(0, |(seq, _)| *seq)
    }

    /// Applies to the table what it lacks.
    fn catch_up(&mut self, notices: &mut Vec<String>) {
        if !self.log.is_open() {
            self.table.close();
            return;
        }
        let (applied, logged) = (self.table.applied_seq(), self.log.last_seq());
        if applied == 0 && logged > 0 {
            notices.push(format!("the state table was empty and is filled up to commit {logged}"));
        }
        for part in self.log.parts().into_iter().filter(|part| part.last > applied) {
            let first = part.first.max(applied + 1);
            let caught_up = segment::read(&*self.disk, &part.path, first, part.last, |seq, writes| {
                self.table.apply(seq, &writes)
            });
            if let Err(error) = caught_up {
                self.table.close();
                notices.push(format!("the state table cannot be caught up for now: {}", chain(&error)));
                return;
            }
        }
    }

    /// Sets the table aside, if there is one, and builds it from the truth.
    fn rebuild(&mut self, why: &str, notices: &mut Vec<String>) -> Result<(), StoreError> {
        let truth = self.truth()?;
        let db = self.folder.join("db");
        if self.disk.exists(&db).map_err(|source| StoreError::io("look at", &db, source))? {
            let aside = disk::free_name(&*self.disk, &self.folder, "db.damaged")?;
            self.disk.rename(&db, &aside).map_err(|source| StoreError::io("set aside", &db, source))?;
            notices.push(format!(
                "the state table was set aside as {} (it may be deleted): {why}",
                aside.display()
            ));
        }
        let filled = self.fill(&db, &truth, notices);
        if filled.is_err() {
            self.table.close();
            // It is of our own making, and without value.
            if let Err(error) = self.disk.remove_tree(&db) {
                tracing::debug!(%error, "a half-built state table stays");
            }
        }
        filled
    }

    fn fill(&mut self, db: &Path, truth: &Truth, notices: &mut Vec<String>) -> Result<(), StoreError> {
        self.table = Table::open(&*self.disk, db, Cache::Large, notices)?;
        let mut filler = self.table.fill();
        truth.for_each(&mut |key, value| filler.put(key, value))?;
        filler.finish(self.log.last_seq())
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

/// Puts records together to a state.
fn load_state(
    records: impl FnOnce(&mut snapshot::Each<'_>) -> Result<(), StoreError>,
) -> Result<State, StoreError> {
    let mut loader = Loader::default();
    let mut newest_event = None;
    let mut oldest_seq = None;
    records(&mut |key, value| {
        match record::read(key, value)? {
            Change::Event(event) => {
                oldest_seq.get_or_insert(event.seq);
                newest_event = Some(event);
            }
            change => {
                loader.take(change);
            }
        }
        Ok(())
    })?;
    if let Some(event) = newest_event {
        loader.take(Change::Event(event));
    }
    if let Some(before) = oldest_seq.and_then(|oldest| oldest.checked_sub(1)) {
        loader.take(Change::ForgetEvent(before));
    }
    Ok(loader.finish())
}
