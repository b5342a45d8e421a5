//! Every screen and layer at every size.

use vodpost_protocol::account::{ServiceState, VerificationState};

use super::{buffer, library, screens, text};
use crate::app::event::Key;
use crate::app::tests::{Bench, account};

/// A way to every screen and layer.
pub(super) fn every_screen() -> Vec<(&'static str, Bench)> {
    let ways: [(&str, &[Key]); 25] = [
        ("list", &[]),
        ("urls", &[Key::Tab]),
        ("help", &[Key::Char('?'), Key::PageDown]),
        ("qr", &[Key::Enter]),
        ("qr half", &[Key::Enter, Key::Char('f')]),
        ("qr ascii", &[Key::Enter, Key::Char('f'), Key::Char('f')]),
        ("qr file", &[Key::Enter, Key::Char('s')]),
        ("url", &[Key::Char('c')]),
        ("filter", &[Key::Char('/'), Key::Char('课'), Key::Char('x')]),
        ("label", &[Key::Char('G'), Key::Char('x')]),
        ("label failed", &[Key::Char('G'), Key::Enter]),
        ("delete", &[Key::Char('D'), Key::Char('x'), Key::Enter]),
        ("waiting", &[Key::Char('g')]),
        ("disabled", &[Key::Char('r')]),
        ("account", &[Key::Char('a')]),
        ("individual", &[Key::Char('a'), Key::Char('n'), Key::Char('x'), Key::Tab]),
        ("enterprise", &[Key::Char('a'), Key::Char('e'), Key::Char('x')]),
        ("approve", &[Key::Char('a'), Key::Char('y')]),
        ("reject", &[Key::Char('a'), Key::Char('x'), Key::Enter]),
        ("status", &[Key::Char('i')]),
        ("jobs", &[Key::Char('2')]),
        ("events", &[Key::Char('3')]),
        ("jump", &[Key::Char('o'), Key::Char('课')]),
        ("why", &[Key::Char('w')]),
        ("marked", &[Key::Char(' '), Key::Char(' ')]),
    ];
    let mut all = Vec::new();
    for (name, keys) in ways {
        for lost in [false, true] {
            let mut bench = library();
            bench.app.account = Some(account(VerificationState::Submitted, ServiceState::Inactive));
            for key in keys {
                bench.press(*key);
            }
            if lost {
                bench.down();
            }
            all.push((name, bench));
        }
    }
    all.push(("connecting", Bench::new()));
    all.push(("conversions", screens::conversions()));
    all.push(("what happened", screens::happened()));
    all
}

#[test]
fn nothing_panics_at_any_size() {
    for (_, mut bench) in every_screen() {
        for width in 1..=45 {
            for height in 1..=15 {
                buffer(&mut bench, width, height);
            }
        }
        for (width, height) in [(80, 24), (99, 17), (100, 12), (100, 18), (120, 40), (200, 60), (300, 5)] {
            buffer(&mut bench, width, height);
        }
    }
}

#[test]
fn every_screen_keeps_its_last_line_for_keys() {
    for (name, mut bench) in every_screen() {
        for (width, height) in [(40, 12), (80, 24), (120, 40)] {
            let text = text(&mut bench, width, height);
            let footer = text.lines().last().unwrap_or_default();
            let known = ["? help", "Esc close", "q quit", "Enter ok", "Space change"];
            assert!(known.iter().any(|key| footer.contains(key)), "{name} {width}x{height}:\n{text}");
        }
    }
}
