//! How many of something there are.

use vodpost_protocol::status::{Counts, Queue};

use super::language::{self, Language};
use crate::{format, say, word};

fn counted(number: u64, one: &str, many: &str, chinese: &str) -> String {
    match language::current() {
        Language::English => format::count(number, one, many),
        Language::Chinese => format!("{number}{chinese}"),
    }
}

#[must_use]
pub fn videos(number: u64) -> String {
    counted(number, "video", "videos", "个视频")
}

#[must_use]
pub fn files(number: u64) -> String {
    counted(number, "file", "files", "个文件")
}

#[must_use]
pub fn urls(number: u64) -> String {
    counted(number, "URL", "URLs", "个链接")
}

#[must_use]
pub fn views(number: u64) -> String {
    counted(number, "view", "views", "次播放")
}

#[must_use]
pub fn problems(number: u64) -> String {
    counted(number, "problem", "problems", "个问题")
}

#[must_use]
pub fn conversions(number: u64) -> String {
    counted(number, "conversion", "conversions", "个视频")
}

#[must_use]
pub fn problem_files(number: u64) -> String {
    counted(number, "file with a problem", "files with problems", "个有问题的文件")
}

#[must_use]
pub fn workers(number: u64) -> String {
    counted(number, "worker", "workers", "个处理进程")
}

/// Files that are not admitted yet.
#[must_use]
pub fn settling(number: u64) -> String {
    match language::current() {
        Language::English => {
            let files = format::count(number, "file is", "files are");
            format!("{files} still being written, and looked at again when done")
        }
        Language::Chinese => format!("{number}个文件仍在写入，写完后会再次扫描"),
    }
}

/// How many URLs are in which state.
#[must_use]
pub fn url_states(counts: &Counts) -> String {
    say!(
        "{live} live, {suspended} suspended, {pending} pending, {invalid} invalid",
        "有效 {live}，停用 {suspended}，待生效 {pending}，失效 {invalid}",
        live = counts.live,
        suspended = counts.suspended,
        pending = counts.pending,
        invalid = counts.invalid,
    )
}

/// How many conversions are in which state.
#[must_use]
pub fn queue(queue: &Queue) -> String {
    let paused = if queue.paused { word!("; paused", "；已暂停") } else { "" };
    say!(
        "{running} running, {queued} queued, {failed} failed{paused}",
        "进行中 {running}，排队 {queued}，失败 {failed}{paused}",
        running = queue.running,
        queued = queue.queued,
        failed = queue.failed,
        paused = paused,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::language::tests::both;

    #[test]
    fn counts_know_one_and_many_in_english_only() {
        for count in [videos, files, urls, views, conversions, settling, problems, problem_files, workers] {
            let (one, many) = (both(&[], || count(1)), both(&[], || count(2)));
            assert_eq!(one.1.replace('1', "2"), many.1);
            assert_ne!(one.0.replace('1', "2"), many.0);
        }
    }

    #[test]
    fn states_are_counted_in_both_languages() {
        let counts = Counts { live: 11, suspended: 12, pending: 13, invalid: 14, ..Counts::default() };
        both(&[], || url_states(&counts));
        both(&[], || queue(&Queue { running: 11, queued: 12, failed: 13, paused: true }));
    }
}
