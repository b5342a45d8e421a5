//! The vodpost client. [`cli`] is one file per command, [`ui`] the terminal UI; the rest is what both share.
//!
//! Reading order of the UI: [`ui`] (the loop), [`app`] (state), [`view`] (drawing), then what it stands on: [`link`],
//! [`terminal`] (with [`frame`], [`pace`] and [`panic_report`]), [`signals`], [`threads`], [`clipboard`].

pub mod app;
pub mod autostart;
pub mod cli;
pub mod clipboard;
pub mod completion;
pub mod connect;
pub mod doctor;
pub mod format;
pub mod frame;
pub mod link;
pub mod pace;
pub mod panic_report;
pub mod qr;
pub mod queue;
pub mod save;
pub mod signals;
pub mod terminal;
pub mod text;
pub mod threads;
pub mod ui;
pub mod view;
