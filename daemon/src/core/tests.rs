//! Tests of the rules, by their names, on one small world.

mod account;
mod conversion;
mod library;
mod model;
mod paging;
mod queue;
mod roots;
mod switches;
pub(crate) mod table;
mod titles;
mod vanishing;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use vodpost_protocol::account::{AccountKind, DocumentKind};
use vodpost_protocol::event::EventKind;
use vodpost_protocol::ids::{Label, VideoId};
use vodpost_protocol::posting::PostingState;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::status::SettingOrigin;
use vodpost_protocol::time::Timestamp;
use vodpost_protocol::video::Switch;

use super::Core;
use super::account::SealedSubmission;
use super::actor::Actor;
use super::artifact::{Artifact, Assignment, Form, PublicState, WorkerReport};
use super::effect::Effect;
use super::group::base_name;
use super::input::{Command, Found, FoundFile, Input, RootScan, Scan};
use super::media::{FileIdentity, MediaInfo};
use super::posting::{self, Posting};
use super::roots::AddedRoot;
use super::state::{Change, Settings, State};
use super::testing::mp4;
use super::transaction::{Dice, Outcome};
use super::video::{Unusable, Video};

struct CountingDice(u64);

impl Dice for CountingDice {
    fn video_bits(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }

    fn token_bits(&mut self) -> u128 {
        self.0 += 1;
        self.0.into()
    }
}

/// A file of the pretended disk.
#[derive(Clone)]
struct DiskFile {
    ino: u64,
    mtime_ns: i64,
    media: Result<MediaInfo, Unusable>,
}

/// The core with a pretended disk, a clock that is turned by hand, and everything it ever decided.
struct World {
    core: Core,
    now: Timestamp,
    disk: HashMap<PathBuf, DiskFile>,
    root_error: Option<String>,
    next_ino: u64,
    events: Vec<EventKind>,
    effects: Vec<Effect>,
    /// The durable records, as a disk would have them.
    records: Vec<Change>,
}

const ROOT: &str = "/library";
const DEVICE: u64 = 1;

fn admin() -> Actor {
    Actor::user(1000, "ann")
}

fn settings() -> Settings {
    Settings {
        conversion_deadline: Duration::from_secs(4 * 3600),
        missing_grace: Duration::from_secs(24 * 3600),
        four_eyes: false,
        events_kept: 1000,
        workers: 1,
        retries: 4,
        list_postings: true,
        roots: vec![Arc::from(Path::new(ROOT))],
        roots_origin: SettingOrigin::Arguments,
        state_dir: "/state".into(),
    }
}

fn label(text: &str) -> Label {
    text.parse().unwrap()
}

impl World {
    fn empty() -> Self {
        Self {
            core: Core::new(State::default(), settings(), Box::new(CountingDice(0))),
            now: Timestamp::from_millis(1_800_000_000_000),
            disk: HashMap::new(),
            root_error: None,
            next_ino: 100,
            events: Vec::new(),
            effects: Vec::new(),
            records: Vec::new(),
        }
    }

    /// Verified, activated, and one video `talk.mp4` whose index lies last.
    fn ready() -> Self {
        let mut world = Self::empty();
        world.verify();
        world.command(Command::Activate).unwrap();
        world.write("talk.mp4", Ok(mp4(4_000_000, 1080)));
        world.scan();
        world
    }

    /// As [`World::ready`], with a live posting.
    fn live() -> Self {
        let mut world = Self::ready();
        world.generate("talk").unwrap();
        world.finish_work();
        assert_eq!(world.state_of("talk"), [PostingState::Live]);
        world
    }

    fn verify(&mut self) {
        self.command(Command::Submit(Box::new(self.submission(AccountKind::Individual)))).unwrap();
        self.command(Command::Approve).unwrap();
    }

    fn submission(&self, kind: AccountKind) -> SealedSubmission {
        SealedSubmission {
            kind,
            name: "Li Lei".into(),
            document: DocumentKind::Other,
            number_masked: "***".into(),
            number_sealed: vec![1],
            contact: None,
            at: self.now,
            by: admin(),
        }
    }

    fn write(&mut self, path: &str, media: Result<MediaInfo, Unusable>) {
        self.next_ino += 1;
        self.disk.insert(
            path.into(),
            DiskFile { ino: self.next_ino, mtime_ns: self.next_ino.try_into().unwrap(), media },
        );
    }

    fn rename(&mut self, from: &str, to: &str) {
        let file = self.disk.remove(Path::new(from)).unwrap();
        self.disk.insert(to.into(), file);
    }

    fn remove(&mut self, path: &str) {
        self.disk.remove(Path::new(path)).unwrap();
    }

    fn found(&self) -> (Found, HashMap<FileIdentity, Result<MediaInfo, Unusable>>) {
        let mut found = Found { devices: [DEVICE].into(), ..Found::default() };
        let mut probed = HashMap::new();
        for (path, file) in &self.disk {
            let name = path.file_name().unwrap().to_owned();
            let Some(base) = base_name(&name) else { continue };
            let identity =
                FileIdentity { dev: DEVICE, ino: file.ino, size_bytes: 1000, mtime_ns: file.mtime_ns };
            probed.insert(identity, file.media.clone());
            found.files.push(FoundFile {
                folder: path.parent().unwrap().into(),
                name,
                base: base.into(),
                identity,
            });
        }
        (found, probed)
    }

    fn scan(&mut self) {
        let (found, probed) = self.found();
        let found = match &self.root_error {
            Some(error) => Err(error.clone()),
            None => Ok(found),
        };
        self.scan_as(found, probed);
    }

    fn scan_as(
        &mut self,
        found: Result<Found, String>,
        probed: HashMap<FileIdentity, Result<MediaInfo, Unusable>>,
    ) {
        self.scan_of(self.now, found, probed);
    }

    fn scan_of(
        &mut self,
        began_at: Timestamp,
        found: Result<Found, String>,
        probed: HashMap<FileIdentity, Result<MediaInfo, Unusable>>,
    ) {
        let roots = vec![RootScan { root: Arc::from(Path::new(ROOT)), found }];
        self.input(Input::Scanned(Scan { began_at, roots, probed })).unwrap();
    }

    fn input(&mut self, input: Input) -> Result<(), Refusal> {
        let Outcome { changes, effects, .. } = self.core.handle(input, self.now)?;
        for change in &changes {
            if let Change::Event(event) = change {
                self.events.push(event.what);
            }
        }
        self.records.extend(changes);
        self.effects.extend(effects);
        Ok(())
    }

    fn command(&mut self, command: Command) -> Result<(), Refusal> {
        self.input(Input::Command { actor: admin(), command })
    }

    fn generate(&mut self, title: &str) -> Result<(), Refusal> {
        let video = self.id(title);
        self.command(Command::Generate { video, label: Label::default() })
    }

    /// The assignments that were given out and not looked at yet.
    fn assignments(&mut self) -> Vec<Assignment> {
        let effects = std::mem::take(&mut self.effects);
        let (given, others): (Vec<_>, Vec<_>) =
            effects.into_iter().partition(|effect| matches!(effect, Effect::StartConversion(_)));
        self.effects = others;
        given
            .into_iter()
            .filter_map(
                |effect| if let Effect::StartConversion(given) = effect { Some(*given) } else { None },
            )
            .collect()
    }

    /// How often the rules asked for a look at the library since this was asked last.
    fn looks_wanted(&mut self) -> usize {
        let before = self.effects.len();
        self.effects.retain(|effect| *effect != Effect::Scan);
        before - self.effects.len()
    }

    /// Does everything that was assigned, as workers would.
    fn finish_work(&mut self) {
        loop {
            let given = self.assignments();
            if given.is_empty() {
                return;
            }
            for assignment in given {
                self.report_ready(&assignment);
            }
        }
    }

    fn report_ready(&mut self, assignment: &Assignment) {
        let form = if assignment.plan.needs_worker() {
            let name = format!("{}-{}.mp4", assignment.job.video, assignment.job.attempt);
            Form::File { name: name.into(), identity: assignment.identity.into() }
        } else {
            Form::Relocated
        };
        let artifact =
            Artifact { form, source: assignment.identity, duration_ms: 10_000, width: 1920, height: 1080 };
        let done = assignment.plan.clone();
        self.input(Input::Worker(WorkerReport::Ready { job: assignment.job, artifact, done })).unwrap();
    }

    /// As if the root had not been in the configuration.
    fn root_was_added(&mut self) {
        let paths = std::mem::take(&mut self.core.settings.roots);
        let added = |path| AddedRoot { path, at: self.now, by: admin() };
        self.core.state.apply(Change::Roots(paths.into_iter().map(added).collect()));
    }

    /// Moves the clock and lets the rules notice.
    fn pass(&mut self, span: Duration) {
        self.now = self.now.after(span);
        self.input(Input::Tick).unwrap();
    }

    /// Ends the daemon without a word and starts it from its records.
    fn crash(&mut self) {
        let mut state = State::default();
        for record in &self.records {
            state.apply(record.clone());
        }
        self.core = Core::new(state, settings(), Box::new(CountingDice(1_000_000)));
        self.effects.clear();
        self.input(Input::Started).unwrap();
    }

    /// The newest video of this title.
    fn video(&self, title: &str) -> &Video {
        let videos = self.core.state().videos();
        videos
            .filter(|video| video.title() == title)
            .max_by_key(|video| (!video.is_deleted(), video.id))
            .unwrap()
    }

    fn id(&self, title: &str) -> VideoId {
        self.video(title).id
    }

    fn postings(&self, title: &str) -> Vec<Posting> {
        self.core.state().postings_of(self.id(title)).cloned().collect()
    }

    fn state_of(&self, title: &str) -> Vec<PostingState> {
        let video = self.video(title);
        let postings = self.core.state().postings_of(video.id);
        postings.map(|posting| posting::state(&posting::causes(video, posting))).collect()
    }

    fn public(&self, title: &str) -> Vec<PublicState> {
        let publications = self.core.publications(self.id(title), &Path::new("/artifacts").into());
        publications.into_iter().map(|publication| publication.state).collect()
    }
}

#[test]
fn s1_a_batch_that_the_disk_refuses_leaves_no_trace() {
    let mut world = World::live();
    let before = format!("{:?}", world.core.state());
    let video = world.id("talk");
    let commands = [
        Command::SetSource { video, switch: vodpost_protocol::video::Switch::Off },
        Command::Generate { video, label: label("second") },
        Command::DeleteSource { video, keep_files: false },
    ];
    let mut undo = Vec::new();
    for command in commands {
        let input = Input::Command { actor: admin(), command };
        if let Ok(outcome) = world.core.handle(input, world.now) {
            undo.extend(outcome.undo);
        }
    }
    assert_ne!(format!("{:?}", world.core.state()), before);
    world.core.take_back(undo);
    assert_eq!(format!("{:?}", world.core.state()), before);
}

#[test]
fn s1_a_refused_command_leaves_no_trace() {
    let mut world = World::ready();
    let before = format!("{:?}", world.core.state());
    let video = world.id("talk");
    assert!(world.command(Command::Retry { video }).is_err());
    assert_eq!(format!("{:?}", world.core.state()), before);
}

#[test]
fn s2_events_are_numbered_without_gaps() {
    let mut world = World::live();
    world.scan();
    let seqs: Vec<u64> = world
        .records
        .iter()
        .filter_map(|change| if let Change::Event(event) = change { Some(event.seq) } else { None })
        .collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
}

#[test]
fn s2_as_many_events_are_kept_as_configured_and_the_oldest_is_known() {
    let mut world = World::live();
    world.core.settings.events_kept = 5;
    let video = world.id("talk");
    for switch in [Switch::Off, Switch::On, Switch::Off, Switch::On] {
        world.command(Command::SetSource { video, switch }).unwrap();
    }
    let state = world.core.state();
    assert_eq!(state.last_seq() - state.oldest_seq() + 1, 5);
    let before = format!("{state:?}");
    let command = Command::SetSource { video, switch: Switch::Off };
    let outcome = world.core.handle(Input::Command { actor: admin(), command }, world.now).unwrap();
    world.core.take_back(outcome.undo);
    assert_eq!(format!("{:?}", world.core.state()), before);
}
