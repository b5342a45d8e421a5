//! Opened source files with their layout, kept for the next request. A file is opened and its index read once, however many
//! viewers ask at the same time; all of them read from the one descriptor by offset.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use lru::LruCache;
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};

use super::cold::{Disks, Reading, Warmth, apart};
use super::conditional::{Validators, layout_number};
use super::table::Live;
use crate::core::artifact::{Served, ServedLayout};
use crate::core::media::FileIdentity;
use crate::media::mp4::{self, Layout, LayoutError, VirtualFile};
use crate::media::{self, identity_of_metadata};

const FILES_MAX: usize = 256;
/// Bytes of rewritten indexes that are kept for the next request.
const MEMORY_MAX: u64 = 64 * 1024 * 1024;
/// Bytes of rewritten indexes in all: those that are kept, those that are being sent, and what it takes to make one.
const ROOM: usize = 256 * 1024 * 1024;
/// More files than any process may have open.
const FILES_ROOM: usize = 1 << 24;
/// The old index, and the new one, whose offsets may take twice the space.
const LOADING_FACTOR: u64 = 3;

/// A file that was the expected one when it was opened.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) file: File,
    pub(super) identity: FileIdentity,
    /// Bytes that are served.
    pub(super) len: u64,
    /// Where the index ends in what is served.
    pub(super) media_start: u64,
    pub(super) validators: Validators,
    /// The room for those who wait for its disk.
    pub(super) disk: Arc<Semaphore>,
    pub(super) warmth: Warmth,
    pub(super) reading: Reading,
    /// Among those that may be open; given back after the file is closed.
    _place: OwnedSemaphorePermit,
}

/// How the file is served. A transfer gives it back once it needs no more bytes of its memory.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) layout: Layout,
    /// What the bytes in memory take of `ROOM`; given back after them.
    _room: Option<OwnedSemaphorePermit>,
}

#[derive(Debug, Clone)]
pub(super) struct Opened {
    pub(super) source: Arc<Source>,
    pub(super) index: Arc<Index>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum OpenError {
    #[error("the source file is gone or another one")]
    Differs,
    #[error("cannot open the source file: {0}")]
    Io(#[from] io::Error),
    #[error("cannot lay out the source file: {0}")]
    Layout(#[from] LayoutError),
    #[error("what is being watched leaves no room for another file")]
    Crowded,
}

/// With the number of the layout.
type Key = (FileIdentity, u8);
type Cell = Arc<OnceCell<Opened>>;

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
    rooms: Rooms,
}

/// What opened files take, whether they are only kept or in use.
#[derive(Debug, Clone)]
struct Rooms {
    /// Bytes of their indexes.
    memory: Arc<Semaphore>,
    /// Descriptors.
    files: Arc<Semaphore>,
}

impl Default for Sources {
    fn default() -> Self {
        // Unbounded as a map, because leaving has to be accounted for; `trim` keeps it within `FILES_MAX`.
        let kept = Kept { slots: LruCache::unbounded(), memory: 0 };
        let (memory, files) = (Arc::new(Semaphore::new(ROOM)), Arc::new(Semaphore::new(FILES_ROOM)));
        let rooms = Rooms { memory, files };
        Self { kept: Mutex::new(kept), disks: Disks::default(), rooms }
    }
}

impl Sources {
    /// The source of these bytes, if its path still leads to the file that was verified.
    pub(super) async fn open(&self, live: &Arc<Live>) -> Result<Opened, OpenError> {
        let opened = match self.try_open(live).await {
            // What is only kept makes room for what is wanted.
            Err(OpenError::Crowded) => {
                self.kept().drop_unused();
                self.try_open(live).await
            }
            opened => opened,
        };
        opened.inspect_err(|_error| self.forget(&live.served))
    }

    async fn try_open(&self, live: &Arc<Live>) -> Result<Opened, OpenError> {
        let key = key(&live.served);
        let cell = self.kept().cell(key);
        if let Some(opened) = cell.get() {
            still_there(live, &opened.source).await?;
            return Ok(opened.clone());
        }
        let load = || {
            let (live, rooms) = (Arc::clone(live), self.rooms.clone());
            let disk = self.disks.room(live.served.identity().dev);
            apart(Arc::clone(&disk), move || load(&live.served, disk, rooms))
        };
        let opened = cell.get_or_try_init(|| async { load().await? }).await?.clone();
        self.kept().weigh(&key, &cell, opened.index.layout.memory_bytes());
        Ok(opened)
    }

    /// So many may be open at a time. To be said once, before any is.
    pub(super) fn limit_files(&self, max: usize) {
        self.rooms.files.forget_permits(FILES_ROOM.saturating_sub(max));
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
        while self.slots.len() > FILES_MAX && self.leave() {}
        self.shrink_to(MEMORY_MAX);
    }

    fn shrink_to(&mut self, memory: u64) {
        while self.memory > memory && self.leave() {}
    }

    /// Those that nobody watches. To drop the others would give no room back, and take them from those who come.
    fn drop_unused(&mut self) {
        let unused =
            |slot: &Slot| slot.cell.get().is_some_and(|opened| Arc::strong_count(&opened.source) == 1);
        let keys: Vec<Key> =
            self.slots.iter().filter(|(_, slot)| unused(slot)).map(|(key, _)| *key).collect();
        keys.iter().for_each(|key| self.remove(key));
    }

    /// The one that was not used for longest.
    fn leave(&mut self) -> bool {
        let Some((_, slot)) = self.slots.pop_lru() else { return false };
        self.memory -= slot.memory;
        true
    }
}

fn key(served: &Served) -> Key {
    (served.identity(), layout_number(served.layout()))
}

fn load(served: &Served, disk: Arc<Semaphore>, rooms: Rooms) -> Result<Opened, OpenError> {
    // Before it is opened, so that what is not a regular file is never opened.
    same_file(&served.path(), &served.identity())?;
    let place = rooms.files.try_acquire_owned().map_err(|_none_left| OpenError::Crowded)?;
    let file = media::open(&served.path()).map_err(missing_differs)?;
    let index = Index::load(&file, served.layout(), rooms.memory)?;
    // After it is read, so that the layout belongs to this state of the file.
    if media::identity(&file)? != served.identity() {
        return Err(OpenError::Differs);
    }
    let media_start = mp4::media_start(&VirtualFile { file: &file, layout: index.layout.clone() })?;
    let identity = served.identity();
    let source = Source {
        len: index.layout.len,
        media_start,
        validators: Validators::new(&identity, served.layout(), SystemTime::now()),
        disk,
        warmth: Warmth::of_file(identity.size_bytes),
        reading: Reading::of(&file),
        file,
        identity,
        _place: place,
    };
    Ok(Opened { source: Arc::new(source), index: Arc::new(index) })
}

impl Source {
    /// Whether the open file is in the state in which it was verified.
    pub(super) fn is_unchanged(&self) -> io::Result<bool> {
        Ok(media::identity(&self.file)? == self.identity)
    }
}

impl Index {
    /// Room is taken before a byte is read, for as much as may be needed, and then kept for what is held.
    fn load(file: &File, layout: ServedLayout, room: Arc<Semaphore>) -> Result<Self, OpenError> {
        let mut taken = match layout {
            ServedLayout::AsIs => None,
            ServedLayout::Relocated => {
                let wanted = mp4::index_len(&file).map_err(LayoutError::from)?.saturating_mul(LOADING_FACTOR);
                let permits = u32::try_from(wanted).map_err(|_too_large| OpenError::Crowded)?;
                Some(room.try_acquire_many_owned(permits).map_err(|_none_left| OpenError::Crowded)?)
            }
        };
        let layout = mp4::layout(file, layout)?;
        let held = usize::try_from(layout.memory_bytes()).unwrap_or(usize::MAX);
        let room = taken.as_mut().map(|taken| taken.split(held.min(taken.num_permits())));
        Ok(Self { layout, _room: room.flatten() })
    }
}

/// One `stat` of a path that was just in use is not worth a thread, unless even that may wait for long.
async fn still_there(live: &Arc<Live>, source: &Source) -> Result<(), OpenError> {
    match source.reading {
        Reading::Asks => same_file(&live.served.path(), &live.served.identity()),
        Reading::Waits => {
            let live = Arc::clone(live);
            let look = move || same_file(&live.served.path(), &live.served.identity());
            apart(Arc::clone(&source.disk), look).await?
        }
    }
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
    use crate::core::testing;

    fn live(path: &Path) -> Arc<Live> {
        let identity = identity_of_metadata(&fs::metadata(path).unwrap());
        Arc::new(Live::new(testing::served(VideoId::from_random(1), 1, path, identity, ServedLayout::AsIs)))
    }

    #[tokio::test]
    async fn a_file_is_opened_once_and_forgotten_when_it_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mp4");
        fs::write(&path, b"first").unwrap();
        let sources = Sources::default();
        let live = live(&path);
        let first = sources.open(&live).await.unwrap();
        assert!(Arc::ptr_eq(&first.source, &sources.open(&live).await.unwrap().source));
        fs::write(&path, b"longer than before").unwrap();
        assert!(matches!(sources.open(&live).await, Err(OpenError::Differs)));
        fs::remove_file(&path).unwrap();
        assert!(matches!(sources.open(&live).await, Err(OpenError::Differs)));
        assert_eq!(sources.kept().slots.len(), 0);
    }

    #[tokio::test]
    async fn what_is_only_kept_makes_room_and_what_is_watched_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let sources = Sources::default();
        sources.limit_files(2);
        let films = ["a", "b", "c"].map(|name| {
            let path = folder.path().join(name);
            fs::write(&path, b"x").unwrap();
            live(&path)
        });
        let watched = [sources.open(&films[0]).await.unwrap(), sources.open(&films[1]).await.unwrap()];
        assert!(matches!(sources.open(&films[2]).await, Err(OpenError::Crowded)));
        let again = sources.open(&films[0]).await.unwrap();
        assert!(Arc::ptr_eq(&again.source, &watched[0].source), "what is watched can be watched by others");
        drop((watched, again));
        for film in &films {
            sources.open(film).await.unwrap();
        }
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
