//! Numbers in the OpenMetrics text format, version 1.0.0.

use std::fmt::{Display, Write as _};

pub(super) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Counter,
    Gauge,
    /// Words about the program, as labels of the number 1.
    Info,
}

impl Type {
    fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Info => "info",
        }
    }

    /// What the samples of a family are called besides its name.
    fn suffix(self) -> &'static str {
        match self {
            Self::Counter => "_total",
            Self::Gauge => "",
            Self::Info => "_info",
        }
    }
}

/// A family of numbers, named with its unit at the end where it has one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) kind: Type,
    pub(super) unit: Option<&'static str>,
    pub(super) help: &'static str,
}

#[derive(Debug, Default)]
pub(super) struct Exposition(String);

impl Exposition {
    /// One family with all of its samples.
    pub(super) fn family<'l, V: Display>(
        &mut self,
        family: Family,
        samples: impl IntoIterator<Item = (Vec<(&'static str, &'l str)>, V)>,
    ) {
        let Family { name, kind, unit, help } = family;
        self.line(format_args!("# TYPE {name} {}", kind.name()));
        if let Some(unit) = unit {
            self.line(format_args!("# UNIT {name} {unit}"));
        }
        self.line(format_args!("# HELP {name} {}", escaped(help)));
        for (labels, value) in samples {
            let labels: Vec<String> =
                labels.into_iter().map(|(label, text)| format!("{label}=\"{}\"", escaped(text))).collect();
            let braced = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            self.line(format_args!("{name}{}{braced} {value}", kind.suffix()));
        }
    }

    /// A family of one number without labels.
    pub(super) fn number(&mut self, family: Family, value: impl Display) {
        self.family(family, [(Vec::new(), value)]);
    }

    #[must_use]
    pub(super) fn finish(mut self) -> String {
        self.0.push_str("# EOF\n");
        self.0
    }

    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to memory cannot fail.
        writeln!(self.0, "{text}").unwrap_or_default();
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_its_description_and_its_samples() {
        let mut exposition = Exposition::default();
        let family = Family { name: "a_bytes", kind: Type::Counter, unit: Some("bytes"), help: "Of \"it\"." };
        exposition.family(family, [(vec![("path", "a\"b\\c\nd"), ("kind", "漢")], 5), (vec![], 7)]);
        exposition.number(Family { name: "b", kind: Type::Gauge, unit: None, help: "B." }, 1.5);
        let expected = "# TYPE a_bytes counter\n# UNIT a_bytes bytes\n# HELP a_bytes Of \\\"it\\\".\n\
                        a_bytes_total{path=\"a\\\"b\\\\c\\nd\",kind=\"漢\"} 5\na_bytes_total 7\n\
                        # TYPE b gauge\n# HELP b B.\nb 1.5\n# EOF\n";
        assert_eq!(exposition.finish(), expected);
    }
}
