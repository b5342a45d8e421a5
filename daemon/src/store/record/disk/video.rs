//! A video: where it lies, whether it is there, and its files.

use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vodpost_protocol::event::EventKind;
use vodpost_protocol::ids::VideoId;
use vodpost_protocol::time::Timestamp;
use vodpost_protocol::video::Switch;

use super::conversion::Conversion;
use super::media::Media;
use super::{Actor, Bytes, Identity, os, path, path_bytes, raw};
use crate::core::file_name::FileName;
use crate::core::video as core_video;
use crate::store::record::second::Course;

#[derive(Serialize, Deserialize)]
pub(in crate::store::record) struct Video {
    id: VideoId,
    #[serde(with = "raw")]
    root: Bytes,
    #[serde(with = "raw")]
    folder: Bytes,
    #[serde(with = "raw")]
    base: Bytes,
    added_at: Timestamp,
    source: Source,
    switch: Switch,
    renditions: Vec<Rendition>,
    conversion: Conversion,
    attempts: u32,
    last_change: Option<LastChange>,
}

#[derive(Serialize, Deserialize)]
enum Source {
    Present,
    Vanished { since: Timestamp },
    RootUnavailable { since: Timestamp, reason: String },
    Deleted { at: Timestamp, by: Actor, how: DeletionKind },
    BeingWritten { since: Timestamp },
}

#[derive(Serialize, Deserialize)]
enum DeletionKind {
    Trashing,
    Trashed,
    FilesKept,
    GraceOver,
}

#[derive(Serialize, Deserialize)]
struct Rendition {
    #[serde(with = "raw")]
    name: Bytes,
    identity: Identity,
    media: Result<Media, Unusable>,
}

#[derive(Serialize, Deserialize)]
struct Unusable {
    reason: String,
    look_again: bool,
}

#[derive(Serialize, Deserialize)]
struct LastChange {
    at: Timestamp,
    actor: Actor,
    what: EventKind,
}

impl Video {
    pub(in crate::store::record) fn from_core(video: &core_video::Video) -> Self {
        let core_video::Video {
            id,
            place,
            added_at,
            source,
            switch,
            renditions,
            conversion,
            attempts,
            last_change,
        } = video;
        Self {
            id: *id,
            root: path_bytes(&place.root),
            folder: path_bytes(&place.folder),
            base: place.base.as_bytes().to_vec(),
            added_at: *added_at,
            source: Source::from_core(source),
            switch: *switch,
            renditions: renditions.iter().map(Rendition::from_core).collect(),
            conversion: Conversion::from_core(conversion),
            attempts: *attempts,
            last_change: last_change.as_ref().map(|change| LastChange {
                at: change.at,
                actor: Actor::from_core(&change.actor),
                what: change.what,
            }),
        }
    }

    pub(in crate::store::record) fn into_core(self, course: Course) -> core_video::Video {
        let Self {
            id,
            root,
            folder,
            base,
            added_at,
            source,
            switch,
            renditions,
            conversion,
            attempts,
            last_change,
        } = self;
        let base: Arc<OsStr> = os(base).into();
        core_video::Video {
            id,
            place: core_video::Place {
                root: Arc::from(path(root)),
                folder: Arc::from(path(folder)),
                base: Arc::clone(&base),
            },
            added_at,
            source: source.into_core(),
            switch,
            renditions: renditions.into_iter().map(|one| one.into_core(&base)).collect(),
            conversion: conversion.into_core(course, &base),
            attempts,
            last_change: last_change.map(|change| core_video::LastChange {
                at: change.at,
                actor: change.actor.into_core(),
                what: change.what,
            }),
        }
    }
}

impl Source {
    fn from_core(source: &core_video::Source) -> Self {
        use core_video::MissingCause;
        match source {
            core_video::Source::Present => Self::Present,
            core_video::Source::Missing { since, cause: MissingCause::Vanished } => {
                Self::Vanished { since: *since }
            }
            core_video::Source::Missing { since, cause: MissingCause::RootUnavailable(reason) } => {
                Self::RootUnavailable { since: *since, reason: reason.to_string() }
            }
            core_video::Source::Missing { since, cause: MissingCause::BeingWritten } => {
                Self::BeingWritten { since: *since }
            }
            core_video::Source::Deleted(core_video::Deletion { at, by, how }) => Self::Deleted {
                at: *at,
                by: Actor::from_core(by),
                how: match how {
                    core_video::DeletionKind::Trashing => DeletionKind::Trashing,
                    core_video::DeletionKind::Trashed => DeletionKind::Trashed,
                    core_video::DeletionKind::FilesKept => DeletionKind::FilesKept,
                    core_video::DeletionKind::GraceOver => DeletionKind::GraceOver,
                },
            },
        }
    }

    fn into_core(self) -> core_video::Source {
        use core_video::MissingCause;
        match self {
            Self::Present => core_video::Source::Present,
            Self::Vanished { since } => core_video::Source::Missing { since, cause: MissingCause::Vanished },
            Self::RootUnavailable { since, reason } => {
                core_video::Source::Missing { since, cause: MissingCause::RootUnavailable(reason.into()) }
            }
            Self::BeingWritten { since } => {
                core_video::Source::Missing { since, cause: MissingCause::BeingWritten }
            }
            Self::Deleted { at, by, how } => core_video::Source::Deleted(core_video::Deletion {
                at,
                by: by.into_core(),
                how: match how {
                    DeletionKind::Trashing => core_video::DeletionKind::Trashing,
                    DeletionKind::Trashed => core_video::DeletionKind::Trashed,
                    DeletionKind::FilesKept => core_video::DeletionKind::FilesKept,
                    DeletionKind::GraceOver => core_video::DeletionKind::GraceOver,
                },
            }),
        }
    }
}

impl Rendition {
    pub(super) fn from_core(rendition: &core_video::Rendition) -> Self {
        let core_video::Rendition { name, identity, media } = rendition;
        Self {
            name: name.to_os_string().into_vec(),
            identity: Identity::from_core(identity),
            media: match media {
                Ok(media) => Ok(Media::from_core(media)),
                Err(core_video::Unusable { reason, look_again }) => {
                    Err(Unusable { reason: reason.clone(), look_again: *look_again })
                }
            },
        }
    }

    pub(super) fn into_core(self, base: &Arc<OsStr>) -> core_video::Rendition {
        core_video::Rendition {
            name: FileName::of(base, &os(self.name)),
            identity: self.identity.into_core(),
            media: self
                .media
                .map(Media::into_core)
                .map_err(|Unusable { reason, look_again }| core_video::Unusable { reason, look_again }),
        }
    }
}
