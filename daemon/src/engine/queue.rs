//! What clients are told of the queue, and what the rules are told of the disk under it.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::time::Duration;

use vodpost_protocol::conversion::{ForecastJob, ForecastView, JobsView, PausedView};
use vodpost_protocol::ids::VideoId;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::request::{ForecastQuery, ListQuery, Sort};
use vodpost_protocol::status::Problem;
use vodpost_protocol::time::Timestamp;

use super::Engine;
use crate::clients::view;
use crate::core::conversion::state_of;
use crate::core::media::MediaInfo;
use crate::core::plan::{self, Plan};
use crate::core::query;
use crate::core::queue::{Forecast, Machine};
use crate::core::resolve;
use crate::core::select;
use crate::core::video::{Conversion, Source, Video};
use crate::core::work::{Work, output_bytes_max};

/// So many jobs fit a frame, whatever their titles and reasons are.
const JOBS_MAX: usize = 100;
const FORECAST_LISTED_MAX: usize = 300;

impl Engine {
    /// Tells the rules how much room there is for conversions.
    pub(super) fn observe_room(&mut self) {
        let folder = self.jobs.folder();
        let disk = rustix::fs::statvfs(folder).ok();
        let room_bytes = disk.map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
        self.core.observe(Machine { room_bytes });
    }

    pub(super) fn jobs_view(&self) -> JobsView {
        let state = self.core.state();
        let (view, queue, line) = (self.view(), state.queue(), state.line());
        // What waits for its files, or needs no worker, comes last.
        let in_line: Vec<VideoId> = line.all().collect();
        let known: HashSet<VideoId> = in_line.iter().copied().collect();
        let others = state.timed().filter(|video| video.order().is_some() && !known.contains(&video.id));
        let all = in_line.iter().filter_map(|id| state.video(*id)).chain(others);
        let mut jobs = Vec::new();
        let mut left_out = 0;
        for video in all {
            if jobs.len() < JOBS_MAX {
                jobs.push(view.job(video));
            } else {
                left_out += 1;
            }
        }
        let paused = queue.paused.as_ref();
        JobsView {
            jobs,
            left_out,
            workers: u32::try_from(self.core.settings().workers).unwrap_or(u32::MAX),
            paused: paused.map(|pause| PausedView { at: pause.at, by: pause.by.name().to_owned() }),
        }
    }

    /// Whether these could be converted in time, behind what is under way (C3).
    pub(super) fn forecast(&self, query: &ForecastQuery) -> Result<ForecastView, Refusal> {
        let settings = self.core.settings();
        let now = Self::now();
        let within_s = query.within_s.unwrap_or(settings.conversion_deadline.as_secs());
        let mut sum = Sum::new(self.core.forecast(now), now, within_s);
        let mut videos = self.asked(query)?;
        // As the queue would take them: of orders with one deadline the longest comes first.
        videos.sort_by_cached_key(|video| (Reverse(sum.span(video)), video.title()));
        for video in videos {
            sum.add(video);
        }
        sum.jobs.sort_by_key(|job| job.ready_in_s);
        sum.jobs.truncate(FORECAST_LISTED_MAX);
        sum.left_out.truncate(FORECAST_LISTED_MAX);
        let room = self.core.around().machine.room_bytes;
        let fits = sum.late == 0 && room.is_none_or(|room| sum.needs_bytes <= room);
        Ok(ForecastView {
            fits,
            ready_in_s: sum.ready_in_s,
            within_s,
            workers: u32::try_from(settings.workers).unwrap_or(u32::MAX),
            needs_bytes: sum.needs_bytes,
            free_bytes: room,
            measured: sum.measured,
            jobs: sum.jobs,
            left_out: sum.left_out,
        })
    }

    fn asked(&self, query: &ForecastQuery) -> Result<Vec<&Video>, Refusal> {
        let state = self.core.state();
        let named = query.videos.iter().map(|name| resolve::video(state, &self.facts.roots, name));
        let mut videos = named.collect::<Result<Vec<&Video>, Refusal>>()?;
        let mut newest = query.newest;
        let mut page = ListQuery { sort: Sort::Added, limit: ListQuery::LIMIT_MAX, ..ListQuery::default() };
        while newest > 0 {
            let listed = query::list(state, &page)?;
            let found: Vec<&Video> = listed.ids.iter().filter_map(|id| state.video(*id)).collect();
            for video in &found {
                if newest > 0 && is_new(video) {
                    videos.push(video);
                    newest -= 1;
                }
            }
            let Some(last) = found.last().filter(|_| listed.more) else { break };
            page.after = Some(query::cursor(state, Sort::Added, last));
        }
        let mut seen = HashSet::new();
        videos.retain(|video| seen.insert(video.id));
        Ok(videos)
    }
}

/// Nobody has ordered a conversion of it, and one could be made.
fn is_new(video: &Video) -> bool {
    match (&video.conversion, &video.source) {
        (Conversion::None, Source::Present) => likely(video).is_some(),
        (Conversion::None, Source::Missing { .. } | Source::Deleted(_)) => false,
        (
            Conversion::Queued(_) | Conversion::Running(_) | Conversion::Failed(_) | Conversion::Ready(_),
            _,
        ) => false,
    }
}

/// What `generate` would make of it.
fn likely(video: &Video) -> Option<(Plan, &MediaInfo, u64)> {
    let (rendition, info) = select::select(&video.renditions)?;
    Some((plan::plan(info)?, info, rendition.identity.size_bytes))
}

/// Rounded up: what takes less than a second takes one.
fn seconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis().div_ceil(1000)).unwrap_or(u64::MAX)
}

/// A forecast while it is added up.
struct Sum {
    expected: Forecast,
    now: Timestamp,
    within_s: u64,
    jobs: Vec<ForecastJob>,
    left_out: Vec<Problem>,
    late: usize,
    ready_in_s: u64,
    needs_bytes: u64,
    measured: bool,
}

impl Sum {
    fn new(expected: Forecast, now: Timestamp, within_s: u64) -> Self {
        Self {
            expected,
            now,
            within_s,
            jobs: Vec::new(),
            left_out: Vec::new(),
            late: 0,
            ready_in_s: 0,
            needs_bytes: 0,
            measured: true,
        }
    }

    fn span(&self, video: &Video) -> Duration {
        let work = likely(video).and_then(|(plan, info, size_bytes)| Work::of(&plan, info, size_bytes));
        work.map_or(Duration::ZERO, |work| self.expected.rates().expected(work))
    }

    fn add(&mut self, video: &Video) {
        let reason = match (&video.source, &video.conversion) {
            (Source::Deleted(_), _) => "its source was deleted".to_owned(),
            (Source::Missing { .. }, _) => "its files are not there".to_owned(),
            (Source::Present, Conversion::None | Conversion::Failed(_)) => match likely(video) {
                Some(found) => return self.plan(video, found),
                None => "none of its files can be used".to_owned(),
            },
            (Source::Present, Conversion::Queued(_) | Conversion::Running(_) | Conversion::Ready(_)) => {
                format!("its conversion is {} already", state_of(&video.conversion).name())
            }
        };
        self.left_out.push(Problem { path: video.title(), reason });
    }

    fn plan(&mut self, video: &Video, (plan, info, size_bytes): (Plan, &MediaInfo, u64)) {
        let rates = *self.expected.rates();
        let (work, ready_at) = match Work::of(&plan, info, size_bytes) {
            Some(work) => {
                self.measured &= rates.of(work.kind).measured;
                let span = rates.expected(work);
                (span, self.expected.take(span, self.now))
            }
            None => (Duration::ZERO, self.now),
        };
        let ready_in_s = seconds(ready_at.since(self.now));
        let fits = ready_in_s <= self.within_s;
        self.late += usize::from(!fits);
        self.ready_in_s = self.ready_in_s.max(ready_in_s);
        self.needs_bytes = self.needs_bytes.saturating_add(output_bytes_max(&plan, info, size_bytes));
        self.jobs.push(ForecastJob {
            video: video.id,
            title: video.title(),
            plan: view::plan_kind(&plan),
            plan_why: plan.explain(),
            work_s: seconds(work),
            ready_in_s,
            fits,
        });
    }
}
