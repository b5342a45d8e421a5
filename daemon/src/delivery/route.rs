//! Which paths mean what. Percent-encoding, letter case and look-alike digits of tokens are settled here, once, so that
//! nothing behind this file sees two spellings of one posting.

use std::fmt;

use percent_encoding::percent_decode_str;
use vodpost_protocol::ids::Token;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    Posting(Token, Part),
    /// Below `/v/`, but no posting can have this name.
    NoPosting,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Page,
    /// The player alone, for frames of other sites.
    Embed,
    File,
    Poster,
    QrSvg,
    QrPng,
}

impl Part {
    const ALL: [Self; 6] = [Self::Page, Self::Embed, Self::File, Self::Poster, Self::QrSvg, Self::QrPng];

    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Page => "",
            Self::Embed => "/embed",
            Self::File => ".mp4",
            Self::Poster => ".jpg",
            Self::QrSvg => ".svg",
            Self::QrPng => ".png",
        }
    }
}

/// For logs: a token is a secret, its beginning is enough to tell requests apart.
impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Posting(token, part) => write!(f, "/v/{:.4}…{}", token.to_string(), part.suffix()),
            Self::NoPosting => f.write_str("/v/?"),
            Self::Other => f.write_str("other"),
        }
    }
}

/// The path below the public URL's own path, which a proxy may have taken away or passed on.
pub(super) fn below<'a>(path: &'a str, base: &str) -> &'a str {
    if base.is_empty() || matches!(route(path), Route::Posting(..)) {
        return path;
    }
    match path.strip_prefix(base) {
        Some("") => "/",
        Some(rest) if rest.starts_with('/') => rest,
        Some(_) | None => path,
    }
}

/// Judges the path of a request target, as it was sent.
pub(super) fn route(path: &str) -> Route {
    // What does not decode to text is nothing that this server ever named.
    let Ok(decoded) = percent_decode_str(path).decode_utf8() else { return Route::NoPosting };
    let Some(name) = decoded.strip_prefix("/v/").or_else(|| decoded.strip_prefix("/V/")) else {
        return Route::Other;
    };
    posting(name).map_or(Route::NoPosting, |(token, part)| Route::Posting(token, part))
}

fn posting(name: &str) -> Option<(Token, Part)> {
    let (digits, suffix) = name.split_at_checked(Token::DIGITS)?;
    let token = digits.parse().ok()?;
    let part = Part::ALL.into_iter().find(|part| part.suffix().eq_ignore_ascii_case(suffix))?;
    Some((token, part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_posting_are_one() {
        let token = Token::from_random(0xABCDEF);
        let upper = token.to_string();
        let lower = upper.to_lowercase();
        let lookalike = upper.replace('0', "o");
        let encoded: String = upper.bytes().map(|byte| format!("%{byte:02x}")).collect();
        for name in [&upper, &lower, &lookalike, &encoded] {
            for part in Part::ALL {
                let suffix = part.suffix();
                assert_eq!(route(&format!("/v/{name}{suffix}")), Route::Posting(token, part));
                assert_eq!(
                    route(&format!("/V/{name}{}", suffix.to_uppercase())),
                    Route::Posting(token, part)
                );
                assert_eq!(route(&format!("/%76%2f{name}{suffix}")), Route::Posting(token, part));
            }
        }
    }

    #[test]
    fn the_base_path_may_be_there_or_not() {
        let posting = format!("/v/{}", Token::from_random(1));
        for base in ["", "/video", "/v"] {
            assert_eq!(below(&posting, base), posting);
            assert_eq!(below(&format!("{base}{posting}"), base), posting);
            assert_eq!(below("/", base), "/");
        }
        assert_eq!(below("/video", "/video"), "/");
        assert_eq!(below("/video/feed.xml", "/video"), "/feed.xml");
        assert_eq!(below("/videos/feed.xml", "/video"), "/videos/feed.xml");
    }

    #[test]
    fn logs_do_not_hold_tokens() {
        let token = Token::from_random(u128::MAX);
        assert_eq!(Route::Posting(token, Part::File).to_string(), "/v/ZZZZ….mp4");
    }

    #[test]
    fn nothing_else_is_a_posting() {
        let token = Token::from_random(1).to_string();
        for name in [
            String::new(),
            token[1..].to_owned(),
            format!("{token}0"),
            format!("{token}/"),
            format!("{token}.mp4/"),
            format!("{token}.mp4.mp4"),
            format!("{token}.m4v"),
            format!("{token}%00"),
            format!("/{token}"),
            format!("../v/{token}"),
            format!("%zz{token}"),
            "U0000000000000000000".to_owned(),
            "äääääääääääääääääääää".to_owned(),
        ] {
            assert_eq!(route(&format!("/v/{name}")), Route::NoPosting, "{name}");
        }
        assert_eq!(route("/%ff"), Route::NoPosting);
        for path in ["/", "/v", "/feed.xml", &format!("//v/{token}"), &format!("/x/../v/{token}")] {
            assert_eq!(route(path), Route::Other, "{path}");
        }
    }
}
