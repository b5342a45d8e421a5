//! One request, from its head to the last byte of its answer: what is counted and logged of it, however it ends.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use http::header::{RANGE, USER_AGENT};
use http::{HeaderMap, HeaderValue, StatusCode};
use vodpost_protocol::ids::Token;

use super::access_log::{AccessLog, Line};
use super::head::Head;
use super::link::PublicUrl;
use super::media_response::Media;
use super::metrics::{Kind, Metrics};
use super::referrer::foreign_host;
use super::route::{Route, route};
use super::views::{Viewer, Viewing, Views};

/// Those who want to know what is answered.
#[derive(Debug)]
pub(super) struct Observers {
    pub(super) views: Views,
    pub(super) metrics: Arc<Metrics>,
    pub(super) log: Option<AccessLog>,
    pub(super) public_url: Arc<PublicUrl>,
}

/// Told of when dropped, if it was answered.
#[derive(Debug)]
pub(super) struct Asked<'o> {
    observers: &'o Observers,
    viewer: Viewer,
    pub(super) route: Option<Route>,
    begun: Instant,
    /// Where lines are wanted.
    line: Option<Line>,
    pub(super) status: Option<StatusCode>,
    /// Bytes of the body that were sent.
    pub(super) sent: u64,
}

impl Observers {
    /// A request by a viewer at this address.
    pub(super) fn asked(&self, head: &Head, address: IpAddr) -> Asked<'_> {
        let fields = &head.fields;
        let agent = fields.get(USER_AGENT).map(HeaderValue::as_bytes).unwrap_or_default();
        let viewer = self.views.viewer(address, agent);
        let value = |name| fields.get(name).map(|value: &HeaderValue| Line::value(value.as_bytes()));
        let line = self.log.is_some().then(|| Line {
            method: Some(head.method.name()),
            target: Some(Line::target(&head.uri.to_string())),
            range: value(RANGE),
            referrer: foreign_host(fields, &self.public_url),
            user_agent: value(USER_AGENT),
            ..Line::now(viewer)
        });
        self.begin(viewer, Some(route(head.uri.path())), line)
    }

    /// Something from this address that is no request.
    pub(super) fn unreadable(&self, address: IpAddr) -> Asked<'_> {
        let viewer = self.views.viewer(address, b"");
        self.begin(viewer, None, self.log.is_some().then(|| Line::now(viewer)))
    }

    fn begin(&self, viewer: Viewer, route: Option<Route>, line: Option<Line>) -> Asked<'_> {
        Asked { observers: self, viewer, route, begun: Instant::now(), line, status: None, sent: 0 }
    }
}

impl<'o> Asked<'o> {
    /// The viewer may be about to play this posting; where it came from is remembered until it does.
    pub(super) fn note_arrival(&self, fields: &HeaderMap, token: Token) {
        if let Some(host) = foreign_host(fields, &self.observers.public_url) {
            self.observers.views.arrive(self.viewer, token, host);
        }
    }

    pub(super) fn viewing(&self, token: Token, media: &Media) -> Viewing<'o> {
        self.observers.views.viewing(self.viewer, token, &media.span(), media.range.start)
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        let Some(status) = self.status else { return };
        let Observers { metrics, log, .. } = self.observers;
        metrics.answered(self.route.map_or(Kind::Refused, Kind::of), status);
        if let (Some(log), Some(line)) = (log, self.line.take()) {
            let ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            log.write(Line { status: status.as_u16(), bytes: self.sent, ms, ..line });
        }
    }
}
