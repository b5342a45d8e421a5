//! What the daemon asks of the kernel for its viewers, and what it makes of a kernel that refuses: seen and disturbed with
//! strace.

use std::collections::{HashMap, HashSet};
use std::io::{Read, Write};
use std::net::TcpStream;

use rustix::process::{Resource, Rlimit, getrlimit, prlimit};
use vodpost_tests::http::{get, open, request};
use vodpost_tests::media::Sample;
use vodpost_tests::site::{Daemon, Site};
use vodpost_tests::strace::Strace;
use vodpost_tests::vitals::Vitals;
use vodpost_tests::wait::{self, DEADLINE};

const PADDING: usize = 24 << 20;

/// Real bytes behind the media: holes need no disk.
fn padded(site: &Site, sample: Sample, name: &str) -> std::path::PathBuf {
    let path = site.add(&sample.path(), name);
    let mut end = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    let len = u32::try_from(PADDING).unwrap();
    end.write_all(&[len.to_be_bytes().as_slice(), b"free", &vec![7; PADDING - 8]].concat()).unwrap();
    path
}

fn received(viewer: &TcpStream) -> usize {
    viewer.set_nonblocking(true).unwrap();
    let len = viewer.peek(&mut [0; 2000]).unwrap_or(0);
    viewer.set_nonblocking(false).unwrap();
    len
}

/// What follows the head, to the end.
fn body(mut stream: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    bytes.split_off(end + 4)
}

#[test]
fn a_file_system_that_cannot_tell_what_is_cached_holds_up_nobody_else() {
    let site = Site::new().with_workers(1);
    let file = padded(&site, Sample::IndexLast, "talk.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let url = format!("/v/{}.mp4", site.generate("talk"));
    // As NFS, CIFS and FUSE answer. The file is opened after this, since nobody has watched it.
    let refuse = "inject=preadv2:error=EOPNOTSUPP";
    let slow = "inject=pread64,statx,newfstatat,fstat,sendfile:delay_enter=1500000";
    let Some(strace) = Strace::attach(daemon.pid(), &["-e", refuse]) else { return };
    let len: usize =
        request(daemon.http, "HEAD", &url, &[]).header("Content-Length").unwrap().parse().unwrap();
    assert!(get(daemon.http, &url).body.len() == len, "whole");
    strace.detach();
    let Some(strace) = Strace::attach(daemon.pid(), &["-e", refuse, "-e", slow]) else { return };
    let ranges: Vec<_> = (1..=8usize).map(|at| (at << 21)..(at << 21) + 100_000).collect();
    let ask = |range: &std::ops::Range<usize>| {
        let range = format!("bytes={}-{}", range.start, range.end - 1);
        open(daemon.http, "GET", &url, &[("Range", &range)])
    };
    let viewers: Vec<_> = ranges.iter().map(ask).collect();
    // The only worker answers this while all of those wait for one call or another.
    assert_eq!(get(daemon.http, "/robots.txt").status, 200);
    let waiting = viewers.iter().filter(|viewer| received(viewer) < 1000).count();
    assert_eq!(waiting, viewers.len(), "on threads that may wait");
    strace.detach();
    let whole = get(daemon.http, &url).body;
    for (viewer, range) in viewers.into_iter().zip(ranges) {
        assert!(body(viewer) == whole[range.clone()], "{range:?}");
    }
    // Nothing of it is sent once it is another file.
    std::fs::OpenOptions::new().append(true).open(file).unwrap().write_all(b"more").unwrap();
    assert_eq!(get(daemon.http, &url).status, 503);
}

#[test]
fn a_disk_that_fails_is_reported_without_the_viewer() {
    let site = Site::new();
    let file = padded(&site, Sample::IndexFirst, "talk.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let url = format!("/v/{}.mp4", site.generate("talk"));
    let id = site.json(&["show", "talk"])["id"].as_str().unwrap().to_owned();
    assert_eq!(request(daemon.http, "HEAD", &url, &[]).status, 200);
    let Some(strace) = Strace::attach(daemon.pid(), &["-e", "inject=pread64:error=EIO"]) else { return };
    let open_file = std::fs::File::open(&file).unwrap();
    open_file.sync_all().unwrap();
    rustix::fs::fadvise(&open_file, 0, None, rustix::fs::Advice::DontNeed).unwrap();
    let mut viewer = open(daemon.http, "GET", &url, &[("Range", "bytes=16000000-")]);
    let mut answer = Vec::new();
    assert!(viewer.read_to_end(&mut answer).is_err(), "the answer is broken off");
    strace.detach();
    let (_, log) = daemon.terminate();
    let warning = log.lines().find(|line| line.contains("ended early"));
    let warning = warning.unwrap_or_else(|| panic!("{log}"));
    assert!(warning.contains(&id) && !warning.contains("127.0.0.1"), "{warning}");
}

#[test]
fn without_descriptors_viewers_wait_and_the_rest_goes_on() {
    let site = Site::new();
    site.add(&Sample::IndexFirst.path(), "talk.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let url = format!("/v/{}.mp4", site.generate("talk"));
    let whole = get(daemon.http, &url).body;
    // It inherits the hard limit and has raised its own to it.
    let maximum = getrlimit(Resource::Nofile).maximum;
    let limit = Rlimit { current: maximum, maximum };
    let few = Vitals(daemon.pid()).open_files() as u64 + 2;
    prlimit(Some(daemon.pid()), Resource::Nofile, Rlimit { current: Some(few), maximum }).unwrap();
    let mut served = TcpStream::connect(daemon.http).unwrap();
    let ask = || open(daemon.http, "GET", &url, &[("Range", "bytes=0-9")]);
    let waiting: Vec<TcpStream> = (0..60).map(|_| TcpStream::connect(daemon.http).unwrap()).collect();
    wait::until("all descriptors to be taken", || {
        let folder = format!("/proc/{}/fd", daemon.pid().as_raw_nonzero());
        let taken = std::fs::read_dir(folder).unwrap().filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_str().unwrap().parse::<u64>().unwrap() < few
        });
        match taken.count() as u64 {
            count if count == few => Ok(()),
            count => Err(format!("{count} of {few}")),
        }
    });
    // Whoever is in is served, one request after the other.
    for _ in 0..50 {
        served.write_all(b"HEAD /robots.txt HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
        served.read_exact(&mut [0; 12]).unwrap();
        while received(&served) > 0 {
            assert!(served.read(&mut [0; 2000]).unwrap() > 0);
        }
    }
    let late = ask();
    prlimit(Some(daemon.pid()), Resource::Nofile, limit).unwrap();
    assert_eq!(body(late).len(), 10);
    assert!(get(daemon.http, &url).body == whole);
    drop((served, waiting));
    let (status, log) = daemon.terminate();
    assert!(status.success());
    let warnings = log.lines().filter(|line| line.contains("cannot take in connections")).count();
    // Once, or again after somebody left and came in between; not ten times a second.
    assert!((1..=3).contains(&warnings), "{warnings}: {log}");
}

/// What a run of strace saw, with the arguments of each call.
struct Calls(String);

impl Calls {
    /// Bytes that these calls have sent.
    fn sent(&self, name: &str) -> u64 {
        let calls = self
            .0
            .lines()
            .filter(|line| line.contains(&format!("{name}(")) || line.contains(&format!("<... {name} ")));
        calls.filter_map(|line| line.rsplit_once(" = ")?.1.split(' ').next()?.parse::<u64>().ok()).sum()
    }
}

fn watched(daemon: &Daemon, site: &Site, act: impl FnOnce()) -> Option<Calls> {
    let out = site.folder().join("strace.txt");
    let calls = "trace=sendfile,sendto,sendmsg,writev";
    let strace = Strace::attach(daemon.pid(), &["-e", calls, "-s", "16", "-o", out.to_str().unwrap()])?;
    act();
    strace.detach();
    Some(Calls(std::fs::read_to_string(out).unwrap()))
}

/// Requests on one connection; the bodies of the answers.
fn converse(daemon: &Daemon, requests: &[(&str, &str)]) -> Vec<Vec<u8>> {
    let mut stream = TcpStream::connect(daemon.http).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let answer = |(url, fields): &(&str, &str)| {
        stream.write_all(format!("GET {url} HTTP/1.1\r\nHost: h\r\n{fields}\r\n").as_bytes()).unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let (_, len) = head.split_once("content-length: ").unwrap();
        let mut body = vec![0; len.split("\r\n").next().unwrap().parse().unwrap()];
        stream.read_exact(&mut body).unwrap();
        body
    };
    requests.iter().map(answer).collect()
}

const PART: &str = "Range: bytes=1000000-5000000\r\n";
const SMALL: &str = "Range: bytes=6000000-6099999\r\n";

#[test]
fn media_leave_by_sendfile_on_every_request_and_heads_wait_for_them() {
    let site = Site::new();
    padded(&site, Sample::IndexFirst, "asis.mp4");
    padded(&site, Sample::IndexLast, "moved.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let urls = ["asis", "moved"].map(|name| format!("/v/{}.mp4", site.generate(name)));
    let wholes = urls.each_ref().map(|url| get(daemon.http, url).body);
    for (url, whole) in urls.iter().zip(&wholes) {
        let index = whole.windows(4).position(|kind| kind == b"moov").unwrap() - 4;
        let end = index as u64 + u64::from(u32::from_be_bytes(whole[index..index + 4].try_into().unwrap()));
        // What comes from memory: nothing of the one, all up to the end of the index of the other.
        let memory = if *url == urls[0] { 0 } else { end };
        let mut bodies = Vec::new();
        let calls = watched(&daemon, &site, || {
            // The last answer is there only after all calls for those before it have returned.
            let requests = [(url.as_str(), ""), (url, PART), (url, ""), (url, SMALL), ("/robots.txt", "")];
            bodies = converse(&daemon, &requests);
        });
        let Some(calls) = calls else { return };
        assert!(bodies[0] == *whole && bodies[1] == whole[1_000_000..=5_000_000] && bodies[2] == *whole);
        assert!(bodies[3] == whole[6_000_000..=6_099_999]);
        let file = 2 * (whole.len() as u64 - memory) + 4_000_001 + 100_000;
        assert_eq!(calls.sent("sendfile"), file, "all bytes of the file, and nothing else");
        // Five heads, and the index twice; so no media passed through the process.
        let from_memory = calls.sent("sendto") - 2 * memory;
        assert!(from_memory < 5 * 1000, "{from_memory} bytes of heads");
        assert_eq!((calls.sent("sendmsg"), calls.sent("writev")), (0, 0));
        let sends = calls.0.lines().filter(|line| line.contains("sendto(") && line.contains("HTTP/1.1 20"));
        let more: HashMap<bool, usize> = sends.fold(HashMap::new(), |mut found, line| {
            *found.entry(line.contains("MSG_MORE")).or_default() += 1;
            found
        });
        // The last one may not be in it any more.
        assert_eq!(
            more.get(&true),
            Some(&3),
            "the head of a large answer waits for what follows it: {}",
            calls.0
        );
        assert!(matches!(more.get(&false), Some(1 | 2)), "that of a small one does not: {}", calls.0);
        let index_sends =
            calls.0.lines().filter(|line| line.contains("sendto(") && !line.contains("HTTP/1.1"));
        assert!(index_sends.clone().all(|line| line.contains("MSG_MORE")), "and so does the index");
        assert_eq!(index_sends.count() > 0, memory > 0);
    }
}

/// The threads that have sent something while sixteen viewers took a video at once.
fn sending_threads(site: &Site) -> Option<HashSet<String>> {
    padded(site, Sample::IndexFirst, "talk.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let url = format!("/v/{}.mp4", site.generate("talk"));
    let calls = watched(&daemon, site, || {
        std::thread::scope(|scope| {
            let viewer = || assert!(get(daemon.http, &url).body.len() > PADDING);
            (0..16).for_each(|_| drop(scope.spawn(viewer)));
        });
    })?;
    let lines = calls.0.lines().filter(|line| line.contains("sendfile("));
    Some(lines.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect())
}

#[test]
fn viewers_are_served_by_all_workers() {
    let Some(one) = sending_threads(&Site::new().with_workers(1)) else { return };
    assert_eq!(one.len(), 1, "sendfile is never left to a thread that may wait");
    let Some(many) = sending_threads(&Site::new().with_workers(4)) else { return };
    assert!((2..=4).contains(&many.len()), "{many:?}");
}
