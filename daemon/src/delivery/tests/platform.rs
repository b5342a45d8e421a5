//! The platform: what it lists, and that it stops the moment a video is not live.

use std::ffi::OsStr;
use std::fs::File;

use vodpost_protocol::ids::Token;
use vodpost_protocol::time::Timestamp;

use super::*;

const URL: &str = "https://v.example.org/video";
const BROWSER: &str = "Accept: text/html\r\n";

/// So many live videos, named after their numbers; the last is the newest.
fn stocked(count: u64) -> Stage {
    let stage = Stage::listing(URL);
    let path = stage.write(b"bytes");
    (1..=count).for_each(|number| put(&stage, number, &format!("Talk {number}"), true, state(&path)));
    stage
}

fn numbered(number: u64) -> Token {
    Token::from_random(u128::from(number))
}

fn state(path: &Path) -> PublicState {
    let identity = identity(&File::open(path).unwrap()).unwrap();
    PublicState::Live(testing::served(video(), ATTEMPT, path, identity, ServedLayout::AsIs))
}

fn put(stage: &Stage, number: u64, title: &str, listed: bool, state: PublicState) {
    let created_at = Timestamp::from_millis(1_700_000_000_000 + number * 1000);
    let base = OsStr::new(title).into();
    stage.table.apply(vec![Publication { token: numbered(number), base, listed, created_at, state }]);
}

/// The addresses of watch pages in an answer, in their order.
fn linked(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for part in text.split(&format!("{URL}/v/")).skip(1) {
        let token: String = part.chars().take_while(char::is_ascii_alphanumeric).collect();
        if found.last() != Some(&token) {
            found.push(token);
        }
    }
    found
}

fn tokens(numbers: impl Iterator<Item = u64>) -> Vec<String> {
    numbers.map(|number| numbered(number).to_string()).collect()
}

/// The value of an attribute of the first element that holds this text.
fn attribute<'a>(text: &'a str, element: &str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(element)?;
    let (_, rest) = rest.split_once(&format!("{name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

#[tokio::test]
async fn p7_the_gallery_shows_the_newest_first_in_pages() {
    let stage = stocked(30);
    let first = stage.get("/", BROWSER).await;
    assert_eq!(first.status, 200);
    assert_eq!(linked(first.text()), tokens((7..=30).rev()));
    let policy = first.field("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("form-action 'self'"), "{policy}");
    assert!(first.text().contains("<bdi>Talk 30</bdi>") && first.text().contains("1:02"));
    let next = attribute(first.text(), "rel=\"next\"", "href").unwrap().replace("&#38;", "&");
    assert!(next.starts_with("/video/?after="), "{next}");
    // The proxy in front may take the base path away, or not.
    for path in [next.as_str(), next.strip_prefix("/video").unwrap()] {
        let second = stage.get(path, BROWSER).await;
        assert_eq!(linked(second.text()), tokens((1..=6).rev()));
        assert!(attribute(second.text(), "rel=\"next\"", "href").is_none());
        assert!(second.text().contains("noindex"), "pages that move are not to be found");
    }
    assert_eq!(stage.get("/?after=nonsense", BROWSER).await.status, 404);
    let head = stage.request("HEAD", "/", BROWSER).await;
    assert_eq!(head.stable_fields(), first.stable_fields());
}

#[tokio::test]
async fn p7_a_search_finds_titles_and_is_harmless() {
    let stage = stocked(3);
    let path = stage.write(b"bytes");
    put(&stage, 4, "演讲 <b>\u{202e}", true, state(&path));
    let found = stage.get("/?q=tALK+2", BROWSER).await;
    assert_eq!(linked(found.text()), tokens([2].into_iter()));
    let chinese = stage.get("/?q=%E6%BC%94", "Accept-Language: zh\r\n").await;
    assert_eq!(linked(chinese.text()), tokens([4].into_iter()));
    assert!(chinese.text().contains("搜索") && !chinese.text().contains("<b>"));
    let none = stage.get("/?q=%22%3E%3Cscript%3E", BROWSER).await;
    assert!(none.text().contains("No title contains this text.") && !none.text().contains("<script"));
    let empty = Stage::listing(URL);
    assert!(empty.get("/", BROWSER).await.text().contains("No video has been posted yet."));
}

#[tokio::test]
async fn p7_a_video_leaves_with_the_change_that_ends_it() {
    let stage = stocked(3);
    let path = stage.write(b"bytes");
    let shown = async || {
        let gallery = linked(stage.get("/", BROWSER).await.text());
        for other in ["/feed.xml", "/sitemap.xml"] {
            assert_eq!(linked(stage.get(other, "").await.text()), gallery, "{other}");
        }
        gallery
    };
    assert_eq!(shown().await, tokens((1..=3).rev()));
    for ended in [PublicState::Suspended, PublicState::Pending, PublicState::Invalid] {
        put(&stage, 2, "Talk 2", true, ended);
        assert_eq!(shown().await, tokens([3, 1].into_iter()));
        put(&stage, 2, "Talk 2", true, state(&path));
        assert_eq!(shown().await, tokens((1..=3).rev()));
    }
    put(&stage, 2, "Talk 2", false, state(&path));
    assert_eq!(shown().await, tokens([3, 1].into_iter()), "it is live, but not for all to see");
    let page = stage.get(&format!("/v/{}", numbered(2)), BROWSER).await;
    assert_eq!((page.status, page.field("x-robots-tag")), (200, Some("noindex")));
    stage.table.remove(&numbered(3));
    assert_eq!(shown().await, tokens([1].into_iter()));
}

#[tokio::test]
async fn p7_the_feed_is_paged_and_fetched_once() {
    let stage = stocked(60);
    let feed = stage.get("/video/feed.xml", "").await;
    assert_eq!(feed.field("content-type"), Some("application/rss+xml; charset=utf-8"));
    assert_eq!(linked(feed.text()), tokens((11..=60).rev()));
    let item = feed.text().split("<item>").nth(1).unwrap();
    for part in [
        "<pubDate>Tue, 14 Nov 2023 22:14:20 GMT</pubDate>",
        "type=\"video/mp4\" medium=\"video\" fileSize=\"5\" duration=\"62\" width=\"1280\" height=\"720\"",
        "<media:player url=",
    ] {
        assert!(item.contains(part), "{part}\n{item}");
    }
    let next = attribute(feed.text(), "rel=\"next\"", "href").unwrap();
    let rest = stage.get(next.strip_prefix("https://v.example.org").unwrap(), "").await;
    assert_eq!(linked(rest.text()), tokens((1..=10).rev()));
    let tag = feed.field("etag").unwrap();
    let known = format!("If-None-Match: {tag}\r\n");
    assert_eq!(stage.get("/feed.xml", &known).await.status, 304);
    put(&stage, 60, "Talk 60", true, PublicState::Suspended);
    assert_eq!(stage.get("/feed.xml", &known).await.status, 200, "a suspension is news");
    assert_eq!(stage.get("/feed.xml?after=x", "").await.status, 404);
}

#[tokio::test]
async fn p7_a_large_site_map_has_parts() {
    let stage = stocked(1);
    let path = stage.write(b"bytes");
    let created_at = Timestamp::from_millis(1);
    let publications = (10..2510).map(|number| Publication {
        token: numbered(number),
        base: OsStr::new("x").into(),
        listed: true,
        created_at,
        state: state(&path),
    });
    stage.table.apply(publications);
    let index = stage.get("/sitemap.xml", "").await;
    assert!(index.text().contains("<sitemapindex"));
    let mut all = Vec::new();
    for part in index.text().split("<loc>").skip(1) {
        let address = part.split("</loc>").next().unwrap();
        let part = stage.get(address.strip_prefix(URL).unwrap(), "").await;
        assert_eq!(part.status, 200);
        all.extend(linked(part.text()));
    }
    assert_eq!(all.len(), 2501);
    all.dedup();
    assert_eq!(all.len(), 2501);
    let robots = stage.get("/robots.txt", "").await;
    assert_eq!(robots.text(), format!("User-agent: *\nDisallow:\nSitemap: {URL}/sitemap.xml\n"));
}

#[tokio::test]
async fn p7_other_sites_get_a_frame() {
    let stage = stocked(2);
    let page = format!("{URL}/v/{}", numbered(1));
    let asked = |rest: &str| format!("/oembed?url={}{rest}", page.replace(':', "%3A").replace('/', "%2F"));
    let json = stage.get(&asked("&maxwidth=640"), "").await;
    let value: serde_json::Value = serde_json::from_str(json.text()).unwrap();
    assert_eq!((&value["type"], &value["version"]), (&"video".into(), &"1.0".into()));
    assert_eq!((&value["width"], &value["height"]), (&640.into(), &360.into()));
    assert!(value["html"].as_str().unwrap().contains(&format!("src=\"{page}/embed\"")));
    assert_eq!(json.field("access-control-allow-origin"), Some("*"));
    let xml = stage.get(&asked("&format=xml"), "").await;
    assert!(xml.text().contains("<html>&#60;iframe src=&#34;"), "{}", xml.text());
    assert_eq!(xml.field("content-type"), Some("text/xml; charset=utf-8"));
    for (path, status) in [
        (asked("&format=yaml"), 501),
        ("/oembed".to_owned(), 400),
        ("/oembed?url=https%3A%2F%2Felsewhere.example%2Fv%2FX".to_owned(), 404),
        (format!("/oembed?url={URL}/v/{}", numbered(77)), 404),
    ] {
        assert_eq!(stage.get(&path, "").await.status, status, "{path}");
    }
    let embed = stage.get(&format!("/v/{}/embed", numbered(1)), BROWSER).await;
    assert_eq!(embed.status, 200);
    assert!(embed.field("content-security-policy").unwrap().contains("frame-ancestors *"));
    assert!(embed.text().contains(&format!("<source src=\"../{}.mp4\"", numbered(1))));
    let watch = stage.get(&format!("/v/{}", numbered(1)), BROWSER).await;
    let linked = attribute(watch.text(), "application/json+oembed", "href").unwrap().replace("&#38;", "&");
    let linked = linked.replace("&amp;", "&");
    let found = stage.get(linked.strip_prefix(URL).unwrap(), "").await;
    assert_eq!(found.status, 200, "{linked}");
    put(&stage, 1, "Talk", true, PublicState::Suspended);
    assert_eq!(stage.get(&asked(""), "").await.status, 403);
    assert_eq!(stage.get(&format!("/v/{}/embed", numbered(1)), BROWSER).await.status, 403);
}

#[tokio::test]
async fn p7_without_a_platform_there_are_watch_pages_only() {
    let stage = Stage::showing(b"bytes");
    for path in ["/", "/feed.xml", "/oembed?url=x", "/sitemap.xml"] {
        assert_eq!(stage.get(path, BROWSER).await.status, 404, "{path}");
    }
    assert!(!stage.get("/robots.txt", "").await.text().contains("Sitemap"));
    let page = stage.get(&format!("/v/{}", token()), BROWSER).await;
    assert!(page.status == 200 && !page.text().contains("oembed"));
    assert_eq!(page.field("x-robots-tag"), Some("noindex"));
}
