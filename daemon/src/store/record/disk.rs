//! Records as they are on disk since schema 1, with one conversion each way. What came later is in `second` and `third`.
//!
//! Small vocabularies (switches, event kinds, document kinds) are those of the protocol crate, whose enums only ever grow
//! at their end. Both conversions name every field, so that a new one does not compile until it is stored.

mod account;
mod conversion;
mod event;
mod media;
mod video;

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use vodpost_protocol::ids::{Label, Token, VideoId};
use vodpost_protocol::time::Timestamp;
use vodpost_protocol::video::Switch;

pub(super) use self::account::Account;
pub(super) use self::event::Event;
pub(super) use self::video::Video;
use super::raw;
use crate::core::actor::Actor as CoreActor;
use crate::core::media as core_media;
use crate::core::posting as core_posting;

type Bytes = Vec<u8>;

fn path_bytes(path: &Path) -> Bytes {
    path.as_os_str().as_bytes().to_vec()
}

fn os(bytes: Bytes) -> OsString {
    OsString::from_vec(bytes)
}

fn path(bytes: Bytes) -> PathBuf {
    PathBuf::from(os(bytes))
}

#[derive(Serialize, Deserialize)]
pub(super) enum Actor {
    User { uid: u32, name: String },
    Daemon,
}

impl Actor {
    pub(super) fn from_core(actor: &CoreActor) -> Self {
        match actor {
            CoreActor::User(user) => Self::User { uid: user.uid, name: user.name.clone() },
            CoreActor::Daemon => Self::Daemon,
        }
    }

    pub(super) fn into_core(self) -> CoreActor {
        match self {
            Self::User { uid, name } => CoreActor::user(uid, name),
            Self::Daemon => CoreActor::Daemon,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Identity {
    dev: u64,
    ino: u64,
    size_bytes: u64,
    mtime_ns: i64,
}

impl Identity {
    fn from_core(identity: &core_media::FileIdentity) -> Self {
        let core_media::FileIdentity { dev, ino, size_bytes, mtime_ns } = *identity;
        Self { dev, ino, size_bytes, mtime_ns }
    }

    fn into_core(self) -> core_media::FileIdentity {
        let Self { dev, ino, size_bytes, mtime_ns } = self;
        core_media::FileIdentity { dev, ino, size_bytes, mtime_ns }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct Posting {
    token: Token,
    video: VideoId,
    label: Label,
    switch: Switch,
    created_at: Timestamp,
    views: u64,
    bytes: u64,
}

impl Posting {
    pub(super) fn from_core(posting: &core_posting::Posting) -> Self {
        let core_posting::Posting {
            token,
            video,
            label,
            switch,
            created_at,
            views,
            bytes,
            listed: _,
            traffic: _,
        } = posting;
        Self {
            token: *token,
            video: *video,
            label: label.clone(),
            switch: *switch,
            created_at: *created_at,
            views: *views,
            bytes: *bytes,
        }
    }

    pub(super) fn into_core(self) -> core_posting::Posting {
        let Self { token, video, label, switch, created_at, views, bytes } = self;
        let (listed, traffic) = (true, None);
        core_posting::Posting { token, video, label, switch, created_at, views, bytes, listed, traffic }
    }
}
