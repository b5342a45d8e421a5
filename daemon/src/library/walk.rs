//! One pass over a root: every file that L1 takes for a rendition, without following links out of the root.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::core::group::base_name;
use crate::core::input::{Found, FoundFile, RootScan};
use crate::media::identity_of_metadata;

const DEPTH_MAX: usize = 32;
const FILES_MAX: usize = 2_000_000;

/// `enter` is called with each folder before it is listed.
#[must_use]
pub fn walk(root: &Arc<Path>, enter: &dyn Fn(&Path)) -> RootScan {
    let found = match std::fs::read_dir(root) {
        Ok(_) => Ok(walk_readable(root, enter)),
        Err(error) => Err(format!("{} cannot be read: {error}", root.display())),
    };
    RootScan { root: root.clone(), found }
}

fn walk_readable(root: &Path, enter: &dyn Fn(&Path)) -> Found {
    let mut found = Found::default();
    let mut folders = vec![(PathBuf::new(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        enter(&root.join(&folder));
        match list(root, &folder, &mut found) {
            Ok(below) if depth < DEPTH_MAX => {
                folders.extend(below.into_iter().map(|below| (below, depth + 1)))
            }
            Ok(below) => found.unreadable.extend(
                below.into_iter().map(|below| (below, format!("more than {DEPTH_MAX} folders deep"))),
            ),
            // Removed since its parent was listed: then it is simply not there.
            Err(error) if error.kind() == io::ErrorKind::NotFound && depth > 0 => {}
            Err(error) => {
                let reason = format!("{} cannot be read: {error}", root.join(&folder).display());
                found.unreadable.push((folder, reason));
            }
        }
        if found.files.len() >= FILES_MAX {
            let reason = format!("the root has more than {FILES_MAX} videos");
            found.unreadable.extend(folders.drain(..).map(|(folder, _)| (folder, reason.clone())));
        }
    }
    found
}

/// Adds the files of one folder and returns the folders below it.
fn list(root: &Path, folder: &Path, found: &mut Found) -> io::Result<Vec<PathBuf>> {
    let mut below = Vec::new();
    for entry in std::fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let name = entry.file_name();
        // Hidden folders hold the trash and other programs' data.
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            below.push(folder.join(&name));
            continue;
        }
        let Some(base) = base_name(&name) else { continue };
        let meta = if kind.is_symlink() { inside(root, &entry.path()) } else { entry.metadata() };
        match meta {
            Ok(meta) if meta.is_file() => {
                let identity = identity_of_metadata(&meta);
                found.files.push(FoundFile { folder: folder.to_owned(), name, base, identity });
            }
            Ok(_) => {}
            Err(error) => tracing::debug!(path = %entry.path().display(), %error, "skipped"),
        }
    }
    Ok(below)
}

/// What a link points to, if that lies in the root.
fn inside(root: &Path, link: &Path) -> io::Result<std::fs::Metadata> {
    let target = std::fs::canonicalize(link)?;
    if !target.starts_with(root) {
        return Err(io::Error::other("the link leads out of the root"));
    }
    std::fs::metadata(target)
}
