//! L1: which folders the library consists of: those of the configuration, and those that were added while it ran.
//!
//! What the configuration says can be changed there alone, and it counts first: an added folder that overlaps with one
//! of the configuration is not looked at, for its videos would be there twice. No folder lies in another, nor around the
//! state folder. To take a folder away is no deletion (L5): its videos are as those of a disk that is not mounted.

use std::path::Path;
use std::sync::Arc;

use vodpost_protocol::event::EventKind;
use vodpost_protocol::ids::VideoId;
use vodpost_protocol::refusal::{Refusal, RootProblem};
use vodpost_protocol::time::Timestamp;

use super::actor::Actor;
use super::effect::Effect;
use super::event::Subject;
use super::library;
use super::state::{Settings, State};
use super::transaction::Transaction;
use super::video::MissingCause;

/// They are looked at one after the other, and shown in one frame.
pub const ROOTS_MAX: usize = 100;

/// A folder that was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedRoot {
    /// Absolute, without links.
    pub path: Arc<Path>,
    pub at: Timestamp,
    pub by: Actor,
}

/// A folder of the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root<'a> {
    Configured(&'a Arc<Path>),
    Added(&'a AddedRoot),
    /// It overlaps with this folder of the configuration, and is not looked at.
    Eclipsed {
        added: &'a AddedRoot,
        by: &'a Arc<Path>,
    },
}

/// Every folder, those of the configuration first. One that was added and is configured by now is there once.
pub fn all<'a>(state: &'a State, settings: &'a Settings) -> impl Iterator<Item = Root<'a>> {
    let added = state.roots().iter().filter(|added| !settings.roots.contains(&added.path)).map(|added| {
        let eclipse = settings.roots.iter().find(|root| overlap(root, &added.path));
        eclipse.map_or(Root::Added(added), |by| Root::Eclipsed { added, by })
    });
    settings.roots.iter().map(Root::Configured).chain(added)
}

/// Those that are looked at.
#[must_use]
pub fn active(state: &State, settings: &Settings) -> Vec<Arc<Path>> {
    let path = |root| match root {
        Root::Configured(path) => Some(Arc::clone(path)),
        Root::Added(added) => Some(Arc::clone(&added.path)),
        Root::Eclipsed { .. } => None,
    };
    all(state, settings).filter_map(path).collect()
}

fn overlap(one: &Path, other: &Path) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

/// `path` is that of a folder that can be read, absolute and without links.
pub(super) fn add(tx: &mut Transaction<'_>, path: Arc<Path>) -> Result<(), Refusal> {
    if let Some(problem) = problem(tx.state(), tx.settings(), &path) {
        return Err(Refusal::UnusableRoot { path: shown(&path), problem });
    }
    let mut roots = tx.state().roots().to_vec();
    roots.push(AddedRoot { path: Arc::clone(&path), at: tx.now(), by: tx.actor().clone() });
    tx.put_roots(roots);
    tx.event(EventKind::RootAdded, Subject::Library, Some(shown(&path)));
    tx.effect(Effect::Library(active(tx.state(), tx.settings())));
    Ok(())
}

fn problem(state: &State, settings: &Settings, path: &Path) -> Option<RootProblem> {
    let known = || settings.roots.iter().chain(state.roots().iter().map(|added| &added.path));
    if known().any(|root| **root == *path) {
        return Some(RootProblem::Known);
    }
    if overlap(&settings.state_dir, path) {
        return Some(RootProblem::State { state_dir: shown(&settings.state_dir) });
    }
    if let Some(root) = known().find(|root| path.starts_with(root)) {
        return Some(RootProblem::Within { root: shown(root) });
    }
    if let Some(root) = known().find(|root| root.starts_with(path)) {
        return Some(RootProblem::Around { root: shown(root) });
    }
    let full = state.roots().len() >= ROOTS_MAX;
    full.then(|| RootProblem::TooMany { roots_max: u32::try_from(ROOTS_MAX).unwrap_or(u32::MAX) })
}

pub(super) fn remove(tx: &mut Transaction<'_>, path: &Path) -> Result<(), Refusal> {
    if tx.settings().roots.iter().any(|root| **root == *path) {
        let origin = tx.settings().roots_origin.clone();
        return Err(Refusal::ConfiguredRoot { path: shown(path), origin });
    }
    let mut roots = tx.state().roots().to_vec();
    let Some(place) = roots.iter().position(|added| *added.path == *path) else {
        let roots = active(tx.state(), tx.settings()).iter().map(|root| shown(root)).collect();
        return Err(Refusal::NoSuchRoot { path: shown(path), roots });
    };
    roots.remove(place);
    tx.put_roots(roots);
    tx.event(EventKind::RootRemoved, Subject::Library, Some(shown(path)));
    let videos: Vec<VideoId> = tx.state().videos_in(path).map(|video| video.id).collect();
    for id in videos {
        library::mark_missing(tx, id, MissingCause::RootUnavailable(library::NOT_IN_LIBRARY.into()));
    }
    tx.effect(Effect::Library(active(tx.state(), tx.settings())));
    Ok(())
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
