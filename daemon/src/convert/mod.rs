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

#[cfg(test)]
mod refusal_tests;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use self::files::{Kind, Ours, sweep};
pub use self::poster::{POSTER_LEN_MAX, make_poster, poster_path};

use self::failure::Fault;
use self::files::Draft;
use self::progress::Reporter;
use self::verify::Expected;
use crate::core::artifact::{Artifact, Assignment, Form, ServedLayout, WorkerReport};
use crate::core::media::{Container, MediaInfo};
use crate::core::plan::{Plan, Treatment};
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
    let (source, expected) = blocking({
        let (assignment, tools, video) = (Arc::clone(&assignment), Arc::clone(&context.tools), video.clone());
        move || look_again(&assignment, &tools, video)
    })
    .await?;
    let draft = Draft::new(&context.artifacts_dir, assignment.job, Kind::Video)?;
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
    let ended = child::run(ffmpeg, &arguments, draft.path(), limits, reporter, cancel).await;
    ended.map_err(|fault| fault.naming_need(&assignment.plan))?;
    let (draft, info) = blocking(move || match verify::written(draft.path(), &expected) {
        Ok(info) => Ok((draft, info)),
        Err(fault) => Err(draft.blaming_the_disk(fault)),
    })
    .await?;
    let check = decode::Check {
        job: assignment.job,
        path: draft.path(),
        duration_ms: info.duration_ms,
        deadline: assignment.deadline,
    };
    let checked = check.run(ffmpeg, cancel).await;
    checked.map_err(|fault| draft.blaming_the_disk(fault.naming_need(&assignment.plan)))?;
    blocking(move || publish(&assignment, &info, draft)).await
}

/// The probe that the plan was made of may be hours old.
fn look_again(assignment: &Assignment, tools: &Tools, video: Treatment) -> Result<(Probed, Expected), Fault> {
    let probed = probe(&assignment.source, tools).map_err(Fault::Source)?;
    if probed.identity != assignment.identity {
        return Err(Fault::SourceChanged);
    }
    let sums = match &probed.info.container {
        Container::Mp4 | Container::Mov => {
            let file = open(&assignment.source).map_err(|error| Fault::Source(ProbeError::Io(error)))?;
            mp4::sums(&file).map_err(Fault::Source)?
        }
        // How long each stream is cannot be told without reading all of it.
        Container::Other(_) => None,
    };
    let expected = Expected { info: probed.info.clone(), sums, video };
    Ok((probed, expected))
}

/// Verified, durable, and only then under its final name.
fn publish(assignment: &Assignment, info: &MediaInfo, draft: Draft) -> Result<Artifact, Fault> {
    verify::unchanged(assignment)?;
    let (name, identity) = draft.publish()?;
    Ok(verify::artifact(Form::File { name, identity }, assignment.identity, info))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Fault::Broken(error.to_string())),
    }
}
