//! The account (A1 to A6): verification, its decision, and the activation of the service.

use vodpost_protocol::account::{AccountKind, DocumentKind, VerificationState};
use vodpost_protocol::event::EventKind;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::time::Timestamp;

use super::actor::Actor;
use super::event::Subject;
use super::transaction::Transaction;

/// One per daemon.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    pub verification: Verification,
    pub service: Option<Activation>,
}

/// A3. Each phase owns what exists in it; `earlier` is the approval that holds meanwhile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Verification {
    #[default]
    None,
    Submitted {
        submission: SealedSubmission,
        earlier: Option<Approval>,
    },
    Approved(Approval),
    Rejected {
        submission: SealedSubmission,
        decision: Decision,
        reason: String,
        earlier: Option<Approval>,
    },
    Revoked {
        approval: Approval,
        decision: Decision,
        reason: String,
    },
}

/// A checked submission. The number is there in sealed form only (A5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSubmission {
    pub kind: AccountKind,
    pub name: String,
    pub document: DocumentKind,
    pub number_masked: String,
    pub number_sealed: Vec<u8>,
    pub contact: Option<String>,
    pub at: Timestamp,
    pub by: Actor,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub at: Timestamp,
    pub by: Actor,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    pub submission: SealedSubmission,
    pub decision: Decision,
}

/// A6
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    pub at: Timestamp,
    pub by: Actor,
}

impl Account {
    #[must_use]
    pub fn state(&self) -> VerificationState {
        match self.verification {
            Verification::None => VerificationState::None,
            Verification::Submitted { .. } => VerificationState::Submitted,
            Verification::Approved(_) => VerificationState::Approved,
            Verification::Rejected { .. } => VerificationState::Rejected,
            Verification::Revoked { .. } => VerificationState::Revoked,
        }
    }

    /// The approval in force.
    #[must_use]
    pub fn approval(&self) -> Option<&Approval> {
        match &self.verification {
            Verification::Approved(approval) => Some(approval),
            Verification::Submitted { earlier, .. } | Verification::Rejected { earlier, .. } => {
                earlier.as_ref()
            }
            Verification::None | Verification::Revoked { .. } => None,
        }
    }

    /// A1: what `generate` needs.
    ///
    /// # Errors
    /// What is still to be done.
    pub fn require_ready(&self) -> Result<(), Refusal> {
        if self.approval().is_none() {
            return Err(Refusal::NotVerified { state: self.state() });
        }
        if self.service.is_none() {
            return Err(Refusal::NotActivated);
        }
        Ok(())
    }
}

/// A3: a new submission, unless one waits or the same kind is approved.
pub(super) fn submit(tx: &mut Transaction<'_>, submission: SealedSubmission) -> Result<(), Refusal> {
    let mut account = tx.account().clone();
    let earlier = account.approval().cloned();
    match &account.verification {
        Verification::Submitted { .. } => return Err(Refusal::AlreadySubmitted),
        Verification::Approved(_)
        | Verification::Rejected { .. }
        | Verification::Revoked { .. }
        | Verification::None => {}
    }
    // Only an individual may become an enterprise.
    if let Some(Approval { submission: approved, .. }) = &earlier {
        let grows = approved.kind == AccountKind::Individual && submission.kind == AccountKind::Enterprise;
        if !grows {
            return Err(Refusal::AlreadyApproved);
        }
    }
    let detail = kind_name(submission.kind).to_owned();
    account.verification = Verification::Submitted { submission, earlier };
    tx.put_account(account);
    tx.event(EventKind::AccountSubmitted, Subject::Account, Some(detail));
    Ok(())
}

pub(super) fn approve(tx: &mut Transaction<'_>) -> Result<(), Refusal> {
    let mut account = tx.account().clone();
    let submission = waiting(tx, &account)?;
    let detail = kind_name(submission.kind).to_owned();
    account.verification = Verification::Approved(Approval { submission, decision: decision(tx) });
    tx.put_account(account);
    tx.event(EventKind::AccountApproved, Subject::Account, Some(detail));
    Ok(())
}

pub(super) fn reject(tx: &mut Transaction<'_>, reason: String) -> Result<(), Refusal> {
    let mut account = tx.account().clone();
    let submission = waiting(tx, &account)?;
    let earlier = account.approval().cloned();
    account.verification =
        Verification::Rejected { submission, decision: decision(tx), reason: reason.clone(), earlier };
    tx.put_account(account);
    tx.event(EventKind::AccountRejected, Subject::Account, Some(reason));
    Ok(())
}

/// A4: stops new URLs and touches no live one.
pub(super) fn revoke(tx: &mut Transaction<'_>, reason: String) -> Result<(), Refusal> {
    let mut account = tx.account().clone();
    let Some(approval) = account.approval().cloned() else {
        return Err(Refusal::NothingToDecide { state: account.state() });
    };
    account.verification = match account.verification {
        // What was handed in since still waits for its decision; there is nothing any more that holds meanwhile.
        Verification::Submitted { submission, earlier: _ } => {
            Verification::Submitted { submission, earlier: None }
        }
        Verification::None
        | Verification::Approved(_)
        | Verification::Rejected { .. }
        | Verification::Revoked { .. } => {
            Verification::Revoked { approval, decision: decision(tx), reason: reason.clone() }
        }
    };
    tx.put_account(account);
    tx.event(EventKind::AccountRevoked, Subject::Account, Some(reason));
    Ok(())
}

/// A6: once, after approval.
pub(super) fn activate(tx: &mut Transaction<'_>) -> Result<(), Refusal> {
    let mut account = tx.account().clone();
    if account.service.is_some() {
        return Err(Refusal::AlreadyActivated);
    }
    if account.approval().is_none() {
        return Err(Refusal::NotVerified { state: account.state() });
    }
    account.service = Some(Activation { at: tx.now(), by: tx.actor().clone() });
    tx.put_account(account);
    tx.event(EventKind::ServiceActivated, Subject::Account, None);
    Ok(())
}

/// The submission that waits, if the actor may decide on it.
fn waiting(tx: &Transaction<'_>, account: &Account) -> Result<SealedSubmission, Refusal> {
    let submission = match &account.verification {
        Verification::Submitted { submission, .. } => submission.clone(),
        Verification::None
        | Verification::Approved(_)
        | Verification::Rejected { .. }
        | Verification::Revoked { .. } => {
            return Err(Refusal::NothingToDecide { state: account.state() });
        }
    };
    if tx.settings().four_eyes && submission.by.uid() == tx.actor().uid() {
        return Err(Refusal::FourEyes);
    }
    Ok(submission)
}

fn decision(tx: &Transaction<'_>) -> Decision {
    Decision { at: tx.now(), by: tx.actor().clone() }
}

fn kind_name(kind: AccountKind) -> &'static str {
    match kind {
        AccountKind::Individual => "individual",
        AccountKind::Enterprise => "enterprise",
    }
}
