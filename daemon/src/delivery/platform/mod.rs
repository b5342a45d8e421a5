//! The platform (P7): where the videos that are posted are listed besides their URLs: a gallery, a feed, embedding and a
//! site map. What is not live is in none of them.

mod feed;
mod gallery;
mod item;
mod oembed;
mod sitemap;

#[cfg(test)]
mod hostile_titles;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::routing::get;
use http::header::ACCESS_CONTROL_ALLOW_ORIGIN;
use http::{HeaderMap, HeaderValue, Response, StatusCode, Uri};
use serde::Serialize;

pub(super) use self::sitemap::Maps;

use super::conditional::Validators;
use super::pages::{Site, absent};
use super::response::answer;
use super::title;
use super::words::Absence;

const XML: HeaderValue = HeaderValue::from_static("application/xml; charset=utf-8");
const RSS: HeaderValue = HeaderValue::from_static("application/rss+xml; charset=utf-8");
const PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
/// Of a query that anybody may send.
const VALUE_LEN_MAX: usize = 2048;

/// What the site is called, and whether there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Platform {
    /// Without it there are watch pages only.
    pub enabled: bool,
    pub title: String,
    /// One line; may be empty.
    pub description: String,
}

impl Default for Platform {
    fn default() -> Self {
        Self { enabled: true, title: "vodpost".to_owned(), description: String::new() }
    }
}

/// Characters of what is said below the name.
const DESCRIPTION_CHARS_MAX: usize = 500;

impl Platform {
    /// One line of harmless text.
    pub(super) fn title(&self) -> String {
        title::shown(&self.title)
    }

    /// The same; may be empty.
    pub(super) fn description(&self) -> String {
        title::line(&self.description, DESCRIPTION_CHARS_MAX)
    }
}

pub(super) fn routes(platform: &Platform) -> Router<Arc<Site>> {
    let router = Router::new().route("/robots.txt", get(robots));
    if platform.enabled {
        router
            .route("/", get(gallery::page))
            .route("/feed.xml", get(feed::page))
            .route("/oembed", get(oembed::page))
            .route("/sitemap.xml", get(sitemap::page))
    } else {
        router
    }
}

/// The watch pages say themselves which of them are not to be found. Forbidding them here would keep away those as well who
/// make a card of a page that somebody shares.
async fn robots(State(site): State<Arc<Site>>) -> Response<Body> {
    let mut text = "User-agent: *\nDisallow:\n".to_owned();
    if site.platform.enabled {
        text.push_str(&format!("Sitemap: {}/sitemap.xml\n", site.public_url));
    }
    site.live(answer(StatusCode::OK, PLAIN, text)).map(Into::into)
}

/// A document that others fetch again and again.
fn document(site: &Site, media_type: HeaderValue, text: String, fields: &HeaderMap) -> Response<Bytes> {
    let validators = Validators::of_text(&text);
    shared(site, media_type, (text.into(), &validators), fields)
}

/// One that was made for others already.
fn shared(
    site: &Site,
    media_type: HeaderValue,
    (text, validators): (Bytes, &Validators),
    fields: &HeaderMap,
) -> Response<Bytes> {
    let mut response = validators.answer(media_type, text, fields);
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    site.live(response)
}

/// One value of a query, decoded (WHATWG URL, application/x-www-form-urlencoded). Empty counts as absent.
pub(super) fn value(uri: &Uri, name: &str) -> Option<String> {
    let query = uri.query()?;
    let raw = query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name).then_some(value)
    })?;
    if raw.len() > VALUE_LEN_MAX {
        return None;
    }
    let spaced = raw.replace('+', " ");
    let value = percent_encoding::percent_decode_str(&spaced).decode_utf8().ok()?;
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// A cursor that is none leads nowhere.
fn no_such_page(fields: &HeaderMap) -> Response<Body> {
    absent(Absence::NotFound, fields).map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_and_limited() {
        let uri: Uri = "/?q=a+b%26%E6%BC%94&after=&x".parse().unwrap();
        assert_eq!(value(&uri, "q").as_deref(), Some("a b&演"));
        for absent in ["after", "x", "y", "Q"] {
            assert_eq!(value(&uri, absent), None, "{absent}");
        }
        let long: Uri = format!("/?q={}", "a".repeat(VALUE_LEN_MAX + 1)).parse().unwrap();
        assert_eq!(value(&long, "q"), None);
        let broken: Uri = "/?q=%ff".parse().unwrap();
        assert_eq!(value(&broken, "q"), None);
    }
}
