//! `docs/KEYS.md`: what every key does in every place, for each role and without a connection, as the code has it.
//!
//! To accept a change of behaviour: `VODPOST_ACCEPT=1 cargo nextest run -p vodpost app::tests::matrix`, and read the
//! difference.

use std::path::PathBuf;

use vodpost_protocol::account::{AccountKind, VerificationState};
use vodpost_protocol::event::EventKind;
use vodpost_protocol::reply::EventPage;

use super::screens::{happened, job, queue};
use super::*;
use crate::app::Screen;
use crate::app::event::{Ending, Offer};
use crate::app::folder::{FolderModal, Here};
use crate::app::input::TextInput;
use crate::app::keymap::{self, Binding, Place};
use crate::app::list::List;
use crate::app::modal::{DeleteModal, Field, Files, Form, Modal, QrForm, QrModal, Question, Step};
use crate::app::mouse::Drawn;
use crate::app::notice::Said;
use crate::view::words;

/// Who presses the key.
const COLUMNS: [(&str, Option<Role>); 4] = [
    ("admin", Some(Role::Admin)),
    ("operator", Some(Role::Operator)),
    ("viewer", Some(Role::Viewer)),
    ("not connected", None),
];

/// The place on show, with something in it; `None` has lost the connection after that.
fn bench(place: Place, role: Option<Role>) -> Bench {
    let mut bench = Bench::new();
    let actions = bench.up(role.unwrap_or(Role::Admin));
    bench.answer(&actions, vec![video(1, "film"), video(2, "talk"), video(3, "walk")], 3, None);
    bench.app.list.select(1);
    bench.app.jobs.replace(match queue(vec![job(1, "film"), job(2, "talk")]) {
        Answer::Jobs(view) => view,
        other => panic!("{other:?}"),
    });
    bench.app.jobs.select(1);
    let events = (1..=3).map(|seq| happened(seq, EventKind::VideoAdded, Some(seq))).collect();
    bench.app.log.page(EventPage { events, newest: 3, oldest: 1 });
    bench.app.log.select(1);
    bench.app.account = Some(account(VerificationState::Submitted, ServiceState::Inactive));
    // As the last frame found.
    bench.app.drawn(Drawn { hidden_lines: 9, ..Drawn::default() });
    bench.app.scroll = 4;
    (bench.app.screen, bench.app.modal) = shown(place);
    if place == Place::FirstRun {
        bench.first_run(role);
    } else if role.is_none() {
        bench.down();
    }
    if place == Place::TooSmall {
        bench.resize(20, 5);
    }
    bench.app.notice = None;
    assert_eq!(bench.app.place(), place);
    bench
}

impl Bench {
    /// The form is what is missing; without a connection it is the daemon.
    fn first_run(&mut self, role: Option<Role>) {
        self.app.list = List::default();
        self.app.account = Some(account(VerificationState::None, ServiceState::Inactive));
        if let Some(status) = &mut self.app.status {
            status.counts.videos = 1;
        }
        if role.is_none() {
            let offer = Offer { state: "/state".into(), log: "/log".into(), failed: None };
            self.happens(Event::Link(LinkEvent::Offered(offer)));
        }
    }
}

/// Whoever may take no step is shown none.
fn is_seen(place: Place, role: Option<Role>) -> bool {
    place != Place::FirstRun || role != Some(Role::Viewer)
}

fn shown(place: Place) -> (Screen, Option<Modal>) {
    let talk = video(2, "talk");
    let (input, step) = (TextInput::default(), Step::Prompting);
    let modal = match place {
        Place::Videos | Place::FirstRun | Place::TooSmall => return (Screen::Videos, None),
        Place::Jobs => return (Screen::Jobs, None),
        Place::Events => return (Screen::Events, None),
        Place::Account => return (Screen::Account, None),
        Place::Status => return (Screen::Status, None),
        Place::Qr => {
            let (token, url) = (talk.postings[0].token, talk.postings[0].url.clone());
            Modal::Qr(QrModal { video: talk.id, token, url, form: QrForm::Largest })
        }
        Place::Url => Modal::Url { url: talk.postings[0].url.clone() },
        Place::Explain => Modal::Explain(talk.id),
        Place::Help => Modal::Help,
        Place::Filter => Modal::Filter { input: TextInput::with("al"), before: String::new() },
        Place::Prompt => Modal::Label { video: talk.id, title: talk.title, input, step },
        Place::Delete => {
            let (urls, files) = (Vec::new(), Files::Trash);
            let input = TextInput::with(&talk.title);
            Modal::Delete(DeleteModal { video: talk.id, title: talk.title, urls, files, input, step })
        }
        Place::Folder => {
            let mut folder = FolderModal::new(&Here::default());
            folder.input = TextInput::with("/srv/videos");
            Modal::Folder(folder)
        }
        Place::Confirm => Modal::Confirm { question: Question::Approve, step },
        Place::Form => Modal::Submit(Form::new(AccountKind::Individual)),
        Place::FormChoice => {
            Modal::Submit(Form { field: Field::Document, ..Form::new(AccountKind::Individual) })
        }
    };
    (Screen::Videos, Some(modal))
}

/// All that a key may change without asking anybody, to be compared.
fn position(app: &App) -> String {
    let modal = app.modal.as_ref().map(|modal| format!("{modal:?}"));
    let rows = (app.list.selected_place(), app.jobs.selected_place(), app.log.selected_place());
    let pointer = app.pointer();
    format!("{modal:?} {rows:?} {:?} {} {} {pointer:?}", app.focus, app.scroll, app.marks.len())
}

/// What pressing the key comes to, in a few words.
fn outcome(place: Place, role: Option<Role>, key: Key) -> String {
    if !is_seen(place, role) {
        return "not shown".to_owned();
    }
    let mut bench = bench(place, role);
    let (before, was) = (position(&bench.app), bench.app.place());
    let actions = bench.press(key);
    let mut parts: Vec<String> = actions.iter().map(named).collect();
    if let Some(said @ Said::Disabled { command, .. }) = bench.app.notice.as_ref().map(|notice| &notice.said)
    {
        assert_eq!(actions, [], "{key:?} in {place:?}: refused and done all the same");
        assert_eq!(position(&bench.app), before, "{key:?} in {place:?}: refused and done all the same");
        let sentence = words::said(said).message;
        return format!("no{}", sentence.strip_prefix(words::long(*command)).expect("names the key"));
    }
    let now = bench.app.place();
    if now != was {
        parts.push(format!("to {}", words::place(now)));
    } else if parts.is_empty() && position(&bench.app) != before {
        parts.push("yes".to_owned());
    }
    assert!(role.is_some() || asked(&actions).is_empty(), "{key:?} in {place:?}: asked nobody");
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
}

/// What is asked of the daemon or the terminal.
fn named(action: &Action) -> String {
    match action {
        Action::Send { request, .. } => {
            let debug = format!("{request:?}");
            let name: String = debug.chars().take_while(|letter| letter.is_alphanumeric()).collect();
            format!("`{name}`")
        }
        Action::Copy { .. } => "copies".to_owned(),
        Action::SaveQr { .. } => "saves".to_owned(),
        Action::ConnectNow => "connects".to_owned(),
        Action::StartDaemon => "starts a daemon".to_owned(),
        Action::Complete { .. } => "completes".to_owned(),
        Action::Stop => "stops".to_owned(),
        Action::Redraw => "draws anew".to_owned(),
        Action::Quit(Ending::Asked) => "quits".to_owned(),
        Action::Quit(Ending::ThreadFailed(_) | Ending::InputFailed(_)) => "fails".to_owned(),
    }
}

fn row(place: Place, binding: &Binding) -> String {
    let outcomes = |key: Key| COLUMNS.map(|(_, role)| outcome(place, role, key));
    let first = outcomes(binding.keys[0]);
    for key in binding.keys {
        assert_eq!(outcomes(*key), first, "{key:?} in {place:?} differs from the other keys of its command");
    }
    let keys: Vec<String> = binding.keys.iter().map(|key| format!("`{}`", words::key(*key))).collect();
    format!("| {} | {} | {} |", keys.join(" "), words::long(binding.command), first.join(" | "))
}

fn tables() -> String {
    let mut text = "# Keys\n\n\
        What every key of the terminal UI does in every place, for each role and without a connection. Names in `code` are \
        what the daemon is asked. A test makes this table; do not edit it.\n\n\
        ```\nVODPOST_ACCEPT=1 cargo nextest run -p vodpost app::tests::matrix\n```\n"
        .to_owned();
    for place in Place::ALL {
        let heads = COLUMNS.map(|(name, _)| name).join(" | ");
        text.push_str(&format!("\n## {}\n\n| key | meaning | {heads} |\n", words::place(place)));
        text.push_str(&format!("|{}\n", " --- |".repeat(2 + COLUMNS.len())));
        for binding in keymap::in_place(place) {
            text.push_str(&(row(place, binding) + "\n"));
        }
    }
    text
}

#[test]
fn the_document_says_what_every_key_does_everywhere() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/KEYS.md");
    let wanted = tables();
    if std::env::var_os("VODPOST_ACCEPT").is_some() {
        std::fs::write(&path, wanted).unwrap();
        return;
    }
    let written = std::fs::read_to_string(&path).unwrap();
    let lines = written.lines().chain(std::iter::repeat("")).zip(wanted.lines());
    let differing = lines.into_iter().find(|(is, should)| is != should);
    assert!(written == wanted, "docs/KEYS.md is out of date; VODPOST_ACCEPT=1 rewrites it: {differing:?}");
}

#[test]
fn whoever_may_less_is_never_let_do_more() {
    for place in Place::ALL {
        for key in keymap::in_place(place).flat_map(|binding| binding.keys) {
            let asked = |role| match is_seen(place, Some(role)) {
                true => asked(&bench(place, Some(role)).press(*key)),
                false => Vec::new(),
            };
            let (viewer, operator, admin) = (asked(Role::Viewer), asked(Role::Operator), asked(Role::Admin));
            let within = |few: &[Request], many: &[Request]| few.iter().all(|one| many.contains(one));
            assert!(within(&viewer, &operator) && within(&operator, &admin), "{key:?} in {place:?}");
        }
    }
}
