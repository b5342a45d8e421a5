//! What is actually served for a video, what a worker is told to make, and what the public server is told to serve.

use std::path::PathBuf;
use std::time::Duration;

use vodpost_protocol::ids::{Token, VideoId};
use vodpost_protocol::time::Timestamp;

use super::media::{FileIdentity, MediaInfo};
use super::plan::Plan;
use super::work::OutputSize;

/// A verified, streamable MP4.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    pub form: Form,
    /// The source file it was made of, in the state in which it was verified. If the source differs, it is not valid.
    pub source: FileIdentity,
    pub duration_ms: u64,
    pub width: u32,
    pub height: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// The source file itself.
    AsIs,
    /// The source file with a rewritten index in front.
    Relocated,
    /// A file of ours, by its name in the artifact folder.
    File { name: String, identity: FileIdentity },
}

/// Which run of which conversion something belongs to; a late message of an earlier attempt is recognised by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct JobId {
    pub video: VideoId,
    pub attempt: u32,
}

/// An order to a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    pub job: JobId,
    pub source: PathBuf,
    pub identity: FileIdentity,
    pub info: MediaInfo,
    pub plan: Plan,
    pub requested_at: Timestamp,
    pub deadline: Timestamp,
    /// What is set aside for the result, and what it is stopped at.
    pub size: OutputSize,
}

/// What a worker says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkerReport {
    Progress(Progress),
    /// `done` is the plan as it was carried out, in words that are known only then.
    Ready {
        job: JobId,
        artifact: Artifact,
        done: Plan,
    },
    Failed {
        job: JobId,
        failure: Failure,
        chance: Chance,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub job: JobId,
    /// Media time written so far.
    pub done_ms: u64,
    pub total_ms: u64,
    /// Thousandths of media seconds per second; `None` until it is known.
    pub speed_milli: Option<u32>,
    /// Bytes in the unfinished file.
    pub written_bytes: u64,
}

impl Progress {
    /// How much longer it takes at this speed.
    #[must_use]
    pub fn left(&self) -> Option<Duration> {
        let speed_milli = u64::from(self.speed_milli.filter(|speed| *speed > 0)?);
        let left_ms = self.total_ms.saturating_sub(self.done_ms);
        Some(Duration::from_millis(left_ms.saturating_mul(1000) / speed_milli))
    }
}

/// Whether trying again by itself may end better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chance {
    /// The cause may pass: a full disk, memory, a disk that was away.
    MayPass,
    /// It lies in the file or in what is installed.
    Lasting,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// One sentence for the admin (C4).
    pub reason: String,
    /// The last lines that the tool printed, control characters removed; empty where no tool ran.
    pub output: String,
}

impl Failure {
    /// No tool had anything to do with it.
    #[must_use]
    pub fn plain(reason: String) -> Self {
        Self { reason, output: String::new() }
    }
}

/// What the public server knows of one token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    pub token: Token,
    pub title: String,
    /// P7: the platform shows it while it is live.
    pub listed: bool,
    pub created_at: Timestamp,
    pub state: PublicState,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicState {
    /// 200
    Live(Served),
    /// 403
    Suspended,
    /// 503
    Pending,
    /// 410
    Invalid,
}

/// Where the bytes of a live URL are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    pub video: VideoId,
    /// Of the conversion that made it, by which its poster is found.
    pub attempt: u32,
    pub path: PathBuf,
    /// The file must still be this one when it is opened, and while it is sent.
    pub identity: FileIdentity,
    pub layout: ServedLayout,
    pub duration_ms: u64,
    pub width: u32,
    pub height: u32,
}

impl Served {
    #[must_use]
    pub fn job(&self) -> JobId {
        JobId { video: self.video, attempt: self.attempt }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServedLayout {
    AsIs,
    Relocated,
}
