//! From the acknowledgement of a suspension to the last byte that a viewer receives, as seen by a process of viewers, some of
//! which have stopped reading.

use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::FileExt as _;
use std::time::Duration;

use rustix::process::Pid;
use rustix::time::{ClockId, clock_gettime};
use vodpost_protocol::ids::Label;
use vodpost_protocol::request::Request;
use vodpost_protocol::video::Switch;
use vodpost_tests::media::Sample;
use vodpost_tests::site::Site;

use crate::generate::live;
use crate::measure::{Connection, Samples};
use crate::peers::{Streams, Target, nginx};
use crate::table::{Table, time};

/// Longer than anybody reads before the suspension: a `free` box, which players skip.
const FREE_BYTES: u32 = 0xfff0_0000;
const BUDGET: Duration = Duration::from_millis(50);

pub(crate) fn rows(table: &mut Table) {
    table.section("suspend acknowledged to last byte at a viewer, one viewer in ten has stopped reading");
    let site = Site::new().with_config("[http]\nconnections_per_address = 100000");
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
    let ours = Target { addr: daemon.http, path, len: 0, server: daemon.pid() };
    for (reading, stopped, rounds) in [(1, 0, 30), (0, 1, 30), (90, 10, 5), (900, 100, 5)] {
        let mut samples = Samples::default();
        for _ in 0..rounds {
            let streams = Streams::of(&ours, reading, stopped);
            switch(&mut connection, Switch::Off);
            let acknowledged = now_ns();
            for (last, whole) in streams.ended() {
                assert!(!whole, "it was suspended");
                // Before the acknowledgement is as good as at the same time.
                let late = u64::try_from(last - acknowledged).unwrap_or(0);
                samples.push(Duration::from_nanos(late));
            }
            switch(&mut connection, Switch::On);
        }
        let who = match (reading, stopped) {
            (0, 1) => "1 viewer that has stopped reading".to_owned(),
            _more => format!("{} viewers", reading + stopped),
        };
        table.p99(&who, &samples, BUDGET);
    }
    deletion(table, &mut connection, &site, daemon.http);
    let nginx = nginx(&site.library());
    let theirs = Target { addr: nginx.addr, path: "/talk.mp4".to_owned(), len: 0, server: nginx.worker() };
    let streams = Streams::of(&theirs, 2, 0);
    std::fs::rename(&file, file.with_extension("gone")).expect("the file can be renamed");
    let removed = now_ns();
    let ended = streams.ended();
    let whole = ended.iter().filter(|(_, whole)| *whole).count();
    let last = ended.iter().map(|(at, _)| at - removed).max().unwrap_or_default();
    let last = time(Duration::from_nanos(u64::try_from(last).unwrap_or(0)));
    table.note(
        "nginx, the file removed, 2 viewers",
        &format!("{whole} went on to the end, the last byte {last} later; only the next request is refused"),
    );
    daemon.terminate();
}

/// The same for the end of all: a copy of the film that is deleted with its viewers.
fn deletion(table: &mut Table, connection: &mut Connection, site: &Site, addr: SocketAddr) {
    let mut samples = Samples::default();
    for round in 0..5 {
        let name = format!("gone{round}");
        let file = site.library().join(format!("{name}.mp4"));
        let film = std::fs::File::open(site.library().join("talk.mp4")).expect("the film");
        let mut start = vec![0; 1 << 20];
        let count = film.read_at(&mut start, 0).expect("its beginning");
        std::fs::write(&file, &start[..count]).expect("a copy");
        let copy = std::fs::OpenOptions::new().write(true).open(&file).expect("the copy");
        copy.set_len(film.metadata().expect("its length").len()).expect("a sparse file");
        site.scan();
        connection.ask(Request::Generate { video: name.clone(), label: Label::default() });
        let path = live(connection, &name);
        let target = Target { addr, path, len: 0, server: Pid::INIT };
        let streams = Streams::of(&target, 90, 10);
        connection.ask(Request::DeleteSource { video: name, keep_files: false });
        let acknowledged = now_ns();
        for (last, whole) in streams.ended() {
            assert!(!whole, "it was deleted");
            samples.push(Duration::from_nanos(u64::try_from(last - acknowledged).unwrap_or(0)));
        }
    }
    table.p99("100 viewers, the source deleted", &samples, BUDGET);
}

fn switch(connection: &mut Connection, switch: Switch) {
    connection.ask(Request::SetPosting { target: "talk".to_owned(), switch });
}

fn now_ns() -> i128 {
    let now = clock_gettime(ClockId::Monotonic);
    i128::from(now.tv_sec) * 1_000_000_000 + i128::from(now.tv_nsec)
}
