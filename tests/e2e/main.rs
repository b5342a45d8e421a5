//! End to end against the real programs. One chapter a file, in reading order.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod life_cycle;
mod media_kinds;
mod http;
mod durability;
mod bad_input;
mod account;
mod events;
mod qr_code;
mod screen;
