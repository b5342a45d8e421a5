//! One pass over a root: every file that L1 takes for a rendition, without following links out of the root.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{DirEntry, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::trash;
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

/// How one entry of a folder is looked at; links lead to what they stand for.
type Stat<'a> = &'a dyn Fn(&Path, &DirEntry) -> io::Result<Entry>;

enum Entry {
    Folder,
    File(Metadata),
    /// A link to a file inside the root.
    Link(Metadata),
    /// What is none of these, or is not there any more.
    Nothing,
}

/// What is in a root, and which of its folders have a trash.
#[derive(Debug)]
pub struct Walked {
    pub scan: RootScan,
    pub trashes: Vec<PathBuf>,
}

/// `enter` is called with each folder before it is listed.
#[must_use]
pub fn walk(root: &Arc<Path>, enter: &dyn Fn(&Path), seen: &mut Seen) -> Walked {
    walk_with(root, enter, seen, &stat)
}

fn walk_with(root: &Arc<Path>, enter: &dyn Fn(&Path), seen: &mut Seen, stat: Stat<'_>) -> Walked {
    let mut walk = Walk { root, stat, seen, found: Found::default(), trashes: Vec::new() };
    let found = match std::fs::read_dir(root) {
        Ok(_) => {
            walk.all(enter);
            Ok(walk.found)
        }
        Err(error) => Err(format!("{} cannot be read: {error}", root.display())),
    };
    Walked { scan: RootScan { root: root.clone(), found }, trashes: walk.trashes }
}

struct Walk<'a> {
    root: &'a Path,
    stat: Stat<'a>,
    seen: &'a mut Seen,
    found: Found,
    trashes: Vec<PathBuf>,
}

impl Walk<'_> {
    fn all(&mut self, enter: &dyn Fn(&Path)) {
        let mut folders = vec![(PathBuf::new(), 0)];
        while let Some((folder, depth)) = folders.pop() {
            enter(&self.root.join(&folder));
            let below = self.list(&folder);
            if depth < DEPTH_MAX {
                folders.extend(below.into_iter().map(|below| (below, depth + 1)));
            } else {
                let reason = format!("more than {DEPTH_MAX} folders deep");
                self.found.unreadable.extend(below.into_iter().map(|below| (below, reason.clone())));
            }
            if self.found.files.len() >= FILES_MAX {
                let reason = format!("the root has more than {FILES_MAX} videos");
                let left = folders.drain(..).map(|(folder, _)| (folder, reason.clone()));
                self.found.unreadable.extend(left);
            }
        }
    }

    /// Takes in the files of one folder and returns the folders below it. What cannot be read is not taken for gone: then
    /// nothing is known of the folder.
    fn list(&mut self, folder: &Path) -> Vec<PathBuf> {
        let path = self.root.join(folder);
        // Listing it is what mounts a disk that is mounted on demand.
        let entries = std::fs::read_dir(&path).and_then(|entries| Ok((entries, std::fs::metadata(&path)?)));
        let entries = match entries {
            Ok((entries, meta)) => {
                self.found.devices.insert(meta.dev());
                entries
            }
            // Removed, or replaced by a file, since its parent was listed.
            Err(error) if is_gone(&error) && !folder.as_os_str().is_empty() => return Vec::new(),
            Err(error) => {
                self.unreadable(folder, folder, &error);
                return Vec::new();
            }
        };
        let mut below = Vec::new();
        let shared: Arc<Path> = folder.into();
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.unreadable(folder, folder, &error);
                    return below;
                }
            };
            let name = entry.file_name();
            // Hidden folders hold the trash and other programs' data.
            if name.as_encoded_bytes().starts_with(b".") {
                if name == trash::FOLDER {
                    self.trashes.push(folder.to_owned());
                }
                continue;
            }
            match (self.stat)(self.root, &entry) {
                Ok(Entry::Folder) => below.push(folder.join(&name)),
                Ok(Entry::File(meta)) => {
                    if let Some(base) = base_name(&name) {
                        self.seen.note(&meta);
                        self.file(&shared, &name, base.into(), &meta);
                    }
                }
                Ok(Entry::Link(meta)) => {
                    if let Some(base) = base_name(&name) {
                        self.file(&shared, &name, base.into(), &meta);
                    }
                }
                Ok(Entry::Nothing) => {}
                Err(error) => self.unreadable(folder, &folder.join(&name), &error),
            }
        }
        below
    }

    fn file(&mut self, folder: &Arc<Path>, name: &OsStr, base: Arc<OsStr>, meta: &Metadata) {
        let identity = identity_of_metadata(meta);
        self.found.devices.insert(identity.dev);
        self.found.files.push(FoundFile {
            folder: Arc::clone(folder),
            name: name.to_owned(),
            base,
            identity,
        });
    }

    /// One reason for each folder will do.
    fn unreadable(&mut self, folder: &Path, what: &Path, error: &io::Error) {
        if self.found.unreadable.last().is_none_or(|(last, _)| last != folder) {
            let reason = format!("{} cannot be read: {error}", self.root.join(what).display());
            self.found.unreadable.push((folder.to_owned(), reason));
        }
    }
}

fn stat(root: &Path, entry: &DirEntry) -> io::Result<Entry> {
    match look_at(root, entry) {
        Err(error) if is_gone(&error) => Ok(Entry::Nothing),
        looked => looked,
    }
}

fn look_at(root: &Path, entry: &DirEntry) -> io::Result<Entry> {
    let kind = entry.file_type()?;
    if !kind.is_dir() && base_name(&entry.file_name()).is_none() {
        return Ok(Entry::Nothing);
    }
    if kind.is_symlink() {
        let target = std::fs::canonicalize(entry.path())?;
        if !target.starts_with(root) {
            return Ok(Entry::Nothing);
        }
        let meta = std::fs::metadata(target)?;
        return Ok(if meta.is_file() { Entry::Link(meta) } else { Entry::Nothing });
    }
    if kind.is_dir() {
        return Ok(Entry::Folder);
    }
    Ok(if kind.is_file() { Entry::File(entry.metadata()?) } else { Entry::Nothing })
}

/// Nothing is there: no file, or no folder that it could be in, or a link that leads round in a circle.
fn is_gone(error: &io::Error) -> bool {
    let is_loop = error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    is_loop || matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
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
        assert_eq!(walk(&root, &|_| {}, &mut seen).scan.found.unwrap().files.len(), 3);
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
        let files = walk(&root, &enter, &mut seen).scan.found.unwrap().files;
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
        let found = walk(&root, &|_| {}, &mut Seen::default()).scan.found.unwrap();
        let mut names: Vec<_> = found.files.iter().map(|file| file.folder.join(&file.name)).collect();
        names.sort();
        assert_eq!(names, [Path::new("inside.mp4"), Path::new("real/talk.mp4")]);
        assert_eq!(found.unreadable, []);
    }

    /// L5: a disk that fails is not a file that is gone.
    #[test]
    fn l5_what_cannot_be_looked_at_is_not_taken_for_gone() {
        let folder = tempfile::tempdir().unwrap();
        let root: Arc<Path> = folder.path().into();
        std::fs::create_dir(root.join("deep")).unwrap();
        for name in ["talk.mp4", "deep/film.mp4", "deep/other.mp4"] {
            std::fs::write(root.join(name), "x").unwrap();
        }
        let failing = |failed: &'static str, with: rustix::io::Errno| {
            let root = Arc::clone(&root);
            move || {
                let stat = |root: &Path, entry: &DirEntry| {
                    if entry.file_name() == failed { Err(with.into()) } else { stat(root, entry) }
                };
                walk_with(&root, &|_| {}, &mut Seen::default(), &stat).scan.found.unwrap()
            }
        };
        for error in [rustix::io::Errno::IO, rustix::io::Errno::STALE, rustix::io::Errno::ACCESS] {
            let found = failing("film.mp4", error)();
            assert_eq!(found.files.len(), 2, "{error}");
            let [(unknown, reason)] = &*found.unreadable else { panic!("{:?}", found.unreadable) };
            assert_eq!(unknown, Path::new("deep"));
            assert!(reason.contains("deep/film.mp4 cannot be read"), "{reason}");
        }
        // Which folders there are is told by the same look.
        let found = failing("deep", rustix::io::Errno::IO)();
        assert_eq!((found.files.len(), found.unreadable.len()), (1, 1));
        assert_eq!(found.unreadable[0].0, Path::new(""));
    }
}
