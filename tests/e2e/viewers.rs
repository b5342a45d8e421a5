//! Viewers who want the server for themselves, and what a switch does to those in the middle of a video: seen from outside
//! of the process.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use rustix::fs::Advice;
use vodpost_tests::http::{get, open, request};
use vodpost_tests::media::Sample;
use vodpost_tests::site::{Daemon, Site};
use vodpost_tests::strace::Strace;
use vodpost_tests::vitals::{self, Vitals};
use vodpost_tests::wait::{self, DEADLINE};

const MANY: usize = 10_000;
/// What ten thousand connections may cost on top of what the daemon takes by itself.
const MEMORY_MAX: u64 = 96 << 20;
/// A `free` box, which players skip: more than any buffer holds.
const FREE_BYTES: u32 = 400 << 20;

fn live(config: &str, sample: Sample) -> (Site, Daemon, String) {
    let site = Site::new().with_config(config);
    site.add(&sample.path(), "talk.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let path = format!("/v/{}.mp4", site.generate("talk"));
    (site, daemon, path)
}

/// With a file that takes long to send, whether its index comes first or last.
fn long(sample: Sample, config: &str) -> (Site, Daemon, String) {
    let site = Site::new().with_config(config);
    let file = site.add(&sample.path(), "talk.mp4");
    lengthen(&file);
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let path = format!("/v/{}.mp4", site.generate("talk"));
    (site, daemon, path)
}

fn lengthen(file: &Path) {
    let len = std::fs::metadata(file).unwrap().len();
    let mut end = std::fs::OpenOptions::new().append(true).open(file).unwrap();
    end.write_all(&[FREE_BYTES.to_be_bytes().as_slice(), b"free"].concat()).unwrap();
    end.set_len(len + u64::from(FREE_BYTES)).unwrap();
}

/// Connections that have sent these bytes.
fn crowd(addr: SocketAddr, count: usize, bytes: &[u8]) -> Vec<TcpStream> {
    let connect = |_| {
        let mut stream = TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.write_all(bytes).unwrap();
        stream
    };
    (0..count).map(connect).collect()
}

#[test]
fn ten_thousand_connections_cost_little_and_keep_nobody_out() {
    vitals::raise_open_files();
    // Nobody is to leave while the others arrive, however slow the machine is.
    let config = "[http]\nconnections = 15000\nconnections_per_address = 15000\n\
                  head_timeout = \"10m\"\nidle_timeout = \"10m\"";
    let (_site, daemon, path) = live(config, Sample::IndexLast);
    let whole = get(daemon.http, &path).body;
    let vitals = Vitals(daemon.pid());
    let (before, files) = (vitals.peak_memory(), vitals.open_files());
    // Half of them have said nothing yet, half have been served once.
    let silent = crowd(daemon.http, MANY / 2, b"");
    let asked = format!("GET {path} HTTP/1.1\r\nHost: h\r\nRange: bytes=0-0\r\n\r\n");
    let mut served = crowd(daemon.http, MANY / 2, asked.as_bytes());
    for stream in &mut served {
        stream.read_exact(&mut [0; 12]).unwrap();
    }
    wait::until("all of them to be taken in", || match vitals.open_files() {
        now if now >= MANY => Ok(()),
        now => Err(format!("{now} are open, {files} were before")),
    });
    assert!(get(daemon.http, &path).body == whole);
    assert!(vitals.open_files() >= MANY, "all of them are still there");
    let cost = vitals.peak_memory() - before;
    assert!(cost < MEMORY_MAX, "{cost} bytes");
    drop((silent, served));
    wait::until("their descriptors to be closed", || match vitals.open_files() {
        now if now <= files => Ok(()),
        now => Err(format!("{now} are open, {files} were before")),
    });
}

#[test]
fn slow_heads_and_early_idlers_end_while_others_are_served() {
    let config = "[http]\nhead_timeout = \"1s\"\nidle_timeout = \"1s\"\nconnections_per_address = 1000";
    let (_site, daemon, path) = live(config, Sample::IndexLast);
    let whole = get(daemon.http, &path).body;
    let silent = crowd(daemon.http, 100, b"");
    let mut dripping = crowd(daemon.http, 20, b"GET / HTTP/1.1\r\nHost: h\r\nX-A: ");
    for stream in &dripping {
        // What follows is a byte whenever nothing was answered for so long.
        stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    }
    let slow = crowd(daemon.http, 300, b"GET / HTTP/1.1\r\nHost: h\r\nX-A: b\r\n");
    let endless = crowd(daemon.http, 100, &[b"GET / HTTP/1.1\r\n".as_slice(), &[b'a'; 20_000]].concat());
    assert!(get(daemon.http, &path).body == whole);
    let answer = |mut stream: TcpStream| {
        let mut text = String::new();
        match stream.read_to_string(&mut text) {
            Err(error) if error.kind() != io::ErrorKind::ConnectionReset => panic!("{error}"),
            Ok(_) | Err(_) => text,
        }
    };
    let mut answers = vec![Vec::new(); dripping.len()];
    wait::until("those who send byte by byte to be refused", || {
        for (stream, answer) in dripping.iter_mut().zip(&mut answers) {
            let mut chunk = [0; 1000];
            match stream.read(&mut chunk) {
                Ok(count) => answer.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => drop(stream.write_all(b"b")),
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
                Err(error) => panic!("{error}"),
            }
        }
        let refused = answers.iter().filter(|answer| answer.starts_with(b"HTTP/1.1 408 ")).count();
        if refused == answers.len() { Ok(()) } else { Err(format!("{refused} of {}", answers.len())) }
    });
    assert!(get(daemon.http, &path).body == whole);
    assert!(silent.into_iter().map(answer).all(|text| text.is_empty()));
    assert!(slow.into_iter().map(answer).all(|text| text.starts_with("HTTP/1.1 408 ")));
    assert!(endless.into_iter().map(answer).all(|text| text.starts_with("HTTP/1.1 431 ")));
}

/// A connection from one address of the loopback.
fn connect_from(source: [u8; 4], addr: SocketAddr) -> TcpStream {
    use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&socket, &SocketAddr::from((source, 0))).unwrap();
    connect(&socket, &addr).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

#[test]
fn an_address_cannot_take_all_places() {
    let config = "[http]\nconnections = 20\nconnections_per_address = 5\ntrusted_proxies = [\"127.0.0.2\"]";
    let (_site, daemon, path) = long(Sample::IndexFirst, config);
    let watch = || open(daemon.http, "GET", &path, &[]);
    let begun = |stream: &mut TcpStream| stream.read_exact(&mut [0; 100]).is_ok();
    let mut watching: Vec<_> = (0..5).map(|_| watch()).collect();
    assert!(watching.iter_mut().all(begun));
    let mut sixth = TcpStream::connect(daemon.http).unwrap();
    let mut answer = String::new();
    sixth.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 429 "), "{answer}");
    // Others are served meanwhile: somebody at another address, and whoever comes through the proxy.
    for (source, fields) in [([127, 0, 0, 3], ""), ([127, 0, 0, 2], "X-Forwarded-For: 198.51.100.7\r\n")] {
        let mut other = connect_from(source, daemon.http);
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: h\r\nRange: bytes=0-0\r\nConnection: close\r\n{fields}\r\n"
        );
        other.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        other.read_to_end(&mut answer).unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 206 "), "{source:?}: {}", String::from_utf8_lossy(&answer));
    }
    // The proxy has no more places to give to this one than it would have by itself.
    let mut forwarded = connect_from([127, 0, 0, 2], daemon.http);
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 127.0.0.1\r\nConnection: close\r\n\r\n");
    forwarded.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    forwarded.read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 429 "), "{}", String::from_utf8_lossy(&answer));
    watching.pop();
    wait::until("its place to be given back", || {
        let mut stream = open(daemon.http, "GET", &path, &[("Range", "bytes=0-0")]);
        let mut answer = String::new();
        // Whoever is turned away may be reset before the answer is read.
        let read = stream.read_to_string(&mut answer);
        if answer.starts_with("HTTP/1.1 206 ") { Ok(()) } else { Err(format!("{read:?}: {answer}")) }
    });
}

/// What ends a video, by what an admin does or by what happens to its file, and how the next request is answered.
type Ending = (&'static str, &'static [u16], fn(&Site));

fn endings() -> [Ending; 6] {
    [
        ("suspend", &[403], |site| drop(site.ok(&["suspend", "talk"]))),
        ("source suspend", &[403], |site| drop(site.ok(&["source", "suspend", "talk"]))),
        ("source delete", &[410], |site| drop(site.ok(&["source", "delete", "talk", "--yes"]))),
        // The new file may be ready at once.
        ("replaced", &[503, 200], |site| {
            site.add(&Sample::HighBitrate.path(), "talk.mp4");
            site.scan();
        }),
        ("vanished", &[503], |site| {
            std::fs::remove_file(site.library().join("talk.mp4")).unwrap();
            site.scan();
        }),
        ("the root is gone", &[503], |site| {
            std::fs::rename(site.library(), site.folder().join("unmounted")).unwrap();
            site.scan();
        }),
    ]
}

#[test]
fn p6_whatever_ends_a_video_ends_it_for_those_who_watch() {
    for sample in [Sample::IndexFirst, Sample::IndexLast] {
        for (ending, statuses, happens) in endings() {
            let (site, daemon, path) = long(sample, "");
            let viewer = || {
                let mut stream = open(daemon.http, "GET", &path, &[]);
                stream.read_exact(&mut [0; 4096]).unwrap();
                stream
            };
            let (mut reading, mut stopped) = (viewer(), viewer());
            let reader = std::thread::spawn(move || rest(&mut reading));
            happens(&site);
            let after = get(daemon.http, &path).status;
            assert!(statuses.contains(&after), "{ending}: {after}");
            let len = rest(&mut stopped);
            // The client's own buffer holds up to 6 MB, and it is emptied before the end is seen.
            assert!(len < 32 << 20, "{ending}, {sample:?}: {len} bytes came to one that had stopped reading");
            let len = reader.join().unwrap();
            assert!(len < u64::from(FREE_BYTES), "{ending}, {sample:?}: {len} bytes, all of it");
        }
    }
}

/// How many bytes come until the connection breaks.
fn rest(stream: &mut TcpStream) -> u64 {
    let (mut len, mut chunk) = (0, vec![0; 1 << 16]);
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => return len,
            Ok(count) => len += count as u64,
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return len,
            Err(error) => panic!("{error} after {len} bytes"),
        }
    }
}

/// A site with one worker and two videos, and their URLs. `cold` is open in the daemon and not in the page cache; it holds
/// real bytes, since a hole needs no disk. Reading from the disk takes long from now on; `sendfile` and all else do not.
fn slow_disk() -> Option<(Site, Daemon, Strace, [String; 2])> {
    let site = Site::new().with_workers(1);
    let cold = site.add(&Sample::IndexFirst.path(), "cold.mp4");
    let mut end = std::fs::OpenOptions::new().append(true).open(&cold).unwrap();
    end.write_all(&[(32u32 << 20).to_be_bytes().as_slice(), b"free", &vec![7; (32 << 20) - 8]].concat())
        .unwrap();
    site.add(&Sample::HighBitrate.path(), "warm.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let urls = ["cold", "warm"].map(|name| format!("/v/{}.mp4", site.generate(name)));
    assert_eq!(request(daemon.http, "HEAD", &urls[0], &[]).status, 200);
    assert_eq!(get(daemon.http, &urls[1]).status, 200);
    let strace = Strace::attach(daemon.pid(), &["-e", "inject=pread64:delay_enter=1500000"])?;
    let file = std::fs::File::open(&cold).unwrap();
    file.sync_all().unwrap();
    rustix::fs::fadvise(&file, 0, None, Advice::DontNeed).unwrap();
    Some((site, daemon, strace, urls))
}

/// The kernel holds the head of an answer back for a while, because the body is to follow at once.
fn wait_for_heads(viewers: &[TcpStream]) {
    wait::until("the heads of all answers", || {
        let lens: Vec<usize> = viewers.iter().map(received).collect();
        if lens.contains(&0) { Err(format!("{lens:?}")) } else { Ok(()) }
    });
}

fn received(viewer: &TcpStream) -> usize {
    viewer.set_nonblocking(true).unwrap();
    let len = viewer.peek(&mut [0; 2000]).unwrap_or(0);
    viewer.set_nonblocking(false).unwrap();
    len
}

#[test]
fn a_disk_that_is_slow_holds_up_nobody_else() {
    let Some((_site, daemon, strace, [cold, warm])) = slow_disk() else { return };
    // Far from each other: the kernel reads ahead of whoever asks, and the others would find it there.
    let ranges = (1..=8u32).map(|at| format!("bytes={}-{}", at << 21, (at << 21) + (1 << 20) - 1));
    let asked = ranges.map(|range| open(daemon.http, "GET", &cold, &[("Range", &range)]));
    let viewers: Vec<_> = asked.collect();
    wait_for_heads(&viewers);
    // The only worker serves this one while all of those wait.
    assert_eq!(get(daemon.http, &warm).status, 200);
    let waiting = viewers.iter().filter(|viewer| received(viewer) < 1000).count();
    assert_eq!(waiting, viewers.len(), "the others wait for the disk, on other threads");
    strace.detach();
    for mut viewer in viewers {
        assert!(rest(&mut viewer) > 1 << 20, "the head and all of the range");
    }
}

#[test]
fn p6_a_suspension_reaches_those_who_wait_for_a_disk() {
    let Some((site, daemon, strace, [cold, _])) = slow_disk() else { return };
    let mut viewer = open(daemon.http, "GET", &cold, &[("Range", "bytes=20000000-")]);
    wait_for_heads(std::slice::from_ref(&viewer));
    site.ok(&["suspend", "cold"]);
    let len = rest(&mut viewer);
    assert!(len < 1000, "{len} bytes, more than the head");
    strace.detach();
    assert_eq!(get(daemon.http, &cold).status, 403);
}
