//! The table that is printed, and whether each budget was met.

use std::io::Write;
use std::time::Duration;

use crate::measure::Samples;

#[derive(Debug, Default)]
pub(crate) struct Table {
    lines: Vec<Line>,
}

#[derive(Debug)]
enum Line {
    Section(String),
    Row { cells: [String; 4], met: Option<bool> },
}

const HEADS: [&str; 4] = ["what", "measured", "against", "budget"];

impl Table {
    /// Rows until the next section are about this.
    pub(crate) fn section(&mut self, title: &str) {
        say(&format!("── {title}"));
        self.lines.push(Line::Section(title.to_owned()));
    }

    fn row(&mut self, cells: [String; 4], met: Option<bool>) {
        say(&format!("{}: {}", cells[0], cells[1]));
        self.lines.push(Line::Row { cells, met });
    }

    /// A figure without a budget.
    pub(crate) fn note(&mut self, what: &str, measured: &str) {
        self.row([what.to_owned(), measured.to_owned(), String::new(), String::new()], None);
    }

    /// A time that shall stay below a budget.
    pub(crate) fn time(&mut self, what: &str, took: Duration, budget: Duration) {
        let cells = [what.to_owned(), time(took), String::new(), format!("< {}", time(budget))];
        self.row(cells, Some(took < budget));
    }

    /// The slowest of a hundred shall stay below a budget.
    pub(crate) fn p99(&mut self, what: &str, samples: &Samples, budget: Duration) {
        let cells = [what.to_owned(), samples.to_string(), String::new(), format!("p99 < {}", time(budget))];
        self.row(cells, Some(samples.percentile(99) < budget));
    }

    /// Memory that shall stay below a budget, in bytes.
    pub(crate) fn memory(&mut self, what: &str, bytes: u64, budget: u64) {
        let cells = [what.to_owned(), memory(bytes), String::new(), format!("< {}", memory(budget))];
        self.row(cells, Some(bytes < budget));
    }

    /// A count that shall not be higher than a budget.
    pub(crate) fn at_most(&mut self, what: &str, count: u64, budget: u64) {
        let cells = [what.to_owned(), count.to_string(), String::new(), format!("≤ {budget}")];
        self.row(cells, Some(count <= budget));
    }

    /// A rate that shall reach a budget.
    pub(crate) fn rate(&mut self, what: &str, per_second: f64, budget: f64) {
        let cells =
            [what.to_owned(), format!("{per_second:.0}/s"), String::new(), format!("≥ {budget:.0}/s")];
        self.row(cells, Some(per_second >= budget));
    }

    /// A median that shall be at most so many times another one.
    pub(crate) fn ratio(
        &mut self,
        what: &str,
        ours: &Samples,
        (against, theirs): (&str, &Samples),
        budget: f64,
    ) {
        let ratio = ours.median().as_secs_f64() / theirs.median().as_secs_f64();
        let measured = format!("{} = {ratio:.2}×", time(ours.median()));
        let against = format!("{against}: {}", time(theirs.median()));
        self.row([what.to_owned(), measured, against, format!("≤ {budget}×")], Some(ratio <= budget));
    }

    /// A time that shall be so many times shorter than another one.
    pub(crate) fn faster(
        &mut self,
        what: &str,
        ours: Duration,
        (against, theirs): (&str, Duration),
        budget: f64,
    ) {
        let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
        let measured = format!("{} = {ratio:.1}× faster", time(ours));
        let against = format!("{against}: {}", time(theirs));
        self.row([what.to_owned(), measured, against, format!("≥ {budget}×")], Some(ratio >= budget));
    }

    /// A rate that shall be at least so many times another one.
    pub(crate) fn at_least(
        &mut self,
        what: &str,
        (ours, unit): (f64, &str),
        (against, theirs): (&str, f64),
        budget: f64,
    ) {
        let ratio = ours / theirs;
        let measured = format!("{ours:.2} {unit} = {ratio:.2}×");
        let against = format!("{against}: {theirs:.2}");
        self.row([what.to_owned(), measured, against, format!("≥ {budget}×")], Some(ratio >= budget));
    }

    /// A budget of which nothing is known, because there is nobody to compare with.
    pub(crate) fn not_measured(&mut self, what: &str, against: &str, budget: f64) {
        let cells = [
            what.to_owned(),
            "not measured".to_owned(),
            format!("{against} is missing"),
            format!("≥ {budget}×"),
        ];
        self.row(cells, Some(false));
    }

    /// A figure beside that of a peer, without a budget.
    pub(crate) fn compare(&mut self, what: &str, ours: &str, (against, theirs): (&str, &str)) {
        let cells = [what.to_owned(), ours.to_owned(), format!("{against}: {theirs}"), String::new()];
        self.row(cells, None);
    }

    /// Prints everything; returns how many budgets were missed.
    pub(crate) fn print(&self) -> usize {
        let rows = self.lines.iter().filter_map(|line| match line {
            Line::Row { cells, met } => Some((cells, met)),
            Line::Section(_) => None,
        });
        let missed = rows.clone().filter(|(_, met)| **met == Some(false)).count();
        let mut widths = HEADS.map(str::len);
        for (cells, _) in rows {
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let format_row = |cells: [&str; 4], verdict: &str| {
            let cells = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
            let line = format!("{} | {verdict}", cells.collect::<Vec<_>>().join(" | "));
            line.trim_end_matches([' ', '|']).to_owned()
        };
        let mut text = format_row(HEADS, "");
        for line in &self.lines {
            text.push('\n');
            match line {
                Line::Section(title) => text.push_str(&format!("── {title}")),
                Line::Row { cells, met } => {
                    let verdict = match met {
                        None => "",
                        Some(true) => "ok",
                        Some(false) => "MISSED",
                    };
                    text.push_str(&format_row(cells.each_ref().map(String::as_str), verdict));
                }
            }
        }
        writeln!(std::io::stdout(), "{text}").expect("standard output");
        say(&format!("{missed} of the budgets were missed"));
        missed
    }
}

/// To whoever waits; the table alone goes to standard output.
pub(crate) fn say(text: &str) {
    writeln!(std::io::stderr(), "{text}").expect("standard error");
}

/// Three digits that matter.
pub(crate) fn time(span: Duration) -> String {
    let micros = span.as_secs_f64() * 1e6;
    let (value, unit) = match micros {
        ..1e3 => (micros, "µs"),
        1e3..1e6 => (micros / 1e3, "ms"),
        _ => (micros / 1e6, "s"),
    };
    if value < 10.0 { format!("{value:.2} {unit}") } else { format!("{value:.0} {unit}") }
}

pub(crate) fn memory(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1_000_000))
}
