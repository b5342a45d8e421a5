//! Clients that want more than their share, or take less than they should, and what the kernel holds for them.

use tokio::net::TcpSocket;

use super::*;
use crate::delivery::address::Network;

const LEN: u64 = 64 << 20;
/// Far longer than anything but a kernel that is full makes the server wait.
const QUIET: Duration = Duration::from_millis(500);
/// Linux makes about twice as much of it.
const SMALL_WINDOW: u32 = 4096;

impl Stage {
    /// A client whose kernel takes next to nothing for it, after it has sent a request.
    async fn narrow(&self, fields: &str) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(SMALL_WINDOW).unwrap();
        let mut stream = socket.connect(self.server.addr).await.unwrap();
        let request = format!("GET /v/{}.mp4 HTTP/1.1\r\n{HOST}{fields}\r\n", token());
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.read_exact(&mut [0]).await.unwrap();
        stream
    }

    fn bytes_sent(&self) -> u64 {
        self.table.drain_usage(9).iter().map(|usage| usage.bytes).sum()
    }
}

async fn read_to_end(stream: &mut TcpStream) -> (usize, std::io::Result<usize>) {
    let mut rest = Vec::new();
    let result = timeout(PATIENCE, stream.read_to_end(&mut rest)).await.unwrap();
    (rest.len(), result)
}

fn limits(set: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    set(&mut limits);
    limits
}

#[tokio::test]
async fn whoever_takes_less_than_the_minimum_rate_is_dropped() {
    // On a busy machine the client itself may be late, which must not look like a stall where none is meant.
    for (min_rate, stall, whole) in [(1 << 50, Duration::from_millis(100), false), (0, PATIENCE, true)] {
        let limits = limits(|limits| {
            limits.stall = stall;
            limits.min_rate = min_rate;
        });
        let stage = Stage::showing_sparse(limits, LEN);
        // It reads all the time, but never as much as a petabyte per second.
        let mut stream = stage.narrow("Connection: close\r\n").await;
        let (len, result) = read_to_end(&mut stream).await;
        assert_eq!((result.is_ok(), len as u64 > LEN), (whole, whole), "{len} bytes at {min_rate} B/s");
    }
}

#[tokio::test]
async fn the_kernel_takes_little_that_it_cannot_send() {
    let limits = limits(|limits| limits.stall = Duration::from_millis(100));
    let stage = Stage::showing_sparse(limits, LEN);
    let mut stream = stage.narrow("").await;
    // The client takes nothing until it is dropped for that.
    timeout(PATIENCE, stream.ready(tokio::io::Interest::ERROR)).await.unwrap().unwrap();
    let sent = stage.bytes_sent();
    assert!((1..1 << 20).contains(&sent), "{sent} bytes were taken for a client with a window of a few KB");
    assert!(read_to_end(&mut stream).await.1.is_err());
}

#[tokio::test]
async fn a_suspension_reaches_what_only_the_kernel_still_holds() {
    for fields in ["", "Connection: close\r\n"] {
        let stage = Stage::showing_sparse(Limits::default(), LEN);
        let mut stream = stage.narrow(&format!("Range: bytes=0-99999\r\n{fields}")).await;
        // The server has handed over all of it and waits for the next request.
        let mut sent = 0;
        while sent < 100_000 {
            timeout(PATIENCE, stage.table.wait_used()).await.unwrap();
            sent += stage.bytes_sent();
        }
        stage.apply("talk", PublicState::Suspended);
        let (len, result) = read_to_end(&mut stream).await;
        assert!(result.is_err() && len < 50_000, "{len} bytes after the suspension, then {result:?}");
    }
}

/// Another live video.
fn publish_other(stage: &Stage, len: u64) -> Token {
    let other = Token::from_random(0x0B);
    let path = stage.folder.path().join("other.mp4");
    File::create(&path).unwrap().set_len(len).unwrap();
    stage.publish_as(other, &path);
    other
}

/// Until the server has handed over nothing for a while, because the kernel takes no more of it.
async fn stuck(stage: &Stage) -> u64 {
    let mut sent = 0;
    while timeout(QUIET, stage.table.wait_used()).await.is_ok() {
        sent += stage.bytes_sent();
    }
    sent
}

#[tokio::test]
async fn a_suspension_reaches_what_the_kernel_holds_while_other_answers_wait() {
    let stage = Stage::showing_sparse(Limits::default(), LEN);
    let other = publish_other(&stage, 1000);
    let mut stream = stage.narrow("Range: bytes=0-99999\r\n").await;
    let next = format!("GET /v/{other}.mp4 HTTP/1.1\r\n{HOST}\r\n").repeat(20_000);
    // So many that the kernel is full of answers before all of them are read.
    timeout(PATIENCE, stream.write_all(next.as_bytes())).await.unwrap().unwrap();
    let sent = stuck(&stage).await;
    assert!((100_001..20_000 * 1000).contains(&sent), "{sent} bytes of both are on their way");
    stage.apply("talk", PublicState::Suspended);
    let (len, result) = read_to_end(&mut stream).await;
    assert!(result.is_err() && len < 50_000, "{len} bytes after the suspension, then {result:?}");
}

#[tokio::test]
async fn a_suspension_spares_a_connection_that_has_long_gone_on_to_other_videos() {
    let stage = Stage::showing_sparse(Limits::default(), LEN);
    let other = publish_other(&stage, LEN);
    let mut stream = stage.connect().await;
    let ask = |token, fields: &str| format!("GET /v/{token}.mp4 HTTP/1.1\r\n{HOST}{fields}\r\n");
    stream.write_all(ask(token(), "Range: bytes=0-9\r\n").as_bytes()).await.unwrap();
    stream.write_all(ask(other, "").as_bytes()).await.unwrap();
    // More than the kernel can hold.
    stream.read_exact(&mut vec![0; 40 << 20]).await.unwrap();
    stage.apply("talk", PublicState::Suspended);
    stream.read_exact(&mut vec![0; 24 << 20]).await.unwrap();
}

#[tokio::test]
async fn l4_nothing_is_sent_of_a_file_that_changed_while_its_client_was_waited_for() {
    let mut stage = Stage::showing_sparse(Limits::default(), LEN);
    // Less than a slice each; the last of them finds the kernel full.
    let next = format!("GET /v/{}.mp4 HTTP/1.1\r\n{HOST}Range: bytes=0-65535\r\n\r\n", token());
    let mut stream = stage.narrow("Range: bytes=0-65535\r\n").await;
    stream.write_all(next.repeat(60).as_bytes()).await.unwrap();
    let sent = stuck(&stage).await;
    assert!((65_536..61 * 65_536).contains(&sent), "{sent} bytes: some are on their way, some wait");
    let path = stage.folder.path().join("talk.mp4");
    std::io::Write::write_all(&mut File::options().write(true).open(&path).unwrap(), b"other bytes").unwrap();
    assert!(read_to_end(&mut stream).await.1.is_err(), "the answer is broken off");
    assert_eq!(stage.bytes_sent(), 0, "bytes of the other file under the old ETag");
    assert_eq!(stage.noticed.differs.recv().await, Some(video()));
}

#[tokio::test]
async fn an_address_has_so_many_places() {
    let stage = Stage::with(limits(|limits| limits.connections_per_address = 2));
    let mut first = stage.connect().await;
    let second = stage.connect().await;
    for stream in [&first, &second] {
        stream.writable().await.unwrap();
    }
    // Taken in in this order, so that it is the third that is turned away.
    let (turned_away, rest) = {
        let mut third = stage.connect().await;
        let mut answer = Vec::new();
        timeout(PATIENCE, third.read_to_end(&mut answer)).await.unwrap().unwrap();
        let (reply, rest) = Reply::read(&answer, false);
        (reply, rest.len())
    };
    assert_eq!((turned_away.status, turned_away.field("connection"), rest), (429, Some("close"), 0));
    assert_eq!(turned_away.field("retry-after"), Some("10"));
    drop(second);
    first.write_all(b"GET /robots.txt HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, first.read_to_end(&mut answer)).await.unwrap().unwrap();
    assert_eq!(Reply::read(&answer, false).0.status, 200);
    drop(first);
    timeout(PATIENCE, async {
        // Until the server has noticed that they left.
        loop {
            let mut stream = stage.connect().await;
            let request = b"GET /robots.txt HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
            let mut answer = Vec::new();
            // One that is turned away may not get as far as sending.
            if stream.write_all(request).await.is_ok()
                && stream.read_to_end(&mut answer).await.is_ok()
                && answer.starts_with(b"HTTP/1.1 200")
            {
                break;
            }
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_viewer_has_its_own_places() {
    let one = |limits: &mut Limits| limits.connections_per_address = 1;
    let loopback: Network = "127.0.0.0/8".parse().unwrap();
    let stage = Stage::behind(limits(one), vec![loopback]);
    let path = stage.folder.path().join("talk.mp4");
    File::create(&path).unwrap().set_len(LEN).unwrap();
    stage.publish("talk", &path, ServedLayout::AsIs);
    let alice = "X-Forwarded-For: 198.51.100.9, 203.0.113.1\r\n";
    let _watching = stage.narrow(alice).await;
    let status = |fields: String| {
        let stage = &stage;
        async move { stage.file(&format!("Range: bytes=0-0\r\n{fields}")).await.status }
    };
    assert_eq!(status(alice.to_owned()).await, 429);
    assert_eq!(status("Forwarded: for=203.0.113.1\r\n".to_owned()).await, 429);
    assert_eq!(status("X-Forwarded-For: 203.0.113.2\r\n".to_owned()).await, 206);
    // What stands further left is what the viewer itself has made up.
    assert_eq!(status("X-Forwarded-For: 203.0.113.1, 203.0.113.2\r\n".to_owned()).await, 206);
    assert_eq!(status(String::new()).await, 206);

    let stage = Stage::with(limits(one));
    let _first = stage.connect().await;
    let mut second = stage.connect().await;
    let mut answer = Vec::new();
    timeout(PATIENCE, second.read_to_end(&mut answer)).await.unwrap().unwrap();
    assert_eq!(Reply::read(&answer, false).0.status, 429, "nobody is a proxy who was not named");
}

#[tokio::test]
async fn nothing_is_made_of_what_a_client_calls_the_host() {
    let url = Some("http://v.example.org".parse().unwrap());
    let stage = Stage::set(Limits::default(), Vec::new(), Platform::default(), url);
    let path = stage.write(&pattern(1000));
    stage.publish("talk", &path, ServedLayout::AsIs);
    let token = token();
    for path in [
        "/".to_owned(),
        "/feed.xml".to_owned(),
        format!("/v/{token}"),
        format!("/v/{token}.svg"),
        format!("/v/{token}.mp4"),
    ] {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\n\
             Forwarded: host=evil.example\r\nConnection: close\r\n\r\n"
        );
        let answer = stage.exchange(request.as_bytes()).await;
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{path}");
        assert!(!answer.windows(4).any(|four| four == b"evil"), "{path}");
    }
}
