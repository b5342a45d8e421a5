//! A whole copy of the state at one commit, behind which the log may be cut.
//!
//! `SEQ.snap`: magic, `u64` commit number, `u64` count, then records of `u32` key length, key, `u32` value length, value;
//! last a `u32` CRC-32 of everything before it. Little-endian, in the order of the keys. It is written under another
//! name, synced, read back and renamed. It is read as a stream, because it may be larger than what should be in memory.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::disk::{self, Disk, DiskFile};
use super::error::StoreError;

const FAMILY: &[u8] = b"VPSNAP";
const FORMAT: u8 = 1;
const MAGIC: [u8; 8] = *b"VPSNAP\x01\n";
const CHUNK: usize = 1 << 18;

/// Told of each record.
pub(super) type Each<'a> = dyn FnMut(&[u8], &[u8]) -> Result<(), StoreError> + 'a;

/// Where the records of a snapshot come from; gone through twice.
pub(super) trait Records {
    fn for_each(&self, each: &mut Each<'_>) -> Result<(), StoreError>;
}

/// The newest snapshot by its name, which says its commit; `None` where there is none. What is in it is judged by whoever
/// reads it.
pub(super) fn newest(disk: &dyn Disk, folder: &Path) -> Result<Option<(u64, PathBuf)>, StoreError> {
    Ok(list(disk, folder)?.pop())
}

/// Writes a snapshot and makes it the newest once it was read back.
pub(super) fn write(
    disk: &dyn Disk,
    folder: &Path,
    seq: u64,
    records: &dyn Records,
) -> Result<PathBuf, StoreError> {
    disk::make_folder(disk, folder)?;
    let unfinished = folder.join("unfinished");
    write_file(disk, &unfinished, seq, records)?;
    let path = folder.join(format!("{seq:020}.snap"));
    disk::publish(disk, &unfinished, &path)?;
    Ok(path)
}

/// Removes the snapshots before this one. What cannot be removed now is harmless.
pub(super) fn remove_older(disk: &dyn Disk, folder: &Path, seq: u64) {
    let removed = list(disk, folder).and_then(|found| {
        found.into_iter().filter(|(older, _)| *older < seq).try_for_each(|(_, path)| {
            disk.remove(&path).map_err(|source| StoreError::io("remove", &path, source))
        })
    });
    if let Err(error) = removed {
        tracing::warn!(error = crate::error::chain(&error), "an older snapshot cannot be removed");
    }
}

/// Writes and syncs one file, and reads it back.
pub(super) fn write_file(
    disk: &dyn Disk,
    path: &Path,
    seq: u64,
    records: &dyn Records,
) -> Result<(), StoreError> {
    let mut count = 0u64;
    records.for_each(&mut |_, _| {
        count += 1;
        Ok(())
    })?;
    let file = disk::create_anew(disk, path)?;
    let failed = |source| StoreError::io("write to", path, source);
    let mut out = Out { file, at: 0, buffer: Vec::with_capacity(CHUNK), sum: crc32fast::Hasher::new() };
    out.put(&MAGIC)
        .and_then(|()| out.put(&seq.to_le_bytes()))
        .and_then(|()| out.put(&count.to_le_bytes()))
        .map_err(failed)?;
    records
        .for_each(&mut |key, value| out.put_sized(key).and_then(|()| out.put_sized(value)).map_err(failed))?;
    out.finish().map_err(failed)?;
    let found = read(disk, path, &mut |_, _| Ok(()))?;
    if found == seq { Ok(()) } else { Err(failed(io::ErrorKind::InvalidData.into())) }
}

struct Out {
    file: Box<dyn DiskFile>,
    at: u64,
    buffer: Vec<u8>,
    sum: crc32fast::Hasher,
}

impl Out {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.update(bytes);
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() < CHUNK { Ok(()) } else { self.flush() }
    }

    fn put_sized(&mut self, bytes: &[u8]) -> io::Result<()> {
        let len = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        self.put(&len.to_le_bytes())?;
        self.put(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_at(&self.buffer, self.at)?;
        self.at += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        let sum = self.sum.clone().finalize();
        self.buffer.extend_from_slice(&sum.to_le_bytes());
        self.flush()?;
        self.file.sync()
    }
}

/// Goes through a snapshot and returns its commit number. Only when it returns `Ok` was everything told to `each` right.
pub(super) fn read(disk: &dyn Disk, path: &Path, each: &mut Each<'_>) -> Result<u64, StoreError> {
    let mut file = disk.reader(path).map_err(|source| StoreError::io("read", path, source))?;
    let mut input = In { file: &mut *file, sum: crc32fast::Hasher::new(), path };
    let (mut magic, mut numbers) = ([0; 8], [0; 16]);
    input.fill(&mut magic)?;
    if magic != MAGIC {
        return Err(match magic.strip_prefix(FAMILY) {
            Some([found, ..]) if *found > FORMAT => {
                StoreError::Newer { what: path.display().to_string(), found: *found, known: FORMAT }
            }
            Some(_) | None => input.damaged("it is no snapshot"),
        });
    }
    input.fill(&mut numbers)?;
    let (seq, count) = (number(&numbers[..8]), number(&numbers[8..]));
    let (mut key, mut value) = (Vec::new(), Vec::new());
    for _ in 0..count {
        input.sized(&mut key)?;
        input.sized(&mut value)?;
        each(&key, &value)?;
    }
    let expected = input.sum.clone().finalize();
    let mut sum = [0; 4];
    input.fill(&mut sum)?;
    if u32::from_le_bytes(sum) != expected {
        return Err(input.damaged("its checksum does not match"));
    }
    let more = input.file.read(&mut [0]).map_err(|source| StoreError::io("read", path, source))?;
    if more == 0 { Ok(seq) } else { Err(input.damaged("bytes are left over")) }
}

struct In<'a> {
    file: &'a mut dyn Read,
    sum: crc32fast::Hasher,
    path: &'a Path,
}

impl In<'_> {
    fn damaged(&self, detail: &str) -> StoreError {
        StoreError::SnapshotDamaged { path: self.path.to_owned(), detail: detail.to_owned() }
    }

    fn failed(&self, source: io::Error) -> StoreError {
        if source.kind() == io::ErrorKind::UnexpectedEof {
            self.damaged("it ends too early")
        } else {
            StoreError::io("read", self.path, source)
        }
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), StoreError> {
        self.file.read_exact(bytes).map_err(|source| self.failed(source))?;
        self.sum.update(bytes);
        Ok(())
    }

    /// The length may be damaged, so no more is reserved than there is.
    fn sized(&mut self, bytes: &mut Vec<u8>) -> Result<(), StoreError> {
        let mut len = [0; 4];
        self.fill(&mut len)?;
        let len = u64::from(u32::from_le_bytes(len));
        bytes.clear();
        let read = Read::by_ref(&mut self.file).take(len).read_to_end(bytes);
        let read = read.map_err(|source| self.failed(source))?;
        if read as u64 != len {
            return Err(self.damaged("it ends too early"));
        }
        self.sum.update(bytes);
        Ok(())
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

fn list(disk: &dyn Disk, folder: &Path) -> Result<Vec<(u64, PathBuf)>, StoreError> {
    let paths = disk.list(folder).map_err(|source| StoreError::io("list", folder, source))?;
    let mut found: Vec<(u64, PathBuf)> = paths
        .into_iter()
        .filter_map(|path| {
            let number = path.file_name()?.to_str()?.strip_suffix(".snap")?;
            Some((number.parse().ok()?, path))
        })
        .collect();
    found.sort_unstable();
    Ok(found)
}
