//! Every character there is, through every template of XML, and read back by a parser.

use askama::Template;
use roxmltree::Document;
use vodpost_protocol::time::Timestamp;

use super::feed::Feed;
use super::item::Item;
use super::oembed::Video;
use super::sitemap::SiteMap;
use super::*;

const CHARS: usize = 140;
const URL: &str = "https://v.example.org/v/X";

/// Titles that together hold all characters.
fn titles() -> Vec<String> {
    let all: Vec<char> = ('\0'..=char::MAX).collect();
    all.chunks(CHARS).map(|chars| title::shown(&chars.iter().collect::<String>())).collect()
}

fn items() -> Vec<Item> {
    let item = |title| Item {
        title,
        page_url: URL.to_owned(),
        file_url: format!("{URL}.mp4"),
        poster_url: Some(format!("{URL}.jpg")),
        width: 1280,
        height: 720,
        seconds: 61,
        size_bytes: None,
        created_at: Timestamp::from_millis(1),
    };
    titles().into_iter().map(item).collect()
}

/// What stands in all elements of this name.
fn texts(xml: &str, element: &str) -> Vec<String> {
    let document = Document::parse(xml).unwrap_or_else(|error| panic!("{error}"));
    let found =
        document.descendants().filter(|node| node.has_tag_name(element) || node.tag_name().name() == element);
    found.map(|node| node.text().unwrap_or_default().to_owned()).collect()
}

fn platform() -> Platform {
    let hostile = "a]]>\u{FFFF}<b>&\u{0}\u{202E}\n\"'".to_owned();
    Platform { enabled: true, title: hostile.clone(), description: hostile }
}

const HARMLESS: &str = "a]]><b>& \"'";

#[test]
fn a_feed_holds_any_title() {
    let (title, description) = (platform().title(), platform().description());
    let next_url = Some(format!("{URL}?after=1"));
    let (site_url, self_url) = (URL.to_owned(), URL.to_owned());
    let xml = Feed { title, description, site_url, self_url, next_url, items: items() }.render().unwrap();
    let found = texts(&xml, "title");
    assert_eq!(found[0], HARMLESS);
    // Each item has its title twice: for RSS and for Media RSS.
    let expected: Vec<String> = titles().into_iter().flat_map(|title| [title.clone(), title]).collect();
    assert_eq!(found[1..], expected);
    assert_eq!(texts(&xml, "description"), [HARMLESS]);
}

#[test]
fn a_site_map_holds_any_title() {
    let xml = SiteMap { home: Some(URL.to_owned()), items: items() }.render().unwrap();
    assert_eq!(texts(&xml, "title"), titles());
    assert_eq!(texts(&xml, "description"), titles());
}

#[test]
fn oembed_holds_any_title() {
    for title in titles() {
        let video = Video::example(platform().title(), title.clone());
        let xml = video.render().unwrap();
        assert_eq!(texts(&xml, "title"), std::slice::from_ref(&title));
        assert_eq!(texts(&xml, "provider_name"), [HARMLESS]);
        let json: serde_json::Value = serde_json::to_string(&video).unwrap().parse().unwrap();
        assert_eq!((&json["title"], &json["provider_name"]), (&title.into(), &HARMLESS.into()));
        assert_eq!(json["html"], texts(&xml, "html")[0]);
    }
}
