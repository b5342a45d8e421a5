//! `vodpost source`: the video's own switch, and its end.

use std::io::{self, IsTerminal};

use clap::{Args, Subcommand};
use vodpost_protocol::request::Request;
use vodpost_protocol::video::{Switch, VideoView};

use super::Context;
use super::daemon::Daemon;
use super::failure::Failure;
use super::show::posting_table;
use crate::format::count;
use crate::text::{self, Sentence, plain};

/// Suspend, resume or delete a video itself, and with it all its URLs
#[derive(Debug, Args)]
pub struct Source {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Suspend the video: none of its URLs is live until it is resumed
    #[command(after_long_help = "Example:\n  vodpost source suspend talk")]
    Suspend {
        /// The video
        video: String,
    },
    /// Resume the video; URLs that were suspended by themselves stay so
    #[command(after_long_help = "Example:\n  vodpost source resume talk")]
    Resume {
        /// The video
        video: String,
    },
    /// Delete the video: its files go to the trash, its URLs are invalid for ever
    #[command(
        after_long_help = "On a terminal the title must be typed to confirm; elsewhere --yes is needed.

Example:
  vodpost source delete talk
  vodpost source delete talk --keep-files --yes"
    )]
    Delete {
        /// The video
        video: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Leave the files where they are: end the URLs and hide the video only
        #[arg(long)]
        keep_files: bool,
    },
}

impl Source {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let video = match self.action {
            Action::Suspend { video } => set(context, video, Switch::Off)?,
            Action::Resume { video } => set(context, video, Switch::On)?,
            Action::Delete { video, yes, keep_files } => delete(context, video, yes, keep_files)?,
        };
        if context.out.json {
            return context.out.json(&video);
        }
        context.out.line(&format!(
            "{}: {}, switch {}",
            plain(&video.title),
            text::source_state(video.source.state),
            text::switch(video.source.switch)
        ))?;
        if video.postings.is_empty() {
            return Ok(());
        }
        posting_table(&mut context.out, &video.postings)
    }
}

fn set(context: &Context, video: String, switch: Switch) -> Result<VideoView, Failure> {
    context.daemon()?.video(Request::SetSource { video, switch })
}

fn delete(context: &mut Context, video: String, yes: bool, keep_files: bool) -> Result<VideoView, Failure> {
    if yes {
        return context.daemon()?.video(Request::DeleteSource { video, keep_files });
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::Usage(Sentence::with_hint(
            "Deleting is final for the URLs, and there is no terminal to confirm it on.",
            "--yes deletes without asking",
        )));
    }
    let mut daemon = context.daemon()?;
    // The id, not the name: what was confirmed is what is deleted, whatever happens in between.
    let found = daemon.video(Request::Show { video })?;
    let answer = ask(context, &found, keep_files)?;
    if !confirms(&answer, &found) {
        return Err(Failure::Failed(Sentence::new("Nothing was deleted.")));
    }
    send(&mut daemon, &found, keep_files)
}

fn send(daemon: &mut Daemon, found: &VideoView, keep_files: bool) -> Result<VideoView, Failure> {
    daemon.video(Request::DeleteSource { video: found.id.to_string(), keep_files })
}

fn ask(context: &mut Context, video: &VideoView, keep_files: bool) -> Result<String, Failure> {
    let of = |list: usize| u64::try_from(list).unwrap_or(u64::MAX);
    let urls = count(of(video.postings.len()), "URL", "URLs");
    let files = count(of(video.renditions.len()), "file", "files");
    let title = plain(&video.title);
    let fate = if keep_files { "stay where they are" } else { "go to the trash folder" };
    context.out.note(&format!("Deleting \"{title}\": {urls} invalid for ever, {files} that {fate}."))?;
    for rendition in &video.renditions {
        context.out.note(&format!("  {}", plain(&rendition.path)))?;
    }
    context.out.note_part("Type the title, or the id, to confirm: ")?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(|error| {
        Failure::Failed(Sentence::new(format!("The answer could not be read: {error}. Nothing was deleted.")))
    })?;
    Ok(answer)
}

/// A title with strange characters can only be typed as the id.
fn confirms(answer: &str, video: &VideoView) -> bool {
    let answer = answer.trim();
    !answer.is_empty() && (answer == video.title.trim() || answer.eq_ignore_ascii_case(&video.id.to_string()))
}

#[cfg(test)]
mod tests {
    use vodpost_protocol::conversion::ConversionState;

    use super::*;
    use crate::cli::tests::peer::video;

    #[test]
    fn only_the_title_or_the_id_confirms() {
        let found = video("A talk", ConversionState::Ready);
        assert!(confirms("A talk\n", &found));
        assert!(confirms(&format!(" {} \n", found.id).to_uppercase(), &found));
        for no in ["", "\n", "y\n", "a talk\n", "A talk 2\n"] {
            assert!(!confirms(no, &found), "{no:?}");
        }
        assert!(!confirms("\n", &video(" ", ConversionState::Ready)));
    }
}
