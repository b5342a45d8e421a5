//! What follows from a batch once it is durable and answered: subscribers are told, and work begins or ends.

use tokio::sync::oneshot;
use vodpost_protocol::event::Push;
use vodpost_protocol::ids::VideoId;

use super::Engine;
use super::batch::Done;
use crate::clients::view;
use crate::core::artifact::{Progress, PublicState, Publication};
use crate::core::effect::Effect;

impl Engine {
    /// Tells subscribers of what was done, and begins the work that follows from it; returns whom to tell of the end when
    /// there was the order to stop.
    pub(super) fn follow_up(&mut self, done: Done) -> Option<oneshot::Sender<()>> {
        let Done { effects, finished, backups, stop } = done;
        for effect in effects {
            self.carry_out(effect);
        }
        for video in finished {
            self.want_poster(video);
        }
        for (answerer, path) in backups {
            self.backup(answerer, path);
        }
        stop
    }

    /// Tells subscribers how far a conversion is.
    pub(super) fn pass_on(&self, progress: &Progress) {
        let current = self
            .core
            .state()
            .video(progress.job.video)
            .and_then(|video| video.order())
            .is_some_and(|order| order.attempt == progress.job.attempt);
        if current {
            self.tell(Push::Progress(view::progress(progress)));
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Announce(event) => {
                tracing::info!(
                    seq = event.seq,
                    actor = event.actor.name(),
                    what = event.what.name(),
                    "event"
                );
                self.tell(Push::Event(view::event(&event)));
            }
            Effect::StartConversion(assignment) => {
                self.jobs.start(*assignment, &self.handle);
            }
            Effect::StopConversion(job) => self.jobs.stop(job),
            Effect::Trash { video, root, files } => self.jobs.trash(video, root, files, &self.handle),
            Effect::RemoveArtifact(name) => self.jobs.remove_artifact(name),
            Effect::RemovePoster(job) => self.jobs.remove_poster(job),
            Effect::Scan => self.want_scan(),
            Effect::Library(roots) => {
                self.roots.send_replace(roots);
                self.want_scan();
            }
        }
    }

    fn want_poster(&self, video: VideoId) {
        let publications = self.core.publications(video, self.jobs.folder());
        let is_live = |publication: &&Publication| match &publication.state {
            PublicState::Live(_) => true,
            PublicState::Suspended | PublicState::Pending | PublicState::Invalid => false,
        };
        if let Some(live) = publications.iter().find(is_live) {
            self.jobs.want_poster(live.token);
        }
    }

    pub(super) fn tell(&self, push: Push) {
        // It fails when nobody has subscribed.
        if self.pushes.send(push).is_err() {
            tracing::trace!("nobody is told");
        }
    }

    pub(super) fn want_scan(&self) {
        if self.scan_wanted.try_send(()).is_err() {
            tracing::debug!("a scan is wanted already");
        }
    }
}
