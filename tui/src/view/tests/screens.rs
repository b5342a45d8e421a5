//! The screens of conversions and events, and why a URL is not live.

use vodpost_protocol::conversion::{ConversionState, JobsView, PausedView};
use vodpost_protocol::event::EventKind;
use vodpost_protocol::posting::{Cause, PostingState};
use vodpost_protocol::reply::{Answer, EventPage};

use super::{assert_shows, text};
use crate::app::event::Key;
use crate::app::tests::screens::{happened as event, job};
use crate::app::tests::{Bench, at, new_video, posting, sent, video};
use crate::view::text::width_of;

pub(super) fn conversions() -> Bench {
    let mut bench = Bench::with(vec![video(1, "talk")]);
    let mut waiting = job(2, "课程 第一讲 with a long title that has no room in a narrow window");
    let conversion = &mut waiting.conversion;
    (conversion.state, conversion.progress, conversion.eta_s) = (ConversionState::Queued, None, None);
    conversion.waiting_for = Some("its turn, after 1 more".into());
    conversion.late_by_s = Some(7800);
    conversion.deadline = Some(at(4 * 3_600_000));
    let paused = Some(PausedView { at: at(0), by: "ann\x1b[31m".into() });
    let view = JobsView { jobs: vec![job(1, "film"), waiting], left_out: 3, workers: 1, paused };
    let (ticket, _) = sent(&bench.letter('2'));
    bench.reply(ticket, Ok(Answer::Jobs(view)));
    bench
}

pub(super) fn happened() -> Bench {
    let mut bench = Bench::with(vec![video(1, "talk")]);
    let (ticket, _) = sent(&bench.letter('3'));
    let kinds = [EventKind::VideoAdded, EventKind::ConversionFailed, EventKind::SourceDeleted];
    let mut events: Vec<_> = (1..).zip(kinds).map(|(seq, what)| event(seq, what, Some(seq))).collect();
    events[1].detail = Some("the disk is full\u{202e}\n".into());
    events[2].title = Some("课程\x07 第一讲".into());
    bench.reply(ticket, Ok(Answer::Events(EventPage { events, newest: 3, oldest: 1 })));
    bench
}

#[test]
fn conversions_at_several_widths() {
    let mut bench = conversions();
    let wide = text(&mut bench, 120, 30);
    assert_shows(
        &wide,
        &["vodpost  Conversions", "1 running, 4 waiting, 1 worker, the first 2 shown; paused by ann"],
    );
    assert_shows(&wide, &["> film", "running", "transcode", "50 %", "late", "the queue, paused by ann"]);
    bench.press(Key::Down);
    let narrow = text(&mut bench, 40, 14);
    assert_shows(&narrow, &["> 课程", "late", "    ! will miss its deadline by 2 h 10"]);
    assert!(narrow.lines().all(|line| width_of(line) <= 40), "{narrow}");
    assert!(!narrow.contains('\x1b'));
}

#[test]
fn an_empty_queue_says_so() {
    let mut bench = Bench::with(vec![]);
    let (ticket, _) = sent(&bench.letter('2'));
    let view = JobsView { jobs: vec![], left_out: 0, workers: 2, paused: None };
    bench.reply(ticket, Ok(Answer::Jobs(view)));
    let shown = text(&mut bench, 80, 24);
    assert_shows(&shown, &["0 running, 0 waiting, 2 workers", "Nothing is being converted"]);
}

#[test]
fn events_stand_newest_first_and_the_selected_one_says_all() {
    let mut bench = happened();
    let shown = text(&mut bench, 80, 24);
    let place = |part: &str| shown.find(part).unwrap_or_else(|| panic!("{part} in {shown}"));
    assert!(place("video deleted") < place("conversion failed"));
    assert!(place("conversion failed") < place("video added"));
    assert_shows(&shown, &["vodpost  Events", "number 3, ", "by anna (uid 1000)", "the disk is full"]);
    assert!(!shown.contains('\u{202e}') && !shown.contains('\x07'), "{shown}");
    assert!(text(&mut bench, 40, 12).lines().all(|line| width_of(line) <= 40));
}

#[test]
fn every_cause_is_explained_with_what_changes_it() {
    let causes = [
        (Cause::Posting, "vodpost resume "),
        (Cause::Source, "vodpost source resume "),
        (Cause::Missing, "when the files are back"),
        (Cause::Converting, "It goes live by itself"),
        (Cause::ConversionFailed, "vodpost retry "),
        (Cause::Deleted, "nothing revives it"),
    ];
    for (cause, remedy) in causes {
        let mut one = new_video(1, "talk");
        let mut suspended = posting(1, "spring", PostingState::Suspended);
        suspended.causes = vec![cause];
        suspended.listed = false;
        one.postings = vec![posting(2, "default", PostingState::Live), suspended];
        let mut bench = Bench::with(vec![one]);
        bench.letter('w');
        let shown = text(&mut bench, 100, 30);
        assert_shows(
            &shown,
            &["default: live", "p suspends it", "spring: suspended", remedy, "platform show"],
        );
    }
}

#[test]
fn marked_rows_have_a_sign_and_the_header_counts_them() {
    let mut bench = Bench::with(vec![video(1, "talk"), video(2, "walk")]);
    bench.letter(' ');
    let shown = text(&mut bench, 80, 24);
    assert_shows(&shown, &["2 videos, 1 marked, by name", " +talk", "> walk"]);
}
