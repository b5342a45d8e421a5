//! The local socket: who may connect, one session per client, and what clients are shown.

pub mod listener;
pub mod session;
pub mod view;

use vodpost_protocol::hello::Role;

/// The other end of a connection, by the credentials that the kernel gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    pub uid: u32,
    pub name: String,
    pub role: Role,
}

impl Peer {
    /// S4: root and the daemon's own user are admins, nobody else may connect.
    #[must_use]
    pub fn of(uid: u32) -> Self {
        let ours = rustix::process::geteuid().as_raw();
        let role = if uid == 0 || uid == ours { Role::Admin } else { Role::None };
        Self { uid, name: user_name(uid), role }
    }
}

fn user_name(uid: u32) -> String {
    match nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(uid)) {
        Ok(Some(user)) => user.name,
        Ok(None) => format!("uid {uid}"),
        Err(error) => {
            tracing::warn!(uid, %error, "the user database cannot be read");
            format!("uid {uid}")
        }
    }
}
