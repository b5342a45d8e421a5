//! Answers: what clients see, always of durable state.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use vodpost_protocol::codec;
use vodpost_protocol::event::EventKind;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::reply::{Answer, EventPage, Located, Page};
use vodpost_protocol::request::{ListQuery, Request};
use vodpost_protocol::status::{
    Counts, LibraryView, Listen, Problem, Queue, RootOrigin, RootView, ScanView, Status, Tool,
};
use vodpost_protocol::time::Timestamp;

use super::writes::Pending;
use super::{Answerer, Engine};
use crate::clients::view::{self, ViewContext};
use crate::core::event::Subject;
use crate::core::input::Scan;
use crate::core::query;
use crate::core::resolve;
use crate::core::roots::{self, AddedRoot, Root};
use crate::core::state::Change;
use crate::core::video::{MissingCause, Source};
use crate::error::chain;
use crate::library::watch;

const EVENTS_MAX: usize = 500;
const PROBLEMS_MAX: usize = 200;
/// A page stops here, well below the limit of a frame.
const PAGE_BYTES_MAX: usize = 600 << 10;

/// What the last look at the roots showed, and who waits for the next one.
#[derive(Default)]
pub(super) struct ScanNotes {
    /// Asked before the running look began, or since it began.
    now: Vec<Answerer>,
    next: Vec<Answerer>,
    at: Option<Timestamp>,
    unavailable: HashMap<Arc<Path>, String>,
    files: u64,
    settling: u64,
}

/// How much a look at the roots changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScanCount {
    added: u64,
    changed: u64,
    missing: u64,
}

impl ScanNotes {
    pub(super) fn wait(&mut self, answerer: Answerer) {
        if self.next.len() == self.next.capacity() {
            // A look may take long; clients that ask and leave must not add up meanwhile.
            self.next.retain(Answerer::is_wanted);
        }
        self.next.push(answerer);
    }

    pub(super) fn begin(&mut self) {
        self.now.append(&mut self.next);
    }

    pub(super) fn take_waiting(&mut self) -> Vec<Answerer> {
        std::mem::take(&mut self.now)
    }

    pub(super) fn note(&mut self, scan: &Scan, at: Timestamp) {
        self.at = Some(at);
        self.unavailable.clear();
        (self.files, self.settling) = (0, 0);
        for root in &scan.roots {
            match &root.found {
                Ok(found) => {
                    self.files += found.files.len() as u64;
                    self.settling += found.settling.len() as u64;
                    if let Some((_, reason)) = found.unreadable.first() {
                        self.unavailable.insert(root.root.clone(), reason.clone());
                    }
                }
                Err(reason) => {
                    self.unavailable.insert(root.root.clone(), reason.clone());
                }
            }
        }
    }

    pub(super) fn count(&self, changes: &[Change]) -> ScanCount {
        let mut count = ScanCount { added: 0, changed: 0, missing: 0 };
        // A video that was moved and replaced at once is one.
        let mut changed = BTreeSet::new();
        for change in changes {
            let Change::Event(event) = change else { continue };
            match event.what {
                EventKind::VideoAdded => count.added += 1,
                EventKind::SourceMissing => count.missing += 1,
                EventKind::VideoRenamed
                | EventKind::SourceReplaced
                | EventKind::SourceReturned
                | EventKind::RenditionsChanged => {
                    if let Subject::Video { id, .. } = event.subject {
                        changed.insert(id);
                    }
                }
                EventKind::AccountSubmitted
                | EventKind::AccountApproved
                | EventKind::AccountRejected
                | EventKind::AccountRevoked
                | EventKind::ServiceActivated
                | EventKind::SourceSuspended
                | EventKind::SourceResumed
                | EventKind::SourceDeleted
                | EventKind::ConversionRequested
                | EventKind::ConversionStarted
                | EventKind::ConversionReady
                | EventKind::ConversionFailed
                | EventKind::ConversionCancelled
                | EventKind::PostingCreated
                | EventKind::PostingSuspended
                | EventKind::PostingResumed
                | EventKind::ConversionDelayed
                | EventKind::ConversionLate
                | EventKind::QueuePaused
                | EventKind::QueueResumed
                | EventKind::PostingListed
                | EventKind::PostingUnlisted
                | EventKind::VideoForgotten
                | EventKind::RootAdded
                | EventKind::RootRemoved => {}
            }
        }
        count.changed = changed.len() as u64;
        count
    }
}

impl Engine {
    /// Turns what was promised into the answer.
    pub(super) fn resolve(&mut self, pending: Pending) -> Result<Answer, Refusal> {
        match pending {
            Pending::Refused(refusal) => Err(refusal),
            Pending::Read(request) => self.read(*request),
            Pending::Video(id) => {
                let video = self.core.state().video(id);
                let video = video
                    .ok_or_else(|| Refusal::NoSuchVideo { asked: id.to_string(), nearest: Vec::new() })?;
                Ok(Answer::Video(Box::new(self.view().video(video))))
            }
            Pending::Account => Ok(Answer::Account(Box::new(view::account(self.core.state().account())))),
            Pending::Library => Ok(Answer::Library(LibraryView { roots: self.root_views() })),
            Pending::Jobs => Ok(Answer::Jobs(self.jobs_view())),
            Pending::Scan(count) => Ok(Answer::Scan(Box::new(self.scan_view(count)))),
        }
    }

    pub(super) fn view(&self) -> ViewContext<'_> {
        ViewContext::new(&self.core, &self.facts.public_url, Self::now())
    }

    fn read(&mut self, request: Request) -> Result<Answer, Refusal> {
        let state = self.core.state();
        match request {
            Request::Status => Ok(Answer::Status(Box::new(self.status()))),
            Request::List(query) => self.page(&query).map(Answer::Page),
            Request::Show { video } => {
                let video = resolve::video(state, &self.core.roots(), &video)?;
                Ok(Answer::Video(Box::new(self.view().video(video))))
            }
            Request::Locate { target } => {
                let (video, tokens) = resolve::target(state, &self.core.roots(), &target)?;
                Ok(Answer::Located(Box::new(Located { video: self.view().video(video), tokens })))
            }
            Request::AccountShow => Ok(Answer::Account(Box::new(view::account(state.account())))),
            Request::Jobs => Ok(Answer::Jobs(self.jobs_view())),
            Request::Events { since, limit } => self.events(since, limit),
            Request::Forecast(query) => self.forecast(&query).map(|view| Answer::Forecast(Box::new(view))),
            Request::Subscribe => Ok(Answer::Subscribed { seq: state.last_seq() }),
            Request::Generate { .. }
            | Request::Retry { .. }
            | Request::Cancel { .. }
            | Request::SetPosting { .. }
            | Request::SetSource { .. }
            | Request::DeleteSource { .. }
            | Request::AccountSubmit(_)
            | Request::AccountApprove
            | Request::AccountReject { .. }
            | Request::AccountRevoke { .. }
            | Request::ServiceActivate
            | Request::Scan
            | Request::Checkup
            | Request::PauseQueue
            | Request::ResumeQueue
            | Request::SetListed { .. }
            | Request::AddRoot { .. }
            | Request::RemoveRoot { .. }
            | Request::Backup { .. } => {
                tracing::error!("this is not answered from the state");
                Err(Refusal::Busy)
            }
        }
    }

    fn page(&mut self, query: &ListQuery) -> Result<Page, Refusal> {
        let state = self.core.state();
        let listed = query::list(state, query, &mut self.searches)?;
        let view = self.view();
        let mut videos = Vec::with_capacity(listed.ids.len());
        let mut bytes = 0;
        let mut more = listed.more;
        let mut last = None;
        for video in listed.ids.iter().filter_map(|id| state.video(*id)) {
            let shown = view.video(video);
            bytes += codec::encoded_len(&shown).unwrap_or(PAGE_BYTES_MAX);
            if bytes > PAGE_BYTES_MAX && !videos.is_empty() {
                more = true;
                break;
            }
            videos.push(shown);
            last = Some(video);
        }
        let next = last.filter(|_| more).map(|video| query::cursor(state, query.sort, video));
        Ok(Page { videos, next, total: listed.total })
    }

    fn events(&mut self, since: u64, limit: u32) -> Result<Answer, Refusal> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).clamp(1, EVENTS_MAX);
        let failed = |error: crate::store::StoreError| Refusal::StorageFailed { reason: chain(&error) };
        let events = self.store.events(since, limit).map_err(failed)?;
        let oldest = self.core.state().oldest_seq();
        let newest = self.core.state().last_seq();
        Ok(Answer::Events(EventPage { events: events.iter().map(view::event).collect(), newest, oldest }))
    }

    pub(super) fn status(&self) -> Status {
        let now = Self::now();
        let account = self.core.state().account();
        let (counts, queue) = self.counts();
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            protocol: vodpost_protocol::PROTOCOL_NUMBER,
            instance: self.handle.instance().to_string(),
            pid: std::process::id(),
            started_at: self.facts.started_at,
            uptime_s: now.since(self.facts.started_at).as_secs(),
            account: account.state(),
            service: view::service(account),
            counts,
            queue,
            roots: self.root_views(),
            listen: Listen {
                http: self.facts.http_addr.clone(),
                public_url: self.facts.public_url.to_string(),
                socket: self.facts.socket.to_string_lossy().into_owned(),
                state_dir: self.facts.state_dir.to_string_lossy().into_owned(),
            },
            storage: self.storage.clone(),
            ffmpeg: self.tool(),
            state_id: format!("{:016x}", self.sealer.state_id()),
            restored_at: self.facts.restored_at,
        }
    }

    fn tool(&self) -> Tool {
        let tools = &self.facts.tools;
        match (&tools.ffmpeg, &tools.ffprobe) {
            (Some(_), Some(_)) => {
                let version = self.facts.ffmpeg_version.get().cloned();
                Tool::Found(version.unwrap_or_else(|| "unknown version".to_owned()))
            }

            (None, _) | (_, None) => {
                let missing = "ffmpeg is not installed; MP4 files that fit are served without it, all others need it \
                               (on Debian: apt-get install ffmpeg), then restart vodpostd";
                Tool::Missing(missing.to_owned())
            }
        }
    }

    fn counts(&self) -> (Counts, Queue) {
        let state = self.core.state();
        let totals = &state.index().totals;
        let counts = Counts {
            videos: totals.living(),
            postings: state.postings_count() as u64,
            live: totals.live,
            suspended: totals.suspended,
            pending: totals.pending,
            invalid: totals.invalid,
            problems: totals.problems,
        };
        let queue = Queue {
            queued: totals.conversions_queued,
            running: totals.conversions_running,
            failed: totals.conversions_failed,
            paused: state.queue().paused.is_some(),
        };
        (counts, queue)
    }

    fn root_views(&self) -> Vec<RootView> {
        roots::all(self.core.state(), self.core.settings()).map(|root| self.root_view(root)).collect()
    }

    fn root_view(&self, root: Root<'_>) -> RootView {
        let added = |added: &AddedRoot| RootOrigin::Added { at: added.at, by: added.by.name().to_owned() };
        let (root, origin, eclipsed) = match root {
            Root::Configured(root) => {
                (root, RootOrigin::Configured(self.core.settings().roots_origin.clone()), None)
            }
            Root::Added(root) => (&root.path, added(root), None),
            Root::Eclipsed { added: root, by } => {
                let reason = format!("it overlaps with {}, which is in the configuration", by.display());
                (&root.path, added(root), Some(reason))
            }
        };
        let totals = &self.core.state().index().totals;
        let from_videos = || {
            // Found at once where there is one: a walk that finds none would go through all.
            totals.by_unavailable_root.get(root)?;
            let mut missing = self.core.state().timed().filter(|video| video.place.root == *root);
            missing.find_map(|video| match &video.source {
                Source::Missing { cause: MissingCause::RootUnavailable(reason), .. } => {
                    Some(reason.to_string())
                }
                Source::Missing { cause: MissingCause::Vanished | MissingCause::BeingWritten, .. }
                | Source::Present
                | Source::Deleted(_) => None,
            })
        };
        RootView {
            path: root.to_string_lossy().into_owned(),
            unavailable: eclipsed.or_else(|| self.scans.unavailable.get(root).cloned()).or_else(from_videos),
            videos: totals.by_root.get(root).copied().unwrap_or_default(),
            scanned_at: self.scans.at,
            unwatched: self.facts.coverage.unwatched(root).map(|why| watch::in_words(&why).into_owned()),
            origin,
        }
    }

    fn scan_view(&self, count: ScanCount) -> ScanView {
        let state = self.core.state();
        let mut problems = Vec::new();
        let mut left_out = 0;
        for video in state.videos().filter(|video| !video.is_deleted()) {
            for rendition in &video.renditions {
                let Err(unusable) = &rendition.media else { continue };
                if problems.len() < PROBLEMS_MAX {
                    let path = video.path_of(&rendition.name).to_string_lossy().into_owned();
                    problems.push(Problem { path, reason: unusable.reason.clone() });
                } else {
                    left_out += 1;
                }
            }
        }
        let roots = self.root_views().into_iter();
        ScanView {
            files: self.scans.files,
            videos: state.index().totals.living(),
            added: count.added,
            changed: count.changed,
            missing: count.missing,
            settling: self.scans.settling,
            problems,
            problems_left_out: left_out,
            roots_unavailable: roots
                .filter_map(|root| root.unavailable.map(|reason| Problem { path: root.path, reason }))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_ask_for_a_look_and_leave_do_not_add_up() {
        let mut notes = ScanNotes::default();
        let (stays, _answered) = tokio::sync::mpsc::channel(1);
        notes.wait(Answerer::new(1, stays));
        for id in 0..10_000 {
            let (leaves, _) = tokio::sync::mpsc::channel(1);
            notes.wait(Answerer::new(id, leaves));
        }
        assert!(notes.next.capacity() < 100, "{}", notes.next.capacity());
        assert!(notes.next.iter().any(Answerer::is_wanted));
    }
}
