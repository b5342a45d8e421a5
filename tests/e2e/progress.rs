//! Progress as people and programs see it while they wait: a bar on a terminal, lines and JSON elsewhere.

use serde_json::Value;
use vodpost_tests::media::Sample;
use vodpost_tests::screen::Screen;
use vodpost_tests::site::{Daemon, Site};

/// A site with something that takes a while to convert.
fn ready() -> (Site, Daemon) {
    let site = Site::new();
    site.add(&Sample::Long.path(), "talk.webm");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    (site, daemon)
}

/// `[###-----]  42 %`
fn has_bar(text: &str) -> bool {
    text.lines().any(|line| line.contains("[#") && line.contains("-]") && line.contains('%'))
}

#[test]
fn c3_on_a_terminal_generate_shows_a_bar_and_then_the_url() {
    let (site, daemon) = ready();
    let mut screen = Screen::start(&site.client(&["generate", "talk", "--wait"]), 80, 24);
    screen.wait("a bar", has_bar);
    let url = format!("http://{}/v/", daemon.http);
    let text = screen.wait("the URL", |text| text.contains(&url) && !has_bar(text));
    assert!(text.contains(&site.token("talk")), "{text}");
    assert_eq!(screen.wait_end(), 0);
}

#[test]
fn c3_in_a_pipe_generate_says_a_line_for_each_tenth() {
    let (site, daemon) = ready();
    let said = site.ok(&["generate", "talk", "--wait"]);
    assert_eq!(said.stdout, format!("http://{}/v/{}\n", daemon.http, site.token("talk")));
    let told: Vec<&str> =
        said.stderr.lines().filter(|line| line.starts_with("talk: ") && line.contains(" %")).collect();
    assert!((1..=11).contains(&told.len()), "{said:?}");
    assert!(!said.stderr.contains(['\r', '\x1b']), "{said:?}");
}

#[test]
fn c3_the_queue_is_followed_until_nothing_is_left_in_it() {
    let (site, _daemon) = ready();
    site.ok(&["generate", "talk"]);
    let mut screen = Screen::start(&site.client(&["jobs", "--until-done"]), 80, 24);
    screen.wait("a bar", has_bar);
    screen.wait("the end", |text| text.contains("No conversion runs or waits any more.") && !has_bar(text));
    assert_eq!(screen.wait_end(), 0);
}

#[test]
fn c3_the_queue_is_followed_in_json() {
    let (site, _daemon) = ready();
    site.ok(&["generate", "talk"]);
    let said = site.ok(&["jobs", "--until-done", "--json"]);
    let lines: Vec<Value> = said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["jobs"]["jobs"][0]["title"], "talk", "{said:?}");
    assert_eq!(lines.last().unwrap()["jobs"]["jobs"], Value::Array(vec![]), "{said:?}");
    let steps: Vec<f64> = lines.iter().filter_map(|line| line["progress"]["progress"].as_f64()).collect();
    assert!(!steps.is_empty() && steps.is_sorted(), "{steps:?}");
}
