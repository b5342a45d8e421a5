//! One transfer of video bytes. It ends as soon as its entry is no longer live (P6) or its file is no longer the one that
//! its ETag names (L4); the connection is then broken, so that nobody takes what arrived for the whole.
//!
//! The file is looked at before each slice and once more at the end. What remains: somebody who writes into the file, instead
//! of replacing it, while a slice of it is on its way. `sendfile` hands over the pages of the file, not a copy of them, so up
//! to a slice of new bytes can still go out; they are noticed right after, and the answer is broken off unless it is over.
//! Two writes within one tick of the kernel's clock (some milliseconds) that leave the length are not told apart at all.

use std::ops::Range;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::cold::{self, Reading};
use super::metrics::Metrics;
use super::send::{Followed, SLICE_MAX, SendError, Sender};
use super::source::{Index, Source};
use super::table::{Counters, Table};
use super::views::{Outcome, Viewing};
use crate::media::mp4::Piece;

/// Bytes of an answer from which on it leaves in full packets, its head in the first of them. That takes two more system
/// calls. The head of a smaller one leaves at once: that is one packet more, but where the kernel paces (BBR without the fq
/// queue) a first packet that waits to be filled costs more than half of the throughput of small ranges.
const PACKED_MIN: u64 = 256 * 1024;

#[derive(Debug, thiserror::Error)]
pub(super) enum TransferError {
    #[error(transparent)]
    Send(#[from] SendError),
    #[error("the posting is no longer live")]
    Ended,
    #[error("the file changed while it was sent")]
    Changed,
    #[error("cannot read the file that is sent: {0}")]
    Unreadable(std::io::Error),
}

#[derive(Debug)]
pub(super) struct Transfer<'t> {
    pub(super) source: &'t Arc<Source>,
    pub(super) range: Range<u64>,
    pub(super) ended: &'t CancellationToken,
    pub(super) table: &'t Table,
    pub(super) counters: &'t Arc<Counters>,
    pub(super) metrics: &'t Metrics,
    pub(super) viewing: Viewing<'t>,
    /// Bytes that were sent.
    pub(super) sent: &'t mut u64,
}

impl Transfer<'_> {
    /// Sends the head and the bytes of the range.
    pub(super) async fn run(
        mut self,
        index: Arc<Index>,
        mut sender: Sender<'_>,
        head: &[u8],
    ) -> Result<(), TransferError> {
        let ended = self.ended;
        tokio::select! {
            biased;
            // Also reaches a transfer whose client has stopped reading.
            () = ended.cancelled() => Err(TransferError::Ended),
            result = self.send(index, &mut sender, head) => result,
        }
    }

    async fn send(
        &mut self,
        index: Arc<Index>,
        sender: &mut Sender<'_>,
        head: &[u8],
    ) -> Result<(), TransferError> {
        let packed = self.range.end - self.range.start >= PACKED_MIN;
        let followed = if packed { Followed::Yes } else { Followed::No };
        if packed {
            sender.packed()?;
        }
        sender.bytes(head, followed).await?;
        let pieces = || index.layout.slice(self.range.clone());
        let with_memory = pieces().enumerate().filter(|(_, piece)| piece.is_in_memory()).last();
        let with_memory = with_memory.map_or(0, |(last, _)| last + 1);
        // At most three: what lies before, between and behind the boxes that have moved.
        let rest: Vec<Piece> = pieces().skip(with_memory).collect();
        let mut left = with_memory + rest.len();
        for piece in index.layout.slice(self.range.clone()).take(with_memory) {
            left -= 1;
            self.piece(sender, piece, if left > 0 { Followed::Yes } else { Followed::No }).await?;
        }
        // A film goes on for hours after its index.
        drop(index);
        for piece in rest {
            self.piece(sender, piece, Followed::No).await?;
        }
        if packed {
            sender.pushed()?;
        }
        // What was read by a thread that may wait was looked at there.
        match self.source.reading {
            Reading::Asks => self.check_file(),
            Reading::Waits => Ok(()),
        }
    }

    async fn piece(
        &mut self,
        sender: &mut Sender<'_>,
        piece: Piece,
        followed: Followed,
    ) -> Result<(), TransferError> {
        match (piece, self.source.reading) {
            (Piece::Memory { bytes, range }, _) => {
                self.memory(sender, bytes.get(range).unwrap_or_default(), followed).await
            }
            (Piece::File { offset, len }, Reading::Asks) => self.file(sender, offset, len).await,
            (Piece::File { offset, len }, Reading::Waits) => self.file_that_waits(sender, offset, len).await,
        }
    }

    async fn memory(
        &mut self,
        sender: &mut Sender<'_>,
        mut bytes: &[u8],
        followed: Followed,
    ) -> Result<(), TransferError> {
        while !bytes.is_empty() {
            self.check_live()?;
            let sent = sender.some_bytes(bytes, followed).await?;
            self.count(sent as u64);
            bytes = bytes.get(sent..).unwrap_or_default();
        }
        Ok(())
    }

    async fn file(
        &mut self,
        sender: &mut Sender<'_>,
        mut offset: u64,
        mut len: u64,
    ) -> Result<(), TransferError> {
        while len > 0 {
            let slice = len.min(SLICE_MAX);
            let warm = cold::warmed(self.source, offset, slice).await.map_err(TransferError::Unreadable)?;
            self.check_live()?;
            let sent = sender.some_of_file(self.source, offset, warm).await?;
            if sent == 0 {
                return Err(TransferError::Changed);
            }
            self.count(sent);
            offset += sent;
            len -= sent;
        }
        Ok(())
    }

    async fn file_that_waits(
        &mut self,
        sender: &mut Sender<'_>,
        mut offset: u64,
        mut len: u64,
    ) -> Result<(), TransferError> {
        while len > 0 {
            let read = cold::read(self.source, offset, len).await.map_err(TransferError::Unreadable)?;
            let bytes = read.filter(|bytes| !bytes.is_empty()).ok_or(TransferError::Changed)?;
            let count = bytes.len() as u64;
            self.memory(sender, &bytes, if count < len { Followed::Yes } else { Followed::No }).await?;
            offset += count;
            len -= count;
        }
        Ok(())
    }

    fn count(&mut self, sent: u64) {
        *self.sent += sent;
        self.metrics.video_bytes.add(sent);
        let outcome = self.viewing.sent(sent);
        match outcome {
            Outcome::Begins(_) => self.metrics.views.add(1),
            Outcome::NotYet | Outcome::Counted => {}
        }
        self.table.count(self.counters, sent, outcome);
    }

    /// A client that takes everything at once lets a transfer run long without waiting, so waiting is not enough.
    fn check_live(&self) -> Result<(), TransferError> {
        if self.ended.is_cancelled() { Err(TransferError::Ended) } else { Ok(()) }
    }

    fn check_file(&self) -> Result<(), TransferError> {
        match self.source.is_unchanged() {
            Ok(true) => Ok(()),
            Ok(false) => Err(TransferError::Changed),
            Err(error) => Err(TransferError::Unreadable(error)),
        }
    }
}
