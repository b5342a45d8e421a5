//! L1, L5: folders come into the library and go out of it while the daemon runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use vodpost_protocol::event::EventKind;
use vodpost_protocol::posting::PostingState;
use vodpost_protocol::refusal::{Refusal, RootProblem};
use vodpost_protocol::status::SettingOrigin;

use super::super::effect::Effect;
use super::super::input::{Command, Found, RootScan, Scan};
use super::super::roots::{self, ROOTS_MAX, Root};
use super::super::video::{MissingCause, Source};
use super::{Input, ROOT, World, admin};

fn path(text: &str) -> Arc<Path> {
    Path::new(text).into()
}

impl World {
    /// Its library was added, not configured.
    fn live_in_added_root() -> Self {
        let mut world = Self::empty();
        world.core.settings.roots.clear();
        world.add(ROOT).unwrap();
        world.verify();
        world.command(Command::Activate).unwrap();
        world.write("talk.mp4", Ok(super::mp4(4_000_000, 1080)));
        world.scan();
        world.generate("talk").unwrap();
        world.finish_work();
        assert_eq!(world.state_of("talk"), [PostingState::Live]);
        world.events.clear();
        world.effects.clear();
        world
    }

    fn add(&mut self, root: &str) -> Result<(), Refusal> {
        self.command(Command::AddRoot { path: path(root) })
    }

    fn take_out(&mut self, root: &str) -> Result<(), Refusal> {
        self.command(Command::RemoveRoot { path: PathBuf::from(root) })
    }

    fn problem(&mut self, root: &str) -> RootProblem {
        match self.add(root) {
            Err(Refusal::UnusableRoot { path, problem }) => {
                assert_eq!(path, root);
                problem
            }
            other => panic!("{root}: {other:?}"),
        }
    }

    fn told_of(&self) -> Option<Vec<Arc<Path>>> {
        self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Library(roots) => Some(roots.clone()),
            Effect::Announce(_)
            | Effect::StartConversion(_)
            | Effect::StopConversion(_)
            | Effect::Trash { .. }
            | Effect::RemoveArtifact(_)
            | Effect::RemovePoster(_)
            | Effect::Scan => None,
        })
    }
}

#[test]
fn l1_an_added_folder_is_an_event_is_looked_at_and_survives_a_crash() {
    let mut world = World::empty();
    world.add("/more").unwrap();
    assert_eq!(world.events, [EventKind::RootAdded]);
    assert_eq!(world.told_of(), Some(vec![path(ROOT), path("/more")]));
    world.crash();
    assert_eq!(world.core.roots(), [path(ROOT), path("/more")]);
    let [added] = world.core.state().roots() else { panic!("one was added") };
    assert_eq!((added.at, &added.by), (world.now, &admin()));
    world.take_out("/more").unwrap();
    assert_eq!(world.told_of(), Some(vec![path(ROOT)]));
    world.crash();
    assert_eq!(world.core.roots(), [path(ROOT)]);
}

#[test]
fn l1_folders_do_not_overlap_with_each_other_nor_with_the_state() {
    let mut world = World::empty();
    world.add("/srv/videos").unwrap();
    assert_eq!(world.problem(ROOT), RootProblem::Known);
    assert_eq!(world.problem("/srv/videos"), RootProblem::Known);
    assert_eq!(world.problem("/library/below"), RootProblem::Within { root: ROOT.into() });
    assert_eq!(world.problem("/srv/videos/2023"), RootProblem::Within { root: "/srv/videos".into() });
    assert_eq!(world.problem("/srv"), RootProblem::Around { root: "/srv/videos".into() });
    for own in ["/state", "/state/artifacts", "/"] {
        assert_eq!(world.problem(own), RootProblem::State { state_dir: "/state".into() });
    }
    // A name that begins the same is another folder.
    world.add("/srv/videos2").unwrap();
    world.add("/stateless").unwrap();
    for number in 3..ROOTS_MAX {
        world.add(&format!("/many/{number}")).unwrap();
    }
    assert_eq!(world.problem("/one/more"), RootProblem::TooMany { roots_max: 100 });
}

#[test]
fn l1_what_the_configuration_says_is_changed_there() {
    let mut world = World::empty();
    assert_eq!(
        world.take_out(ROOT),
        Err(Refusal::ConfiguredRoot { path: ROOT.into(), origin: SettingOrigin::Arguments })
    );
    assert_eq!(
        world.take_out("/more"),
        Err(Refusal::NoSuchRoot { path: "/more".into(), roots: vec![ROOT.into()] })
    );
}

#[test]
fn l1_the_configuration_counts_before_what_was_added() {
    let mut world = World::empty();
    world.add("/a/videos").unwrap();
    world.add("/b").unwrap();
    world.core.settings.roots = vec![path("/a"), path("/b")];
    assert_eq!(world.core.roots(), [path("/a"), path("/b")]);
    let (state, settings) = (world.core.state(), world.core.settings());
    let all: Vec<_> = roots::all(state, settings).collect();
    let [Root::Configured(_), Root::Configured(_), Root::Eclipsed { added, by }] = &*all else {
        panic!("{all:?}")
    };
    assert_eq!((&*added.path, &***by), (Path::new("/a/videos"), Path::new("/a")));
    assert!(matches!(world.take_out("/b"), Err(Refusal::ConfiguredRoot { .. })));
    world.take_out("/a/videos").unwrap();
}

#[test]
fn l5_a_folder_that_is_taken_out_is_no_deletion_and_comes_back_with_its_urls() {
    let mut world = World::live_in_added_root();
    let (video, tokens) = (world.id("talk"), world.postings("talk"));
    world.take_out(ROOT).unwrap();
    assert_eq!(world.events, [EventKind::RootRemoved, EventKind::SourceMissing]);
    assert_eq!(world.state_of("talk"), [PostingState::Pending]);
    let Source::Missing { cause: MissingCause::RootUnavailable(reason), .. } = &world.video("talk").source
    else {
        panic!("{:?}", world.video("talk").source)
    };
    assert_eq!(&**reason, "its folder is not in the library any more");
    // However long, and whatever looks at the rest of the library say.
    world.pass(std::time::Duration::from_secs(400 * 24 * 3600));
    world
        .input(Input::Scanned(Scan { began_at: world.now, roots: Vec::new(), probed: Default::default() }))
        .unwrap();
    assert_eq!(world.events.len(), 2);
    world.add(ROOT).unwrap();
    assert_eq!(world.state_of("talk"), [PostingState::Pending], "nothing was seen yet");
    world.scan();
    assert_eq!(world.state_of("talk"), [PostingState::Live]);
    assert_eq!((world.id("talk"), world.postings("talk")), (video, tokens));
}

#[test]
fn l5_a_look_that_began_before_the_folder_was_taken_out_shows_nothing_of_it() {
    let mut world = World::live_in_added_root();
    world.write("later.mp4", Ok(super::mp4(4_000_000, 1080)));
    world.take_out(ROOT).unwrap();
    world.scan();
    assert_eq!(world.state_of("talk"), [PostingState::Pending]);
    assert_eq!(world.core.state().videos().count(), 1);
}

#[test]
fn l5_a_folder_that_is_added_while_a_look_is_under_way_is_not_taken_for_emptied() {
    let mut world = World::live_in_added_root();
    world.take_out(ROOT).unwrap();
    world.add(ROOT).unwrap();
    let other = RootScan { root: path("/other"), found: Ok(Found::default()) };
    world
        .input(Input::Scanned(Scan { began_at: world.now, roots: vec![other], probed: Default::default() }))
        .unwrap();
    world.pass(std::time::Duration::from_secs(400 * 24 * 3600));
    assert_eq!(world.state_of("talk"), [PostingState::Pending]);
}

#[test]
fn s1_a_change_of_folders_that_the_disk_refuses_leaves_no_trace() {
    let mut world = World::live_in_added_root();
    let before = format!("{:?}", world.core.state());
    let mut undo = Vec::new();
    for command in [
        Command::AddRoot { path: path("/more") },
        Command::RemoveRoot { path: ROOT.into() },
        Command::RemoveRoot { path: "/more".into() },
    ] {
        let input = Input::Command { actor: admin(), command };
        undo.extend(world.core.handle(input, world.now).unwrap().undo);
    }
    world.core.take_back(undo);
    assert_eq!(format!("{:?}", world.core.state()), before);
}
