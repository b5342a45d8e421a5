//! What the rules ask the rest of the daemon to do, once the changes they belong to are durable.

use std::path::PathBuf;
use std::sync::Arc;

use vodpost_protocol::ids::VideoId;

use super::artifact::{Assignment, JobId};
use super::event::Event;

/// A file that goes to the trash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doomed {
    /// Below the root.
    pub path: PathBuf,
    /// What lies there under another inode is another file by now, and stays.
    pub ino: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Tell subscribers.
    Announce(Event),
    StartConversion(Box<Assignment>),
    StopConversion(JobId),
    /// L6: move these files into the trash folder of the root; answered by `Input::Trashed`.
    Trash {
        video: VideoId,
        root: Arc<std::path::Path>,
        files: Vec<Doomed>,
    },
    /// A file of ours in the artifact folder that nothing refers to any more.
    RemoveArtifact(String),
    /// The poster of what this job made, if there is one.
    RemovePoster(JobId),
    /// Look at the roots.
    Scan,
    /// The library consists of these folders from now on; look at them.
    Library(Vec<Arc<std::path::Path>>),
}
