//! The tables of `docs/STATES.md`: every state of a video and of the account against every input, as the code has it. It is
//! compared with the document, and written into it, outside of the rules (`states_document`).

mod account;
mod availability;
mod video;

/// The document with the tables that the code has.
pub(crate) fn filled_in(document: &str) -> String {
    let sections =
        [("video", video::table()), ("account", account::table()), ("availability", availability::table())];
    sections.iter().fold(document.to_owned(), |text, (name, table)| replaced(&text, name, table))
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
