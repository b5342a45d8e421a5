//! What conversions would take that nobody has ordered yet: `jobs --fits` and `generate --dry-run`.

use std::time::Duration;

use serde_json::json;
use vodpost_protocol::conversion::ForecastView;
use vodpost_protocol::reply::Answer;
use vodpost_protocol::request::{ForecastQuery, Request};

use super::Context;
use super::failure::Failure;
use crate::format::{self, Cell, Column, Table};
use crate::text::{self, Sentence, plain};
use crate::{say, word};

fn paused() -> &'static str {
    word!(
        "The queue is paused: this counts from the moment at which it is resumed.",
        "队列已暂停：以下从恢复时算起。"
    )
}

/// # Errors
/// When the daemon refuses, or not everything would be ready in time.
pub(super) fn show(context: &mut Context, query: ForecastQuery) -> Result<(), Failure> {
    let mut daemon = context.daemon()?;
    let Answer::Forecast(forecast) = daemon.ask(Request::Forecast(query))? else {
        return Err(Failure::UnexpectedAnswer);
    };
    if daemon.jobs(Request::Jobs)?.paused.is_some() {
        context.out.note(paused())?;
    }
    if context.out.json {
        context.out.json(&json!(forecast))?;
    } else {
        print(context, &forecast)?;
    }
    let verdict = verdict(&forecast);
    match (forecast.fits, context.out.json) {
        (true, true) => Ok(()),
        (true, false) => context.out.note(&verdict.message),
        // The document on stdout says it.
        (false, true) => Err(Failure::Reported(Box::new(Failure::Failed(verdict)))),
        (false, false) => Err(Failure::Failed(verdict)),
    }
}

fn print(context: &mut Context, forecast: &ForecastView) -> Result<(), Failure> {
    if !forecast.jobs.is_empty() {
        let mut table = Table::new(&[
            Column::Left("ID"),
            Column::Left(word!("PLAN", "方案")),
            Column::Right(word!("WORK", "用时")),
            Column::Right(word!("READY IN", "多久完成")),
            Column::Left(word!("IN TIME", "按时")),
            Column::Flexible(word!("TITLE", "标题")),
        ]);
        for job in &forecast.jobs {
            let span = |s| Cell::new(format::span(Duration::from_secs(s)));
            table.row(vec![
                Cell::new(job.video.to_string()),
                Cell::new(text::plan_name(job.plan)),
                span(job.work_s),
                span(job.ready_in_s),
                Cell::new(text::yes(job.fits)),
                Cell::new(plain(&job.title)),
            ]);
        }
        context.out.table(&table)?;
    }
    for left_out in &forecast.left_out {
        context.out.note(&text::pair(&plain(&left_out.path), &plain(&left_out.reason)))?;
    }
    for delayed in &forecast.delayed {
        let (title, reason) = (plain(&delayed.path), plain(&delayed.reason));
        context.out.note(&say!(
            "{title}, which is in the queue already: {reason}",
            "已在队列中的 {title}：{reason}"
        ))?;
    }
    if !forecast.measured && !forecast.jobs.is_empty() {
        context.out.note(word!(
            "Speeds are assumed; after the first conversions they are measured.",
            "速度为估计值；处理过几个视频后改用实测值。"
        ))?;
    }
    Ok(())
}

fn verdict(forecast: &ForecastView) -> Sentence {
    let span = |s| format::span(Duration::from_secs(s));
    if forecast.jobs.is_empty() {
        return Sentence::new(word!("There is nothing to convert.", "没有需要处理的视频。"));
    }
    let ready = say!(
        "{count} would be ready in {ready_in}",
        "{count}将在 {ready_in} 内完成",
        count = text::conversions(forecast.jobs.len() as u64),
        ready_in = span(forecast.ready_in_s),
    );
    let within = span(forecast.within_s);
    if forecast.fits {
        return Sentence::new(say!("{ready}, within {within}.", "{ready}，在 {within} 的时限之内。"));
    }
    let late = forecast.jobs.iter().filter(|job| !job.fits).count();
    if late > 0 {
        let message = say!(
            "{ready}; {late} of them would not be ready within {within}.",
            "{ready}；其中{late}个无法在 {within} 内完成。"
        );
        return Sentence::with_hint(
            message,
            word!(
                "fewer at a time, or more conversion.workers if there are cores to spare",
                "请分批处理；如果有空闲的核心，可增大 conversion.workers"
            ),
        );
    }
    let delayed = forecast.delayed.len();
    if delayed > 0 {
        let others = text::conversions(delayed as u64);
        return Sentence::with_hint(
            say!(
                "{ready}, but {others} in the queue already would miss the deadline because of that.",
                "{ready}，但队列中已有的{others}会因此错过期限。"
            ),
            word!("fewer at a time, or later", "请分批处理，或稍后再提交"),
        );
    }
    let (needs, free) = (format::bytes(forecast.needs_bytes), forecast.free_bytes.map(format::bytes));
    let free = free.unwrap_or_else(|| word!("an unknown amount", "未知").to_owned());
    Sentence::with_hint(
        say!(
            "{ready}, but they may take {needs}, and {free} are free and needed by nothing else.",
            "{ready}，但可能需要 {needs}，而未被占用且未预留的空间为 {free}。"
        ),
        word!(
            "make room in the artifact folder, or delete videos that are not needed any more",
            "请在产物目录中腾出空间，或删除不再需要的视频"
        ),
    )
}
