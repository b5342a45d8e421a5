//! Hundreds of requests, well and ill formed, to our server and, where it is installed, to nginx with the same file. What
//! ours answers is written down; where nginx answers otherwise that is written down as well, with the reason. Anything
//! else fails.
//!
//! A table is a text file in `conformance/`. `why NAME: …` is a reason. `request: …` is a template, in whose first `*` each
//! of the following lines puts what it holds before its `=>`; behind it stands what is answered, and behind a bar what nginx
//! answers and the name of the reason. `\r`, `\n`, `\t`, `\xNN` are bytes; `{PATH}`, `{ETAG}`, `{LEN}`, `{LEN+1}` are those
//! of the file, `{EMPTY}` is nothing, `{NEXT}` another request, `{9*ab}` the same nine times. After the bytes the client's
//! side of the connection is closed. Answers are a status and what the body is: `whole`, a range `0 to LEN-1`, `head` (none,
//! and the right length), `other` or `multipart`; `close` if the connection ends with it; `raw` is no HTTP at all.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, UNIX_EPOCH};

use vodpost_tests::http::{get, request};
use vodpost_tests::media::Sample;
use vodpost_tests::nginx::Nginx;
use vodpost_tests::site::Site;
use vodpost_tests::wait::DEADLINE;

const TABLES: [(&str, &str); 4] = [
    ("ranges", include_str!("conformance/ranges.txt")),
    ("conditions", include_str!("conformance/conditions.txt")),
    ("heads", include_str!("conformance/heads.txt")),
    ("smuggling", include_str!("conformance/smuggling.txt")),
];
/// 14 November 2023, 22:13:20, which the tables name.
const MODIFIED_S: u64 = 1_700_000_000;
const NEXT: &str = r"GET {PATH} HTTP/1.1\r\nHost: h\r\nRange: bytes=0-0\r\n\r\n";

/// One server with the file.
struct Side<'f> {
    addr: SocketAddr,
    path: String,
    etag: String,
    whole: &'f [u8],
}

struct Case<'t> {
    template: &'t str,
    row: &'t str,
    ours: &'t str,
    /// Where it differs: what nginx answers, and the name of the reason.
    theirs: Option<(&'t str, &'t str)>,
}

#[test]
fn every_answer_is_as_written_and_every_difference_to_nginx_has_a_reason() {
    let site = Site::new();
    let file = site.add(&Sample::IndexFirst.path(), "talk.mp4");
    let moved = site.add(&Sample::IndexLast.path(), "moved.mp4");
    let modified = UNIX_EPOCH + Duration::from_secs(MODIFIED_S);
    for file in [&file, &moved] {
        std::fs::File::options().write(true).open(file).unwrap().set_modified(modified).unwrap();
    }
    let whole = std::fs::read(&file).unwrap();
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let path = format!("/v/{}.mp4", site.generate("talk"));
    let ours = Side::of(daemon.http, path, &whole);
    let path = format!("/v/{}.mp4", site.generate("moved"));
    let moved = get(daemon.http, &path).body;
    let relocated = Side::of(daemon.http, path, &moved);
    let nginx = Nginx::serving(&site.library());
    let theirs = nginx.as_ref().map(|nginx| Side::of(nginx.addr, "/talk.mp4".to_owned(), &whole));
    let mut wrong = Vec::new();
    let mut count = 0;
    for (name, text) in TABLES {
        let (cases, reasons) = cases(text);
        for case in cases {
            count += 1;
            let answered = ours.answers(&case);
            if answered != case.ours {
                wrong.push(format!("{name}: {}\n  answered {answered}, not {}", case.row, case.ours));
            }
            // The same with the index in memory and the rest in a file.
            let answered = relocated.answers(&case);
            if answered != case.ours {
                wrong.push(format!("{name}: {}\n  relocated: {answered}, not {}", case.row, case.ours));
            }
            if let Some((_, reason)) = case.theirs {
                assert!(reasons.contains_key(reason), "{name}: {}: there is no reason {reason}", case.row);
            }
            let Some(theirs) = &theirs else { continue };
            let expected = case.theirs.map_or(case.ours, |(expected, _)| expected);
            let answered = theirs.answers(&case);
            if answered != expected {
                wrong.push(format!("{name}: {}\n  nginx answered {answered}, not {expected}", case.row));
            }
        }
    }
    if let Some(theirs) = &theirs {
        describe_the_same(&ours, theirs);
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 400, "{count} requests");
}

/// What the table of smuggling sends, for a file at this path of this host.
pub(crate) fn smuggling(path: &str, host: &str) -> Vec<Vec<u8>> {
    let side =
        Side { addr: ([127, 0, 0, 1], 0).into(), path: path.to_owned(), etag: String::new(), whole: &[] };
    let (_, text) = TABLES.into_iter().find(|(name, _)| *name == "smuggling").unwrap();
    let request = |case: &Case<'_>| {
        let text = side.filled_in(&case.template.replacen('*', &case.row.replace("{EMPTY}", ""), 1));
        bytes(&text.replace(r"Host: h\r", &format!(r"Host: {host}\r")))
    };
    cases(text).0.iter().map(request).collect()
}

/// What the fields of an answer say of the file.
fn describe_the_same(ours: &Side<'_>, theirs: &Side<'_>) {
    let asked = |side: &Side<'_>, field: &str| {
        let field = field.replace("{ETAG}", &side.etag);
        let headers: Vec<(&str, &str)> = field.split_once(": ").into_iter().collect();
        request(side.addr, "GET", &side.path, &headers)
    };
    for (field, status) in [
        ("", 200),
        ("Range: bytes=5-9", 206),
        ("Range: bytes=99999999-", 416),
        ("If-None-Match: {ETAG}", 304),
        ("If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT", 304),
    ] {
        let (our, their) = (asked(ours, field), asked(theirs, field));
        assert_eq!((our.status, their.status), (status, status), "{field}");
        // A refusal describes itself, each server in its own words.
        let same: &[&str] = match status {
            416 => &["Content-Range"],
            // nginx says with the whole only that there are ranges.
            206 => &["Last-Modified", "Content-Range", "Content-Length", "Content-Type"],
            _ => &["Last-Modified", "Accept-Ranges", "Content-Range", "Content-Length", "Content-Type"],
        };
        for name in same {
            assert_eq!(our.header(name), their.header(name), "{field}: {name}");
        }
        for side in [&our, &their] {
            let etag = side.header("ETag");
            assert!(
                status == 416 || etag.is_some_and(|etag| etag.starts_with('"') && etag.len() > 2),
                "{field}: {etag:?}"
            );
        }
    }
}

fn cases(text: &str) -> (Vec<Case<'_>>, BTreeMap<&str, &str>) {
    let (mut cases, mut reasons) = (Vec::new(), BTreeMap::new());
    let mut template = "*";
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(reason) = line.strip_prefix("why ") {
            let (name, reason) = reason.split_once(": ").unwrap();
            reasons.insert(name, reason);
        } else if let Some(text) = line.strip_prefix("request: ") {
            template = text;
        } else {
            let (row, answers) = line.rsplit_once(" => ").unwrap_or_else(|| panic!("no answer: {line}"));
            let (ours, theirs) = match answers.split_once(" | nginx ") {
                None => (answers, None),
                Some((ours, theirs)) => (ours, Some(theirs.rsplit_once(": ").unwrap())),
            };
            cases.push(Case { template, row, ours, theirs });
        }
    }
    (cases, reasons)
}

impl<'f> Side<'f> {
    fn of(addr: SocketAddr, path: String, whole: &'f [u8]) -> Self {
        let head = request(addr, "HEAD", &path, &[]);
        Self { addr, path, etag: head.header("ETag").unwrap().to_owned(), whole }
    }

    fn answers(&self, case: &Case<'_>) -> String {
        let text = case.template.replacen('*', &case.row.replace("{EMPTY}", ""), 1);
        let request = bytes(&self.filled_in(&text));
        words(&self.exchange(&request), &request, self.whole)
    }

    /// With everything in braces replaced.
    fn filled_in(&self, text: &str) -> String {
        let text = text.replace("{NEXT}", NEXT).replace("{PATH}", &self.path).replace("{ETAG}", &self.etag);
        let mut out = String::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let Some((inside, after)) = after.split_once('}') else { break };
            if let Some(number) = inside.strip_prefix("LEN") {
                let number = if number.is_empty() { 0 } else { number.parse::<i64>().unwrap() };
                out.push_str(&(self.whole.len() as i64 + number).to_string());
            } else if let Some((times, what)) = inside.split_once('*') {
                out.push_str(&what.repeat(times.parse().unwrap()));
            } else {
                // Braces of the request itself.
                out.push_str(&format!("{{{inside}}}"));
            }
            rest = after;
        }
        out + rest
    }

    fn exchange(&self, request: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.addr).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        // A server may refuse, and close, before it has read everything.
        drop(stream.write_all(request).and_then(|()| stream.shutdown(Shutdown::Write)));
        let mut answer = Vec::new();
        match stream.read_to_end(&mut answer) {
            Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => {
                panic!("{error}: {request:?}")
            }
            Ok(_) | Err(_) => answer,
        }
    }
}

fn bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'\\' {
            out.push(*first);
            continue;
        }
        let (kind, after) = rest.split_first().unwrap();
        rest = after;
        out.push(match kind {
            b'r' => b'\r',
            b'n' => b'\n',
            b't' => b'\t',
            b'\\' => b'\\',
            b'x' => {
                let digits = std::str::from_utf8(&rest[..2]).unwrap();
                rest = &rest[2..];
                u8::from_str_radix(digits, 16).unwrap()
            }
            other => panic!("{}", char::from(*other)),
        });
    }
    out
}

/// What a server said, in the words of the tables.
fn words(mut bytes: &[u8], request: &[u8], whole: &[u8]) -> String {
    let request = String::from_utf8_lossy(request);
    let mut methods = request.split("\r\n\r\n").map(|head| head.trim_start_matches(['\r', '\n']));
    let mut answers = Vec::new();
    while !bytes.is_empty() {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let Some(end) = end.filter(|_| bytes.starts_with(b"HTTP/1.1 ")) else {
            answers.push(if bytes == whole { "raw whole" } else { "raw" }.to_owned());
            break;
        };
        let (head, rest) = (String::from_utf8_lossy(&bytes[..end]).into_owned(), &bytes[end + 4..]);
        let is_head = methods.next().is_some_and(|request| request.starts_with("HEAD"));
        let (answer, len) = one(&head, rest, is_head, whole);
        answers.push(answer);
        bytes = &rest[len..];
    }
    if answers.is_empty() { "nothing".to_owned() } else { answers.join(", ") }
}

/// One answer, and how many bytes its body has.
fn one(head: &str, rest: &[u8], is_head: bool, whole: &[u8]) -> (String, usize) {
    let status = head.split(' ').nth(1).unwrap();
    let field = |wanted: &str| {
        let mut found = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        found.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim())
    };
    let announced: usize = field("content-length").map_or(0, |len| len.parse().unwrap());
    let len = if is_head || matches!(status, "100" | "304") { 0 } else { announced };
    let Some(body) = rest.get(..len) else { return (format!("{status} short"), rest.len()) };
    let mut answer = status.to_owned();
    match status {
        "200" if is_head && announced == whole.len() => answer.push_str(" head"),
        "200" if body == whole => answer.push_str(" whole"),
        "200" => answer.push_str(" other"),
        "206" => match field("content-range").and_then(|range| part(range, whole.len())) {
            Some((first, last)) => {
                assert!(is_head || body == &whole[first..=last], "{head}");
                answer.push_str(&format!(" {} to {}", place(first, whole), place(last, whole)));
            }
            None => answer.push_str(" multipart"),
        },
        "416" => assert_eq!(field("content-range"), Some(&*format!("bytes */{}", whole.len())), "{head}"),
        _ => {}
    }
    if field("connection").is_some_and(|value| value.to_ascii_lowercase().contains("close")) {
        answer.push_str(" close");
    }
    (answer, len)
}

/// `bytes FIRST-LAST/LEN`
fn part(range: &str, len: usize) -> Option<(usize, usize)> {
    let (range, whole) = range.strip_prefix("bytes ")?.split_once('/')?;
    assert_eq!(whole, len.to_string());
    let (first, last) = range.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

fn place(at: usize, whole: &[u8]) -> String {
    if at < 1000 { at.to_string() } else { format!("LEN-{}", whole.len() - at) }
}
