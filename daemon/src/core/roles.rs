//! S4: which role a request needs. The one table.

use vodpost_protocol::hello::Role;
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::request::Request;

/// # Errors
/// When the role does not suffice.
pub fn permit(role: Role, request: &Request) -> Result<(), Refusal> {
    let needed = needed(request);
    if role >= needed { Ok(()) } else { Err(Refusal::NotPermitted { role, needed }) }
}

fn needed(request: &Request) -> Role {
    match request {
        Request::Status
        | Request::List(_)
        | Request::Show { .. }
        | Request::Locate { .. }
        | Request::AccountShow
        | Request::Jobs
        | Request::Events { .. }
        | Request::Subscribe
        | Request::Forecast(_)
        // Paths and permissions, which every user of the machine can look at; and cron jobs need no rights for it.
        | Request::Checkup => Role::Viewer,
        Request::Generate { .. }
        | Request::Retry { .. }
        | Request::Cancel { .. }
        | Request::SetPosting { .. }
        | Request::SetSource { .. }
        | Request::AccountSubmit(_)
        | Request::ServiceActivate
        | Request::Scan
        | Request::PauseQueue
        | Request::ResumeQueue
        | Request::SetListed { .. } => Role::Operator,
        Request::DeleteSource { .. }
        | Request::Backup { .. }
        | Request::AccountApprove
        | Request::AccountReject { .. }
        | Request::AccountRevoke { .. } => Role::Admin,
    }
}
