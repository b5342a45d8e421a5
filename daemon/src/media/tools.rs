//! The programs that do what is not done natively.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where ffmpeg and ffprobe are, if they are installed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tools {
    pub ffmpeg: Option<PathBuf>,
    pub ffprobe: Option<PathBuf>,
    /// As ffmpeg prints it, such as `5.1.9-0+deb12u1`.
    pub version: Option<String>,
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
            version: None,
        }
    }

    /// Asks ffmpeg for its version. Blocks on a child process that ends by itself.
    #[must_use]
    pub fn detect_version(mut self) -> Self {
        self.version = self.ffmpeg.as_deref().and_then(version_of);
        self
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

fn version_of(ffmpeg: &Path) -> Option<String> {
    let output = Command::new(ffmpeg).arg("-version").stdin(Stdio::null()).output().ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout))
}

/// `ffmpeg version 5.1.9-0+deb12u1 Copyright …`
fn parse_version(text: &str) -> Option<String> {
    text.lines().next()?.strip_prefix("ffmpeg version ")?.split_whitespace().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_third_word() {
        assert_eq!(
            parse_version("ffmpeg version 5.1.9-0+deb12u1 Copyright\n"),
            Some("5.1.9-0+deb12u1".into())
        );
        assert_eq!(parse_version("something else"), None);
        assert_eq!(parse_version(""), None);
    }

    #[test]
    fn relative_folders_and_plain_files_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ffmpeg"), "not a program").unwrap();
        let path = std::env::join_paths([Path::new("."), folder.path()]).unwrap();
        assert_eq!(Tools::find(Some(&path)), Tools::default());
        assert_eq!(Tools::find(None), Tools::default());
    }
}
