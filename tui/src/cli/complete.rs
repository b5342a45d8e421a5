//! `vodpost __complete`: what the completion scripts ask, hidden from people. It says nothing rather than something
//! late or wrong: no daemon, no right to connect and a slow one all mean fewer candidates.

mod line;
mod names;
mod tree;

use std::time::{Duration, Instant};

use clap::{Args, CommandFactory, ValueEnum};

use super::failure::Failure;
use super::{Cli, Context};
use tree::Wanted;

/// Someone waits with a finger on the key.
const LIMIT: Duration = Duration::from_millis(500);
/// Nobody reads more, and shells ask before they show so many.
const CANDIDATES_MAX: usize = 200;
/// A line that is no candidate, since those are never empty: the shell knows files better.
const FILES: &str = "\tfiles\n";

/// Answer a completion script
#[derive(Debug, Args)]
#[command(after_long_help = "Example:\n  vodpost __complete zsh -- vodpost show ta")]
pub struct Complete {
    #[arg(value_enum)]
    shell: Shell,
    /// bash: the line up to the cursor and the part to be replaced; others: the words, the last one unfinished
    #[arg(last = true)]
    words: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Something that may stand for the unfinished word.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate {
    value: String,
    /// A few words about it, for shells that show them.
    note: String,
}

impl Complete {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let until = Instant::now() + LIMIT;
        let typed = match self.shell {
            Shell::Bash => line::Typed::of(self.words),
            Shell::Zsh | Shell::Fish => line::Typed::of_words(self.words),
        };
        // What cannot be understood has no candidates.
        let Some(typed) = typed else { return Ok(()) };
        let mut command = Cli::command();
        command.build();
        let asked = tree::Asked::of(&command, &typed.words);
        let mut candidates = asked.candidates();
        match &asked.wanted {
            Wanted::Files if candidates.is_empty() => return context.out.raw(FILES.as_bytes()),
            Wanted::Files | Wanted::Nothing => {}
            Wanted::Names(kind) => {
                let named = asked.socket.clone().or_else(|| context.global.socket.clone());
                let search = names::Search { kind: *kind, begins: asked.current.clone() };
                candidates.extend(names::find(named, search, until));
            }
        }
        candidates.retain(|candidate| candidate.value.starts_with(&asked.current));
        candidates.truncate(CANDIDATES_MAX);
        let text: String =
            candidates.iter().filter_map(|candidate| self.shell.line(candidate, &typed)).collect();
        context.out.raw(text.as_bytes())
    }
}

impl Shell {
    /// `None` for what would not be one line.
    fn line(self, candidate: &Candidate, typed: &line::Typed) -> Option<String> {
        let Candidate { value, note } = candidate;
        if value.is_empty() || value.contains(char::is_control) {
            return None;
        }
        let note: String = note.chars().filter(|letter| !letter.is_control()).collect();
        match self {
            Self::Bash => typed.quoted(value).map(|quoted| quoted + "\n"),
            Self::Zsh | Self::Fish if note.is_empty() => Some(format!("{value}\n")),
            Self::Zsh | Self::Fish => Some(format!("{value}\t{note}\n")),
        }
    }
}

#[cfg(test)]
mod tests;
