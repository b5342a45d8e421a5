//! The seam from the rules to the protocol: what clients are shown of videos, accounts and events.

use std::cell::OnceCell;

use vodpost_protocol::account::{AccountView, ServiceState, SubmissionView};
use vodpost_protocol::conversion::{ConversionView, JobView, PlanKind, ProgressView};
use vodpost_protocol::event::EventView;
use vodpost_protocol::ids::VideoId;
use vodpost_protocol::posting::{PostingView, ReferrerView, TrafficView};
use vodpost_protocol::time::Timestamp;
use vodpost_protocol::video::{LastChange, RenditionView, SourceState, SourceView, VideoView};

use crate::core::Core;
use crate::core::account::{Account, Approval, Decision, SealedSubmission, Verification};
use crate::core::artifact::Progress;
use crate::core::conversion::state_of;
use crate::core::event::{Event, Subject};
use crate::core::forecast::Forecast;
use crate::core::media::{MediaInfo, VideoCodec};
use crate::core::plan::{self, Plan};
use crate::core::posting::{self, Posting};
use crate::core::select;
use crate::core::state::{Settings, State};
use crate::core::traffic::Traffic;
use crate::core::video::{Conversion, DeletionKind, MissingCause, Order, Rendition, Source, Video};
use crate::delivery::link::{self, PublicUrl};

const DAYS_SHOWN: u64 = 14;

/// What a view needs besides the video.
pub struct ViewContext<'a> {
    core: &'a Core,
    state: &'a State,
    settings: &'a Settings,
    public_url: &'a PublicUrl,
    now: Timestamp,
    /// Made for the first conversion that is shown.
    forecast: OnceCell<Forecast>,
}

impl<'a> ViewContext<'a> {
    #[must_use]
    pub fn new(core: &'a Core, public_url: &'a PublicUrl, now: Timestamp) -> Self {
        let (state, settings) = (core.state(), core.settings());
        Self { core, state, settings, public_url, now, forecast: OnceCell::new() }
    }
}

impl ViewContext<'_> {
    #[must_use]
    pub fn video(&self, video: &Video) -> VideoView {
        let state = posting::video_state(video, self.state.postings_of(video.id));
        let renditions = video.renditions.iter().zip(select::explain(&video.renditions));
        VideoView {
            id: video.id,
            title: video.title(),
            root: video.place.root.to_string_lossy().into_owned(),
            folder: video.place.folder.to_string_lossy().into_owned(),
            state,
            added_at: video.added_at,
            source: self.source(video),
            renditions: renditions
                .map(|(rendition, (selected, why))| self.rendition(video, rendition, selected, why))
                .collect(),
            conversion: self.conversion(video),
            postings: self.state.postings_of(video.id).map(|posting| self.posting(video, posting)).collect(),
            last_change: video.last_change.as_ref().map(|change| LastChange {
                at: change.at,
                actor: change.actor.name().to_owned(),
                what: change.what,
            }),
        }
    }

    #[must_use]
    pub fn job(&self, video: &Video) -> JobView {
        JobView { video: video.id, title: video.title(), conversion: self.conversion(video) }
    }

    fn source(&self, video: &Video) -> SourceView {
        let (state, since, gone_at, reason) = match &video.source {
            Source::Present => (SourceState::Present, None, None, None),
            Source::Missing { since, cause: MissingCause::Vanished } => {
                let gone_at = since.after(self.settings.missing_grace);
                let reason = "the files are not in their folder".to_owned();
                (SourceState::Missing, Some(*since), Some(gone_at), Some(reason))
            }
            Source::Missing { since, cause: MissingCause::RootUnavailable(reason) } => {
                (SourceState::Missing, Some(*since), None, Some(reason.to_string()))
            }
            Source::Missing { since, cause: MissingCause::BeingWritten } => {
                let reason = "a file is being written".to_owned();
                (SourceState::Missing, Some(*since), None, Some(reason))
            }
            Source::Deleted(deletion) => {
                let failure = self.core.around().trash_failures.get(&video.id);
                let how = match (deletion.how, failure) {
                    (DeletionKind::Trashing, Some(reason)) => {
                        format!("the files are not in the trash yet: {reason}")
                    }
                    (DeletionKind::Trashing, None) => "the files are being moved to the trash".to_owned(),
                    (DeletionKind::Trashed, _) => "the files were moved to the trash".to_owned(),
                    (DeletionKind::FilesKept, _) => "the files were kept".to_owned(),
                    (DeletionKind::GraceOver, _) => "the files did not come back in time".to_owned(),
                };
                let reason = format!("deleted by {}: {how}", deletion.by.name());
                (SourceState::Deleted, Some(deletion.at), None, Some(reason))
            }
        };
        SourceView { state, switch: video.switch, since, gone_at, reason }
    }

    fn rendition(&self, video: &Video, rendition: &Rendition, selected: bool, why: String) -> RenditionView {
        let path = video.place.folder.join(rendition.name.to_os_string()).to_string_lossy().into_owned();
        let info = rendition.media.as_ref().ok();
        let stream = info.and_then(|info| info.video.as_ref());
        RenditionView {
            path,
            container: info.map(|info| info.container.name().to_owned()),
            video: stream.map(|stream| stream.codec.name().to_owned()),
            audio: info.and_then(|info| info.audio.as_ref()).map(|audio| audio.codec.name().to_owned()),
            profile: stream.and_then(|stream| match &stream.codec {
                VideoCodec::H264(h264) => Some(h264.to_string()),
                VideoCodec::Other(_) => None,
            }),
            width: stream.map_or(0, |stream| stream.width),
            height: stream.map_or(0, |stream| stream.height),
            fps: stream.map_or(0.0, |stream| f64::from(stream.fps_milli) / 1000.0),
            bitrate_bps: info.map_or(0, |info| info.bitrate_bps),
            duration_ms: info.map_or(0, |info| info.duration_ms),
            size_bytes: rendition.identity.size_bytes,
            index_first: info.is_some_and(|info| info.index == crate::core::media::Index::First),
            selected,
            why,
        }
    }

    fn conversion(&self, video: &Video) -> ConversionView {
        let (order, failure) = match &video.conversion {
            Conversion::None => (None, None),
            Conversion::Queued(waiting) => {
                (Some(&waiting.order), waiting.hold.as_ref().map(|hold| &hold.failure))
            }
            Conversion::Running(running) => (Some(&running.order), None),
            Conversion::Failed(failed) => (Some(&failed.order), Some(&failed.failure)),
            Conversion::Ready(ready) => (Some(&ready.order), None),
        };
        let plan = order.map(|order| Plan::clone(&order.plan)).or_else(|| likely_plan(video));
        let progress = match &video.conversion {
            Conversion::Running(running) => self.current_progress(video.id, &running.order),
            Conversion::None | Conversion::Queued(_) | Conversion::Failed(_) | Conversion::Ready(_) => None,
        };
        let expected_at = video.order().and_then(|_| self.forecast().ready_at(video.id));
        let late_by = expected_at.zip(order).map(|(at, order)| at.since(order.deadline).as_secs());
        ConversionView {
            state: state_of(&video.conversion),
            plan: plan.as_ref().map(plan_kind),
            plan_why: plan.as_ref().map(Plan::explain),
            progress: progress.as_ref().map(|progress| progress.progress),
            speed: progress.as_ref().and_then(|progress| progress.speed),
            eta_s: progress.as_ref().and_then(|progress| progress.eta_s),
            attempt: order.map_or(0, |order| order.attempt),
            requested_at: order.map(|order| order.requested_at),
            deadline: order.map(|order| order.deadline),
            reason: failure.map(|failure| failure.reason.clone()),
            output: failure.map(|failure| failure.output.clone()).filter(|output| !output.is_empty()),
            waiting_for: self.waiting_for(video),
            retry_at: match &video.conversion {
                Conversion::Queued(waiting) => waiting.hold.as_ref().map(|hold| hold.until),
                Conversion::None | Conversion::Running(_) | Conversion::Failed(_) | Conversion::Ready(_) => {
                    None
                }
            },
            expected_at,
            late_by_s: late_by.filter(|late| *late > 0),
        }
    }

    fn forecast(&self) -> &Forecast {
        self.forecast.get_or_init(|| self.core.forecast(self.now))
    }

    /// What a queued conversion waits for.
    fn waiting_for(&self, video: &Video) -> Option<String> {
        let waiting = match &video.conversion {
            Conversion::Queued(waiting) => waiting,
            Conversion::None | Conversion::Running(_) | Conversion::Failed(_) | Conversion::Ready(_) => {
                return None;
            }
        };
        Some(match (&video.source, &waiting.hold, &self.state.queue().paused) {
            (Source::Missing { .. } | Source::Deleted(_), _, _) => "its files to come back".to_owned(),
            (Source::Present, _, Some(pause)) => {
                format!("the queue, which was paused by {}", pause.by.name())
            }
            (Source::Present, Some(hold), None) => {
                let (tries, all) = (waiting.order.setbacks + 1, self.settings.retries + 1);
                format!("another try, {tries} of {all}, at {}", hold.until)
            }
            (Source::Present, None, None) if waiting.short_of_room => {
                "disk space in the artifact folder".to_owned()
            }
            (Source::Present, None, None) => match self.state.line().before(video.id) {
                None | Some(0) => "a free worker".to_owned(),
                Some(1) => "its turn, after one more".to_owned(),
                Some(before) => format!("its turn, after {before} more"),
            },
        })
    }

    fn current_progress(&self, video: VideoId, order: &Order) -> Option<ProgressView> {
        let progress = self.core.around().progress.get(&video)?;
        (progress.job.attempt == order.attempt).then(|| self::progress(progress))
    }

    fn posting(&self, video: &Video, posting: &Posting) -> PostingView {
        let causes = posting::causes(video, posting);
        PostingView {
            token: posting.token,
            label: posting.label.clone(),
            state: posting::state(&causes),
            switch: posting.switch,
            causes,
            url: link::page_url(self.public_url, &posting.token),
            file_url: link::file_url(self.public_url, &posting.token),
            created_at: posting.created_at,
            views: posting.views,
            bytes: posting.bytes,
            listed: posting.listed,
            traffic: posting.traffic.as_deref().map(|traffic| self.traffic(traffic)),
        }
    }

    fn traffic(&self, traffic: &Traffic) -> TrafficView {
        let hosts = traffic.referrers.iter();
        let mut referrers: Vec<ReferrerView> =
            hosts.map(|(host, views)| ReferrerView { host: host.to_string(), views: *views }).collect();
        referrers.sort_by(|a, b| b.views.cmp(&a.views).then_with(|| a.host.cmp(&b.host)));
        TrafficView {
            last_seen_at: traffic.last_seen_at,
            views_24h: traffic.views_24h(self.now),
            views_by_day: traffic.views_by_day(DAYS_SHOWN, self.now),
            referrers,
        }
    }
}

/// The plan that `generate` would follow now.
fn likely_plan(video: &Video) -> Option<Plan> {
    let info: &MediaInfo = select::select(&video.renditions)?.1;
    plan::plan(info)
}

#[must_use]
pub fn plan_kind(plan: &Plan) -> PlanKind {
    match plan {
        Plan::Direct => PlanKind::Direct,
        Plan::Relocate => PlanKind::Relocate,
        Plan::Remux { .. } => PlanKind::Remux,
        Plan::Transcode { .. } => PlanKind::Transcode,
    }
}

#[must_use]
#[expect(clippy::cast_precision_loss, reason = "media times are far below 2^52 ms")]
pub fn progress(progress: &Progress) -> ProgressView {
    let total = progress.total_ms.max(1);
    let speed = progress.speed_milli.map(|speed| f64::from(speed) / 1000.0);
    ProgressView {
        video: progress.job.video,
        attempt: progress.job.attempt,
        progress: (progress.done_ms as f64 / total as f64).min(1.0),
        speed,
        eta_s: progress.left().map(|left| left.as_secs()),
    }
}

#[must_use]
pub fn event(event: &Event) -> EventView {
    let (video, title, label, token) = match &event.subject {
        Subject::Account | Subject::Queue | Subject::Library => (None, None, None, None),
        Subject::Video { id, title } => (Some(*id), Some(title.clone()), None, None),
        Subject::Posting { video, title, label, token } => {
            (Some(*video), Some(title.clone()), Some(label.clone()), Some(*token))
        }
    };
    EventView {
        seq: event.seq,
        at: event.at,
        actor: event.actor.name().to_owned(),
        uid: event.actor.uid(),
        what: event.what,
        video,
        title,
        label,
        token,
        detail: event.detail.clone(),
    }
}

#[must_use]
pub fn account(account: &Account) -> AccountView {
    let (submission, decision, reason) = match &account.verification {
        Verification::None => (None, None, None),
        Verification::Submitted { submission, .. } => (Some(submission), None, None),
        Verification::Approved(approval) => (Some(&approval.submission), Some(&approval.decision), None),
        Verification::Rejected { submission, decision, reason, .. } => {
            (Some(submission), Some(decision), Some(reason.clone()))
        }
        Verification::Revoked { approval, decision, reason } => {
            (Some(&approval.submission), Some(decision), Some(reason.clone()))
        }
    };
    AccountView {
        state: account.state(),
        submission: submission.map(|submission| self::submission(submission, decision)),
        approved: account
            .approval()
            .map(|Approval { submission, decision }| self::submission(submission, Some(decision))),
        reason,
        service: service(account),
        activated_by: account.service.as_ref().map(|activation| activation.by.name().to_owned()),
        activated_at: account.service.as_ref().map(|activation| activation.at),
    }
}

#[must_use]
pub fn service(account: &Account) -> ServiceState {
    if account.service.is_some() { ServiceState::Active } else { ServiceState::Inactive }
}

fn submission(submission: &SealedSubmission, decision: Option<&Decision>) -> SubmissionView {
    SubmissionView {
        kind: submission.kind,
        name: submission.name.clone(),
        document: submission.document,
        number_masked: submission.number_masked.clone(),
        contact: submission.contact.clone(),
        submitted_at: submission.at,
        submitted_by: submission.by.name().to_owned(),
        decided_at: decision.map(|decision| decision.at),
        decided_by: decision.map(|decision| decision.by.name().to_owned()),
    }
}
