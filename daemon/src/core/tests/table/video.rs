//! A video's states against every input. Each cell is made by driving a world into the state and giving it the input.

mod fixture;
mod inputs;
mod rows;

pub(super) use fixture::{Conversion, Fixture, Source};

use vodpost_protocol::video::Switch;

use super::{markdown, merged};
use inputs::Given;

/// Whether there was a URL, and where the source switch was.
const VARIANTS: [(&str, Switch, bool); 4] = [
    ("on, with URL", Switch::On, true),
    ("on, without URL", Switch::On, false),
    ("off, with URL", Switch::Off, true),
    ("off, without URL", Switch::Off, false),
];

fn cell(given: Given, source: Source, conversion: Conversion) -> String {
    let mut outcomes: Vec<(Switch, bool, String)> = Vec::new();
    for (_, switch, url) in VARIANTS {
        let fixture = Fixture { source, conversion, switch, url, posting: given.posting_before() };
        if let Some(outcome) = fixture.build().and_then(|built| inputs::outcome(built, given)) {
            outcomes.push((switch, url, outcome));
        }
    }
    let of = |wanted: &dyn Fn(Switch, bool) -> bool| -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for (switch, url, outcome) in &outcomes {
            if wanted(*switch, *url) && !found.contains(outcome) {
                found.push(outcome.clone());
            }
        }
        found
    };
    // The shortest way to say it: no difference, by switch, by URL, or by both.
    let by_switch =
        [("on", of(&|switch, _| switch == Switch::On)), ("off", of(&|switch, _| switch == Switch::Off))];
    let by_url = [("with URL", of(&|_, url| url)), ("without URL", of(&|_, url| !url))];
    for split in [by_switch, by_url] {
        if split.iter().all(|(_, found)| found.len() <= 1) {
            let named: Vec<(&str, String)> =
                split.into_iter().filter_map(|(name, mut found)| Some((name, found.pop()?))).collect();
            return merged(&named);
        }
    }
    // Only one position of the switch goes by the URL too.
    let mut named: Vec<(&str, String)> = Vec::new();
    for (name, switch, url) in VARIANTS {
        let alike = of(&|other, _| other == switch).len() == 1;
        let short = name.split_once(',').map_or(name, |(short, _)| short);
        if let Some(found) = outcomes.iter().find(|outcome| (outcome.0, outcome.1) == (switch, url)) {
            let name = if alike { short } else { name };
            if !named.iter().any(|(other, _)| *other == name) {
                named.push((name, found.2.clone()));
            }
        }
    }
    merged(&named)
}

pub(super) fn table() -> String {
    let mut text = String::new();
    for given in Given::ALL {
        // Rows that say the same are one.
        let mut rows: Vec<(String, Vec<String>)> = Vec::new();
        for source in Source::ALL {
            let cells: Vec<String> =
                Conversion::ALL.into_iter().map(|conversion| cell(given, source, conversion)).collect();
            match rows.last_mut().filter(|(_, above)| *above == cells) {
                Some((names, _)) => *names = format!("{names}, **{}**", source.name()),
                None => rows.push((format!("**{}**", source.name()), cells)),
            }
        }
        let rows: Vec<Vec<String>> =
            rows.into_iter().map(|(name, cells)| std::iter::once(name).chain(cells).collect()).collect();
        let mut head = vec!["Source"];
        head.extend(Conversion::ALL.iter().map(|conversion| conversion.name()));
        text.push_str(&format!("### {}\n\n{}\n", given.title(), markdown(&head, &rows)));
    }
    text
}
