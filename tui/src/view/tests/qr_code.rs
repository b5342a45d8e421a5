//! What is drawn around the QR code, and that phones can read it.

use vodpost_protocol::posting::PostingState;

use super::{assert_shows, buffer, buffer_with, library, lines, text, theme};
use crate::app::event::Key;
use crate::app::tests::{Bench, posting, sent, video};
use crate::cli::ColorChoice;
use crate::view::qr;

#[test]
fn phones_can_read_the_qr_code_of_the_selected_url() {
    let url = video(1, "talk").postings[0].url.clone();
    for choice in [ColorChoice::Always, ColorChoice::Never] {
        for term in ["xterm-256color", "linux", "xterm-direct"] {
            for (width, height) in [(80, 24), (120, 40), (41, 21)] {
                let mut bench = library();
                bench.press(Key::Enter);
                let buffer = buffer_with(&mut bench, width, height, theme(choice, term));
                let seen = qr::tests::read(&buffer);
                assert_eq!(seen.as_deref(), Some(url.as_str()), "{term} {width}x{height}");
                assert!(lines(&buffer).join("").contains(&url));
            }
            let mut bench = library();
            bench.press(Key::Enter);
            for (name, glyphs) in [("full", None), ("half", Some('▀')), ("ascii", Some('#'))] {
                let buffer = buffer_with(&mut bench, 120, 60, theme(choice, term));
                assert_eq!(qr::tests::read(&buffer).as_deref(), Some(url.as_str()), "{term} {name}");
                let shown = lines(&buffer).join("");
                for glyph in ['▀', '#'] {
                    assert_eq!(shown.contains(glyph), glyphs == Some(glyph), "{term} {name}: {glyph}");
                }
                bench.letter('f');
            }
        }
    }
}

#[test]
fn a_notice_or_a_state_does_not_spoil_the_qr_code() {
    let mut bench = library();
    bench.press(Key::Enter);
    let (ticket, _) = sent(&bench.letter('p'));
    let mut suspended = video(1, "talk");
    suspended.postings = vec![posting(1, "default", PostingState::Suspended)];
    bench.reply_video(ticket, suspended);
    let buffer = buffer(&mut bench, 80, 24);
    assert!(qr::tests::read(&buffer).is_some());
    assert_shows(&lines(&buffer).join("\n"), &["suspended: URL default of \"talk\"", "p resume URL"]);
    bench.press(Key::Up);
    assert_shows(&text(&mut bench, 80, 24), &["not live - suspended: this URL is suspended"]);
}

#[test]
fn where_the_qr_code_does_not_fit_the_url_stays() {
    let mut bench = library();
    bench.press(Key::Enter);
    let text = text(&mut bench, 40, 12);
    assert_shows(
        &text,
        &["The QR code needs 37x19 here, there is", "s saves", "https://video.example.org/v/", "Esc close"],
    );
    assert_shows(&super::text(&mut bench, 80, 24), &["full size needs 74x40"]);
}

#[test]
fn the_url_gives_way_to_a_qr_code_that_needs_all_the_room() {
    let mut long = video(1, "talk");
    long.postings[0].url = format!("https://video.example.org/v/{}", "0".repeat(48));
    let url = long.postings[0].url.clone();
    let mut bench = Bench::with(vec![long]);
    bench.press(Key::Enter);
    let buffer = buffer(&mut bench, 41, 21);
    assert_eq!(qr::tests::read(&buffer).as_deref(), Some(url.as_str()));
}
