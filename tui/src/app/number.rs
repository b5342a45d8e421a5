//! What can be said of the number in the form while it is typed, by the same arithmetic as the daemon's (A2).

use vodpost_identity::{Date, Look, cn_id, uscc};
use vodpost_protocol::account::DocumentKind;
use vodpost_protocol::time::Timestamp;

use crate::app::modal::Form;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    CnId(Look<cn_id::Problem>),
    Uscc(Look<uscc::Problem>),
}

impl Verdict {
    #[must_use]
    pub fn is_valid(self) -> bool {
        matches!(self, Self::CnId(Look::Valid) | Self::Uscc(Look::Valid))
    }

    #[must_use]
    pub fn is_wrong(self) -> bool {
        matches!(self, Self::CnId(Look::Wrong(_)) | Self::Uscc(Look::Wrong(_)))
    }
}

/// Nothing can be said of other documents.
#[must_use]
pub fn verdict(form: &Form, now: Timestamp) -> Option<Verdict> {
    let number = form.number.trimmed().to_uppercase();
    match form.document {
        DocumentKind::CnId => Some(Verdict::CnId(cn_id::look(&number, Date::from_unix_ms(now.millis())))),
        DocumentKind::Uscc => Some(Verdict::Uscc(uscc::look(&number))),
        DocumentKind::Other => None,
    }
}
