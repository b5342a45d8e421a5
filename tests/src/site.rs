//! A server of its own for each test: folders, configuration, the real daemon and the real client.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::wait::{self, DEADLINE};

/// The folders of one server. They outlive its daemons.
pub struct Site {
    folder: TempDir,
    config: String,
    path: Option<String>,
    group_file: Option<PathBuf>,
    workers: Option<usize>,
}

/// One running daemon of a site. Killed when dropped.
pub struct Daemon {
    child: Child,
    pub http: SocketAddr,
    /// Where `/metrics` is, if anywhere.
    pub admin: Option<SocketAddr>,
    /// Where viewers without TLS come in, where there is TLS.
    pub plain: Option<SocketAddr>,
    stderr: Option<std::thread::JoinHandle<String>>,
}

/// What a run of the client said.
#[derive(Debug)]
pub struct Said {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Where the programs under test were built.
///
/// # Panics
/// When they were not.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test knows its own path");
    // Tests are in target/PROFILE/deps, programs beside those under test.
    let folder = test.ancestors().skip(1).find(|folder| !folder.ends_with("deps"));
    let path = folder.expect("below target").join(name);
    assert!(path.exists(), "{} is missing; run `cargo build --workspace --bins` first", path.display());
    path
}

/// Settles the language in which a client speaks, whatever the tester's is.
pub fn speak<'a>(command: &'a mut Command, locale: &str) -> &'a mut Command {
    command.env_remove("LC_ALL").env_remove("LC_MESSAGES").env("LANG", locale)
}

impl Default for Site {
    fn default() -> Self {
        Self::new()
    }
}

impl Site {
    /// # Panics
    /// When no temporary folder can be made.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("vodpost").tempdir().expect("a temporary folder");
        let site = Self { folder, config: String::new(), path: None, group_file: None, workers: None };
        std::fs::create_dir(site.library()).expect("a library folder");
        site
    }

    /// Adds lines to the config file, e.g. `[account]\nfour_eyes = true`.
    #[must_use]
    pub fn with_config(mut self, text: &str) -> Self {
        self.config.push_str(text);
        self.config.push('\n');
        self
    }

    /// Lets the daemon find programs in these folders only.
    #[must_use]
    pub fn with_path(mut self, path: &str) -> Self {
        self.path = Some(path.to_owned());
        self
    }

    /// Lets the daemon serve viewers with so many threads.
    #[must_use]
    pub fn with_workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// Lets the daemon see this file as `/etc/group`. Needs root.
    #[must_use]
    pub fn with_group_file(mut self, path: PathBuf) -> Self {
        self.group_file = Some(path);
        self
    }

    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    #[must_use]
    pub fn library(&self) -> PathBuf {
        self.folder().join("library")
    }

    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.folder().join("state")
    }

    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder().join("run").join("s.sock")
    }

    /// The daemon's command line, for tests that start it themselves.
    ///
    /// # Panics
    /// When the config file cannot be written.
    #[must_use]
    pub fn daemon_command(&self) -> Command {
        let config = self.folder().join("vodpost.toml");
        let text = if self.config.contains("[library]") {
            self.config.clone()
        } else {
            // Nothing happens to the library by itself, unless a test is about that.
            format!("[library]\nsettle = \"0s\"\nrescan = \"0s\"\nwatch = false\n{}", self.config)
        };
        std::fs::write(&config, text).expect("the config file");
        let mut command = match &self.group_file {
            None => Command::new(program("vodpostd")),
            Some(file) => {
                let mut command = Command::new("unshare");
                let script = r#"mount --bind "$1" /etc/group && shift && exec "$@""#;
                command.args(["--mount", "sh", "-c", script, "sh"]).arg(file).arg(program("vodpostd"));
                command
            }
        };
        command
            .args(["--config", config.to_str().expect("plain")])
            .args(["--state-dir", self.state().to_str().expect("plain")])
            .args(["--socket", self.socket().to_str().expect("plain")])
            .args(["--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if !self.config.contains("roots =") {
            command.arg("--library").arg(self.library());
        }
        if let Some(path) = &self.path {
            command.env("PATH", path);
        }
        if let Some(workers) = self.workers {
            command.env("TOKIO_WORKER_THREADS", workers.to_string());
        }
        command
    }

    /// Starts a daemon and waits until it is ready.
    ///
    /// # Panics
    /// When it does not become ready.
    #[must_use]
    pub fn start(&self) -> Daemon {
        let mut child = self.daemon_command().spawn().expect("vodpostd starts");
        let stdout = child.stdout.take().expect("piped");
        let mut stderr = child.stderr.take().expect("piped");
        let log = std::thread::spawn(move || {
            let mut text = Vec::new();
            stderr.read_to_end(&mut text).expect("stderr can be read");
            String::from_utf8_lossy(&text).into_owned()
        });
        let (sender, receiver) = mpsc::sync_channel(1);
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = BufReader::new(stdout).read_line(&mut line);
            // The test may have given up.
            drop(sender.send(read.map(|_len| line)));
        });
        let line = receiver.recv_timeout(DEADLINE).expect("vodpostd is ready in time").expect("a line");
        let http = line.split("http=").nth(1).and_then(|rest| rest.trim().parse().ok());
        let Some(http) = http else {
            drop(child.kill());
            drop(child.wait());
            panic!("vodpostd did not become ready: {line:?}\n{}", log.join().unwrap_or_default());
        };
        let other = |name| line.split(name).nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
        let (admin, plain) = (other("admin="), other("plain="));
        Daemon { child, http, admin, plain, stderr: Some(log) }
    }

    /// Runs the client.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn vodpost(&self, args: &[&str]) -> Said {
        let output = self.client(args).output().expect("vodpost starts");
        Said::from(&output)
    }

    /// The client's command line, with nothing of the tester's environment that it would look at.
    #[must_use]
    pub fn client(&self, args: &[&str]) -> Command {
        let mut command = Command::new(program("vodpost"));
        command.env("VODPOST_SOCKET", self.socket()).env_remove("NO_COLOR").stdin(Stdio::null()).args(args);
        speak(&mut command, "C.UTF-8");
        command
    }

    /// Runs the client and demands success.
    ///
    /// # Panics
    /// When it fails.
    pub fn ok(&self, args: &[&str]) -> Said {
        let said = self.vodpost(args);
        assert_eq!(said.status, 0, "vodpost {args:?}: {said:?}");
        said
    }

    /// Runs the client with `--json`, demands success and reads the document.
    ///
    /// # Panics
    /// When it fails or prints something else.
    pub fn json(&self, args: &[&str]) -> Value {
        let said = self.ok(&[args, &["--json"]].concat());
        serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {}", said.stdout))
    }

    /// Verifies an account and activates the service.
    pub fn set_up_account(&self) {
        self.ok(&[
            "account",
            "submit",
            "individual",
            "--name",
            "Li Lei",
            "--id-number",
            "440524188001010014",
        ]);
        self.ok(&["account", "approve"]);
        self.ok(&["service", "activate"]);
    }

    /// Puts a sample into the library.
    ///
    /// # Panics
    /// When it cannot be copied.
    pub fn add(&self, sample: &Path, name: &str) -> PathBuf {
        let path = self.library().join(name);
        std::fs::create_dir_all(path.parent().expect("in a folder")).expect("the folder");
        // Under a hidden name first, as rsync does, so that no scan sees half of it.
        let hidden = path.with_file_name(".arriving");
        std::fs::copy(sample, &hidden).expect("the sample can be copied");
        std::fs::rename(hidden, &path).expect("the sample can be renamed");
        path
    }

    /// Looks at the library and waits for the end.
    pub fn scan(&self) -> Value {
        self.json(&["scan", "--wait"])
    }

    /// Generates, waits, and returns the token of the default posting.
    ///
    /// # Panics
    /// When there is none.
    pub fn generate(&self, video: &str) -> String {
        self.ok(&["generate", video, "--wait"]);
        self.token(video)
    }

    /// The token of the first posting.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn token(&self, video: &str) -> String {
        let shown = self.json(&["show", video]);
        shown["postings"][0]["token"].as_str().unwrap_or_else(|| panic!("no posting: {shown}")).to_owned()
    }

    /// Waits until `show` satisfies a condition.
    pub fn wait_shown(&self, video: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        wait::until(what, || {
            let shown = self.json(&["show", video]);
            if holds(&shown) { Ok(shown) } else { Err(shown.to_string()) }
        })
    }
}

impl From<&Output> for Said {
    fn from(output: &Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Daemon {
    /// # Panics
    /// When the process has no id.
    #[must_use]
    pub fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).expect("a pid")).expect("a pid")
    }

    /// Ends it without a word.
    ///
    /// # Panics
    /// When it cannot be killed.
    pub fn kill(mut self) {
        self.child.kill().expect("kill -9");
        self.child.wait().expect("it ended");
    }

    /// Asks it to end; returns how it ended and everything it logged.
    ///
    /// # Panics
    /// When it does not end in time.
    pub fn terminate(mut self) -> (ExitStatus, String) {
        kill_process(self.pid(), Signal::TERM).expect("SIGTERM");
        let status = self.ended();
        let log = self.stderr.take().and_then(|log| log.join().ok()).unwrap_or_default();
        (status, log)
    }

    /// How it ended, if it has.
    ///
    /// # Panics
    /// When it cannot be asked.
    #[must_use]
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("it can be asked")
    }

    /// Waits until it has ended by itself.
    ///
    /// # Panics
    /// When it does not end in time.
    pub fn ended(&mut self) -> ExitStatus {
        wait::until("the daemon to end", || self.has_ended().ok_or_else(|| "still running".to_owned()))
    }

    /// # Panics
    /// When it is gone.
    pub fn assert_alive(&mut self) {
        assert!(self.has_ended().is_none(), "the daemon ended");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
