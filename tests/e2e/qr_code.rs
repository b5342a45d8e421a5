//! QR codes, read back from every form they come in.

use vodpost_tests::http::get;
use vodpost_tests::media::Sample;
use vodpost_tests::qr;
use vodpost_tests::site::Site;

#[test]
fn qr_codes_lead_to_the_page() {
    let site = Site::new();
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    let token = site.generate("talk");
    let url = site.ok(&["url", "talk"]).stdout.trim().to_owned();

    let ascii = site.ok(&["qr", "talk", "--format", "ascii"]).stdout;
    let code: String =
        ascii.lines().filter(|line| !line.contains("http")).map(|line| format!("{line}\n")).collect();
    assert_eq!(qr::decode_ascii(&code), Ok(url.clone()));

    let unicode = site.ok(&["qr", "talk", "--format", "unicode", "--color", "never"]).stdout;
    assert!(unicode.contains(&url));

    let file = site.folder().join("code.svg");
    site.ok(&["qr", "talk", "--format", "svg", "-o", file.to_str().unwrap()]);
    assert!(std::fs::read_to_string(&file).unwrap().contains("<svg"));
    let served = get(daemon.http, &format!("/v/{token}.svg"));
    assert_eq!(served.status, 200);
    assert!(served.header("Content-Type").unwrap().starts_with("image/svg+xml"));
    let png = get(daemon.http, &format!("/v/{token}.png"));
    assert_eq!(png.status, 200);
    assert!(png.body.starts_with(b"\x89PNG"));
    site.ok(&["suspend", "talk"]);
    assert_eq!(get(daemon.http, &format!("/v/{token}.png")).status, 403);
}
