//! `vodpost retry`: the failed conversion once more.

use clap::Args;
use vodpost_protocol::request::Request;

use super::Context;
use super::failure::Failure;
use super::show::conversion_line;
use crate::text::plain;

/// Try a failed conversion again
#[derive(Debug, Args)]
#[command(after_long_help = "The daemon keeps what the tool printed last: vodpost show VIDEO.

Example:
  vodpost retry talk")]
pub struct Retry {
    /// The video
    video: String,
}

impl Retry {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let video = context.daemon()?.video(Request::Retry { video: self.video })?;
        if context.out.json {
            return context.out.json(&video);
        }
        context.out.line(&format!("{}: {}", plain(&video.title), conversion_line(&video.conversion)))
    }
}
