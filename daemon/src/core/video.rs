//! A video of the library: where its files are, what they are, and what became of its conversion.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use vodpost_protocol::event::EventKind;
use vodpost_protocol::ids::{Label, VideoId};
use vodpost_protocol::time::Timestamp;
use vodpost_protocol::video::Switch;

use super::actor::Actor;
use super::artifact::{Artifact, Failure, JobId};
use super::file_name::FileName;
use super::media::{FileIdentity, MediaInfo};
use super::plan::Plan;
use super::work::Work;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Video {
    pub id: VideoId,
    pub place: Place,
    pub added_at: Timestamp,
    pub source: Source,
    /// The source switch.
    pub switch: Switch,
    /// Sorted by name.
    pub renditions: Box<[Rendition]>,
    pub conversion: Conversion,
    /// Attempts so far; the next one gets the next number, so that a late result is recognised.
    pub attempts: u32,
    pub last_change: Option<LastChange>,
}

impl Video {
    /// The common base name of the files, made readable where it is not UTF-8.
    #[must_use]
    pub fn title(&self) -> String {
        title(&self.place.base).into_owned()
    }

    #[must_use]
    pub fn path_of(&self, file: &FileName) -> PathBuf {
        self.place.root.join(&self.place.folder).join(file.to_os_string())
    }

    #[must_use]
    pub fn is_deleted(&self) -> bool {
        match self.source {
            Source::Deleted(_) => true,
            Source::Present | Source::Missing { .. } => false,
        }
    }

    /// The artifact, if it is valid: made, and made of the source as it is now.
    #[must_use]
    pub fn artifact(&self) -> Option<&Artifact> {
        match &self.conversion {
            Conversion::Ready(ready) => Some(&ready.artifact),
            Conversion::None | Conversion::Queued(_) | Conversion::Running(_) | Conversion::Failed(_) => None,
        }
    }

    /// The order whose result is served, or will be: its file must not change.
    #[must_use]
    pub fn made_of(&self) -> Option<&Order> {
        match &self.conversion {
            Conversion::Queued(_) | Conversion::Running(_) => self.order(),
            Conversion::Ready(ready) => Some(&ready.order),
            Conversion::None | Conversion::Failed(_) => None,
        }
    }

    /// The order that waits or is carried out.
    #[must_use]
    pub fn order(&self) -> Option<&Order> {
        match &self.conversion {
            Conversion::Queued(waiting) => Some(&waiting.order),
            Conversion::Running(running) => Some(&running.order),
            Conversion::None | Conversion::Failed(_) | Conversion::Ready(_) => None,
        }
    }

    pub(super) fn order_mut(&mut self) -> Option<&mut Order> {
        match &mut self.conversion {
            Conversion::Queued(waiting) => Some(&mut waiting.order),
            Conversion::Running(running) => Some(&mut running.order),
            Conversion::None | Conversion::Failed(_) | Conversion::Ready(_) => None,
        }
    }

    /// What the file of an order was found to be.
    #[must_use]
    pub fn media_of(&self, order: &Order) -> Option<&MediaInfo> {
        let rendition = self.renditions.iter().find(|rendition| rendition.name == order.rendition)?;
        rendition.media.as_ref().ok()
    }

    /// How much work its order is; `None` where there is none, or it takes no worker.
    #[must_use]
    pub fn work(&self) -> Option<Work> {
        let order = self.order()?;
        Work::of(&order.plan, self.media_of(order)?, order.identity.size_bytes)
    }
}

/// The base name of a video made readable.
#[must_use]
pub fn title(base: &OsStr) -> Cow<'_, str> {
    base.to_string_lossy()
}

/// L1: the files of one folder that share a base name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    pub root: Arc<Path>,
    /// Below the root; empty at its top. Shared by the videos in it.
    pub folder: Arc<Path>,
    pub base: Arc<OsStr>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Present,
    Missing { since: Timestamp, cause: MissingCause },
    Deleted(Deletion),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MissingCause {
    /// The files are not in their folder. Counts as deleted after the grace period (L5).
    Vanished,
    /// The root cannot be read, for this reason. Never counts as deleted (L5).
    RootUnavailable(Arc<str>),
    /// The files are being overwritten and have not settled (L2). Never counts as deleted, however long it takes.
    BeingWritten,
}

impl MissingCause {
    /// Whether the two differ in their reason at most.
    #[must_use]
    pub fn is_kind_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Vanished, Self::Vanished)
            | (Self::RootUnavailable(_), Self::RootUnavailable(_))
            | (Self::BeingWritten, Self::BeingWritten) => true,
            (Self::Vanished | Self::RootUnavailable(_) | Self::BeingWritten, _) => false,
        }
    }
}

/// P5: final.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    pub at: Timestamp,
    pub by: Actor,
    pub how: DeletionKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletionKind {
    /// The files are on their way to the trash folder; repeated after a crash until it is done.
    Trashing,
    Trashed,
    /// The files stay where they are and are no longer looked at.
    FilesKept,
    /// The files were away for longer than the grace period.
    GraceOver,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendition {
    pub name: FileName,
    pub identity: FileIdentity,
    pub media: Result<MediaInfo, Unusable>,
}

/// Why a file cannot be used, in one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    pub reason: String,
    /// The reason lies in this machine (a missing program), so the next scan looks again.
    pub look_again: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conversion {
    None,
    Queued(Box<Waiting>),
    Running(Box<Running>),
    Failed(Box<Failed>),
    /// Shared with the public server, which knows of it whatever is served.
    Ready(Arc<Ready>),
}

impl Conversion {
    /// A new order, at its place in the queue.
    #[must_use]
    pub fn waiting(order: Order) -> Self {
        Self::Queued(Box::new(Waiting { order, hold: None, short_of_room: false }))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub order: Order,
    /// It failed for a cause that may pass.
    pub hold: Option<Hold>,
    /// It was its turn, and the disk had no room for what comes of it.
    pub short_of_room: bool,
}

/// Why an order is not tried again yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    pub failure: Failure,
    pub until: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    pub order: Order,
    pub started_at: Timestamp,
}

/// An accepted request for a conversion (C3, C5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub attempt: u32,
    pub requested_at: Timestamp,
    pub deadline: Timestamp,
    pub by: Actor,
    /// The postings to create when it is ready (P1).
    pub labels: BTreeSet<Label>,
    /// The file name of the rendition that was chosen (C1), and its state then.
    pub rendition: FileName,
    pub identity: FileIdentity,
    pub plan: Arc<Plan>,
    /// How often it failed for a cause that may pass, and was queued again.
    pub setbacks: u32,
    /// C3: it was said that it would miss its deadline.
    pub late: bool,
}

impl Order {
    #[must_use]
    pub fn job(&self, video: VideoId) -> JobId {
        JobId { video, attempt: self.attempt }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    pub order: Order,
    pub failure: Failure,
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    pub order: Order,
    pub artifact: Artifact,
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastChange {
    pub at: Timestamp,
    pub actor: Actor,
    pub what: EventKind,
}
