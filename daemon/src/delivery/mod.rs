//! The public HTTP server: watch pages, QR codes and the videos themselves, over HTTP/1.1 with GET and HEAD only
//! (RFC 9110, RFC 9112). Video bytes go from the page cache to the socket with `sendfile`, and stop when their posting does.

mod accept;
pub mod access_log;
pub mod address;
pub mod admin;
mod asked;
mod cold;
mod conditional;
mod connection;
mod entrance;
mod head;
#[cfg(any(test, fuzzing))]
pub(crate) mod hostile;
pub mod link;
pub mod listing;
mod media_response;
pub mod metrics;
mod pages;
pub mod platform;
mod poster;
mod qr;
mod queued;
mod range;
mod referrer;
mod response;
mod route;
mod send;
mod source;
mod stream;
pub mod table;
mod title;
pub mod tls;
mod transfer;
mod verify;
mod views;
mod words;

#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::{AbortHandle, JoinHandle};
use tokio_util::sync::CancellationToken;
use vodpost_protocol::ids::{Token, VideoId};

use self::access_log::AccessLog;
use self::address::{Network, Places};
use self::asked::Observers;
use self::connection::Context;
use self::entrance::{Door, Entrance};
use self::link::PublicUrl;
use self::metrics::Metrics;
use self::pages::Site;
use self::platform::{Maps, Platform};
use self::poster::Posters;
use self::table::Table;
pub use self::tls::CertificateFiles;
use self::tls::{Certificates, Pair, TlsError};
use self::views::Views;

/// Connections that the kernel keeps waiting for `accept`.
const BACKLOG: u32 = 1024;
/// Bytes that the kernel takes of an answer before it can send them. It would take some megabytes for each viewer, and a
/// client's pace could not be told from how fast it fills them.
const UNSENT_MAX: u32 = 128 * 1024;

#[derive(Debug, Clone)]
pub struct Options {
    pub listen: SocketAddr,
    /// What to serve `listen` with; `None` without TLS.
    pub tls: Option<TlsOptions>,
    /// Where viewers reach the server; `None` for the address that it listens on.
    pub public_url: Option<PublicUrl>,
    /// Where posters are.
    pub posters: PathBuf,
    pub limits: Limits,
    /// Proxies whose word on the viewer's address is taken.
    pub trusted_proxies: Vec<Network>,
    pub access_log: Option<AccessLog>,
    pub metrics: Arc<Metrics>,
    pub platform: Platform,
    /// Files that are served at the top level.
    pub verify_dir: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsOptions {
    pub pairs: Vec<Pair>,
    /// An address without TLS besides.
    pub plain: Option<(SocketAddr, PlainUse)>,
}

/// What viewers get who come without TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlainUse {
    #[default]
    Redirect,
    Serve,
}

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot listen on {addr}; choose another address with {setting}")]
    Listen { addr: SocketAddr, setting: &'static str, source: io::Error },
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("no random numbers from the system")]
    Random(#[from] getrandom::Error),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time.
    pub connections: usize,
    /// Connections at a time from one address.
    pub connections_per_address: usize,
    /// Different files that are open at a time.
    pub files: usize,
    /// From the first byte of a request, or from the start of a connection, to the end of the request's head.
    pub head: Duration,
    /// Between two requests.
    pub idle: Duration,
    /// While a client takes no byte of an answer.
    pub stall: Duration,
    /// Bytes per second that a client has to take of an answer, on average over `stall`.
    pub min_rate: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            connections_per_address: 256,
            files: 4096,
            head: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            stall: Duration::from_secs(60),
            min_rate: 4096,
        }
    }
}

/// News of one kind that wait to be heard.
const NOTICES_LEN: usize = 256;

/// What the server finds out about what it serves. Each kind has room of its own, so that many of one push out none of the
/// other; whatever does not fit is found again with the next request.
#[derive(Debug, Clone)]
pub struct Notices {
    /// The file of a live video is missing, or not the one that was verified.
    differs: mpsc::Sender<VideoId>,
    /// Somebody asked for a poster that is not there.
    posters: mpsc::Sender<Token>,
}

/// Where they are heard.
#[derive(Debug)]
pub struct Noticed {
    pub differs: mpsc::Receiver<VideoId>,
    pub posters: mpsc::Receiver<Token>,
}

#[must_use]
pub fn notices() -> (Notices, Noticed) {
    let (differs, heard_differs) = mpsc::channel(NOTICES_LEN);
    let (posters, heard_posters) = mpsc::channel(NOTICES_LEN);
    (Notices { differs, posters }, Noticed { differs: heard_differs, posters: heard_posters })
}

impl Notices {
    fn differs(&self, video: VideoId) {
        tracing::warn!(%video, "the source file is gone or another one");
        if let Err(error) = self.differs.try_send(video) {
            tracing::debug!(%video, %error, "nobody was told");
        }
    }

    fn poster_missing(&self, token: Token) {
        if let Err(error) = self.posters.try_send(token) {
            tracing::debug!(%error, "nobody was told of a missing poster");
        }
    }
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    pub addr: SocketAddr,
    /// Where the second listener is, if there is one.
    pub plain_addr: Option<SocketAddr>,
    pub public_url: Arc<PublicUrl>,
    task: JoinHandle<()>,
    certificates: Option<Arc<Certificates>>,
}

impl Server {
    /// Tells whether it has ended.
    #[must_use]
    pub fn handle(&self) -> AbortHandle {
        self.task.abort_handle()
    }

    /// Reads the certificates again.
    pub fn reload(&self) {
        if let Some(certificates) = &self.certificates {
            certificates.want_reload();
        }
    }

    /// The files of its certificates, where it has any.
    #[must_use]
    pub fn certificate_files(&self) -> Option<CertificateFiles> {
        self.certificates.clone().map(CertificateFiles)
    }

    /// Waits until the server has ended, which the `shutdown` of `start` asks for.
    pub async fn join(self) {
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the public server failed");
        }
    }
}

/// Listens, and serves until `shutdown`. Running transfers end with it. Needs a tokio runtime around it.
pub fn start(
    options: Options,
    table: Arc<Table>,
    notices: Notices,
    shutdown: CancellationToken,
) -> Result<Server, ServeError> {
    let (tls, plain) = options.tls.map(|tls| (tls.pairs, tls.plain)).unzip();
    table.sources.limit_files(options.limits.files);
    let certificates = tls.map(Certificates::load).transpose()?;
    let (listener, addr) = listen(options.listen, "--listen or http.listen", options.limits)?;
    let own = || if certificates.is_some() { PublicUrl::secure(addr) } else { PublicUrl::of_address(addr) };
    let public_url = Arc::new(options.public_url.unwrap_or_else(own));
    let entrance = certificates.as_ref().map(Certificates::acceptor).transpose()?;
    let mut doors = vec![Door { listener, entrance: entrance.map_or(Entrance::Plain, Entrance::Tls) }];
    let mut plain_addr = None;
    if let Some((addr, used)) = plain.flatten() {
        let (listener, bound) = listen(addr, "http.tls.plain_listen", options.limits)?;
        plain_addr = Some(bound);
        let entrance = match used {
            PlainUse::Serve => Entrance::Plain,
            PlainUse::Redirect => Entrance::Redirect(public_url.origin().into()),
        };
        doors.push(Door { listener, entrance });
    }
    let posters = Posters { folder: options.posters, notices: notices.clone() };
    let router = pages::router(Site {
        table: Arc::clone(&table),
        public_url: Arc::clone(&public_url),
        posters,
        platform: options.platform,
        verify_dir: options.verify_dir,
        searching: Mutex::default(),
        maps: Maps::default(),
    });
    let limits = options.limits;
    let (crowding, crowded) = watch::channel(false);
    let places = Places::new(limits.connections_per_address);
    let proxies = options.trusted_proxies;
    let observers = Observers {
        views: Views::new()?,
        metrics: options.metrics,
        log: options.access_log,
        public_url: Arc::clone(&public_url),
    };
    if let Some(certificates) = &certificates {
        tokio::spawn(Arc::clone(certificates).follow(shutdown.clone()));
    }
    let context =
        Arc::new(Context { table, router, limits, notices, places, proxies, observers, crowded, shutdown });
    tracing::info!(%addr, %public_url, tls = certificates.is_some(), "serving");
    let task = tokio::spawn(accept::run(doors, context, crowding));
    Ok(Server { addr, plain_addr, public_url, task, certificates })
}

/// With the address that it has; `setting` is where the one that was asked for comes from.
fn listen(
    addr: SocketAddr,
    setting: &'static str,
    limits: Limits,
) -> Result<(TcpListener, SocketAddr), ServeError> {
    let listen = || {
        let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // A restarted daemon must not wait for the old one's connections to be forgotten.
        socket.set_reuseaddr(true)?;
        tune(&socket, limits)?;
        socket.bind(addr)?;
        let listener = socket.listen(BACKLOG)?;
        let bound = listener.local_addr()?;
        Ok((listener, bound))
    };
    listen().map_err(|source| ServeError::Listen { addr, setting, source })
}

/// What connections inherit from the socket that takes them in.
fn tune(socket: &TcpSocket, limits: Limits) -> io::Result<()> {
    let socket = SockRef::from(socket);
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_notsent_lowat(UNSENT_MAX)?;
    // Also ends connections that are closed but whose last bytes the client never takes.
    socket.set_tcp_user_timeout(Some(limits.stall))
}
