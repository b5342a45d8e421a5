//! Guarded tools against attacks, with the real guard and the real ffmpeg. Each attack is also carried out unguarded, so
//! that it is known to be one.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod attacks;
mod kernel;
mod world;
