//! The setups of `docs/PROXIES.md`, with the real nginx and the real Caddy in front of the daemon.

use std::io::Read;
use std::process::Output;

use vodpost_tests::http::get;
use vodpost_tests::media::Sample;
use vodpost_tests::proxy::{Kind, NAME, Place, Proxy, free_addr};
use vodpost_tests::site::{Daemon, Site};

const FREE_BYTES: u32 = 200 << 20;

struct Setup {
    site: Site,
    daemon: Daemon,
    proxy: Proxy,
    /// What its URLs begin with.
    public_url: String,
}

fn setup(kind: Kind, place: Place) -> Option<Setup> {
    let addr = free_addr();
    let path = match place {
        Place::Name => "",
        Place::Path => "/video",
    };
    let public_url = format!("https://{NAME}:{}{path}", addr.port());
    let proxies = "trusted_proxies = [\"127.0.0.1\", \"::1\"]\nadmin_listen = \"\"";
    let site = Site::new().with_config(&format!("[http]\npublic_url = \"{public_url}\"\n{proxies}"));
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    let long = site.add(&Sample::IndexFirst.path(), "long.mp4");
    let len = std::fs::metadata(&long).unwrap().len();
    let mut end = std::fs::OpenOptions::new().append(true).open(&long).unwrap();
    std::io::Write::write_all(&mut end, &[FREE_BYTES.to_be_bytes().as_slice(), b"free"].concat()).unwrap();
    end.set_len(len + u64::from(FREE_BYTES)).unwrap();
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let proxy = Proxy::start(kind, place, addr, daemon.http)?;
    Some(Setup { site, daemon, proxy, public_url })
}

impl Setup {
    /// The head and the body of an answer.
    fn asked(&self, url: &str, args: &[&str]) -> (String, Vec<u8>) {
        let Output { status, stdout, stderr } =
            self.proxy.curl(&[&["--include", "--http1.1", url], args].concat()).output().unwrap();
        assert!(status.success(), "{url} {args:?}: {}", String::from_utf8_lossy(&stderr));
        let end = stdout.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        (String::from_utf8_lossy(&stdout[..end]).to_lowercase(), stdout[end + 4..].to_vec())
    }

    fn url(&self, video: &str) -> String {
        let shown = self.site.json(&["show", video]);
        shown["postings"][0]["url"].as_str().unwrap().to_owned()
    }
}

fn every_setup(check: impl Fn(Setup)) {
    for kind in [Kind::Nginx, Kind::Caddy] {
        for place in [Place::Name, Place::Path] {
            if let Some(setup) = setup(kind, place) {
                check(setup);
            }
        }
    }
}

#[test]
fn videos_play_behind_the_documented_proxies() {
    every_setup(|setup| {
        let token = setup.site.generate("talk");
        let url = setup.url("talk");
        assert_eq!(url, format!("{}/v/{token}", setup.public_url));
        let direct = get(setup.daemon.http, &format!("/v/{token}.mp4")).body;
        let (head, page) = setup.asked(&url, &["-H", "Accept: text/html"]);
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert!(
            String::from_utf8_lossy(&page).contains(&format!("{url}.mp4")),
            "share cards lead through the proxy"
        );
        let file = format!("{url}.mp4");
        let (head, body) = setup.asked(&file, &[]);
        assert!(head.starts_with("http/1.1 200") && head.contains("accept-ranges: bytes"), "{head}");
        assert!(body == direct);
        let etag = head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap().to_owned();
        let len = direct.len();
        for (range, part) in [("0-1", 0..2), ("1000-", 1000..len), ("-700", len - 700..len)] {
            let (head, body) = setup.asked(&file, &["--range", range]);
            assert!(head.starts_with("http/1.1 206"), "{head}");
            let expected = format!("content-range: bytes {}-{}/{len}", part.start, part.end - 1);
            assert!(head.contains(&expected) && body == direct[part], "{range}: {head}");
        }
        for (args, status) in [
            (vec!["-H".to_owned(), format!("If-None-Match: {etag}")], "304"),
            (
                vec!["-H".to_owned(), format!("If-Range: {etag}"), "--range".to_owned(), "5-9".to_owned()],
                "206",
            ),
            (
                vec!["-H".to_owned(), "If-Range: \"x\"".to_owned(), "--range".to_owned(), "5-9".to_owned()],
                "200",
            ),
            (vec!["--range".to_owned(), format!("{len}-")], "416"),
            (vec!["--head".to_owned()], "200"),
        ] {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let (head, _) = setup.asked(&file, &args);
            assert!(head.starts_with(&format!("http/1.1 {status}")), "{args:?}: {head}");
        }
    });
}

#[test]
fn a_suspension_reaches_viewers_behind_the_documented_proxies() {
    every_setup(|setup| {
        setup.site.generate("long");
        let file = format!("{}.mp4", setup.url("long"));
        let mut viewer = setup.proxy.curl(&["--no-buffer", &file]).spawn().unwrap();
        let mut video = viewer.stdout.take().unwrap();
        video.read_exact(&mut [0; 4096]).unwrap();
        setup.site.ok(&["suspend", "long"]);
        let mut rest = Vec::new();
        video.read_to_end(&mut rest).unwrap();
        assert!(rest.len() < 64 << 20, "{} bytes came after the suspension", rest.len());
        assert!(!viewer.wait().unwrap().success(), "nobody takes it for the whole video");
        let (head, body) = setup.asked(&file, &[]);
        assert!(head.starts_with("http/1.1 403") && head.contains("no-store"), "{head}");
        assert!(String::from_utf8_lossy(&body).contains("suspended"));
    });
}

#[test]
fn viewers_behind_the_documented_proxies_cannot_say_who_they_are() {
    every_setup(|setup| {
        let token = setup.site.generate("talk");
        let file = format!("{}.mp4", setup.url("talk"));
        for forged in
            ["X-Forwarded-For: 198.51.100.1", "X-Forwarded-For: 198.51.100.2", "Forwarded: for=198.51.100.3"]
        {
            assert!(setup.asked(&file, &["-H", forged]).0.starts_with("http/1.1 200"));
        }
        // Somebody else.
        assert!(setup.asked(&file, &["--interface", "127.0.0.2"]).0.starts_with("http/1.1 200"));
        let (status, log) = setup.daemon.terminate();
        assert!(status.success(), "{log}");
        let daemon = setup.site.start();
        assert_eq!(setup.site.json(&["show", "talk"])["postings"][0]["views"], 2, "{token}");
        daemon.kill();
    });
}

#[test]
fn attempts_at_smuggling_reach_nobody_else_behind_the_documented_proxies() {
    for kind in [Kind::Nginx, Kind::Caddy] {
        let Some(setup) = setup(kind, Place::Name) else { continue };
        let token = setup.site.generate("talk");
        let path = format!("/v/{token}.mp4");
        let whole = setup.site.folder().join("whole.mp4");
        std::fs::write(&whole, get(setup.daemon.http, &path).body).unwrap();
        let attempts: Vec<String> = super::conformance::smuggling(&path, NAME)
            .iter()
            .map(|bytes| bytes.iter().map(|byte| format!("{byte:02x}")).collect())
            .collect();
        assert!(attempts.len() > 60, "{}", attempts.len());
        let list = setup.site.folder().join("attempts.txt");
        std::fs::write(&list, attempts.join("\n")).unwrap();
        let output = std::process::Command::new("python3")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/smuggle.py"))
            .args([&setup.proxy.addr.port().to_string(), NAME, &path])
            .args([&whole, &list])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{kind:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
        // Each of them was sent, and honest viewers were served all the while.
        assert!(said.starts_with(&format!("{} attempts", attempts.len())), "{said}");
        let (status, log) = setup.daemon.terminate();
        assert!(status.success(), "{log}");
    }
}
