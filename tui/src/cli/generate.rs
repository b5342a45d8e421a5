//! `vodpost generate`: a dedicated URL for each video, and the conversion it needs.

use std::time::SystemTime;

use clap::Args;
use serde_json::json;
use vodpost_protocol::conversion::ConversionState;
use vodpost_protocol::ids::Label;
use vodpost_protocol::posting::PostingState;
use vodpost_protocol::request::{ForecastQuery, Request};
use vodpost_protocol::time::Timestamp;
use vodpost_protocol::video::VideoView;

use super::Context;
use super::daemon::Daemon;
use super::failure::Failure;
use super::forecast;
use super::show::{conversion_line, posting_line};
use super::wait::{Waiter, is_under_way};
use crate::text::{Sentence, plain, shell_word};

/// Make a dedicated URL for each video, converting it first if it needs that
#[derive(Debug, Args)]
#[command(
    after_long_help = "The URL is live as soon as the conversion is ready; stdout gets the URLs that exist by then.
With --wait the command ends when all conversions have. Ctrl-C ends the waiting only.
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
        let outcomes = if self.wait {
            let mut waiter = Waiter::new(context)?;
            let mut outcomes = waiter.ask(|daemon| self.request(daemon))?;
            wait_for(&mut waiter, context, &mut outcomes)?;
            outcomes
        } else {
            self.request(&mut context.daemon()?)?
        };
        report(context, outcomes, &self.label)
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
            *result = judge(video, Timestamp::from_system(SystemTime::now()));
        }
    }
    Ok(())
}

/// A conversion that ended: well, or as a failure with its reason.
fn judge(video: VideoView, now: Timestamp) -> Result<VideoView, Failure> {
    let (title, word) = (plain(&video.title), shell_word(&video.title));
    match video.conversion.state {
        ConversionState::Ready => Ok(video),
        ConversionState::Failed => {
            let reason = video.conversion.reason.as_deref().map_or("no reason is known".into(), plain);
            let sentence = Sentence::with_hint(
                format!("The conversion of \"{title}\" failed: {reason}"),
                format!("vodpost show {word}, then vodpost retry {word}"),
            );
            // It ended just now: past its deadline means because of it.
            let too_late = video.conversion.deadline.is_some_and(|deadline| deadline <= now);
            Err(if too_late { Failure::TimedOut(sentence) } else { Failure::Failed(sentence) })
        }
        ConversionState::None | ConversionState::Queued | ConversionState::Running => {
            Err(Failure::Failed(Sentence::with_hint(
                format!("The conversion of \"{title}\" was cancelled."),
                format!("vodpost show {word}"),
            )))
        }
    }
}

fn report(context: &mut Context, outcomes: Vec<Outcome>, label: &Label) -> Result<(), Failure> {
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
        videos.iter().try_for_each(|video| print(context, video, label))?;
        if several {
            failures.iter().try_for_each(|(_, failure)| context.out.complain(&failure.sentence()))?;
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
            context.out.note(&format!("{title}: {}", posting_line(posting)))?;
        }
        return Ok(());
    }
    context.out.note(&format!("{title}: {}", conversion_line(&video.conversion)))?;
    if is_under_way(video.conversion.state) {
        let target = match label {
            label if *label == Label::default() => shell_word(&video.title),
            label => shell_word(&format!("{}#{label}", video.title)),
        };
        context.out.note(&format!("The URL exists when it is ready: vodpost url {target}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::peer::video;

    #[test]
    fn a_missed_deadline_is_a_time_out() {
        let mut failed = video("talk", ConversionState::Failed);
        failed.conversion.deadline = Some(Timestamp::from_millis(1_000));
        let status = |now| judge(failed.clone(), Timestamp::from_millis(now)).unwrap_err().exit_status();
        assert_eq!(status(999), 1);
        assert_eq!(status(1_000), 8);
        assert!(judge(video("talk", ConversionState::Ready), Timestamp::MAX).is_ok());
        assert_eq!(judge(video("talk", ConversionState::None), Timestamp::MAX).unwrap_err().exit_status(), 1);
    }
}
