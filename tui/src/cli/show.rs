//! `vodpost show`: one video with its files, its conversion and its URLs.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use clap::Args;
use vodpost_protocol::conversion::{ConversionState, ConversionView};
use vodpost_protocol::posting::{PostingState, PostingView, TrafficView};
use vodpost_protocol::request::Request;
use vodpost_protocol::time::Timestamp;
use vodpost_protocol::video::{RenditionView, SourceState, Switch, VideoView};

use super::Context;
use super::failure::Failure;
use super::ls::state_tone;
use super::output::Output;
use crate::format::{self, Cell, Column, Table, Tone, moment, when};
use crate::queue::{attempt, is_under_way, left, waits};
use crate::text::{self, plain};
use crate::{say, word};

/// Pages that link to a URL, in one line.
const REFERRERS_SHOWN: usize = 5;

/// Show one video: its files and why one was chosen, its conversion and its URLs
#[derive(Debug, Args)]
#[command(after_long_help = "VIDEO is an id, a unique prefix of one, a path or an exact title.

Example:
  vodpost show 'Lecture 1'
  vodpost show talk --json | jq -r '.postings[].url'")]
pub struct Show {
    /// The video
    video: String,
}

impl Show {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let video = context.daemon()?.video(Request::Show { video: self.video })?;
        if context.out.json {
            return context.out.json(&video);
        }
        print(&mut context.out, &video)
    }
}

fn print(out: &mut Output, video: &VideoView) -> Result<(), Failure> {
    let color = out.color();
    let state = state_tone(video.state).paint(text::video_state(video.state), color);
    out.line(&format!("{}  {state}", Tone::Strong.paint(&plain(&video.title), color)))?;
    field(out, "id", &video.id.to_string())?;
    let folder = if video.folder.is_empty() {
        video.root.clone()
    } else {
        format!("{}/{}", video.root.trim_end_matches('/'), video.folder)
    };
    field(out, word!("folder", "目录"), &plain(&folder))?;
    let now = Timestamp::from_system(SystemTime::now());
    field(out, word!("added", "添加于"), &when(video.added_at, now))?;
    field(out, word!("source", "源"), &source_line(video, now))?;
    if let Some(change) = &video.last_change {
        let line = say!(
            "{what} by {actor}, {at}",
            "{what}，{actor}，{at}",
            what = text::event(change.what),
            actor = plain(&change.actor),
            at = when(change.at, now),
        );
        field(out, word!("changed", "最近变更"), &line)?;
    }
    print_conversion(out, &video.conversion)?;
    print_renditions(out, &video.renditions)?;
    print_postings(out, &video.postings)
}

fn field(out: &mut Output, name: &str, value: &str) -> Result<(), Failure> {
    let name = Tone::Faint.paint(&format::column(name, 10), out.color());
    out.hanging(&format!("  {name} "), 2 + 10 + 1, value)
}

fn heading(out: &mut Output, text: &str) -> Result<(), Failure> {
    out.line("")?;
    out.line(&Tone::Strong.paint(text, out.color()))
}

fn source_line(video: &VideoView, now: Timestamp) -> String {
    let source = &video.source;
    let mut line = text::source_state(source.state).to_owned();
    if source.switch == Switch::Off && source.state != SourceState::Deleted {
        line.push_str(word!(", suspended", "，已停用"));
    }
    if let Some(since) = source.since {
        line.push_str(&say!(" since {since}", "（自 {since} 起）", since = when(since, now)));
    }
    if let Some(reason) = &source.reason {
        line.push_str(&say!(" ({reason})", "（{reason}）", reason = plain(reason)));
    }
    if let Some(gone_at) = source.gone_at {
        line.push_str(&say!(
            "; counts as deleted from {at}",
            "；从 {at} 起视为已删除",
            at = when(gone_at, now)
        ));
    }
    line
}

fn print_conversion(out: &mut Output, conversion: &ConversionView) -> Result<(), Failure> {
    let now = Timestamp::from_system(SystemTime::now());
    if conversion.state == ConversionState::None && conversion.plan.is_none() {
        return Ok(());
    }
    field(out, word!("conversion", "处理"), &conversion_line(conversion))?;
    if let Some(why) = &conversion.plan_why {
        field(out, word!("plan", "方案"), &plain(why))?;
    }
    if let Some(reason) = &conversion.reason {
        field(out, word!("reason", "原因"), &plain(reason))?;
    }
    if let Some(waiting_for) = &conversion.waiting_for {
        field(out, word!("waits for", "在等待"), &plain(waiting_for))?;
    }
    if let Some(requested_at) = conversion.requested_at {
        let attempt = attempt(conversion).map(|attempt| say!(" ({attempt})", "（{attempt}）"));
        let requested = when(requested_at, now) + &attempt.unwrap_or_default();
        field(out, word!("requested", "请求于"), &requested)?;
    }
    if let Some(deadline) = conversion.deadline.filter(|_| is_under_way(conversion.state)) {
        field(out, word!("deadline", "时限"), &deadline_text(deadline, now))?;
    }
    if let Some(expected_at) = conversion.expected_at {
        let late = conversion.late_by_s.map(|late| format::span(Duration::from_secs(late)));
        let late = late.map(|late| say!(", {late} after its deadline", "，超过时限 {late}"));
        let ready = say!(
            "about {at}{late}",
            "约 {at}{late}",
            at = when(expected_at, now),
            late = late.unwrap_or_default(),
        );
        field(out, word!("ready", "完成"), &ready)?;
    }
    if (conversion.state == ConversionState::Failed || conversion.retry_at.is_some())
        && let Some(output) = &conversion.output
    {
        for line in output.lines() {
            // As the tool wrote it, blanks and all.
            let line = Tone::Faint.paint(&plain(line), out.color());
            out.line(&format!("{:13}{line}", ""))?;
        }
    }
    Ok(())
}

fn deadline_text(deadline: Timestamp, now: Timestamp) -> String {
    if now > deadline {
        return say!("{at} (passed)", "{at}（已过）", at = moment(deadline));
    }
    when(deadline, now)
}

/// `running, transcode, 42 %, 3.1x, 95 s left`
pub(super) fn conversion_line(conversion: &ConversionView) -> String {
    let mut parts = vec![text::conversion_state(conversion.state).to_owned()];
    if let Some(plan) = conversion.plan {
        parts.push(text::pair(text::plan_name(plan), text::plan(plan)));
    }
    if conversion.state == ConversionState::Running {
        parts.extend(conversion.progress.map(format::percent));
        parts.extend(conversion.speed.map(|speed| format!("{speed:.1}x")));
        parts.extend(conversion.eta_s.map(|eta| left(Duration::from_secs(eta))));
    }
    parts.join(text::comma())
}

/// As [`conversion_line`], with what a queued one waits for.
pub(super) fn order_line(conversion: &ConversionView, now: Timestamp) -> String {
    let mut line = conversion_line(conversion);
    if conversion.state == ConversionState::Queued {
        line.push_str(word!("; ", "；"));
        line.push_str(&waits(conversion, None, now));
    }
    line
}

fn print_renditions(out: &mut Output, renditions: &[RenditionView]) -> Result<(), Failure> {
    if renditions.is_empty() {
        return Ok(());
    }
    heading(out, word!("Files", "文件"))?;
    let in_columns = rendition_table(renditions, true);
    if in_columns.fits(out.width()) {
        return out.table(&in_columns);
    }
    // The reasons matter more than the columns: each gets lines of its own.
    let lines = rendition_table(renditions, false).lines(out.width(), out.color());
    let mut lines = lines.iter();
    lines.next().map_or(Ok(()), |titles| out.line(titles))?;
    for (line, rendition) in lines.zip(renditions) {
        out.line(line)?;
        out.line(&Tone::Faint.paint(&format!("     {}", plain(&rendition.why)), out.color()))?;
    }
    Ok(())
}

fn rendition_table(renditions: &[RenditionView], with_reasons: bool) -> Table {
    let mut columns = vec![
        Column::Left(" "),
        Column::Flexible(word!("PATH", "路径")),
        Column::Left(word!("CODECS", "编码")),
        Column::Right(word!("SCREEN", "画面")),
        Column::Right(word!("BITRATE", "码率")),
        Column::Right(word!("LENGTH", "时长")),
        Column::Right(word!("SIZE", "大小")),
    ];
    columns.extend(with_reasons.then_some(Column::Left(word!("WHY", "原因"))));
    let mut table = Table::new(&columns);
    for rendition in renditions {
        let readable = rendition.container.is_some();
        let if_readable = |text: String| Cell::new(if readable { text } else { format::NONE.to_owned() });
        let mut row = vec![
            Cell::toned(if rendition.selected { "*" } else { " " }, Tone::Good),
            Cell::new(plain(&rendition.path)),
            if_readable(codecs(rendition)),
            if_readable(format!("{}x{}", rendition.width, rendition.height)),
            if_readable(format::bitrate(rendition.bitrate_bps)),
            if_readable(format::clock(rendition.duration_ms)),
            Cell::new(format::bytes(rendition.size_bytes)),
        ];
        row.extend(with_reasons.then(|| Cell::new(plain(&rendition.why))));
        table.row(row);
    }
    table
}

fn codecs(rendition: &RenditionView) -> String {
    let parts = [&rendition.container, &rendition.video, &rendition.audio];
    let names: Vec<_> = parts.into_iter().flatten().map(|name| plain(name)).collect();
    names.join("/")
}

fn print_postings(out: &mut Output, postings: &[PostingView]) -> Result<(), Failure> {
    if postings.is_empty() {
        return Ok(());
    }
    heading(out, word!("URLs", "链接"))?;
    posting_table(out, postings)?;
    let now = Timestamp::from_system(SystemTime::now());
    for posting in postings {
        if let Some(traffic) = &posting.traffic {
            let line = text::pair(posting.label.as_str(), &traffic_line(traffic, now));
            out.line(&Tone::Faint.paint(&line, out.color()))?;
        }
    }
    Ok(())
}

/// `seen 2026-03-04 05:06:07Z (3 min ago), 12 views in 24 h, from mp.weixin.qq.com (300), example.org (2)`
fn traffic_line(traffic: &TrafficView, now: Timestamp) -> String {
    let hosts = traffic.referrers.iter().take(REFERRERS_SHOWN);
    let host = |host: Cow<'_, str>, views: u64| say!("{host} ({views})", "{host}（{views}）");
    let hosts: Vec<String> = hosts.map(|from| host(plain(&from.host), from.views)).collect();
    let line = say!(
        "seen {at}, {views} in 24 h",
        "最近访问 {at}，24 h 内{views}",
        at = when(traffic.last_seen_at, now),
        views = text::views(traffic.views_24h),
    );
    if hosts.is_empty() {
        return line;
    }
    say!("{line}, from {hosts}", "{line}，来自 {hosts}", line = line, hosts = hosts.join(text::comma()))
}

/// The URLs with their states, for this and the commands that change them. A URL is never cut: it is there to be copied.
pub(super) fn posting_table(out: &mut Output, postings: &[PostingView]) -> Result<(), Failure> {
    let in_columns = posting_columns(postings, true);
    if in_columns.fits(out.width()) {
        return out.table(&in_columns);
    }
    let lines = posting_columns(postings, false).lines(out.width(), out.color());
    let mut lines = lines.iter();
    lines.next().map_or(Ok(()), |titles| out.line(titles))?;
    for (line, posting) in lines.zip(postings) {
        out.line(line)?;
        out.line(&plain(&posting.url))?;
    }
    Ok(())
}

fn posting_columns(postings: &[PostingView], with_urls: bool) -> Table {
    let mut columns = vec![
        Column::Left(word!("LABEL", "标签")),
        Column::Flexible(word!("STATE", "状态")),
        Column::Right(word!("VIEWS", "播放")),
        Column::Right(word!("SENT", "流量")),
        Column::Left(word!("LISTED", "展示")),
    ];
    columns.extend(with_urls.then_some(Column::Left(word!("URL", "链接"))));
    let mut table = Table::new(&columns);
    for posting in postings {
        let mut row = vec![
            Cell::new(posting.label.to_string()),
            Cell::toned(posting_line(posting), posting_tone(posting.state)),
            Cell::new(posting.views.to_string()),
            Cell::new(format::bytes(posting.bytes)),
            Cell::new(text::yes(posting.listed)),
        ];
        row.extend(with_urls.then(|| Cell::new(plain(&posting.url))));
        table.row(row);
    }
    table
}

/// `live`, or the state with everything that causes it.
pub(super) fn posting_line(posting: &PostingView) -> String {
    let state = text::posting_state(posting.state);
    if posting.causes.is_empty() {
        return state.to_owned();
    }
    text::pair(state, &text::causes(&posting.causes))
}

fn posting_tone(state: PostingState) -> Tone {
    match state {
        PostingState::Live => Tone::Good,
        PostingState::Suspended | PostingState::Pending => Tone::Warning,
        PostingState::Invalid => Tone::Bad,
    }
}
