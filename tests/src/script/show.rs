//! Answers as lines of a transcript: the fields that matter, in a fixed order, as JSON that fits the page.

use serde_json::Value;

use super::names::Names;

const WIDTH: usize = 118;
const INDENT: usize = 4;

/// What is shown of an answer or push of this name where the script does not say.
const FIELDS: &[(&str, &str)] = &[
    (
        "video",
        "title state source.state source.switch postings.token postings.label postings.state postings.causes",
    ),
    ("page", "videos.title videos.state total next"),
    ("located", "tokens"),
    (
        "account",
        "state reason submission.kind submission.name submission.number_masked submission.contact approved.kind \
         approved.name service activated_by",
    ),
    ("scan", "videos"),
    ("jobs", "jobs.title jobs.conversion.state paused.by"),
    ("forecast", "jobs.title jobs.plan jobs.work_s jobs.fits left_out fits workers measured"),
    ("events", "events.seq events.what events.actor events.title events.label events.detail"),
    ("subscribed", "seq"),
    ("event", "seq what actor title label detail"),
    ("progress", "video attempt progress speed eta_s"),
];

/// The line without the fields behind its bar, and these.
pub(super) fn with_fields(line: &str) -> (&str, Option<&str>) {
    line.rsplit_once(" | ").map_or((line, None), |(line, fields)| (line, Some(fields)))
}

/// An answer `{"NAME":…}`, or the facts of a refusal.
pub(super) fn answer(names: &mut Names, answer: &Value, fields: Option<&str>) -> String {
    let named = answer.as_object().filter(|object| object.len() == 1).and_then(|object| object.iter().next());
    let shown = match named {
        Some((name, value)) => {
            let usual = FIELDS.iter().find(|(known, _)| known == name).map(|(_, fields)| *fields);
            let fields = fields.or(usual).unwrap_or_else(|| panic!("which fields of {name}? {value}"));
            Shown::Object(vec![(name.clone(), pick(names, value, &Fields::parse(fields)))])
        }
        None => pick(names, answer, &Fields::parse(fields.unwrap_or("kind message hint"))),
    };
    shown.lay_out()
}

/// Which fields, in which order; those of none are shown whole.
#[derive(Default)]
struct Fields(Vec<(String, Fields)>);

impl Fields {
    fn parse(text: &str) -> Self {
        let mut fields = Self::default();
        for path in text.split_whitespace() {
            fields.add(path);
        }
        fields
    }

    fn add(&mut self, path: &str) {
        let (key, rest) = path.split_once('.').map_or((path, None), |(key, rest)| (key, Some(rest)));
        let index = self.0.iter().position(|(known, _)| known == key).unwrap_or_else(|| {
            self.0.push((key.to_owned(), Self::default()));
            self.0.len() - 1
        });
        if let Some(rest) = rest {
            self.0[index].1.add(rest);
        }
    }
}

enum Shown {
    Text(String),
    Array(Vec<Shown>),
    Object(Vec<(String, Shown)>),
}

/// The fields that are there, with names for what differs from run to run.
fn pick(names: &mut Names, value: &Value, fields: &Fields) -> Shown {
    match value {
        Value::Array(values) => Shown::Array(values.iter().map(|value| pick(names, value, fields)).collect()),
        Value::Object(object) => {
            let every: Fields;
            let fields = if fields.0.is_empty() {
                every = Fields(object.keys().map(|key| (key.clone(), Fields::default())).collect());
                &every
            } else {
                fields
            };
            let mut shown = Vec::new();
            for (key, fields) in &fields.0 {
                let Some(value) = object.get(key).filter(|value| !value.is_null()) else { continue };
                let value = names.field(key, value, object);
                let value = pick(names, &value, fields);
                // Nothing of what was asked for is in it.
                let is_empty = matches!(&value, Shown::Object(shown) if shown.is_empty());
                if !is_empty {
                    shown.push((key.clone(), value));
                }
            }
            Shown::Object(shown)
        }
        Value::String(text) => Shown::Text(Value::from(names.stable(text)).to_string()),
        Value::Null | Value::Bool(_) | Value::Number(_) => Shown::Text(value.to_string()),
    }
}

/// A piece of text that stays in one line.
struct Piece {
    depth: usize,
    begins_line: bool,
    text: String,
}

impl Shown {
    fn compact(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Array(values) => {
                let values: Vec<String> = values.iter().map(Self::compact).collect();
                format!("[{}]", values.join(","))
            }
            Self::Object(fields) => {
                let fields: Vec<String> =
                    fields.iter().map(|(key, value)| format!("{key:?}:{}", value.compact())).collect();
                format!("{{{}}}", fields.join(","))
            }
        }
    }

    /// In one line if it fits, otherwise in several that are filled.
    fn lay_out(&self) -> String {
        let mut pieces = Vec::new();
        self.pieces(0, &mut pieces);
        let mut text = String::new();
        let mut len = "ann < ".len();
        for piece in pieces {
            let indent = INDENT + 2 * piece.depth;
            if !text.is_empty() && (piece.begins_line || len + piece.text.len() > WIDTH) {
                text.push('\n');
                text.push_str(&" ".repeat(indent));
                len = indent;
            }
            len += piece.text.len();
            text.push_str(&piece.text);
        }
        text
    }

    fn pieces(&self, depth: usize, to: &mut Vec<Piece>) {
        let compact = self.compact();
        let piece = |text| Piece { depth, begins_line: false, text };
        let things = matches!(self, Self::Array(values) if values.iter().any(|value| matches!(value, Self::Object(_))));
        let parts: Vec<(String, &Self)> = match self {
            Self::Array(values) => values.iter().map(|value| (String::new(), value)).collect(),
            Self::Object(fields) => fields.iter().map(|(key, value)| (format!("{key:?}:"), value)).collect(),
            Self::Text(_) => Vec::new(),
        };
        if parts.is_empty() || INDENT + 2 * depth + compact.len() <= WIDTH {
            to.push(piece(compact));
            return;
        }
        let (open, close) = if matches!(self, Self::Array(_)) { ("[", "]") } else { ("{", "}") };
        let mut before = open.to_owned();
        if things {
            to.push(piece(std::mem::take(&mut before)));
        }
        let count = parts.len();
        for (index, (key, value)) in parts.into_iter().enumerate() {
            let first = to.len();
            value.pieces(depth + 1, to);
            to[first].text.insert_str(0, &(std::mem::take(&mut before) + &key));
            to[first].depth = depth + 1;
            // Each of several things has its own line.
            to[first].begins_line = things;
            let last = to.last_mut().expect("every value has a piece");
            last.text.push_str(if index + 1 == count { close } else { "," });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_fields_asked_for_in_that_order() {
        let video = json!({ "video": { "a": null, "b": [{ "c": 1, "d": 2 }], "e": { "f": "x", "g": 0 } } });
        let shown = answer(&mut Names::of_users(), &video, Some("e.f a b.d"));
        assert_eq!(shown, r#"{"video":{"e":{"f":"x"},"b":[{"d":2}]}}"#);
        let refusal = json!({ "hint": null, "kind": "busy", "message": "Busy." });
        assert_eq!(answer(&mut Names::of_users(), &refusal, None), r#"{"kind":"busy","message":"Busy."}"#);
    }

    #[test]
    fn long_answers_go_on_in_further_lines_and_stay_json() {
        let event = json!({ "seq": 1, "what": "video_added", "title": "a title of some length", "actor": "vodpostd" });
        let events = json!({ "events": { "events": [event, event, event] } });
        let shown = answer(&mut Names::of_users(), &events, None);
        assert_eq!(shown.lines().count(), 4, "{shown}");
        assert!(shown.lines().all(|line| line.len() <= WIDTH), "{shown}");
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), events);
    }
}
