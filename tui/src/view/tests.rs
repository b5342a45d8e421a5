//! What is drawn, as text at several sizes; that nothing panics at any; and that phones can read the QR code.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use vodpost_protocol::account::{ServiceState, VerificationState};
use vodpost_protocol::hello::Role;
use vodpost_protocol::posting::{PostingState, ReferrerView, TrafficView};
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::status::Storage;
use vodpost_protocol::video::{Switch, VideoState};

use super::*;
use crate::app::event::{Event, Key, LinkEvent};
use crate::app::tests::{Bench, account, deleted, new_video, posting, running, sent, status, video};
use crate::cli::ColorChoice;
use crate::view::theme::Surroundings;

mod chinese;
mod first_run;
mod hostile;
mod mouse;
mod qr_code;
mod screens;
mod sizes;
mod snapshots;

fn theme(choice: ColorChoice, term: &str) -> Theme {
    let (term, colorterm, charset) = (term.into(), String::new(), "UTF-8".into());
    Theme::new(choice, &Surroundings { no_color: false, term, colorterm, charset })
}

fn buffer_with(bench: &mut Bench, width: u16, height: u16, theme: Theme) -> Buffer {
    bench.resize(width, height);
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let mut drawn = Drawn::default();
    terminal.draw(|frame| drawn = draw(&bench.app, theme, frame)).unwrap();
    bench.app.drawn(drawn);
    terminal.backend().buffer().clone()
}

fn buffer(bench: &mut Bench, width: u16, height: u16) -> Buffer {
    buffer_with(bench, width, height, theme(ColorChoice::Always, "xterm-256color"))
}

fn lines(buffer: &Buffer) -> Vec<String> {
    (0..buffer.area.height)
        .map(|y| {
            let mut line = String::new();
            let mut x = 0;
            while x < buffer.area.width {
                let symbol = buffer[(x, y)].symbol();
                line.push_str(symbol);
                x += u16::try_from(width_of(symbol).max(1)).unwrap();
            }
            line.trim_end().to_owned()
        })
        .collect()
}

fn text(bench: &mut Bench, width: u16, height: u16) -> String {
    lines(&buffer(bench, width, height)).join("\n")
}

fn assert_shows(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
}

fn library() -> Bench {
    let mut suspended = video(4, "archive");
    suspended.state = VideoState::Suspended;
    suspended.source.switch = Switch::Off;
    Bench::with(vec![video(1, "talk"), running(2, "film", 0.42), new_video(3, "课程 第一讲"), suspended])
}

#[test]
fn the_list_at_80x24() {
    let mut bench = library();
    let text = text(&mut bench, 80, 24);
    assert_shows(
        &text,
        &[
            "vodpost  4 videos, by name",
            "account approved, service active",
            "title",
            "> talk",
            "* live",
            "1080p 4.2 Mb/s",
            "relocate",
            "1/1",
            "  film",
            "~ converting",
            "[##----] 42 %  3.1x  95 s left",
            "0/1",
            "课程 第一讲",
            "+ new",
            "= suspended",
            // The details below.
            "* live  in /srv/videos/lectures",
            "> default  * live  3 views, 31.5 MB",
            "https://video.example.org/v/",
            "Conversion  ready, relocate",
            "Files",
            "highest bitrate MP4",
            "? help",
            "Enter QR code",
        ],
    );
    assert!(text.lines().all(|line| width_of(line) <= 80));
}

#[test]
fn the_details_of_a_running_conversion() {
    let mut bench = library();
    bench.press(Key::Down);
    let text = text(&mut bench, 120, 40);
    assert_shows(
        &text,
        &[
            "] 42 %  3.1x  95 s left",
            "ready 2025-10-09 08:54:55Z (in 95 s)",
            "deadline 2025-10-09 12:53:20Z (in 4 h)",
            "not live: it is being converted",
            "a lower bitrate",
            "mp4 h264 High@4.0/aac 1920x1080 4.2 Mb/s 1:00 31.5 MB",
            "x cancel",
        ],
    );
}

/// Seen three minutes before the start of the clock.
fn used() -> TrafficView {
    let referrers = [("mp.weixin.qq.com", 300), ("ex\u{202e}ample.org", 2)];
    let referrers = referrers.map(|(host, views)| ReferrerView { host: host.into(), views }).into();
    let last_seen_at = crate::app::tests::at(0).before(std::time::Duration::from_secs(180));
    let views_by_day = vec![0, 0, 3, 9, 22, 40, 80, 61, 44, 30, 12, 6, 0, 12];
    TrafficView { last_seen_at, views_24h: 12, views_by_day, referrers }
}

#[test]
fn the_use_of_a_url_is_shown_with_its_last_two_weeks() {
    let mut talk = video(1, "talk");
    talk.postings[0].traffic = Some(used());
    let mut bench = Bench::with(vec![talk]);
    let parts = [
        "last seen 2025-10-09 08:50:20Z (3 min ago), 12 views in 24 h",
        "14 days: 319, most in a day 80, today 12  ▁▁▂▂▃▅█▇▅▄▃▂▁▃",
        "from mp.weixin.qq.com (300), ex",
    ];
    assert_shows(&text(&mut bench, 80, 24), &parts);
    let unknown = Surroundings { term: "xterm".into(), ..Surroundings::default() };
    let shown = lines(&buffer_with(&mut bench, 80, 24, Theme::new(ColorChoice::Auto, &unknown))).join("\n");
    assert_shows(&shown, &["today 12  ..::-+@#+=-:.-"]);
    assert!(!shown.contains('\u{202e}'));
}

#[test]
fn the_details_of_a_failure() {
    let mut failed = video(1, "talk");
    failed.state = VideoState::Failed;
    failed.conversion.state = vodpost_protocol::conversion::ConversionState::Failed;
    failed.conversion.reason = Some("the video stream is damaged".into());
    failed.conversion.output = Some("line one\n\x1b[31mline two".into());
    failed.last_change = Some(vodpost_protocol::video::LastChange {
        at: crate::app::tests::at(0),
        actor: "anna".into(),
        what: vodpost_protocol::event::EventKind::ConversionFailed,
    });
    let text = text(&mut Bench::with(vec![failed]), 120, 40);
    assert_shows(
        &text,
        &["the video stream is damaged", "| line one", "| ␛[31mline two", "by anna", "r retry"],
    );
}

#[test]
fn wide_windows_show_the_details_beside_and_low_ones_on_tab() {
    let mut bench = library();
    let wide = buffer(&mut bench, 120, 40);
    assert_eq!(wide[(60, 1)].symbol(), "|");
    let small = text(&mut bench, 40, 12);
    assert_shows(&small, &["> talk", "* live", "? help"]);
    assert!(!small.contains("Files"));
    bench.press(Key::Tab);
    assert_shows(&text(&mut bench, 40, 12), &["talk", "> default  * live", "URLs"]);
    for _ in 0..40 {
        bench.press(Key::Down);
    }
    assert_shows(&text(&mut bench, 40, 12), &["a lower bitrate"]);
    for _ in 0..40 {
        bench.press(Key::Up);
    }
    assert_shows(&text(&mut bench, 40, 12), &["> default  * live"]);
}

#[test]
fn a_window_too_small_says_what_it_needs() {
    assert_eq!(text(&mut library(), 39, 12).lines().next(), Some("need 40x12, have 39x12"));
    text(&mut library(), 1, 1);
}

#[test]
fn the_selection_is_marked_and_reversed_with_and_without_colours() {
    for choice in [ColorChoice::Always, ColorChoice::Never] {
        let mut bench = library();
        let buffer = buffer_with(&mut bench, 80, 24, theme(choice, "xterm"));
        let row = 2;
        assert_eq!(buffer[(0, row)].symbol(), ">");
        assert!((0..80).all(|x| buffer[(x, row)].modifier.contains(Modifier::REVERSED)), "{choice:?}");
        assert!(!buffer[(0, row + 1)].modifier.contains(Modifier::REVERSED));
        let colored = buffer.content.iter().any(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset);
        assert_eq!(colored, choice == ColorChoice::Always);
    }
}

#[test]
fn only_named_colours_and_the_default_ground_are_used() {
    let mut bench = library();
    bench.letter('D');
    for cell in &buffer(&mut bench, 120, 40).content {
        assert_eq!(cell.bg, Color::Reset);
        assert!(!matches!(cell.fg, Color::Rgb(..) | Color::Indexed(_)));
    }
}

#[test]
fn hostile_titles_are_harmless() {
    let mut bench = Bench::with(vec![video(1, "a\x1b[31m\u{202e}\nb\u{200b}")]);
    let buffer = buffer(&mut bench, 120, 40);
    assert!(
        buffer.content.iter().all(|cell| !cell.symbol().contains(['\x1b', '\u{202e}', '\n', '\u{200b}']))
    );
    assert_shows(&lines(&buffer).join("\n"), &["a␛[31m"]);
}

#[test]
fn a_lost_connection_dims_the_data_under_a_banner() {
    let mut bench = library();
    bench.down();
    let buffer = buffer(&mut bench, 80, 24);
    let text = lines(&buffer).join("\n");
    assert_shows(&text, &["daemon not reachable since 08:53:20Z, retrying", "> talk", "R connect now"]);
    assert!(!text.contains("g generate"));
    assert!(buffer[(0, 5)].modifier.contains(Modifier::DIM));
    bench.up(Role::Admin);
    assert!(!super::tests::text(&mut bench, 80, 24).contains("not reachable"));
}

#[test]
fn before_there_is_data_the_state_of_the_connection_is_shown() {
    let mut bench = Bench::new();
    assert_shows(&text(&mut bench, 80, 24), &["connecting to the daemon..."]);
    bench.happens(Event::Link(LinkEvent::Starting));
    assert_shows(&text(&mut bench, 80, 24), &["starting one..."]);
    let why = Sentence::with_hint("No daemon:\n  /run/x: no such socket", "start vodpostd");
    bench.happens(Event::Link(LinkEvent::Incompatible(why)));
    assert_shows(&text(&mut bench, 80, 24), &["No daemon:", "/run/x: no such socket", "start vodpostd"]);
    bench.up(Role::Admin);
    assert_shows(&text(&mut bench, 80, 24), &["loading..."]);
    assert_shows(&text(&mut Bench::with(vec![]), 80, 24), &["No video was found in", "/srv/videos"]);
}

#[test]
fn refusals_show_their_hint() {
    let mut bench = library();
    let (ticket, _) = sent(&bench.letter('g'));
    assert_shows(&text(&mut bench, 80, 24), &["waiting: generate \"talk\"..."]);
    bench.reply(ticket, Err(Refusal::NotActivated));
    assert_shows(&text(&mut bench, 120, 24), &["generate \"talk\": ", "vodpost service activate"]);
    bench.press(Key::Down);
    bench.press(Key::Down);
    bench.letter('p');
    assert_shows(&text(&mut bench, 120, 24), &["this video has no URL yet; g generates one"]);
}

#[test]
fn a_read_only_daemon_is_announced() {
    let mut bench = library();
    bench.app.status = Some(vodpost_protocol::status::Status {
        storage: Storage::ReadOnly("the disk is full".into()),
        ..status()
    });
    assert_shows(&text(&mut bench, 80, 24), &["read only: the disk is full"]);
}

#[test]
fn the_chosen_url_is_always_in_sight() {
    let mut talk = video(1, "talk");
    talk.postings =
        (1..30).map(|number| posting(number, &format!("l{number}"), PostingState::Live)).collect();
    let mut bench = Bench::with(vec![talk]);
    bench.press(Key::Tab);
    for _ in 0..40 {
        bench.press(Key::Down);
    }
    for (width, height) in [(80, 24), (40, 12), (120, 30)] {
        assert_shows(&text(&mut bench, width, height), &["> l29"]);
    }
}

#[test]
fn the_chosen_video_is_always_in_sight() {
    let mut bench = Bench::with((0..100).map(|number| video(number, &format!("v{number}"))).collect());
    for _ in 0..99 {
        bench.press(Key::Down);
        let chosen = format!("> {}", bench.app.list.selected().unwrap().title);
        assert_shows(&text(&mut bench, 80, 24), &[&chosen]);
    }
}

#[test]
fn the_delete_dialog_shows_what_it_hits() {
    let mut talk = video(1, "talk");
    talk.postings.push(posting(2, "spring", PostingState::Suspended));
    let mut bench = Bench::with(vec![talk]);
    bench.letter('D');
    bench.type_text("tal");
    let shown = text(&mut bench, 80, 24);
    let parts = [
        "2 URLs end, with 0 views in the last 24 hours: default (live), spring",
        "410 for ever",
        "> tal",
        "trash",
        "Enter ok",
    ];
    assert_shows(&shown, &parts);
    bench.press(Key::Enter);
    bench.press(Key::Tab);
    assert_shows(&text(&mut bench, 80, 24), &["That is not the title.", "The files stay"]);
    assert_shows(&text(&mut bench, 40, 12), &["> tal", "That is not the title."]);
}

#[test]
fn the_account_screen_and_its_form() {
    let mut bench = library();
    bench.letter('a');
    bench.app.account = Some(account(VerificationState::None, ServiceState::Inactive));
    assert_shows(
        &text(&mut bench, 80, 24),
        &["Verification   none", "Service        not activated", "Next: n submits", "n submit individual"],
    );
    bench.letter('n');
    bench.type_text("Anna");
    bench.press(Key::Tab);
    bench.press(Key::Tab);
    bench.type_text("11010519491231002X");
    assert_shows(
        &text(&mut bench, 80, 24),
        &["Verification: individual", "Anna", "< resident identity card >", "11010519491231002X"],
    );
    bench.press(Key::Tab);
    let hidden = text(&mut bench, 80, 24);
    assert!(!hidden.contains("1949"));
    assert_shows(&hidden, &["******************"]);
}

#[test]
fn the_status_screen() {
    let mut bench = library();
    bench.letter('i');
    assert_shows(
        &text(&mut bench, 80, 24),
        &[
            "vodpostd 0.1.0, protocol 1, process 4242",
            "2 h 5 min",
            "admin (uid 1000)",
            "missing: apt install ffmpeg",
            "/srv/videos: 3 videos",
            "0.0.0.0:8080",
        ],
    );
    assert!(!text(&mut bench, 40, 12).contains("/var/lib/vodpost"));
    for _ in 0..20 {
        bench.press(Key::Down);
        text(&mut bench, 40, 12);
    }
    assert_shows(&text(&mut bench, 40, 12), &["/var/lib/vodpost"]);
    bench.press(Key::Up);
    assert!(!text(&mut bench, 40, 12).contains("/var/lib/vodpost"), "no key is lost beyond the end");
}

#[test]
fn the_help_names_every_command() {
    let mut bench = library();
    bench.letter('?');
    let text = text(&mut bench, 80, 110).replace('│', " ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for binding in keymap::BINDINGS {
        assert!(text.contains(words::long(binding.command)), "{:?}", binding.command);
    }
}

#[test]
fn the_footer_never_promises_a_key_that_does_nothing() {
    let mut bench = Bench::with(vec![deleted(1, "talk")]);
    let text = text(&mut bench, 120, 24);
    let footer = text.lines().last().unwrap();
    assert_shows(footer, &["Enter QR code", "? help", "q quit"]);
    for word in ["generate", "suspend", "delete", "retry", "cancel"] {
        assert!(!footer.contains(word), "{footer}");
    }
}

#[test]
fn the_url_can_be_selected_from_the_left_edge() {
    let mut bench = library();
    bench.letter('c');
    let url = video(1, "talk").postings[0].url.clone();
    let shown = text(&mut bench, 80, 24);
    assert!(shown.lines().any(|line| line == url), "{shown}");
}
