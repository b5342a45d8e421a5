//! What sending costs: bytes per second of the server's processor time, and the time to the first byte, against nginx and
//! dufs with the same bytes, one worker each.

use std::path::{Path, PathBuf};
use std::time::Duration;

use vodpost_protocol::ids::Label;
use vodpost_protocol::request::Request;
use vodpost_tests::site::{Daemon, Site};

use crate::generate::{faststart, live, source};
use crate::measure::{Connection, Samples};
use crate::peers::{Dufs, Load, Target, chill, congestion_control, nginx, nginx_pushing};
use crate::table::{Table, time};

const ROUNDS: usize = 5;
const SPAN: Duration = Duration::from_millis(1500);
/// How often the clip of about 26 MB is repeated.
const TIMES: usize = 10;
const CONNECTIONS: usize = 16;
const COLD_REQUESTS: u64 = 400;
const SIZES: [(&str, u64); 3] =
    [("64 KiB ranges", 64 << 10), ("1 MiB ranges", 1 << 20), ("whole files", u64::MAX)];

/// The same video in both layouts, and who serves it.
struct Stage {
    _site: Site,
    _daemon: Daemon,
    /// The one with its index first, and the other.
    files: [PathBuf; 2],
    ours: Target,
    relocated: Target,
}

pub(crate) fn rows(table: &mut Table) {
    let folder = tempfile::tempdir().expect("a folder");
    let stage = Stage::set(folder.path());
    let root = stage.files[0].parent().expect("in a folder");
    let nginx = nginx(root);
    let len = stage.ours.len;
    let theirs = Target { addr: nginx.addr, path: "/direct.mp4".to_owned(), len, server: nginx.worker() };
    let pushing = nginx_pushing(root);
    let pushed = Target { addr: pushing.addr, server: pushing.worker(), ..theirs.clone() };
    let dufs = Dufs::serving(root);
    let other = dufs.as_ref().map(|dufs| Target { addr: dufs.addr, server: dufs.pid(), ..theirs.clone() });
    table.section(&format!(
        "GB per second of the server's CPU, {} MB file, {CONNECTIONS} connections, median of {ROUNDS}, {}; the \
         loopback flatters all: no driver, no packets lost, and the receiver's work is partly done in the sender's time",
        len / 1_000_000,
        congestion_control()
    ));
    for (name, range_bytes) in SIZES {
        efficiency(table, name, range_bytes, &stage, (&theirs, &pushed, other.as_ref()));
    }
    table.section("time to first byte, 64 KiB ranges, p50 and p99");
    for connections in [1, 16, 256] {
        for cold in [false, true] {
            first_byte(table, (connections, cold), &stage, (&theirs, other.as_ref()));
        }
    }
}

impl Stage {
    fn set(folder: &Path) -> Self {
        let site = Site::new().with_config("[http]\nconnections_per_address = 100000").with_workers(1);
        let long = source(folder, TIMES);
        let files = ["direct.mp4", "relocated.mp4"].map(|name| site.library().join(name));
        put(&faststart(&long, folder), &files[0]);
        put(&long, &files[1]);
        let daemon = site.start();
        site.set_up_account();
        site.scan();
        let mut connection = Connection::open(&site);
        let mut target = |video: &str| {
            connection.ask(Request::Generate { video: video.to_owned(), label: Label::default() });
            let path = live(&mut connection, video);
            let head = vodpost_tests::http::request(daemon.http, "HEAD", &path, &[]);
            let len = head.header("Content-Length").and_then(|len| len.parse().ok()).expect("a length");
            Target { addr: daemon.http, path, len, server: daemon.pid() }
        };
        let (ours, relocated) = (target("direct"), target("relocated"));
        Self { _site: site, _daemon: daemon, files, ours, relocated }
    }
}

fn put(file: &Path, place: &Path) {
    std::fs::hard_link(file, place)
        .or_else(|_other_disk| std::fs::copy(file, place).map(drop))
        .expect("the file in the library");
}

fn efficiency(
    table: &mut Table,
    name: &str,
    range_bytes: u64,
    stage: &Stage,
    (nginx, pushing, dufs): (&Target, &Target, Option<&Target>),
) {
    let load = Load { range_bytes, connections: CONNECTIONS, span: SPAN, requests: u64::MAX };
    let targets = [Some(&stage.ours), Some(&stage.relocated), Some(nginx), Some(pushing), dufs];
    let mut rates: [Vec<f64>; 5] = Default::default();
    // Once more at the beginning, to fill the page cache.
    for round in 0..=ROUNDS {
        for (target, rates) in targets.iter().zip(&mut rates) {
            let Some(target) = target else { continue };
            let outcome = target.under(load);
            if round > 0 {
                rates.push(outcome.gigabytes_per_cpu_second());
            }
        }
    }
    let [ours, relocated, nginx, pushing, dufs] = rates.map(median);
    let unit = "GB/CPU s";
    table.at_least(name, (ours, unit), ("nginx", nginx), 1.0);
    table.at_least(
        &format!("{name}, index relocated"),
        (relocated, unit),
        ("nginx, index first", nginx),
        1.0,
    );
    // In the loads of small ranges nginx idles with it: the end of each answer waits for an acknowledgement.
    let figures = [ours, pushing].map(|rate| format!("{rate:.2} {unit}"));
    table.compare(name, &figures[0], ("nginx, tcp_nopush off", &figures[1]));
    if dufs.is_nan() {
        table.not_measured(name, "dufs", 10.0);
    } else {
        table.at_least(name, (ours, unit), ("dufs", dufs), 10.0);
    }
}

/// Not a number where there is none.
fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or(f64::NAN)
}

/// In rounds that alternate; of each the middle of all rounds.
fn first_byte(
    table: &mut Table,
    (connections, cold): (usize, bool),
    stage: &Stage,
    (nginx, dufs): (&Target, Option<&Target>),
) {
    let requests = if cold { COLD_REQUESTS } else { u64::MAX };
    let load = Load { range_bytes: 64 << 10, connections, span: SPAN, requests };
    let targets = [Some(&stage.ours), Some(&stage.relocated), Some(nginx), dufs];
    let mut times: [(Samples, Samples); 4] = Default::default();
    for _ in 0..ROUNDS {
        for (target, (p50, p99)) in targets.iter().zip(&mut times) {
            let Some(target) = target else { continue };
            if cold {
                stage.files.iter().for_each(|file| chill(file));
            } else {
                // Everything is in the page cache afterwards.
                target.under(Load { range_bytes: u64::MAX, connections: 1, requests: 1, ..load });
            }
            let outcome = target.under(load);
            p50.push(outcome.first_p50);
            p99.push(outcome.first_p99);
        }
    }
    let [ours, relocated, nginx, dufs] = times.map(|(p50, p99)| {
        if p50.len() == 0 {
            "not measured".to_owned()
        } else {
            format!("{}, {}", time(p50.median()), time(p99.median()))
        }
    });
    let what = format!("{connections} connections, {}", if cold { "cold" } else { "warm" });
    table.compare(&what, &ours, ("nginx", &nginx));
    table.compare(&format!("{what}, index relocated"), &relocated, ("nginx, index first", &nginx));
    table.compare(&what, &ours, ("dufs", &dufs));
}
