//! Every sentence about a state, a refusal or an error, for the commands and the terminal UI alike.
//!
//! What the daemon sends as text (titles, paths, reasons) is whatever a file or a person was called: it passes through
//! [`plain`] before anybody sees it.

use std::borrow::Cow;

use crate::{say, word};

mod counts;
mod diagnosis;
mod finding;
pub mod language;
mod refusal;
mod trouble;
mod words;

pub use counts::*;
pub use diagnosis::{diagnosis, place, severity, subject, unchecked};
pub use finding::{finding, tool_name};
pub use refusal::{no_url, refusal};
pub use trouble::{connect_error, daemon_back, daemon_gone, talk_error, unexpected_answer};
pub use words::*;

/// What is wrong, and what to do next where that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    pub message: String,
    pub hint: Option<String>,
}

impl Sentence {
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    #[must_use]
    pub fn with_hint(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: Some(hint.into()) }
    }
}

/// `what: value`
#[must_use]
pub fn pair(what: &str, value: &str) -> String {
    say!("{what}: {value}", "{what}：{value}")
}

/// Between the parts of a list.
#[must_use]
pub fn comma() -> &'static str {
    word!(", ", "，")
}

/// Text made harmless for a terminal: whatever is invisible, moves the cursor, ends the line or reorders what stands
/// around it becomes a visible sign of one column.
#[must_use]
pub fn plain(text: &str) -> Cow<'_, str> {
    if text.chars().all(|letter| visible_instead(letter).is_none()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|letter| visible_instead(letter).unwrap_or(letter)).collect())
}

fn visible_instead(letter: char) -> Option<char> {
    match letter {
        // The pictures of the control characters stand in the same order as the characters.
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(letter)),
        '\x7f' => Some('␡'),
        // C1 controls, which some terminals obey.
        '\u{80}'..='\u{9f}'
        // Soft hyphen, joiners, fillers and other characters of no width.
        | '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{3164}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        // Marks, embeddings, overrides and isolates of text direction.
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}'
        // Line and paragraph separators, tags.
        | '\u{2028}' | '\u{2029}' | '\u{e0000}'..='\u{e0fff}' => Some(char::REPLACEMENT_CHARACTER),
        _ => None,
    }
}

/// A name as one would type it in a shell; a placeholder where it cannot be typed.
#[must_use]
pub fn shell_word(name: &str) -> String {
    let typable = matches!(plain(name), Cow::Borrowed(_)) && !name.is_empty() && !name.starts_with('-');
    if !typable {
        return "VIDEO".to_owned();
    }
    if name.chars().all(|letter| letter.is_alphanumeric() || "._/:@%+,-".contains(letter)) {
        return name.to_owned();
    }
    format!("'{}'", name.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn ordinary_text_of_any_script_is_left_alone() {
        for text in ["talk", "课程 第一讲", "Ünïcödé é", "🎬 film", ""] {
            assert!(matches!(plain(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn what_could_harm_a_terminal_becomes_visible() {
        assert_eq!(plain("\x1b[31mred\x07\r\n"), "␛[31mred␇␍␊");
        assert_eq!(plain("a\u{9b}2Jb\x7f"), "a\u{fffd}2Jb␡");
        for hidden in
            ['\u{202e}', '\u{2066}', '\u{200b}', '\u{200d}', '\u{feff}', '\u{2028}', '\u{e0041}', '\u{ad}']
        {
            let text = format!("gp{hidden}4m");
            assert_eq!(plain(&text), "gp\u{fffd}4m");
            assert_eq!(plain(&text).width(), 5);
        }
    }

    #[test]
    fn names_are_quoted_for_a_shell_when_they_need_it() {
        assert_eq!(shell_word("talk-1.mp4"), "talk-1.mp4");
        assert_eq!(shell_word("课程"), "课程");
        assert_eq!(shell_word("a b"), "'a b'");
        assert_eq!(shell_word("it's"), r"'it'\''s'");
        assert_eq!(shell_word("$(reboot)"), "'$(reboot)'");
        assert_eq!(shell_word("-rf"), "VIDEO");
        assert_eq!(shell_word("a\nb"), "VIDEO");
    }
}
