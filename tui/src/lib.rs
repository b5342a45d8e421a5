//! The vodpost client.

pub mod app;
pub mod connect;
pub mod format;
pub mod qr;
pub mod text;
pub mod view;
