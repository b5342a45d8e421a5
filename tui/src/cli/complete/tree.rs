//! What may stand where the cursor is, by the commands and options as they are parsed.

use std::path::PathBuf;

use clap::{Arg, Command, ValueHint};

use super::Candidate;

/// What a word may be besides the candidates that the commands themselves hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Names(Kind),
    Files,
    Nothing,
}

/// Which names of the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Video,
    /// Whose conversion failed.
    Failed,
    /// Whose conversion waits or runs.
    UnderWay,
    /// Videos with URLs, VIDEO#LABEL and tokens.
    Target,
}

/// What is asked for with a line.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    command: &'a Command,
    /// The argument that the unfinished word is the value of.
    value_of: Option<&'a Arg>,
    /// What of that word stands before the value: `--sort=`.
    before_value: String,
    takes_commands: bool,
    takes_options: bool,
    pub(super) wanted: Wanted,
    pub(super) current: String,
    pub(super) socket: Option<PathBuf>,
}

/// What was read so far.
struct Reader<'a> {
    command: &'a Command,
    positionals: usize,
    /// An option whose value comes next.
    option: Option<&'a Arg>,
    /// After `--`.
    only_positionals: bool,
    socket: Option<PathBuf>,
}

impl<'a> Reader<'a> {
    fn read(&mut self, word: &str) {
        if let Some(option) = self.option.take() {
            self.value(option, word);
        } else if self.only_positionals || word == "-" || !word.starts_with('-') {
            let child = self.command.find_subcommand(word).filter(|_| self.positionals == 0);
            match child.filter(|_| !self.only_positionals) {
                Some(child) => self.command = child,
                None => self.positionals += 1,
            }
        } else if word == "--" {
            self.only_positionals = true;
        } else if let Some((name, value)) = word.split_once('=') {
            if let Some(option) = find_option(self.command, name) {
                self.value(option, value);
            }
        } else {
            self.option = find_option(self.command, word).filter(|option| needs_value(option));
        }
    }

    fn value(&mut self, option: &Arg, value: &str) {
        if option.get_id() == "socket" {
            self.socket = Some(value.into());
        }
    }
}

impl<'a> Asked<'a> {
    /// The first word is the program, the last one is unfinished.
    pub(super) fn of(command: &'a Command, words: &[String]) -> Self {
        let (current, before) =
            words.split_last().map_or((String::new(), &[][..]), |(last, before)| (last.clone(), before));
        let mut reader =
            Reader { command, positionals: 0, option: None, only_positionals: false, socket: None };
        before.iter().skip(1).for_each(|word| reader.read(word));
        let Reader { command, positionals, option, only_positionals, socket } = reader;
        let is_option = option.is_none() && !only_positionals && current.starts_with('-');
        let assigned = current.split_once('=').filter(|_| is_option);
        let (value_of, before_value) = match (option, assigned) {
            (Some(option), _) => (Some(option), String::new()),
            (None, Some((name, _))) => (find_option(command, name), format!("{name}=")),
            (None, None) if is_option => (None, String::new()),
            (None, None) => (positional(command, positionals), String::new()),
        };
        let is_plain = option.is_none() && !is_option;
        let wanted =
            value_of.filter(|_| before_value.is_empty()).map_or(Wanted::Nothing, |arg| wanted(command, arg));
        Self {
            command,
            value_of,
            before_value,
            takes_commands: is_plain && positionals == 0 && !only_positionals,
            takes_options: is_option && assigned.is_none(),
            wanted,
            current,
            socket,
        }
    }

    /// Those that need no daemon.
    pub(super) fn candidates(&self) -> Vec<Candidate> {
        let mut all = Vec::new();
        if self.takes_commands {
            let children = self.command.get_subcommands().filter(|child| !child.is_hide_set());
            all.extend(children.map(|child| candidate(child.get_name(), child.get_about())));
        }
        if self.takes_options {
            let options = self.command.get_arguments().filter(|arg| !arg.is_hide_set());
            let named = options.filter_map(|arg| Some((arg.get_long()?, arg.get_help())));
            all.extend(named.map(|(long, help)| candidate(&format!("--{long}"), help)));
        }
        if let Some(arg) = self.value_of {
            let values = arg.get_possible_values();
            let values = values.iter().filter(|value| !value.is_hide_set());
            all.extend(values.map(|value| {
                candidate(&format!("{}{}", self.before_value, value.get_name()), value.get_help())
            }));
        }
        all.retain(|candidate| candidate.value.starts_with(&self.current));
        all
    }
}

fn candidate(value: &str, note: Option<&clap::builder::StyledStr>) -> Candidate {
    let note = note.map(ToString::to_string).unwrap_or_default();
    Candidate { value: value.to_owned(), note: note.lines().next().unwrap_or_default().to_owned() }
}

/// By `--long` or `-s`.
fn find_option<'a>(command: &'a Command, word: &str) -> Option<&'a Arg> {
    let mut options = command.get_arguments();
    match word.strip_prefix("--") {
        Some(long) => options.find(|arg| arg.get_long() == Some(long)),
        // Of several letters together the last one may take a value.
        None => options.find(|arg| arg.get_short().is_some() && arg.get_short() == word.chars().next_back()),
    }
}

fn needs_value(option: &Arg) -> bool {
    option.get_action().takes_values() && option.get_num_args().is_none_or(|count| count.min_values() > 0)
}

fn positional(command: &Command, index: usize) -> Option<&Arg> {
    let mut all = command.get_positionals();
    let last = command.get_positionals().last();
    let takes_many = |arg: &&Arg| arg.get_num_args().is_some_and(|count| count.max_values() > 1);
    all.nth(index).or(last.filter(takes_many))
}

fn wanted(command: &Command, arg: &Arg) -> Wanted {
    match (arg.get_id().as_str(), command.get_name()) {
        ("video", "retry") => Wanted::Names(Kind::Failed),
        ("video", "cancel") => Wanted::Names(Kind::UnderWay),
        ("video" | "videos", _) => Wanted::Names(Kind::Video),
        ("target", _) => Wanted::Names(Kind::Target),
        (_, _) => match arg.get_value_hint() {
            ValueHint::AnyPath | ValueHint::FilePath | ValueHint::DirPath | ValueHint::ExecutablePath => {
                Wanted::Files
            }
            _other => Wanted::Nothing,
        },
    }
}
