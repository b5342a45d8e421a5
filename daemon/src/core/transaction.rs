//! One input's changes: made in memory as the rules go, taken back as a whole when a rule refuses or the disk fails.

use std::collections::{BTreeSet, HashMap};

use vodpost_protocol::event::EventKind;
use vodpost_protocol::ids::{Token, VideoId};
use vodpost_protocol::time::Timestamp;

use super::account::Account;
use super::actor::Actor;
use super::artifact::Progress;
use super::effect::Effect;
use super::event::{Event, Subject};
use super::posting::Posting;
use super::queue::{Machine, Queue};
use super::roots::AddedRoot;
use super::state::{Change, Settings, State, Undo};
use super::video::{LastChange, Video};

/// Where new ids come from: the system's randomness, or a fixed row in tests.
pub trait Dice: Send {
    fn video_bits(&mut self) -> u64;
    fn token_bits(&mut self) -> u128;
}

/// What the rules decided for one input.
#[derive(Debug, Default)]
pub struct Outcome {
    /// To be made durable before anything else happens.
    pub changes: Vec<Change>,
    /// Takes the changes back, last first, if they cannot be made durable.
    pub undo: Vec<Undo>,
    /// To be carried out once the changes are durable.
    pub effects: Vec<Effect>,
    /// Whose publications have to be looked at again.
    pub touched: BTreeSet<VideoId>,
}

pub struct Transaction<'a> {
    state: &'a mut State,
    settings: &'a Settings,
    around: &'a Around,
    dice: &'a mut dyn Dice,
    now: Timestamp,
    actor: Actor,
    outcome: Outcome,
    /// An order came, went or can go on: something may have to be started.
    queue_moved: bool,
    waits_for_room: bool,
}

/// What is known of the machine and of running work, and is never stored.
#[derive(Debug, Default)]
pub struct Around {
    pub machine: Machine,
    pub progress: HashMap<VideoId, Progress>,
    /// L6: why the files of a deleted video are not in the trash yet.
    pub trash_failures: HashMap<VideoId, String>,
    /// L6: when files went into the trash. A look that began before may have seen them where they were.
    pub trashed_at: HashMap<VideoId, Timestamp>,
}

impl<'a> Transaction<'a> {
    pub(super) fn begin(
        state: &'a mut State,
        settings: &'a Settings,
        around: &'a Around,
        dice: &'a mut dyn Dice,
        now: Timestamp,
        actor: Actor,
    ) -> Self {
        Self {
            state,
            settings,
            around,
            dice,
            now,
            actor,
            outcome: Outcome::default(),
            queue_moved: false,
            waits_for_room: false,
        }
    }

    pub(super) fn finish(self) -> Outcome {
        self.outcome
    }

    /// Takes everything back.
    pub(super) fn abandon(self) {
        for undo in self.outcome.undo.into_iter().rev() {
            self.state.undo(undo);
        }
    }

    pub(super) fn state(&self) -> &State {
        self.state
    }

    pub(super) fn account(&self) -> &Account {
        self.state.account()
    }

    pub(super) fn settings(&self) -> &Settings {
        self.settings
    }

    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    pub(super) fn actor(&self) -> &Actor {
        &self.actor
    }

    /// What is known of the machine, and how far running conversions are.
    pub(super) fn around(&self) -> &Around {
        self.around
    }

    /// Whether a look that began at this moment may have seen the files of a deleted video, which are in the trash now.
    pub(super) fn was_trashed_since(&self, look_began_at: Timestamp, id: VideoId) -> bool {
        self.around.trashed_at.get(&id).is_some_and(|at| *at >= look_began_at)
    }

    /// Something could start if the disk had room for it.
    pub(super) fn wait_for_room(&mut self) {
        self.waits_for_room = true;
    }

    pub(super) fn is_short_of_room(&self) -> bool {
        self.waits_for_room
    }

    fn has_order(&self, id: VideoId) -> bool {
        self.state.video(id).is_some_and(|video| video.order().is_some())
    }

    pub(super) fn has_moved_queue(&self) -> bool {
        self.queue_moved
    }

    fn apply(&mut self, mut change: Change) {
        self.state.share(&mut change);
        self.outcome.undo.push(self.state.apply(change.clone()));
        self.outcome.changes.push(change);
    }

    pub(super) fn put_video(&mut self, video: Video) {
        self.outcome.touched.insert(video.id);
        self.queue_moved |= video.order().is_some() || self.has_order(video.id);
        self.apply(Change::Video(Box::new(video)));
    }

    pub(super) fn forget_video(&mut self, id: VideoId) {
        self.outcome.touched.insert(id);
        self.queue_moved |= self.has_order(id);
        self.apply(Change::ForgetVideo(id));
    }

    pub(super) fn put_posting(&mut self, posting: Posting) {
        self.outcome.touched.insert(posting.video);
        self.apply(Change::Posting(posting));
    }

    /// Usage counters: nothing that anybody serves or sees changes by it.
    pub(super) fn put_posting_counters(&mut self, posting: Posting) {
        self.apply(Change::Posting(posting));
    }

    pub(super) fn put_queue(&mut self, queue: Queue) {
        self.queue_moved = true;
        self.apply(Change::Queue(queue));
    }

    pub(super) fn put_roots(&mut self, roots: Vec<AddedRoot>) {
        self.apply(Change::Roots(roots));
    }

    pub(super) fn put_account(&mut self, account: Account) {
        self.apply(Change::Account(Box::new(account)));
    }

    pub(super) fn effect(&mut self, effect: Effect) {
        self.outcome.effects.push(effect);
    }

    /// S2: records what happened; for a video also as its last change.
    pub(super) fn event(&mut self, what: EventKind, subject: Subject, detail: Option<String>) {
        let video = match &subject {
            Subject::Account | Subject::Queue | Subject::Library => None,
            Subject::Video { id, .. } | Subject::Posting { video: id, .. } => self.state.video(*id).cloned(),
        };
        if let Some(mut video) = video {
            video.last_change = Some(LastChange { at: self.now, actor: self.actor.clone(), what });
            self.put_video(video);
        }
        let seq = self.state.last_seq() + 1;
        let event = Event { seq, at: self.now, actor: self.actor.clone(), what, subject, detail };
        self.effect(Effect::Announce(event.clone()));
        self.apply(Change::Event(event));
        while seq - self.state.oldest_seq() >= self.settings.events_kept {
            self.apply(Change::ForgetEvent(self.state.oldest_seq()));
        }
    }

    /// The newest one stays, for numbers go on from it.
    pub(super) fn forget_events_before(&mut self, seq: u64) {
        while self.state.oldest_seq() < seq.min(self.state.last_seq()) {
            self.apply(Change::ForgetEvent(self.state.oldest_seq()));
        }
    }

    /// An event about a whole video.
    pub(super) fn video_event(&mut self, what: EventKind, video: &Video, detail: Option<String>) {
        self.event(what, Subject::Video { id: video.id, title: video.title() }, detail);
    }

    /// An id that no video has.
    pub(super) fn new_video_id(&mut self) -> VideoId {
        loop {
            let id = VideoId::from_random(self.dice.video_bits());
            if self.state.video(id).is_none() {
                return id;
            }
        }
    }

    /// P2: a token that no posting has or had; postings are never removed.
    pub(super) fn new_token(&mut self) -> Token {
        loop {
            let token = Token::from_random(self.dice.token_bits());
            if self.state.posting(token).is_none() {
                return token;
            }
        }
    }
}
