//! `vodpostd`: parses, starts, waits for a signal, ends. The only place that prints or chooses an exit status.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use vodpostd::config::{self, Args, Config, DaemonCommand};
use vodpostd::error::chain;
use vodpostd::guard::{self, Sandbox};
use vodpostd::start;

const FAILED: u8 = 1;
const USAGE: u8 = 2;
const ALREADY_RUNNING: u8 = 9;

fn main() -> ExitCode {
    // Before anything else, since each run of ffmpeg waits for it.
    if let Some(words) = guard::entry::wanted(std::env::args_os()) {
        let ended = guard::entry::run(words);
        return match ended.message {
            Some(message) => fail(&message, ended.status),
            None => ExitCode::from(ended.status),
        };
    }
    let args = Args::parse();
    let config = match config::resolve(&args) {
        Ok(config) => config,
        Err(error) => return fail(&chain(&error), USAGE),
    };
    match args.command {
        Some(DaemonCommand::CheckConfig) => check_config(&config),
        Some(DaemonCommand::Restore { file }) => restore(&config, &file),
        None => run(config),
    }
}

/// The settings on standard output; what is to be said about them on standard error.
fn check_config(config: &Config) -> ExitCode {
    let said = match serde_json::to_string_pretty(config) {
        Ok(text) => say(&text),
        Err(error) => return fail(&error.to_string(), FAILED),
    };
    let Some(survey) = start::find_tools(config).survey() else { return said };
    let refused = config.conversion.sandbox == Sandbox::Required && !survey.warnings.is_empty();
    if refused {
        let why = survey.warnings.join("; ");
        return fail(
            &format!("conversion.sandbox is \"required\", so nothing will be converted: {why}"),
            USAGE,
        );
    }
    note(&format!("ffmpeg {}", survey.text));
    said
}

fn restore(config: &Config, file: &Path) -> ExitCode {
    match start::restore(config, file) {
        Ok(backup) => say(&format!(
            "restored {} up to commit {}; start vodpostd now",
            config.state_dir.display(),
            backup.seq
        )),
        Err(error) => fail(&chain(&error), FAILED),
    }
}

fn run(config: Config) -> ExitCode {
    log_to_stderr();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("the runtime cannot be started: {error}"), FAILED),
    };
    runtime.block_on(async {
        // Installed first: a signal during the start ends it in order, too.
        let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
        let (mut terminate, mut interrupt, mut hang_up) = match kinds.map(signal) {
            [Ok(terminate), Ok(interrupt), Ok(hang_up)] => (terminate, interrupt, hang_up),
            [Err(error), ..] | [_, Err(error), _] | [.., Err(error)] => {
                return fail(&format!("signals cannot be handled: {error}"), FAILED);
            }
        };
        let daemon = match start::start(config).await {
            Ok(daemon) => daemon,
            Err(error) => {
                let status = if error.is_already_running() { ALREADY_RUNNING } else { FAILED };
                return fail(&chain(&error), status);
            }
        };
        tracing::info!(http = %daemon.http_addr, socket = %daemon.socket.display(), "ready");
        // For whoever started the daemon and wants to know when it can be used.
        let more = [("admin", daemon.admin_addr), ("plain", daemon.plain_addr)];
        let more = more.map(|(name, addr)| addr.map(|addr| format!(" {name}={addr}")).unwrap_or_default());
        let ready =
            format!("ready socket={}{} http={}", daemon.socket.display(), more.concat(), daemon.http_addr);
        let said = say(&ready);
        if said != ExitCode::SUCCESS {
            tracing::debug!("nobody reads standard output");
        }
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                _ = hang_up.recv() => daemon.reload(),
            }
        }
        tracing::info!("ending");
        daemon.stop().await;
        ExitCode::SUCCESS
    })
}

/// Structured lines on stderr; `RUST_LOG` chooses the level. Without times under systemd, which has its own.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_unset| EnvFilter::new("info,sled=warn"));
    let ansi = std::io::IsTerminal::is_terminal(&std::io::stderr())
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(ansi);
    if std::env::var_os("JOURNAL_STREAM").is_some() { builder.without_time().init() } else { builder.init() }
}

fn say(text: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(FAILED),
    }
}

fn fail(message: &str, status: u8) -> ExitCode {
    note(message);
    ExitCode::from(status)
}

fn note(message: &str) {
    // Nothing is left to be done if not even this can be said.
    drop(writeln!(std::io::stderr(), "vodpostd: {message}"));
}
