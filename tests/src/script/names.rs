//! Stable names for what differs from run to run: tokens, ids, entity tags, moments, addresses, folders and users.

use std::process::Command;

use serde_json::{Map, Value};
use vodpost_protocol::time::Timestamp;

/// Users that need not exist: the daemon calls them `uid N` then.
pub(super) const BOB: u32 = 65_533;
pub(super) const EVE: u32 = 65_532;

/// Moments that are told by how much later they are than another one.
const LATER: &[(&str, &str)] = &[("deadline", "requested_at"), ("gone_at", "since")];

/// The names that one conversation has given so far.
pub(super) struct Names {
    tokens: Vec<String>,
    ids: Vec<String>,
    etags: Vec<String>,
    /// Texts and what stands for them, such as folders.
    fixed: Vec<(String, &'static str)>,
    /// Users as the daemon calls them, and as the conversation does.
    users: Vec<(String, &'static str)>,
}

impl Names {
    pub(super) fn of_users() -> Self {
        let users = vec![(user_name(), "ann"), (format!("uid {BOB}"), "bob"), (format!("uid {EVE}"), "eve")];
        Self { tokens: Vec::new(), ids: Vec::new(), etags: Vec::new(), fixed: Vec::new(), users }
    }

    /// From now on `name` stands for this text.
    pub(super) fn fix(&mut self, text: String, name: &'static str) {
        self.fixed.retain(|(_, other)| *other != name);
        self.fixed.push((text, name));
    }

    pub(super) fn etag(&mut self, etag: &str) -> String {
        numbered(&mut self.etags, "ETAG", etag)
    }

    /// The real texts in place of the names. `token1` is `TOKEN1` in lower case.
    pub(super) fn real(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, texts) in [("TOKEN", &self.tokens), ("ID", &self.ids)] {
            for (index, real) in texts.iter().enumerate().rev() {
                let name = format!("{name}{}", index + 1);
                text = text.replace(&name, real).replace(&name.to_lowercase(), &real.to_lowercase());
            }
        }
        for (real, name) in &self.fixed {
            text = text.replace(name, real);
        }
        text
    }

    /// A line of a config file.
    pub(super) fn config(&self, line: &str) -> String {
        let line = self.real(line);
        line.replace("\"bob\"", &format!("\"{BOB}\"")).replace("\"eve\"", &format!("\"{EVE}\""))
    }

    /// The names in place of the real texts.
    pub(super) fn stable(&mut self, line: &str) -> String {
        let mut line = line.to_owned();
        for (real, name) in &self.fixed {
            line = line.replace(real, name);
        }
        for (real, name) in &self.users {
            for before in ["by ", "("] {
                line = line.replace(&format!("{before}{real}"), &format!("{before}{name}"));
            }
        }
        self.identities(&moments(&line))
    }

    /// A field of an answer.
    pub(super) fn field(&mut self, key: &str, value: &Value, of: &Map<String, Value>) -> Value {
        match (key, value) {
            ("actor" | "by" | "submitted_by" | "decided_by" | "activated_by", Value::String(user)) => {
                let known = self.users.iter().find(|(real, _)| real == user);
                known.map_or_else(|| user.as_str(), |(_, name)| name).into()
            }
            ("uid", Value::Number(uid)) if *uid == rustix::process::getuid().as_raw().into() => "ANN".into(),
            (_, Value::String(text)) => {
                let base = LATER.iter().find(|(later, _)| *later == key).and_then(|(_, base)| of.get(*base));
                match base.and_then(|base| later(base, value)) {
                    Some(span) => format!("TIME+{span}").into(),
                    None => self.stable(text).into(),
                }
            }
            (_, Value::Number(number)) if number.is_f64() => {
                let number = number.as_f64().unwrap_or_default();
                // What is measured differs in the last places.
                ((number * 100.0).round() / 100.0).into()
            }
            _other => value.clone(),
        }
    }

    /// Words that are tokens or ids by their length and letters.
    fn identities(&mut self, line: &str) -> String {
        let mut named = String::new();
        for word in line.split_inclusive(|char: char| !char.is_ascii_alphanumeric()) {
            let bare = word.trim_end_matches(|char: char| !char.is_ascii_alphanumeric());
            let crockford = |letters: &str| {
                bare.bytes().all(|byte| byte.is_ascii_digit() || letters.as_bytes().contains(&byte))
            };
            // A random one of digits only is not to be expected; a number of so many digits is.
            let is_number = bare.bytes().all(|byte| byte.is_ascii_digit());
            let name = if is_number {
                bare.to_owned()
            } else if bare.len() == 20 && crockford("ABCDEFGHJKMNPQRSTVWXYZ") {
                numbered(&mut self.tokens, "TOKEN", bare)
            } else if bare.len() == 12 && crockford("abcdefghjkmnpqrstvwxyz") {
                numbered(&mut self.ids, "ID", bare)
            } else {
                bare.to_owned()
            };
            named.push_str(&name);
            named.push_str(&word[bare.len()..]);
        }
        named
    }
}

fn numbered(known: &mut Vec<String>, name: &str, text: &str) -> String {
    let index = known.iter().position(|one| one == text).unwrap_or_else(|| {
        known.push(text.to_owned());
        known.len() - 1
    });
    format!("{name}{}", index + 1)
}

/// By how much one moment is later than another, if by an exact span.
fn later(base: &Value, moment: &Value) -> Option<String> {
    let read = |value: &Value| serde_json::from_value::<Timestamp>(value.clone()).ok();
    let millis = read(moment)?.millis().checked_sub(read(base)?.millis())?;
    let units = [(3_600_000, "h"), (1000, "s"), (1, "ms")];
    let (unit, name) = units.into_iter().find(|(unit, _)| millis % unit == 0)?;
    Some(format!("{}{name}", millis / unit))
}

/// Replaces `2026-01-02 03:04:05Z` and RFC 3339.
fn moments(line: &str) -> String {
    const SHAPE: &[u8] = b"0000-00-00_00:00:00";
    let mut named = String::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let fits = rest.len() >= SHAPE.len()
            && rest.bytes().zip(SHAPE).all(|(byte, shape)| match shape {
                b'0' => byte.is_ascii_digit(),
                b'_' => byte == b' ' || byte == b'T',
                other => byte == *other,
            });
        if fits {
            named.push_str("TIME");
            let after = &rest[SHAPE.len()..];
            let fraction = after.trim_start_matches(|char: char| char == '.' || char.is_ascii_digit());
            rest = fraction.strip_prefix('Z').unwrap_or(fraction);
        } else {
            named.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    named
}

/// What the daemon calls whoever runs the tests.
fn user_name() -> String {
    let output = Command::new("id").arg("-un").output().expect("id is installed");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_differs_gets_a_name_and_the_name_leads_back() {
        let mut names = Names::of_users();
        names.fix("http://127.0.0.1:4711".to_owned(), "HTTP");
        assert_eq!(names.stable("http://127.0.0.1:4711/v/0123456789ABCDEFGHJK.mp4"), "HTTP/v/TOKEN1.mp4");
        assert_eq!(names.real("url TOKEN1, token1"), "url 0123456789ABCDEFGHJK, 0123456789abcdefghjk");
        assert_eq!(names.stable("at 2026-01-02T03:04:05.678Z by uid 65533"), "at TIME by bob");
        assert_eq!(names.stable("a root folder of 0123456789ab"), "a root folder of ID1");
    }

    #[test]
    fn a_deadline_is_told_by_its_distance() {
        let mut names = Names::of_users();
        let conversion =
            json!({ "requested_at": "2026-01-02T03:04:05.678Z", "deadline": "2026-01-02T07:04:05.678Z" });
        let of = conversion.as_object().unwrap();
        assert_eq!(names.field("deadline", &of["deadline"], of), "TIME+4h");
        assert_eq!(names.field("requested_at", &of["requested_at"], of), "TIME");
    }
}
