//! P3 to P6 and L6.

use std::time::Duration;

use vodpost_protocol::event::EventKind;
use vodpost_protocol::posting::{Cause, PostingState};
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::video::Switch;

use super::super::artifact::PublicState;
use super::super::effect::Effect;
use super::super::input::{Command, Input, Usage};
use super::super::posting::causes;
use super::{World, label};

fn set_posting(world: &mut World, switch: Switch) -> Result<(), Refusal> {
    let video = world.id("talk");
    let tokens = world.postings("talk").iter().map(|posting| posting.token).collect();
    world.command(Command::SetPostings { video, tokens, switch })
}

/// The files were moved while it was looked, which saw them where they had been.
#[test]
fn l6_a_look_that_is_under_way_does_not_bring_back_what_goes_to_the_trash() {
    let mut world = World::live();
    world.write("other.mp4", world.disk[std::path::Path::new("talk.mp4")].media.clone());
    world.scan();
    let (began_at, (found, probed)) = (world.now, world.found());
    delete(&mut world, false).unwrap();
    let video = world.id("talk");
    world.now = world.now.after(std::time::Duration::from_secs(1));
    world.input(Input::Trashed { video, result: Err("no room".into()) }).unwrap();
    assert!(world.core.around().trash_failures.contains_key(&video));
    world.input(Input::Trashed { video, result: Ok(()) }).unwrap();
    assert!(world.core.around().trash_failures.is_empty());
    let added = |world: &World| world.events.iter().filter(|what| **what == EventKind::VideoAdded).count();
    let before = added(&world);
    world.scan_of(began_at, Ok(found.clone()), probed.clone());
    assert_eq!(added(&world), before);
    // What lies there when somebody looks again was put there.
    world.now = world.now.after(std::time::Duration::from_secs(1));
    world.scan_of(world.now, Ok(found), probed);
    assert_eq!(added(&world), before + 1);
}

fn set_source(world: &mut World, switch: Switch) -> Result<(), Refusal> {
    let video = world.id("talk");
    world.command(Command::SetSource { video, switch })
}

fn delete(world: &mut World, keep_files: bool) -> Result<(), Refusal> {
    let video = world.id("talk");
    world.command(Command::DeleteSource { video, keep_files })
}

#[test]
fn p3_all_causes_are_given() {
    let mut world = World::live();
    set_posting(&mut world, Switch::Off).unwrap();
    set_source(&mut world, Switch::Off).unwrap();
    world.root_error = Some("gone".into());
    world.scan();
    let video = world.video("talk");
    let all = causes(video, &world.postings("talk")[0]);
    assert_eq!(all, [Cause::Posting, Cause::Source, Cause::Missing]);
}

#[test]
fn p4_the_two_switches_never_touch_each_other() {
    let mut world = World::live();
    set_posting(&mut world, Switch::Off).unwrap();
    set_source(&mut world, Switch::Off).unwrap();
    set_source(&mut world, Switch::On).unwrap();
    assert_eq!(world.state_of("talk"), [PostingState::Suspended]);
    set_posting(&mut world, Switch::On).unwrap();
    assert_eq!(world.state_of("talk"), [PostingState::Live]);
    set_source(&mut world, Switch::Off).unwrap();
    set_posting(&mut world, Switch::Off).unwrap();
    set_posting(&mut world, Switch::On).unwrap();
    assert_eq!(world.state_of("talk"), [PostingState::Suspended]);
    set_source(&mut world, Switch::On).unwrap();
    assert_eq!(world.state_of("talk"), [PostingState::Live]);
}

#[test]
fn p4_switching_to_the_same_position_is_no_event() {
    let mut world = World::live();
    let before = world.events.len();
    set_posting(&mut world, Switch::On).unwrap();
    set_source(&mut world, Switch::On).unwrap();
    assert_eq!(world.events.len(), before);
}

#[test]
fn p5_deletion_is_final() {
    let mut world = World::live();
    delete(&mut world, false).unwrap();
    assert_eq!(world.state_of("talk"), [PostingState::Invalid]);
    assert_eq!(world.public("talk"), [PublicState::Invalid]);
    let refusal = Err(Refusal::SourceDeleted { title: "talk".into() });
    assert_eq!(set_posting(&mut world, Switch::On), refusal);
    assert_eq!(set_source(&mut world, Switch::On), refusal);
    assert_eq!(delete(&mut world, false), refusal);
    assert_eq!(world.generate("talk"), refusal);
    world.crash();
    assert_eq!(world.state_of("talk"), [PostingState::Invalid]);
}

#[test]
fn p5_a_new_file_of_the_same_name_is_another_video() {
    let mut world = World::live();
    let (old, token) = (world.id("talk"), world.postings("talk")[0].token);
    delete(&mut world, false).unwrap();
    world.input(Input::Trashed { video: old, result: Ok(()) }).unwrap();
    world.remove("talk.mp4");
    world.scan();
    world.write("talk.mp4", Ok(super::mp4(1, 480)));
    world.scan();
    assert_ne!(world.id("talk"), old);
    assert_eq!(world.core.state().posting(token).unwrap().video, old);
}

#[test]
fn l6_deleting_moves_the_files_to_the_trash_and_goes_on_after_a_crash() {
    let mut world = World::live();
    delete(&mut world, false).unwrap();
    let trashes =
        |world: &World| world.effects.iter().filter(|effect| matches!(effect, Effect::Trash { .. })).count();
    assert_eq!(trashes(&world), 1);
    world.crash();
    assert_eq!(trashes(&world), 1, "not confirmed, so done again");
    let video = world.id("talk");
    world.input(Input::Trashed { video, result: Ok(()) }).unwrap();
    world.crash();
    assert_eq!(trashes(&world), 0);
}

#[test]
fn l6_kept_files_do_not_come_back_as_a_new_video() {
    let mut world = World::live();
    delete(&mut world, true).unwrap();
    let trash = world.effects.iter().any(|effect| matches!(effect, Effect::Trash { .. }));
    assert!(!trash);
    world.scan();
    assert_eq!(world.core.state().videos().count(), 1);
    // Another file under the same name is another matter.
    world.write("talk.mp4", Ok(super::mp4(1, 480)));
    world.scan();
    assert_eq!(world.core.state().videos().count(), 2);
}

#[test]
fn l6_kept_files_stay_out_of_sight_under_another_name() {
    let mut world = World::live();
    delete(&mut world, true).unwrap();
    world.rename("talk.mp4", "lecture.mp4");
    world.scan();
    assert_eq!(world.core.state().videos().count(), 1);
}

#[test]
fn l6_files_that_nobody_gets_at_are_not_said_to_be_in_the_trash() {
    let mut world = World::live();
    world.root_error = Some("input/output error".into());
    world.scan();
    assert!(matches!(delete(&mut world, false), Err(Refusal::ReadOnlyRoot { .. })));
    delete(&mut world, true).unwrap();
    world.root_error = None;
    world.scan();
    assert_eq!(world.core.state().videos().count(), 1, "it stays hidden when the disk is back");
}

#[test]
fn l6_what_could_not_be_moved_to_the_trash_is_tried_again_with_the_next_look() {
    let mut world = World::live();
    delete(&mut world, false).unwrap();
    let video = world.id("talk");
    world.input(Input::Trashed { video, result: Err("read-only".into()) }).unwrap();
    world.effects.clear();
    world.scan();
    assert!(world.effects.iter().any(|effect| matches!(effect, Effect::Trash { .. })));
}

#[test]
fn p7_a_url_is_listed_until_it_is_taken_off_and_says_who_did() {
    let mut world = World::live();
    let token = world.postings("talk")[0].token;
    let video = world.id("talk");
    let listed =
        |world: &World| world.core.publications(video, &std::path::Path::new("/artifacts").into())[0].listed;
    assert!(listed(&world));
    for _ in 0..2 {
        world.command(Command::SetListed { video, tokens: vec![token], listed: false }).unwrap();
    }
    assert!(!listed(&world));
    assert_eq!(world.events.iter().filter(|event| **event == EventKind::PostingUnlisted).count(), 1);
    assert_eq!(world.state_of("talk"), [PostingState::Live], "whoever has it can use it");
    world.crash();
    assert!(!listed(&world));
    world.core.settings.list_postings = false;
    world.command(Command::Generate { video, label: label("second") }).unwrap();
    assert!(!world.postings("talk")[1].listed);
}

#[test]
fn views_are_counted_with_where_they_came_from() {
    let mut world = World::live();
    let token = world.postings("talk")[0].token;
    let used = |views, host: &str| Usage {
        token,
        views,
        bytes: 10,
        watched: views > 0,
        referrers: vec![(host.to_owned(), views)],
    };
    world.input(Input::Usage(vec![used(2, "a.example"), used(0, "b.example")])).unwrap();
    world.crash();
    let posting = &world.postings("talk")[0];
    let traffic = posting.traffic.as_ref().unwrap();
    assert_eq!((posting.views, posting.bytes, traffic.views_24h(world.now)), (2, 20, 2));
    assert_eq!(traffic.referrers, [("a.example".into(), 2)], "bytes alone are no view");
    // Two hours later it still goes on; a probe meanwhile is nobody who watches.
    let begun = traffic.last_seen_at;
    let later = |watched| Usage { token, views: 0, bytes: 10, watched, referrers: Vec::new() };
    world.now = world.now.after(Duration::from_secs(7200));
    world.input(Input::Usage(vec![later(false)])).unwrap();
    let last_seen = |world: &World| world.postings("talk")[0].traffic.as_ref().unwrap().last_seen_at;
    assert_eq!(last_seen(&world), begun);
    world.input(Input::Usage(vec![later(true)])).unwrap();
    assert_eq!((last_seen(&world), world.postings("talk")[0].views), (world.now, 2));
}
