//! Values to bytes and back. The only file of this crate that names bincode.
//!
//! Decoding counts what it would allocate against the frame limit before allocating, and demands that every byte is used.

use bincode::enc::write::{SizeWriter, Writer};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::frame::{self, FRAME_LEN_MAX};

#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    #[error("the message cannot be encoded")]
    Encode(#[source] bincode::error::EncodeError),
    #[error("the bytes are not a message of this protocol")]
    Decode(#[source] bincode::error::DecodeError),
    #[error("{left} bytes are left over after the message")]
    LeftOver { left: usize },
    #[error("the message needs {len} bytes, more than the {FRAME_LEN_MAX} of a frame")]
    TooLarge { len: usize },
}

/// # Errors
/// When the value does not fit a frame.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, CodecError> {
    let mut bytes = Vec::new();
    append(value, &mut bytes)?;
    fitting(bytes.len())?;
    Ok(bytes)
}

/// Puts the value as a whole frame behind what is there. After an error nothing was put there.
///
/// # Errors
/// When the value does not fit a frame.
pub fn append_frame<T: Serialize>(value: &T, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
    let at = bytes.len();
    bytes.extend_from_slice(&[0; frame::PREFIX_LEN]);
    let start = bytes.len();
    let appended = append(value, bytes).and_then(|()| fitting(bytes.len() - start));
    match appended {
        Ok(len) => bytes[at..start].copy_from_slice(&len.to_le_bytes()),
        Err(_) => bytes.truncate(at),
    }
    appended.map(|_len| ())
}

/// How many bytes the value takes, without making them.
///
/// # Errors
/// When it cannot be encoded at all.
pub fn encoded_len<T: Serialize>(value: &T) -> Result<usize, CodecError> {
    let mut size = SizeWriter::default();
    encode_to(value, &mut size)?;
    Ok(size.bytes_written)
}

fn append<T: Serialize>(value: &T, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
    encode_to(value, Appender(bytes))
}

fn encode_to<T: Serialize>(value: &T, writer: impl Writer) -> Result<(), CodecError> {
    bincode::serde::encode_into_writer(value, writer, bincode::config::standard()).map_err(CodecError::Encode)
}

fn fitting(len: usize) -> Result<u32, CodecError> {
    u32::try_from(len).ok().filter(|_| len <= FRAME_LEN_MAX).ok_or(CodecError::TooLarge { len })
}

struct Appender<'a>(&'a mut Vec<u8>);

impl Writer for Appender<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), bincode::error::EncodeError> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

/// # Errors
/// When the bytes are not exactly one value of this type.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    let (value, used) = decode_some(bytes)?;
    if used != bytes.len() {
        return Err(CodecError::LeftOver { left: bytes.len() - used });
    }
    Ok(value)
}

/// The first field of a message whose rest is of no interest.
///
/// # Errors
/// When the bytes do not begin with a value of this type.
pub fn decode_first<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    decode_some(bytes).map(|(value, _used)| value)
}

fn decode_some<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, usize), CodecError> {
    // What a vector of large elements claims in memory is several times what it takes in bytes.
    let config = bincode::config::standard().with_limit::<{ 8 * FRAME_LEN_MAX }>();
    bincode::serde::decode_from_slice(bytes, config).map_err(CodecError::Decode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_put_behind_what_is_there_or_nothing_is() {
        let mut bytes = b"before".to_vec();
        append_frame(&"one", &mut bytes).unwrap();
        let whole = [b"before".as_slice(), &frame::wrap(&encode(&"one").unwrap()).unwrap()].concat();
        assert_eq!(bytes, whole);
        let too_long = "x".repeat(FRAME_LEN_MAX);
        assert!(matches!(append_frame(&too_long, &mut bytes), Err(CodecError::TooLarge { .. })));
        assert_eq!(bytes, whole);
    }

    #[test]
    fn the_length_is_known_without_the_bytes() {
        for text in ["", "one", &"x".repeat(70_000)] {
            assert_eq!(encoded_len(&text).unwrap(), encode(&text).unwrap().len());
        }
    }
}
