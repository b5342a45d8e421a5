//! What attackers cost those who just want to watch: the time to the first byte of an honest viewer, who connects anew for each
//! range, and the memory of the daemon, alone and during each attack.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use vodpost_protocol::ids::Label;
use vodpost_protocol::request::Request;
use vodpost_tests::media::Sample;
use vodpost_tests::proxy::certificate;
use vodpost_tests::site::Site;
use vodpost_tests::vitals;

use crate::generate::live;
use crate::measure::{Connection, Samples, resident};
use crate::table::{Table, memory, time};

const REQUESTS: usize = 500;
const MANY: usize = 1000;
/// Attackers that never wait.
const THREADS: usize = 4;
/// A `free` box, which players skip: nobody who reads slowly comes to its end.
const FREE_BYTES: u32 = 1 << 30;
const DRIP: Duration = Duration::from_millis(20);

#[derive(Debug, Clone, Copy)]
struct Aim<'a> {
    plain: SocketAddr,
    tls: SocketAddr,
    path: &'a str,
}

/// Goes on until it is told to stop.
type Attack = fn(Aim<'_>, &AtomicBool);

const ATTACKS: [(&str, Attack); 7] = [
    ("1,000 readers that have stopped", slow_readers),
    ("1,000 heads that drip", dripping_heads),
    ("connect storm", connect_storm),
    ("search flood", search_flood),
    ("site map flood", site_map_flood),
    ("pipelined heads", pipelined_heads),
    ("TLS handshakes", handshakes),
];

pub(crate) fn rows(table: &mut Table) {
    vitals::raise_open_files();
    table.section(&format!(
        "first byte of an honest viewer and RSS, alone and during an attack; {REQUESTS} requests, attackers on the same \
         {} cores",
        std::thread::available_parallelism().map_or(1, usize::from)
    ));
    let folder = tempfile::tempdir().expect("a folder");
    let (cert, key) = certificate(folder.path(), "site", &["localhost"]);
    let site = Site::new().with_config(&format!(
        "[http]\nconnections = 20000\nconnections_per_address = 20000\n\
         [http.tls]\ncert = \"{}\"\nkey = \"{}\"\nplain_listen = \"127.0.0.1:0\"\nplain = \"serve\"",
        cert.display(),
        key.display()
    ));
    let file = site.add(&Sample::IndexFirst.path(), "talk.mp4");
    let len = std::fs::metadata(&file).expect("the file").len();
    let mut end = std::fs::OpenOptions::new().append(true).open(&file).expect("the file");
    end.write_all(&[FREE_BYTES.to_be_bytes().as_slice(), b"free"].concat()).expect("a box");
    end.set_len(len + u64::from(FREE_BYTES)).expect("a sparse file");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let mut connection = Connection::open(&site);
    connection.ask(Request::Generate { video: "talk".to_owned(), label: Label::default() });
    let path = live(&mut connection, "talk");
    let aim = Aim { plain: daemon.plain.expect("it has one"), tls: daemon.http, path: &path };
    for (name, attack) in ATTACKS {
        let alone = honest(aim);
        let before = resident(&daemon);
        let stop = AtomicBool::new(false);
        let (during, after) = std::thread::scope(|scope| {
            let attackers = scope.spawn(|| attack(aim, &stop));
            let during = honest(aim);
            let after = resident(&daemon);
            stop.store(true, Ordering::Relaxed);
            attackers.join().expect("the attackers end");
            (during, after)
        });
        let row = |samples: &Samples, rss| {
            let (p50, p99) = (time(samples.median()), time(samples.percentile(99)));
            format!("p50 {p50}, p99 {p99}, {}", memory(rss))
        };
        table.compare(name, &row(&during, after), ("alone", &row(&alone, before)));
    }
    daemon.kill();
}

fn honest(aim: Aim<'_>) -> Samples {
    let mut samples = Samples::default();
    let request =
        format!("GET {} HTTP/1.1\r\nHost: h\r\nRange: bytes=0-65535\r\nConnection: close\r\n\r\n", aim.path);
    for _ in 0..REQUESTS {
        let begun = Instant::now();
        let mut stream = TcpStream::connect(aim.plain).expect("a connection");
        stream.write_all(request.as_bytes()).expect("the request is sent");
        let mut answer = vec![0; 12];
        stream.read_exact(&mut answer).expect("an answer");
        samples.push(begun.elapsed());
        assert!(answer.ends_with(b"206"), "{}", String::from_utf8_lossy(&answer));
        stream.read_to_end(&mut answer).expect("the rest");
    }
    samples
}

fn hold(aim: Aim<'_>, request: &str) -> Vec<TcpStream> {
    let open = |_| {
        let mut stream = TcpStream::connect(aim.plain).expect("a connection");
        stream.write_all(request.as_bytes()).expect("the request is sent");
        stream
    };
    (0..MANY).map(open).collect()
}

fn running(stop: &AtomicBool) -> bool {
    !stop.load(Ordering::Relaxed)
}

fn slow_readers(aim: Aim<'_>, stop: &AtomicBool) {
    let held = hold(aim, &format!("GET {} HTTP/1.1\r\nHost: h\r\n\r\n", aim.path));
    while running(stop) {
        std::thread::sleep(DRIP);
    }
    drop(held);
}

fn dripping_heads(aim: Aim<'_>, stop: &AtomicBool) {
    let mut held = hold(aim, "GET / HTTP/1.1\r\nHost: h\r\nX-A: ");
    while running(stop) {
        for stream in &mut held {
            // Whoever was refused comes again.
            if stream.write_all(b"b").is_err()
                && let Ok(again) = TcpStream::connect(aim.plain)
            {
                *stream = again;
            }
        }
        std::thread::sleep(DRIP);
    }
}

/// The same on several threads, as fast as it goes.
fn in_turn(stop: &AtomicBool, attack: impl Fn() + Sync) {
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while running(stop) {
                    attack();
                }
            });
        }
    });
}

fn connect_storm(aim: Aim<'_>, stop: &AtomicBool) {
    in_turn(stop, || drop(TcpStream::connect(aim.plain)));
}

/// An answer is waited for, whatever it is.
fn ask(aim: Aim<'_>, requests: &str) {
    let Ok(mut stream) = TcpStream::connect(aim.plain) else { return };
    if stream.write_all(requests.as_bytes()).is_ok() {
        drop(stream.read_to_end(&mut Vec::new()));
    }
}

fn search_flood(aim: Aim<'_>, stop: &AtomicBool) {
    in_turn(stop, || ask(aim, "GET /?q=nowhere HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
}

fn site_map_flood(aim: Aim<'_>, stop: &AtomicBool) {
    in_turn(stop, || ask(aim, "GET /sitemap.xml HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
}

fn pipelined_heads(aim: Aim<'_>, stop: &AtomicBool) {
    let head = format!("HEAD {} HTTP/1.1\r\nHost: h\r\n\r\n", aim.path);
    let last = format!("HEAD {} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", aim.path);
    let many = head.repeat(200) + &last;
    in_turn(stop, || ask(aim, &many));
}

fn handshakes(aim: Aim<'_>, stop: &AtomicBool) {
    let client = || {
        let mut command = Command::new("openssl");
        command.args(["s_time", "-new", "-time", "600", "-connect", &aim.tls.to_string()]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl runs")
    };
    let clients: Vec<_> = (0..THREADS).map(|_| client()).collect();
    while running(stop) {
        std::thread::sleep(DRIP);
    }
    for mut client in clients {
        client.kill().expect("it can be killed");
        client.wait().expect("it ends");
    }
}
