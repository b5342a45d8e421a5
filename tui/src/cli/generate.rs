//! `vodpost generate`: a dedicated URL for each video, and the conversion it needs.

use std::collections::HashSet;

use clap::Args;
use serde_json::json;
use vodpost_protocol::ids::{Label, VideoId};
use vodpost_protocol::posting::PostingState;
use vodpost_protocol::request::{ForecastQuery, Request};
use vodpost_protocol::video::VideoView;

use super::Context;
use super::daemon::Daemon;
use super::failure::Failure;
use super::forecast;
use super::show::{order_line, posting_line};
use super::wait::{Waiter, now};
use crate::queue::is_under_way;
use crate::say;
use crate::text::{pair, plain, shell_word};

/// Make a dedicated URL for each video, converting it first if it needs that
#[derive(Debug, Args)]
#[command(
    after_long_help = "The URL is live as soon as the conversion is ready; stdout gets the URLs that exist by then.
With --wait the command ends when all conversions have, and shows on a terminal how far each is, and elsewhere a line
for each tenth and each change of state (on stderr). Ctrl-C ends the waiting only.
With --dry-run nothing is ordered; the exit status is 0 if all would be ready by their deadline.
With --json: the video as `vodpost show --json` prints it; for several, {\"videos\":[…],\"errors\":[…]}.

Example:
  vodpost generate 'Lecture 1' --wait
  vodpost generate talk --label newsletter
  vodpost generate talk film --dry-run"
)]
pub struct Generate {
    /// The videos
    #[arg(required = true, value_name = "VIDEO")]
    videos: Vec<String>,
    /// Tells several URLs of one video apart: a-z, 0-9, '.', '_' and '-'
    #[arg(long, value_name = "LABEL", default_value_t)]
    label: Label,
    /// Wait until the conversions are done
    #[arg(long)]
    wait: bool,
    /// Only say what would be done and whether it would be ready in time
    #[arg(long, conflicts_with_all = ["wait", "label"])]
    dry_run: bool,
}

/// What was asked for, and what became of it.
type Outcome = (String, Result<VideoView, Failure>);

impl Generate {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        if self.dry_run {
            let query = ForecastQuery { videos: self.videos, ..ForecastQuery::default() };
            return forecast::show(context, query);
        }
        let mut told = HashSet::new();
        let outcomes = if self.wait {
            let mut waiter = Waiter::new(context, Some(self.label.clone()))?;
            let mut outcomes = waiter.ask(|daemon| self.request(daemon))?;
            wait_for(&mut waiter, context, &mut outcomes)?;
            told = waiter.told();
            outcomes
        } else {
            self.request(&mut context.daemon()?)?
        };
        report(context, outcomes, &self.label, &told)
    }

    /// One refused video does not keep the others from being generated.
    fn request(&self, daemon: &mut Daemon) -> Result<Vec<Outcome>, Failure> {
        let mut outcomes = Vec::new();
        for video in &self.videos {
            let request = Request::Generate { video: video.clone(), label: self.label.clone() };
            let result = match daemon.video(request) {
                Err(failure @ Failure::Refused(_)) => Err(failure),
                result => Ok(result?),
            };
            outcomes.push((video.clone(), result));
        }
        Ok(outcomes)
    }
}

fn wait_for(waiter: &mut Waiter, context: &mut Context, outcomes: &mut [Outcome]) -> Result<(), Failure> {
    let mut videos: Vec<VideoView> =
        outcomes.iter().filter_map(|(_, result)| result.as_ref().ok().cloned()).collect();
    waiter.until_done(context, &mut videos)?;
    let mut videos = videos.into_iter();
    for (_, result) in outcomes.iter_mut().filter(|(_, result)| result.is_ok()) {
        if let Some(video) = videos.next() {
            *result = waiter.verdict(context, video);
        }
    }
    Ok(())
}

/// What stands on the terminal already is not said again.
fn report(
    context: &mut Context,
    outcomes: Vec<Outcome>,
    label: &Label,
    told: &HashSet<VideoId>,
) -> Result<(), Failure> {
    let several = outcomes.len() > 1;
    let mut videos = Vec::new();
    let mut failures = Vec::new();
    for (asked, result) in outcomes {
        match result {
            Ok(video) => videos.push(video),
            Err(failure) => failures.push((asked, failure)),
        }
    }
    if context.out.json {
        if !several {
            return match failures.pop() {
                Some((_, failure)) => Err(failure),
                None => videos.iter().try_for_each(|video| context.out.json(video)),
            };
        }
        let errors: Vec<_> = failures
            .iter()
            .map(|(asked, failure)| json!({ "video": asked, "error": failure.json() }))
            .collect();
        context.out.json(&json!({ "videos": videos, "errors": errors }))?;
    } else {
        let untold = |video: &&VideoView| !context.out.is_terminal() || !told.contains(&video.id);
        let untold: Vec<&VideoView> = videos.iter().filter(untold).collect();
        untold.into_iter().try_for_each(|video| print(context, video, label))?;
        if several {
            let unreported = failures.iter().filter(|(_, failure)| !matches!(failure, Failure::Reported(_)));
            unreported
                .map(|(_, failure)| failure.sentence())
                .try_for_each(|said| context.out.complain(&said))?;
        }
    }
    match failures.into_iter().next() {
        Some((_, failure)) if several => Err(Failure::Reported(Box::new(failure))),
        Some((_, failure)) => Err(failure),
        None => Ok(()),
    }
}

fn print(context: &mut Context, video: &VideoView, label: &Label) -> Result<(), Failure> {
    let title = plain(&video.title);
    if let Some(posting) = video.postings.iter().find(|posting| posting.label == *label) {
        context.out.line(&plain(&posting.url))?;
        if posting.state != PostingState::Live {
            context.out.note(&pair(&title, &posting_line(posting)))?;
        }
        return Ok(());
    }
    context.out.note(&pair(&title, &order_line(&video.conversion, now())))?;
    if is_under_way(video.conversion.state) {
        let target = match label {
            label if *label == Label::default() => shell_word(&video.title),
            label => shell_word(&format!("{}#{label}", video.title)),
        };
        context.out.note(&say!(
            "The URL exists when it is ready: vodpost url {target}",
            "处理完成后生成链接：vodpost url {target}"
        ))?;
    }
    Ok(())
}
