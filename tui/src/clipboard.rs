//! Ways to the clipboard of the terminal that one sits at, which may be far from this machine.

use std::io::{self, Write};
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::app::event::CopyWay;

/// Terminals drop longer ones; tmux and xterm agree on this limit.
const BASE64_LEN_MAX: usize = 74_994;

/// What to try first.
#[must_use]
pub fn best_way() -> CopyWay {
    if std::env::var_os("TMUX").is_some_and(|value| !value.is_empty()) {
        CopyWay::Tmux
    } else {
        CopyWay::Terminal
    }
}

/// The OSC 52 sequence; none when the text is longer than terminals take.
#[must_use]
pub fn terminal_sequence(text: &str) -> Option<Vec<u8>> {
    let encoded = STANDARD.encode(text);
    (encoded.len() <= BASE64_LEN_MAX).then(|| format!("\x1b]52;c;{encoded}\x07").into_bytes())
}

/// Hands the text to tmux, which hands it on to its own terminal. Waits for tmux.
///
/// # Errors
/// When tmux cannot be run or does not take it.
pub fn through_tmux(text: &str) -> io::Result<()> {
    let mut tmux = Command::new("tmux")
        .args(["load-buffer", "-w", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let written = match tmux.stdin.take() {
        Some(mut stdin) => stdin.write_all(text.as_bytes()),
        None => Ok(()),
    };
    let status = tmux.wait()?;
    written?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("tmux: {status}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_carries_the_text() {
        assert_eq!(terminal_sequence("http://x").unwrap(), b"\x1b]52;c;aHR0cDovL3g=\x07");
    }

    #[test]
    fn too_long_a_text_is_refused() {
        assert!(terminal_sequence(&"x".repeat(BASE64_LEN_MAX / 4 * 3)).is_some());
        assert!(terminal_sequence(&"x".repeat(BASE64_LEN_MAX)).is_none());
    }
}
