//! Hears of changes in the library folders from the kernel, so that a look at them need not be asked for.
//!
//! inotify tells only that something happened where; what it means is found by looking at the roots again. A watch is
//! set on each folder before it is listed, so nothing falls between the two. Where watches run out, or the file system
//! reports nothing (network mounts), the periodic look remains.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use vodpost_protocol::checkup::Unwatched;

use crate::core::group::base_name;

const BUFFER_LEN: usize = 16 << 10;

/// Sets watches; may be used from any thread.
#[derive(Clone)]
pub struct Watches {
    inotify: Arc<OwnedFd>,
    /// The limit was reached and has been said.
    exhausted: Arc<AtomicBool>,
}

/// Of which roots changes are found by the periodic look alone, and why. Written by the scanner, read for `status`.
#[derive(Debug, Default)]
pub struct Coverage {
    unwatched: Mutex<HashMap<Arc<Path>, Unwatched>>,
}

impl Coverage {
    pub(super) fn set(&self, root: &Arc<Path>, reason: Option<Unwatched>) {
        let mut unwatched = self.unwatched.lock().unwrap_or_else(PoisonError::into_inner);
        match reason {
            Some(reason) if unwatched.get(root) == Some(&reason) => {}
            Some(reason) => {
                let said = in_words(&reason);
                tracing::info!(root = %root.display(), reason = %said, "changes are found by the periodic look alone");
                unwatched.insert(root.clone(), reason);
            }
            None => {
                unwatched.remove(root);
            }
        }
    }

    /// Forgets all other roots.
    pub(super) fn keep(&self, roots: &[Arc<Path>]) {
        let mut unwatched = self.unwatched.lock().unwrap_or_else(PoisonError::into_inner);
        unwatched.retain(|root, _| roots.contains(root));
    }

    #[must_use]
    pub fn unwatched(&self, root: &Path) -> Option<Unwatched> {
        self.unwatched.lock().unwrap_or_else(PoisonError::into_inner).get(root).cloned()
    }
}

/// As it stands in `status` and in the log.
#[must_use]
pub fn in_words(why: &Unwatched) -> Cow<'static, str> {
    match why {
        Unwatched::Off => "library.watch is off".into(),
        Unwatched::NoInstances => "no folder can be watched (fs.inotify.max_user_instances)".into(),
        Unwatched::NoWatches => "no more folders can be watched (fs.inotify.max_user_watches)".into(),
        Unwatched::Remote(kind) => format!("{kind} does not tell what other machines change").into(),
    }
}

/// File systems whose changes may be made elsewhere, where this kernel does not hear of them (statfs(2)).
fn remote_kind(folder: &Path) -> Option<&'static str> {
    let kind = rustix::fs::statfs(folder).ok()?.f_type;
    remote_name(u32::try_from(kind & 0xFFFF_FFFF).ok()?)
}

fn remote_name(kind: u32) -> Option<&'static str> {
    Some(match kind {
        0x6969 => "NFS",
        0xFF53_4D42 | 0xFE53_4D42 | 0x517B => "SMB",
        0x6573_5546 => "FUSE",
        0x0102_1997 => "9P",
        0x00C3_6400 => "Ceph",
        0x5346_414F | 0x6B41_4653 => "AFS",
        0x7375_7245 => "Coda",
        0x0BD0_0BD0 => "Lustre",
        _ => return None,
    })
}

/// Waits for changes.
pub struct Changes {
    inotify: AsyncFd<Arc<OwnedFd>>,
}

/// # Errors
/// When the system has no more inotify instances for this user.
pub fn start() -> io::Result<(Watches, Changes)> {
    let inotify = Arc::new(inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?);
    #[expect(
        deprecated,
        reason = "its replacement is an unsafe function, because a descriptor type might lie; an owned descriptor does not"
    )]
    let changes = Changes { inotify: AsyncFd::with_interest(Arc::clone(&inotify), Interest::READABLE)? };
    Ok((Watches { inotify, exhausted: Arc::default() }, changes))
}

impl Watches {
    /// Watches a folder; doing so again changes nothing.
    ///
    /// # Errors
    /// Why not all changes in it will be told.
    pub fn add(&self, folder: &Path) -> Result<(), Unwatched> {
        let flags = WatchFlags::CREATE
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::DELETE
            | WatchFlags::MOVE
            | WatchFlags::ATTRIB
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF
            | WatchFlags::ONLYDIR;
        match inotify::add_watch(&self.inotify, folder, flags) {
            // What is done on this machine is told all the same.
            Ok(_) => match remote_kind(folder) {
                Some(kind) => Err(Unwatched::Remote(kind.to_owned())),
                None => Ok(()),
            },
            Err(Errno::NOSPC | Errno::NOMEM) => {
                if !self.exhausted.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        "no more folders can be watched (see fs.inotify.max_user_watches); changes in the rest are \
                         found by the periodic look"
                    );
                }
                Err(Unwatched::NoWatches)
            }
            // It cannot be read or is gone; listing it says so.
            Err(error) => {
                tracing::debug!(%error, folder = %folder.display(), "not watched");
                Ok(())
            }
        }
    }
}

impl Changes {
    /// Waits until something changed that a look at the roots might see.
    ///
    /// # Errors
    /// When the kernel does not tell any more.
    pub async fn wait(&mut self) -> io::Result<()> {
        loop {
            let mut ready = self.inotify.readable().await?;
            let relevant = drain(ready.get_inner())?;
            ready.clear_ready();
            if relevant {
                return Ok(());
            }
        }
    }
}

/// Reads everything that has been told; whether any of it matters.
fn drain(inotify: &OwnedFd) -> io::Result<bool> {
    let mut buffer = [MaybeUninit::uninit(); BUFFER_LEN];
    let mut reader = inotify::Reader::new(inotify, &mut buffer);
    let mut relevant = false;
    loop {
        match reader.next() {
            Ok(event) => {
                let name = event.file_name().map(|name| std::ffi::OsStr::from_bytes(name.to_bytes()));
                relevant |= matters(event.events(), name);
            }
            Err(Errno::WOULDBLOCK) => return Ok(relevant),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Files that are no videos come and go without a look; folders and lost reports always want one.
fn matters(what: ReadFlags, name: Option<&std::ffi::OsStr>) -> bool {
    if what.intersects(ReadFlags::QUEUE_OVERFLOW | ReadFlags::UNMOUNT) {
        return true;
    }
    if what.contains(ReadFlags::IGNORED) {
        return false;
    }
    match name {
        Some(name) if what.contains(ReadFlags::ISDIR) => !name.as_bytes().starts_with(b"."),
        Some(name) => base_name(name).is_some(),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn l1_files_that_are_no_videos_wake_nobody_and_videos_do() {
        let folder = tempfile::tempdir().unwrap();
        let (watches, mut changes) = start().unwrap();
        watches.add(folder.path()).unwrap();
        std::fs::write(folder.path().join("notes.txt"), "x").unwrap();
        std::fs::write(folder.path().join(".hidden.mp4"), "x").unwrap();
        assert!(!drain(&watches.inotify).unwrap());
        std::fs::write(folder.path().join("talk.mp4"), "x").unwrap();
        changes.wait().await.unwrap();
        std::fs::rename(folder.path().join("talk.mp4"), folder.path().join("lecture.mp4")).unwrap();
        changes.wait().await.unwrap();
        std::fs::create_dir(folder.path().join("more")).unwrap();
        changes.wait().await.unwrap();
        std::fs::remove_file(folder.path().join("lecture.mp4")).unwrap();
        changes.wait().await.unwrap();
    }
}
