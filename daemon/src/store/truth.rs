//! What snapshot and log say together. The next snapshot, a backup and a new state table are made of this and of nothing
//! else, so that damage of the table can never reach them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::disk::Disk;
use super::error::StoreError;
use super::log::Sealed;
use super::record::{Key, Value};
use super::segment;
use super::snapshot::{self, Each, Records};

/// What the log says of each record that it mentions; the last word counts.
pub(super) type Newer = BTreeMap<Key, Option<Value>>;

/// What the log says after a commit.
pub(super) fn newer(disk: &dyn Disk, parts: &[Sealed], after: u64) -> Result<Newer, StoreError> {
    let mut newer = Newer::new();
    for part in parts.iter().filter(|part| part.last > after) {
        segment::read(disk, &part.path, part.first.max(after + 1), part.last, |_seq, writes| {
            newer.extend(writes.into_iter().map(|write| (write.key, write.value)));
            Ok(())
        })?;
    }
    Ok(newer)
}

/// Goes through older records, which come in the order of their keys, and newer ones, in one order.
pub(super) fn merge(
    older: impl FnOnce(&mut Each<'_>) -> Result<(), StoreError>,
    newer: &Newer,
    each: &mut Each<'_>,
) -> Result<(), StoreError> {
    let mut newer = newer.iter().peekable();
    older(&mut |key, value| {
        while let Some((newer_key, value)) = newer.next_if(|(newer, _)| newer.bytes() < key) {
            tell(newer_key, value.as_ref(), each)?;
        }
        match newer.next_if(|(newer, _)| newer.bytes() == key) {
            Some((key, value)) => tell(key, value.as_ref(), each),
            None => each(key, value),
        }
    })?;
    newer.try_for_each(|(key, value)| tell(key, value.as_ref(), each))
}

fn tell(key: &Key, value: Option<&Value>, each: &mut Each<'_>) -> Result<(), StoreError> {
    value.map_or(Ok(()), |value| each(key.bytes(), value.bytes()))
}

/// The state after one commit, as it is on disk.
pub(super) struct Truth {
    disk: Arc<dyn Disk>,
    snapshot: Option<PathBuf>,
    newer: Newer,
    /// Set when nobody wants the answer any more.
    stop: Arc<AtomicBool>,
}

impl Truth {
    pub(super) fn read(
        disk: Arc<dyn Disk>,
        snapshot: Option<&(u64, PathBuf)>,
        parts: &[Sealed],
        stop: Arc<AtomicBool>,
    ) -> Result<Self, StoreError> {
        let newer = newer(&*disk, parts, snapshot.map_or(0, |(seq, _)| *seq))?;
        Ok(Self { disk, snapshot: snapshot.map(|(_, path)| path.clone()), newer, stop })
    }

    /// The records of the snapshot, which must be in order, or the merge would be wrong.
    fn older(&self, each: &mut Each<'_>) -> Result<(), StoreError> {
        let Some(path) = &self.snapshot else { return Ok(()) };
        let mut before: Option<Vec<u8>> = None;
        snapshot::read(&*self.disk, path, &mut |key, value| {
            if self.stop.load(Ordering::Relaxed) {
                return Err(StoreError::Closed);
            }
            if before.as_deref().is_some_and(|before| before >= key) {
                let detail = "its records are out of order".to_owned();
                return Err(StoreError::SnapshotDamaged { path: path.clone(), detail });
            }
            let before = before.get_or_insert_default();
            before.clear();
            before.extend_from_slice(key);
            each(key, value)
        })
        .map(|_seq| ())
    }
}

impl Records for Truth {
    fn for_each(&self, each: &mut Each<'_>) -> Result<(), StoreError> {
        merge(|each| self.older(each), &self.newer, each)
    }
}

/// What a new snapshot is made of. None of it changes while it is being written.
pub(super) struct Compaction {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) folder: PathBuf,
    pub(super) snapshot: Option<(u64, PathBuf)>,
    pub(super) parts: Vec<Sealed>,
    pub(super) seq: u64,
}

pub(super) type Written = Result<(u64, PathBuf), StoreError>;

impl Compaction {
    pub(super) fn run(&self, stop: Arc<AtomicBool>) -> Written {
        let truth = Truth::read(Arc::clone(&self.disk), self.snapshot.as_ref(), &self.parts, stop)?;
        let path = snapshot::write(&*self.disk, &self.folder, self.seq, &truth)?;
        Ok((self.seq, path))
    }

    /// Runs on a thread of its own, while commits go on into another part of the log.
    pub(super) fn spawn(self) -> Result<Running, StoreError> {
        let stop = Arc::new(AtomicBool::new(false));
        let folder = self.folder.clone();
        let theirs = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("snapshot".to_owned())
            .spawn(move || self.run(theirs))
            .map_err(|source| StoreError::io("begin a thread for", &folder, source))?;
        Ok(Running { thread, stop, folder })
    }
}

pub(super) struct Running {
    thread: JoinHandle<Written>,
    stop: Arc<AtomicBool>,
    folder: PathBuf,
}

impl Running {
    pub(super) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    pub(super) fn join(self) -> Written {
        self.thread.join().unwrap_or_else(|_panic| Err(Self::failed(&self.folder)))
    }

    /// Waits until nothing is written any more.
    pub(super) fn stop(self) -> Written {
        self.stop.store(true, Ordering::Relaxed);
        self.join()
    }

    fn failed(folder: &Path) -> StoreError {
        StoreError::io("write a snapshot to", folder, std::io::Error::other("its thread failed"))
    }
}
