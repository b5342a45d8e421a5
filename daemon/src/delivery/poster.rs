//! What a request for the poster of a live video gets.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use axum::body::Bytes;
use http::{HeaderMap, HeaderValue, Response};
use vodpost_protocol::ids::Token;

use super::Notices;
use super::conditional::Validators;
use crate::convert::{POSTER_LEN_MAX, poster_path};
use crate::core::artifact::{JobId, Served, ServedLayout};
use crate::media;

const JPEG: HeaderValue = HeaderValue::from_static("image/jpeg");

/// Posters that one answer asks for where they are missing.
const ASKED_FOR_MAX: usize = 24;

/// Where posters are, and who is told of a missing one.
#[derive(Debug, Clone)]
pub(super) struct Posters {
    pub(super) folder: PathBuf,
    pub(super) notices: Notices,
}

impl Posters {
    /// Whether there is one to point to; if not, it is asked for.
    pub(super) fn has(&self, token: Token, served: &Served) -> bool {
        // One `stat`; not worth a thread.
        let found = poster_path(&self.folder, served.job()).exists();
        if !found {
            self.notices.poster_missing(token);
        }
        found
    }

    /// The same for many at once, in their order.
    pub(super) async fn have(&self, wanted: Vec<(Token, JobId)>) -> Vec<bool> {
        let count = wanted.len();
        let posters = self.clone();
        let look = move || {
            let mut asked_for = 0;
            let has = |(token, job): &(Token, JobId)| {
                let found = poster_path(&posters.folder, *job).exists();
                // A page of the site map names more of them than can be made soon.
                if !found && asked_for < ASKED_FOR_MAX {
                    asked_for += 1;
                    posters.notices.poster_missing(*token);
                }
                found
            };
            wanted.iter().map(has).collect()
        };
        tokio::task::spawn_blocking(look).await.unwrap_or_else(|error| {
            tracing::error!(%error, "nobody looked for posters");
            vec![false; count]
        })
    }

    /// `None` where there is none yet.
    pub(super) async fn answer(
        &self,
        token: Token,
        served: &Served,
        fields: &HeaderMap,
    ) -> Option<Response<Bytes>> {
        let (folder, job) = (self.folder.clone(), served.job());
        let read = tokio::task::spawn_blocking(move || read(&folder, job)).await;
        match read.map_err(io::Error::other).flatten() {
            Ok((bytes, validators)) => Some(validators.answer(JPEG, bytes, fields)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.notices.poster_missing(token);
                None
            }
            Err(error) => {
                tracing::warn!(video = %served.video, %error, "a poster cannot be read");
                None
            }
        }
    }
}

fn read(folder: &Path, job: JobId) -> io::Result<(Vec<u8>, Validators)> {
    let file = media::open(&poster_path(folder, job))?;
    let identity = media::identity(&file)?;
    let mut bytes = Vec::new();
    Read::take(&file as &File, POSTER_LEN_MAX).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != identity.size_bytes {
        return Err(io::Error::other("it is larger than a poster can be"));
    }
    Ok((bytes, Validators::new(&identity, ServedLayout::AsIs, SystemTime::now())))
}
