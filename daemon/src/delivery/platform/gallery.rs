//! The gallery: what is posted, the newest first, in pages, and those whose titles contain a text.

use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::extract::State;
use http::header::VARY;
use http::{HeaderMap, HeaderValue, Response, StatusCode, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::item::Item;
use super::{no_such_page, value};
use crate::delivery::listing::Place;
use crate::delivery::pages::{STYLE, Site, html};
use crate::delivery::words::Language;

const PAGE: usize = 24;
/// A search looks at so many titles at a time; its next page goes on behind them.
const LOOKS_MAX: usize = 20_000;
/// Nobody looks for more.
const QUERY_CHARS_MAX: usize = 100;

#[derive(Template)]
#[template(path = "gallery.html")]
struct Gallery {
    language: Language,
    style: &'static str,
    site_title: String,
    description: String,
    site_url: String,
    base: String,
    query: String,
    items: Vec<Item>,
    is_first: bool,
    /// The query of the link to the next page.
    next: Option<String>,
}

pub(super) async fn page(State(site): State<Arc<Site>>, uri: Uri, fields: HeaderMap) -> Response<Body> {
    let after = match value(&uri, "after").map(|cursor| cursor.parse::<Place>()) {
        None => None,
        Some(Ok(place)) => Some(place),
        Some(Err(_)) => return no_such_page(&fields),
    };
    let query: String = value(&uri, "q").unwrap_or_default().chars().take(QUERY_CHARS_MAX).collect();
    let wanted = query.to_lowercase();
    let listed = if wanted.is_empty() {
        site.table.listed(after, PAGE, PAGE + 1, |_| true).await
    } else {
        // One at a time: however many search, whoever watches has the other cores, and a turn on this one.
        let _turn = site.searching.lock().await;
        site.table
            .listed(after, PAGE, LOOKS_MAX, |entry| entry.title().to_lowercase().contains(&wanted))
            .await
    };
    let next = listed.next.map(|place| {
        let query = utf8_percent_encode(&query, NON_ALPHANUMERIC);
        if wanted.is_empty() { format!("?after={place}") } else { format!("?q={query}&after={place}") }
    });
    let page = Gallery {
        language: Language::preferred(&fields),
        style: STYLE,
        site_title: site.platform.title(),
        description: site.platform.description(),
        site_url: site.public_url.to_string(),
        base: site.public_url.path().to_owned(),
        query,
        items: Item::all(&site, &listed.entries).await,
        is_first: after.is_none(),
        next,
    };
    let mut response = site.live(html(StatusCode::OK, &page));
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept-language"));
    response.map(Into::into)
}
