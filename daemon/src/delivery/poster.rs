//! What a request for the poster of a live video gets.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use axum::body::Bytes;
use http::{HeaderMap, HeaderValue, Response};
use tokio::sync::mpsc;
use vodpost_protocol::ids::Token;

use super::Notice;
use super::conditional::Validators;
use crate::convert::{POSTER_LEN_MAX, poster_path};
use crate::core::artifact::{JobId, Served, ServedLayout};
use crate::media;

const JPEG: HeaderValue = HeaderValue::from_static("image/jpeg");

/// Where posters are, and who is told of a missing one.
#[derive(Debug, Clone)]
pub(super) struct Posters {
    pub(super) folder: PathBuf,
    pub(super) notices: mpsc::Sender<Notice>,
}

impl Posters {
    /// Whether there is one to point to; if not, it is asked for.
    pub(super) fn has(&self, token: Token, served: &Served) -> bool {
        // One `stat`; not worth a thread.
        let found = poster_path(&self.folder, served.job()).exists();
        if !found {
            self.missing(token);
        }
        found
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
                self.missing(token);
                None
            }
            Err(error) => {
                tracing::warn!(video = %served.video, %error, "a poster cannot be read");
                None
            }
        }
    }

    fn missing(&self, token: Token) {
        if let Err(error) = self.notices.try_send(Notice::PosterMissing { token }) {
            tracing::debug!(%error, "nobody was told of a missing poster");
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
