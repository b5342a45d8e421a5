//! What a client is still to be sent. It is written while new answers come in, so that a client that does not read delays
//! nothing but itself.

use std::io;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

/// Beyond this no more is asked for or taken on, until the client has read.
const ROOM: usize = 256 << 10;
/// A client that takes no byte for so long is dropped.
pub(super) const STALL: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Outbox {
    bytes: Vec<u8>,
    sent: usize,
    /// When the client last took something, or had everything.
    moved: Instant,
}

impl Outbox {
    pub(super) fn new() -> Self {
        Self { bytes: Vec::new(), sent: 0, moved: Instant::now() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sent == self.bytes.len()
    }

    pub(super) fn has_room(&self) -> bool {
        self.bytes.len() - self.sent < ROOM
    }

    pub(super) fn put(&mut self, frame: &[u8]) {
        if self.is_empty() {
            self.moved = Instant::now();
        }
        self.bytes.extend_from_slice(frame);
    }

    /// Sends some of it; not to be called when it is empty. Nothing is lost when it is given up.
    ///
    /// # Errors
    /// When the connection broke.
    pub(super) async fn send_some(&mut self, mut stream: impl AsyncWriteExt + Unpin) -> io::Result<()> {
        let count = stream.write(&self.bytes[self.sent..]).await?;
        if count == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.sent += count;
        self.moved = Instant::now();
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

    /// When the client counts as stalled, if it takes nothing until then.
    pub(super) fn stalls_at(&self) -> Instant {
        self.moved + STALL
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn everything_arrives_in_order() {
        let (ours, mut theirs) = tokio::io::duplex(1000);
        let mut ours = ours;
        let mut outbox = Outbox::new();
        let wanted: Vec<u8> = (0..3 * ROOM).map(|number| number.to_le_bytes()[0]).collect();
        let reading = tokio::spawn(async move {
            let mut all = Vec::new();
            theirs.read_to_end(&mut all).await.unwrap();
            all
        });
        for part in wanted.chunks(100_000) {
            outbox.put(part);
            if !outbox.has_room() {
                outbox.send_some(&mut ours).await.unwrap();
            }
        }
        while !outbox.is_empty() {
            outbox.send_some(&mut ours).await.unwrap();
        }
        drop(ours);
        assert!(reading.await.unwrap() == wanted);
    }
}
