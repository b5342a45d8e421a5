//! What the two programs say to each other over the local socket, and nothing else.
//!
//! Reading order: [`hello`] (the greeting that never changes), [`request`], [`reply`], [`refusal`], [`event`], then the
//! things they talk about ([`ids`], [`time`], [`video`], [`posting`], [`conversion`], [`account`], [`status`],
//! [`checkup`]), and last how they become bytes ([`codec`], [`frame`], [`connection`]) and where the socket is ([`socket_path`]).
//!
//! `PROTOCOL.md` beside this crate is the specification for programs that are not written in Rust.

pub mod account;
pub mod checkup;
pub mod codec;
pub mod connection;
pub mod conversion;
pub mod event;
pub mod frame;
#[cfg(test)]
mod golden;
pub mod hello;
pub mod ids;
pub mod posting;
pub mod refusal;
pub mod reply;
pub mod request;
pub mod socket_path;
pub mod status;
pub mod time;
pub mod video;

/// Changing the meaning or the bytes of any message is a new number.
pub const PROTOCOL_NUMBER: u32 = 3;
