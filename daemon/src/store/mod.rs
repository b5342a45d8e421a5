//! The state on disk: a commit log and a snapshot, which are the truth, and a sled tree made of them. The only folder
//! that names sled.
//!
//! The order of things is the whole design. A commit is appended to the log and `fdatasync`ed; then, and only then, is it
//! acknowledged; the table follows later, many commits at once, since nothing that was promised depends on it. sled's own flush on
//! Linux is not an fsync, and it heals damage by forgetting, so the table is a cache that knows up to which commit it goes
//! and what it must hold. The state is read from the truth; the table is made ready afterwards, beside the daemon that
//! serves already: the rest of the log is applied to it, and one that does not open or does not hold what it must is set
//! aside and built anew. While there is none that can be used, changes go on and events are read from the truth. The log
//! is cut only behind a snapshot that was read back. State that cannot be read is never taken for empty (S3).

mod background;
mod backup;
mod disk;
mod error;
#[cfg(any(test, fuzzing))]
pub(crate) mod hostile;
mod load;
mod log;
mod prepare;
mod record;
mod segment;
mod snapshot;
mod table;
#[cfg(test)]
mod tests;
mod tree;
mod truth;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use backup::{Backup, BackupJob, restore};
pub use error::StoreError;

use crate::core::event::Event;
use crate::core::state::{Change, State};
use crate::error::chain;
use background::{Background, Stop};
use disk::{Disk, System};
use log::Log;
use prepare::{Preparation, Prepared};
use record::{Key, Write};
use snapshot::Records;
use table::Table;
use truth::{Compaction, Newer, Truth, Written};

/// When the log has grown by this much, it is cut behind a new snapshot.
const LOG_BYTES_MAX: u64 = 64 << 20;
/// Each start begins a new file of the log.
const LOG_FILES_MAX: usize = 64;
/// So many records are gathered for the table: each batch costs sled several threads and writes, however small it is.
const AHEAD_MAX: usize = 256;
/// After a failure the table and the snapshot are tried again not sooner than this.
const RETRY_AFTER: Duration = Duration::from_secs(30);
/// A table that is made ready is asked for so often.
const LOOK_AFTER: Duration = Duration::from_millis(100);

pub struct Store {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    snapshot: Option<(u64, PathBuf)>,
    log: Log,
    table: Table,
    /// What the table does not have yet of the commits up to the last one.
    ahead: Newer,
    compaction: Option<Background<Written>>,
    preparing: Option<Background<Prepared>>,
    /// Held by whoever reads snapshot and log on another thread.
    in_use: Arc<()>,
    compact_after: Option<Instant>,
    revive_after: Option<Instant>,
}

/// What was found at the start.
pub struct Loaded {
    pub state: State,
    /// What had to be mended, for the log and the admin.
    pub notices: Vec<String>,
    /// Why changes cannot be stored for now.
    pub refuses: Option<String>,
}

impl Store {
    /// Opens the state in `folder`, or begins a new one where there never was any. The caller holds the lock.
    ///
    /// # Errors
    /// When there is state that cannot be read. Nothing has been changed then.
    pub fn open(folder: &Path) -> Result<(Self, Loaded), StoreError> {
        Self::open_on(Arc::new(System), folder)
    }

    fn open_on(disk: Arc<dyn Disk>, folder: &Path) -> Result<(Self, Loaded), StoreError> {
        let mut notices = Vec::new();
        if backup::is_unfinished(&*disk, folder)? {
            return Err(StoreError::RestoreUnfinished { folder: folder.to_owned() });
        }
        let snapshot = snapshot::newest(&*disk, &folder.join("snapshot"))?;
        let (log, unfinished) = load::open_log(&disk, folder, snapshot.as_ref())?;
        let mut store = Self {
            disk,
            folder: folder.to_owned(),
            snapshot,
            log,
            table: Table::default(),
            ahead: Newer::new(),
            compaction: None,
            preparing: None,
            in_use: Arc::new(()),
            compact_after: None,
            revive_after: None,
        };
        let state = store.load(&mut notices)?;
        store.resume(unfinished.as_ref(), &mut notices);
        store.finish_cut();
        let refuses = store.try_disk().err().map(|error| chain(&error));
        store.prepare();
        Ok((store, Loaded { state, notices, refuses }))
    }

    fn truth(&self) -> Result<Truth, StoreError> {
        Truth::read(Arc::clone(&self.disk), self.snapshot.clone(), &self.log.parts(), Stop::default())
    }

    /// Makes changes durable, all or none. They are on disk when this returns; the table is to follow in time.
    ///
    /// # Errors
    /// When they could not be made durable. None of them will be there after a restart either, except if the daemon ends
    /// before the disk has taken anything again: then all of them may be there.
    pub fn commit(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let writes = record::writes(changes)?;
        self.log.append(&writes)?;
        self.ahead.extend(writes.into_iter().map(|write| (write.key, write.value)));
        Ok(())
    }

    /// Lets the table follow when enough has come together.
    pub fn follow_in_time(&mut self) {
        if self.ahead.len() >= AHEAD_MAX {
            self.follow();
        }
    }

    /// Applies all commits to the table. They are facts already: a table that cannot follow is caught up later.
    fn follow(&mut self) {
        self.take_prepared();
        if self.ahead.is_empty() {
            return;
        }
        let ahead = std::mem::take(&mut self.ahead).into_iter();
        let writes: Vec<Write> = ahead.map(|(key, value)| Write { key, value }).collect();
        if let Err(error) = self.table.apply(self.log.last_seq(), writes.iter().map(Write::as_read)) {
            self.table_failed(&error);
        }
    }

    /// Begins to make the table ready.
    fn prepare(&mut self) {
        if !self.log.is_open() {
            // The table must not learn of a commit that may still be lost. It is made ready when the disk takes changes.
            return;
        }
        let preparation = self.preparation();
        let begun = Background::spawn("state table", move |stop| {
            let prepared = preparation.run(&stop);
            prepared.notices.iter().for_each(|notice| tracing::warn!("{notice}"));
            prepared
        });
        match begun {
            Ok(preparing) => self.preparing = Some(preparing),
            Err(error) => {
                self.revive_after = Some(Instant::now() + RETRY_AFTER);
                tracing::warn!(%error, "no thread can be begun for the state table");
            }
        }
    }

    fn preparation(&self) -> Preparation {
        Preparation {
            disk: Arc::clone(&self.disk),
            folder: self.folder.clone(),
            snapshot: self.snapshot.clone(),
            parts: self.log.parts(),
            seq: self.log.last_seq(),
            _in_use: Arc::clone(&self.in_use),
        }
    }

    /// Takes over the table once it is ready.
    fn take_prepared(&mut self) {
        if let Some(preparing) = self.preparing.take_if(|preparing| preparing.is_finished()) {
            self.take_table(preparing.join());
        }
    }

    /// With what was committed meanwhile.
    fn take_table(&mut self, prepared: Option<Prepared>) {
        let Prepared { mut table, notices: _ } = prepared.unwrap_or_default();
        if !table.is_open() {
            self.revive_after = Some(Instant::now() + RETRY_AFTER);
            return;
        }
        self.ahead.clear();
        match prepare::follow(&*self.disk, &self.log.parts(), &mut table) {
            Ok(()) => {
                if self.revive_after.take().is_some() {
                    tracing::info!(seq = table.applied_seq(), "the state table has caught up");
                }
                self.table = table;
            }
            Err(error) => self.table_failed(&error),
        }
    }

    /// When there is something to be looked after that nobody will tell of.
    #[must_use]
    pub fn look_after(&self) -> Option<Duration> {
        self.preparing.is_some().then_some(LOOK_AFTER)
    }

    /// Tries whether the disk takes anything again after it refused a change.
    ///
    /// # Errors
    /// When it still refuses.
    pub fn try_disk(&mut self) -> Result<(), StoreError> {
        self.log.reopen()
    }

    fn table_failed(&mut self, error: &StoreError) {
        tracing::error!(
            error = chain(error),
            "the state table cannot follow the commit log; it will be caught up"
        );
        self.revive_after = Some(Instant::now());
    }

    /// Looks after the log: begins a new snapshot when one is wanted, and cuts the log behind one that is finished. Never
    /// waits for the disk longer than a commit does.
    pub fn maintain(&mut self) {
        self.take_prepared();
        if self.compaction.is_none() && self.wants_compaction() {
            match self.begin_compaction().and_then(|compaction| self.spawn(compaction)) {
                Ok(running) => self.compaction = Some(running),
                Err(error) => self.compaction_failed(&error),
            }
        }
        if self.preparing.is_some() || Arc::strong_count(&self.in_use) > 1 {
            // Somebody reads the files that would be removed, or has yet to. A new snapshot must not wait for that.
            return;
        }
        if let Some(running) = self.compaction.take_if(|running| running.is_finished()) {
            self.settle(running.join().unwrap_or_else(|| self.no_snapshot()));
        }
    }

    fn wants_compaction(&self) -> bool {
        let grown = self.log.bytes() > LOG_BYTES_MAX || self.log.files() > LOG_FILES_MAX;
        (grown || self.log.is_suspect()) && is_due(self.compact_after) && self.log.is_open()
    }

    fn begin_compaction(&mut self) -> Result<Compaction, StoreError> {
        self.follow();
        self.log.rotate()?;
        Ok(Compaction {
            disk: Arc::clone(&self.disk),
            folder: self.folder.join("snapshot"),
            snapshot: self.snapshot.clone(),
            parts: self.log.parts(),
            seq: self.log.last_seq(),
        })
    }

    fn spawn(&self, compaction: Compaction) -> Result<Background<Written>, StoreError> {
        Background::spawn("snapshot", move |stop| compaction.run(stop))
            .map_err(|source| StoreError::io("begin a thread for", &self.folder, source))
    }

    fn no_snapshot(&self) -> Written {
        Err(StoreError::io("write a snapshot to", &self.folder, std::io::Error::other("its thread failed")))
    }

    fn settle(&mut self, written: Written) {
        match written {
            Ok((seq, path)) => {
                self.snapshot = Some((seq, path));
                self.compact_after = None;
                snapshot::remove_older(&*self.disk, &self.folder.join("snapshot"), seq);
                self.log.cut(seq);
            }
            Err(error) => self.compaction_failed(&error),
        }
    }

    /// Removes what an earlier daemon did not come to remove.
    fn finish_cut(&mut self) {
        let Some((seq, _)) = self.snapshot else { return };
        let folder = self.folder.join("snapshot");
        if !self.log.is_open() || !self.log.has_obsolete() {
            return;
        }
        // It may have ended before the name of the snapshot was on disk.
        match self.disk.sync_folder(&folder) {
            Ok(()) => {
                snapshot::remove_older(&*self.disk, &folder, seq);
                self.log.cut(seq);
            }
            Err(error) => tracing::warn!(%error, "old parts of the commit log are kept for now"),
        }
    }

    fn compaction_failed(&mut self, error: &StoreError) {
        tracing::error!(
            error = chain(error),
            "no snapshot can be written for now; the commit log stays as it is"
        );
        self.compact_after = Some(Instant::now() + RETRY_AFTER);
    }

    /// What a backup of the state as of the last commit is made of. None of it changes while commits go on.
    #[must_use]
    pub fn begin_backup(&self) -> BackupJob {
        BackupJob {
            disk: Arc::clone(&self.disk),
            snapshot: self.snapshot.clone(),
            parts: self.log.parts(),
            seq: self.log.last_seq(),
            _in_use: Arc::clone(&self.in_use),
        }
    }

    /// Events after `since`, oldest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn events(&mut self, since: u64, limit: usize) -> Result<Vec<Event>, StoreError> {
        self.follow();
        let (first, last) = (Key::event(since.saturating_add(1)), Key::event(u64::MAX));
        if self.table.is_open() {
            let page = self.table.range(&first, &last, limit);
            match page.and_then(|page| page.iter().map(|value| record::read_event(value.bytes())).collect()) {
                Ok(events) => return Ok(events),
                Err(error) => tracing::warn!(error = chain(&error), "events are read from the commit log"),
            }
        }
        let mut events = Vec::new();
        self.truth()?.for_each(&mut |key, value| {
            if events.len() < limit && key >= first.bytes() && key <= last.bytes() {
                events.push(record::read_event(value)?);
            }
            Ok(())
        })?;
        Ok(events)
    }

    /// Lets the table write what it holds in memory, or catches it up after a failure. Durability does not depend on it.
    pub fn flush(&mut self) {
        self.follow();
        if self.table.is_open() {
            if let Err(error) = self.table.flush() {
                self.table_failed(&error);
            }
        } else if self.preparing.is_none() && is_due(self.revive_after) {
            self.revive_after = Some(Instant::now() + RETRY_AFTER);
            self.prepare();
        }
    }

    /// Hands what is in memory to the operating system, for a clean end.
    pub fn close(&mut self) {
        if let Some(preparing) = self.preparing.take() {
            self.take_table(preparing.stop());
        }
        self.follow();
        if let Err(error) = self.table.flush() {
            tracing::warn!(error = chain(&error), "the state table will be caught up at the next start");
        }
        self.table.close();
        if let Some(running) = self.compaction.take() {
            match running.stop().unwrap_or_else(|| self.no_snapshot()) {
                Ok((seq, _)) => tracing::debug!(seq, "a snapshot was finished"),
                Err(error) => tracing::debug!(%error, "a snapshot was not finished"),
            }
        }
    }
}

fn is_due(moment: Option<Instant>) -> bool {
    moment.is_none_or(|moment| moment <= Instant::now())
}
