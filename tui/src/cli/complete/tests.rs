//! What the completion scripts are answered, with a peer that has some videos.

use vodpost_protocol::conversion::ConversionState;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::reply::{Answer, Page};
use vodpost_protocol::request::Request;
use vodpost_protocol::video::{Switch, VideoState, VideoView};

use crate::cli::tests::peer::{Peer, Step, posting, video};

const TITLES: [&str; 7] =
    ["talk", "talk two", "课程 第一讲", "it's \"$HOME\"", "evil\x1b[2J\nname", "-rf", "shared"];

fn library() -> Vec<VideoView> {
    let mut all: Vec<VideoView> = TITLES.iter().map(|title| video(title, ConversionState::Ready)).collect();
    all.push(video("shared", ConversionState::Failed));
    all[0].postings.push(posting(77, "spring", Switch::Off));
    all
}

fn peer() -> Peer {
    Peer::start(|_, request| match request {
        Request::List(query) => {
            let wanted = |video: &VideoView| {
                query.matching.as_deref().is_none_or(|text| video.title.contains(text))
                    && query
                        .state
                        .is_none_or(|state| (state == VideoState::Live) == (video.state == VideoState::Live))
            };
            let videos: Vec<_> = library().into_iter().filter(wanted).collect();
            let total = videos.len() as u64;
            vec![Step::Answer(Answer::Page(Page { videos, next: None, total }))]
        }
        Request::Show { video } => match library().into_iter().find(|known| known.title == video) {
            Some(found) => vec![Step::Answer(Answer::Video(Box::new(found)))],
            None => vec![Step::Refuse(Refusal::NoSuchVideo { asked: video, nearest: Vec::new() })],
        },
        _ => vec![Step::HangUp],
    })
}

/// The values, in order.
fn values(peer: &Peer, words: &[&str]) -> Vec<String> {
    let (result, out, err) = peer.run(&[&["__complete", "zsh", "--", "vodpost"], words].concat());
    assert!(result.is_ok() && err.is_empty(), "{result:?} {err}");
    out.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn commands_options_and_their_values() {
    let peer = peer();
    assert_eq!(values(&peer, &["sta"]), ["status"]);
    assert_eq!(values(&peer, &["account", "submit", ""]), ["individual", "enterprise", "help"]);
    assert!(!values(&peer, &[""]).iter().any(|name| name.starts_with("__")));
    assert_eq!(values(&peer, &["ls", "--st"]), ["--state"]);
    assert_eq!(values(&peer, &["ls", "--state", "mi"]), ["missing"]);
    assert_eq!(values(&peer, &["ls", "--sort=b"]), ["--sort=bitrate"]);
    assert_eq!(values(&peer, &["--color", "al"]), ["always"]);
    assert_eq!(values(&peer, &["completions", "f"]), ["fish"]);
    assert_eq!(values(&peer, &["jobs", "--fits", "--w"]), ["--within"]);
    assert_eq!(values(&peer, &["status", "x"]), Vec::<String>::new());
}

#[test]
fn titles_labels_and_tokens() {
    let peer = peer();
    assert_eq!(values(&peer, &["show", "ta"]), ["talk", "talk two"]);
    assert_eq!(values(&peer, &["generate", "talk", "课"]), ["课程 第一讲"]);
    assert_eq!(values(&peer, &["show", "--", "it's"]), ["it's \"$HOME\""]);
    assert_eq!(values(&peer, &["suspend", "talk#"]), ["talk#default", "talk#spring"]);
    assert_eq!(values(&peer, &["url", "000"]), ["0000000000000000000A", "0000000000000000002D"]);
    assert_eq!(values(&peer, &["show", "talk", "ta"]), Vec::<String>::new());
}

#[test]
fn a_name_that_cannot_be_typed_is_offered_as_an_id() {
    let all = values(&peer(), &["show", ""]);
    for hostile in ["evil", "-rf", "shared"] {
        assert!(!all.iter().any(|value| value.starts_with(hostile)), "{all:?}");
    }
    let id = video("x", ConversionState::Ready).id.to_string();
    assert_eq!(all.iter().filter(|value| **value == id).count(), 1, "{all:?}");
}

#[test]
fn files_are_left_to_the_shell() {
    let peer = peer();
    for words in [&["backup", ""][..], &["--socket", "/r"], &["qr", "talk", "-o", ""], &["man", ""]] {
        let (_, out, _) = peer.run(&[&["__complete", "fish", "--", "vodpost"], words].concat());
        assert_eq!(out, "\tfiles\n", "{words:?}");
    }
}

#[test]
fn without_a_daemon_there_is_silence() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("s");
    let words = ["--socket", nowhere.to_str().unwrap(), "show", "ta"];
    assert_eq!(values(&peer(), &words), Vec::<String>::new());
}

#[test]
fn bash_is_given_what_its_line_needs() {
    let peer = peer();
    let bash = |line: &str, end: &str| peer.run(&["__complete", "bash", "--", line, end]).1;
    assert_eq!(bash("vodpost show talk", "talk"), "talk\ntalk\\ two\n");
    assert_eq!(bash("vodpost show 'talk t", "talk t"), "talk two\n");
    assert_eq!(bash("vodpost show it", "it"), "it\\'s\\ \\\"\\$HOME\\\"\n");
    assert_eq!(bash("vodpost show \"it", "it"), "it's \\\"\\$HOME\\\"\n");
    assert_eq!(bash("vodpost ls --sort=n", "n"), "name\n");
    assert_eq!(bash("vodpost show nonsense", "else"), "");
}
