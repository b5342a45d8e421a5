//! L1 to L4: which files are a video, and what happens to it when they change.

use vodpost_protocol::event::EventKind;
use vodpost_protocol::posting::PostingState;

use super::super::input::Found;
use super::super::video::Unusable;
use super::{DiskFile, World, mp4};

#[test]
fn l1_renditions_of_one_folder_are_one_video() {
    let mut world = World::empty();
    for path in ["talk.mp4", "talk.720p.mp4", "more/talk.mp4", "talk-1080p.mkv"] {
        world.write(path, Ok(mp4(1, 480)));
    }
    world.scan();
    assert_eq!(world.core.state().videos().count(), 2);
    let sizes: Vec<usize> = world.core.state().videos().map(|video| video.renditions.len()).collect();
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
    assert!(world.core.state().videos().next().is_none());
    world.scan();
    assert_eq!(world.core.state().videos().count(), 1);
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
    assert!(!world.events.contains(&EventKind::RenditionsChanged), "a move is one event");
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
fn l3_swapped_names_are_followed() {
    let mut world = World::live();
    world.write("film.mp4", Ok(mp4(1, 480)));
    world.scan();
    let (talk, film) = (world.id("talk"), world.id("film"));
    world.rename("talk.mp4", "third.mp4");
    world.rename("film.mp4", "talk.mp4");
    world.rename("third.mp4", "film.mp4");
    world.scan();
    assert_eq!((world.id("film"), world.id("talk")), (talk, film));
    assert_eq!(world.state_of("film"), [PostingState::Live]);
    assert!(world.state_of("talk").is_empty());
}

#[test]
fn l3_it_does_not_matter_how_many_looks_happen_between_two_renames() {
    let ends = [false, true].map(|look_between| {
        let mut world = World::live();
        world.rename("talk.mp4", "talk old.mp4");
        if look_between {
            world.scan();
        }
        world.write("talk.mp4", Ok(mp4(1, 480)));
        world.scan();
        (world.state_of("talk old"), world.state_of("talk"))
    });
    assert_eq!(ends[0], ends[1]);
    assert_eq!(ends[0], (vec![PostingState::Live], Vec::new()), "the URL went with its file");
}

#[test]
fn l4_a_video_that_is_put_over_another_one_replaces_its_file() {
    let mut world = World::live();
    let postings = world.postings("talk");
    world.write("new cut.mp4", Ok(mp4(2_000_000, 720)));
    world.scan();
    world.rename("new cut.mp4", "talk.mp4");
    world.scan();
    world.finish_work();
    assert_eq!(world.postings("talk"), postings);
    assert_eq!(world.state_of("talk"), [PostingState::Live]);
    assert!(world.events.contains(&EventKind::SourceReplaced));
}

#[test]
fn l3_a_move_to_another_file_system_is_followed_by_size_time_and_media() {
    let mut world = World::live();
    let id = world.id("talk");
    let file = world.disk.remove(std::path::Path::new("talk.mp4")).unwrap();
    world.disk.insert("far/talk.mp4".into(), DiskFile { ino: 4711, ..file.clone() });
    world.scan();
    assert_eq!(world.id("talk"), id);
    world.finish_work();
    assert_eq!(world.state_of("talk"), [PostingState::Live]);
    // The same size and time alone are not enough.
    world.disk.clear();
    world.disk.insert("other.mp4".into(), DiskFile { ino: 4712, media: Ok(mp4(7, 480)), ..file });
    world.scan();
    assert_ne!(world.id("other"), id);
}

#[test]
fn l4_a_good_file_in_the_place_of_a_bad_replacement_makes_the_url_live_again() {
    let mut world = World::live();
    world.write("talk.mp4", Err(Unusable { reason: "truncated".into(), look_again: false }));
    world.scan();
    world.write("talk.mp4", Ok(mp4(1, 480)));
    world.scan();
    world.finish_work();
    assert_eq!(world.state_of("talk"), [PostingState::Live]);
}
