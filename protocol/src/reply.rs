//! What the daemon sends: one typed reply per request, and pushes to subscribers.

use serde::{Deserialize, Serialize};

use crate::account::AccountView;
use crate::checkup::CheckupView;
use crate::conversion::{ForecastView, JobsView};
use crate::event::{EventView, Push};
use crate::ids::Token;
use crate::refusal::Refusal;
use crate::status::{LibraryView, ScanView, Status};
use crate::video::VideoView;

/// Every frame from the daemon after its hello.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    Reply { id: u32, result: Result<Answer, Refusal> },
    Push(Push),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Status(Box<Status>),
    Page(Page),
    Video(Box<VideoView>),
    Located(Box<Located>),
    Account(Box<AccountView>),
    Scan(Box<ScanView>),
    Jobs(JobsView),
    Events(EventPage),
    Subscribed {
        /// The newest event at this moment; pushes begin with the one after it.
        seq: u64,
    },
    Backup(BackupView),
    Forecast(Box<ForecastView>),
    Checkup(Box<CheckupView>),
    Library(LibraryView),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupView {
    pub path: String,
    pub size_bytes: u64,
    /// The commit up to which it goes.
    pub commit: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page {
    pub videos: Vec<VideoView>,
    /// Pass as `after` to go on; absent on the last page.
    pub next: Option<String>,
    /// Videos that match, on all pages.
    pub total: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Located {
    pub video: VideoView,
    /// The postings that the target names, in the order of `video.postings`.
    pub tokens: Vec<Token>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventPage {
    pub events: Vec<EventView>,
    /// The newest event there is.
    pub newest: u64,
    /// The oldest event that is still kept; 0 when there is none.
    pub oldest: u64,
}
