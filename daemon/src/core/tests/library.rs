//! L1 to L5.

use std::time::Duration;

use vodpost_protocol::event::EventKind;
use vodpost_protocol::posting::PostingState;

use super::super::input::Found;
use super::super::media::Container;
use super::super::video::Unusable;
use super::{DiskFile, World, mp4};

const DAY: Duration = Duration::from_secs(24 * 3600);

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
fn l5_a_vanished_file_is_unavailable_at_once_and_deleted_after_the_grace() {
    let mut world = World::live();
    world.write("other.mp4", Ok(mp4(1, 480)));
    world.remove("talk.mp4");
    world.scan();
    assert_eq!(world.state_of("talk"), [PostingState::Pending]);
    world.pass(DAY - Duration::from_secs(1));
    assert_eq!(world.state_of("talk"), [PostingState::Pending]);
    assert_eq!(world.looks_wanted(), 0);
    world.pass(Duration::from_secs(1));
    assert_eq!(world.state_of("talk"), [PostingState::Pending], "not without a look");
    assert_eq!(world.looks_wanted(), 1);
    world.pass(Duration::from_secs(1));
    assert_eq!(world.looks_wanted(), 0, "it is under way");
    world.scan();
    assert_eq!(world.state_of("talk"), [PostingState::Invalid]);
}

#[test]
fn l5_a_look_that_began_before_the_grace_was_over_proves_nothing() {
    let mut world = World::live();
    world.write("other.mp4", Ok(mp4(1, 480)));
    world.remove("talk.mp4");
    world.scan();
    let began_at = world.now.after(DAY - Duration::from_secs(1));
    world.pass(DAY * 2);
    let (found, probed) = world.found();
    world.scan_of(began_at, Ok(found), probed);
    assert_eq!(world.state_of("talk"), [PostingState::Pending]);
}

#[test]
fn l5_a_look_that_does_not_come_is_asked_for_again() {
    let mut world = World::live();
    world.write("other.mp4", Ok(mp4(1, 480)));
    world.remove("talk.mp4");
    world.scan();
    world.pass(DAY);
    assert_eq!(world.looks_wanted(), 1);
    let again = world.core.next_due().unwrap();
    assert!(again > world.now, "the engine would spin");
    world.pass(again.since(world.now));
    assert_eq!(world.looks_wanted(), 1);
}

/// The daemon was down, its host asleep, or nobody heard of the return.
#[test]
fn l5_a_file_that_came_back_unseen_is_not_deleted() {
    for restarted in [false, true] {
        let mut world = World::live();
        world.write("other.mp4", Ok(mp4(1, 480)));
        world.rename("talk.mp4", "hidden.txt");
        world.scan();
        world.rename("hidden.txt", "talk.mp4");
        world.now = world.now.after(DAY * 2);
        if restarted {
            world.crash();
        }
        world.pass(Duration::ZERO);
        assert_eq!(world.state_of("talk"), [PostingState::Pending]);
        world.scan();
        assert_eq!(world.state_of("talk"), [PostingState::Live]);
    }
}

#[test]
fn l5_a_root_that_is_away_when_the_grace_is_over_is_no_deletion() {
    let mut world = World::live();
    world.write("other.mp4", Ok(mp4(1, 480)));
    world.remove("talk.mp4");
    world.scan();
    world.root_error = Some("input/output error".into());
    world.pass(DAY * 2);
    world.scan();
    assert_eq!(world.state_of("talk"), [PostingState::Pending]);
    // Known to be gone once more, from now on.
    world.root_error = None;
    world.scan();
    world.pass(DAY - Duration::from_secs(1));
    world.scan();
    assert_eq!(world.state_of("talk"), [PostingState::Pending]);
    world.pass(Duration::from_secs(1));
    world.scan();
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
    world.scan();
    assert_eq!(world.core.state().videos().count(), 1);
    assert_eq!(world.events.last(), Some(&EventKind::VideoForgotten));
}

/// C5: accepted, and then its files were gone for good.
#[test]
fn l5_c5_an_order_of_a_forgotten_video_has_failed_before() {
    let mut world = World::ready();
    world.core.settings.missing_grace = Duration::from_secs(3600);
    world.write("other.mp4", Ok(mp4(1, 480)));
    world.write("film.mkv", Ok(mp4(1, 480).with(|format| format.container = Container::Other("mkv".into()))));
    world.scan();
    world.generate("film").unwrap();
    world.remove("film.mkv");
    world.scan();
    world.pass(Duration::from_secs(3600));
    world.scan();
    assert!(world.events.ends_with(&[EventKind::ConversionFailed, EventKind::VideoForgotten]));
}

#[test]
fn s2_why_a_video_is_missing_is_an_event_whenever_it_changes() {
    let mut world = World::live();
    world.write("other.mp4", Ok(mp4(1, 480)));
    world.remove("talk.mp4");
    world.root_error = Some("input/output error".into());
    world.scan();
    let count = |world: &World| world.events.iter().filter(|what| **what == EventKind::SourceMissing).count();
    let before = count(&world);
    world.scan();
    assert_eq!(count(&world), before);
    world.root_error = None;
    world.scan();
    assert_eq!(count(&world), before + 1, "from now on the grace period runs");
}

#[test]
fn l5_a_root_that_cannot_be_read_never_counts_as_deletion() {
    let mut world = World::live();
    world.root_error = Some("input/output error".into());
    world.scan();
    assert_eq!(world.state_of("talk"), [PostingState::Pending]);
    world.pass(DAY * 30);
    world.scan();
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
    world.scan();
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
    world.scan_as(Ok(found.clone()), probed.clone());
    world.pass(DAY * 2);
    world.scan_as(Ok(found), probed);
    assert_eq!(world.state_of("film"), [PostingState::Pending]);
    assert_eq!(world.state_of("talk"), [PostingState::Live]);
    world.disk.insert("deep/film.mp4".into(), file);
    world.scan();
    assert_eq!(world.state_of("film"), [PostingState::Live]);
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

#[test]
fn l5_overwriting_a_file_for_longer_than_the_grace_period_is_no_deletion() {
    let mut world = World::live();
    let mut found = Found::default();
    found.settling.push(("".into(), "talk".into()));
    world.scan_as(Ok(found), Default::default());
    world.pass(DAY * 2);
    assert_eq!(world.state_of("talk"), [PostingState::Pending]);
    world.write("talk.mp4", Ok(mp4(2_000_000, 720)));
    world.scan();
    world.finish_work();
    assert_eq!(world.state_of("talk"), [PostingState::Live]);
}

/// `film.mp4` is live on a disk that is mounted below the root.
fn on_another_disk() -> World {
    let mut world = World::live();
    let media = Ok(mp4(1, 480));
    world.write("disk/film.mp4", media.clone());
    let (mut found, mut probed) = world.found();
    found.devices.insert(2);
    for file in found.files.iter_mut().filter(|file| *file.base == *"film") {
        file.identity.dev = 2;
        probed.insert(file.identity, media.clone());
    }
    world.scan_as(Ok(found), probed);
    world.generate("film").unwrap();
    world.finish_work();
    assert_eq!(world.state_of("film"), [PostingState::Live]);
    world
}

/// Whatever its empty mount point looks like, or whether it is there at all.
#[test]
fn l5_a_disk_that_is_mounted_below_a_root_and_away_never_counts_as_deletion() {
    let mut world = on_another_disk();
    world.remove("disk/film.mp4");
    // A file that somebody copied to where the disk should be.
    world.write("disk/stray.mp4", Ok(mp4(1, 480)));
    world.scan();
    world.pass(DAY * 2);
    world.scan();
    assert_eq!(world.state_of("film"), [PostingState::Pending]);
    assert_eq!(world.state_of("talk"), [PostingState::Live]);
}

#[test]
fn l5_a_file_that_is_gone_from_a_disk_that_is_there_counts_as_deleted() {
    let mut world = on_another_disk();
    world.remove("disk/film.mp4");
    let (mut found, probed) = world.found();
    found.devices.insert(2);
    world.scan_as(Ok(found.clone()), probed.clone());
    world.pass(DAY * 2);
    world.scan_as(Ok(found), probed);
    assert_eq!(world.state_of("film"), [PostingState::Invalid]);
}

/// What was known to be gone while its disk was there stays gone.
#[test]
fn l5_a_disk_that_goes_away_after_its_file_does_not_stop_the_grace_period() {
    let mut world = on_another_disk();
    world.remove("disk/film.mp4");
    let (mut found, probed) = world.found();
    found.devices.insert(2);
    world.scan_as(Ok(found), probed);
    world.pass(DAY * 2);
    world.scan();
    assert_eq!(world.state_of("film"), [PostingState::Invalid]);
}

/// A device may have another number after a restart of the host: then files of the old one are found under the new one.
#[test]
fn l5_a_disk_with_another_number_is_there() {
    for others in [true, false] {
        let mut world = World::live();
        if others {
            world.write("other.mp4", Ok(mp4(1, 480)));
            world.scan();
        }
        world.remove("talk.mp4");
        world.write("stray.mp4", Ok(mp4(2, 480)));
        for day in [0, 2] {
            let (mut found, mut probed) = world.found();
            found.devices = [7].into();
            for file in &mut found.files {
                let media = probed[&file.identity].clone();
                file.identity.dev = 7;
                probed.insert(file.identity, media);
            }
            world.pass(DAY * day);
            world.scan_as(Ok(found), probed);
        }
        // Without any file of the old number nobody can know; then the URL waits.
        let expected = if others { PostingState::Invalid } else { PostingState::Pending };
        assert_eq!(world.state_of("talk"), [expected]);
    }
}
