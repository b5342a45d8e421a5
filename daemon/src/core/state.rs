//! Everything the daemon knows, in memory. Changed only through [`State::apply`], whose answer undoes the change.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashTable;
use vodpost_protocol::ids::{Token, VideoId};
use vodpost_protocol::status::SettingOrigin;
use vodpost_protocol::time::Timestamp;

use super::account::Account;
use super::event::Event;
use super::index::{Index, Standing};
use super::line::Line;
use super::posting::Posting;
use super::queue::{Queue, overdue_at};
use super::roots::AddedRoot;
use super::shared::SharedParts;
use super::video::{MissingCause, Place, Source, Video};

/// What the rules need to know of the configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// C3
    pub conversion_deadline: Duration,
    /// L5
    pub missing_grace: Duration,
    /// A3
    pub four_eyes: bool,
    /// S2: how many events are kept.
    pub events_kept: u64,
    /// How many ffmpeg processes may run at once.
    pub workers: usize,
    /// How often a conversion that failed for a cause that may pass is tried again.
    pub retries: u32,
    /// P7: whether the platform shows new postings.
    pub list_postings: bool,
    /// L1: the folders that the configuration names, and where it does.
    pub roots: Vec<Arc<Path>>,
    pub roots_origin: SettingOrigin,
    /// No folder of the library may lie in it, or around it.
    pub state_dir: PathBuf,
}

/// One record of the state as it shall be. A commit is a list of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Video(Box<Video>),
    /// A video that never had a URL and whose files are gone.
    ForgetVideo(VideoId),
    Posting(Posting),
    Account(Box<Account>),
    Queue(Queue),
    /// All that were added.
    Roots(Vec<AddedRoot>),
    Event(Event),
    /// The oldest event is not kept any more.
    ForgetEvent(u64),
}

/// Puts back what a change replaced.
#[derive(Debug)]
pub enum Undo {
    Video(VideoId, Option<Box<Video>>),
    Posting(Token, Option<Posting>),
    Account(Box<Account>),
    Queue(Queue),
    Roots(Vec<AddedRoot>),
    /// Newest and oldest event before.
    Events {
        last: u64,
        oldest: u64,
    },
}

/// A video at the place that has this hash; the place itself is in the video.
#[derive(Debug)]
struct AtPlace {
    hash: u64,
    video: VideoId,
}

/// A video with its postings.
#[derive(Debug, Default)]
struct Kept {
    /// `None` while records are read in any order.
    video: Option<Video>,
    /// The oldest first.
    postings: Box<[Posting]>,
}

#[derive(Debug, Default)]
pub struct State {
    kept: BTreeMap<VideoId, Box<Kept>>,
    account: Account,
    queue: Queue,
    roots: Vec<AddedRoot>,
    last_seq: u64,
    /// The oldest event that is kept; 0 when there is none.
    oldest_seq: u64,
    // Indexes, all derived from the above.
    /// Two videos may be at one place for a moment, while they change places.
    by_place: HashTable<AtPlace>,
    keys: RandomState,
    video_of: HashMap<Token, VideoId>,
    /// Conversions that wait or run, and sources that are missing: what time can change.
    timed: BTreeSet<VideoId>,
    line: Line,
    /// By the moment at which time alone ends the order that waits or runs.
    deadlines: BTreeSet<(Timestamp, VideoId)>,
    /// By the moment from which the grace period counts.
    vanished: BTreeSet<(Timestamp, VideoId)>,
    index: Index,
    shared: SharedParts,
}

/// Fills a state with records, in any order. Where every video stands is found out once, at the end.
#[derive(Debug, Default)]
pub struct Loader {
    state: State,
}

impl Loader {
    pub fn take(&mut self, mut record: Change) {
        self.state.share(&mut record);
        self.state.put(record);
    }

    #[must_use]
    pub fn finish(self) -> State {
        let Self { mut state } = self;
        // What was filled one after the other is half empty.
        state.kept = std::mem::take(&mut state.kept).into_iter().collect();
        state.index = Index::of(state.videos().map(|video| state.standing_of(video)));
        state
    }
}

impl State {
    /// Lets a record have its parts in common with those that are there.
    pub(super) fn share(&mut self, record: &mut Change) {
        self.shared.share(record);
    }

    pub fn apply(&mut self, change: Change) -> Undo {
        let touched = match &change {
            Change::Video(video) => Some(video.id),
            Change::ForgetVideo(id) => Some(*id),
            Change::Posting(posting) => Some(posting.video),
            Change::Account(_) | Change::Queue(_) | Change::Roots(_) => None,
            Change::Event(_) | Change::ForgetEvent(_) => None,
        };
        let before = touched.and_then(|id| self.standing(id));
        let undo = self.put(change);
        let after = touched.and_then(|id| self.standing(id));
        self.index.change(before, after);
        undo
    }

    fn standing(&self, id: VideoId) -> Option<Standing> {
        self.video(id).map(|video| self.standing_of(video))
    }

    fn standing_of(&self, video: &Video) -> Standing {
        Standing::of(video, self.postings_of(video.id))
    }

    fn put(&mut self, change: Change) -> Undo {
        match change {
            Change::Video(video) => {
                let id = video.id;
                Undo::Video(id, self.replace_video(id, Some(*video)).map(Box::new))
            }
            Change::ForgetVideo(id) => Undo::Video(id, self.replace_video(id, None).map(Box::new)),
            Change::Posting(posting) => {
                let token = posting.token;
                Undo::Posting(token, self.replace_posting(token, Some(posting)))
            }
            Change::Account(account) => {
                Undo::Account(Box::new(std::mem::replace(&mut self.account, *account)))
            }
            Change::Queue(queue) => Undo::Queue(self.replace_queue(queue)),
            Change::Roots(roots) => Undo::Roots(std::mem::replace(&mut self.roots, roots)),
            Change::Event(event) => {
                let before = Undo::Events { last: self.last_seq, oldest: self.oldest_seq };
                self.last_seq = event.seq;
                if self.oldest_seq == 0 {
                    self.oldest_seq = event.seq;
                }
                before
            }
            Change::ForgetEvent(seq) => {
                let before = Undo::Events { last: self.last_seq, oldest: self.oldest_seq };
                self.oldest_seq = seq + 1;
                before
            }
        }
    }

    pub fn undo(&mut self, undo: Undo) {
        let touched = match &undo {
            Undo::Video(id, _) => Some(*id),
            Undo::Posting(token, posting) => {
                posting.as_ref().or_else(|| self.posting(*token)).map(|posting| posting.video)
            }
            Undo::Account(_) | Undo::Queue(_) | Undo::Roots(_) | Undo::Events { .. } => None,
        };
        let before = touched.and_then(|id| self.standing(id));
        self.put_back(undo);
        let after = touched.and_then(|id| self.standing(id));
        self.index.change(before, after);
    }

    fn put_back(&mut self, undo: Undo) {
        match undo {
            Undo::Video(id, video) => {
                self.replace_video(id, video.map(|video| *video));
            }
            Undo::Posting(token, posting) => {
                self.replace_posting(token, posting);
            }
            Undo::Account(account) => self.account = *account,
            Undo::Queue(queue) => drop(self.replace_queue(queue)),
            Undo::Roots(roots) => self.roots = roots,
            Undo::Events { last, oldest } => {
                self.last_seq = last;
                self.oldest_seq = oldest;
            }
        }
    }

    /// Turns follow from the speeds that are known; with other speeds they are others.
    fn replace_queue(&mut self, queue: Queue) -> Queue {
        let old = std::mem::replace(&mut self.queue, queue);
        if old.rates != self.queue.rates {
            let in_turn: Vec<VideoId> = self.line.turns().collect();
            for id in in_turn {
                let video = self.kept.get(&id).and_then(|kept| kept.video.as_ref());
                self.line.put(id, video, &self.queue.rates);
            }
        }
        old
    }

    fn replace_video(&mut self, id: VideoId, video: Option<Video>) -> Option<Video> {
        self.line.put(id, video.as_ref(), &self.queue.rates);
        let kept = self.kept.entry(id).or_default();
        let old = std::mem::replace(&mut kept.video, video);
        if let Some(old) = &old {
            if let Ok(entry) = self.by_place.find_entry(self.keys.hash_one(&old.place), |at| at.video == id) {
                entry.remove();
            }
            self.timed.remove(&id);
            if let Some(at) = overdue_at(old) {
                self.deadlines.remove(&(at, id));
            }
            if let Some(since) = vanished_since(old) {
                self.vanished.remove(&(since, id));
            }
        }
        if let Some(video) = &kept.video {
            if !video.is_deleted() {
                let hash = self.keys.hash_one(&video.place);
                self.by_place.insert_unique(hash, AtPlace { hash, video: id }, |at| at.hash);
            }
            if is_timed(video) {
                self.timed.insert(id);
            }
            if let Some(at) = overdue_at(video) {
                self.deadlines.insert((at, id));
            }
            if let Some(since) = vanished_since(video) {
                self.vanished.insert((since, id));
            }
        }
        self.forget_if_empty(id);
        old
    }

    fn replace_posting(&mut self, token: Token, posting: Option<Posting>) -> Option<Posting> {
        let id =
            posting.as_ref().map(|posting| posting.video).or_else(|| self.video_of.get(&token).copied())?;
        match &posting {
            Some(_) => self.video_of.insert(token, id),
            None => self.video_of.remove(&token),
        };
        let kept = self.kept.entry(id).or_default();
        let old = match (kept.postings.iter_mut().find(|known| known.token == token), posting) {
            (Some(known), Some(posting)) => Some(std::mem::replace(known, posting)),
            (None, Some(posting)) => {
                let mut postings = std::mem::take(&mut kept.postings).into_vec();
                let at = postings.partition_point(|other| other.age() < posting.age());
                postings.reserve_exact(1);
                postings.insert(at, posting);
                kept.postings = postings.into_boxed_slice();
                None
            }
            (Some(_), None) => {
                let mut postings = std::mem::take(&mut kept.postings).into_vec();
                let old = postings.extract_if(.., |known| known.token == token).next();
                kept.postings = postings.into_boxed_slice();
                old
            }
            (None, None) => None,
        };
        self.forget_if_empty(id);
        old
    }

    fn forget_if_empty(&mut self, id: VideoId) {
        if self.kept.get(&id).is_some_and(|kept| kept.video.is_none() && kept.postings.is_empty()) {
            self.kept.remove(&id);
        }
    }

    #[must_use]
    pub fn video(&self, id: VideoId) -> Option<&Video> {
        self.kept.get(&id)?.video.as_ref()
    }

    /// In the order of their ids.
    pub fn videos(&self) -> impl Iterator<Item = &Video> {
        self.kept.values().filter_map(|kept| kept.video.as_ref())
    }

    /// Videos whose ids lie between these two, which are included.
    pub fn videos_between(&self, first: VideoId, last: VideoId) -> impl Iterator<Item = &Video> {
        self.kept.range(first..=last).filter_map(|(_, kept)| kept.video.as_ref())
    }

    /// The video that lives at this place; deleted ones do not.
    #[must_use]
    pub fn video_at(&self, place: &Place) -> Option<&Video> {
        let lives_here = |at: &AtPlace| self.video(at.video).is_some_and(|video| video.place == *place);
        self.video(self.by_place.find(self.keys.hash_one(place), lives_here)?.video)
    }

    /// The orders of lists, and what is counted.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.index
    }

    #[must_use]
    pub fn posting(&self, token: Token) -> Option<&Posting> {
        self.postings_of(*self.video_of.get(&token)?).find(|posting| posting.token == token)
    }

    /// The oldest first.
    pub fn postings_of(&self, video: VideoId) -> impl Iterator<Item = &Posting> + Clone {
        self.kept.get(&video).into_iter().flat_map(|kept| &kept.postings)
    }

    /// In the order of their videos.
    pub fn postings(&self) -> impl Iterator<Item = &Posting> {
        self.kept.values().flat_map(|kept| &kept.postings)
    }

    /// Each with its video.
    pub(super) fn posted(&self) -> impl Iterator<Item = (&Video, &Posting)> {
        let kept = self.kept.values().filter_map(|kept| Some((kept.video.as_ref()?, &kept.postings)));
        kept.flat_map(|(video, postings)| postings.iter().map(move |posting| (video, posting)))
    }

    #[must_use]
    pub fn postings_count(&self) -> usize {
        self.video_of.len()
    }

    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    #[must_use]
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// L1: the folders that were added while the daemon ran, the oldest first.
    #[must_use]
    pub fn roots(&self) -> &[AddedRoot] {
        &self.roots
    }

    /// The videos of one folder of the library that were not deleted.
    pub fn videos_in(&self, root: &Path) -> impl Iterator<Item = &Video> {
        self.videos().filter(move |video| !video.is_deleted() && *video.place.root == *root)
    }

    /// The orders that wait and run, by what they wait for.
    #[must_use]
    pub fn line(&self) -> &Line {
        &self.line
    }

    /// The number of the newest event; 0 before the first.
    #[must_use]
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// The number of the oldest event that is kept; 0 when there is none.
    #[must_use]
    pub fn oldest_seq(&self) -> u64 {
        self.oldest_seq
    }

    /// Videos on which time acts: missing ones and those with a conversion that waits or runs.
    pub fn timed(&self) -> impl Iterator<Item = &Video> {
        self.timed.iter().filter_map(|id| self.video(*id))
    }

    /// When time alone will next change something.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let late = self.deadlines.first().map(|(deadline, _)| *deadline);
        late.into_iter().chain(self.line.next_release()).min()
    }

    /// C3: whose conversion has missed its deadline by now.
    pub fn overdue(&self, now: Timestamp) -> impl Iterator<Item = &Video> {
        let over = self.deadlines.iter().take_while(move |(deadline, _)| *deadline <= now);
        over.filter_map(|(_, id)| self.video(*id))
    }

    /// L5: since when the video has been gone that is gone for longest.
    #[must_use]
    pub fn first_vanished(&self) -> Option<Timestamp> {
        self.vanished.first().map(|(since, _)| *since)
    }

    /// The first that vanished later than at this moment.
    #[must_use]
    pub fn vanished_after(&self, moment: Timestamp) -> Option<Timestamp> {
        let later = (moment.after(Duration::from_millis(1)), VideoId::from_random(0));
        self.vanished.range(later..).next().map(|(since, _)| *since)
    }
}

/// L5: since when the files of a video are known to be gone.
pub(super) fn vanished_since(video: &Video) -> Option<Timestamp> {
    match &video.source {
        Source::Missing { since, cause: MissingCause::Vanished } => Some(*since),
        Source::Missing { cause: MissingCause::RootUnavailable(_) | MissingCause::BeingWritten, .. }
        | Source::Present
        | Source::Deleted(_) => None,
    }
}

fn is_timed(video: &Video) -> bool {
    video.order().is_some() || matches!(video.source, Source::Missing { .. })
}
