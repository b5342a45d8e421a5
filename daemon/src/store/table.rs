//! The sled tree: every record by its key, and the number of the last commit that it contains.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::{StoreError, free_name};
use super::record::{Key, Value, Write};

/// sled's default of 1 GiB is far more than a state of small records needs.
const CACHE_BYTES: u64 = 16 << 20;
const APPLIED: &[u8] = b"m/applied";
const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

pub(super) struct Table {
    open: Option<sled::Db>,
    applied: u64,
    /// A commit could not be applied; from then on none may be, or the gap would be forgotten.
    behind: bool,
}

impl Table {
    pub(super) fn create(path: &Path) -> Result<Self, StoreError> {
        let db = open_db(path).map_err(|error| table_error(path, error))?;
        Ok(Self { open: Some(db), applied: 0, behind: false })
    }

    /// Opens an existing table. A half-written snapshot of sled's, which sled itself would stumble over, is moved away.
    pub(super) fn open(path: &Path, notices: &mut Vec<String>) -> Result<Self, StoreError> {
        quarantine_unfinished(path, notices)?;
        let db = open_db(path).map_err(|error| table_error(path, error))?;
        let applied = match db.get(APPLIED).map_err(|error| table_error(path, error))? {
            Some(bytes) => bytes.as_ref().try_into().map(u64::from_be_bytes).map_err(|_wrong_len| {
                StoreError::damaged("the state table", "its commit number has a wrong length")
            })?,
            // Created, but the daemon ended before the first commit reached the disk.
            None => 0,
        };
        Ok(Self { open: Some(db), applied, behind: false })
    }

    pub(super) fn applied_seq(&self) -> u64 {
        self.applied
    }

    /// Whether it holds every commit so far.
    pub(super) fn is_current(&self) -> bool {
        !self.behind && self.open.is_some()
    }

    /// Applies a commit that is in the log already. A failure is logged and caught up with at the next start.
    pub(super) fn apply(&mut self, seq: u64, writes: &[Write]) {
        if self.behind {
            return;
        }
        let Some(db) = &self.open else { return };
        let mut batch = sled::Batch::default();
        for write in writes {
            match &write.value {
                Some(value) => batch.insert(write.key.bytes(), value.bytes()),
                None => batch.remove(write.key.bytes()),
            }
        }
        batch.insert(APPLIED, &seq.to_be_bytes());
        match db.apply_batch(batch) {
            Ok(()) => self.applied = seq,
            Err(error) => {
                self.behind = true;
                tracing::error!(%error, seq, "the state table cannot follow the commit log; it will be caught up at the next start");
            }
        }
    }

    /// Fills an empty table.
    pub(super) fn load(&mut self, seq: u64, records: Vec<(Vec<u8>, Vec<u8>)>) -> Result<(), StoreError> {
        let Some(db) = &self.open else { return Ok(()) };
        for chunk in records.chunks(1000) {
            let mut batch = sled::Batch::default();
            for (key, value) in chunk {
                batch.insert(key.as_slice(), value.as_slice());
            }
            db.apply_batch(batch)
                .map_err(|error| StoreError::damaged("the new state table", error.to_string()))?;
        }
        db.insert(APPLIED, &seq.to_be_bytes())
            .map_err(|error| StoreError::damaged("the new state table", error.to_string()))?;
        self.applied = seq;
        Ok(())
    }

    /// Every record in the order of the keys, without the table's own.
    pub(super) fn for_each(
        &self,
        mut each: impl FnMut(&[u8], &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let Some(db) = &self.open else { return Ok(()) };
        for entry in db.iter() {
            let (key, value) =
                entry.map_err(|error| StoreError::damaged("the state table", error.to_string()))?;
            if key.as_ref() != APPLIED {
                each(&key, &value)?;
            }
        }
        Ok(())
    }

    pub(super) fn range(&self, first: &Key, last: &Key, limit: usize) -> Result<Vec<Value>, StoreError> {
        let Some(db) = &self.open else { return Ok(Vec::new()) };
        db.range(first.bytes()..=last.bytes())
            .values()
            .take(limit)
            .map(|value| value.map(|bytes| Value::from_bytes(&bytes)))
            .collect::<Result<_, _>>()
            .map_err(|error| StoreError::damaged("the state table", error.to_string()))
    }

    /// Hands what is in memory to the operating system, so that a start has less to catch up with.
    pub(super) fn flush(&self) {
        if let Some(db) = &self.open
            && let Err(error) = db.flush()
        {
            tracing::warn!(%error, "the state table could not be flushed; it will be caught up at the next start");
        }
    }

    pub(super) fn close(&mut self) {
        self.flush();
        self.open = None;
    }
}

fn open_db(path: &Path) -> sled::Result<sled::Db> {
    let config = sled::Config::default()
        .path(path)
        .cache_capacity(CACHE_BYTES)
        // Flushed when there is something to flush; sled's own thread would wake twice a second for ever.
        .flush_every_ms(None)
        .mode(sled::Mode::LowSpace);
    // sled's threads let go of its lock a moment after the last handle is gone. Nobody else can hold it, because the
    // state folder has a lock of ours.
    let mut tries = LOCK_TRIES;
    loop {
        match config.open() {
            Err(sled::Error::Io(error)) if error.kind() == std::io::ErrorKind::Other && tries > 0 => {
                tries -= 1;
                std::thread::sleep(LOCK_PAUSE);
            }
            opened => return opened,
        }
    }
}

fn table_error(path: &Path, error: sled::Error) -> StoreError {
    match error {
        sled::Error::Io(source) => StoreError::io("open", path, source),
        sled::Error::Corruption { .. }
        | sled::Error::CollectionNotFound(_)
        | sled::Error::Unsupported(_)
        | sled::Error::ReportableBug(_) => StoreError::damaged("the state table", error.to_string()),
    }
}

/// sled writes `snap.N.generating` and renames it; at start it would take a half-written one for the newest snapshot.
/// The snapshot before it is still there, so moving this one away loses nothing.
fn quarantine_unfinished(path: &Path, notices: &mut Vec<String>) -> Result<(), StoreError> {
    let entries = std::fs::read_dir(path).map_err(|source| StoreError::io("list", path, source))?;
    let unfinished: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|entry| entry.extension().is_some_and(|ending| ending == "generating"))
        .collect();
    for file in unfinished {
        let folder = path.parent().unwrap_or(path);
        let aside = free_name(folder, "unfinished-table-snapshot")?;
        std::fs::rename(&file, &aside).map_err(|source| StoreError::io("set aside", &file, source))?;
        notices.push(format!("a half-written file of the state table was set aside as {}", aside.display()));
    }
    Ok(())
}
