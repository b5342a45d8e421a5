//! The server of `/metrics` and `/healthz`: one answer for each connection, few connections at a time, every wait with an
//! end. What it says is made elsewhere.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use http::{HeaderValue, Response, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::head::{Head, Inbox, Method, Version};
use super::response::{self, Persistence, answer, head_bytes, text, with_length};

const CONNECTIONS_MAX: usize = 16;
/// From accepting a connection to the last byte of its answer.
const DEADLINE: Duration = Duration::from_secs(15);
const BACK_OFF: Duration = Duration::from_millis(100);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Metrics,
    Health,
}

#[derive(Debug)]
pub struct Said {
    pub status: StatusCode,
    pub media_type: &'static str,
    pub body: String,
}

/// Runs until the shutdown, which ends its connections.
pub async fn run<F, A>(listener: TcpListener, say: F, shutdown: CancellationToken)
where
    F: Fn(Asked) -> A + Clone + Send + 'static,
    A: Future<Output = Said> + Send,
{
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => return,
            Some(ended) = connections.join_next() => {
                note(ended);
                continue;
            }
            accepted = accept(&listener, &room) => accepted,
        };
        let (stream, peer, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::debug!(%error, "cannot take in a monitor");
                tokio::time::sleep(BACK_OFF).await;
                continue;
            }
        };
        let say = say.clone();
        connections.spawn(async move {
            match timeout(DEADLINE, serve(stream, say)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%peer, %error, "a monitor's connection broke"),
                Err(_elapsed) => tracing::debug!(%peer, "a monitor was too slow"),
            }
            drop(place);
        });
    }
}

type Place = tokio::sync::OwnedSemaphorePermit;

async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> io::Result<(TcpStream, SocketAddr, Place)> {
    let place = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, place))
}

async fn serve<F, A>(mut stream: TcpStream, say: F) -> io::Result<()>
where
    F: Fn(Asked) -> A,
    A: Future<Output = Said>,
{
    let mut inbox = Inbox::default();
    let (method, response) = loop {
        match inbox.take_head() {
            Ok(Some(head)) => break (head.method, answered(&head, say).await),
            Ok(None) => {}
            Err(refusal) => break (Method::Get, response::refusal(refusal)),
        }
        match stream.read(inbox.space()).await? {
            0 => return Ok(()),
            count => inbox.received(count),
        }
    };
    let persistence = Persistence::of(Version::Http11, false);
    let len = response.body().len() as u64;
    let response = with_length(response, len);
    let mut out = head_bytes(response.status(), response.headers(), persistence);
    match method {
        Method::Get => out.extend_from_slice(response.body()),
        Method::Head => {}
    }
    stream.write_all(&out).await?;
    stream.shutdown().await?;
    // Until the other end has closed, so that no reset takes the answer away from it.
    while stream.read(&mut [0; 512]).await? > 0 {}
    Ok(())
}

async fn answered<F, A>(head: &Head, say: F) -> Response<Bytes>
where
    F: Fn(Asked) -> A,
    A: Future<Output = Said>,
{
    let asked = match head.uri.path() {
        "/metrics" => Asked::Metrics,
        "/healthz" => Asked::Health,
        _ => return text(StatusCode::NOT_FOUND, "There are /metrics and /healthz here."),
    };
    let Said { status, media_type, body } = say(asked).await;
    let mut response = answer(status, HeaderValue::from_static(media_type), body);
    response.headers_mut().insert(http::header::CACHE_CONTROL, response::NO_STORE);
    response
}

fn note(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a monitor's connection failed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    async fn exchange(addr: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
        answer
    }

    #[tokio::test]
    async fn it_answers_two_paths_and_ends_with_the_shutdown() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let say = |asked| async move {
            let status = match asked {
                Asked::Metrics => StatusCode::OK,
                Asked::Health => StatusCode::SERVICE_UNAVAILABLE,
            };
            Said { status, media_type: "text/plain", body: "said\n".to_owned() }
        };
        let server = tokio::spawn(run(listener, say, shutdown.clone()));
        // More than there are places for, who say nothing, as long as some of them leave again.
        let mut silent = Vec::new();
        for _ in 0..CONNECTIONS_MAX - 1 {
            silent.push(TcpStream::connect(addr).await.unwrap());
        }
        for (line, status, body) in [
            ("GET /metrics", "200", "\r\n\r\nsaid\n"),
            ("HEAD /metrics", "200", "\r\n\r\n"),
            ("GET /healthz", "503", "\r\n\r\nsaid\n"),
            ("GET /v/ABC", "404", "here.\n"),
            ("POST /metrics", "405", "here.\n"),
        ] {
            let answer = exchange(addr, &format!("{line} HTTP/1.1\r\nHost: h\r\n\r\n")).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
            assert!(answer.ends_with(body), "{answer}");
        }
        drop(silent);
        shutdown.cancel();
        timeout(PATIENCE, server).await.unwrap().unwrap();
    }
}
