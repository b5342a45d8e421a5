//! One connection of one client: heads in, answers out, in order (RFC 9112, section 9). Everything that a client can draw
//! out has a deadline, and everything that it can make large has a limit.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{self, Body, Bytes};
use http::{Request, Response, Uri};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use vodpost_protocol::ids::Token;

use super::head::{Head, Inbox, Method, Refusal, Version};
use super::media_response::{self, Decision, Media};
use super::pages;
use super::response::{self, Persistence, head_bytes, with_length};
use super::route::{Part, Route, route};
use super::send::{Followed, SendError, Sender};
use super::table::Table;
use super::transfer::{Transfer, TransferError};
use super::words::Absence;
use super::{Limits, Notice};

/// Bytes of an answer that is not video.
const ANSWER_MAX: usize = 4 * 1024 * 1024;
/// After the last answer: how much more of the client is read and for how long, so that a reset caused by unread bytes
/// does not take the answer away from it (RFC 9112, section 9.6).
const LINGER_BYTES: usize = 256 * 1024;
const LINGER: Duration = Duration::from_secs(2);

/// What all connections share.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) table: Arc<Table>,
    pub(super) router: Router,
    pub(super) limits: Limits,
    pub(super) notices: mpsc::Sender<Notice>,
    /// While there is no room for another connection, those that idle leave.
    pub(super) crowded: watch::Receiver<bool>,
    pub(super) shutdown: CancellationToken,
}

struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    context: Arc<Context>,
    inbox: Inbox,
    /// Whether a request was answered: only then waiting for the next is idling.
    answered: bool,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The client is gone, or has nothing to say.
    Left,
    /// After an answer that the client should be able to read.
    Polite,
    /// Bytes that are still queued must not arrive.
    Abort,
}

pub(super) async fn serve(stream: TcpStream, peer: SocketAddr, context: Arc<Context>) {
    let shutdown = context.shutdown.clone();
    let connection = Connection { stream, peer, context, inbox: Inbox::default(), answered: false };
    tokio::select! {
        biased;
        () = shutdown.cancelled() => {}
        () = connection.run() => {}
    }
}

impl Connection {
    async fn run(mut self) {
        let end = loop {
            let head = match self.next_head().await {
                Ok(Some(head)) => head,
                Ok(None) => break End::Left,
                Err(refusal) => break self.refuse(refusal).await,
            };
            let keep_alive = head.keep_alive;
            match self.answer(head).await {
                Ok(()) if keep_alive => self.answered = true,
                Ok(()) => break End::Polite,
                Err(error) => break self.failed(&error),
            }
        };
        self.close(end).await;
    }

    /// The next request; `None` where there will be none.
    async fn next_head(&mut self) -> Result<Option<Head>, Refusal> {
        let limits = &self.context.limits;
        let mut idle = self.answered && self.inbox.is_empty();
        let mut deadline = Instant::now() + if idle { limits.idle } else { limits.head };
        loop {
            if let Some(head) = self.inbox.take_head()? {
                return Ok(Some(head));
            }
            let read = timeout_at(deadline, self.stream.read(self.inbox.space()));
            let read = tokio::select! {
                read = read => read,
                () = crowding(&self.context), if idle => return Ok(None),
            };
            match read {
                Ok(Ok(0)) => return Ok(None),
                Ok(Ok(count)) => self.inbox.received(count),
                Ok(Err(error)) => {
                    tracing::debug!(peer = %self.peer, %error, "the connection broke");
                    return Ok(None);
                }
                Err(_elapsed) if self.inbox.is_empty() => return Ok(None),
                Err(_elapsed) => return Err(Refusal::TIMEOUT),
            }
            if idle {
                idle = false;
                deadline = Instant::now() + limits.head;
            }
        }
    }

    async fn answer(&self, head: Head) -> Result<(), TransferError> {
        let Head { method, version, uri, fields, keep_alive } = head;
        let persistence = Persistence::of(version, keep_alive);
        let route = route(uri.path());
        let response = match route {
            Route::Posting(token, Part::File) => {
                let Context { table, notices, .. } = &*self.context;
                match media_response::decide(table, notices, method, &fields, token).await {
                    Decision::Answer(response) => response,
                    Decision::Media(media) => return self.media(&media, method, persistence, token).await,
                }
            }
            Route::Posting(..) | Route::Other => self.page(&canonical(route, &uri), fields).await,
            Route::NoPosting => pages::absent(Absence::NotFound, &fields),
        };
        tracing::debug!(peer = %self.peer, ?method, %route, status = response.status().as_u16(), "answered");
        Ok(self.send(response, method, persistence).await?)
    }

    /// Asks the router. It is always asked for GET: what HEAD leaves out is left out here, for every answer alike.
    async fn page(&self, uri: &Uri, fields: http::HeaderMap) -> Response<Bytes> {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = uri.clone();
        *request.headers_mut() = fields;
        let response = match self.context.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let (parts, body) = response.into_parts();
        match body::to_bytes(body, ANSWER_MAX).await {
            Ok(body) => Response::from_parts(parts, body),
            Err(error) => pages::failed(&error),
        }
    }

    async fn media(
        &self,
        media: &Media,
        method: Method,
        persistence: Persistence,
        token: Token,
    ) -> Result<(), TransferError> {
        let head = head_bytes(media.response.status(), media.response.headers(), persistence);
        let route = Route::Posting(token, Part::File);
        let status = media.response.status().as_u16();
        tracing::debug!(peer = %self.peer, ?method, %route, status, range = ?media.range, "answering");
        match method {
            Method::Head => return Ok(self.sender().bytes(&head, Followed::No).await?),
            Method::Get => {}
        }
        if media.starts_playback() {
            self.context.table.count(&media.counters, 1, 0);
        }
        let transfer = Transfer {
            source: &media.source,
            range: media.range.clone(),
            ended: media.live.ended(),
            table: &self.context.table,
            counters: &media.counters,
        };
        let result = transfer.run(self.sender(), &head).await;
        if matches!(result, Err(TransferError::Changed)) {
            self.context.table.sources.forget(&media.live.served);
            media_response::differs(media.live.served.video, &self.context.notices);
        }
        result
    }

    async fn send(
        &self,
        response: Response<Bytes>,
        method: Method,
        persistence: Persistence,
    ) -> Result<(), SendError> {
        let len = response.body().len() as u64;
        let response = with_length(response, len);
        let mut out = head_bytes(response.status(), response.headers(), persistence);
        match method {
            Method::Get => out.extend_from_slice(response.body()),
            Method::Head => {}
        }
        self.sender().bytes(&out, Followed::No).await
    }

    async fn refuse(&self, refusal: Refusal) -> End {
        tracing::debug!(peer = %self.peer, status = refusal.status.as_u16(), "refused");
        let response = response::refusal(refusal);
        let persistence = Persistence::of(Version::Http11, false);
        match self.send(response, Method::Get, persistence).await {
            Ok(()) => End::Polite,
            Err(error) => self.failed(&error.into()),
        }
    }

    fn failed(&self, error: &TransferError) -> End {
        match error {
            TransferError::Unreadable(_) => {
                tracing::warn!(peer = %self.peer, %error, "a transfer ended early")
            }
            TransferError::Send(_) | TransferError::Ended | TransferError::Changed => {
                tracing::debug!(peer = %self.peer, %error, "a transfer ended early");
            }
        }
        End::Abort
    }

    fn sender(&self) -> Sender<'_> {
        Sender::new(&self.stream, self.context.limits.stall)
    }

    async fn close(mut self, end: End) {
        let result = match end {
            End::Left => return,
            // A reset: the kernel drops what is queued.
            End::Abort => self.stream.set_zero_linger(),
            End::Polite => match timeout(LINGER, self.drain()).await {
                Ok(result) => result,
                Err(_elapsed) => return,
            },
        };
        if let Err(error) = result {
            tracing::debug!(peer = %self.peer, %error, "the connection did not end well");
        }
    }

    async fn drain(&mut self) -> std::io::Result<()> {
        self.stream.shutdown().await?;
        let mut scratch = [0; 1024];
        let mut left = LINGER_BYTES;
        while left > 0 {
            match self.stream.read(&mut scratch).await? {
                0 => return Ok(()),
                count => left = left.saturating_sub(count),
            }
        }
        Ok(())
    }
}

/// Returns when the server has no room left, or ends.
async fn crowding(context: &Context) {
    if let Err(error) = context.crowded.clone().wait_for(|crowded| *crowded).await {
        tracing::debug!(%error, "the server is ending");
    }
}

/// The one spelling that the router knows.
fn canonical(route: Route, uri: &Uri) -> Uri {
    match route {
        Route::Posting(token, part) => {
            Uri::try_from(format!("/v/{token}{}", part.suffix())).unwrap_or_else(|_never| uri.clone())
        }
        Route::NoPosting | Route::Other => uri.clone(),
    }
}
