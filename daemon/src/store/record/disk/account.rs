//! The account: what was submitted, and what was decided.

use serde::{Deserialize, Serialize};
use vodpost_protocol::account::{AccountKind, DocumentKind};
use vodpost_protocol::time::Timestamp;

use super::{Actor, Bytes, raw};
use crate::core::account as core_account;

#[derive(Serialize, Deserialize)]
pub(in crate::store::record) struct Account {
    verification: Verification,
    service: Option<Stamp>,
}

#[derive(Serialize, Deserialize)]
struct Stamp {
    at: Timestamp,
    by: Actor,
}

#[derive(Serialize, Deserialize)]
enum Verification {
    None,
    Submitted { submission: Submission, earlier: Option<Approval> },
    Approved(Approval),
    Rejected { submission: Submission, decision: Stamp, reason: String, earlier: Option<Approval> },
    Revoked { approval: Approval, decision: Stamp, reason: String },
}

#[derive(Serialize, Deserialize)]
struct Approval {
    submission: Submission,
    decision: Stamp,
}

#[derive(Serialize, Deserialize)]
struct Submission {
    kind: AccountKind,
    name: String,
    document: DocumentKind,
    number_masked: String,
    #[serde(with = "raw")]
    number_sealed: Bytes,
    contact: Option<String>,
    at: Timestamp,
    by: Actor,
}

impl Account {
    pub(in crate::store::record) fn from_core(account: &core_account::Account) -> Self {
        let core_account::Account { verification, service } = account;
        Self {
            verification: Verification::from_core(verification),
            service: service
                .as_ref()
                .map(|activation| Stamp { at: activation.at, by: Actor::from_core(&activation.by) }),
        }
    }

    pub(in crate::store::record) fn into_core(self) -> core_account::Account {
        core_account::Account {
            verification: self.verification.into_core(),
            service: self.service.map(|Stamp { at, by }| core_account::Activation { at, by: by.into_core() }),
        }
    }
}

impl Stamp {
    fn from_core(decision: &core_account::Decision) -> Self {
        Self { at: decision.at, by: Actor::from_core(&decision.by) }
    }

    fn into_core(self) -> core_account::Decision {
        core_account::Decision { at: self.at, by: self.by.into_core() }
    }
}

impl Verification {
    fn from_core(verification: &core_account::Verification) -> Self {
        match verification {
            core_account::Verification::None => Self::None,
            core_account::Verification::Submitted { submission, earlier } => Self::Submitted {
                submission: Submission::from_core(submission),
                earlier: earlier.as_ref().map(Approval::from_core),
            },
            core_account::Verification::Approved(approval) => Self::Approved(Approval::from_core(approval)),
            core_account::Verification::Rejected { submission, decision, reason, earlier } => {
                Self::Rejected {
                    submission: Submission::from_core(submission),
                    decision: Stamp::from_core(decision),
                    reason: reason.clone(),
                    earlier: earlier.as_ref().map(Approval::from_core),
                }
            }
            core_account::Verification::Revoked { approval, decision, reason } => Self::Revoked {
                approval: Approval::from_core(approval),
                decision: Stamp::from_core(decision),
                reason: reason.clone(),
            },
        }
    }

    fn into_core(self) -> core_account::Verification {
        match self {
            Self::None => core_account::Verification::None,
            Self::Submitted { submission, earlier } => core_account::Verification::Submitted {
                submission: submission.into_core(),
                earlier: earlier.map(Approval::into_core),
            },
            Self::Approved(approval) => core_account::Verification::Approved(approval.into_core()),
            Self::Rejected { submission, decision, reason, earlier } => {
                core_account::Verification::Rejected {
                    submission: submission.into_core(),
                    decision: decision.into_core(),
                    reason,
                    earlier: earlier.map(Approval::into_core),
                }
            }
            Self::Revoked { approval, decision, reason } => core_account::Verification::Revoked {
                approval: approval.into_core(),
                decision: decision.into_core(),
                reason,
            },
        }
    }
}

impl Approval {
    fn from_core(approval: &core_account::Approval) -> Self {
        let core_account::Approval { submission, decision } = approval;
        Self { submission: Submission::from_core(submission), decision: Stamp::from_core(decision) }
    }

    fn into_core(self) -> core_account::Approval {
        core_account::Approval {
            submission: self.submission.into_core(),
            decision: self.decision.into_core(),
        }
    }
}

impl Submission {
    fn from_core(submission: &core_account::SealedSubmission) -> Self {
        let core_account::SealedSubmission {
            kind,
            name,
            document,
            number_masked,
            number_sealed,
            contact,
            at,
            by,
        } = submission;
        Self {
            kind: *kind,
            name: name.clone(),
            document: *document,
            number_masked: number_masked.clone(),
            number_sealed: number_sealed.clone(),
            contact: contact.clone(),
            at: *at,
            by: Actor::from_core(by),
        }
    }

    fn into_core(self) -> core_account::SealedSubmission {
        let Self { kind, name, document, number_masked, number_sealed, contact, at, by } = self;
        core_account::SealedSubmission {
            kind,
            name,
            document,
            number_masked,
            number_sealed,
            contact,
            at,
            by: by.into_core(),
        }
    }
}
