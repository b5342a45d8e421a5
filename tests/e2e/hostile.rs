//! Hostile clients of the local socket: others are served meanwhile, memory and descriptors stay bounded, and the daemon
//! ends when it is told to.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

use vodpost_protocol::connection::{Client, TalkError, greet};
use vodpost_protocol::event::Push;
use vodpost_protocol::frame::FRAME_LEN_MAX;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::reply::{Answer, Message};
use vodpost_protocol::request::Request;
use vodpost_protocol::video::Switch;
use vodpost_tests::http::get;
use vodpost_tests::media::Sample;
use vodpost_tests::site::{Daemon, Said, Site, program};
use vodpost_tests::vitals::Vitals;
use vodpost_tests::wait::{self, DEADLINE};

/// Clients at once, several times what the daemon has room for.
const MANY: usize = 1000;
const NOBODY: u32 = 65_534;
/// What a thousand clients that get no answer may cost: each is kept 64 KiB of its call at most.
const MEMORY_MAX: u64 = 128 << 20;
/// What clients may cost that fill every place and leave as much unread as they can, some 1.5 MiB each.
const FLOODED_MEMORY_MAX: u64 = 512 << 20;

/// Attackers; gone when dropped.
struct Crowd(Child);

impl Crowd {
    /// Of the tester's own user.
    fn of(site: &Site, kind: &str, count: usize) -> Self {
        Self::run(Command::new(program("vodpost-crowd")), site, kind, count)
    }

    /// Of another user, which takes root.
    fn of_user(site: &Site, uid: u32, kind: &str, count: usize) -> Self {
        Self::run(as_user(site, uid, "vodpost-crowd"), site, kind, count)
    }

    fn run(mut command: Command, site: &Site, kind: &str, count: usize) -> Self {
        command.arg(site.socket()).args([kind, &count.to_string()]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n", "{kind}");
        Self(child)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A program as another user, which must be able to read it.
fn as_user(site: &Site, uid: u32, name: &str) -> Command {
    let copy = site.folder().join(name);
    if !copy.exists() {
        std::fs::copy(program(name), &copy).unwrap();
    }
    let mut command = Command::new("setpriv");
    command.args([&format!("--reuid={uid}"), &format!("--regid={uid}"), "--clear-groups"]).arg(copy);
    command
}

fn status_as(site: &Site, uid: u32) -> Said {
    let output = as_user(site, uid, "vodpost").arg("status").env("VODPOST_SOCKET", site.socket()).output();
    Said::from(&output.unwrap())
}

/// A site with one live URL, whose folder other users may enter.
fn live(config: &str) -> (Site, Daemon, String) {
    let site = Site::new().with_config(config);
    std::fs::set_permissions(site.folder(), std::fs::Permissions::from_mode(0o755)).unwrap();
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let path = format!("/v/{}.mp4", site.generate("talk"));
    // From now on the daemon keeps the file open.
    assert_eq!(get(daemon.http, &path).status, 200);
    (site, daemon, path)
}

type Connection = Client<UnixStream, UnixStream>;

fn connect(site: &Site) -> Connection {
    let mut stream = UnixStream::connect(site.socket()).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    greet(&mut stream, "honest").unwrap();
    Client::new(stream.try_clone().unwrap(), stream)
}

/// After the attackers left.
fn assert_nothing_leaked(vitals: Vitals, before: usize) {
    wait::until("the attackers' descriptors to be closed", || match vitals.open_files() {
        now if now <= before => Ok(()),
        now => Err(format!("{now} are open, {before} were before")),
    });
}

#[test]
fn clients_that_never_get_as_far_as_a_call_keep_nobody_out() {
    let (site, mut daemon, path) = live("");
    let vitals = Vitals(daemon.pid());
    let mut honest = connect(&site);
    assert!(matches!(honest.call(Request::Status), Ok(Answer::Status(_))));
    let before = vitals.open_files();
    for kind in
        ["silent", "half-hello", "greeted", "half-frame", "announced", "almost", "oversized", "garbage"]
    {
        let crowd = Crowd::of(&site, kind, MANY);
        site.ok(&["status"]);
        assert!(matches!(honest.call(Request::Status), Ok(Answer::Status(_))), "{kind}");
        assert_eq!(get(daemon.http, &path).status, 200, "{kind}");
        drop(crowd);
        assert_nothing_leaked(vitals, before);
        assert!(vitals.peak_memory() < MEMORY_MAX, "{kind}: {} bytes", vitals.peak_memory());
    }
    daemon.assert_alive();
}

#[test]
fn a_thousand_clients_of_one_user_leave_room_for_the_others() {
    if !rustix::process::geteuid().is_root() {
        vodpost_tests::skip::skip("only root can be another user");
        return;
    }
    let (site, daemon, path) = live("[roles]\nviewer = [\"65534\", \"65533\"]");
    let vitals = Vitals(daemon.pid());
    let before = vitals.open_files();
    let crowd = Crowd::of_user(&site, NOBODY, "called", MANY);
    site.ok(&["status"]);
    assert_eq!(status_as(&site, 65_533).status, 0);
    assert_eq!(get(daemon.http, &path).status, 200);
    let said = status_as(&site, NOBODY);
    assert_eq!(said.status, 1, "{said:?}");
    assert!(said.stderr.contains("too many clients"), "{said:?}");
    drop(crowd);
    assert_nothing_leaked(vitals, before);
    assert_eq!(status_as(&site, NOBODY).status, 0);
    assert!(vitals.peak_memory() < MEMORY_MAX, "{} bytes", vitals.peak_memory());
}

#[test]
fn a_client_for_whom_there_is_no_place_is_told_so() {
    let (site, daemon, path) = live("");
    let vitals = Vitals(daemon.pid());
    let before = vitals.open_files();
    let mut early = connect(&site);
    assert!(matches!(early.call(Request::Status), Ok(Answer::Status(_))));
    let crowd = Crowd::of(&site, "called", MANY);
    let said = site.vodpost(&["status"]);
    assert_eq!(said.status, 1, "{said:?}");
    assert!(said.stderr.contains("too many clients"), "{said:?}");
    assert!(matches!(early.call(Request::Status), Ok(Answer::Status(_))), "who was there before stays");
    assert_eq!(get(daemon.http, &path).status, 200);
    drop((crowd, early));
    assert_nothing_leaked(vitals, before);
    site.ok(&["status"]);
    assert!(vitals.peak_memory() < MEMORY_MAX, "{} bytes", vitals.peak_memory());
}

/// Enough videos, with names long enough, to fill the longest page.
fn fill_library(site: &Site) {
    let sample = std::fs::read(Sample::IndexLast.path()).unwrap();
    for number in 0..500 {
        let name = format!("{number:03}{}.mp4", "-a-long-name".repeat(18));
        std::fs::write(site.library().join(name), &sample).unwrap();
    }
    site.scan();
}

#[test]
fn a_flood_of_calls_whose_answers_are_never_read_takes_bounded_memory() {
    let (site, daemon, path) = live("[roles]\nviewer = [\"65534\"]");
    fill_library(&site);
    let vitals = Vitals(daemon.pid());
    let before = vitals.open_files();
    if rustix::process::geteuid().is_root() {
        let crowd = Crowd::of_user(&site, NOBODY, "flood", MANY);
        site.ok(&["status"]);
        assert_eq!(site.json(&["ls", "--limit", "500"])["total"], 501);
        assert_eq!(get(daemon.http, &path).status, 200);
        drop(crowd);
        assert_nothing_leaked(vitals, before);
    }
    // Those who may take every place.
    let crowd = Crowd::of(&site, "flood", MANY);
    assert_eq!(get(daemon.http, &path).status, 200);
    let peak = vitals.peak_memory();
    assert!(peak < FLOODED_MEMORY_MAX, "{peak} bytes");
    drop(crowd);
    assert_nothing_leaked(vitals, before);
    site.ok(&["status"]);
    drop(daemon);
}

#[test]
fn a_call_that_is_too_long_is_refused_and_the_next_one_answered() {
    let site = Site::new();
    let _daemon = site.start();
    let mut client = connect(&site);
    let video = "x".repeat(FRAME_LEN_MAX - 100);
    match client.call(Request::Show { video }) {
        Err(vodpost_protocol::connection::CallError::Refused(Refusal::TooLong { field, .. })) => {
            assert_eq!(field, "call");
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(client.call(Request::Status), Ok(Answer::Status(_))));
}

#[test]
fn s2_a_subscriber_that_does_not_read_gets_one_resync_and_never_a_silent_gap() {
    let (site, _daemon, _) = live("");
    // Long titles make long events, so that few of them fill every buffer in between.
    let title = "t".repeat(240);
    site.add(&Sample::HighBitrate.path(), &format!("{title}.mp4"));
    site.scan();
    let token = site.generate(&title);
    let mut deaf = connect(&site);
    let Ok(Answer::Subscribed { seq: mut known }) = deaf.call(Request::Subscribe) else {
        panic!("subscribed");
    };
    let (mut receiver, mut sender) = connect(&site).split();
    let mut next = [Switch::Off, Switch::On].into_iter().cycle();
    for _ in 0..400 {
        for switch in next.by_ref().take(16) {
            sender.send(Request::SetPosting { target: token.clone(), switch }).unwrap();
        }
        for _ in 0..16 {
            let Ok(Message::Reply { result: Ok(_), .. }) = receiver.receive() else { panic!("answered") };
        }
    }
    let mut honest = connect(&site);
    let Ok(Answer::Events(page)) = honest.call(Request::Events { since: u64::MAX, limit: 1 }) else {
        panic!("events");
    };
    assert!(page.newest > known + 6000);
    let mut resyncs = 0;
    while known < page.newest {
        match deaf.next_push() {
            Ok(Push::Event(event)) => {
                assert_eq!(event.seq, known + 1, "a gap");
                known = event.seq;
            }
            Ok(Push::Resync { seq }) => {
                assert!(seq > known, "a resync is about something");
                known = seq;
                resyncs += 1;
            }
            Ok(Push::Progress(_) | Push::Scan(_)) => {}
            Err(TalkError::Closed) => panic!("it was dropped at {known} of {}", page.newest),
            Err(error) => panic!("{error:?}"),
        }
    }
    assert!(resyncs >= 1, "its backlog was longer than is kept");
    // From there on it is up to date.
    site.ok(&["suspend", &token]);
    let Ok(Push::Event(event)) = deaf.next_push() else { panic!("an event") };
    assert_eq!(event.seq, known + 1);
}

#[test]
fn deaf_subscribers_delay_nobody_and_a_storm_of_connections_leaks_nothing() {
    let (site, daemon, path) = live("");
    let vitals = Vitals(daemon.pid());
    let before = vitals.open_files();
    let deaf = Crowd::of(&site, "deaf", 100);
    let storm = Crowd::of(&site, "storm", 4);
    for verb in ["suspend", "resume"].into_iter().cycle().take(10) {
        site.ok(&[verb, "talk"]);
        site.ok(&["status"]);
    }
    assert_eq!(get(daemon.http, &path).status, 200);
    drop((deaf, storm));
    assert_nothing_leaked(vitals, before);
    assert!(vitals.peak_memory() < MEMORY_MAX, "{} bytes", vitals.peak_memory());
    site.ok(&["status"]);
}

#[test]
fn the_daemon_ends_in_order_with_attackers_attached() {
    let (site, daemon, _) = live("");
    let kinds = ["silent", "half-hello", "greeted", "half-frame", "almost", "called", "deaf", "flood"];
    let mut crowds: Vec<Crowd> = kinds.iter().map(|kind| Crowd::of(&site, kind, 30)).collect();
    crowds.push(Crowd::of(&site, "storm", 2));
    let (status, log) = daemon.terminate();
    assert!(status.success(), "{status}: {log}");
    assert!(!log.contains("did not end cleanly") && !log.contains("panicked"), "{log}");
    assert!(!site.socket().exists());
    let dropped = log.lines().filter(|line| line.contains("client dropped")).count();
    assert!(dropped < 100, "clients cannot fill the log: {dropped} lines");
    drop(crowds);
    let _again = site.start();
    site.ok(&["status"]);
}
