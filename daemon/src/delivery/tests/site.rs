//! Pages, QR codes, and what is said instead of a video.

use super::*;
use crate::convert::{POSTER_LEN_MAX, poster_path};
use crate::core::artifact::JobId;
use crate::delivery::link::page_url;
use crate::delivery::qr::tests::{decode_png, decode_svg};

const BROWSER: &str = "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n";
const SUFFIXES: [&str; 5] = ["", ".mp4", ".svg", ".png", ".jpg"];

#[tokio::test]
async fn the_state_decides_the_status_of_every_part() {
    let stage = Stage::new();
    let states = [
        (None, 404, "There is nothing at this address."),
        (Some(PublicState::Suspended), 403, "This video has been suspended by its publisher."),
        (
            Some(PublicState::Pending),
            503,
            "This video is not available at the moment. Please try again shortly.",
        ),
        (Some(PublicState::Invalid), 410, "This video has been deleted and will not come back."),
    ];
    for (state, status, sentence) in states {
        if let Some(state) = state {
            stage.apply("secret title", state);
        }
        for suffix in SUFFIXES {
            let path = format!("/v/{}{suffix}", token());
            let plain = stage.get(&path, "Accept: */*\r\n").await;
            assert_eq!((plain.status, plain.text().trim_end()), (status, sentence));
            assert_eq!(plain.field("content-type"), Some("text/plain; charset=utf-8"));
            let page = stage.get(&path, BROWSER).await;
            assert_eq!(page.status, status);
            assert_eq!(page.field("content-type"), Some("text/html; charset=utf-8"));
            assert!(page.text().contains(sentence) && page.text().starts_with("<!DOCTYPE html>"));
            assert_policy_admits_the_style(&page);
            for reply in [&plain, &page] {
                assert_eq!(reply.field("cache-control"), Some("no-store"));
                assert_eq!(reply.field("retry-after"), (status == 503).then_some("30"));
                assert!(!reply.text().contains("secret"));
            }
            let head = stage.request("HEAD", &path, BROWSER).await;
            assert_eq!((head.status, head.stable_fields()), (status, page.stable_fields()));
        }
    }
    let chinese =
        stage.get(&format!("/v/{}", token()), &format!("{BROWSER}Accept-Language: zh-CN\r\n")).await;
    assert!(chinese.text().contains("此视频已被删除") && chinese.text().contains("lang=\"zh\""));
}

#[tokio::test]
async fn the_watch_page_plays_without_a_script() {
    let stage = Stage::showing(b"bytes");
    for path in
        [format!("/v/{}", token()), format!("/V/{}?from=singlemessage", token().to_string().to_lowercase())]
    {
        let page = stage.get(&path, BROWSER).await;
        assert_eq!(page.status, 200);
        let source = format!("<source src=\"{}.mp4\" type=\"video/mp4\">", token());
        let address = page_url(&stage.server.public_url, &token());
        for part in [
            &*source,
            "controls playsinline webkit-playsinline x5-playsinline x5-video-orientation=\"landscape|portrait\"",
            "preload=\"metadata\"",
            "<title>talk</title>",
            "<h1><bdi>talk</bdi></h1>",
            "itemprop=\"name\" content=\"talk\"",
            "property=\"og:title\" content=\"talk\"",
            &format!("property=\"og:url\" content=\"{address}\""),
            &format!("property=\"og:video\" content=\"{address}.mp4\""),
            "property=\"og:site_name\" content=\"vodpost\"",
            "property=\"og:description\" content=\"talk\"",
            "name=\"description\" content=\"talk\"",
            "PT62S",
            "name=\"viewport\"",
        ] {
            assert!(page.text().contains(part), "{part}\n{}", page.text());
        }
        assert!(!page.text().contains("<script"));
        assert_eq!(page.field("referrer-policy"), Some("no-referrer"));
        assert_eq!(page.field("x-content-type-options"), Some("nosniff"));
        assert_eq!(page.field("cache-control"), Some("private, max-age=0, must-revalidate"));
        assert_policy_admits_the_style(&page);
        let head = stage.request("HEAD", &path, "").await;
        assert_eq!(head.stable_fields(), page.stable_fields());
    }
}

fn assert_policy_admits_the_style(page: &Reply) {
    use base64::Engine as _;
    use sha2::Digest as _;
    let style = page.text().split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let digest = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(style));
    let policy = page.field("content-security-policy").unwrap();
    assert!(policy.contains(&format!("style-src 'sha256-{digest}'")), "{policy}");
    for part in ["default-src 'none'", "media-src 'self'", "img-src 'self'", "frame-ancestors 'self'"] {
        assert!(policy.contains(part), "{part}");
    }
    assert!(!policy.contains("unsafe"));
}

#[tokio::test]
async fn hostile_titles_stay_text() {
    let stage = Stage::new();
    let path = stage.write(b"bytes");
    let title =
        "<script>alert(1)</script>\"'><img src=x>\r\nSet-Cookie: a=b\r\n\r\n\u{202E}gpj.exe\0{{ 7*7 }}";
    stage.publish(title, &path, ServedLayout::AsIs);
    let page = stage.get(&format!("/v/{}", token()), BROWSER).await;
    for bad in ["<script", "<img", "\"'>", "\u{202E}", "\0"] {
        assert!(!page.text().contains(bad), "{}", bad.escape_debug());
    }
    assert!(page.text().contains("gpj.exe {{ 7*7 }}"));
    assert_eq!(page.field("set-cookie"), None);
    let file = stage.file("").await;
    assert_eq!((file.status, file.field("set-cookie"), &file.body[..]), (200, None, &b"bytes"[..]));
    let disposition = file.field("content-disposition").unwrap();
    assert!(disposition.starts_with("inline; filename*=UTF-8''_script_alert%281%29"), "{disposition}");
    assert!(disposition.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '));
}

#[tokio::test]
async fn qr_codes_say_the_address_of_the_page() {
    let stage = Stage::showing(b"bytes");
    let address = page_url(&stage.server.public_url, &token());
    let svg = stage.get(&format!("/v/{}.svg", token()), "").await;
    assert_eq!((svg.status, svg.field("content-type")), (200, Some("image/svg+xml")));
    assert_eq!(decode_svg(svg.text()), address);
    let png = stage.get(&format!("/v/{}.png", token()), "").await;
    assert_eq!((png.status, png.field("content-type")), (200, Some("image/png")));
    assert_eq!(decode_png(&png.body), address);
}

#[tokio::test]
async fn other_paths_tell_nothing() {
    let stage = Stage::showing(b"bytes");
    let home = stage.get("/", BROWSER).await;
    assert!(home.status == 404 && !home.text().contains("talk"));
    assert_eq!(stage.get("/robots.txt", "").await.text(), "User-agent: *\nDisallow:\n");
    let token = token();
    for path in [
        "/favicon.ico",
        "/v",
        "/v/",
        "/v/..%2f..%2fetc%2fpasswd",
        "/%ff",
        "/v/%00",
        "//v/x",
        &format!("/v/{token}/"),
        &format!("/v/{token}.mp4/x"),
        &format!("/x/../v/{token}"),
    ] {
        assert_eq!(stage.get(path, BROWSER).await.status, 404, "{path}");
    }
    assert_eq!(
        stage.get(&format!("/%76/%{:02x}{}.MP4", b'0', &token.to_string()[1..]), "").await.body,
        b"bytes"
    );
}

#[tokio::test]
async fn a_poster_is_served_once_it_is_there_and_asked_for_while_it_is_not() {
    let mut stage = Stage::showing(b"bytes");
    let path = format!("/v/{}.jpg", token());
    let missing = stage.get(&path, BROWSER).await;
    assert_eq!((missing.status, missing.text().trim_end()), (404, "There is no picture yet."));
    assert_eq!(missing.field("cache-control"), Some("no-store"));
    assert_eq!(stage.noticed.posters.recv().await, Some(token()));
    let page = stage.get(&format!("/v/{}", token()), BROWSER).await;
    assert!(!page.text().contains(".jpg"), "{}", page.text());
    assert_eq!(stage.noticed.posters.recv().await, Some(token()));

    let poster = poster_path(stage.folder.path(), JobId { video: video(), attempt: ATTEMPT });
    std::fs::write(&poster, b"a picture").unwrap();
    let there = stage.get(&path, "").await;
    assert_eq!((there.status, there.text()), (200, "a picture"));
    assert_eq!(there.field("content-type"), Some("image/jpeg"));
    assert_eq!(there.field("cache-control"), Some("private, max-age=0, must-revalidate"));
    assert_eq!(there.field("x-content-type-options"), Some("nosniff"));
    let tag = there.field("etag").unwrap();
    let same = stage.get(&path, &format!("If-None-Match: {tag}\r\n")).await;
    assert_eq!((same.status, same.text(), same.field("etag")), (304, "", Some(tag)));
    let head = stage.request("HEAD", &path, "").await;
    assert_eq!((head.status, head.stable_fields()), (200, there.stable_fields()));
    let page = stage.get(&format!("/v/{}", token()), BROWSER).await;
    let address = page_url(&stage.server.public_url, &token());
    for part in
        [format!("poster=\"{}.jpg\"", token()), format!("property=\"og:image\" content=\"{address}.jpg\"")]
    {
        assert!(page.text().contains(&part), "{}", page.text());
    }
    assert!(stage.noticed.posters.try_recv().is_err(), "nothing is missing any more");

    std::fs::write(&poster, vec![0; POSTER_LEN_MAX as usize + 1]).unwrap();
    assert_eq!(stage.get(&path, "").await.status, 404, "no poster is so large");
    stage.apply("talk", PublicState::Suspended);
    assert_eq!(stage.get(&path, "").await.status, 403);
}

#[tokio::test]
async fn an_address_that_is_taken_is_said_with_the_setting_it_comes_from() {
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap();
    let error = crate::delivery::listen(taken, "http.tls.plain_listen", Limits::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot listen on {taken}; choose another address with http.tls.plain_listen")
    );
}
