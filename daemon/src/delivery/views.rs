//! What counts as a view: one viewer who plays one video, however many requests the player makes of it.
//!
//! A viewer is an address and a `User-Agent`, hashed with a random salt that lives in memory for a day, so that nobody can
//! tell later who it was. A view is counted once so much of the media was sent to a viewer that it is being watched; asking
//! for the index, probing and preloading stay below that. It goes on until the viewer has taken nothing for half an hour.
//!
//! Two generations of viewers are kept in parts with a lock each, and the older one is given up as a whole: the memory is
//! bounded, leaving costs nothing, and a crowd that does not fit makes some be counted twice rather than anybody wait.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::mem;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use lru::LruCache;
use sha2::{Digest, Sha256};
use vodpost_protocol::ids::Token;

use super::address::network_bytes;

/// After so long without a byte the next playback is another view.
const WINDOW_S: u32 = 30 * 60;
const SALT_LIFE: Duration = Duration::from_secs(24 * 3600);
const PARTS: usize = 64;
/// As many as a hash map of 8192 places takes. All parts hold 917,504 in two generations, in 26 MB.
const GENERATION_MAX: usize = 7168;
/// Viewers of a part whose page is open and who have not played yet.
const ARRIVALS_MAX: NonZeroUsize = NonZeroUsize::new(256).unwrap();
/// What is played for less is a glance.
const WATCHED_S: u64 = 10;
/// What players load before they are told to play, at low bitrates too.
const PRELOADED_BYTES: u64 = 512 * 1024;
/// More than ten seconds of any bitrate; a duration may be wrong.
const NEEDED_MAX: u32 = 1 << 30;
/// So often a long transfer says that it goes on.
const REFRESH_S: u32 = 60;

#[derive(Debug)]
pub(super) struct Views {
    begun: Instant,
    salts: RwLock<Salts>,
    mixer: RandomState,
    parts: Box<[Mutex<Part>]>,
}

#[derive(Debug)]
struct Salts {
    made: Duration,
    now: [u8; 32],
    /// Until nobody who was counted under it can still be watching.
    before: Option<[u8; 32]>,
}

/// Who asks, for as long as a salt lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Viewer {
    now: u64,
    before: Option<u64>,
}

/// As it is written into logs.
impl fmt::Display for Viewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.now)
    }
}

/// A viewer of one posting.
#[derive(Debug, Clone, Copy)]
struct Watch {
    now: u64,
    before: Option<u64>,
}

#[derive(Debug, Default)]
struct Part {
    young: HashMap<u64, Seen>,
    old: HashMap<u64, Seen>,
    turned_s: u32,
    /// Where those came from who have not played yet.
    arrivals: Option<LruCache<u64, Box<str>>>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    at_s: u32,
    progress: Progress,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// Bytes of media.
    Sent(u32),
    Counted,
}

/// A view that has just begun, with the host of the page that led to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct View {
    pub(super) referrer: Option<Box<str>>,
}

impl Views {
    /// # Errors
    /// When the system has no random numbers.
    pub(super) fn new() -> Result<Self, getrandom::Error> {
        let salts = Salts { made: Duration::ZERO, now: salt()?, before: None };
        let parts = (0..PARTS).map(|_| Mutex::default()).collect();
        Ok(Self { begun: Instant::now(), salts: RwLock::new(salts), mixer: RandomState::new(), parts })
    }

    pub(super) fn viewer(&self, address: IpAddr, agent: &[u8]) -> Viewer {
        self.viewer_at(address, agent, self.begun.elapsed())
    }

    fn viewer_at(&self, address: IpAddr, agent: &[u8], now: Duration) -> Viewer {
        self.turn_salts(now);
        let salts = self.salts.read().unwrap_or_else(PoisonError::into_inner);
        let hashed = |salt: &[u8; 32]| {
            let network = network_bytes(address);
            let digest = Sha256::new().chain_update(salt).chain_update(network).chain_update(agent);
            let [a, b, c, d, e, f, g, h, ..]: [u8; 32] = digest.finalize().into();
            u64::from_be_bytes([a, b, c, d, e, f, g, h])
        };
        Viewer { now: hashed(&salts.now), before: salts.before.as_ref().map(hashed) }
    }

    /// A salt that cannot be replaced stays; the next viewer tries again.
    fn turn_salts(&self, now: Duration) {
        let due = |salts: &Salts| {
            let age = now.saturating_sub(salts.made);
            let settled = salts.before.is_some() && age >= Duration::from_secs(WINDOW_S.into());
            (age >= SALT_LIFE, settled)
        };
        if due(&self.salts.read().unwrap_or_else(PoisonError::into_inner)) == (false, false) {
            return;
        }
        let mut salts = self.salts.write().unwrap_or_else(PoisonError::into_inner);
        match due(&salts) {
            (true, _) => match salt() {
                Ok(new) => {
                    let before = mem::replace(&mut salts.now, new);
                    (salts.made, salts.before) = (now, Some(before));
                }
                Err(error) => tracing::error!(%error, "no random numbers from the system"),
            },
            (false, true) => salts.before = None,
            (false, false) => {}
        }
    }

    /// A viewer opens the page of a posting, coming from this host.
    pub(super) fn arrive(&self, viewer: Viewer, token: Token, host: Box<str>) {
        let id = self.watch(viewer, token).now;
        let mut part = self.part(id);
        part.arrivals.get_or_insert_with(|| LruCache::new(ARRIVALS_MAX)).put(id, host);
    }

    /// Sending bytes of a video to a viewer, from this place on.
    pub(super) fn viewing(&self, viewer: Viewer, token: Token, media: &MediaSpan, at: u64) -> Viewing<'_> {
        let watch = self.watch(viewer, token);
        let (media_start, needed) = (media.start, media.needed());
        Viewing { views: self, watch, media_start, needed, at, counted_s: None }
    }

    fn watch(&self, viewer: Viewer, token: Token) -> Watch {
        let id = |viewer: u64| self.mixer.hash_one((viewer, token));
        Watch { now: id(viewer.now), before: viewer.before.map(id) }
    }

    /// So many bytes of media were sent. Tells when that makes it a view.
    fn sent(&self, watch: Watch, bytes: u64, needed: u32, now_s: u32) -> Outcome {
        let before = watch.before.and_then(|id| self.part(id).take(id, now_s));
        let mut part = self.part(watch.now);
        let seen = part.seen(watch.now, before, now_s);
        let sent = match seen.progress {
            Progress::Counted => return Outcome::Counted,
            Progress::Sent(sent) => sent.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX)),
        };
        if sent < needed {
            seen.progress = Progress::Sent(sent);
            return Outcome::NotYet;
        }
        seen.progress = Progress::Counted;
        let referrer = part.arrivals.as_mut().and_then(|arrivals| arrivals.pop(&watch.now));
        Outcome::Begins(View { referrer })
    }

    fn refresh(&self, watch: Watch, now_s: u32) {
        self.part(watch.now).seen(watch.now, None, now_s).progress = Progress::Counted;
    }

    fn part(&self, id: u64) -> MutexGuard<'_, Part> {
        // The remainder is less than their number.
        let part = &self.parts[(id % PARTS as u64) as usize];
        part.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_s(&self) -> u32 {
        u32::try_from(self.begun.elapsed().as_secs()).unwrap_or(u32::MAX)
    }
}

/// What bytes that were sent to a viewer mean.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing, so far.
    NotYet,
    Begins(View),
    /// A view goes on that was counted before.
    Counted,
}

impl Part {
    /// What is known of this one, which is seen now.
    fn seen(&mut self, id: u64, before: Option<Seen>, now_s: u32) -> &mut Seen {
        if self.young.len() >= GENERATION_MAX || now_s.saturating_sub(self.turned_s) >= WINDOW_S {
            self.old = mem::take(&mut self.young);
            self.turned_s = now_s;
        }
        let known = self.take(id, now_s).or(before);
        let progress = known.map_or(Progress::Sent(0), |seen| seen.progress);
        self.young.entry(id).insert_entry(Seen { at_s: now_s, progress }).into_mut()
    }

    fn take(&mut self, id: u64, now_s: u32) -> Option<Seen> {
        let seen = self.young.remove(&id).or_else(|| self.old.remove(&id))?;
        (now_s.saturating_sub(seen.at_s) < WINDOW_S).then_some(seen)
    }
}

/// Where the media of a served file is, and how long it plays.
#[derive(Debug, Clone, Copy)]
pub(super) struct MediaSpan {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) duration_ms: u64,
}

impl MediaSpan {
    /// Bytes after which it counts as watched: ten seconds of it, but more than is preloaded, and less than all.
    fn needed(&self) -> u32 {
        let len = u128::from(self.end.saturating_sub(self.start));
        let watched = len * u128::from(WATCHED_S * 1000) / u128::from(self.duration_ms.max(1));
        let needed = watched.max(PRELOADED_BYTES.into()).min(len * 9 / 10);
        u32::try_from(needed).unwrap_or(NEEDED_MAX).clamp(1, NEEDED_MAX)
    }
}

/// One transfer, as far as views are concerned.
#[derive(Debug)]
pub(super) struct Viewing<'v> {
    views: &'v Views,
    watch: Watch,
    media_start: u64,
    needed: u32,
    /// The place of the next byte.
    at: u64,
    /// When its view was last known to go on.
    counted_s: Option<u32>,
}

impl Viewing<'_> {
    /// So many more bytes were sent.
    pub(super) fn sent(&mut self, bytes: u64) -> Outcome {
        let from = self.at.max(self.media_start);
        self.at = self.at.saturating_add(bytes);
        let media = self.at.saturating_sub(from);
        if media == 0 {
            return Outcome::NotYet;
        }
        let now_s = self.views.now_s();
        match self.counted_s {
            Some(counted_s) => {
                if now_s.saturating_sub(counted_s) >= REFRESH_S {
                    self.views.refresh(self.watch, now_s);
                    self.counted_s = Some(now_s);
                }
                Outcome::Counted
            }
            None => {
                let outcome = self.views.sent(self.watch, media, self.needed, now_s);
                self.counted_s = match outcome {
                    Outcome::NotYet => None,
                    Outcome::Begins(_) | Outcome::Counted => Some(now_s),
                };
                outcome
            }
        }
    }
}

fn salt() -> Result<[u8; 32], getrandom::Error> {
    let mut salt = [0; 32];
    getrandom::fill(&mut salt)?;
    Ok(salt)
}

#[cfg(test)]
mod tests;
