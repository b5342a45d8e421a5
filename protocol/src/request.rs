//! What a client may ask. Each variant names its answer; every one may also be refused.

use serde::{Deserialize, Serialize};

use crate::account::Submission;
use crate::ids::Label;
use crate::video::{Switch, VideoState};

/// A request with the number under which its reply comes back. Requests may be pipelined; a slow one (a
/// scan) is answered after later ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    pub id: u32,
    pub request: Request,
}

/// `video` is an id, a unique prefix of one, a path or an exact title. `target` is a video (all its postings),
/// `VIDEO#LABEL` or a token or URL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// → `Answer::Status`
    Status,
    /// → `Answer::Page`
    List(ListQuery),
    /// → `Answer::Video`
    Show { video: String },
    /// A video and those of its postings that the target names. → `Answer::Located`
    Locate { target: String },
    /// → `Answer::Video`; the URL exists as soon as the conversion is ready.
    Generate {
        video: String,
        #[serde(default)]
        label: Label,
    },
    /// → `Answer::Video`
    Retry { video: String },
    /// → `Answer::Video`
    Cancel { video: String },
    /// → `Answer::Video`
    SetPosting { target: String, switch: Switch },
    /// → `Answer::Video`
    SetSource { video: String, switch: Switch },
    /// Final for the URLs. → `Answer::Video`
    DeleteSource {
        video: String,
        #[serde(default)]
        keep_files: bool,
    },
    /// → `Answer::Account`
    AccountShow,
    /// → `Answer::Account`
    AccountSubmit(Submission),
    /// → `Answer::Account`
    AccountApprove,
    /// → `Answer::Account`
    AccountReject { reason: String },
    /// → `Answer::Account`
    AccountRevoke { reason: String },
    /// → `Answer::Account`
    ServiceActivate,
    /// Answered when the look at the roots is done. → `Answer::Scan`
    Scan,
    /// → `Answer::Jobs`
    Jobs,
    /// Events with `seq > since`, oldest first, at most `limit`. → `Answer::Events`
    Events { since: u64, limit: u32 },
    /// From now on this connection is pushed events. → `Answer::Subscribed`
    Subscribe,
    /// Writes the state into a new file, as the daemon sees the path; it must be absolute. → `Answer::Backup`
    Backup { path: String },
    /// Starts nothing more that takes a worker; what runs goes on. → `Answer::Jobs`
    PauseQueue,
    /// → `Answer::Jobs`
    ResumeQueue,
    /// Whether these could be converted in time. → `Answer::Forecast`
    Forecast(ForecastQuery),
    /// Whether the platform shows these URLs while they are live (P7). → `Answer::Video`
    SetListed { target: String, listed: bool },
    /// What is wrong with the daemon and its machine. Takes some seconds. → `Answer::Checkup`
    Checkup,
    /// A folder becomes part of the library, as the daemon sees the path; it must be absolute. Links in it are
    /// resolved. → `Answer::Library`
    AddRoot { path: String },
    /// A folder that was added is no part of the library any more, by the name that `Status.roots` has for it. Its
    /// videos stay, and are not available until it is added again (L5). → `Answer::Library`
    RemoveRoot { path: String },
}

impl Request {
    /// Whether asking again cannot change anything.
    #[must_use]
    pub fn is_read(&self) -> bool {
        match self {
            Self::Status
            | Self::List(_)
            | Self::Show { .. }
            | Self::Locate { .. }
            | Self::AccountShow
            | Self::Jobs
            | Self::Events { .. }
            | Self::Subscribe
            | Self::Forecast(_)
            | Self::Checkup => true,
            Self::Generate { .. }
            | Self::Retry { .. }
            | Self::Cancel { .. }
            | Self::SetPosting { .. }
            | Self::SetSource { .. }
            | Self::DeleteSource { .. }
            | Self::AccountSubmit(_)
            | Self::AccountApprove
            | Self::AccountReject { .. }
            | Self::AccountRevoke { .. }
            | Self::ServiceActivate
            | Self::Scan
            | Self::Backup { .. }
            | Self::PauseQueue
            | Self::ResumeQueue
            | Self::SetListed { .. }
            | Self::AddRoot { .. }
            | Self::RemoveRoot { .. } => false,
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    pub state: Option<VideoState>,
    /// Part of the title, case ignored.
    #[serde(rename = "match")]
    pub matching: Option<String>,
    pub sort: Sort,
    /// At most [`ListQuery::LIMIT_MAX`]; 0 stands for the default of [`ListQuery::LIMIT_DEFAULT`].
    pub limit: u32,
    /// `next` of the page before.
    pub after: Option<String>,
}

impl ListQuery {
    pub const LIMIT_DEFAULT: u32 = 100;
    pub const LIMIT_MAX: u32 = 500;
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ForecastQuery {
    /// Each as in `Request::Generate`; at most [`ForecastQuery::VIDEOS_MAX`].
    pub videos: Vec<String>,
    /// And so many of the newest videos that have no conversion; `u32::MAX` stands for all.
    pub newest: u32,
    /// Instead of the deadline that they would have.
    pub within_s: Option<u64>,
}

impl ForecastQuery {
    pub const VIDEOS_MAX: usize = 500;
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    #[default]
    Name,
    /// Newest first.
    Added,
    /// Highest first.
    Bitrate,
    State,
}
