//! What is on a simulated disk, and what of it survives.
//!
//! What was written but not synced may survive, vanish, or survive in part and out of order; names of a folder that was
//! not synced likewise. After a failed sync the page cache still shows what was written, a further sync succeeds, and
//! the bytes are lost with the next power loss, as on Linux.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use super::super::tree::Put;

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Plan {
    /// These operations fail, with this error.
    pub(super) fail: Option<(u64, u64, io::ErrorKind)>,
    /// The power goes at this operation, which happens by half.
    pub(super) die_at: Option<u64>,
}

/// What is still there when the power is back.
#[derive(Debug, Clone, Copy)]
pub(super) enum Survives {
    /// Everything the operating system knows: the process was killed.
    Everything,
    /// What was synced.
    Synced,
    /// What was synced, and all names.
    Names,
    /// What was synced, and all contents.
    Contents,
    /// What was synced, and any part of the rest; the tree may be damaged in any way.
    Any(u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Node {
    Folder,
    File(usize),
    Tree(usize),
}

#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    pub(super) cache: Vec<u8>,
    pub(super) durable: Vec<u8>,
    pub(super) pending: Vec<(usize, Vec<u8>)>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Batches {
    pub(super) applied: Vec<Vec<Put>>,
    pub(super) flushed: usize,
    pub(super) fate: Fate,
}

/// What became of a tree in a power loss.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Fate {
    #[default]
    Whole,
    /// Its record of this number is gone.
    Vanished(usize),
    Refuses,
    Panics,
}

pub(super) struct Naming {
    pub(super) folder: PathBuf,
    pub(super) sets: Vec<(PathBuf, Option<Node>)>,
}

#[derive(Default)]
pub(super) struct World {
    pub(super) names: BTreeMap<PathBuf, Node>,
    pub(super) durable: BTreeMap<PathBuf, Node>,
    pub(super) pending: Vec<Naming>,
    pub(super) files: Vec<Content>,
    pub(super) trees: Vec<Batches>,
    pub(super) plan: Plan,
    pub(super) done: u64,
    pub(super) dead: bool,
    /// Syncs of files do nothing and say that they did.
    pub(super) lies: bool,
}

/// A row of numbers that looks random (splitmix64).
pub(super) struct Row(u64);

impl Row {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((number ^ (number >> 31)) % (end as u64)).unwrap()
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }
}

pub(super) enum Step {
    Whole,
    Fails(io::Error),
    /// The operation on which the power goes.
    Half,
}

impl World {
    pub(super) fn step(&mut self) -> Step {
        let gone = || io::Error::other("the power is gone");
        if self.dead {
            return Step::Fails(gone());
        }
        let number = self.done;
        self.done += 1;
        if self.plan.die_at == Some(number) {
            self.dead = true;
            return Step::Half;
        }
        match self.plan.fail {
            Some((from, to, kind)) if number >= from && number < to => Step::Fails(kind.into()),
            Some(_) | None => Step::Whole,
        }
    }

    /// For what happens whole or not at all.
    pub(super) fn whole(&mut self) -> io::Result<()> {
        match self.step() {
            Step::Whole => Ok(()),
            Step::Fails(error) => Err(error),
            Step::Half => Err(io::Error::other("the power is gone")),
        }
    }

    pub(super) fn name(&mut self, sets: Vec<(PathBuf, Option<Node>)>) {
        let folder = sets[0].0.parent().unwrap().to_owned();
        for (path, node) in &sets {
            set(&mut self.names, path, *node);
        }
        self.pending.push(Naming { folder, sets });
    }

    pub(super) fn file(&self, path: &Path) -> io::Result<usize> {
        match self.names.get(path) {
            Some(Node::File(id)) => Ok(*id),
            Some(Node::Folder | Node::Tree(_)) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// What is left after the end.
    pub(super) fn lose(&mut self, survives: Survives) {
        match survives {
            Survives::Everything => {}
            Survives::Synced => {
                self.lose_names(&mut || false);
                self.lose_contents(&mut || 0);
            }
            Survives::Names => {
                self.lose_names(&mut || true);
                self.lose_contents(&mut || 0);
            }
            Survives::Contents => {
                self.lose_names(&mut || false);
                self.lose_contents(&mut || 3);
            }
            Survives::Any(seed) => {
                let mut row = Row(seed);
                self.lose_names(&mut || row.coin());
                self.lose_contents(&mut || row.below(4));
                for tree in &mut self.trees {
                    tree.applied.truncate(row.below(tree.applied.len() + 1));
                    tree.fate = match row.below(8) {
                        0 => Fate::Vanished(row.below(20)),
                        1 => Fate::Refuses,
                        2 if seed.is_multiple_of(4) => Fate::Panics,
                        _ => Fate::Whole,
                    };
                }
                return;
            }
        }
        for tree in &mut self.trees {
            tree.applied.truncate(tree.flushed);
        }
    }

    fn lose_names(&mut self, keep: &mut dyn FnMut() -> bool) {
        let mut lost = BTreeSet::new();
        for Naming { sets, .. } in std::mem::take(&mut self.pending) {
            // What depends on something that was lost is lost as well.
            if sets.iter().any(|(path, _)| lost.contains(path)) || !keep() {
                lost.extend(sets.into_iter().map(|(path, _)| path));
                continue;
            }
            for (path, node) in sets {
                set(&mut self.durable, &path, node);
            }
        }
        let kept = self.durable.clone();
        self.durable.retain(|path, _| {
            path.ancestors()
                .skip(1)
                .filter(|above| above.starts_with(ROOT))
                .all(|above| kept.contains_key(above))
        });
        self.names = self.durable.clone();
    }

    fn lose_contents(&mut self, keep: &mut dyn FnMut() -> usize) {
        for file in &mut self.files {
            let len = file.durable.len();
            for (at, bytes) in std::mem::take(&mut file.pending) {
                match keep() {
                    0 => {}
                    1 => put(&mut file.durable, at, &bytes[..bytes.len() / 2]),
                    2 if at >= len => put(&mut file.durable, at, &vec![0; bytes.len()]),
                    _ => put(&mut file.durable, at, &bytes),
                }
            }
            file.cache = file.durable.clone();
        }
    }
}

pub(super) const ROOT: &str = "/state";

pub(super) fn set(names: &mut BTreeMap<PathBuf, Node>, path: &Path, node: Option<Node>) {
    match node {
        Some(node) => names.insert(path.to_owned(), node),
        None => names.remove(path),
    };
}

pub(super) fn put(content: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[at..end].copy_from_slice(bytes);
}
