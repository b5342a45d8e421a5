//! Arbitrary bytes as what a viewer sends, and as the names that its answers carry.

use std::net::IpAddr;
use std::time::{Duration, UNIX_EPOCH};

use super::address::viewer;
use super::conditional::Validators;
use super::head::{HEAD_MAX, Head, Inbox, Refusal, single};
use super::range::{Asked, asked};
use super::referrer::foreign_host;
use super::route::{Route, route};
use super::title::{content_disposition, shown};
use super::words::Language;
use super::{platform, verify};
use crate::core::artifact::ServedLayout;
use crate::core::media::FileIdentity;
use crate::hostile::{pieces, with_plan};

const IDENTITY: FileIdentity =
    FileIdentity { dev: 1, ino: 2, size_bytes: 1000, mtime_ns: 1_700_000_000_000_000_000 };

/// Requests are the same however they are cut, and no answer to them leaves the file.
pub fn http(bytes: &[u8]) {
    let (plan, stream) = with_plan(bytes);
    let (heads, refused) = taken(pieces(stream, plan));
    let (at_once, refused_at_once) = taken(std::iter::once(stream));
    assert_eq!(format!("{heads:?}"), format!("{at_once:?}"));
    assert_eq!(refused, refused_at_once);
    heads.iter().for_each(judge);
    // A title is the name of a file and may hold anything.
    let title = String::from_utf8_lossy(stream);
    let line = shown(&title);
    assert!(!line.is_empty() && line == shown(&line) && !line.chars().any(char::is_control), "{line:?}");
    let disposition = content_disposition(&title);
    assert!(disposition.as_bytes().iter().all(|byte| (0x20..0x7f).contains(byte)));
}

fn taken<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Head>, Option<Refusal>) {
    let mut inbox = Inbox::default();
    let mut heads = Vec::new();
    for mut piece in pieces {
        while !piece.is_empty() {
            let space = inbox.space();
            assert!(!space.is_empty() && space.len() <= HEAD_MAX);
            let count = space.len().min(piece.len());
            space[..count].copy_from_slice(&piece[..count]);
            inbox.received(count);
            piece = &piece[count..];
            loop {
                match inbox.take_head() {
                    Ok(Some(head)) => heads.push(head),
                    Ok(None) => break,
                    Err(refusal) => return (heads, Some(refusal)),
                }
            }
        }
    }
    (heads, None)
}

fn judge(head: &Head) {
    assert!(head.uri.path().starts_with('/'));
    let (peer, proxies) = (IpAddr::from([127, 0, 0, 1]), ["127.0.0.0/8", "::1"].map(|text| text.parse()));
    let proxies: Vec<_> = proxies.into_iter().flatten().collect();
    // Nobody but a proxy can make itself another one.
    let seen = viewer(peer, &head.fields, &proxies);
    assert!(seen == peer || !proxies.iter().any(|proxy| proxy.contains(seen)));
    assert_eq!(viewer(peer, &head.fields, &[]), peer);
    Language::preferred(&head.fields);
    if let Ok(ours) = "https://video.example.com".parse()
        && let Some(host) = foreign_host(&head.fields, &ours)
    {
        assert!(host.len() <= 253 && host.bytes().all(|byte| byte.is_ascii_graphic()), "{host}");
    }
    for name in ["q", "after", "url", "part"] {
        let value = platform::value(&head.uri, name);
        assert!(value.is_none_or(|value| !value.is_empty() && value.trim() == value));
    }
    let file = verify::name(head.uri.path());
    assert!(file.is_none_or(|name| !name.contains('/') && !name.starts_with('.')));
    if let Route::Posting(token, part) = route(head.uri.path()) {
        assert_eq!(route(&format!("/v/{token}{}", part.suffix())), Route::Posting(token, part));
    }
    let now = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let validators = Validators::new(&IDENTITY, ServedLayout::AsIs, now);
    validators.judge(&head.fields);
    validators.allow_range(&head.fields, now);
    let Some(value) = single(&head.fields, http::header::RANGE) else { return };
    for len in [0, 1, 1000, u64::MAX] {
        match asked(value, len) {
            Asked::Part(range) => assert!(range.start < range.end && range.end <= len, "{range:?} of {len}"),
            Asked::Whole | Asked::Unsatisfiable => {}
        }
    }
}
