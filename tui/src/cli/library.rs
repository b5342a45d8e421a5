//! `vodpost library`: the folders that the videos are in.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use vodpost_protocol::reply::Answer;
use vodpost_protocol::request::Request;
use vodpost_protocol::status::{LibraryView, RootView};

use super::Context;
use super::failure::Failure;
use super::output::Output;
use crate::format::{Cell, Column, Table, Tone};
use crate::text::{Sentence, plain, root_origin};
use crate::{say, word};

/// Show the folders of the library, add one or remove one
#[derive(Debug, Args)]
#[command(after_long_help = "Example:
  vodpost library
  vodpost library add ~/Videos
  vodpost library --json | jq -r '.roots[].path'")]
pub struct Library {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a folder part of the library; its videos are looked for at once
    #[command(after_long_help = "Example:\n  vodpost library add /srv/videos")]
    Add {
        /// The folder
        folder: PathBuf,
    },
    /// Take a folder out of the library: nothing is deleted, and its URLs are not available until it is added again
    #[command(after_long_help = "A folder of the configuration is removed there.

Example:
  vodpost library remove /srv/videos")]
    Remove {
        /// The folder
        folder: PathBuf,
    },
}

impl Library {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let mut daemon = context.daemon()?;
        let library = match self.action {
            None => {
                let Answer::Status(status) = daemon.ask(Request::Status)? else {
                    return Err(Failure::UnexpectedAnswer);
                };
                LibraryView { roots: status.roots }
            }
            Some(Action::Add { folder }) => daemon.library(Request::AddRoot { path: named(&folder)? })?,
            Some(Action::Remove { folder }) => {
                // The daemon knows it by its true name; one that is gone by now has none but this.
                let folder = std::fs::canonicalize(&folder).unwrap_or(folder);
                daemon.library(Request::RemoveRoot { path: named(&folder)? })?
            }
        };
        if context.out.json {
            return context.out.json(&library);
        }
        print(&mut context.out, &library.roots)
    }
}

/// The daemon may have another current folder.
fn named(folder: &Path) -> Result<String, Failure> {
    let shown = folder.to_string_lossy();
    let shown = plain(&shown);
    let absolute = std::path::absolute(folder).map_err(|error| {
        Failure::Usage(Sentence::new(say!(
            "The path \"{shown}\" means no folder: {error}.",
            "路径「{shown}」不指向任何文件夹：{error}。"
        )))
    })?;
    absolute.into_os_string().into_string().map_err(|_not_utf8| {
        Failure::Usage(Sentence::new(say!(
            "The path \"{shown}\" is not UTF-8; rename the folder first.",
            "路径「{shown}」不是 UTF-8，请先重命名该文件夹。"
        )))
    })
}

fn print(out: &mut Output, roots: &[RootView]) -> Result<(), Failure> {
    if roots.is_empty() {
        out.line(word!("The library has no folder yet.", "视频库还没有文件夹。"))?;
        return out
            .line(word!("add one: vodpost library add FOLDER", "添加一个：vodpost library add 文件夹"));
    }
    let mut table = Table::new(&[
        Column::Flexible(word!("FOLDER", "文件夹")),
        Column::Right(word!("VIDEOS", "视频")),
        Column::Left(word!("CHANGES", "变化")),
        Column::Left(word!("HOW", "来源")),
    ]);
    for root in roots {
        table.row(vec![
            Cell::new(plain(&root.path)),
            Cell::new(root.videos.to_string()),
            state(root),
            Cell::toned(root_origin(&root.origin), Tone::Faint),
        ]);
    }
    out.table(&table)?;
    // In full below, for reasons do not fit a column.
    for root in roots {
        let path = plain(&root.path);
        if let Some(why) = &root.unavailable {
            let why = plain(why);
            out.line(&say!("{path} is not available: {why}", "{path} 不可用：{why}"))?;
        } else if let Some(why) = &root.unwatched {
            let why = plain(why);
            out.line(&say!(
                "{path}: changes are found by the periodic look alone: {why}",
                "{path}：只能通过定期扫描发现变化：{why}"
            ))?;
        }
    }
    Ok(())
}

fn state(root: &RootView) -> Cell {
    match (&root.unavailable, &root.unwatched) {
        (Some(_), _) => Cell::toned(word!("not available", "不可用"), Tone::Bad),
        (None, Some(_)) => Cell::toned(word!("now and then", "定期"), Tone::Warning),
        (None, None) => Cell::toned(word!("at once", "立即"), Tone::Good),
    }
}
