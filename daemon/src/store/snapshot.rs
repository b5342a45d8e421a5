//! A whole copy of the table at one commit, behind which the log may be cut.
//!
//! `SEQ.snap`: magic, `u64` commit number, `u64` count, then records of `u32` key length, key, `u32` value length, value;
//! last a `u32` CRC-32 of everything before it. Little-endian. It is written under another name, synced, read back and
//! renamed.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::error::{StoreError, sync_folder};
use super::table::Table;

const MAGIC: [u8; 8] = *b"VPSNAP\x01\n";

pub(super) struct Snapshot {
    pub(super) seq: u64,
    pub(super) records: Vec<Record>,
}

pub(super) type Record = (Vec<u8>, Vec<u8>);
type Each<'a> = dyn FnMut(&[u8], &[u8]) -> Result<(), StoreError> + 'a;

/// Where the records of a snapshot come from; gone through twice.
pub(super) trait Records {
    fn for_each(&self, each: &mut Each<'_>) -> Result<(), StoreError>;
}

impl Records for Table {
    fn for_each(&self, each: &mut Each<'_>) -> Result<(), StoreError> {
        Self::for_each(self, each)
    }
}

impl Records for [Record] {
    fn for_each(&self, each: &mut Each<'_>) -> Result<(), StoreError> {
        self.iter().try_for_each(|(key, value)| each(key, value))
    }
}

/// A table with one more record at its end.
pub(super) struct With<'a> {
    pub(super) table: &'a Table,
    pub(super) key: &'a [u8],
    pub(super) value: &'a [u8],
}

impl Records for With<'_> {
    fn for_each(&self, each: &mut Each<'_>) -> Result<(), StoreError> {
        Table::for_each(self.table, &mut *each)?;
        each(self.key, self.value)
    }
}

/// The newest snapshot, checked; `None` where there is none.
pub(super) fn newest(folder: &Path) -> Result<Option<Snapshot>, StoreError> {
    if !folder.exists() {
        return Ok(None);
    }
    let path = list(folder)?.pop();
    path.map(|(_, path)| read(&path)).transpose()
}

/// Writes a snapshot and removes the older ones once it was read back.
pub(super) fn write<R: Records + ?Sized>(folder: &Path, seq: u64, records: &R) -> Result<(), StoreError> {
    std::fs::create_dir_all(folder).map_err(|source| StoreError::io("create", folder, source))?;
    let unfinished = folder.join("unfinished");
    write_file(&unfinished, seq, records)?;
    read(&unfinished)?;
    let path = folder.join(format!("{seq:020}.snap"));
    std::fs::rename(&unfinished, &path).map_err(|source| StoreError::io("rename", &unfinished, source))?;
    sync_folder(folder)?;
    for (older, path) in list(folder)? {
        if older < seq {
            std::fs::remove_file(&path).map_err(|source| StoreError::io("remove", &path, source))?;
        }
    }
    Ok(())
}

/// Writes and syncs one file.
pub(super) fn write_file<R: Records + ?Sized>(path: &Path, seq: u64, records: &R) -> Result<(), StoreError> {
    let failed = |source| StoreError::io("write", path, source);
    let file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).map_err(failed)?;
    let mut out = Summed { inner: BufWriter::new(file), sum: crc32fast::Hasher::new() };
    let mut count = 0u64;
    records.for_each(&mut |_, _| {
        count += 1;
        Ok(())
    })?;
    out.put(&MAGIC)
        .and_then(|()| out.put(&seq.to_le_bytes()))
        .and_then(|()| out.put(&count.to_le_bytes()))
        .map_err(failed)?;
    records
        .for_each(&mut |key, value| out.put_sized(key).and_then(|()| out.put_sized(value)).map_err(failed))?;
    let sum = out.sum.clone().finalize();
    out.inner.write_all(&sum.to_le_bytes()).map_err(failed)?;
    let file = out.inner.into_inner().map_err(|error| failed(error.into_error()))?;
    file.sync_all().map_err(failed)
}

struct Summed {
    inner: BufWriter<File>,
    sum: crc32fast::Hasher,
}

impl Summed {
    fn put(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.sum.update(bytes);
        self.inner.write_all(bytes)
    }

    fn put_sized(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let len = u32::try_from(bytes.len()).map_err(std::io::Error::other)?;
        self.put(&len.to_le_bytes())?;
        self.put(bytes)
    }
}

pub(super) fn read(path: &Path) -> Result<Snapshot, StoreError> {
    let bytes = std::fs::read(path).map_err(|source| StoreError::io("read", path, source))?;
    let damaged = |detail: &str| StoreError::damaged(path.display().to_string(), detail);
    let (body, sum) = bytes.split_last_chunk::<4>().ok_or_else(|| damaged("it is too short"))?;
    if crc32fast::hash(body) != u32::from_le_bytes(*sum) {
        return Err(damaged("its checksum does not match"));
    }
    let mut rest = body.strip_prefix(&MAGIC).ok_or_else(|| damaged("it is no snapshot"))?;
    let mut take = |len: usize| {
        let (head, tail) = rest.split_at_checked(len).ok_or_else(|| damaged("it ends too early"))?;
        rest = tail;
        Ok::<&[u8], StoreError>(head)
    };
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
    let seq = number(take(8)?);
    let count = number(take(8)?);
    let mut records = Vec::new();
    for _ in 0..count {
        let len = usize::try_from(number(take(4)?)).unwrap_or(usize::MAX);
        let key = take(len)?.to_vec();
        let len = usize::try_from(number(take(4)?)).unwrap_or(usize::MAX);
        records.push((key, take(len)?.to_vec()));
    }
    Ok(Snapshot { seq, records })
}

fn list(folder: &Path) -> Result<Vec<(u64, PathBuf)>, StoreError> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|source| StoreError::io("list", folder, source))? {
        let path = entry.map_err(|source| StoreError::io("list", folder, source))?.path();
        let number =
            path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".snap"));
        if let Some(seq) = number.and_then(|number| number.parse().ok()) {
            found.push((seq, path));
        }
    }
    found.sort_unstable();
    Ok(found)
}
