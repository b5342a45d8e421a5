//! How many files and sockets the process may have open. What a shell or an old service manager sets is meant for programs
//! that use `select`, and far too low for a server; the hard limit is what the administrator means.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// For everything but viewers: clients, the library, sources that are kept open, the state.
const KEPT: u64 = 1024;
/// A connection, and the file that is sent on it, which nobody else may be watching.
const OF_A_VIEWER: u64 = 2;

/// Raises the limit as far as it may be raised, and returns it.
pub fn raise() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })
    {
        tracing::warn!(%error, "the limit of open files cannot be raised");
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// How many viewers there is room for when so many files may be open, of those that are wanted: they must never take the
/// last descriptor, or the admin could not connect to do something about it.
#[must_use]
pub fn viewers(open_files: u64, wanted: usize) -> usize {
    let room = open_files.saturating_sub(KEPT).max(open_files / 2) / OF_A_VIEWER;
    usize::try_from(room).unwrap_or(usize::MAX).min(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn viewers_leave_room_for_the_rest() {
        assert_eq!(viewers(1 << 20, 4096), 4096);
        assert_eq!(viewers(4096, 4096), 1536);
        assert_eq!(viewers(1024, 4096), 256);
        assert_eq!(viewers(u64::MAX, 4096), 4096);
    }

    #[test]
    fn the_limit_is_the_hard_one_afterwards() {
        let raised = raise();
        assert_eq!(getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX), raised);
    }
}
