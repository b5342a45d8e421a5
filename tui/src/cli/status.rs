//! `vodpost status`: the daemon itself.

use clap::Args;
use vodpost_protocol::reply::Answer;
use vodpost_protocol::request::Request;
use vodpost_protocol::status::{RootView, Status as StatusView, Storage, Tool};

use super::failure::Failure;
use super::{Context, output::Output};
use crate::format::{Tone, count, span};
use crate::text::{self, plain};

/// Show the daemon: version, uptime, account, counts, queue, library roots and addresses
#[derive(Debug, Args)]
#[command(after_long_help = "Example:
  vodpost status
  vodpost status --json | jq .counts.live")]
pub struct Status {}

impl Status {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let mut daemon = context.daemon()?;
        let Answer::Status(status) = daemon.ask(Request::Status)? else {
            return Err(Failure::UnexpectedAnswer);
        };
        if context.out.json {
            return context.out.json(&*status);
        }
        print(&mut context.out, &status, daemon.hello.role.name())
    }
}

fn print(out: &mut Output, status: &StatusView, role: &str) -> Result<(), Failure> {
    let color = out.color();
    let uptime = span(std::time::Duration::from_secs(status.uptime_s));
    let mut field = |name: &str, value: String| {
        let name = Tone::Faint.paint(&format!("{name:<9}"), color);
        out.line(&format!("{name} {value}"))
    };
    field(
        "daemon",
        format!(
            "vodpostd {} (protocol {}, pid {}), up {uptime}",
            plain(&status.version),
            status.protocol,
            status.pid
        ),
    )?;
    field("you", role.to_owned())?;
    field(
        "account",
        format!("{}, service {}", text::verification(status.account), text::service(status.service)),
    )?;
    let counts = &status.counts;
    field("videos", videos(counts.videos, counts.problems))?;
    field(
        "urls",
        format!(
            "{} ({} live, {} suspended, {} pending, {} invalid)",
            counts.postings, counts.live, counts.suspended, counts.pending, counts.invalid
        ),
    )?;
    let queue = &status.queue;
    let paused = if queue.paused { "; paused" } else { "" };
    let (running, queued, failed) = (queue.running, queue.queued, queue.failed);
    field("queue", format!("{running} running, {queued} queued, {failed} failed{paused}"))?;
    for root in &status.roots {
        field("library", root_line(root, color))?;
    }
    field("http", plain(&status.listen.http).into_owned())?;
    field("public", plain(&status.listen.public_url).into_owned())?;
    field("socket", plain(&status.listen.socket).into_owned())?;
    field("state", plain(&status.listen.state_dir).into_owned())?;
    field("storage", storage_line(&status.storage, color))?;
    field(
        "ffmpeg",
        match &status.ffmpeg {
            Tool::Found(version) => plain(version).into_owned(),
            Tool::Missing(why) => Tone::Warning.paint(&format!("missing: {}", plain(why)), color),
        },
    )
}

fn videos(videos: u64, problems: u64) -> String {
    if problems == 0 {
        return videos.to_string();
    }
    format!("{videos}, and {} that cannot be used", count(problems, "file", "files"))
}

fn root_line(root: &RootView, color: bool) -> String {
    let path = plain(&root.path);
    match &root.unavailable {
        Some(why) => format!("{path}: {}", Tone::Bad.paint(&format!("not available: {}", plain(why)), color)),
        None => {
            let videos = count(root.videos, "video", "videos");
            match &root.unwatched {
                Some(why) => {
                    format!("{path}: {videos}; changes are noticed from time to time ({})", plain(why))
                }
                None => format!("{path}: {videos}"),
            }
        }
    }
}

fn storage_line(storage: &Storage, color: bool) -> String {
    match storage {
        Storage::Ok => "ok".to_owned(),
        Storage::ReadOnly(why) => {
            Tone::Bad.paint(&format!("read-only, changes are refused: {}", plain(why)), color)
        }
    }
}
