//! The feed: RSS 2.0 with Media RSS 1.5.1, in pages (RFC 5005).

use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::extract::State;
use http::{HeaderMap, Response, Uri};

use super::item::Item;
use super::{RSS, document, no_such_page, value};
use crate::delivery::listing::Place;
use crate::delivery::pages::{Site, failed};

const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "feed.xml")]
pub(super) struct Feed {
    pub(super) title: String,
    pub(super) description: String,
    pub(super) site_url: String,
    pub(super) self_url: String,
    pub(super) next_url: Option<String>,
    pub(super) items: Vec<Item>,
}

pub(super) async fn page(State(site): State<Arc<Site>>, uri: Uri, fields: HeaderMap) -> Response<Body> {
    let after = match value(&uri, "after").map(|cursor| cursor.parse::<Place>()) {
        None => None,
        Some(Ok(place)) => Some(place),
        Some(Err(_)) => return no_such_page(&fields),
    };
    let listed = site.table.listed(after, PAGE, PAGE + 1, |_| true).await;
    let address = |place: Option<Place>| match place {
        None => format!("{}/feed.xml", site.public_url),
        Some(place) => format!("{}/feed.xml?after={place}", site.public_url),
    };
    let name = site.platform.title();
    let feed = Feed {
        // RSS demands a description.
        description: if site.platform.description().is_empty() {
            name.clone()
        } else {
            site.platform.description()
        },
        title: name,
        site_url: format!("{}/", site.public_url),
        self_url: address(after),
        next_url: listed.next.map(|place| address(Some(place))),
        items: Item::all(&site, &listed.entries).await,
    };
    match feed.render() {
        Ok(text) => document(&site, RSS, text, &fields).map(Into::into),
        Err(error) => failed(&error).map(Into::into),
    }
}
