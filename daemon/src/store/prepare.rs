//! How the state table is made ready, on a thread of its own while the daemon serves already: opened, compared with what
//! it must hold, and given what it lacks; or set aside and built anew from the truth.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::background::Stop;
use super::disk::{self, Disk};
use super::error::StoreError;
use super::log::Sealed;
use super::segment;
use super::snapshot::Records;
use super::table::Table;
use super::truth::Truth;
use crate::error::chain;

const WHAT: &str = "the state table";

/// What the table is made ready from. None of it changes meanwhile.
pub(super) struct Preparation {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) folder: PathBuf,
    pub(super) snapshot: Option<(u64, PathBuf)>,
    pub(super) parts: Vec<Sealed>,
    /// The last commit in these. It is on disk for certain, or the table could know of one that the log then loses.
    pub(super) seq: u64,
    /// Keeps the files from being removed.
    pub(super) _in_use: Arc<()>,
}

/// A table that goes up to the commit it says, or a closed one.
#[derive(Default)]
pub(super) struct Prepared {
    pub(super) table: Table,
    /// What had to be mended, for the admin.
    pub(super) notices: Vec<String>,
}

impl Prepared {
    /// Why there is no table. That nobody wants it any more is none.
    fn give_up(&mut self, what: &str, error: &StoreError) {
        self.table.close();
        match error {
            StoreError::Closed => {}
            other => self.notices.push(format!("the state table cannot be {what} for now: {}", chain(other))),
        }
    }
}

/// Opens the table, if it is not further than the log.
pub(super) fn find(
    disk: &dyn Disk,
    folder: &Path,
    logged: u64,
    notices: &mut Vec<String>,
) -> Result<Table, StoreError> {
    let db = folder.join("db");
    let exists = disk.exists(&db).map_err(|source| StoreError::io("look at", &db, source))?;
    if !exists && logged > 0 {
        return Err(StoreError::damaged(WHAT, "the folder db is missing"));
    }
    let table = Table::open(disk, &db, notices)?;
    let applied = table.applied_seq();
    if applied > logged {
        let folder = folder.to_owned();
        return Err(StoreError::LogBehind { what: WHAT, folder, known: applied, logged });
    }
    Ok(table)
}

impl Preparation {
    pub(super) fn run(self, stop: &Stop) -> Prepared {
        let mut prepared = Prepared::default();
        let found = find(&*self.disk, &self.folder, self.seq, &mut prepared.notices);
        let checked = found.and_then(|table| {
            self.check(&table, stop)?;
            Ok(table)
        });
        let damage = match checked {
            Ok(table) => {
                self.catch_up(table, &mut prepared);
                return prepared;
            }
            Err(StoreError::Damaged { what, detail }) => format!("{what}: {detail}"),
            // Schemas are judged by the truth; if that is readable, the table is only damaged.
            Err(StoreError::Newer { .. }) => "a record in it has an unknown schema".to_owned(),
            Err(error) => {
                prepared.give_up("used", &error);
                return prepared;
            }
        };
        match self.rebuild(&damage, stop, &mut prepared) {
            Ok(()) => {
                prepared.notices.push(format!("the state table was rebuilt up to commit {}", self.seq));
            }
            Err(error) => prepared.give_up("rebuilt", &error),
        }
        prepared
    }

    /// Compares the table with what it must hold.
    fn check(&self, table: &Table, stop: &Stop) -> Result<(), StoreError> {
        let base = self.snapshot.as_ref().map_or(0, |(seq, _)| *seq);
        if table.applied_seq() < base {
            return Err(StoreError::damaged(WHAT, format!("it ends at commit {}", table.applied_seq())));
        }
        table.for_each(|_key, _value| going_on(stop))
    }

    /// Applies to the table what it lacks.
    fn catch_up(&self, mut table: Table, prepared: &mut Prepared) {
        let applied = table.applied_seq();
        if applied == 0 && self.seq > 0 {
            let notice = format!("the state table was empty and is filled up to commit {}", self.seq);
            prepared.notices.push(notice);
        }
        let followed = follow(&*self.disk, &self.parts, &mut table);
        prepared.table = table;
        if let Err(error) = followed {
            prepared.give_up("caught up", &error);
        }
    }

    /// Sets the table aside, if there is one, and builds it from the truth.
    fn rebuild(&self, why: &str, stop: &Stop, prepared: &mut Prepared) -> Result<(), StoreError> {
        let (disk, db) = (&*self.disk, self.folder.join("db"));
        let truth =
            Truth::read(Arc::clone(&self.disk), self.snapshot.clone(), &self.parts, Arc::clone(stop))?;
        if disk.exists(&db).map_err(|source| StoreError::io("look at", &db, source))? {
            let aside = disk::free_name(disk, &self.folder, "db.damaged")?;
            disk.rename(&db, &aside).map_err(|source| StoreError::io("set aside", &db, source))?;
            prepared.notices.push(format!(
                "the state table was set aside as {} (it may be deleted): {why}",
                aside.display()
            ));
        }
        let filled = self.fill(&db, &truth, prepared);
        if filled.is_err() {
            prepared.table.close();
            // It is of our own making, and without value.
            if let Err(error) = disk.remove_tree(&db) {
                tracing::debug!(%error, "a half-built state table stays");
            }
        }
        filled
    }

    fn fill(&self, db: &Path, truth: &Truth, prepared: &mut Prepared) -> Result<(), StoreError> {
        prepared.table = Table::open(&*self.disk, db, &mut prepared.notices)?;
        let mut filler = prepared.table.fill();
        truth.for_each(&mut |key, value| filler.put(key, value))?;
        filler.finish(self.seq)
    }
}

fn going_on(stop: &Stop) -> Result<(), StoreError> {
    if stop.load(Ordering::Relaxed) { Err(StoreError::Closed) } else { Ok(()) }
}

/// Applies the commits that the table does not have.
pub(super) fn follow(disk: &dyn Disk, parts: &[Sealed], table: &mut Table) -> Result<(), StoreError> {
    let applied = table.applied_seq();
    for part in parts.iter().filter(|part| part.last > applied) {
        segment::read(disk, &part.path, part.first.max(applied + 1), part.last, |seq, writes| {
            table.apply(seq, writes.iter().copied())
        })?;
    }
    Ok(())
}
