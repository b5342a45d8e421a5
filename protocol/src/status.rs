//! What `vodpost status` shows: the daemon itself.

use serde::{Deserialize, Serialize};

use crate::account::{ServiceState, VerificationState};
use crate::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub version: String,
    pub protocol: u32,
    pub instance: String,
    pub pid: u32,
    pub started_at: Timestamp,
    pub uptime_s: u64,
    pub account: VerificationState,
    pub service: ServiceState,
    pub counts: Counts,
    pub queue: Queue,
    pub roots: Vec<RootView>,
    pub listen: Listen,
    pub storage: Storage,
    /// The converter's version, or what is missing and how to get it.
    pub ffmpeg: Tool,
    /// The same for every run of a daemon with this state, and after a restore; another state has another one.
    pub state_id: String,
    /// When the state was restored from a backup, if it was.
    pub restored_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub videos: u64,
    pub postings: u64,
    pub live: u64,
    pub suspended: u64,
    pub pending: u64,
    pub invalid: u64,
    /// Files that look like videos but cannot be used.
    pub problems: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    pub running: u64,
    pub queued: u64,
    pub failed: u64,
    /// Nothing that takes a worker is started.
    pub paused: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootView {
    pub path: String,
    /// Why it cannot be read at the moment.
    pub unavailable: Option<String>,
    pub videos: u64,
    pub scanned_at: Option<Timestamp>,
    /// Why changes are found by the periodic look alone; nothing where the kernel tells of them.
    pub unwatched: Option<String>,
    pub origin: RootOrigin,
}

/// How a folder became part of the library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RootOrigin {
    /// Only there it can be removed.
    Configured(SettingOrigin),
    /// While the daemon ran.
    Added { at: Timestamp, by: String },
}

/// Where a setting stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingOrigin {
    /// A flag of `vodpostd`, or its environment.
    Arguments,
    ConfigFile {
        path: String,
    },
}

/// The folders of the library, in the order in which they are looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LibraryView {
    pub roots: Vec<RootView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listen {
    pub http: String,
    pub public_url: String,
    pub socket: String,
    pub state_dir: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Storage {
    Ok,
    /// Changes are refused for this reason; URLs are still served.
    ReadOnly(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tool {
    Found(String),
    Missing(String),
}

/// How far a look at the roots is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanProgressView {
    /// Files that may be videos.
    pub files: u64,
    /// Those of them that are new or changed, and have to be looked into.
    pub unknown: u64,
    /// Those that were looked into.
    pub examined: u64,
}

/// What a look at the roots found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanView {
    pub files: u64,
    pub videos: u64,
    pub added: u64,
    pub changed: u64,
    pub missing: u64,
    /// Files that are still being written; they are looked at again by themselves.
    pub settling: u64,
    pub problems: Vec<Problem>,
    /// Problems beyond those listed.
    pub problems_left_out: u64,
    pub roots_unavailable: Vec<Problem>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    pub path: String,
    pub reason: String,
}
