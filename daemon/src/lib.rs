//! The vodpost daemon.

pub mod core;
pub mod store;
