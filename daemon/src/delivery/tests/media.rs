//! The MP4: its bytes, its validators, its ranges (RFC 9110, sections 8, 13 and 14).

use super::*;
use crate::delivery::table::Usage;
use crate::media::ReadAt as _;
use crate::media::mp4::{VirtualFile, layout};
use crate::media::testing::Studio;

const LEN: usize = 3_000_017;

#[tokio::test]
async fn the_whole_file_arrives_with_its_description() {
    let bytes = pattern(LEN);
    let stage = Stage::showing(&bytes);
    let reply = stage.file("").await;
    assert_eq!(reply.status, 200);
    assert!(reply.body == bytes);
    for (name, value) in [
        ("content-type", "video/mp4"),
        ("content-length", "3000017"),
        ("accept-ranges", "bytes"),
        ("cache-control", "private, max-age=0, must-revalidate"),
        ("content-disposition", "inline; filename*=UTF-8''talk.mp4"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-resource-policy", "cross-origin"),
    ] {
        assert_eq!(reply.field(name), Some(value), "{name}");
    }
    assert!(reply.field("last-modified").is_some());
    let etag = reply.field("etag").unwrap();
    assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() == 34, "{etag}");
    let head = stage.request("HEAD", &format!("/v/{}.mp4", token()), "Range: bytes=0-1\r\n").await;
    assert_eq!(head.status, 200);
    assert_eq!(head.stable_fields(), reply.stable_fields());
}

#[tokio::test]
async fn every_range_is_that_part_of_the_file() {
    let bytes = pattern(LEN);
    let stage = Stage::showing(&bytes);
    for (asked, range) in [
        ("0-0", 0..1),
        ("0-1", 0..2),
        ("0-", 0..LEN),
        ("1-", 1..LEN),
        ("65535-65536", 65_535..65_537),
        ("1000-2000000", 1000..2_000_001),
        ("3000016-", LEN - 1..LEN),
        ("2999999-9999999", 2_999_999..LEN),
        ("-1", LEN - 1..LEN),
        ("-700000", LEN - 700_000..LEN),
        ("-99999999", 0..LEN),
    ] {
        let reply = stage.file(&format!("Range: bytes={asked}\r\n")).await;
        assert_eq!(reply.status, 206, "{asked}");
        let content_range = format!("bytes {}-{}/{LEN}", range.start, range.end - 1);
        assert_eq!(reply.field("content-range"), Some(&*content_range));
        assert!(reply.body == bytes[range], "{asked}");
    }
    for asked in ["bytes=0-1,5-6", "bytes=2-1", "bytes=x", "items=0-1"] {
        let reply = stage.file(&format!("Range: {asked}\r\n")).await;
        assert_eq!(
            (reply.status, reply.body.len(), reply.field("content-range")),
            (200, LEN, None),
            "{asked}"
        );
    }
    for asked in ["3000017-", "9999999-", "-0"] {
        let reply = stage.file(&format!("Range: bytes={asked}\r\n")).await;
        assert_eq!(reply.status, 416, "{asked}");
        assert_eq!(reply.field("content-range"), Some("bytes */3000017"));
    }
}

#[tokio::test]
async fn a_relocated_index_is_served_in_front() {
    let studio = Studio::new();
    let path = studio.plain("talk.mp4");
    let file = File::open(&path).unwrap();
    let layout = layout(&file, ServedLayout::Relocated).unwrap();
    let header = layout.memory_bytes() as usize;
    let virtual_file = VirtualFile { file, layout };
    let mut expected = vec![0; virtual_file.len().unwrap() as usize];
    virtual_file.read_exact_at(&mut expected, 0).unwrap();
    assert_ne!(expected, std::fs::read(&path).unwrap());

    let stage = Stage::new();
    stage.publish("talk", &path, ServedLayout::Relocated);
    assert!(stage.file("").await.body == expected);
    for range in [0..1, 0..header, 5..header - 5, header - 3..header + 3, header..header + 9] {
        let reply = stage.file(&format!("Range: bytes={}-{}\r\n", range.start, range.end - 1)).await;
        assert!((reply.status, &reply.body[..]) == (206, &expected[range.clone()]), "{range:?}");
    }
}

#[tokio::test]
async fn preconditions_are_honoured() {
    let bytes = pattern(1000);
    let stage = Stage::showing(&bytes);
    let first = stage.file("").await;
    let etag = first.field("etag").unwrap();
    let modified = first.field("last-modified").unwrap();
    let past = "Thu, 01 Jan 1970 00:00:00 GMT";
    for (fields, status) in [
        (format!("If-None-Match: {etag}\r\n"), 304),
        (format!("If-None-Match: W/{etag}\r\nRange: bytes=0-1\r\n"), 304),
        ("If-None-Match: \"other\"\r\n".to_owned(), 200),
        (format!("If-Modified-Since: {modified}\r\n"), 304),
        (format!("If-Modified-Since: {past}\r\n"), 200),
        (format!("If-Match: {etag}\r\n"), 200),
        ("If-Match: \"other\"\r\n".to_owned(), 412),
        (format!("If-Unmodified-Since: {past}\r\n"), 412),
        (format!("If-Range: {etag}\r\nRange: bytes=5-6\r\n"), 206),
        (format!("If-Range: W/{etag}\r\nRange: bytes=5-6\r\n"), 200),
        ("If-Range: \"other\"\r\nRange: bytes=5-6\r\n".to_owned(), 200),
        (format!("If-Range: {past}\r\nRange: bytes=5-6\r\n"), 200),
        ("If-Range: \"other\"\r\nRange: bytes=5000-\r\n".to_owned(), 200),
    ] {
        let reply = stage.file(&fields).await;
        assert_eq!(reply.status, status, "{fields}");
        let body: &[u8] = match status {
            200 => &bytes,
            206 => &bytes[5..7],
            304 => b"",
            _ => b"The file is in another state.\n",
        };
        assert!(reply.body == body, "{fields}");
        if status == 304 {
            assert_eq!(reply.field("etag"), Some(etag));
            assert_eq!(reply.field("content-length"), None);
        }
    }
}

#[tokio::test]
async fn a_view_is_a_viewer_who_plays() {
    let stage = Stage::showing(&pattern(1000));
    let used = |views, bytes, referrers: &[(&str, u64)]| Usage {
        token: token(),
        views,
        bytes,
        watched: views > 0,
        referrers: referrers.iter().map(|(host, views)| ((*host).into(), *views)).collect(),
    };
    stage.file("Range: bytes=0-1\r\n").await;
    stage.file("Range: bytes=500-\r\n").await;
    stage.request("HEAD", &format!("/v/{}.mp4", token()), "").await;
    assert_eq!(stage.table.drain_usage(9), [used(0, 502, &[])]);
    stage.file("").await;
    stage.file("Range: bytes=0-\r\n").await;
    stage.file("Range: bytes=0-9\r\n").await;
    assert_eq!(stage.table.drain_usage(9), [used(1, 2010, &[])]);
    let other = "User-Agent: another\r\n";
    stage.get(&format!("/v/{}", token()), &format!("{other}Referer: https://mp.weixin.qq.com/s/x\r\n")).await;
    stage.file(&format!("{other}Referer: {}/v/{}\r\n", stage.server.public_url, token())).await;
    assert_eq!(stage.table.drain_usage(9), [used(1, 1000, &[("mp.weixin.qq.com", 1)])]);
    stage.file("User-Agent: embedded\r\nReferer: http://blog.example/post\r\n").await;
    assert_eq!(stage.table.drain_usage(9), [used(1, 1000, &[("blog.example", 1)])]);
    assert_eq!(stage.table.drain_usage(9), []);
}

#[tokio::test]
async fn a_replaced_file_is_never_sent() {
    let mut stage = Stage::showing(b"the first file");
    assert_eq!(stage.file("").await.body, b"the first file");
    // First with the file in the cache of opened ones, then without.
    for _ in 0..2 {
        let path = stage.folder.path().join("new");
        std::fs::write(&path, b"another file").unwrap();
        std::fs::rename(&path, stage.folder.path().join("talk.mp4")).unwrap();
        let reply = stage.file("").await;
        assert_eq!((reply.status, reply.field("retry-after")), (503, Some("30")));
        assert_eq!(stage.noticed.differs.recv().await, Some(video()));
    }
    std::fs::remove_file(stage.folder.path().join("talk.mp4")).unwrap();
    assert_eq!(stage.file("").await.status, 503);
    assert_eq!(stage.noticed.differs.recv().await, Some(video()));
    let path = stage.write(b"the second file");
    stage.publish("talk", &path, ServedLayout::AsIs);
    assert_eq!(stage.file("").await.body, b"the second file");
}

#[tokio::test]
async fn many_viewers_share_one_descriptor() {
    let bytes = Arc::new(pattern(LEN));
    let stage = Arc::new(Stage::showing(&bytes));
    let mut viewers = tokio::task::JoinSet::new();
    for viewer in 0..50 {
        let (stage, bytes) = (Arc::clone(&stage), Arc::clone(&bytes));
        viewers.spawn(async move {
            let start = viewer * 50_000;
            let reply = stage.file(&format!("Range: bytes={start}-{}\r\n", start + 499_999)).await;
            assert!(reply.body == bytes[start..start + 500_000]);
        });
    }
    while let Some(viewer) = viewers.join_next().await {
        viewer.unwrap();
    }
}
