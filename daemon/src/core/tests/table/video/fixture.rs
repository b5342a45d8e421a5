//! Worlds that are driven into each state of a video.

use std::time::Duration;

use vodpost_protocol::conversion::ConversionState;
use vodpost_protocol::ids::VideoId;
use vodpost_protocol::video::Switch;

use super::super::super::super::artifact::{Assignment, Chance, Failure, WorkerReport};
use super::super::super::super::conversion::state_of;
use super::super::super::super::input::{Command, Input};
use super::super::super::super::media::{Container, MediaInfo};
use super::super::super::super::queue::Machine;
use super::super::super::super::video::{self, DeletionKind, MissingCause, Video};
use super::super::super::{DiskFile, World, mp4};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Source {
    Present,
    Vanished,
    RootUnavailable,
    BeingWritten,
    Trashing,
    Trashed,
    Kept,
    GraceOver,
}

impl Source {
    pub(in super::super) const ALL: [Self; 8] = [
        Self::Present,
        Self::Vanished,
        Self::RootUnavailable,
        Self::BeingWritten,
        Self::Trashing,
        Self::Trashed,
        Self::Kept,
        Self::GraceOver,
    ];

    pub(in super::super) fn name(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Vanished => "missing (vanished)",
            Self::RootUnavailable => "missing (root unavailable)",
            Self::BeingWritten => "missing (being written)",
            Self::Trashing => "deleted (trashing)",
            Self::Trashed => "deleted (trashed)",
            Self::Kept => "deleted (kept)",
            Self::GraceOver => "deleted (grace over)",
        }
    }

    pub(super) fn of(video: &Video) -> Self {
        match &video.source {
            video::Source::Present => Self::Present,
            video::Source::Missing { cause: MissingCause::Vanished, .. } => Self::Vanished,
            video::Source::Missing { cause: MissingCause::RootUnavailable(_), .. } => Self::RootUnavailable,
            video::Source::Missing { cause: MissingCause::BeingWritten, .. } => Self::BeingWritten,
            video::Source::Deleted(deletion) => match deletion.how {
                DeletionKind::Trashing => Self::Trashing,
                DeletionKind::Trashed => Self::Trashed,
                DeletionKind::FilesKept => Self::Kept,
                DeletionKind::GraceOver => Self::GraceOver,
            },
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Conversion {
    None,
    Queued,
    /// The queue is paused.
    Paused,
    /// It failed for a cause that may pass.
    Held,
    /// The disk has no room for what comes of it.
    ShortOfRoom,
    Running,
    Failed,
    Ready,
}

impl Conversion {
    pub(in super::super) const ALL: [Self; 8] = [
        Self::None,
        Self::Queued,
        Self::Paused,
        Self::Held,
        Self::ShortOfRoom,
        Self::Running,
        Self::Failed,
        Self::Ready,
    ];

    pub(in super::super) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Queued => "queued",
            Self::Paused => "queued, paused",
            Self::Held => "queued, held",
            Self::ShortOfRoom => "queued, no room",
            Self::Running => "running",
            Self::Failed => "failed",
            Self::Ready => "ready",
        }
    }

    pub(super) fn of(video: &Video, paused: bool) -> Self {
        if let video::Conversion::Queued(waiting) = &video.conversion {
            return match (waiting.hold.is_some(), waiting.short_of_room) {
                (true, _) => Self::Held,
                (false, true) => Self::ShortOfRoom,
                (false, false) if paused => Self::Paused,
                (false, false) => Self::Queued,
            };
        }
        match state_of(&video.conversion) {
            ConversionState::None => Self::None,
            ConversionState::Queued => Self::Queued,
            ConversionState::Running => Self::Running,
            ConversionState::Failed => Self::Failed,
            ConversionState::Ready => Self::Ready,
        }
    }
}

/// A state of the video `talk`, whose only file needs a worker.
#[derive(Clone, Copy)]
pub(in super::super) struct Fixture {
    pub(in super::super) source: Source,
    pub(in super::super) switch: Switch,
    pub(in super::super) conversion: Conversion,
    /// Whether it has a URL already.
    pub(in super::super) url: bool,
    /// The switch of that URL.
    pub(in super::super) posting: Switch,
}

pub(in super::super) struct Built {
    pub(in super::super) world: World,
    pub(in super::super) id: VideoId,
    /// Its file, wherever that is now.
    pub(super) file: DiskFile,
    /// What was assigned last for it.
    pub(super) assignment: Option<Assignment>,
}

pub(super) const FILE: &str = "talk.mkv";

pub(super) fn heavy() -> MediaInfo {
    mp4(1_000_000, 720).with(|format| format.container = Container::Other("matroska".into()))
}

impl Fixture {
    /// A world in this state; `None` where no row of inputs leads to it.
    pub(in super::super) fn build(self) -> Option<Built> {
        if !self.is_reachable() {
            return None;
        }
        let mut world = World::empty();
        world.verify();
        world.command(Command::Activate).unwrap();
        // Something else is in the root, so that it is never empty.
        world.write("other.mkv", Ok(heavy()));
        world.write(FILE, Ok(heavy()));
        world.scan();
        let id = world.id("talk");
        let assignment = self.convert(&mut world, id);
        let file = world.disk[std::path::Path::new(FILE)].clone();
        let mut built = Built { world, id, file, assignment };
        self.set_switches(&mut built);
        self.set_source(&mut built);
        self.assert_reached(&built);
        Some(built)
    }

    fn is_reachable(self) -> bool {
        let conversion_fits = match self.source {
            Source::Present => true,
            // What ran is stopped and queued again; what waits for the queue or for room does so when it is back.
            Source::Vanished | Source::RootUnavailable | Source::BeingWritten => match self.conversion {
                Conversion::Running | Conversion::Paused | Conversion::ShortOfRoom => false,
                Conversion::None | Conversion::Queued | Conversion::Held => true,
                Conversion::Failed | Conversion::Ready => true,
            },
            // What was made or ordered is given up.
            Source::Trashing | Source::Trashed | Source::Kept => self.conversion == Conversion::None,
            // A video without a URL is forgotten instead.
            Source::GraceOver => self.conversion == Conversion::None && self.url,
        };
        // A URL is born of a conversion, and a replaced file is converted anew at once.
        let url_fits = match (self.conversion, self.source) {
            (
                Conversion::None,
                Source::Present | Source::Vanished | Source::RootUnavailable | Source::BeingWritten,
            ) => !self.url,
            (Conversion::None, Source::Trashing | Source::Trashed | Source::Kept | Source::GraceOver)
            | (Conversion::Queued | Conversion::Paused | Conversion::Held | Conversion::ShortOfRoom, _)
            | (Conversion::Running | Conversion::Failed | Conversion::Ready, _) => true,
        };
        conversion_fits && url_fits && (self.url || self.posting == Switch::On)
    }

    /// Brings the conversion about; where the source will be missing, `Queued` comes of `Running`.
    fn convert(self, world: &mut World, id: VideoId) -> Option<Assignment> {
        let mut assignment = None;
        if self.url {
            world.generate("talk").unwrap();
            assignment = take(world, id);
            world.report_ready(assignment.as_ref().unwrap());
        }
        if self.conversion == Conversion::Queued && self.source == Source::Present {
            world.generate("other").unwrap();
            world.now = world.now.after(Duration::from_secs(60));
        }
        match self.conversion {
            Conversion::Paused => world.command(Command::PauseQueue).unwrap(),
            Conversion::ShortOfRoom => world.core.observe(Machine { room_bytes: Some(0) }),
            Conversion::None | Conversion::Queued | Conversion::Held => {}
            Conversion::Running | Conversion::Failed | Conversion::Ready => {}
        }
        match (self.conversion, self.url) {
            (Conversion::None, _) | (Conversion::Ready, true) => return assignment,
            (Conversion::Ready, false) => {
                world.generate("talk").unwrap();
                world.command(Command::Revoke { reason: "expired".into() }).unwrap();
                let given = take(world, id).unwrap();
                world.report_ready(&given);
                world.verify();
                return Some(given);
            }
            (
                Conversion::Queued
                | Conversion::Paused
                | Conversion::Held
                | Conversion::ShortOfRoom
                | Conversion::Running
                | Conversion::Failed,
                true,
            ) => {
                world.write(FILE, Ok(heavy()));
                world.scan();
            }
            (
                Conversion::Queued
                | Conversion::Paused
                | Conversion::Held
                | Conversion::ShortOfRoom
                | Conversion::Running
                | Conversion::Failed,
                false,
            ) => {
                world.generate("talk").unwrap();
            }
        }
        let assignment = take(world, id).or(assignment);
        let chance = match self.conversion {
            Conversion::Failed => Some(Chance::Lasting),
            Conversion::Held => Some(Chance::MayPass),
            Conversion::None | Conversion::Queued | Conversion::Paused | Conversion::ShortOfRoom => None,
            Conversion::Running | Conversion::Ready => None,
        };
        if let Some(chance) = chance {
            let job = assignment.as_ref().unwrap().job;
            world.input(Input::Worker(WorkerReport::Failed { job, failure: failure(), chance })).unwrap();
        }
        assignment
    }

    fn set_switches(self, built: &mut Built) {
        let Built { world, id, .. } = built;
        if self.posting == Switch::Off {
            let tokens = world.core.state().postings_of(*id).map(|posting| posting.token).collect();
            world.command(Command::SetPostings { video: *id, tokens, switch: Switch::Off }).unwrap();
        }
        world.command(Command::SetSource { video: *id, switch: self.switch }).unwrap();
    }

    fn set_source(self, built: &mut Built) {
        let Built { world, id, .. } = built;
        match self.source {
            Source::Present => {}
            Source::Vanished | Source::GraceOver => {
                world.remove(FILE);
                world.scan();
            }
            Source::RootUnavailable => {
                world.root_error = Some("input/output error".into());
                world.scan();
            }
            Source::BeingWritten => {
                let (mut found, probed) = world.found();
                found.files.retain(|file| *file.base != *"talk");
                found.settling.push(("".into(), "talk".into()));
                world.scan_as(Ok(found), probed);
            }
            Source::Trashing | Source::Trashed | Source::Kept => {
                let keep_files = self.source == Source::Kept;
                world.command(Command::DeleteSource { video: *id, keep_files }).unwrap();
            }
        }
        if self.source == Source::Trashed {
            world.remove(FILE);
            world.input(Input::Trashed { video: *id, result: Ok(()) }).unwrap();
        }
        if self.source == Source::GraceOver {
            world.pass(Duration::from_secs(24 * 3600));
            world.scan();
        }
    }

    fn assert_reached(self, built: &Built) {
        let video = built.world.core.state().video(built.id).unwrap();
        let postings: Vec<Switch> =
            built.world.core.state().postings_of(built.id).map(|posting| posting.switch).collect();
        assert_eq!(Source::of(video).name(), self.source.name());
        let paused = built.world.core.state().queue().paused.is_some();
        assert_eq!(Conversion::of(video, paused).name(), self.conversion.name());
        assert_eq!(video.switch, self.switch);
        assert_eq!(postings, if self.url { vec![self.posting] } else { Vec::new() });
    }
}

pub(super) fn failure() -> Failure {
    Failure { reason: "no space".into(), output: String::new() }
}

/// The newest assignment for this video.
fn take(world: &mut World, id: VideoId) -> Option<Assignment> {
    world.assignments().into_iter().rfind(|given| given.job.video == id)
}
