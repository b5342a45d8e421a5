//! `vodpost backup`: the daemon writes its state into one file.

use std::path::PathBuf;

use clap::Args;
use vodpost_protocol::reply::Answer;
use vodpost_protocol::request::Request;

use super::Context;
use super::failure::Failure;
use crate::format;
use crate::say;
use crate::text::plain;

/// Write the daemon's state into one new file, while it runs
#[derive(Debug, Args)]
#[command(
    after_long_help = "The file holds accounts, videos, URLs, switches and history, and the key that seals document numbers; it
is readable by the daemon's user alone. It holds no videos. Restore it with `vodpostd restore FILE`.

Example:
  vodpost backup /var/backups/vodpost-2026-11-22"
)]
pub struct Backup {
    /// A file that does not exist yet
    file: PathBuf,
}

impl Backup {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        // The daemon has another working folder.
        let path = std::path::absolute(&self.file).unwrap_or(self.file);
        let request = Request::Backup { path: path.to_string_lossy().into_owned() };
        let Answer::Backup(backup) = context.daemon()?.ask(request)? else {
            return Err(Failure::UnexpectedAnswer);
        };
        if context.out.json {
            return context.out.json(&backup);
        }
        context.out.line(&say!(
            "{path}: {size}, up to commit {commit}",
            "{path}：{size}，截至提交 {commit}",
            path = plain(&backup.path),
            size = format::bytes(backup.size_bytes),
            commit = backup.commit,
        ))
    }
}
