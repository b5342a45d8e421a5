//! L5: files that vanish, and what only looks like it.

use std::time::Duration;

use vodpost_protocol::event::EventKind;
use vodpost_protocol::posting::PostingState;

use super::super::input::Found;
use super::super::media::Container;
use super::{World, mp4};

const DAY: Duration = Duration::from_secs(24 * 3600);

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
