//! The site map (sitemaps.org 0.9, with Google's video extension 1.1): one document for few videos, else an index of parts.

use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::extract::State;
use http::{HeaderMap, Response, Uri};

use super::item::Item;
use super::{XML, document, no_such_page, value};
use crate::delivery::listing::Place;
use crate::delivery::pages::{Site, failed};

/// Videos in a part: some hundred kilobytes. The protocol allows 50,000 and 50 MB, which nobody should have to make at once.
const PART: usize = 1000;
/// The word for the part that begins with the newest.
const FIRST: &str = "first";

#[derive(Template)]
#[template(path = "sitemap.xml")]
struct SiteMap {
    home: Option<String>,
    items: Vec<Item>,
}

#[derive(Template)]
#[template(path = "sitemaps.xml")]
struct SiteMaps {
    parts: Vec<String>,
}

pub(super) async fn page(State(site): State<Arc<Site>>, uri: Uri, fields: HeaderMap) -> Response<Body> {
    let part = value(&uri, "part");
    let rendered = match part.as_deref() {
        None if site.table.listed_count() > PART => index(&site),
        None | Some(FIRST) => part_after(&site, None),
        Some(cursor) => match cursor.parse::<Place>() {
            Ok(place) => part_after(&site, Some(place)),
            Err(_) => return no_such_page(&fields),
        },
    };
    match rendered {
        Ok(text) => document(&site, XML, text, &fields).map(Into::into),
        Err(error) => failed(&error).map(Into::into),
    }
}

fn index(site: &Site) -> Result<String, askama::Error> {
    let address = |part: String| format!("{}/sitemap.xml?part={part}", site.public_url);
    let marks = site.table.listed_marks(PART).into_iter().map(|place| address(place.to_string()));
    let parts = std::iter::once(address(FIRST.to_owned())).chain(marks).collect();
    SiteMaps { parts }.render()
}

fn part_after(site: &Site, after: Option<Place>) -> Result<String, askama::Error> {
    let listed = site.table.listed(after, PART, PART + 1, |_| true);
    let items = listed.entries.iter().filter_map(|entry| Item::of(site, entry)).collect();
    let home = after.is_none().then(|| format!("{}/", site.public_url));
    SiteMap { home, items }.render()
}
