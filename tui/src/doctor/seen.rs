//! Findings in what the daemon tells anyway, and in the clocks.

use std::path::Path;
use std::time::Duration;

use vodpost_protocol::account::{AccountView, ServiceState, VerificationState};
use vodpost_protocol::checkup;
use vodpost_protocol::status::Storage;

use super::{Finding, JobsView, Own, Status, Timestamp, run};

const TIMEDATECTL_LIMIT: Duration = Duration::from_secs(2);

pub(super) fn storage(status: &Status) -> Option<Own> {
    match &status.storage {
        Storage::Ok => None,
        Storage::ReadOnly(reason) => Some(Own::StorageReadOnly { reason: reason.clone() }),
    }
}

pub(super) fn account(account: &AccountView) -> Vec<Own> {
    let may_activate = account.approved.is_some() || account.state == VerificationState::Approved;
    let mut findings = Vec::new();
    match (account.state, &account.approved) {
        (VerificationState::Revoked, _) => findings.push(Own::Revoked { reason: account.reason.clone() }),
        // A3: an old approval holds while a newer submission waits or was rejected.
        (VerificationState::Approved, _)
        | (VerificationState::None | VerificationState::Submitted | VerificationState::Rejected, Some(_)) => {
        }
        (
            state @ (VerificationState::None | VerificationState::Submitted | VerificationState::Rejected),
            None,
        ) => {
            findings.push(Own::NotApproved { state });
        }
    }
    match account.service {
        // A6: first things first.
        ServiceState::Inactive if may_activate => findings.push(Own::NotActivated),
        ServiceState::Active | ServiceState::Inactive => {}
    }
    findings
}

pub(super) fn queue(status: &Status, jobs: &JobsView) -> Vec<Own> {
    let by = jobs.paused.as_ref().map(|paused| paused.by.clone());
    let paused = status.queue.paused.then_some(Own::QueuePaused { by });
    let count = jobs.jobs.iter().filter(|job| job.conversion.late_by_s.is_some()).count() as u64;
    let late = (count > 0).then_some(Own::ConversionsLate { count });
    let count = status.queue.failed;
    let failed = (count > 0).then_some(Own::ConversionsFailed { count });
    [paused, late, failed].into_iter().flatten().collect()
}

/// What the last look showed, unless the daemon has said the same of the root as it is now.
pub(super) fn library(status: &Status, findings: &[Finding]) -> Vec<Own> {
    let is_said = |root: &str| {
        findings.iter().any(|finding| match finding {
            Finding::Daemon(
                checkup::Finding::RootMissing { path } | checkup::Finding::RootUnreadable { path, .. },
            ) => path == root,
            Finding::Daemon(checkup::Finding::NoAnswer { place, .. }) => place.as_deref() == Some(root),
            Finding::Daemon(_) | Finding::Own(_) => false,
        })
    };
    let away = status.roots.iter().filter(|root| !is_said(&root.path)).filter_map(|root| {
        Some(Own::RootUnavailable { path: root.path.clone(), reason: root.unavailable.clone()? })
    });
    let count = status.counts.problems;
    away.chain((count > 0).then_some(Own::FilesUnusable { count })).collect()
}

/// The daemon read its clock between two looks at ours.
pub(super) fn skew(
    before: Timestamp,
    daemon: Timestamp,
    after: Timestamp,
    tolerance: Duration,
) -> Option<Own> {
    let ahead = daemon.since(after);
    let behind = before.since(daemon);
    let millis = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    if ahead > tolerance {
        Some(Own::ClockSkew { daemon_ahead_ms: millis(ahead) })
    } else if behind > tolerance {
        Some(Own::ClockSkew { daemon_ahead_ms: -millis(behind) })
    } else {
        None
    }
}

/// Where systemd runs, which knows whatever keeps the clock; elsewhere nothing is known.
pub(super) fn unsynchronised() -> Option<Own> {
    if !Path::new("/run/systemd/system").exists() {
        return None;
    }
    let arguments = ["show", "--property=NTPSynchronized", "--value"];
    let said = run::run(Path::new("timedatectl"), &arguments, TIMEDATECTL_LIMIT).ok()?;
    (said.stdout.trim() == "no").then_some(Own::ClockUnsynchronised)
}

#[cfg(test)]
mod tests {
    use vodpost_protocol::conversion::{JobView, PausedView};
    use vodpost_protocol::status::{RootOrigin, RootView, SettingOrigin};

    use super::*;
    use crate::app::tests::{status, video};

    #[test]
    fn a3_what_keeps_new_urls_from_being_made() {
        let view = |state, approved, service| AccountView {
            state,
            submission: None,
            approved,
            reason: Some("expired".into()),
            service,
            activated_by: None,
            activated_at: None,
        };
        assert_eq!(account(&view(VerificationState::Approved, None, ServiceState::Active)), []);
        let fresh = account(&view(VerificationState::None, None, ServiceState::Inactive));
        assert_eq!(fresh, [Own::NotApproved { state: VerificationState::None }]);
        let approved = account(&view(VerificationState::Approved, None, ServiceState::Inactive));
        assert_eq!(approved, [Own::NotActivated]);
        let revoked = account(&view(VerificationState::Revoked, None, ServiceState::Active));
        assert_eq!(revoked, [Own::Revoked { reason: Some("expired".into()) }]);
    }

    #[test]
    fn the_queue_is_paused_late_and_has_failures() {
        let mut late = video(1, "talk");
        late.conversion.late_by_s = Some(9);
        let job = JobView { video: late.id, title: late.title, conversion: late.conversion };
        let paused = Some(PausedView { at: Timestamp::default(), by: "ann".into() });
        let jobs = JobsView { jobs: vec![job], left_out: 0, workers: 1, paused };
        let mut status = status();
        (status.queue.paused, status.queue.failed) = (true, 3);
        assert_eq!(
            queue(&status, &jobs),
            [
                Own::QueuePaused { by: Some("ann".into()) },
                Own::ConversionsLate { count: 1 },
                Own::ConversionsFailed { count: 3 }
            ]
        );
    }

    #[test]
    fn l5_a_root_is_reported_once() {
        let mut status = status();
        let root = |path: &str| RootView {
            path: path.into(),
            unavailable: Some("why".into()),
            videos: 0,
            scanned_at: None,
            unwatched: None,
            origin: RootOrigin::Configured(SettingOrigin::Arguments),
        };
        (status.roots, status.counts.problems) = (vec![root("/a"), root("/b")], 2);
        let gone = Finding::Daemon(checkup::Finding::RootMissing { path: "/a".into() });
        let away = Own::RootUnavailable { path: "/b".into(), reason: "why".into() };
        assert_eq!(library(&status, &[gone]), [away, Own::FilesUnusable { count: 2 }]);
    }

    #[test]
    fn clocks_are_compared_within_what_the_question_took() {
        let at = Timestamp::from_millis;
        let skew = |daemon| skew(at(10_000), at(daemon), at(40_000), Duration::from_secs(2));
        for same in [8_000, 10_000, 25_000, 42_000] {
            assert_eq!(skew(same), None, "{same}");
        }
        assert_eq!(skew(45_000), Some(Own::ClockSkew { daemon_ahead_ms: 5_000 }));
        assert_eq!(skew(1_000), Some(Own::ClockSkew { daemon_ahead_ms: -9_000 }));
    }
}
