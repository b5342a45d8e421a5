//! Values to bytes and back. The only file of this crate that names bincode.
//!
//! Decoding counts what it would allocate against the frame limit before allocating, and demands that every byte is used.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::frame::FRAME_LEN_MAX;

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
    let bytes =
        bincode::serde::encode_to_vec(value, bincode::config::standard()).map_err(CodecError::Encode)?;
    if bytes.len() > FRAME_LEN_MAX {
        return Err(CodecError::TooLarge { len: bytes.len() });
    }
    Ok(bytes)
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
