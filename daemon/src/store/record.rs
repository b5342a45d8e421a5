//! Keys and values on disk, and the bytes of a commit. With `record/disk.rs`, the daemon's only mention of bincode.
//!
//! A key is a letter and the id, big-endian, so that the order of keys is the order of ids. A value is a schema byte, a
//! CRC-32 and the bincode of a struct of `disk`; the checksum is ours because sled hands out what it finds.

mod disk;
mod raw;
mod second;
mod third;

use serde::{Deserialize, Serialize};
use vodpost_protocol::ids::{Token, VideoId};

use super::error::StoreError;
use crate::core::event::Event;
use crate::core::state::Change;

/// The schema that this version writes.
pub(super) const SCHEMA: u8 = 3;
const HEAD_LEN: usize = 5;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Key(#[serde(with = "raw")] Vec<u8>);

impl Key {
    fn video(id: VideoId) -> Self {
        Self([b"v/".as_slice(), &id.bits().to_be_bytes()].concat())
    }

    fn posting(token: Token) -> Self {
        Self([b"p/".as_slice(), &token.bits().to_be_bytes()].concat())
    }

    fn account() -> Self {
        Self(b"a/".to_vec())
    }

    fn queue() -> Self {
        Self(b"q/".to_vec())
    }

    fn roots() -> Self {
        Self(b"r/".to_vec())
    }

    pub(super) fn event(seq: u64) -> Self {
        Self([b"e/".as_slice(), &seq.to_be_bytes()].concat())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Value(#[serde(with = "raw")] Vec<u8>);

impl Value {
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// One record of a commit; no value removes the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Write {
    pub(super) key: Key,
    pub(super) value: Option<Value>,
}

impl Write {
    pub(super) fn as_read(&self) -> WriteRead<'_> {
        WriteRead { key: self.key.bytes(), value: self.value.as_ref().map(Value::bytes) }
    }
}

/// The same where it was read, without a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) struct WriteRead<'a> {
    #[serde(borrow)]
    pub(super) key: &'a [u8],
    #[serde(borrow)]
    pub(super) value: Option<&'a [u8]>,
}

impl WriteRead<'_> {
    pub(super) fn key(&self) -> Key {
        Key(self.key.to_vec())
    }

    pub(super) fn value(&self) -> Option<Value> {
        self.value.map(Value::from_bytes)
    }
}

/// The records of these changes; of several for one key only the last.
pub(super) fn writes(changes: &[Change]) -> Result<Vec<Write>, StoreError> {
    let mut writes: Vec<Write> = Vec::with_capacity(changes.len());
    let mut seen = std::collections::HashSet::new();
    for change in changes.iter().rev() {
        let key = key(change);
        if seen.insert(key.0.clone()) {
            writes.push(Write { key, value: value(change)? });
        }
    }
    writes.reverse();
    Ok(writes)
}

fn key(change: &Change) -> Key {
    match change {
        Change::Video(video) => Key::video(video.id),
        Change::ForgetVideo(id) => Key::video(*id),
        Change::Posting(posting) => Key::posting(posting.token),
        Change::Account(_) => Key::account(),
        Change::Queue(_) => Key::queue(),
        Change::Roots(_) => Key::roots(),
        Change::Event(event) => Key::event(event.seq),
        Change::ForgetEvent(seq) => Key::event(*seq),
    }
}

fn value(change: &Change) -> Result<Option<Value>, StoreError> {
    Ok(Some(match change {
        Change::Video(video) => seal(&second::Video::from_core(video))?,
        Change::ForgetVideo(_) | Change::ForgetEvent(_) => return Ok(None),
        Change::Posting(posting) => seal(&second::Posting::from_core(posting))?,
        Change::Account(account) => seal(&disk::Account::from_core(account))?,
        Change::Queue(queue) => seal(&second::Queue::from_core(queue))?,
        Change::Roots(roots) => seal(&third::Roots::from_core(roots))?,
        Change::Event(event) => seal(&disk::Event::from_core(event))?,
    }))
}

fn seal<T: Serialize>(value: &T) -> Result<Value, StoreError> {
    let body = encode(value)?;
    let mut bytes = Vec::with_capacity(HEAD_LEN + body.len());
    bytes.push(SCHEMA);
    bytes.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
    bytes.extend_from_slice(&body);
    Ok(Value(bytes))
}

/// The change that a stored record stands for.
pub(super) fn read(key: &[u8], value: &[u8]) -> Result<Change, StoreError> {
    Ok(match key.first() {
        Some(b'v') => Change::Video(Box::new(match schema(value)? {
            Schema::First => open::<disk::Video>(value)?.into_core(second::Course::default()),
            Schema::Second | Schema::Third => open::<second::Video>(value)?.into_core(),
        })),
        Some(b'p') => Change::Posting(match schema(value)? {
            Schema::First => open::<disk::Posting>(value)?.into_core(),
            Schema::Second | Schema::Third => open::<second::Posting>(value)?.into_core(),
        }),
        Some(b'a') => Change::Account(Box::new(open::<disk::Account>(value)?.into_core())),
        Some(b'q') => Change::Queue(open::<second::Queue>(value)?.into_core()),
        Some(b'r') => Change::Roots(open::<third::Roots>(value)?.into_core()),
        Some(b'e') => Change::Event(open::<disk::Event>(value)?.into_core()),
        Some(_) | None => return Err(StoreError::damaged("a record", "its key is of no known kind")),
    })
}

/// The change that a write of a commit stands for.
pub(super) fn read_write(write: WriteRead<'_>) -> Result<Change, StoreError> {
    let WriteRead { key, value } = write;
    if let Some(value) = value {
        return read(key, value);
    }
    let unknown = || StoreError::damaged("a record", "what is removed is of no known kind");
    let (kind, id) = key.split_at_checked(2).ok_or_else(unknown)?;
    let number = u64::from_be_bytes(id.try_into().map_err(|_wrong_length| unknown())?);
    match kind {
        b"v/" => VideoId::from_bits(number).map(Change::ForgetVideo).ok_or_else(unknown),
        b"e/" => Ok(Change::ForgetEvent(number)),
        _ => Err(unknown()),
    }
}

pub(super) fn read_event(value: &[u8]) -> Result<Event, StoreError> {
    Ok(open::<disk::Event>(value)?.into_core())
}

/// Schemas that are read; the kinds of records that did not change since are the same in all.
enum Schema {
    First,
    Second,
    Third,
}

fn schema(value: &[u8]) -> Result<Schema, StoreError> {
    match value.first().copied() {
        Some(1) => Ok(Schema::First),
        Some(2) => Ok(Schema::Second),
        Some(SCHEMA) => Ok(Schema::Third),
        Some(found) if found > SCHEMA => {
            Err(StoreError::Newer { what: "the state".to_owned(), found, known: SCHEMA })
        }
        Some(_) | None => Err(StoreError::damaged("a record", "its schema number is none")),
    }
}

fn open<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, StoreError> {
    let Some((head, body)) = bytes.split_first_chunk::<HEAD_LEN>() else {
        return Err(StoreError::damaged("a record", "it is too short"));
    };
    // First, because a newer version may have another idea of the rest.
    schema(bytes)?;
    let [_, sum @ ..] = *head;
    if crc32fast::hash(body) != u32::from_le_bytes(sum) {
        return Err(StoreError::damaged("a record", "its checksum does not match"));
    }
    decode(body)
}

pub(super) fn encode_writes(writes: &[Write]) -> Result<Vec<u8>, StoreError> {
    encode(&writes)
}

pub(super) fn decode_writes(payload: &[u8]) -> Result<Vec<WriteRead<'_>>, StoreError> {
    decode(payload)
}

fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    bincode::serde::encode_to_vec(value, bincode::config::standard()).map_err(StoreError::Encode)
}

fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, StoreError> {
    // A commit may be as large as a first scan of a large library; the checksum was right, so the lengths are ours.
    let config = bincode::config::standard().with_limit::<{ 2 << 30 }>();
    let (value, used) = bincode::serde::borrow_decode_from_slice(bytes, config)
        .map_err(|error| StoreError::damaged("a record", error.to_string()))?;
    if used == bytes.len() { Ok(value) } else { Err(StoreError::damaged("a record", "bytes are left over")) }
}
