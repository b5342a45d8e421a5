//! Bytes to a socket: from memory, or from a file without passing through this process (`sendfile`). A client may be slow,
//! but it has to take something before the stall deadline, and on average as much as the minimum rate.

use std::future::{Future, poll_fn};
use std::io;
use std::os::unix::fs::FileExt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::net::{SendFlags, sockopt};
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::Limits;
use super::source::Source;
use super::stream::{Sealed, Stream};

/// Bytes of one `sendfile`. Between two of them a transfer looks whether it may go on. After each the kernel sends what it
/// has, so that many small ones cost more than few large ones.
pub(super) const SLICE_MAX: u64 = 1024 * 1024;
/// What one record of TLS holds (RFC 8446, section 5.1).
const RECORD_LEN: usize = 16 * 1024;
/// Bytes that a client which never lets us wait gets before others have their turn.
const TURN_BYTES: usize = 2 * 1024 * 1024;

#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("the client took nothing for too long")]
    Stalled,
    #[error("the client took less than the minimum rate")]
    TooSlow,
}

/// Whether more bytes of the same message follow at once, so that the kernel may fill its packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Followed {
    Yes,
    No,
}

/// How fast a client takes what it gets, over all answers of its connection. Only the time that it makes us wait counts, so
/// that a slow disk is not blamed on it.
#[derive(Debug, Default)]
pub(super) struct Pace {
    taken_bytes: u64,
    waited: Duration,
    /// Bytes since it last made us wait, or others had their turn.
    in_turn_bytes: usize,
    /// The kernel has taken less than it was given, so that there may be no room for more.
    cut_short: bool,
    /// Bytes of this connection that the kernel has taken.
    accepted: Accepted,
}

/// Counts on while others look.
#[derive(Debug, Clone, Default)]
pub(super) struct Accepted(Arc<AtomicU64>);

impl Accepted {
    pub(super) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Pace {
    pub(super) fn accepted(&self) -> &Accepted {
        &self.accepted
    }

    fn taken(&mut self, count: usize) {
        self.accepted.0.fetch_add(count as u64, Ordering::Relaxed);
        self.taken_bytes += count as u64;
        self.in_turn_bytes += count;
    }

    /// After so long in which the client took nothing, and then something.
    fn waited(&mut self, span: Duration, limits: &Limits) -> Result<(), SendError> {
        self.waited += span;
        self.in_turn_bytes = 0;
        if self.waited < limits.stall {
            return Ok(());
        }
        let due = u128::from(limits.min_rate) * self.waited.as_millis() / 1000;
        let taken = std::mem::take(&mut self.taken_bytes);
        self.waited = Duration::ZERO;
        if u128::from(taken) < due { Err(SendError::TooSlow) } else { Ok(()) }
    }
}

#[derive(Debug)]
enum Outlet<'s> {
    Plain(&'s TcpStream),
    Tls(&'s mut Sealed),
}

/// Where the bytes of a record come from.
#[derive(Debug)]
enum Record<'r> {
    Memory(&'r [u8]),
    File { source: &'r Source, offset: u64, count: usize },
}

#[derive(Debug)]
pub(super) struct Sender<'s> {
    outlet: Outlet<'s>,
    pace: &'s mut Pace,
    limits: &'s Limits,
}

impl<'s> Sender<'s> {
    pub(super) fn new(stream: &'s mut Stream, pace: &'s mut Pace, limits: &'s Limits) -> Self {
        let outlet = match stream {
            Stream::Plain(tcp) => Outlet::Plain(tcp),
            Stream::Tls(sealed) => Outlet::Tls(sealed),
        };
        Self { outlet, pace, limits }
    }

    /// From here on only full packets leave, until `pushed`. Without it every acknowledgement that comes in between pushes out
    /// a part of one.
    pub(super) fn packed(&self) -> Result<(), SendError> {
        self.cork(true)
    }

    /// The rest leaves as well.
    pub(super) fn pushed(&self) -> Result<(), SendError> {
        self.cork(false)
    }

    fn cork(&self, corked: bool) -> Result<(), SendError> {
        match self.outlet {
            Outlet::Plain(tcp) => Ok(sockopt::set_tcp_cork(tcp, corked).map_err(io::Error::from)?),
            // A record is written as a whole.
            Outlet::Tls(_) => Ok(()),
        }
    }

    /// All of them.
    pub(super) async fn bytes(&mut self, mut bytes: &[u8], followed: Followed) -> Result<(), SendError> {
        while !bytes.is_empty() {
            let sent = self.some_bytes(bytes, followed).await?;
            bytes = bytes.get(sent..).unwrap_or_default();
        }
        Ok(())
    }

    /// At least one of them; how many is returned.
    pub(super) async fn some_bytes(&mut self, bytes: &[u8], followed: Followed) -> Result<usize, SendError> {
        let flags = match followed {
            Followed::Yes => SendFlags::NOSIGNAL | SendFlags::MORE,
            Followed::No => SendFlags::NOSIGNAL,
        };
        let sent = match self.outlet {
            Outlet::Plain(tcp) => {
                self.attempt(tcp, bytes.len(), || Ok(rustix::net::send(tcp, bytes, flags)?)).await?
            }
            Outlet::Tls(_) => self.sealed(Record::Memory(bytes)).await?,
        };
        if sent == 0 { Err(io::Error::from(io::ErrorKind::WriteZero).into()) } else { Ok(sent) }
    }

    /// Up to a slice of a file; 0 only where the file ends, or is another one by now (L4). It is looked at after all waiting.
    pub(super) async fn some_of_file(
        &mut self,
        source: &Source,
        offset: u64,
        len: u64,
    ) -> Result<u64, SendError> {
        let count = usize::try_from(len.min(SLICE_MAX)).unwrap_or(usize::MAX);
        let sent = match self.outlet {
            Outlet::Plain(tcp) => {
                let send = || {
                    if !source.is_unchanged()? {
                        return Ok(0);
                    }
                    let mut offset = offset;
                    Ok(rustix::fs::sendfile(tcp, &source.file, Some(&mut offset), count)?)
                };
                self.attempt(tcp, count, send).await?
            }
            Outlet::Tls(_) => self.sealed(Record::File { source, offset, count }).await?,
        };
        Ok(sent as u64)
    }

    /// One record, which leaves this process before this returns: what is counted was sent, and what is kept back for a
    /// viewer who does not take it is no more than that.
    async fn sealed(&mut self, what: Record<'_>) -> Result<usize, SendError> {
        self.turn().await;
        let Sealed { tls, record } = match &mut self.outlet {
            Outlet::Plain(_) => return Err(io::Error::from(io::ErrorKind::Unsupported).into()),
            Outlet::Tls(sealed) => sealed,
        };
        let record = match what {
            Record::Memory(bytes) => &bytes[..bytes.len().min(RECORD_LEN)],
            Record::File { source, offset, count } => {
                record.resize(RECORD_LEN, 0);
                // It is in the page cache, or `sendfile` would wait for the disk as well.
                let count = source.file.read_at(&mut record[..count.min(RECORD_LEN)], offset)?;
                // This is a copy, so that what was read before it changed is what is sent.
                if count == 0 || !source.is_unchanged()? {
                    return Ok(0);
                }
                &record[..count]
            }
        };
        let mut work = pin!(async {
            tls.write_all(record).await?;
            tls.flush().await
        });
        let mut waiting_since = None;
        let watched = poll_fn(|context| {
            let polled = work.as_mut().poll(context);
            if polled.is_pending() {
                waiting_since.get_or_insert_with(Instant::now);
            }
            polled
        });
        match timeout(self.limits.stall, watched).await {
            Ok(sent) => sent?,
            Err(_elapsed) => return Err(SendError::Stalled),
        }
        self.pace.taken(record.len());
        if let Some(since) = waiting_since {
            self.pace.waited(since.elapsed(), self.limits)?;
        }
        Ok(record.len())
    }

    async fn turn(&mut self) {
        if self.pace.in_turn_bytes >= TURN_BYTES {
            self.pace.in_turn_bytes = 0;
            tokio::task::yield_now().await;
        }
    }

    async fn attempt(
        &mut self,
        stream: &TcpStream,
        count: usize,
        mut write: impl FnMut() -> io::Result<usize>,
    ) -> Result<usize, SendError> {
        self.turn().await;
        loop {
            let cut_short = std::mem::take(&mut self.pace.cut_short);
            let attempt = || {
                if cut_short {
                    room(stream)?;
                }
                uninterrupted(&mut write)
            };
            match stream.try_io(Interest::WRITABLE, attempt) {
                Ok(sent) => {
                    self.pace.cut_short = sent < count;
                    self.pace.taken(sent);
                    return Ok(sent);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait(stream).await?,
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn wait(&mut self, stream: &TcpStream) -> Result<(), SendError> {
        let begun = Instant::now();
        match timeout(self.limits.stall, stream.writable()).await {
            Ok(ready) => ready?,
            Err(_elapsed) => return Err(SendError::Stalled),
        }
        self.pace.waited(begun.elapsed(), self.limits)
    }
}

/// Would block until a good part of the socket's queue is free, and not only as much as the last acknowledgement made: many
/// small bites cost far more than few large ones. To be asked is what makes the kernel tell when it is so.
fn room(stream: &TcpStream) -> io::Result<()> {
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    match rustix::event::poll(&mut [PollFd::new(stream, PollFlags::OUT)], Some(&at_once))? {
        0 => Err(io::ErrorKind::WouldBlock.into()),
        _some => Ok(()),
    }
}

fn uninterrupted(write: &mut impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match write() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_judged_by_what_it_takes_while_it_is_waited_for() {
        let limits = Limits { stall: Duration::from_secs(60), min_rate: 1000, ..Limits::default() };
        let mut pace = Pace::default();
        let second = Duration::from_secs(1);
        // Exactly the rate, several times over.
        for _ in 0..600 {
            pace.taken(1000);
            pace.waited(second, &limits).unwrap();
        }
        // What was taken before does not count for ever.
        let mut result = Ok(());
        for _ in 0..60 {
            pace.taken(999);
            result = pace.waited(second, &limits);
        }
        assert!(matches!(result, Err(SendError::TooSlow)), "{result:?}");
        let none = Limits { min_rate: 0, ..limits };
        pace.taken(1);
        pace.waited(second * 600, &none).unwrap();
    }
}
