//! The vodpost daemon. `ARCHITECTURE.md` is the map; in short, an input goes
//! [`clients`]/[`library`]/[`convert`] → [`engine`] → [`core`] (the rules) → [`store`] (durable) → [`delivery`] (visible).

pub mod checkup;
pub mod clients;
pub mod config;
pub mod convert;
pub mod core;
pub mod delivery;
mod dice;
pub mod disk;
pub mod engine;
pub mod error;
pub mod guard;
#[cfg(any(test, fuzzing))]
pub mod hostile;
pub mod library;
pub mod media;
pub mod monitor;
pub mod open_files;
pub mod posters;
pub mod seal;
pub mod start;
pub mod state_dir;
#[cfg(test)]
mod states_document;
pub mod store;
pub mod usage;
