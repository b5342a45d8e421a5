//! Takes connections in: at most so many at a time, and without spinning where the system has no room for more.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustix::net::SendFlags;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

use super::connection::{Context, serve};
use super::entrance::{Door, Entrance, next};
use super::response;

/// How long to wait where the system is out of descriptors or memory.
const BACK_OFF: Duration = Duration::from_millis(100);

/// Runs until the shutdown, then waits for the connections, which the shutdown ends too.
pub(super) async fn run(doors: Vec<Door>, context: Arc<Context>, crowded: watch::Sender<bool>) {
    let mut connections = JoinSet::new();
    let mut failing = false;
    loop {
        let full = connections.len() >= context.limits.connections;
        crowded.send_if_modified(|crowded| std::mem::replace(crowded, full) != full);
        tokio::select! {
            biased;
            () = context.shutdown.cancelled() => break,
            Some(result) = connections.join_next() => note(result),
            accepted = accept(&doors, &mut failing), if !full => {
                if let Some((stream, peer, entrance)) = accepted {
                    take_in(&mut connections, stream, peer, (&context, entrance));
                }
            }
        }
    }
    drop(doors);
    while let Some(result) = connections.join_next().await {
        note(result);
    }
}

/// A proxy has no place of its own: each of its viewers takes one with each request.
fn take_in(
    connections: &mut JoinSet<()>,
    stream: TcpStream,
    peer: SocketAddr,
    (context, entrance): (&Arc<Context>, Entrance),
) {
    let place = if context.is_proxy(peer.ip()) {
        None
    } else if let Some(place) = context.places.take(peer.ip()) {
        Some(place)
    } else {
        context.observers.metrics.turned_away.add(1);
        turn_away(&stream, peer, &entrance);
        return;
    };
    let context = Arc::clone(context);
    connections.spawn(async move {
        serve(stream, peer, context, entrance).await;
        drop(place);
    });
}

/// Says why, if the client takes it at once; waiting for it would be what an attacker wants.
fn turn_away(stream: &TcpStream, peer: SocketAddr, entrance: &Entrance) {
    tracing::debug!(%peer, "has all its connections; a proxy should be named in http.trusted_proxies");
    match entrance {
        Entrance::Plain | Entrance::Redirect(_) => {}
        // There it would not be understood.
        Entrance::Tls(_) => return,
    }
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    if let Err(error) = rustix::net::send(stream, &response::crowd_bytes(), flags) {
        tracing::debug!(%peer, %error, "was turned away without a word");
    }
}

/// `None` after an error, once it makes sense to try again.
async fn accept(doors: &[Door], failing: &mut bool) -> Option<(TcpStream, SocketAddr, Entrance)> {
    let (entrance, accepted) = next(doors).await;
    match accepted {
        Ok((stream, peer)) => {
            *failing = false;
            Some((stream, peer, entrance.clone()))
        }
        // The client left before it was taken in.
        Err(error)
            if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) =>
        {
            None
        }
        Err(error) => {
            // Once, not ten times a second.
            if !*failing {
                tracing::warn!(%error, "cannot take in connections");
            }
            *failing = true;
            tokio::time::sleep(BACK_OFF).await;
            None
        }
    }
}

fn note(result: Result<(), JoinError>) {
    if let Err(error) = result {
        tracing::error!(%error, "a connection task failed");
    }
}
