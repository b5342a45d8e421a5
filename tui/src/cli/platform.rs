//! `vodpost platform`: which live URLs are listed publicly besides (P7).

use clap::{Args, Subcommand};
use vodpost_protocol::request::Request;

use super::Context;
use super::failure::Failure;
use super::show::posting_table;
use crate::text::plain;

/// Show URLs on the daemon's public site while they are live, or keep them off it
#[derive(Debug, Args)]
pub struct Platform {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List these URLs while they are live
    #[command(
        after_long_help = "TARGET is a video (all its URLs), VIDEO#LABEL, a token or a URL.\n\nExample:\n  vodpost platform show talk"
    )]
    Show {
        /// Which URLs
        target: String,
    },
    /// Take these URLs off the site; whoever has one can use it all the same
    #[command(after_long_help = "TARGET is a video (all its URLs), VIDEO#LABEL, a token or a URL.
Whether new URLs are listed is set by [platform] list in the daemon's configuration.

Example:
  vodpost platform hide 'talk#newsletter'")]
    Hide {
        /// Which URLs
        target: String,
    },
}

impl Platform {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let (target, listed) = match self.action {
            Action::Show { target } => (target, true),
            Action::Hide { target } => (target, false),
        };
        let video = context.daemon()?.video(Request::SetListed { target, listed })?;
        if context.out.json {
            return context.out.json(&video);
        }
        context.out.line(&plain(&video.title))?;
        posting_table(&mut context.out, &video.postings)
    }
}
