//! How many files and sockets the process may have open. What a shell or an old service manager sets is meant for programs
//! that use `select`, and far too low for a server; the hard limit is what the administrator means.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// For everything but viewers and what they watch: clients, the library, the state.
const KEPT: u64 = 1024;
/// Of what is left, one in so many is for files that are watched; most viewers share theirs.
const FILES_SHARE: u64 = 4;

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
    let room = room(open_files);
    usize::try_from(room - room / FILES_SHARE).unwrap_or(usize::MAX).min(wanted)
}

/// How many different files they may watch.
#[must_use]
pub fn watched(open_files: u64) -> usize {
    usize::try_from(room(open_files) / FILES_SHARE).unwrap_or(usize::MAX)
}

fn room(open_files: u64) -> u64 {
    open_files.saturating_sub(KEPT).max(open_files / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn viewers_leave_room_for_the_rest() {
        assert_eq!(viewers(1 << 20, 4096), 4096);
        assert_eq!(viewers(4096, 4096), 2304);
        assert_eq!(viewers(1024, 4096), 384);
        assert_eq!(viewers(u64::MAX, 4096), 4096);
        assert_eq!((watched(1024), watched(4096)), (128, 768));
        for open_files in [0, 1, 1023, 1024, 5000, 1 << 20] {
            let taken = viewers(open_files, usize::MAX) + watched(open_files);
            assert!(taken as u64 <= open_files, "{taken} of {open_files}");
        }
    }

    #[test]
    fn the_limit_is_the_hard_one_afterwards() {
        let raised = raise();
        assert_eq!(getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX), raised);
    }
}
