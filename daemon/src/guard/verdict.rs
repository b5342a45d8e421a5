//! How far a tool is confined, found out by trying: what this kernel can do, and whether the tool runs inside of it.

use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use super::capture::{CaptureError, Captured, capture};
use super::entry::{LANDLOCK_OFF, NO_LANDLOCK, NO_SECCOMP, SUPPORT_BASE};
use super::order::{Layers, Order};
use super::{Guard, Guarded, Sandbox};

const TIME: Duration = Duration::from_secs(10);
const TEXT_LEN_MAX: u64 = 64 << 10;
const SAID_LEN_MAX: usize = 200;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What it is run with.
    pub layers: Layers,
    /// As it prints it, such as `5.1.9-0+deb12u1`. `None` if it does not run at all.
    pub version: Option<String>,
    lack: Option<Lack>,
}

/// Why a tool is not confined as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// The settings want it so.
    Off,
    Kernel {
        landlock: Landlock,
        seccomp: bool,
    },
    /// It runs by itself, but not so confined.
    Inside {
        said: String,
    },
    /// The guard itself cannot be run.
    Untried {
        reason: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landlock {
    Works,
    NotEnabled,
    NotThere,
}

impl Verdict {
    #[must_use]
    pub fn lack(&self) -> Option<&Lack> {
        self.lack.as_ref()
    }
}

/// In words, as they stand behind the version of the tool.
impl fmt::Display for Verdict {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(lack) = &self.lack else { return to.write_str(" (guarded: files, network, system calls)") };
        match self.layers {
            Layers { files: true, calls: true } => write!(to, ", confined only in part: {lack}"),
            Layers { files: true, calls: false } => {
                write!(to, ", NOT fully confined (network and system calls are open to it): {lack}")
            }
            Layers { files: false, calls: true } => {
                write!(to, ", NOT fully confined (all files are open to it): {lack}")
            }
            Layers { files: false, calls: false } => write!(to, ", NOT confined: {lack}"),
        }
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => to.write_str("conversion.sandbox is \"off\""),
            Self::Kernel { landlock, seccomp } => {
                let landlock = match landlock {
                    Landlock::Works => None,
                    Landlock::NotEnabled => {
                        Some("Landlock is not enabled in this kernel (boot it with landlock in lsm=)")
                    }
                    Landlock::NotThere => Some(
                        "this kernel has no Landlock (it came with Linux 5.13), or a container forbids it",
                    ),
                };
                let seccomp =
                    (!seccomp).then_some("this kernel has no seccomp filters, or a container forbids them");
                let both: Vec<&str> = landlock.into_iter().chain(seccomp).collect();
                to.write_str(&both.join("; "))
            }
            Self::Inside { said } => write!(
                to,
                "it does not run inside of the guard ({said}); name the folders of its libraries in \
                 conversion.sandbox_read, or install one that is a single program or comes with the distribution"
            ),
            Self::Untried { reason } => write!(to, "the guard cannot be run: {reason}"),
        }
    }
}

/// Runs `-version`: confined, and if that fails by itself and with fewer layers.
pub(super) fn find(guard: &Guard, program: &Path) -> Verdict {
    let try_with = |layers| version(guard, program, layers);
    let (most, lack) = match guard.sandbox() {
        Sandbox::Off => (Layers::NONE, Some(Lack::Off)),
        Sandbox::Required | Sandbox::BestEffort => {
            let Support { layers, lack } = guard.0.support.get_or_init(|| Support::ask(guard)).clone();
            (layers, lack)
        }
    };
    let said = match try_with(most) {
        Outcome::Runs(version) => return Verdict { layers: most, version: Some(version), lack },
        // No reason to be less careful with it: it would not run elsewhere either.
        Outcome::Hangs => return Verdict { layers: most, version: None, lack },
        Outcome::Fails(said) => said,
    };
    let Outcome::Runs(version) = try_with(Layers::NONE) else {
        return Verdict { layers: most, version: None, lack };
    };
    let fewer = [Layers { files: false, calls: true }, Layers { files: true, calls: false }]
        .into_iter()
        .filter(|fewer| *fewer != most && (!fewer.files || most.files) && (!fewer.calls || most.calls))
        .find(|fewer| matches!(try_with(*fewer), Outcome::Runs(_)));
    let layers = fewer.unwrap_or(Layers::NONE);
    Verdict { layers, version: Some(version), lack: Some(Lack::Inside { said }) }
}

enum Outcome {
    Runs(String),
    Fails(String),
    Hangs,
}

fn version(guard: &Guard, program: &Path, layers: Layers) -> Outcome {
    let arguments = [OsString::from("-version")];
    let guarded = Guarded { program, arguments: &arguments, access: guard.access(&[], &[]), time: TIME };
    let captured = guard
        .command_with(&guarded, layers)
        .map_err(CaptureError::from)
        .and_then(|command| capture(guard, command, TIME, TEXT_LEN_MAX));
    match captured {
        Ok(Captured { status, text, errors }) if status.success() => {
            match parse_version(&String::from_utf8_lossy(&text)) {
                Some(version) => Outcome::Runs(version),
                None => Outcome::Fails(last_line(&errors)),
            }
        }
        Ok(Captured { errors, .. }) => Outcome::Fails(last_line(&errors)),
        Err(CaptureError::TimedOut(_)) => Outcome::Hangs,
        Err(error @ (CaptureError::Guard(_) | CaptureError::Io(_) | CaptureError::TooMuch)) => {
            Outcome::Fails(crate::error::chain(&error))
        }
    }
}

/// `ffmpeg version 5.1.9-0+deb12u1 Copyright …`
fn parse_version(text: &str) -> Option<String> {
    let mut words = text.lines().next()?.split_whitespace();
    let (_name, "version") = (words.next()?, words.next()?) else { return None };
    words.next().map(str::to_owned)
}

fn last_line(errors: &str) -> String {
    let last = errors.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("it says nothing");
    last.chars().filter(|char| !char.is_control()).take(SAID_LEN_MAX).collect()
}

/// What this kernel can do, asked of a process that tries.
#[derive(Debug, Clone)]
pub(super) struct Support {
    layers: Layers,
    lack: Option<Lack>,
}

impl Support {
    fn ask(guard: &Guard) -> Self {
        let lacks = match capture(guard, guard.launch(Order::Support), TIME, TEXT_LEN_MAX) {
            Ok(captured) => {
                lacks(captured.status).ok_or_else(|| format!("it ended with {}", captured.status))
            }
            Err(error) => Err(crate::error::chain(&error)),
        };
        match lacks {
            Ok(lacks) => Self::of(lacks),
            Err(reason) => Self { layers: Layers::NONE, lack: Some(Lack::Untried { reason }) },
        }
    }

    fn of(lacks: u8) -> Self {
        let landlock = match (lacks & NO_LANDLOCK != 0, lacks & LANDLOCK_OFF != 0) {
            (false, false) => Landlock::Works,
            (false, true) => Landlock::NotEnabled,
            (true, _) => Landlock::NotThere,
        };
        let layers = Layers { files: landlock == Landlock::Works, calls: lacks & NO_SECCOMP == 0 };
        let lack = (layers != Layers::ALL).then_some(Lack::Kernel { landlock, seccomp: layers.calls });
        Self { layers, lack }
    }
}

fn lacks(status: ExitStatus) -> Option<u8> {
    let lacks = u8::try_from(status.code()?).ok()?.checked_sub(SUPPORT_BASE)?;
    (lacks <= NO_LANDLOCK | LANDLOCK_OFF | NO_SECCOMP).then_some(lacks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    #[test]
    fn the_version_is_the_third_word() {
        let debian = parse_version("ffmpeg version 5.1.9-0+deb12u1 Copyright\nbuilt with gcc");
        assert_eq!(debian.as_deref(), Some("5.1.9-0+deb12u1"));
        assert_eq!(parse_version("ffprobe version n7.1").as_deref(), Some("n7.1"));
        for strange in ["something else", "ffmpeg version", ""] {
            assert_eq!(parse_version(strange), None);
        }
    }

    #[test]
    fn each_layer_is_lacking_by_itself() {
        for (status, files, calls) in
            [(64, true, true), (65, false, true), (66, false, true), (68, true, false), (69, false, false)]
        {
            let support = Support::of(lacks(ExitStatus::from_raw(status << 8)).unwrap());
            assert_eq!(support.layers, Layers { files, calls });
            assert_eq!(support.lack.is_none(), files && calls);
        }
        for strange in [0, 63 << 8, 72 << 8, 125 << 8, 9] {
            assert_eq!(lacks(ExitStatus::from_raw(strange)), None);
        }
    }

    #[test]
    fn what_is_lacking_is_said_with_the_remedy() {
        let verdict = |layers, lack| Verdict { layers, version: None, lack }.to_string();
        assert_eq!(verdict(Layers::ALL, None), " (guarded: files, network, system calls)");
        let kernel = Lack::Kernel { landlock: Landlock::NotEnabled, seccomp: true };
        let text = verdict(Layers { files: false, calls: true }, Some(kernel));
        assert!(
            text.starts_with(", NOT fully confined (all files are open to it): Landlock is not enabled"),
            "{text}"
        );
        let kernel = Lack::Kernel { landlock: Landlock::NotThere, seccomp: false };
        let text = verdict(Layers::NONE, Some(kernel));
        assert!(text.starts_with(", NOT confined: this kernel has no Landlock"), "{text}");
        assert!(text.contains("; this kernel has no seccomp"), "{text}");
        let inside = Lack::Inside { said: "libx.so.1: cannot open".to_owned() };
        assert!(verdict(Layers::NONE, Some(inside)).contains("conversion.sandbox_read"));
    }
}
