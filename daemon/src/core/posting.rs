//! Postings and their availability, which is derived and never stored (P3).

use vodpost_protocol::ids::{Label, Token, VideoId};
use vodpost_protocol::posting::{Cause, PostingState};
use vodpost_protocol::time::Timestamp;
use vodpost_protocol::video::{Switch, VideoState};

use super::traffic::Traffic;
use super::video::{Conversion, Source, Video};

/// One dedicated URL of a video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    pub token: Token,
    pub video: VideoId,
    pub label: Label,
    /// The posting's own switch; the source has another one (P4).
    pub switch: Switch,
    pub created_at: Timestamp,
    pub views: u64,
    pub bytes: u64,
    /// P7: the platform shows it while it is live.
    pub listed: bool,
    /// None before the first view, as it is with most.
    pub traffic: Option<Box<Traffic>>,
}

impl Posting {
    /// Orders the postings of a video, the oldest first; the same however they were loaded.
    #[must_use]
    pub fn age(&self) -> (Timestamp, &Label) {
        (self.created_at, &self.label)
    }
}

/// P3: everything that keeps a posting from being live. Empty exactly when it is live.
#[must_use]
pub fn causes(video: &Video, posting: &Posting) -> Vec<Cause> {
    let mut causes = Vec::new();
    if posting.switch == Switch::Off {
        causes.push(Cause::Posting);
    }
    if video.switch == Switch::Off {
        causes.push(Cause::Source);
    }
    match video.source {
        Source::Present => {}
        Source::Missing { .. } => causes.push(Cause::Missing),
        Source::Deleted(_) => {
            // Final; what became of its conversion says nothing any more.
            causes.push(Cause::Deleted);
            return causes;
        }
    }
    match video.conversion {
        Conversion::Ready(_) => {}
        Conversion::Queued(_) | Conversion::Running(_) => causes.push(Cause::Converting),
        Conversion::None | Conversion::Failed(_) => causes.push(Cause::ConversionFailed),
    }
    causes
}

/// The one word for a set of causes; the worst one decides.
#[must_use]
pub fn state(causes: &[Cause]) -> PostingState {
    let of_cause = |cause: &Cause| match cause {
        Cause::Deleted => PostingState::Invalid,
        Cause::Posting | Cause::Source => PostingState::Suspended,
        Cause::Missing | Cause::Converting | Cause::ConversionFailed => PostingState::Pending,
    };
    let has = |wanted: PostingState| causes.iter().any(|cause| of_cause(cause) == wanted);
    [PostingState::Invalid, PostingState::Suspended, PostingState::Pending]
        .into_iter()
        .find(|wanted| has(*wanted))
        .unwrap_or(PostingState::Live)
}

/// The one word for a whole video.
#[must_use]
pub fn video_state<'a>(video: &Video, postings: impl IntoIterator<Item = &'a Posting>) -> VideoState {
    match video.source {
        Source::Deleted(_) => return VideoState::Deleted,
        Source::Missing { .. } => return VideoState::Missing,
        Source::Present => {}
    }
    match video.conversion {
        Conversion::Running(_) => return VideoState::Converting,
        Conversion::Queued(_) => return VideoState::Queued,
        Conversion::Failed(_) => return VideoState::Failed,
        Conversion::None | Conversion::Ready(_) => {}
    }
    if video.switch == Switch::Off {
        return VideoState::Suspended;
    }
    let mut any = false;
    for posting in postings {
        any = true;
        if causes(video, posting).is_empty() {
            return VideoState::Live;
        }
    }
    if any {
        VideoState::Suspended
    } else if video.renditions.iter().any(|rendition| rendition.media.is_ok()) {
        VideoState::New
    } else {
        VideoState::Unusable
    }
}
