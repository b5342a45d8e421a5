//! Calls out of the bytes of a client. No call needs nearly as much room as a frame may have, and what a client makes the
//! daemon store counts for every one of its connections: a longer call is passed over and refused.

use vodpost_protocol::codec::{self, CodecError};
use vodpost_protocol::frame::{Frame, FrameReader, FrameTooLarge};
use vodpost_protocol::request::Call;

/// Several times what the longest texts of a request add up to.
pub(crate) const CALL_LEN_MAX: usize = 64 << 10;

#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error(transparent)]
    Frame(#[from] FrameTooLarge),
    #[error(transparent)]
    Codec(#[from] CodecError),
}

#[derive(Debug, PartialEq)]
pub(crate) enum Taken {
    Call(Call),
    /// Its rest is dropped as it arrives.
    TooLong {
        id: u32,
    },
}

#[derive(Debug, Default)]
pub(crate) struct Calls {
    frames: FrameReader,
}

impl Calls {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.frames.push(bytes);
    }

    /// The next call, once it has arrived.
    ///
    /// # Errors
    /// When it is none; nothing after that can be trusted.
    pub(crate) fn take(&mut self) -> Result<Option<Taken>, CallError> {
        Ok(match self.frames.take_up_to(CALL_LEN_MAX)? {
            None => None,
            Some(Frame::Whole(payload)) => Some(Taken::Call(codec::decode(&payload)?)),
            Some(Frame::Beginning(payload)) => Some(Taken::TooLong { id: codec::decode_first(&payload)? }),
        })
    }
}

#[cfg(test)]
mod tests {
    use vodpost_protocol::frame::wrap;
    use vodpost_protocol::request::Request;

    use super::*;

    #[test]
    fn a_call_that_is_too_long_is_named_and_the_next_one_is_read() {
        let long = Call { id: 7, request: Request::Show { video: "x".repeat(CALL_LEN_MAX) } };
        let next = Call { id: 8, request: Request::Status };
        let mut calls = Calls::default();
        for call in [&long, &next] {
            calls.push(&wrap(&codec::encode(call).unwrap()).unwrap());
        }
        assert_eq!(calls.take().unwrap(), Some(Taken::TooLong { id: 7 }));
        assert_eq!(calls.take().unwrap(), Some(Taken::Call(next)));
        assert_eq!(calls.take().unwrap(), None);
    }

    #[test]
    fn what_is_no_call_is_an_error() {
        let mut calls = Calls::default();
        calls.push(&wrap(&[0xff; 9]).unwrap());
        assert!(calls.take().is_err());
        let mut calls = Calls::default();
        calls.push(&u32::MAX.to_le_bytes());
        assert!(calls.take().is_err());
    }
}
