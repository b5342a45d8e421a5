//! `vodpost jobs`: the conversions that run and wait, the queue's own switch, and what would fit into it.

use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand};
use serde_json::json;
use vodpost_protocol::conversion::{JobView, JobsView};
use vodpost_protocol::reply::Answer;
use vodpost_protocol::request::{ForecastQuery, Request};
use vodpost_protocol::time::Timestamp;

use super::Context;
use super::failure::Failure;
use super::forecast;
use crate::format::{self, Cell, Column, Table};
use crate::text::{self, plain};

/// List the conversions that run and wait, pause them, or ask what would be ready in time
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_long_help = "Conversions start in the order in which they have to, to be ready by their deadlines. READY IN counts what comes
before, by the speeds that were measured on this machine.

With --json: {\"jobs\":[…],\"left_out\":0,\"workers\":1,\"paused\":null}; with --fits what the daemon expects of each video, and
\"fits\". The exit status of --fits is 0 if everything would be ready in time and 1 if not.

Example:
  vodpost jobs
  vodpost jobs --fits            every video that has no URL yet
  vodpost jobs --fits 20 --within 2h
  vodpost jobs pause"
)]
pub struct Jobs {
    #[command(subcommand)]
    action: Option<Action>,
    /// Would the N newest videos without a URL be converted in time? Without N: all of them
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "4294967295")]
    fits: Option<u32>,
    /// Instead of the deadline of a conversion, e.g. 90min
    #[arg(long, value_name = "TIME", requires = "fits", value_parser = humantime::parse_duration)]
    within: Option<Duration>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Start no more conversions that take a worker; what runs goes on
    #[command(
        after_long_help = "Deadlines go on. MP4 files that fit are still live at once.\n\nExample:\n  vodpost jobs pause"
    )]
    Pause,
    /// Start conversions again
    #[command(after_long_help = "Example:\n  vodpost jobs resume")]
    Resume,
}

impl Jobs {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        if let Some(newest) = self.fits {
            let within_s = self.within.map(|span| span.as_secs());
            return forecast::show(context, ForecastQuery { videos: Vec::new(), newest, within_s });
        }
        let (request, said) = match self.action {
            None => (Request::Jobs, None),
            Some(Action::Pause) => (Request::PauseQueue, Some("Paused: no further conversion starts.")),
            Some(Action::Resume) => (Request::ResumeQueue, Some("Conversions start again.")),
        };
        let Answer::Jobs(jobs) = context.daemon()?.ask(request)? else {
            return Err(Failure::UnexpectedAnswer);
        };
        if context.out.json {
            return context.out.json(&json!(jobs));
        }
        match said {
            Some(said) => {
                context.out.note(said)?;
                if jobs.jobs.is_empty() { Ok(()) } else { list(context, &jobs) }
            }
            None => list(context, &jobs),
        }
    }
}

fn list(context: &mut Context, view: &JobsView) -> Result<(), Failure> {
    let now = Timestamp::from_system(SystemTime::now());
    if let Some(paused) = &view.paused {
        let ago = format::ago(paused.at, now);
        let line =
            format!("The queue was paused by {} {ago}; to go on: vodpost jobs resume", plain(&paused.by));
        context.out.note(&line)?;
    }
    if view.jobs.is_empty() {
        return context.out.note("No conversions.");
    }
    let mut table = Table::new(&[
        Column::Left("ID"),
        Column::Left("STATE"),
        Column::Left("PLAN"),
        Column::Right("TRY"),
        Column::Right("DONE"),
        Column::Right("SPEED"),
        Column::Right("READY IN"),
        Column::Right("DEADLINE IN"),
        Column::Flexible("TITLE"),
    ]);
    view.jobs.iter().for_each(|job| table.row(row(job, now)));
    context.out.table(&table)?;
    for job in &view.jobs {
        let conversion = &job.conversion;
        let title = plain(&job.title);
        if let Some(late_s) = conversion.late_by_s {
            let late = format::span(Duration::from_secs(late_s));
            context.out.note(&format!("{title}: would miss its deadline by {late}"))?;
        }
        if let (Some(reason), Some(at)) = (&conversion.reason, conversion.retry_at) {
            let again = format::span(at.since(now));
            context.out.note(&format!("{title}: {}; tried again in {again}", plain(reason)))?;
        }
    }
    match view.left_out {
        0 => Ok(()),
        left_out => context.out.note(&format!("… and {left_out} more")),
    }
}

fn row(job: &JobView, now: Timestamp) -> Vec<Cell> {
    let conversion = &job.conversion;
    let or_none = |text: Option<String>| Cell::new(text.unwrap_or(format::NONE.to_owned()));
    vec![
        Cell::new(job.video.to_string()),
        Cell::new(text::conversion_state(conversion.state)),
        or_none(conversion.plan.map(|plan| plan.name().to_owned())),
        Cell::new(conversion.attempt.to_string()),
        or_none(conversion.progress.map(format::percent)),
        or_none(conversion.speed.map(|speed| format!("{speed:.1}x"))),
        or_none(conversion.expected_at.map(|at| format::span(at.since(now)))),
        or_none(conversion.deadline.map(|deadline| format::span(deadline.since(now)))),
        Cell::new(plain(&job.title)),
    ]
}
