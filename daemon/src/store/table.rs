//! The state table: a tree of every record by its key, which knows up to which commit it goes and what it must hold.
//!
//! With each batch the number of the commit, the number of records and a sum over all of them are written. The sum does
//! not depend on their order, so it is kept up to date record by record; before the table is used it is compared with
//! what is there. Records that vanish, come back or change are noticed, whatever the tree says. The table is never the truth:
//! when it fails it is closed, and rebuilt or caught up later.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::disk::Disk;
use super::error::StoreError;
use super::record::{Key, Value, WriteRead};
use super::tree::{Put, Tree};

const WHAT: &str = "the state table";
/// The one key that is the table's own.
const HEAD: &[u8] = b"m/applied";
const FIRST_KEY: &[u8] = &[];
const LAST_KEY: &[u8] = &[0xff; 64];
/// Records that are put into one batch when a table is filled.
const CHUNK: usize = 1000;

/// One record of so many is looked up while all are gone through. Besides what it shows, it keeps memory small: sled lets go
/// of pages when it has counted 64 accesses to one part of them, and reading in order alone counts one access for each page.
const LOOKED_UP: u64 = 2;

/// What the table must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Sum {
    count: u64,
    sum: u64,
}

impl Sum {
    fn add(&mut self, key: &[u8], value: &[u8]) {
        self.count = self.count.wrapping_add(1);
        self.sum = self.sum.wrapping_add(fingerprint(key, value));
    }

    fn take(&mut self, key: &[u8], value: &[u8]) {
        self.count = self.count.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(fingerprint(key, value));
    }
}

/// 64 bits of a record. Part of the format: a change of it makes every table be rebuilt.
fn fingerprint(key: &[u8], value: &[u8]) -> u64 {
    [key, value].into_iter().fold(0x9e37_79b9_7f4a_7c15, |state, part| {
        let state = fold(state, part.len() as u64);
        let (lanes, rest) = part.as_chunks::<8>();
        let state = lanes.iter().fold(state, |state, lane| fold(state, u64::from_le_bytes(*lane)));
        rest.iter().fold(state, |state, byte| fold(state, u64::from(*byte)))
    })
}

fn fold(state: u64, lane: u64) -> u64 {
    let product = u128::from(state ^ lane) * 0xd6e8_feb8_6659_fd93;
    let [low, high] =
        [product, product >> 64].map(|half| u64::try_from(half & u128::from(u64::MAX)).unwrap_or(0));
    (low ^ high).wrapping_add(0x2545_f491_4f6c_dd1d)
}

#[derive(Default)]
pub(super) struct Table {
    /// `None` while there is no table that can be used.
    tree: Option<Box<dyn Tree>>,
    applied: u64,
    sum: Sum,
}

impl Table {
    /// Opens the table of a folder, or makes an empty one there.
    pub(super) fn open(disk: &dyn Disk, path: &Path, notices: &mut Vec<String>) -> Result<Self, StoreError> {
        guard(|| {
            let tree = disk.tree(path, notices)?;
            let Some(head) = tree.get(HEAD)? else {
                // Created, but the daemon ended before the first commit reached the disk.
                return Ok(Self { tree: Some(tree), applied: 0, sum: Sum::default() });
            };
            let (applied, sum) = read_head(&head)?;
            Ok(Self { tree: Some(tree), applied, sum })
        })
    }

    pub(super) fn applied_seq(&self) -> u64 {
        self.applied
    }

    pub(super) fn is_open(&self) -> bool {
        self.tree.is_some()
    }

    /// Applies a commit that is in the log already. A table that cannot follow is closed.
    pub(super) fn apply<'a>(
        &mut self,
        seq: u64,
        writes: impl ExactSizeIterator<Item = WriteRead<'a>>,
    ) -> Result<(), StoreError> {
        let Some(tree) = &mut self.tree else { return Ok(()) };
        let mut sum = self.sum;
        let applied = guard(|| {
            let mut batch: Vec<Put> = Vec::with_capacity(writes.len() + 1);
            for WriteRead { key, value } in writes {
                if let Some(old) = tree.get(key)? {
                    sum.take(key, &old);
                }
                if let Some(value) = value {
                    sum.add(key, value);
                }
                batch.push((key.to_vec(), value.map(<[u8]>::to_vec)));
            }
            batch.push((HEAD.to_vec(), Some(head(seq, sum))));
            tree.apply(&batch)
        });
        match applied {
            Ok(()) => {
                self.applied = seq;
                self.sum = sum;
                Ok(())
            }
            Err(error) => {
                self.close();
                Err(error)
            }
        }
    }

    /// Puts records into an empty table; they count only once [`Filler::finish`] was called.
    pub(super) fn fill(&mut self) -> Filler<'_> {
        Filler { table: self, batch: Vec::with_capacity(CHUNK), sum: Sum::default() }
    }

    /// Every record in the order of the keys, some of them looked up by their keys as well; fails in the end when they are not those that must be there.
    pub(super) fn for_each(
        &self,
        mut each: impl FnMut(&[u8], &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let Some(tree) = &self.tree else { return Err(StoreError::Closed) };
        let mut sum = Sum::default();
        guard(|| {
            tree.range(FIRST_KEY, LAST_KEY, &mut |key, value| {
                if key != HEAD {
                    sum.add(key, value);
                    each(key, value)?;
                }
                if sum.count.is_multiple_of(LOOKED_UP) && tree.get(key)?.as_deref() != Some(value) {
                    return Err(StoreError::damaged(WHAT, "a record in it is not found by its key"));
                }
                Ok(true)
            })
        })?;
        if sum == self.sum {
            return Ok(());
        }
        let detail = format!(
            "it must hold {} records and holds {}, or others than it must",
            self.sum.count, sum.count
        );
        Err(StoreError::damaged(WHAT, detail))
    }

    pub(super) fn range(&self, first: &Key, last: &Key, limit: usize) -> Result<Vec<Value>, StoreError> {
        let Some(tree) = &self.tree else { return Err(StoreError::Closed) };
        let mut values = Vec::new();
        if limit > 0 {
            guard(|| {
                tree.range(first.bytes(), last.bytes(), &mut |_key, value| {
                    values.push(Value::from_bytes(value));
                    Ok(values.len() < limit)
                })
            })?;
        }
        Ok(values)
    }

    /// Hands what is in memory to the operating system, so that a start has less to catch up with.
    pub(super) fn flush(&mut self) -> Result<(), StoreError> {
        let Some(tree) = &self.tree else { return Ok(()) };
        let flushed = guard(|| tree.flush());
        if flushed.is_err() {
            self.close();
        }
        flushed
    }

    /// Lets go of the tree without a word to it.
    pub(super) fn close(&mut self) {
        let tree = self.tree.take();
        if let Err(error) = guard(|| {
            drop(tree);
            Ok(())
        }) {
            tracing::debug!(%error, "the state table did not end cleanly");
        }
    }
}

/// Fills a table batch by batch.
pub(super) struct Filler<'a> {
    table: &'a mut Table,
    batch: Vec<Put>,
    sum: Sum,
}

impl Filler<'_> {
    pub(super) fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.sum.add(key, value);
        self.batch.push((key.to_vec(), Some(value.to_vec())));
        if self.batch.len() < CHUNK { Ok(()) } else { self.write() }
    }

    fn write(&mut self) -> Result<(), StoreError> {
        let Some(tree) = &mut self.table.tree else { return Err(StoreError::Closed) };
        let batch = std::mem::take(&mut self.batch);
        guard(|| tree.apply(&batch))
    }

    /// Makes the table one that goes up to this commit.
    pub(super) fn finish(mut self, seq: u64) -> Result<(), StoreError> {
        self.batch.push((HEAD.to_vec(), Some(head(seq, self.sum))));
        self.write()?;
        self.table.applied = seq;
        self.table.sum = self.sum;
        Ok(())
    }
}

fn head(seq: u64, sum: Sum) -> Vec<u8> {
    let mut bytes = [seq, sum.count, sum.sum].map(u64::to_be_bytes).concat();
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_be_bytes());
    bytes
}

fn read_head(bytes: &[u8]) -> Result<(u64, Sum), StoreError> {
    let wrong = |detail: &str| StoreError::damaged(WHAT, detail);
    // The first version wrote the number only.
    if bytes.len() == 8 {
        return Err(wrong("it was written by an earlier version, without a sum of its records"));
    }
    let (body, sum) = bytes.split_last_chunk::<4>().ok_or_else(|| wrong("its head is too short"))?;
    if crc32fast::hash(body) != u32::from_be_bytes(*sum) {
        return Err(wrong("its head does not check"));
    }
    let numbers: Vec<u64> = body
        .chunks(8)
        .map(|part| part.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
        .collect();
    let [applied, count, sum] = numbers.as_slice() else { return Err(wrong("its head has another length")) };
    Ok((*applied, Sum { count: *count, sum: *sum }))
}

/// sled may panic on what it finds on disk; the state does not depend on it.
fn guard<T>(act: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(act))
        .unwrap_or_else(|_panic| Err(StoreError::damaged(WHAT, "sled failed on what it holds")))
}
