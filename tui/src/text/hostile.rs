//! For tests: answers with hostile text wherever a file or a person may have put text.

use serde_json::Value;

/// Escapes in both forms, a title of the window, line ends of all kinds, text direction, no width, a mark, width two, and a tower of marks.
pub(crate) const HOSTILE: &str = "x\x1b[2J\x1b]0;t\x07\u{9b}31m\r\nFORGED\u{2028}FORGED\u{202e}4pm\u{2066}\u{200b}\u{feff}\x7f\te\u{301}课z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{310}\u{311}";
const FREE_TEXT: &[&str] = &[
    "title",
    "path",
    "folder",
    "root",
    "reason",
    "output",
    "why",
    "actor",
    "detail",
    "name",
    "contact",
    "submitted_by",
    "asked",
    "waiting_for",
    "plan_why",
    "by",
    "decided_by",
    "activated_by",
    "unavailable",
    "unwatched",
    "version",
    "http",
    "public_url",
    "socket",
    "state_dir",
    "state_id",
    "missing",
    "found",
    "read_only",
    "container",
    "audio",
    "profile",
    "number_masked",
    "url",
    "file_url",
];

/// The same answer with hostile text in every field that is free text. What is not free could not be read back.
pub(crate) fn hostile<T: serde::Serialize + serde::de::DeserializeOwned>(message: &T) -> T {
    fn poison(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (name, field) in fields {
                    if FREE_TEXT.contains(&name.as_str()) && (field.is_string() || field.is_null()) {
                        *field = HOSTILE.into();
                    } else {
                        poison(field);
                    }
                }
            }
            Value::Array(values) => values.iter_mut().for_each(poison),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut value = serde_json::to_value(message).unwrap();
    poison(&mut value);
    serde_json::from_value(value).unwrap()
}

/// What a terminal could obey, or what would change how the text around it reads.
pub(crate) fn is_harmful(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
        )
}
