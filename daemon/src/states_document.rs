//! `docs/STATES.md` against the tables that the rules make of themselves.
//!
//! To accept a change of behaviour: `VODPOST_ACCEPT=1 cargo nextest run -p vodpostd states_document`, and read the
//! difference.

use std::path::PathBuf;

use crate::core::tests::table::filled_in;

fn document() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/STATES.md")
}

#[test]
fn the_tables_of_the_document_are_what_the_code_does() {
    let path = document();
    let written = std::fs::read_to_string(&path).unwrap();
    let wanted = filled_in(&written);
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
