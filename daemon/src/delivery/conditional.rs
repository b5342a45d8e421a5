//! Validators and preconditions (RFC 9110, sections 8.8 and 13): which state of a file a client has, and what that means
//! for its request.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use http::header::{
    ETAG, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, LAST_MODIFIED,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use sha2::{Digest, Sha256};

use super::head::single;
use super::response::{answer, text};
use crate::core::artifact::ServedLayout;
use crate::core::media::FileIdentity;

/// Changed whenever the same source would be laid out as other bytes.
const LAYOUT_VERSION: u8 = 1;
/// Bytes of the digest that go into the tag.
const TAG_BYTES: usize = 16;
/// 9999-12-31T23:59:59Z, the last moment of an HTTP date.
const DATE_MAX: Duration = Duration::from_secs(253_402_300_799);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Validators {
    /// Strong, with its quotes (section 8.8.3).
    pub(super) etag: String,
    /// In whole seconds; `None` where an HTTP date cannot say it, or where it lies in the future (section 8.8.2.1).
    pub(super) modified: Option<SystemTime>,
    /// Both as they are sent with each answer.
    pub(super) fields: Fields,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) etag: Option<HeaderValue>,
    pub(super) modified: Option<HeaderValue>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Proceed,
    /// 304
    NotModified,
    /// 412
    Failed,
}

impl Validators {
    pub(super) fn new(identity: &FileIdentity, layout: ServedLayout, now: SystemTime) -> Self {
        let (etag, modified) = (etag(identity, layout), modified(identity.mtime_ns, now));
        let date = modified.map(httpdate::fmt_http_date);
        let fields = Fields {
            etag: HeaderValue::try_from(&etag).ok(),
            modified: date.and_then(|date| HeaderValue::try_from(date).ok()),
        };
        Self { etag, modified, fields }
    }

    /// Of something that is made for each answer, and known by its content alone.
    pub(super) fn of_text(text: &str) -> Self {
        let mut tag = String::with_capacity(2 * TAG_BYTES + 2);
        tag.push('"');
        for byte in Sha256::digest(text).iter().take(TAG_BYTES) {
            // Writing to a String cannot fail.
            write!(tag, "{byte:02x}").unwrap_or_default();
        }
        tag.push('"');
        let fields = Fields { etag: HeaderValue::try_from(&tag).ok(), modified: None };
        Self { etag: tag, modified: None, fields }
    }

    /// The whole of it, or that the client has it already.
    pub(super) fn answer(
        &self,
        media_type: HeaderValue,
        body: impl Into<Bytes>,
        fields: &HeaderMap,
    ) -> Response<Bytes> {
        let mut response = match self.judge(fields) {
            Verdict::Proceed => answer(StatusCode::OK, media_type, body),
            Verdict::NotModified => {
                let mut response = Response::new(Bytes::new());
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                response
            }
            Verdict::Failed => {
                return text(StatusCode::PRECONDITION_FAILED, "It is in another state.");
            }
        };
        for (name, value) in [(ETAG, &self.fields.etag), (LAST_MODIFIED, &self.fields.modified)] {
            if let Some(value) = value {
                response.headers_mut().insert(name, value.clone());
            }
        }
        response
    }

    /// The preconditions, in the order of section 13.2.2.
    pub(super) fn judge(&self, fields: &HeaderMap) -> Verdict {
        if fields.contains_key(IF_MATCH) {
            if !self.listed(fields, IF_MATCH, Comparison::Strong) {
                return Verdict::Failed;
            }
        } else if let (Some(date), Some(modified)) = (date(fields, IF_UNMODIFIED_SINCE), self.modified)
            && modified > date
        {
            return Verdict::Failed;
        }
        if fields.contains_key(IF_NONE_MATCH) {
            if self.listed(fields, IF_NONE_MATCH, Comparison::Weak) {
                return Verdict::NotModified;
            }
        } else if let (Some(date), Some(modified)) = (date(fields, IF_MODIFIED_SINCE), self.modified)
            && modified <= date
        {
            return Verdict::NotModified;
        }
        Verdict::Proceed
    }

    /// If-Range (section 13.1.5): whether the Range field may be followed.
    pub(super) fn allow_range(&self, fields: &HeaderMap, now: SystemTime) -> bool {
        if !fields.contains_key(IF_RANGE) {
            return true;
        }
        let Some(value) = single(fields, IF_RANGE) else { return false };
        let value = value.trim();
        if value.starts_with('"') || value.starts_with("W/") {
            return value == self.etag;
        }
        let (Ok(date), Some(modified)) = (httpdate::parse_http_date(value), self.modified) else {
            return false;
        };
        // A date is a strong validator only once the second that it names is over (section 8.8.2.2).
        date == modified && now.duration_since(modified).is_ok_and(|age| age > Duration::from_secs(1))
    }

    fn listed(&self, fields: &HeaderMap, name: HeaderName, comparison: Comparison) -> bool {
        let mut values = fields.get_all(name).iter();
        values.any(|value| value.to_str().is_ok_and(|list| self.matches(list, comparison)))
    }

    fn matches(&self, list: &str, comparison: Comparison) -> bool {
        if list.trim() == "*" {
            return true;
        }
        // Our tag holds no comma, so a piece of a foreign tag that does can never equal it: it lacks the quotes.
        list.split(',').map(str::trim).any(|tag| match comparison {
            Comparison::Strong => tag == self.etag,
            Comparison::Weak => tag.strip_prefix("W/").unwrap_or(tag) == self.etag,
        })
    }
}

/// Section 8.8.3.2.
#[derive(Debug, Clone, Copy)]
enum Comparison {
    Strong,
    Weak,
}

/// Tells the layouts of one file apart.
pub(super) fn layout_number(layout: ServedLayout) -> u8 {
    match layout {
        ServedLayout::AsIs => 0,
        ServedLayout::Relocated => 1,
    }
}

fn etag(identity: &FileIdentity, layout: ServedLayout) -> String {
    let mut digest = Sha256::new();
    digest.update([LAYOUT_VERSION, layout_number(layout)]);
    for number in [identity.dev, identity.ino, identity.size_bytes, identity.mtime_ns.cast_unsigned()] {
        digest.update(number.to_le_bytes());
    }
    let mut tag = String::with_capacity(TAG_BYTES * 2 + 2);
    tag.push('"');
    for byte in digest.finalize().iter().take(TAG_BYTES) {
        // Writing to a string cannot fail.
        write!(tag, "{byte:02x}").unwrap_or_default();
    }
    tag.push('"');
    tag
}

fn modified(mtime_ns: i64, now: SystemTime) -> Option<SystemTime> {
    let since = Duration::from_secs(u64::try_from(mtime_ns.div_euclid(1_000_000_000)).ok()?);
    let time = UNIX_EPOCH + since;
    (since <= DATE_MAX && time <= now).then_some(time)
}

fn date(fields: &HeaderMap, name: HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(single(fields, name)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDENTITY: FileIdentity =
        FileIdentity { dev: 1, ino: 2, size_bytes: 3, mtime_ns: 1_700_000_000_999_999_999 };
    const MODIFIED: &str = "Tue, 14 Nov 2023 22:13:20 GMT";
    const BEFORE: &str = "Tue, 14 Nov 2023 22:13:19 GMT";
    const AFTER: &str = "Tue, 14 Nov 2023 22:13:21 GMT";

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_800_000_000)
    }

    fn ours() -> Validators {
        Validators::new(&IDENTITY, ServedLayout::AsIs, now())
    }

    fn fields(list: &[(HeaderName, &str)]) -> HeaderMap {
        let mut fields = HeaderMap::new();
        for (name, value) in list {
            fields.append(name, HeaderValue::from_str(value).unwrap());
        }
        fields
    }

    #[test]
    fn the_tag_depends_on_everything_that_changes_the_bytes() {
        let tag = ours().etag;
        assert_eq!(tag.len(), 34);
        assert!(tag[1..33].bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_eq!(tag, etag(&IDENTITY, ServedLayout::AsIs));
        for other in [
            etag(&IDENTITY, ServedLayout::Relocated),
            etag(&FileIdentity { dev: 9, ..IDENTITY }, ServedLayout::AsIs),
            etag(&FileIdentity { ino: 9, ..IDENTITY }, ServedLayout::AsIs),
            etag(&FileIdentity { size_bytes: 9, ..IDENTITY }, ServedLayout::AsIs),
            etag(&FileIdentity { mtime_ns: IDENTITY.mtime_ns + 1, ..IDENTITY }, ServedLayout::AsIs),
        ] {
            assert_ne!(tag, other);
        }
    }

    #[test]
    fn dates_that_http_cannot_say_are_left_out() {
        assert_eq!(modified(IDENTITY.mtime_ns, now()), httpdate::parse_http_date(MODIFIED).ok());
        assert_eq!(modified(-1, now()), None);
        assert_eq!(modified(i64::MAX, now()), None);
        assert_eq!(modified(1_800_000_001_000_000_000, now()), None);
        assert_eq!(modified(0, now()), Some(UNIX_EPOCH));
    }

    #[test]
    fn preconditions_follow_their_precedence() {
        use Verdict::{Failed, NotModified, Proceed};
        let etag = ours().etag;
        let weak = format!("W/{etag}");
        let list = format!("\"x\", {etag} ,\"y,z\"");
        for (expected, list) in [
            (Proceed, vec![]),
            (Proceed, vec![(IF_MATCH, "*")]),
            (Proceed, vec![(IF_MATCH, &*etag)]),
            (Proceed, vec![(IF_MATCH, &*list)]),
            (Proceed, vec![(IF_MATCH, "\"x\""), (IF_MATCH, &*etag)]),
            (Failed, vec![(IF_MATCH, "\"x\"")]),
            (Failed, vec![(IF_MATCH, &*weak)]),
            (Failed, vec![(IF_MATCH, "")]),
            (Proceed, vec![(IF_MATCH, &*etag), (IF_UNMODIFIED_SINCE, BEFORE)]),
            (Failed, vec![(IF_UNMODIFIED_SINCE, BEFORE)]),
            (Proceed, vec![(IF_UNMODIFIED_SINCE, MODIFIED)]),
            (Proceed, vec![(IF_UNMODIFIED_SINCE, AFTER)]),
            (Proceed, vec![(IF_UNMODIFIED_SINCE, "yesterday")]),
            (NotModified, vec![(IF_NONE_MATCH, "*")]),
            (NotModified, vec![(IF_NONE_MATCH, &*etag)]),
            (NotModified, vec![(IF_NONE_MATCH, &*weak)]),
            (NotModified, vec![(IF_NONE_MATCH, &*list)]),
            (Proceed, vec![(IF_NONE_MATCH, "\"x\"")]),
            (Proceed, vec![(IF_NONE_MATCH, "\"x\""), (IF_MODIFIED_SINCE, AFTER)]),
            (NotModified, vec![(IF_MODIFIED_SINCE, MODIFIED)]),
            (NotModified, vec![(IF_MODIFIED_SINCE, AFTER)]),
            (Proceed, vec![(IF_MODIFIED_SINCE, BEFORE)]),
            (Proceed, vec![(IF_MODIFIED_SINCE, "0")]),
            (Proceed, vec![(IF_MODIFIED_SINCE, AFTER), (IF_MODIFIED_SINCE, AFTER)]),
            (Failed, vec![(IF_MATCH, "\"x\""), (IF_NONE_MATCH, &*etag)]),
            (Failed, vec![(IF_UNMODIFIED_SINCE, BEFORE), (IF_NONE_MATCH, &*etag)]),
            (NotModified, vec![(IF_MATCH, &*etag), (IF_NONE_MATCH, &*etag)]),
        ] {
            assert_eq!(ours().judge(&fields(&list)), expected, "{list:?}");
        }
    }

    #[test]
    fn a_range_is_followed_only_under_a_strong_match() {
        let etag = ours().etag;
        let weak = format!("W/{etag}");
        for (expected, list) in [
            (true, vec![]),
            (true, vec![(IF_RANGE, &*etag)]),
            (false, vec![(IF_RANGE, &*weak)]),
            (false, vec![(IF_RANGE, "\"x\"")]),
            (false, vec![(IF_RANGE, "")]),
            (false, vec![(IF_RANGE, "*")]),
            (false, vec![(IF_RANGE, &*etag), (IF_RANGE, &*etag)]),
            (true, vec![(IF_RANGE, MODIFIED)]),
            (false, vec![(IF_RANGE, BEFORE)]),
            (false, vec![(IF_RANGE, AFTER)]),
        ] {
            assert_eq!(ours().allow_range(&fields(&list), now()), expected, "{list:?}");
        }
        let just_written = httpdate::parse_http_date(AFTER).unwrap();
        assert!(!ours().allow_range(&fields(&[(IF_RANGE, MODIFIED)]), just_written));
    }
}
