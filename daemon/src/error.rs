//! How errors are told: each level says its own sentence, and one place prints the chain.

use std::error::Error;
use std::fmt::Write;

/// The error and its causes in one line.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let sentence = source.to_string();
        // Transparent wrappers repeat what they wrap.
        if !text.ends_with(&sentence) && write!(text, ": {sentence}").is_err() {
            break;
        }
        cause = source.source();
    }
    text
}
