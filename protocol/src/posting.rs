//! What a client may know about a posting: one dedicated URL with a switch of its own.

use serde::{Deserialize, Serialize};

use crate::ids::{Label, Token};
use crate::time::Timestamp;
use crate::video::Switch;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostingView {
    pub token: Token,
    pub label: Label,
    pub state: PostingState,
    pub switch: Switch,
    /// Everything that keeps it from being live; empty exactly when it is live.
    pub causes: Vec<Cause>,
    pub url: String,
    pub file_url: String,
    pub created_at: Timestamp,
    pub views: u64,
    pub bytes: u64,
    /// Whether the platform shows it while it is live (P7).
    pub listed: bool,
    /// Absent before the first view.
    pub traffic: Option<TrafficView>,
}

/// How a URL was used lately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrafficView {
    pub last_seen_at: Timestamp,
    pub views_24h: u64,
    /// Views of each of the last 14 days (UTC), today last.
    pub views_by_day: Vec<u64>,
    /// Host names of the pages that viewers came from, the most used first.
    pub referrers: Vec<ReferrerView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferrerView {
    pub host: String,
    pub views: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostingState {
    /// Served (200).
    Live,
    /// A switch is off (403).
    Suspended,
    /// The source is missing or is being converted (503).
    Pending,
    /// The source was deleted: for ever (410).
    Invalid,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The posting's own switch is off.
    Posting,
    /// The source switch is off.
    Source,
    /// The source files are not there.
    Missing,
    /// There is no valid artifact yet; it is being made.
    Converting,
    /// There is no valid artifact; the conversion failed or was cancelled.
    ConversionFailed,
    /// The source was deleted.
    Deleted,
}
