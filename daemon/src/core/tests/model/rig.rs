//! Carries a step out on the code and on the reference: a pretended disk and workers that may report late.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use vodpost_protocol::ids::VideoId;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::status::SettingOrigin;
use vodpost_protocol::time::Timestamp;

use super::super::super::Core;
use super::super::super::actor::Actor;
use super::super::super::artifact::{
    Artifact, Assignment, Chance, Failure, Form, JobId, PublicState, Publication, WorkerReport,
};
use super::super::super::effect::Effect;
use super::super::super::input::{Command, Input, Usage};
use super::super::super::media::FileIdentity;
use super::super::super::queue::Machine;
use super::super::super::state::{Change, Loader, Settings, State, Undo};
use super::super::super::transaction::Outcome;
use super::super::ROOT;
use super::check::source_of;
use super::commands::user;
use super::reference::{
    Account, Answer, Bytes, Conversion, DEADLINE, File, GRACE, RETRIES, Reference, Source,
};
use super::steps::{Rng, Step, Work};

pub(super) const ARTIFACTS: &str = "/artifacts";

/// Everything besides the core that a batch changes, so that it can be put back.
#[derive(Clone)]
pub(super) struct Around {
    pub(super) reference: Reference,
    /// What runs, by video.
    pub(super) jobs: BTreeMap<VideoId, Assignment>,
    /// Workers that were stopped, ended, or died with the daemon.
    pub(super) late: Vec<Assignment>,
    /// The files in the artifact folder and the bytes they were made of.
    pub(super) artifacts: BTreeMap<String, Bytes>,
    pub(super) disk: BTreeMap<File, Bytes>,
    pub(super) last_seq: u64,
    /// The number of the disk's device when it was last looked at.
    pub(super) seen_device: u64,
    /// As a disk would have them.
    pub(super) records: Vec<Change>,
}

/// What was before an input.
pub(super) struct Before {
    pub(super) publications: BTreeMap<VideoId, Vec<Publication>>,
    /// The source of each video, and whether there was an order.
    pub(super) videos: BTreeMap<VideoId, (Source, bool)>,
}

pub(super) struct Rig {
    pub(super) core: Core,
    /// Built of the records alone, change by change.
    pub(super) shadow: State,
    pub(super) settings: Settings,
    pub(super) around: Around,
    pub(super) rng: Rng,
    pub(super) device: u64,
    pub(super) next_bytes: Bytes,
    pub(super) root_error: bool,
    pub(super) unmounted: bool,
    pub(super) folder_error: bool,
    pub(super) settling: BTreeSet<usize>,
    /// Whether the disk has room for artifacts.
    pub(super) machine: Machine,
    /// When the core asked for a look at the library last, or was started, after which there is one anyway.
    pub(super) look_asked_at: Option<Timestamp>,
    /// Looks come one after the other.
    pub(super) look_began_at: Timestamp,
    /// While a batch is made: how to take it back.
    batch: Option<(Vec<Undo>, Vec<Undo>)>,
}

impl Rig {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0x5EED);
        let settings = Settings {
            conversion_deadline: DEADLINE,
            missing_grace: GRACE,
            four_eyes: rng.below(4) == 0,
            events_kept: 1 + rng.below(20),
            workers: 1 + usize::try_from(rng.below(2)).unwrap(),
            retries: RETRIES,
            list_postings: true,
            roots: vec![Arc::from(Path::new(ROOT))],
            roots_origin: SettingOrigin::Arguments,
            state_dir: "/state".into(),
        };
        let reference = Reference {
            now: Timestamp::from_millis(1_800_000_000_000),
            account: Account { four_eyes: settings.four_eyes, ..Account::default() },
            ..Reference::default()
        };
        let core = Core::new(State::default(), settings.clone(), Box::new(Rng::new(seed ^ 0xD1CE)));
        Self {
            core,
            shadow: State::default(),
            settings,
            around: Around {
                reference,
                jobs: BTreeMap::new(),
                late: Vec::new(),
                artifacts: BTreeMap::new(),
                disk: BTreeMap::new(),
                last_seq: 0,
                seen_device: 0,
                records: Vec::new(),
            },
            rng,
            device: 1,
            next_bytes: 100,
            root_error: false,
            unmounted: false,
            folder_error: false,
            settling: BTreeSet::new(),
            machine: Machine::default(),
            look_asked_at: None,
            look_began_at: Timestamp::default(),
            batch: None,
        }
    }

    pub(super) fn finish(&mut self) -> Result<(), String> {
        self.step(&Step::Crash { other_device: false })
    }

    pub(super) fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Video { video, asked } => self.video_command(*video, *asked)?,
            Step::SetPosting { posting, on, all, unknown } => {
                self.set_posting(*posting, *on, *all, *unknown)?
            }
            Step::Account { by, asked } => self.account_command(*by, *asked)?,
            Step::Disk(change) => self.change_disk(*change),
            Step::Scan => self.scan()?,
            Step::Work { job, how } => self.work(*job, *how)?,
            Step::Late { job, ready } => self.report_late(*job, *ready)?,
            Step::Trashed { video, done } => self.trashed(*video, *done)?,
            Step::ArtifactLost { video } => self.lose_artifact(*video)?,
            Step::Usage { posting } => self.usage(*posting)?,
            Step::Pause { on } => self.pause(*on)?,
            Step::Room { short } => self.room(*short)?,
            Step::Pass { minutes, asleep } => self.pass(*minutes, *asleep)?,
            Step::Crash { other_device } => self.crash(*other_device)?,
            Step::NotDurable(steps) => self.not_durable(steps)?,
        }
        self.check()
    }

    /// Gives the input to the core, and compares its answer with that of the reference.
    pub(super) fn give(&mut self, input: Input, expected: Answer) -> Result<(), String> {
        let actor = match &input {
            Input::Command { actor, .. } => actor.clone(),
            Input::Started | Input::Scanned(_) | Input::Worker(_) | Input::Trashed { .. } => Actor::Daemon,
            Input::ArtifactLost { .. } | Input::Usage(_) | Input::EventsExpired { .. } => Actor::Daemon,
            Input::Tick => Actor::Daemon,
        };
        let before = self.before();
        let answer: Result<Outcome, Refusal> = self.core.handle(input, self.around.reference.now);
        match (answer, expected) {
            (Ok(outcome), Ok(())) => {
                self.check_outcome(&outcome, &actor, &before)?;
                self.take_in(outcome)
            }
            // That it changed nothing shows in the comparison with the shadow.
            (Err(refusal), Err(expected)) if refusal.kind() == expected => Ok(()),
            (answer, expected) => {
                let answer = answer.map(|_| ()).map_err(|refusal| refusal.kind());
                Err(format!("the answer is {answer:?}, the rules say {expected:?}"))
            }
        }
    }

    fn before(&self) -> Before {
        let videos = self.core.state().videos();
        let videos = videos.map(|video| (video.id, (source_of(video), video.order().is_some())));
        Before { publications: self.publications(), videos: videos.collect() }
    }

    pub(super) fn publications(&self) -> BTreeMap<VideoId, Vec<Publication>> {
        let ids = self.core.state().videos().map(|video| video.id);
        ids.map(|id| (id, self.core.publications(id, &Arc::from(Path::new(ARTIFACTS))))).collect()
    }

    fn take_in(&mut self, outcome: Outcome) -> Result<(), String> {
        for change in outcome.changes {
            self.around.records.push(change.clone());
            let undo = self.shadow.apply(change);
            if let Some((_, shadow)) = &mut self.batch {
                shadow.push(undo);
            }
        }
        if let Some((core, _)) = &mut self.batch {
            core.extend(outcome.undo);
        }
        for effect in outcome.effects {
            self.carry_out(effect)?;
        }
        Ok(())
    }

    fn carry_out(&mut self, effect: Effect) -> Result<(), String> {
        match effect {
            Effect::StartConversion(assignment) => {
                self.check_assignment(&assignment)?;
                if self.around.jobs.insert(assignment.job.video, *assignment).is_some() {
                    return Err("C5: started while it runs already".to_owned());
                }
            }
            Effect::StopConversion(job) => {
                if self.around.jobs.get(&job.video).is_some_and(|running| running.job == job) {
                    let stopped = self.around.jobs.remove(&job.video);
                    self.around.late.extend(stopped);
                }
            }
            Effect::RemoveArtifact(name) => {
                self.around.artifacts.remove(&name);
            }
            Effect::RemovePoster(job) => {
                let publications = self.core.publications(job.video, &Arc::from(Path::new(ARTIFACTS)));
                let is_of_job = |publication: &Publication| match &publication.state {
                    PublicState::Live(served) => served.job() == job,
                    PublicState::Suspended | PublicState::Pending | PublicState::Invalid => false,
                };
                if publications.iter().any(is_of_job) {
                    return Err(format!("{job:?} is live and lost its poster"));
                }
            }
            Effect::Scan => self.look_asked_at = Some(self.around.reference.now),
            // The trash is answered by a step of its own; announcements are checked with the outcome.
            Effect::Trash { .. } | Effect::Announce(_) | Effect::Library(_) => {}
        }
        Ok(())
    }

    fn artifact(&mut self, given: &Assignment, of: FileIdentity) -> Artifact {
        let form = if given.plan.needs_worker() {
            let name = format!("{}-{}.mp4", given.job.video, given.job.attempt);
            self.around.artifacts.insert(name.clone(), of.ino);
            let identity = FileIdentity { ino: of.ino + 1_000_000, ..of };
            Form::File { name: name.into(), identity: identity.into() }
        } else {
            Form::Relocated
        };
        Artifact { form, source: of, duration_ms: 10_000, width: 1280, height: 720 }
    }

    fn index_of(&self, id: VideoId) -> usize {
        self.around.reference.videos.iter().rposition(|video| video.id == id).unwrap()
    }

    fn work(&mut self, number: u8, how: Work) -> Result<(), String> {
        let jobs = &self.around.jobs;
        let Some(id) = jobs.keys().nth(usize::from(number) % jobs.len().max(1)).copied() else {
            return Ok(());
        };
        let given = self.around.jobs.remove(&id).unwrap();
        self.around.late.push(given.clone());
        let at = self.index_of(id);
        let report = match how {
            Work::Failed => {
                self.around.reference.fail(at).unwrap();
                failed(given.job, Chance::Lasting)
            }
            Work::SetBack => {
                self.around.reference.set_back(at);
                failed(given.job, Chance::MayPass)
            }
            Work::Ready => {
                // After a restart the device may have another number, in which case it is made again.
                let same = self.around.reference.videos[at].made_of() == Some(given.identity.ino);
                let known = self.core.state().video(id).unwrap().order().unwrap().identity;
                if same && known == given.identity {
                    self.around.reference.ready(at);
                }
                WorkerReport::Ready {
                    job: given.job,
                    artifact: self.artifact(&given, given.identity),
                    done: given.plan.clone(),
                }
            }
            Work::OtherSource => {
                let of = FileIdentity { ino: 99, ..given.identity };
                WorkerReport::Ready {
                    job: given.job,
                    artifact: self.artifact(&given, of),
                    done: given.plan.clone(),
                }
            }
        };
        self.give(Input::Worker(report), Ok(()))
    }

    /// Changes nothing, whatever it says.
    fn report_late(&mut self, number: u8, ready: bool) -> Result<(), String> {
        let late = &self.around.late;
        let Some(given) = late.get(usize::from(number) % late.len().max(1)).cloned() else { return Ok(()) };
        let report = if ready {
            WorkerReport::Ready {
                job: given.job,
                artifact: self.artifact(&given, given.identity),
                done: given.plan.clone(),
            }
        } else {
            failed(given.job, Chance::Lasting)
        };
        self.give(Input::Worker(report), Ok(()))
    }

    fn pause(&mut self, on: bool) -> Result<(), String> {
        self.around.reference.paused = on;
        let command = if on { Command::PauseQueue } else { Command::ResumeQueue };
        self.give(Input::Command { actor: user(0), command }, Ok(()))
    }

    /// The rules are told before the next input, and look again by themselves within a minute.
    fn room(&mut self, short: bool) -> Result<(), String> {
        self.machine = Machine { room_bytes: Some(if short { 0 } else { 1 << 40 }) };
        self.core.observe(self.machine);
        self.pass(1, false)
    }

    fn trashed(&mut self, number: u8, done: bool) -> Result<(), String> {
        let Some(at) = self.video_at(number | 1) else { return Ok(()) };
        let now = self.around.reference.now;
        let video = &mut self.around.reference.videos[at];
        let result = if done { Ok(()) } else { Err("read-only".to_owned()) };
        if done && matches!(video.source, Source::Deleted { trashing: true, .. }) {
            video.source = Source::Deleted { hidden: false, trashing: false };
            video.trashed_at = Some(now);
            for (file, bytes) in &video.files {
                if self.around.disk.get(file) == Some(bytes) {
                    self.around.disk.remove(file);
                }
            }
        }
        let video = video.id;
        self.give(Input::Trashed { video, result }, Ok(()))
    }

    /// Somebody removed the converted file.
    fn lose_artifact(&mut self, number: u8) -> Result<(), String> {
        let Some(at) = self.video_at(number) else { return Ok(()) };
        self.around.reference.remake(at);
        let video = self.around.reference.videos[at].id;
        self.give(Input::ArtifactLost { video }, Ok(()))
    }

    fn usage(&mut self, number: u8) -> Result<(), String> {
        let Some((at, posting)) = self.posting_at(number) else { return Ok(()) };
        let posting = &mut self.around.reference.videos[at].postings[posting];
        posting.views += 2;
        let token = posting.token.unwrap();
        let referrers = Vec::new();
        self.give(Input::Usage(vec![Usage { token, views: 2, bytes: 10, watched: true, referrers }]), Ok(()))
    }

    /// The daemon ticks whenever something is due; one that was asleep finds all of it due at once.
    fn pass(&mut self, minutes: u64, asleep: bool) -> Result<(), String> {
        let end = self.around.reference.now.after(Duration::from_secs(minutes * 60));
        while let Some(due) = self.next_tick().filter(|due| *due <= end) {
            let now = if asleep { end } else { due.max(self.around.reference.now) };
            self.around.reference.now = now;
            let Around { reference, jobs, .. } = &mut self.around;
            reference.tick(&|id| jobs.contains_key(&id));
            self.give(Input::Tick, Ok(()))?;
            self.check()?;
            // Mostly somebody looks when asked.
            if self.look_asked_at == Some(now) && self.rng.below(4) > 0 {
                self.scan()?;
                self.check()?;
            }
        }
        self.around.reference.now = end;
        self.give(Input::Tick, Ok(()))
    }

    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.around.reference.next_due(&|id| self.around.jobs.contains_key(&id))
    }

    /// When the daemon would tick: also when somebody has to look.
    fn next_tick(&self) -> Option<Timestamp> {
        let asked = |over_at: &Timestamp| self.look_asked_at.is_some_and(|asked_at| asked_at >= *over_at);
        let looks = self.around.reference.graces().filter(|over_at| !asked(over_at));
        self.next_due().into_iter().chain(looks).min()
    }

    fn crash(&mut self, other_device: bool) -> Result<(), String> {
        let rebuilt = |records: &[Change]| {
            let mut loader = Loader::default();
            for record in records {
                loader.take(record.clone());
            }
            loader.finish()
        };
        let (state, shadow) = (rebuilt(&self.around.records), rebuilt(&self.around.records));
        self.check_same(self.core.state(), &state).map_err(|what| format!("S1: after a restart {what}"))?;
        self.shadow = shadow;
        self.core = Core::new(state, self.settings.clone(), Box::new(Rng::new(self.rng.next())));
        self.core.observe(self.machine);
        let jobs = std::mem::take(&mut self.around.jobs);
        self.around.late.extend(jobs.into_values());
        // What nothing refers to is swept at the start.
        let kept = self.referenced();
        self.around.artifacts.retain(|name, _| kept.contains(name));
        self.device += u64::from(other_device);
        self.look_asked_at = Some(self.around.reference.now);
        // No look of the daemon before tells anything any more.
        self.around.reference.videos.iter_mut().for_each(|video| video.trashed_at = None);
        self.give(Input::Started, Ok(()))
    }

    fn referenced(&self) -> BTreeSet<String> {
        let artifacts = self.core.state().videos().filter_map(|video| video.artifact());
        let names = artifacts.filter_map(|artifact| match &artifact.form {
            Form::File { name, .. } => Some(name.to_string()),
            Form::AsIs | Form::Relocated => None,
        });
        names.collect()
    }

    /// S1: decided, refused by the disk, and taken back as a whole.
    fn not_durable(&mut self, steps: &[Step]) -> Result<(), String> {
        let before = self.around.clone();
        self.batch = Some((Vec::new(), Vec::new()));
        for step in steps {
            self.step(step).map_err(|broken| format!("{step:?}: {broken}"))?;
        }
        let (core, shadow) = self.batch.take().unwrap();
        self.core.take_back(core);
        for undo in shadow.into_iter().rev() {
            self.shadow.undo(undo);
        }
        self.around = before;
        let mut state = State::default();
        for record in &self.around.records {
            state.apply(record.clone());
        }
        self.check_same(self.core.state(), &state).map_err(|what| format!("S1: after taking back, {what}"))
    }

    /// The conversion of a video as the reference has it.
    pub(super) fn expected(&self, id: VideoId) -> &Conversion {
        &self.around.reference.videos[self.index_of(id)].conversion
    }
}

fn failed(job: JobId, chance: Chance) -> WorkerReport {
    WorkerReport::Failed { job, failure: Failure::plain("no space".into()), chance }
}
