//! The guard itself: a process that takes its rights away, one after the other, and then becomes the tool.
//!
//! The daemon starts its own program for this, since what a child does between fork and exec cannot be said in safe Rust.
//! Nothing here allocates a runtime or reads a setting; it takes a few milliseconds.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};

use super::order::{COMMAND, Order, OrderError, Run};
use super::{calls, files, resources};

/// Exit statuses that no tool of ours has, by which the daemon knows that it was the guard that ended.
pub(super) const REFUSED: u8 = 125;
pub(super) const NOT_RUNNABLE: u8 = 126;
pub(super) const NOT_FOUND: u8 = 127;

/// What this kernel can do, as an exit status: [`SUPPORT_BASE`] and a bit for each thing that it cannot.
pub(super) const SUPPORT_BASE: u8 = 64;
pub(super) const NO_LANDLOCK: u8 = 1;
pub(super) const LANDLOCK_OFF: u8 = 2;
pub(super) const NO_SECCOMP: u8 = 4;

/// Whether a process was started to be a guard; then the words that tell it what to do.
pub fn wanted(mut words: impl Iterator<Item = OsString>) -> Option<impl Iterator<Item = OsString>> {
    (words.nth(1)? == COMMAND).then_some(words)
}

/// How a guard ends that did not become the tool.
#[derive(Debug)]
pub struct Ended {
    pub status: u8,
    /// For the daemon, which shows it.
    pub message: Option<String>,
}

/// Does what the words say. Returns only if that is not to become the tool, or not possible.
#[must_use]
pub fn run(words: impl Iterator<Item = OsString>) -> Ended {
    let fault = match Order::parse(words) {
        Ok(Order::Support) => return Ended { status: support(), message: None },
        Ok(Order::Run(run)) => become_tool(&run),
        Err(error) => Fault::Order(error),
    };
    let status = match &fault {
        Fault::Exec { error, .. } if error.kind() == io::ErrorKind::NotFound => NOT_FOUND,
        Fault::Exec { .. } => NOT_RUNNABLE,
        Fault::Order(_) | Fault::Orphan | Fault::Step { .. } | Fault::Files(_) | Fault::Calls(_) => REFUSED,
    };
    Ended { status, message: Some(crate::error::chain(&fault)) }
}

#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Order(#[from] OrderError),
    #[error("the daemon that wanted this is gone")]
    Orphan,
    #[error("{what}")]
    Step { what: &'static str, source: io::Error },
    #[error(transparent)]
    Files(#[from] files::FilesError),
    #[error(transparent)]
    Calls(#[from] calls::CallsError),
    #[error("{} cannot be run", program.display())]
    Exec {
        program: PathBuf,
        #[source]
        error: io::Error,
    },
}

fn become_tool(run: &Run) -> Fault {
    if let Err(fault) = prepare(run) {
        return fault;
    }
    let error = Command::new(&run.program).args(&run.arguments).exec();
    Fault::Exec { program: run.program.clone(), error }
}

fn prepare(run: &Run) -> Result<(), Fault> {
    let step = |what| move |source| Fault::Step { what, source };
    set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|errno| step("the guard cannot be bound to the daemon")(errno.into()))?;
    // If the daemon ended before that, no signal comes any more.
    if getppid().map(|parent| parent.as_raw_nonzero().get()) != Some(run.parent) {
        return Err(Fault::Orphan);
    }
    resources::close_inherited().map_err(step("inherited files cannot be closed"))?;
    resources::leave_session().map_err(step("no session of its own can be had"))?;
    resources::step_back().map_err(step("the priority cannot be lowered"))?;
    resources::limit(run).map_err(step("the limits cannot be set"))?;
    if run.layers.files {
        files::restrict(&run.execute, &run.read, &run.write)?;
    }
    if run.layers.files || run.layers.calls {
        // Not without the layers: each of them sees to it that starting the tool gives nothing back.
        resources::drop_rights().map_err(step("rights cannot be given up"))?;
    }
    if run.layers.calls {
        calls::restrict(getpid())?;
    }
    Ok(())
}

/// Tries each layer on this process, which has nothing else to do.
fn support() -> u8 {
    let files = match files::restrict(&[], &[], &[]) {
        Ok(()) => 0,
        Err(files::FilesError::NotEnabled) => LANDLOCK_OFF,
        // Refused by a container, for instance.
        Err(files::FilesError::NotBuilt | files::FilesError::Path { .. } | files::FilesError::Rules(_)) => {
            NO_LANDLOCK
        }
    };
    let calls = match calls::restrict(getpid()) {
        Ok(()) => 0,
        Err(calls::CallsError::Rules(_) | calls::CallsError::Kernel(_)) => NO_SECCOMP,
    };
    SUPPORT_BASE + files + calls
}
