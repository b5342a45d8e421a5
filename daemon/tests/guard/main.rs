//! Guarded tools against attacks, with the real guard and the real ffmpeg. Each attack is also carried out unguarded, so
//! that it is known to be one.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod attacks;
mod kernel;
#[expect(unreachable_pub, reason = "the end-to-end tests, whose file this is, need it public")]
#[path = "../../../tests/src/skip.rs"]
mod skip;
mod world;
