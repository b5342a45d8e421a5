//! P7 by the real programs: the gallery, the feed and the site map follow every switch, and others can read them.

use std::process::{Command, Stdio};

use vodpost_tests::http::{get, request};
use vodpost_tests::media::Sample;
use vodpost_tests::site::Site;

/// Reads a document with the parser of another language, and says what is in it.
fn read_xml(text: &str, path: &str) -> Vec<String> {
    let program = "import sys, xml.etree.ElementTree as tree\n\
                   names = {'media': 'http://search.yahoo.com/mrss/', 'atom': 'http://www.w3.org/2005/Atom',\n\
                            'site': 'http://www.sitemaps.org/schemas/sitemap/0.9',\n\
                            'video': 'http://www.google.com/schemas/sitemap-video/1.1'}\n\
                   for found in tree.fromstring(sys.stdin.buffer.read()).findall(sys.argv[1], names):\n\
                   \x20   print(found.get('url') or found.text)";
    let mut child = Command::new("python3")
        .args(["-c", program, path])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is installed");
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "not well-formed: {text}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn p7_what_is_posted_is_listed_while_it_is_live() {
    let site = Site::new();
    site.add(&Sample::IndexFirst.path(), "talk.mp4");
    site.add(&Sample::IndexLast.path(), "a & b <c> \"d\" 'e' ]]> \u{202e}\u{7}.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let ids: Vec<String> = site.json(&["ls"])["videos"]
        .as_array()
        .unwrap()
        .iter()
        .map(|video| video["id"].as_str().unwrap().to_owned())
        .collect();
    let talk = site.generate("talk");
    ids.iter().for_each(|id| drop(site.ok(&["generate", id, "--wait"])));
    let body = |path: &str| get(daemon.http, path).text();
    let titles = read_xml(&body("/feed.xml"), "channel/item/media:content/media:title");
    assert_eq!(titles.len(), 2);
    assert!(titles.contains(&"a & b <c> \"d\" 'e' ]]>".to_owned()), "{titles:?}");
    let videos = read_xml(&body("/feed.xml"), "channel/item/media:content");
    assert!(videos.contains(&format!("http://{}/v/{talk}.mp4", daemon.http)), "{videos:?}");
    assert_eq!(read_xml(&body("/sitemap.xml"), "site:url/site:loc").len(), 3);
    let oembed = format!("/oembed?format=xml&url=http%3A%2F%2F{}%2Fv%2F{talk}", daemon.http);
    assert_eq!(read_xml(&body(&oembed), "type"), ["video"]);

    for (off, on) in [
        (&["suspend", "talk"][..], &["resume", "talk"][..]),
        (&["source", "suspend", "talk"], &["source", "resume", "talk"]),
        (&["platform", "hide", "talk"], &["platform", "show", "talk"]),
    ] {
        site.ok(off);
        for path in ["/", "/feed.xml", "/sitemap.xml"] {
            assert!(!body(path).contains(&talk), "{off:?}: {path}");
        }
        site.ok(on);
        assert!(body("/").contains(&talk), "{on:?}");
    }
    site.ok(&["source", "delete", "talk", "--yes"]);
    assert!(!body("/").contains(&talk));
}

#[test]
fn a_domain_is_verified_and_a_path_before_all_is_understood() {
    let site = Site::new();
    let folder = site.folder().join("verify");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("MP_verify_Ab1.txt"), "Ab1").unwrap();
    let site = site.with_config(&format!(
        "[http]\nverify_dir = \"{}\"\npublic_url = \"https://example.com/video\"",
        folder.display()
    ));
    site.add(&Sample::IndexFirst.path(), "talk.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let token = site.generate("talk");
    for path in ["/MP_verify_Ab1.txt", "/video/MP_verify_Ab1.txt"] {
        let found = get(daemon.http, path);
        assert_eq!((found.status, found.text().as_str()), (200, "Ab1"));
    }
    for path in ["/MP_verify_Ab2.txt", "/../verify/MP_verify_Ab1.txt", "/%4dP_verify_Ab1.txt"] {
        assert_eq!(get(daemon.http, path).status, 404, "{path}");
    }
    for base in ["", "/video"] {
        let page = request(daemon.http, "GET", &format!("{base}/v/{token}"), &[("Accept", "text/html")]);
        assert!(page.text().contains(&format!("https://example.com/video/v/{token}.mp4")));
        assert_eq!(get(daemon.http, &format!("{base}/v/{token}.mp4")).status, 200);
        assert!(get(daemon.http, &format!("{base}/")).text().contains(&token));
    }
    let shown = site.json(&["show", "talk"]);
    assert_eq!(shown["postings"][0]["url"], format!("https://example.com/video/v/{token}"));
}

/// What the feed parser that most readers are made of finds. `None`, and a line that says so, where it is not installed.
#[expect(clippy::print_stderr, reason = "a test that does not test must say so")]
fn parsed_feed(text: &str) -> Option<serde_json::Value> {
    let program = "import sys, json, feedparser\n\
                   feed = feedparser.parse(sys.stdin.buffer.read())\n\
                   entries = [{key: entry.get(key) for key in ('title', 'link', 'id', 'enclosures', 'media_content',\n\
                   \x20   'media_thumbnail', 'published_parsed')} for entry in feed.entries]\n\
                   print(json.dumps({'bozo': feed.bozo, 'why': str(feed.get('bozo_exception')), 'version': feed.version,\n\
                   \x20   'title': feed.feed.title, 'subtitle': feed.feed.subtitle, 'entries': entries}))";
    // A Python of one's own need not have what the distribution's has.
    let installed = |python: &&str| {
        Command::new(python)
            .args(["-c", "import feedparser"])
            .output()
            .is_ok_and(|output| output.status.success())
    };
    let Some(python) = ["python3", "/usr/bin/python3"].into_iter().find(installed) else {
        eprintln!("SKIPPED: python3-feedparser is not installed; scripts/test installs it");
        return None;
    };
    let mut child = Command::new(python)
        .args(["-c", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
    Some(serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap())
}

#[test]
fn the_feed_and_the_site_map_are_what_their_readers_expect() {
    let site =
        Site::new().with_config("[platform]\ntitle = \"A & B\"\ndescription = \"what & more\u{FFFF}\"");
    site.add(&Sample::IndexFirst.path(), "a & b\u{ffff}\u{fffe}.mp4");
    site.add(&Sample::IndexLast.path(), "moved.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    for video in site.json(&["ls"])["videos"].as_array().unwrap() {
        site.ok(&["generate", video["id"].as_str().unwrap(), "--wait"]);
    }
    let urls =
        |path: &str| read_xml(&get(daemon.http, path).text(), "channel/item/media:content/media:thumbnail");
    vodpost_tests::wait::until("both posters", || match urls("/feed.xml").len() {
        2 => Ok(()),
        count => Err(count.to_string()),
    });
    let text = get(daemon.http, "/feed.xml").text();
    let Some(feed) = parsed_feed(&text) else { return };
    assert_eq!(feed["bozo"], false, "{}", feed["why"]);
    assert_eq!(
        (&feed["version"], &feed["title"], &feed["subtitle"]),
        (&"rss20".into(), &"A & B".into(), &"what & more".into())
    );
    let entries = feed["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    for entry in entries {
        assert!(entry["published_parsed"].is_array() && entry["link"] == entry["id"], "{entry}");
        let (enclosure, content) = (&entry["enclosures"][0], &entry["media_content"][0]);
        let url = format!("{}.mp4", entry["link"].as_str().unwrap());
        assert_eq!((&enclosure["href"], &enclosure["type"]), (&url.clone().into(), &"video/mp4".into()));
        assert_eq!((&content["url"], &content["medium"]), (&url.clone().into(), &"video".into()));
        assert_eq!((&content["width"], &content["height"]), (&"320".into(), &"180".into()));
        // Either it is the length of what is served, or nothing is said of it.
        let served = request(daemon.http, "HEAD", url.split_once(&daemon.http.to_string()).unwrap().1, &[]);
        let len = served.header("Content-Length").unwrap();
        match entry["title"].as_str().unwrap() {
            "moved" => {
                assert_eq!(
                    (&enclosure["length"], &content["filesize"]),
                    (&"0".into(), &serde_json::Value::Null)
                );
            }
            title => {
                assert_eq!(title, "a & b");
                assert_eq!((&enclosure["length"], &content["filesize"]), (&len.into(), &len.into()));
            }
        }
    }
    site_map_keeps_the_rules(&get(daemon.http, "/sitemap.xml").text());
}

/// Those of sitemap.xsd 0.9 and of Google's video extension 1.1: names, their order, and what may stand in them.
fn site_map_keeps_the_rules(text: &str) {
    let program = r#"
import re, sys, xml.etree.ElementTree as tree
site, video = '{http://www.sitemaps.org/schemas/sitemap/0.9}', '{http://www.google.com/schemas/sitemap-video/1.1}'
date = r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ'
order = [video + name for name in ('thumbnail_loc', 'title', 'description', 'content_loc', 'player_loc', 'duration',
                                   'publication_date')]
root = tree.fromstring(sys.stdin.buffer.read())
assert root.tag == site + 'urlset' and 1 <= len(root) <= 50000
for url in root:
    names = [child.tag for child in url]
    assert url.tag == site + 'url' and names in ([site + 'loc'], [site + 'loc', site + 'lastmod', video + 'video']), names
    assert 12 <= len(url[0].text) <= 2048 and url[0].text.startswith('http'), url[0].text
    if len(url) == 3:
        assert re.fullmatch(date, url[1].text), url[1].text
        assert [child.tag for child in url[2]] == order
        found = dict(zip(order, (child.text for child in url[2])))
        assert 1 <= len(found[video + 'description']) <= 2048
        assert 1 <= int(found[video + 'duration']) <= 28800
        assert re.fullmatch(date, found[video + 'publication_date'])
        assert all(found[video + name].startswith('http') for name in ('thumbnail_loc', 'content_loc', 'player_loc'))
print(len(root))
"#;
    let mut child = Command::new("python3")
        .args(["-c", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is installed");
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{text}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "3");
}
