//! Where a viewer came from: the host of the page, and nothing more of its address.

use http::header::{HOST, REFERER};
use http::{HeaderMap, Uri};

use super::head::single;
use super::link::PublicUrl;

/// A host name is not longer (RFC 1035, section 2.3.4).
const HOST_LEN_MAX: usize = 253;

/// The host of the page that linked here; `None` where it was a page of ours, or none on the web.
pub(super) fn foreign_host(fields: &HeaderMap, ours: &PublicUrl) -> Option<Box<str>> {
    let host = host(single(fields, REFERER)?)?;
    let own =
        |text: &str| text.parse::<Uri>().is_ok_and(|uri| uri.host().is_some_and(|own| same(own, &host)));
    if own(ours.as_str()) || single(fields, HOST).is_some_and(own) { None } else { Some(host) }
}

fn host(address: &str) -> Option<Box<str>> {
    let uri: Uri = address.parse().ok()?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return None;
    }
    let host = uri.host()?.trim_end_matches('.');
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte);
    let is_name = !host.is_empty() && host.len() <= HOST_LEN_MAX && host.bytes().all(is_plain);
    is_name.then(|| host.to_ascii_lowercase().into())
}

fn same(one: &str, other: &str) -> bool {
    one.trim_end_matches('.').eq_ignore_ascii_case(other)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_the_host_of_another_site_is_kept() {
        let long = format!("https://{}.example/", "x".repeat(300));
        for (referer, expected) in [
            ("https://mp.weixin.qq.com/s/AbC?x=secret", Some("mp.weixin.qq.com")),
            ("http://Example.ORG:8080", Some("example.org")),
            ("https://xn--fsq.example./", Some("xn--fsq.example")),
            ("https://[2001:db8::1]/", Some("[2001:db8::1]")),
            ("https://user:password@example.org/", Some("example.org")),
            ("https://VIDEO.example.com/v/ABC", None),
            ("http://inside.example/v/ABC", None),
            ("android-app://com.tencent.mm/", None),
            ("about:blank", None),
            ("/v/ABC", None),
            ("", None),
            ("https://", None),
            ("https://a b/", None),
            ("https://a\u{e9}.example/", None),
            (long.as_str(), None),
        ] {
            let mut fields = HeaderMap::new();
            fields.insert(HOST, HeaderValue::from_static("inside.example:8080"));
            fields.insert(REFERER, HeaderValue::from_bytes(referer.as_bytes()).unwrap());
            let ours = "https://video.example.com/videos".parse().unwrap();
            assert_eq!(foreign_host(&fields, &ours).as_deref(), expected, "{referer}");
        }
        assert_eq!(foreign_host(&HeaderMap::new(), &"https://a.example".parse().unwrap()), None);
    }
}
