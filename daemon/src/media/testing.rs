//! Small media files for tests, made by ffmpeg.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::{ProbeError, Probed, Tools, probe};
use crate::guard::{Sandbox, testing::guard};

pub(crate) const PICTURE: [&str; 4] = ["-f", "lavfi", "-i", "testsrc=size=160x120:rate=25:duration=2"];
pub(crate) const SOUND: [&str; 4] = ["-f", "lavfi", "-i", "sine=duration=2"];
pub(crate) const H264: [&str; 8] =
    ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-x264-params", "bframes=2"];
pub(crate) const AAC: [&str; 4] = ["-c:a", "aac", "-ac", "2"];
pub(crate) const FASTSTART: [&str; 2] = ["-movflags", "+faststart"];

pub(crate) fn tools() -> Tools {
    Tools::find(std::env::var_os("PATH").as_deref()).guarded_by(guard(Sandbox::Required))
}

pub(crate) struct Studio {
    pub folder: TempDir,
}

impl Studio {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs ffmpeg with these groups of arguments.
    pub(crate) fn make(&self, name: &str, arguments: &[&[&str]]) -> PathBuf {
        let path = self.path(name);
        let output = Command::new(tools().ffmpeg.unwrap())
            .args(["-nostdin", "-v", "error", "-y"])
            .args(arguments.concat())
            .arg(&path)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        path
    }

    /// H.264 and AAC, the index last.
    pub(crate) fn plain(&self, name: &str) -> PathBuf {
        self.make(name, &[&PICTURE, &SOUND, &H264, &AAC])
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

pub(crate) fn probe_path(path: &Path) -> Result<Probed, ProbeError> {
    probe(path, &tools())
}
