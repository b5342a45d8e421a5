//! The programs that do what is not done natively.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::guard::Guard;

/// Where ffmpeg and ffprobe are, if they are installed, and what guards them.
#[derive(Debug, Clone, Default)]
pub struct Tools {
    pub ffmpeg: Option<PathBuf>,
    pub ffprobe: Option<PathBuf>,
    pub guard: Guard,
}

/// What is known of the tools once they were tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// The version, and how far it is confined.
    pub text: String,
    /// What an admin should know, one sentence a tool.
    pub warnings: Vec<String>,
}

impl Tools {
    /// Looks the programs up in the folders of a `PATH`.
    #[must_use]
    pub fn find(path_env: Option<&OsStr>) -> Self {
        Self::with(None, None, path_env)
    }

    /// As `find`, but a path that is given is taken as it is.
    #[must_use]
    pub fn with(ffmpeg: Option<PathBuf>, ffprobe: Option<PathBuf>, path_env: Option<&OsStr>) -> Self {
        Self {
            ffmpeg: ffmpeg.or_else(|| look_up("ffmpeg", path_env)),
            ffprobe: ffprobe.or_else(|| look_up("ffprobe", path_env)),
            guard: Guard::default(),
        }
    }

    #[must_use]
    pub fn guarded_by(self, guard: Guard) -> Self {
        Self { guard, ..self }
    }

    /// Tries both tools. Blocks on child processes that end by themselves. `None` if there is no ffmpeg.
    #[must_use]
    pub fn survey(&self) -> Option<Survey> {
        let ffmpeg = self.guard.verdict(self.ffmpeg.as_deref()?);
        let version = ffmpeg.version.as_deref().unwrap_or("unknown version");
        let mut text = format!("{version}{ffmpeg}");
        let mut warnings = Vec::new();
        warnings.extend(ffmpeg.lack().map(|_| format!("ffmpeg {text}")));
        let ffprobe = self.ffprobe.as_deref().map(|ffprobe| self.guard.verdict(ffprobe));
        if let Some(ffprobe) =
            ffprobe.filter(|ffprobe| ffprobe.lack().is_some() && ffprobe.lack() != ffmpeg.lack())
        {
            let said =
                format!("ffprobe {}{ffprobe}", ffprobe.version.as_deref().unwrap_or("of unknown version"));
            text.push_str(&format!("; {said}"));
            warnings.push(said);
        }
        Some(Survey { text, warnings })
    }
}

fn look_up(name: &str, path_env: Option<&OsStr>) -> Option<PathBuf> {
    // A relative folder would mean another program after each change of the working folder.
    std::env::split_paths(path_env?)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|candidate| is_executable(candidate))
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_folders_and_plain_files_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ffmpeg"), "not a program").unwrap();
        let path = std::env::join_paths([Path::new("."), folder.path()]).unwrap();
        for path in [Some(path.as_os_str()), None] {
            let tools = Tools::find(path);
            assert_eq!((tools.ffmpeg, tools.ffprobe), (None, None));
        }
    }
}
