//! What is kept of a panic of the terminal UI: a file with everything that a maintainer needs, for the user's eyes only.

use std::backtrace::Backtrace;
use std::ffi::OsString;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::connect::VERSION;

/// Where reports go: `$XDG_STATE_HOME/vodpost`, else `~/.local/state/vodpost`. None for a user without a home.
#[must_use]
pub fn folder(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    // The base directory specification has relative paths ignored.
    let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
    Some(state.join("vodpost"))
}

/// The text of a report, from within the panic hook.
#[must_use]
pub fn text(info: &PanicHookInfo<'_>, at: SystemTime) -> String {
    let thread = std::thread::current();
    let variable = |name| std::env::var_os(name).unwrap_or_default();
    format!(
        "vodpost {VERSION} (protocol {}) failed at {}\n\
         thread {}: {info}\n\
         TERM={:?} COLORTERM={:?} LANG={:?} TMUX={:?}\n\n{}\n",
        vodpost_protocol::PROTOCOL_NUMBER,
        humantime::format_rfc3339_seconds(at),
        thread.name().unwrap_or("without a name"),
        variable("TERM"),
        variable("COLORTERM"),
        variable("LANG"),
        variable("TMUX"),
        Backtrace::force_capture(),
    )
}

/// Writes a report and gives its place.
///
/// # Errors
/// When there is no room for it.
pub fn write(folder: &Path, text: &str, at: SystemTime) -> io::Result<PathBuf> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let moment = humantime::format_rfc3339_seconds(at).to_string().replace(':', "");
    let path = folder.join(format!("panic-{moment}-{}.txt", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    file.write_all(text.as_bytes())?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_the_users_state_folder() {
        let folder = |state: &str, home: &str| {
            let values = [("XDG_STATE_HOME", OsString::from(state)), ("HOME", OsString::from(home))];
            super::folder(|name| values.iter().find(|(n, _)| *n == name).map(|(_, value)| value.clone()))
        };
        assert_eq!(folder("/s", "/h"), Some("/s/vodpost".into()));
        assert_eq!(folder("", "/h"), Some("/h/.local/state/vodpost".into()));
        assert_eq!(folder("relative", "/h"), Some("/h/.local/state/vodpost".into()));
        assert_eq!(folder("", ""), None);
    }
}
