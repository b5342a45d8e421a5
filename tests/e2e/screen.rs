//! The terminal UI in a real terminal of 80×24, against the real daemon.

use vodpost_tests::http::get;
use vodpost_tests::media::Sample;
use vodpost_tests::picture::Palette;
use vodpost_tests::screen::Screen;
use vodpost_tests::site::{Daemon, Said, Site, speak};

fn ready() -> (Site, Daemon) {
    let site = Site::new();
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    site.add(&Sample::Silent.path(), "silent.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    (site, daemon)
}

fn open(site: &Site) -> Screen {
    let screen = Screen::start(&site.client(&[]), 80, 24);
    screen.wait_text("talk");
    screen
}

#[test]
fn generate_scan_the_qr_code_suspend_and_resume() {
    let (site, daemon) = ready();
    let mut screen = open(&site);
    screen.wait_text("silent");
    screen.send("g");
    site.wait_shown("silent", "the URL to be live", |shown| shown["postings"][0]["state"] == "live");
    let token = site.token("silent");
    screen.wait_text(&token[..8]);
    let url = format!("http://{}/v/{token}", daemon.http);
    screen.send("\r");
    assert_eq!(screen.wait_qr(Palette::Dark), url);
    screen.send("\x1b");
    screen.wait_text("talk");
    screen.send("p");
    screen.wait_text("suspended");
    assert_eq!(get(daemon.http, &format!("/v/{token}.mp4")).status, 403);
    screen.send("p");
    screen.wait("the URL to be live again", |text| !text.contains("suspended") || text.contains("resumed"));
    vodpost_tests::wait::until("the URL to be live again", || {
        let status = get(daemon.http, &format!("/v/{token}.mp4")).status;
        if status == 200 { Ok(()) } else { Err(status.to_string()) }
    });
    screen.send("q");
    assert_eq!(screen.wait_end(), 0);
}

#[test]
fn the_environment_chooses_chinese() {
    let (site, daemon) = ready();
    site.add(&Sample::Silent.path(), "课程 第一讲.mp4");
    site.scan();
    let chinese = |args: &[&str]| {
        let mut command = site.client(args);
        speak(&mut command, "zh_CN.UTF-8");
        command
    };
    let mut screen = Screen::start(&chinese(&[]), 80, 24);
    screen.wait_text("3个视频，按名称排序");
    screen.wait_text("账号已通过，服务已开通");
    // What a key says, and a title of wide characters in the column beside it.
    let shown = screen.wait("all columns", |text| text.contains("课程 第一讲"));
    let line = |part: &str| shown.lines().find(|line| line.contains(part)).unwrap_or_default().to_owned();
    // A wide character takes two columns and is one of the text.
    let column = |line: &str, part: &str| {
        let before = line.split(part).next().unwrap_or_default();
        before.chars().map(|letter| if letter.is_ascii() { 1 } else { 2 }).sum::<usize>()
    };
    assert_eq!(column(&line("课程"), "+ 新增"), column(&line("silent"), "+ 新增"), "{shown}");
    screen.send("g");
    screen.wait_text("* 有效");
    screen.send("\r");
    let url = screen.wait_qr(Palette::Dark);
    assert!(url.starts_with(&format!("http://{}/v/", daemon.http)), "{url}");
    screen.send("\x1b");
    screen.wait_text("所选版本");
    screen.send("?");
    screen.wait_text("按名称、最新、码率或状态排序");
    screen.send("\x1b");
    screen.wait_text("所选版本");
    screen.send("q");
    assert_eq!(screen.wait_end(), 0);

    let said = |args: &[&str]| Said::from(&chinese(args).output().unwrap());
    let listed = said(&["ls"]);
    assert!(listed.stdout.contains("状态") && listed.stdout.contains("新增"), "{listed:?}");
    let refused = said(&["show", "nothing"]);
    assert_eq!(refused.status, 5, "{refused:?}");
    assert_eq!(refused.stderr, "错误：没有视频《nothing》。\n提示：查看所有视频：vodpost ls\n");
    // Programs are spoken to in one language.
    assert_eq!(
        said(&["show", "nothing", "--json"]).stdout,
        site.vodpost(&["show", "nothing", "--json"]).stdout
    );
}

#[test]
fn deleting_asks_for_the_title() {
    let (site, daemon) = ready();
    let token = site.generate("silent");
    let mut screen = open(&site);
    screen.wait_text("silent");
    screen.send("D");
    screen.wait("the question", |text| text.to_lowercase().contains("type"));
    screen.send("silent\r");
    screen.wait_text("deleted");
    vodpost_tests::wait::until("the URL to be gone", || {
        let status = get(daemon.http, &format!("/v/{token}.mp4")).status;
        if status == 410 { Ok(()) } else { Err(status.to_string()) }
    });
}

#[test]
fn it_reconnects_when_the_daemon_comes_back() {
    let (site, daemon) = ready();
    let mut screen = open(&site);
    daemon.kill();
    screen.wait_text("not reachable");
    let _daemon = site.start();
    screen.wait("the connection to be back", |text| !text.contains("not reachable"));
    screen.send("g");
    screen.wait("the URL on the screen", |text| text.contains("/v/"));
    screen.send("q");
    assert_eq!(screen.wait_end(), 0);
}

#[test]
fn changes_from_elsewhere_appear_by_themselves() {
    let (site, _daemon) = ready();
    let screen = open(&site);
    site.generate("talk");
    screen.wait_text("live");
    site.ok(&["source", "suspend", "talk"]);
    screen.wait_text("suspended");
}

#[test]
fn help_shows_the_keys() {
    let (site, _daemon) = ready();
    let mut screen = open(&site);
    screen.send("?");
    screen.wait("help", |text| text.contains("generate") && text.contains("quit"));
}
