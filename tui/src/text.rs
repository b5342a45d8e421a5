//! Every sentence about a state, a refusal or an error, for the commands and the terminal UI alike.
//!
//! What the daemon sends as text (titles, paths, reasons) is whatever a file or a person was called: it passes through
//! [`plain`] before anybody sees it.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

use crate::{say, word};

mod counts;
mod diagnosis;
mod finding;
#[cfg(test)]
pub(crate) mod hostile;
pub mod language;
mod library;
pub mod number;
mod refusal;
mod trouble;
mod words;

pub use counts::*;
pub use diagnosis::{diagnosis, place, severity, subject, unchecked};
pub use finding::{finding, tool_name};
pub use library::{root_origin, setting_origin};
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

/// Marks that may stand on one letter. No script needs more; towers of them cover the lines above and below.
const MARKS_MAX: usize = 4;

/// Text made harmless for a terminal: whatever is invisible, moves the cursor, ends the line or reorders what stands
/// around it becomes a visible sign of one column, and so does a mark without a letter or one too many on a letter.
#[must_use]
pub fn plain(text: &str) -> Cow<'_, str> {
    if text.is_ascii() && text.chars().all(|letter| !letter.is_control()) {
        return Cow::Borrowed(text);
    }
    let mut changed = false;
    let mut harmless = String::with_capacity(text.len());
    // At the start a mark would be put on whatever stands before the text.
    let mut marks = MARKS_MAX;
    for letter in text.chars() {
        if let Some(sign) = visible_instead(letter) {
            (changed, marks) = (true, MARKS_MAX);
            harmless.push(sign);
        } else if letter.width() != Some(0) {
            marks = 0;
            harmless.push(letter);
        } else if marks < MARKS_MAX {
            marks += 1;
            harmless.push(letter);
        } else {
            changed = true;
            // One sign for all that follow.
            if !harmless.ends_with(char::REPLACEMENT_CHARACTER) {
                harmless.push(char::REPLACEMENT_CHARACTER);
            }
        }
    }
    if changed { Cow::Owned(harmless) } else { Cow::Borrowed(text) }
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
    fn marks_stand_on_letters_and_never_in_towers() {
        assert_eq!(plain("\u{301}abc"), "\u{fffd}abc", "not on what stands before");
        let tower: String = std::iter::once('e').chain(std::iter::repeat_n('\u{301}', 500)).collect();
        assert_eq!(plain(&tower), "e\u{301}\u{301}\u{301}\u{301}\u{fffd}");
        assert_eq!(plain("\x1b\u{301}\u{302}x\u{303}"), "␛\u{fffd}x\u{303}");
        // Vietnamese, Hebrew with vowels, Thai, Devanagari and Korean as some systems store them.
        for text in ["Vie\u{302}\u{323}t", "שָׁלוֹם", "ที่นี้", "क्षि", "\u{1112}\u{1161}\u{11ab}"]
        {
            assert!(matches!(plain(text), Cow::Borrowed(same) if same == text), "{text}");
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
