//! The conversion worker: carries out one assignment and says how it ended. When to start one, and what becomes of
//! the answer, is decided elsewhere.

mod child;
mod command;
mod failure;
mod files;
mod progress;
mod verify;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use self::files::sweep;

use self::failure::Fault;
use self::files::Draft;
use self::progress::Reporter;
use crate::core::artifact::{Artifact, Assignment, Form, ServedLayout, WorkerReport};
use crate::core::plan::{Plan, Treatment};
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
        Ok(artifact) => WorkerReport::Ready { job, artifact },
        Err(fault) => WorkerReport::Failed { job, failure: fault.into_failure() },
    }
}

async fn work(
    assignment: Arc<Assignment>,
    context: &WorkerContext,
    cancel: &CancellationToken,
) -> Result<Artifact, Fault> {
    if cancel.is_cancelled() {
        return Err(Fault::Cancelled);
    }
    let (video, audio) = match &assignment.plan {
        Plan::Direct => return serve_source(assignment, ServedLayout::AsIs).await,
        Plan::Relocate => return serve_source(assignment, ServedLayout::Relocated).await,
        Plan::Remux { .. } => (Treatment::Copy, assignment.info.audio.as_ref().map(|_| Treatment::Copy)),
        Plan::Transcode { video, audio } => (video.clone(), audio.clone()),
    };
    write_anew(assignment, context, cancel, &video, audio.as_ref()).await
}

/// Nothing is written: the file is served where it lies.
async fn serve_source(assignment: Arc<Assignment>, layout: ServedLayout) -> Result<Artifact, Fault> {
    blocking(move || verify::source(&assignment, layout)).await
}

async fn write_anew(
    assignment: Arc<Assignment>,
    context: &WorkerContext,
    cancel: &CancellationToken,
    video: &Treatment,
    audio: Option<&Treatment>,
) -> Result<Artifact, Fault> {
    let Some(ffmpeg) = context.tools.ffmpeg.as_deref() else {
        return Err(Fault::NoFfmpeg { needed_for: assignment.plan.explain() });
    };
    let source = blocking({
        let (assignment, tools) = (Arc::clone(&assignment), Arc::clone(&context.tools));
        move || look_again(&assignment, &tools)
    })
    .await?;
    let draft = Draft::new(&context.artifacts_dir, assignment.job)?;
    let arguments = command::arguments(&command::Order {
        source: &assignment.source,
        output: draft.path(),
        info: &source.info,
        picks: source.picks,
        video,
        audio,
    })
    .map_err(Fault::of_folder)?;
    let reporter = Reporter::new(assignment.job, source.info.duration_ms, context.progress.clone());
    let limits = child::Limits { deadline: assignment.deadline, stalled_after: child::STALLED_AFTER };
    let (read, write) = ([&*assignment.source], [draft.path()]);
    let access = context.tools.guard.access(&read, &write);
    let ended = child::run(ffmpeg, &arguments, draft.path(), access, limits, reporter, cancel).await;
    ended.map_err(|fault| fault.naming_need(&assignment.plan))?;
    blocking(move || publish(&assignment, &source, draft)).await
}

/// The probe that the plan was made of may be hours old.
fn look_again(assignment: &Assignment, tools: &Tools) -> Result<Probed, Fault> {
    let probed = probe(&assignment.source, tools).map_err(Fault::Source)?;
    if probed.identity != assignment.identity {
        return Err(Fault::SourceChanged);
    }
    Ok(probed)
}

/// Verified, durable, and only then under its final name.
fn publish(assignment: &Assignment, source: &Probed, draft: Draft) -> Result<Artifact, Fault> {
    let info = verify::written(draft.path(), &source.info)?;
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
