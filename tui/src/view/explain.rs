//! Why the URLs of a video are live or not: every cause, and the key and command that change it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use vodpost_protocol::ids::VideoId;
use vodpost_protocol::posting::PostingView;
use vodpost_protocol::video::VideoView;

use crate::app::App;
use crate::text::{cause, pair, plain, posting_state};
use crate::view::text::{wrap, write_at, write_scrolled};
use crate::view::theme::Theme;
use crate::view::words;

/// Says how many lines had no room.
pub(super) fn draw(app: &App, id: VideoId, theme: Theme, area: Rect, buffer: &mut Buffer) -> usize {
    let Some(video) = app.list.get(id) else {
        write_at(buffer, (area.x, area.y), words::no_selection(), Style::new());
        return 0;
    };
    let lines = lines(video, theme, usize::from(area.width));
    write_scrolled(buffer, area, &lines, app.scroll())
}

fn lines(video: &VideoView, theme: Theme, width: usize) -> Vec<Line<'static>> {
    let mut lines = vec![Line::styled(plain(&video.title).into_owned(), theme.heading())];
    let mut add = |indent: &str, text: &str, style: Style| {
        for line in wrap(text, width.saturating_sub(indent.len())) {
            lines.push(Line::styled(format!("{indent}{line}"), style));
        }
    };
    for posting in &video.postings {
        let head = pair(posting.label.as_str(), posting_state(posting.state));
        add("", &head, theme.posting(posting.state));
        if posting.causes.is_empty() {
            add("  ", words::explain_live(), Style::new());
        }
        for one in &posting.causes {
            add("  ", &format!("- {}", cause(*one)), theme.warning());
            add("    ", &remedy(video, posting, *one), Style::new());
        }
        if !posting.listed {
            add("  ", words::explain_unlisted(), Style::new());
        }
    }
    lines
}

fn remedy(video: &VideoView, posting: &PostingView, one: vodpost_protocol::posting::Cause) -> String {
    words::remedy(one, &video.id.to_string(), &posting.token.to_string(), &video.conversion, &video.source)
}
