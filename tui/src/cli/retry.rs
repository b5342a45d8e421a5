//! `vodpost retry`: the failed conversion once more.

use clap::Args;
use vodpost_protocol::request::Request;

use super::Context;
use super::failure::Failure;
use super::show::order_line;
use super::wait::{Waiter, now};
use crate::text::{pair, plain};

/// Try a failed conversion again
#[derive(Debug, Args)]
#[command(
    after_long_help = "What waits for another try is tried at once. The daemon keeps what the tool printed last: vodpost show VIDEO.
With --wait the command ends when the conversion has. Ctrl-C ends the waiting only.

Example:
  vodpost retry talk --wait"
)]
pub struct Retry {
    /// The video
    video: String,
    /// Wait until the conversion is done
    #[arg(long)]
    wait: bool,
}

impl Retry {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let request = Request::Retry { video: self.video };
        let video = if self.wait {
            let mut waiter = Waiter::new(context, None)?;
            let mut videos = [waiter.ask(|daemon| daemon.video(request))?];
            waiter.until_done(context, &mut videos)?;
            let [video] = videos;
            let video = waiter.verdict(context, video)?;
            if waiter.told().contains(&video.id) && context.out.is_terminal() && !context.out.json {
                return Ok(());
            }
            video
        } else {
            context.daemon()?.video(request)?
        };
        if context.out.json {
            return context.out.json(&video);
        }
        context.out.line(&pair(&plain(&video.title), &order_line(&video.conversion, now())))
    }
}
