//! The server against raw sockets: what really goes over the wire.

mod defence;
mod ending;
mod http;
mod media;
mod platform;
mod site;

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use vodpost_protocol::ids::{Token, VideoId};

use super::address::Network;
use super::link::PublicUrl;
use super::platform::Platform;
use super::table::Table;
use super::{Limits, Noticed, Options, Server, notices, start};
use crate::core::artifact::{PublicState, Publication, ServedLayout};
use crate::core::testing;
use crate::media::identity;

/// Far longer than anything here takes; a test that waits for it has failed.
const PATIENCE: Duration = Duration::from_secs(30);
const ATTEMPT: u32 = 3;
const HOST: &str = "Host: h\r\n";

struct Stage {
    folder: TempDir,
    table: Arc<Table>,
    server: Server,
    noticed: Noticed,
    shutdown: CancellationToken,
}

fn token() -> Token {
    Token::from_random(0xA1B2_C3D4_E5F6)
}

fn video() -> VideoId {
    VideoId::from_random(7)
}

impl Stage {
    fn new() -> Self {
        Self::with(Limits::default())
    }

    fn with(limits: Limits) -> Self {
        Self::behind(limits, Vec::new())
    }

    fn behind(limits: Limits, trusted_proxies: Vec<Network>) -> Self {
        let platform = Platform { enabled: false, ..Platform::default() };
        Self::set(limits, trusted_proxies, platform, None)
    }

    /// With a platform, below this address.
    fn listing(public_url: &str) -> Self {
        let url = Some(public_url.parse().unwrap());
        Self::set(Limits::default(), Vec::new(), Platform::default(), url)
    }

    fn set(
        limits: Limits,
        trusted_proxies: Vec<Network>,
        platform: Platform,
        public_url: Option<PublicUrl>,
    ) -> Self {
        let table = Arc::new(Table::new());
        let shutdown = CancellationToken::new();
        let (notices, noticed) = notices();
        let folder = tempfile::tempdir().unwrap();
        let posters = folder.path().to_owned();
        let options = Options {
            listen: ([127, 0, 0, 1], 0).into(),
            tls: None,
            public_url,
            posters,
            limits,
            trusted_proxies,
            access_log: None,
            metrics: Arc::default(),
            platform,
            verify_dir: None,
        };
        let server = start(options, Arc::clone(&table), notices, shutdown.clone()).unwrap();
        Self { folder, table, server, noticed, shutdown }
    }

    /// With one live video of these bytes.
    fn showing(bytes: &[u8]) -> Self {
        let stage = Self::new();
        let path = stage.write(bytes);
        stage.publish("talk", &path, ServedLayout::AsIs);
        stage
    }

    fn write(&self, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join("talk.mp4");
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// With one live video of this length that takes no space.
    fn showing_sparse(limits: Limits, len: u64) -> Self {
        let stage = Self::with(limits);
        let path = stage.folder.path().join("talk.mp4");
        File::create(&path).unwrap().set_len(len).unwrap();
        stage.publish("talk", &path, ServedLayout::AsIs);
        stage
    }

    fn publish(&self, title: &str, path: &Path, layout: ServedLayout) {
        let identity = identity(&File::open(path).unwrap()).unwrap();
        let served = testing::served(video(), ATTEMPT, path, identity, layout);
        self.apply(title, PublicState::Live(served));
    }

    /// The same for another token.
    fn publish_as(&self, token: Token, path: &Path) {
        let identity = identity(&File::open(path).unwrap()).unwrap();
        let served = testing::served(VideoId::from_random(8), ATTEMPT, path, identity, ServedLayout::AsIs);
        let created_at = vodpost_protocol::time::Timestamp::from_millis(1);
        let (base, state) = (OsStr::new("other").into(), PublicState::Live(served));
        self.table.apply(vec![Publication { token, base, listed: true, created_at, state }]);
    }

    fn apply(&self, title: &str, state: PublicState) {
        let created_at = vodpost_protocol::time::Timestamp::from_millis(1);
        let base = OsStr::new(title).into();
        self.table.apply(vec![Publication { token: token(), base, listed: true, created_at, state }]);
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.server.addr).await.unwrap()
    }

    /// Sends these bytes and reads until the server closes.
    async fn exchange(&self, request: &[u8]) -> Vec<u8> {
        let mut stream = self.connect().await;
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
        answer
    }

    /// One request on a connection of its own; `fields` are whole lines.
    async fn request(&self, method: &str, path: &str, fields: &str) -> Reply {
        let request = format!("{method} {path} HTTP/1.1\r\n{HOST}Connection: close\r\n{fields}\r\n");
        let answer = self.exchange(request.as_bytes()).await;
        let (reply, rest) = Reply::read(&answer, method == "HEAD");
        assert_eq!(rest, b"", "the server sent more than it announced");
        reply
    }

    async fn get(&self, path: &str, fields: &str) -> Reply {
        self.request("GET", path, fields).await
    }

    async fn file(&self, fields: &str) -> Reply {
        self.get(&format!("/v/{}.mp4", token()), fields).await
    }
}

#[derive(Debug)]
struct Reply {
    status: u16,
    fields: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Reply {
    /// The first answer in these bytes, and what follows it.
    fn read(bytes: &[u8], is_bodiless: bool) -> (Self, &[u8]) {
        let mut slots = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut slots);
        let httparse::Status::Complete(len) = response.parse(bytes).unwrap() else {
            panic!("half a head: {}", String::from_utf8_lossy(bytes))
        };
        let text = |value: &[u8]| std::str::from_utf8(value).unwrap().to_owned();
        let fields: Vec<_> =
            response.headers.iter().map(|field| (field.name.to_owned(), text(field.value))).collect();
        let mut reply = Self { status: response.code.unwrap(), fields, body: Vec::new() };
        for name in ["date", "server"] {
            assert!(reply.field(name).is_some(), "{name} is missing");
        }
        let rest = &bytes[len..];
        let body = if is_bodiless || reply.status == 304 {
            0
        } else {
            reply.field("content-length").unwrap().parse().unwrap()
        };
        assert!(rest.len() >= body, "{} of {body} bytes of the body", rest.len());
        reply.body = rest[..body].to_vec();
        (reply, &rest[body..])
    }

    fn field(&self, name: &str) -> Option<&str> {
        let mut found = self.fields.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name));
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} occurs twice");
        value
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// Without what differs from one moment to the next.
    fn stable_fields(&self) -> Vec<(String, String)> {
        self.fields.iter().filter(|(name, _)| name != "date").cloned().collect()
    }
}

/// Bytes in which every position is recognisable.
fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|at| ((at * 31) ^ (at >> 8) ^ (at >> 16)) as u8).collect()
}
