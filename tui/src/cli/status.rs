//! `vodpost status`: the daemon itself.

use clap::Args;
use vodpost_protocol::reply::Answer;
use vodpost_protocol::request::Request;
use vodpost_protocol::status::{RootView, Status as StatusView, Storage, Tool};

use super::failure::Failure;
use super::{Context, output::Output};
use crate::format::{Tone, column, span};
use crate::text::{self, plain};
use crate::{say, word};

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
        let name = Tone::Faint.paint(&column(name, 9), color);
        out.line(&format!("{name} {value}"))
    };
    field(
        word!("daemon", "守护进程"),
        say!(
            "vodpostd {version} (protocol {protocol}, pid {pid}), up {uptime}",
            "vodpostd {version}（协议 {protocol}，pid {pid}），已运行 {uptime}",
            version = plain(&status.version),
            protocol = status.protocol,
            pid = status.pid,
            uptime = uptime,
        ),
    )?;
    field(word!("you", "您"), role.to_owned())?;
    field(
        word!("account", "账号"),
        say!(
            "{account}, service {service}",
            "{account}，服务{service}",
            account = text::verification(status.account),
            service = text::service(status.service),
        ),
    )?;
    let counts = &status.counts;
    field(word!("videos", "视频"), videos(counts.videos, counts.problems))?;
    field(
        word!("urls", "链接"),
        say!(
            "{postings} ({states})",
            "{postings}（{states}）",
            postings = counts.postings,
            states = text::url_states(counts),
        ),
    )?;
    field(word!("queue", "队列"), text::queue(&status.queue))?;
    for root in &status.roots {
        field(word!("library", "视频库"), root_line(root, color))?;
    }
    field("http", plain(&status.listen.http).into_owned())?;
    field(word!("public", "公开地址"), plain(&status.listen.public_url).into_owned())?;
    field(word!("socket", "套接字"), plain(&status.listen.socket).into_owned())?;
    field(word!("state", "状态目录"), plain(&status.listen.state_dir).into_owned())?;
    field(word!("storage", "存储"), storage_line(&status.storage, color))?;
    field(
        "ffmpeg",
        match &status.ffmpeg {
            Tool::Found(version) => plain(version).into_owned(),
            Tool::Missing(why) => {
                Tone::Warning.paint(&text::pair(word!("missing", "缺失"), &plain(why)), color)
            }
        },
    )
}

fn videos(videos: u64, problems: u64) -> String {
    if problems == 0 {
        return videos.to_string();
    }
    say!(
        "{videos}, and {files} that cannot be used",
        "{videos}，另有{files}无法使用",
        videos = videos,
        files = text::files(problems),
    )
}

fn root_line(root: &RootView, color: bool) -> String {
    let path = plain(&root.path);
    match &root.unavailable {
        Some(why) => {
            let text = text::pair(word!("not available", "不可用"), &plain(why));
            text::pair(&path, &Tone::Bad.paint(&text, color))
        }
        None => {
            let line = text::pair(&path, &text::videos(root.videos));
            match &root.unwatched {
                Some(why) => say!(
                    "{line}; {unwatched} ({why})",
                    "{line}；{unwatched}（{why}）",
                    line = line,
                    unwatched = text::unwatched(),
                    why = plain(why),
                ),
                None => line,
            }
        }
    }
}

fn storage_line(storage: &Storage, color: bool) -> String {
    match storage {
        Storage::Ok => word!("ok", "正常").to_owned(),
        Storage::ReadOnly(why) => {
            let what = word!("read-only, changes are refused", "只读，拒绝更改");
            Tone::Bad.paint(&text::pair(what, &plain(why)), color)
        }
    }
}
