//! The config file: what may stand in it, and where it is looked for.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::http::HttpFile;
use super::{ConfigError, RoleNames, folder_from_env};
use crate::guard::Sandbox;

/// The file as it is written; every field may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) state_dir: Option<PathBuf>,
    pub(super) socket: Option<PathBuf>,
    pub(super) library: LibraryFile,
    pub(super) http: HttpFile,
    pub(super) conversion: ConversionFile,
    pub(super) platform: PlatformFile,
    pub(super) account: AccountFile,
    pub(super) events: EventsFile,
    pub(super) roles: RoleNames,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct EventsFile {
    pub(super) keep: Option<u64>,
    pub(super) keep_for: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LibraryFile {
    pub(super) roots: Vec<PathBuf>,
    pub(super) missing_grace: Option<String>,
    pub(super) trash_days: Option<u64>,
    pub(super) settle: Option<String>,
    pub(super) rescan: Option<String>,
    pub(super) watch: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ConversionFile {
    pub(super) deadline: Option<String>,
    pub(super) workers: Option<usize>,
    pub(super) retries: Option<u32>,
    pub(super) ffmpeg: Option<PathBuf>,
    pub(super) ffprobe: Option<PathBuf>,
    pub(super) sandbox: Sandbox,
    pub(super) sandbox_read: Vec<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PlatformFile {
    pub(super) enabled: Option<bool>,
    pub(super) list: Option<bool>,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AccountFile {
    pub(super) four_eyes: bool,
}

pub(super) fn read(named: Option<&Path>, uid: u32) -> Result<(Option<PathBuf>, File), ConfigError> {
    let path = match named {
        Some(named) => named.to_owned(),
        None => match default_file(uid) {
            Some(path) if path.exists() => path,
            Some(_) | None => return Ok((None, File::default())),
        },
    };
    let text =
        std::fs::read_to_string(&path).map_err(|source| ConfigError::Read { path: path.clone(), source })?;
    let file = toml::from_str(&text)
        .map_err(|error| ConfigError::Syntax { path: path.clone(), message: error.to_string() })?;
    Ok((Some(path), file))
}

fn default_file(uid: u32) -> Option<PathBuf> {
    if uid == 0 {
        return Some(PathBuf::from("/etc/vodpost/vodpost.toml"));
    }
    let folder =
        folder_from_env("XDG_CONFIG_HOME").or_else(|| Some(folder_from_env("HOME")?.join(".config")))?;
    Some(folder.join("vodpost/vodpost.toml"))
}
