//! One pass over a root: every file that L1 takes for a rendition, without following links out of the root.

use std::collections::HashSet;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::core::group::base_name;
use crate::core::input::{Found, FoundFile, RootScan};
use crate::media::identity_of_metadata;

const DEPTH_MAX: usize = 32;
const FILES_MAX: usize = 2_000_000;

/// Files that have one name only, by device and inode. One that is seen again was moved while the roots were walked.
#[derive(Debug, Default)]
pub struct Seen {
    files: HashSet<(u64, u64)>,
    moved: bool,
}

impl Seen {
    fn note(&mut self, meta: &Metadata) {
        if meta.nlink() == 1 && !self.files.insert((meta.dev(), meta.ino())) {
            self.moved = true;
        }
    }

    /// What was found is no picture of any one moment.
    #[must_use]
    pub fn has_moved(&self) -> bool {
        self.moved
    }
}

/// `enter` is called with each folder before it is listed.
#[must_use]
pub fn walk(root: &Arc<Path>, enter: &dyn Fn(&Path), seen: &mut Seen) -> RootScan {
    let found = match std::fs::read_dir(root) {
        Ok(_) => Ok(walk_readable(root, enter, seen)),
        Err(error) => Err(format!("{} cannot be read: {error}", root.display())),
    };
    RootScan { root: root.clone(), found }
}

fn walk_readable(root: &Path, enter: &dyn Fn(&Path), seen: &mut Seen) -> Found {
    let mut found = Found::default();
    let mut folders = vec![(PathBuf::new(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        enter(&root.join(&folder));
        match list(root, &folder, &mut found, seen) {
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
fn list(root: &Path, folder: &Path, found: &mut Found, seen: &mut Seen) -> io::Result<Vec<PathBuf>> {
    let mut below = Vec::new();
    let mut empty = true;
    let shared: Arc<Path> = folder.into();
    for entry in std::fs::read_dir(root.join(folder))? {
        let entry = entry?;
        empty = false;
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
                if !kind.is_symlink() {
                    seen.note(&meta);
                }
                let identity = identity_of_metadata(&meta);
                found.files.push(FoundFile {
                    folder: Arc::clone(&shared),
                    name,
                    base: base.into(),
                    identity,
                });
            }
            Ok(_) => {}
            Err(error) => tracing::debug!(path = %entry.path().display(), %error, "skipped"),
        }
    }
    if empty && !folder.as_os_str().is_empty() {
        found.empty.push((folder.to_owned(), std::fs::metadata(root.join(folder))?.dev()));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l3_a_file_that_moves_during_the_walk_is_noticed_and_further_names_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let root: Arc<Path> = folder.path().into();
        for name in ["a", "b"] {
            std::fs::create_dir(root.join(name)).unwrap();
        }
        std::fs::write(root.join("talk.mp4"), "x").unwrap();
        std::fs::hard_link(root.join("talk.mp4"), root.join("link.mp4")).unwrap();
        std::os::unix::fs::symlink("talk.mp4", root.join("soft.mp4")).unwrap();
        let mut seen = Seen::default();
        assert_eq!(walk(&root, &|_| {}, &mut seen).found.unwrap().files.len(), 3);
        assert!(!seen.has_moved());
        // From the folder that was listed into the one that is listed next.
        let first = std::cell::RefCell::new(None);
        let enter = |entered: &Path| {
            if entered == &*root {
                return;
            }
            let mut first = first.borrow_mut();
            match &*first {
                None => {
                    std::fs::write(entered.join("film.mp4"), "x").unwrap();
                    *first = Some(entered.to_owned());
                }
                Some(before) => {
                    std::fs::rename(before.join("film.mp4"), entered.join("film.mp4")).unwrap();
                }
            }
        };
        let mut seen = Seen::default();
        let files = walk(&root, &enter, &mut seen).found.unwrap().files;
        assert_eq!(files.iter().filter(|file| *file.base == *"film").count(), 2);
        assert!(seen.has_moved());
    }

    #[test]
    fn l1_links_are_followed_within_the_root_alone() {
        let folder = tempfile::tempdir().unwrap();
        let root: Arc<Path> = folder.path().join("root").into();
        std::fs::create_dir_all(root.join("real")).unwrap();
        std::fs::create_dir(folder.path().join("far")).unwrap();
        std::fs::write(folder.path().join("far/secret.mp4"), "x").unwrap();
        std::fs::write(root.join("real/talk.mp4"), "x").unwrap();
        let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, root.join(name)).unwrap();
        link("real/talk.mp4", "inside.mp4");
        link("../far/secret.mp4", "outside.mp4");
        link("../far", "folder");
        link("real", "again");
        link("loop.mp4", "loop.mp4");
        link("nowhere.mp4", "dangling.mp4");
        let found = walk(&root, &|_| {}, &mut Seen::default()).found.unwrap();
        let mut names: Vec<_> = found.files.iter().map(|file| file.folder.join(&file.name)).collect();
        names.sort();
        assert_eq!(names, [Path::new("inside.mp4"), Path::new("real/talk.mp4")]);
    }
}
