//! One transfer of video bytes. It ends as soon as its entry is no longer live (P6) or its file is no longer the one that
//! its ETag names (L4); the connection is then broken, so that nobody takes what arrived for the whole.

use std::ops::Range;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::cold;
use super::metrics::Metrics;
use super::send::{Followed, SLICE_MAX, SendError, Sender};
use super::source::Source;
use super::table::{Counters, Table};
use super::views::Viewing;
use crate::media;
use crate::media::mp4::Piece;

/// Bytes after which the file is looked at again.
const RECHECK_BYTES: u64 = 8 * 1024 * 1024;

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
    pub(super) async fn run(mut self, mut sender: Sender<'_>, head: &[u8]) -> Result<(), TransferError> {
        let ended = self.ended;
        tokio::select! {
            biased;
            // Also reaches a transfer whose client has stopped reading.
            () = ended.cancelled() => Err(TransferError::Ended),
            result = self.send(&mut sender, head) => result,
        }
    }

    async fn send(&mut self, sender: &mut Sender<'_>, head: &[u8]) -> Result<(), TransferError> {
        let followed = if self.range.is_empty() { Followed::No } else { Followed::Yes };
        sender.bytes(head, followed).await?;
        let mut unchecked = 0;
        let source = self.source;
        let mut pieces = source.layout.slice(self.range.clone()).peekable();
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Memory { bytes, range } => {
                    let followed = if pieces.peek().is_some() { Followed::Yes } else { Followed::No };
                    self.memory(sender, bytes.get(range).unwrap_or_default(), followed).await?;
                }
                Piece::File { offset, len } => self.file(sender, offset, len, &mut unchecked).await?,
            }
        }
        // Also covers what was too short for a check on the way.
        self.check_file()
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
        unchecked: &mut u64,
    ) -> Result<(), TransferError> {
        while len > 0 {
            let slice = len.min(SLICE_MAX);
            cold::warmed(self.source, offset, slice).await.map_err(TransferError::Unreadable)?;
            self.check_live()?;
            let sent = sender.some_of_file(&self.source.file, offset, slice).await?;
            if sent == 0 {
                return Err(TransferError::Changed);
            }
            self.count(sent);
            offset += sent;
            len -= sent;
            *unchecked += sent;
            if *unchecked >= RECHECK_BYTES {
                self.check_file()?;
                *unchecked = 0;
            }
        }
        Ok(())
    }

    fn count(&mut self, sent: u64) {
        *self.sent += sent;
        self.metrics.video_bytes.add(sent);
        let view = self.viewing.sent(sent);
        self.metrics.views.add(u64::from(view.is_some()));
        self.table.count(self.counters, sent, view);
    }

    /// A client that takes everything at once lets a transfer run long without waiting, so waiting is not enough.
    fn check_live(&self) -> Result<(), TransferError> {
        if self.ended.is_cancelled() { Err(TransferError::Ended) } else { Ok(()) }
    }

    fn check_file(&self) -> Result<(), TransferError> {
        let now = media::identity(&self.source.file).map_err(TransferError::Unreadable)?;
        if now == self.source.identity { Ok(()) } else { Err(TransferError::Changed) }
    }
}
