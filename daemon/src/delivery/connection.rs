//! One connection of one client: heads in, answers out, in order (RFC 9112, section 9). Everything that a client can draw
//! out has a deadline, and everything that it can make large has a limit.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{self, Body, Bytes};
use http::{HeaderMap, Request, Response, Uri};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use vodpost_protocol::ids::Token;

use super::address::{Network, Place, Places, viewer};
use super::asked::{Asked, Observers};
use super::entrance::Entrance;
use super::head::{Head, Inbox, Method, Refusal, Version};
use super::media_response::{self, Decision, Media};
use super::pages;
use super::queued::Queued;
use super::response::{self, Persistence, head_bytes, with_length};
use super::route::{Part, Route, below, route};
use super::send::{Followed, Pace, SendError, Sender};
use super::stream::Stream;
use super::table::{Live, Table};
use super::transfer::{Transfer, TransferError};
use super::words::Absence;
use super::{Limits, Notices};

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
    pub(super) notices: Notices,
    pub(super) places: Arc<Places>,
    pub(super) proxies: Vec<Network>,
    pub(super) observers: Observers,
    /// While there is no room for another connection, those that idle leave.
    pub(super) crowded: watch::Receiver<bool>,
    pub(super) shutdown: CancellationToken,
}

impl Context {
    pub(super) fn is_proxy(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|proxy| proxy.contains(address))
    }
}

struct Connection {
    stream: Stream,
    peer: SocketAddr,
    context: Arc<Context>,
    entrance: Entrance,
    inbox: Inbox,
    /// Whether a request was answered: only then waiting for the next is idling.
    answered: bool,
    pace: Pace,
}

enum Next {
    Head(Head),
    /// There will be none.
    End(End),
}

/// The viewer has all its places.
struct NoPlace;

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

pub(super) async fn serve(stream: TcpStream, peer: SocketAddr, context: Arc<Context>, entrance: Entrance) {
    let shutdown = context.shutdown.clone();
    let metrics = Arc::clone(&context.observers.metrics);
    metrics.connections.add(1);
    let _open = metrics.connections_open.enter();
    let served = async {
        let Some(stream) = entrance.open(stream, peer, &context).await else { return };
        let connection = Connection {
            stream,
            peer,
            context,
            entrance,
            inbox: Inbox::default(),
            answered: false,
            pace: Pace::default(),
        };
        connection.run().await;
    };
    tokio::select! {
        biased;
        () = shutdown.cancelled() => {}
        () = served => {}
    }
}

impl Connection {
    async fn run(mut self) {
        let context = Arc::clone(&self.context);
        let mut queued = Queued::default();
        let end = loop {
            let head = match self.next_head(&mut queued).await {
                Ok(Next::Head(head)) => head,
                Ok(Next::End(end)) => break end,
                Err(refusal) => break self.refuse(refusal).await,
            };
            let head = Head { keep_alive: head.keep_alive && !queued.is_full(), ..head };
            let keep_alive = head.keep_alive;
            let address = viewer(self.peer.ip(), &head.fields, &context.proxies);
            let mut asked = context.observers.asked(&head, address);
            // However long this answer takes: what was sent before may end meanwhile.
            let ended = queued.ended(self.pace.accepted().clone());
            let answered = tokio::select! {
                biased;
                () = ended => Err(TransferError::Ended),
                answered = self.answer(head, address, &mut asked) => answered,
            };
            match answered {
                Ok(sent) => sent.into_iter().for_each(|live| queued.put(live, self.pace.accepted())),
                Err(error) => break self.failed(&error),
            }
            if !keep_alive {
                break End::Polite;
            }
            self.answered = true;
        };
        self.close(end, queued).await;
    }

    async fn next_head(&mut self, queued: &mut Queued) -> Result<Next, Refusal> {
        let context = Arc::clone(&self.context);
        let limits = &context.limits;
        let mut idle = self.answered && self.inbox.is_empty();
        let mut deadline = Instant::now() + if idle { limits.idle } else { limits.head };
        let mut ended = pin!(queued.ended(self.pace.accepted().clone()));
        loop {
            if let Some(head) = self.inbox.take_head()? {
                return Ok(Next::Head(head));
            }
            let read = timeout_at(deadline, self.stream.receive(&mut self.inbox));
            let read = tokio::select! {
                read = read => read,
                () = crowding(&context), if idle => return Ok(Next::End(End::Left)),
                () = &mut ended => return Ok(Next::End(End::Abort)),
            };
            match read {
                Ok(Ok(0)) => return Ok(Next::End(End::Left)),
                Ok(Ok(_received)) => {}
                Ok(Err(error)) => {
                    tracing::debug!(peer = %self.peer, %error, "the connection broke");
                    return Ok(Next::End(End::Left));
                }
                Err(_elapsed) if self.inbox.is_empty() => return Ok(Next::End(End::Left)),
                Err(_elapsed) => return Err(Refusal::TIMEOUT),
            }
            if idle {
                idle = false;
                deadline = Instant::now() + limits.head;
            }
        }
    }

    /// Returns the video of which bytes were sent.
    async fn answer(
        &mut self,
        head: Head,
        address: IpAddr,
        asked: &mut Asked<'_>,
    ) -> Result<Option<Arc<Live>>, TransferError> {
        let Head { method, version, uri, fields, keep_alive } = head;
        let persistence = Persistence::of(version, keep_alive);
        // Held until the answer is sent.
        let _place = match self.place_of_viewer(address) {
            Ok(place) => place,
            Err(NoPlace) => {
                self.context.observers.metrics.turned_away.add(1);
                self.send(response::crowd(), method, persistence, asked).await?;
                return Ok(None);
            }
        };
        if let Entrance::Redirect(origin) = &self.entrance {
            self.send(response::moved(origin, &uri), method, persistence, asked).await?;
            return Ok(None);
        }
        let uri = rebased(uri, self.context.observers.public_url.path());
        let route = route(uri.path());
        if let Route::Posting(token, Part::Page | Part::Embed | Part::File) = route {
            asked.note_arrival(&fields, token);
        }
        let response = match route {
            Route::Posting(token, Part::File) => {
                let Context { table, notices, .. } = &*self.context;
                match media_response::decide(table, notices, method, &fields, token).await {
                    Decision::Answer(response) => response,
                    Decision::Media(media) => {
                        return self.media(media, method, persistence, (token, asked)).await;
                    }
                }
            }
            Route::Posting(..) | Route::Other => self.page(&canonical(route, &uri), fields).await,
            Route::NoPosting => pages::absent(Absence::NotFound, &fields),
        };
        tracing::debug!(peer = %self.peer, ?method, %route, status = response.status().as_u16(), "answered");
        self.send(response, method, persistence, asked).await?;
        Ok(None)
    }

    /// Behind a proxy of ours, the place of the viewer whose request it is; without one the connection has its own.
    fn place_of_viewer(&self, address: IpAddr) -> Result<Option<Place>, NoPlace> {
        if self.context.is_proxy(self.peer.ip()) {
            self.context.places.take(address).map(Some).ok_or(NoPlace)
        } else {
            Ok(None)
        }
    }

    /// Asks the router. It is always asked for GET: what HEAD leaves out is left out here, for every answer alike.
    async fn page(&self, uri: &Uri, fields: HeaderMap) -> Response<Bytes> {
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
        &mut self,
        media: Media,
        method: Method,
        persistence: Persistence,
        (token, asked): (Token, &mut Asked<'_>),
    ) -> Result<Option<Arc<Live>>, TransferError> {
        asked.status = Some(media.status);
        let route = Route::Posting(token, Part::File);
        let status = media.status.as_u16();
        tracing::debug!(peer = %self.peer, ?method, %route, status, range = ?media.range, "answering");
        let viewing = asked.viewing(token, &media);
        let Media { source, index, live, counters, range, status: _, head } = media;
        let head = head.end(persistence);
        match method {
            Method::Head => {
                self.sender().bytes(&head, Followed::No).await?;
                return Ok(None);
            }
            Method::Get => {}
        }
        let context = Arc::clone(&self.context);
        let transfer = Transfer {
            source: &source,
            range,
            ended: live.ended(),
            table: &context.table,
            counters: &counters,
            metrics: &context.observers.metrics,
            viewing,
            sent: &mut asked.sent,
        };
        let _open = context.observers.metrics.transfers_open.enter();
        let result = transfer.run(index, self.sender(), &head).await;
        match &result {
            Ok(()) => {}
            Err(TransferError::Changed) => {
                context.table.sources.forget(&live.served);
                context.notices.differs(live.served.video);
            }
            Err(TransferError::Unreadable(error)) => {
                // Not who watched it: addresses are not kept.
                tracing::warn!(video = %live.served.video, %error, "a transfer ended early");
            }
            Err(TransferError::Send(_) | TransferError::Ended) => {}
        }
        result.map(|()| Some(live))
    }

    async fn send(
        &mut self,
        response: Response<Bytes>,
        method: Method,
        persistence: Persistence,
        asked: &mut Asked<'_>,
    ) -> Result<(), SendError> {
        asked.status = Some(response.status());
        let len = response.body().len() as u64;
        let response = with_length(response, len);
        let mut out = head_bytes(response.status(), response.headers(), persistence);
        let body = match method {
            Method::Get => response.body().as_ref(),
            Method::Head => b"",
        };
        out.extend_from_slice(body);
        self.sender().bytes(&out, Followed::No).await?;
        asked.sent = body.len() as u64;
        Ok(())
    }

    async fn refuse(&mut self, refusal: Refusal) -> End {
        tracing::debug!(peer = %self.peer, status = refusal.status.as_u16(), "refused");
        let response = response::refusal(refusal);
        let persistence = Persistence::of(Version::Http11, false);
        let context = Arc::clone(&self.context);
        let mut asked = context.observers.unreadable(self.peer.ip());
        match self.send(response, Method::Get, persistence, &mut asked).await {
            Ok(()) => End::Polite,
            Err(error) => self.failed(&error.into()),
        }
    }

    fn failed(&self, error: &TransferError) -> End {
        tracing::debug!(peer = %self.peer, %error, "an answer ended early");
        End::Abort
    }

    fn sender(&mut self) -> Sender<'_> {
        Sender::new(&mut self.stream, &mut self.pace, &self.context.limits)
    }

    async fn close(mut self, end: End, queued: Queued) {
        let result = match end {
            End::Left => return,
            // A reset: the kernel drops what is queued.
            End::Abort => self.stream.tcp().set_zero_linger(),
            End::Polite => self.part(queued).await,
        };
        if let Err(error) = result {
            tracing::debug!(peer = %self.peer, %error, "the connection did not end well");
        }
    }

    /// Says that nothing follows, and waits until the client has understood. What the kernel still holds of a video must
    /// not outlive its posting, so that it is held for as long as the client takes bytes of it.
    async fn part(&mut self, mut queued: Queued) -> io::Result<()> {
        let span = if queued.is_empty() { LINGER } else { self.context.limits.stall };
        let ended = queued.ended(self.pace.accepted().clone());
        tokio::select! {
            biased;
            () = ended => self.stream.tcp().set_zero_linger(),
            drained = timeout(span, self.drain()) => match drained {
                Ok(result) => result,
                Err(_elapsed) => self.stream.tcp().set_zero_linger(),
            },
        }
    }

    async fn drain(&mut self) -> io::Result<()> {
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

/// Without the public URL's own path, which not every proxy takes away.
fn rebased(uri: Uri, base: &str) -> Uri {
    let path = below(uri.path(), base);
    if path.len() == uri.path().len() {
        return uri;
    }
    let rebased = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    Uri::try_from(rebased).unwrap_or(uri)
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
