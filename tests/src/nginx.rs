//! nginx beside our server: on a free port of the loopback, one worker, everything in a temporary folder.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, getuid, kill_process};
use tempfile::TempDir;

use crate::wait;

/// Ended when dropped.
pub struct Nginx {
    master: Child,
    folder: TempDir,
    pub addr: SocketAddr,
}

impl Nginx {
    /// Serves the files of a folder. `None`, and a line that says why, where nginx is not installed.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn serving(root: &Path) -> Option<Self> {
        Self::packing(root, "on")
    }

    /// The same, but each head leaves at once instead of in a full packet (`tcp_nopush off`).
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn pushing(root: &Path) -> Option<Self> {
        Self::packing(root, "off")
    }

    #[expect(clippy::print_stderr, reason = "a test that does not compare must say so")]
    fn packing(root: &Path, nopush: &str) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        // Whoever takes the port in between makes nginx fail, which says so.
        let addr = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
        let config = folder.path().join("nginx.conf");
        std::fs::write(&config, configuration((addr, nopush), folder.path(), root)).expect("the config file");
        let mut command = Command::new("nginx");
        command.arg("-c").arg(&config).arg("-p").arg(folder.path()).arg("-e").arg(folder.path().join("log"));
        let master = match command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn() {
            Ok(master) => master,
            Err(error) => {
                eprintln!("NOT COMPARED: nginx cannot be run ({error}); scripts/test installs it");
                return None;
            }
        };
        let mut nginx = Self { master, folder, addr };
        wait::until("nginx to listen", || {
            if let Some(status) = nginx.master.try_wait().expect("it can be asked") {
                let log = std::fs::read_to_string(nginx.folder.path().join("log")).unwrap_or_default();
                panic!("nginx ended, {status}: {log}");
            }
            TcpStream::connect(addr).map_err(|error| error.to_string())
        });
        Some(nginx)
    }

    /// The process that serves.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn worker(&self) -> Pid {
        let id = self.master.id();
        let path = format!("/proc/{id}/task/{id}/children");
        let children = std::fs::read_to_string(path).expect("nginx runs");
        let worker =
            children.split_whitespace().next().and_then(|id| id.parse().ok()).and_then(Pid::from_raw);
        worker.expect("nginx has a worker")
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let pid = i32::try_from(self.master.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // It takes its workers with it.
            kill_process(pid, Signal::TERM).ok();
        }
        drop(self.master.wait());
    }
}

fn configuration((addr, nopush): (SocketAddr, &str), folder: &Path, root: &Path) -> String {
    let mut text = String::new();
    if getuid().is_root() {
        text.push_str("user root;\n");
    }
    let (folder, root) = (folder.display(), root.display());
    write!(
        text,
        "daemon off;\nworker_processes 1;\npid {folder}/pid;\nerror_log {folder}/log;\n\
         worker_rlimit_nofile 20000;\nevents {{ worker_connections 10000; }}\n\
         http {{\n  access_log off;\n  sendfile on;\n  tcp_nopush {nopush};\n  keepalive_requests 1000000000;\n\
         types {{ video/mp4 mp4; }}\n  client_body_temp_path {folder}/b;\n  proxy_temp_path {folder}/p;\n\
         fastcgi_temp_path {folder}/f;\n  uwsgi_temp_path {folder}/u;\n  scgi_temp_path {folder}/s;\n\
         server {{ listen {addr}; root {root}; }}\n}}\n"
    )
    .expect("text");
    text
}
