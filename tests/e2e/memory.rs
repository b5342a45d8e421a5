//! What many viewers cost in memory, whatever they watch and however slowly.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use vodpost_tests::http::{get, open, range};
use vodpost_tests::media::Sample;
use vodpost_tests::site::{Daemon, Site};
use vodpost_tests::vitals::Vitals;
use vodpost_tests::wait;

const FILMS: usize = 50;
/// Of each index, which is moved to the front.
const INDEX_BYTES: u32 = 24 << 20;
/// Behind the media: more than the kernel takes for a client that has stopped.
const FREE_BYTES: u32 = 24 << 20;
/// What viewers may add, with what the allocator wastes on pieces of this size, which depends on how busy the machine is. Half
/// of what all indexes together would.
const MEMORY_MAX: u64 = 600 << 20;

/// What two thousand of the worst viewers may cost.
const CROWD_MAX: u64 = 96 << 20;

/// A film whose large index comes last; most of it takes no space on the disk.
fn film(path: &Path) {
    let bytes = std::fs::read(path).unwrap();
    let index = bytes.windows(4).position(|kind| kind == b"moov").unwrap() - 4;
    let len = u32::try_from(bytes.len() - index).unwrap();
    let mut file = OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(index as u64).unwrap();
    let free = |len: u32| [len.to_be_bytes().as_slice(), b"free"].concat();
    let mut put = |at: u64, bytes: &[u8]| {
        file.set_len(at).unwrap();
        std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(at)).unwrap();
        file.write_all(bytes).unwrap();
    };
    put(index as u64, &free(FREE_BYTES));
    let moov = index as u64 + u64::from(FREE_BYTES);
    put(moov, &[&(len + INDEX_BYTES).to_be_bytes(), &bytes[index + 4..], &free(INDEX_BYTES)].concat());
    file.set_len(moov + u64::from(len + INDEX_BYTES)).unwrap();
}

fn films() -> (Site, Daemon, Vec<String>) {
    let site = Site::new();
    for number in 0..FILMS {
        film(&site.add(&Sample::IndexLast.path(), &format!("film{number}.mp4")));
    }
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let urls =
        (0..FILMS).map(|number| format!("/v/{}.mp4", site.generate(&format!("film{number}")))).collect();
    (site, daemon, urls)
}

/// The status of the answer, of which so many bytes are taken and no more.
fn begin(daemon: &Daemon, url: &str, take: usize) -> (String, TcpStream) {
    let mut stream = open(daemon.http, "GET", url, &[]);
    let mut status = [0; 12];
    stream.read_exact(&mut status).unwrap();
    let status = String::from_utf8_lossy(&status[9..]).into_owned();
    if status == "200" {
        stream.read_exact(&mut vec![0; take]).unwrap();
    }
    (status, stream)
}

#[test]
fn indexes_take_no_more_than_their_room_however_many_films_are_watched() {
    let (_site, daemon, urls) = films();
    let before = Vitals(daemon.pid()).peak_memory();
    // Those who are past the index hold nothing of it: as many as like are served.
    let past = INDEX_BYTES as usize + (1 << 20);
    let watching: Vec<_> = urls.iter().map(|url| begin(&daemon, url, past)).collect();
    assert!(watching.iter().all(|(status, _)| status == "200"));
    // Those who stop within it are served while there is room, and others are told to come again.
    let slow: Vec<_> = urls.iter().map(|url| begin(&daemon, url, 1024)).collect();
    let refused = slow.iter().filter(|(status, _)| status == "503").count();
    assert!(refused > 0 && slow.len() - refused >= 5, "{refused} of {} were refused", slow.len());
    assert!(slow.iter().all(|(status, _)| status == "200" || status == "503"));
    let (_, url) = slow.iter().zip(&urls).find(|((status, _), _)| status == "503").unwrap();
    assert_eq!(get(daemon.http, url).header("Retry-After"), Some("30"));
    let peak = Vitals(daemon.pid()).peak_memory();
    assert!(peak - before < MEMORY_MAX, "{peak} bytes, {before} before the first viewer");
    drop(slow);
    wait::until("their room to be given back", || match get(daemon.http, url).status {
        200 => Ok(()),
        status => Err(status.to_string()),
    });
    drop(watching);
}

/// Connections that have sent as much of this as the daemon takes, and read nothing.
fn attackers(daemon: &Daemon, count: usize, bytes: &[u8]) -> Vec<TcpStream> {
    let attack = |_| {
        let mut stream = TcpStream::connect(daemon.http).unwrap();
        stream.set_nonblocking(true).unwrap();
        // What does not fit, or is refused, is not sent.
        drop(stream.write(bytes));
        stream
    };
    (0..count).map(attack).collect()
}

#[test]
fn a_crowd_of_attackers_costs_little_and_keeps_nobody_out() {
    vodpost_tests::vitals::raise_open_files();
    let site = Site::new().with_config("[http]\nconnections = 5000\nconnections_per_address = 5000");
    film(&site.add(&Sample::IndexLast.path(), "film.mp4"));
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let url = format!("/v/{}.mp4", site.generate("film"));
    let part = |path: &str| range(daemon.http, path, "bytes=0-99999").body;
    let honest = part(&url);
    let before = Vitals(daemon.pid()).peak_memory();
    let ask = |method: &str, path: &str| format!("{method} {path} HTTP/1.1\r\nHost: h\r\n\r\n");
    let held = [
        // Who stops in the index, who pipelines and never reads, who never ends a head, and who searches.
        attackers(&daemon, 500, ask("GET", &url).as_bytes()),
        attackers(&daemon, 300, ask("HEAD", &url).repeat(400).as_bytes()),
        attackers(&daemon, 300, ask("GET", url.trim_end_matches(".mp4")).repeat(400).as_bytes()),
        attackers(&daemon, 500, &[b"GET / HTTP/1.1\r\nHost: h\r\n".as_slice(), &[b'a'; 12_000]].concat()),
        attackers(&daemon, 300, ask("GET", "/?q=nowhere").repeat(50).as_bytes()),
        attackers(&daemon, 300, ask("GET", "/sitemap.xml").repeat(50).as_bytes()),
    ];
    for _ in 0..20 {
        assert!(part(&url) == honest);
        assert_eq!(get(daemon.http, url.trim_end_matches(".mp4")).status, 200);
    }
    let cost = Vitals(daemon.pid()).peak_memory() - before;
    assert!(cost < CROWD_MAX, "{cost} bytes");
    drop(held);
}
