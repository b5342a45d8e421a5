//! What the daemon finds wrong with itself and with the machine that it runs on: facts, which the client turns into
//! sentences with a remedy each. What `Status` and `Jobs` tell is not repeated here.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckupView {
    /// The daemon's clock when it answered.
    pub at: Timestamp,
    /// What was looked at. Where no finding belongs to it, nothing is wrong with it.
    pub examined: Vec<Subject>,
    pub findings: Vec<Finding>,
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The state folder and the key in it: who may use them.
    State,
    /// The library folders: whether the daemon can use them.
    Library,
    /// Whether changes in the library folders are heard of from the kernel.
    Watching,
    /// ffmpeg and ffprobe, and what they were built with.
    Tools,
    /// What confines them.
    Sandbox,
    /// Room on the disks.
    Disk,
    /// Where viewers reach the server.
    PublicUrl,
    Certificates,
    Clock,
    OpenFiles,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// A disk or a tool did not answer in time; `place` is the folder, where it is about one.
    NoAnswer {
        subject: Subject,
        place: Option<String>,
        limit_s: u64,
    },
    /// Other users may use the state folder; `mode` is its permission bits.
    StateFolderOpen {
        path: String,
        mode: u32,
    },
    StateFolderReadOnly {
        path: String,
        reason: String,
    },
    /// Others than the daemon's user may use the key that seals document numbers.
    KeyOpen {
        path: String,
        mode: u32,
    },
    KeyMissing {
        path: String,
    },
    /// No library folder is configured.
    NoRoots,
    RootMissing {
        path: String,
    },
    RootUnreadable {
        path: String,
        reason: String,
    },
    /// Videos in it can be served, and not be deleted with their files.
    RootReadOnly {
        path: String,
        reason: String,
    },
    /// Changes in it are found by the periodic look alone.
    RootUnwatched {
        path: String,
        why: Unwatched,
    },
    /// Almost as many folders are watched as this user may watch (`fs.inotify.max_user_watches`).
    WatchesShort {
        used: u64,
        limit: u64,
    },
    ToolMissing {
        tool: ToolName,
    },
    /// It does not run.
    ToolBroken {
        tool: ToolName,
        path: String,
    },
    /// It was built without these.
    PartsMissing {
        part: Part,
        names: Vec<String>,
        need: Need,
    },
    Unconfined {
        tool: ToolName,
        confinement: Confinement,
        why: Unconfined,
        policy: Policy,
    },
    /// Less is free than is always left free; conversions wait or fail.
    SpaceShort {
        path: String,
        holds: Holds,
        free_bytes: u64,
        reserve_bytes: u64,
    },
    InodesShort {
        path: String,
        holds: Holds,
        free: u64,
        limit: u64,
    },
    /// Nobody said where viewers reach the server; this was guessed.
    PublicUrlUnset {
        url: String,
    },
    CertificateExpires {
        path: String,
        at: Timestamp,
    },
    CertificateExpired {
        path: String,
        at: Timestamp,
    },
    /// Its files cannot be used; the certificate that was read before stays in force.
    CertificateUnusable {
        path: String,
        reason: String,
    },
    /// The clock shows a time before the program was installed.
    ClockBehind {
        installed_at: Timestamp,
    },
    /// So few files may be open that fewer viewers are let in at a time than wanted.
    ViewersLimited {
        open_files_max: u64,
        viewers: u64,
        wanted: u64,
    },
    OpenFilesShort {
        used: u64,
        limit: u64,
    },
}

impl Finding {
    #[must_use]
    pub fn subject(&self) -> Subject {
        match self {
            Self::NoAnswer { subject, .. } => *subject,
            Self::StateFolderOpen { .. }
            | Self::StateFolderReadOnly { .. }
            | Self::KeyOpen { .. }
            | Self::KeyMissing { .. } => Subject::State,
            Self::NoRoots
            | Self::RootMissing { .. }
            | Self::RootUnreadable { .. }
            | Self::RootReadOnly { .. } => Subject::Library,
            Self::RootUnwatched { .. } | Self::WatchesShort { .. } => Subject::Watching,
            Self::ToolMissing { .. } | Self::ToolBroken { .. } | Self::PartsMissing { .. } => Subject::Tools,
            Self::Unconfined { .. } => Subject::Sandbox,
            Self::SpaceShort { .. } | Self::InodesShort { .. } => Subject::Disk,
            Self::PublicUrlUnset { .. } => Subject::PublicUrl,
            Self::CertificateExpires { .. }
            | Self::CertificateExpired { .. }
            | Self::CertificateUnusable { .. } => Subject::Certificates,
            Self::ClockBehind { .. } => Subject::Clock,
            Self::ViewersLimited { .. } | Self::OpenFilesShort { .. } => Subject::OpenFiles,
        }
    }
}

/// Why the kernel does not tell of changes in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unwatched {
    /// `library.watch` is off.
    Off,
    /// `fs.inotify.max_user_instances` is used up.
    NoInstances,
    /// `fs.inotify.max_user_watches` is used up.
    NoWatches,
    /// A file system that other machines change, such as NFS.
    Remote(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolName {
    Ffmpeg,
    Ffprobe,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Encoder,
    Decoder,
    Filter,
}

/// Which conversions need a part of ffmpeg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// Almost all.
    Most,
    /// Those of files that are made so.
    Some,
}

/// What holds back a tool that reads strangers' files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confinement {
    None,
    /// Which files it opens; the network and system calls are open to it.
    Files,
    /// Which system calls it makes; all files are open to it.
    Calls,
    /// Both, though it was not found out in the usual way.
    Both,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unconfined {
    /// `conversion.sandbox` is off.
    Off,
    LandlockNotEnabled,
    LandlockMissing,
    SeccompMissing,
    /// Neither Landlock nor seccomp.
    KernelWithout,
    /// It runs by itself and not so confined; what it said.
    Inside(String),
    /// The guard itself cannot be run.
    Untried(String),
}

/// What is done where a tool cannot be confined (`conversion.sandbox`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Nothing is converted.
    Required,
    BestEffort,
    Off,
}

/// What is kept on a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holds {
    /// The state and what was converted.
    State,
    /// Videos.
    Library,
}
