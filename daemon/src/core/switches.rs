//! The switches of postings and sources, and the deletion that is final (P3–P6, L6).

use vodpost_protocol::event::EventKind;
use vodpost_protocol::ids::{Token, VideoId};
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::video::Switch;

use super::conversion::{abandon, not_deleted};
use super::effect::{Doomed, Effect};
use super::event::Subject;
use super::transaction::Transaction;
use super::video::{Deletion, DeletionKind, MissingCause, Rendition, Source, Video};

/// P4: acts on these postings alone. One that has the position already is left as it is.
pub(super) fn set_postings(
    tx: &mut Transaction<'_>,
    id: VideoId,
    tokens: &[Token],
    switch: Switch,
) -> Result<(), Refusal> {
    let video = not_deleted(tx, id)?;
    let what = match switch {
        Switch::On => EventKind::PostingResumed,
        Switch::Off => EventKind::PostingSuspended,
    };
    for token in tokens {
        let Some(mut posting) = tx.state().posting(*token).cloned() else {
            return Err(Refusal::NoSuchToken { asked: token.to_string() });
        };
        if posting.switch != switch {
            posting.switch = switch;
            let subject = Subject::Posting {
                video: id,
                title: video.title(),
                label: posting.label.clone(),
                token: *token,
            };
            tx.put_posting(posting);
            tx.event(what, subject, None);
        }
    }
    Ok(())
}

/// P7: whether the platform shows these while they are live.
pub(super) fn set_listed(
    tx: &mut Transaction<'_>,
    id: VideoId,
    tokens: &[Token],
    listed: bool,
) -> Result<(), Refusal> {
    let video = not_deleted(tx, id)?;
    let what = if listed { EventKind::PostingListed } else { EventKind::PostingUnlisted };
    for token in tokens {
        let Some(mut posting) = tx.state().posting(*token).cloned() else {
            return Err(Refusal::NoSuchToken { asked: token.to_string() });
        };
        if posting.listed != listed {
            posting.listed = listed;
            let (label, title) = (posting.label.clone(), video.title());
            tx.put_posting(posting);
            tx.event(what, Subject::Posting { video: id, title, label, token: *token }, None);
        }
    }
    Ok(())
}

/// P4: acts on the source alone; the postings keep their own switches.
pub(super) fn set_source(tx: &mut Transaction<'_>, id: VideoId, switch: Switch) -> Result<(), Refusal> {
    let mut video = not_deleted(tx, id)?;
    if video.switch != switch {
        video.switch = switch;
        tx.put_video(video.clone());
        let what = match switch {
            Switch::On => EventKind::SourceResumed,
            Switch::Off => EventKind::SourceSuspended,
        };
        tx.video_event(what, &video, None);
    }
    Ok(())
}

/// P5, L6: final for the URLs; the files go to the trash unless they are to be kept or are not there.
pub(super) fn delete_source(tx: &mut Transaction<'_>, id: VideoId, keep_files: bool) -> Result<(), Refusal> {
    let video = not_deleted(tx, id)?;
    let how = match (&video.source, keep_files) {
        (_, true) => DeletionKind::FilesKept,
        (Source::Present | Source::Missing { cause: MissingCause::BeingWritten, .. }, false) => {
            DeletionKind::Trashing
        }
        // The files are there still, where nobody gets at them; one day they would be a new video.
        (Source::Missing { cause: MissingCause::RootUnavailable(reason), .. }, false) => {
            let root = format!("{} ({reason})", video.place.root.display());
            return Err(Refusal::ReadOnlyRoot { root });
        }
        (Source::Missing { cause: MissingCause::Vanished, .. } | Source::Deleted(_), false) => {
            DeletionKind::Trashed
        }
    };
    let detail = match how {
        DeletionKind::FilesKept => "the files were kept",
        DeletionKind::Trashing => "the files are moved to the trash",
        DeletionKind::Trashed | DeletionKind::GraceOver => "the files were missing already",
    };
    mark_deleted(tx, video, how, detail);
    Ok(())
}

pub(super) fn mark_deleted(tx: &mut Transaction<'_>, mut video: Video, how: DeletionKind, detail: &str) {
    abandon(tx, &mut video);
    video.source = Source::Deleted(Deletion { at: tx.now(), by: tx.actor().clone(), how });
    if how == DeletionKind::Trashing {
        tx.effect(trash(&video));
    }
    tx.put_video(video.clone());
    tx.video_event(EventKind::SourceDeleted, &video, Some(detail.to_owned()));
}

fn trash(video: &Video) -> Effect {
    let files = video
        .renditions
        .iter()
        .map(|Rendition { name, identity, .. }| Doomed {
            path: video.place.folder.join(name.to_os_string()),
            ino: identity.ino,
        })
        .collect();
    Effect::Trash { video: video.id, root: video.place.root.clone(), files }
}

/// Files that are on their way to the trash still go on: after a start, and when a look finds that they are there.
pub(super) fn resume_trashing(tx: &mut Transaction<'_>) {
    let waiting: Vec<Effect> = tx
        .state()
        .videos()
        .filter(|video| deletion(video) == Some(DeletionKind::Trashing))
        .map(trash)
        .collect();
    for effect in waiting {
        tx.effect(effect);
    }
}

pub(super) fn trashed(tx: &mut Transaction<'_>, id: VideoId, result: Result<(), String>) {
    let Some(mut video) = tx.state().video(id).cloned() else { return };
    if deletion(&video) != Some(DeletionKind::Trashing) {
        return;
    }
    // A failure leaves the mark, so that it is tried again; the URLs are dead either way.
    if result.is_ok()
        && let Source::Deleted(deletion) = &mut video.source
    {
        deletion.how = DeletionKind::Trashed;
        tx.put_video(video);
    }
}

pub(super) fn deletion(video: &Video) -> Option<DeletionKind> {
    match &video.source {
        Source::Deleted(deletion) => Some(deletion.how),
        Source::Present | Source::Missing { .. } => None,
    }
}
