//! From nothing to a live URL, by keys alone; and folders that come and go while the daemon runs.

use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};
use vodpost_tests::http::get;
use vodpost_tests::media::Sample;
use vodpost_tests::picture::Palette;
use vodpost_tests::screen::Screen;
use vodpost_tests::site::Site;
use vodpost_tests::wait;

/// The daemon that the client started, ended with the test.
struct Started(Pid);

impl Started {
    fn of(site: &Site) -> Self {
        let pid = site.json(&["status"])["pid"].as_i64().unwrap();
        Self(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap())
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        match kill_process(self.0, Signal::KILL) {
            // It may have ended with its test.
            Ok(()) | Err(_) => {}
        }
    }
}

/// The client of somebody who has nothing yet: no daemon, no settings, an empty home.
fn newcomer(site: &Site) -> Command {
    let mut command = site.client(&[]);
    for name in ["VODPOST_LIBRARY", "VODPOST_CONFIG", "VODPOST_PUBLIC_URL", "XDG_CONFIG_HOME"] {
        command.env_remove(name);
    }
    command
        .env("HOME", site.folder())
        .env("XDG_STATE_HOME", site.folder().join("xdg"))
        .env("VODPOST_STATE_DIR", site.state())
        .env("VODPOST_LISTEN", "127.0.0.1:0")
        .env("LANG", "C.UTF-8")
        .env_remove("LC_ALL")
        .env_remove("LC_MESSAGES");
    command
}

#[test]
fn from_nothing_to_a_live_url_by_keys_alone() {
    let site = Site::new();
    let file = site.add(&Sample::IndexLast.path(), "talk.mp4");
    let mut screen = Screen::start(&newcomer(&site), 80, 24);
    screen.wait_text("No daemon answers");
    screen.wait_text("Enter starts one");
    screen.send("\r");
    screen.wait_text("Where are your videos?");
    let _started = Started::of(&site);
    screen.send("\r");
    screen.wait_text("~/");
    screen.send("nowhere\r");
    screen.wait_text("There is no folder");
    screen.send("\x15~/lib\t");
    screen.wait_text("~/library/");
    screen.send("\r");
    screen.wait_text("Who posts here?");
    screen.send("\r");
    screen.wait_text("Full name");
    screen.send("Li Lei\r\r");
    screen.wait_text("18 digits");
    screen.send("440524188001010");
    screen.wait_text("3 more digits");
    screen.send("015");
    screen.wait_text("it should be 4");
    screen.send("\x7f4");
    screen.wait_text("valid");
    screen.send("\r");
    let text = screen.wait_text("Approve the account");
    assert!(!text.contains("440524188001010014"), "{text}");
    screen.send("\r");
    screen.wait_text("Activate the service");
    screen.send("\r");
    screen.wait("the video in the list", |text| text.contains("g makes it") && text.contains("> talk"));
    screen.send("g");
    screen.wait("the URL", |text| text.contains("/v/") && !text.contains("first URL"));
    screen.send("\r");
    let url = screen.wait_qr(Palette::Dark);
    let status = site.json(&["status"]);
    let http = status["listen"]["http"].as_str().unwrap();
    let path = url.strip_prefix(&format!("http://{http}")).unwrap_or_else(|| panic!("{url} at {http}"));
    let served = get(http.parse().unwrap(), &format!("{path}.mp4"));
    assert_eq!(served.status, 200);
    assert_eq!(served.body.len() as u64, std::fs::metadata(file).unwrap().len());
    screen.send("\x1b");
    screen.wait_text("the only MP4");
    screen.send("q");
    assert_eq!(screen.wait_end(), 0);
    assert_eq!(site.json(&["status"])["counts"]["live"], 1, "the daemon goes on");
}

#[test]
fn without_leave_to_start_one_it_only_says_how() {
    let site = Site::new();
    let mut command = newcomer(&site);
    command.arg("--no-start");
    let mut screen = Screen::start(&command, 80, 24);
    let text = screen.wait_text("vodpostd --");
    assert!(!text.contains("Enter starts one"), "{text}");
    screen.send("q");
    assert_eq!(screen.wait_end(), 0);
    assert!(!site.state().exists());
}

#[test]
fn a_folder_is_added_and_removed_by_command_and_watched_meanwhile() {
    let site =
        Site::new().with_config("[library]\nroots = []\nsettle = \"0s\"\nrescan = \"0s\"\nwatch = true");
    let daemon = site.start();
    site.set_up_account();
    assert_eq!(site.json(&["library"])["roots"].as_array().unwrap().len(), 0);
    // Relative to where the client is, not the daemon.
    let mut add = site.client(&["library", "add", "library", "--json"]);
    let said = add.current_dir(site.folder()).output().unwrap();
    let added: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    let path = std::fs::canonicalize(site.library()).unwrap();
    assert_eq!(added["roots"][0]["path"], path.to_str().unwrap());
    assert!(added["roots"][0]["origin"]["added"]["by"].is_string(), "{added}");
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    let found = || site.json(&["ls"])["videos"].as_array().unwrap().len();
    let one = || if found() == 1 { Ok(()) } else { Err("not found".to_owned()) };
    wait::until("the video to be found by itself", one);
    let token = site.generate("talk");
    let media = format!("/v/{token}.mp4");
    assert_eq!(get(daemon.http, &media).status, 200);
    let again = site.vodpost(&["library", "add", path.to_str().unwrap()]);
    assert_eq!((again.status, again.stderr.contains("already")), (7, true), "{again:?}");
    let shown = site.ok(&["library"]).stdout;
    assert!(shown.contains("at once"), "{shown}");
    site.ok(&["library", "remove", path.to_str().unwrap()]);
    assert_eq!(get(daemon.http, &media).status, 503);
    assert_eq!(site.vodpost(&["library", "remove", path.to_str().unwrap()]).status, 5);
    drop(daemon);
    let daemon = site.start();
    assert_eq!(site.json(&["library"])["roots"].as_array().unwrap().len(), 0);
    assert_eq!(get(daemon.http, &media).status, 503);
    site.ok(&["library", "add", path.to_str().unwrap()]);
    wait::until("the URL to be back", || match get(daemon.http, &media).status {
        200 => Ok(()),
        other => Err(other.to_string()),
    });
}
