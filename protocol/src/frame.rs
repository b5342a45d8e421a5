//! Bytes to frames and back, without I/O: `u32` little-endian length, then that many bytes.
//!
//! An incomplete frame is normal (read on); an announced length beyond the limit is an error, found before any of it is
//! stored. A reader may keep less than that limit: what is longer is passed over without being stored.

/// A frame's payload is at most this long.
pub const FRAME_LEN_MAX: usize = 1 << 20;
pub(crate) const PREFIX_LEN: usize = 4;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a frame of {announced} bytes was announced; the limit is {FRAME_LEN_MAX}")]
pub struct FrameTooLarge {
    pub announced: usize,
}

/// The payload with its length in front.
///
/// # Errors
/// When the payload exceeds [`FRAME_LEN_MAX`].
pub fn wrap(payload: &[u8]) -> Result<Vec<u8>, FrameTooLarge> {
    let too_large = FrameTooLarge { announced: payload.len() };
    if payload.len() > FRAME_LEN_MAX {
        return Err(too_large);
    }
    let Ok(len) = u32::try_from(payload.len()) else { return Err(too_large) };
    let mut frame = Vec::with_capacity(PREFIX_LEN + payload.len());
    frame.extend_from_slice(&len.to_le_bytes());
    frame.extend_from_slice(payload);
    Ok(frame)
}

/// Collects bytes as they arrive and hands out whole payloads.
#[derive(Debug, Default)]
pub struct FrameReader {
    buffer: Vec<u8>,
    /// Bytes of `buffer` that were handed out already.
    used: usize,
    /// Bytes still to arrive of a frame that is passed over.
    passing: usize,
}

/// One frame, by a reader that does not keep every length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    Whole(Vec<u8>),
    /// The first bytes of a longer one; the rest is dropped as it arrives.
    Beginning(Vec<u8>),
}

impl FrameReader {
    pub fn push(&mut self, bytes: &[u8]) {
        if self.used > 0 {
            self.buffer.drain(..self.used);
            self.used = 0;
        }
        let passed = self.passing.min(bytes.len());
        self.passing -= passed;
        self.buffer.extend_from_slice(&bytes[passed..]);
    }

    /// The next whole payload; `None` until more bytes arrive.
    ///
    /// # Errors
    /// When the peer announces more than [`FRAME_LEN_MAX`]; nothing after that can be trusted.
    pub fn take(&mut self) -> Result<Option<Vec<u8>>, FrameTooLarge> {
        Ok(self.take_up_to(FRAME_LEN_MAX)?.map(|frame| match frame {
            Frame::Whole(payload) | Frame::Beginning(payload) => payload,
        }))
    }

    /// As [`FrameReader::take`], but of a payload of more than `keep_max` bytes only the beginning is stored.
    ///
    /// # Errors
    /// When the peer announces more than [`FRAME_LEN_MAX`].
    pub fn take_up_to(&mut self, keep_max: usize) -> Result<Option<Frame>, FrameTooLarge> {
        let rest = &self.buffer[self.used..];
        let Some((prefix, rest)) = rest.split_first_chunk::<PREFIX_LEN>() else { return Ok(None) };
        let announced = usize::try_from(u32::from_le_bytes(*prefix)).unwrap_or(usize::MAX);
        if announced > FRAME_LEN_MAX {
            return Err(FrameTooLarge { announced });
        }
        let Some(kept) = rest.get(..announced.min(keep_max)) else { return Ok(None) };
        let arrived = announced.min(rest.len());
        let frame =
            if announced > keep_max { Frame::Beginning(kept.to_vec()) } else { Frame::Whole(kept.to_vec()) };
        self.used += PREFIX_LEN + arrived;
        self.passing = announced - arrived;
        Ok(Some(frame))
    }

    /// Whether the peer stopped in the middle of a frame.
    #[must_use]
    pub fn has_partial(&self) -> bool {
        self.passing > 0 || self.buffer.len() > self.used
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_out_however_the_bytes_are_cut() {
        let bytes = [wrap(b"first").unwrap(), wrap(b"").unwrap(), wrap(b"third").unwrap()].concat();
        for cut in 1..bytes.len() {
            let mut reader = FrameReader::default();
            let mut frames = Vec::new();
            for chunk in bytes.chunks(cut) {
                reader.push(chunk);
                while let Some(frame) = reader.take().unwrap() {
                    frames.push(frame);
                }
            }
            assert_eq!(frames, [b"first".to_vec(), Vec::new(), b"third".to_vec()], "cut at {cut}");
            assert!(!reader.has_partial());
        }
    }

    #[test]
    fn what_is_too_long_to_keep_is_passed_over_however_it_arrives() {
        let long: Vec<u8> = (0..100).collect();
        let bytes = [wrap(b"short").unwrap(), wrap(&long).unwrap(), wrap(b"last").unwrap()].concat();
        for cut in 1..bytes.len() {
            let mut reader = FrameReader::default();
            let mut frames = Vec::new();
            for chunk in bytes.chunks(cut) {
                reader.push(chunk);
                assert!(reader.buffer.len() < 10 + 4 + cut, "no more is stored than is kept");
                while let Some(frame) = reader.take_up_to(10).unwrap() {
                    frames.push(frame);
                }
            }
            let beginning = Frame::Beginning(long[..10].to_vec());
            let wanted = [Frame::Whole(b"short".to_vec()), beginning, Frame::Whole(b"last".to_vec())];
            assert_eq!(frames, wanted, "cut at {cut}");
            assert!(!reader.has_partial());
        }
    }

    #[test]
    fn an_oversized_announcement_is_refused_before_its_bytes_arrive() {
        let mut reader = FrameReader::default();
        reader.push(&u32::MAX.to_le_bytes());
        assert_eq!(reader.take(), Err(FrameTooLarge { announced: u32::MAX as usize }));
        assert!(wrap(&vec![0; FRAME_LEN_MAX + 1]).is_err());
        assert!(wrap(&vec![0; FRAME_LEN_MAX]).is_ok());
    }
}
