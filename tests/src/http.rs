//! A small HTTP client that shows everything: status, headers, body.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::wait::DEADLINE;

#[derive(Debug)]
pub struct Response {
    pub status: u16,
    head: String,
    pub body: Vec<u8>,
}

impl Response {
    /// The value of a header, its name in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Self { status, head, body: bytes[end + 4..].to_vec() })
    }

    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

#[must_use]
pub fn get(addr: SocketAddr, path: &str) -> Response {
    request(addr, "GET", path, &[])
}

#[must_use]
pub fn range(addr: SocketAddr, path: &str, range: &str) -> Response {
    request(addr, "GET", path, &[("Range", range)])
}

/// One request on a connection of its own.
///
/// # Panics
/// When there is no answer.
#[must_use]
pub fn request(addr: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut stream = open(addr, method, path, headers);
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("the answer can be read");
    Response::read(&bytes).expect("a whole head with a status")
}

/// As `get`; `None` where nobody answers, or not to the end.
#[must_use]
pub fn try_get(addr: SocketAddr, path: &str) -> Option<Response> {
    let mut stream = TcpStream::connect(addr).ok()?;
    stream.set_read_timeout(Some(DEADLINE)).ok()?;
    stream.write_all(head(addr, "GET", path, &[]).as_bytes()).ok()?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).ok()?;
    let response = Response::read(&bytes)?;
    let announced = response.header("content-length")?.parse::<usize>().ok()?;
    (announced == response.body.len()).then_some(response)
}

/// Sends a request and leaves the answer to be read.
///
/// # Panics
/// When the server cannot be reached.
#[must_use]
pub fn open(addr: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> TcpStream {
    let mut stream = TcpStream::connect(addr).expect("the server listens");
    stream.set_read_timeout(Some(DEADLINE)).expect("a deadline");
    stream.write_all(head(addr, method, path, headers).as_bytes()).expect("the request can be sent");
    stream
}

fn head(addr: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> String {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    head
}
