//! What commands print in Chinese: nothing is left in English, columns line up, and what programs read stays as it is.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};
use vodpost_protocol::refusal::Refusal;

use super::hostile::answer;
use super::peer::{Peer, Step};
use crate::text::language::Language;
use crate::text::language::tests::speaking;

const COMMANDS: [&[&str]; 7] = [
    &["ls"],
    &["show", "talk"],
    &["source", "suspend", "talk"],
    &["account", "show"],
    &["scan", "--wait"],
    &["jobs"],
    &["events"],
];

fn peer() -> Peer {
    Peer::start(|_, request| match answer(&request) {
        Some(answer) => vec![Step::Answer(answer)],
        None => vec![Step::Refuse(Refusal::SourceDeleted { title: "talk".into() })],
    })
}

/// What a command says on both outputs, and its exit status.
fn said(peer: &Peer, language: Language, words: &[&str]) -> (String, u8) {
    speaking(language, || {
        let (result, out, err) = peer.run(words);
        match result {
            Ok(()) => (out + &err, 0),
            Err(failure) => (failure.sentence().message, failure.exit_status()),
        }
    })
}

#[test]
fn every_command_that_shows_something_does_so_in_chinese() {
    let peer = peer();
    for words in
        COMMANDS.into_iter().chain([&["retry", "talk"][..], &["cancel", "talk"], &["suspend", "talk"]])
    {
        let (english, status) = said(&peer, Language::English, words);
        let (chinese, status_too) = said(&peer, Language::Chinese, words);
        assert_eq!(status, status_too, "{words:?}");
        assert_eq!(english.lines().count(), chinese.lines().count(), "{words:?}: {chinese}");
        assert!(english.is_ascii() && !chinese.is_ascii(), "{words:?}: {chinese}");
        for line in chinese.replace("the disk is full", "").lines() {
            let mut row = 0;
            for word in line.split(' ') {
                let english = word.len() > 1 && word.chars().all(|letter| letter.is_ascii_lowercase());
                row = if english { row + 1 } else { 0 };
                assert!(row < 4, "{words:?}: {line}");
            }
        }
    }
}

#[test]
fn columns_line_up_in_chinese() {
    let peer = peer();
    let before = |line: &str, part: &str| line.split(part).next().unwrap().width();
    let (listed, _) = said(&peer, Language::Chinese, &["ls"]);
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(before(lines[0], "标题"), before(lines[1], "talk"), "{listed}");
    assert_eq!(before(lines[0], "状态"), before(lines[1], "处理中"), "{listed}");
    // Names stand in ten columns, whatever they are made of.
    let (account, _) = said(&peer, Language::Chinese, &["account", "show"]);
    for line in account.lines().filter(|line| line.contains(' ')) {
        let mut columns = 0;
        let rest = line.trim_start_matches(|letter: char| {
            let name = columns < 10;
            columns += if name { letter.width().unwrap() } else { 0 };
            name
        });
        assert_eq!(columns, 10, "{line:?}");
        assert!(rest.starts_with(' ') && !rest.starts_with("  "), "{line:?}");
    }
}
