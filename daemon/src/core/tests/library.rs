//! L1 to L5.

use std::time::Duration;

use vodpost_protocol::event::EventKind;
use vodpost_protocol::posting::PostingState;

use super::super::input::Found;
use super::super::video::Unusable;
use super::{World, mp4};

const DAY: Duration = Duration::from_secs(24 * 3600);

#[test]
fn l1_renditions_of_one_folder_are_one_video() {
    let mut world = World::empty();
    for path in ["talk.mp4", "talk.720p.mp4", "more/talk.mp4", "talk-1080p.mkv"] {
        world.write(path, Ok(mp4(1, 480)));
    }
    world.scan();
    assert_eq!(world.core.state().videos().len(), 2);
    let sizes: Vec<usize> =
        world.core.state().videos().values().map(|video| video.renditions.len()).collect();
    assert!(sizes.contains(&3) && sizes.contains(&1), "{sizes:?}");
}

#[test]
fn l1_a_bad_file_disturbs_nothing_else() {
    let mut world = World::empty();
    world.write("a.mp4", Ok(mp4(1, 480)));
    world.write("b.mp4", Err(Unusable { reason: "empty".into(), look_again: false }));
    world.scan();
    assert!(world.video("a").renditions[0].media.is_ok());
    assert!(world.video("b").renditions[0].media.is_err());
}

#[test]
fn l2_a_video_is_admitted_when_all_of_it_has_settled() {
    let mut world = World::empty();
    world.write("talk.mp4", Ok(mp4(1, 480)));
    let (mut found, probed) = world.found();
    found.settling.push(("".into(), "talk".into()));
    world.scan_as(Ok(found), probed);
    assert!(world.core.state().videos().is_empty());
    world.scan();
    assert_eq!(world.core.state().videos().len(), 1);
}

#[test]
fn l2_a_further_rendition_on_its_way_does_not_disturb_a_live_url() {
    let mut world = World::live();
    let (mut found, probed) = world.found();
    found.settling.push(("".into(), "talk".into()));
    world.scan_as(Ok(found), probed);
    assert_eq!(world.state_of("talk"), [PostingState::Live]);
}

#[test]
fn l3_a_renamed_or_moved_file_keeps_its_id_and_urls() {
    let mut world = World::live();
    let (id, postings) = (world.id("talk"), world.postings("talk"));
    world.rename("talk.mp4", "folder/lecture.mp4");
    world.scan();
    assert_eq!(world.id("lecture"), id);
    assert_eq!(world.postings("lecture"), postings);
    assert_eq!(world.state_of("lecture"), [PostingState::Live]);
    assert!(world.events.contains(&EventKind::VideoRenamed));
}

#[test]
fn l3_a_move_while_the_daemon_was_down_or_the_file_was_missed_is_followed() {
    let mut world = World::live();
    world.write("other.mp4", Ok(mp4(1, 480)));
    let id = world.id("talk");
    world.rename("talk.mp4", "away.txt");
    world.scan();
    assert_eq!(world.state_of("talk"), [PostingState::Pending]);
    world.crash();
    world.rename("away.txt", "back.mp4");
    world.scan();
    assert_eq!(world.id("back"), id);
    assert_eq!(world.state_of("back"), [PostingState::Live]);
}

#[test]
fn l4_a_file_replaced_in_place_keeps_its_urls_and_is_converted_anew() {
    let mut world = World::live();
    let postings = world.postings("talk");
    world.write("talk.mp4", Ok(mp4(2_000_000, 720)));
    world.scan();
    assert_eq!(world.state_of("talk"), [PostingState::Pending], "the old artifact stopped at once");
    world.finish_work();
    assert_eq!(world.state_of("talk"), [PostingState::Live]);
    assert_eq!(world.postings("talk"), postings);
}

#[test]
fn l4_a_replacement_that_cannot_be_used_says_so() {
    let mut world = World::live();
    world.write("talk.mp4", Err(Unusable { reason: "truncated".into(), look_again: false }));
    world.scan();
    assert_eq!(world.state_of("talk"), [PostingState::Pending]);
    assert!(world.events.contains(&EventKind::ConversionFailed));
}

#[test]
fn l4_while_it_is_being_overwritten_nothing_is_served_and_nothing_is_judged() {
    let mut world = World::live();
    let (_, probed) = world.found();
    let mut found = Found::default();
    found.settling.push(("".into(), "talk".into()));
    world.scan_as(Ok(found), probed);
    assert_eq!(world.state_of("talk"), [PostingState::Pending]);
    assert!(!world.events.contains(&EventKind::SourceReplaced));
    world.scan();
    assert_eq!(world.state_of("talk"), [PostingState::Live], "it was only touched");
}

#[test]
fn l5_a_vanished_file_is_unavailable_at_once_and_deleted_after_the_grace() {
    let mut world = World::live();
    world.write("other.mp4", Ok(mp4(1, 480)));
    world.remove("talk.mp4");
    world.scan();
    assert_eq!(world.state_of("talk"), [PostingState::Pending]);
    world.pass(DAY - Duration::from_secs(1));
    assert_eq!(world.state_of("talk"), [PostingState::Pending]);
    world.pass(Duration::from_secs(1));
    assert_eq!(world.state_of("talk"), [PostingState::Invalid]);
}

#[test]
fn l5_a_file_that_comes_back_in_time_is_live_again() {
    let mut world = World::live();
    world.rename("talk.mp4", "hidden.txt");
    world.write("other.mp4", Ok(mp4(1, 480)));
    world.scan();
    world.pass(DAY / 2);
    world.rename("hidden.txt", "talk.mp4");
    world.scan();
    assert_eq!(world.state_of("talk"), [PostingState::Live]);
    world.pass(DAY);
    assert_eq!(world.state_of("talk"), [PostingState::Live]);
}

#[test]
fn l5_a_video_without_urls_is_forgotten_after_the_grace() {
    let mut world = World::ready();
    world.write("other.mp4", Ok(mp4(1, 480)));
    world.remove("talk.mp4");
    world.scan();
    world.pass(DAY);
    assert_eq!(world.core.state().videos().len(), 1);
}

#[test]
fn l5_a_root_that_cannot_be_read_never_counts_as_deletion() {
    let mut world = World::live();
    world.root_error = Some("input/output error".into());
    world.scan();
    assert_eq!(world.state_of("talk"), [PostingState::Pending]);
    world.pass(DAY * 30);
    assert_eq!(world.state_of("talk"), [PostingState::Pending]);
    world.root_error = None;
    world.scan();
    assert_eq!(world.state_of("talk"), [PostingState::Live]);
}

#[test]
fn l5_a_root_that_is_suddenly_empty_never_counts_as_deletion() {
    let mut world = World::live();
    world.remove("talk.mp4");
    world.scan();
    world.pass(DAY * 30);
    assert_eq!(world.state_of("talk"), [PostingState::Pending]);
}

#[test]
fn l5_a_folder_that_cannot_be_read_takes_only_its_own_videos() {
    let mut world = World::live();
    world.write("deep/film.mp4", Ok(mp4(1, 480)));
    world.scan();
    world.generate("film").unwrap();
    world.finish_work();
    let file = world.disk.remove(std::path::Path::new("deep/film.mp4")).unwrap();
    let (mut found, probed) = world.found();
    found.unreadable.push(("deep".into(), "permission denied".into()));
    world.scan_as(Ok(found), probed);
    world.pass(DAY * 2);
    assert_eq!(world.state_of("film"), [PostingState::Pending]);
    assert_eq!(world.state_of("talk"), [PostingState::Live]);
    world.disk.insert("deep/film.mp4".into(), file);
    world.scan();
    assert_eq!(world.state_of("film"), [PostingState::Live]);
}
