//! Everything that could be wrong, found out by asking the daemon, the system and the network. No sentences here: those are
//! in [`crate::text`].
//!
//! [`examine`] gathers a [`Report`]; [`judge`] says how bad each [`Finding`] is. Whatever may hang (a name server, a
//! program, the daemon's disks) has a limit of its own.

pub mod judge;
mod offline;
pub mod place;
pub mod reach;
mod run;
mod seen;

use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use vodpost_protocol::account::VerificationState;
use vodpost_protocol::checkup::{self, CheckupView};
use vodpost_protocol::conversion::JobsView;
use vodpost_protocol::hello::Role;
use vodpost_protocol::reply::Answer;
use vodpost_protocol::request::Request;
use vodpost_protocol::status::Status;
use vodpost_protocol::time::Timestamp;

use crate::cli::daemon::Daemon;
use crate::cli::failure::Failure;
use crate::connect::{self, ConnectError, Outcome};
use crate::text::Sentence;
pub use judge::Severity;
pub use place::Place;
pub use reach::{Reach, Unreachable};

/// Two clocks of one machine may be read so far apart.
const SKEW_TOLERANCE: Duration = Duration::from_secs(2);

/// What is looked at, in the order in which it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    Socket,
    Versions,
    /// The settings that a daemon of this user would have.
    Settings,
    State,
    Storage,
    Library,
    Watching,
    Tools,
    Sandbox,
    Disk,
    Account,
    Queue,
    PublicUrl,
    Certificates,
    Clock,
    OpenFiles,
}

impl Subject {
    pub const ALL: [Self; 16] = [
        Self::Socket,
        Self::Versions,
        Self::Settings,
        Self::State,
        Self::Storage,
        Self::Library,
        Self::Watching,
        Self::Tools,
        Self::Sandbox,
        Self::Disk,
        Self::Account,
        Self::Queue,
        Self::PublicUrl,
        Self::Certificates,
        Self::Clock,
        Self::OpenFiles,
    ];
}

impl From<checkup::Subject> for Subject {
    fn from(subject: checkup::Subject) -> Self {
        match subject {
            checkup::Subject::State => Self::State,
            checkup::Subject::Library => Self::Library,
            checkup::Subject::Watching => Self::Watching,
            checkup::Subject::Tools => Self::Tools,
            checkup::Subject::Sandbox => Self::Sandbox,
            checkup::Subject::Disk => Self::Disk,
            checkup::Subject::PublicUrl => Self::PublicUrl,
            checkup::Subject::Certificates => Self::Certificates,
            checkup::Subject::Clock => Self::Clock,
            checkup::Subject::OpenFiles => Self::OpenFiles,
        }
    }
}

/// Something that is not as it should be, or that one should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Finding {
    /// The daemon found it.
    Daemon(checkup::Finding),
    Own(Own),
}

/// What this program found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Own {
    /// No place had a daemon that can be talked to.
    NoDaemon {
        #[serde(serialize_with = "outcome_name")]
        outcome: Outcome,
        /// As every command says it, with all the places.
        #[serde(skip)]
        said: Sentence,
    },
    /// A daemon answers, but not this question.
    NoAnswer {
        kind: &'static str,
        #[serde(skip)]
        said: Sentence,
    },
    VersionsDiffer {
        client: String,
        daemon: String,
    },
    /// `vodpostd check-config` refused them.
    SettingsWrong {
        said: String,
    },
    DaemonNotInstalled,
    StorageReadOnly {
        reason: String,
    },
    /// At the last look, in a way that the daemon does not see now.
    RootUnavailable {
        path: String,
        reason: String,
    },
    FilesUnusable {
        count: u64,
    },
    NotApproved {
        state: VerificationState,
    },
    /// The approval was revoked: no new URLs.
    Revoked {
        reason: Option<String>,
    },
    NotActivated,
    QueuePaused {
        by: Option<String>,
    },
    ConversionsLate {
        count: u64,
    },
    ConversionsFailed {
        count: u64,
    },
    /// Other machines cannot reach it.
    PublicUrlLocal {
        url: String,
        reach: Reach,
    },
    PublicUrlUnreachable {
        url: String,
        why: Unreachable,
    },
    ClockSkew {
        daemon_ahead_ms: i64,
    },
    ClockUnsynchronised,
    WatchesFew {
        limit: u64,
    },
}

fn outcome_name<S: serde::Serializer>(outcome: &Outcome, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match outcome {
        Outcome::OtherProtocol => "other_protocol",
        Outcome::NotAdmitted => "not_admitted",
        Outcome::NotVodpost => "not_vodpost",
        Outcome::Silent => "silent",
        Outcome::NobodyThere => "nobody_there",
    })
}

impl Finding {
    #[must_use]
    pub fn subject(&self) -> Subject {
        match self {
            Self::Daemon(finding) => finding.subject().into(),
            Self::Own(own) => own.subject(),
        }
    }
}

impl Own {
    fn subject(&self) -> Subject {
        match self {
            Self::NoDaemon { outcome: Outcome::OtherProtocol, .. } | Self::VersionsDiffer { .. } => {
                Subject::Versions
            }
            Self::NoDaemon {
                outcome: Outcome::NotAdmitted | Outcome::NotVodpost | Outcome::Silent | Outcome::NobodyThere,
                ..
            }
            | Self::NoAnswer { .. } => Subject::Socket,
            Self::SettingsWrong { .. } | Self::DaemonNotInstalled => Subject::Settings,
            Self::StorageReadOnly { .. } => Subject::Storage,
            Self::RootUnavailable { .. } | Self::FilesUnusable { .. } => Subject::Library,
            Self::NotApproved { .. } | Self::Revoked { .. } | Self::NotActivated => Subject::Account,
            Self::QueuePaused { .. } | Self::ConversionsLate { .. } | Self::ConversionsFailed { .. } => {
                Subject::Queue
            }
            Self::PublicUrlLocal { .. } | Self::PublicUrlUnreachable { .. } => Subject::PublicUrl,
            Self::ClockSkew { .. } | Self::ClockUnsynchronised => Subject::Clock,
            Self::WatchesFew { .. } => Subject::Watching,
        }
    }
}

/// Why something was not looked at although there is something to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unchecked {
    /// Only a daemon could tell.
    NoDaemon,
    /// `https` needs curl.
    NoCurl,
}

/// Of the daemon, what stands beside what is well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Met {
    pub role: Role,
    pub status: Box<Status>,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Report {
    pub places: Vec<Place>,
    pub met: Option<Met>,
    /// What was looked at, findings or not.
    pub examined: Vec<Subject>,
    pub unchecked: Vec<(Subject, Unchecked)>,
    pub findings: Vec<Finding>,
}

impl Report {
    fn saw(&mut self, subject: Subject, findings: impl IntoIterator<Item = Own>) {
        if !self.examined.contains(&subject) {
            self.examined.push(subject);
        }
        self.findings.extend(findings.into_iter().map(Finding::Own));
    }

    pub fn of(&self, subject: Subject) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.subject() == subject)
    }

    /// Whether something has to be done.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity() == Severity::Wrong)
    }
}

/// Looks at everything, with a daemon or without.
#[must_use]
pub fn examine(named: Option<&Path>) -> Report {
    let mut report = Report::default();
    match connect::connect(named) {
        Ok(connection) => {
            report.places = place::of_connection(named, &connection);
            report.saw(Subject::Socket, []);
            if let Err(failure) = Daemon::of(connection).and_then(|daemon| ask(daemon, &mut report)) {
                let said = failure.sentence();
                report.saw(Subject::Socket, [Own::NoAnswer { kind: failure.kind(), said }]);
            }
        }
        Err(error) => without_daemon(&error, &mut report),
    }
    report.saw(Subject::Clock, seen::unsynchronised());
    let nobody_tells = Subject::ALL.into_iter().filter(|subject| {
        let is_seen = report.examined.contains(subject) || report.of(*subject).next().is_some();
        let is_told = report.unchecked.iter().any(|(told, _)| told == subject);
        // These are looked at where there is something to look at.
        let is_optional = matches!(subject, Subject::Settings | Subject::Certificates);
        !is_seen && !is_told && !is_optional
    });
    let nobody_tells: Vec<_> = nobody_tells.map(|subject| (subject, Unchecked::NoDaemon)).collect();
    report.unchecked.extend(nobody_tells);
    report
}

fn without_daemon(error: &ConnectError, report: &mut Report) {
    report.places = place::of_error(error);
    let outcome = error.outcome();
    let said = crate::text::connect_error(error);
    report.saw(Subject::Socket, [Own::NoDaemon { outcome, said }]);
    match outcome {
        // The settings in force are those of the daemon that is there.
        Outcome::NotAdmitted | Outcome::OtherProtocol | Outcome::Silent => {}
        Outcome::NobodyThere | Outcome::NotVodpost => offline::examine(report),
    }
}

fn ask(mut daemon: Daemon, report: &mut Report) -> Result<(), Failure> {
    let (client, version) = (connect::VERSION.to_owned(), daemon.hello.version.clone());
    let differ = (client != version).then_some(Own::VersionsDiffer { client, daemon: version });
    report.saw(Subject::Versions, differ);
    let Answer::Status(status) = daemon.ask(Request::Status)? else {
        return Err(Failure::UnexpectedAnswer);
    };
    let jobs = daemon.jobs(Request::Jobs)?;
    let account = daemon.account(Request::AccountShow)?;
    report.saw(Subject::Storage, seen::storage(&status));
    report.saw(Subject::Account, seen::account(&account));
    report.saw(Subject::Queue, seen::queue(&status, &jobs));
    let before = Timestamp::from_system(SystemTime::now());
    let Answer::Checkup(checkup) = daemon.ask(Request::Checkup)? else {
        return Err(Failure::UnexpectedAnswer);
    };
    let now = Timestamp::from_system(SystemTime::now());
    report.saw(Subject::Clock, seen::skew(before, checkup.at, now, SKEW_TOLERANCE));
    take_up(*checkup, &status, report);
    let url = status.listen.public_url.clone();
    let (reach, reached) = (reach::of(&url), reach::try_it(&url));
    let is_guessed = report.of(Subject::PublicUrl).next().is_some();
    let local =
        (reach != Reach::Public && !is_guessed).then(|| Own::PublicUrlLocal { url: url.clone(), reach });
    report.saw(Subject::PublicUrl, local);
    match reached {
        reach::Tried::Reached => {}
        reach::Tried::Unreachable(why) => {
            report.saw(Subject::PublicUrl, [Own::PublicUrlUnreachable { url, why }]);
        }
        reach::Tried::NoCurl => report.unchecked.push((Subject::PublicUrl, Unchecked::NoCurl)),
    }
    report.met = Some(Met { role: daemon.hello.role, status });
    Ok(())
}

/// What the daemon found, and of its status what that leaves out.
fn take_up(checkup: CheckupView, status: &Status, report: &mut Report) {
    for subject in checkup.examined {
        report.saw(subject.into(), []);
    }
    report.findings.extend(checkup.findings.into_iter().map(Finding::Daemon));
    let library = seen::library(status, &report.findings);
    report.saw(Subject::Library, library);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_there_once_and_what_is_wrong_decides() {
        let mut report = Report::default();
        report.saw(Subject::Queue, [Own::QueuePaused { by: None }]);
        report.saw(Subject::Queue, []);
        assert_eq!((report.examined.len(), report.of(Subject::Queue).count()), (1, 1));
        assert!(!report.is_wrong());
        report.saw(Subject::Storage, [Own::StorageReadOnly { reason: "full".into() }]);
        assert!(report.is_wrong());
    }

    #[test]
    fn every_subject_is_shown() {
        let mut all = Subject::ALL.to_vec();
        all.dedup();
        assert_eq!(all.len(), 16);
        let names: std::collections::BTreeSet<_> =
            all.iter().map(|subject| serde_json::to_string(subject).unwrap()).collect();
        assert_eq!(names.len(), 16);
    }
}
