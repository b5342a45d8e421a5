//! What a monitoring system is told: `/metrics` and `/healthz`, on an address of their own. Everything is a count that is
//! kept anyway, so that asking costs the same for any size of library.

mod openmetrics;
mod report;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use vodpost_protocol::hello::Role;
use vodpost_protocol::reply::Answer;
use vodpost_protocol::request::Request;
use vodpost_protocol::status::{Status, Storage};

use crate::clients::Peer;
use crate::delivery::admin::{self, Asked, Said};
use crate::delivery::metrics::Metrics;
use crate::engine::{Answerer, EngineHandle, JobCounts};

/// An engine that does not answer for so long is not well.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where the numbers come from.
#[derive(Clone)]
pub struct Sources {
    pub engine: EngineHandle,
    pub metrics: Arc<Metrics>,
    pub jobs: Arc<JobCounts>,
    /// The public server.
    pub server: AbortHandle,
}

/// Serves until the shutdown. Needs a tokio runtime around it.
///
/// # Errors
/// When the address cannot be had.
pub fn start(
    listener: std::net::TcpListener,
    sources: Sources,
    shutdown: CancellationToken,
) -> io::Result<tokio::task::JoinHandle<()>> {
    let listener = TcpListener::from_std(listener)?;
    let answer = move |asked| {
        let sources = sources.clone();
        async move { sources.answer(asked).await }
    };
    Ok(tokio::spawn(admin::run(listener, answer, shutdown)))
}

/// Takes the address, and tells which port that is.
///
/// # Errors
/// When it cannot be had.
pub fn bind(addr: SocketAddr) -> io::Result<(std::net::TcpListener, SocketAddr)> {
    let listener = std::net::TcpListener::bind(addr)?;
    listener.set_nonblocking(true)?;
    let addr = listener.local_addr()?;
    Ok((listener, addr))
}

impl Sources {
    async fn answer(&self, asked: Asked) -> Said {
        let status = timeout(PATIENCE, self.status()).await.ok().flatten();
        match asked {
            Asked::Metrics => {
                let body = report::written(status.as_ref(), &self.metrics, &self.jobs, self.is_serving());
                Said { status: StatusCode::OK, media_type: openmetrics::MEDIA_TYPE, body }
            }
            Asked::Health => {
                let (status, sentence) = match self.trouble(status.as_ref()) {
                    None => (StatusCode::OK, "ok".to_owned()),
                    Some(trouble) => (StatusCode::SERVICE_UNAVAILABLE, trouble),
                };
                Said { status, media_type: "text/plain; charset=utf-8", body: sentence + "\n" }
            }
        }
    }

    fn is_serving(&self) -> bool {
        !self.server.is_finished()
    }

    fn trouble(&self, status: Option<&Status>) -> Option<String> {
        if !self.is_serving() {
            return Some("URLs are not served: the public server has ended; see the log".to_owned());
        }
        match status.map(|status| &status.storage) {
            None => Some("the engine does not answer; see the log".to_owned()),
            Some(Storage::ReadOnly(reason)) => {
                Some(format!("changes are refused, URLs are still served: {reason}"))
            }
            Some(Storage::Ok) => None,
        }
    }

    async fn status(&self) -> Option<Status> {
        let (answers, mut answered) = mpsc::channel(1);
        let peer =
            Peer { uid: rustix::process::geteuid().as_raw(), name: "monitor".to_owned(), role: Role::Viewer };
        let answerer = Answerer::new(0, answers);
        if let Err(refusal) = self.engine.ask(peer, Request::Status, answerer).await {
            tracing::debug!(kind = refusal.kind(), "the engine is ending");
            return None;
        }
        match answered.recv().await?.1 {
            Ok(Answer::Status(status)) => Some(*status),
            Ok(other) => {
                tracing::error!(?other, "the engine answered something else");
                None
            }
            Err(refusal) => {
                tracing::error!(kind = refusal.kind(), "the engine refused to tell its status");
                None
            }
        }
    }
}
