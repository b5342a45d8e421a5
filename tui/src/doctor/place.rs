//! The places where a daemon's socket may be: what is there, whose it is, and how it answered.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use vodpost_protocol::socket_path;

use crate::connect::{ConnectError, Connection, Reason};

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    pub path: PathBuf,
    pub answer: Answer,
    /// Of the socket, if there is one that the caller may look at.
    pub owner_uid: Option<u32>,
    pub mode: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The daemon that is talked to.
    Daemon,
    /// An earlier place answered, so this one was not tried.
    NotTried,
    Absent,
    NobodyListens,
    NoAccess,
    Untrusted,
    Silent,
    NotAdmitted,
    OtherProtocol,
    NotVodpost,
    Failed,
}

pub(super) fn of_error(error: &ConnectError) -> Vec<Place> {
    error.tried.iter().map(|tried| look(&tried.path, answer(&tried.reason))).collect()
}

pub(super) fn of_connection(named: Option<&Path>, connection: &Connection) -> Vec<Place> {
    let uid = rustix::process::getuid().as_raw();
    let before = connection.passed_over.iter().map(|tried| look(&tried.path, answer(&tried.reason)));
    let all = socket_path::candidates(named, uid);
    let behind = all.into_iter().skip(connection.passed_over.len() + 1);
    let used = look(&connection.socket, Answer::Daemon);
    before.chain([used]).chain(behind.map(|path| look(&path, Answer::NotTried))).collect()
}

fn look(path: &Path, answer: Answer) -> Place {
    let meta = std::fs::symlink_metadata(path).ok();
    let owner_uid = meta.as_ref().map(MetadataExt::uid);
    Place { path: path.to_owned(), answer, owner_uid, mode: meta.map(|meta| meta.mode() & 0o7777) }
}

fn answer(reason: &Reason) -> Answer {
    match reason {
        Reason::Absent => Answer::Absent,
        Reason::NobodyListens => Answer::NobodyListens,
        Reason::NoAccess => Answer::NoAccess,
        Reason::Untrusted(_) => Answer::Untrusted,
        Reason::Silent => Answer::Silent,
        Reason::NotAdmitted(_) => Answer::NotAdmitted,
        Reason::OtherProtocol(_) => Answer::OtherProtocol,
        Reason::NotVodpost => Answer::NotVodpost,
        Reason::Failed(_) => Answer::Failed,
    }
}
