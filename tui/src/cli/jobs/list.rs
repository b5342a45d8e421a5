//! The table of conversions, in as many columns as there are. Pure but for [`print()`].

use std::time::Duration;

use vodpost_protocol::conversion::{ConversionState, JobView, JobsView, PausedView};
use vodpost_protocol::time::Timestamp;

use crate::cli::Context;
use crate::cli::failure::Failure;
use crate::format::{self, Cell, Column, Table, Tone};
use crate::queue::{attempt, counts, ready_in, speed, waits_for};
use crate::text::{self, comma, plain};
use crate::{say, word};

/// The bar in the table.
const BAR: usize = 12;

/// From these widths on the columns that can be missed are shown.
const ID_FROM: usize = 60;
const PLAN_FROM: usize = 110;
const DEADLINE_FROM: usize = 90;
const SPEED_FROM: usize = 100;
const BAR_FROM: usize = 70;

/// # Errors
/// When it cannot be written.
pub(super) fn print(context: &mut Context, view: &JobsView, now: Timestamp) -> Result<(), Failure> {
    let out = &mut context.out;
    if let Some(paused) = &view.paused {
        out.note(&paused_line(paused, now))?;
    }
    if view.jobs.is_empty() {
        return out.note(word!("No conversions.", "没有处理任务。"));
    }
    out.table(&table(view, out.width(), now))?;
    for (line, _) in remarks(view, now) {
        out.note(&line)?;
    }
    match view.left_out {
        0 => Ok(()),
        left_out => out.note(&and_more(left_out)),
    }
}

/// Redrawn in place: at most so many lines of at most so many columns.
pub(super) fn block(view: &JobsView, now: Timestamp, width: usize, height: usize) -> Vec<Vec<Cell>> {
    let mut lines = vec![vec![head(view, now)]];
    let remarks: Vec<(String, Tone)> = remarks(view, now);
    // What is wrong is said even where the list is long, but does not take its place.
    let remarks = remarks.get(..(height / 4).min(remarks.len())).unwrap_or_default();
    let room = height.saturating_sub(lines.len() + remarks.len());
    if !view.jobs.is_empty() {
        let mut rows = table(view, Some(width), now).cells(Some(width));
        if rows.len() > room {
            let hidden = rows.len() - room.saturating_sub(1);
            rows.truncate(room.saturating_sub(1));
            let more = hidden as u64 + view.left_out;
            rows.push(vec![Cell::toned(and_more(more), Tone::Faint)]);
        } else if view.left_out > 0 {
            rows.push(vec![Cell::toned(and_more(view.left_out), Tone::Faint)]);
        }
        lines.append(&mut rows);
    }
    lines.extend(remarks.iter().map(|(text, tone)| vec![Cell::toned(text.clone(), *tone)]));
    lines.truncate(height);
    lines
}

/// `2 running, 3 waiting, 1 worker`, and who holds it all back.
fn head(view: &JobsView, now: Timestamp) -> Cell {
    let mut text = counts(view);
    if let Some(paused) = &view.paused {
        let paused = paused_line(paused, now);
        return Cell::toned(say!("{text}. {paused}", "{text}。{paused}"), Tone::Warning);
    }
    if let Some(last) = view.jobs.iter().filter_map(|job| ready_in(&job.conversion, now)).max() {
        let last = format::span(last);
        text.push_str(&say!("; the last is ready in about {last}", "；最后一个约 {last} 后完成"));
    }
    Cell::toned(text, Tone::Strong)
}

fn paused_line(paused: &PausedView, now: Timestamp) -> String {
    say!(
        "Paused by {by} {ago}; to go on: vodpost jobs resume",
        "已由 {by} 于 {ago}暂停；恢复：vodpost jobs resume",
        by = plain(&paused.by),
        ago = format::ago(paused.at, now),
    )
}

fn and_more(left_out: u64) -> String {
    say!("… and {left_out} more", "… 另有{left_out}个")
}

/// What a row has no room for: what would be late, and why something is tried again.
fn remarks(view: &JobsView, now: Timestamp) -> Vec<(String, Tone)> {
    let mut remarks = Vec::new();
    for job in &view.jobs {
        let (title, conversion) = (plain(&job.title), &job.conversion);
        if let Some(late_s) = conversion.late_by_s {
            let late = format::span(Duration::from_secs(late_s));
            let text = say!("{title}: would miss its deadline by {late}", "{title}：将超过时限 {late}");
            remarks.push((text, Tone::Warning));
        }
        if let (Some(reason), Some(at)) = (&conversion.reason, conversion.retry_at) {
            let text = say!(
                "{title}: {reason}; tried again in {again}",
                "{title}：{reason}；{again} 后重试",
                title = title,
                reason = plain(reason),
                again = format::span(at.since(now)),
            );
            remarks.push((text, Tone::Warning));
        }
    }
    remarks
}

fn table(view: &JobsView, width: Option<usize>, now: Timestamp) -> Table {
    let has = |from: usize| width.is_none_or(|width| width >= from);
    let mut columns = Vec::new();
    columns.extend(has(ID_FROM).then_some(Column::Left("ID")));
    columns.push(Column::Left(word!("STATE", "状态")));
    columns.extend(has(PLAN_FROM).then_some(Column::Left(word!("PLAN", "方案"))));
    columns.push(Column::Right(word!("READY IN", "多久完成")));
    columns.extend(has(DEADLINE_FROM).then_some(Column::Right(word!("DEADLINE IN", "时限还剩"))));
    columns.extend([
        Column::Flexible(word!("TITLE", "标题")),
        Column::Flexible(word!("DONE, OR WAITS FOR", "进度，或在等待")),
    ]);
    let mut table = Table::new(&columns);
    for job in &view.jobs {
        let conversion = &job.conversion;
        let or_none = |text: Option<String>| Cell::new(text.unwrap_or(format::NONE.to_owned()));
        let mut row = Vec::new();
        row.extend(has(ID_FROM).then(|| Cell::new(job.video.to_string())));
        row.push(Cell::new(text::conversion_state(conversion.state)));
        row.extend(
            has(PLAN_FROM).then(|| or_none(conversion.plan.map(|plan| text::plan_name(plan).to_owned()))),
        );
        let tone = if conversion.late_by_s.is_some() { Tone::Warning } else { Tone::Plain };
        let ready = ready_in(conversion, now).filter(|_| view.paused.is_none());
        row.push(Cell::toned(ready.map_or(format::NONE.to_owned(), format::span), tone));
        let deadline = conversion.deadline.map(|deadline| format::span(deadline.since(now)));
        row.extend(has(DEADLINE_FROM).then(|| or_none(deadline)));
        row.push(Cell::new(plain(&job.title)));
        row.push(Cell::new(progress(job, view.paused.as_ref(), width, now)));
        table.row(row);
    }
    table
}

/// How far it is, or what it waits for.
fn progress(job: &JobView, paused: Option<&PausedView>, width: Option<usize>, now: Timestamp) -> String {
    let conversion = &job.conversion;
    let attempt = attempt(conversion).map_or(String::new(), |attempt| format!("{}{attempt}", comma()));
    match conversion.state {
        ConversionState::Running => {
            let part = conversion.progress.unwrap_or(0.0);
            let percent = format!("{:>5}", format::percent(part));
            let bar = width.is_some_and(|width| width >= BAR_FROM);
            let mut text =
                if bar { format!("{} {percent}", format::bar(part, BAR)) } else { format::percent(part) };
            if width.is_none_or(|width| width >= SPEED_FROM)
                && let Some(speed) = speed(conversion)
            {
                text.push_str(&format!(" {speed}"));
            }
            text + &attempt
        }
        ConversionState::Queued => format!("{}{attempt}", waits_for(conversion, paused, now)),
        ConversionState::None | ConversionState::Failed | ConversionState::Ready => {
            text::conversion_state(conversion.state).to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;
    use crate::app::tests::{at, running, video};
    use crate::format::beside;

    fn view() -> JobsView {
        let job = |number, title: &str, conversion| JobView {
            video: crate::app::tests::id(number),
            title: title.into(),
            conversion,
        };
        let mut queued = video(1, "x").conversion;
        queued.state = ConversionState::Queued;
        queued.waiting_for = Some("its turn, after one more".into());
        queued.expected_at = Some(at(700_000));
        let mut again = queued.clone();
        again.retry_at = Some(at(40_000));
        again.reason = Some("ffmpeg was killed".into());
        again.attempt = 2;
        again.late_by_s = Some(720);
        JobsView {
            jobs: vec![
                job(1, "talk", running(1, "x", 0.42).conversion),
                job(2, "课程第一讲 introduction", queued),
                job(3, "evil\x1b[31m\nname", again),
            ],
            left_out: 0,
            workers: 1,
            paused: None,
        }
    }

    fn drawn(view: &JobsView, width: usize, height: usize) -> Vec<String> {
        block(view, at(0), width, height).iter().map(|line| beside(line, width, false)).collect()
    }

    #[test]
    fn the_list_says_how_far_each_is_or_what_it_waits_for() {
        let lines = drawn(&view(), 89, 24);
        assert_eq!(lines[0], "1 running, 2 waiting, 1 worker; the last is ready in about 11 min");
        assert!(lines[1].starts_with("ID") && lines[1].ends_with("DONE, OR WAITS FOR"), "{lines:#?}");
        assert!(lines[2].ends_with("[####------]  42 %"), "{lines:#?}");
        assert!(lines[3].ends_with("its turn, after one more"), "{lines:#?}");
        assert!(lines[5].contains("would miss its deadline by 12 min"), "{lines:#?}");
        assert!(lines[6].contains("ffmpeg was killed; tried again in 40 s"), "{lines:#?}");
        let mut paused = view();
        paused.paused = Some(PausedView { at: at(0), by: "ann".into() });
        let lines = drawn(&paused, 89, 24);
        let paused = "Paused by ann 0 s ago; to go on: vodpost jobs resume";
        assert_eq!(lines[0], format!("1 running, 2 waiting, 1 worker. {paused}"));
        assert!(lines[3].ends_with("the queue, paused by ann"), "{lines:#?}");
    }

    #[test]
    fn a_block_fits_every_terminal() {
        let mut many = view();
        let job = many.jobs[1].clone();
        many.jobs.extend(std::iter::repeat_n(job, 60));
        many.left_out = 7;
        for view in [view(), many] {
            for width in 1..140 {
                for height in [1, 2, 5, 23] {
                    let lines = drawn(&view, width, height);
                    assert!(lines.len() <= height, "{width}x{height}");
                    for line in lines {
                        assert!(line.width() <= width && !line.contains(['\x1b', '\n']), "{line:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_has_no_room_is_counted() {
        let mut many = view();
        many.jobs.truncate(2);
        let job = many.jobs[1].clone();
        many.jobs.extend(std::iter::repeat_n(job, 60));
        many.left_out = 7;
        let lines = drawn(&many, 79, 12);
        // The heads, nine jobs, and the rest of 62.
        assert_eq!((lines.len(), lines.last().unwrap().as_str()), (12, "… and 60 more"));
    }
}
