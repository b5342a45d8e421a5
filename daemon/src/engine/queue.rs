//! What clients are told of the queue, and what the rules are told of the disk under it.

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
use crate::core::forecast::Forecast;
use crate::core::media::MediaInfo;
use crate::core::plan::{self, Plan};
use crate::core::query;
use crate::core::queue::{Machine, span_in_words};
use crate::core::resolve;
use crate::core::searches::Searches;
use crate::core::select;
use crate::core::video::{Conversion, Source, Video};
use crate::core::work::{OutputSize, Work};

/// So many jobs fit a frame, whatever their titles and reasons are.
const JOBS_MAX: usize = 100;
const FORECAST_LISTED_MAX: usize = 300;

impl Engine {
    /// Tells the rules how much room there is for conversions.
    pub(super) fn observe_room(&mut self) {
        let folder = self.jobs.folder();
        // A folder that cannot be asked is for the worker to complain about.
        self.core.observe(Machine { room_bytes: crate::disk::room_bytes(folder).ok() });
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

    /// Whether these could be converted in time beside what is under way, and what would become of that (C3).
    pub(super) fn forecast(&self, query: &ForecastQuery) -> Result<ForecastView, Refusal> {
        let settings = self.core.settings();
        let now = Self::now();
        let within_s = query.within_s.unwrap_or(settings.conversion_deadline.as_secs());
        let mut asked = Asked::default();
        for video in self.asked(query)? {
            asked.add(video);
        }
        let works: Vec<(VideoId, Work)> =
            asked.wanted.iter().filter_map(|wanted| Some((wanted.video.id, wanted.work?))).collect();
        let expected = self.core.forecast_with(&works, now);
        let mut jobs: Vec<ForecastJob> =
            asked.wanted.iter().map(|wanted| wanted.job(&expected, now, within_s)).collect();
        jobs.sort_by_key(|job| job.ready_in_s);
        let made_late = expected.late_unlike(&self.core.forecast_with(&[], now), self.core.state());
        let mut delayed: Vec<Problem> = made_late.iter().map(|(video, by)| delay(video, *by)).collect();
        let needs_bytes = asked.wanted.iter().map(Wanted::bytes).fold(0, u64::saturating_add);
        let free_bytes = self.core.room_for_more();
        let has_room = free_bytes.is_none_or(|free| needs_bytes <= free);
        let fits = has_room && delayed.is_empty() && jobs.iter().all(|job| job.fits);
        let ready_in_s = jobs.last().map_or(0, |job| job.ready_in_s);
        let rates = expected.rates();
        let measured = works.iter().all(|(_, work)| rates.of(work.kind).measured);
        jobs.truncate(FORECAST_LISTED_MAX);
        asked.left_out.truncate(FORECAST_LISTED_MAX);
        delayed.truncate(FORECAST_LISTED_MAX);
        Ok(ForecastView {
            fits,
            ready_in_s,
            within_s,
            workers: u32::try_from(settings.workers).unwrap_or(u32::MAX),
            needs_bytes,
            free_bytes,
            measured,
            jobs,
            left_out: asked.left_out,
            delayed,
        })
    }

    fn asked(&self, query: &ForecastQuery) -> Result<Vec<&Video>, Refusal> {
        let state = self.core.state();
        let roots = self.core.roots();
        let named = query.videos.iter().map(|name| resolve::video(state, &roots, name));
        let mut videos = named.collect::<Result<Vec<&Video>, Refusal>>()?;
        let mut newest = query.newest;
        let mut page = ListQuery { sort: Sort::Added, limit: ListQuery::LIMIT_MAX, ..ListQuery::default() };
        while newest > 0 {
            let listed = query::list(state, &page, &mut Searches::default())?;
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

/// It would miss its deadline if those were ordered as well.
fn delay(video: &Video, by: Duration) -> Problem {
    let reason = format!("it would miss its deadline by {}", span_in_words(by));
    Problem { path: video.title(), reason }
}

/// What was asked about: what needs a conversion, and the rest with the reason.
#[derive(Default)]
struct Asked<'a> {
    wanted: Vec<Wanted<'a>>,
    left_out: Vec<Problem>,
}

struct Wanted<'a> {
    video: &'a Video,
    plan: Plan,
    size: OutputSize,
    /// `None` for what takes no worker.
    work: Option<Work>,
}

impl<'a> Asked<'a> {
    fn add(&mut self, video: &'a Video) {
        let reason = match (&video.source, &video.conversion) {
            (Source::Deleted(_), _) => "its source was deleted".to_owned(),
            (Source::Missing { .. }, _) => "its files are not there".to_owned(),
            (Source::Present, Conversion::None | Conversion::Failed(_)) => match likely(video) {
                Some((plan, info, size_bytes)) => {
                    let work = Work::of(&plan, info, size_bytes);
                    let size = OutputSize::of(&plan, info, size_bytes);
                    self.wanted.push(Wanted { video, plan, size, work });
                    return;
                }
                None => "none of its files can be used".to_owned(),
            },
            (Source::Present, Conversion::Queued(_) | Conversion::Running(_) | Conversion::Ready(_)) => {
                format!("its conversion is {} already", state_of(&video.conversion).name())
            }
        };
        self.left_out.push(Problem { path: video.title(), reason });
    }
}

impl Wanted<'_> {
    fn bytes(&self) -> u64 {
        self.size.bytes()
    }

    fn job(&self, expected: &Forecast, now: Timestamp, within_s: u64) -> ForecastJob {
        let work = self.work.map_or(Duration::ZERO, |work| expected.rates().expected(work));
        let ready_at = expected.ready_at(self.video.id).unwrap_or(now);
        let ready_in_s = seconds(ready_at.since(now));
        ForecastJob {
            video: self.video.id,
            title: self.video.title(),
            plan: view::plan_kind(&self.plan),
            plan_why: self.plan.explain(),
            work_s: seconds(work),
            ready_in_s,
            fits: ready_in_s <= within_s,
        }
    }
}
