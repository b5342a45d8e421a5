//! What the end-to-end tests need: a site of its own for each test, the real programs, real media, a small HTTP client,
//! and a real pseudo-terminal. Every wait has a condition, a deadline and a name.

pub mod browser;
pub mod escapes;
pub mod http;
pub mod media;
pub mod nginx;
pub mod openmetrics;
pub mod picture;
pub mod proxy;
pub mod qr;
pub mod screen;
pub mod script;
pub mod site;
pub mod skip;
pub mod stand_in;
pub mod strace;
pub mod svg;
pub mod terminal;
pub mod tmux;
pub mod vitals;
pub mod wait;
pub mod xterm;
