//! The addresses that viewers come in by, and what awaits them there.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::connection::Context;
use super::stream::Stream;

#[derive(Clone)]
pub(super) enum Entrance {
    Plain,
    Tls(TlsAcceptor),
    /// Everything is elsewhere, below this origin.
    Redirect(Arc<str>),
}

pub(super) struct Door {
    pub(super) listener: TcpListener,
    pub(super) entrance: Entrance,
}

impl Entrance {
    /// `None` where TLS was not agreed upon in time.
    pub(super) async fn open(&self, tcp: TcpStream, peer: SocketAddr, context: &Context) -> Option<Stream> {
        let acceptor = match self {
            Self::Plain | Self::Redirect(_) => return Some(Stream::Plain(tcp)),
            Self::Tls(acceptor) => acceptor,
        };
        match timeout(context.limits.head, acceptor.accept(tcp)).await {
            Ok(Ok(tls)) => return Some(Stream::sealed(tls)),
            Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS was not agreed upon"),
            Err(_elapsed) => tracing::debug!(%peer, "TLS was not agreed upon in time"),
        }
        context.observers.metrics.handshakes_failed.add(1);
        None
    }
}

/// Whoever comes next, by any of the doors.
pub(super) async fn next(doors: &[Door]) -> (&Entrance, io::Result<(TcpStream, SocketAddr)>) {
    poll_fn(|context| {
        for door in doors {
            if let Poll::Ready(accepted) = door.listener.poll_accept(context) {
                return Poll::Ready((&door.entrance, accepted));
            }
        }
        Poll::Pending
    })
    .await
}
