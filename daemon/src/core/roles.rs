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
        | Request::AddRoot { .. }
        | Request::RemoveRoot { .. }
        | Request::AccountApprove
        | Request::AccountReject { .. }
        | Request::AccountRevoke { .. } => Role::Admin,
    }
}

#[cfg(test)]
mod tests {
    use vodpost_protocol::account::{AccountKind, DocumentKind, Submission};
    use vodpost_protocol::ids::Label;
    use vodpost_protocol::request::{ForecastQuery, ListQuery};
    use vodpost_protocol::video::Switch;

    use super::*;

    /// S4 as the admin reads it, written down a second time. The order is that of the requests, so that none is forgotten.
    fn table() -> Vec<(Request, Role)> {
        let video = || "talk".to_owned();
        let submission = Submission {
            kind: AccountKind::Individual,
            name: "Li Lei".into(),
            document: DocumentKind::Other,
            number: "1".into(),
            contact: None,
        };
        vec![
            (Request::Status, Role::Viewer),
            (Request::List(ListQuery::default()), Role::Viewer),
            (Request::Show { video: video() }, Role::Viewer),
            (Request::Locate { target: video() }, Role::Viewer),
            (Request::Generate { video: video(), label: Label::default() }, Role::Operator),
            (Request::Retry { video: video() }, Role::Operator),
            (Request::Cancel { video: video() }, Role::Operator),
            (Request::SetPosting { target: video(), switch: Switch::Off }, Role::Operator),
            (Request::SetSource { video: video(), switch: Switch::Off }, Role::Operator),
            (Request::DeleteSource { video: video(), keep_files: true }, Role::Admin),
            (Request::AccountShow, Role::Viewer),
            (Request::AccountSubmit(submission), Role::Operator),
            (Request::AccountApprove, Role::Admin),
            (Request::AccountReject { reason: "blurred".into() }, Role::Admin),
            (Request::AccountRevoke { reason: "expired".into() }, Role::Admin),
            (Request::ServiceActivate, Role::Operator),
            (Request::Scan, Role::Operator),
            (Request::Jobs, Role::Viewer),
            (Request::Events { since: 0, limit: 1 }, Role::Viewer),
            (Request::Subscribe, Role::Viewer),
            (Request::Backup { path: "/b".into() }, Role::Admin),
            (Request::PauseQueue, Role::Operator),
            (Request::ResumeQueue, Role::Operator),
            (Request::Forecast(ForecastQuery { videos: vec![], newest: 1, within_s: None }), Role::Viewer),
            (Request::SetListed { target: video(), listed: true }, Role::Operator),
            (Request::Checkup, Role::Viewer),
            (Request::AddRoot { path: "/srv".into() }, Role::Admin),
            (Request::RemoveRoot { path: "/srv".into() }, Role::Admin),
        ]
    }

    #[test]
    fn s4_each_role_may_do_what_it_says_and_nothing_else() {
        for (request, needed) in table() {
            for role in [Role::None, Role::Viewer, Role::Operator, Role::Admin] {
                let expected =
                    if role >= needed { Ok(()) } else { Err(Refusal::NotPermitted { role, needed }) };
                assert_eq!(permit(role, &request), expected, "{request:?} of {role:?}");
            }
            assert!(!request.is_read() || needed == Role::Viewer, "{request:?} changes nothing");
        }
    }

    #[test]
    fn s4_no_request_is_left_out_of_the_table() {
        let table = table();
        for (number, (request, _)) in table.iter().enumerate() {
            let bytes = vodpost_protocol::codec::encode(request).unwrap();
            assert_eq!(usize::from(bytes[0]), number, "{request:?} is not in its place");
        }
        let beyond = [u8::try_from(table.len()).unwrap(), 0, 0, 0, 0];
        for len in 1..=beyond.len() {
            assert!(
                vodpost_protocol::codec::decode::<Request>(&beyond[..len]).is_err(),
                "a request is left out"
            );
        }
    }
}
