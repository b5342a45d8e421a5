//! The rules of vodpost, pure: (input, now) to effects. No async runtime, no storage, no clock, no file system.

pub mod artifact;
pub mod media;
pub mod plan;
