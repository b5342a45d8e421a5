//! What went wrong between the two programs, as sentences: nobody answers, the wrong one answers, the talk broke off.

use vodpost_protocol::PROTOCOL_NUMBER;
use vodpost_protocol::connection::TalkError;
use vodpost_protocol::socket_path;

use super::{Sentence, plain, shell_word};
use crate::connect::{ConnectError, Outcome, Reason, VERSION};

/// Why no daemon could be talked to, with every place that was tried.
#[must_use]
pub fn connect_error(error: &ConnectError) -> Sentence {
    let (first, hint) = match error.outcome() {
        Outcome::NobodyThere => ("No daemon is running here.".to_owned(), Some(nobody_hint(error))),
        Outcome::NotAdmitted => (
            format!("The daemon does not let you in (uid {}).", error.uid),
            Some("ask whoever runs the daemon to give your user a role in its configuration".to_owned()),
        ),
        Outcome::OtherProtocol => other_protocol(error),
        Outcome::NotVodpost => {
            ("What answers on the socket is not vodpost.".to_owned(), Some("check --socket".to_owned()))
        }
        Outcome::Silent => (
            "The daemon does not answer.".to_owned(),
            Some("look at its log, and restart it if it hangs".to_owned()),
        ),
    };
    let mut message = first;
    message.push_str(" Tried:");
    for tried in &error.tried {
        let path = tried.path.to_string_lossy();
        message.push_str(&format!("\n  {}: {}", plain(&path), plain(&tried.reason.to_string())));
    }
    Sentence { message, hint }
}

fn nobody_hint(error: &ConnectError) -> String {
    let usual = socket_path::candidates(None, error.uid);
    let unusual = error.tried.iter().find(|tried| !usual.contains(&tried.path));
    let named = unusual
        .map_or(String::new(), |tried| format!(" --socket {}", shell_word(&tried.path.to_string_lossy())));
    format!(
        "start one: vodpostd{named} --library FOLDER (or open the terminal UI, which starts one: vodpost)"
    )
}

fn other_protocol(error: &ConnectError) -> (String, Option<String>) {
    let Some(Reason::OtherProtocol(hello)) = error.place().map(|tried| &tried.reason) else {
        return ("The daemon speaks another protocol.".to_owned(), None);
    };
    let message = format!(
        "The daemon ({}) speaks protocol {}, this client ({VERSION}) speaks {PROTOCOL_NUMBER}.",
        plain(&hello.version),
        hello.protocol
    );
    let remedy = if hello.protocol < PROTOCOL_NUMBER {
        "restart the daemon with the version of this client"
    } else {
        "use the client that came with the daemon"
    };
    (message, Some(remedy.to_owned()))
}

/// Why a conversation ended.
#[must_use]
pub fn talk_error(error: &TalkError) -> Sentence {
    match error {
        TalkError::Closed => Sentence::with_hint(
            "The daemon closed the connection.",
            "it may have been stopped; see: vodpost status",
        ),
        TalkError::Io(error) => Sentence::with_hint(
            format!("The connection to the daemon broke: {error}."),
            "it may have been stopped; see: vodpost status",
        ),
        TalkError::Frame(error) => garbled(error),
        TalkError::Codec(error) => garbled(error),
    }
}

fn garbled(error: &dyn std::error::Error) -> Sentence {
    Sentence::with_hint(
        format!("The two programs do not understand each other: {error}."),
        "use a client and a daemon of the same version",
    )
}

#[cfg(test)]
mod tests {
    use vodpost_protocol::hello::{DaemonHello, Role};
    use vodpost_protocol::ids::InstanceId;

    use super::*;
    use crate::connect::Tried;

    fn error(reasons: Vec<(&str, Reason)>) -> ConnectError {
        let tried = reasons.into_iter().map(|(path, reason)| Tried { path: path.into(), reason }).collect();
        ConnectError { tried, uid: 1000 }
    }

    #[test]
    fn nobody_there_lists_every_place_and_how_to_start_one() {
        let sentence = connect_error(&error(vec![
            ("/run/vodpost/vodpost.sock", Reason::Absent),
            ("/tmp/vodpost-1000/vodpost.sock", Reason::NobodyListens),
        ]));
        assert_eq!(
            sentence.message,
            "No daemon is running here. Tried:\n  /run/vodpost/vodpost.sock: no such socket\n  \
             /tmp/vodpost-1000/vodpost.sock: nobody listens there (left over from a daemon that ended)"
        );
        assert!(sentence.hint.is_some_and(|hint| hint.contains("vodpostd --library FOLDER")));
        let named = connect_error(&error(vec![("/srv/a b", Reason::Absent)]));
        assert!(named.hint.is_some_and(|hint| hint.contains("vodpostd --socket '/srv/a b' --library")));
    }

    #[test]
    fn another_protocol_names_both_and_the_remedy() {
        let hello = |protocol| DaemonHello {
            protocol,
            role: Role::Admin,
            instance: InstanceId(1),
            version: "9.9.9".into(),
            uid: 1000,
        };
        let newer = connect_error(&error(vec![("/s", Reason::OtherProtocol(hello(PROTOCOL_NUMBER + 1)))]));
        assert!(
            newer.message.starts_with(&format!("The daemon (9.9.9) speaks protocol {}", PROTOCOL_NUMBER + 1))
        );
        assert_eq!(newer.hint.as_deref(), Some("use the client that came with the daemon"));
        let older = connect_error(&error(vec![("/s", Reason::OtherProtocol(hello(0)))]));
        assert_eq!(older.hint.as_deref(), Some("restart the daemon with the version of this client"));
    }
}
