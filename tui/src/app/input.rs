//! One line of text being typed.

use crate::app::event::Key;

/// No path is longer, and no field of the protocol takes more.
const CHARS_MAX: usize = 4096;

/// The text and the place of the cursor, in characters. `Debug` hides the text: it may be a document number.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TextInput {
    letters: Vec<char>,
    cursor: usize,
}

impl std::fmt::Debug for TextInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextInput").field("letters", &self.letters.len()).finish_non_exhaustive()
    }
}

impl TextInput {
    #[must_use]
    pub fn with(text: &str) -> Self {
        let letters: Vec<char> = text.chars().take(CHARS_MAX).collect();
        Self { cursor: letters.len(), letters }
    }

    #[must_use]
    pub fn text(&self) -> String {
        self.letters.iter().collect()
    }

    /// The text without the blanks around it.
    #[must_use]
    pub fn trimmed(&self) -> String {
        self.text().trim().to_owned()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    /// What stands before the cursor, and what from it on.
    #[must_use]
    pub fn around_cursor(&self) -> (String, String) {
        let (before, after) = self.letters.split_at(self.cursor.min(self.letters.len()));
        (before.iter().collect(), after.iter().collect())
    }

    /// Takes what was pasted; line ends and other control characters are left out.
    pub fn paste(&mut self, text: &str) {
        for letter in text.chars().filter(|letter| !letter.is_control()) {
            self.insert(letter);
        }
    }

    /// Whether the key meant this field.
    pub fn key(&mut self, key: Key) -> bool {
        match key {
            Key::Char(letter) => self.insert(letter),
            Key::Backspace => {
                if self.cursor > 0 {
                    self.cursor -= 1;
                    self.letters.remove(self.cursor);
                }
            }
            Key::Delete => {
                if self.cursor < self.letters.len() {
                    self.letters.remove(self.cursor);
                }
            }
            Key::Left => self.cursor = self.cursor.saturating_sub(1),
            Key::Right => self.cursor = (self.cursor + 1).min(self.letters.len()),
            Key::Home | Key::Ctrl('a') => self.cursor = 0,
            Key::End | Key::Ctrl('e') => self.cursor = self.letters.len(),
            Key::Ctrl('u') => {
                self.letters.drain(..self.cursor);
                self.cursor = 0;
            }
            Key::Ctrl('w') => self.delete_word(),
            Key::Ctrl(_)
            | Key::Enter
            | Key::Esc
            | Key::Tab
            | Key::BackTab
            | Key::Up
            | Key::Down
            | Key::PageUp
            | Key::PageDown => return false,
        }
        true
    }

    fn insert(&mut self, letter: char) {
        if self.letters.len() < CHARS_MAX {
            self.letters.insert(self.cursor, letter);
            self.cursor += 1;
        }
    }

    fn delete_word(&mut self) {
        let before = &self.letters[..self.cursor];
        let word_end = before.iter().rposition(|letter| !letter.is_whitespace()).map_or(0, |at| at + 1);
        let word =
            before[..word_end].iter().rposition(|letter| letter.is_whitespace()).map_or(0, |at| at + 1);
        self.letters.drain(word..self.cursor);
        self.cursor = word;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &[Key]) -> TextInput {
        let mut input = TextInput::with("ab cd");
        for key in keys {
            assert!(input.key(*key), "{key:?}");
        }
        input
    }

    #[test]
    fn editing() {
        assert_eq!(typed(&[Key::Char('é')]).text(), "ab cdé");
        assert_eq!(typed(&[Key::Left, Key::Backspace]).text(), "ab d");
        assert_eq!(typed(&[Key::Home, Key::Delete]).text(), "b cd");
        assert_eq!(typed(&[Key::Ctrl('w')]).text(), "ab ");
        assert_eq!(typed(&[Key::Ctrl('w'), Key::Ctrl('w')]).text(), "");
        assert_eq!(typed(&[Key::Left, Key::Ctrl('u')]).text(), "d");
        assert_eq!(typed(&[Key::Home, Key::Backspace, Key::Left, Key::Char('x')]).text(), "xab cd");
        assert_eq!(
            typed(&[Key::End, Key::Delete, Key::Right]).around_cursor(),
            ("ab cd".into(), String::new())
        );
    }

    #[test]
    fn pasted_line_ends_are_left_out_and_there_is_a_limit() {
        let mut input = TextInput::default();
        input.paste("a\r\nb\x1b[0m");
        assert_eq!(input.text(), "ab[0m");
        input.paste(&"x".repeat(5000));
        assert_eq!(input.text().chars().count(), CHARS_MAX);
    }

    #[test]
    fn the_debug_form_hides_the_text() {
        assert!(!format!("{:?}", TextInput::with("11010519491231002X")).contains("1949"));
    }
}
