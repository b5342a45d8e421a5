//! The tables of `docs/STATES.md`: every state of a video and of the account against every input, as the code has it.
//!
//! To accept a change of behaviour: `VODPOST_ACCEPT=1 cargo nextest run -p vodpostd core::tests::table`, and read the
//! difference.

mod account;
mod availability;
mod video;

use std::path::PathBuf;

fn document() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/STATES.md")
}

#[test]
fn the_tables_of_the_document_are_what_the_code_does() {
    let path = document();
    let written = std::fs::read_to_string(&path).unwrap();
    let sections =
        [("video", video::table()), ("account", account::table()), ("availability", availability::table())];
    let wanted = sections.iter().fold(written.clone(), |text, (name, table)| replaced(&text, name, table));
    if written == wanted {
        return;
    }
    if std::env::var_os("VODPOST_ACCEPT").is_some() {
        std::fs::write(&path, wanted).unwrap();
        return;
    }
    let differing = written
        .lines()
        .chain(std::iter::repeat(""))
        .zip(wanted.lines())
        .enumerate()
        .find(|(_, (is, should))| is != should)
        .map_or_else(String::new, |(at, (is, should))| {
            format!("\nline {}:\n  written: {is}\n  code:    {should}", at + 1)
        });
    panic!("docs/STATES.md is out of date; VODPOST_ACCEPT=1 rewrites it{differing}");
}

/// The document with this table in its section.
fn replaced(text: &str, section: &str, table: &str) -> String {
    let (start, end) = (format!("<!-- table:{section} -->\n"), "<!-- end -->");
    let (before, rest) = text.split_once(&start).unwrap_or_else(|| panic!("{start} is not in STATES.md"));
    let (_, after) = rest.split_once(end).unwrap_or_else(|| panic!("no {end} after {start}"));
    format!("{before}{start}\n{}\n\n{end}{after}", table.trim())
}

/// A Markdown table.
fn markdown(head: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head: Vec<String> = head.iter().map(|&cell| cell.to_owned()).collect();
    let rule = vec!["---".to_owned(); head.len()];
    let mut text = line(&head) + &line(&rule);
    for row in rows {
        text.push_str(&line(row));
    }
    text
}

/// One cell for several variants of a state: the outcome alone where they agree, otherwise each with its name.
fn merged(variants: &[(&str, String)]) -> String {
    let Some((_, first)) = variants.first() else { return "–".to_owned() };
    if variants.iter().all(|(_, outcome)| outcome == first) {
        return first.clone();
    }
    let mut parts: Vec<(String, &String)> = Vec::new();
    for (name, outcome) in variants {
        match parts.iter_mut().find(|(_, other)| *other == outcome) {
            Some((names, _)) => *names = format!("{names}, {name}"),
            None => parts.push(((*name).to_owned(), outcome)),
        }
    }
    let parts: Vec<String> =
        parts.into_iter().map(|(names, outcome)| format!("*{names}:* {outcome}")).collect();
    parts.join("; ")
}
