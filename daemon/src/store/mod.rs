//! The state on disk: a commit log, a sled tree behind it, and a snapshot behind both. The only folder that names sled.
//!
//! The order of things is the whole design. A commit is appended to the log and `fdatasync`ed; then it is applied to
//! sled; then, and only then, is it acknowledged. sled's own flush on Linux is not an fsync and its background flusher
//! ends silently on errors, so sled is treated as a cache that remembers up to which commit it got. At start the rest of
//! the log is applied again. A sled folder that does not open, or whose records do not check, is set aside and built anew
//! from snapshot and log. The log is cut only behind a snapshot that was read back. State that cannot be read is never
//! taken for empty (S3).

mod backup;
mod error;
#[cfg(any(test, fuzzing))]
pub(crate) mod hostile;
mod log;
mod record;
mod snapshot;
mod table;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use backup::{Backup, restore};
pub use error::StoreError;

use crate::core::event::Event;
use crate::core::state::{Change, Loader, State};
use log::Log;
use record::{Key, Write};
use table::Table;

/// When the log has grown by this much, it is cut behind a new snapshot.
const LOG_BYTES_MAX: u64 = 64 << 20;

pub struct Store {
    folder: PathBuf,
    log: Log,
    table: Table,
}

/// What was found at the start.
pub struct Loaded {
    pub state: State,
    /// What had to be mended, for the log and the admin.
    pub notices: Vec<String>,
}

impl Store {
    /// Opens the state in `folder`, or begins a new one where there never was any. The caller holds the lock.
    ///
    /// # Errors
    /// When there is state that cannot be read. Nothing has been changed then.
    pub fn open(folder: &Path) -> Result<(Self, Loaded), StoreError> {
        let mut notices = Vec::new();
        let snapshot = snapshot::newest(&folder.join("snapshot"))?;
        let log = Log::open(
            &folder.join("log"),
            snapshot.as_ref().map_or(0, |snapshot| snapshot.seq),
            &mut notices,
        )?;
        let table = open_table(folder, &log, snapshot, &mut notices)?;
        let mut store = Self { folder: folder.to_owned(), log, table };
        let state = store.load(&mut notices)?;
        if store.log.bytes() > LOG_BYTES_MAX {
            store.compact()?;
        }
        Ok((store, Loaded { state, notices }))
    }

    /// Reads every record; one that does not check sends the whole table to be rebuilt.
    fn load(&mut self, notices: &mut Vec<String>) -> Result<State, StoreError> {
        match load_state(&self.table) {
            Ok(state) => Ok(state),
            Err(StoreError::Damaged { what, .. }) => {
                let snapshot = snapshot::newest(&self.folder.join("snapshot"))?;
                self.table.close();
                self.table = rebuild(&self.folder, &self.log, snapshot, &what, notices)?;
                load_state(&self.table)
            }
            Err(other) => Err(other),
        }
    }

    /// Makes changes durable, all or none. They are on disk when this returns.
    ///
    /// # Errors
    /// When they could not be made durable; then none of them will be there after a restart either.
    pub fn commit(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let writes = record::writes(changes)?;
        let seq = self.log.append(&writes)?;
        // From here on the commit is a fact. A table that cannot follow is caught up at the next start.
        self.table.apply(seq, &writes);
        Ok(())
    }

    /// Whether the log is long enough to be cut.
    #[must_use]
    pub fn wants_compaction(&self) -> bool {
        self.log.bytes() > LOG_BYTES_MAX && self.table.is_current()
    }

    /// Writes a snapshot, reads it back, and drops the log before it.
    ///
    /// # Errors
    /// When the snapshot cannot be written; the log is left as it is.
    pub fn compact(&mut self) -> Result<(), StoreError> {
        if !self.table.is_current() {
            return Ok(());
        }
        let seq = self.log.last_seq();
        snapshot::write(&self.folder.join("snapshot"), seq, &self.table)?;
        self.log.cut()
    }

    /// Writes the state as of the last commit, with the key in `key_file`, into one new file.
    ///
    /// # Errors
    /// When it cannot be written, or there is such a file already.
    pub fn backup(&self, target: &Path, key_file: &Path) -> Result<Backup, StoreError> {
        if !self.table.is_current() {
            let detail = "it is behind the commit log; restart the daemon and try again";
            return Err(StoreError::damaged("the state table", detail));
        }
        backup::write(target, self.log.last_seq(), &self.table, key_file)
    }

    /// Events after `since`, oldest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn events(&self, since: u64, limit: usize) -> Result<Vec<Event>, StoreError> {
        self.table
            .range(&Key::event(since.saturating_add(1)), &Key::event(u64::MAX), limit)?
            .iter()
            .map(record::read_event)
            .collect()
    }

    /// Lets the table write what it holds in memory. Durability does not depend on it; the next start is faster.
    pub fn flush(&self) {
        self.table.flush();
    }

    /// Hands what is in memory to the operating system, for a clean end.
    pub fn close(mut self) {
        self.table.close();
    }
}

fn load_state(table: &Table) -> Result<State, StoreError> {
    let mut loader = Loader::default();
    let mut newest_event = None;
    let mut oldest_seq = None;
    table.for_each(|key, value| {
        match record::read(key, value)? {
            Some(Change::Event(event)) => {
                oldest_seq.get_or_insert(event.seq);
                newest_event = Some(event);
            }
            Some(change) => {
                loader.take(change);
            }
            None => {}
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

fn open_table(
    folder: &Path,
    log: &Log,
    snapshot: Option<snapshot::Snapshot>,
    notices: &mut Vec<String>,
) -> Result<Table, StoreError> {
    let db = folder.join("db");
    let had_state = log.last_seq() > 0 || snapshot.is_some();
    if !db.exists() {
        if had_state {
            return rebuild(folder, log, snapshot, "the folder db is missing", notices);
        }
        return Table::create(&db);
    }
    let mut table = match Table::open(&db, notices) {
        Ok(table) => table,
        Err(StoreError::Damaged { what, .. }) => return rebuild(folder, log, snapshot, &what, notices),
        Err(other) => return Err(other),
    };
    let applied = table.applied_seq();
    if applied > log.last_seq() {
        return Err(StoreError::LogBehind { folder: folder.to_owned(), applied, logged: log.last_seq() });
    }
    if applied + 1 < log.first_seq() {
        table.close();
        return rebuild(folder, log, snapshot, "it is older than the oldest commit of the log", notices);
    }
    if applied == 0 && log.last_seq() > 0 {
        notices.push(format!("the state table was empty and was filled up to commit {}", log.last_seq()));
    }
    replay(&mut table, log)?;
    Ok(table)
}

/// Sets the table aside and builds it from snapshot and log.
fn rebuild(
    folder: &Path,
    log: &Log,
    snapshot: Option<snapshot::Snapshot>,
    why: &str,
    notices: &mut Vec<String>,
) -> Result<Table, StoreError> {
    let db = folder.join("db");
    let base = snapshot.as_ref().map_or(0, |snapshot| snapshot.seq);
    if log.first_seq() > base + 1 {
        return Err(StoreError::Unrecoverable { folder: folder.to_owned(), why: why.to_owned() });
    }
    if db.exists() {
        let aside = error::free_name(folder, "db.damaged")?;
        std::fs::rename(&db, &aside).map_err(|source| StoreError::io("set aside", &db, source))?;
        notices.push(format!("the state table was set aside as {}: {why}", aside.display()));
    }
    let mut table = Table::create(&db)?;
    if let Some(snapshot) = snapshot {
        table.load(snapshot.seq, snapshot.records)?;
    }
    replay(&mut table, log)?;
    notices.push(format!("the state table was rebuilt up to commit {}", log.last_seq()));
    Ok(table)
}

fn replay(table: &mut Table, log: &Log) -> Result<(), StoreError> {
    let applied = table.applied_seq();
    log.read_after(applied, |seq, writes: Vec<Write>| {
        table.apply(seq, &writes);
        Ok(())
    })?;
    if table.is_current() {
        Ok(())
    } else {
        Err(StoreError::damaged("the state table", "commits cannot be applied to it"))
    }
}
