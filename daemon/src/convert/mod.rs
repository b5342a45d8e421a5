//! The conversion worker: carries out one assignment and says how it ended. When to start one, and what becomes of
//! the answer, is decided elsewhere.

mod child;
mod command;
mod failure;
mod files;
mod progress;
mod verify;
mod work;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use self::files::{draft_bytes, sweep};

use self::failure::Fault;
use self::files::Draft;
use self::progress::Reporter;
use self::work::Work;
use crate::core::artifact::{Artifact, Assignment, Form, ServedLayout, WorkerReport};
use crate::core::media::MediaInfo;
use crate::core::plan::Plan;
use crate::media::{Probed, Tools, probe};

/// What every assignment needs besides itself.
#[derive(Debug, Clone)]
pub struct WorkerContext {
    pub tools: Arc<Tools>,
    /// Where finished files go, and unfinished ones under names that begin with `.tmp-`.
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
        move || looked.1.in_view_of(&result, &assignment, &looked.0, &tools)
    });
    match better.await? {
        Some(looked) => write_once(&assignment, Arc::new(looked), context, cancel).await,
        None => first,
    }
}

async fn write_once(
    assignment: &Arc<Assignment>,
    looked: Arc<(Probed, Work)>,
    context: &WorkerContext,
    cancel: &CancellationToken,
) -> Result<(Artifact, Plan), Fault> {
    let Some(ffmpeg) = context.tools.ffmpeg.as_deref() else {
        return Err(Fault::NoFfmpeg { needed_for: assignment.plan.explain() });
    };
    let (source, work) = &*looked;
    let draft = Draft::new(&context.artifacts_dir, assignment.job)?;
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
    let ended = child::run(ffmpeg, &arguments, draft.path(), limits, reporter, cancel).await;
    let said = ended.map_err(|fault| fault.naming_need(&assignment.plan))?;
    let done = work.done.clone();
    let assignment = Arc::clone(assignment);
    let artifact = blocking(move || publish(&assignment, &looked.0, draft, said)).await?;
    Ok((artifact, done))
}

/// The probe that the plan was made of may be hours old.
fn look_again(assignment: &Assignment, tools: &Tools) -> Result<(Probed, Work), Fault> {
    let probed = probe(&assignment.source, tools).map_err(Fault::Source)?;
    if probed.identity != assignment.identity {
        return Err(Fault::SourceChanged);
    }
    let work = Work::of(assignment, &probed, tools)?;
    Ok((probed, work))
}

/// Verified, durable, and only then under its final name.
fn publish(assignment: &Assignment, source: &Probed, draft: Draft, said: String) -> Result<Artifact, Fault> {
    let info = verify::written(draft.path(), source, said)?;
    verify::unchanged(assignment)?;
    let (name, identity) = draft.publish()?;
    Ok(verify::artifact(Form::File { name, identity }, assignment.identity, &info))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Fault::Broken(error.to_string())),
    }
}
