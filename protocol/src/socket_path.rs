//! Where the socket is. The one function that both programs use, so that no environment can make them disagree.
//!
//! A system daemon (root) listens in `/run/vodpost/`; a user's own daemon in `/run/user/UID/vodpost/`, or, on systems
//! without that folder, in `/tmp/vodpost-UID/`. The paths are computed from the uid, never from `XDG_RUNTIME_DIR`,
//! which `su`, `cron` and `tmux` lose.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

const FILE: &str = "vodpost.sock";
/// `sun_path` of `struct sockaddr_un` on Linux, less the final zero byte.
pub const PATH_LEN_MAX: usize = 107;

/// The socket of a daemon that runs as `uid` and was not told another path.
#[must_use]
pub fn of_daemon(uid: u32) -> PathBuf {
    if uid == 0 {
        return system();
    }
    let runtime = PathBuf::from(format!("/run/user/{uid}"));
    let usable = std::fs::metadata(&runtime).is_ok_and(|meta| meta.is_dir() && meta.uid() == uid);
    if usable { runtime.join("vodpost").join(FILE) } else { fallback(uid) }
}

/// Every path where a client of `uid` looks, in this order. One that was named is the only one.
#[must_use]
pub fn candidates(named: Option<&Path>, uid: u32) -> Vec<PathBuf> {
    if let Some(named) = named {
        return vec![named.to_owned()];
    }
    let mut paths = vec![system()];
    if uid != 0 {
        paths.push(PathBuf::from(format!("/run/user/{uid}/vodpost")).join(FILE));
        paths.push(fallback(uid));
    }
    paths
}

fn system() -> PathBuf {
    Path::new("/run/vodpost").join(FILE)
}

fn fallback(uid: u32) -> PathBuf {
    PathBuf::from(format!("/tmp/vodpost-{uid}")).join(FILE)
}

/// Whether a socket found at `path` may be trusted: its folder is a real folder that belongs to root or to `uid`, and
/// nobody else may put files there. Guards against a socket that a stranger left in `/tmp`.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_folder(path: &Path, uid: u32) -> Result<(), String> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let meta = std::fs::symlink_metadata(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    if !meta.is_dir() {
        return Err(format!("{} is not a folder", folder.display()));
    }
    if meta.uid() != 0 && meta.uid() != uid {
        return Err(format!("{} belongs to another user (uid {})", folder.display(), meta.uid()));
    }
    // A sticky folder such as /tmp lets nobody replace another's socket.
    if meta.mode() & 0o002 != 0 && meta.mode() & 0o1000 == 0 {
        return Err(format!("{} can be written by everybody", folder.display()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_looks_where_the_daemon_listens() {
        for uid in [0, 4_000_000] {
            assert!(candidates(None, uid).contains(&of_daemon(uid)), "{uid}");
        }
    }

    #[test]
    fn a_named_socket_is_the_only_one() {
        assert_eq!(candidates(Some(Path::new("/a/b")), 5), [PathBuf::from("/a/b")]);
    }

    #[test]
    fn a_folder_that_everybody_may_write_is_not_trusted() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let uid = rustix::process::getuid().as_raw();
        assert_eq!(check_folder(&folder.path().join("s"), uid), Ok(()));
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(check_folder(&folder.path().join("s"), uid).is_err());
    }
}
