//! `vodpost man`: the manual pages, made of what `--help` says, so that the two never differ.

use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man as Renderer;
use serde::Serialize;

use super::failure::Failure;
use super::{Cli, Context};
use crate::text::{Sentence, plain};
use crate::{say, word};

/// Print the manual page, or write those of all commands
#[derive(Debug, Args)]
#[command(after_long_help = "Example:
  vodpost man | man -l -
  vodpost man ~/.local/share/man/man1
  vodpost man /usr/local/share/man/man1")]
pub struct Man {
    /// A folder for one page per command; it is made if need be, and older pages are replaced
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// What `--json` says of the pages that were written.
#[derive(Debug, Serialize)]
struct Written {
    pages: Vec<String>,
}

/// One manual page and the name of its file.
#[derive(Debug)]
struct Page {
    file: String,
    text: Vec<u8>,
}

impl Man {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let Some(folder) = self.folder else {
            if context.out.json {
                return Err(Failure::Usage(Sentence::with_hint(
                    word!("A manual page has no JSON form.", "手册页没有 JSON 形式。"),
                    word!(
                        "leave out --json, or name a folder for the pages: vodpost man DIR",
                        "请去掉 --json，或指定存放手册页的目录：vodpost man DIR"
                    ),
                )));
            }
            let page = page(&whole(), "vodpost".into())?;
            return context.out.raw(&page.text);
        };
        // The pages are made before the first is written, so that a failure leaves no half of them.
        let mut pages = Vec::new();
        collect(&whole(), "vodpost", &mut pages)?;
        std::fs::create_dir_all(&folder).map_err(|error| refused(&folder, &error))?;
        let mut written = Written { pages: Vec::new() };
        for page in pages {
            let path = folder.join(page.file);
            std::fs::write(&path, page.text).map_err(|error| refused(&path, &error))?;
            written.pages.push(path.to_string_lossy().into_owned());
        }
        if context.out.json {
            return context.out.json(&written);
        }
        written.pages.iter().try_for_each(|path| context.out.line(&plain(path)))
    }
}

/// The commands as they are parsed, with the options of every command in each. `help` repeats the others.
fn whole() -> Command {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    command
}

fn collect(command: &Command, name: &str, pages: &mut Vec<Page>) -> Result<(), Failure> {
    pages.push(page(command, name.to_owned())?);
    for child in command.get_subcommands().filter(|child| !child.is_hide_set()) {
        collect(child, &format!("{name}-{}", child.get_name()), pages)?;
    }
    Ok(())
}

fn page(command: &Command, name: String) -> Result<Page, Failure> {
    let mut text = Vec::new();
    let file = format!("{name}.1");
    Renderer::new(command.clone()).title(name).render(&mut text).map_err(Failure::Output)?;
    Ok(Page { file, text })
}

fn refused(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Failed(Sentence::with_hint(
        say!(
            "{path} cannot be written: {error}.",
            "无法写入 {path}：{error}。",
            path = plain(&path.to_string_lossy()),
            error = error
        ),
        word!(
            "name a folder that you may write to: vodpost man DIR",
            "请指定一个可写的目录：vodpost man DIR"
        ),
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io;

    use clap::Parser;

    use super::super::output::{ColorChoice, Output};
    use super::super::run;
    use super::*;

    fn man(words: &[&str]) -> Result<(), Failure> {
        let cli = Cli::try_parse_from([&["vodpost"], words].concat()).unwrap();
        assert_eq!(cli.global.color, ColorChoice::Auto);
        let out = Output::to_writers(cli.global.json, Box::new(io::sink()), Box::new(io::sink()));
        run(cli.command.unwrap(), &mut Context { global: cli.global, out })
    }

    #[test]
    fn every_command_has_a_page_with_its_own_synopsis_and_examples() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("share/man1");
        man(&["man", folder.to_str().unwrap()]).unwrap();
        let names: BTreeSet<String> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        for child in Cli::command().get_subcommands().filter(|child| !child.is_hide_set()) {
            assert!(names.contains(&format!("vodpost-{}.1", child.get_name())), "{}", child.get_name());
        }
        assert!(names.contains("vodpost.1") && names.contains("vodpost-account-submit-enterprise.1"));
        assert!(!names.iter().any(|name| name.contains("-help")), "{names:?}");
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        let suspend = read("vodpost-source-suspend.1");
        assert!(suspend.contains(".TH vodpost-source-suspend 1"), "{suspend}");
        assert!(suspend.contains("\\fBvodpost source suspend\\fR"), "{suspend}");
        assert!(suspend.contains("Example:") && suspend.contains("\\-\\-socket"), "{suspend}");
        assert!(read("vodpost.1").contains("not permitted"), "the exit statuses are in the main page");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let below = file.path().join("man1");
        let failure = man(&["man", below.to_str().unwrap()]).unwrap_err();
        assert_eq!(failure.exit_status(), 1);
        assert!(failure.sentence().message.contains(below.to_str().unwrap()));
    }

    #[test]
    fn a_page_alone_has_no_json_form() {
        assert_eq!(man(&["man", "--json"]).unwrap_err().exit_status(), 2);
    }
}
