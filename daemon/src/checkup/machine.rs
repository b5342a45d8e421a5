//! What the kernel allows the daemon: watches, open files; and what its clock says.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::process::{Resource, getrlimit};
use vodpost_protocol::checkup::Finding;
use vodpost_protocol::time::Timestamp;

use super::Viewers;
use crate::library::watch::Coverage;

/// A program may have been written by another machine whose clock is a little ahead.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);

pub(super) fn watched(root: &Path, coverage: &Coverage) -> Vec<Finding> {
    let unwatched = coverage.unwatched(root);
    let finding = |why| Finding::RootUnwatched { path: root.to_string_lossy().into_owned(), why };
    unwatched.map(finding).into_iter().collect()
}

pub(super) fn watches_left() -> Vec<Finding> {
    let limit = fs::read_to_string("/proc/sys/fs/inotify/max_user_watches");
    let Some(limit) = limit.ok().and_then(|limit| limit.trim().parse().ok()) else { return Vec::new() };
    let used = watches();
    nearly_all(used, limit).then_some(Finding::WatchesShort { used, limit }).into_iter().collect()
}

/// That the daemon has set, counted by the kernel.
fn watches() -> u64 {
    let Ok(files) = fs::read_dir("/proc/self/fdinfo") else { return 0 };
    let texts = files.flatten().filter_map(|file| fs::read_to_string(file.path()).ok());
    texts.map(|text| text.lines().filter(|line| line.starts_with("inotify ")).count() as u64).sum()
}

/// Nine tenths and more.
fn nearly_all(used: u64, limit: u64) -> bool {
    used.saturating_mul(10) >= limit.saturating_mul(9)
}

pub(super) fn clock() -> Vec<Finding> {
    // What runs was there before.
    let installed = fs::metadata("/proc/self/exe").and_then(|meta| meta.modified());
    installed.map(|installed| judge_clock(SystemTime::now(), installed)).unwrap_or_default()
}

fn judge_clock(now: SystemTime, installed: SystemTime) -> Vec<Finding> {
    let behind = installed.duration_since(now).is_ok_and(|ahead| ahead > CLOCK_TOLERANCE);
    let finding = || Finding::ClockBehind { installed_at: Timestamp::from_system(installed) };
    behind.then(finding).into_iter().collect()
}

pub(super) fn open_files(viewers: Viewers) -> Vec<Finding> {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let used = fs::read_dir("/proc/self/fd").map_or(0, |files| files.count() as u64);
    judge_open_files(viewers, used, limit)
}

fn judge_open_files(viewers: Viewers, used: u64, limit: u64) -> Vec<Finding> {
    let Viewers { admitted, wanted } = viewers;
    let limited = (admitted < wanted).then_some(Finding::ViewersLimited {
        open_files_max: limit,
        viewers: admitted as u64,
        wanted: wanted as u64,
    });
    let short = nearly_all(used, limit).then_some(Finding::OpenFilesShort { used, limit });
    limited.into_iter().chain(short).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_behind_only_where_it_is_before_the_program() {
        let now = SystemTime::now();
        assert_eq!(judge_clock(now, now - Duration::from_secs(9)), []);
        assert_eq!(judge_clock(now, now + CLOCK_TOLERANCE), []);
        let later = now + CLOCK_TOLERANCE * 2;
        let installed_at = Timestamp::from_system(later);
        assert_eq!(judge_clock(now, later), [Finding::ClockBehind { installed_at }]);
        assert_eq!(clock(), []);
    }

    #[test]
    fn few_open_files_cost_viewers() {
        let all = Viewers { admitted: 4096, wanted: 4096 };
        assert_eq!(judge_open_files(all, 899, 1000), []);
        assert_eq!(judge_open_files(all, 900, 1000), [Finding::OpenFilesShort { used: 900, limit: 1000 }]);
        let fewer = Viewers { admitted: 512, wanted: 4096 };
        let limited = Finding::ViewersLimited { open_files_max: 1024, viewers: 512, wanted: 4096 };
        assert_eq!(judge_open_files(fewer, 30, 1024), [limited]);
    }

    #[tokio::test]
    async fn watches_are_those_of_this_process() {
        let before = watches();
        let folder = tempfile::tempdir().unwrap();
        let (watches_set, _changes) = crate::library::watch::start().unwrap();
        watches_set.add(folder.path()).unwrap();
        // Other tests of this process may watch as well.
        assert!(watches() > 0 || before > 0);
        assert!(nearly_all(9, 10) && !nearly_all(8, 10));
    }
}
