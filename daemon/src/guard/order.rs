//! What the daemon tells a guard that it has started, as words on its command line: both ends of it.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::str::FromStr;

/// The first word after the program's name. It is looked for before the command line is read in the usual way.
pub(super) const COMMAND: &str = "guard";

/// What confines a tool besides its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layers {
    /// Landlock: which files may be opened.
    pub files: bool,
    /// Seccomp: which system calls may be made; the network is among them.
    pub calls: bool,
}

impl Layers {
    pub const ALL: Self = Self { files: true, calls: true };
    pub const NONE: Self = Self { files: false, calls: false };
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Order {
    /// Try the layers on oneself and say by the exit status which ones hold.
    Support,
    Run(Box<Run>),
}

/// One tool, and what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    /// The process that must still be the parent.
    pub parent: i32,
    pub layers: Layers,
    /// Seconds of processor time, of all threads together.
    pub cpu_s: u64,
    /// Of address space.
    pub memory_bytes: u64,
    pub file_len_max: u64,
    /// Files and folders with programs and their libraries.
    pub execute: Vec<PathBuf>,
    pub read: Vec<PathBuf>,
    pub write: Vec<PathBuf>,
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
}

const SUPPORT: &str = "--support";

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum OrderError {
    #[error("{0:?} is no word that a guard knows; it is started by vodpostd alone")]
    Unknown(OsString),
    #[error("{0:?} is no number")]
    Number(OsString),
    #[error("{0} is missing")]
    Missing(&'static str),
}

impl Order {
    /// The words after [`COMMAND`].
    pub(super) fn into_words(self) -> Vec<OsString> {
        let run = match self {
            Self::Support => return vec![SUPPORT.into()],
            Self::Run(run) => *run,
        };
        let mut words: Vec<OsString> = Vec::new();
        for (name, wanted) in [("--files", run.layers.files), ("--calls", run.layers.calls)] {
            if wanted {
                words.push(name.into());
            }
        }
        for (name, number) in [
            ("--parent", run.parent.to_string()),
            ("--cpu-s", run.cpu_s.to_string()),
            ("--memory-bytes", run.memory_bytes.to_string()),
            ("--file-len-max", run.file_len_max.to_string()),
        ] {
            words.extend([name.into(), number.into()]);
        }
        for (name, paths) in [("--execute", run.execute), ("--read", run.read), ("--write", run.write)] {
            words.extend(paths.into_iter().flat_map(|path| [name.into(), path.into_os_string()]));
        }
        words.extend(["--".into(), run.program.into_os_string()]);
        words.extend(run.arguments);
        words
    }

    pub(super) fn parse(mut words: impl Iterator<Item = OsString>) -> Result<Self, OrderError> {
        let mut layers = Layers::NONE;
        let (mut parent, mut cpu_s, mut memory_bytes, mut file_len_max) = (None, None, None, None);
        let (mut execute, mut read, mut write) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            let word = words.next().ok_or(OrderError::Missing("--"))?;
            match word.to_str() {
                Some(SUPPORT) => return Ok(Self::Support),
                Some("--files") => layers.files = true,
                Some("--calls") => layers.calls = true,
                Some("--parent") => parent = Some(number(words.next())?),
                Some("--cpu-s") => cpu_s = Some(number(words.next())?),
                Some("--memory-bytes") => memory_bytes = Some(number(words.next())?),
                Some("--file-len-max") => file_len_max = Some(number(words.next())?),
                Some("--execute") => execute.push(path(words.next())?),
                Some("--read") => read.push(path(words.next())?),
                Some("--write") => write.push(path(words.next())?),
                Some("--") => break,
                Some(_) | None => return Err(OrderError::Unknown(word)),
            }
        }
        Ok(Self::Run(Box::new(Run {
            parent: parent.ok_or(OrderError::Missing("--parent"))?,
            layers,
            cpu_s: cpu_s.ok_or(OrderError::Missing("--cpu-s"))?,
            memory_bytes: memory_bytes.ok_or(OrderError::Missing("--memory-bytes"))?,
            file_len_max: file_len_max.ok_or(OrderError::Missing("--file-len-max"))?,
            execute,
            read,
            write,
            program: path(words.next())?,
            arguments: words.collect(),
        })))
    }
}

fn number<T: FromStr>(word: Option<OsString>) -> Result<T, OrderError> {
    let word = word.ok_or(OrderError::Missing("a number"))?;
    word.to_str().and_then(|text| text.parse().ok()).ok_or(OrderError::Number(word))
}

fn path(word: Option<OsString>) -> Result<PathBuf, OrderError> {
    word.filter(|word| word != OsStr::new("")).map(PathBuf::from).ok_or(OrderError::Missing("a path"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStringExt;

    fn run() -> Run {
        Run {
            parent: 7,
            layers: Layers { files: true, calls: false },
            cpu_s: 60,
            memory_bytes: 1 << 33,
            file_len_max: u64::MAX,
            execute: vec!["/opt/ffmpeg/lib".into()],
            // Names that look like words of ours, and one that is no text.
            read: vec!["--write".into(), OsString::from_vec(b"/videos/\xff".to_vec()).into()],
            write: vec!["--".into()],
            program: "/usr/bin/ffmpeg".into(),
            arguments: vec!["--read".into(), "--".into(), "/etc/passwd".into()],
        }
    }

    #[test]
    fn an_order_arrives_as_it_was_given() {
        for order in [Order::Support, Order::Run(Box::new(run()))] {
            assert_eq!(Order::parse(order.clone().into_words().into_iter()), Ok(order));
        }
    }

    #[test]
    fn half_an_order_is_refused() {
        let words = Order::Run(Box::new(Run { arguments: Vec::new(), ..run() })).into_words();
        for len in 0..words.len() {
            assert!(Order::parse(words[..len].iter().cloned()).is_err(), "{:?}", &words[..len]);
        }
        let strange = ["--help", "guard", ""].map(|word| Order::parse([word.into()].into_iter()));
        assert!(strange.iter().all(|order| matches!(order, Err(OrderError::Unknown(_)))), "{strange:?}");
        let negative = Order::parse(["--cpu-s".into(), "-1".into()].into_iter());
        assert_eq!(negative, Err(OrderError::Number("-1".into())));
    }
}
