//! Which files a guarded tool may open: its input, its output, itself and its libraries. Landlock, so the kernel decides.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, LandlockStatus, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

/// The newest one that these rules were tested with. What an older kernel does not know is left out: truncating (below 3),
/// TCP (below 4) and signals (below 6) are closed by the rules for system calls as well.
const TESTED: ABI = ABI::V7;

/// Programs and libraries, wherever distributions keep them.
const PROGRAMS: [&str; 8] = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store", "/gnu/store"];
/// What the loader, libc and the encoders ask about the machine.
const MACHINE: [&str; 10] = [
    "/etc/ld.so.cache",
    "/etc/ld.so.preload",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/sys/vm/overcommit_memory",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
    "/dev/urandom",
    "/dev/zero",
];
const SINK: &str = "/dev/null";

#[derive(Debug, thiserror::Error)]
pub(super) enum FilesError {
    #[error("this kernel has no Landlock")]
    NotBuilt,
    #[error("Landlock is not enabled in this kernel")]
    NotEnabled,
    #[error("{} cannot be opened for the rules about files: {reason}", path.display())]
    Path { path: PathBuf, reason: String },
    #[error("the rules about files cannot be put in force")]
    Rules(#[from] RulesetError),
}

/// Puts the rules in force for this process and whatever it becomes.
pub(super) fn restrict(execute: &[PathBuf], read: &[PathBuf], write: &[PathBuf]) -> Result<(), FilesError> {
    let reading = AccessFs::ReadFile | AccessFs::ReadDir;
    let writing = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::Truncate;
    // Those that were named must be there; of the machine's own ones each has some.
    for path in read.iter().chain(write) {
        landlock::PathFd::new(path)
            .map_err(|error| FilesError::Path { path: path.clone(), reason: error.to_string() })?;
    }
    let programs = PROGRAMS.into_iter().map(Path::new).chain(execute.iter().map(PathBuf::as_path));
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(TESTED))?
        .handle_access(AccessNet::from_all(TESTED))?
        .scope(Scope::from_all(TESTED))?
        .create()?
        .add_rules(path_beneath_rules(programs, reading | AccessFs::Execute))?
        .add_rules(path_beneath_rules(MACHINE, reading))?
        .add_rules(path_beneath_rules(read, BitFlags::from(AccessFs::ReadFile)))?
        .add_rules(path_beneath_rules(write, writing))?
        .add_rules(path_beneath_rules([SINK], writing))?
        .restrict_self()?;
    match (status.landlock, status.ruleset) {
        (LandlockStatus::NotImplemented, _) => Err(FilesError::NotBuilt),
        (LandlockStatus::NotEnabled, _) | (LandlockStatus::Available { .. }, RulesetStatus::NotEnforced) => {
            Err(FilesError::NotEnabled)
        }
        (
            LandlockStatus::Available { .. },
            RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced,
        ) => Ok(()),
    }
}
