//! S4: what each role may do, tried as other users where the tests run as root.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use vodpost_tests::media::Sample;
use vodpost_tests::site::{Said, Site, program, speak};

const NOBODY: u32 = 65_534;

/// Runs the client as another user.
fn run_as(site: &Site, uid: u32, args: &[&str]) -> Said {
    // The build may lie where only root can look.
    let copy = site.folder().join("vodpost");
    if !copy.exists() {
        std::fs::copy(program("vodpost"), &copy).unwrap();
    }
    let mut command = Command::new("setpriv");
    let output = speak(&mut command, "C.UTF-8")
        .args([&format!("--reuid={uid}"), &format!("--regid={uid}"), "--clear-groups"])
        .arg(&copy)
        .args(args)
        .env("VODPOST_SOCKET", site.socket())
        .output()
        .unwrap();
    Said::from(&output)
}

fn site(config: &str) -> Option<Site> {
    if !rustix::process::geteuid().is_root() {
        vodpost_tests::skip::skip("only root can be other users");
        return None;
    }
    let site = Site::new().with_config(config);
    std::fs::set_permissions(site.folder(), std::fs::Permissions::from_mode(0o755)).unwrap();
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    Some(site)
}

#[test]
fn s4_nobody_else_gets_in_by_default() {
    let Some(site) = site("") else { return };
    let _daemon = site.start();
    let said = run_as(&site, NOBODY, &["status"]);
    assert_eq!(said.status, 6, "{said:?}");
}

#[test]
fn s4_a_viewer_may_have_everything_looked_at() {
    let Some(site) = site("[roles]\nviewer = [\"65534\"]") else { return };
    let _daemon = site.start();
    let said = run_as(&site, NOBODY, &["doctor", "--json"]);
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stdout.contains("\"role\":\"viewer\""), "{said:?}");
    assert!(!said.stdout.contains("not_permitted"), "{said:?}");
}

#[test]
fn s4_a_viewer_looks_an_operator_works_and_an_admin_decides() {
    let Some(site) = site("[roles]\nviewer = [\"65534\"]\noperator = [\"65533\"]\nadmin = [\"65532\"]")
    else {
        return;
    };
    let _daemon = site.start();
    site.set_up_account();
    site.scan();
    let submit = [
        "account",
        "submit",
        "enterprise",
        "--name",
        "Example Ltd",
        "--registration-number",
        "X-1234567",
        "--document",
        "other",
        "--contact",
        "office@example.com",
    ];
    let allowed = |uid: u32, args: &[&str]| run_as(&site, uid, args).status;
    assert_eq!(allowed(65_534, &["ls"]), 0);
    assert_eq!(allowed(65_534, &["generate", "talk"]), 6);
    assert_eq!(allowed(65_533, &["generate", "talk", "--wait"]), 0);
    assert_eq!(allowed(65_533, &submit), 0);
    assert_eq!(allowed(65_533, &["account", "approve"]), 6);
    assert_eq!(allowed(65_533, &["source", "delete", "talk", "--yes"]), 6);
    assert_eq!(allowed(65_532, &["account", "approve"]), 0);
    assert_eq!(allowed(65_531, &["ls"]), 6, "not named at all");
    let events = site.json(&["events"]);
    let generated =
        events["events"].as_array().unwrap().iter().find(|event| event["what"] == "conversion_requested");
    assert_eq!(generated.unwrap()["uid"], 65_533);
}

#[test]
fn s4_groups_count_supplementary_ones_too_and_the_greatest_role_wins() {
    let roles = "[roles]\nviewer = [\"65534\"]\noperator = [\"@editors\"]";
    let Some(site) = site(roles) else { return };
    let user = "nobody";
    let groups = std::fs::read_to_string("/etc/group").unwrap();
    let file = site.folder().join("group");
    std::fs::write(&file, format!("{groups}editors:x:64321:{user}\n")).unwrap();
    let site = site.with_group_file(file.clone());
    let _daemon = site.start();
    site.set_up_account();
    site.scan();
    assert_eq!(run_as(&site, NOBODY, &["generate", "talk", "--wait"]).status, 0);
    assert_eq!(run_as(&site, NOBODY, &["account", "revoke", "--reason", "no"]).status, 6);
    // Who is taken out of the group is a viewer from the next connection on.
    std::fs::write(&file, format!("{groups}editors:x:64321:\n")).unwrap();
    assert_eq!(run_as(&site, NOBODY, &["suspend", "talk"]).status, 6);
    assert_eq!(run_as(&site, NOBODY, &["ls"]).status, 0);
}
