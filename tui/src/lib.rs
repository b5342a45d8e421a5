//! The vodpost client. [`cli`] is one file per command, [`ui`] the terminal UI; the rest is what both share.
//!
//! Reading order of the UI: [`ui`] (the loop), [`app`] (state), [`view`] (drawing), then what it stands on: [`link`],
//! [`terminal`], [`signals`], [`threads`], [`clipboard`].

pub mod app;
pub mod autostart;
pub mod cli;
pub mod clipboard;
pub mod connect;
pub mod doctor;
pub mod format;
pub mod link;
pub mod qr;
pub mod queue;
pub mod signals;
pub mod terminal;
pub mod text;
pub mod threads;
pub mod ui;
pub mod view;
