//! Measures what the budgets are about, on the real programs, and prints one table. Run by `scripts/bench`.
//!
//! Each group of rows is a file with one function that fills in the table. What is compared is measured side by side:
//! the two alternate within one run, so that a busy machine slows both.

mod convert;
mod crowd;
mod delivery;
mod empty;
mod files;
mod generate;
mod kill_switch;
mod library;
mod measure;
mod peers;
mod seed;
mod socket;
mod table;
mod ui;

use std::process::ExitCode;

use table::Table;

/// A group of rows by its name on the command line.
type Group = (&'static str, fn(&mut Table));

const GROUPS: &[Group] = &[
    ("generate", generate::rows),
    ("convert", convert::rows),
    ("delivery", delivery::rows),
    ("kill", kill_switch::rows),
    ("crowd", crowd::rows),
    ("files", files::rows),
    ("library", library),
    ("socket", socket::rows),
    ("empty", empty::rows),
    ("ui", ui::rows),
];

fn library(table: &mut Table) {
    library::rows(table, 100_000);
    library::rows(table, 1_000_000);
}

fn main() -> ExitCode {
    // `cargo bench` adds --bench.
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if let Some(status) = socket::be_echo(&args).or_else(|| seed::be_seeder(&args)) {
        return status;
    }
    let (options, mut wanted): (Vec<String>, Vec<String>) =
        args.into_iter().partition(|arg| arg.starts_with("--"));
    let mut strict = false;
    for option in options {
        match option.as_str() {
            "--strict" => strict = true,
            other => return usage(&format!("unknown option {other}")),
        }
    }
    if wanted.is_empty() {
        wanted = GROUPS.iter().map(|(name, _)| (*name).to_owned()).collect();
    }
    let mut table = Table::default();
    for name in &wanted {
        // A number is a library of that many videos alone, which is quicker while one of the rows is worked on.
        if let Ok(videos) = name.parse() {
            library::rows(&mut table, videos);
        } else if let Some((_, rows)) = GROUPS.iter().find(|(group, _)| group == name) {
            rows(&mut table);
        } else {
            return usage(&format!("there is no group {name}"));
        }
    }
    let missed = table.print();
    if strict && missed > 0 { ExitCode::from(1) } else { ExitCode::SUCCESS }
}

fn usage(problem: &str) -> ExitCode {
    let groups: Vec<&str> = GROUPS.iter().map(|(name, _)| *name).collect();
    table::say(&format!("{problem}; the groups are {} and a number of videos", groups.join(", ")));
    ExitCode::from(2)
}
