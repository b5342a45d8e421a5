//! The site map (sitemaps.org 0.9, with Google's video extension 1.1): one document for few videos, else an index of parts.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use askama::Template;
use axum::body::{Body, Bytes};
use axum::extract::State;
use http::{HeaderMap, Response, Uri};
use lru::LruCache;
use tokio::sync::Mutex;

use super::item::Item;
use super::{XML, no_such_page, shared, value};
use crate::delivery::conditional::Validators;
use crate::delivery::listing::Place;
use crate::delivery::pages::{Site, failed};

/// Videos in a part: some hundred kilobytes. The protocol allows 50,000 and 50 MB, which nobody should have to make at once.
const PART: usize = 1000;
/// Documents that are kept: some megabytes.
const KEPT: NonZeroUsize = NonZeroUsize::new(16).unwrap();
/// Posters come without a change of what is listed.
const FRESH: Duration = Duration::from_secs(60);
/// The word for the part that begins with the newest.
const FIRST: &str = "first";

#[derive(Template)]
#[template(path = "sitemap.xml")]
pub(super) struct SiteMap {
    pub(super) home: Option<String>,
    pub(super) items: Vec<Item>,
}

#[derive(Template)]
#[template(path = "sitemaps.xml")]
struct SiteMaps {
    parts: Vec<String>,
}

/// Documents that were made lately. There is one at a time in the making: they are long, and anybody may ask for them.
#[derive(Debug)]
pub(in crate::delivery) struct Maps(Mutex<LruCache<Which, Made>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Which {
    Index,
    First,
    After(Place),
}

/// Shared by all who ask for it, until what is listed changes.
#[derive(Debug, Clone)]
struct Made {
    text: Bytes,
    validators: Validators,
    generation: u64,
    at: Instant,
}

impl Default for Maps {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(KEPT)))
    }
}

pub(super) async fn page(State(site): State<Arc<Site>>, uri: Uri, fields: HeaderMap) -> Response<Body> {
    let which = match value(&uri, "part").as_deref() {
        None if site.table.listed_count() > PART => Which::Index,
        None | Some(FIRST) => Which::First,
        Some(cursor) => match cursor.parse() {
            Ok(place) => Which::After(place),
            Err(_) => return no_such_page(&fields),
        },
    };
    match site.maps.get(&site, which).await {
        Ok(Made { text, validators, .. }) => shared(&site, XML, (text, &validators), &fields).map(Into::into),
        Err(error) => failed(&error).map(Into::into),
    }
}

impl Maps {
    async fn get(&self, site: &Site, which: Which) -> Result<Made, askama::Error> {
        let mut made = self.0.lock().await;
        // Before it is made: what changes meanwhile makes it an old one.
        let generation = site.table.listed_generation();
        let fresh = |made: &&Made| made.generation == generation && made.at.elapsed() < FRESH;
        if let Some(known) = made.get(&which).filter(fresh) {
            return Ok(known.clone());
        }
        let text = match which {
            Which::Index => index(site).await?,
            Which::First => part_after(site, None).await?,
            Which::After(place) => part_after(site, Some(place)).await?,
        };
        let validators = Validators::of_text(&text);
        let new = Made { text: text.into(), validators, generation, at: Instant::now() };
        made.put(which, new.clone());
        Ok(new)
    }
}

async fn index(site: &Site) -> Result<String, askama::Error> {
    let address = |part: String| format!("{}/sitemap.xml?part={part}", site.public_url);
    let marks = site.table.listed_marks(PART).await;
    let marks = marks.into_iter().map(|place| address(place.to_string()));
    let parts = std::iter::once(address(FIRST.to_owned())).chain(marks).collect();
    SiteMaps { parts }.render()
}

async fn part_after(site: &Site, after: Option<Place>) -> Result<String, askama::Error> {
    let listed = site.table.listed(after, PART, PART + 1, |_| true).await;
    let items = Item::all(site, &listed.entries).await;
    let home = after.is_none().then(|| format!("{}/", site.public_url));
    SiteMap { home, items }.render()
}
