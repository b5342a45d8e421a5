//! Transfers that must end before their time: P6 and L4.

use std::io::Write as _;

use tokio::io::Interest;

use super::*;

const LEN: u64 = 64 << 20;

impl Stage {
    /// A connection in the middle of a transfer.
    async fn watching(&self) -> TcpStream {
        let mut stream = self.connect().await;
        let request = format!("GET /v/{}.mp4 HTTP/1.1\r\n{HOST}\r\n", token());
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.read_exact(&mut vec![0; 1 << 20]).await.unwrap();
        stream
    }
}

/// Reads what still arrives, and expects the connection to break.
async fn rest(stream: &mut TcpStream) -> usize {
    let mut rest = Vec::new();
    let result = timeout(PATIENCE, stream.read_to_end(&mut rest)).await.unwrap();
    assert_eq!(result.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    rest.len()
}

async fn broken(stream: &TcpStream) {
    timeout(PATIENCE, stream.ready(Interest::ERROR)).await.unwrap().unwrap();
}

#[tokio::test]
async fn suspension_ends_running_transfers() {
    for state in [PublicState::Suspended, PublicState::Pending, PublicState::Invalid] {
        let stage = Stage::showing_sparse(Limits::default(), LEN);
        let mut reading = stage.watching().await;
        let stopped = stage.watching().await;
        stage.apply("talk", state);
        broken(&stopped).await;
        let rest = rest(&mut reading).await;
        assert!(rest < 32 << 20, "{rest} bytes after the end");
    }
}

#[tokio::test]
async fn a_removed_token_ends_its_transfers() {
    let stage = Stage::showing_sparse(Limits::default(), LEN);
    let mut stream = stage.watching().await;
    stage.table.remove(&token());
    assert!(rest(&mut stream).await < 32 << 20);
    assert_eq!(stage.file("").await.status, 404);
}

#[tokio::test]
async fn another_file_ends_transfers_and_another_title_does_not() {
    let stage = Stage::showing_sparse(Limits::default(), LEN);
    let path = stage.folder.path().join("talk.mp4");
    let mut kept = stage.watching().await;
    stage.publish("another title", &path, ServedLayout::AsIs);
    // More than any buffer held.
    kept.read_exact(&mut vec![0; 24 << 20]).await.unwrap();
    let other = stage.folder.path().join("other.mp4");
    File::create(&other).unwrap().set_len(LEN).unwrap();
    stage.publish("another title", &other, ServedLayout::AsIs);
    assert!(rest(&mut kept).await < 32 << 20);
}

#[tokio::test]
async fn a_file_that_changes_under_a_transfer_breaks_it() {
    let mut stage = Stage::showing_sparse(Limits::default(), LEN);
    let mut stream = stage.watching().await;
    let path = stage.folder.path().join("talk.mp4");
    File::options().write(true).open(&path).unwrap().write_all(b"other bytes").unwrap();
    assert!((rest(&mut stream).await as u64) < LEN - (1 << 20));
    assert_eq!(stage.noticed.differs.recv().await, Some(video()));
}

#[tokio::test]
async fn a_file_that_shrinks_under_a_transfer_breaks_it() {
    let mut stage = Stage::showing_sparse(Limits::default(), LEN);
    let mut stream = stage.watching().await;
    let path = stage.folder.path().join("talk.mp4");
    File::options().write(true).open(&path).unwrap().set_len(1 << 20).unwrap();
    rest(&mut stream).await;
    assert_eq!(stage.noticed.differs.recv().await, Some(video()));
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_dropped() {
    let limits = Limits { stall: Duration::from_millis(50), ..Limits::default() };
    let stage = Stage::showing_sparse(limits, LEN);
    let stream = stage.watching().await;
    broken(&stream).await;
}
