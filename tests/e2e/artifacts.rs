//! Files of ours: how long an old one takes space on the disk, and how much memory it takes to make one.

use std::os::unix::fs::FileExt;
use std::path::Path;

use rustix::process::Pid;
use vodpost_tests::http::{self, get};
use vodpost_tests::media::Sample;
use vodpost_tests::site::Site;
use vodpost_tests::stand_in::Mode;
use vodpost_tests::vitals::Vitals;
use vodpost_tests::wait;

use crate::conversion_crash::bench::Bench;

/// Files that a process has open although they have no name any more.
fn nameless(process: Pid) -> Vec<String> {
    let folder = format!("/proc/{}/fd", process.as_raw_nonzero());
    let links =
        std::fs::read_dir(folder).unwrap().filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok());
    let paths = links.map(|path| path.to_string_lossy().into_owned());
    paths.filter(|path| path.contains("/artifacts/") && path.ends_with(" (deleted)")).collect()
}

#[test]
fn an_old_artifact_gives_its_space_back_although_it_was_just_read() {
    let (mut bench, daemon) = Bench::live(|_site| {});
    let path = format!("/v/{}.mp4", bench.token);
    let old = get(daemon.http, &path);
    assert_eq!(old.status, 200);
    // A player that asks for a piece again and again keeps the file among those that are open.
    let pieces = || http::range(daemon.http, &path, "bytes=0-99").status;
    assert_eq!(pieces(), 206);
    bench.replace(&daemon, Mode::Waits);
    wait::until("the old file to be gone from the disk", || {
        pieces();
        let open = nameless(daemon.pid());
        let left = bench.artifacts();
        let there = left.iter().any(|name| name.ends_with("-1.mp4"));
        if open.is_empty() && !there { Ok(()) } else { Err(format!("{open:?} {left:?}")) }
    });
    bench.behave(Mode::Works);
    bench.expect_whole(&daemon);
    assert_eq!(nameless(daemon.pid()), [""; 0]);
}

/// The index of this MP4, which comes last, made longer by a box that players skip.
fn grow_index(path: &Path, by: u32) {
    let bytes = std::fs::read(path).unwrap();
    let at = bytes.windows(4).rposition(|name| name == b"moov").unwrap() - 4;
    let len = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    assert_eq!(at + len as usize, bytes.len(), "the index is the last box");
    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(&(len + by).to_be_bytes(), at as u64).unwrap();
    file.write_all_at(&by.to_be_bytes(), bytes.len() as u64).unwrap();
    file.write_all_at(b"skip", bytes.len() as u64 + 4).unwrap();
    let filler = vec![0x5a; by as usize - 8];
    file.write_all_at(&filler, bytes.len() as u64 + 8).unwrap();
}

/// Reports the figures; the bound is generous.
#[test]
#[expect(clippy::print_stdout, reason = "the figures are wanted")]
fn converting_takes_little_memory_outside_of_ffmpeg() {
    const BOUND_BYTES: u64 = 64 << 20;
    let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
    let site = Site::new();
    site.add(&Sample::Long.path(), "long.webm");
    let grown = site.folder().join("grown.mp4");
    std::fs::copy(Sample::IndexLast.path(), &grown).unwrap();
    grow_index(&grown, 10 << 20);
    site.add(&grown, "grown.mp4");
    let daemon = site.start();
    site.set_up_account();
    let peak = || Vitals(daemon.pid()).peak_memory();
    let idle = peak();
    site.scan();
    let scanned = peak();
    site.generate("long");
    assert_eq!(site.json(&["show", "long"])["conversion"]["plan"], "transcode");
    let transcoded = peak();
    let token = site.generate("grown");
    assert_eq!(site.json(&["show", "grown"])["conversion"]["plan"], "relocate");
    let relocated = peak();
    let served = get(daemon.http, &format!("/v/{token}.mp4"));
    assert_eq!((served.status, served.body.len() as u64), (200, grown.metadata().unwrap().len()));
    wait::until("a poster", || match get(daemon.http, &format!("/v/{token}.jpg")).status {
        200 => Ok(()),
        status => Err(status.to_string()),
    });
    println!(
        "peak memory: idle {}, scanned {}, after a transcode {}, after relocating an index of 10 MiB {}, served {}",
        mib(idle),
        mib(scanned),
        mib(transcoded),
        mib(relocated),
        mib(peak())
    );
    assert!(transcoded < BOUND_BYTES, "{}", mib(transcoded));
    assert!(peak() < BOUND_BYTES, "{}", mib(peak()));
}
