//! The bytes of one file of the commit log.
//!
//! `FIRSTSEQ.log` begins with the magic; then records of `u32` length, `u32` CRC-32, `u64` sequence number and payload,
//! little-endian; the checksum covers number and payload. A segment ends where the next one begins, whatever follows in
//! it: so a new file is enough to take back what a failed write may have left in an old one.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::disk::Disk;
use super::error::StoreError;
use super::record::{self, Write, WriteRead};

const FAMILY: &[u8] = b"VPLOG";
const FORMAT: u8 = 1;
pub(super) const MAGIC: [u8; 8] = *b"VPLOG\x01\0\n";
/// Of a record, before its payload.
pub(super) const HEAD_LEN: usize = 16;
/// No commit comes near this; a longer length is damage.
const PAYLOAD_LEN_MAX: usize = 1 << 30;

pub(super) fn path(folder: &Path, first_seq: u64) -> PathBuf {
    folder.join(format!("{first_seq:020}.log"))
}

/// The segments with the sequence number in their name, in order.
pub(super) fn list(disk: &dyn Disk, folder: &Path) -> Result<Vec<(u64, PathBuf)>, StoreError> {
    let paths = disk.list(folder).map_err(|source| StoreError::io("list", folder, source))?;
    let mut found: Vec<(u64, PathBuf)> = paths
        .into_iter()
        .filter_map(|path| {
            let number = path.file_name()?.to_str()?.strip_suffix(".log")?;
            Some((number.parse().ok()?, path))
        })
        .collect();
    found.sort_unstable();
    Ok(found)
}

/// What a check of a segment found.
pub(super) struct Checked {
    /// The last commit in it; the one before its first when there is none.
    pub(super) last: u64,
    /// The bytes of the last record.
    pub(super) last_record: Vec<u8>,
    pub(super) len: u64,
    /// Whether an unfinished append follows.
    pub(super) torn: bool,
}

/// Checks every record that counts: those before `end`, or all of the last segment.
///
/// Only the last record of the last segment can be torn, because each append is synced before the next one. What looks
/// torn while whole later records follow is damage. A last record that does not check is taken for torn: a bit that
/// flipped in it cannot be told from a write that was cut short. The caller knows whether the state table has seen it.
pub(super) fn check(path: &Path, bytes: &[u8], first: u64, end: Option<u64>) -> Result<Checked, StoreError> {
    let damaged = |offset: usize| StoreError::LogDamaged { path: path.to_owned(), offset: offset as u64 };
    let mut checked = Checked { last: first - 1, last_record: Vec::new(), len: 0, torn: false };
    if !bytes.starts_with(&MAGIC) {
        let begun =
            bytes.len() <= MAGIC.len() && (MAGIC.starts_with(bytes) || bytes.iter().all(|byte| *byte == 0));
        if end.is_none() && begun {
            // Left by a daemon that died while it began this segment.
            checked.torn = true;
            return Ok(checked);
        }
        if let Some([found, ..]) = bytes.strip_prefix(FAMILY)
            && *found > FORMAT
        {
            let what = path.display().to_string();
            return Err(StoreError::Newer { what, found: *found, known: FORMAT });
        }
        return Err(damaged(0));
    }
    let mut at = MAGIC.len();
    while end.is_none_or(|end| checked.last + 1 < end) {
        match scan(bytes, at) {
            Scan::Record { seq, next, .. } if seq == checked.last + 1 => {
                checked.last = seq;
                checked.last_record = bytes[at..next].to_vec();
                at = next;
            }
            Scan::End if end.is_none() => break,
            Scan::Torn if end.is_none() && !holds_later(&bytes[at..], checked.last + 1) => {
                checked.torn = true;
                break;
            }
            Scan::End | Scan::Record { .. } | Scan::Torn | Scan::Damaged => return Err(damaged(at)),
        }
    }
    checked.len = at as u64;
    Ok(checked)
}

/// The commits of a checked segment from `first` to `last`, one after the other in one piece of memory.
pub(super) fn read(
    disk: &dyn Disk,
    path: &Path,
    first: u64,
    last: u64,
    mut each: impl FnMut(u64, &[WriteRead<'_>]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut file = disk.reader(path).map_err(|source| StoreError::io("read", path, source))?;
    let mut magic = [0; MAGIC.len()];
    fill(&mut *file, path, 0, &mut magic)?;
    let mut at = MAGIC.len() as u64;
    let mut payload = Vec::new();
    loop {
        let mut head = [0; HEAD_LEN];
        fill(&mut *file, path, at, &mut head)?;
        let (len, seq) = (number(&head[0..4]), number(&head[8..16]));
        payload.clear();
        // The length was right when the segment was checked; if it is another one now, no more is reserved than there is.
        let read = file.by_ref().take(len).read_to_end(&mut payload);
        read.map_err(|source| StoreError::io("read", path, source))?;
        let whole =
            payload.len() as u64 == len && u64::from(sum(&head[8..16], &payload)) == number(&head[4..8]);
        if !whole {
            return Err(StoreError::LogDamaged { path: path.to_owned(), offset: at });
        }
        if seq >= first && seq <= last {
            each(seq, &record::decode_writes(&payload)?)?;
        }
        if seq >= last {
            return Ok(());
        }
        at += HEAD_LEN as u64 + len;
    }
}

fn fill(file: &mut dyn Read, path: &Path, at: u64, bytes: &mut [u8]) -> Result<(), StoreError> {
    file.read_exact(bytes).map_err(|source| match source.kind() {
        io::ErrorKind::UnexpectedEof => StoreError::LogDamaged { path: path.to_owned(), offset: at },
        _ => StoreError::io("read", path, source),
    })
}

pub(super) enum Scan {
    End,
    Record {
        seq: u64,
        next: usize,
    },
    /// Reaches to the end of the file without being whole: an append that was not finished.
    Torn,
    Damaged,
}

pub(super) fn scan(bytes: &[u8], at: usize) -> Scan {
    let rest = bytes.get(at..).unwrap_or_default();
    if rest.is_empty() {
        return Scan::End;
    }
    let Some((head, body)) = rest.split_first_chunk::<HEAD_LEN>() else { return Scan::Torn };
    let len = usize::try_from(number(&head[0..4])).unwrap_or(usize::MAX);
    // A file system may have extended the file before the bytes arrived.
    if rest.iter().all(|byte| *byte == 0) {
        return Scan::Torn;
    }
    if len > PAYLOAD_LEN_MAX {
        return if body.len() < len { Scan::Torn } else { Scan::Damaged };
    }
    let Some(payload) = body.get(..len) else { return Scan::Torn };
    if u64::from(sum(&head[8..16], payload)) != number(&head[4..8]) {
        return if body.len() == len { Scan::Torn } else { Scan::Damaged };
    }
    Scan::Record { seq: number(&head[8..16]), next: at + HEAD_LEN + len }
}

/// Whether a whole record of a later commit follows somewhere: then the length of the one before it is damaged.
fn holds_later(rest: &[u8], seq: u64) -> bool {
    let newest = seq.saturating_add(rest.len() as u64);
    rest.windows(HEAD_LEN).enumerate().skip(1).any(|(at, head)| {
        let found = number(&head[8..16]);
        found > seq && found <= newest && matches!(scan(rest, at), Scan::Record { .. })
    })
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

fn sum(seq: &[u8], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(seq);
    hasher.update(payload);
    hasher.finalize()
}

pub(super) fn encode(seq: u64, writes: &[Write]) -> Result<Vec<u8>, StoreError> {
    let payload = record::encode_writes(writes)?;
    if payload.len() > PAYLOAD_LEN_MAX {
        return Err(StoreError::TooLarge);
    }
    let Ok(len) = u32::try_from(payload.len()) else { return Err(StoreError::TooLarge) };
    let seq = seq.to_le_bytes();
    let mut bytes = Vec::with_capacity(HEAD_LEN + payload.len());
    bytes.extend_from_slice(&len.to_le_bytes());
    bytes.extend_from_slice(&sum(&seq, &payload).to_le_bytes());
    bytes.extend_from_slice(&seq);
    bytes.extend_from_slice(&payload);
    Ok(bytes)
}
