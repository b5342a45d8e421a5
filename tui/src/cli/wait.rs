//! Waiting until conversions are done: by what the daemon pushes, never by asking again and again.

use std::time::Duration;

use vodpost_protocol::conversion::ConversionState;
use vodpost_protocol::event::Push;
use vodpost_protocol::ids::VideoId;
use vodpost_protocol::request::Request;
use vodpost_protocol::video::VideoView;

use super::Context;
use super::daemon::Daemon;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::progress::Progress;
use super::show::conversion_line;
use crate::text::{Sentence, plain};

/// A daemon that ends for good should not keep a script waiting for ever.
const RETURN_LIMIT: Duration = Duration::from_secs(60);

/// A subscribed connection, and Ctrl-C in our hands.
pub struct Waiter {
    daemon: Daemon,
    interrupt: Interrupt,
    progress: Progress,
}

impl Waiter {
    /// Subscribes first, so that nothing which happens after can be missed.
    ///
    /// # Errors
    /// When no daemon answers or it refuses.
    pub fn new(context: &Context) -> Result<Self, Failure> {
        // Until here Ctrl-C ends the program as ever.
        let daemon = context.daemon()?;
        let interrupt = Interrupt::install()?;
        interrupt.watch(&daemon)?;
        let mut waiter = Self { daemon, interrupt, progress: Progress::default() };
        waiter.ask(Daemon::subscribe)?;
        Ok(waiter)
    }

    /// Asks the daemon something before the waiting begins.
    ///
    /// # Errors
    /// Those of the question, or that Ctrl-C ended it.
    pub fn ask<T>(&mut self, question: impl FnOnce(&mut Daemon) -> Result<T, Failure>) -> Result<T, Failure> {
        let result = question(&mut self.daemon);
        self.settle(result)
    }

    /// Ctrl-C ends the connection: what failed because of that is no failure of its own.
    fn settle<T>(&self, result: Result<T, Failure>) -> Result<T, Failure> {
        if !self.interrupt.happened() {
            return result;
        }
        Err(Failure::Interrupted(Sentence::with_hint(
            "No longer waiting; conversions that were requested go on.",
            "how far they are: vodpost jobs; to end one: vodpost cancel VIDEO",
        )))
    }

    /// Returns when no conversion of these videos is under way any more; the videos are brought up to date.
    ///
    /// # Errors
    /// On Ctrl-C, or when the daemon goes away and does not return.
    pub fn until_done(&mut self, context: &mut Context, videos: &mut [VideoView]) -> Result<(), Failure> {
        let result = self.follow(context, videos);
        self.progress.clear(&mut context.out)?;
        self.settle(result)
    }

    fn follow(&mut self, context: &mut Context, videos: &mut [VideoView]) -> Result<(), Failure> {
        for video in videos.iter().filter(|video| is_under_way(video.conversion.state)) {
            self.say_state(context, video)?;
        }
        while videos.iter().any(|video| is_under_way(video.conversion.state)) {
            let step = match self.daemon.next_push() {
                Ok(push) => self.take(context, push, videos),
                Err(failure) => Err(failure),
            };
            match step {
                Err(Failure::Talk(_)) if !self.interrupt.happened() => self.come_back(context, videos)?,
                step => step?,
            }
        }
        Ok(())
    }

    fn take(&mut self, context: &mut Context, push: Push, videos: &mut [VideoView]) -> Result<(), Failure> {
        match push {
            Push::Progress(view) => {
                let others = videos
                    .iter()
                    .filter(|video| is_under_way(video.conversion.state))
                    .count()
                    .saturating_sub(1);
                let ours = videos
                    .iter()
                    .find(|video| video.id == view.video && is_under_way(video.conversion.state));
                ours.map_or(Ok(()), |video| {
                    self.progress.update(&mut context.out, &video.title, &view, others)
                })
            }
            Push::Event(event) => {
                event.video.map_or(Ok(()), |id| self.refresh(context, videos, |video| video.id == id))
            }
            Push::Resync { .. } => self.refresh(context, videos, |_| true),
        }
    }

    /// Reads those of the waited-for videos anew that something may have happened to.
    fn refresh(
        &mut self,
        context: &mut Context,
        videos: &mut [VideoView],
        concerns: impl Fn(&VideoView) -> bool,
    ) -> Result<(), Failure> {
        for video in videos.iter_mut().filter(|video| is_under_way(video.conversion.state) && concerns(video))
        {
            let before = video.conversion.state;
            *video = self.show(video.id)?;
            if video.conversion.state != before {
                self.say_state(context, video)?;
            }
        }
        Ok(())
    }

    fn show(&mut self, id: VideoId) -> Result<VideoView, Failure> {
        self.daemon.video(Request::Show { video: id.to_string() })
    }

    fn say_state(&mut self, context: &mut Context, video: &VideoView) -> Result<(), Failure> {
        let line = format!("{}: {}", plain(&video.title), conversion_line(&video.conversion));
        self.progress.say(&mut context.out, &line)
    }

    /// Accepted conversions survive the daemon, so waiting goes on when it is back.
    fn come_back(&mut self, context: &mut Context, videos: &mut [VideoView]) -> Result<(), Failure> {
        self.progress.say(&mut context.out, "The daemon went away; waiting for its return.")?;
        let socket = context.global.socket.as_deref();
        let mut daemon = Daemon::return_of(socket, Some(RETURN_LIMIT), |pause| {
            self.interrupt.pause(pause);
            !self.interrupt.happened()
        })?;
        self.interrupt.watch(&daemon)?;
        daemon.subscribe()?;
        self.daemon = daemon;
        self.progress.say(&mut context.out, "The daemon is back.")?;
        self.refresh(context, videos, |_| true)
    }
}

pub(super) fn is_under_way(state: ConversionState) -> bool {
    match state {
        ConversionState::Queued | ConversionState::Running => true,
        ConversionState::None | ConversionState::Failed | ConversionState::Ready => false,
    }
}
