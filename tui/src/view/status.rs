//! The status screen: the daemon itself.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use vodpost_protocol::status::{RootView, Status, Storage, Tool};

use crate::app::App;
use crate::format;
use crate::text::plain;
use crate::view::text::{column, wrap, write_at, write_scrolled};
use crate::view::theme::Theme;
use crate::view::words;
use crate::{say, word};

const NAME: usize = 10;

pub(super) fn draw(app: &App, theme: Theme, area: Rect, buffer: &mut Buffer) -> usize {
    let Some(status) = &app.status else {
        write_at(buffer, (area.x, area.y), words::LOADING, theme.faint());
        return 0;
    };
    let mut page = Page { width: usize::from(area.width), lines: Vec::new() };
    page.daemon(app, status);
    page.counts(status);
    page.needs(status, theme);
    for root in &status.roots {
        page.root(root, theme);
    }
    page.addresses(status);
    write_scrolled(buffer, area, &page.lines, app.scroll())
}

struct Page {
    width: usize,
    lines: Vec<Line<'static>>,
}

impl Page {
    fn row(&mut self, name: &str, text: &str, style: Style) {
        let room = self.width.saturating_sub(NAME + 1);
        for (place, line) in wrap(text, room).into_iter().enumerate() {
            let name = column(if place == 0 { name } else { "" }, NAME);
            self.lines.push(Line::styled(format!("{name} {line}"), style));
        }
    }

    fn daemon(&mut self, app: &App, status: &Status) {
        let text = format!(
            "vodpostd {}, protocol {}, process {}",
            plain(&status.version),
            status.protocol,
            status.pid
        );
        self.row("Daemon", &text, Style::new());
        let up = format::span(Duration::from_secs(status.uptime_s));
        self.row("Up", &format!("{up}, since {}", format::moment(status.started_at)), Style::new());
        if let Some(hello) = app.hello() {
            self.row("You", &format!("{} (uid {})", hello.role.name(), hello.uid), Style::new());
        }
    }

    fn counts(&mut self, status: &Status) {
        let counts = &status.counts;
        let problems = format::count(counts.problems, "file with a problem", "files with problems");
        let videos = format::count(counts.videos, "video", "videos");
        self.row("Library", &format!("{videos}, {problems}"), Style::new());
        let text = format!(
            "{} live, {} suspended, {} pending, {} invalid",
            counts.live, counts.suspended, counts.pending, counts.invalid
        );
        self.row("URLs", &text, Style::new());
        let queue = &status.queue;
        let paused = if queue.paused { "; paused" } else { "" };
        let (running, queued, failed) = (queue.running, queue.queued, queue.failed);
        let text = format!("{running} running, {queued} queued, {failed} failed{paused}");
        self.row("Queue", &text, Style::new());
    }

    fn needs(&mut self, status: &Status, theme: Theme) {
        match &status.ffmpeg {
            Tool::Found(version) => self.row("ffmpeg", &plain(version), Style::new()),
            Tool::Missing(hint) => {
                self.row("ffmpeg", &format!("missing: {}", plain(hint)), theme.warning());
            }
        }
        match &status.storage {
            Storage::Ok => {}
            Storage::ReadOnly(reason) => {
                self.row("Storage", &format!("read only: {}", plain(reason)), theme.bad());
            }
        }
    }

    fn root(&mut self, root: &RootView, theme: Theme) {
        let scanned = match root.scanned_at {
            Some(at) => format!("looked at {}", format::moment(at)),
            None => "not looked at yet".to_owned(),
        };
        let videos = format::count(root.videos, "video", "videos");
        self.row("Folder", &format!("{}: {videos}, {scanned}", plain(&root.path)), Style::new());
        if let Some(reason) = &root.unavailable {
            self.row("", &format!("cannot be read: {}", plain(reason)), theme.warning());
        } else if let Some(reason) = &root.unwatched {
            self.row("", &format!("changes are noticed from time to time: {}", plain(reason)), Style::new());
        }
    }

    fn addresses(&mut self, status: &Status) {
        let listen = &status.listen;
        self.row("HTTP", &plain(&listen.http), Style::new());
        self.row("Public", &plain(&listen.public_url), Style::new());
        self.row("Socket", &plain(&listen.socket), Style::new());
        let id = plain(&status.state_id);
        let id = match status.restored_at.map(format::moment) {
            Some(moment) => say!("{id}, restored from a backup at {moment}", "{id}，{moment} 从备份恢复"),
            None => id.into_owned(),
        };
        self.row(word!("State id", "状态标识"), &id, Style::new());
        self.row("State", &plain(&listen.state_dir), Style::new());
    }
}
