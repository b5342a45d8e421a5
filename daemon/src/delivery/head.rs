//! The head of a request (RFC 9112, sections 2 to 6): parsed by `httparse`, then held to what a server of GET and HEAD
//! without bodies needs. What does not fit is refused with one status and one sentence, and the connection ends.

use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};

/// Bytes of a request head, with the empty line.
pub(super) const HEAD_MAX: usize = 16 * 1024;
/// Bytes of a request target; RFC 9112, section 3 recommends to take request lines of 8000 bytes.
const TARGET_MAX: usize = 8000;
const FIELDS_MAX: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Head,
}

impl Method {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    Http10,
    Http11,
}

#[derive(Debug)]
pub(super) struct Head {
    pub(super) method: Method,
    pub(super) version: Version,
    /// In origin form or absolute form (RFC 9112, section 3.2).
    pub(super) uri: Uri,
    pub(super) fields: HeaderMap,
    /// Whether the client lets the connection persist (RFC 9112, section 9.3).
    pub(super) keep_alive: bool,
}

/// A request that cannot be answered as HTTP; the connection ends after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) sentence: &'static str,
}

impl Refusal {
    pub(super) const TIMEOUT: Self =
        Self::new(StatusCode::REQUEST_TIMEOUT, "The request did not arrive in time.");
    const MALFORMED: Self = Self::new(StatusCode::BAD_REQUEST, "The request is not valid HTTP.");
    const VERSION: Self =
        Self::new(StatusCode::HTTP_VERSION_NOT_SUPPORTED, "This server speaks HTTP/1.1 and HTTP/1.0.");
    const METHOD: Self = Self::new(StatusCode::METHOD_NOT_ALLOWED, "Only GET and HEAD are allowed here.");
    const TARGET: Self = Self::new(StatusCode::URI_TOO_LONG, "The address is too long.");
    const FIELDS: Self =
        Self::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "The header of the request is too large.");
    const BODY: Self = Self::new(StatusCode::PAYLOAD_TOO_LARGE, "Requests with a body are not taken.");

    const fn new(status: StatusCode, sentence: &'static str) -> Self {
        Self { status, sentence }
    }
}

/// Bytes received and not consumed yet. Grows up to `HEAD_MAX`, so that idle connections stay small.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    bytes: Vec<u8>,
    filled: usize,
    /// How far the end of a head has been looked for.
    searched: usize,
}

impl Inbox {
    const FIRST: usize = 2048;

    pub(super) fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// Gives its memory back, where it holds nothing: most connections idle most of the time.
    pub(super) fn release(&mut self) {
        if self.is_empty() {
            self.bytes = Vec::new();
        }
    }

    /// Where to put received bytes. Never empty after `take_head` returned `None`.
    pub(super) fn space(&mut self) -> &mut [u8] {
        if self.filled == self.bytes.len() {
            self.bytes.resize((self.filled * 2).clamp(Self::FIRST, HEAD_MAX), 0);
        }
        &mut self.bytes[self.filled..]
    }

    pub(super) fn received(&mut self, count: usize) {
        self.filled += count;
    }

    /// The next whole head, if there is one.
    pub(super) fn take_head(&mut self) -> Result<Option<Head>, Refusal> {
        // Empty lines before a request are to be ignored (RFC 9112, section 2.2).
        let blank = self.bytes[..self.filled].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        if blank > 0 {
            self.consume(blank);
        }
        while self.find_end() {
            if let Some((head, len)) = parse(&self.bytes[..self.filled])? {
                self.consume(len);
                return Ok(Some(head));
            }
        }
        if self.filled < HEAD_MAX {
            return Ok(None);
        }
        let has_line = self.bytes[..self.filled].contains(&b'\n');
        Err(if has_line { Refusal::FIELDS } else { Refusal::TARGET })
    }

    /// Looks for the next empty line, so that a head which arrives byte by byte is not parsed at each byte.
    fn find_end(&mut self) -> bool {
        while let Some(at) = self.bytes[self.searched..self.filled].iter().position(|byte| *byte == b'\n') {
            self.searched += at + 1;
            let seen = &self.bytes[..self.searched];
            if seen.ends_with(b"\n\r\n") || seen.ends_with(b"\n\n") {
                return true;
            }
        }
        self.searched = self.filled;
        false
    }

    fn consume(&mut self, len: usize) {
        self.bytes.copy_within(len..self.filled, 0);
        self.filled -= len;
        self.searched = 0;
    }
}

/// `None` where more bytes are needed; otherwise the head and its length.
pub(super) fn parse(bytes: &[u8]) -> Result<Option<(Head, usize)>, Refusal> {
    let mut slots = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut request = httparse::Request::new(&mut slots);
    let len = match request.parse(bytes) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Refusal::FIELDS),
        Err(httparse::Error::Version) => return Err(Refusal::VERSION),
        Err(_) => return Err(Refusal::MALFORMED),
    };
    if len > HEAD_MAX {
        return Err(Refusal::FIELDS);
    }
    let method = match request.method {
        Some("GET") => Method::Get,
        Some("HEAD") => Method::Head,
        _ => return Err(Refusal::METHOD),
    };
    let version = if request.version == Some(0) { Version::Http10 } else { Version::Http11 };
    let uri = target(request.path.unwrap_or_default())?;
    let fields = fields(request.headers)?;
    check_host(version, &fields)?;
    check_body(&fields)?;
    let keep_alive = match version {
        Version::Http11 => !has_option(&fields, "close"),
        Version::Http10 => has_option(&fields, "keep-alive") && !has_option(&fields, "close"),
    };
    Ok(Some((Head { method, version, uri, fields, keep_alive }, len)))
}

fn target(text: &str) -> Result<Uri, Refusal> {
    if text.len() > TARGET_MAX {
        return Err(Refusal::TARGET);
    }
    let uri = Uri::try_from(text).map_err(|_not_a_uri| Refusal::MALFORMED)?;
    // RFC 9110, section 4.2.4: a user name in an address is there to deceive.
    let deceives = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    // Authority form belongs to CONNECT and asterisk form to OPTIONS.
    if uri.path().starts_with('/') && !deceives { Ok(uri) } else { Err(Refusal::MALFORMED) }
}

fn fields(parsed: &[httparse::Header<'_>]) -> Result<HeaderMap, Refusal> {
    let mut fields = HeaderMap::with_capacity(parsed.len());
    for field in parsed {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_bad| Refusal::MALFORMED)?;
        let value = HeaderValue::from_bytes(field.value).map_err(|_bad| Refusal::MALFORMED)?;
        fields.append(name, value);
    }
    Ok(fields)
}

/// RFC 9112, section 3.2: exactly one Host field, which names a host; HTTP/1.0 knows none. Nothing is made of it here, but
/// a proxy that reads another host in it than we would is the beginning of an attack.
fn check_host(version: Version, fields: &HeaderMap) -> Result<(), Refusal> {
    let mut hosts = fields.get_all(HOST).iter();
    match (version, hosts.next(), hosts.next()) {
        (_, Some(host), None) if names_host(host.as_bytes()) => Ok(()),
        (Version::Http10, None, None) => Ok(()),
        (Version::Http10 | Version::Http11, _, _) => Err(Refusal::MALFORMED),
    }
}

/// `uri-host [ ":" port ]` (RFC 3986, section 3.2), or nothing.
fn names_host(host: &[u8]) -> bool {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+;=".contains(byte);
    let is_address = |byte: &u8| byte.is_ascii_hexdigit() || b":.".contains(byte);
    let after = match host.strip_prefix(b"[") {
        Some(rest) => match rest.iter().position(|byte| *byte == b']') {
            Some(end) if end > 0 && rest[..end].iter().all(is_address) => &rest[end + 1..],
            Some(_) | None => return false,
        },
        None => &host[host.iter().take_while(|byte| is_name(byte)).count()..],
    };
    after.is_empty() || after.strip_prefix(b":").is_some_and(|port| port.iter().all(u8::is_ascii_digit))
}

/// RFC 9112, section 6: a request without these fields, or with a length of 0, has no body.
fn check_body(fields: &HeaderMap) -> Result<(), Refusal> {
    if fields.contains_key(TRANSFER_ENCODING) {
        return Err(Refusal { status: StatusCode::BAD_REQUEST, ..Refusal::BODY });
    }
    // Two lengths, even equal ones, are what a proxy and we might read differently.
    if fields.get_all(CONTENT_LENGTH).iter().count() > 1 {
        return Err(Refusal::MALFORMED);
    }
    if let Some(length) = fields.get(CONTENT_LENGTH) {
        let digits = length.as_bytes();
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return Err(Refusal::MALFORMED);
        }
        if digits.iter().any(|digit| *digit != b'0') {
            return Err(Refusal::BODY);
        }
    }
    Ok(())
}

fn has_option(fields: &HeaderMap, option: &str) -> bool {
    fields
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|found| found.trim().eq_ignore_ascii_case(option))
}

/// The value of a field that may occur once; `None` where it is absent, repeated or not text.
pub(super) fn single(fields: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = fields.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        (None | Some(_), _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Head {
        let (head, len) = parse(text.as_bytes()).unwrap().unwrap();
        assert_eq!(len, text.len());
        head
    }

    fn refused(text: &str) -> u16 {
        parse(text.as_bytes()).unwrap_err().status.as_u16()
    }

    #[test]
    fn a_plain_request_is_read() {
        let head = whole("GET /v/A?x=1 HTTP/1.1\r\nHost: h\r\nRange: bytes=0-1\r\n\r\n");
        assert_eq!((head.method, head.version, head.keep_alive), (Method::Get, Version::Http11, true));
        assert_eq!(head.uri.path(), "/v/A");
        assert_eq!(single(&head.fields, http::header::RANGE), Some("bytes=0-1"));
    }

    #[test]
    fn absolute_form_is_taken() {
        assert_eq!(whole("HEAD http://h/v/A HTTP/1.1\r\nHost: h\r\n\r\n").uri.path(), "/v/A");
        assert_eq!(whole("GET http://h HTTP/1.1\r\nHost: h\r\n\r\n").uri.path(), "/");
    }

    #[test]
    fn persistence_follows_version_and_connection_field() {
        for (line, field, keep) in [
            ("HTTP/1.1", "X: y", true),
            ("HTTP/1.1", "Connection: Close", false),
            ("HTTP/1.1", "Connection: foo, close", false),
            ("HTTP/1.0", "X: y", false),
            ("HTTP/1.0", "Connection: Keep-Alive", true),
            ("HTTP/1.0", "Connection: keep-alive, close", false),
        ] {
            let head = whole(&format!("GET / {line}\r\nHost: h\r\n{field}\r\n\r\n"));
            assert_eq!(head.keep_alive, keep, "{line} {field}");
        }
    }

    #[test]
    fn what_does_not_fit_has_its_status() {
        let long = format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "a".repeat(TARGET_MAX));
        let many = format!("GET / HTTP/1.1\r\nHost: h\r\n{}\r\n", "A: b\r\n".repeat(FIELDS_MAX));
        for (text, status) in [
            ("POST / HTTP/1.1\r\nHost: h\r\n\r\n", 405),
            ("get / HTTP/1.1\r\nHost: h\r\n\r\n", 405),
            ("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 405),
            ("GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400),
            ("GET h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", 400),
            ("GET / HTTP/1.0\r\nHost: h\r\nHost: h\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n", 413),
            ("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0, 0\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n", 400),
            ("GET http://u@h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n", 400),
            ("GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
            (&long, 414),
            (&many, 431),
        ] {
            assert_eq!(refused(text), status, "{}", text.escape_debug());
        }
        assert!(parse(b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n").unwrap().is_some());
        assert!(parse(b"GET / HTTP/1.0\r\n\r\n").unwrap().is_some());
    }

    #[test]
    fn a_host_is_a_name_or_an_address_and_perhaps_a_port() {
        for host in
            ["", "h", "h.", "video.example.org:8080", "192.0.2.1", "[::1]", "[2001:db8::1]:80", "h:", "a_b"]
        {
            assert!(names_host(host.as_bytes()), "{host}");
        }
        for host in [
            "h, i", "h i", "h/x", "u@h", "h:x", "[::1", "[]", "[::1]x", "[x]", "ä", "<h>", "h?x", "h#x",
            "h\\x",
        ] {
            assert!(!names_host(host.as_bytes()), "{host}");
        }
    }

    fn fed(inbox: &mut Inbox, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let space = inbox.space();
            let count = space.len().min(bytes.len());
            space[..count].copy_from_slice(&bytes[..count]);
            inbox.received(count);
            bytes = &bytes[count..];
        }
    }

    #[test]
    fn heads_are_taken_one_by_one_however_they_arrive() {
        let text = b"\r\n\r\nGET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\nHost: h\n\nGET /3";
        let mut inbox = Inbox::default();
        let mut paths = Vec::new();
        for byte in text {
            fed(&mut inbox, &[*byte]);
            while let Some(head) = inbox.take_head().unwrap() {
                paths.push(head.uri.path().to_owned());
            }
        }
        assert_eq!(paths, ["/1", "/2"]);
        assert!(!inbox.is_empty());
        fed(&mut inbox, b" HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_eq!(inbox.take_head().unwrap().unwrap().uri.path(), "/3");
        assert!(inbox.is_empty());
    }

    #[test]
    fn the_inbox_is_limited() {
        let mut inbox = Inbox::default();
        fed(&mut inbox, &[b'a'; HEAD_MAX]);
        assert_eq!(inbox.take_head().unwrap_err(), Refusal::TARGET);
        let mut inbox = Inbox::default();
        fed(&mut inbox, b"GET / HTTP/1.1\r\nA: ");
        fed(&mut inbox, &[b'a'; HEAD_MAX - 19]);
        assert_eq!(inbox.take_head().unwrap_err(), Refusal::FIELDS);
    }
}
