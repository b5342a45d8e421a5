//! Whether the public URL answers, seen from this machine.
//!
//! `http` is spoken here, a request and the first line of the answer. For `https` curl is asked, if it is installed: it
//! knows the system's certificates and proxies as the admin's other tools do, and this program needs no TLS of its own.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde::Serialize;

use super::run;

/// For everything, name servers included.
const LIMIT: Duration = Duration::from_secs(10);
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Of an answer's first line.
const LINE_LEN_MAX: u64 = 1024;

/// From where an address can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// As far as its name tells.
    Public,
    /// From this machine alone.
    Machine,
    /// From networks around this machine.
    Network,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unreachable {
    /// Its name leads to no address.
    Name(String),
    Refused,
    TimedOut,
    /// The certificate is not trusted, or the two sides do not agree upon TLS.
    Tls(String),
    /// Something before the daemon answers that it is not there.
    Gateway {
        status: u16,
    },
    /// What answers is no web server.
    NotHttp,
    Other(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    Reached,
    Unreachable(Unreachable),
    NoCurl,
}

/// A URL, taken apart as far as is needed here.
#[derive(Debug, PartialEq, Eq)]
struct Parts<'a> {
    is_secure: bool,
    host: &'a str,
    port: u16,
    /// With the port, where there is one.
    authority: &'a str,
    path: &'a str,
}

fn parts(url: &str) -> Option<Parts<'_>> {
    let (scheme, rest) = url.split_once("://")?;
    let is_secure = scheme.eq_ignore_ascii_case("https");
    if !is_secure && !scheme.eq_ignore_ascii_case("http") {
        return None;
    }
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let (host, port) = match authority.rsplit_once(':') {
        // The colons of an IPv6 address stand in brackets.
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        Some(_) | None => (authority, if is_secure { 443 } else { 80 }),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let harmless = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    (!host.is_empty() && harmless(rest)).then_some(Parts { is_secure, host, port, authority, path })
}

/// What its host says about it.
#[must_use]
pub fn of(url: &str) -> Reach {
    let Some(Parts { host, .. }) = parts(url) else { return Reach::Public };
    match host.parse::<IpAddr>() {
        Ok(address) => of_address(address),
        Err(_name) if host.eq_ignore_ascii_case("localhost") => Reach::Machine,
        Err(_name) => Reach::Public,
    }
}

fn of_address(address: IpAddr) -> Reach {
    let (is_own, is_near) = match address {
        IpAddr::V4(v4) => {
            // 100.64.0.0/10, behind the provider's own translation (RFC 6598).
            let is_shared = v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64;
            (v4.is_loopback() || v4.is_unspecified(), v4.is_private() || v4.is_link_local() || is_shared)
        }
        IpAddr::V6(v6) => {
            if let Some(v4) = v6.to_ipv4_mapped() {
                return of_address(v4.into());
            }
            let own = v6.is_loopback() || v6.is_unspecified();
            (own, v6.is_unique_local() || v6.is_unicast_link_local())
        }
    };
    match (is_own, is_near) {
        (true, _) => Reach::Machine,
        (false, true) => Reach::Network,
        (false, false) => Reach::Public,
    }
}

/// Asks for the page at the top.
#[must_use]
pub fn try_it(url: &str) -> Tried {
    let Some(parts) = parts(url) else {
        return Tried::Unreachable(Unreachable::Other("it is no URL".to_owned()));
    };
    if parts.is_secure {
        return with_curl(url, Path::new("curl"), &[]);
    }
    // The system's resolver has no limit that one could set.
    let (to, from) = mpsc::channel();
    let (host, port) = (parts.host.to_owned(), parts.port);
    let request = format!(
        "GET {}/ HTTP/1.1\r\nHost: {}\r\nUser-Agent: vodpost-doctor\r\nAccept: */*\r\nConnection: close\r\n\r\n",
        parts.path, parts.authority
    );
    thread::spawn(move || to.send(ask(&host, port, &request)).unwrap_or_default());
    let status = from.recv_timeout(LIMIT).unwrap_or(Err(Unreachable::TimedOut));
    status.map_or_else(Tried::Unreachable, judge)
}

fn judge(status: u16) -> Tried {
    // 503 too: the daemon itself answers this page with it never.
    if status >= 500 { Tried::Unreachable(Unreachable::Gateway { status }) } else { Tried::Reached }
}

fn ask(host: &str, port: u16, request: &str) -> Result<u16, Unreachable> {
    let addresses = (host, port).to_socket_addrs().map_err(|error| Unreachable::Name(error.to_string()))?;
    let mut failed = Unreachable::Name("no address".to_owned());
    for address in addresses {
        match ask_at(address, request) {
            Ok(status) => return Ok(status),
            Err(why) => failed = why,
        }
    }
    Err(failed)
}

fn ask_at(address: SocketAddr, request: &str) -> Result<u16, Unreachable> {
    let mut stream = TcpStream::connect_timeout(&address, CONNECT_LIMIT).map_err(because)?;
    stream.set_read_timeout(Some(LIMIT)).map_err(because)?;
    stream.set_write_timeout(Some(LIMIT)).map_err(because)?;
    stream.write_all(request.as_bytes()).map_err(because)?;
    let mut line = Vec::new();
    BufReader::new(stream).take(LINE_LEN_MAX).read_until(b'\n', &mut line).map_err(because)?;
    status_of(&line).ok_or(Unreachable::NotHttp)
}

/// `HTTP/1.1 200 OK`
fn status_of(line: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(line).ok()?;
    let mut words = text.strip_prefix("HTTP/1.")?.split(' ');
    words.next()?;
    words.next()?.trim_end().parse().ok()
}

fn because(error: io::Error) -> Unreachable {
    if error.kind() == io::ErrorKind::ConnectionRefused {
        Unreachable::Refused
    } else if matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock) {
        Unreachable::TimedOut
    } else {
        Unreachable::Other(error.to_string())
    }
}

fn with_curl(url: &str, curl: &Path, more: &[&str]) -> Tried {
    let page = format!("{url}/");
    let limit = LIMIT.as_secs().to_string();
    // Without the user's settings for it, which come first or never (-q).
    let fixed = ["-q", "--silent", "--show-error", "--globoff", "--proto", "=https", "--output", "/dev/null"];
    let asked = ["--write-out", "%{http_code}", "--max-time", &limit];
    let arguments = [&fixed[..], &asked, more, &["--", &page]].concat();
    match run::run(curl, &arguments, LIMIT + CONNECT_LIMIT) {
        Ok(said) if said.status.success() => match said.stdout.trim().parse() {
            Ok(status) => judge(status),
            Err(_) => Tried::Unreachable(Unreachable::NotHttp),
        },
        Ok(said) => Tried::Unreachable(of_curl(said.status.code(), &said.stderr)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Tried::NoCurl,
        Err(error) => Tried::Unreachable(because(error)),
    }
}

/// By curl's exit status (`man curl`, EXIT CODES).
fn of_curl(status: Option<i32>, errors: &str) -> Unreachable {
    let last = errors.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    // curl: (60) SSL certificate problem: …
    let said = last.split_once(") ").map_or(last, |(_, said)| said).to_owned();
    match status {
        Some(6) => Unreachable::Name(said),
        Some(7) => Unreachable::Refused,
        Some(28) => Unreachable::TimedOut,
        Some(35 | 51 | 58 | 60 | 66 | 77 | 80 | 83 | 90 | 91) => Unreachable::Tls(said),
        Some(1 | 8 | 52) => Unreachable::NotHttp,
        Some(_) | None => Unreachable::Other(said),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_url_is_taken_apart() {
        let full = parts("http://v.example:81/a/b").unwrap();
        assert_eq!(
            (full.host, full.port, full.authority, full.path),
            ("v.example", 81, "v.example:81", "/a/b")
        );
        let six = parts("HTTPS://[::1]").unwrap();
        assert_eq!((six.host, six.port, six.is_secure, six.path), ("::1", 443, true, ""));
        assert_eq!(parts("http://[::1]:8080").map(|parts| parts.port), Some(8080));
        for bad in ["ftp://a", "http://", "a", "http://a:x", "http://a/b\r\nEvil: c", "http://:80"] {
            assert_eq!(parts(bad), None, "{bad}");
        }
    }

    #[test]
    fn addresses_that_viewers_elsewhere_cannot_reach() {
        for (url, reach) in [
            ("http://127.0.0.1:8080", Reach::Machine),
            ("http://localhost", Reach::Machine),
            ("http://[::1]:80/x", Reach::Machine),
            ("http://[::ffff:10.0.0.1]", Reach::Network),
            ("http://192.168.1.5", Reach::Network),
            ("http://100.127.0.1", Reach::Network),
            ("http://[fd00::1]", Reach::Network),
            ("http://100.128.0.1", Reach::Public),
            ("https://video.example.com", Reach::Public),
            ("https://203.0.113.7", Reach::Public),
        ] {
            assert_eq!(of(url), reach, "{url}");
        }
    }

    /// A server that answers one request with these bytes.
    fn answering(answer: &'static [u8]) -> (String, thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            while !request.ends_with(b"\r\n\r\n") {
                reader.read_until(b'\n', &mut request).unwrap();
            }
            stream.write_all(answer).unwrap();
            String::from_utf8(request).unwrap()
        });
        (url, asked)
    }

    #[test]
    fn the_page_at_the_top_is_asked_for() {
        let (url, asked) = answering(b"HTTP/1.1 404 Not Found\r\n\r\n");
        assert_eq!(try_it(&format!("{url}/videos")), Tried::Reached);
        let request = asked.join().unwrap();
        assert!(request.starts_with("GET /videos/ HTTP/1.1\r\nHost: 127.0.0.1:"), "{request}");
    }

    #[test]
    fn what_answers_and_is_not_the_daemon() {
        for (answer, why) in [
            (&b"HTTP/1.1 502 Bad Gateway\r\n\r\n"[..], Unreachable::Gateway { status: 502 }),
            (b"SSH-2.0-OpenSSH_9.2\r\n", Unreachable::NotHttp),
            (b"", Unreachable::NotHttp),
        ] {
            assert_eq!(try_it(&answering(answer).0), Tried::Unreachable(why));
        }
        let port = {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap()
        };
        assert_eq!(try_it(&format!("http://{port}")), Tried::Unreachable(Unreachable::Refused));
        assert!(matches!(try_it("http://name.invalid"), Tried::Unreachable(Unreachable::Name(_))));
    }

    #[test]
    fn curl_says_what_is_wrong_by_its_status() {
        let said = "curl: (60) SSL certificate problem: certificate has expired";
        let why = Unreachable::Tls("SSL certificate problem: certificate has expired".into());
        assert_eq!(of_curl(Some(60), said), why);
        assert_eq!(of_curl(Some(7), ""), Unreachable::Refused);
        assert!(matches!(of_curl(None, "x"), Unreachable::Other(_)));
        assert_eq!(with_curl("https://a", Path::new("/nonexistent/curl"), &[]), Tried::NoCurl);
    }
}
