//! ffmpeg and ffprobe read what strangers made. They run as guarded children: bound to the daemon's life, with limits on
//! everything, with one file to read and one to write, without a network, and without a way to other processes.
//!
//! The daemon starts its own program with an [`order`]; that [`entry`] gives up rights and becomes the tool. Which layers
//! this kernel and this tool allow is found out by trying ([`verdict`]).

mod calls;
mod capture;
pub mod entry;
mod files;
mod order;
mod resources;
mod verdict;

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, getpid, kill_process, kill_process_group};
use serde::{Deserialize, Serialize};

pub use self::capture::{CaptureError, Captured};
pub use self::order::Layers;
pub use self::verdict::{Lack, Landlock, Verdict};

use self::order::{COMMAND, Order, Run};
use self::verdict::Support;

/// Without what it uses of the environment a tool built in an unusual way may not start.
const ENVIRONMENT: [&str; 3] = ["PATH", "HOME", LIBRARY_PATH];
const LIBRARY_PATH: &str = "LD_LIBRARY_PATH";
const GIB: u64 = 1 << 30;
const MEMORY: u64 = 8 * GIB;
/// Each thread takes address space for its stack and its heap, and there are some for each core.
const MEMORY_PER_CORE: u64 = GIB / 8;
const MEMORY_MIN: u64 = 2 * GIB;

/// What is done where a tool cannot be confined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sandbox {
    /// No work at all.
    Required,
    /// The work, with a warning.
    #[default]
    BestEffort,
    /// Never confine; limits hold all the same.
    Off,
}

#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    #[error(
        "conversion.sandbox is \"required\", but {} cannot be confined: {reason}; \
         mend that or set conversion.sandbox to \"best-effort\", restart vodpostd and run `vodpost retry`",
        program.display()
    )]
    Unconfined { program: PathBuf, reason: String },
    #[error("{} cannot be run", path.display())]
    Program { path: PathBuf, source: io::Error },
    #[error("{} cannot be used", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("vodpostd is ending")]
    Ending,
}

/// What one tool may open: exactly these files.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a> {
    pub guard: &'a Guard,
    pub read: &'a [&'a Path],
    /// Made beforehand if they are not there.
    pub write: &'a [&'a Path],
    /// How long what it writes may become, where that is known; it never fills the disk in any case.
    pub write_len_max: Option<u64>,
}

/// One run of a tool.
#[derive(Debug, Clone, Copy)]
pub struct Guarded<'a> {
    pub program: &'a Path,
    pub arguments: &'a [OsString],
    pub access: Access<'a>,
    /// How long it may take on the clock. Its processor time is limited by it.
    pub time: Duration,
}

/// Starts guarded tools, and knows those that are waited for in threads.
#[derive(Debug, Clone)]
pub struct Guard(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    launcher: PathBuf,
    sandbox: Sandbox,
    /// Folders with libraries in unusual places.
    folders: Vec<PathBuf>,
    support: OnceLock<Support>,
    verdicts: Mutex<HashMap<PathBuf, Arc<Verdict>>>,
    captured: Mutex<Running>,
}

#[derive(Debug, Default)]
struct Running {
    ending: bool,
    children: HashSet<Pid>,
}

impl Default for Guard {
    fn default() -> Self {
        Self::new(Sandbox::default(), Vec::new())
    }
}

impl Guard {
    #[must_use]
    pub fn new(sandbox: Sandbox, folders: Vec<PathBuf>) -> Self {
        Self::launched_by(this_program(), sandbox, folders)
    }

    /// With another program than the one that runs as the guard: a `vodpostd`.
    #[must_use]
    pub fn launched_by(launcher: PathBuf, sandbox: Sandbox, folders: Vec<PathBuf>) -> Self {
        let (support, verdicts, captured) = (OnceLock::new(), Mutex::default(), Mutex::default());
        Self(Arc::new(Inner { launcher, sandbox, folders, support, verdicts, captured }))
    }

    #[must_use]
    pub fn sandbox(&self) -> Sandbox {
        self.0.sandbox
    }

    /// Access to these files under this guard.
    #[must_use]
    pub fn access<'a>(&'a self, read: &'a [&'a Path], write: &'a [&'a Path]) -> Access<'a> {
        Access { guard: self, read, write, write_len_max: None }
    }

    /// How far a tool is confined. Blocks on some short runs of it the first time that it is asked.
    #[must_use]
    pub fn verdict(&self, program: &Path) -> Arc<Verdict> {
        // Held while the tool runs: others who want to know wait instead of trying as well.
        let mut verdicts = locked(&self.0.verdicts);
        if let Some(known) = verdicts.get(program) {
            return Arc::clone(known);
        }
        let found = Arc::new(verdict::find(self, program));
        verdicts.insert(program.to_owned(), Arc::clone(&found));
        found
    }

    /// Ends every captured tool, and lets no other begin.
    pub fn end_all(&self) {
        let mut running = locked(&self.0.captured);
        running.ending = true;
        for child in &running.children {
            if let Err(error) = kill_tree(*child) {
                tracing::warn!(%error, "a tool cannot be ended");
            }
        }
    }

    fn command_with(&self, guarded: &Guarded<'_>, layers: Layers) -> Result<Command, GuardError> {
        let program = found(guarded.program)?;
        let access = &guarded.access;
        let read = access.read.iter().map(|path| real(path)).collect::<Result<_, _>>()?;
        let write = access.write.iter().map(|path| made(path)).collect::<Result<_, _>>()?;
        let mut room = access.write_len_max.unwrap_or(u64::MAX);
        for path in access.write {
            room = room.min(room_for(path)?);
        }
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
        let order = Order::Run(Box::new(Run {
            parent: getpid().as_raw_nonzero().get(),
            layers,
            cpu_s: guarded.time.as_secs().saturating_add(1).saturating_mul(cores),
            memory_bytes: memory_bytes(cores),
            file_len_max: room,
            execute: self.execute(&program),
            read,
            write,
            program: guarded.program.to_owned(),
            arguments: guarded.arguments.to_vec(),
        }));
        Ok(self.launch(order))
    }

    fn launch(&self, order: Order) -> Command {
        let mut command = Command::new(&self.0.launcher);
        command.arg(COMMAND).args(order.into_words()).env_clear().current_dir("/");
        let kept = ENVIRONMENT.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        command.envs(kept);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// The program, and where its libraries may be besides the usual folders.
    fn execute(&self, program: &Path) -> Vec<PathBuf> {
        let mut paths = vec![program.to_owned()];
        paths.extend(self.0.folders.iter().cloned());
        if let Some(prefix) = program
            .parent()
            .filter(|folder| folder.file_name() == Some(OsStr::new("bin")))
            .and_then(Path::parent)
        {
            paths.extend([prefix.join("lib"), prefix.join("lib64")]);
        }
        if let Some(libraries) = std::env::var_os(LIBRARY_PATH) {
            paths.extend(std::env::split_paths(&libraries).filter(|folder| folder.is_absolute()));
        }
        paths
    }
}

impl Guarded<'_> {
    /// The command of this run: no input, both outputs piped, nothing of the environment that changes what it does. The
    /// thread that starts it must live as long as the tool, which ends with it.
    ///
    /// # Errors
    /// When a file is missing, or the tool must be confined and cannot be.
    pub fn command(&self) -> Result<Command, GuardError> {
        let guard = self.access.guard;
        // Before any run of it, so that a missing program is not taken for one that cannot be confined.
        found(self.program)?;
        let verdict = guard.verdict(self.program);
        if let (Sandbox::Required, Some(reason)) = (guard.sandbox(), verdict.lack()) {
            let program = self.program.to_owned();
            return Err(GuardError::Unconfined { program, reason: reason.to_string() });
        }
        guard.command_with(self, verdict.layers)
    }
}

/// What the guard says by an exit status of its own: that the tool never ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unstarted {
    Refused,
    NotRunnable,
    NotFound,
}

impl Unstarted {
    #[must_use]
    pub fn of(status: std::process::ExitStatus) -> Option<Self> {
        match u8::try_from(status.code()?).ok()? {
            entry::REFUSED => Some(Self::Refused),
            entry::NOT_RUNNABLE => Some(Self::NotRunnable),
            entry::NOT_FOUND => Some(Self::NotFound),
            _of_the_tool => None,
        }
    }
}

/// Ends a child that has not been waited for yet, and everything in its group.
///
/// # Errors
/// When the kernel refuses, which it has no reason to.
pub fn kill_tree(child: Pid) -> io::Result<()> {
    // The child first: before it has its own group it has no children either.
    for killed in [kill_process(child, Signal::KILL), kill_process_group(child, Signal::KILL)] {
        match killed {
            // It has ended by itself, or has no group yet.
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

/// Whatever is on the disk later, this is the program that runs now.
#[cfg(not(test))]
fn this_program() -> PathBuf {
    "/proc/self/exe".into()
}

#[cfg(test)]
fn this_program() -> PathBuf {
    testing::program()
}

/// Nothing that is done under these locks leaves things half done.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asked here and not by the guard, so that a missing program is a typed error.
fn found(program: &Path) -> Result<PathBuf, GuardError> {
    std::fs::canonicalize(program).map_err(|source| GuardError::Program { path: program.to_owned(), source })
}

fn real(path: &Path) -> Result<PathBuf, GuardError> {
    std::fs::canonicalize(path).map_err(|source| GuardError::File { path: path.to_owned(), source })
}

/// The tool may write into the file but not make one.
fn made(path: &Path) -> Result<PathBuf, GuardError> {
    let made = std::fs::OpenOptions::new().create(true).append(true).open(path);
    made.map_err(|source| GuardError::File { path: path.to_owned(), source })?;
    real(path)
}

/// How long a file may become without filling the disk that it is on.
fn room_for(path: &Path) -> Result<u64, GuardError> {
    crate::disk::room_bytes(path).map_err(|source| GuardError::File { path: path.to_owned(), source })
}

/// Generous for pictures of any size, but not more than the machine has.
fn memory_bytes(cores: u64) -> u64 {
    let machine = rustix::system::sysinfo();
    let unit = u64::from(machine.mem_unit).max(1);
    let all = (machine.totalram + machine.totalswap).saturating_mul(unit);
    (MEMORY + MEMORY_PER_CORE.saturating_mul(cores)).min(all.max(MEMORY_MIN))
}

#[cfg(test)]
pub(crate) mod testing {
    //! The guard under test is the real program: a test cannot become another program without a report of its own.

    use super::*;

    pub(crate) fn guard(sandbox: Sandbox) -> Guard {
        Guard::new(sandbox, Vec::new())
    }

    /// The `vodpostd` that was built with this test.
    pub(super) fn program() -> PathBuf {
        let test = std::env::current_exe().unwrap();
        let program = test.ancestors().nth(2).unwrap().join("vodpostd");
        assert!(program.exists(), "{} is missing; run `cargo build --bins` first", program.display());
        program
    }
}
