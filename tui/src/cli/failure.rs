//! Everything that can end a command early. The one place that decides exit statuses, and the JSON form of errors.

use std::io;

use serde::Serialize;
use vodpost_protocol::connection::{CallError, TalkError};
use vodpost_protocol::refusal::{Refusal, RefusalClass};

use crate::connect::{ConnectError, Outcome};
use crate::text::{self, Sentence};
use crate::{say, word};

/// The statuses, as `--help` documents them.
pub const EXIT_STATUSES: &str = "Exit status:
  0  done
  1  failed
  2  wrong usage
  3  no daemon answers
  4  client and daemon do not speak the same protocol
  5  no such video, label or token
  6  not permitted
  7  refused, because the state does not allow it
  8  timed out
130  interrupted with Ctrl-C";

#[derive(Debug)]
pub enum Failure {
    Connect(ConnectError),
    Talk(TalkError),
    Refused(Refusal),
    /// The answer is not the one that belongs to the request.
    UnexpectedAnswer,
    TimedOut(Sentence),
    Usage(Sentence),
    NotFound(Sentence),
    Failed(Sentence),
    Interrupted(Sentence),
    /// Said already, one of several; only its exit status is left.
    Reported(Box<Failure>),
    /// Whoever read stdout has had enough.
    BrokenPipe,
    Output(io::Error),
}

impl Failure {
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::BrokenPipe => 0,
            Self::Failed(_) | Self::Output(_) => 1,
            Self::Usage(_) => 2,
            Self::Connect(error) => match error.outcome() {
                Outcome::NobodyThere => 3,
                Outcome::OtherProtocol | Outcome::NotVodpost => 4,
                Outcome::NotAdmitted => 6,
                Outcome::Silent => 8,
            },
            Self::Talk(TalkError::Closed | TalkError::Io(_)) => 3,
            Self::Talk(TalkError::Frame(_) | TalkError::Codec(_)) | Self::UnexpectedAnswer => 4,
            Self::NotFound(_) => 5,
            Self::Refused(refusal) => match refusal.class() {
                RefusalClass::Failed => 1,
                RefusalClass::Usage => 2,
                RefusalClass::NotFound => 5,
                RefusalClass::NotPermitted => 6,
                RefusalClass::RefusedByState => 7,
            },
            Self::TimedOut(_) => 8,
            Self::Interrupted(_) => 130,
            Self::Reported(failure) => failure.exit_status(),
        }
    }

    /// The name used in JSON.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Connect(error) => match error.outcome() {
                Outcome::NobodyThere => "no_daemon",
                Outcome::OtherProtocol => "protocol_mismatch",
                Outcome::NotVodpost => "not_vodpost",
                Outcome::NotAdmitted => "not_admitted",
                Outcome::Silent => "timed_out",
            },
            Self::Talk(TalkError::Closed | TalkError::Io(_)) => "connection_lost",
            Self::Talk(TalkError::Frame(_) | TalkError::Codec(_)) | Self::UnexpectedAnswer => {
                "protocol_mismatch"
            }
            Self::Refused(refusal) => refusal.kind(),
            Self::TimedOut(_) => "timed_out",
            Self::Usage(_) => "usage",
            Self::NotFound(_) => "not_found",
            Self::Failed(_) => "failed",
            Self::Interrupted(_) => "interrupted",
            Self::Reported(failure) => failure.kind(),
            Self::BrokenPipe | Self::Output(_) => "output",
        }
    }

    #[must_use]
    pub fn sentence(&self) -> Sentence {
        match self {
            Self::Connect(error) => text::connect_error(error),
            Self::Talk(error) => text::talk_error(error),
            Self::Refused(refusal) => text::refusal(refusal),
            Self::UnexpectedAnswer => text::unexpected_answer(),
            Self::TimedOut(sentence)
            | Self::Usage(sentence)
            | Self::NotFound(sentence)
            | Self::Failed(sentence)
            | Self::Interrupted(sentence) => sentence.clone(),
            Self::Reported(failure) => failure.sentence(),
            Self::BrokenPipe => Sentence::new(word!("The output was closed.", "输出已被关闭。")),
            Self::Output(error) => {
                Sentence::new(say!("The output could not be written: {error}.", "无法写入输出：{error}。"))
            }
        }
    }

    /// The system has no thread left.
    #[must_use]
    pub fn thread(error: io::Error) -> Self {
        Self::Failed(Sentence::new(say!(
            "A thread could not be started: {error}.",
            "无法启动线程：{error}。"
        )))
    }

    #[must_use]
    pub fn json(&self) -> ErrorJson {
        let Sentence { message, hint } = self.sentence();
        ErrorJson { kind: self.kind(), message, hint }
    }

    /// `{"error":…}`, all that stdout holds when a command fails and JSON was asked for.
    #[must_use]
    pub fn document(&self) -> ErrorDocument {
        ErrorDocument { error: self.json() }
    }
}

/// `{"kind":…,"message":…,"hint":…}`, what stands under `error` wherever JSON was asked for.
#[derive(Debug, Serialize)]
pub struct ErrorJson {
    pub kind: &'static str,
    pub message: String,
    pub hint: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct ErrorDocument {
    pub error: ErrorJson,
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        Self::Connect(error)
    }
}

impl From<TalkError> for Failure {
    fn from(error: TalkError) -> Self {
        Self::Talk(error)
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused(refusal) => Self::Refused(refusal),
            CallError::Talk(error) => Self::Talk(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use vodpost_protocol::account::VerificationState;
    use vodpost_protocol::hello::Role;

    use super::*;

    #[test]
    fn refusals_become_the_documented_statuses() {
        let status = |refusal| Failure::Refused(refusal).exit_status();
        assert_eq!(status(Refusal::NotActivated), 7);
        assert_eq!(status(Refusal::NoSuchToken { asked: "x".into() }), 5);
        assert_eq!(status(Refusal::NotPermitted { role: Role::Viewer, needed: Role::Admin }), 6);
        assert_eq!(status(Refusal::InvalidCursor), 2);
        assert_eq!(status(Refusal::Busy), 1);
        assert_eq!(Failure::BrokenPipe.exit_status(), 0);
        assert_eq!(Failure::Talk(TalkError::Closed).exit_status(), 3);
        assert_eq!(Failure::Reported(Box::new(Failure::Refused(Refusal::NotActivated))).exit_status(), 7);
    }

    #[test]
    fn an_error_in_json_has_three_fields() {
        let failure = Failure::Refused(Refusal::NotVerified { state: VerificationState::None });
        let json = |failure: &Failure| serde_json::to_string(&failure.document()).unwrap();
        assert_eq!(
            json(&failure),
            r#"{"error":{"kind":"not_verified","message":"The account is not verified (state: none).","hint":"vodpost account submit individual --name NAME --id-number NUMBER"}}"#
        );
        let failure = Failure::Failed(Sentence::new("Nothing was deleted."));
        assert!(json(&failure).ends_with(r#""hint":null}}"#));
    }

    #[test]
    fn every_status_is_documented() {
        for status in [0, 1, 2, 3, 4, 5, 6, 7, 8, 130] {
            assert!(EXIT_STATUSES.contains(&format!("{status:>3}  ")), "{status}");
        }
    }
}
