//! Everything that can happen to a video, and what became of it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use vodpost_protocol::ids::Label;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::video::Switch;

use super::super::super::super::artifact::{Chance, JobId, Progress, WorkerReport};
use super::super::super::super::input::{Command, Input, Usage};
use super::super::super::super::queue::LAST_WORD;
use super::super::super::super::video::Unusable;
use super::super::super::{ROOT, World, label};
use super::fixture::{Built, Conversion, FILE, Source, failure, heavy};

const GRACE: Duration = Duration::from_secs(24 * 3600);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Given {
    GenerateAgain,
    GenerateNew,
    Retry,
    Cancel,
    SuspendPosting,
    ResumePosting,
    UnlistPosting,
    ListPosting,
    PauseQueue,
    ResumeQueue,
    SuspendSource,
    ResumeSource,
    Delete,
    DeleteKeeping,
    RootRemoved,
    FoundSame,
    FoundChanged,
    FoundUnusable,
    FoundElsewhere,
    FoundGone,
    RootUnreadable,
    Overwritten,
    SiblingSettling,
    WorkerReady,
    WorkerReadyLate,
    WorkerFailed,
    WorkerFailedLate,
    WorkerMayPass,
    WorkerProgress,
    Trashed,
    TrashFailed,
    ArtifactLost,
    UrlUsed,
    EventsExpired,
    NothingDue,
    DeadlinePassed,
    GracePassed,
    GraceLookGone,
    GraceLookBack,
    GraceLookUnreadable,
    Restart,
}

impl Given {
    pub(super) const ALL: [Self; 41] = [
        Self::GenerateAgain,
        Self::GenerateNew,
        Self::Retry,
        Self::Cancel,
        Self::SuspendPosting,
        Self::ResumePosting,
        Self::UnlistPosting,
        Self::ListPosting,
        Self::PauseQueue,
        Self::ResumeQueue,
        Self::SuspendSource,
        Self::ResumeSource,
        Self::Delete,
        Self::DeleteKeeping,
        Self::RootRemoved,
        Self::FoundSame,
        Self::FoundChanged,
        Self::FoundUnusable,
        Self::FoundElsewhere,
        Self::FoundGone,
        Self::RootUnreadable,
        Self::Overwritten,
        Self::SiblingSettling,
        Self::WorkerReady,
        Self::WorkerReadyLate,
        Self::WorkerFailed,
        Self::WorkerFailedLate,
        Self::WorkerMayPass,
        Self::WorkerProgress,
        Self::Trashed,
        Self::TrashFailed,
        Self::ArtifactLost,
        Self::UrlUsed,
        Self::EventsExpired,
        Self::NothingDue,
        Self::DeadlinePassed,
        Self::GracePassed,
        Self::GraceLookGone,
        Self::GraceLookBack,
        Self::GraceLookUnreadable,
        Self::Restart,
    ];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::GenerateAgain => "Command: generate, with the label of the first URL",
            Self::GenerateNew => "Command: generate, with another label",
            Self::Retry => "Command: retry",
            Self::Cancel => "Command: cancel",
            Self::SuspendPosting => "Command: suspend the URL",
            Self::ResumePosting => "Command: resume the URL",
            Self::UnlistPosting => "Command: hide the URL from the platform",
            Self::ListPosting => "Command: show the URL on the platform",
            Self::PauseQueue => "Command: pause the queue",
            Self::ResumeQueue => "Command: resume the queue",
            Self::SuspendSource => "Command: source suspend",
            Self::ResumeSource => "Command: source resume",
            Self::Delete => "Command: source delete",
            Self::DeleteKeeping => "Command: source delete, keeping the files",
            Self::FoundSame => "Scan: the file is there, unchanged",
            Self::FoundChanged => "Scan: another file is in its place",
            Self::FoundUnusable => "Scan: another file is in its place and cannot be used",
            Self::FoundElsewhere => "Scan: the file is in another place",
            Self::FoundGone => "Scan: the file is nowhere",
            Self::RootUnreadable => "Scan: the root cannot be read",
            Self::RootRemoved => "Command: the root is removed from the library",
            Self::Overwritten => "Scan: the file is being written",
            Self::SiblingSettling => "Scan: the file is there, and a further rendition is being written",
            Self::WorkerReady => "Worker: ready, the attempt under way",
            Self::WorkerReadyLate => "Worker: ready, an earlier attempt",
            Self::WorkerFailed => "Worker: failed, the attempt under way",
            Self::WorkerFailedLate => "Worker: failed, an earlier attempt",
            Self::WorkerMayPass => "Worker: failed for a cause that may pass, the attempt under way",
            Self::WorkerProgress => "Worker: so far, the attempt under way",
            Self::Trashed => "The files are in the trash",
            Self::TrashFailed => "The files could not be moved to the trash",
            Self::ArtifactLost => "The converted file is lost",
            Self::UrlUsed => "The URL was used",
            Self::EventsExpired => "Events are older than they are kept",
            Self::NothingDue => "Time: a minute passes",
            Self::DeadlinePassed => "Time: the deadline of the conversion passes",
            Self::GracePassed => "Time: the grace period passes, and nobody looks",
            Self::GraceLookGone => "Time: the grace period passes, and a look finds the file nowhere",
            Self::GraceLookBack => "Time: the grace period passes, and a look finds the file there again",
            Self::GraceLookUnreadable => "Time: the grace period passes, and the root cannot be read",
            Self::Restart => "The daemon is restarted",
        }
    }

    /// The switch of the URL before the input.
    pub(super) fn posting_before(self) -> Switch {
        if self == Self::ResumePosting { Switch::Off } else { Switch::On }
    }
}

/// What the table compares.
#[derive(PartialEq, Eq)]
struct Seen {
    source: Source,
    switch: Switch,
    conversion: Conversion,
    attempts: u32,
    place: PathBuf,
    postings: Vec<Switch>,
    listed: Vec<bool>,
    videos: usize,
}

/// `None` when the video is not known any more.
fn seen(built: &Built) -> Option<Seen> {
    let state = built.world.core.state();
    let video = state.video(built.id)?;
    let paused = state.queue().paused.is_some();
    Some(Seen {
        source: Source::of(video),
        switch: video.switch,
        conversion: Conversion::of(video, paused),
        attempts: video.attempts,
        place: video.place.folder.to_path_buf(),
        postings: state.postings_of(built.id).map(|posting| posting.switch).collect(),
        listed: state.postings_of(built.id).map(|posting| posting.listed).collect(),
        videos: state.videos().count(),
    })
}

/// What the input makes of the state; `None` where it cannot happen in it.
pub(super) fn outcome(mut built: Built, given: Given) -> Option<String> {
    if given == Given::ListPosting {
        // Where that is refused the table says so.
        drop(set_listed(&mut built, false));
    }
    let before = seen(&built)?;
    if let Err(refusal) = give(&mut built, given)? {
        assert!(seen(&built).as_ref() == Some(&before), "a refused command changed something");
        return Some(format!("refused: {}", refusal.kind()));
    }
    let Some(after) = seen(&built) else { return Some("forgotten".to_owned()) };
    Some(difference(&before, &after))
}

fn difference(before: &Seen, after: &Seen) -> String {
    let mut parts: Vec<String> = Vec::new();
    if before.place != after.place {
        parts.push("moved".to_owned());
    }
    if before.source != after.source {
        parts.push(after.source.name().to_owned());
    }
    match (before.conversion == after.conversion, before.attempts == after.attempts) {
        (true, true) => {}
        (false, true) => parts.push(after.conversion.name().to_owned()),
        (_, false) => parts.push(format!("{} (new attempt)", after.conversion.name())),
    }
    if before.switch != after.switch {
        parts.push(format!("source {}", on_off(after.switch)));
    }
    if before.postings.len() < after.postings.len() {
        parts.push("URL created".to_owned());
    } else if let Some((_, now)) = before.postings.iter().zip(&after.postings).find(|(was, now)| was != now) {
        parts.push(format!("URL {}", on_off(*now)));
    }
    if let Some((_, now)) = before.listed.iter().zip(&after.listed).find(|(was, now)| was != now) {
        parts.push(if *now { "URL listed" } else { "URL hidden" }.to_owned());
    }
    if before.videos < after.videos {
        parts.push("and a new video".to_owned());
    }
    if parts.is_empty() { "·".to_owned() } else { parts.join(", ") }
}

fn on_off(switch: Switch) -> &'static str {
    match switch {
        Switch::On => "on",
        Switch::Off => "off",
    }
}

fn give(built: &mut Built, given: Given) -> Option<Result<(), Refusal>> {
    let video = built.id;
    let command = match given {
        Given::GenerateAgain => Command::Generate { video, label: Label::default() },
        Given::GenerateNew => Command::Generate { video, label: label("second") },
        Given::Retry => Command::Retry { video },
        Given::Cancel => Command::Cancel { video },
        Given::SuspendPosting => return set_posting(built, Switch::Off),
        Given::ResumePosting => return set_posting(built, Switch::On),
        Given::UnlistPosting => return set_listed(built, false),
        Given::ListPosting => return set_listed(built, true),
        Given::PauseQueue => Command::PauseQueue,
        Given::ResumeQueue => Command::ResumeQueue,
        Given::SuspendSource => Command::SetSource { video, switch: Switch::Off },
        Given::ResumeSource => Command::SetSource { video, switch: Switch::On },
        Given::Delete => Command::DeleteSource { video, keep_files: false },
        Given::DeleteKeeping => Command::DeleteSource { video, keep_files: true },
        Given::RootRemoved => {
            built.world.root_was_added();
            Command::RemoveRoot { path: ROOT.into() }
        }
        Given::FoundSame
        | Given::FoundChanged
        | Given::FoundUnusable
        | Given::FoundElsewhere
        | Given::FoundGone
        | Given::RootUnreadable
        | Given::Overwritten
        | Given::SiblingSettling => {
            scan(built, given);
            return Some(Ok(()));
        }
        Given::WorkerReady
        | Given::WorkerReadyLate
        | Given::WorkerFailed
        | Given::WorkerFailedLate
        | Given::WorkerMayPass
        | Given::WorkerProgress => {
            return report(built, given);
        }
        Given::Trashed => return Some(built.world.input(Input::Trashed { video, result: Ok(()) })),
        Given::TrashFailed => {
            return Some(built.world.input(Input::Trashed { video, result: Err("read-only".into()) }));
        }
        Given::ArtifactLost => return Some(built.world.input(Input::ArtifactLost { video })),
        Given::UrlUsed => {
            let token = built.world.core.state().postings_of(video).next()?.token;
            let used = vec![Usage { token, views: 1, bytes: 1, watched: true, referrers: Vec::new() }];
            return Some(built.world.input(Input::Usage(used)));
        }
        Given::EventsExpired => {
            let before = built.world.core.state().last_seq();
            return Some(built.world.input(Input::EventsExpired { before }));
        }
        Given::NothingDue => return pass(&mut built.world, Duration::from_secs(60)),
        // And the worker has not said it.
        Given::DeadlinePassed => return pass(&mut built.world, Duration::from_secs(4 * 3600) + LAST_WORD),
        Given::GracePassed => return pass(&mut built.world, GRACE),
        Given::GraceLookGone | Given::GraceLookBack | Given::GraceLookUnreadable => {
            pass(&mut built.world, GRACE)?.unwrap();
            scan(built, given);
            return Some(Ok(()));
        }
        Given::Restart => {
            built.world.crash();
            return Some(Ok(()));
        }
    };
    Some(built.world.command(command))
}

fn set_posting(built: &mut Built, switch: Switch) -> Option<Result<(), Refusal>> {
    let video = built.id;
    let tokens: Vec<_> = built.world.core.state().postings_of(video).map(|posting| posting.token).collect();
    (!tokens.is_empty()).then(|| built.world.command(Command::SetPostings { video, tokens, switch }))
}

fn set_listed(built: &mut Built, listed: bool) -> Option<Result<(), Refusal>> {
    let video = built.id;
    let tokens: Vec<_> = built.world.core.state().postings_of(video).map(|posting| posting.token).collect();
    (!tokens.is_empty()).then(|| built.world.command(Command::SetListed { video, tokens, listed }))
}

fn scan(built: &mut Built, given: Given) {
    let Built { world, file, .. } = built;
    // Whatever was before the look began.
    world.now = world.now.after(Duration::from_secs(1));
    world.root_error = None;
    world.disk.remove(Path::new(FILE));
    let mut settling = Vec::new();
    match given {
        Given::FoundSame | Given::GraceLookBack => {
            world.disk.insert(FILE.into(), file.clone());
        }
        Given::FoundChanged => world.write(FILE, Ok(heavy())),
        Given::FoundUnusable => {
            world.write(FILE, Err(Unusable { reason: "truncated".into(), look_again: false }));
        }
        Given::FoundElsewhere => {
            world.disk.insert(Path::new("folder").join(FILE), file.clone());
        }
        Given::RootUnreadable | Given::GraceLookUnreadable => {
            world.root_error = Some("input/output error".into())
        }
        Given::Overwritten => settling.push((PathBuf::new(), "talk".into())),
        Given::SiblingSettling => {
            world.disk.insert(FILE.into(), file.clone());
            settling.push((PathBuf::new(), "talk".into()));
        }
        Given::FoundGone
        | Given::GenerateAgain
        | Given::GenerateNew
        | Given::Retry
        | Given::Cancel
        | Given::SuspendPosting
        | Given::ResumePosting
        | Given::SuspendSource
        | Given::ResumeSource
        | Given::Delete
        | Given::DeleteKeeping
        | Given::RootRemoved
        | Given::WorkerReady
        | Given::WorkerReadyLate
        | Given::WorkerFailed
        | Given::WorkerFailedLate
        | Given::WorkerMayPass
        | Given::WorkerProgress
        | Given::UnlistPosting
        | Given::ListPosting
        | Given::PauseQueue
        | Given::ResumeQueue
        | Given::UrlUsed
        | Given::EventsExpired
        | Given::Trashed
        | Given::TrashFailed
        | Given::ArtifactLost
        | Given::NothingDue
        | Given::DeadlinePassed
        | Given::GracePassed
        | Given::GraceLookGone
        | Given::Restart => {}
    }
    if world.root_error.is_some() {
        world.scan();
    } else {
        let (mut found, probed) = world.found();
        found.settling = settling;
        world.scan_as(Ok(found), probed);
    }
}

/// A report of the attempt that runs, or of one before it.
fn report(built: &mut Built, given: Given) -> Option<Result<(), Refusal>> {
    let video = built.world.core.state().video(built.id)?;
    let runs = Conversion::of(video, false) == Conversion::Running;
    let late = JobId { video: built.id, attempt: video.attempts - u32::from(runs && video.attempts > 0) };
    let mut assignment = built.assignment.clone()?;
    let failed = |job, chance| Input::Worker(WorkerReport::Failed { job, failure: failure(), chance });
    match (given != Given::WorkerReadyLate && given != Given::WorkerFailedLate, runs) {
        (true, false) => return None,
        (true, true) => {}
        (false, _) => assignment.job = late,
    }
    if given == Given::WorkerMayPass {
        return Some(built.world.input(failed(assignment.job, Chance::MayPass)));
    }
    if given == Given::WorkerProgress {
        let job = assignment.job;
        let progress = Progress { job, done_ms: 1, total_ms: 2, speed_milli: None, written_bytes: 1 };
        return Some(built.world.input(Input::Worker(WorkerReport::Progress(progress))));
    }
    if given == Given::WorkerReady || given == Given::WorkerReadyLate {
        built.world.report_ready(&assignment);
        Some(Ok(()))
    } else {
        Some(built.world.input(failed(assignment.job, Chance::Lasting)))
    }
}

/// Lets time pass; the rules are asked whenever something is due on the way, as the daemon does.
fn pass(world: &mut World, span: Duration) -> Option<Result<(), Refusal>> {
    let end = world.now.after(span);
    while let Some(due) = world.core.state().next_due().filter(|due| *due <= end) {
        world.now = world.now.max(due);
        world.input(Input::Tick).unwrap();
    }
    world.now = end;
    Some(world.input(Input::Tick))
}
