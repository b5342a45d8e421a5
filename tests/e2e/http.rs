//! The bytes that viewers get.

use std::io::Read;

use vodpost_tests::http::{get, open, range, request};
use vodpost_tests::media::Sample;
use vodpost_tests::site::{Daemon, Site};

fn live(sample: Sample) -> (Site, Daemon, String) {
    let site = Site::new();
    site.add(&sample.path(), "talk.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let path = format!("/v/{}.mp4", site.generate("talk"));
    (site, daemon, path)
}

#[test]
fn every_range_of_a_relocated_file_is_that_range_of_the_whole() {
    let (_site, daemon, path) = live(Sample::IndexLast);
    let whole = get(daemon.http, &path).body;
    let len = whole.len();
    let moov_end = whole.windows(4).position(|four| four == b"mdat").unwrap() + 4;
    let mut ranges = vec![(0, 0), (0, 1), (0, len - 1), (len - 1, len - 1), (moov_end - 10, moov_end + 10)];
    // A fixed row of numbers that jumps about.
    let mut number = 12345usize;
    for _ in 0..60 {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let first = (number >> 20) % len;
        let last = (first + (number >> 7) % 70_000).min(len - 1);
        ranges.push((first, last));
    }
    for (first, last) in ranges {
        let part = range(daemon.http, &path, &format!("bytes={first}-{last}"));
        assert_eq!(part.status, 206);
        assert_eq!(part.header("Content-Range").unwrap(), format!("bytes {first}-{last}/{len}"));
        assert!(part.body == whole[first..=last], "bytes {first}-{last}");
    }
    let tail = range(daemon.http, &path, "bytes=-100");
    assert!(tail.body == whole[len - 100..]);
    let rest = range(daemon.http, &path, &format!("bytes={}-", len - 7));
    assert!(rest.body == whole[len - 7..]);
}

#[test]
fn head_etag_if_range_and_416() {
    let (_site, daemon, path) = live(Sample::IndexFirst);
    let whole = get(daemon.http, &path);
    let len = whole.body.len();
    assert_eq!(whole.header("Content-Type"), Some("video/mp4"));
    assert_eq!(whole.header("Accept-Ranges"), Some("bytes"));
    let etag = whole.header("ETag").unwrap().to_owned();
    assert!(etag.starts_with('"'), "strong: {etag}");

    let head = request(daemon.http, "HEAD", &path, &[]);
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("Content-Length").unwrap(), len.to_string());
    assert_eq!(head.header("ETag"), Some(etag.as_str()));

    assert_eq!(request(daemon.http, "GET", &path, &[("If-None-Match", &etag)]).status, 304);
    let same = request(daemon.http, "GET", &path, &[("Range", "bytes=0-9"), ("If-Range", &etag)]);
    assert_eq!(same.status, 206);
    let other = request(daemon.http, "GET", &path, &[("Range", "bytes=0-9"), ("If-Range", "\"other\"")]);
    assert_eq!((other.status, other.body.len()), (200, len));
    let beyond = range(daemon.http, &path, &format!("bytes={len}-"));
    assert_eq!(beyond.status, 416);
    assert_eq!(beyond.header("Content-Range").unwrap(), format!("bytes */{len}"));
    assert_eq!(request(daemon.http, "POST", &path, &[]).status, 405);
}

#[test]
fn tokens_are_case_insensitive_and_unknown_ones_are_404() {
    let (_site, daemon, path) = live(Sample::IndexFirst);
    assert_eq!(get(daemon.http, &path.to_lowercase()).status, 200);
    for path in ["/v/00000000000000000000", "/v/00000000000000000000.mp4", "/v/short", "/v/", "/nothing"] {
        assert_eq!(get(daemon.http, path).status, 404, "{path}");
    }
}

#[test]
fn refusals_are_plain_words_and_never_stored() {
    let (site, daemon, path) = live(Sample::IndexFirst);
    site.ok(&["suspend", "talk"]);
    let page = path.trim_end_matches(".mp4");
    let html = request(daemon.http, "GET", page, &[("Accept", "text/html")]);
    assert_eq!(html.status, 403);
    assert!(html.header("Content-Type").unwrap().starts_with("text/html"));
    assert!(html.header("Cache-Control").unwrap().contains("no-store"));
    assert!(html.text().to_lowercase().contains("suspended"), "{}", html.text());
    let text = get(daemon.http, page);
    assert!(text.header("Content-Type").unwrap().starts_with("text/plain"));
    site.ok(&["source", "delete", "talk", "--yes"]);
    let gone = request(daemon.http, "GET", page, &[("Accept", "text/html")]);
    assert_eq!(gone.status, 410);
    assert!(gone.text().to_lowercase().contains("deleted"), "{}", gone.text());
}

#[test]
fn p6_suspending_ends_transfers_that_are_under_way() {
    let site = Site::new();
    let path = site.add(&Sample::IndexFirst.path(), "talk.mp4");
    // Far more than any buffer holds: a `free` box that fills the file to 200 MiB, which players skip.
    let len = std::fs::metadata(&path).unwrap().len();
    let free = 200u32 << 20;
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    std::io::Write::write_all(&mut file, &[free.to_be_bytes().as_slice(), b"free"].concat()).unwrap();
    file.set_len(len + u64::from(free)).unwrap();
    drop(file);
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let token = site.generate("talk");
    let mut reading = open(daemon.http, "GET", &format!("/v/{token}.mp4"), &[]);
    let mut first = [0; 4096];
    reading.read_exact(&mut first).unwrap();
    site.ok(&["suspend", "talk"]);
    let mut rest = 0u64;
    let mut chunk = vec![0; 1 << 16];
    // The end is a reset or a close, whichever the kernel gets to first.
    while let Ok(len @ 1..) = reading.read(&mut chunk) {
        rest += len as u64;
    }
    assert!(rest < 64 << 20, "{rest} bytes came after the suspension");
}

#[test]
fn views_and_bytes_are_counted() {
    let (site, daemon, path) = live(Sample::IndexFirst);
    let len = get(daemon.http, &path).body.len() as u64;
    assert_eq!(range(daemon.http, &path, "bytes=0-1").status, 206, "a probe, not a view");
    let shown = site.wait_shown("talk", "the view to be counted", |shown| shown["postings"][0]["views"] == 1);
    assert!(shown["postings"][0]["bytes"].as_u64().unwrap() >= len, "{shown}");
    daemon.kill();
    let _daemon = site.start();
    assert_eq!(site.json(&["show", "talk"])["postings"][0]["views"], 1);
}

#[test]
fn many_viewers_at_once_get_the_same_bytes() {
    let (_site, daemon, path) = live(Sample::HighBitrate);
    let whole = get(daemon.http, &path).body;
    let addr = daemon.http;
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| assert!(get(addr, &path).body == whole));
        }
    });
}
