//! The stand-in for ffmpeg: the real one, unless it is told to behave otherwise. It can stand still at points of a
//! conversion that would else be over in a moment.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::process::Pid;

use crate::wait;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Works,
    Breaks,
    Hangs,
    /// Is killed, as where memory is short.
    Dies,
    Cuts,
    /// Stands still before anything is written.
    Waits,
    /// Stands still when a part of the output is written.
    Writes,
    /// Stands still when it is to check what it has written.
    WaitsToCheck,
    /// Writes a file whose end is noise.
    Spoils,
}

impl Mode {
    const ALL: [Self; 9] = [
        Self::Works,
        Self::Breaks,
        Self::Hangs,
        Self::Dies,
        Self::Cuts,
        Self::Waits,
        Self::Writes,
        Self::WaitsToCheck,
        Self::Spoils,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Breaks => "breaks",
            Self::Hangs => "hangs",
            Self::Dies => "dies",
            Self::Cuts => "cuts",
            Self::Waits => "waits",
            Self::Writes => "writes",
            Self::WaitsToCheck => "waits-to-check",
            Self::Spoils => "spoils",
        }
    }

    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.word() == word)
    }
}

/// Puts it into a folder, working, where it is found by those who look for it only. A link, since a program that this
/// process has just written may still be open for writing in one that another thread forks, and cannot be run then.
///
/// # Panics
/// When the link cannot be made.
#[must_use]
pub fn install(folder: &Path) -> PathBuf {
    let path = folder.join("ffmpeg");
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("stand-in/ffmpeg");
    std::os::unix::fs::symlink(program, &path).expect("a stand-in for ffmpeg");
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).expect("permissions");
    set(folder, Mode::Works);
    path
}

/// How it behaves from now on; one that stands still goes on.
///
/// # Panics
/// When that cannot be written down.
pub fn set(folder: &Path, mode: Mode) {
    // At once, so that the stand-in never reads half a word.
    let arriving = folder.join("ffmpeg-mode-arriving");
    std::fs::write(&arriving, mode.word()).expect("a mode");
    std::fs::rename(arriving, folder.join("ffmpeg-mode")).expect("a mode");
}

/// A child of a daemon, and its command line.
#[derive(Debug)]
pub struct Child {
    pub pid: Pid,
    pub words: Vec<String>,
}

impl Child {
    /// The one that stands still there, once it does.
    ///
    /// # Panics
    /// When none comes.
    #[must_use]
    pub fn standing_still(daemon: Pid, folder: &Path, at: Mode) -> Self {
        wait::until("ffmpeg to stand still", || {
            let found = children(daemon).into_iter().find(|child| match at {
                Mode::Waits => child.writes().is_some(),
                Mode::Writes => child.writes().is_some_and(|path| is_movie(&path)) && child.is_asleep(),
                Mode::WaitsToCheck => child.words.last().is_some_and(|word| word == "-"),
                Mode::Works | Mode::Breaks | Mode::Hangs | Mode::Dies | Mode::Cuts | Mode::Spoils => false,
            });
            found.ok_or_else(|| format!("{:?}, {:?}", children(daemon), std::fs::read_dir(folder)))
        })
    }

    /// The file that it is to write.
    fn writes(&self) -> Option<PathBuf> {
        let [.., before, last] = &self.words[..] else { return None };
        // What follows that is read, as by ffprobe.
        if before == "-i" {
            return None;
        }
        let path = last.strip_prefix("file:")?;
        path.ends_with(".mp4").then(|| PathBuf::from(path))
    }

    /// Whether it waits for a child of its own that only sleeps.
    fn is_asleep(&self) -> bool {
        children(self.pid).iter().any(|child| child.words.first().is_some_and(|word| word == "sleep"))
    }

    /// Whether it is there, and no zombie.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid.as_raw_nonzero()));
        let state = stat.ok().and_then(|stat| stat.rsplit_once(") ")?.1.chars().next());
        !matches!(state, None | Some('Z' | 'X'))
    }
}

/// Whether a whole file has been written there.
fn is_movie(path: &Path) -> bool {
    let has = |bytes: &[u8], name: &[u8]| bytes.windows(4).any(|found| found == name);
    std::fs::read(path).is_ok_and(|bytes| has(&bytes, b"moov") && has(&bytes, b"mdat"))
}

/// The children of all threads of a process.
#[must_use]
pub fn children(parent: Pid) -> Vec<Child> {
    let threads = std::fs::read_dir(format!("/proc/{}/task", parent.as_raw_nonzero()));
    let threads = threads.into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    let pids = lists.flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    let children = pids.filter_map(|pid| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let words = line.split(|byte| *byte == 0).filter(|word| !word.is_empty());
        let words = words.map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        Some(Child { pid: Pid::from_raw(pid.parse().ok()?)?, words })
    });
    children.collect()
}
