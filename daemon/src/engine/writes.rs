//! Requests as they come in; of those that change something: names resolved, texts bounded, numbers sealed, then handed to the rules.

use vodpost_protocol::account::Submission;
use vodpost_protocol::ids::VideoId;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::request::{ForecastQuery, Request};

use super::reads::ScanCount;
use super::{Answerer, Batch, Engine};
use crate::clients::Peer;
use crate::core::account::SealedSubmission;
use crate::core::actor::Actor;
use crate::core::identity;
use crate::core::input::{Command, Input};
use crate::core::resolve;
use crate::core::video::{MissingCause, Source};
use crate::error::chain;
use crate::library::trash::{self, NoTrash};

/// A path may be this long on Linux; no id, title or URL of ours is longer.
const NAME_BYTES_MAX: u32 = 4096;
const REASON_BYTES_MAX: u32 = 1000;

/// What a client is answered once everything before it is durable.
pub(super) enum Pending {
    Read(Box<Request>),
    Refused(Refusal),
    Video(VideoId),
    Account,
    Scan(ScanCount),
    Jobs,
    Library,
}

/// # Errors
/// When a text of the request is longer than any that could be right.
pub(super) fn check_lengths(request: &Request) -> Result<(), Refusal> {
    let check = |field: &str, text: &str, len_max: u32| {
        if text.len() > len_max as usize {
            Err(Refusal::TooLong { field: field.to_owned(), len_max })
        } else {
            Ok(())
        }
    };
    match request {
        Request::Show { video }
        | Request::Generate { video, .. }
        | Request::Retry { video }
        | Request::Cancel { video }
        | Request::SetSource { video, .. }
        | Request::DeleteSource { video, .. } => check("video", video, NAME_BYTES_MAX),
        Request::Locate { target }
        | Request::SetPosting { target, .. }
        | Request::SetListed { target, .. } => check("target", target, NAME_BYTES_MAX),
        Request::AccountReject { reason } | Request::AccountRevoke { reason } => {
            check("reason", reason, REASON_BYTES_MAX)
        }
        Request::List(query) => {
            check("match", query.matching.as_deref().unwrap_or_default(), NAME_BYTES_MAX)?;
            check("after", query.after.as_deref().unwrap_or_default(), 4 * NAME_BYTES_MAX)
        }
        Request::Backup { path } | Request::AddRoot { path } | Request::RemoveRoot { path } => {
            check("path", path, NAME_BYTES_MAX)
        }
        // The fields of a submission have limits of their own.
        Request::AccountSubmit(_)
        | Request::Status
        | Request::AccountShow
        | Request::AccountApprove
        | Request::ServiceActivate
        | Request::Scan
        | Request::Jobs
        | Request::Events { .. }
        | Request::Subscribe
        | Request::PauseQueue
        | Request::ResumeQueue
        | Request::Checkup => Ok(()),
        Request::Forecast(query) => {
            if query.videos.len() > ForecastQuery::VIDEOS_MAX {
                return Err(Refusal::TooLarge);
            }
            query.videos.iter().try_for_each(|video| check("videos", video, NAME_BYTES_MAX))
        }
    }
}

impl Engine {
    /// Answers at once, or says what has to become durable first.
    pub(super) fn take_ask(&mut self, batch: &mut Batch, peer: Peer, request: Request, answerer: Answerer) {
        if let Err(refusal) = check_lengths(&request) {
            batch.answers.push((answerer, Pending::Refused(refusal)));
            return;
        }
        if request == Request::Checkup {
            self.checkups.ask(&self.core.roots(), answerer);
            return;
        }
        if request.is_read() {
            batch.answers.push((answerer, Pending::Read(Box::new(request))));
            return;
        }
        if request == Request::Scan {
            self.scans.wait(answerer);
            self.want_scan();
            return;
        }
        if let Request::Backup { path } = request {
            batch.backups.push((answerer, path.into()));
            return;
        }
        if let Request::AddRoot { path } = request {
            // A folder on a disk that hangs must not hold up everybody else.
            self.jobs.examine(path.into(), peer, answerer, &self.handle);
            return;
        }
        let actor = Actor::user(peer.uid, peer.name);
        let asked = self.command(&actor, request);
        self.take_command(batch, actor, asked, answerer);
    }

    /// Lets the rules decide on what a client asked for.
    pub(super) fn take_command(
        &mut self,
        batch: &mut Batch,
        actor: Actor,
        asked: Result<(Command, Pending), Refusal>,
        answerer: Answerer,
    ) {
        batch.observe(self);
        let decided = asked.and_then(|(command, pending)| {
            Ok((self.core.handle(Input::Command { actor, command }, Self::now())?, pending))
        });
        let pending = match decided {
            Ok((outcome, pending)) => {
                batch.add(outcome);
                pending
            }
            Err(refusal) => Pending::Refused(refusal),
        };
        batch.answers.push((answerer, pending));
    }

    /// What a request asks of the rules, and what it is answered with.
    pub(super) fn command(&self, actor: &Actor, request: Request) -> Result<(Command, Pending), Refusal> {
        let of_video = |name: &str, command: fn(VideoId) -> Command| {
            let video = self.find(name)?;
            Ok((command(video), Pending::Video(video)))
        };
        match request {
            Request::Generate { video, label } => {
                let video = self.find(&video)?;
                Ok((Command::Generate { video, label }, Pending::Video(video)))
            }
            Request::Retry { video } => of_video(&video, |video| Command::Retry { video }),
            Request::Cancel { video } => of_video(&video, |video| Command::Cancel { video }),
            Request::SetPosting { target, switch } => {
                let (video, tokens) = resolve::target(self.core.state(), &self.core.roots(), &target)?;
                Ok((Command::SetPostings { video: video.id, tokens, switch }, Pending::Video(video.id)))
            }
            Request::SetListed { target, listed } => {
                let (video, tokens) = resolve::target(self.core.state(), &self.core.roots(), &target)?;
                let video = video.id;
                Ok((Command::SetListed { video, tokens, listed }, Pending::Video(video)))
            }
            Request::SetSource { video, switch } => {
                let video = self.find(&video)?;
                Ok((Command::SetSource { video, switch }, Pending::Video(video)))
            }
            Request::DeleteSource { video, keep_files } => {
                let video = self.find(&video)?;
                self.check_trash(video, keep_files)?;
                Ok((Command::DeleteSource { video, keep_files }, Pending::Video(video)))
            }
            Request::AccountSubmit(submission) => {
                let sealed = self.seal(actor, &submission)?;
                Ok((Command::Submit(Box::new(sealed)), Pending::Account))
            }
            Request::AccountApprove => Ok((Command::Approve, Pending::Account)),
            Request::AccountReject { reason } => Ok((Command::Reject { reason }, Pending::Account)),
            Request::AccountRevoke { reason } => Ok((Command::Revoke { reason }, Pending::Account)),
            Request::ServiceActivate => Ok((Command::Activate, Pending::Account)),
            Request::PauseQueue => Ok((Command::PauseQueue, Pending::Jobs)),
            Request::ResumeQueue => Ok((Command::ResumeQueue, Pending::Jobs)),
            Request::RemoveRoot { path } => Ok((Command::RemoveRoot { path: path.into() }, Pending::Library)),
            Request::Status
            | Request::List(_)
            | Request::Show { .. }
            | Request::Locate { .. }
            | Request::AccountShow
            | Request::Scan
            | Request::Jobs
            | Request::Events { .. }
            | Request::Subscribe
            | Request::Forecast(_)
            | Request::Checkup
            // That folder has to be looked at first.
            | Request::AddRoot { .. }
            | Request::Backup { .. } => {
                tracing::error!("a read was taken for a change");
                Err(Refusal::Busy)
            }
        }
    }

    fn find(&self, name: &str) -> Result<VideoId, Refusal> {
        resolve::video(self.core.state(), &self.core.roots(), name).map(|video| video.id)
    }

    /// L6: says no before anything is final when the files could not be moved.
    fn check_trash(&self, id: VideoId, keep_files: bool) -> Result<(), Refusal> {
        let Some(video) = self.core.state().video(id) else { return Ok(()) };
        let present = match &video.source {
            Source::Present | Source::Missing { cause: MissingCause::BeingWritten, .. } => true,
            Source::Missing { cause: MissingCause::Vanished | MissingCause::RootUnavailable(_), .. }
            | Source::Deleted(_) => false,
        };
        if keep_files || !present {
            return Ok(());
        }
        trash::check(&video.place.root, &video.place.folder).map_err(|why| match why {
            NoTrash::ReadOnly(reason) => {
                Refusal::ReadOnlyRoot { root: format!("{} ({reason})", video.place.root.display()) }
            }
            NoTrash::Other(reason) => Refusal::TrashFailed { title: video.title(), reason },
        })
    }

    /// A5: from here on the number exists in sealed form only.
    fn seal(&self, actor: &Actor, submission: &Submission) -> Result<SealedSubmission, Refusal> {
        let now = Self::now();
        let checked = identity::check(submission, now).map_err(Refusal::InvalidIdentity)?;
        let number_sealed = self
            .sealer
            .seal(&checked.number)
            .map_err(|error| Refusal::StorageFailed { reason: chain(&error) })?;
        Ok(SealedSubmission {
            kind: checked.kind,
            name: checked.name,
            document: checked.document,
            number_masked: identity::mask(&checked.number),
            number_sealed,
            contact: checked.contact,
            at: now,
            by: actor.clone(),
        })
    }
}
