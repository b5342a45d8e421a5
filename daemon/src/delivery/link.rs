//! The addresses that people get: made of the public URL of the server and a token.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use http::Uri;
use vodpost_protocol::ids::Token;

/// Where viewers reach the server, perhaps through a proxy: `http` or `https`, a host, perhaps a path, no slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPublicUrl {
    #[error("the public URL is not a URL: write it like https://video.example.org")]
    Malformed,
    #[error("the public URL must start with http:// or https://")]
    Scheme,
    #[error("the public URL must not hold a user name or a password")]
    UserInfo,
    #[error("the public URL must not hold a query (?) or a fragment (#)")]
    Query,
    #[error("the public URL is longer than {} bytes", PublicUrl::LEN_MAX)]
    TooLong,
}

impl PublicUrl {
    /// Keeps every posting URL within what a QR code holds well.
    pub const LEN_MAX: usize = 512;

    /// The address itself, for a server without a name.
    #[must_use]
    pub fn of_address(addr: SocketAddr) -> Self {
        Self(format!("http://{addr}"))
    }

    /// The same with TLS.
    #[must_use]
    pub fn secure(addr: SocketAddr) -> Self {
        Self(format!("https://{addr}"))
    }

    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.0.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
    }

    /// Without its path.
    #[must_use]
    pub fn origin(&self) -> &str {
        let host = self.0.find("://").map_or(0, |at| at + 3);
        let end = self.0[host..].find('/').map_or(self.0.len(), |at| host + at);
        &self.0[..end]
    }

    /// What comes behind the host: empty, or `/` and more, without a slash at its end.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0[self.origin().len()..]
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PublicUrl {
    type Err = InvalidPublicUrl;

    fn from_str(text: &str) -> Result<Self, InvalidPublicUrl> {
        if text.len() > Self::LEN_MAX {
            return Err(InvalidPublicUrl::TooLong);
        }
        if text.contains(['?', '#']) {
            return Err(InvalidPublicUrl::Query);
        }
        // `Uri` lets these through, RFC 3986 does not.
        let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
        if !text.bytes().all(plain) {
            return Err(InvalidPublicUrl::Malformed);
        }
        let uri: Uri = text.parse().map_err(|_not_a_uri| InvalidPublicUrl::Malformed)?;
        match uri.scheme_str() {
            Some("http" | "https") => {}
            Some(_) | None => return Err(InvalidPublicUrl::Scheme),
        }
        let authority = uri.authority().ok_or(InvalidPublicUrl::Malformed)?;
        if authority.as_str().contains('@') {
            return Err(InvalidPublicUrl::UserInfo);
        }
        if authority.host().is_empty() {
            return Err(InvalidPublicUrl::Malformed);
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }
}

/// The watch page of a posting.
#[must_use]
pub fn page_url(public_url: &PublicUrl, token: &Token) -> String {
    format!("{public_url}/v/{token}")
}

/// The MP4 of a posting.
#[must_use]
pub fn file_url(public_url: &PublicUrl, token: &Token) -> String {
    format!("{public_url}/v/{token}.mp4")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_no_path() {
        for (text, origin, secure) in [
            ("https://v.example.org/a/b", "https://v.example.org", true),
            ("HTTPS://v.example.org", "HTTPS://v.example.org", true),
            ("http://[::1]:80/a", "http://[::1]:80", false),
        ] {
            let public_url: PublicUrl = text.parse().unwrap();
            assert_eq!((public_url.origin(), public_url.is_secure()), (origin, secure));
            assert_eq!(format!("{origin}{}", public_url.path()), public_url.as_str());
        }
    }

    #[test]
    fn links_join_the_public_url_and_the_token() {
        let token = Token::from_random(7);
        for (text, page) in [
            ("https://v.example.org", "https://v.example.org/v/00000000000000000007"),
            ("https://v.example.org/", "https://v.example.org/v/00000000000000000007"),
            ("http://h:8080/a/b//", "http://h:8080/a/b/v/00000000000000000007"),
            ("http://[::1]:80", "http://[::1]:80/v/00000000000000000007"),
        ] {
            let public_url = text.parse().unwrap();
            assert_eq!(page_url(&public_url, &token), page);
            assert_eq!(file_url(&public_url, &token), format!("{page}.mp4"));
        }
    }

    #[test]
    fn what_is_no_base_of_links_is_refused() {
        use InvalidPublicUrl::{Malformed, Query, Scheme, TooLong, UserInfo};
        let long = format!("http://h/{}", "a".repeat(PublicUrl::LEN_MAX));
        for (text, expected) in [
            ("", Malformed),
            ("v.example.org", Scheme),
            ("/v", Scheme),
            ("ftp://h", Scheme),
            ("http://", Malformed),
            ("http://h/?q", Query),
            ("http://h/#f", Query),
            ("http://u:p@h", UserInfo),
            ("http://h/a b", Malformed),
            ("http://h/\"><script>", Malformed),
            ("http://h/ä", Malformed),
            (&long, TooLong),
        ] {
            assert_eq!(text.parse::<PublicUrl>(), Err(expected), "{text}");
        }
    }
}
