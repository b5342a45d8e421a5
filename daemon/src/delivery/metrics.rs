//! What the public server counts of itself while it runs.

use std::sync::atomic::{AtomicU64, Ordering};

use http::StatusCode;

use super::route::{Part, Route};

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Page,
    Video,
    Poster,
    QrCode,
    Other,
    /// What was no request to be answered.
    Refused,
}

impl Kind {
    pub const ALL: [Self; 6] =
        [Self::Page, Self::Video, Self::Poster, Self::QrCode, Self::Other, Self::Refused];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Video => "video",
            Self::Poster => "poster",
            Self::QrCode => "qr_code",
            Self::Other => "other",
            Self::Refused => "refused",
        }
    }

    pub(super) fn of(route: Route) -> Self {
        match route {
            Route::Posting(_, Part::Page | Part::Embed) => Self::Page,
            Route::Posting(_, Part::File) => Self::Video,
            Route::Posting(_, Part::Poster) => Self::Poster,
            Route::Posting(_, Part::QrSvg | Part::QrPng) => Self::QrCode,
            Route::NoPosting | Route::Other => Self::Other,
        }
    }
}

/// The first digits of the status codes that are sent.
pub const CLASSES: [&str; 4] = ["2xx", "3xx", "4xx", "5xx"];

#[derive(Debug, Default)]
pub struct Metrics {
    requests: [[AtomicU64; CLASSES.len()]; Kind::ALL.len()],
    /// Of videos, as handed to the network.
    pub video_bytes: Counter,
    pub views: Counter,
    pub connections: Counter,
    pub connections_open: Gauge,
    /// Connections and requests for which there was no place.
    pub turned_away: Counter,
    pub transfers_open: Gauge,
    /// Of TLS.
    pub handshakes_failed: Counter,
    pub log_lines_lost: Counter,
}

#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How many there are at the moment.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// One more, until what is returned is dropped.
    pub(super) fn enter(&self) -> Inside<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Inside(self)
    }

    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Debug)]
pub(super) struct Inside<'g>(&'g Gauge);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Metrics {
    pub(super) fn answered(&self, kind: Kind, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(2);
        if let Some(count) = self.requests[kind as usize].get(class) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Answers of this kind, in the order of `CLASSES`.
    #[must_use]
    pub fn requests(&self, kind: Kind) -> [u64; CLASSES.len()] {
        self.requests[kind as usize].each_ref().map(|count| count.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_kind_and_class() {
        let metrics = Metrics::default();
        for status in [200, 206, 304, 404, 503] {
            metrics.answered(Kind::Video, StatusCode::from_u16(status).unwrap());
        }
        assert_eq!(metrics.requests(Kind::Video), [2, 1, 1, 1]);
        assert_eq!(metrics.requests(Kind::Page), [0; 4]);
        for (place, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place, "{kind:?}");
        }
    }

    #[test]
    fn a_gauge_goes_down_when_somebody_leaves() {
        let metrics = Metrics::default();
        let first = metrics.transfers_open.enter();
        let second = metrics.transfers_open.enter();
        drop(first);
        assert_eq!(metrics.transfers_open.get(), 1);
        drop(second);
        assert_eq!(metrics.transfers_open.get(), 0);
    }
}
