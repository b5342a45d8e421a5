//! A tmux server of its own with one window, and what is on its screen.

use std::num::NonZero;
use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::picture::{Palette, Picture};
use crate::terminal::Terminal;
use crate::wait;

pub struct Tmux {
    folder: TempDir,
    size: (u16, u16),
}

impl Tmux {
    /// Runs a command in a window of this size; nothing where there is no tmux.
    ///
    /// # Panics
    /// When tmux does not start.
    #[must_use]
    pub fn start(command: &Command, columns: u16, rows: u16) -> Option<Self> {
        Command::new("tmux").arg("-V").output().ok()?;
        let folder = tempfile::Builder::new().prefix("vodpost").tempdir().expect("a temporary folder");
        let tmux = Self { folder, size: (columns, rows) };
        let mut wrapped = tmux.command();
        wrapped.args(["-f", "/dev/null", "new-session", "-d"]);
        wrapped.args(["-x", &columns.to_string(), "-y", &rows.to_string()]);
        for (key, value) in command.get_envs() {
            if let Some(value) = value {
                wrapped.arg("-e").arg(format!("{}={}", key.display(), value.display()));
            }
        }
        wrapped.arg("--").arg(command.get_program()).args(command.get_args());
        // Of the surroundings of the test nothing else.
        wrapped.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        wrapped.env("TERM", "xterm-256color").env("LANG", "C.UTF-8");
        let output = wrapped.output().expect("tmux");
        assert!(output.status.success(), "{output:?}");
        Some(tmux)
    }

    fn command(&self) -> Command {
        let mut command = Command::new("tmux");
        command.env_remove("TMUX").arg("-S").arg(self.socket());
        command
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("tmux")
    }

    fn ask(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().expect("tmux")
    }

    /// The text of the window; with `styles` also the sequences that colour it.
    fn captured(&self, styles: bool) -> String {
        let all: &[&str] = if styles { &["capture-pane", "-p", "-e"] } else { &["capture-pane", "-p"] };
        String::from_utf8_lossy(&self.ask(all).stdout).into_owned()
    }

    /// Whether the window is gone, and with it the server.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        !self.ask(&["has-session"]).status.success()
    }
}

impl Terminal for Tmux {
    fn send(&mut self, keys: &str) {
        let bytes: Vec<String> = keys.bytes().map(|byte| format!("{byte:x}")).collect();
        let bytes: Vec<&str> = bytes.iter().map(String::as_str).collect();
        let output = self.ask(&[&["send-keys", "-H"], &bytes[..]].concat());
        assert!(output.status.success(), "{output:?}");
    }

    fn wait(&self, what: &str, holds: &dyn Fn(&str) -> bool) -> String {
        wait::until(what, || {
            let text = self.captured(false);
            if holds(&text) { Ok(text) } else { Err(text) }
        })
    }

    fn wait_qr(&self) -> String {
        wait::until("a QR code", || {
            let cells = |count| NonZero::new(count).expect("at least one cell");
            let mut parser = vt100::Parser::new(cells(self.size.1), cells(self.size.0), 0);
            parser.process(self.captured(true).trim_end().replace('\n', "\r\n").as_bytes());
            Picture::of(parser.screen(), Palette::Dark).decode()
        })
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.ask(&["kill-server"]);
    }
}
