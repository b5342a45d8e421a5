//! What went wrong between the two programs, as sentences: nobody answers, the wrong one answers, the talk broke off.

use vodpost_protocol::PROTOCOL_NUMBER;
use vodpost_protocol::connection::TalkError;
use vodpost_protocol::socket_path;

use super::{Sentence, plain, shell_word};
use crate::connect::{ConnectError, Outcome, Reason, VERSION};
use crate::{say, word};

/// Why no daemon could be talked to, with every place that was tried.
#[must_use]
pub fn connect_error(error: &ConnectError) -> Sentence {
    let (mut message, hint) = match error.outcome() {
        Outcome::NobodyThere => {
            (word!("No daemon is running here.", "没有正在运行的守护进程。").to_owned(), nobody_hint(error))
        }
        Outcome::NotAdmitted => (
            say!(
                "The daemon does not let you in (uid {uid}).",
                "守护进程不允许您连接（uid {uid}）。",
                uid = error.uid,
            ),
            word!(
                "ask whoever runs the daemon to give your user a role in its configuration",
                "请守护进程的管理者在配置中为您的用户指定角色",
            )
            .to_owned(),
        ),
        Outcome::OtherProtocol => other_protocol(error),
        Outcome::NotVodpost => (
            word!("What answers on the socket is not vodpost.", "套接字上应答的不是 vodpost。").to_owned(),
            word!("check --socket", "请检查 --socket").to_owned(),
        ),
        Outcome::Silent => (
            word!("The daemon does not answer.", "守护进程没有应答。").to_owned(),
            word!("look at its log, and restart it if it hangs", "请查看其日志；如果已卡死，请重启它",)
                .to_owned(),
        ),
    };
    message.push_str(word!(" Tried:", "已尝试："));
    for tried in &error.tried {
        let path = tried.path.to_string_lossy();
        message.push_str(&format!("\n  {}: {}", plain(&path), plain(&reason(&tried.reason))));
    }
    Sentence { message, hint: Some(hint) }
}

/// What was wrong in one place.
fn reason(reason: &Reason) -> String {
    match reason {
        Reason::Absent => word!("no such socket", "套接字不存在").to_owned(),
        Reason::NobodyListens => word!(
            "nobody listens there (left over from a daemon that ended)",
            "无人监听（已退出的守护进程的残留）",
        )
        .to_owned(),
        Reason::NoAccess => word!("permission denied", "没有权限").to_owned(),
        Reason::Untrusted(why) => say!("not trusted: {why}", "不可信：{why}"),
        Reason::Silent => {
            word!("somebody listens, but does not answer", "有程序在监听，但没有应答").to_owned()
        }
        Reason::NotAdmitted(hello) => {
            say!("the daemon does not let uid {uid} in", "守护进程不允许 uid {uid} 连接", uid = hello.uid,)
        }
        Reason::OtherProtocol(hello) => say!(
            "the daemon ({version}) speaks protocol {protocol}, this client ({VERSION}) {PROTOCOL_NUMBER}",
            "守护进程（{version}）使用协议 {protocol}，本客户端（{VERSION}）使用 {PROTOCOL_NUMBER}",
            version = hello.version,
            protocol = hello.protocol,
        ),
        Reason::NotVodpost => word!("what answers there is not vodpost", "应答的不是 vodpost").to_owned(),
        Reason::Failed(error) => error.to_string(),
    }
}

fn nobody_hint(error: &ConnectError) -> String {
    let usual = socket_path::candidates(None, error.uid);
    let unusual = error.tried.iter().find(|tried| !usual.contains(&tried.path));
    let named = unusual
        .map_or(String::new(), |tried| format!(" --socket {}", shell_word(&tried.path.to_string_lossy())));
    say!(
        "start one: vodpostd{named} --library FOLDER (or open the terminal UI, which starts one: vodpost)",
        "请启动一个：vodpostd{named} --library FOLDER（或打开会自动启动它的终端界面：vodpost）"
    )
}

fn other_protocol(error: &ConnectError) -> (String, String) {
    // The outcome came of such a place.
    let Some(Reason::OtherProtocol(hello)) = error.place().map(|tried| &tried.reason) else {
        return (
            word!("The daemon speaks another protocol.", "守护进程使用另一种协议。").to_owned(),
            same_version().to_owned(),
        );
    };
    let message = say!(
        "The daemon ({version}) speaks protocol {protocol}, this client ({VERSION}) speaks {PROTOCOL_NUMBER}.",
        "守护进程（{version}）使用协议 {protocol}，本客户端（{VERSION}）使用协议 {PROTOCOL_NUMBER}。",
        version = plain(&hello.version),
        protocol = hello.protocol,
    );
    let remedy = if hello.protocol < PROTOCOL_NUMBER {
        word!("restart the daemon with the version of this client", "请用与本客户端相同的版本重启守护进程",)
    } else {
        word!("use the client that came with the daemon", "请使用随守护进程一起安装的客户端")
    };
    (message, remedy.to_owned())
}

#[must_use]
pub fn daemon_gone() -> &'static str {
    word!("The daemon went away; waiting for its return.", "守护进程已断开，正在等待其恢复。")
}

#[must_use]
pub fn daemon_back() -> &'static str {
    word!("The daemon is back.", "守护进程已恢复。")
}

/// Why a conversation ended.
#[must_use]
pub fn talk_error(error: &TalkError) -> Sentence {
    let stopped =
        || word!("it may have been stopped; see: vodpost status", "它可能已停止；请查看：vodpost status");
    match error {
        TalkError::Closed => {
            Sentence::with_hint(word!("The daemon closed the connection.", "守护进程关闭了连接。"), stopped())
        }
        TalkError::Io(error) => Sentence::with_hint(
            say!("The connection to the daemon broke: {error}.", "与守护进程的连接中断：{error}。"),
            stopped(),
        ),
        TalkError::Frame(error) => garbled(error),
        TalkError::Codec(error) => garbled(error),
    }
}

fn garbled(error: &dyn std::error::Error) -> Sentence {
    Sentence::with_hint(
        say!("The two programs do not understand each other: {error}.", "两个程序无法互相理解：{error}。"),
        same_version(),
    )
}

fn same_version() -> &'static str {
    word!("use a client and a daemon of the same version", "请使用版本相同的客户端和守护进程")
}

/// An answer of another kind than its request has.
#[must_use]
pub fn unexpected_answer() -> Sentence {
    Sentence::with_hint(
        word!("The daemon answered something else than was asked.", "守护进程的应答与请求不符。"),
        same_version(),
    )
}

#[cfg(test)]
mod tests {
    use vodpost_protocol::hello::{DaemonHello, Role};
    use vodpost_protocol::ids::InstanceId;

    use super::*;
    use crate::connect::Tried;
    use crate::text::language::tests::both;

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

    #[test]
    fn every_trouble_is_said_in_both_languages() {
        let hello = |protocol| DaemonHello {
            protocol,
            role: Role::None,
            instance: InstanceId(1),
            version: "9.9.9".into(),
            uid: 1000,
        };
        let reasons = [
            Reason::Absent,
            Reason::NobodyListens,
            Reason::NoAccess,
            Reason::Untrusted("a stranger owns it".into()),
            Reason::Silent,
            Reason::NotAdmitted(hello(1)),
            Reason::OtherProtocol(hello(0)),
            Reason::OtherProtocol(hello(99)),
            Reason::NotVodpost,
        ];
        for reason in reasons {
            let error = error(vec![("/run/s", reason)]);
            both(&["9.9.9", "/run/s: ", "a stranger owns it"], || connect_error(&error).message);
            both(&["vodpostd --socket /run/s"], || connect_error(&error).hint.unwrap());
        }
        for error in [TalkError::Closed, TalkError::Io(std::io::Error::other("no"))] {
            both(&[], || talk_error(&error).message);
            both(&["vodpost status"], || talk_error(&error).hint.unwrap());
        }
        both(&[], || unexpected_answer().message);
    }
}
