//! `vodpost scan`: looks at the library's folders now.

use std::time::Duration;

use clap::Args;
use serde_json::json;
use vodpost_protocol::reply::Answer;
use vodpost_protocol::request::Request;
use vodpost_protocol::status::{Problem, ScanView};

use super::Context;
use super::failure::Failure;
use super::output::Output;
use crate::text::{self, plain};
use crate::{say, word};

/// A refusal comes at once; longer there is nothing to wait for.
const REFUSAL_LIMIT: Duration = Duration::from_millis(200);

/// Look at the library's folders now
#[derive(Debug, Args)]
#[command(after_long_help = "The daemon notices most changes by itself; this looks everywhere once more.

Example:
  vodpost scan --wait")]
pub struct Scan {
    /// Wait until it is done, and say what was found
    #[arg(long)]
    wait: bool,
}

impl Scan {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let mut daemon = context.daemon()?;
        if !self.wait {
            daemon.hand_over(Request::Scan, REFUSAL_LIMIT)?;
            if context.out.json {
                return context.out.json(&json!({ "started": true }));
            }
            return context.out.note(word!(
                "Looking at the library; --wait says what was found.",
                "正在扫描视频库；加上 --wait 可显示结果。"
            ));
        }
        // As long as it takes: a library on a slow disk is no error.
        let Answer::Scan(found) = daemon.ask_patiently(Request::Scan)? else {
            return Err(Failure::UnexpectedAnswer);
        };
        if context.out.json {
            return context.out.json(&*found);
        }
        print(&mut context.out, &found)
    }
}

fn print(out: &mut Output, found: &ScanView) -> Result<(), Failure> {
    out.line(&say!(
        "{videos}, {files}: {added} added, {changed} changed, {missing} missing",
        "{videos}，{files}：新增 {added}，变更 {changed}，缺失 {missing}",
        videos = text::videos(found.videos),
        files = text::files(found.files),
        added = found.added,
        changed = found.changed,
        missing = found.missing,
    ))?;
    if found.settling > 0 {
        out.line(&text::settling(found.settling))?;
    }
    problems(out, word!("cannot be used:", "无法使用："), &found.problems)?;
    if found.problems_left_out > 0 {
        let left_out = found.problems_left_out;
        out.line(&say!("  and {left_out} more", "  另有{left_out}个"))?;
    }
    problems(out, word!("cannot be read:", "无法读取："), &found.roots_unavailable)
}

fn problems(out: &mut Output, title: &str, problems: &[Problem]) -> Result<(), Failure> {
    if !problems.is_empty() {
        out.line(title)?;
    }
    problems.iter().try_for_each(|problem| {
        out.line(&format!("  {}", text::pair(&plain(&problem.path), &plain(&problem.reason))))
    })
}
