//! Everything but the video bytes: an in-process router of pages and images. Pages work without a script and may load
//! nothing from elsewhere.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use askama::Template;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, RETRY_AFTER, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use vodpost_protocol::ids::Token;

use super::link::{PublicUrl, file_url, page_url};
use super::platform::{self, Maps, Platform};
use super::poster::Posters;
use super::response::{NO_STORE, REVALIDATE, answer, text};
use super::route::{Part, Route, route};
use super::table::{self, Entry, Table, Unavailable};
use super::words::{Absence, Language};
use super::{qr, title, verify};
use crate::convert::poster_size;
use crate::core::artifact::Served;

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const SVG: HeaderValue = HeaderValue::from_static("image/svg+xml");
const PNG: HeaderValue = HeaderValue::from_static("image/png");
/// Seconds after which a video that is being prepared is worth another request.
const RETRY_S: u64 = 30;
const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");
const NO_INDEX: HeaderValue = HeaderValue::from_static("noindex");

pub(super) const STYLE: &str = include_str!("../../templates/style.css");
/// Only our own style sheet, images and videos; the sheet is known by its digest (CSP Level 3, section 2.3.1).
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| policy("'self'"));
/// Of the player that others may frame.
static EMBED_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| policy("*"));

fn policy(framed_by: &str) -> HeaderValue {
    let digest = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; media-src 'self'; img-src 'self'; style-src 'sha256-{digest}'; \
         base-uri 'none'; form-action 'self'; frame-ancestors {framed_by}"
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// What all pages are made of.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) table: Arc<Table>,
    pub(super) public_url: Arc<PublicUrl>,
    pub(super) posters: Posters,
    pub(super) platform: Platform,
    pub(super) verify_dir: Option<PathBuf>,
    /// Whose turn it is to search all titles.
    pub(super) searching: Mutex<()>,
    pub(super) maps: Maps,
}

pub(super) fn router(site: Site) -> Router {
    Router::new()
        .route("/v/{name}", get(posting))
        .route("/v/{name}/embed", get(posting))
        .merge(platform::routes(&site.platform))
        .fallback(other)
        .with_state(Arc::new(site))
}

/// Files that prove whose domain this is, and else nothing.
async fn other(State(site): State<Arc<Site>>, uri: Uri, fields: HeaderMap) -> Response<axum::body::Body> {
    let found = match &site.verify_dir {
        Some(folder) => verify::answer(folder, uri.path(), &fields).await,
        None => None,
    };
    match found {
        Some(response) => site.live(response).map(Into::into),
        None => absent(Absence::NotFound, &fields).map(Into::into),
    }
}

async fn posting(State(site): State<Arc<Site>>, uri: Uri, fields: HeaderMap) -> Response<axum::body::Body> {
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
            Part::Page => self.watch(&entry, served, fields, ""),
            Part::Embed => self.embed(&entry, served, fields),
            Part::QrSvg => self.drawn(SVG, qr::svg(&address)),
            Part::QrPng => self.drawn(PNG, qr::png(&address)),
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
            Some(table::State::Live(_)) => poster
                .map_or_else(|| text(StatusCode::NOT_FOUND, "There is no picture yet."), |it| self.live(it)),
            None => absent(Absence::NotFound, fields),
        }
    }

    fn embed(&self, entry: &Entry, served: &Served, fields: &HeaderMap) -> Response<Bytes> {
        let mut response = self.watch(entry, served, fields, "../");
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, EMBED_POLICY.clone());
        response.headers_mut().insert(ROBOTS, NO_INDEX);
        response
    }

    /// `above` leads from the page to its neighbours; the player that is framed has some way to go.
    fn watch(
        &self,
        entry: &Entry,
        served: &Served,
        fields: &HeaderMap,
        above: &'static str,
    ) -> Response<Bytes> {
        let address = page_url(&self.public_url, &entry.token);
        let (width, height) = served.size();
        let page = Watch {
            language: Language::preferred(fields),
            style: STYLE,
            title: title::shown(&entry.title()),
            site_title: self.platform.title(),
            description: match self.platform.description() {
                none if none.is_empty() => title::shown(&entry.title()),
                description => description,
            },
            poster: poster_size(width, height),
            token: entry.token,
            above,
            oembed_url: self.platform.enabled.then(|| {
                let page = utf8_percent_encode(&address, NON_ALPHANUMERIC);
                format!("{}/oembed?url={page}", self.public_url)
            }),
            created_at: entry.created_at.to_string(),
            listed: entry.listed && self.platform.enabled,
            page_url: address,
            file_url: file_url(&self.public_url, &entry.token),
            width,
            height,
            seconds: served.duration_ms().div_ceil(1000),
            has_poster: self.posters.has(entry.token, served),
        };
        let mut response = self.live(html(StatusCode::OK, &page));
        response.headers_mut().insert(VARY, HeaderValue::from_static("accept-language"));
        if !page.listed {
            response.headers_mut().insert(ROBOTS, NO_INDEX);
        }
        response
    }

    fn drawn(
        &self,
        media_type: HeaderValue,
        image: Result<impl Into<Bytes>, qr::DrawError>,
    ) -> Response<Bytes> {
        match image {
            Ok(image) => self.live(answer(StatusCode::OK, media_type, image)),
            Err(error) => failed(&error),
        }
    }

    /// An answer that lasts only as long as the state it tells of.
    pub(super) fn live(&self, mut response: Response<Bytes>) -> Response<Bytes> {
        response.headers_mut().entry(CACHE_CONTROL).or_insert(REVALIDATE);
        response
    }
}

#[derive(Template)]
#[template(path = "watch.html")]
struct Watch {
    language: Language,
    style: &'static str,
    title: String,
    site_title: String,
    description: String,
    /// In pixels.
    poster: (u32, u32),
    token: Token,
    above: &'static str,
    page_url: String,
    file_url: String,
    oembed_url: Option<String>,
    created_at: String,
    listed: bool,
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
    /// Seconds after which a browser asks again by itself.
    again_s: Option<u64>,
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
        let again_s = (absence == Absence::Unavailable(Unavailable::Pending)).then_some(RETRY_S);
        let heading = absence.heading(language);
        html(status, &AbsencePage { language, style: STYLE, heading, sentence, again_s })
    } else {
        text(status, sentence)
    };
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_S));
    }
    response
}

/// Players ask for `*/*`; only browsers name HTML.
fn reads_html(fields: &HeaderMap) -> bool {
    let mut values = fields.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.any(|value| value.to_ascii_lowercase().contains("text/html"))
}

pub(super) fn html(status: StatusCode, page: &impl Template) -> Response<Bytes> {
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

pub(super) fn failed(error: &(dyn std::error::Error + 'static)) -> Response<Bytes> {
    tracing::warn!(error, "cannot make an answer");
    text(StatusCode::INTERNAL_SERVER_ERROR, "The server could not make this answer.")
}
