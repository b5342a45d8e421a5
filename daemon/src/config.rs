//! What the daemon is told: flags over `VODPOST_*` over the config file over defaults, checked before anything starts.

mod file;
mod http;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Parser, Subcommand};
use serde::{Deserialize, Serialize};
use vodpost_protocol::socket_path;
use vodpost_protocol::status::SettingOrigin;

use self::file::{LibraryFile, PlatformFile};
pub use self::http::{AdminListen, Http, Tls};
use crate::clients::roles::{Roles, RolesError};
use crate::delivery;
use crate::delivery::address::InvalidNetwork;
use crate::delivery::link::InvalidPublicUrl;
use crate::guard::Sandbox;

/// Of what stands on a page.
const LINE_CHARS_MAX: usize = 300;
/// The pauses between them grow so fast that more would come after any deadline.
const RETRIES_MAX: u32 = 20;

#[derive(Debug, Parser)]
#[command(
    name = "vodpostd",
    version,
    about = "Turns the video files on this server into dedicated posting URLs and serves them.",
    after_help = "Settings are looked up in this order: flags, VODPOST_* variables, the config file, defaults.\n\
                  The config file is /etc/vodpost/vodpost.toml for root and ~/.config/vodpost/vodpost.toml otherwise.\n\
                  Exit status: 0 ended cleanly, 1 failed, 2 wrong usage or settings, 9 another daemon is running."
)]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<DaemonCommand>,
    /// Read this config file; it must exist
    #[arg(long, global = true, env = "VODPOST_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Keep state, converted files and the key in this folder
    #[arg(long, global = true, env = "VODPOST_STATE_DIR", value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// A folder with videos; may be given several times
    #[arg(long, global = true, env = "VODPOST_LIBRARY", value_name = "DIR", value_delimiter = ':')]
    pub library: Vec<PathBuf>,
    /// Serve URLs on this address; port 0 takes any free port [default: 0.0.0.0:8080]
    #[arg(long, global = true, env = "VODPOST_LISTEN", value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// What URLs begin with, as viewers reach this server, e.g. https://video.example.com
    #[arg(long, global = true, env = "VODPOST_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// Listen for clients on this socket
    #[arg(long, global = true, env = "VODPOST_SOCKET", value_name = "PATH")]
    pub socket: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum DaemonCommand {
    /// Print the settings that would be in force, and what is wrong with them
    CheckConfig,
    /// Fill an empty state folder from a backup that `vodpost backup` made
    Restore {
        /// The backup
        file: PathBuf,
    },
}

/// S4: users by name or number, groups as `@name`. Root and the daemon's own user are admins in any case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RoleNames {
    pub admin: Vec<String>,
    pub operator: Vec<String>,
    pub viewer: Vec<String>,
}

/// Checked settings; `vodpostd check-config` prints exactly this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Config {
    pub file: Option<PathBuf>,
    pub state_dir: PathBuf,
    pub socket: PathBuf,
    pub library: Library,
    pub http: Http,
    pub conversion: Conversion,
    pub platform: Platform,
    pub account: Account,
    pub events: Events,
    #[serde(rename = "roles")]
    pub role_names: RoleNames,
    #[serde(skip)]
    pub roles: Roles,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Library {
    pub roots: Vec<PathBuf>,
    /// Where they are named.
    #[serde(skip)]
    pub origin: SettingOrigin,
    /// L5
    #[serde(serialize_with = "as_text")]
    pub missing_grace: Duration,
    /// L6
    pub trash_days: u64,
    /// L2: how long a file must not have changed.
    #[serde(serialize_with = "as_text")]
    pub settle: Duration,
    /// How often the roots are looked at without being asked; zero never.
    #[serde(serialize_with = "as_text")]
    pub rescan: Duration,
    /// Whether changes are heard of from the kernel.
    pub watch: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conversion {
    /// C3
    #[serde(serialize_with = "as_text")]
    pub deadline: Duration,
    pub workers: usize,
    /// How often a conversion is tried again by itself after a failure that may pass, such as a full disk.
    pub retries: u32,
    pub ffmpeg: Option<PathBuf>,
    pub ffprobe: Option<PathBuf>,
    /// What is done where they cannot be confined.
    pub sandbox: Sandbox,
    /// Folders that they may read besides the usual ones, such as those of their libraries.
    pub sandbox_read: Vec<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Platform {
    /// P7: whether new URLs are listed.
    pub list: bool,
    #[serde(flatten)]
    pub site: delivery::platform::Platform,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Events {
    /// S2: how many are kept.
    pub keep: u64,
    /// S2: for how long; zero means however old they are.
    pub keep_for: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    /// A3
    pub four_eyes: bool,
}

fn as_text<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_duration(*duration))
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read the config file {}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("the config file {} is not valid:\n{message}", path.display())]
    Syntax { path: PathBuf, message: String },
    #[error("{field} is {value:?}, which is not a duration such as \"90s\", \"4h\" or \"2days\"")]
    Duration { field: &'static str, value: String },
    #[error("library folder {}: {reason}", path.display())]
    Root { path: PathBuf, reason: String },
    #[error("the socket path {} is longer than {} bytes; choose a shorter one with --socket", path.display(), socket_path::PATH_LEN_MAX)]
    SocketPath { path: PathBuf },
    #[error("{url:?}: {source}")]
    PublicUrl { url: String, source: InvalidPublicUrl },
    #[error("http.trusted_proxies holds {value:?}: {source}")]
    TrustedProxy { value: String, source: InvalidNetwork },
    #[error("http.admin_listen is {value:?}; write it like \"127.0.0.1:9464\", or \"\" for nowhere")]
    AdminListen { value: String },
    #[error("http.public_url is {url}, but http.tls is set; begin it with https://")]
    PlainPublicUrl { url: String },
    #[error("{field} must be one line of at most {LINE_CHARS_MAX} characters")]
    Line { field: &'static str },
    #[error("{field} must not be 0")]
    Zero { field: &'static str },
    #[error(transparent)]
    Roles(#[from] RolesError),
    #[error("conversion.workers must be at least 1")]
    Workers,
    #[error("no home folder is known; say where to keep the state with --state-dir")]
    NoHome,
}

/// Puts the settings together and checks them.
///
/// # Errors
/// The first setting that cannot be right, with its name.
pub fn resolve(args: &Args) -> Result<Config, ConfigError> {
    let uid = rustix::process::geteuid().as_raw();
    let (path, file) = file::read(args.config.as_deref(), uid)?;
    let state_dir = match args.state_dir.clone().or(file.state_dir) {
        Some(folder) => absolute(folder),
        None => default_state_dir(uid)?,
    };
    let socket = absolute(args.socket.clone().or(file.socket).unwrap_or_else(|| socket_path::of_daemon(uid)));
    if socket.as_os_str().len() > socket_path::PATH_LEN_MAX {
        return Err(ConfigError::SocketPath { path: socket });
    }
    let workers = file.conversion.workers.unwrap_or_else(default_workers);
    if workers == 0 {
        return Err(ConfigError::Workers);
    }
    let library = library(args, file.library, path.as_deref())?;
    Ok(Config {
        file: path,
        state_dir,
        socket,
        library,
        http: Http::resolve(args, file.http)?,
        conversion: Conversion {
            deadline: duration("conversion.deadline", file.conversion.deadline, 4 * 3600)?,
            workers,
            retries: file.conversion.retries.unwrap_or(4).min(RETRIES_MAX),
            ffmpeg: file.conversion.ffmpeg,
            ffprobe: file.conversion.ffprobe,
            sandbox: file.conversion.sandbox,
            sandbox_read: file.conversion.sandbox_read,
        },
        platform: platform(file.platform)?,
        account: Account { four_eyes: file.account.four_eyes },
        events: Events {
            keep: file.events.keep.unwrap_or(100_000).max(1),
            keep_for: duration("events.keep_for", file.events.keep_for, 0)?,
        },
        roles: Roles::resolve(&file.roles)?,
        role_names: file.roles,
    })
}

fn platform(file: PlatformFile) -> Result<Platform, ConfigError> {
    let defaults = delivery::platform::Platform::default();
    let site = delivery::platform::Platform {
        enabled: file.enabled.unwrap_or(defaults.enabled),
        title: file.title.unwrap_or(defaults.title),
        description: file.description.unwrap_or(defaults.description),
    };
    for (field, value) in [("platform.title", &site.title), ("platform.description", &site.description)] {
        if value.chars().count() > LINE_CHARS_MAX || value.contains(char::is_control) {
            return Err(ConfigError::Line { field });
        }
    }
    Ok(Platform { list: file.list.unwrap_or(true), site })
}

fn library(args: &Args, file: LibraryFile, path: Option<&Path>) -> Result<Library, ConfigError> {
    let path = path.filter(|_| args.library.is_empty());
    let origin = path.map_or(SettingOrigin::Arguments, |path| SettingOrigin::ConfigFile {
        path: path.to_string_lossy().into_owned(),
    });
    let named = if args.library.is_empty() { file.roots } else { args.library.clone() };
    let mut roots: Vec<PathBuf> = Vec::new();
    for root in named {
        // A root that is away (an unmounted disk) is no error; one inside another would show videos twice.
        let root = absolute(root);
        let root = std::fs::canonicalize(&root).unwrap_or(root);
        if roots.contains(&root) {
            continue;
        }
        if let Some(other) = roots.iter().find(|other| other.starts_with(&root) || root.starts_with(other)) {
            let reason = format!("it overlaps with {}", other.display());
            return Err(ConfigError::Root { path: root, reason });
        }
        if root.is_file() {
            return Err(ConfigError::Root { path: root, reason: "it is a file, not a folder".to_owned() });
        }
        roots.push(root);
    }
    Ok(Library {
        roots,
        origin,
        missing_grace: duration("library.missing_grace", file.missing_grace, 24 * 3600)?,
        trash_days: file.trash_days.unwrap_or(7),
        settle: duration("library.settle", file.settle, 2)?,
        rescan: duration("library.rescan", file.rescan, 300)?,
        watch: file.watch.unwrap_or(true),
    })
}

fn default_workers() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| workers_for(cores.get()))
}

/// A quarter of the cores: x264 itself uses several, and the server shall stay responsive.
fn workers_for(cores: usize) -> usize {
    cores.div_ceil(4)
}

fn default_state_dir(uid: u32) -> Result<PathBuf, ConfigError> {
    if uid == 0 {
        return Ok(PathBuf::from("/var/lib/vodpost"));
    }
    folder_from_env("XDG_STATE_HOME")
        .or_else(|| Some(folder_from_env("HOME")?.join(".local/state")))
        .map(|folder| folder.join("vodpost"))
        .ok_or(ConfigError::NoHome)
}

fn folder_from_env(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
}

fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

fn duration(field: &'static str, value: Option<String>, default_s: u64) -> Result<Duration, ConfigError> {
    match value {
        None => Ok(Duration::from_secs(default_s)),
        Some(value) => {
            humantime::parse_duration(&value).map_err(|_reason| ConfigError::Duration { field, value })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(text: &str, more: &[&str]) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vodpost.toml");
        std::fs::write(&path, text).unwrap();
        let mut args = vec!["vodpostd", "--config", path.to_str().unwrap(), "--state-dir", "/tmp/state"];
        args.extend(more);
        resolve(&Args::try_parse_from(args).unwrap())
    }

    #[test]
    fn an_empty_file_gives_the_documented_defaults() {
        let config = resolved("", &[]).unwrap();
        assert_eq!(config.conversion.deadline, Duration::from_secs(4 * 3600));
        assert_eq!(config.library.missing_grace, Duration::from_secs(24 * 3600));
        assert_eq!(config.library.trash_days, 7);
        assert!(!config.account.four_eyes);
    }

    /// As the README says.
    #[test]
    fn a_quarter_of_the_cores_converts_and_at_least_one() {
        assert_eq!([1, 2, 4, 5, 8, 64].map(workers_for), [1, 1, 1, 2, 2, 16]);
        assert_eq!(resolved("", &[]).unwrap().conversion.workers, default_workers());
    }

    #[test]
    fn flags_win_over_the_file() {
        let text = "[http]\nlisten = \"127.0.0.1:1\"\npublic_url = \"https://a.example/\"";
        assert_eq!(resolved(text, &[]).unwrap().http.public_url, "https://a.example".parse().ok());
        let config = resolved(text, &["--listen", "127.0.0.1:2"]).unwrap();
        assert_eq!(config.http.listen.port(), 2);
    }

    #[test]
    fn wrong_settings_are_named() {
        for (text, part) in [
            ("[library]\nroot = 1", "unknown field `root`"),
            ("[conversion]\ndeadline = \"soon\"", "conversion.deadline"),
            ("[conversion]\nworkers = 0", "conversion.workers"),
            ("[conversion]\nsandbox = \"maybe\"", "best-effort"),
            ("[http]\npublic_url = \"ftp://a\"", "http://"),
            ("[library]\nroots = [\"/tmp\", \"/tmp/below\"]", "overlaps"),
        ] {
            let error = resolved(text, &[]).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }
}
