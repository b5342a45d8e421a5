//! What is actually served for a video, what a worker is told to make, and what the public server is told to serve.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use vodpost_protocol::ids::{Token, VideoId};
use vodpost_protocol::time::Timestamp;

use super::media::{FileIdentity, MediaInfo};
use super::plan::Plan;
use super::video::{Ready, Video};
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
    File { name: Box<str>, identity: Box<FileIdentity> },
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
    /// What its title is made of, see [`title`](super::video::title).
    pub base: Arc<OsStr>,
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

/// Where the bytes of a live URL are. Most of it is what the state has anyway, and in memory once.
#[derive(Debug, Clone)]
pub struct Served {
    pub video: VideoId,
    folder: Folder,
    ready: Arc<Ready>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Folder {
    /// Below one of the library's.
    Library(Arc<Path>, Arc<Path>),
    Artifacts(Arc<Path>),
}

impl Served {
    /// What was made of this video; `artifacts` is the folder of our own files.
    #[must_use]
    pub fn new(video: &Video, ready: Arc<Ready>, artifacts: &Arc<Path>) -> Self {
        let folder = match &ready.artifact.form {
            Form::AsIs | Form::Relocated => {
                Folder::Library(Arc::clone(&video.place.root), Arc::clone(&video.place.folder))
            }
            Form::File { .. } => Folder::Artifacts(Arc::clone(artifacts)),
        };
        Self { video: video.id, folder, ready }
    }

    /// The conversion that made it, by which its poster is found.
    #[must_use]
    pub fn job(&self) -> JobId {
        self.ready.order.job(self.video)
    }

    #[must_use]
    pub fn path(&self) -> PathBuf {
        let folder = match &self.folder {
            Folder::Library(root, folder) => root.join(folder),
            Folder::Artifacts(folder) => folder.to_path_buf(),
        };
        match &self.ready.artifact.form {
            Form::AsIs | Form::Relocated => folder.join(self.ready.order.rendition.to_os_string()),
            Form::File { name, .. } => folder.join(&**name),
        }
    }

    /// The file must still be this one when it is opened, and while it is sent.
    #[must_use]
    pub fn identity(&self) -> FileIdentity {
        match &self.ready.artifact.form {
            Form::AsIs | Form::Relocated => self.ready.artifact.source,
            Form::File { identity, .. } => **identity,
        }
    }

    #[must_use]
    pub fn layout(&self) -> ServedLayout {
        match &self.ready.artifact.form {
            Form::AsIs | Form::File { .. } => ServedLayout::AsIs,
            Form::Relocated => ServedLayout::Relocated,
        }
    }

    #[must_use]
    pub fn duration_ms(&self) -> u64 {
        self.ready.artifact.duration_ms
    }

    /// Width and height.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        (self.ready.artifact.width, self.ready.artifact.height)
    }
}

/// How it came to be served makes no difference.
impl PartialEq for Served {
    fn eq(&self, other: &Self) -> bool {
        let made = |served: &Self| (served.job(), served.identity(), served.layout(), served.size());
        made(self) == made(other)
            && self.duration_ms() == other.duration_ms()
            && self.folder == other.folder
            && self.path() == other.path()
    }
}

impl Eq for Served {}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServedLayout {
    AsIs,
    Relocated,
}
