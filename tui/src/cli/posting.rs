//! `vodpost suspend` and `vodpost resume`: the switches of URLs.

use clap::Args;
use vodpost_protocol::request::Request;
use vodpost_protocol::video::Switch;

use super::Context;
use super::failure::Failure;
use super::show::posting_table;
use crate::text::plain;

/// Suspend URLs: transfers under way end too
#[derive(Debug, Args)]
#[command(after_long_help = "TARGET is a video (all its URLs), VIDEO#LABEL, a token or a URL.
Suspending a URL does not touch the video's own switch: see vodpost source suspend.

Example:
  vodpost suspend talk
  vodpost suspend 'talk#newsletter'")]
pub struct Suspend {
    /// Which URLs
    target: String,
}

/// Resume suspended URLs
#[derive(Debug, Args)]
#[command(after_long_help = "TARGET is a video (all its URLs), VIDEO#LABEL, a token or a URL.
A URL stays suspended while its video is: see vodpost source resume.

Example:
  vodpost resume talk
  vodpost resume 7ZC2M9V0QK4T8XNB3HRD")]
pub struct Resume {
    /// Which URLs
    target: String,
}

impl Suspend {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        set(context, self.target, Switch::Off)
    }
}

impl Resume {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        set(context, self.target, Switch::On)
    }
}

fn set(context: &mut Context, target: String, switch: Switch) -> Result<(), Failure> {
    let video = context.daemon()?.video(Request::SetPosting { target, switch })?;
    if context.out.json {
        return context.out.json(&video);
    }
    context.out.line(&plain(&video.title))?;
    posting_table(&mut context.out, &video.postings)
}
