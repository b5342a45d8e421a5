//! The sled tree, behind a trait that knows keys, values and batches only.
//!
//! sled is believed nothing: it heals damage by going back to an earlier state without a word, it can panic on what it
//! finds, and after one failed write it fails for ever. Whoever uses a tree checks what it holds (`table`).

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::FlockOperation;

use super::error::StoreError;

/// How much of the tree sled may keep in memory; its default of 1 GiB is far more than a state of small records needs.
/// Reading all of it in order takes as long as with more.
const CACHE_BYTES: u64 = 2 << 20;
const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Told of each record; goes on while it is answered `true`.
pub(super) type Each<'a> = dyn FnMut(&[u8], &[u8]) -> Result<bool, StoreError> + 'a;
pub(super) type Put = (Vec<u8>, Option<Vec<u8>>);

pub(super) trait Tree: Send + Sync {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;
    /// All or none; no value removes the key.
    fn apply(&mut self, batch: &[Put]) -> Result<(), StoreError>;
    /// Every record with a key between these, in the order of keys.
    fn range(&self, first: &[u8], last: &[u8], each: &mut Each<'_>) -> Result<(), StoreError>;
    /// Hands what is in memory to the operating system.
    fn flush(&self) -> Result<(), StoreError>;
}

pub(super) fn open(path: &Path, notices: &mut Vec<String>) -> Result<Box<dyn Tree>, StoreError> {
    if path.exists() {
        quarantine_unfinished(path, notices)?;
    }
    let db = open_db(path).map_err(|error| failed(path, error))?;
    Ok(Box::new(Sled { path: path.to_owned(), db }))
}

struct Sled {
    path: PathBuf,
    db: sled::Db,
}

impl Sled {
    fn failed(&self, error: sled::Error) -> StoreError {
        failed(&self.path, error)
    }
}

impl Tree for Sled {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.db.get(key).map_err(|error| self.failed(error))?.map(|value| value.to_vec()))
    }

    fn apply(&mut self, batch: &[Put]) -> Result<(), StoreError> {
        let mut changes = sled::Batch::default();
        for (key, value) in batch {
            match value {
                Some(value) => changes.insert(key.as_slice(), value.as_slice()),
                None => changes.remove(key.as_slice()),
            }
        }
        self.db.apply_batch(changes).map_err(|error| self.failed(error))
    }

    fn range(&self, first: &[u8], last: &[u8], each: &mut Each<'_>) -> Result<(), StoreError> {
        for entry in self.db.range(first..=last) {
            let (key, value) = entry.map_err(|error| self.failed(error))?;
            if !each(&key, &value)? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.db.flush().map(|_bytes| ()).map_err(|error| self.failed(error))
    }
}

fn open_db(path: &Path) -> sled::Result<sled::Db> {
    let config = sled::Config::default()
        .path(path)
        .cache_capacity(CACHE_BYTES)
        // Flushed when there is something to flush; sled's own thread would wake twice a second for ever.
        .flush_every_ms(None)
        .mode(sled::Mode::LowSpace);
    wait_for_lock(path)?;
    config.open()
}

/// sled's threads let go of its lock a moment after the last handle is gone. Nobody else can hold it, because the state
/// folder has a lock of ours.
fn wait_for_lock(path: &Path) -> sled::Result<()> {
    let file = match std::fs::File::open(path.join("db")) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    for _ in 0..LOCK_TRIES {
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(()),
            Err(rustix::io::Errno::WOULDBLOCK) => std::thread::sleep(LOCK_PAUSE),
            Err(error) => return Err(std::io::Error::from(error).into()),
        }
    }
    Ok(())
}

/// What the disk refuses for now is no damage; what sled cannot make sense of is.
fn failed(path: &Path, error: sled::Error) -> StoreError {
    match error {
        sled::Error::Io(source) if is_passing(source.kind()) => StoreError::io("use", path, source),
        sled::Error::Io(_)
        | sled::Error::Corruption { .. }
        | sled::Error::CollectionNotFound(_)
        | sled::Error::Unsupported(_)
        | sled::Error::ReportableBug(_) => StoreError::damaged("the state table", error.to_string()),
    }
}

fn is_passing(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::PermissionDenied
            | ErrorKind::FileTooLarge
            | ErrorKind::OutOfMemory
    )
}

/// sled writes `snap.N.generating` and renames it; at start it would take a half-written one for the newest snapshot.
/// The snapshot before it is still there, so moving this one away loses nothing.
fn quarantine_unfinished(path: &Path, notices: &mut Vec<String>) -> Result<(), StoreError> {
    let listed = |source| StoreError::io("list", path, source);
    for entry in std::fs::read_dir(path).map_err(listed)? {
        let file = entry.map_err(listed)?.path();
        if file.extension().is_none_or(|ending| ending != "generating") {
            continue;
        }
        let folder = path.parent().unwrap_or(path);
        let aside = super::disk::free_name(&super::disk::System, folder, "unfinished-table-snapshot")?;
        std::fs::rename(&file, &aside).map_err(|source| StoreError::io("set aside", &file, source))?;
        notices.push(format!("a half-written file of the state table was set aside as {}", aside.display()));
    }
    Ok(())
}
