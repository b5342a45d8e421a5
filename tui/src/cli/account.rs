//! `vodpost account`: who posts here, and the decision about them.

use std::io::{self, BufRead};

use clap::{Args, Subcommand, ValueEnum};
use vodpost_protocol::account::{AccountKind, AccountView, DocumentKind, Submission, SubmissionView};
use vodpost_protocol::request::Request;

use super::Context;
use super::failure::Failure;
use super::output::Output;
use crate::format::{Tone, column, moment};
use crate::text::{self, Sentence, plain};
use crate::{say, word};

/// Show, submit or decide the account's verification
#[derive(Debug, Args)]
pub struct Account {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show the account, document numbers masked
    #[command(after_long_help = "Example:\n  vodpost account show")]
    Show,
    /// Hand in an identity for verification
    #[command(subcommand)]
    Submit(Submit),
    /// Approve the submission that waits
    #[command(after_long_help = "Example:\n  vodpost account approve")]
    Approve,
    /// Reject the submission that waits
    #[command(after_long_help = "Example:\n  vodpost account reject --reason 'the name does not match'")]
    Reject {
        /// Why; the account shows it
        #[arg(long, value_name = "REASON")]
        reason: String,
    },
    /// Revoke the approval: new URLs are refused, live ones stay
    #[command(after_long_help = "Example:\n  vodpost account revoke --reason 'the document expired'")]
    Revoke {
        /// Why; the account shows it
        #[arg(long, value_name = "REASON")]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
enum Submit {
    /// A person, with an identity document
    #[command(after_long_help = "Example:
  vodpost account submit individual --name 'Wang Fang' --id-number 11010519491231002X
  vodpost account submit individual --name 'A. Smith' --document other --id-number - < number.txt")]
    Individual {
        /// Full name, as in the document
        #[arg(long, value_name = "NAME")]
        name: String,
        /// Number of the document; '-' reads it from stdin, which keeps it out of the list of processes
        #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
        id_number: String,
        /// Which document: a Chinese resident identity card, or another
        #[arg(long, value_enum, value_name = "KIND", default_value = "cn-id")]
        document: PersonDocument,
    },
    /// An organisation, with its registration number
    #[command(after_long_help = "Example:
  vodpost account submit enterprise --name 'Example Ltd' --registration-number 91350100M000100Y43 --contact 'Wang Fang, +86 10 1234'")]
    Enterprise {
        /// Name of the organisation, as registered
        #[arg(long, value_name = "NAME")]
        name: String,
        /// Registration number; '-' reads it from stdin
        #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
        registration_number: String,
        /// Whom to reach
        #[arg(long, value_name = "CONTACT")]
        contact: String,
        /// Which number: a unified social credit code, or another
        #[arg(long, value_enum, value_name = "KIND", default_value = "uscc")]
        document: OrganisationDocument,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PersonDocument {
    CnId,
    Other,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OrganisationDocument {
    Uscc,
    Other,
}

impl Account {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let request = match self.action {
            Action::Show => Request::AccountShow,
            Action::Submit(submit) => Request::AccountSubmit(submit.submission()?),
            Action::Approve => Request::AccountApprove,
            Action::Reject { reason } => Request::AccountReject { reason },
            Action::Revoke { reason } => Request::AccountRevoke { reason },
        };
        change(context, request)
    }
}

impl Submit {
    fn submission(self) -> Result<Submission, Failure> {
        Ok(match self {
            Self::Individual { name, id_number, document } => Submission {
                kind: AccountKind::Individual,
                name,
                document: match document {
                    PersonDocument::CnId => DocumentKind::CnId,
                    PersonDocument::Other => DocumentKind::Other,
                },
                number: number(id_number, io::stdin().lock())?,
                contact: None,
            },
            Self::Enterprise { name, registration_number, contact, document } => Submission {
                kind: AccountKind::Enterprise,
                name,
                document: match document {
                    OrganisationDocument::Uscc => DocumentKind::Uscc,
                    OrganisationDocument::Other => DocumentKind::Other,
                },
                number: number(registration_number, io::stdin().lock())?,
                contact: Some(contact),
            },
        })
    }
}

fn number(given: String, mut stdin: impl BufRead) -> Result<String, Failure> {
    if given != "-" {
        return Ok(given);
    }
    let mut line = String::new();
    stdin.read_line(&mut line).map_err(|error| {
        Failure::Failed(Sentence::new(say!(
            "The number could not be read from stdin: {error}.",
            "无法从标准输入读取号码：{error}。"
        )))
    })?;
    Ok(line.trim().to_owned())
}

/// Sends a request that answers with the account, and shows it.
pub(super) fn change(context: &mut Context, request: Request) -> Result<(), Failure> {
    let account = context.daemon()?.account(request)?;
    if context.out.json {
        return context.out.json(&account);
    }
    print(&mut context.out, &account)
}

fn field(out: &mut Output, name: &str, value: &str) -> Result<(), Failure> {
    let name = Tone::Faint.paint(&column(name, 10), out.color());
    out.line(&format!("{name} {value}"))
}

fn print(out: &mut Output, account: &AccountView) -> Result<(), Failure> {
    field(out, word!("account", "账号"), text::verification(account.state))?;
    if let Some(reason) = &account.reason {
        field(out, word!("reason", "原因"), &plain(reason))?;
    }
    let mut service = text::service(account.service).to_owned();
    if let (Some(by), Some(at)) = (&account.activated_by, account.activated_at) {
        service.push_str(&say!(" (by {by}, {at})", "（{by}，{at}）", by = plain(by), at = moment(at)));
    }
    field(out, word!("service", "服务"), &service)?;
    if let Some(submission) = &account.submission {
        print_submission(out, word!("Submission", "提交的认证"), submission)?;
    }
    match &account.approved {
        Some(approved) if account.submission.as_ref() != Some(approved) => {
            print_submission(out, word!("Approval in force", "当前生效的认证"), approved)
        }
        Some(_) | None => Ok(()),
    }
}

fn print_submission(out: &mut Output, title: &str, submission: &SubmissionView) -> Result<(), Failure> {
    out.line("")?;
    out.line(&Tone::Strong.paint(title, out.color()))?;
    field(out, word!("kind", "类型"), text::account_kind(submission.kind))?;
    field(out, word!("name", "名称"), &plain(&submission.name))?;
    field(out, word!("document", "证件"), text::document(submission.document))?;
    field(out, word!("number", "号码"), &plain(&submission.number_masked))?;
    if let Some(contact) = &submission.contact {
        field(out, word!("contact", "联系人"), &plain(contact))?;
    }
    let by = |at, by: &str| say!("{at} by {by}", "{at}，{by}", at = moment(at), by = plain(by));
    let submitted = by(submission.submitted_at, &submission.submitted_by);
    field(out, word!("submitted", "提交"), &submitted)?;
    match (submission.decided_at, &submission.decided_by) {
        (Some(at), Some(who)) => field(out, word!("decided", "审核"), &by(at, who)),
        (Some(_), None) | (None, Some(_) | None) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_may_come_from_stdin() {
        assert_eq!(number("-".into(), &b" 11010519491231002X\nrest"[..]).unwrap(), "11010519491231002X");
        assert_eq!(number("123".into(), &b""[..]).unwrap(), "123");
    }
}
