//! The steps to the first URL on the screen, in both languages.

use vodpost_protocol::hello::Role;

use super::{assert_shows, text};
use crate::app::event::{Action, Event, Key, LinkEvent, Offer};
use crate::app::first_run::Step;
use crate::app::tests::Bench;
use crate::app::tests::first_run::at_step;
use crate::text::Sentence;
use crate::text::language::Language;
use crate::text::language::tests::speaking;

const STEPS: [Step; 5] = [Step::Folder, Step::Videos, Step::Identity, Step::Decision, Step::Service];

#[test]
fn each_step_shows_its_one_key_at_every_size_and_in_both_languages() {
    for language in [Language::English, Language::Chinese] {
        speaking(language, || {
            for step in STEPS {
                let mut bench = at_step(step, Role::Admin);
                for (width, height) in [(120, 40), (80, 24), (40, 12)] {
                    let text = text(&mut bench, width, height);
                    // In the step, and in the footer.
                    assert!(text.matches("Enter").count() >= 2, "{step:?} at {width}x{height}:\n{text}");
                    assert!(text.contains("[>]"), "{step:?}:\n{text}");
                }
                text(&mut bench, 1, 1);
            }
        });
    }
}

#[test]
fn the_line_of_steps_fits_the_smallest_window() {
    let text = text(&mut at_step(Step::Service, Role::Admin), 40, 12);
    assert_shows(&text, &["[x]folder [x]account [>]service [ ]URL"]);
}

#[test]
fn what_would_be_started_and_where_it_keeps_its_things_is_said_harmlessly() {
    let mut bench = Bench::new();
    let offer = Offer { state: "/home/ann\u{1b}[2J/state".into(), log: "/log".into(), failed: None };
    bench.happens(Event::Link(LinkEvent::Offered(offer)));
    let text = text(&mut bench, 80, 24);
    assert_shows(&text, &["No daemon answers", "␛[2J/state", "/log", "Enter starts one, q quits"]);
}

#[test]
fn why_a_daemon_could_not_be_started_stays_to_be_read() {
    let log: String =
        (1..=8).map(|number| format!("\n  line {number}, which is as long as lines of logs are")).collect();
    let message =
        format!("The daemon ended before it was ready. Its log:{log}\n  vodpostd: port 80 is taken");
    let failed = Sentence::with_hint(message, "all of it: /log");
    let offer = Offer { state: "/state".into(), log: "/log".into(), failed: Some(failed) };
    for (width, height) in [(120, 40), (80, 24), (40, 12)] {
        let mut bench = Bench::new();
        bench.happens(Event::Link(LinkEvent::Offered(offer.clone())));
        let text = text(&mut bench, width, height);
        assert_shows(&text, &["The daemon could not be started", "port 80 is taken", "all of it: /log"]);
        assert_shows(&text, &["Enter tries again, q quits"]);
        assert_eq!(text.contains("line 1,"), height > 12, "{text}");
        assert_eq!(bench.press(Key::Enter), [Action::StartDaemon]);
    }
}

#[test]
fn a_number_is_judged_while_it_is_typed_and_hidden_behind_the_next_field() {
    let mut bench = at_step(Step::Identity, Role::Admin);
    bench.letter('e');
    for key in [Key::Tab, Key::Tab] {
        bench.press(key);
    }
    assert_shows(&text(&mut bench, 80, 24), &["18 digits and letters"]);
    bench.type_text("91350100m000100");
    assert_shows(&text(&mut bench, 80, 24), &["3 more digits"]);
    bench.type_text("y44");
    assert_shows(&text(&mut bench, 80, 24), &["it should be 3"]);
    bench.press(Key::Backspace);
    bench.letter('3');
    assert_shows(&text(&mut bench, 80, 24), &["valid"]);
    bench.press(Key::Tab);
    let text = text(&mut bench, 80, 24);
    assert!(!text.contains("91350100") && text.contains("******"), "{text}");
}
