//! `vodpost jobs --follow`: the list as it changes, by what the daemon pushes.

use std::thread;

use serde_json::json;
use vodpost_protocol::connection::TalkError;
use vodpost_protocol::conversion::{JobsView, ProgressView};
use vodpost_protocol::event::{EventView, Push};
use vodpost_protocol::request::Request;

use super::list;
use crate::cli::Context;
use crate::cli::daemon::Daemon;
use crate::cli::failure::Failure;
use crate::cli::output::Side;
use crate::cli::progress::Progress;
use crate::cli::wait::{Staleness, now};
use crate::queue::{QueueChange, advance, queue_change};
use crate::text::{self, plain};
use crate::word;

/// When following ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    Interrupted,
    /// No conversion runs or waits any more.
    Done,
}

impl From<bool> for Until {
    fn from(until_done: bool) -> Self {
        if until_done { Self::Done } else { Self::Interrupted }
    }
}

struct Follower {
    progress: Progress,
    jobs: JobsView,
    queue: Staleness,
    dirty: bool,
    until: Until,
}

/// # Errors
/// When the daemon refuses, or the output is gone.
pub(super) fn run(context: &mut Context, until: Until) -> Result<(), Failure> {
    let mut daemon = context.daemon()?;
    let empty = JobsView { jobs: Vec::new(), left_out: 0, workers: 0, paused: None };
    let mut follower = Follower {
        progress: Progress::new(&context.out, Side::Result)?,
        jobs: empty,
        queue: Staleness::default(),
        dirty: true,
        until,
    };
    loop {
        match follower.listen(context, &mut daemon) {
            Err(Failure::Talk(TalkError::Closed | TalkError::Io(_))) => {}
            result => return result,
        }
        follower.progress.clear(&mut context.out)?;
        context.out.note(text::daemon_gone())?;
        daemon = Daemon::return_of(context.global.socket.as_deref(), None, |pause| {
            thread::sleep(pause);
            true
        })?;
        context.out.note(text::daemon_back())?;
    }
}

impl Follower {
    fn is_block(&self, context: &Context) -> bool {
        self.progress.redraws() && !context.out.json
    }

    /// Subscribes before it reads the list, so that nothing falls in between.
    fn listen(&mut self, context: &mut Context, daemon: &mut Daemon) -> Result<(), Failure> {
        daemon.subscribe()?;
        self.jobs = daemon.jobs(Request::Jobs)?;
        self.dirty = true;
        if context.out.json {
            self.emit_list(context)?;
        } else if !self.is_block(context) {
            list::print(context, &self.jobs, now())?;
            context.out.flush()?;
        }
        while self.until == Until::Interrupted || !self.is_empty() {
            if self.queue.take() {
                self.jobs = daemon.jobs(Request::Jobs)?;
                self.dirty = true;
                if context.out.json {
                    self.emit_list(context)?;
                }
                continue;
            }
            let mut patience = self.queue.rest();
            if self.is_block(context) {
                self.draw(context)?;
                let drawing = self.progress.patience(self.dirty);
                patience = [patience, drawing].into_iter().flatten().min();
            }
            if let Some(push) = daemon.next_push_within(patience)? {
                self.take(context, push)?;
            }
        }
        self.finish(context)
    }

    fn is_empty(&self) -> bool {
        self.jobs.jobs.is_empty() && self.jobs.left_out == 0
    }

    fn finish(&mut self, context: &mut Context) -> Result<(), Failure> {
        self.progress.clear(&mut context.out)?;
        if context.out.json {
            return Ok(());
        }
        context.out.note(word!("No conversion runs or waits any more.", "没有进行中或等待的处理了。"))
    }

    fn draw(&mut self, context: &mut Context) -> Result<(), Failure> {
        let (jobs, now) = (&self.jobs, now());
        let drawn = self
            .progress
            .draw(&mut context.out, |size| list::block(jobs, now, size.line_width(), size.block_height()))?;
        self.dirty &= !drawn;
        Ok(())
    }

    fn take(&mut self, context: &mut Context, push: Push) -> Result<(), Failure> {
        match push {
            Push::Progress(view) => self.advance(context, &view),
            Push::Event(event) => self.happened(context, &event),
            Push::Scan(_) => Ok(()),
            Push::Resync { .. } => {
                self.queue.changed();
                Ok(())
            }
        }
    }

    fn advance(&mut self, context: &mut Context, view: &ProgressView) -> Result<(), Failure> {
        if context.out.json {
            context.out.json(&json!({ "progress": view }))?;
            return context.out.flush();
        }
        let Some(job) = self.jobs.jobs.iter_mut().find(|job| job.video == view.video) else { return Ok(()) };
        if advance(&mut job.conversion, view) {
            self.dirty = true;
            self.progress.step(&mut context.out, &job.title, view)?;
        }
        Ok(())
    }

    fn happened(&mut self, context: &mut Context, event: &EventView) -> Result<(), Failure> {
        let Some(change) = queue_change(event.what) else { return Ok(()) };
        self.queue.changed();
        if context.out.json || (self.is_block(context) && change != QueueChange::Ends) {
            return Ok(());
        }
        // A block shows what is there; of what has left it, a line stays.
        self.dirty = true;
        self.progress.say(&mut context.out, &event_line(event))
    }

    fn emit_list(&self, context: &mut Context) -> Result<(), Failure> {
        context.out.json(&json!({ "jobs": self.jobs }))?;
        context.out.flush()
    }
}

/// `talk: conversion failed: the disk is full`
fn event_line(event: &EventView) -> String {
    let line = match &event.title {
        Some(title) => text::pair(&plain(title), text::event(event.what)),
        None => text::event_by(event),
    };
    match &event.detail {
        Some(detail) => text::pair(&line, &plain(detail)),
        None => line,
    }
}
