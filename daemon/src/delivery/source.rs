//! Opened source files with their layout, kept for the next request. A file is opened and its index read once, however many
//! viewers ask at the same time; all of them read from the one descriptor by offset.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use lru::LruCache;
use tokio::sync::{OnceCell, Semaphore};

use super::cold::{Disks, Warmth, apart};
use super::conditional::{Validators, layout_number};
use super::table::Live;
use crate::core::artifact::Served;
use crate::core::media::FileIdentity;
use crate::media::mp4::{self, Layout, LayoutError, VirtualFile};
use crate::media::{self, identity_of_metadata};

const FILES_MAX: usize = 256;
/// Bytes of rewritten indexes that are kept. Transfers under way hold theirs beyond it.
const MEMORY_MAX: u64 = 64 * 1024 * 1024;

/// A file that was the expected one when it was opened.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) file: File,
    pub(super) identity: FileIdentity,
    pub(super) layout: Layout,
    /// Where the index ends in what is served.
    pub(super) media_start: u64,
    pub(super) validators: Validators,
    /// The room for those who wait for its disk.
    pub(super) disk: Arc<Semaphore>,
    pub(super) warmth: Warmth,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum OpenError {
    #[error("the source file is gone or another one")]
    Differs,
    #[error("cannot open the source file: {0}")]
    Io(#[from] io::Error),
    #[error("cannot lay out the source file: {0}")]
    Layout(#[from] LayoutError),
}

/// With the number of the layout.
type Key = (FileIdentity, u8);
type Cell = Arc<OnceCell<Arc<Source>>>;

#[derive(Debug)]
struct Slot {
    cell: Cell,
    /// What it adds to `Kept::memory`; 0 until it is opened.
    memory: u64,
}

#[derive(Debug)]
struct Kept {
    slots: LruCache<Key, Slot>,
    memory: u64,
}

#[derive(Debug)]
pub(super) struct Sources {
    kept: Mutex<Kept>,
    disks: Disks,
}

impl Default for Sources {
    fn default() -> Self {
        // Unbounded as a map, because leaving has to be accounted for; `trim` keeps it within `FILES_MAX`.
        let kept = Kept { slots: LruCache::unbounded(), memory: 0 };
        Self { kept: Mutex::new(kept), disks: Disks::default() }
    }
}

impl Sources {
    /// The source of these bytes, if its path still leads to the file that was verified.
    pub(super) async fn open(&self, live: &Arc<Live>) -> Result<Arc<Source>, OpenError> {
        let served = &live.served;
        let key = key(served);
        let cell = self.kept().cell(key);
        if let Some(source) = cell.get() {
            // One `stat` of a path that was just in use; not worth a thread.
            return match same_file(&served.path, &served.identity) {
                Ok(()) => Ok(Arc::clone(source)),
                Err(error) => {
                    self.forget(served);
                    Err(error)
                }
            };
        }
        let opened = cell
            .get_or_try_init(|| {
                let (live, disk) = (Arc::clone(live), self.disks.room(served.identity.dev));
                async move {
                    let loaded = apart(Arc::clone(&disk), move || load(&live.served, disk)).await;
                    loaded?.map(Arc::new)
                }
            })
            .await;
        match opened {
            Ok(source) => {
                let source = Arc::clone(source);
                self.kept().weigh(&key, &cell, source.layout.memory_bytes());
                Ok(source)
            }
            Err(error) => {
                self.forget(served);
                Err(error)
            }
        }
    }

    /// Closes the file once the transfers that use it are over.
    pub(super) fn forget(&self, served: &Served) {
        self.kept().remove(&key(served));
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn cell(&mut self, key: Key) -> Cell {
        let slot = self.slots.get_or_insert(key, || Slot { cell: Cell::default(), memory: 0 });
        let cell = Arc::clone(&slot.cell);
        self.trim();
        cell
    }

    /// Accounts for an opened file, unless it was dropped or replaced meanwhile.
    fn weigh(&mut self, key: &Key, cell: &Cell, memory: u64) {
        match self.slots.peek_mut(key) {
            Some(slot) if Arc::ptr_eq(&slot.cell, cell) => {
                self.memory += memory - slot.memory;
                slot.memory = memory;
            }
            Some(_) | None => {}
        }
        self.trim();
    }

    fn remove(&mut self, key: &Key) {
        if let Some(slot) = self.slots.pop(key) {
            self.memory -= slot.memory;
        }
    }

    fn trim(&mut self) {
        while self.slots.len() > FILES_MAX || self.memory > MEMORY_MAX {
            let Some((_, slot)) = self.slots.pop_lru() else { return };
            self.memory -= slot.memory;
        }
    }
}

fn key(served: &Served) -> Key {
    (served.identity, layout_number(served.layout))
}

fn load(served: &Served, disk: Arc<Semaphore>) -> Result<Source, OpenError> {
    // Before it is opened, so that what is not a regular file is never opened.
    same_file(&served.path, &served.identity)?;
    let file = media::open(&served.path).map_err(missing_differs)?;
    let layout = mp4::layout(&file, served.layout)?;
    // After it is read, so that the layout belongs to this state of the file.
    if media::identity(&file)? != served.identity {
        return Err(OpenError::Differs);
    }
    let media_start = mp4::media_start(&VirtualFile { file: &file, layout: layout.clone() })?;
    let validators = Validators::new(&served.identity, served.layout, SystemTime::now());
    let identity = served.identity;
    let warmth = Warmth::of_file(identity.size_bytes);
    Ok(Source { file, identity, layout, media_start, validators, disk, warmth })
}

fn same_file(path: &Path, identity: &FileIdentity) -> Result<(), OpenError> {
    let metadata = fs::metadata(path).map_err(missing_differs)?;
    if metadata.is_file() && identity_of_metadata(&metadata) == *identity {
        Ok(())
    } else {
        Err(OpenError::Differs)
    }
}

fn missing_differs(error: io::Error) -> OpenError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => OpenError::Differs,
        _ => OpenError::Io(error),
    }
}

#[cfg(test)]
mod tests {
    use vodpost_protocol::ids::VideoId;

    use super::*;
    use crate::core::artifact::ServedLayout;

    fn live(path: &Path) -> Arc<Live> {
        Arc::new(Live::new(Served {
            video: VideoId::from_random(1),
            attempt: 1,
            path: path.to_owned(),
            identity: identity_of_metadata(&fs::metadata(path).unwrap()),
            layout: ServedLayout::AsIs,
            duration_ms: 1,
            width: 1,
            height: 1,
        }))
    }

    #[tokio::test]
    async fn a_file_is_opened_once_and_forgotten_when_it_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mp4");
        fs::write(&path, b"first").unwrap();
        let sources = Sources::default();
        let live = live(&path);
        let first = sources.open(&live).await.unwrap();
        assert!(Arc::ptr_eq(&first, &sources.open(&live).await.unwrap()));
        fs::write(&path, b"longer than before").unwrap();
        assert!(matches!(sources.open(&live).await, Err(OpenError::Differs)));
        fs::remove_file(&path).unwrap();
        assert!(matches!(sources.open(&live).await, Err(OpenError::Differs)));
        assert_eq!(sources.kept().slots.len(), 0);
    }

    #[tokio::test]
    async fn the_number_of_open_files_and_the_memory_are_limited() {
        let folder = tempfile::tempdir().unwrap();
        let sources = Sources::default();
        for number in 0..FILES_MAX + 10 {
            let path = folder.path().join(number.to_string());
            fs::write(&path, b"x").unwrap();
            sources.open(&live(&path)).await.unwrap();
        }
        assert_eq!(sources.kept().slots.len(), FILES_MAX);
        let mut kept = sources.kept();
        for number in 0..10 {
            let identity = FileIdentity { dev: 0, ino: number, size_bytes: 0, mtime_ns: 0 };
            let key = (identity, 1);
            let cell = kept.cell(key);
            kept.weigh(&key, &cell, 10 * 1024 * 1024);
            kept.weigh(&key, &cell, 10 * 1024 * 1024);
        }
        assert!(kept.memory <= MEMORY_MAX);
        assert_eq!(kept.slots.len(), 6, "memory limits before the number does");
        while !kept.slots.is_empty() {
            let key = *kept.slots.peek_lru().unwrap().0;
            kept.remove(&key);
        }
        assert_eq!(kept.memory, 0);
    }
}
