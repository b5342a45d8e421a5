//! Conversions: ordering, starting, finishing and failing them, and the postings that are born of them (C1–C6, P1).

use std::collections::BTreeSet;
use std::sync::Arc;

use vodpost_protocol::conversion::ConversionState;
use vodpost_protocol::event::EventKind;
use vodpost_protocol::ids::{Label, VideoId};
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::video::Switch;

use super::artifact::{Artifact, Chance, Failure, Form, JobId};
use super::effect::Effect;
use super::event::Subject;
use super::plan::{self, Plan};
use super::posting::Posting;
use super::queue;
use super::select;
use super::transaction::Transaction;
use super::video::{Conversion, Failed, Order, Ready, Rendition, Source, Video};

/// The video, unless its source is deleted.
pub(super) fn not_deleted(tx: &Transaction<'_>, id: VideoId) -> Result<Video, Refusal> {
    let video = tx
        .state()
        .video(id)
        .ok_or_else(|| Refusal::NoSuchVideo { asked: id.to_string(), nearest: Vec::new() })?;
    if video.is_deleted() {
        return Err(Refusal::SourceDeleted { title: video.title() });
    }
    Ok(video.clone())
}

/// Asks for a URL under `label`. Asking again for one that exists or is under way changes nothing.
pub(super) fn generate(tx: &mut Transaction<'_>, id: VideoId, label: Label) -> Result<(), Refusal> {
    tx.account().require_ready()?;
    let mut video = not_deleted(tx, id)?;
    require_present(&video)?;
    if video.switch == Switch::Off {
        return Err(Refusal::SourceSuspended { title: video.title() });
    }
    match &mut video.conversion {
        Conversion::Ready(_) => create_posting(tx, &video, label),
        Conversion::Queued(_) | Conversion::Running(_) => {
            let Some(order) = video.order_mut() else { return Ok(()) };
            let known = tx.state().postings_of(id).any(|posting| posting.label == label);
            if !known && order.labels.insert(label.clone()) {
                tx.put_video(video.clone());
                tx.video_event(
                    EventKind::ConversionRequested,
                    &video,
                    Some(format!("one more URL, {label}")),
                );
            }
        }
        Conversion::None | Conversion::Failed(_) => place_order(tx, video, BTreeSet::from([label]))?,
    }
    Ok(())
}

/// C4: again, with the postings that the failed attempt was to create.
pub(super) fn retry(tx: &mut Transaction<'_>, id: VideoId) -> Result<(), Refusal> {
    let video = not_deleted(tx, id)?;
    require_present(&video)?;
    match &video.conversion {
        Conversion::Failed(failed) => {
            let labels = failed.order.labels.clone();
            if !labels.is_empty() {
                tx.account().require_ready()?;
            }
            place_order(tx, video, labels)
        }
        // It waits for another try by itself.
        Conversion::Queued(_) if queue::try_now(tx, id) => Ok(()),
        Conversion::None | Conversion::Queued(_) | Conversion::Running(_) | Conversion::Ready(_) => {
            Err(wrong_state(&video))
        }
    }
}

pub(super) fn cancel(tx: &mut Transaction<'_>, id: VideoId) -> Result<(), Refusal> {
    let video = not_deleted(tx, id)?;
    if video.order().is_none() {
        return Err(wrong_state(&video));
    }
    let reason = format!("cancelled by {}", tx.actor().name());
    fail(tx, video, Failure::plain(reason), EventKind::ConversionCancelled);
    Ok(())
}

fn require_present(video: &Video) -> Result<(), Refusal> {
    match video.source {
        Source::Present => Ok(()),
        Source::Missing { .. } => Err(Refusal::SourceMissing { title: video.title() }),
        Source::Deleted(_) => Err(Refusal::SourceDeleted { title: video.title() }),
    }
}

fn wrong_state(video: &Video) -> Refusal {
    Refusal::WrongConversionState { title: video.title(), state: state_of(&video.conversion) }
}

#[must_use]
pub fn state_of(conversion: &Conversion) -> ConversionState {
    match conversion {
        Conversion::None => ConversionState::None,
        Conversion::Queued(_) => ConversionState::Queued,
        Conversion::Running(_) => ConversionState::Running,
        Conversion::Failed(_) => ConversionState::Failed,
        Conversion::Ready(_) => ConversionState::Ready,
    }
}

/// Chooses the rendition (C1) and the plan (C2) and puts the order into the queue.
pub(super) fn place_order(
    tx: &mut Transaction<'_>,
    mut video: Video,
    labels: BTreeSet<Label>,
) -> Result<(), Refusal> {
    let chosen = select::select(&video.renditions)
        .and_then(|(rendition, info)| Some((rendition.name.clone(), rendition.identity, plan::plan(info)?)));
    let Some((rendition, identity, plan)) = chosen else {
        return Err(Refusal::NoUsableRendition { title: video.title(), reasons: reasons(&video.renditions) });
    };
    drop_artifact(tx, &video);
    video.attempts += 1;
    let detail = format!("{} {}", rendition.to_string_lossy(), plan.explain());
    video.conversion = Conversion::waiting(Order {
        attempt: video.attempts,
        requested_at: tx.now(),
        deadline: tx.now().after(tx.settings().conversion_deadline),
        by: tx.actor().clone(),
        labels,
        rendition,
        identity,
        plan: Arc::new(plan),
        setbacks: 0,
        late: false,
    });
    tx.put_video(video.clone());
    tx.video_event(EventKind::ConversionRequested, &video, Some(detail));
    Ok(())
}

/// Why each file cannot be used, with its name.
fn reasons(renditions: &[Rendition]) -> Vec<String> {
    select::explain(renditions)
        .into_iter()
        .zip(renditions)
        .take(20)
        .map(|((_, why), rendition)| format!("{}: {why}", rendition.name.to_string_lossy()))
        .collect()
}

/// The job that runs for this video, if the message is about that very attempt. A late one gets `None`.
fn running(tx: &Transaction<'_>, job: JobId) -> Option<(Video, Order)> {
    let video = tx.state().video(job.video)?;
    match &video.conversion {
        Conversion::Running(running) if running.order.attempt == job.attempt => {
            Some((video.clone(), running.order.clone()))
        }
        Conversion::Running(_)
        | Conversion::None
        | Conversion::Queued(_)
        | Conversion::Failed(_)
        | Conversion::Ready(_) => None,
    }
}

/// P1: the artifact is verified; its postings are live at once.
pub(super) fn ready(tx: &mut Transaction<'_>, job: JobId, artifact: Artifact, done: Plan) {
    let Some((mut video, mut order)) = running(tx, job) else {
        // What is said twice must not take away the file that is served since it was said first.
        let served = tx.state().video(job.video).and_then(Video::artifact);
        if served.is_none_or(|served| served.form != artifact.form) {
            discard(tx, &artifact);
        }
        return;
    };
    if artifact.source != order.identity {
        discard(tx, &artifact);
        queue::requeue(tx, video);
        return;
    }
    queue::learn(tx, &video, &done);
    // From here on the postings hold them.
    let labels = std::mem::take(&mut order.labels);
    order.plan = Arc::new(done);
    let detail = order.plan.explain();
    video.conversion = Conversion::Ready(Arc::new(Ready { order, artifact, at: tx.now() }));
    tx.put_video(video.clone());
    tx.video_event(EventKind::ConversionReady, &video, Some(detail));
    // A4: a revocation in the meantime stops new URLs.
    if tx.account().require_ready().is_ok() {
        for label in labels {
            create_posting(tx, &video, label);
        }
    }
}

/// C4
pub(super) fn failed(tx: &mut Transaction<'_>, job: JobId, mut failure: Failure, chance: Chance) {
    let Some((video, order)) = running(tx, job) else { return };
    match chance {
        Chance::MayPass if queue::set_back(tx, video.clone(), &failure) => return,
        Chance::MayPass if order.setbacks > 0 => {
            failure.reason = format!("{} (after {} tries)", failure.reason, order.setbacks + 1);
        }
        Chance::MayPass | Chance::Lasting => {}
    }
    fail(tx, video, failure, EventKind::ConversionFailed);
}

/// C3: the deadline has passed.
pub(super) fn missed_deadline(tx: &mut Transaction<'_>, video: Video) {
    let Some(order) = video.order() else { return };
    let span = humantime::format_duration(order.deadline.since(order.requested_at));
    let missed = |why: &str| format!("it was not ready within its deadline of {span}: {why}");
    let failure = match &video.conversion {
        Conversion::Queued(waiting) => match &waiting.hold {
            Some(hold) => {
                Failure { reason: missed(&hold.failure.reason), output: hold.failure.output.clone() }
            }
            None if waiting.short_of_room => Failure::plain(missed("the disk had no room for it")),
            None => Failure::plain(missed("its turn had not come")),
        },
        // The worker has had its last word.
        Conversion::Running(_) | Conversion::None | Conversion::Failed(_) | Conversion::Ready(_) => {
            Failure::plain(missed("its worker does not answer"))
        }
    };
    fail(tx, video, failure, EventKind::ConversionFailed);
}

/// Ends an order that waits or runs.
pub(super) fn fail(tx: &mut Transaction<'_>, mut video: Video, failure: Failure, what: EventKind) {
    let Some(order) = video.order().cloned() else { return };
    if let Conversion::Running(running) = &video.conversion {
        tx.effect(Effect::StopConversion(running.order.job(video.id)));
    }
    let detail = failure.reason.clone();
    video.conversion = Conversion::Failed(Box::new(Failed { order, failure, at: tx.now() }));
    tx.put_video(video.clone());
    tx.video_event(what, &video, Some(detail));
}

/// The converted file is lost: it is made again, and the URLs wait for it.
pub(super) fn remake(tx: &mut Transaction<'_>, id: VideoId) {
    let Some(video) = tx.state().video(id).cloned() else { return };
    let Conversion::Ready(ready) = &video.conversion else { return };
    match ready.artifact.form {
        Form::File { .. } => {}
        // What is served is the source itself; a look at the library says what became of it.
        Form::AsIs | Form::Relocated => return,
    }
    tx.effect(Effect::RemovePoster(ready.order.job(id)));
    let mut order = ready.order.clone();
    let mut video = video;
    video.attempts += 1;
    order.attempt = video.attempts;
    order.labels.clear();
    order.requested_at = tx.now();
    order.deadline = tx.now().after(tx.settings().conversion_deadline);
    order.by = tx.actor().clone();
    (order.setbacks, order.late) = (0, false);
    video.conversion = Conversion::waiting(order);
    tx.put_video(video.clone());
    let why = "the converted file is missing or was changed".to_owned();
    tx.video_event(EventKind::ConversionRequested, &video, Some(why));
}

/// Stops what runs and gives up the artifact: the source is another one now, or gone for ever.
pub(super) fn abandon(tx: &mut Transaction<'_>, video: &mut Video) -> BTreeSet<Label> {
    drop_artifact(tx, video);
    if let Conversion::Running(running) = &video.conversion {
        tx.effect(Effect::StopConversion(running.order.job(video.id)));
    }
    let labels = match &video.conversion {
        Conversion::Queued(waiting) => waiting.order.labels.clone(),
        Conversion::Running(running) => running.order.labels.clone(),
        Conversion::Failed(failed) => failed.order.labels.clone(),
        Conversion::None | Conversion::Ready(_) => BTreeSet::new(),
    };
    video.conversion = Conversion::None;
    labels
}

fn drop_artifact(tx: &mut Transaction<'_>, video: &Video) {
    if let Conversion::Ready(ready) = &video.conversion {
        tx.effect(Effect::RemovePoster(ready.order.job(video.id)));
        discard(tx, &ready.artifact);
    }
}

fn discard(tx: &mut Transaction<'_>, artifact: &Artifact) {
    match &artifact.form {
        Form::File { name, .. } => tx.effect(Effect::RemoveArtifact(name.to_string())),
        Form::AsIs | Form::Relocated => {}
    }
}

fn create_posting(tx: &mut Transaction<'_>, video: &Video, label: Label) {
    if tx.state().postings_of(video.id).any(|posting| posting.label == label) {
        return;
    }
    let token = tx.new_token();
    let posting = Posting {
        token,
        video: video.id,
        label: label.clone(),
        switch: Switch::On,
        created_at: tx.now(),
        views: 0,
        bytes: 0,
        listed: tx.settings().list_postings,
        traffic: None,
    };
    tx.put_posting(posting);
    let subject = Subject::Posting { video: video.id, title: video.title(), label, token };
    tx.event(EventKind::PostingCreated, subject, None);
}
