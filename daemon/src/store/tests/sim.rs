//! A disk that fails, dies and forgets on purpose: the store's view of a `World`.
//!
//! Every operation is counted; the plan says which one fails or is the last before the power goes.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::super::disk::{Disk, DiskFile};
use super::super::error::StoreError;
use super::super::tree::{Each, Put, Tree};
use super::world::{Batches, Content, Fate, Node, Step, World, put, set};
pub(super) use super::world::{Plan, ROOT, Survives};

#[derive(Clone, Default)]
pub(super) struct SimDisk(Arc<Mutex<World>>);

impl SimDisk {
    pub(super) fn new() -> Self {
        let disk = Self::default();
        {
            let mut world = disk.world();
            world.names.insert(ROOT.into(), Node::Folder);
            world.durable.insert(ROOT.into(), Node::Folder);
        }
        disk
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    /// Every file with what is in it.
    pub(super) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let world = self.world();
        let content = |node: &Node| match node {
            Node::File(id) => Some(world.files[*id].cache.clone()),
            Node::Folder | Node::Tree(_) => None,
        };
        world.names.iter().filter_map(|(path, node)| Some((path.clone(), content(node)?))).collect()
    }

    /// Puts something else into a file, as a failing medium would.
    pub(super) fn damage(&self, path: &Path, bytes: Vec<u8>) {
        let mut world = self.world();
        let id = world.file(path).unwrap();
        world.files[id] = Content { cache: bytes.clone(), durable: bytes, pending: Vec::new() };
    }

    /// Puts a file there that nobody of ours wrote.
    pub(super) fn put(&self, path: &Path, bytes: &[u8]) {
        let mut world = self.world();
        let id = world.files.len();
        world.files.push(Content { cache: bytes.to_vec(), durable: bytes.to_vec(), pending: Vec::new() });
        world.names.insert(path.to_owned(), Node::File(id));
        world.durable.insert(path.to_owned(), Node::File(id));
    }

    /// Takes a name away.
    pub(super) fn lose(&self, path: &Path) {
        self.world().names.remove(path).unwrap();
    }

    /// For a test that fails.
    pub(super) fn describe(&self) -> String {
        let world = self.world();
        let mut text = format!("{} operations, dead: {}\n", world.done, world.dead);
        for (path, node) in &world.names {
            let more = match node {
                Node::Folder => String::new(),
                Node::File(id) => format!(
                    "{} bytes, {} unsynced",
                    world.files[*id].cache.len(),
                    world.files[*id].pending.len()
                ),
                Node::Tree(id) => {
                    format!("{} batches, {:?}", world.trees[*id].applied.len(), world.trees[*id].fate)
                }
            };
            text.push_str(&format!("{} {node:?} {more}\n", path.display()));
        }
        text
    }

    pub(super) fn plan(&self, plan: Plan) {
        self.world().plan = plan;
    }

    pub(super) fn forget_syncs(&self) {
        self.world().lies = true;
    }

    pub(super) fn done(&self) -> u64 {
        self.world().done
    }

    pub(super) fn is_dead(&self) -> bool {
        self.world().dead
    }

    /// The same disk after the daemon was killed or the power was gone, with nothing planned.
    pub(super) fn after(&self, survives: Survives) {
        let mut world = self.world();
        world.plan = Plan::default();
        world.dead = false;
        world.lose(survives);
    }
}

impl Disk for SimDisk {
    fn exists(&self, path: &Path) -> io::Result<bool> {
        let mut world = self.world();
        world.whole()?;
        Ok(world.names.contains_key(path))
    }

    fn len(&self, path: &Path) -> io::Result<u64> {
        Ok(self.read(path)?.len() as u64)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let mut world = self.world();
        world.whole()?;
        Ok(world.names.keys().filter(|path| path.parent() == Some(folder)).cloned().collect())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut world = self.world();
        world.whole()?;
        let id = world.file(path)?;
        Ok(world.files[id].cache.clone())
    }

    fn reader(&self, path: &Path) -> io::Result<Box<dyn Read>> {
        Ok(Box::new(Cursor::new(self.read(path)?)))
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        let mut world = self.world();
        world.whole()?;
        if !world.names.contains_key(path) {
            world.name(vec![(path.to_owned(), Some(Node::Folder))]);
        }
        Ok(())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut world = self.world();
        world.whole()?;
        if world.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        assert!(world.names.contains_key(path.parent().unwrap()), "no folder for {}", path.display());
        let id = world.files.len();
        world.files.push(Content::default());
        world.name(vec![(path.to_owned(), Some(Node::File(id)))]);
        Ok(Box::new(SimFile { disk: self.clone(), id, failed: false }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut world = self.world();
        world.whole()?;
        let node = *world.names.get(from).ok_or(io::ErrorKind::NotFound)?;
        world.name(vec![(from.to_owned(), None), (to.to_owned(), Some(node))]);
        Ok(())
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut world = self.world();
        world.whole()?;
        let id = world.file(from)?;
        if world.names.contains_key(to) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        world.name(vec![(to.to_owned(), Some(Node::File(id)))]);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut world = self.world();
        world.whole()?;
        world.file(path)?;
        world.name(vec![(path.to_owned(), None)]);
        Ok(())
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut world = self.world();
        world.whole()?;
        let (synced, pending) = std::mem::take(&mut world.pending)
            .into_iter()
            .partition::<Vec<_>, _>(|naming| naming.folder == folder);
        world.pending = pending;
        for (path, node) in synced.into_iter().flat_map(|naming| naming.sets) {
            set(&mut world.durable, &path, node);
        }
        Ok(())
    }

    fn remove_tree(&self, path: &Path) -> io::Result<()> {
        let mut world = self.world();
        world.whole()?;
        world.name(vec![(path.to_owned(), None)]);
        Ok(())
    }

    fn tree(&self, path: &Path, _notices: &mut Vec<String>) -> Result<Box<dyn Tree>, StoreError> {
        let mut world = self.world();
        world.whole().map_err(|source| StoreError::io("open", path, source))?;
        let id = match world.names.get(path) {
            Some(Node::Tree(id)) => *id,
            Some(Node::File(_) | Node::Folder) => panic!("{} is no tree", path.display()),
            None => {
                let id = world.trees.len();
                world.trees.push(Batches::default());
                world.name(vec![(path.to_owned(), Some(Node::Tree(id)))]);
                id
            }
        };
        let Batches { applied, fate, .. } = world.trees[id].clone();
        drop(world);
        let mut records = BTreeMap::new();
        applied.into_iter().for_each(|batch| put_all(&mut records, batch));
        match fate {
            Fate::Whole => {}
            Fate::Vanished(number) => {
                let key = records.keys().nth(number).cloned();
                key.map(|key| records.remove(&key));
            }
            Fate::Refuses => return Err(StoreError::damaged("the tree", "it says so")),
            // A panic without a report.
            Fate::Panics => std::panic::resume_unwind(Box::new("it cannot make sense of what it finds")),
        }
        Ok(Box::new(SimTree { disk: self.clone(), id, records, failed: false }))
    }
}

struct SimFile {
    disk: SimDisk,
    id: usize,
    failed: bool,
}

impl DiskFile for SimFile {
    fn write_at(&mut self, bytes: &[u8], at: u64) -> io::Result<()> {
        assert!(!self.failed, "a file is used after an error");
        let at = usize::try_from(at).unwrap();
        let mut world = self.disk.world();
        let step = world.step();
        let (written, result) = match step {
            Step::Whole => (bytes, Ok(())),
            Step::Half => (&bytes[..bytes.len() / 2], Err(io::Error::other("the power is gone"))),
            Step::Fails(error) if world.dead => (&bytes[..0], Err(error)),
            Step::Fails(error) => (&bytes[..bytes.len() / 2], Err(error)),
        };
        let file = &mut world.files[self.id];
        put(&mut file.cache, at, written);
        file.pending.push((at, written.to_vec()));
        self.failed = result.is_err();
        result
    }

    fn sync(&mut self) -> io::Result<()> {
        assert!(!self.failed, "a file is synced after an error");
        let mut world = self.disk.world();
        let result = world.whole();
        let (lies, dead) = (world.lies, world.dead);
        let file = &mut world.files[self.id];
        match &result {
            Ok(()) if lies => {}
            Ok(()) => {
                for (at, bytes) in std::mem::take(&mut file.pending) {
                    put(&mut file.durable, at, &bytes);
                }
            }
            Err(_) if dead => {}
            // The pages are clean now, and their bytes are nowhere but in memory.
            Err(_) => file.pending.clear(),
        }
        self.failed = result.is_err();
        result
    }
}

struct SimTree {
    disk: SimDisk,
    id: usize,
    records: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Like sled, it fails for ever after its first failure.
    failed: bool,
}

fn put_all(records: &mut BTreeMap<Vec<u8>, Vec<u8>>, batch: Vec<Put>) {
    for (key, value) in batch {
        match value {
            Some(value) => records.insert(key, value),
            None => records.remove(&key),
        };
    }
}

impl SimTree {
    fn step(&mut self) -> Result<(), StoreError> {
        let stepped =
            if self.failed { Err(io::ErrorKind::BrokenPipe.into()) } else { self.disk.world().whole() };
        self.failed = stepped.is_err();
        stepped.map_err(|source| StoreError::io("use", Path::new("tree"), source))
    }
}

impl Tree for SimTree {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.records.get(key).cloned())
    }

    fn apply(&mut self, batch: &[Put]) -> Result<(), StoreError> {
        self.step()?;
        put_all(&mut self.records, batch.to_vec());
        self.disk.world().trees[self.id].applied.push(batch.to_vec());
        Ok(())
    }

    fn range(&self, first: &[u8], last: &[u8], each: &mut Each<'_>) -> Result<(), StoreError> {
        for (key, value) in self.records.range(first.to_vec()..=last.to_vec()) {
            if !each(key, value)? {
                break;
            }
        }
        Ok(())
    }

    fn flush(&self) -> Result<(), StoreError> {
        let mut world = self.disk.world();
        world.whole().map_err(|source| StoreError::io("flush", Path::new("tree"), source))?;
        let tree = &mut world.trees[self.id];
        tree.flushed = tree.applied.len();
        Ok(())
    }
}
