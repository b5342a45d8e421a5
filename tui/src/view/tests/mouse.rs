//! What the mouse does to what was drawn. The places are looked up on the screen, as a hand does.

use vodpost_protocol::request::{Request, Sort};

use super::{library, lines, screens, video};
use crate::app::event::{Event, Gesture, Mouse};
use crate::app::modal::Modal;
use crate::app::mouse::Pointer;
use crate::app::notice::Said;
use crate::app::tests::{Bench, asked, id};
use crate::app::{Focus, Screen};
use crate::view::text::width_of;

/// Where a text stands on a screen of 80×24.
fn place(bench: &mut Bench, text: &str) -> (u16, u16) {
    let shown = lines(&super::buffer(bench, 80, 24));
    let found = shown.iter().enumerate().find_map(|(y, line)| line.find(text).map(|at| (&line[..at], y)));
    let (before, y) = found.unwrap_or_else(|| panic!("{text} is not in {shown:#?}"));
    (u16::try_from(width_of(before)).unwrap(), u16::try_from(y).unwrap())
}

fn does(bench: &mut Bench, gesture: Gesture, text: &str) -> Vec<crate::app::event::Action> {
    let (x, y) = place(bench, text);
    bench.happens(Event::Mouse(Mouse { gesture, x, y }))
}

fn press(bench: &mut Bench, text: &str) -> Vec<crate::app::event::Action> {
    does(bench, Gesture::Press, text)
}

#[test]
fn a_press_selects_and_a_second_one_opens() {
    let mut bench = library();
    press(&mut bench, "archive");
    assert_eq!(bench.selected(), Some(id(4)));
    bench.clock += 300;
    press(&mut bench, "archive");
    assert!(matches!(&bench.app.modal, Some(Modal::Qr(qr)) if qr.video == id(4)));

    let mut bench = library();
    press(&mut bench, "archive");
    bench.clock += 500;
    press(&mut bench, "archive");
    assert!(bench.app.modal.is_none(), "too late for the same press");
    bench.clock += 100;
    press(&mut bench, "film");
    assert!(bench.app.modal.is_none(), "another row");
    assert_eq!(bench.selected(), Some(id(2)));
}

#[test]
fn keys_of_the_footer_do_what_they_say() {
    let mut bench = library();
    let requests = asked(&press(&mut bench, "suspend URL"));
    assert!(matches!(requests[..], [Request::SetPosting { .. }]), "{requests:?}");
    press(&mut bench, "? help");
    assert!(matches!(bench.app.modal, Some(Modal::Help)));
    press(&mut bench, "Esc close");
    assert!(bench.app.modal.is_none());
}

#[test]
fn heads_of_columns_sort() {
    for (head, sort) in [("chosen file", Sort::Bitrate), ("state", Sort::State)] {
        let requests = asked(&press(&mut library(), head));
        assert!(
            matches!(&requests[..], [Request::List(query)] if query.sort == sort),
            "{head}: {requests:?}"
        );
    }
    assert_eq!(asked(&press(&mut library(), "plan")), [], "nothing is sorted by that");
}

#[test]
fn the_wheel_moves_what_is_under_it() {
    let mut bench = Bench::with((0..50).map(|number| video(number, &format!("v{number}."))).collect());
    does(&mut bench, Gesture::WheelDown, "v1.");
    assert_eq!((bench.selected(), bench.app.focus), (Some(id(3)), Focus::Videos));
    does(&mut bench, Gesture::WheelUp, "v1.");
    assert_eq!(bench.selected(), Some(id(0)));
    does(&mut bench, Gesture::WheelDown, "Files");
    assert_eq!((bench.selected(), bench.app.focus), (Some(id(0)), Focus::Postings));
    does(&mut bench, Gesture::WheelDown, "v1.");
    assert_eq!((bench.selected(), bench.app.focus), (Some(id(3)), Focus::Videos));
}

#[test]
fn what_lies_below_a_layer_is_not_in_reach() {
    let mut bench = library();
    bench.letter('D');
    for gesture in [Gesture::Press, Gesture::WheelDown] {
        let (x, y) = (4, 2);
        assert_eq!(bench.happens(Event::Mouse(Mouse { gesture, x, y })), []);
    }
    assert_eq!(bench.selected(), Some(id(1)));
    assert!(matches!(bench.app.modal, Some(Modal::Delete(_))));
}

#[test]
fn rows_of_other_screens_are_pressed_too() {
    let mut bench = screens::conversions();
    press(&mut bench, "课程");
    assert_eq!(bench.app.jobs.selected_place(), Some(1));
    let mut bench = screens::happened();
    press(&mut bench, "video added");
    assert_eq!(bench.app.log.selected_place(), 2);
    bench.clock += 1;
    let requests = asked(&press(&mut bench, "video added"));
    assert!(matches!(requests[..], [Request::Locate { .. }]), "{requests:?}");
    assert_eq!(bench.app.screen, Screen::Events);
}

#[test]
fn the_mouse_is_the_terminals_until_it_is_asked_for_and_while_a_url_is_selected() {
    let mut bench = library();
    assert_eq!(bench.app.pointer(), Pointer::Terminal);
    bench.letter('m');
    assert_eq!(bench.app.pointer(), Pointer::Ui);
    assert_eq!(bench.app.notice.as_ref().unwrap().said, Said::Mouse(Pointer::Ui));
    bench.letter('c');
    assert_eq!(bench.app.pointer(), Pointer::Terminal);
    bench.press(crate::app::event::Key::Esc);
    assert_eq!(bench.app.pointer(), Pointer::Ui);
    bench.letter('m');
    assert_eq!(bench.app.pointer(), Pointer::Terminal);
}

#[test]
fn a_press_beside_everything_does_nothing() {
    let mut bench = library();
    super::buffer(&mut bench, 80, 24);
    for (x, y) in [(79, 0), (0, 22), (200, 200), (0, 0)] {
        for gesture in [Gesture::Press, Gesture::WheelUp, Gesture::WheelDown] {
            assert_eq!(bench.happens(Event::Mouse(Mouse { gesture, x, y })), []);
        }
    }
}
