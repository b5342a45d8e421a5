//! One listed video, as gallery, feed and site map tell of it.

use std::sync::Arc;
use std::time::Duration;

use vodpost_protocol::time::Timestamp;

use crate::core::artifact::{Served, ServedLayout};
use crate::delivery::link::{file_url, page_url};
use crate::delivery::pages::Site;
use crate::delivery::table::Entry;
use crate::delivery::title;

#[derive(Debug)]
pub(super) struct Item {
    /// One line of harmless text.
    pub title: String,
    pub page_url: String,
    pub file_url: String,
    pub poster_url: Option<String>,
    pub width: u32,
    pub height: u32,
    pub seconds: u64,
    /// `None` where it is not the size of a file.
    pub size_bytes: Option<u64>,
    pub created_at: Timestamp,
}

impl Item {
    /// Those that are still live.
    pub(super) async fn all(site: &Site, entries: &[Arc<Entry>]) -> Vec<Self> {
        let live: Vec<(&Entry, &Served)> =
            entries.iter().filter_map(|entry| Some((&**entry, entry.served()?))).collect();
        let wanted = live.iter().map(|(entry, served)| (entry.token, served.job())).collect();
        let posters = site.posters.have(wanted).await;
        live.into_iter()
            .zip(posters)
            .map(|((entry, served), poster)| Self::of(site, entry, served, poster))
            .collect()
    }

    pub(super) fn of(site: &Site, entry: &Entry, served: &Served, has_poster: bool) -> Self {
        let page_url = page_url(&site.public_url, &entry.token);
        let poster_url = has_poster.then(|| format!("{page_url}.jpg"));
        Self {
            title: title::shown(&entry.title()),
            file_url: file_url(&site.public_url, &entry.token),
            poster_url,
            page_url,
            width: served.size().0,
            height: served.size().1,
            seconds: served.duration_ms().div_ceil(1000),
            size_bytes: match served.layout() {
                ServedLayout::AsIs => Some(served.identity().size_bytes),
                // A little more, if tables have to grow.
                ServedLayout::Relocated => None,
            },
            created_at: entry.created_at,
        }
    }

    /// `1:02:03`, `0:07`
    pub(super) fn clock(&self) -> String {
        let (hours, minutes, seconds) = (self.seconds / 3600, self.seconds / 60 % 60, self.seconds % 60);
        if hours > 0 {
            format!("{hours}:{minutes:02}:{seconds:02}")
        } else {
            format!("{minutes}:{seconds:02}")
        }
    }

    /// RFC 822, as RSS wants it.
    pub(super) fn rss_date(&self) -> String {
        httpdate::fmt_http_date(self.created_at.to_system())
    }

    /// `2026-11-23T08:00:00Z` (W3C date and time)
    pub(super) fn w3c_date(&self) -> String {
        let seconds = Duration::from_secs(self.created_at.millis() / 1000);
        humantime::format_rfc3339_seconds(std::time::UNIX_EPOCH + seconds).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_each_format_wants_them() {
        let mut item = Item {
            title: "talk".into(),
            page_url: String::new(),
            file_url: String::new(),
            poster_url: None,
            width: 1,
            height: 1,
            seconds: 7,
            size_bytes: Some(1),
            created_at: Timestamp::from_millis(1_700_000_000_999),
        };
        assert_eq!(item.clock(), "0:07");
        item.seconds = 3723;
        assert_eq!(item.clock(), "1:02:03");
        assert_eq!(item.rss_date(), "Tue, 14 Nov 2023 22:13:20 GMT");
        assert_eq!(item.w3c_date(), "2023-11-14T22:13:20Z");
    }
}
