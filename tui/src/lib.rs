//! The vodpost client.

pub mod app;
pub mod connect;
pub mod qr;
pub mod text;
