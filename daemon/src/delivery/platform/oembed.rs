//! oEmbed 1.0: how other sites show a posting in a frame of theirs.

use std::sync::Arc;

use askama::Template;
use axum::body::{Body, Bytes};
use axum::extract::State;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL};
use http::{HeaderMap, HeaderValue, Response, StatusCode, Uri};
use serde::Serialize;

use super::item::Item;
use super::value;
use crate::convert::poster_size;
use crate::delivery::link::PublicUrl;
use crate::delivery::pages::{Site, failed};
use crate::delivery::response::{NO_STORE, answer, text};
use crate::delivery::route::{Part, Route, route};
use crate::delivery::table::{State as EntryState, Unavailable};

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const TEXT_XML: HeaderValue = HeaderValue::from_static("text/xml; charset=utf-8");
/// Consumers may keep an answer for so long; the frame itself ends with the video.
const CACHE_AGE_S: u64 = 300;

#[derive(Debug, Clone, Copy)]
enum Format {
    Json,
    Xml,
}

#[derive(Debug, Serialize, Template)]
#[template(path = "oembed.xml")]
pub(super) struct Video {
    version: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    provider_name: String,
    provider_url: String,
    title: String,
    width: u32,
    height: u32,
    html: String,
    cache_age: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbnail_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbnail_width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbnail_height: Option<u32>,
}

pub(super) async fn page(State(site): State<Arc<Site>>, uri: Uri, _fields: HeaderMap) -> Response<Body> {
    let mut response = match find(&site, &uri) {
        Ok(response) => response,
        Err(refused) => refused.into(),
    };
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    response.map(Into::into)
}

/// Section 2.3.4 of the specification.
#[derive(Debug, Clone, Copy)]
enum Refused {
    UnknownFormat,
    NoUrl,
    NoVideo,
    Suspended,
}

impl From<Refused> for Response<Bytes> {
    fn from(refused: Refused) -> Self {
        let (status, sentence) = match refused {
            Refused::UnknownFormat => (StatusCode::NOT_IMPLEMENTED, "The formats are json and xml."),
            Refused::NoUrl => (StatusCode::BAD_REQUEST, "Say which page: /oembed?url=ADDRESS"),
            Refused::NoVideo => (StatusCode::NOT_FOUND, "There is no video at this address."),
            Refused::Suspended => (StatusCode::FORBIDDEN, "This video has been suspended by its publisher."),
        };
        text(status, sentence)
    }
}

fn find(site: &Site, uri: &Uri) -> Result<Response<Bytes>, Refused> {
    let format = match value(uri, "format").as_deref() {
        None | Some("json") => Format::Json,
        Some("xml") => Format::Xml,
        Some(_) => return Err(Refused::UnknownFormat),
    };
    let url = value(uri, "url").ok_or(Refused::NoUrl)?;
    let token = match own_path(&url, &site.public_url).map(route) {
        Some(Route::Posting(token, Part::Page | Part::Embed | Part::File)) => token,
        Some(
            Route::Posting(_, Part::Poster | Part::QrSvg | Part::QrPng) | Route::NoPosting | Route::Other,
        )
        | None => return Err(Refused::NoVideo),
    };
    let entry = site.table.lookup(&token).ok_or(Refused::NoVideo)?;
    let served = match &entry.state {
        EntryState::Live(live) => &live.served,
        EntryState::Unavailable(Unavailable::Suspended) => return Err(Refused::Suspended),
        EntryState::Unavailable(Unavailable::Pending | Unavailable::Invalid) => return Err(Refused::NoVideo),
    };
    let has_poster = site.posters.has(token, served);
    let video = video(site, Item::of(site, &entry, served, has_poster), uri);
    Ok(match format {
        Format::Json => match serde_json::to_string(&video) {
            Ok(body) => answer(StatusCode::OK, JSON, body),
            Err(error) => failed(&error),
        },
        Format::Xml => match video.render() {
            Ok(body) => answer(StatusCode::OK, TEXT_XML, body),
            Err(error) => failed(&error),
        },
    })
}

/// The path below the public URL, without query and fragment; `None` where it is somebody else's address.
fn own_path<'a>(url: &'a str, public_url: &PublicUrl) -> Option<&'a str> {
    let base = public_url.as_str();
    let (start, path) = url.split_at_checked(base.len())?;
    if !start.eq_ignore_ascii_case(base) || !path.starts_with('/') {
        return None;
    }
    path.split(['?', '#']).next()
}

fn video(site: &Site, item: Item, uri: &Uri) -> Video {
    let limit = |name| value(uri, name).and_then(|value| value.parse::<u32>().ok()).filter(|max| *max > 0);
    let (width, height) = fitted((item.width, item.height), limit("maxwidth"), limit("maxheight"));
    // The address is made of a public URL that was checked and a token: nothing in it needs escaping.
    let html = format!(
        "<iframe src=\"{}/embed\" width=\"{width}\" height=\"{height}\" frameborder=\"0\" allowfullscreen></iframe>",
        item.page_url
    );
    let (thumbnail_width, thumbnail_height) = poster_size(item.width, item.height);
    let has_picture = item.poster_url.is_some();
    Video {
        version: "1.0",
        kind: "video",
        provider_name: site.platform.title(),
        provider_url: format!("{}/", site.public_url),
        title: item.title,
        width,
        height,
        html,
        cache_age: CACHE_AGE_S,
        thumbnail_url: item.poster_url,
        thumbnail_width: has_picture.then_some(thumbnail_width),
        thumbnail_height: has_picture.then_some(thumbnail_height),
    }
}

/// As large as the video, but no larger than asked for, in the same shape.
fn fitted((width, height): (u32, u32), max_width: Option<u32>, max_height: Option<u32>) -> (u32, u32) {
    let (width, height) = (u64::from(width.max(1)), u64::from(height.max(1)));
    let max_width = u64::from(max_width.unwrap_or(u32::MAX)).min(width);
    let max_height = u64::from(max_height.unwrap_or(u32::MAX)).min(height);
    let (fit_width, fit_height) = if max_width * height <= max_height * width {
        (max_width, (height * max_width / width).max(1))
    } else {
        ((width * max_height / height).max(1), max_height)
    };
    (u32::try_from(fit_width).unwrap_or(u32::MAX), u32::try_from(fit_height).unwrap_or(u32::MAX))
}

#[cfg(test)]
impl Video {
    /// With names that somebody else has chosen.
    pub(super) fn example(provider_name: String, title: String) -> Self {
        let html = "<iframe src=\"https://v.example.org/v/X/embed\"></iframe>".to_owned();
        let provider_url = "https://v.example.org/".to_owned();
        let (width, height) = (1280, 720);
        Self {
            version: "1.0",
            kind: "video",
            provider_name,
            provider_url,
            title,
            width,
            height,
            html,
            cache_age: CACHE_AGE_S,
            thumbnail_url: None,
            thumbnail_width: None,
            thumbnail_height: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_keep_the_shape_of_the_video() {
        let hd = (1920, 1080);
        for (max_width, max_height, expected) in [
            (None, None, (1920, 1080)),
            (Some(960), None, (960, 540)),
            (None, Some(540), (960, 540)),
            (Some(960), Some(100), (177, 100)),
            (Some(4000), Some(4000), (1920, 1080)),
            (Some(1), Some(1), (1, 1)),
        ] {
            assert_eq!(fitted(hd, max_width, max_height), expected);
        }
        assert_eq!(fitted((0, 0), None, None), (1, 1));
    }

    #[test]
    fn only_addresses_of_ours_are_looked_up() {
        let public_url: PublicUrl = "https://v.example.org/video".parse().unwrap();
        for (url, path) in [
            ("https://v.example.org/video/v/T?x#y", Some("/v/T")),
            ("HTTPS://V.example.org/video/v/T", Some("/v/T")),
            ("https://v.example.org/video", None),
            ("https://v.example.org/videos/v/T", None),
            ("https://v.example.org/v/T", None),
            ("http://v.example.org/video/v/T", None),
            ("", None),
        ] {
            assert_eq!(own_path(url, &public_url), path, "{url}");
        }
    }
}
