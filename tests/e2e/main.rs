//! End to end against the real programs. One chapter a file, in reading order.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod account;
mod artifacts;
mod backup;
mod bad_input;
mod browser;
mod completions;
mod conformance;
mod conversion_crash;
mod conversion_crash_kinds;
mod conversion_trouble;
mod disk;
mod doctor;
mod durability;
mod events;
mod first_run;
mod guard;
mod hostile;
mod http;
mod kernel;
mod large;
mod library;
mod life_cycle;
mod media_kinds;
mod memory;
mod monitoring;
mod numbers;
mod platform;
mod posters;
mod progress;
mod proxies;
mod python;
mod qr_code;
mod roles;
mod screen;
mod screen_life;
mod scripts;
mod syncs;
mod terminal;
mod tls;
mod viewers;
mod watching;
mod witness;
