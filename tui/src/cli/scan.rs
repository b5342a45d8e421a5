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
use crate::format::count;
use crate::text::plain;

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
            return context.out.note("Looking at the library; --wait says what was found.");
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
    out.line(&format!(
        "{}, {}: {} added, {} changed, {} missing",
        count(found.videos, "video", "videos"),
        count(found.files, "file", "files"),
        found.added,
        found.changed,
        found.missing
    ))?;
    if found.settling > 0 {
        let files = count(found.settling, "file is", "files are");
        out.line(&format!("{files} still being written, and looked at again when done"))?;
    }
    problems(out, "cannot be used", &found.problems)?;
    if found.problems_left_out > 0 {
        out.line(&format!("  and {} more", found.problems_left_out))?;
    }
    problems(out, "cannot be read", &found.roots_unavailable)
}

fn problems(out: &mut Output, title: &str, problems: &[Problem]) -> Result<(), Failure> {
    if !problems.is_empty() {
        out.line(&format!("{title}:"))?;
    }
    problems
        .iter()
        .try_for_each(|problem| out.line(&format!("  {}: {}", plain(&problem.path), plain(&problem.reason))))
}
