//! Titles come from file names and are hostile until proven otherwise: here they become one line of visible text, and a
//! file name that fits into a header field.

use http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Characters of a title that are shown or offered as a file name.
const CHARS_MAX: usize = 150;
const NAMELESS: &str = "video";

/// Everything but `attr-char` (RFC 8187, section 3.2.1).
const NOT_ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// What a title looks like everywhere; never empty.
pub(super) fn shown(title: &str) -> String {
    let text = line(title, CHARS_MAX);
    if text.is_empty() { NAMELESS.to_owned() } else { text }
}

/// One line of at most so many characters, without control characters, those that reorder the text around them (Unicode
/// Bidi_Control), and noncharacters, of which XML forbids two (XML 1.0, section 2.2).
pub(super) fn line(text: &str, chars_max: usize) -> String {
    let mut line = String::with_capacity(text.len().min(4 * chars_max));
    let (mut chars, mut between) = (0, false);
    for char in text.chars().filter(|char| !steers(*char) && !is_noncharacter(*char)) {
        if char.is_control() || char.is_whitespace() {
            between = !line.is_empty();
            continue;
        }
        let wanted = 1 + usize::from(between);
        if chars + wanted > chars_max {
            break;
        }
        if std::mem::take(&mut between) {
            line.push(' ');
        }
        line.push(char);
        chars += wanted;
    }
    line
}

/// Unicode, section 23.7.
fn is_noncharacter(char: char) -> bool {
    matches!(char, '\u{FDD0}'..='\u{FDEF}') || u32::from(char) & 0xFFFE == 0xFFFE
}

fn steers(char: char) -> bool {
    matches!(char,
        '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// `Content-Disposition` (RFC 6266): shown in place, and saved under its title.
pub(super) fn content_disposition(title: &str) -> HeaderValue {
    let name: String =
        shown(title).chars().map(|char| if r#"/\:*?"<>|"#.contains(char) { '_' } else { char }).collect();
    // A leading dot would hide the file.
    let name = name.trim_start_matches('.');
    let name = if name.is_empty() { NAMELESS } else { name };
    let encoded = utf8_percent_encode(name, NOT_ATTR_CHAR);
    HeaderValue::try_from(format!("inline; filename*=UTF-8''{encoded}.mp4"))
        .unwrap_or(HeaderValue::from_static("inline"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_become_one_visible_line() {
        for (title, expected) in [
            ("talk", "talk"),
            ("a\r\nSet-Cookie: x", "a Set-Cookie: x"),
            ("  a \t\0 b ", "a b"),
            ("abc\u{202E}4pm.exe\u{2066}", "abc4pm.exe"),
            ("\u{200B}\u{FEFF}", "video"),
            ("", "video"),
            ("演讲 <1>", "演讲 <1>"),
            ("a\u{FFFE}b\u{FFFF}c\u{FDD0}\u{1FFFE}\u{10FFFF}d", "abcd"),
            ("\u{FFFF}", "video"),
        ] {
            assert_eq!(shown(title), expected, "{}", title.escape_debug());
        }
        assert_eq!(shown(&"长".repeat(1000)).chars().count(), CHARS_MAX);
    }

    #[test]
    fn file_names_fit_into_a_field() {
        for (title, expected) in [
            ("talk", "inline; filename*=UTF-8''talk.mp4"),
            ("a b;\"c'%\r\nX: y", "inline; filename*=UTF-8''a%20b%3B_c%27%25%20X_%20y.mp4"),
            ("../../etc/passwd", "inline; filename*=UTF-8''_.._etc_passwd.mp4"),
            ("演", "inline; filename*=UTF-8''%E6%BC%94.mp4"),
            ("...", "inline; filename*=UTF-8''video.mp4"),
        ] {
            assert_eq!(content_disposition(title), expected);
        }
    }
}
