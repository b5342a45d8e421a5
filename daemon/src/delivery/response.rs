//! Answers: how their heads are written (RFC 9112, sections 4 and 5), and the ones that are a sentence.

use std::fmt;
use std::io::Write as _;
use std::time::SystemTime;

use axum::body::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS,
};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Uri};

use super::head::{Refusal, Version};

/// What live answers may be kept for: never without asking, or a suspension would not reach those who kept them.
pub(super) const REVALIDATE: HeaderValue = HeaderValue::from_static("private, max-age=0, must-revalidate");
pub(super) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const NO_SNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// Whether the connection persists, and how that is said to this client (RFC 9112, section 9.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Persistence {
    /// HTTP/1.1: needs no word.
    Persist,
    /// HTTP/1.0 asked for it and has to be told.
    PersistAloud,
    Close,
}

impl Persistence {
    pub(super) fn of(version: Version, keep_alive: bool) -> Self {
        match (keep_alive, version) {
            (false, _) => Self::Close,
            (true, Version::Http11) => Self::Persist,
            (true, Version::Http10) => Self::PersistAloud,
        }
    }
}

/// The bytes of a response head, as it is written.
#[derive(Debug)]
pub(super) struct HeadBytes(Vec<u8>);

impl HeadBytes {
    const ROOM: usize = 1024;

    pub(super) fn begin(status: StatusCode) -> Self {
        let mut out = Vec::with_capacity(Self::ROOM);
        let date = httpdate::HttpDate::from(SystemTime::now());
        let reason = status.canonical_reason().unwrap_or_default();
        // Writing to memory cannot fail.
        write!(out, "HTTP/1.1 {} {reason}\r\ndate: {date}\r\nserver: vodpost\r\n", status.as_u16())
            .unwrap_or_default();
        Self(out)
    }

    pub(super) fn field(&mut self, name: &HeaderName, value: &HeaderValue) {
        self.line(name, value.as_bytes());
    }

    /// With a value that is made of digits, letters and punctuation of ours.
    pub(super) fn field_of(&mut self, name: &HeaderName, value: fmt::Arguments<'_>) {
        write!(self.0, "{name}: {value}\r\n").unwrap_or_default();
    }

    fn line(&mut self, name: &HeaderName, value: &[u8]) {
        for part in [name.as_str().as_bytes(), b": ", value, b"\r\n"] {
            self.0.extend_from_slice(part);
        }
    }

    /// With the empty line.
    pub(super) fn end(mut self, persistence: Persistence) -> Vec<u8> {
        match persistence {
            Persistence::Persist => {}
            Persistence::PersistAloud => self.line(&CONNECTION, b"keep-alive"),
            Persistence::Close => self.line(&CONNECTION, b"close"),
        }
        self.0.extend_from_slice(b"\r\n");
        self.0
    }
}

pub(super) fn head_bytes(status: StatusCode, fields: &HeaderMap, persistence: Persistence) -> Vec<u8> {
    let mut head = HeadBytes::begin(status);
    fields.iter().for_each(|(name, value)| head.field(name, value));
    head.end(persistence)
}

pub(super) fn answer(status: StatusCode, media_type: HeaderValue, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
    response
}

/// One sentence of plain text, not to be stored.
pub(super) fn text(status: StatusCode, sentence: &str) -> Response<Bytes> {
    let mut response = answer(status, TEXT, format!("{sentence}\n"));
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    response
}

pub(super) fn refusal(refusal: Refusal) -> Response<Bytes> {
    let mut response = text(refusal.status, refusal.sentence);
    if refusal.status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}

/// The same address with TLS. Only its path is the viewer's word.
pub(super) fn moved(origin: &str, uri: &Uri) -> Response<Bytes> {
    let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let mut response = text(StatusCode::PERMANENT_REDIRECT, "This is served with TLS only.");
    match HeaderValue::try_from(format!("{origin}{path}")) {
        Ok(location) => {
            response.headers_mut().insert(LOCATION, location);
            response
        }
        Err(error) => {
            tracing::error!(%error, "an address of ours is not valid");
            text(StatusCode::INTERNAL_SERVER_ERROR, "The server could not make this answer.")
        }
    }
}

/// To a viewer whose address has all its places.
pub(super) fn crowd() -> Response<Bytes> {
    let mut response =
        text(StatusCode::TOO_MANY_REQUESTS, "There are too many connections from your address already.");
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("10"));
    response
}

/// The same as it goes over the wire, for a connection that ends with it.
pub(super) fn crowd_bytes() -> Vec<u8> {
    let response = crowd();
    let len = response.body().len() as u64;
    let response = with_length(response, len);
    let mut out = head_bytes(response.status(), response.headers(), Persistence::Close);
    out.extend_from_slice(response.body());
    out
}

/// States the length of the body, which a 304 does not have (RFC 9110, section 8.6).
pub(super) fn with_length<B>(mut response: Response<B>, len: u64) -> Response<B> {
    if response.status() != StatusCode::NOT_MODIFIED {
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(len));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_lines_and_an_empty_line() {
        let response = with_length(text(StatusCode::NOT_FOUND, "Gone away."), 11);
        for (persistence, connection) in [
            (Persistence::Persist, ""),
            (Persistence::PersistAloud, "connection: keep-alive\r\n"),
            (Persistence::Close, "connection: close\r\n"),
        ] {
            let head = head_bytes(response.status(), response.headers(), persistence);
            let head = String::from_utf8(head).unwrap();
            assert!(head.starts_with("HTTP/1.1 404 Not Found\r\ndate: "), "{head}");
            assert!(head.contains("\r\ncontent-length: 11\r\n"), "{head}");
            assert!(head.ends_with(&format!("{connection}\r\n")), "{head}");
        }
        assert_eq!(response.body(), "Gone away.\n");
    }
}
