//! The status screen: the daemon itself.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use vodpost_protocol::status::{RootView, Status, Storage, Tool};

use crate::app::App;
use crate::format;
use crate::text::{self, plain};
use crate::view::text::{column, wrap, write_at, write_scrolled};
use crate::view::theme::Theme;
use crate::view::words;
use crate::{say, word};

const NAME: usize = 10;

pub(super) fn draw(app: &App, theme: Theme, area: Rect, buffer: &mut Buffer) -> usize {
    let Some(status) = &app.status else {
        write_at(buffer, (area.x, area.y), words::loading(), Style::new());
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
        let text = say!(
            "vodpostd {version}, protocol {protocol}, process {pid}",
            "vodpostd {version}，协议 {protocol}，进程 {pid}",
            version = plain(&status.version),
            protocol = status.protocol,
            pid = status.pid,
        );
        self.row(word!("Daemon", "守护进程"), &text, Style::new());
        let text = say!(
            "{up}, since {started_at}",
            "{up}，自 {started_at} 起",
            up = format::span(Duration::from_secs(status.uptime_s)),
            started_at = format::moment(status.started_at),
        );
        self.row(word!("Up", "已运行"), &text, Style::new());
        if let Some(hello) = app.hello() {
            let text =
                say!("{role} (uid {uid})", "{role}（uid {uid}）", role = hello.role.name(), uid = hello.uid);
            self.row(word!("You", "您"), &text, Style::new());
        }
    }

    fn counts(&mut self, status: &Status) {
        let counts = &status.counts;
        let problems = text::problem_files(counts.problems);
        let text = [text::videos(counts.videos), problems].join(text::comma());
        self.row(word!("Library", "视频库"), &text, Style::new());
        self.row(words::urls_heading(), &text::url_states(counts), Style::new());
        self.row(word!("Queue", "队列"), &text::queue(&status.queue), Style::new());
    }

    fn needs(&mut self, status: &Status, theme: Theme) {
        match &status.ffmpeg {
            Tool::Found(version) => self.row("ffmpeg", &plain(version), Style::new()),
            Tool::Missing(hint) => {
                let text = text::pair(word!("missing", "缺失"), &plain(hint));
                self.row("ffmpeg", &text, theme.warning());
            }
        }
        match &status.storage {
            Storage::Ok => {}
            Storage::ReadOnly(reason) => {
                self.row(word!("Storage", "存储"), &words::read_only(reason), theme.bad());
            }
        }
    }

    fn root(&mut self, root: &RootView, theme: Theme) {
        let scanned = match root.scanned_at {
            Some(at) => say!("looked at {at}", "扫描于 {at}", at = format::moment(at)),
            None => word!("not looked at yet", "尚未扫描").to_owned(),
        };
        let known = [text::videos(root.videos), scanned].join(text::comma());
        self.row(word!("Folder", "目录"), &text::pair(&plain(&root.path), &known), Style::new());
        if let Some(reason) = &root.unavailable {
            let text = text::pair(word!("cannot be read", "无法读取"), &plain(reason));
            self.row("", &text, theme.warning());
        } else if let Some(reason) = &root.unwatched {
            self.row("", &text::pair(text::unwatched(), &plain(reason)), Style::new());
        }
    }

    fn addresses(&mut self, status: &Status) {
        let listen = &status.listen;
        self.row("HTTP", &plain(&listen.http), Style::new());
        self.row(word!("Public", "公开地址"), &plain(&listen.public_url), Style::new());
        self.row(word!("Socket", "套接字"), &plain(&listen.socket), Style::new());
        let id = plain(&status.state_id);
        let id = match status.restored_at.map(format::moment) {
            Some(moment) => say!("{id}, restored from a backup at {moment}", "{id}，{moment} 从备份恢复"),
            None => id.into_owned(),
        };
        self.row(word!("State id", "状态标识"), &id, Style::new());
        self.row(word!("State", "状态目录"), &plain(&listen.state_dir), Style::new());
    }
}
