//! Bytes to a socket: from memory, or from a file without passing through this process (`sendfile`). A client may be as
//! slow as it likes, but it has to take something before the stall deadline.

use std::fs::File;
use std::io;
use std::time::Duration;

use rustix::net::SendFlags;
use tokio::io::Interest;
use tokio::net::TcpStream;

/// Bytes of one `sendfile`. Between two of them a transfer looks whether it may go on.
pub(super) const SLICE_MAX: u64 = 512 * 1024;

#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("the client took nothing for too long")]
    Stalled,
}

/// Whether more bytes of the same message follow at once, so that the kernel may fill its packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Followed {
    Yes,
    No,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Sender<'s> {
    stream: &'s TcpStream,
    stall: Duration,
}

impl<'s> Sender<'s> {
    pub(super) fn new(stream: &'s TcpStream, stall: Duration) -> Self {
        Self { stream, stall }
    }

    /// All of them.
    pub(super) async fn bytes(self, mut bytes: &[u8], followed: Followed) -> Result<(), SendError> {
        while !bytes.is_empty() {
            let sent = self.some_bytes(bytes, followed).await?;
            bytes = bytes.get(sent..).unwrap_or_default();
        }
        Ok(())
    }

    /// At least one of them; how many is returned.
    pub(super) async fn some_bytes(self, bytes: &[u8], followed: Followed) -> Result<usize, SendError> {
        let flags = match followed {
            Followed::Yes => SendFlags::NOSIGNAL | SendFlags::MORE,
            Followed::No => SendFlags::NOSIGNAL,
        };
        let sent = self.attempt(|| Ok(rustix::net::send(self.stream, bytes, flags)?)).await?;
        if sent == 0 { Err(io::Error::from(io::ErrorKind::WriteZero).into()) } else { Ok(sent) }
    }

    /// Up to a slice of a file; 0 only where the file ends.
    pub(super) async fn some_of_file(self, file: &File, offset: u64, len: u64) -> Result<u64, SendError> {
        let count = usize::try_from(len.min(SLICE_MAX)).unwrap_or(usize::MAX);
        let sent = self
            .attempt(|| {
                let mut offset = offset;
                Ok(rustix::fs::sendfile(self.stream, file, Some(&mut offset), count)?)
            })
            .await?;
        Ok(sent as u64)
    }

    async fn attempt(self, mut write: impl FnMut() -> io::Result<usize>) -> Result<usize, SendError> {
        let attempt = self.stream.async_io(Interest::WRITABLE, || {
            loop {
                match write() {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    result => return result,
                }
            }
        });
        match tokio::time::timeout(self.stall, attempt).await {
            Ok(result) => Ok(result?),
            Err(_elapsed) => Err(SendError::Stalled),
        }
    }
}
