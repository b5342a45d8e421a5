//! Everything about the selected video.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use vodpost_protocol::conversion::{ConversionState, ConversionView};
use vodpost_protocol::posting::{PostingState, PostingView};
use vodpost_protocol::time::Timestamp;
use vodpost_protocol::video::{RenditionView, SourceState, SourceView, Switch, VideoView};

use crate::app::{App, Focus};
use crate::format;
use crate::queue;
use crate::text::{
    causes, comma, conversion_state, event, pair, plain, plan_name, posting_state, switch, video_state, views,
};
use crate::view::list::glyph;
use crate::view::text::{wrap, write_at, write_scrolled};
use crate::view::theme::Theme;
use crate::view::{progress, traffic, words};
use crate::{say, word};

pub(super) fn draw(app: &App, theme: Theme, area: Rect, buffer: &mut Buffer) -> usize {
    let Some(video) = app.list.selected() else {
        write_at(buffer, (area.x, area.y), words::no_selection(), Style::new());
        return 0;
    };
    let mut page = Page { theme, width: usize::from(area.width), lines: Vec::new(), keep: 0 };
    page.head(video);
    page.postings(app, video);
    page.conversion(&video.conversion, app.now);
    page.renditions(video);
    page.last_change(video, app.now);
    // The chosen URL stays in sight, however many stand before it.
    let first = (page.keep + 1).saturating_sub(usize::from(area.height));
    let lines = page.lines.get(first..).unwrap_or_default();
    write_scrolled(buffer, area, lines, app.scroll())
}

struct Page {
    theme: Theme,
    width: usize,
    lines: Vec<Line<'static>>,
    /// The last line that must be seen.
    keep: usize,
}

impl Page {
    fn styled(&mut self, text: &str, style: Style) {
        self.lines.push(Line::styled(format::fit(text, self.width), style));
    }

    /// Broken into as many lines as it needs, each behind the indent.
    fn wrapped(&mut self, indent: &str, text: &str, style: Style) {
        for line in wrap(text, self.width.saturating_sub(indent.len())) {
            self.lines.push(Line::styled(format!("{indent}{line}"), style));
        }
    }

    fn heading(&mut self, text: &str) {
        self.styled(text, self.theme.heading());
    }

    fn head(&mut self, video: &VideoView) {
        let folder = if video.folder.is_empty() {
            plain(&video.root).into_owned()
        } else {
            format!("{}/{}", plain(&video.root), plain(&video.folder))
        };
        let title = plain(&video.title).into_owned();
        self.heading(&title);
        let state = format!("{} {}", glyph(video.state), video_state(video.state));
        let folder = say!("  in {folder}", "  位于 {folder}");
        let spans = vec![Span::styled(state, self.theme.video(video.state)), Span::raw(folder)];
        self.lines.push(Line::from(spans));
        self.source(&video.source);
    }

    fn source(&mut self, source: &SourceView) {
        let since = |at| say!(" since {at}", "（自 {at} 起）", at = format::moment(at));
        let since = source.since.map(since).unwrap_or_default();
        let reason = |text: &String| say!(": {reason}", "：{reason}", reason = plain(text));
        let reason = source.reason.as_ref().map(reason).unwrap_or_default();
        match source.state {
            SourceState::Present => {}
            SourceState::Missing => {
                let gone = match source.gone_at {
                    Some(at) => say!(
                        "; counts as deleted from {at} on",
                        "；从 {at} 起视为已删除",
                        at = format::moment(at),
                    ),
                    None => word!(
                        "; never counts as deleted while its folder cannot be read",
                        "；目录无法读取期间不会视为已删除"
                    )
                    .to_owned(),
                };
                let text = say!("files missing{since}{reason}{gone}", "文件缺失{since}{reason}{gone}");
                self.wrapped("", &text, self.theme.warning());
            }
            SourceState::Deleted => {
                let text = say!("deleted{since}{reason}", "已删除{since}{reason}");
                self.wrapped("", &text, self.theme.warning());
            }
        }
        if source.switch == Switch::Off {
            let text = pair(word!("video switch", "视频开关"), switch(source.switch));
            self.styled(&text, self.theme.warning());
        }
    }

    fn postings(&mut self, app: &App, video: &VideoView) {
        if video.postings.is_empty() {
            let heading = format!("{}  ", words::urls_heading());
            let spans = vec![Span::styled(heading, self.theme.heading()), Span::raw(words::no_postings())];
            self.lines.push(Line::from(spans));
            return;
        }
        self.heading(words::urls_heading());
        let current = app.current_posting().map(|(_, posting)| posting.token);
        for posting in &video.postings {
            self.posting(posting, Some(posting.token) == current, app.focus, app.now);
        }
    }

    fn posting(&mut self, posting: &PostingView, current: bool, focus: Focus, now: Timestamp) {
        let mut text = format!(
            "{} {}  {} {}",
            if current { '>' } else { ' ' },
            posting.label,
            posting_glyph(posting.state),
            posting_state(posting.state)
        );
        text.push_str(&format!("  {}{}{}", views(posting.views), comma(), format::bytes(posting.bytes)));
        let style = match (current, focus) {
            (true, Focus::Postings) => self.theme.selected(),
            (true | false, Focus::Videos) | (false, Focus::Postings) => self.theme.posting(posting.state),
        };
        self.styled(&text, style);
        let url = plain(&posting.url).into_owned();
        self.wrapped("  ", &url, Style::new());
        if !posting.causes.is_empty() {
            let text = pair(words::not_live(), &causes(&posting.causes));
            self.wrapped("  ", &text, self.theme.posting(posting.state));
        }
        if let Some(used) = &posting.traffic {
            self.lines.extend(traffic::lines(used, self.theme, self.width, now));
        }
        if current {
            self.keep = self.lines.len() - 1;
        }
    }

    fn conversion(&mut self, conversion: &ConversionView, now: Timestamp) {
        let mut parts = vec![conversion_state(conversion.state).to_owned()];
        parts.extend(conversion.plan.map(|plan| plan_name(plan).to_owned()));
        parts.extend(queue::attempt(conversion));
        self.heading(&format!("{}  {}", word!("Conversion", "处理"), parts.join(comma())));
        if let Some(why) = &conversion.plan_why {
            let why = plain(why).into_owned();
            self.wrapped("  ", &why, Style::new());
        }
        match conversion.state {
            ConversionState::Running => self.progress(conversion, now),
            ConversionState::Queued => self.waits(conversion, now),
            ConversionState::Failed => self.failed(conversion),
            ConversionState::None | ConversionState::Ready => {}
        }
    }

    fn waits(&mut self, conversion: &ConversionView, now: Timestamp) {
        let text = queue::waits(conversion, None, now);
        self.wrapped("  ", &text, Style::new());
        if let Some(ready) = progress::ready(conversion, now) {
            self.wrapped("  ", &ready, Style::new());
        }
        self.deadline(conversion, now);
    }

    fn progress(&mut self, conversion: &ConversionView, now: Timestamp) {
        let text = format!("  {}", progress::bar_line(conversion, self.width.saturating_sub(2), now));
        self.styled(&text, Style::new());
        if let Some(ready) = progress::ready(conversion, now) {
            self.wrapped("  ", &ready, Style::new());
        }
        self.deadline(conversion, now);
    }

    fn deadline(&mut self, conversion: &ConversionView, now: Timestamp) {
        if let Some(deadline) = progress::deadline(conversion, now) {
            self.wrapped("  ", &deadline, Style::new());
        }
        if let Some(late) = progress::late(conversion) {
            self.wrapped("  ", &late, self.theme.warning());
        }
        // While it runs a reason is a warning, such as a deadline that will be missed.
        if let Some(reason) = &conversion.reason {
            let reason = plain(reason).into_owned();
            self.wrapped("  ", &reason, self.theme.warning());
        }
    }

    fn failed(&mut self, conversion: &ConversionView) {
        if let Some(reason) = &conversion.reason {
            let reason = plain(reason).into_owned();
            self.wrapped("  ", &reason, self.theme.bad());
        }
        for line in conversion.output.iter().flat_map(|output| output.lines()) {
            let line = format!("  | {}", plain(line));
            self.styled(&line, Style::new());
        }
    }

    fn renditions(&mut self, video: &VideoView) {
        self.heading(word!("Files", "文件"));
        for rendition in &video.renditions {
            let marker = if rendition.selected { '*' } else { ' ' };
            let style = if rendition.selected { self.theme.heading() } else { Style::new() };
            self.styled(&format!("{marker} {}", plain(&rendition.path)), style);
            self.styled(&format!("  {}", facts(rendition)), Style::new());
            let why = plain(&rendition.why).into_owned();
            self.wrapped("  ", &why, Style::new());
        }
    }

    fn last_change(&mut self, video: &VideoView, now: Timestamp) {
        if let Some(change) = &video.last_change {
            let text = say!(
                "Last change  {what} by {actor}, {at}",
                "最近变更：{what}，{actor}，{at}",
                what = event(change.what),
                actor = plain(&change.actor),
                at = format::when(change.at, now),
            );
            self.wrapped("", &text, Style::new());
        }
    }
}

fn facts(rendition: &RenditionView) -> String {
    let Some(container) = &rendition.container else {
        let size = format::bytes(rendition.size_bytes);
        return say!("not readable, {size}", "无法读取，{size}");
    };
    let codec = |name: &Option<String>| {
        name.as_ref().map_or(format::NONE.to_owned(), |name| plain(name).into_owned())
    };
    let profile =
        rendition.profile.as_ref().map(|profile| format!(" {}", plain(profile))).unwrap_or_default();
    format!(
        "{} {}{profile}/{} {}x{} {} {} {}",
        plain(container),
        codec(&rendition.video),
        codec(&rendition.audio),
        rendition.width,
        rendition.height,
        format::bitrate(rendition.bitrate_bps),
        format::clock(rendition.duration_ms),
        format::bytes(rendition.size_bytes),
    )
}

pub(super) fn posting_glyph(state: PostingState) -> char {
    match state {
        PostingState::Live => '*',
        PostingState::Suspended => '=',
        PostingState::Pending => '.',
        PostingState::Invalid => '-',
    }
}
