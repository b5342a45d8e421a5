//! `vodpost completions`: what a shell needs to complete commands, options, titles, labels and tokens.
//!
//! The scripts for bash, zsh and fish are small and stay the same: they hand the line to [`complete`](super::complete),
//! which knows the commands and asks the daemon for names. clap's own engine for that is marked unstable, does not
//! let a completer see the rest of the line (`--socket`), and leaves titles with blanks unquoted in bash. For other shells there
//! is what clap generates: commands and options.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::failure::Failure;
use super::{Cli, Context};

/// Print the completions for a shell
#[derive(Debug, Args)]
#[command(
    after_long_help = "In bash, zsh and fish titles, VIDEO#LABEL and tokens are completed too, where a daemon answers
within half a second.

Example:
  source <(vodpost completions bash)                  for this shell
  vodpost completions bash > ~/.local/share/bash-completion/completions/vodpost
  vodpost completions zsh > ~/.zfunc/_vodpost         with fpath+=~/.zfunc before compinit
  vodpost completions fish > ~/.config/fish/completions/vodpost.fish"
)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let script = match self.shell {
            Shell::Bash => include_bytes!("completions/vodpost.bash").to_vec(),
            Shell::Zsh => include_bytes!("completions/vodpost.zsh").to_vec(),
            Shell::Fish => include_bytes!("completions/vodpost.fish").to_vec(),
            other => generated(other),
        };
        context.out.raw(&script)
    }
}

fn generated(shell: Shell) -> Vec<u8> {
    // Into memory first: the generator panics when it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "vodpost", &mut script);
    script
}
