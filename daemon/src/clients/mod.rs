//! The local socket: who may connect, one session per client, and what clients are shown.

pub(crate) mod calls;
pub mod listener;
mod outbox;
mod pace;
mod places;
pub mod roles;
mod seldom;
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
