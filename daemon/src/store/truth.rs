//! What snapshot and log say together. The next snapshot, a backup and a new state table are made of this and of nothing
//! else, so that damage of the table can never reach them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::background::Stop;
use super::disk::Disk;
use super::error::StoreError;
use super::log::Sealed;
use super::record::{Key, Value};
use super::segment;
use super::snapshot::{self, Each, Records};

/// What the log says of each record that it mentions; the last word counts.
pub(super) type Newer = BTreeMap<Key, Option<Value>>;

/// What the log says after a commit.
fn newer(disk: &dyn Disk, parts: &[Sealed], after: u64) -> Result<Newer, StoreError> {
    let mut newer = Newer::new();
    for part in parts.iter().filter(|part| part.last > after) {
        segment::read(disk, &part.path, part.first.max(after + 1), part.last, |_seq, writes| {
            newer.extend(writes.iter().map(|write| (write.key(), write.value())));
            Ok(())
        })?;
    }
    Ok(newer)
}

/// Goes through older records, which come in the order of their keys, and newer ones, in one order.
fn merge(
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

/// The records of a snapshot. They must be in order, or a merge would be wrong; that they are all of them right is known
/// only at the end.
pub(super) fn older(
    disk: &dyn Disk,
    snapshot: Option<&(u64, PathBuf)>,
    each: &mut Each<'_>,
) -> Result<(), StoreError> {
    let Some((seq, path)) = snapshot else { return Ok(()) };
    let damaged = |detail: String| StoreError::SnapshotDamaged { path: path.clone(), detail };
    let mut before: Option<Vec<u8>> = None;
    let found = snapshot::read(disk, path, &mut |key, value| {
        if before.as_deref().is_some_and(|before| before >= key) {
            return Err(damaged("its records are out of order".to_owned()));
        }
        let before = before.get_or_insert_default();
        before.clear();
        before.extend_from_slice(key);
        each(key, value)
    })?;
    if found == *seq {
        return Ok(());
    }
    Err(damaged(format!("its name says commit {seq} and its content {found}")))
}

/// The state after one commit, as it is on disk.
pub(super) struct Truth {
    disk: Arc<dyn Disk>,
    snapshot: Option<(u64, PathBuf)>,
    newer: Newer,
    stop: Stop,
}

impl Truth {
    pub(super) fn read(
        disk: Arc<dyn Disk>,
        snapshot: Option<(u64, PathBuf)>,
        parts: &[Sealed],
        stop: Stop,
    ) -> Result<Self, StoreError> {
        let newer = newer(&*disk, parts, snapshot.as_ref().map_or(0, |(seq, _)| *seq))?;
        Ok(Self { disk, snapshot, newer, stop })
    }

    fn older(&self, each: &mut Each<'_>) -> Result<(), StoreError> {
        older(&*self.disk, self.snapshot.as_ref(), &mut |key, value| {
            if self.stop.load(Ordering::Relaxed) { Err(StoreError::Closed) } else { each(key, value) }
        })
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
    pub(super) fn run(&self, stop: Stop) -> Written {
        let truth = Truth::read(Arc::clone(&self.disk), self.snapshot.clone(), &self.parts, stop)?;
        let path = snapshot::write(&*self.disk, &self.folder, self.seq, &truth)?;
        Ok((self.seq, path))
    }
}
