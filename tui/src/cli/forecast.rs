//! What conversions would take that nobody has ordered yet: `jobs --fits` and `generate --dry-run`.

use std::time::Duration;

use serde_json::json;
use vodpost_protocol::conversion::ForecastView;
use vodpost_protocol::reply::Answer;
use vodpost_protocol::request::{ForecastQuery, Request};

use super::Context;
use super::failure::Failure;
use crate::format::{self, Cell, Column, Table};
use crate::text::{Sentence, plain};

/// The daemon leaves out what waits while the queue is paused.
const PAUSED: &str =
    "The queue is paused: this counts from the moment it is resumed, without what waits in it already.";

/// # Errors
/// When the daemon refuses, or not everything would be ready in time.
pub(super) fn show(context: &mut Context, query: ForecastQuery) -> Result<(), Failure> {
    let mut daemon = context.daemon()?;
    let Answer::Forecast(forecast) = daemon.ask(Request::Forecast(query))? else {
        return Err(Failure::UnexpectedAnswer);
    };
    if daemon.jobs(Request::Jobs)?.paused.is_some() {
        context.out.note(PAUSED)?;
    }
    if context.out.json {
        context.out.json(&json!(forecast))?;
    } else {
        print(context, &forecast)?;
    }
    let verdict = verdict(&forecast);
    match (forecast.fits, context.out.json) {
        (true, true) => Ok(()),
        (true, false) => context.out.note(&verdict.message),
        // The document on stdout says it.
        (false, true) => Err(Failure::Reported(Box::new(Failure::Failed(verdict)))),
        (false, false) => Err(Failure::Failed(verdict)),
    }
}

fn print(context: &mut Context, forecast: &ForecastView) -> Result<(), Failure> {
    if !forecast.jobs.is_empty() {
        let mut table = Table::new(&[
            Column::Left("ID"),
            Column::Left("PLAN"),
            Column::Right("WORK"),
            Column::Right("READY IN"),
            Column::Left("IN TIME"),
            Column::Flexible("TITLE"),
        ]);
        for job in &forecast.jobs {
            let span = |s| Cell::new(format::span(Duration::from_secs(s)));
            table.row(vec![
                Cell::new(job.video.to_string()),
                Cell::new(job.plan.name()),
                span(job.work_s),
                span(job.ready_in_s),
                Cell::new(if job.fits { "yes" } else { "no" }),
                Cell::new(plain(&job.title)),
            ]);
        }
        context.out.table(&table)?;
    }
    for left_out in &forecast.left_out {
        context.out.note(&format!("{}: {}", plain(&left_out.path), plain(&left_out.reason)))?;
    }
    if !forecast.measured && !forecast.jobs.is_empty() {
        context.out.note("Speeds are assumed; after the first conversions they are measured.")?;
    }
    Ok(())
}

fn verdict(forecast: &ForecastView) -> Sentence {
    let span = |s| format::span(Duration::from_secs(s));
    let count = format::count(forecast.jobs.len() as u64, "conversion", "conversions");
    if forecast.jobs.is_empty() {
        return Sentence::new("There is nothing to convert.");
    }
    let ready = format!("{count} would be ready in {}", span(forecast.ready_in_s));
    let within = span(forecast.within_s);
    if forecast.fits {
        return Sentence::new(format!("{ready}, within {within}."));
    }
    let late = forecast.jobs.iter().filter(|job| !job.fits).count();
    if late > 0 {
        let message = format!("{ready}; {late} of them would not be ready within {within}.");
        return Sentence::with_hint(
            message,
            "fewer at a time, or more conversion.workers if there are cores to spare",
        );
    }
    let (needs, free) = (format::bytes(forecast.needs_bytes), forecast.free_bytes.map(format::bytes));
    let free = free.unwrap_or_else(|| "an unknown amount".to_owned());
    Sentence::with_hint(
        format!("{ready}, but they may take {needs} and {free} are free."),
        "make room in the artifact folder, or delete videos that are not needed any more",
    )
}
