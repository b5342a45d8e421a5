//! Who may use the state folder and its key, and whether the daemon can use the library folders.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Access, access};
use vodpost_protocol::checkup::Finding;

use crate::seal::KEY_FILE;

/// The permission bits of `st_mode`.
const BITS: u32 = 0o7777;
const OTHERS: u32 = 0o077;

pub(super) fn state(folder: &Path) -> Vec<Finding> {
    let path = text(folder);
    let mut findings = Vec::new();
    match fs::metadata(folder) {
        Ok(meta) if meta.mode() & OTHERS != 0 => {
            findings.push(Finding::StateFolderOpen { path: path.clone(), mode: meta.mode() & BITS });
        }
        Ok(_) => {}
        Err(error) => {
            findings.push(Finding::StateFolderReadOnly { path, reason: error.to_string() });
            return findings;
        }
    }
    if let Err(error) = access(folder, Access::WRITE_OK | Access::EXEC_OK) {
        findings.push(Finding::StateFolderReadOnly { path, reason: io::Error::from(error).to_string() });
    }
    let key = folder.join(KEY_FILE);
    let path = text(&key);
    match fs::metadata(&key) {
        Ok(meta) if meta.mode() & OTHERS != 0 => {
            findings.push(Finding::KeyOpen { path, mode: meta.mode() & BITS });
        }
        Ok(_) => {}
        // It is made at the start, so it was taken away since.
        Err(_gone) => findings.push(Finding::KeyMissing { path }),
    }
    findings
}

pub(super) fn root(root: &Path) -> Vec<Finding> {
    let path = text(root);
    match fs::read_dir(root) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return vec![Finding::RootMissing { path }],
        Err(error) => return vec![Finding::RootUnreadable { path, reason: error.to_string() }],
    }
    match access(root, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => Vec::new(),
        Err(error) => {
            vec![Finding::RootReadOnly { path, reason: io::Error::from(error).to_string() }]
        }
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a5_what_others_could_use_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (text(folder.path()), folder.path().join(KEY_FILE));
        set(folder.path(), 0o700);
        assert_eq!(state(folder.path()), [Finding::KeyMissing { path: text(&key) }]);
        fs::write(&key, "x").unwrap();
        set(&key, 0o600);
        assert_eq!(state(folder.path()), []);
        set(&key, 0o640);
        set(folder.path(), 0o755);
        assert_eq!(
            state(folder.path()),
            [
                Finding::StateFolderOpen { path, mode: 0o755 },
                Finding::KeyOpen { path: text(&key), mode: 0o640 },
            ]
        );
        let gone = folder.path().join("gone");
        assert!(matches!(state(&gone)[..], [Finding::StateFolderReadOnly { .. }]));
    }

    #[test]
    fn l5_roots_are_looked_at_as_they_are_now() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(root(folder.path()), []);
        let file = folder.path().join("file");
        fs::write(&file, "x").unwrap();
        assert!(matches!(root(&file)[..], [Finding::RootUnreadable { .. }]));
        let gone = folder.path().join("gone");
        assert_eq!(root(&gone), [Finding::RootMissing { path: text(&gone) }]);
        if !rustix::process::geteuid().is_root() {
            set(folder.path(), 0o500);
            assert!(matches!(root(folder.path())[..], [Finding::RootReadOnly { .. }]));
            set(folder.path(), 0o700);
        }
    }
}
