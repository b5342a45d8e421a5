//! The vodpost client. [`cli`] is one file per command; the rest is what the commands and the terminal UI share.

pub mod autostart;
pub mod cli;
pub mod connect;
pub mod format;
pub mod qr;
pub mod text;
