//! C1 to C6 and P1, P2.

use std::time::Duration;

use vodpost_protocol::conversion::ConversionState;
use vodpost_protocol::ids::Label;
use vodpost_protocol::posting::PostingState;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::video::Switch;

use super::super::artifact::{Chance, Failure, JobId, WorkerReport};
use super::super::conversion::state_of;
use super::super::effect::Effect;
use super::super::input::{Command, Input};
use super::super::media::Container;
use super::super::video::Unusable;
use super::{World, label, mp4};

fn mkv() -> super::MediaInfo {
    mp4(1_000_000, 720).with(|format| format.container = Container::Other("matroska".into()))
}

fn conversion(world: &World, title: &str) -> ConversionState {
    state_of(&world.video(title).conversion)
}

#[test]
fn p1_the_posting_is_live_when_the_conversion_is_ready() {
    let mut world = World::ready();
    world.generate("talk").unwrap();
    assert_eq!(world.state_of("talk"), []);
    world.finish_work();
    assert_eq!(world.state_of("talk"), [PostingState::Live]);
}

#[test]
fn p2_tokens_differ_and_generate_again_gives_the_same_url() {
    let mut world = World::live();
    let first = world.postings("talk")[0].token;
    world.generate("talk").unwrap();
    assert_eq!(world.postings("talk").len(), 1);
    let video = world.id("talk");
    world.command(Command::Generate { video, label: label("second") }).unwrap();
    let postings = world.postings("talk");
    assert_eq!(postings.len(), 2);
    assert_ne!(postings[1].token, first);
}

#[test]
fn labels_asked_for_while_it_converts_are_created_with_it() {
    let mut world = World::ready();
    world.generate("talk").unwrap();
    let video = world.id("talk");
    world.command(Command::Generate { video, label: label("second") }).unwrap();
    world.finish_work();
    let labels: Vec<Label> = world.postings("talk").into_iter().map(|posting| posting.label).collect();
    assert_eq!(labels, [label("default"), label("second")]);
}

#[test]
fn c1_without_a_usable_file_generate_names_every_reason() {
    let mut world = World::ready();
    world.write("bad.mp4", Err(Unusable { reason: "truncated".into(), look_again: false }));
    world.scan();
    let refusal = world.generate("bad").unwrap_err();
    let reasons = vec!["bad.mp4: truncated".to_owned()];
    assert_eq!(refusal, Refusal::NoUsableRendition { title: "bad".into(), reasons });
}

#[test]
fn c3_a_conversion_that_misses_its_deadline_fails_with_that_reason() {
    let mut world = World::ready();
    world.generate("talk").unwrap();
    world.pass(Duration::from_secs(4 * 3600 - 1));
    assert_eq!(conversion(&world, "talk"), ConversionState::Running);
    world.pass(Duration::from_secs(11));
    assert_eq!(conversion(&world, "talk"), ConversionState::Failed);
    let stopped = world.effects.iter().any(|effect| matches!(effect, Effect::StopConversion(_)));
    assert!(stopped);
}

#[test]
fn c4_a_failed_conversion_is_retried_with_its_postings() {
    let mut world = World::ready();
    world.generate("talk").unwrap();
    let given = world.assignments().remove(0);
    let failure = Failure { reason: "disk full".into(), output: "last line".into() };
    world
        .input(Input::Worker(WorkerReport::Failed { job: given.job, failure, chance: Chance::Lasting }))
        .unwrap();
    assert_eq!(conversion(&world, "talk"), ConversionState::Failed);
    let video = world.id("talk");
    world.command(Command::Retry { video }).unwrap();
    world.finish_work();
    assert_eq!(world.state_of("talk"), [PostingState::Live]);
    let again = world.command(Command::Retry { video });
    let wrong = Refusal::WrongConversionState { title: "talk".into(), state: ConversionState::Ready };
    assert_eq!(again, Err(wrong));
}

#[test]
fn c5_after_a_crash_a_running_conversion_is_done_again_under_a_new_attempt() {
    let mut world = World::ready();
    world.generate("talk").unwrap();
    let before = world.assignments().remove(0);
    world.crash();
    let after = world.assignments().remove(0);
    assert_eq!(after.job.attempt, before.job.attempt + 1);
    world.report_ready(&before);
    assert_eq!(world.state_of("talk"), [], "a result of the attempt before the crash is late");
    world.report_ready(&after);
    assert_eq!(world.state_of("talk"), [PostingState::Live]);
}

#[test]
fn c5_a_late_result_after_cancel_changes_nothing_and_its_file_is_removed() {
    let mut world = World::ready();
    world.write("film.mkv", Ok(mkv()));
    world.scan();
    world.generate("film").unwrap();
    let given = world.assignments().remove(0);
    let video = world.id("film");
    world.command(Command::Cancel { video }).unwrap();
    world.effects.clear();
    world.report_ready(&given);
    assert_eq!(conversion(&world, "film"), ConversionState::Failed);
    assert!(matches!(world.effects.as_slice(), [Effect::RemoveArtifact(_)]));
}

#[test]
fn the_queue_has_as_many_workers_as_configured_and_light_work_passes_it() {
    let mut world = World::ready();
    for name in ["a.mkv", "b.mkv", "c.mkv"] {
        world.write(name, Ok(mkv()));
    }
    world.scan();
    for title in ["a", "b", "c", "talk"] {
        world.generate(title).unwrap();
    }
    let given = world.assignments();
    assert_eq!(given.len(), 2, "one worker, and the one that needs none");
    assert_eq!(conversion(&world, "b"), ConversionState::Queued);
    world.report_ready(&given[0]);
    assert_eq!(conversion(&world, "b"), ConversionState::Running);
    assert_eq!(conversion(&world, "c"), ConversionState::Queued);
}

#[test]
fn generate_is_refused_while_the_source_is_away_or_off() {
    let mut world = World::ready();
    let video = world.id("talk");
    world.command(Command::SetSource { video, switch: vodpost_protocol::video::Switch::Off }).unwrap();
    assert_eq!(world.generate("talk"), Err(Refusal::SourceSuspended { title: "talk".into() }));
}

#[test]
fn c5_a_converted_file_that_is_lost_is_made_again_and_the_url_stays() {
    let mut world = World::ready();
    world.write("film.mkv", Ok(mkv()));
    world.scan();
    world.generate("film").unwrap();
    world.finish_work();
    let postings = world.postings("film");
    let video = world.id("film");
    world.input(Input::ArtifactLost { video }).unwrap();
    assert_eq!(world.state_of("film"), [PostingState::Pending]);
    world.finish_work();
    assert_eq!(world.state_of("film"), [PostingState::Live]);
    assert_eq!(world.postings("film"), postings);
}

#[test]
fn the_poster_goes_with_what_it_shows() {
    let removed = |world: &World| -> Vec<JobId> {
        let posters = world.effects.iter().filter_map(|effect| match effect {
            Effect::RemovePoster(job) => Some(*job),
            _ => None,
        });
        posters.collect()
    };
    let mut world = World::ready();
    world.write("film.mkv", Ok(mkv()));
    world.scan();
    for title in ["talk", "film"] {
        world.generate(title).unwrap();
    }
    world.finish_work();
    let job = |world: &World, title: &str, attempt| JobId { video: world.id(title), attempt };
    world.effects.clear();
    world.command(Command::SetSource { video: world.id("film"), switch: Switch::Off }).unwrap();
    assert_eq!(removed(&world), [], "it comes back with the switch");
    world.command(Command::SetSource { video: world.id("film"), switch: Switch::On }).unwrap();
    world.input(Input::ArtifactLost { video: world.id("film") }).unwrap();
    assert_eq!(removed(&world), [job(&world, "film", 1)]);
    world.finish_work();
    world.effects.clear();
    for (title, attempt) in [("talk", 1), ("film", 2)] {
        let video = world.id(title);
        world.command(Command::DeleteSource { video, keep_files: true }).unwrap();
        assert_eq!(removed(&world), [job(&world, title, attempt)]);
        world.effects.clear();
    }
}

#[test]
fn c5_a_result_that_is_reported_twice_leaves_the_served_file_alone() {
    let mut world = World::ready();
    world.write("film.mkv", Ok(mkv()));
    world.scan();
    world.generate("film").unwrap();
    let given = world.assignments().remove(0);
    world.report_ready(&given);
    world.effects.clear();
    world.report_ready(&given);
    assert!(!world.effects.iter().any(|effect| matches!(effect, Effect::RemoveArtifact(_))));
    assert_eq!(world.state_of("film"), [PostingState::Live]);
}

#[test]
fn s2_one_more_url_for_what_converts_already_is_an_event() {
    let mut world = World::ready();
    world.write("film.mkv", Ok(mkv()));
    world.scan();
    world.generate("film").unwrap();
    let video = world.id("film");
    let before = world.core.state().last_seq();
    world.command(Command::Generate { video, label: label("second") }).unwrap();
    world.command(Command::Generate { video, label: label("second") }).unwrap();
    assert_eq!(world.core.state().last_seq(), before + 1);
}
