//! Everything but the video bytes: an in-process router of pages and images. Pages work without a script and may load
//! nothing from elsewhere.

use std::sync::{Arc, LazyLock};

use askama::Template;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, RETRY_AFTER, VARY};
use http::{HeaderMap, HeaderValue, Response, StatusCode, Uri};
use sha2::{Digest, Sha256};
use vodpost_protocol::ids::Token;

use super::link::{PublicUrl, file_url, page_url};
use super::poster::Posters;
use super::response::{NO_STORE, REVALIDATE, answer, text};
use super::route::{Part, Route, route};
use super::table::{self, Entry, Table, Unavailable};
use super::words::{Absence, Language};
use super::{qr, title};
use crate::core::artifact::Served;

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const SVG: HeaderValue = HeaderValue::from_static("image/svg+xml");
const PNG: HeaderValue = HeaderValue::from_static("image/png");
const PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
/// Seconds after which a video that is being prepared is worth another request.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("30");

const STYLE: &str = include_str!("../../templates/style.css");
/// Only our own style sheet, images and videos; the sheet is known by its digest (CSP Level 3, section 2.3.1).
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let digest = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; media-src 'self'; img-src 'self'; style-src 'sha256-{digest}'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

#[derive(Debug, Clone)]
struct Site {
    table: Arc<Table>,
    public_url: Arc<PublicUrl>,
    posters: Posters,
}

pub(super) fn router(table: Arc<Table>, public_url: Arc<PublicUrl>, posters: Posters) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/robots.txt", get(robots))
        .route("/v/{name}", get(posting))
        .fallback(unknown)
        .with_state(Site { table, public_url, posters })
}

async fn home(fields: HeaderMap) -> Response<axum::body::Body> {
    let page = Home { language: Language::preferred(&fields), style: STYLE };
    live(html(StatusCode::OK, &page)).map(Into::into)
}

async fn robots() -> Response<axum::body::Body> {
    live(answer(StatusCode::OK, PLAIN, "User-agent: *\nDisallow: /v/\n")).map(Into::into)
}

async fn unknown(fields: HeaderMap) -> Response<axum::body::Body> {
    absent(Absence::NotFound, &fields).map(Into::into)
}

async fn posting(State(site): State<Site>, uri: Uri, fields: HeaderMap) -> Response<axum::body::Body> {
    let response = match route(uri.path()) {
        Route::Posting(token, part) => site.part(token, part, &fields).await,
        Route::NoPosting | Route::Other => absent(Absence::NotFound, &fields),
    };
    response.map(Into::into)
}

impl Site {
    async fn part(&self, token: Token, part: Part, fields: &HeaderMap) -> Response<Bytes> {
        let Some(entry) = self.table.lookup(&token) else { return absent(Absence::NotFound, fields) };
        let served = match &entry.state {
            table::State::Live(live) => &live.served,
            table::State::Unavailable(state) => return absent(Absence::Unavailable(*state), fields),
        };
        let address = page_url(&self.public_url, &token);
        match part {
            Part::Page => self.watch(&entry, served, fields),
            Part::QrSvg => drawn(SVG, qr::svg(&address)),
            Part::QrPng => drawn(PNG, qr::png(&address)),
            Part::Poster => self.poster(token, served, fields).await,
            // Not sent by the router.
            Part::File => absent(Absence::NotFound, fields),
        }
    }

    async fn poster(&self, token: Token, served: &Served, fields: &HeaderMap) -> Response<Bytes> {
        let poster = self.posters.answer(token, served, fields).await;
        // Its posting may have ended while it was read (P6).
        match self.table.lookup(&token).as_deref().map(|entry| &entry.state) {
            Some(table::State::Unavailable(state)) => absent(Absence::Unavailable(*state), fields),
            Some(table::State::Live(_)) => {
                poster.map_or_else(|| text(StatusCode::NOT_FOUND, "There is no picture yet."), live)
            }
            None => absent(Absence::NotFound, fields),
        }
    }

    fn watch(&self, entry: &Entry, served: &Served, fields: &HeaderMap) -> Response<Bytes> {
        let page = Watch {
            language: Language::preferred(fields),
            style: STYLE,
            title: title::shown(&entry.title),
            token: entry.token,
            page_url: page_url(&self.public_url, &entry.token),
            file_url: file_url(&self.public_url, &entry.token),
            width: served.width,
            height: served.height,
            seconds: served.duration_ms.div_ceil(1000),
            has_poster: self.posters.has(entry.token, served),
        };
        let mut response = live(html(StatusCode::OK, &page));
        response.headers_mut().insert(VARY, HeaderValue::from_static("accept-language"));
        response
    }
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    language: Language,
    style: &'static str,
}

#[derive(Template)]
#[template(path = "watch.html")]
struct Watch {
    language: Language,
    style: &'static str,
    title: String,
    token: Token,
    page_url: String,
    file_url: String,
    width: u32,
    height: u32,
    seconds: u64,
    has_poster: bool,
}

#[derive(Template)]
#[template(path = "notice.html")]
struct AbsencePage {
    language: Language,
    style: &'static str,
    heading: &'static str,
    sentence: &'static str,
}

/// Why there is no video: a page for browsers, a sentence for the rest.
pub(super) fn absent(absence: Absence, fields: &HeaderMap) -> Response<Bytes> {
    let status = match absence {
        Absence::NotFound => StatusCode::NOT_FOUND,
        Absence::Unavailable(Unavailable::Suspended) => StatusCode::FORBIDDEN,
        Absence::Unavailable(Unavailable::Pending) => StatusCode::SERVICE_UNAVAILABLE,
        Absence::Unavailable(Unavailable::Invalid) => StatusCode::GONE,
    };
    let language = Language::preferred(fields);
    let sentence = absence.sentence(language);
    let mut response = if reads_html(fields) {
        html(status, &AbsencePage { language, style: STYLE, heading: absence.heading(language), sentence })
    } else {
        text(status, sentence)
    };
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS);
    }
    response
}

/// Players ask for `*/*`; only browsers name HTML.
fn reads_html(fields: &HeaderMap) -> bool {
    let mut values = fields.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.any(|value| value.to_ascii_lowercase().contains("text/html"))
}

fn html(status: StatusCode, page: &impl Template) -> Response<Bytes> {
    let body = match page.render() {
        Ok(body) => body,
        Err(error) => return failed(&error),
    };
    let mut response = answer(status, HTML, body);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, POLICY.clone());
    // The address of a page is its only secret.
    response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

fn drawn(media_type: HeaderValue, image: Result<impl Into<Bytes>, qr::DrawError>) -> Response<Bytes> {
    match image {
        Ok(image) => live(answer(StatusCode::OK, media_type, image)),
        Err(error) => failed(&error),
    }
}

fn live(mut response: Response<Bytes>) -> Response<Bytes> {
    response.headers_mut().entry(CACHE_CONTROL).or_insert(REVALIDATE);
    response
}

pub(super) fn failed(error: &(dyn std::error::Error + 'static)) -> Response<Bytes> {
    tracing::warn!(error, "cannot make an answer");
    text(StatusCode::INTERNAL_SERVER_ERROR, "The server could not make this answer.")
}
