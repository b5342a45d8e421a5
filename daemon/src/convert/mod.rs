//! The conversion worker: carries out one assignment and says how it ended. When to start one, and what becomes of
//! the answer, is decided elsewhere.

mod child;
mod command;
mod decode;
mod failure;
mod files;
mod poster;
mod progress;
mod verify;
mod work;

#[cfg(test)]
mod refusal_tests;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use self::files::{Kind, Ours, sweep};
pub use self::poster::{POSTER_LEN_MAX, make_poster, poster_path, poster_size};

use self::decode::Origin;
use self::failure::Fault;
use self::files::Draft;
use self::progress::Reporter;
use self::verify::Expected;
use self::work::Work;
use crate::core::artifact::{Artifact, Assignment, Form, ServedLayout, WorkerReport};
use crate::core::media::{Container, MediaInfo};
use crate::core::plan::Plan;
use crate::core::work::OutputSize;
use crate::disk;
use crate::guard::Access;
use crate::media::mp4::Sums;
use crate::media::{ProbeError, Probed, Tools, mp4, open, probe};

/// What every assignment needs besides itself.
#[derive(Debug, Clone)]
pub struct WorkerContext {
    pub tools: Arc<Tools>,
    /// Where finished files go, and unfinished ones in folders whose names begin with `.tmp-`.
    pub artifacts_dir: PathBuf,
    /// Gets at most four reports a second; those that find it full are dropped.
    pub progress: mpsc::Sender<WorkerReport>,
}

/// Carries out one assignment. The answer is `Ready` or `Failed`. Dropping the future ends the child and removes the
/// unfinished file.
pub async fn run(assignment: Assignment, context: WorkerContext, cancel: CancellationToken) -> WorkerReport {
    let job = assignment.job;
    match work(Arc::new(assignment), &context, &cancel).await {
        Ok((artifact, done)) => WorkerReport::Ready { job, artifact, done },
        Err(fault) => {
            let chance = fault.chance();
            WorkerReport::Failed { job, failure: fault.into_failure(), chance }
        }
    }
}

/// What was made, and how.
async fn work(
    assignment: Arc<Assignment>,
    context: &WorkerContext,
    cancel: &CancellationToken,
) -> Result<(Artifact, Plan), Fault> {
    if cancel.is_cancelled() {
        return Err(Fault::Cancelled);
    }
    let layout = match &assignment.plan {
        Plan::Direct => ServedLayout::AsIs,
        Plan::Relocate => ServedLayout::Relocated,
        Plan::Remux { .. } | Plan::Transcode { .. } => return write_anew(assignment, context, cancel).await,
    };
    let done = assignment.plan.clone();
    Ok((serve_source(assignment, layout).await?, done))
}

/// Nothing is written: the file is served where it lies.
async fn serve_source(assignment: Arc<Assignment>, layout: ServedLayout) -> Result<Artifact, Fault> {
    blocking(move || verify::source(&assignment, layout)).await
}

async fn write_anew(
    assignment: Arc<Assignment>,
    context: &WorkerContext,
    cancel: &CancellationToken,
) -> Result<(Artifact, Plan), Fault> {
    if context.tools.ffmpeg.is_none() {
        return Err(Fault::NoFfmpeg { needed_for: assignment.plan.explain() });
    }
    let looked = blocking({
        let (assignment, tools) = (Arc::clone(&assignment), Arc::clone(&context.tools));
        move || look_again(&assignment, &tools)
    });
    let looked = Arc::new(looked.await?);
    let first = write_once(&assignment, Arc::clone(&looked), context, cancel).await;
    let Err(Fault::NotPlayable { result, .. }) = &first else { return first };
    // A copy shows what the stream itself says; the container that it came from may have said something else.
    let better = blocking({
        let (assignment, tools) = (Arc::clone(&assignment), Arc::clone(&context.tools));
        let result = MediaInfo::clone(result);
        let looked = Arc::clone(&looked);
        move || looked.1.in_view_of(&result, &assignment, &looked.0, &tools)
    });
    match better.await? {
        Some((source, work)) => {
            let looked = Arc::new((source, work, looked.2));
            write_once(&assignment, looked, context, cancel).await
        }
        None => first,
    }
}

async fn write_once(
    assignment: &Arc<Assignment>,
    looked: Arc<Looked>,
    context: &WorkerContext,
    cancel: &CancellationToken,
) -> Result<(Artifact, Plan), Fault> {
    let Some(ffmpeg) = context.tools.ffmpeg.as_deref() else {
        return Err(Fault::NoFfmpeg { needed_for: assignment.plan.explain() });
    };
    let (source, work, sums) = &*looked;
    let draft = Draft::new(&context.artifacts_dir, assignment.job, Kind::Video)?;
    let arguments = command::arguments(&command::Order {
        source: &assignment.source,
        output: draft.path(),
        info: &source.info,
        picks: source.picks,
        picture: work.picture.as_ref(),
        sound: work.sound.as_ref(),
    })
    .map_err(Fault::of_folder)?;
    let reporter = Reporter::new(assignment.job, source.info.duration_ms, context.progress.clone());
    let limits = child::Limits {
        deadline: assignment.deadline,
        allowed: assignment.deadline.since(assignment.requested_at),
        stalled_after: child::STALLED_AFTER,
    };
    let size = size_of(&looked, assignment);
    if size.bytes() > assignment.size.bytes() {
        // Other work than was ordered, for which nothing was set aside.
        expect_room(&context.artifacts_dir, size.bytes())?;
    }
    let (read, write) = ([&*assignment.source], [draft.path()]);
    let access = Access { write_len_max: size.most(), ..context.tools.guard.access(&read, &write) };
    let ended = child::run(ffmpeg, &arguments, draft.path(), access, limits, reporter, cancel).await;
    let said = ended.map_err(|fault| fault.naming_need(&assignment.plan))?;
    let expected = Expected { source: source.clone(), sums: *sums, copied: work.picture.is_none() };
    let (draft, info) = blocking(move || match verify::written(draft.path(), &expected, said) {
        Ok(info) => Ok((draft, info)),
        Err(fault) => Err(draft.blaming_the_disk(fault)),
    })
    .await?;
    let check = decode::Check {
        job: assignment.job,
        path: draft.path(),
        duration_ms: info.duration_ms,
        video: Origin::of(work.picture.as_ref()),
        audio: info.audio.is_some().then(|| Origin::of(work.sound.as_ref())),
        ffmpeg,
        guard: &context.tools.guard,
        deadline: limits.deadline,
        allowed: limits.allowed,
    };
    let checked = check.run(cancel).await;
    checked.map_err(|fault| draft.blaming_the_disk(fault.naming_need(&assignment.plan)))?;
    let done = work.done.clone();
    let assignment = Arc::clone(assignment);
    let artifact = blocking(move || publish(&assignment, &info, draft)).await?;
    Ok((artifact, done))
}

/// How large the result may become, as the work is carried out. Never less than what was set aside.
fn size_of((source, work, _): &Looked, assignment: &Assignment) -> OutputSize {
    let span_ms = source.details.as_ref().map_or(0, |details| details.span_ms);
    let info = MediaInfo { duration_ms: source.info.duration_ms.max(span_ms), ..source.info.clone() };
    match OutputSize::of(&work.done, &info, assignment.identity.size_bytes) {
        OutputSize::AtMost(bytes) => OutputSize::AtMost(bytes.max(assignment.size.bytes())),
        OutputSize::Likely(bytes) => OutputSize::Likely(bytes),
    }
}

fn expect_room(artifacts_dir: &Path, needed: u64) -> Result<(), Fault> {
    let room = disk::room_bytes(artifacts_dir).map_err(Fault::of_folder)?;
    if room < needed { Err(Fault::NoRoom { needed }) } else { Ok(()) }
}

/// What a file is, what is to be done with it, and what its index says of each stream.
type Looked = (Probed, Work, Option<Sums>);

/// The probe that the plan was made of may be hours old.
fn look_again(assignment: &Assignment, tools: &Tools) -> Result<Looked, Fault> {
    let probed = probe(&assignment.source, tools).map_err(Fault::Source)?;
    if probed.identity != assignment.identity {
        return Err(Fault::SourceChanged);
    }
    let work = Work::of(assignment, &probed, tools)?;
    let sums = match &probed.info.container {
        Container::Mp4 | Container::Mov => {
            let file = open(&assignment.source).map_err(|error| Fault::Source(ProbeError::Io(error)))?;
            mp4::sums(&file).map_err(Fault::Source)?
        }
        // How long each stream is cannot be told without reading all of it.
        Container::Other(_) => None,
    };
    Ok((probed, work, sums))
}

/// Verified, durable, and only then under its final name.
fn publish(assignment: &Assignment, info: &MediaInfo, draft: Draft) -> Result<Artifact, Fault> {
    verify::unchanged(assignment)?;
    let (name, identity) = draft.publish()?;
    Ok(verify::artifact(
        Form::File { name: name.into(), identity: Box::new(identity) },
        assignment.identity,
        info,
    ))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Fault::Broken(error.to_string())),
    }
}
