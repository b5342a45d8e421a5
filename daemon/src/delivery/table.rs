//! What the server may send for which token. The engine writes it, every request reads it, and an entry that stops being
//! live takes the transfers that run under it with it (P6).

use std::borrow::Cow;
use std::ffi::OsStr;
use std::hash::{BuildHasher, RandomState};
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use hashbrown::HashTable;
use hashbrown::hash_table;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use vodpost_protocol::ids::Token;
use vodpost_protocol::time::Timestamp;

use super::listing::{Listing, Place};
use super::source::Sources;
use super::views::{Outcome, View};
use crate::core::artifact::{PublicState, Publication, Served};
use crate::core::video;

/// Listed postings that are looked at in one go, while changes wait.
const CHUNK: usize = 500;
/// Hosts that one token remembers between two reports.
const REFERRERS_MAX: usize = 64;

#[derive(Debug, Default)]
pub struct Table {
    entries: RwLock<Entries>,
    /// Counters that are not zero; each is in it at most once.
    used: Mutex<Vec<Arc<Counters>>>,
    /// Told when the first counter is noted.
    noted: Notify,
    pub(super) sources: Sources,
}

/// Under one lock, so that nothing is listed that is not live.
#[derive(Debug, Default)]
struct Entries {
    by_token: HashTable<Arc<Entry>>,
    keys: RandomState,
    listing: Listing,
    /// Counts the changes of anything that is listed.
    generation: u64,
}

/// Some of the listed postings.
#[derive(Debug)]
pub struct Listed {
    pub entries: Vec<Arc<Entry>>,
    /// Where to go on, if there may be more.
    pub next: Option<Place>,
}

/// What is known of one token at one moment. Never changes; a change is another entry. Most are never asked for: what only
/// viewers need is made for the first of them.
#[derive(Debug)]
pub struct Entry {
    pub token: Token,
    base: Arc<OsStr>,
    /// P7: the platform shows it while it is live.
    pub listed: bool,
    pub created_at: Timestamp,
    pub(super) state: State,
    counters: OnceLock<Arc<Counters>>,
}

#[derive(Debug)]
pub(super) enum State {
    /// Shared by the entries during which the same bytes stay live.
    Live(Arc<Live>),
    Unavailable(Unavailable),
}

#[derive(Debug)]
pub(super) struct Live {
    pub(super) served: Served,
    ended: OnceLock<CancellationToken>,
}

impl Live {
    pub(super) fn new(served: Served) -> Self {
        Self { served, ended: OnceLock::new() }
    }

    /// Cancelled as soon as these bytes may not be sent any more.
    pub(super) fn ended(&self) -> &CancellationToken {
        self.ended.get_or_init(CancellationToken::new)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unavailable {
    Suspended,
    Pending,
    Invalid,
}

/// How much a token was used since the last report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    pub token: Token,
    /// Playback starts.
    pub views: u64,
    /// Media bytes handed to the network.
    pub bytes: u64,
    /// Whether a view began or went on.
    pub watched: bool,
    /// Hosts of the pages that views came from.
    pub referrers: Vec<(Box<str>, u64)>,
}

#[derive(Debug)]
pub(super) struct Counters {
    token: Token,
    views: AtomicU64,
    bytes: AtomicU64,
    watched: AtomicBool,
    /// Touched once for each view that came from somewhere.
    referrers: Mutex<Vec<(Box<str>, u64)>>,
    /// Whether it is in `Table::used`.
    noted: AtomicBool,
}

impl Table {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces what is known of these tokens. When it returns, no new request sees the old state, and every transfer of
    /// bytes that are no longer live has been told to end.
    pub fn apply(&self, publications: impl IntoIterator<Item = Publication>) {
        let mut ended = Vec::new();
        let mut entries = self.write();
        for publication in publications {
            let token = publication.token;
            let old = entries.get(&token).cloned();
            let entry = Entry::follow(old.as_deref(), publication);
            entries.list(old.as_deref(), Some(&entry));
            ended.extend(old.filter(|old| !entry.continues(old)));
            entries.put(entry);
        }
        drop(entries);
        ended.iter().for_each(|entry| self.end(entry));
    }

    /// Forgets a token, as if it had never been.
    pub fn remove(&self, token: &Token) {
        let mut entries = self.write();
        let old = entries.take(token);
        entries.list(old.as_deref(), None);
        drop(entries);
        if let Some(entry) = old {
            self.end(&entry);
        }
    }

    #[must_use]
    pub fn lookup(&self, token: &Token) -> Option<Arc<Entry>> {
        self.read().get(token).cloned()
    }

    /// What the platform shows after a place: at most `max` of those that `matches` accepts, for whose sake no more than
    /// `looks` are looked at. A change never waits for more than a few of them.
    pub async fn listed(
        &self,
        after: Option<Place>,
        max: usize,
        looks: usize,
        matches: impl Fn(&Entry) -> bool,
    ) -> Listed {
        let mut found = Vec::new();
        let (mut last, mut left) = (after, looks);
        loop {
            let some = self.some_listed(last, left.min(CHUNK));
            let count = some.len();
            for (place, entry) in some {
                if found.len() >= max {
                    return Listed { entries: found, next: last };
                }
                if matches(&entry) {
                    found.push(entry);
                }
                last = Some(place);
            }
            left -= count;
            if count < CHUNK || left == 0 {
                let more = count > 0 && !self.some_listed(last, 1).is_empty();
                return Listed { entries: found, next: last.filter(|_| more) };
            }
            tokio::task::yield_now().await;
        }
    }

    /// The next few after a place.
    fn some_listed(&self, after: Option<Place>, max: usize) -> Vec<(Place, Arc<Entry>)> {
        let entries = self.read();
        let after = entries.listing.after(after).take(max);
        after.filter_map(|place| Some((place, Arc::clone(entries.get(&place.token())?)))).collect()
    }

    /// How many the platform shows.
    #[must_use]
    pub fn listed_count(&self) -> usize {
        self.read().listing.len()
    }

    /// Another number whenever what the platform shows is not the same as before.
    #[must_use]
    pub fn listed_generation(&self) -> u64 {
        self.read().generation
    }

    /// The last place of every so many, but for those at the end. They divide what is listed into parts.
    pub async fn listed_marks(&self, every: usize) -> Vec<Place> {
        let (mut marks, mut last, mut count) = (Vec::new(), None, 0);
        loop {
            let some: Vec<Place> = self.read().listing.after(last).take(CHUNK).collect();
            for place in &some {
                if count > 0 && count % every == 0 {
                    marks.extend(last);
                }
                last = Some(*place);
                count += 1;
            }
            if some.len() < CHUNK {
                return marks;
            }
            tokio::task::yield_now().await;
        }
    }

    /// What a live token shows, and what is cancelled as soon as it does not any more.
    #[must_use]
    pub fn live(&self, token: &Token) -> Option<(Served, CancellationToken)> {
        match &self.lookup(token)?.state {
            State::Live(live) => Some((live.served.clone(), live.ended().clone())),
            State::Unavailable(_) => None,
        }
    }

    /// What was used since the last call, of at most so many tokens; the rest waits for the next one.
    #[must_use]
    pub fn drain_usage(&self, max: usize) -> Vec<Usage> {
        let mut all = self.used();
        let count = max.min(all.len());
        let rest = all.split_off(count);
        let used = mem::replace(&mut *all, rest);
        if !all.is_empty() {
            self.noted.notify_one();
        }
        drop(all);
        used.iter().map(|counters| counters.drain()).filter(|usage| usage.views + usage.bytes > 0).collect()
    }

    pub(super) fn count(&self, counters: &Arc<Counters>, bytes: u64, outcome: Outcome) {
        counters.bytes.fetch_add(bytes, Ordering::Relaxed);
        match outcome {
            Outcome::NotYet => {}
            Outcome::Counted => counters.watched.store(true, Ordering::Relaxed),
            Outcome::Begins(View { referrer }) => {
                counters.watched.store(true, Ordering::Relaxed);
                counters.views.fetch_add(1, Ordering::Relaxed);
                if let Some(host) = referrer {
                    counters.refer(host);
                }
            }
        }
        if !counters.noted.swap(true, Ordering::AcqRel) {
            self.used().push(Arc::clone(counters));
            self.noted.notify_one();
        }
    }

    /// Waits until there is something to drain; wakes nobody while nothing is used.
    pub async fn wait_used(&self) {
        self.noted.notified().await;
    }

    fn end(&self, entry: &Entry) {
        match &entry.state {
            State::Live(live) => {
                live.ended().cancel();
                // An open file would keep the space of a deleted one.
                self.sources.forget(&live.served);
            }
            State::Unavailable(_) => {}
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Entries> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Entries> {
        self.entries.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn used(&self) -> MutexGuard<'_, Vec<Arc<Counters>>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn get(&self, token: &Token) -> Option<&Arc<Entry>> {
        self.by_token.find(self.keys.hash_one(token), |entry| entry.token == *token)
    }

    fn put(&mut self, entry: Entry) {
        let Self { by_token, keys, .. } = self;
        let token = entry.token;
        let place = by_token.entry(
            keys.hash_one(token),
            |known| known.token == token,
            |known| keys.hash_one(known.token),
        );
        match place {
            hash_table::Entry::Occupied(mut place) => *place.get_mut() = Arc::new(entry),
            hash_table::Entry::Vacant(place) => drop(place.insert(Arc::new(entry))),
        }
    }

    fn take(&mut self, token: &Token) -> Option<Arc<Entry>> {
        let found = self.by_token.find_entry(self.keys.hash_one(token), |entry| entry.token == *token);
        found.ok().map(|found| found.remove().0)
    }

    /// P7: a posting leaves the list with the change that ends it.
    fn list(&mut self, old: Option<&Entry>, new: Option<&Entry>) {
        let (old, new) = (old.and_then(Entry::place), new.and_then(Entry::place));
        // Its title or its file may be another one.
        self.generation += u64::from(old.is_some() || new.is_some());
        if old == new {
            return;
        }
        if let Some(place) = old {
            self.listing.take(place);
        }
        if let Some(place) = new {
            self.listing.put(place);
        }
    }
}

impl Entry {
    #[must_use]
    pub fn title(&self) -> Cow<'_, str> {
        video::title(&self.base)
    }

    /// Where the platform shows it, if it does.
    pub(super) fn place(&self) -> Option<Place> {
        match &self.state {
            State::Live(_) if self.listed => Some(Place::new(self.created_at, self.token)),
            State::Live(_) | State::Unavailable(_) => None,
        }
    }

    /// The bytes behind it while it is live.
    pub(super) fn served(&self) -> Option<&Served> {
        match &self.state {
            State::Live(live) => Some(&live.served),
            State::Unavailable(_) => None,
        }
    }

    /// The entry after `old`. Transfers go on where the same bytes stay live.
    fn follow(old: Option<&Self>, publication: Publication) -> Self {
        let Publication { token, base, listed, created_at, state } = publication;
        let state = match state {
            PublicState::Live(served) => State::Live(match old.map(|old| &old.state) {
                Some(State::Live(live)) if live.served == served => Arc::clone(live),
                Some(State::Live(_) | State::Unavailable(_)) | None => Arc::new(Live::new(served)),
            }),
            PublicState::Suspended => State::Unavailable(Unavailable::Suspended),
            PublicState::Pending => State::Unavailable(Unavailable::Pending),
            PublicState::Invalid => State::Unavailable(Unavailable::Invalid),
        };
        let counters = old.map(|old| old.counters.clone()).unwrap_or_default();
        Self { token, base, listed, created_at, state, counters }
    }

    /// What is counted under this entry. An entry before it may have others; each is reported by itself.
    pub(super) fn counters(&self) -> &Arc<Counters> {
        self.counters.get_or_init(|| Arc::new(Counters::new(self.token)))
    }

    fn continues(&self, old: &Self) -> bool {
        match (&self.state, &old.state) {
            (State::Live(new), State::Live(old)) => Arc::ptr_eq(new, old),
            (State::Live(_) | State::Unavailable(_), _) => false,
        }
    }
}

impl Counters {
    fn new(token: Token) -> Self {
        Self {
            token,
            views: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            watched: AtomicBool::new(false),
            referrers: Mutex::default(),
            noted: AtomicBool::new(false),
        }
    }

    /// Of more hosts at once than anybody remembers, the later ones are left out.
    fn refer(&self, host: Box<str>) {
        let mut referrers = self.referrers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, views)) = referrers.iter_mut().find(|(known, _)| *known == host) {
            *views += 1;
        } else if referrers.len() < REFERRERS_MAX {
            referrers.push((host, 1));
        }
    }

    /// The note is withdrawn before the numbers are taken: what is counted in between is noted again, never lost.
    fn drain(&self) -> Usage {
        self.noted.swap(false, Ordering::AcqRel);
        Usage {
            token: self.token,
            views: self.views.swap(0, Ordering::Relaxed),
            bytes: self.bytes.swap(0, Ordering::Relaxed),
            watched: self.watched.swap(false, Ordering::Relaxed),
            referrers: mem::take(&mut *self.referrers.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }
}

#[cfg(test)]
mod tests;
