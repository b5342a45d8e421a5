//! The queue: turns, pauses, room on the disk, another try after what may pass, and what is said early (C3, C5).

use std::time::Duration;

use vodpost_protocol::conversion::ConversionState;
use vodpost_protocol::event::EventKind;
use vodpost_protocol::ids::VideoId;

use super::super::artifact::{Assignment, Chance, Failure, Progress, WorkerReport};
use super::super::conversion::state_of;
use super::super::forecast::Forecast;
use super::super::input::{Command, Input};
use super::super::media::{Container, MediaInfo, VideoCodec};
use super::super::queue::{Machine, Queue};
use super::super::state::Change;
use super::super::video::Conversion;
use super::super::work::{Rate, Rates, Work, WorkKind};
use super::{World, mp4};

const GB: u64 = 1_000_000_000;

/// H.264 in Matroska, which is copied.
fn mkv() -> MediaInfo {
    mp4(1_000_000, 720).with(|format| format.container = Container::Other("matroska".into()))
}

/// AC-3 sound of this length, which is encoded at 40 times its speed.
fn ac3(minutes: u64) -> MediaInfo {
    let info = mp4(1_000_000, 720).with(|format| {
        if let Some(audio) = &mut format.audio {
            audio.codec = super::super::media::AudioCodec::Other("ac3".into());
        }
    });
    MediaInfo { duration_ms: minutes * 60_000, ..info }
}

fn with(files: &[(&str, MediaInfo)]) -> World {
    let mut world = World::ready();
    for (name, info) in files {
        world.write(name, Ok(info.clone()));
    }
    world.scan();
    world
}

fn state(world: &World, title: &str) -> ConversionState {
    state_of(&world.video(title).conversion)
}

fn fail(world: &mut World, given: &Assignment, chance: Chance) {
    let failure = Failure { reason: "the disk is full".into(), output: "last line".into() };
    world.input(Input::Worker(WorkerReport::Failed { job: given.job, failure, chance })).unwrap();
}

fn count(world: &World, kind: EventKind) -> usize {
    world.events.iter().filter(|event| **event == kind).count()
}

fn failure(world: &World, title: &str) -> Failure {
    match &world.video(title).conversion {
        Conversion::Failed(failed) => failed.failure.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn c3_who_has_to_start_first_to_be_in_time_starts_first() {
    let mut world = with(&[("a.mkv", mkv()), ("short.mp4", ac3(1)), ("long.mp4", ac3(600))]);
    for title in ["a", "short", "long"] {
        world.generate(title).unwrap();
    }
    assert_eq!(world.assignments().len(), 1, "there is one worker");
    let turns: Vec<VideoId> = world.core.state().line().turns().collect();
    assert_eq!(turns, [world.id("long"), world.id("short")]);
    assert_eq!(world.core.state().line().before(world.id("short")), Some(1));
}

#[test]
fn a_paused_queue_starts_nothing_that_takes_a_worker_and_remembers_it() {
    let mut world = with(&[("a.mkv", mkv()), ("b.mkv", mkv())]);
    world.generate("a").unwrap();
    let running = world.assignments().remove(0);
    world.command(Command::PauseQueue).unwrap();
    world.command(Command::PauseQueue).unwrap();
    assert_eq!(count(&world, EventKind::QueuePaused), 1);
    world.generate("b").unwrap();
    world.generate("talk").unwrap();
    assert_eq!(state(&world, "talk"), ConversionState::Running, "it takes no worker");
    world.report_ready(&running);
    assert_eq!((state(&world, "a"), state(&world, "b")), (ConversionState::Ready, ConversionState::Queued));
    world.crash();
    assert_eq!(state(&world, "b"), ConversionState::Queued);
    world.command(Command::ResumeQueue).unwrap();
    assert_eq!(state(&world, "b"), ConversionState::Running);
    assert_eq!(count(&world, EventKind::QueueResumed), 1);
}

#[test]
fn c5_what_may_pass_is_tried_again_after_longer_and_longer_pauses() {
    let mut world = with(&[("a.mkv", mkv())]);
    world.generate("a").unwrap();
    for (tries, pause_s) in [(1u32, 30), (2, 120), (3, 480), (4, 1920)] {
        let given = world.assignments().remove(0);
        assert_eq!(given.job.attempt, tries);
        fail(&mut world, &given, Chance::MayPass);
        assert_eq!(state(&world, "a"), ConversionState::Queued);
        assert_eq!(count(&world, EventKind::ConversionDelayed), tries as usize);
        world.pass(Duration::from_secs(pause_s - 1));
        assert!(world.assignments().is_empty());
        world.pass(Duration::from_secs(1));
    }
    let given = world.assignments().remove(0);
    fail(&mut world, &given, Chance::MayPass);
    assert_eq!(failure(&world, "a").reason, "the disk is full (after 5 tries)");
}

#[test]
fn what_lies_in_the_file_is_not_tried_again() {
    let mut world = with(&[("a.mkv", mkv())]);
    world.generate("a").unwrap();
    let given = world.assignments().remove(0);
    fail(&mut world, &given, Chance::Lasting);
    assert_eq!(failure(&world, "a").reason, "the disk is full");
}

#[test]
fn c4_retry_ends_a_pause() {
    let mut world = with(&[("a.mkv", mkv())]);
    world.generate("a").unwrap();
    let given = world.assignments().remove(0);
    fail(&mut world, &given, Chance::MayPass);
    let video = world.id("a");
    world.command(Command::Retry { video }).unwrap();
    assert_eq!(state(&world, "a"), ConversionState::Running);
    assert!(world.command(Command::Retry { video }).is_err());
}

#[test]
fn c3_no_pause_goes_beyond_the_deadline_and_the_cause_is_kept() {
    let mut world = with(&[("a.mkv", mkv())]);
    world.generate("a").unwrap();
    let given = world.assignments().remove(0);
    world.pass(Duration::from_secs(4 * 3600 - 20));
    fail(&mut world, &given, Chance::MayPass);
    assert_eq!(state(&world, "a"), ConversionState::Failed);
    let video = world.id("a");
    world.command(Command::Retry { video }).unwrap();
    let given = world.assignments().remove(0);
    fail(&mut world, &given, Chance::MayPass);
    world.remove("a.mkv");
    world.scan();
    world.pass(Duration::from_secs(4 * 3600));
    let Failure { reason, output } = failure(&world, "a");
    assert_eq!(reason, "it was not ready within its deadline of 4h: the disk is full");
    assert_eq!(output, "last line");
}

#[test]
fn c3_a_worker_may_say_itself_that_it_was_too_late() {
    let mut world = with(&[("a.mkv", mkv()), ("b.mkv", mkv())]);
    world.generate("a").unwrap();
    world.generate("b").unwrap();
    world.pass(Duration::from_secs(4 * 3600));
    assert_eq!(state(&world, "a"), ConversionState::Running, "it has a last word");
    assert_eq!(
        failure(&world, "b").reason,
        "it was not ready within its deadline of 4h: its turn had not come"
    );
    world.pass(Duration::from_secs(10));
    assert_eq!(
        failure(&world, "a").reason,
        "it was not ready within its deadline of 4h: its worker does not answer"
    );
}

#[test]
fn room_on_the_disk_is_set_aside_before_a_start() {
    let mut world = with(&[("huge.mp4", ac3(40_000)), ("b.mkv", mkv())]);
    world.core.settings.workers = 2;
    world.core.observe(Machine { room_bytes: Some(GB / 5) });
    world.generate("huge").unwrap();
    world.generate("b").unwrap();
    assert_eq!(
        (state(&world, "huge"), state(&world, "b")),
        (ConversionState::Queued, ConversionState::Running)
    );
    assert_eq!(count(&world, EventKind::ConversionDelayed), 1, "said once");
    world.pass(Duration::from_secs(30));
    assert_eq!(count(&world, EventKind::ConversionDelayed), 1);
    world.core.observe(Machine { room_bytes: Some(100 * GB) });
    let due = world.core.next_due().unwrap();
    world.pass(due.since(world.now));
    assert_eq!(state(&world, "huge"), ConversionState::Running);
}

#[test]
fn what_runs_has_its_room_already() {
    let mut world = with(&[("one.mp4", ac3(600)), ("two.mp4", ac3(600))]);
    world.core.settings.workers = 2;
    // Each may take 0.9 GB.
    world.core.observe(Machine { room_bytes: Some(GB + GB / 2) });
    world.generate("one").unwrap();
    world.generate("two").unwrap();
    let states = [state(&world, "one"), state(&world, "two")];
    assert_eq!(states, [ConversionState::Running, ConversionState::Queued]);
}

/// What is asked about takes its turn among what waits, by how early each has to start: here it is in time, and what was
/// ordered before it is not any more.
#[test]
fn c3_what_if_more_were_ordered_says_who_would_be_late() {
    let files = [("a.mp4", ac3(4000)), ("b.mp4", ac3(4400)), ("c.mp4", ac3(4800)), ("d.mp4", ac3(40))];
    let mut world = with(&files);
    world.generate("a").unwrap();
    world.generate("b").unwrap();
    let work = |title: &str| {
        let minutes = match title {
            "c" => 4800,
            _short => 40,
        };
        (world.id(title), Work { kind: WorkKind::Sound, amount: minutes * 60_000 })
    };
    // 100 minutes, and 110 behind it.
    let now = world.core.forecast_with(&[], world.now);
    let minutes = |forecast: &Forecast, title: &str| {
        forecast.ready_at(world.id(title)).unwrap().since(world.now).as_secs() / 60
    };
    assert_eq!((minutes(&now, "a"), minutes(&now, "b")), (100, 210));
    let with_short = world.core.forecast_with(&[work("d")], world.now);
    assert_eq!((minutes(&with_short, "b"), minutes(&with_short, "d")), (210, 211));
    assert!(with_short.late_unlike(&now, world.core.state()).is_empty());
    let with_long = world.core.forecast_with(&[work("c")], world.now);
    assert_eq!((minutes(&with_long, "c"), minutes(&with_long, "b")), (220, 330));
    let late = with_long.late_unlike(&now, world.core.state());
    let late: Vec<_> = late.iter().map(|(video, by)| (video.title(), by.as_secs() / 60)).collect();
    assert_eq!(late, [("b".to_owned(), 90)]);
    // As an order of it would show.
    world.generate("c").unwrap();
    let turns: Vec<VideoId> = world.core.state().line().turns().collect();
    assert_eq!(turns, [world.id("c"), world.id("b")]);
    // While the queue is paused, it is answered as if it went on.
    world.command(Command::PauseQueue).unwrap();
    assert!(world.core.forecast(world.now).ready_at(world.id("b")).is_none());
    assert!(world.core.forecast_with(&[], world.now).ready_at(world.id("b")).is_some());
}

#[test]
fn room_that_others_wait_for_is_not_free() {
    let mut world = with(&[("one.mp4", ac3(600)), ("two.mp4", ac3(600))]);
    assert_eq!(world.core.room_for_more(), None);
    world.core.observe(Machine { room_bytes: Some(5 * GB) });
    let none = world.core.room_for_more().unwrap();
    world.generate("one").unwrap();
    let running = world.core.room_for_more().unwrap();
    world.generate("two").unwrap();
    let waiting = world.core.room_for_more().unwrap();
    assert_eq!(none, 5 * GB);
    let each = none - running;
    assert!((GB / 2..GB + GB / 2).contains(&each), "{each}");
    assert_eq!(running - waiting, each);
    world.core.observe(Machine { room_bytes: Some(1) });
    assert_eq!(world.core.room_for_more(), Some(0));
}

#[test]
fn c3_what_will_be_late_is_said_early_and_once() {
    let mut world = with(&[("a.mp4", ac3(6000)), ("b.mp4", ac3(6000)), ("c.mp4", ac3(60))]);
    for title in ["a", "b", "c"] {
        world.generate(title).unwrap();
    }
    // a: 150 minutes, b: 150 more; c, which takes 90 seconds, comes last.
    for _ in 0..3 {
        let due = world.core.next_due().unwrap();
        world.pass(due.since(world.now));
    }
    assert_eq!(count(&world, EventKind::ConversionLate), 2);
    let late = |title: &str| world.video(title).order().unwrap().late;
    assert_eq!([late("a"), late("b"), late("c")], [false, true, true]);
    let forecast = world.core.forecast(world.now);
    let ready_at = forecast.ready_at(world.id("b")).unwrap();
    let started = world.video("b").order().unwrap().requested_at;
    let minutes = ready_at.since(started).as_secs() / 60;
    assert!((299..=301).contains(&minutes), "{minutes}");
}

#[test]
fn c3_a_running_conversion_is_judged_by_its_own_speed() {
    let mut world = with(&[("a.mp4", ac3(60))]);
    world.generate("a").unwrap();
    let given = world.assignments().remove(0);
    let report = |world: &mut World, done_ms, speed_milli| {
        let total_ms = 3_600_000;
        let progress =
            Progress { job: given.job, done_ms, total_ms, speed_milli: Some(speed_milli), written_bytes: 0 };
        world.input(Input::Worker(WorkerReport::Progress(progress))).unwrap();
    };
    report(&mut world, 100, 10);
    assert_eq!(count(&world, EventKind::ConversionLate), 0, "a speed has to settle first");
    world.now = world.now.after(Duration::from_secs(11));
    report(&mut world, 100, 1000);
    assert_eq!(count(&world, EventKind::ConversionLate), 0);
    report(&mut world, 200, 10);
    report(&mut world, 300, 10);
    assert_eq!(count(&world, EventKind::ConversionLate), 1);
}

/// Also when the new speed is taken back, and the same as after a start, which knows nothing else.
#[test]
fn c3_turns_follow_the_speeds_that_are_learned() {
    // At the speeds that are assumed, pictures take 18 minutes and the long sound 15.
    let pictures = mp4(1_000_000, 720).with(|format| {
        if let Some(video) = &mut format.video {
            video.codec = VideoCodec::Other("vp9".into());
        }
    });
    let pictures = MediaInfo { duration_ms: 3_600_000, ..pictures };
    let files =
        [("a.mp4", ac3(60)), ("pictures.mp4", pictures), ("long.mp4", ac3(600)), ("short.mp4", ac3(1))];
    let mut world = with(&files);
    for title in ["a", "pictures", "long", "short"] {
        world.generate(title).unwrap();
    }
    let turns = |world: &World| -> Vec<VideoId> { world.core.state().line().turns().collect() };
    let [pictures, long, short] = ["pictures", "long", "short"].map(|title| world.id(title));
    assert_eq!(turns(&world), [pictures, long, short]);
    // Sound turns out to take ten times as long as was assumed.
    let rates = Rates { sound: Rate { per_s: 4000, measured: true }, ..Rates::default() };
    let learned = Queue { rates, ..world.core.state().queue().clone() };
    let undo = world.core.state.apply(Change::Queue(learned));
    assert_eq!(turns(&world), [long, pictures, short]);
    world.core.state.undo(undo);
    assert_eq!(turns(&world), [pictures, long, short]);
    // And by the way that it is learned.
    let given = world.assignments().remove(0);
    world.pass(Duration::from_secs(900));
    world.report_ready(&given);
    assert_eq!(world.assignments().remove(0).job.video, long);
    assert_eq!(turns(&world), [pictures, short]);
    world.crash();
    let mut all = turns(&world);
    all.extend(world.core.state().line().running());
    all.sort();
    let mut expected = [pictures, long, short];
    expected.sort();
    assert_eq!(all, expected);
}

#[test]
fn speeds_are_learned_and_survive_the_daemon() {
    let mut world = with(&[("a.mp4", ac3(60))]);
    world.generate("a").unwrap();
    let given = world.assignments().remove(0);
    world.pass(Duration::from_secs(361));
    world.report_ready(&given);
    world.crash();
    let rates = &world.core.state().queue().rates;
    assert!(rates.sound.measured && (9_900..10_100).contains(&rates.sound.per_s), "{rates:?}");
    assert!(!rates.copy.measured);
    let work = Work { kind: WorkKind::Sound, amount: 36_000_000 };
    assert_eq!(rates.expected(work).as_secs() / 60, 60);
}
