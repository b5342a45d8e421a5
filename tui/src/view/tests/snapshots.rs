//! Every screen and layer as it is drawn, glyphs and styles, in `tui/snapshots`: what a change does to the looks is read
//! in its difference.
//!
//! A row of the screen stands between bars; where not all of it is plain, the row below it has a letter for the style of
//! each column, which `LETTERS` explains. To accept new looks: `VODPOST_ACCEPT=1 cargo nextest run -p vodpost snapshots`,
//! and read the difference.

use std::fmt::Write as _;
use std::path::PathBuf;

use ratatui::buffer::Cell;
use vodpost_protocol::account::{ServiceState, VerificationState};
use vodpost_protocol::conversion::ConversionState;

use super::*;

const SIZES: [(u16, u16); 4] = [(80, 24), (40, 12), (120, 40), (1, 1)];

/// What a letter below a row stands for: foreground, ground, attributes.
const LETTERS: &[(char, Color, Color, Modifier)] = &[
    (' ', Color::Reset, Color::Reset, Modifier::empty()),
    ('b', Color::Reset, Color::Reset, Modifier::BOLD),
    ('d', Color::Reset, Color::Reset, Modifier::DIM),
    ('D', Color::Reset, Color::Reset, Modifier::DIM.union(Modifier::BOLD)),
    ('r', Color::Reset, Color::Reset, Modifier::REVERSED),
    ('R', Color::Reset, Color::Reset, Modifier::REVERSED.union(Modifier::DIM)),
    ('g', Color::Green, Color::Reset, Modifier::empty()),
    ('G', Color::Green, Color::Reset, Modifier::REVERSED),
    ('1', Color::Green, Color::Reset, Modifier::DIM),
    ('2', Color::Green, Color::Reset, Modifier::DIM.union(Modifier::REVERSED)),
    ('3', Color::Green, Color::Reset, Modifier::BOLD),
    ('c', Color::Cyan, Color::Reset, Modifier::empty()),
    ('C', Color::Cyan, Color::Reset, Modifier::REVERSED),
    ('4', Color::Cyan, Color::Reset, Modifier::DIM),
    ('m', Color::Magenta, Color::Reset, Modifier::empty()),
    ('n', Color::Magenta, Color::Reset, Modifier::BOLD),
    ('N', Color::Magenta, Color::Reset, Modifier::REVERSED),
    ('M', Color::Magenta, Color::Reset, Modifier::BOLD.union(Modifier::REVERSED)),
    ('5', Color::Magenta, Color::Reset, Modifier::DIM),
    ('6', Color::Magenta, Color::Reset, Modifier::BOLD.union(Modifier::DIM)),
    ('e', Color::Red, Color::Reset, Modifier::empty()),
    ('E', Color::Red, Color::Reset, Modifier::BOLD),
    ('7', Color::Red, Color::Reset, Modifier::DIM),
    ('x', Color::Red, Color::Reset, Modifier::REVERSED),
    // Of a QR code: two modules above each other, or one; w is white, k black.
    ('w', Color::Indexed(231), Color::Indexed(231), Modifier::empty()),
    ('k', Color::Indexed(16), Color::Indexed(16), Modifier::empty()),
    ('^', Color::Indexed(231), Color::Indexed(16), Modifier::empty()),
    ('v', Color::Indexed(16), Color::Indexed(231), Modifier::empty()),
    ('W', Color::Reset, Color::Indexed(231), Modifier::empty()),
    ('K', Color::Reset, Color::Indexed(16), Modifier::empty()),
];

fn letter(cell: &Cell) -> char {
    let style = (cell.fg, cell.bg, cell.modifier);
    let known = LETTERS.iter().find(|(_, fg, bg, modifier)| (*fg, *bg, *modifier) == style);
    known.unwrap_or_else(|| panic!("no letter for {style:?}; a new one is a decision about looks")).0
}

fn written(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let (mut glyphs, mut styles) = (String::new(), String::new());
        let mut x = 0;
        while x < buffer.area.width {
            let cell = &buffer[(x, y)];
            glyphs.push_str(cell.symbol());
            let columns = width_of(cell.symbol()).max(1);
            styles.extend(std::iter::repeat_n(letter(cell), columns));
            x += u16::try_from(columns).unwrap();
        }
        writeln!(text, "|{glyphs}|").unwrap();
        if styles.contains(|letter| letter != ' ') {
            writeln!(text, " {}", styles.trim_end()).unwrap();
        }
    }
    text
}

fn assert_looks(name: &str, mut bench: Bench, theme: Theme) {
    let mut text = String::new();
    for (width, height) in SIZES {
        let buffer = buffer_with(&mut bench, width, height, theme);
        writeln!(text, "{width}x{height}\n{}", written(&buffer)).unwrap();
    }
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("snapshots");
    let path = folder.join(format!("{name}.txt"));
    if std::env::var_os("VODPOST_ACCEPT").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(&path, &text).unwrap();
        return;
    }
    let accepted = std::fs::read_to_string(&path).unwrap_or_default();
    if accepted != text {
        let row = accepted.lines().zip(text.lines()).position(|(a, b)| a != b);
        let row = row.unwrap_or_else(|| accepted.lines().count().min(text.lines().count()));
        let of = |text: &str| text.lines().skip(row).take(2).collect::<Vec<_>>().join("\n");
        let (was, is) = (of(&accepted), of(&text));
        let line = row + 1;
        panic!("{} differs from line {line} on; it was\n{was}\nand is\n{is}", path.display());
    }
}

fn looks(name: &str, bench: Bench) {
    assert_looks(name, bench, theme(ColorChoice::Always, "xterm-256color"));
}

fn pressed(mut bench: Bench, keys: &[Key]) -> Bench {
    for key in keys {
        bench.press(*key);
    }
    bench
}

fn typed(mut bench: Bench, key: char, text: &str) -> Bench {
    bench.letter(key);
    bench.type_text(text);
    bench
}

/// One video in each state that rows can show, the second of which will be late.
fn many() -> Bench {
    let mut used_lately = video(1, "talk");
    used_lately.postings.push(posting(9, "spring", PostingState::Suspended));
    used_lately.postings[0].traffic = Some(used());
    let mut late = running(2, "film", 0.42);
    late.conversion.late_by_s = Some(7_800);
    let mut suspended = video(4, "archive");
    suspended.state = VideoState::Suspended;
    suspended.source.switch = Switch::Off;
    Bench::with(vec![used_lately, late, new_video(3, "课程 第一讲"), suspended, failed(), deleted(6, "gone")])
}

fn failed() -> vodpost_protocol::video::VideoView {
    let mut failed = video(5, "broken");
    failed.state = VideoState::Failed;
    failed.conversion.state = ConversionState::Failed;
    failed.conversion.reason = Some("the video stream is damaged".into());
    failed.conversion.output = Some("Error while decoding\n\x1b[31mInvalid data".into());
    failed.postings = vec![posting(5, "default", PostingState::Pending)];
    failed
}

fn account_of(state: VerificationState) -> Bench {
    let mut bench = library();
    bench.letter('4');
    bench.app.account = Some(account(state, ServiceState::Inactive));
    bench
}

#[test]
fn the_videos() {
    looks("videos", many());
    looks("videos-marked", pressed(many(), &[Key::Char(' '), Key::Char(' ')]));
    looks("videos-urls", pressed(many(), &[Key::Tab, Key::Down]));
    looks("videos-converting", pressed(many(), &[Key::Down]));
    looks("videos-failed", pressed(many(), &[Key::End, Key::Up]));
    assert_looks("videos-without-colours", many(), theme(ColorChoice::Never, "xterm-256color"));
}

#[test]
fn the_connection() {
    looks("connecting", Bench::new());
    let mut lost = many();
    lost.down();
    looks("videos-lost", lost);
    let mut refused = many();
    let (ticket, _) = sent(&refused.letter('g'));
    refused.reply(ticket, Err(Refusal::NotActivated));
    looks("videos-refused", refused);
}

#[test]
fn the_other_screens() {
    looks("conversions", screens::conversions());
    looks("events", screens::happened());
    looks("account", account_of(VerificationState::Submitted));
    looks("status", pressed(library(), &[Key::Char('5')]));
}

#[test]
fn the_layers() {
    looks("help", pressed(library(), &[Key::Char('?')]));
    looks("qr", pressed(library(), &[Key::Enter]));
    looks("qr-small", pressed(library(), &[Key::Enter, Key::Char('f')]));
    looks("url", pressed(library(), &[Key::Char('c')]));
    looks("why", pressed(many(), &[Key::Char('w')]));
    looks("filter", typed(library(), '/', "课x"));
}

#[test]
fn the_questions() {
    looks("delete", pressed(typed(many(), 'D', "tal"), &[Key::Enter]));
    looks("label", pressed(typed(library(), 'G', "-"), &[Key::Enter]));
    looks("jump", typed(library(), 'o', "Q4WPAGBY"));
    looks("submit", typed(account_of(VerificationState::None), 'e', "小鱼科技"));
    looks("approve", pressed(account_of(VerificationState::Submitted), &[Key::Char('y')]));
    looks("reject", pressed(account_of(VerificationState::Submitted), &[Key::Char('x'), Key::Enter]));
}

#[test]
fn no_snapshot_is_left_of_a_scene_that_is_gone() {
    let source = include_str!("snapshots.rs");
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("snapshots");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let scene = format!("\"{}\"", name.trim_end_matches(".txt"));
        assert!(source.contains(&scene), "{name} belongs to no scene");
    }
}

#[test]
fn a_style_has_one_letter() {
    for (place, (letter, fg, bg, modifier)) in LETTERS.iter().enumerate() {
        for (other, f, b, m) in &LETTERS[..place] {
            assert!(letter != other && (fg, bg, modifier) != (f, b, m), "{letter} and {other}");
        }
    }
}
