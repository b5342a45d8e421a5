//! The vodpost client. [`cli`] is one file per command; the rest is what the commands and the terminal UI share.

pub mod connect;
pub mod text;
