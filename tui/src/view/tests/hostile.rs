//! Hostile text on every screen and layer: no cell holds what a terminal could obey, and every cell is as wide as the
//! terminal thinks it is.

use ratatui::buffer::Buffer;
use vodpost_protocol::account::{
    AccountKind, AccountView, DocumentKind, ServiceState, SubmissionView, VerificationState,
};
use vodpost_protocol::conversion::{ConversionState, JobsView, PausedView};
use vodpost_protocol::event::EventKind;
use vodpost_protocol::posting::{Cause, PostingState};
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::reply::{Answer, EventPage};
use vodpost_protocol::status::Storage;
use vodpost_protocol::video::VideoView;

use super::{buffer, width_of};
use crate::app::LinkState;
use crate::app::event::{Event, Key, LinkEvent};
use crate::app::modal::NotSaved;
use crate::app::notice::{Change, Said};
use crate::app::tests::screens::{happened, job};
use crate::app::tests::{Bench, at, posting, running, sent, status, video};
use crate::text::Sentence;
use crate::text::hostile::{HOSTILE, hostile, is_harmful};

/// One with every kind of text, as hostile as can be, and one whose title is long besides.
fn videos() -> Vec<VideoView> {
    let mut failed = video(1, "talk");
    failed.conversion.state = ConversionState::Failed;
    failed.conversion.reason = Some("r".into());
    failed.source.reason = Some("r".into());
    failed.conversion.waiting_for = Some("w".into());
    let mut suspended = posting(1, "spring", PostingState::Suspended);
    suspended.causes = vec![Cause::Missing, Cause::Converting, Cause::ConversionFailed];
    failed.postings = vec![suspended];
    let mut long = hostile(&running(2, "film", 0.5));
    long.title = HOSTILE.repeat(10_000 / HOSTILE.len());
    vec![hostile(&failed), long]
}

fn account() -> AccountView {
    AccountView {
        state: VerificationState::Submitted,
        submission: Some(SubmissionView {
            kind: AccountKind::Enterprise,
            name: "n".into(),
            document: DocumentKind::Uscc,
            number_masked: "n".into(),
            contact: Some("c".into()),
            submitted_at: at(0),
            submitted_by: "s".into(),
            decided_at: Some(at(0)),
            decided_by: Some("d".into()),
        }),
        approved: None,
        reason: Some("r".into()),
        service: ServiceState::Active,
        activated_by: Some("a".into()),
        activated_at: Some(at(0)),
    }
}

fn bench() -> Bench {
    let mut bench = Bench::with(videos());
    bench.app.account = Some(hostile(&account()));
    let mut status = status();
    status.storage = Storage::ReadOnly("r".into());
    status.roots[0].unavailable = Some("u".into());
    bench.app.status = Some(hostile(&status));
    bench
}

/// Every screen and layer that shows text from elsewhere.
fn every_screen() -> Vec<(String, Bench)> {
    let ways: [&[Key]; 16] = [
        &[],
        &[Key::Tab],
        &[Key::Down, Key::Tab, Key::Down],
        &[Key::Enter],
        &[Key::Enter, Key::Char('s')],
        &[Key::Char('c')],
        &[Key::Char('G')],
        &[Key::Char('D'), Key::Char('x'), Key::Enter],
        &[Key::Char('w')],
        &[Key::Char('r')],
        &[Key::Char(' '), Key::Char('p')],
        &[Key::Char('4')],
        &[Key::Char('4'), Key::Char('y')],
        &[Key::Char('5')],
        &[Key::Char('/')],
        &[Key::Char('o')],
    ];
    let mut all = Vec::new();
    for keys in ways {
        for lost in [false, true] {
            let mut bench = bench();
            for key in keys {
                bench.press(*key);
            }
            bench.happens(Event::Paste(HOSTILE.repeat(3)));
            if lost {
                let why = Sentence::with_hint(crate::text::plain(HOSTILE), crate::text::plain(HOSTILE));
                let retry_in = std::time::Duration::from_secs(1);
                bench.happens(Event::Link(LinkEvent::Down { why, retry_in }));
            }
            all.push((format!("{keys:?}, lost: {lost}"), bench));
        }
    }
    let mut jobs = bench();
    let (ticket, _) = sent(&jobs.letter('2'));
    let paused = Some(PausedView { at: at(0), by: "b".into() });
    let view = JobsView { jobs: vec![job(1, "film"), job(2, "t")], left_out: 0, workers: 1, paused };
    jobs.reply(ticket, Ok(Answer::Jobs(hostile(&view))));
    all.push(("conversions".into(), jobs));
    let mut events = bench();
    let (ticket, _) = sent(&events.letter('3'));
    let mut event = happened(1, EventKind::ConversionFailed, Some(1));
    (event.title, event.detail) = (Some("t".into()), Some("d".into()));
    let page = EventPage { events: vec![event], newest: 1, oldest: 1 };
    events.reply(ticket, Ok(Answer::Events(hostile(&page))));
    all.push(("events".into(), events));
    for said in notices() {
        let mut bench = bench();
        bench.app.notice = Some(crate::app::notice::Notice::new(said, at(0)));
        all.push((format!("{:?}", bench.app.notice), bench));
    }
    all
}

fn notices() -> Vec<Said> {
    let title = || HOSTILE.to_owned();
    let refusal = hostile(&Refusal::SourceDeleted { title: title() });
    vec![
        Said::Done(Change::Generate { title: title() }),
        Said::Done(Change::SuspendPostings { title: title(), label: None }),
        Said::LiveNow { title: title() },
        Said::Refused { change: Change::DeleteSource { title: title() }, refusal: refusal.clone() },
        Said::ReadRefused(refusal),
        Said::Unanswered(vec![Change::Retry { title: title() }]),
        Said::NotSent(Change::Cancel { title: title() }),
        Said::SavedQr(HOSTILE.into()),
        Said::NotSavedQr(NotSaved::Failed(title())),
    ]
}

fn assert_harmless(buffer: &Buffer, name: &str) {
    for y in 0..buffer.area.height {
        let mut x = 0;
        while x < buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            assert!(!symbol.contains(is_harmful), "{name}: {symbol:?} at {x},{y}");
            assert!(symbol.chars().count() <= 5, "{name}: a tower at {x},{y}: {symbol:?}");
            let columns = width_of(symbol);
            assert!((1..=2).contains(&columns), "{name}: {symbol:?} at {x},{y} is {columns} wide");
            let columns = u16::try_from(columns).unwrap();
            assert!(x + columns <= buffer.area.width, "{name}: {symbol:?} at {x},{y} is cut in half");
            for covered in x + 1..x + columns {
                assert_eq!(buffer[(covered, y)].symbol(), " ", "{name}: written under {symbol:?} at {x},{y}");
            }
            x += columns;
        }
    }
}

#[test]
fn hostile_text_is_harmless_on_every_screen() {
    let mut shown = 0;
    for (name, mut bench) in every_screen() {
        for (width, height) in [(40, 12), (41, 13), (80, 24), (120, 40)] {
            let buffer = buffer(&mut bench, width, height);
            assert_harmless(&buffer, &format!("{name} at {width}x{height}"));
            let text: String = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
            shown += usize::from(text.contains('␛'));
        }
        assert!(!matches!(bench.app.link, LinkState::Starting));
    }
    // Almost all of them show some of it.
    assert!(shown > 120, "{shown}");
}
