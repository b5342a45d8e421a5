//! Opens the socket without ever taking it from a living daemon, and accepts clients.
//!
//! The lock on the state folder says that no other daemon has this state; the lock beside the socket says that none
//! listens there. Only with that lock held is a socket file that refuses connections taken for stale and removed.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use interprocess::local_socket::tokio::{Listener, Stream, prelude::*};
use interprocess::local_socket::{GenericFilePath, ListenerOptions};
use interprocess::os::unix::local_socket::ListenerOptionsExt;
use rustix::fs::FlockOperation;
use tokio::net::UnixStream;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use vodpost_protocol::socket_path;

use super::Peer;
use super::places::{Guest, Place, Places};
use super::roles::Roles;
use super::seldom::Seldom;
use super::session::{self, SessionError, Shared};
use crate::engine::EngineHandle;

/// Connections that are let in before it is known who they are. The others wait in the kernel, in the order in which they
/// came: were they taken in faster than they are served, those who are gone again would crowd the door.
const ARRIVING_MAX: usize = 32;
const BACK_OFF: Duration = Duration::from_millis(100);

#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    #[error("vodpostd is already running on the socket {}", socket.display())]
    AlreadyRunning { socket: PathBuf },
    #[error("the socket folder cannot be trusted: {0}")]
    Folder(String),
    #[error("cannot {action} {}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
}

/// The bound socket; removed at the end if it is still ours.
pub struct Socket {
    listener: Listener,
    path: PathBuf,
    identity: (u64, u64),
    _lock: File,
}

/// Listens for the daemon's own user and root; with `admit_others` everybody may knock, and the roles decide who gets in.
///
/// # Errors
/// When another daemon listens there, or the folder or file cannot be used.
pub fn bind(path: &Path, admit_others: bool) -> Result<Socket, SocketError> {
    let failed = |action: &'static str, path: &Path| {
        let path = path.to_owned();
        move |source| SocketError::Io { action, path, source }
    };
    let folder = path.parent().unwrap_or(Path::new("/"));
    if !folder.exists() {
        let mode = if admit_others { 0o755 } else { 0o700 };
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(mode)
            .create(folder)
            .map_err(failed("create", folder))?;
    }
    socket_path::check_folder(path, rustix::process::geteuid().as_raw()).map_err(SocketError::Folder)?;
    let lock = lock(path)?;
    remove_stale(path)?;
    let name = path.to_fs_name::<GenericFilePath>().map_err(failed("name", path))?;
    let listener = ListenerOptions::new()
        .name(name)
        .mode(0o600)
        .reclaim_name(false)
        .create_tokio()
        .map_err(failed("listen on", path))?;
    if admit_others {
        // Connecting takes the right to write, which the umask may have taken from the mode above.
        let mode = std::fs::Permissions::from_mode(0o666);
        std::fs::set_permissions(path, mode).map_err(failed("open for others", path))?;
    }
    let meta = std::fs::symlink_metadata(path).map_err(failed("look at", path))?;
    Ok(Socket { listener, path: path.to_owned(), identity: (meta.dev(), meta.ino()), _lock: lock })
}

fn lock(path: &Path) -> Result<File, SocketError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock_path = PathBuf::from(name);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&lock_path)
        .map_err(|source| SocketError::Io { action: "open", path: lock_path.clone(), source })?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(SocketError::AlreadyRunning { socket: path.to_owned() }),
        Err(error) => Err(SocketError::Io { action: "lock", path: lock_path, source: error.into() }),
    }
}

/// Removes a socket file that nobody listens on; anything else in its place is left alone.
fn remove_stale(path: &Path) -> Result<(), SocketError> {
    let failed = |action: &'static str, source| SocketError::Io { action, path: path.to_owned(), source };
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed("look at", error)),
        Ok(_) => {}
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => Err(SocketError::AlreadyRunning { socket: path.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path).map_err(|error| failed("remove the stale", error))
        }
        Err(error) => Err(failed("probe", error)),
    }
}

/// What every connection needs.
#[derive(Clone)]
pub struct House {
    roles: Arc<Roles>,
    shared: Shared,
    /// The engine's thread.
    beside_engine: Handle,
    places: Places,
    /// How clients were dropped, which they can bring about as often as they like.
    dropped: Arc<Seldom>,
    shutdown: CancellationToken,
}

impl House {
    #[must_use]
    pub fn new(
        roles: Roles,
        engine: EngineHandle,
        beside_engine: Handle,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            roles: Arc::new(roles),
            shared: Shared::new(engine),
            beside_engine,
            places: Places::until(shutdown.clone()),
            dropped: Arc::default(),
            shutdown,
        }
    }
}

/// Accepts clients until the daemon ends, then removes the socket.
pub async fn serve(socket: Socket, house: House) {
    let failing = Seldom::default();
    let arriving = Arc::new(Semaphore::new(ARRIVING_MAX));
    let next = || async {
        let permit = Arc::clone(&arriving).acquire_owned().await.map_err(io::Error::other)?;
        Ok((socket.listener.accept().await?, permit))
    };
    loop {
        let accepted: io::Result<_> = tokio::select! {
            () = house.shutdown.cancelled() => break,
            accepted = next() => accepted,
        };
        match accepted {
            Ok((stream, permit)) => admit(&house, stream, permit),
            Err(error) => {
                if let Some(unsaid) = failing.may_say(Instant::now()) {
                    tracing::warn!(%error, unsaid, "a client could not be accepted");
                }
                // Out of descriptors, most likely: trying again at once would spin.
                tokio::time::sleep(BACK_OFF).await;
            }
        }
    }
    remove_ours(&socket);
}

/// Lets a client in as far as the door.
fn admit(house: &House, stream: Stream, arriving: OwnedSemaphorePermit) {
    let Ok(Some(uid)) = stream.peer_creds().map(|creds| creds.euid()) else {
        if let Some(unsaid) = house.dropped.may_say(Instant::now()) {
            tracing::warn!(unsaid, "a client was turned away: the kernel did not say who it is");
        }
        return;
    };
    let place = house.places.enter(Guest { uid, host: Roles::is_host(uid) });
    let Stream::UdSocket(stream) = stream;
    tokio::spawn(attend(house.clone(), stream.into(), arriving, place));
}

/// Greets a client, and has it served beside the engine. Until it is greeted it is nothing to the engine, which may be
/// busy or be waiting for the disk.
async fn attend(house: House, mut stream: UnixStream, arriving: OwnedSemaphorePermit, place: Place) {
    let greeted = async {
        let (roles, uid) = (Arc::clone(&house.roles), place.uid());
        // The user database may be on the other side of a network.
        let peer = tokio::task::spawn_blocking(move || roles.peer(uid)).await?;
        drop(arriving);
        session::greet(&mut stream, &peer, &house.shared.engine).await.map(|()| peer)
    };
    let peer = match house.while_wanted(&place.sent_away(), greeted).await {
        Some(Ok(peer)) => peer,
        Some(Err(error)) => return house.say_dropped(place.uid(), &error),
        None => return,
    };
    match stream.into_std() {
        Ok(stream) => drop(house.beside_engine.clone().spawn(house.serve(stream, peer, place))),
        Err(error) => house.say_dropped(place.uid(), &error.into()),
    }
}

impl House {
    async fn serve(self, stream: std::os::unix::net::UnixStream, peer: Peer, place: Place) {
        let (uid, sent_away) = (place.uid(), place.sent_away());
        let served = async {
            let mut stream = UnixStream::from_std(stream)?;
            session::run(&mut stream, peer, place, self.shared.clone()).await
        };
        match self.while_wanted(&sent_away, served).await {
            Some(Err(error)) => self.say_dropped(uid, &error),
            Some(Ok(())) | None => tracing::debug!(uid, "client gone"),
        }
    }

    /// `None` when the daemon ends.
    async fn while_wanted<T>(
        &self,
        sent_away: &CancellationToken,
        work: impl Future<Output = Result<T, SessionError>>,
    ) -> Option<Result<T, SessionError>> {
        tokio::select! {
            biased;
            () = sent_away.cancelled() => (!self.places.is_closed()).then_some(Err(SessionError::SentAway)),
            done = work => Some(done),
        }
    }

    fn say_dropped(&self, uid: u32, error: &SessionError) {
        if let Some(unsaid) = self.dropped.may_say(Instant::now()) {
            tracing::info!(uid, error = %crate::error::chain(error), unsaid, "client dropped");
        }
    }
}

/// A newer daemon may have put its own socket there.
fn remove_ours(socket: &Socket) {
    let ours =
        std::fs::symlink_metadata(&socket.path).is_ok_and(|meta| (meta.dev(), meta.ino()) == socket.identity);
    if ours && let Err(error) = std::fs::remove_file(&socket.path) {
        tracing::warn!(%error, path = %socket.path.display(), "the socket could not be removed");
    }
}
