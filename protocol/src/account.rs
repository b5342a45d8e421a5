//! The account: identity verification and service activation. Document numbers appear masked only.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountView {
    pub state: VerificationState,
    /// The submission that waits for a decision, or the last one that was decided.
    pub submission: Option<SubmissionView>,
    /// The approval in force, which stays while a newer submission waits (A3).
    pub approved: Option<SubmissionView>,
    /// Why it was rejected or revoked.
    pub reason: Option<String>,
    pub service: ServiceState,
    pub activated_by: Option<String>,
    pub activated_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerificationState {
    None,
    Submitted,
    Approved,
    Rejected,
    Revoked,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceState {
    Inactive,
    Active,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmissionView {
    pub kind: AccountKind,
    pub name: String,
    pub document: DocumentKind,
    /// All but the first three and last four characters starred; of fewer than ten, all.
    pub number_masked: String,
    pub contact: Option<String>,
    pub submitted_at: Timestamp,
    pub submitted_by: String,
    pub decided_at: Option<Timestamp>,
    pub decided_by: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    Individual,
    Enterprise,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DocumentKind {
    /// Chinese resident identity number, GB 11643-1999.
    CnId,
    /// Unified social credit code, GB 32100-2015.
    Uscc,
    /// Any other document; only its length is checked.
    Other,
}

/// What is handed in for verification. Its `Debug` form hides the number, so that no log can hold it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    pub kind: AccountKind,
    pub name: String,
    pub document: DocumentKind,
    pub number: String,
    /// Whom to reach; enterprises only.
    pub contact: Option<String>,
}

impl std::fmt::Debug for Submission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Submission")
            .field("kind", &self.kind)
            .field("document", &self.document)
            .finish_non_exhaustive()
    }
}
