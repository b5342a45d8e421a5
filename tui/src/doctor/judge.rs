//! How bad a finding is: whether somebody has to do something about it.

use serde::Serialize;
use vodpost_protocol::checkup::{Finding as Found, Holds, Need, Policy};

use super::{Finding, Own};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It works; one should know.
    Remark,
    /// Something does not work, or will not for long, or is open to others.
    Wrong,
}

/// Others may change what is in the folder.
const WRITABLE_BY_OTHERS: u32 = 0o022;

impl Finding {
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self {
            Self::Daemon(found) => found_severity(found),
            Self::Own(own) => own_severity(own),
        }
    }
}

fn found_severity(found: &Found) -> Severity {
    match found {
        Found::StateFolderOpen { mode, .. } if mode & WRITABLE_BY_OTHERS == 0 => Severity::Remark,
        Found::PartsMissing { need: Need::Some, .. }
        | Found::Unconfined { policy: Policy::BestEffort | Policy::Off, .. }
        | Found::SpaceShort { holds: Holds::Library, .. }
        | Found::InodesShort { holds: Holds::Library, .. }
        | Found::NoRoots
        | Found::RootReadOnly { .. }
        | Found::RootUnwatched { .. }
        | Found::WatchesShort { .. }
        | Found::PublicUrlUnset { .. }
        | Found::ViewersLimited { .. } => Severity::Remark,
        Found::NoAnswer { .. }
        | Found::StateFolderOpen { .. }
        | Found::StateFolderReadOnly { .. }
        | Found::KeyOpen { .. }
        | Found::KeyMissing { .. }
        | Found::RootMissing { .. }
        | Found::RootUnreadable { .. }
        | Found::ToolMissing { .. }
        | Found::ToolBroken { .. }
        | Found::PartsMissing { need: Need::Most, .. }
        | Found::Unconfined { policy: Policy::Required, .. }
        | Found::SpaceShort { holds: Holds::State, .. }
        | Found::InodesShort { holds: Holds::State, .. }
        | Found::CertificateExpires { .. }
        | Found::CertificateExpired { .. }
        | Found::CertificateUnusable { .. }
        | Found::ClockBehind { .. }
        | Found::OpenFilesShort { .. } => Severity::Wrong,
    }
}

fn own_severity(own: &Own) -> Severity {
    match own {
        Own::NoDaemon { .. }
        | Own::NoAnswer { .. }
        | Own::SettingsWrong { .. }
        | Own::DaemonNotInstalled
        | Own::StorageReadOnly { .. }
        | Own::RootUnavailable { .. }
        | Own::Revoked { .. }
        | Own::ConversionsLate { .. }
        | Own::PublicUrlUnreachable { .. }
        | Own::ClockSkew { .. } => Severity::Wrong,
        Own::VersionsDiffer { .. }
        | Own::FilesUnusable { .. }
        | Own::NotApproved { .. }
        | Own::NotActivated
        | Own::QueuePaused { .. }
        | Own::ConversionsFailed { .. }
        | Own::PublicUrlLocal { .. }
        | Own::ClockUnsynchronised
        | Own::WatchesFew { .. } => Severity::Remark,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_others_may_read_is_less_bad_than_one_that_they_may_write() {
        let open = |mode| found_severity(&Found::StateFolderOpen { path: "/s".into(), mode });
        assert_eq!(open(0o755), Severity::Remark);
        for mode in [0o777, 0o770, 0o702] {
            assert_eq!(open(mode), Severity::Wrong, "{mode:o}");
        }
    }
}
