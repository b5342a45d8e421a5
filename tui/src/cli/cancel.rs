//! `vodpost cancel`: ends a conversion that waits or runs.

use clap::Args;
use vodpost_protocol::request::Request;

use super::Context;
use super::failure::Failure;
use super::show::conversion_line;
use crate::text::{pair, plain};

/// End a conversion that waits or runs
#[derive(Debug, Args)]
#[command(after_long_help = "URLs that exist already are not touched.

Example:
  vodpost cancel talk")]
pub struct Cancel {
    /// The video
    video: String,
}

impl Cancel {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let video = context.daemon()?.video(Request::Cancel { video: self.video })?;
        if context.out.json {
            return context.out.json(&video);
        }
        context.out.line(&pair(&plain(&video.title), &conversion_line(&video.conversion)))
    }
}
