//! What a guarded tool may use up, and what it must not inherit: limits, priority, open files, rights.

use std::io;
use std::os::fd::RawFd;

use rustix::process::{Resource, Rlimit, getrlimit, nice, setrlimit, setsid};
use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};

use super::order::Run;

const NICENESS: i32 = 10;
/// What the loader and a demuxer open, many times over.
const OPEN_FILES_MAX: u64 = 256;
/// When memory runs out the kernel is to end the tool, not the daemon.
const OOM_SCORE: &str = "500";

/// Closes everything but the three standard streams. Everything of the daemon's closes by itself when it starts a program,
/// but what the daemon was given by a careless parent does not.
pub(super) fn close_inherited() -> io::Result<()> {
    let mut open: Vec<RawFd> = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let name = entry?.file_name();
        open.extend(name.to_str().and_then(|name| name.parse::<RawFd>().ok()).filter(|fd| *fd > 2));
    }
    for fd in open {
        match nix::unistd::close(fd) {
            // That through which the folder was read.
            Ok(()) | Err(nix::errno::Errno::EBADF) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

/// A session of its own: no terminal, and one group that can be ended as a whole.
pub(super) fn leave_session() -> io::Result<()> {
    setsid()?;
    Ok(())
}

pub(super) fn limit(run: &Run) -> io::Result<()> {
    for (resource, most) in [
        (Resource::As, run.memory_bytes),
        (Resource::Cpu, run.cpu_s),
        (Resource::Fsize, run.file_len_max),
        (Resource::Nofile, OPEN_FILES_MAX),
        // A core would hold what was read of the video, and fill the disk.
        (Resource::Core, 0),
    ] {
        // The number of processes is not limited here: it counts all those of the user, the daemon's threads too. The rules
        // about system calls refuse new ones instead.
        let most = getrlimit(resource).maximum.map_or(most, |allowed| allowed.min(most));
        let most = (most != u64::MAX).then_some(most);
        setrlimit(resource, Rlimit { current: most, maximum: most })?;
    }
    Ok(())
}

/// Behind everything else on this machine. The kernel takes the priority on the disk from the niceness where none was set.
pub(super) fn step_back() -> io::Result<()> {
    nice(NICENESS)?;
    match std::fs::write("/proc/self/oom_score_adj", OOM_SCORE) {
        Ok(()) => Ok(()),
        // Not there in every container; then the kernel chooses by size, which is likely to hit the tool as well.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
            ) =>
        {
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Of root's rights only the one to read a video whoever it belongs to; others have none to begin with.
pub(super) fn drop_rights() -> io::Result<()> {
    let had = capabilities(None)?;
    let kept = had.permitted & CapabilitySet::DAC_READ_SEARCH;
    set_capabilities(
        None,
        CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() },
    )?;
    Ok(())
}
