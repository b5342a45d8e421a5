//! nginx and Caddy as `docs/PROXIES.md` sets them up: the configuration is taken out of the document, and only addresses,
//! certificates and folders are put in.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, getuid, kill_process};
use tempfile::TempDir;

use crate::wait;

/// The name that the documented configurations serve.
pub const NAME: &str = "video.example.com";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Nginx,
    Caddy,
}

/// At a name of its own, or below `/video` of another site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Name,
    Path,
}

/// A running proxy with TLS. Ended when dropped.
pub struct Proxy {
    process: Child,
    folder: TempDir,
    pub addr: SocketAddr,
}

/// A certificate for these names that is valid for a day, and its key.
///
/// # Panics
/// When openssl cannot make it.
#[must_use]
pub fn certificate(folder: &Path, file: &str, names: &[&str]) -> (PathBuf, PathBuf) {
    let [cert, key] = ["pem", "key"].map(|end| folder.join(format!("{file}.{end}")));
    let alternatives: Vec<String> = names.iter().map(|name| format!("DNS:{name}")).collect();
    let output = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
        .args(["-days", "1", "-subj", &format!("/CN={}", names[0])])
        .args(["-addext", &format!("subjectAltName={}", alternatives.join(","))])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&cert)
        .output()
        .expect("openssl runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (cert, key)
}

/// A port of the loopback that nobody has at the moment.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn free_addr() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port")
}

/// The block of the document in this language, the first or the second one.
fn documented(language: &str, place: Place) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/PROXIES.md");
    let text = std::fs::read_to_string(path).expect("docs/PROXIES.md");
    let opening = format!("```{language}\n");
    let mut blocks = text.split(&opening).skip(1).map(|rest| rest.split("```").next().expect("an end"));
    let block = match place {
        Place::Name => blocks.next(),
        Place::Path => blocks.nth(1),
    };
    block.expect("a block of this language").to_owned()
}

/// Everything is there to be replaced, or the document and the tests have drifted apart.
fn put_in(text: String, replacements: &[(&str, String)]) -> String {
    replacements.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{from} is not in the documented configuration:\n{text}");
        text.replace(from, to)
    })
}

impl Proxy {
    /// In front of a daemon. `None`, and a line that says why, where it is not installed.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(kind: Kind, place: Place, addr: SocketAddr, daemon: SocketAddr) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let (cert, key) = certificate(folder.path(), "site", &[NAME]);
        let mut command = match kind {
            Kind::Nginx => nginx(folder.path(), place, addr, daemon, (&cert, &key)),
            Kind::Caddy => caddy(folder.path(), place, addr, daemon, (&cert, &key)),
        };
        let log = std::fs::File::create(folder.path().join("log")).expect("a log");
        let process = match command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn() {
            Ok(process) => process,
            Err(error) => {
                crate::skip::skip(&format!("{kind:?} cannot be run ({error}); scripts/test installs it"));
                return None;
            }
        };
        let mut proxy = Self { process, folder, addr };
        wait::until("the proxy to listen", || {
            if let Some(status) = proxy.process.try_wait().expect("it can be asked") {
                let log = std::fs::read_to_string(proxy.folder.path().join("log")).unwrap_or_default();
                panic!("{kind:?} ended, {status}: {log}");
            }
            TcpStream::connect(addr).map_err(|error| error.to_string())
        });
        Some(proxy)
    }

    /// curl, that trusts the certificate and knows where the name is.
    #[must_use]
    pub fn curl(&self, args: &[&str]) -> Command {
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--noproxy", "*", "--max-time", "60"]);
        command.arg("--cacert").arg(self.folder.path().join("site.pem"));
        command.arg("--resolve").arg(format!("{NAME}:{}:127.0.0.1", self.addr.port()));
        command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let pid = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // nginx takes its workers with it.
            kill_process(pid, Signal::TERM).ok();
        }
        drop(self.process.wait());
    }
}

type Pair<'p> = (&'p Path, &'p Path);

fn nginx(
    folder: &Path,
    place: Place,
    addr: SocketAddr,
    daemon: SocketAddr,
    (cert, key): Pair<'_>,
) -> Command {
    let block = documented("nginx", place);
    let daemon = ("127.0.0.1:8080", daemon.to_string());
    let tls = format!("ssl_certificate {};\nssl_certificate_key {};", cert.display(), key.display());
    let servers = match place {
        Place::Name => put_in(
            block,
            &[
                daemon,
                ("listen 80;", format!("listen unix:{}/plain;", folder.display())),
                ("listen 443 ssl;", format!("listen {addr} ssl;")),
                ("/etc/ssl/video.example.com.pem", cert.display().to_string()),
                ("/etc/ssl/video.example.com.key", key.display().to_string()),
            ],
        ),
        Place::Path => {
            let location = put_in(block, &[daemon]);
            format!("server {{\nlisten {addr} ssl;\nserver_name {NAME};\n{tls}\n{location}}}\n")
        }
    };
    let user = if getuid().is_root() { "user root;\n" } else { "" };
    let temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|what| format!("{what}_temp_path {}/{what};\n", folder.display()))
        .concat();
    let folder_name = folder.display();
    let text = format!(
        "{user}daemon off;\nworker_processes 1;\npid {folder_name}/pid;\nerror_log stderr;\n\
         events {{ worker_connections 1000; }}\nhttp {{\naccess_log off;\n{temp}{servers}}}\n"
    );
    let config = folder.join("nginx.conf");
    std::fs::write(&config, text).expect("the config file");
    let mut command = Command::new("nginx");
    command.arg("-c").arg(config).arg("-p").arg(folder).args(["-e", "stderr"]);
    command
}

fn caddy(
    folder: &Path,
    place: Place,
    addr: SocketAddr,
    daemon: SocketAddr,
    (cert, key): Pair<'_>,
) -> Command {
    let name = match place {
        Place::Name => "video.example.com {",
        Place::Path => "www.example.com {",
    };
    // Given a certificate, it asks nobody for one.
    let tls =
        format!("{NAME}:{} {{\n\tbind 127.0.0.1\n\ttls {} {}", addr.port(), cert.display(), key.display());
    let site = put_in(documented("caddyfile", place), &[("127.0.0.1:8080", daemon.to_string()), (name, tls)]);
    let text = format!(
        "{{\n\tadmin off\n\tauto_https disable_redirects\n\tstorage file_system {}\n}}\n{site}",
        folder.display()
    );
    let config = folder.join("Caddyfile");
    std::fs::write(&config, text).expect("the config file");
    let mut command = Command::new("caddy");
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(config);
    command.env("HOME", folder).env("XDG_CONFIG_HOME", folder).env("XDG_DATA_HOME", folder);
    command
}
