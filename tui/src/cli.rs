//! The commands: what they are called, what they take, and how their results become an exit status.

pub mod account;
mod backup;
mod board;
pub mod call;
pub mod cancel;
mod complete;
pub mod completions;
pub mod daemon;
mod doctor;
pub mod events;
pub mod failure;
mod forecast;
pub mod generate;
pub mod interrupt;
pub mod jobs;
mod library;
pub mod live;
pub mod ls;
pub mod man;
pub mod output;
pub mod platform;
pub mod posting;
pub mod progress;
pub mod qr;
pub mod retry;
pub mod scan;
pub mod service;
pub mod show;
pub mod source;
pub mod status;
pub mod url;
pub mod wait;

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand};

use daemon::Daemon;
use failure::{EXIT_STATUSES, Failure};
pub use output::ColorChoice;
use output::Output;

use crate::app::mouse::Pointer;
use crate::text::Sentence;
use crate::text::language::{self, Language};
use crate::ui::{self, UiError, UiOptions};
use crate::word;

const LONG_ABOUT: &str = "\
vodpost turns the video files on a server into dedicated posting URLs: stable, unguessable, revocable links.

Without a command it opens the terminal UI, and starts a daemon for you if none answers. Commands never start one.

VIDEO is an id, a unique prefix of one, a path or an exact title.
TARGET is a VIDEO (all its URLs), VIDEO#LABEL, a token or a URL.";

const EVERY: &str = "Options of every command";

#[derive(Debug, Parser)]
#[command(
    name = "vodpost",
    version,
    about = "Dedicated, revocable URLs for the videos on this server",
    long_about = LONG_ABOUT,
    after_long_help = EXIT_STATUSES,
    after_help = "Exit statuses and more: vodpost --help"
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    /// Do not start a daemon when the terminal UI finds none (it never does when a socket was named)
    #[arg(long)]
    pub no_start: bool,
    /// Let the terminal UI have the mouse: rows, keys and column heads can be clicked, text only selected with Shift
    #[arg(long, env = "VODPOST_MOUSE", value_parser = FalseyValueParser::new())]
    pub mouse: bool,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// The daemon's socket, instead of looking in the usual places [env: VODPOST_SOCKET]
    #[arg(long, global = true, help_heading = EVERY, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Write the result as one JSON document to stdout, and nothing else there
    #[arg(long, global = true, help_heading = EVERY)]
    pub json: bool,
    /// When to use colours; `NO_COLOR` is honoured
    #[arg(long, global = true, help_heading = EVERY, value_enum, value_name = "WHEN", default_value_t)]
    pub color: ColorChoice,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Status(status::Status),
    #[command(visible_alias = "list")]
    Ls(ls::Ls),
    Show(show::Show),
    Generate(generate::Generate),
    Retry(retry::Retry),
    Cancel(cancel::Cancel),
    Suspend(posting::Suspend),
    Resume(posting::Resume),
    Source(source::Source),
    Platform(platform::Platform),
    Url(url::Url),
    Qr(qr::Qr),
    Account(account::Account),
    Service(service::Service),
    Library(library::Library),
    Scan(scan::Scan),
    Jobs(jobs::Jobs),
    Events(events::Events),
    Backup(backup::Backup),
    Call(call::Call),
    Doctor(doctor::Doctor),
    Completions(completions::Completions),
    Man(man::Man),
    #[command(name = "__complete", hide = true)]
    Complete(complete::Complete),
}

/// What a command works with.
pub struct Context {
    pub global: Global,
    pub out: Output,
}

impl Context {
    /// # Errors
    /// When no daemon answers that admits the caller.
    pub fn daemon(&self) -> Result<Daemon, Failure> {
        Daemon::connect(self.global.socket.as_deref())
    }
}

/// Runs the program with these arguments, the program's own name first.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    match Cli::try_parse_from(&arguments) {
        Ok(cli) => start(cli),
        Err(error) => not_a_command(&error, &arguments),
    }
}

fn start(mut cli: Cli) -> ExitCode {
    // Set but empty is how shells unset for one command.
    let from_environment = || std::env::var_os("VODPOST_SOCKET").filter(|path| !path.is_empty());
    cli.global.socket = cli.global.socket.or_else(|| from_environment().map(PathBuf::from));
    // JSON is for programs, which are spoken to in one language; `call` speaks nothing else.
    language::choose(if cli.global.json || matches!(cli.command, Some(Command::Call(_))) {
        Language::English
    } else {
        Language::from_env(|name| std::env::var_os(name))
    });
    let out = Output::to_process(cli.global.json, cli.global.color);
    let Some(command) = cli.command else {
        let pointer = if cli.mouse { Pointer::Ui } else { Pointer::Terminal };
        let result = terminal_ui(&out, &cli.global, !cli.no_start, pointer);
        return finish(out, result);
    };
    let mut context = Context { global: cli.global, out };
    let result = run(command, &mut context);
    finish(context.out, result)
}

/// Runs one command.
///
/// # Errors
/// When it ends early; the failure says why.
pub fn run(command: Command, context: &mut Context) -> Result<(), Failure> {
    match command {
        Command::Status(command) => command.run(context),
        Command::Ls(command) => command.run(context),
        Command::Show(command) => command.run(context),
        Command::Generate(command) => command.run(context),
        Command::Retry(command) => command.run(context),
        Command::Cancel(command) => command.run(context),
        Command::Suspend(command) => command.run(context),
        Command::Resume(command) => command.run(context),
        Command::Source(command) => command.run(context),
        Command::Platform(command) => command.run(context),
        Command::Url(command) => command.run(context),
        Command::Qr(command) => command.run(context),
        Command::Account(command) => command.run(context),
        Command::Service(command) => command.run(context),
        Command::Library(command) => command.run(context),
        Command::Scan(command) => command.run(context),
        Command::Jobs(command) => command.run(context),
        Command::Events(command) => command.run(context),
        Command::Backup(command) => command.run(context),
        Command::Call(command) => command.run(context),
        Command::Doctor(command) => command.run(context),
        Command::Completions(command) => command.run(context),
        Command::Man(command) => command.run(context),
        Command::Complete(command) => command.run(context),
    }
}

fn terminal_ui(out: &Output, global: &Global, autostart: bool, pointer: Pointer) -> Result<(), Failure> {
    if out.json || !out.is_terminal() || !io::stdin().is_terminal() {
        return Err(Failure::Usage(Sentence::with_hint(
            word!(
                "The terminal UI needs a terminal, and has no JSON form.",
                "终端界面需要终端，也没有 JSON 形式。"
            ),
            word!("for scripts there are commands: vodpost --help", "脚本请使用命令：vodpost --help"),
        )));
    }
    run_ui(global, autostart, pointer)
}

/// The call site of the terminal UI.
fn run_ui(global: &Global, autostart: bool, pointer: Pointer) -> Result<(), Failure> {
    let options = UiOptions { socket: global.socket.clone(), autostart, color: global.color, pointer };
    ui::run(options).map_err(|error| match error {
        UiError::Terminal(_) => Failure::Usage(error.sentence()),
        UiError::Start(_) | UiError::TerminalGone(_) | UiError::Input(_) | UiError::Thread { .. } => {
            Failure::Failed(error.sentence())
        }
    })
}

/// Writes what is left to say and turns the result into the exit status.
fn finish(mut out: Output, result: Result<(), Failure>) -> ExitCode {
    let failure = match result.and_then(|()| out.flush()) {
        Ok(()) => return ExitCode::SUCCESS,
        Err(failure) => failure,
    };
    let status = ExitCode::from(failure.exit_status());
    match report(&mut out, &failure) {
        // Nobody is left to be told.
        Ok(()) | Err(_) => status,
    }
}

fn report(out: &mut Output, failure: &Failure) -> Result<(), Failure> {
    match failure {
        // What was written before still belongs to the result.
        Failure::Reported(_) => {}
        Failure::BrokenPipe => return Ok(()),
        failure if out.json => out.json(&failure.document())?,
        failure => {
            out.flush()?;
            out.complain(&failure.sentence())?;
        }
    }
    out.flush()
}

/// Help, the version, or a usage error, in the form that was asked for.
fn not_a_command(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    let asked_for_json =
        arguments.iter().take_while(|argument| *argument != "--").any(|argument| argument == "--json");
    if error.use_stderr() && asked_for_json {
        let rendered = error.render().to_string();
        let mut lines = rendered.lines().filter(|line| !line.trim().is_empty());
        let message = lines.next().unwrap_or("wrong usage").trim_start_matches("error: ").to_owned();
        let failure = Failure::Usage(Sentence::with_hint(message, "vodpost --help"));
        return finish(Output::to_process(true, ColorChoice::Never), Err(failure));
    }
    match error.print() {
        // A reader of the help that left is no error.
        Ok(()) | Err(_) => ExitCode::from(if error.use_stderr() { 2 } else { 0 }),
    }
}

#[cfg(test)]
mod tests;
