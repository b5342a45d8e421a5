//! Which rows of the table each input is in, so that none is forgotten.

use std::collections::HashMap;

use vodpost_protocol::ids::{Label, VideoId};
use vodpost_protocol::time::Timestamp;
use vodpost_protocol::video::Switch;

use super::super::super::super::artifact::{Artifact, Chance, Form, JobId, Progress, WorkerReport};
use super::super::super::super::input::{Command, Input, Scan};
use super::super::super::super::media::FileIdentity;
use super::super::super::super::plan::Plan;
use super::super::super::admin;
use super::fixture::failure;
use super::inputs::Given;

/// Which rows an input is in. One that is new has to be put here, and into the table.
fn rows_of(input: &Input) -> &'static [Given] {
    match input {
        Input::Started => &[Given::Restart],
        Input::Command { command, .. } => match command {
            Command::Generate { .. } => &[Given::GenerateAgain, Given::GenerateNew],
            Command::Retry { .. } => &[Given::Retry],
            Command::Cancel { .. } => &[Given::Cancel],
            Command::PauseQueue => &[Given::PauseQueue],
            Command::ResumeQueue => &[Given::ResumeQueue],
            Command::SetPostings { .. } => &[Given::SuspendPosting, Given::ResumePosting],
            Command::SetListed { .. } => &[Given::UnlistPosting, Given::ListPosting],
            Command::SetSource { .. } => &[Given::SuspendSource, Given::ResumeSource],
            Command::DeleteSource { .. } => &[Given::Delete, Given::DeleteKeeping],
            Command::RemoveRoot { .. } => &[Given::RootRemoved],
            // What it does to a video is what the look shows that comes with it.
            Command::AddRoot { .. } => &[],
            // These are in the table of the account.
            Command::Submit(_) | Command::Approve | Command::Reject { .. } => &[],
            Command::Revoke { .. } | Command::Activate => &[],
        },
        Input::Scanned(_) => &[
            Given::FoundSame,
            Given::FoundChanged,
            Given::FoundUnusable,
            Given::FoundElsewhere,
            Given::FoundGone,
            Given::RootUnreadable,
            Given::Overwritten,
            Given::SiblingSettling,
            Given::GraceLookGone,
            Given::GraceLookBack,
            Given::GraceLookUnreadable,
        ],
        Input::Worker(WorkerReport::Progress(_)) => &[Given::WorkerProgress],
        Input::Worker(WorkerReport::Ready { .. }) => &[Given::WorkerReady, Given::WorkerReadyLate],
        Input::Worker(WorkerReport::Failed { chance: Chance::Lasting, .. }) => {
            &[Given::WorkerFailed, Given::WorkerFailedLate]
        }
        Input::Worker(WorkerReport::Failed { chance: Chance::MayPass, .. }) => &[Given::WorkerMayPass],
        Input::Trashed { .. } => &[Given::Trashed, Given::TrashFailed],
        Input::ArtifactLost { .. } => &[Given::ArtifactLost],
        Input::Usage(_) => &[Given::UrlUsed],
        Input::EventsExpired { .. } => &[Given::EventsExpired],
        Input::Tick => &[Given::NothingDue, Given::DeadlinePassed, Given::GracePassed],
    }
}

/// Every row is one of an input, and no input is forgotten: that one would not compile in [`rows_of`].
#[test]
fn every_row_is_of_an_input() {
    let video = VideoId::from_random(1);
    let job = JobId { video, attempt: 1 };
    let command = |command| Input::Command { actor: admin(), command };
    let failed = |chance| Input::Worker(WorkerReport::Failed { job, failure: failure(), chance });
    let artifact = Artifact {
        form: Form::AsIs,
        source: FileIdentity { dev: 1, ino: 1, size_bytes: 1, mtime_ns: 1 },
        duration_ms: 1,
        width: 1,
        height: 1,
    };
    let progress = Progress { job, done_ms: 0, total_ms: 1, speed_milli: None, written_bytes: 0 };
    let inputs = [
        Input::Started,
        command(Command::Generate { video, label: Label::default() }),
        command(Command::Retry { video }),
        command(Command::Cancel { video }),
        command(Command::PauseQueue),
        command(Command::ResumeQueue),
        command(Command::SetPostings { video, tokens: Vec::new(), switch: Switch::On }),
        command(Command::SetListed { video, tokens: Vec::new(), listed: true }),
        command(Command::SetSource { video, switch: Switch::On }),
        command(Command::DeleteSource { video, keep_files: true }),
        command(Command::RemoveRoot { path: "/library".into() }),
        Input::Scanned(Scan { began_at: Timestamp::default(), roots: Vec::new(), probed: HashMap::new() }),
        Input::Worker(WorkerReport::Progress(progress)),
        Input::Worker(WorkerReport::Ready { job, artifact, done: Plan::Direct }),
        failed(Chance::Lasting),
        failed(Chance::MayPass),
        Input::Trashed { video, result: Ok(()) },
        Input::ArtifactLost { video },
        Input::Usage(Vec::new()),
        Input::EventsExpired { before: 1 },
        Input::Tick,
    ];
    let rows: Vec<Given> = inputs.iter().flat_map(rows_of).copied().collect();
    for given in Given::ALL {
        assert_eq!(rows.iter().filter(|row| **row == given).count(), 1, "{}", given.title());
    }
    assert_eq!(rows.len(), Given::ALL.len());
}
