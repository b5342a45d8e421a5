//! The whole life of a URL by keys alone, against the real daemon: in a terminal, and in tmux where it is installed.

use vodpost_tests::http::get;
use vodpost_tests::media::Sample;
use vodpost_tests::screen::Screen;
use vodpost_tests::site::{Daemon, Site};
use vodpost_tests::terminal::Terminal;
use vodpost_tests::tmux::Tmux;
use vodpost_tests::wait;

fn ready() -> (Site, Daemon) {
    let site = Site::new();
    site.add(&Sample::IndexLast.path(), "talk.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    (site, daemon)
}

/// Waits until the file behind the URL is answered so.
fn wait_status(daemon: &Daemon, token: &str, wanted: u16) {
    wait::until(&format!("the URL to answer {wanted}"), || {
        let status = get(daemon.http, &format!("/v/{token}.mp4")).status;
        if status == wanted { Ok(()) } else { Err(status.to_string()) }
    });
}

/// Generated, scanned, both switches off and on, and deleted by typing the title; then quits.
fn live_through(terminal: &mut dyn Terminal, site: &Site, daemon: &Daemon) {
    terminal.wait_text("talk");
    terminal.send("g");
    terminal.wait_text("> default  * live");
    let token = site.token("talk");
    terminal.wait_text(&format!("/v/{token}"));
    wait_status(daemon, &token, 200);

    terminal.send("\r");
    assert_eq!(terminal.wait_qr(), format!("http://{}/v/{token}", daemon.http));
    terminal.send("\x1b");
    terminal.wait_text("by name");

    terminal.send("p");
    terminal.wait_text("p resume URL");
    wait_status(daemon, &token, 403);
    terminal.send("p");
    terminal.wait_text("p suspend URL");
    wait_status(daemon, &token, 200);

    terminal.send("S");
    terminal.wait_text("S resume video");
    wait_status(daemon, &token, 403);
    terminal.send("w");
    terminal.wait_text("vodpost source resume");
    terminal.send("\x1b");
    terminal.wait_text("S resume video");
    terminal.send("S");
    terminal.wait_text("S suspend video");
    wait_status(daemon, &token, 200);

    terminal.send("D");
    terminal.wait_text("1 URL ends");
    terminal.send("tal\r");
    terminal.wait_text("That is not the title.");
    wait_status(daemon, &token, 200);
    terminal.send("k\r");
    terminal.wait_text("- deleted");
    wait_status(daemon, &token, 410);
    terminal.send("q");
}

#[test]
fn the_life_of_a_url_in_a_terminal() {
    let (site, daemon) = ready();
    let mut screen = Screen::start(&site.client(&[]), 80, 24);
    live_through(&mut screen, &site, &daemon);
    assert_eq!(screen.wait_end(), 0);
}

#[test]
fn the_life_of_a_url_in_tmux() {
    let (site, daemon) = ready();
    let Some(mut tmux) = Tmux::start(&site.client(&[]), 80, 24) else { return };
    live_through(&mut tmux, &site, &daemon);
    wait::until("the window to close", || if tmux.has_ended() { Ok(()) } else { Err("open".to_owned()) });
}

#[test]
fn the_mouse_selects_and_presses_keys() {
    let (site, _daemon) = ready();
    site.add(&Sample::Silent.path(), "silent.mp4");
    site.scan();
    let mut screen = Screen::start(&site.client(&["--mouse"]), 80, 24);
    let line = |text: &str, row: usize| text.lines().nth(row - 1).unwrap_or_default().to_owned();
    // Below the line of the first steps, which comes when the state of the account is known and moves the list down.
    screen.wait("the list below the first steps", |text| {
        line(text, 4).contains("> silent") && line(text, 5).contains("talk")
    });
    // The second row: column 5, line 5; in SGR form, counted from one.
    let press = |column: usize, row: usize| format!("\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m");
    screen.send(&press(5, 5));
    let shown = screen.wait_text("> talk");
    let footer = shown.lines().nth(23).expect("the last line");
    let at = footer.find("? help").unwrap_or_else(|| panic!("{footer}"));
    screen.send(&press(at + 1, 24));
    screen.wait_text("Keys");
    screen.send("q");
    screen.wait("the help to close", |text| !text.contains("Keys"));
    screen.send("q");
    assert_eq!(screen.wait_end(), 0);
}
