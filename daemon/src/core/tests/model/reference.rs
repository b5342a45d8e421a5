//! The rules once more, as plainly as possible: what is known of each video, and what a command or an event makes of it.
//!
//! Written from the rules, not from the code. Refusals are their names; `Err` leaves everything as it was.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use vodpost_protocol::ids::{Token, VideoId};
use vodpost_protocol::time::Timestamp;

use super::steps::Media;

pub(super) const DEADLINE: Duration = Duration::from_secs(4 * 3600);
pub(super) const GRACE: Duration = Duration::from_secs(24 * 3600);
pub(super) const RETRIES: u32 = 2;
/// A worker may say itself that it was too late.
const LAST_WORD: Duration = Duration::from_secs(10);

/// One content of a file, wherever that lies.
pub(super) type Bytes = u64;
/// By its place in [`super::disk::FILES`].
pub(super) type File = usize;
pub(super) type Answer = Result<(), &'static str>;

#[derive(Clone, Default)]
pub(super) struct Reference {
    pub(super) now: Timestamp,
    pub(super) account: Account,
    /// The oldest first; the forgotten ones too.
    pub(super) videos: Vec<Video>,
    /// What is in which bytes.
    pub(super) media: BTreeMap<Bytes, Media>,
    pub(super) paused: bool,
}

#[derive(Clone, Default)]
pub(super) struct Account {
    pub(super) four_eyes: bool,
    /// Enterprise or not, and who submitted it.
    pub(super) waiting: Option<(bool, u32)>,
    /// Of which kind the approval in force is.
    pub(super) approved: Option<bool>,
    pub(super) active: bool,
}

#[derive(Clone)]
pub(super) struct Video {
    pub(super) id: VideoId,
    /// By its place in [`super::disk::PLACES`].
    pub(super) place: usize,
    pub(super) files: BTreeMap<File, Bytes>,
    pub(super) source: Source,
    pub(super) on: bool,
    pub(super) conversion: Conversion,
    pub(super) postings: Vec<Posting>,
    pub(super) forgotten: bool,
    /// On which its files were seen last.
    pub(super) device: u64,
    /// When its files went into the trash of this daemon.
    pub(super) trashed_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Here,
    Away { since: Timestamp, why: Why },
    Deleted { hidden: bool, trashing: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// From a folder that could be read, so the grace period runs.
    Gone,
    RootLost,
    BeingWritten,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Conversion {
    None,
    Ordered(Order),
    Failed { labels: BTreeSet<String>, of: Bytes },
    Ready(Order),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) labels: BTreeSet<String>,
    pub(super) of: Bytes,
    pub(super) needs_worker: bool,
    pub(super) deadline: Timestamp,
    /// How often it failed for a cause that may pass, and until when it is not tried again.
    pub(super) setbacks: u32,
    pub(super) held: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Posting {
    pub(super) label: String,
    /// Learned from the code, for it is random.
    pub(super) token: Option<Token>,
    pub(super) on: bool,
    pub(super) views: u64,
}

impl Video {
    pub(super) fn is_deleted(&self) -> bool {
        match self.source {
            Source::Deleted { .. } => true,
            Source::Here | Source::Away { .. } => false,
        }
    }

    /// Neither deleted nor forgotten.
    pub(super) fn lives(&self) -> bool {
        !self.forgotten && !self.is_deleted()
    }

    pub(super) fn order(&self) -> Option<&Order> {
        match &self.conversion {
            Conversion::Ordered(order) => Some(order),
            Conversion::None | Conversion::Failed { .. } | Conversion::Ready(_) => None,
        }
    }

    /// The bytes that an order or an artifact was made of.
    pub(super) fn made_of(&self) -> Option<Bytes> {
        match &self.conversion {
            Conversion::Ordered(order) | Conversion::Ready(order) => Some(order.of),
            Conversion::None | Conversion::Failed { .. } => None,
        }
    }

    fn post(&mut self, label: &str) {
        if !self.postings.iter().any(|posting| posting.label == label) {
            self.postings.push(Posting { label: label.to_owned(), token: None, on: true, views: 0 });
        }
    }

    pub(super) fn end(&mut self, hidden: bool, trashing: bool) {
        self.source = Source::Deleted { hidden, trashing };
        self.conversion = Conversion::None;
    }
}

impl Reference {
    /// A1
    fn may_post(&self) -> Answer {
        if self.account.approved.is_none() {
            Err("not_verified")
        } else if self.account.active {
            Ok(())
        } else {
            Err("not_activated")
        }
    }

    fn living(&self, at: usize) -> Answer {
        let video = &self.videos[at];
        if video.forgotten {
            Err("no_such_video")
        } else if video.is_deleted() {
            Err("source_deleted")
        } else {
            Ok(())
        }
    }

    fn here(&self, at: usize) -> Answer {
        self.living(at)?;
        if self.videos[at].source == Source::Here { Ok(()) } else { Err("source_missing") }
    }

    /// C1: the MP4 with the highest bitrate, else the best of the others, then by name.
    fn chosen(&self, at: usize) -> Option<(Bytes, bool)> {
        let rank = |(file, bytes): (&File, &Bytes)| match self.media[bytes] {
            Media::Mp4 { kbps } => Some((1, kbps, std::cmp::Reverse(super::disk::FILES[*file]), *bytes)),
            Media::Mkv { kbps } => Some((0, kbps, std::cmp::Reverse(super::disk::FILES[*file]), *bytes)),
            Media::Broken => None,
        };
        self.videos[at].files.iter().filter_map(rank).max().map(|(mp4, .., bytes)| (bytes, mp4 == 0))
    }

    pub(super) fn order(&mut self, at: usize, labels: BTreeSet<String>) -> Answer {
        let (of, needs_worker) = self.chosen(at).ok_or("no_usable_rendition")?;
        let deadline = self.now.after(DEADLINE);
        self.videos[at].conversion =
            Conversion::Ordered(Order { labels, of, needs_worker, deadline, setbacks: 0, held: None });
        Ok(())
    }

    pub(super) fn generate(&mut self, at: usize, label: &str) -> Answer {
        self.may_post()?;
        self.here(at)?;
        let video = &mut self.videos[at];
        if !video.on {
            return Err("source_suspended");
        }
        let posted = video.postings.iter().any(|posting| posting.label == label);
        match &mut video.conversion {
            Conversion::Ready(_) => video.post(label),
            Conversion::Ordered(_) if posted => {}
            Conversion::Ordered(order) => {
                order.labels.insert(label.to_owned());
            }
            Conversion::None | Conversion::Failed { .. } => {
                return self.order(at, BTreeSet::from([label.to_owned()]));
            }
        }
        Ok(())
    }

    pub(super) fn retry(&mut self, at: usize) -> Answer {
        self.here(at)?;
        let labels = match &mut self.videos[at].conversion {
            Conversion::Failed { labels, .. } => labels.clone(),
            Conversion::Ordered(order) if order.held.is_some() => {
                order.held = None;
                return Ok(());
            }
            Conversion::None | Conversion::Ordered(_) | Conversion::Ready(_) => {
                return Err("wrong_conversion_state");
            }
        };
        if !labels.is_empty() {
            self.may_post()?;
        }
        self.order(at, labels)
    }

    pub(super) fn cancel(&mut self, at: usize) -> Answer {
        self.living(at)?;
        self.fail(at).ok_or("wrong_conversion_state")
    }

    pub(super) fn fail(&mut self, at: usize) -> Option<()> {
        let Order { labels, of, .. } = self.videos[at].order()?.clone();
        self.videos[at].conversion = Conversion::Failed { labels, of };
        Some(())
    }

    /// C5: tried again after half a minute, then after two, as long as the deadline allows it.
    pub(super) fn set_back(&mut self, at: usize) {
        let now = self.now;
        let Conversion::Ordered(order) = &mut self.videos[at].conversion else { panic!("nothing runs") };
        let again = now.after(Duration::from_secs(30 * 4u64.pow(order.setbacks)));
        if order.setbacks == RETRIES || again >= order.deadline {
            self.fail(at).unwrap();
            return;
        }
        order.setbacks += 1;
        order.held = Some(again);
    }

    /// P1; A4: after a revocation no URL is made.
    pub(super) fn ready(&mut self, at: usize) {
        let may_post = self.may_post().is_ok();
        let video = &mut self.videos[at];
        let mut order = video.order().unwrap().clone();
        for label in std::mem::take(&mut order.labels) {
            if may_post {
                video.post(&label);
            }
        }
        video.conversion = Conversion::Ready(order);
    }

    /// C5, P3: a converted file that is lost is made again, and its URLs wait for it.
    pub(super) fn remake(&mut self, at: usize) {
        let deadline = self.now.after(DEADLINE);
        let video = &mut self.videos[at];
        if let Conversion::Ready(order) = &video.conversion
            && order.needs_worker
        {
            let order = order.clone();
            let order = Order { labels: BTreeSet::new(), deadline, setbacks: 0, held: None, ..order };
            video.conversion = Conversion::Ordered(order);
        }
    }

    /// P4
    pub(super) fn set_postings(
        &mut self,
        at: usize,
        chosen: Range<usize>,
        on: bool,
        unknown: bool,
    ) -> Answer {
        self.living(at)?;
        if unknown {
            return Err("no_such_token");
        }
        for posting in &mut self.videos[at].postings[chosen] {
            posting.on = on;
        }
        Ok(())
    }

    /// P4
    pub(super) fn set_source(&mut self, at: usize, on: bool) -> Answer {
        self.living(at)?;
        self.videos[at].on = on;
        Ok(())
    }

    /// P5, L6
    pub(super) fn delete(&mut self, at: usize, keep_files: bool) -> Answer {
        self.living(at)?;
        let files_there = match self.videos[at].source {
            Source::Here | Source::Away { why: Why::BeingWritten, .. } => true,
            Source::Away { why: Why::RootLost, .. } if !keep_files => return Err("read_only_root"),
            Source::Away { .. } | Source::Deleted { .. } => false,
        };
        self.videos[at].end(keep_files || files_there, files_there && !keep_files);
        Ok(())
    }

    pub(super) fn submit(&mut self, enterprise: bool, by: u32) -> Answer {
        if self.account.waiting.is_some() {
            return Err("already_submitted");
        }
        match self.account.approved {
            None => {}
            Some(false) if enterprise => {}
            Some(_) => return Err("already_approved"),
        }
        self.account.waiting = Some((enterprise, by));
        Ok(())
    }

    fn take_waiting(&mut self, by: u32) -> Result<bool, &'static str> {
        let (enterprise, submitter) = self.account.waiting.ok_or("nothing_to_decide")?;
        if self.account.four_eyes && submitter == by {
            return Err("four_eyes");
        }
        self.account.waiting = None;
        Ok(enterprise)
    }

    pub(super) fn approve(&mut self, by: u32) -> Answer {
        self.account.approved = Some(self.take_waiting(by)?);
        Ok(())
    }

    pub(super) fn reject(&mut self, by: u32) -> Answer {
        self.take_waiting(by).map(drop)
    }

    /// A4; what waits for a decision goes on waiting.
    pub(super) fn revoke(&mut self) -> Answer {
        self.account.approved.take().map(drop).ok_or("nothing_to_decide")
    }

    pub(super) fn activate(&mut self) -> Answer {
        if self.account.active {
            return Err("already_activated");
        }
        self.account.approved.ok_or("not_verified")?;
        self.account.active = true;
        Ok(())
    }

    fn overdue_at(video: &Video, runs: &impl Fn(VideoId) -> bool) -> Option<Timestamp> {
        let deadline = video.order()?.deadline;
        Some(if runs(video.id) { deadline.after(LAST_WORD) } else { deadline })
    }

    /// When time will change something next.
    pub(super) fn next_due(&self, runs: &impl Fn(VideoId) -> bool) -> Option<Timestamp> {
        let late = self.videos.iter().filter_map(|video| Self::overdue_at(video, runs));
        let here = |video: &&Video| video.source == Source::Here;
        let again = self.videos.iter().filter(here).filter_map(|video| video.order()?.held);
        late.chain(again).min()
    }

    /// L5: when grace periods are over; then somebody has to look.
    pub(super) fn graces(&self) -> impl Iterator<Item = Timestamp> {
        self.videos.iter().filter_map(|video| match video.source {
            Source::Away { since, why: Why::Gone } if !video.forgotten => Some(since.after(GRACE)),
            Source::Here | Source::Away { .. } | Source::Deleted { .. } => None,
        })
    }

    /// C3
    pub(super) fn tick(&mut self, runs: &impl Fn(VideoId) -> bool) {
        for at in 0..self.videos.len() {
            if Self::overdue_at(&self.videos[at], runs).is_some_and(|at| at <= self.now) {
                self.fail(at).unwrap();
            }
            let video = &mut self.videos[at];
            if let Conversion::Ordered(order) = &mut video.conversion
                && video.source == Source::Here
            {
                order.held = order.held.filter(|until| *until > self.now);
            }
        }
    }
}
