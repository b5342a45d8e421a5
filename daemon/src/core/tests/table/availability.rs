//! P3: from what is to the set of causes, to the one word, to what a viewer gets.

use std::path::Path;

use vodpost_protocol::posting::{Cause, PostingState};
use vodpost_protocol::video::Switch;

use super::super::super::artifact::PublicState;
use super::super::super::posting::{causes, state};
use super::super::World;
use super::markdown;
use super::video::{Conversion, Fixture, Source};

pub(super) fn table() -> String {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for source in Source::ALL {
        for conversion in Conversion::ALL {
            for (source_switch, posting_switch) in [
                (Switch::On, Switch::On),
                (Switch::On, Switch::Off),
                (Switch::Off, Switch::On),
                (Switch::Off, Switch::Off),
            ] {
                let fixture =
                    Fixture { source, conversion, switch: source_switch, url: true, posting: posting_switch };
                let Some(built) = fixture.build() else { continue };
                let row = row(&built.world, built.id);
                if !rows.contains(&row) {
                    rows.push(row);
                }
            }
        }
    }
    rows.sort_by_key(|row| (row[1] != "live", row[1] == "invalid", row[1] == "pending", row[0].len()));
    markdown(&["Causes", "State", "HTTP"], &rows)
}

fn row(world: &World, id: vodpost_protocol::ids::VideoId) -> Vec<String> {
    let video = world.core.state().video(id).unwrap();
    let posting = world.core.state().postings_of(id).next().unwrap();
    let causes = causes(video, posting);
    let publications = world.core.publications(id, &Path::new("/artifacts").into());
    let names: Vec<&str> = causes.iter().map(|cause| cause_name(*cause)).collect();
    let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    vec![names, word(state(&causes)).to_owned(), http(&publications[0].state).to_owned()]
}

fn cause_name(cause: Cause) -> &'static str {
    match cause {
        Cause::Posting => "posting",
        Cause::Source => "source",
        Cause::Missing => "missing",
        Cause::Converting => "converting",
        Cause::ConversionFailed => "conversion_failed",
        Cause::Deleted => "deleted",
    }
}

fn word(state: PostingState) -> &'static str {
    match state {
        PostingState::Live => "live",
        PostingState::Suspended => "suspended",
        PostingState::Pending => "pending",
        PostingState::Invalid => "invalid",
    }
}

fn http(state: &PublicState) -> &'static str {
    match state {
        PublicState::Live(_) => "200",
        PublicState::Suspended => "403",
        PublicState::Pending => "503",
        PublicState::Invalid => "410",
    }
}
