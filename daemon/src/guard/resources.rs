//! What a guarded tool may use up, and what it must not inherit: limits, priority, open files, rights.

use std::io;
use std::os::fd::RawFd;
use std::process::{Command, Stdio};

use rustix::process::{Resource, Rlimit, getpid, getrlimit, nice, setrlimit, setsid};
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

/// Behind everything else on this machine.
pub(super) fn step_back() -> io::Result<()> {
    nice(NICENESS)?;
    step_back_on_the_disk();
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

/// Behind everything else that uses the disk, for which safe Rust has no call (ioprio_set(2)). Where the program is missing, or
/// is refused, the kernel goes by the niceness, which comes close.
fn step_back_on_the_disk() {
    let own = getpid().as_raw_nonzero().to_string();
    let mut ionice = Command::new("ionice");
    ionice.args(["-c", "2", "-n", "7", "-t", "-p", &own]);
    ionice.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // Nobody to tell: whatever a guard says is said in the name of its tool.
    drop(ionice.status());
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
