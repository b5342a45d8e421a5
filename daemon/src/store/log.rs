//! The commit log: one record per commit, appended and synced before anything else knows of it.
//!
//! A segment `FIRSTSEQ.log` begins with the magic; then records of `u32` length, `u32` CRC-32, `u64` sequence number and
//! payload, little-endian; the checksum covers number and payload. Only the very last record can be torn, because each
//! append is synced before the next; it was never acknowledged and is cut off. Anything else that does not check is
//! damage and is refused.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::error::{StoreError, sync_folder};
use super::record::{self, Write};

pub(super) const MAGIC: [u8; 8] = *b"VPLOG\x01\0\n";
const HEAD_LEN: usize = 16;
/// No commit comes near this; a longer length is damage.
const PAYLOAD_LEN_MAX: usize = 1 << 30;

pub(super) struct Log {
    folder: PathBuf,
    /// Whole segments before the current one, oldest first.
    sealed: Vec<PathBuf>,
    current: Segment,
    first_seq: u64,
    last_seq: u64,
    /// Set when not even the traces of a failed append could be removed.
    poisoned: bool,
}

struct Segment {
    path: PathBuf,
    file: File,
    len: u64,
}

impl Log {
    /// Opens the log whose commits follow after `base`, the commit of the newest snapshot.
    pub(super) fn open(folder: &Path, base: u64, notices: &mut Vec<String>) -> Result<Self, StoreError> {
        std::fs::create_dir_all(folder).map_err(|source| StoreError::io("create", folder, source))?;
        let mut paths = segments(folder)?;
        let Some((first_seq, _)) = paths.first().cloned() else {
            let current = Segment::create(folder, base + 1)?;
            return Ok(Self {
                folder: folder.to_owned(),
                sealed: Vec::new(),
                current,
                first_seq: base + 1,
                last_seq: base,
                poisoned: false,
            });
        };
        let mut next = first_seq;
        let last = paths.len() - 1;
        for (at, (seq, path)) in paths.iter().enumerate() {
            if *seq != next {
                return Err(StoreError::LogGap {
                    folder: folder.to_owned(),
                    from: next,
                    to: seq.saturating_sub(1),
                });
            }
            next = check_segment(path, next, at == last, notices)?;
        }
        let Some((_, path)) = paths.pop() else { return Err(StoreError::Poisoned) };
        let current = Segment::open(path)?;
        let sealed = paths.into_iter().map(|(_, path)| path).collect();
        Ok(Self {
            folder: folder.to_owned(),
            sealed,
            current,
            first_seq,
            last_seq: next - 1,
            poisoned: false,
        })
    }

    /// The oldest commit that the log holds, or would hold next.
    pub(super) fn first_seq(&self) -> u64 {
        self.first_seq
    }

    pub(super) fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// Bytes that a start would have to read.
    pub(super) fn bytes(&self) -> u64 {
        self.current.len
    }

    /// Appends one commit and waits until it is on disk.
    pub(super) fn append(&mut self, writes: &[Write]) -> Result<u64, StoreError> {
        if self.poisoned {
            return Err(StoreError::Poisoned);
        }
        let seq = self.last_seq + 1;
        let bytes = encode(seq, writes)?;
        if let Err(source) = self.current.append(&bytes) {
            // Nothing of it may remain, or a later start would take it for acknowledged.
            self.poisoned = self.current.restore().is_err();
            return Err(StoreError::io("write to", &self.current.path, source));
        }
        self.last_seq = seq;
        Ok(seq)
    }

    /// Reads the commits after `applied` in order.
    pub(super) fn read_after(
        &self,
        applied: u64,
        mut each: impl FnMut(u64, Vec<Write>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        for path in self.sealed.iter().chain([&self.current.path]) {
            let bytes = std::fs::read(path).map_err(|source| StoreError::io("read", path, source))?;
            let mut at = MAGIC.len();
            while let Scan::Record { seq, payload, next } = scan(&bytes, at) {
                if seq > applied {
                    each(seq, record::decode_writes(payload)?)?;
                }
                at = next;
            }
        }
        Ok(())
    }

    /// Begins a new segment and removes those before it. Only to be called behind a verified snapshot.
    pub(super) fn cut(&mut self) -> Result<(), StoreError> {
        let next = self.last_seq + 1;
        if self.current.len > MAGIC.len() as u64 {
            let fresh = Segment::create(&self.folder, next)?;
            let old = std::mem::replace(&mut self.current, fresh);
            self.sealed.push(old.path);
        }
        for path in std::mem::take(&mut self.sealed) {
            std::fs::remove_file(&path).map_err(|source| StoreError::io("remove", &path, source))?;
        }
        self.first_seq = next;
        sync_folder(&self.folder)
    }
}

impl Segment {
    fn create(folder: &Path, first_seq: u64) -> Result<Self, StoreError> {
        let path = folder.join(format!("{first_seq:020}.log"));
        let file = options()
            .create_new(true)
            .open(&path)
            .map_err(|source| StoreError::io("create", &path, source))?;
        file.write_all_at(&MAGIC, 0)
            .and_then(|()| file.sync_all())
            .map_err(|source| StoreError::io("write to", &path, source))?;
        sync_folder(folder)?;
        Ok(Self { path, file, len: MAGIC.len() as u64 })
    }

    fn open(path: PathBuf) -> Result<Self, StoreError> {
        let file = options().open(&path).map_err(|source| StoreError::io("open", &path, source))?;
        let len = file.metadata().map_err(|source| StoreError::io("look at", &path, source))?.len();
        Ok(Self { path, file, len })
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, self.len)?;
        self.file.sync_data()?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Takes back what a failed append may have left.
    fn restore(&self) -> io::Result<()> {
        self.file.set_len(self.len)?;
        self.file.sync_data()
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options
}

/// The segments with the sequence number in their name, in order.
fn segments(folder: &Path) -> Result<Vec<(u64, PathBuf)>, StoreError> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|source| StoreError::io("list", folder, source))? {
        let path = entry.map_err(|source| StoreError::io("list", folder, source))?.path();
        let number =
            path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".log"));
        if let Some(seq) = number.and_then(|number| number.parse().ok()) {
            found.push((seq, path));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Checks every record and returns the number of the commit that follows. Cuts off a torn end of the last segment.
fn check_segment(
    path: &Path,
    first: u64,
    is_last: bool,
    notices: &mut Vec<String>,
) -> Result<u64, StoreError> {
    let bytes = std::fs::read(path).map_err(|source| StoreError::io("read", path, source))?;
    if is_last && bytes.len() < MAGIC.len() && MAGIC.starts_with(&bytes) {
        // The daemon died while it began this segment.
        let file = options().open(path).map_err(|source| StoreError::io("open", path, source))?;
        file.write_all_at(&MAGIC, 0)
            .and_then(|()| file.sync_all())
            .map_err(|source| StoreError::io("write to", path, source))?;
        return Ok(first);
    }
    if !bytes.starts_with(&MAGIC) {
        return Err(StoreError::LogDamaged { path: path.to_owned(), offset: 0 });
    }
    let mut at = MAGIC.len();
    let mut next = first;
    loop {
        match scan(&bytes, at) {
            Scan::End => return Ok(next),
            Scan::Record { seq, next: after, .. } if seq == next => {
                next += 1;
                at = after;
            }
            Scan::Torn if is_last => {
                cut_torn(path, at as u64, bytes.len() as u64)?;
                notices.push(format!("an unfinished last commit was cut off {}", path.display()));
                return Ok(next);
            }
            Scan::Record { .. } | Scan::Torn | Scan::Damaged => {
                return Err(StoreError::LogDamaged { path: path.to_owned(), offset: at as u64 });
            }
        }
    }
}

fn cut_torn(path: &Path, keep: u64, len: u64) -> Result<(), StoreError> {
    debug_assert!(keep < len, "there is something to cut");
    let file = options().open(path).map_err(|source| StoreError::io("open", path, source))?;
    file.set_len(keep).and_then(|()| file.sync_all()).map_err(|source| StoreError::io("mend", path, source))
}

pub(super) enum Scan<'a> {
    End,
    Record {
        seq: u64,
        payload: &'a [u8],
        next: usize,
    },
    /// Reaches to the end of the file without being whole: an append that was not finished.
    Torn,
    Damaged,
}

pub(super) fn scan(bytes: &[u8], at: usize) -> Scan<'_> {
    let rest = &bytes[at..];
    if rest.is_empty() {
        return Scan::End;
    }
    let Some((head, body)) = rest.split_first_chunk::<HEAD_LEN>() else { return Scan::Torn };
    let number = |range: std::ops::Range<usize>| {
        head[range].iter().rev().fold(0u64, |value, byte| value << 8 | u64::from(*byte))
    };
    let len = usize::try_from(number(0..4)).unwrap_or(usize::MAX);
    // A file system may have extended the file before the bytes arrived.
    if rest.iter().all(|byte| *byte == 0) {
        return Scan::Torn;
    }
    if len > PAYLOAD_LEN_MAX {
        return Scan::Damaged;
    }
    let Some(payload) = body.get(..len) else { return Scan::Torn };
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&head[8..16]);
    hasher.update(payload);
    if u64::from(hasher.finalize()) != number(4..8) {
        return if body.len() == len { Scan::Torn } else { Scan::Damaged };
    }
    Scan::Record { seq: number(8..16), payload, next: at + HEAD_LEN + len }
}

pub(super) fn encode(seq: u64, writes: &[Write]) -> Result<Vec<u8>, StoreError> {
    let payload = record::encode_writes(writes)?;
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&seq.to_le_bytes());
    hasher.update(&payload);
    let mut bytes = Vec::with_capacity(HEAD_LEN + payload.len());
    let Ok(len) = u32::try_from(payload.len()) else {
        return Err(StoreError::damaged("the commit", "it is too large"));
    };
    bytes.extend_from_slice(&len.to_le_bytes());
    bytes.extend_from_slice(&hasher.finalize().to_le_bytes());
    bytes.extend_from_slice(&seq.to_le_bytes());
    bytes.extend_from_slice(&payload);
    Ok(bytes)
}
