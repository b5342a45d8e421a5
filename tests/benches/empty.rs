//! A daemon with nothing to do: how soon it is there, how much memory it takes, and whether it lets the machine sleep.

use std::time::Duration;

use vodpost_tests::site::{Daemon, Site};

use crate::measure::{Samples, context_switches, resident, timed};
use crate::table::Table;

const STARTS: usize = 10;
/// Threads that were needed for the start end after ten seconds without work.
const SETTLING: Duration = Duration::from_secs(15);
const IDLE: Duration = Duration::from_secs(10);

/// As the defaults are: folders are watched and looked at from time to time.
fn site() -> Site {
    Site::new().with_config("[library]\nwatch = true\nrescan = \"5m\"")
}

pub(crate) fn rows(table: &mut Table) {
    table.section("an empty daemon");
    let budget = Duration::from_millis(30);
    let (mut first, mut again) = (Samples::default(), Samples::default());
    for _ in 0..STARTS {
        let site = site();
        for samples in [&mut first, &mut again] {
            let (took, daemon) = timed(|| site.start());
            samples.push(took);
            daemon.terminate();
        }
    }
    table.time(&format!("start to ready, new state, median of {STARTS}"), first.median(), budget);
    table.time(&format!("start to ready, existing state, median of {STARTS}"), again.median(), budget);

    let site = site();
    let daemon = site.start();
    std::thread::sleep(SETTLING);
    table.memory("RSS", resident(&daemon), 15_000_000);
    let what = format!("context switches in {} s", IDLE.as_secs());
    table.at_most(&what, idle(&daemon), 0);
    site.set_up_account();
    std::thread::sleep(SETTLING);
    let after = idle(&daemon).to_string();
    table.compare(&format!("{what}, after a change"), &after, ("sled's threads, once a second each", "7"));
    daemon.terminate();
}

/// How often a thread was put on a processor in a while in which nothing happens.
fn idle(daemon: &Daemon) -> u64 {
    let before = context_switches(daemon);
    std::thread::sleep(IDLE);
    context_switches(daemon).saturating_sub(before)
}
