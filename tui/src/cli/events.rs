//! `vodpost events`: every change, from any number on, and live; without gaps and without repeats.

use std::thread;

use clap::Args;
use serde_json::json;
use vodpost_protocol::connection::TalkError;
use vodpost_protocol::conversion::ProgressView;
use vodpost_protocol::event::{EventView, Push};
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::reply::EventPage;

use super::Context;
use super::daemon::Daemon;
use super::failure::Failure;
use super::output::Output;
use super::progress::Tenths;
use crate::format::moment;
use crate::say;
use crate::text::{self, plain};

/// Events per request; fewer when they do not fit one answer.
const PAGE: u32 = 500;

/// List the changes: who did what, and why; with --follow also those to come
#[derive(Debug, Args)]
#[command(
    after_long_help = "Events are numbered from 1 without gaps. All that are kept are listed, unless --since
is given. --follow goes on when the daemon was restarted. Ctrl-C ends it.
With --json: {\"events\":[…],\"newest\":…,\"oldest\":…}; with --follow one per line:
{\"seq\":…,\"at\":…,\"actor\":…,\"uid\":…,\"what\":…,\"video\":…,\"title\":…,\"label\":…,
\"token\":…,\"detail\":…}, and with --progress besides {\"progress\":{\"video\":…,
\"attempt\":1,\"progress\":0.42,\"speed\":3.1,\"eta_s\":95}}, at most four a second for
each conversion.

Example:
  vodpost events --since 120
  vodpost events --follow --json | jq 'select(.what == \"conversion_failed\")'"
)]
pub struct Events {
    /// Only events after this one
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    since: u64,
    /// Go on with what happens from now on
    #[arg(short, long)]
    follow: bool,
    /// Also how far conversions are: a line for each tenth
    #[arg(long, requires = "follow")]
    progress: bool,
}

impl Events {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        if self.follow {
            return follow(context, self.since, self.progress);
        }
        let mut daemon = context.daemon()?;
        let mut events = Vec::new();
        let mut reader = Reader { last: self.since };
        let first = reader.page(&mut daemon)?;
        note_gap(&mut context.out, self.since, first.oldest)?;
        let (newest, oldest) = (first.newest, first.oldest);
        if self.since > newest {
            context.out.note(&say!("The newest event is {newest}.", "最新的事件是 {newest}。"))?;
        }
        let mut page = first;
        // What happens meanwhile is not part of the answer: this ends.
        loop {
            for event in reader.take(page.events).filter(|event| event.seq <= newest) {
                if context.out.json {
                    events.push(event);
                } else {
                    print(&mut context.out, &event)?;
                }
            }
            if reader.last >= newest {
                break;
            }
            page = reader.page(&mut daemon)?;
            if page.events.is_empty() {
                break;
            }
        }
        if context.out.json {
            return context.out.json(&json!({ "events": events, "newest": newest, "oldest": oldest }));
        }
        Ok(())
    }
}

/// Knows which event was the last.
struct Reader {
    last: u64,
}

impl Reader {
    fn page(&self, daemon: &mut Daemon) -> Result<EventPage, Failure> {
        let mut limit = PAGE;
        loop {
            match daemon.events(self.last, limit) {
                Err(Failure::Refused(Refusal::TooLarge)) if limit > 1 => limit /= 2,
                page => return page,
            }
        }
    }

    /// Those that are new, each once.
    fn take(&mut self, events: Vec<EventView>) -> impl Iterator<Item = EventView> {
        events.into_iter().filter(|event| {
            let new = event.seq > self.last;
            self.last = self.last.max(event.seq);
            new
        })
    }
}

fn follow(context: &mut Context, since: u64, progress: bool) -> Result<(), Failure> {
    let mut reader = Reader { last: since };
    let mut tenths = progress.then(Tenths::default);
    let mut daemon = context.daemon()?;
    loop {
        match listen(&mut context.out, &mut reader, &mut tenths, &mut daemon) {
            Err(Failure::Talk(TalkError::Closed | TalkError::Io(_))) => {}
            Err(failure) => return Err(failure),
            Ok(never) => match never {},
        }
        context.out.flush()?;
        context.out.note(text::daemon_gone())?;
        daemon = Daemon::return_of(context.global.socket.as_deref(), None, |pause| {
            thread::sleep(pause);
            true
        })?;
        context.out.note(text::daemon_back())?;
    }
}

/// Subscribes before it reads what is there, so that nothing falls in between.
fn listen(
    out: &mut Output,
    reader: &mut Reader,
    tenths: &mut Option<Tenths>,
    daemon: &mut Daemon,
) -> Result<std::convert::Infallible, Failure> {
    let newest = daemon.subscribe()?;
    catch_up(out, reader, daemon, newest)?;
    loop {
        match daemon.next_push()? {
            Push::Event(event) if event.seq == reader.last + 1 => {
                for event in reader.take(vec![event]) {
                    emit(out, &event)?;
                }
            }
            // Known already, or others before it are not: the pages have them.
            Push::Event(EventView { seq, .. }) | Push::Resync { seq } => {
                catch_up(out, reader, daemon, seq)?;
            }
            Push::Scan(_) => continue,
            Push::Progress(view) => match tenths {
                Some(tenths) => emit_progress(out, tenths, &view)?,
                None => continue,
            },
        }
        out.flush()?;
    }
}

/// Reads pages until `newest` was seen.
fn catch_up(out: &mut Output, reader: &mut Reader, daemon: &mut Daemon, newest: u64) -> Result<(), Failure> {
    while reader.last < newest {
        let page = reader.page(daemon)?;
        note_gap(out, reader.last, page.oldest)?;
        if page.events.is_empty() {
            break;
        }
        for event in reader.take(page.events) {
            emit(out, &event)?;
        }
    }
    out.flush()
}

fn emit(out: &mut Output, event: &EventView) -> Result<(), Failure> {
    if out.json { out.json(event) } else { print(out, event) }
}

/// As JSON all of it, for people one line for each tenth.
fn emit_progress(out: &mut Output, tenths: &mut Tenths, view: &ProgressView) -> Result<(), Failure> {
    if out.json {
        return out.json(&json!({ "progress": view }));
    }
    match tenths.line(&view.video.to_string(), view) {
        Some(line) => out.line(&format!("{:>6}  {line}", "")),
        None => Ok(()),
    }
}

/// Old events are given up at some time; whoever asked for them should know.
fn note_gap(out: &mut Output, last: u64, oldest: u64) -> Result<(), Failure> {
    if oldest > last + 1 {
        return out.note(&say!(
            "Events {first} to {last} are no longer kept.",
            "事件 {first} 至 {last} 已不再保留。",
            first = last + 1,
            last = oldest - 1,
        ));
    }
    Ok(())
}

fn print(out: &mut Output, event: &EventView) -> Result<(), Failure> {
    let line = event_line(event);
    out.line(&line)
}

/// `42  2026-03-04 05:06:07Z  alice  URL created  talk#default  (detail)`
fn event_line(event: &EventView) -> String {
    let mut line = format!(
        "{:>6}  {}  {}  {}",
        event.seq,
        moment(event.at),
        plain(&event.actor),
        text::event(event.what)
    );
    if let Some(title) = &event.title {
        line.push_str("  ");
        line.push_str(&plain(title));
        if let Some(label) = &event.label {
            line.push_str(&format!("#{label}"));
        }
    }
    if let Some(detail) = &event.detail {
        line.push_str(&say!("  ({detail})", "（{detail}）", detail = plain(detail)));
    }
    line
}

#[cfg(test)]
mod tests {
    use vodpost_protocol::event::EventKind;
    use vodpost_protocol::ids::Label;
    use vodpost_protocol::time::Timestamp;

    use super::*;

    #[test]
    fn an_event_is_one_line_whatever_the_title() {
        let event = EventView {
            seq: 42,
            at: Timestamp::from_millis(1_700_000_000_000),
            actor: "alice".into(),
            uid: Some(1000),
            what: EventKind::PostingCreated,
            video: None,
            title: Some("ta\nlk".into()),
            label: Some(Label::default()),
            token: None,
            detail: Some("by hand".into()),
        };
        assert_eq!(
            event_line(&event),
            "    42  2023-11-14 22:13:20Z  alice  URL created  ta␊lk#default  (by hand)"
        );
    }
}
