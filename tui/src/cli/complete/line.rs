//! The line that is being typed: bash hands it over as it is, quotes and all, and puts in what it is given as it is.

/// The words up to the cursor, quotes removed; the last one is unfinished, and may be empty.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Typed {
    pub(super) words: Vec<String>,
    /// Of the unfinished word, what stays as it was typed when the shell replaces the rest; and the quotes that are open there.
    kept: String,
    quotes: Quotes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quotes {
    None,
    Single,
    Double,
}

impl Typed {
    /// Of shells that do the quoting themselves.
    pub(super) fn of_words(words: Vec<String>) -> Option<Self> {
        (!words.is_empty()).then_some(Self { words, kept: String::new(), quotes: Quotes::None })
    }

    /// Of a line of bash and its end, which bash will replace. `None` where it is none.
    pub(super) fn of(line_and_end: Vec<String>) -> Option<Self> {
        let [line, end] = <[String; 2]>::try_from(line_and_end).ok()?;
        let before = line.strip_suffix(end.as_str())?;
        let (words, _) = split(&line);
        let (until_end, quotes) = split(before);
        // The end lies within the last word.
        if words.len() != until_end.len() {
            return None;
        }
        let kept = until_end.into_iter().next_back()?;
        Some(Self { words, kept, quotes })
    }

    /// What the shell has to put in the place of the end for this word; `None` where the end would not become it.
    pub(super) fn quoted(&self, word: &str) -> Option<String> {
        let rest = word.strip_prefix(self.kept.as_str())?;
        Some(match self.quotes {
            Quotes::None => rest.chars().fold(String::new(), |mut quoted, letter| {
                if !(letter.is_alphanumeric() || "._/@%+,-".contains(letter)) {
                    quoted.push('\\');
                }
                quoted.push(letter);
                quoted
            }),
            Quotes::Single => rest.replace('\'', r"'\''"),
            Quotes::Double => rest.chars().fold(String::new(), |mut quoted, letter| {
                if "\"\\$`".contains(letter) {
                    quoted.push('\\');
                }
                quoted.push(letter);
                quoted
            }),
        })
    }
}

/// The words of a line by the rules of bash (its manual, QUOTING), and which quotes are open at its end. The last word may
/// be empty: then one begins there.
fn split(line: &str) -> (Vec<String>, Quotes) {
    let mut words = vec![String::new()];
    let mut begun = false;
    let mut quotes = Quotes::None;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        let word = match words.last_mut() {
            Some(word) => word,
            None => break,
        };
        match (quotes, letter) {
            (Quotes::None, ' ' | '\t' | '\n') => {
                if std::mem::take(&mut begun) {
                    words.push(String::new());
                }
                continue;
            }
            (Quotes::None, '\'') => quotes = Quotes::Single,
            (Quotes::None, '"') => quotes = Quotes::Double,
            (Quotes::Single, '\'') | (Quotes::Double, '"') => quotes = Quotes::None,
            // One that nothing follows yet stands for nothing yet.
            (Quotes::None, '\\') => word.extend(letters.next()),
            (Quotes::Double, '\\') => match letters.next_if(|next| "\"\\$`".contains(*next)) {
                Some(escaped) => word.push(escaped),
                None => word.push('\\'),
            },
            (Quotes::None | Quotes::Single | Quotes::Double, letter) => word.push(letter),
        }
        begun = true;
    }
    (words, quotes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str, end: &str) -> Option<Typed> {
        Typed::of(vec![line.to_owned(), end.to_owned()])
    }

    #[test]
    fn quotes_are_removed_as_bash_does() {
        for (line, words) in [
            ("vodpost show ", &["vodpost", "show", ""][..]),
            ("vodpost  show ta", &["vodpost", "show", "ta"]),
            (r"a b\ c", &["a", "b c"]),
            ("a 'b c", &["a", "b c"]),
            (r#"a "b \"c\d$"#, &["a", r#"b "c\d$"#]),
            (r"a 'b'\''c'", &["a", "b'c"]),
            ("a b\\", &["a", "b"]),
            ("a '' ", &["a", "", ""]),
            ("", &[""]),
        ] {
            assert_eq!(split(line).0, words, "{line}");
        }
    }

    #[test]
    fn what_is_put_in_becomes_the_word() {
        for word in
            ["talk", "my 'best' \"talk\" $x `y` \\z", "课程 第一讲!", "~a{b,c}*?[d]#e&f;g|h<i>(j)=k:l"]
        {
            for (line, end) in [("vodpost show ", ""), ("vodpost show '", ""), ("vodpost show \"", "")] {
                let put = typed(line, end).unwrap().quoted(word).unwrap();
                let whole = format!("{line}{put}");
                assert_eq!(split(&whole).0, ["vodpost", "show", word], "{whole}");
            }
        }
        // What stands before the end stays.
        let put = typed(r"vodpost show a\ b:c", "c").unwrap().quoted("a b:c d").unwrap();
        assert_eq!(put, r"c\ d");
        assert_eq!(typed("vodpost show x:c", "c").unwrap().quoted("y:c"), None);
    }

    #[test]
    fn what_is_no_line_is_refused() {
        assert_eq!(typed("vodpost show a", "b"), None);
        assert_eq!(typed("vodpost show a b", "a b"), None);
        assert_eq!(Typed::of(vec!["x".into()]), None);
        assert_eq!(Typed::of_words(Vec::new()), None);
    }
}
