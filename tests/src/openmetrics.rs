//! A strict reader of the OpenMetrics text format, version 1.0.0: whatever the standard does not allow is an error.

use std::collections::{BTreeMap, BTreeSet};

/// Samples by what stands before their value, e.g. `vodpost_postings{state="live"}`.
pub type Samples = BTreeMap<String, f64>;

struct Family<'t> {
    name: &'t str,
    kind: &'t str,
    has_samples: bool,
    has_unit: bool,
    has_help: bool,
}

/// Reads all of it.
///
/// # Errors
/// The first line that is not allowed, with the reason.
pub fn read(text: &str) -> Result<Samples, String> {
    let body = text.strip_suffix("# EOF\n").ok_or("it does not end with # EOF and a line feed")?;
    let mut samples = Samples::new();
    let mut names = BTreeSet::new();
    let mut family: Option<Family<'_>> = None;
    for line in body.split_terminator('\n') {
        let wrong = |why: &str| format!("{why}: {line}");
        if let Some(rest) = line.strip_prefix("# ") {
            let (what, rest) = rest.split_once(' ').ok_or_else(|| wrong("half a description"))?;
            let (name, value) = rest.split_once(' ').ok_or_else(|| wrong("half a description"))?;
            if what == "TYPE" {
                if !is_name(name, true) || !names.insert(name) {
                    return Err(wrong("the name is wrong or occurs twice"));
                }
                if !["counter", "gauge", "info"].contains(&value) {
                    return Err(wrong("a type that is not used here"));
                }
                family =
                    Some(Family { name, kind: value, has_samples: false, has_unit: false, has_help: false });
                continue;
            }
            let family = family.as_mut().filter(|family| family.name == name && !family.has_samples);
            let family = family.ok_or_else(|| wrong("a description out of its place"))?;
            match what {
                "UNIT" if !family.has_unit && name.ends_with(&format!("_{value}")) => family.has_unit = true,
                "HELP" if !family.has_help && unescaped(value).is_some() => family.has_help = true,
                _ => return Err(wrong("a description that is not allowed")),
            }
            continue;
        }
        let family = family.as_mut().ok_or_else(|| wrong("a sample without a family"))?;
        let (key, value) = sample(line, family).map_err(|why| wrong(&why))?;
        family.has_samples = true;
        if samples.insert(key.to_owned(), value).is_some() {
            return Err(wrong("a sample that occurs twice"));
        }
    }
    Ok(samples)
}

fn sample<'t>(line: &'t str, family: &Family<'_>) -> Result<(&'t str, f64), String> {
    let (key, value) = line.rsplit_once(' ').ok_or("no value")?;
    let (name, labels) = match key.split_once('{') {
        Some((name, rest)) => (name, rest.strip_suffix('}').ok_or("no closing brace")?),
        None => (key, ""),
    };
    let suffix = match family.kind {
        "counter" => "_total",
        "info" => "_info",
        _ => "",
    };
    if name.strip_prefix(family.name) != Some(suffix) {
        return Err(format!("not a sample of {}", family.name));
    }
    check_labels(labels)?;
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit() || b".-+e".contains(&byte));
    let number: f64 = value.parse().map_err(|_not_a_number| "not a number")?;
    let is_right = match family.kind {
        "counter" => number >= 0.0,
        "info" => value == "1",
        _ => true,
    };
    if is_number && is_right { Ok((key, number)) } else { Err("a value that is not allowed".to_owned()) }
}

fn check_labels(mut rest: &str) -> Result<(), String> {
    let mut names = BTreeSet::new();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").ok_or("a label without a value")?;
        if !is_name(name, false) || !names.insert(name) {
            return Err(format!("the label {name:?} is wrong or occurs twice"));
        }
        let mut escaped = false;
        let end = after.find(|character| {
            let ends = character == '"' && !escaped;
            escaped = character == '\\' && !escaped;
            ends
        });
        let (value, after) = after.split_at(end.ok_or("a value without an end")?);
        unescaped(value).ok_or("an escape that there is not")?;
        rest = match &after[1..] {
            "" => "",
            more => more.strip_prefix(',').filter(|more| !more.is_empty()).ok_or("labels without a comma")?,
        };
    }
    Ok(())
}

/// `None` for escapes that there are not, and for quotes that are none.
fn unescaped(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        out.push(match character {
            '\\' => match characters.next()? {
                '\\' => '\\',
                '"' => '"',
                'n' => '\n',
                _ => return None,
            },
            '"' => return None,
            other => other,
        });
    }
    Some(out)
}

fn is_name(name: &str, may_hold_colons: bool) -> bool {
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || (may_hold_colons && byte == b':');
    !name.is_empty() && name.bytes().all(is_plain) && !name.as_bytes()[0].is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_standard_allows_is_read() {
        let good =
            "# TYPE a counter\n# HELP a A \\\"b\\\".\na_total{x=\"1\",y=\"\\\\\"} 1\na_total{x=\"2\"} 2\n";
        assert_eq!(read(&format!("{good}# EOF\n")).map(|samples| samples.len()), Ok(2));
        for bad in [
            good.to_owned(),
            format!("{good}# EOF"),
            format!("{good}\n# EOF\n"),
            format!("{good}a_total{{x=\"1\",y=\"\\\\\"}} 1\n# EOF\n"),
            format!("{good}# HELP a Late.\n# EOF\n"),
            format!("{good}# TYPE a counter\n# EOF\n"),
            format!("{good}a 3\n# EOF\n"),
            format!("{good}a_total{{z=\"1\"}} -1\n# EOF\n"),
            format!("{good}a_total{{z=\"1\"}} NaN\n# EOF\n"),
            format!("{good}a_total{{z=\"1\" }} 1\n# EOF\n"),
            format!("{good}a_total{{z=\"1\",}} 1\n# EOF\n"),
            format!("{good}a_total{{z=\"1\",z=\"1\"}} 1\n# EOF\n"),
            format!("{good}a_total{{z=\"\\x\"}} 1\n# EOF\n"),
            format!("{good}a_total{{1z=\"\"}} 1\n# EOF\n"),
            "# TYPE a_seconds gauge\n# UNIT a_seconds bytes\n# EOF\n".to_owned(),
            "# TYPE a gauge\n# HELP b B.\n# EOF\n".to_owned(),
            "# TYPE a info\na_info 2\n# EOF\n".to_owned(),
            "a 1\n# EOF\n".to_owned(),
        ] {
            assert!(read(&bad).is_err(), "{bad}");
        }
    }
}
