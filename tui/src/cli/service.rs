//! `vodpost service`: the activation, done once.

use clap::{Args, Subcommand};
use vodpost_protocol::request::Request;

use super::Context;
use super::failure::Failure;

/// Activate the service
#[derive(Debug, Args)]
pub struct Service {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Activate the service, once, after the account was approved
    #[command(after_long_help = "Example:\n  vodpost service activate")]
    Activate,
}

impl Service {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        match self.action {
            Action::Activate => super::account::change(context, Request::ServiceActivate),
        }
    }
}
