//! `vodpost jobs`: the conversions that run and wait.

use std::time::{Duration, SystemTime};

use clap::Args;
use serde_json::json;
use vodpost_protocol::conversion::JobView;
use vodpost_protocol::reply::Answer;
use vodpost_protocol::request::Request;
use vodpost_protocol::time::Timestamp;

use super::Context;
use super::failure::Failure;
use crate::format::{self, Cell, Column, Table};
use crate::text::{self, plain};

/// List the conversions that run and wait
#[derive(Debug, Args)]
#[command(after_long_help = "With --json: {\"jobs\":[…]}.

Example:
  vodpost jobs")]
pub struct Jobs {}

impl Jobs {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let Answer::Jobs(jobs) = context.daemon()?.ask(Request::Jobs)? else {
            return Err(Failure::UnexpectedAnswer);
        };
        if context.out.json {
            return context.out.json(&json!({ "jobs": jobs }));
        }
        if jobs.is_empty() {
            return context.out.note("No conversions.");
        }
        let now = Timestamp::from_system(SystemTime::now());
        let mut table = Table::new(&[
            Column::Left("ID"),
            Column::Left("STATE"),
            Column::Left("PLAN"),
            Column::Right("DONE"),
            Column::Right("SPEED"),
            Column::Right("LEFT"),
            Column::Right("DEADLINE IN"),
            Column::Flexible("TITLE"),
        ]);
        jobs.iter().for_each(|job| table.row(row(job, now)));
        context.out.table(&table)
    }
}

fn row(job: &JobView, now: Timestamp) -> Vec<Cell> {
    let conversion = &job.conversion;
    let or_none = |text: Option<String>| Cell::new(text.unwrap_or(format::NONE.to_owned()));
    vec![
        Cell::new(job.video.to_string()),
        Cell::new(text::conversion_state(conversion.state)),
        or_none(conversion.plan.map(|plan| plan.name().to_owned())),
        or_none(conversion.progress.map(format::percent)),
        or_none(conversion.speed.map(|speed| format!("{speed:.1}x"))),
        or_none(conversion.eta_s.map(|eta| format::span(Duration::from_secs(eta)))),
        or_none(conversion.deadline.map(|deadline| format::span(deadline.since(now)))),
        Cell::new(plain(&job.title)),
    ]
}
