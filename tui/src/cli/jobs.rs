//! `vodpost jobs`: the conversions that run and wait, the queue's own switch, and what would fit into it.

mod follow;
mod list;

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;
use vodpost_protocol::request::{ForecastQuery, Request};

use super::Context;
use super::failure::Failure;
use super::forecast;
use super::wait::now;
use crate::word;

/// List the conversions that run and wait, pause them, or ask what would be ready in time
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_long_help = "Conversions start in the order in which they have to, to be ready by their deadlines.
READY IN counts what comes before, by the speeds that were measured on this machine.

With --follow (or `vodpost jobs watch`) the list is redrawn on a terminal as things
change, until Ctrl-C; elsewhere there is a line for each change and each tenth that is
done. With --until-done it ends when the queue is empty.

With --json: {\"jobs\":[…],\"left_out\":0,\"workers\":1,\"paused\":null}; with --fits what
the daemon expects of each video, and \"fits\". The exit status of --fits is 0 if
everything would be ready in time and 1 if not.
With --follow --json, one per line: {\"jobs\":{…}} as above, at first and whenever the
queue has changed, and {\"progress\":{\"video\":…,\"attempt\":1,\"progress\":0.42,
\"speed\":3.1,\"eta_s\":95}}.

Example:
  vodpost jobs
  vodpost jobs --follow --until-done
  vodpost jobs --fits            every video that has no URL yet
  vodpost jobs --fits 20 --within 2h
  vodpost jobs pause"
)]
pub struct Jobs {
    #[command(subcommand)]
    action: Option<Action>,
    /// Keep the list up to date until Ctrl-C
    #[arg(short, long, conflicts_with = "fits")]
    follow: bool,
    /// Follow the list until no conversion runs or waits any more
    #[arg(long, conflicts_with = "fits")]
    until_done: bool,
    /// Would the N newest videos without a URL be ready in time? Without N: all
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "4294967295")]
    fits: Option<u32>,
    /// Instead of the deadline of a conversion, e.g. 90min
    #[arg(long, value_name = "TIME", requires = "fits", value_parser = humantime::parse_duration)]
    within: Option<Duration>,
}

fn paused() -> &'static str {
    word!(
        "Paused: no further conversion starts, what runs goes on. To go on: vodpost jobs resume",
        "已暂停：不再开始新的处理，进行中的继续。恢复：vodpost jobs resume"
    )
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Start no more conversions that take a worker; what runs goes on
    #[command(
        after_long_help = "Deadlines go on. MP4 files that fit are still live at once.\n\nExample:\n  vodpost jobs pause"
    )]
    Pause,
    /// Keep the list up to date; as --follow
    #[command(after_long_help = "Example:\n  vodpost jobs watch --until-done")]
    Watch {
        /// End when no conversion runs or waits any more
        #[arg(long)]
        until_done: bool,
    },
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
            None if self.follow || self.until_done => return follow::run(context, self.until_done.into()),
            Some(Action::Watch { until_done }) => return follow::run(context, until_done.into()),
            None => (Request::Jobs, None),
            Some(Action::Pause) => (Request::PauseQueue, Some(paused())),
            Some(Action::Resume) => {
                (Request::ResumeQueue, Some(word!("Conversions start again.", "队列已恢复，继续处理。")))
            }
        };
        let jobs = context.daemon()?.jobs(request)?;
        if context.out.json {
            return context.out.json(&json!(jobs));
        }
        if let Some(said) = said {
            context.out.note(said)?;
        }
        list::print(context, &jobs, now())
    }
}
