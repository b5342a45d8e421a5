//! The vodpost client.

pub mod app;
pub mod clipboard;
pub mod connect;
pub mod format;
pub mod link;
pub mod qr;
pub mod signals;
pub mod terminal;
pub mod text;
pub mod threads;
pub mod ui;
pub mod view;
