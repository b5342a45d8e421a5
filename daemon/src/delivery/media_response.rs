//! What a request for the MP4 gets (RFC 9110, sections 13 to 15): the state of the posting first, then the file, then the
//! preconditions, then the range.

use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

use axum::body::Bytes;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    LAST_MODIFIED, RANGE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use vodpost_protocol::ids::{Token, VideoId};

use super::Notices;
use super::conditional::{Fields, Validators, Verdict};
use super::head::{Method, single};
use super::pages;
use super::range::{Asked, asked};
use super::response::{HeadBytes, REVALIDATE, text};
use super::source::{Index, OpenError, Opened, Source};
use super::table::{Counters, Entry, Live, State, Table, Unavailable};
use super::title;
use super::views::MediaSpan;
use super::words::Absence;

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

#[derive(Debug)]
pub(super) enum Decision {
    Answer(Response<Bytes>),
    Media(Media),
}

/// A 200 or 206, and the bytes that belong to it.
#[derive(Debug)]
pub(super) struct Media {
    pub(super) status: StatusCode,
    pub(super) head: HeadBytes,
    pub(super) range: Range<u64>,
    pub(super) source: Arc<Source>,
    pub(super) index: Arc<Index>,
    pub(super) live: Arc<Live>,
    pub(super) counters: Arc<Counters>,
}

impl Media {
    pub(super) fn span(&self) -> MediaSpan {
        let (start, end) = (self.source.media_start, self.source.len);
        MediaSpan { start, end, duration_ms: self.live.served.duration_ms() }
    }
}

pub(super) async fn decide(
    table: &Table,
    notices: &Notices,
    method: Method,
    fields: &HeaderMap,
    token: Token,
) -> Decision {
    let Some(entry) = table.lookup(&token) else {
        return Decision::Answer(pages::absent(Absence::NotFound, fields));
    };
    let live = match &entry.state {
        State::Live(live) => live,
        State::Unavailable(state) => {
            return Decision::Answer(pages::absent(Absence::Unavailable(*state), fields));
        }
    };
    let opened = table.sources.open(live).await;
    // It ended meanwhile: its file may have come into the cache after it was to leave it.
    if live.ended().is_cancelled() {
        table.sources.forget(&live.served);
    }
    match opened {
        Ok(opened) => judge(&entry, live, opened, method, fields),
        Err(error) => {
            report(live.served.video, &error, notices);
            Decision::Answer(pages::absent(Absence::Unavailable(Unavailable::Pending), fields))
        }
    }
}

fn judge(
    entry: &Entry,
    live: &Arc<Live>,
    Opened { source, index }: Opened,
    method: Method,
    fields: &HeaderMap,
) -> Decision {
    let len = source.len;
    let validators = &source.validators;
    match validators.judge(fields) {
        Verdict::Proceed => {}
        Verdict::NotModified => {
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            let fields = response.headers_mut();
            shared(validators, |name, value| drop(fields.insert(name, value.clone())));
            return Decision::Answer(response);
        }
        Verdict::Failed => {
            return Decision::Answer(text(StatusCode::PRECONDITION_FAILED, "The file is in another state."));
        }
    }
    let asked = match (method, single(fields, RANGE)) {
        // Section 14.2: Range means something for GET only.
        (Method::Head, _) | (Method::Get, None) => Asked::Whole,
        (Method::Get, Some(value)) if validators.allow_range(fields, SystemTime::now()) => asked(value, len),
        (Method::Get, Some(_)) => Asked::Whole,
    };
    let (status, range) = match asked {
        Asked::Whole => (StatusCode::OK, 0..len),
        Asked::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Asked::Unsatisfiable => return Decision::Answer(unsatisfiable(len)),
    };
    let head = media_head(status, &range, &source, &entry.title());
    Decision::Media(Media {
        status,
        head,
        range,
        source,
        index,
        live: Arc::clone(live),
        counters: Arc::clone(entry.counters()),
    })
}

fn media_head(status: StatusCode, range: &Range<u64>, source: &Source, title: &str) -> HeadBytes {
    let mut head = HeadBytes::begin(status);
    head.field_of(&CONTENT_LENGTH, format_args!("{}", range.end - range.start));
    shared(&source.validators, |name, value| head.field(&name, value));
    head.field(&CONTENT_TYPE, &HeaderValue::from_static("video/mp4"));
    head.field(&ACCEPT_RANGES, &HeaderValue::from_static("bytes"));
    head.field(&CONTENT_DISPOSITION, &title::content_disposition(title));
    head.field(&X_CONTENT_TYPE_OPTIONS, &HeaderValue::from_static("nosniff"));
    // Posting URLs are made to be embedded elsewhere.
    head.field(&CROSS_ORIGIN_RESOURCE_POLICY, &HeaderValue::from_static("cross-origin"));
    if status == StatusCode::PARTIAL_CONTENT {
        let last = range.end.saturating_sub(1);
        head.field_of(&CONTENT_RANGE, format_args!("bytes {}-{last}/{}", range.start, source.len));
    }
    head
}

/// The fields that a 200 and a 304 share (section 15.4.5).
fn shared(validators: &Validators, mut field: impl FnMut(HeaderName, &HeaderValue)) {
    let Fields { etag, modified } = &validators.fields;
    field(CACHE_CONTROL, &REVALIDATE);
    for (name, value) in [(ETAG, etag), (LAST_MODIFIED, modified)] {
        if let Some(value) = value {
            field(name, value);
        }
    }
}

fn unsatisfiable(len: u64) -> Response<Bytes> {
    let mut response = text(StatusCode::RANGE_NOT_SATISFIABLE, "The file does not have these bytes.");
    insert(response.headers_mut(), CONTENT_RANGE, format!("bytes */{len}"));
    response
}

/// Of values that are made of digits, letters and punctuation of ours, and thus valid.
fn insert(fields: &mut HeaderMap, name: HeaderName, value: String) {
    match HeaderValue::try_from(value) {
        Ok(value) => {
            fields.insert(name, value);
        }
        Err(error) => tracing::error!(%name, %error, "a field of ours is not valid"),
    }
}

fn report(video: VideoId, error: &OpenError, notices: &Notices) {
    match error {
        OpenError::Differs => notices.differs(video),
        OpenError::Io(_) | OpenError::Layout(_) | OpenError::Crowded => {
            tracing::warn!(%video, %error, "cannot serve a live video");
        }
    }
}
