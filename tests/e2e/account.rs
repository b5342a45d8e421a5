//! A1 to A6 as an admin meets them.

use vodpost_tests::site::Site;

#[test]
fn a2_numbers_are_checked_and_a5_never_shown() {
    let site = Site::new();
    let daemon = site.start();
    let wrong = site.vodpost(&[
        "account",
        "submit",
        "individual",
        "--name",
        "Li Lei",
        "--id-number",
        "440524188001010015",
    ]);
    assert_eq!(wrong.status, 2, "{wrong:?}");
    assert!(wrong.stderr.contains("check"), "{wrong:?}");
    let right = site.ok(&[
        "account",
        "submit",
        "individual",
        "--name",
        "Li Lei",
        "--id-number",
        "440524188001010014",
    ]);
    let shown = site.json(&["account", "show"]);
    assert_eq!(shown["state"], "submitted");
    assert_eq!(shown["submission"]["number_masked"], "440***********0014");
    let events = site.ok(&["events"]);
    site.ok(&["account", "approve"]);
    let (_, log) = daemon.terminate();
    for text in [&right.stdout, &right.stderr, &events.stdout, &log] {
        assert!(!text.contains("440524188001010014"), "{text}");
    }
    for path in files_below(&site.state()) {
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes.windows(18).any(|part| part == b"440524188001010014");
        assert!(!found, "{} holds the number", path.display());
    }
}

fn files_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files
}

#[test]
fn a3_reject_submit_again_approve_revoke() {
    let site = Site::new();
    let _daemon = site.start();
    let enterprise = [
        "account",
        "submit",
        "enterprise",
        "--name",
        "Example Ltd",
        "--registration-number",
        "91350100M000100Y43",
        "--contact",
        "office@example.com",
    ];
    site.ok(&enterprise);
    assert_eq!(site.vodpost(&enterprise).status, 7);
    site.ok(&["account", "reject", "--reason", "the licence is blurred"]);
    let shown = site.json(&["account", "show"]);
    assert_eq!(shown["state"], "rejected");
    assert_eq!(shown["reason"], "the licence is blurred");
    site.ok(&enterprise);
    site.ok(&["account", "approve"]);
    site.ok(&["account", "revoke", "--reason", "expired"]);
    assert_eq!(site.json(&["account", "show"])["state"], "revoked");
}

#[test]
fn a3_four_eyes_refuses_the_one_who_submitted() {
    let site = Site::new().with_config("[account]\nfour_eyes = true");
    let _daemon = site.start();
    site.ok(&["account", "submit", "individual", "--name", "Li Lei", "--id-number", "11010519491231002X"]);
    let said = site.vodpost(&["account", "approve"]);
    assert_eq!(said.status, 7, "{said:?}");
    let json = site.vodpost(&["account", "approve", "--json"]);
    assert!(json.stdout.contains("four_eyes"), "{json:?}");
}
