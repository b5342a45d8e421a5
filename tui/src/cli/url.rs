//! `vodpost url`: the URLs, one per line, for pasting and for scripts.

use clap::Args;
use serde::Serialize;
use serde_json::json;
use vodpost_protocol::ids::{Label, Token};
use vodpost_protocol::posting::{PostingState, PostingView};
use vodpost_protocol::reply::Located;

use super::Context;
use super::failure::Failure;
use super::show::posting_line;
use crate::text::{Sentence, no_url, pair, plain, shell_word};

/// Print the URL of the page of a video, or of the MP4 itself
#[derive(Debug, Args)]
#[command(after_long_help = "TARGET is a video (all its URLs), VIDEO#LABEL, a token or a URL.
A URL that is not live is printed too; a note on stderr says why it is not.

Example:
  vodpost url talk
  curl -O \"$(vodpost url --file 'talk#newsletter')\"")]
pub struct Url {
    /// Which URLs
    target: String,
    /// The URL of the MP4 file instead of its page
    #[arg(long)]
    file: bool,
}

#[derive(Serialize)]
struct UrlJson<'a> {
    token: Token,
    label: &'a Label,
    state: PostingState,
    url: &'a str,
    file_url: &'a str,
}

impl Url {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let located = context.daemon()?.located(self.target)?;
        let postings = named(&located)?;
        if context.out.json {
            let urls: Vec<_> = postings
                .iter()
                .map(|posting| UrlJson {
                    token: posting.token,
                    label: &posting.label,
                    state: posting.state,
                    url: &posting.url,
                    file_url: &posting.file_url,
                })
                .collect();
            return context.out.json(&json!({
                "id": located.video.id,
                "title": located.video.title,
                "urls": urls,
            }));
        }
        for posting in postings {
            context.out.line(&plain(if self.file { &posting.file_url } else { &posting.url }))?;
            if posting.state != PostingState::Live {
                context.out.note(&pair(posting.label.as_str(), &posting_line(posting)))?;
            }
        }
        Ok(())
    }
}

/// The postings that a target named; never none.
pub(super) fn named(located: &Located) -> Result<Vec<&PostingView>, Failure> {
    let wanted = |posting: &&PostingView| located.tokens.contains(&posting.token);
    let postings: Vec<_> = located.video.postings.iter().filter(wanted).collect();
    if postings.is_empty() {
        return Err(Failure::NotFound(Sentence::with_hint(
            no_url(&located.video.title),
            format!("vodpost generate {}", shell_word(&located.video.title)),
        )));
    }
    Ok(postings)
}
