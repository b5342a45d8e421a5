//! The vodpost client: commands and terminal UI.

pub mod qr;
