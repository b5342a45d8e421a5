//! The vodpost client.

pub mod connect;
pub mod qr;
pub mod text;
