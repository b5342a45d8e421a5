//! The terminal UI in a real terminal, over a library of many videos: how soon there is something to see, how soon a key
//! shows, how many bytes that takes, and whether it sleeps when nothing happens.

use std::time::{Duration, Instant};

use rustix::process::Pid;
use vodpost_tests::screen::{Chunk, Screen};
use vodpost_tests::site::Site;
use vodpost_tests::wait;

use crate::measure::{Samples, context_switches_of};
use crate::seed;
use crate::table::Table;

const STARTS: usize = 20;
const KEYS: usize = 100;
const IDLE: Duration = Duration::from_secs(10);
/// No more frames are drawn than this apart, and two of them at once; a key that comes later never waits.
const PAUSE: Duration = Duration::from_millis(80);
/// What is typed letter by letter; half of the titles have no such part.
const TYPED: &str = "lecture 0123";
/// What ends a frame.
const FRAME_END: &[u8] = b"\x1b[?2026l";

pub(crate) fn rows(table: &mut Table) {
    for videos in [100_000, 1_000_000] {
        let (site, _live) = seed::site(videos);
        let daemon = site.start();
        table.section(&format!("the terminal UI over {videos} videos, 80×24"));
        start(table, &site);
        // A search through a million titles takes what it takes; the letters show at once all the same.
        keys(table, &site, (videos == 100_000).then_some(Duration::from_millis(30)));
        daemon.kill();
    }
}

fn open(site: &Site) -> Screen {
    Screen::start(&site.client(&[]), 80, 24)
}

/// From the beginning of the process to its first frame, and to the first one with videos.
fn start(table: &mut Table, site: &Site) {
    let (mut first, mut filled) = (Samples::default(), Samples::default());
    for _ in 0..STARTS {
        let begun = Instant::now();
        let mut screen = open(site);
        screen.wait("rows", |text| text.lines().nth(2).is_some_and(|row| row.starts_with("> ")));
        let frames = frames(&screen.take_received());
        first.push(frames[0].0.duration_since(begun));
        filled.push(frames.last().expect("a frame").0.duration_since(begun));
        screen.send("q");
        screen.wait_end();
    }
    table.time(&format!("first frame, median of {STARTS}"), first.median(), Duration::from_millis(50));
    table.time(&format!("first rows, median of {STARTS}"), filled.median(), Duration::from_millis(100));
}

/// The frames in what came: when each ended, and how many bytes it took.
fn frames(received: &[Chunk]) -> Vec<(Instant, usize)> {
    let (mut frames, mut bytes) = (Vec::new(), Vec::new());
    for chunk in received {
        for byte in &chunk.bytes {
            bytes.push(*byte);
            if bytes.ends_with(FRAME_END) {
                frames.push((chunk.at, bytes.len()));
                bytes.clear();
            }
        }
    }
    frames
}

fn keys(table: &mut Table, site: &Site, found_budget: Option<Duration>) {
    let mut screen = open(site);
    screen.wait("rows", |text| text.lines().nth(2).is_some_and(|row| row.starts_with("> ")));
    // First: after half a minute the look at the files that hold it up goes on, which is an event.
    idle(table, &screen);
    for (what, key) in [("selection down", "j"), ("page down", "\x1b[6~")] {
        let (took, bytes) = press(&mut screen, std::iter::repeat_n(key, KEYS));
        table.p99(&format!("key to frame: {what}"), &took, Duration::from_millis(10));
        table.note(&format!("bytes per frame: {what}, median"), &median(bytes).to_string());
    }
    screen.send("\x1b[H/");
    screen.wait("the filter", |text| text.lines().nth(22).is_some_and(|line| line.starts_with('/')));
    let letters = TYPED.char_indices().map(|(at, letter)| &TYPED[at..at + letter.len_utf8()]);
    let typed: Vec<&str> = letters.chain(std::iter::repeat_n("\x7f", TYPED.len())).collect();
    let letters = typed.iter().copied().cycle().take(KEYS);
    let (took, bytes) = press(&mut screen, letters);
    table.p99("key to frame: a letter of the filter", &took, Duration::from_millis(10));
    table.note("bytes per frame: a letter of the filter, median", &median(bytes).to_string());
    // Whatever is left of it.
    screen.send("\x15");
    screen.wait("no filter", |text| !text.contains("with \""));
    let took = found(&mut screen);
    match found_budget {
        Some(budget) => table.p99("key to what the filter found", &took, budget),
        None => table.note("key to what the filter found", &took.to_string()),
    }
    // Escape and a letter that come together would be another key.
    screen.send("\x1b");
    screen.wait("all videos", |text| text.lines().nth(22).is_none_or(|line| !line.starts_with('/')));
    screen.send("q");
    screen.wait_end();
}

/// Presses one key after the other, each when the screen has been still for a while.
fn press<'a>(screen: &mut Screen, keys: impl Iterator<Item = &'a str>) -> (Samples, Vec<usize>) {
    let (mut took, mut bytes) = (Samples::default(), Vec::new());
    for key in keys {
        std::thread::sleep(PAUSE);
        screen.take_received();
        let sent = Instant::now();
        screen.send(key);
        let (at, len) = first_frame(screen);
        took.push(at.duration_since(sent));
        bytes.push(len);
    }
    (took, bytes)
}

fn first_frame(screen: &Screen) -> (Instant, usize) {
    let mut received = Vec::new();
    wait::until("a frame", || {
        received.extend(screen.take_received());
        frames(&received).first().copied().ok_or_else(|| "none".to_owned())
    })
}

/// From a letter to the frame that shows what it found: the last one before the screen is still.
fn found(screen: &mut Screen) -> Samples {
    let mut took = Samples::default();
    for round in 0..KEYS / 2 {
        // Typed and taken back, so that the rows are others each time.
        let (key, shown) = if round % 2 == 0 { ("0", true) } else { ("\x7f", false) };
        std::thread::sleep(PAUSE);
        screen.take_received();
        let sent = Instant::now();
        screen.send(key);
        screen.wait("the filter in the header", |text| {
            text.lines().next().is_some_and(|head| head.contains("with \"0\"") == shown)
        });
        std::thread::sleep(PAUSE);
        let frames = frames(&screen.take_received());
        took.push(frames.last().expect("a frame").0.duration_since(sent));
    }
    took
}

fn idle(table: &mut Table, screen: &Screen) {
    std::thread::sleep(Duration::from_secs(1));
    let pid = Pid::from_raw(i32::try_from(screen.child_id()).expect("a pid")).expect("a pid");
    let before = context_switches_of(pid);
    std::thread::sleep(IDLE);
    let switches = context_switches_of(pid).saturating_sub(before);
    table.at_most(&format!("wake-ups in {} s without events", IDLE.as_secs()), switches, 0);
}

fn median(mut counts: Vec<usize>) -> usize {
    counts.sort_unstable();
    counts[counts.len() / 2]
}
