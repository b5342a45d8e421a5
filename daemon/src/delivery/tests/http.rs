//! Connections and requests as such (RFC 9112).

use super::*;

const ROBOTS: &str = "User-agent: *\nDisallow:\n";

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let bytes = pattern(100_000);
    let stage = Stage::showing(&bytes);
    let token = token();
    let request = format!(
        "GET /robots.txt HTTP/1.1\r\n{HOST}\r\n\
         GET /v/{token}.mp4 HTTP/1.1\r\n{HOST}Range: bytes=10-19\r\n\r\n\
         HEAD /v/{token}.mp4 HTTP/1.1\r\n{HOST}\r\n\
         GET /v/{token}.mp4 HTTP/1.1\r\n{HOST}\r\n\
         GET /nothing HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n"
    );
    let answer = stage.exchange(request.as_bytes()).await;
    let (first, rest) = Reply::read(&answer, false);
    assert_eq!(first.text(), ROBOTS);
    assert_eq!(first.field("connection"), None);
    let (second, rest) = Reply::read(rest, false);
    assert_eq!((second.status, &second.body[..]), (206, &bytes[10..20]));
    let (third, rest) = Reply::read(rest, true);
    assert_eq!((third.status, third.field("content-length")), (200, Some("100000")));
    let (fourth, rest) = Reply::read(rest, false);
    assert!(fourth.body == bytes);
    let (fifth, rest) = Reply::read(rest, false);
    assert_eq!((fifth.status, fifth.field("connection")), (404, Some("close")));
    assert_eq!(rest, b"");
}

#[tokio::test]
async fn requests_may_arrive_in_pieces() {
    let stage = Stage::new();
    let mut stream = stage.connect().await;
    for piece in ["\r\nGE", "T /robots.txt HT", "TP/1.1\r\nHost: h\r\nConnection: close\r", "\n\r", "\n"] {
        stream.write_all(piece.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
    }
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert_eq!(Reply::read(&answer, false).0.text(), ROBOTS);
}

#[tokio::test]
async fn http_1_0_closes_unless_asked_to_persist() {
    let stage = Stage::new();
    let answer = stage.exchange(b"GET /robots.txt HTTP/1.0\r\n\r\n").await;
    let (reply, rest) = Reply::read(&answer, false);
    assert_eq!((reply.text(), reply.field("connection"), rest), (ROBOTS, Some("close"), &b""[..]));
    let twice = b"GET /robots.txt HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /robots.txt HTTP/1.0\r\n\r\n";
    let answer = stage.exchange(twice).await;
    let (first, rest) = Reply::read(&answer, false);
    assert_eq!(first.field("connection"), Some("keep-alive"));
    let (second, rest) = Reply::read(rest, false);
    assert_eq!((second.field("connection"), rest), (Some("close"), &b""[..]));
}

#[tokio::test]
async fn bad_requests_are_told_and_closed() {
    let stage = Stage::new();
    let long = format!("GET / HTTP/1.1\r\n{HOST}A: {}\r\n\r\n", "a".repeat(20_000));
    let long_target = format!("GET /{} HTTP/1.1\r\n{HOST}\r\n", "a".repeat(20_000));
    let many = format!("GET / HTTP/1.1\r\n{HOST}{}\r\n", "A: b\r\n".repeat(64));
    let body = format!("POST / HTTP/1.1\r\n{HOST}Content-Length: 100000\r\n\r\n{}", "x".repeat(100_000));
    for (request, status) in [
        ("POST / HTTP/1.1\r\nHost: h\r\n\r\n", 405),
        (&body, 405),
        ("DELETE /v/A HTTP/1.1\r\nHost: h\r\n\r\n", 405),
        ("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", 413),
        ("GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("nonsense\r\n\r\n", 400),
        ("\u{16}\u{3}\u{1}\n\n", 400),
        ("GET / HTTP/3.0\r\nHost: h\r\n\r\n", 505),
        (&long, 431),
        (&many, 431),
        (&long_target, 414),
    ] {
        let answer = stage.exchange(request.as_bytes()).await;
        let (reply, rest) = Reply::read(&answer, false);
        let start: String = request.chars().take(60).collect();
        assert_eq!(reply.status, status, "{}", start.escape_debug());
        assert_eq!(reply.field("connection"), Some("close"));
        assert_eq!(reply.field("content-type"), Some("text/plain; charset=utf-8"));
        assert_eq!(reply.field("allow"), (status == 405).then_some("GET, HEAD"));
        assert_eq!(reply.text().lines().count(), 1);
        assert_eq!(rest, b"");
    }
}

fn short(limit: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    limit(&mut limits);
    limits
}

#[tokio::test]
async fn a_head_has_a_deadline() {
    let stage = Stage::with(short(|limits| limits.head = Duration::from_millis(50)));
    assert_eq!(stage.exchange(b"").await, b"", "nothing said, nothing answered");
    let answer = stage.exchange(b"GET / HTTP/1.1\r\nHost:").await;
    assert_eq!(Reply::read(&answer, false).0.status, 408);
}

#[tokio::test]
async fn idle_connections_end() {
    let stage = Stage::with(short(|limits| {
        limits.idle = Duration::from_millis(50);
        // Longer than the test waits.
        limits.head = Duration::from_secs(600);
    }));
    let answer = stage.exchange(b"GET /robots.txt HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let (reply, rest) = Reply::read(&answer, false);
    assert_eq!((reply.status, reply.field("connection"), rest), (200, None, &b""[..]));
}

#[tokio::test]
async fn idle_connections_make_room_for_others() {
    let stage = Stage::with(short(|limits| limits.connections = 2));
    let mut idle = Vec::new();
    for _ in 0..2 {
        let mut stream = stage.connect().await;
        stream.write_all(b"GET /robots.txt HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
        idle.push(stream);
    }
    assert_eq!(timeout(PATIENCE, stage.get("/robots.txt", "")).await.unwrap().status, 200);
}

#[tokio::test]
async fn shutdown_ends_the_server_and_its_connections() {
    let stage = Stage::showing_sparse(Limits::default(), 64 << 20);
    let mut idle = stage.connect().await;
    let mut reading = stage.connect().await;
    let request = format!("GET /v/{}.mp4 HTTP/1.1\r\n{HOST}\r\n", token());
    reading.write_all(request.as_bytes()).await.unwrap();
    reading.read_exact(&mut [0; 1024]).await.unwrap();
    let addr = stage.server.addr;
    stage.shutdown.cancel();
    timeout(PATIENCE, stage.server.join()).await.unwrap();
    let mut rest = Vec::new();
    assert_eq!(idle.read_to_end(&mut rest).await.unwrap(), 0);
    timeout(PATIENCE, reading.read_to_end(&mut rest)).await.unwrap().unwrap_or_default();
    assert!(rest.len() < 32 << 20, "{}", rest.len());
    assert!(TcpStream::connect(addr).await.is_err());
}
