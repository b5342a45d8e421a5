//! `vodpost completions`: what a shell needs to complete commands and flags.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::failure::Failure;
use super::{Cli, Context};

/// Print the completions for a shell
#[derive(Debug, Args)]
#[command(after_long_help = "Example:
  vodpost completions bash > ~/.local/share/bash-completion/completions/vodpost
  vodpost completions zsh > ~/.zfunc/_vodpost
  vodpost completions fish > ~/.config/fish/completions/vodpost.fish")]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        // Into memory first: the generator panics when it cannot write.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "vodpost", &mut script);
        context.out.raw(&script)
    }
}
