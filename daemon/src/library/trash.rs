//! L6: the trash folder of a root. Files are moved within their file system, so nothing is copied.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::core::effect::Doomed;

/// Hidden, so that no scan looks into it.
pub const FOLDER: &str = ".vodpost-trash";

/// Moves files into a folder of their own in the trash. Files that are gone already are no error.
///
/// # Errors
/// A sentence that names the first file that could not be moved.
pub fn discard(root: &Path, entry: &str, files: &[Doomed]) -> Result<(), String> {
    let folder = root.join(FOLDER).join(entry);
    fs::create_dir_all(&folder).map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    for file in files {
        let from = root.join(&file.path);
        let Some(name) = file.path.file_name() else { continue };
        if fs::symlink_metadata(&from).is_ok_and(|found| !is_same(&found, &from, file)) {
            continue;
        }
        match fs::rename(&from, folder.join(name)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(format!("{} cannot be moved to the trash: {error}", from.display())),
        }
    }
    let synced = fs::File::open(&folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| format!("{} cannot be synced: {error}", folder.display()))
}

/// A link stands for the file that it leads to.
fn is_same(found: &fs::Metadata, path: &Path, file: &Doomed) -> bool {
    let target = if found.is_symlink() { fs::metadata(path) } else { Ok(found.clone()) };
    // A link that leads nowhere goes with the rest.
    target.map_or(true, |target| target.ino() == file.ino)
}

/// Whether files of this folder could be moved to the trash.
///
/// # Errors
/// A sentence that says why not.
pub fn check_writable(root: &Path, folder: &Path) -> Result<(), String> {
    for path in [root, &root.join(folder)] {
        rustix::fs::access(path, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK)
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

/// Removes what has been in the trash for longer than `days`.
pub fn purge(root: &Path, days: u64) {
    let folder = root.join(FOLDER);
    let Ok(entries) = fs::read_dir(&folder) else { return };
    let keep = Duration::from_secs(days.saturating_mul(24 * 3600));
    for entry in entries.flatten() {
        let age = entry
            .metadata()
            .and_then(|meta| meta.modified())
            .map(|modified| SystemTime::now().duration_since(modified).unwrap_or_default());
        if age.is_ok_and(|age| age > keep)
            && let Err(error) = fs::remove_dir_all(entry.path())
        {
            tracing::warn!(%error, path = %entry.path().display(), "the trash could not be purged");
        }
    }
}
