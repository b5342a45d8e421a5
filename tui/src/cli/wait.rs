//! Waiting until conversions are done: by what the daemon pushes, never by asking again and again.

use std::collections::HashSet;
use std::time::{Duration, Instant, SystemTime};

use vodpost_protocol::conversion::{ConversionState, PausedView, ProgressView};
use vodpost_protocol::event::{EventView, Push};
use vodpost_protocol::ids::{Label, VideoId};
use vodpost_protocol::request::Request;
use vodpost_protocol::time::Timestamp;
use vodpost_protocol::video::VideoView;

use super::Context;
use super::board::{self, Entry};
use super::daemon::Daemon;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::output::Side;
use super::progress::Progress;
use super::show::order_line;
use crate::queue::{QueueChange, advance, is_under_way, queue_change};
use crate::text::{self, Sentence, plain, shell_word};
use crate::{say, word};

/// A daemon that ends for good should not keep a script waiting for ever.
const RETURN_LIMIT: Duration = Duration::from_secs(60);
/// Changes of the queue that come in a burst are read once.
pub(super) const GATHER: Duration = Duration::from_millis(500);

/// A subscribed connection, and Ctrl-C in our hands.
pub struct Waiter {
    daemon: Daemon,
    interrupt: Interrupt,
    progress: Progress,
    paused: Option<PausedView>,
    queue: Staleness,
    /// Something happened since the last frame.
    dirty: bool,
    /// Those whose end was told, with everything that belongs to it.
    told: HashSet<VideoId>,
    /// The URL that is waited for; without one all of them.
    label: Option<Label>,
}

/// Whether what is known of the queue may be out of date, and when it may be read again.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Staleness {
    stale: bool,
    read_at: Option<Instant>,
}

impl Staleness {
    pub(super) fn changed(&mut self) {
        self.stale = true;
    }

    /// How long not to ask yet; `None` while there is nothing to ask.
    pub(super) fn rest(&self) -> Option<Duration> {
        let rest = || self.read_at.map_or(Duration::ZERO, |read_at| GATHER.saturating_sub(read_at.elapsed()));
        self.stale.then(rest)
    }

    /// Whether to ask now.
    pub(super) fn take(&mut self) -> bool {
        let due = self.rest().is_some_and(|rest| rest.is_zero());
        if due {
            *self = Self { stale: false, read_at: Some(Instant::now()) };
        }
        due
    }
}

impl Waiter {
    /// Subscribes first, so that nothing which happens after can be missed.
    ///
    /// # Errors
    /// When no daemon answers or it refuses.
    pub fn new(context: &Context, label: Option<Label>) -> Result<Self, Failure> {
        // Until here Ctrl-C ends the program as ever.
        let daemon = context.daemon()?;
        let interrupt = Interrupt::install()?;
        interrupt.watch(&daemon)?;
        let mut waiter = Self {
            daemon,
            interrupt,
            progress: Progress::new(&context.out, Side::Notes)?,
            paused: None,
            queue: Staleness::default(),
            dirty: true,
            told: HashSet::new(),
            label,
        };
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

    /// Those whose end stands on the terminal already: the URL, or why it failed and what to do.
    #[must_use]
    pub fn told(&self) -> HashSet<VideoId> {
        self.told.clone()
    }

    /// What became of a video that was waited for.
    ///
    /// # Errors
    /// When its conversion failed, was too late or was cancelled.
    pub fn verdict(&self, context: &Context, video: VideoView) -> Result<VideoView, Failure> {
        match judge(&video, now()) {
            Ok(()) => Ok(video),
            // In JSON stdout has to say it too.
            Err(failure) if self.told.contains(&video.id) && !context.out.json => {
                Err(Failure::Reported(Box::new(failure)))
            }
            Err(failure) => Err(failure),
        }
    }

    /// Ctrl-C ends the connection: what failed because of that is no failure of its own.
    fn settle<T>(&self, result: Result<T, Failure>) -> Result<T, Failure> {
        if !self.interrupt.happened() {
            return result;
        }
        Err(Failure::Interrupted(Sentence::with_hint(
            word!(
                "No longer waiting; conversions that were requested go on.",
                "已停止等待；已请求的处理会继续。"
            ),
            word!(
                "how far they are: vodpost jobs; to end one: vodpost cancel VIDEO",
                "查看进度：vodpost jobs；取消：vodpost cancel VIDEO"
            ),
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
        self.queue.changed();
        while videos.iter().any(|video| is_under_way(video.conversion.state)) {
            match self.step(context, videos) {
                Err(Failure::Talk(_)) if !self.interrupt.happened() => self.come_back(context, videos)?,
                step => step?,
            }
        }
        Ok(())
    }

    fn step(&mut self, context: &mut Context, videos: &mut [VideoView]) -> Result<(), Failure> {
        // Lines tell what happened, which events do; only a board shows the queue as it is.
        if self.progress.redraws() && self.queue.take() {
            self.read_queue(videos)?;
        }
        let (paused, now) = (self.paused.as_ref(), now());
        let drawn = self.progress.draw(&mut context.out, |size| {
            let entries: Vec<Entry<'_>> = videos.iter().map(Entry::from).collect();
            board::lines(&entries, paused, now, size)
        })?;
        self.dirty &= !drawn;
        let patience = self.progress.patience(self.dirty);
        let patience = patience.map(|limit| limit.min(self.queue.rest().unwrap_or(limit)));
        match self.daemon.next_push_within(patience)? {
            Some(push) => self.take(context, push, videos),
            None => Ok(()),
        }
    }

    fn take(&mut self, context: &mut Context, push: Push, videos: &mut [VideoView]) -> Result<(), Failure> {
        self.dirty = true;
        match push {
            Push::Scan(_) => Ok(()),
            Push::Progress(view) => self.advance(context, &view, videos),
            Push::Event(event) => self.happened(context, &event, videos),
            Push::Resync { .. } => {
                self.queue.changed();
                self.refresh(context, videos, |_| true)
            }
        }
    }

    fn advance(
        &mut self,
        context: &mut Context,
        view: &ProgressView,
        videos: &mut [VideoView],
    ) -> Result<(), Failure> {
        let Some(video) = videos.iter_mut().find(|video| video.id == view.video) else { return Ok(()) };
        if advance(&mut video.conversion, view) {
            self.progress.step(&mut context.out, &video.title, view)?;
        }
        Ok(())
    }

    fn happened(
        &mut self,
        context: &mut Context,
        event: &EventView,
        videos: &mut [VideoView],
    ) -> Result<(), Failure> {
        if queue_change(event.what).is_some() {
            self.queue.changed();
        }
        self.warn(context, event, videos)?;
        event.video.map_or(Ok(()), |id| self.refresh(context, videos, |video| video.id == id))
    }

    /// Off a terminal, what holds up those that are waited for. The board shows it where it happens.
    fn warn(
        &mut self,
        context: &mut Context,
        event: &EventView,
        videos: &[VideoView],
    ) -> Result<(), Failure> {
        let ours = |id| videos.iter().find(|video| video.id == id && is_under_way(video.conversion.state));
        if self.progress.redraws() {
            return Ok(());
        }
        let what = match (queue_change(event.what), event.video.and_then(ours)) {
            (Some(QueueChange::HoldsUp), Some(video)) => {
                text::pair(&plain(&video.title), text::event(event.what))
            }
            (Some(QueueChange::Switches), _) => text::event_by(event),
            (Some(QueueChange::HoldsUp), None) | (Some(QueueChange::Ends | QueueChange::Moves) | None, _) => {
                return Ok(());
            }
        };
        let line = match &event.detail {
            Some(detail) => text::pair(&what, &plain(detail)),
            None => what,
        };
        self.progress.say(&mut context.out, &line)
    }

    /// Where the videos stand in the queue, and what they wait for. Their ends come by events.
    fn read_queue(&mut self, videos: &mut [VideoView]) -> Result<(), Failure> {
        let jobs = self.daemon.jobs(Request::Jobs)?;
        self.paused = jobs.paused;
        for job in jobs.jobs {
            let ours = videos.iter_mut().find(|video| video.id == job.video);
            if let Some(video) = ours.filter(|video| is_under_way(video.conversion.state)) {
                video.conversion = job.conversion;
            }
        }
        self.dirty = true;
        Ok(())
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
            *video = self.daemon.video(Request::Show { video: video.id.to_string() })?;
            if video.conversion.state != before {
                self.say_state(context, video)?;
            }
        }
        Ok(())
    }

    /// A line for each state; where there is a board, for the last one only, with the URLs or what to do next.
    fn say_state(&mut self, context: &mut Context, video: &VideoView) -> Result<(), Failure> {
        let title = plain(&video.title);
        if !self.progress.redraws() {
            let line = text::pair(&title, &order_line(&video.conversion, now()));
            return self.progress.say(&mut context.out, &line);
        }
        if is_under_way(video.conversion.state) {
            return Ok(());
        }
        self.told.insert(video.id);
        match judge(video, now()) {
            Ok(()) => {
                let wanted = |label| self.label.as_ref().is_none_or(|wanted| wanted == label);
                let postings = video.postings.iter().filter(|posting| wanted(&posting.label));
                let mut line = text::pair(&title, text::conversion_state(ConversionState::Ready));
                for posting in postings {
                    line.push_str(&format!("  {}", plain(&posting.url)));
                }
                self.progress.say(&mut context.out, &line)
            }
            Err(failure) => {
                self.progress.clear(&mut context.out)?;
                context.out.complain(&failure.sentence())
            }
        }
    }

    /// Accepted conversions survive the daemon, so waiting goes on when it is back.
    fn come_back(&mut self, context: &mut Context, videos: &mut [VideoView]) -> Result<(), Failure> {
        self.progress.say(&mut context.out, text::daemon_gone())?;
        let socket = context.global.socket.as_deref();
        let mut daemon = Daemon::return_of(socket, Some(RETURN_LIMIT), |pause| {
            self.interrupt.pause(pause);
            !self.interrupt.happened()
        })?;
        self.interrupt.watch(&daemon)?;
        daemon.subscribe()?;
        self.daemon = daemon;
        self.progress.say(&mut context.out, text::daemon_back())?;
        self.queue.changed();
        self.refresh(context, videos, |_| true)
    }
}

impl<'a> From<&'a VideoView> for Entry<'a> {
    fn from(video: &'a VideoView) -> Self {
        Self { title: &video.title, conversion: &video.conversion }
    }
}

pub(super) fn now() -> Timestamp {
    Timestamp::from_system(SystemTime::now())
}

/// A conversion that ended: well, or as a failure with its reason.
///
/// # Errors
/// When it failed, was too late or was cancelled.
fn judge(video: &VideoView, now: Timestamp) -> Result<(), Failure> {
    let (title, name) = (plain(&video.title), shell_word(&video.title));
    match video.conversion.state {
        ConversionState::Ready => Ok(()),
        ConversionState::Failed => {
            let unknown = || word!("no reason is known", "原因未知").into();
            let reason = video.conversion.reason.as_deref().map_or_else(unknown, plain);
            let sentence = Sentence::with_hint(
                say!("The conversion of \"{title}\" failed: {reason}", "《{title}》处理失败：{reason}"),
                say!(
                    "vodpost show {name}, then vodpost retry {name}",
                    "先用 vodpost show {name} 查看，再用 vodpost retry {name} 重试"
                ),
            );
            // It ended just now: past its deadline means because of it.
            let too_late = video.conversion.deadline.is_some_and(|deadline| deadline <= now);
            Err(if too_late { Failure::TimedOut(sentence) } else { Failure::Failed(sentence) })
        }
        ConversionState::None | ConversionState::Queued | ConversionState::Running => {
            Err(Failure::Failed(Sentence::with_hint(
                say!("The conversion of \"{title}\" was cancelled.", "《{title}》的处理已取消。"),
                format!("vodpost show {name}"),
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::peer::video;

    #[test]
    fn a_missed_deadline_is_a_time_out() {
        let mut failed = video("talk", ConversionState::Failed);
        failed.conversion.deadline = Some(Timestamp::from_millis(1_000));
        let status = |now| judge(&failed, Timestamp::from_millis(now)).unwrap_err().exit_status();
        assert_eq!(status(999), 1);
        assert_eq!(status(1_000), 8);
        assert!(judge(&video("talk", ConversionState::Ready), Timestamp::MAX).is_ok());
        assert_eq!(
            judge(&video("talk", ConversionState::None), Timestamp::MAX).unwrap_err().exit_status(),
            1
        );
    }

    #[test]
    fn a_burst_of_changes_is_read_once() {
        let mut queue = Staleness::default();
        assert!(queue.rest().is_none() && !queue.take());
        queue.changed();
        queue.changed();
        assert!(queue.take() && !queue.take());
        queue.changed();
        assert!(queue.rest().is_some_and(|rest| rest <= GATHER));
    }
}
