//! What a client is still to be sent. It is written while new answers come in, so that a client that does not read delays
//! nothing but itself.

use std::io;
use std::time::Duration;

use serde::Serialize;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::WriteHalf;
use tokio::time::Instant;
use vodpost_protocol::codec::{self, CodecError};

/// Beyond this no more is asked for or taken on, until the client has read.
const ROOM: usize = 256 << 10;
/// A client that takes no byte for so long is dropped.
pub(super) const STALL: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Outbox {
    bytes: Vec<u8>,
    sent: usize,
    /// Since when it is waited for the client to take something.
    waits: Option<Instant>,
}

impl Outbox {
    pub(super) fn new() -> Self {
        Self { bytes: Vec::new(), sent: 0, waits: None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sent == self.bytes.len()
    }

    pub(super) fn has_room(&self) -> bool {
        self.bytes.len() - self.sent < ROOM
    }

    /// # Errors
    /// When the message does not fit a frame; nothing of it is sent then.
    pub(super) fn put(&mut self, message: &impl Serialize) -> Result<(), CodecError> {
        codec::append_frame(message, &mut self.bytes)
    }

    /// Sends what the client takes at once.
    ///
    /// # Errors
    /// When the connection broke.
    pub(super) fn send_now(&mut self, writer: &WriteHalf<'_>) -> io::Result<()> {
        while !self.is_empty() {
            match writer.try_write(&self.bytes[self.sent..]) {
                Ok(count) => self.took(count)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Sends some of it; not to be called when it is empty. Nothing is lost when it is given up.
    ///
    /// # Errors
    /// When the connection broke.
    pub(super) async fn send_some(&mut self, stream: &mut (impl AsyncWriteExt + Unpin)) -> io::Result<()> {
        let count = stream.write(&self.bytes[self.sent..]).await?;
        self.took(count)
    }

    fn took(&mut self, count: usize) -> io::Result<()> {
        if count == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.sent += count;
        self.waits = None;
        if self.is_empty() {
            self.sent = 0;
            // Room that one long answer took is not kept for ever.
            if self.bytes.capacity() > ROOM { self.bytes = Vec::new() } else { self.bytes.clear() }
        } else if self.sent > ROOM {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
        Ok(())
    }

    /// When the client counts as stalled, if it takes nothing until then; `None` when it has everything.
    pub(super) fn stalls_at(&mut self) -> Option<Instant> {
        (!self.is_empty()).then(|| *self.waits.get_or_insert_with(Instant::now) + STALL)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use vodpost_protocol::frame::{FRAME_LEN_MAX, FrameReader};

    use super::*;

    #[tokio::test]
    async fn everything_arrives_in_order() {
        let (mut ours, mut theirs) = tokio::io::duplex(1000);
        let mut outbox = Outbox::new();
        let wanted: Vec<Vec<u8>> = (0..30).map(|number| vec![number; 100_000]).collect();
        let reading = tokio::spawn(async move {
            let (mut frames, mut chunk, mut all) = (FrameReader::default(), [0; 700], Vec::new());
            while let len @ 1.. = theirs.read(&mut chunk).await.unwrap() {
                frames.push(&chunk[..len]);
                while let Some(payload) = frames.take().unwrap() {
                    all.push(codec::decode::<Vec<u8>>(&payload).unwrap());
                }
            }
            all
        });
        for part in &wanted {
            outbox.put(part).unwrap();
            if !outbox.has_room() {
                outbox.send_some(&mut ours).await.unwrap();
            }
        }
        assert!(outbox.put(&vec![7_u8; FRAME_LEN_MAX]).is_err(), "with what is around it, it is too long");
        while !outbox.is_empty() {
            outbox.send_some(&mut ours).await.unwrap();
        }
        drop(ours);
        assert!(reading.await.unwrap() == wanted);
    }
}
