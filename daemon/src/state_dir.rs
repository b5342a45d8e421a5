//! The state folder and its lock, which says that no other daemon has this state.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::FlockOperation;
use vodpost_protocol::time::Timestamp;

/// Holds the moment of the restore, in milliseconds since 1970.
const RESTORED: &str = "restored";

/// A daemon that is killed while it starts ffmpeg leaves a process that has the lock until it has become ffmpeg.
const PATIENCE: Duration = Duration::from_millis(500);

#[derive(Debug, thiserror::Error)]
pub enum StateDirError {
    #[error("vodpostd is already running with the state folder {}; it listens on {socket}", folder.display())]
    InUse { folder: PathBuf, socket: String },
    #[error("cannot {action} {}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
}

/// Makes a folder, and those above it, for the daemon's user alone. One that exists is left as it is.
///
/// # Errors
/// When it cannot be made.
pub fn make(path: &Path) -> Result<(), StateDirError> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|source| StateDirError::Io {
        action: "create the folder",
        path: path.to_owned(),
        source,
    })
}

/// The lock is the sign of life; what is written in the file is information only. It holds until the file is closed.
///
/// # Errors
/// When another daemon holds it.
pub fn lock(folder: &Path) -> Result<File, StateDirError> {
    let path = folder.join("lock");
    let failed = |action| {
        let path = path.clone();
        move |source| StateDirError::Io { action, path, source }
    };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let file = match options.open(&path) {
        // One that is there can be locked all the same, and what there is be served.
        Err(error) if is_refused(&error) => File::open(&path).map_err(|_missing| error),
        opened => opened,
    };
    let file = file.map_err(failed("open"))?;
    let begun = Instant::now();
    loop {
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) if begun.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let socket = std::fs::read_to_string(&path).map_err(failed("read"))?;
                return Err(StateDirError::InUse {
                    folder: folder.to_owned(),
                    socket: socket.trim().to_owned(),
                });
            }
            Err(error) => return Err(failed("lock")(error.into())),
        }
    }
}

/// The disk takes nothing, whatever it is.
fn is_refused(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// Writes down where the daemon that holds the lock can be reached.
///
/// # Errors
/// When it cannot be written.
pub fn note_socket(mut lock: &File, socket: &Path) -> Result<(), StateDirError> {
    let line = format!("{}\n", socket.display());
    // In place, since a full disk has no room for another one.
    lock.rewind()
        .and_then(|()| lock.write_all(line.as_bytes()))
        .and_then(|()| lock.set_len(line.len() as u64))
        .map_err(|source| StateDirError::Io {
            action: "note in the lock file",
            path: socket.to_owned(),
            source,
        })
}

/// Writes down that the state was restored from a backup at this moment. Information only.
///
/// # Errors
/// When it cannot be written.
pub fn note_restored(folder: &Path, at: Timestamp) -> Result<(), StateDirError> {
    let (path, unfinished) = (folder.join(RESTORED), folder.join("restored.new"));
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)
        .and_then(|mut file| {
            writeln!(file, "{}", at.millis())?;
            file.sync_all()
        })
        .and_then(|()| std::fs::rename(&unfinished, &path))
        .and_then(|()| File::open(folder)?.sync_all());
    written.map_err(|source| StateDirError::Io { action: "note the restore in", path, source })
}

/// When the state was restored from a backup, if that is known.
#[must_use]
pub fn restored_at(folder: &Path) -> Option<Timestamp> {
    let path = folder.join(RESTORED);
    let mut text = String::new();
    let read = File::open(&path).and_then(|file| file.take(64).read_to_string(&mut text));
    match read.map(|_len| text.trim().parse()) {
        Ok(Ok(millis)) => Some(Timestamp::from_millis(millis)),
        Ok(Err(error)) => {
            tracing::warn!(path = %path.display(), %error, "when the state was restored is not known");
            None
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "when the state was restored is not known");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restore_is_remembered_and_what_cannot_be_read_is_no_moment() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(restored_at(folder.path()), None);
        let at = Timestamp::from_millis(1_700_000_000_123);
        note_restored(folder.path(), at).unwrap();
        assert_eq!(restored_at(folder.path()), Some(at));
        for damaged in ["", "x", "-1", "9".repeat(100).as_str()] {
            std::fs::write(folder.path().join(RESTORED), damaged).unwrap();
            assert_eq!(restored_at(folder.path()), None, "{damaged:?}");
        }
    }

    #[test]
    fn a_lock_that_is_let_go_in_a_moment_is_waited_for_and_another_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let held = lock(folder.path()).unwrap();
        note_socket(&held, Path::new("/run/s.sock")).unwrap();
        let refused = lock(folder.path()).unwrap_err();
        assert!(matches!(refused, StateDirError::InUse { socket, .. } if socket == "/run/s.sock"));
        std::thread::scope(|scope| {
            let second = scope.spawn(|| lock(folder.path()));
            drop(held);
            second.join().unwrap().unwrap();
        });
    }
}
