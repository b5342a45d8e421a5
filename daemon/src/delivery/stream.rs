//! The two ways to a viewer: plain TCP, whose bytes the kernel takes straight from files, and TLS, whose bytes pass through
//! this process one record at a time.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::head::Inbox;

#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<Sealed>),
}

#[derive(Debug)]
pub(super) struct Sealed {
    pub(super) tls: TlsStream<TcpStream>,
    /// Where bytes of a file are on their way; empty until there are some.
    pub(super) record: Vec<u8>,
}

impl Stream {
    pub(super) fn sealed(tls: TlsStream<TcpStream>) -> Self {
        Self::Tls(Box::new(Sealed { tls, record: Vec::new() }))
    }

    pub(super) fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(sealed) => sealed.tls.get_ref().0,
        }
    }

    /// More of a request; how much is returned, 0 at the end.
    pub(super) async fn receive(&mut self, inbox: &mut Inbox) -> io::Result<usize> {
        let count = match self {
            Self::Plain(tcp) => return receive_plain(tcp, inbox).await,
            Self::Tls(sealed) => sealed.tls.read(inbox.space()).await?,
        };
        inbox.received(count);
        Ok(count)
    }

    pub(super) async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.read(buffer).await,
            Self::Tls(sealed) => sealed.tls.read(buffer).await,
        }
    }

    /// Says that nothing follows.
    pub(super) async fn shutdown(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.shutdown().await,
            Self::Tls(sealed) => sealed.tls.shutdown().await,
        }
    }
}

async fn receive_plain(stream: &TcpStream, inbox: &mut Inbox) -> io::Result<usize> {
    loop {
        if inbox.is_empty() {
            inbox.release();
            // Memory is taken once there is something to put into it.
            stream.readable().await?;
        }
        match stream.try_read(inbox.space()) {
            Ok(count) => {
                inbox.received(count);
                return Ok(count);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => stream.readable().await?,
            Err(error) => return Err(error),
        }
    }
}
