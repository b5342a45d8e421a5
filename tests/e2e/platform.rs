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
