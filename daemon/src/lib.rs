//! The vodpost daemon.

pub mod convert;
pub mod core;
pub mod delivery;
pub mod media;
