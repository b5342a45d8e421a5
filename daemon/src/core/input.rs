//! Everything that can happen.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use vodpost_protocol::ids::{Label, Token, VideoId};
use vodpost_protocol::time::Timestamp;
use vodpost_protocol::video::Switch;

use super::account::SealedSubmission;
use super::actor::Actor;
use super::artifact::WorkerReport;
use super::media::{FileIdentity, MediaInfo};
use super::video::Unusable;

#[derive(Debug)]
pub enum Input {
    /// The daemon has just started; conversions that ran are not running any more.
    Started,
    Command {
        actor: Actor,
        command: Command,
    },
    Scanned(Scan),
    Worker(WorkerReport),
    Trashed {
        video: VideoId,
        result: Result<(), String>,
    },
    /// The converted file of this video is not there any more, or is another one.
    ArtifactLost {
        video: VideoId,
    },
    /// What the public server counted since it was last asked.
    Usage(Vec<Usage>),
    /// S2: events before this number are older than they are kept.
    EventsExpired {
        before: u64,
    },
    /// Time has passed.
    Tick,
}

/// A change that a client asked for. Names are resolved already.
#[derive(Debug, Clone)]
pub enum Command {
    Generate {
        video: VideoId,
        label: Label,
    },
    Retry {
        video: VideoId,
    },
    Cancel {
        video: VideoId,
    },
    PauseQueue,
    ResumeQueue,
    SetPostings {
        video: VideoId,
        tokens: Vec<Token>,
        switch: Switch,
    },
    SetListed {
        video: VideoId,
        tokens: Vec<Token>,
        listed: bool,
    },
    SetSource {
        video: VideoId,
        switch: Switch,
    },
    DeleteSource {
        video: VideoId,
        keep_files: bool,
    },
    Submit(Box<SealedSubmission>),
    Approve,
    Reject {
        reason: String,
    },
    Revoke {
        reason: String,
    },
    Activate,
    /// A folder that can be read, absolute and without links.
    AddRoot {
        path: Arc<Path>,
    },
    RemoveRoot {
        path: PathBuf,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    pub token: Token,
    pub views: u64,
    pub bytes: u64,
    /// Whether somebody watched: a view began, or went on that was counted before.
    pub watched: bool,
    /// Host names of the pages that these views came from.
    pub referrers: Vec<(String, u64)>,
}

/// One look at all roots.
#[derive(Debug)]
pub struct Scan {
    /// When the look began. What is not in it was not there at that moment or later.
    pub began_at: Timestamp,
    pub roots: Vec<RootScan>,
    /// What was found in the files that needed a look, by their identity.
    pub probed: HashMap<FileIdentity, Result<MediaInfo, Unusable>>,
}

#[derive(Debug)]
pub struct RootScan {
    pub root: Arc<Path>,
    pub found: Result<Found, String>,
}

/// What is in a root that could be read.
#[derive(Debug, Default, Clone)]
pub struct Found {
    /// Files that have settled (L2).
    pub files: Vec<FoundFile>,
    /// Groups of which a file is still being written, by folder and base name.
    pub settling: Vec<(PathBuf, OsString)>,
    /// Folders below the root that could not be read, or something in them, with the reason.
    pub unreadable: Vec<(PathBuf, String)>,
    /// The numbers of the devices on which there were folders or files.
    pub devices: HashSet<u64>,
}

/// A file that L1 takes for a rendition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFile {
    /// Below the root.
    pub folder: Arc<Path>,
    pub name: OsString,
    pub base: Arc<OsStr>,
    pub identity: FileIdentity,
}
