//! A library of many videos: how fast the daemon starts with it, lists it, searches it, and how much memory it takes.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use vodpost_protocol::ids::Token;
use vodpost_protocol::reply::Answer;
use vodpost_protocol::request::{ListQuery, Request, Sort};
use vodpost_protocol::video::{Switch, VideoState};
use vodpost_tests::http::get;
use vodpost_tests::site::Site;

use crate::measure::{Connection, Samples, resident, resident_peak, timed};
use crate::seed;
use crate::table::{self, Table};

const STARTS: usize = 3;
/// Attackers at once.
const FLOOD: usize = 8;
const PAGE: u32 = 100;
const PAGES_MAX: usize = 1000;
/// Where pages take long, fewer of them tell enough.
const WALK_MAX: Duration = Duration::from_secs(5);
const SORTS: [(Sort, &str); 4] =
    [(Sort::Name, "name"), (Sort::Added, "added"), (Sort::Bitrate, "bitrate"), (Sort::State, "state")];
/// Half of the videos are live, few failed; one title in eight holds the word.
const FILTERS: [(&str, Option<VideoState>, Option<&str>); 5] = [
    ("all", None, None),
    ("live", Some(VideoState::Live), None),
    ("failed", Some(VideoState::Failed), None),
    ("matching", None, Some("讲座")),
    ("failed matching", Some(VideoState::Failed), Some("讲座")),
];
/// What is typed; each further letter is a request.
const TYPED: [&str; 5] = ["lecture 0123", "übertragung", "讲座回放 00", "zhang wei", "nowhere at all"];

/// What a library of a size may take.
struct Budget {
    start: Duration,
    page: Duration,
    search: Option<Duration>,
    memory: u64,
}

impl Budget {
    fn of(videos: usize) -> Self {
        let millis = Duration::from_millis;
        if videos <= 100_000 {
            Self { start: millis(1000), page: millis(2), search: Some(millis(10)), memory: 120_000_000 }
        } else {
            Self { start: millis(5000), page: millis(5), search: None, memory: 600_000_000 }
        }
    }
}

pub(crate) fn rows(table: &mut Table, videos: usize) {
    table.section(&format!("a library of {videos} videos"));
    let budget = Budget::of(videos);
    let (took, (site, live)) = timed(|| seed::site(videos));
    table::say(&format!("the state was made in {}", table::time(took)));
    start(table, &site, &budget);

    let daemon = site.start();
    let mut connection = Connection::open(&site);
    connection.ask(Request::Status);
    table.memory("RSS after the start", resident(&daemon), budget.memory);
    table.note("peak RSS of the start", &table::memory(resident_peak(&daemon)));
    for (sort, order) in SORTS {
        for (filter, state, matching) in FILTERS {
            let matching = matching.map(str::to_owned);
            let query = ListQuery { state, matching, sort, limit: PAGE, after: None };
            let samples = walk(&mut connection, &query);
            table.p99(&format!("page of {PAGE} by {order}: {filter}"), &samples, budget.page);
        }
    }
    for (sort, order) in SORTS {
        let (what, samples) = (format!("search keystroke, by {order}"), search(&mut connection, sort));
        match budget.search {
            Some(budget) => table.p99(&what, &samples, budget),
            None => table.note(&what, &samples.to_string()),
        }
    }
    table.memory("RSS after paging", resident(&daemon), budget.memory);
    table.note("peak RSS", &table::memory(resident_peak(&daemon)));
    let status = sampled(|| connection.ask_timed(Request::Status).0);
    table.note("status", &status.to_string());
    let mut tokens = live.iter().cycle();
    let suspend = sampled(|| {
        let target = tokens.next().expect("live URLs").to_string();
        connection.ask_timed(Request::SetPosting { target, switch: Switch::Off }).0
    });
    table.note("suspending a URL", &suspend.to_string());
    public(table, daemon.http, &mut connection, &live);
    table.note("RSS after the platform", &table::memory(resident(&daemon)));
    daemon.kill();
}

/// What anybody may ask for, and what a flood of it costs others.
fn public(table: &mut Table, addr: SocketAddr, connection: &mut Connection, live: &[Token]) {
    let asked = |path: &str| {
        timed(|| {
            let status = get(addr, path).status;
            assert!(matches!(status, 200 | 503), "{path}: {status}");
        })
        .0
    };
    for (what, path) in [
        ("gallery", "/"),
        ("gallery, one title in eight", "/?q=%E8%AE%B2%E5%BA%A7"),
        ("gallery, no title", "/?q=nowhere+at+all"),
        ("feed", "/feed.xml"),
        ("site map", "/sitemap.xml"),
        ("site map, first part", "/sitemap.xml?part=first"),
    ] {
        let samples = sampled(|| asked(path));
        table.note(what, &samples.to_string());
    }
    let page = format!("/v/{}", live.last().expect("live URLs"));
    let mut tokens = live.iter().cycle();
    let mut others = |name: &str| {
        let page = sampled(|| asked(&page));
        table.note(&format!("a watch page{name}"), &page.to_string());
        let suspend = sampled(|| {
            let target = tokens.next().expect("live URLs").to_string();
            connection.ask_timed(Request::SetPosting { target, switch: Switch::On }).0
        });
        table.note(&format!("switching a URL{name}"), &suspend.to_string());
    };
    others("");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for at in 0..FLOOD {
            let path = ["/?q=nowhere+at+all", "/sitemap.xml"][at % 2];
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    drop(get(addr, path));
                }
            });
        }
        others(&format!(" while {FLOOD} search and ask for site maps"));
        stop.store(true, Ordering::Relaxed);
    });
}

/// From the beginning of the process to the line that says it is ready, and to the first answer.
fn start(table: &mut Table, site: &Site, budget: &Budget) {
    let (mut ready, mut answered) = (Samples::default(), Samples::default());
    for _ in 0..STARTS {
        let begun = Instant::now();
        let daemon = site.start();
        ready.push(begun.elapsed());
        Connection::open(site).ask(Request::AccountShow);
        answered.push(begun.elapsed());
        // At once: an orderly end would wait for the ffprobe that does not come back.
        daemon.kill();
    }
    table.time(&format!("start to ready, median of {STARTS}"), ready.median(), budget.start);
    table.time(&format!("start to the first answer, median of {STARTS}"), answered.median(), budget.start);
}

/// Goes through the list by its cursors, from the top again at its end.
fn walk(connection: &mut Connection, query: &ListQuery) -> Samples {
    let begun = Instant::now();
    let mut samples = Samples::default();
    let mut query = query.clone();
    while samples.len() < PAGES_MAX && (begun.elapsed() < WALK_MAX || samples.len() < 3) {
        let (took, answer) = connection.ask_timed(Request::List(query.clone()));
        samples.push(took);
        let Answer::Page(page) = answer else { panic!("no page: {answer:?}") };
        assert!(!page.videos.is_empty(), "every list has something in it");
        query.after = page.next;
    }
    samples
}

/// Types letter by letter as the terminal UI does: each letter asks for the first page.
fn search(connection: &mut Connection, sort: Sort) -> Samples {
    let begun = Instant::now();
    let mut samples = Samples::default();
    let letters =
        |text: &'static str| text.char_indices().map(|(at, letter)| &text[..at + letter.len_utf8()]);
    for text in TYPED.into_iter().cycle().flat_map(letters) {
        if samples.len() >= PAGES_MAX || (begun.elapsed() > WALK_MAX && samples.len() >= 3) {
            break;
        }
        let query =
            ListQuery { state: None, matching: Some(text.to_owned()), sort, limit: PAGE, after: None };
        samples.push(connection.ask_timed(Request::List(query)).0);
    }
    samples
}

/// Some hundred times, or as often as the time allows.
fn sampled(mut work: impl FnMut() -> Duration) -> Samples {
    let begun = Instant::now();
    let mut samples = Samples::default();
    while samples.len() < 300 && (begun.elapsed() < WALK_MAX || samples.len() < 3) {
        samples.push(work());
    }
    samples
}
