//! What many records hold alike is in memory once: folders, formats, plans, endings of file names, people and labels.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fmt;
use std::hash::Hash;
use std::path::Path;
use std::sync::Arc;

use vodpost_protocol::ids::Label;

use super::actor::{Actor, User};
use super::media::Format;
use super::plan::Plan;
use super::posting::Posting;
use super::state::Change;
use super::video::{Conversion, MissingCause, Order, Source, Video};

/// So many are kept before those are looked for that nobody has any more.
const PRUNE_FROM: usize = 1024;

/// Values of one type, of each the one that all have.
pub(super) struct Shared<T: ?Sized> {
    known: HashSet<Arc<T>>,
    prune_at: usize,
}

impl<T: ?Sized> Default for Shared<T> {
    fn default() -> Self {
        Self { known: HashSet::new(), prune_at: PRUNE_FROM }
    }
}

impl<T: ?Sized + Eq + Hash> Shared<T> {
    /// Puts the one that all have in the place of an equal one.
    pub(super) fn share(&mut self, one: &mut Arc<T>) {
        if let Some(known) = self.known.get(one) {
            *one = Arc::clone(known);
            return;
        }
        if self.known.len() >= self.prune_at {
            self.known.retain(|known| Arc::strong_count(known) > 1);
            self.prune_at = (self.known.len() * 2).max(PRUNE_FROM);
        }
        self.known.insert(Arc::clone(one));
    }
}

#[derive(Default)]
pub(super) struct SharedParts {
    folders: Shared<Path>,
    formats: Shared<Format>,
    plans: Shared<Plan>,
    endings: Shared<OsStr>,
    reasons: Shared<str>,
    users: Shared<User>,
    /// Of postings, which stay for ever.
    labels: HashSet<Label>,
}

impl SharedParts {
    pub(super) fn share(&mut self, change: &mut Change) {
        match change {
            Change::Video(video) => self.share_video(video),
            Change::Posting(posting) => self.share_posting(posting),
            Change::ForgetVideo(_) | Change::Account(_) | Change::Queue(_) | Change::Roots(_) => {}
            Change::Event(_) | Change::ForgetEvent(_) => {}
        }
    }

    fn share_posting(&mut self, posting: &mut Posting) {
        match self.labels.get(&posting.label) {
            Some(known) => posting.label = known.clone(),
            None => {
                self.labels.insert(posting.label.clone());
            }
        }
    }

    fn share_video(&mut self, video: &mut Video) {
        self.folders.share(&mut video.place.root);
        self.folders.share(&mut video.place.folder);
        for rendition in &mut video.renditions {
            rendition.name.share(&video.place.base, &mut self.endings);
            if let Ok(media) = &mut rendition.media {
                self.formats.share(&mut media.format);
            }
        }
        match &mut video.source {
            Source::Present
            | Source::Missing { cause: MissingCause::Vanished | MissingCause::BeingWritten, .. } => {}
            Source::Missing { cause: MissingCause::RootUnavailable(reason), .. } => {
                self.reasons.share(reason);
            }
            Source::Deleted(deletion) => self.share_actor(&mut deletion.by),
        }
        if let Some(change) = &mut video.last_change {
            self.share_actor(&mut change.actor);
        }
        let base = &video.place.base;
        match &mut video.conversion {
            Conversion::None => {}
            Conversion::Queued(waiting) => self.share_order(&mut waiting.order, base),
            Conversion::Running(running) => self.share_order(&mut running.order, base),
            Conversion::Failed(failed) => self.share_order(&mut failed.order, base),
            Conversion::Ready(ready) => {
                // The public table may have this one already, and then all is shared.
                if let Some(ready) = Arc::get_mut(ready) {
                    self.share_order(&mut ready.order, base);
                }
            }
        }
    }

    fn share_order(&mut self, order: &mut Order, base: &Arc<OsStr>) {
        order.rendition.share(base, &mut self.endings);
        self.plans.share(&mut order.plan);
        self.share_actor(&mut order.by);
    }

    fn share_actor(&mut self, actor: &mut Actor) {
        match actor {
            Actor::User(user) => self.users.share(user),
            Actor::Daemon => {}
        }
    }
}

/// Which are known by now depends on the past and means nothing.
impl fmt::Debug for SharedParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedParts").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_become_one_and_what_nobody_has_is_forgotten() {
        let mut shared: Shared<str> = Shared::default();
        let (mut one, mut other): (Arc<str>, Arc<str>) = ("a".into(), "a".into());
        shared.share(&mut one);
        shared.share(&mut other);
        assert!(Arc::ptr_eq(&one, &other));
        for number in 0..PRUNE_FROM * 3 {
            shared.share(&mut number.to_string().into());
        }
        assert!(shared.known.len() <= PRUNE_FROM && shared.known.contains("a"));
    }
}
