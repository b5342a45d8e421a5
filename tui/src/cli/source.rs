//! `vodpost source`: the video's own switch, and its end.

use std::io::{self, IsTerminal};

use clap::{Args, Subcommand};
use vodpost_protocol::request::Request;
use vodpost_protocol::video::{Switch, VideoView};

use super::Context;
use super::daemon::Daemon;
use super::failure::Failure;
use super::show::posting_table;
use crate::text::{self, Sentence, plain};
use crate::{say, word};

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
        context.out.line(&say!(
            "{title}: {state}, switch {switch}",
            "{title}：{state}，开关{switch}",
            title = plain(&video.title),
            state = text::source_state(video.source.state),
            switch = text::switch(video.source.switch),
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
            word!(
                "Deleting is final for the URLs, and there is no terminal to confirm it on.",
                "删除会使链接永久失效，而这里没有终端可供确认。"
            ),
            word!("--yes deletes without asking", "--yes 表示不经确认直接删除"),
        )));
    }
    let mut daemon = context.daemon()?;
    // The id, not the name: what was confirmed is what is deleted, whatever happens in between.
    let found = daemon.video(Request::Show { video })?;
    let answer = ask(context, &found, keep_files)?;
    if !confirms(&answer, &found) {
        return Err(Failure::Failed(Sentence::new(word!("Nothing was deleted.", "没有删除任何内容。"))));
    }
    send(&mut daemon, &found, keep_files)
}

fn send(daemon: &mut Daemon, found: &VideoView, keep_files: bool) -> Result<VideoView, Failure> {
    daemon.video(Request::DeleteSource { video: found.id.to_string(), keep_files })
}

fn ask(context: &mut Context, video: &VideoView, keep_files: bool) -> Result<String, Failure> {
    let of = |list: usize| u64::try_from(list).unwrap_or(u64::MAX);
    let urls = text::urls(of(video.postings.len()));
    let files = text::files(of(video.renditions.len()));
    let title = plain(&video.title);
    let fate = if keep_files {
        word!("stay where they are", "保留在原处")
    } else {
        word!("go to the trash folder", "移入回收站")
    };
    context.out.note(&say!(
        "Deleting \"{title}\": {urls} invalid for ever, {files} that {fate}.",
        "即将删除《{title}》：{urls}永久失效，{files}{fate}。"
    ))?;
    for rendition in &video.renditions {
        context.out.note(&format!("  {}", plain(&rendition.path)))?;
    }
    context.out.note_part(word!("Type the title, or the id, to confirm: ", "请输入标题或 id 以确认："))?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(|error| {
        Failure::Failed(Sentence::new(say!(
            "The answer could not be read: {error}. Nothing was deleted.",
            "无法读取输入：{error}。没有删除任何内容。"
        )))
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
