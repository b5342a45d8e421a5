//! The terminal UI and its terminal: what it writes and never asks, losing it, stopping, sizes, clipboards and pictures.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use vodpost_tests::escapes::{frames, is_known, sequences};
use vodpost_tests::media::Sample;
use vodpost_tests::picture::Palette;
use vodpost_tests::screen::Screen;
use vodpost_tests::site::{Daemon, Site};
use vodpost_tests::wait;
use vodpost_tests::xterm::Xterm;

fn ready(names: &[&str]) -> (Site, Daemon) {
    let site = Site::new();
    for name in names {
        site.add(&Sample::Silent.path(), name);
    }
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    (site, daemon)
}

fn url(site: &Site, video: &str) -> String {
    site.ok(&["url", video]).stdout.trim().to_owned()
}

#[test]
fn it_asks_the_terminal_nothing_and_a_key_costs_few_bytes() {
    let names: Vec<String> = (0..12).map(|number| format!("talk-{number:02}.mp4")).collect();
    let (site, _daemon) = ready(&names.iter().map(String::as_str).collect::<Vec<_>>());
    site.generate("talk-00");
    let mut command = site.client(&[]);
    command.env("VODPOST_DEBUG", "1");
    let mut screen = Screen::start(&command, 80, 24);
    screen.wait_text("> talk-00");
    let before = frames(&screen.raw()).len();
    screen.send("j");
    screen.wait_text("> talk-01");
    let new: Vec<usize> = frames(&screen.raw())[before..].iter().map(String::len).collect();
    // Two rows of the list and the details below: far from the 1920 cells of the whole window.
    assert!(new.iter().all(|len| *len < 1_500), "{new:?}");
    for (key, shown) in
        [("2", "Conversions"), ("3", "Events"), ("4", "Account"), ("5", "State id"), ("1", "> talk")]
    {
        screen.send(key);
        screen.wait_text(shown);
    }
    // Keys that change nothing: the next frame is that of the key after them.
    let before = frames(&screen.raw()).len();
    screen.send("zzz?");
    screen.wait_text(" Keys ");
    let new = frames(&screen.raw()).len() - before;
    assert!(new <= 2, "{new} frames");
    screen.send("q");
    screen.wait("the help to close", |text| !text.contains(" Keys "));
    screen.send("q");
    assert_eq!(screen.wait_end(), 0);
    screen.wait_text("frames, ");
    for sequence in sequences(&screen.raw()) {
        let line_end = ["\r", "\n"].contains(&sequence.as_str());
        assert!(is_known(&sequence) || line_end, "{sequence:?}");
    }
}

#[test]
fn hostile_titles_reach_the_terminal_as_signs() {
    let site = Site::new();
    let title =
        "x\x1b[2J\x1b]0;t\x07\u{9b}31m\r\u{202e}4pm\u{200b}e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}课";
    site.add(&Sample::Silent.path(), &format!("{title}.mp4"));
    let _daemon = site.start();
    site.set_up_account();
    site.scan();
    let mut screen = Screen::start(&site.client(&[]), 80, 24);
    screen.wait_text("x␛[2J␛]0;t␇");
    screen.send("g");
    screen.wait_text("/v/");
    screen.send("D");
    screen.wait("the question", |text| text.to_lowercase().contains("type"));
    screen.send("\x1b");
    screen.wait("the list", |text| !text.contains("Type the title"));
    screen.send("3");
    screen.wait_text("URL created");
    screen.send("q");
    assert_eq!(screen.wait_end(), 0);
    let raw = screen.raw();
    for sequence in sequences(&raw) {
        assert!(is_known(&sequence), "{sequence:?}");
    }
    let text = String::from_utf8(raw).unwrap();
    assert!(!text.contains(['\u{202e}', '\u{200b}', '\u{9b}']));
}

/// The user and system time of all children that ended, in ticks of the kernel.
fn ended_children_ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    fields[13].parse::<u64>().unwrap() + fields[14].parse::<u64>().unwrap()
}

#[test]
fn a_terminal_that_goes_away_ends_it_without_spinning() {
    let (site, _daemon) = ready(&["talk.mp4"]);
    let mut screen = Screen::start(&site.client(&[]), 80, 24);
    screen.wait_text("talk");
    let before = ended_children_ticks();
    screen.hang_up();
    // By itself: a client that spins would do so for ever.
    screen.wait_end();
    let ticks = ended_children_ticks() - before;
    let per_second = rustix::param::clock_ticks_per_second();
    assert!(ticks < per_second, "{ticks} ticks of {per_second} in a second, with the start");
}

#[test]
fn it_stops_and_goes_on_as_shells_expect() {
    let (site, _daemon) = ready(&["talk.mp4"]);
    let client = site.client(&[]);
    let mut shell = Command::new("sh");
    shell.args(["-i", "-m"]).env("PS1", "PROMPT> ");
    for (key, value) in client.get_envs() {
        match value {
            Some(value) => shell.env(key, value),
            None => shell.env_remove(key),
        };
    }
    let mut screen = Screen::start(&shell, 80, 24);
    screen.wait_text("PROMPT>");
    screen.send(&format!("{}\n", client.get_program().to_str().unwrap()));
    screen.wait_text("> talk");
    assert!(!screen.is_cooked());
    // A further prompt is the shell's word that it has the terminal; what was typed before would go to the client.
    let prompts = |count: usize| move |text: &str| text.matches("PROMPT>").count() == count;
    for round in 0..2 {
        screen.send("\x1a");
        screen.wait("the shell", prompts(round + 2));
        assert!(screen.is_cooked(), "raw mode is off while it is stopped");
        screen.send("fg\n");
        screen.wait_text("> talk");
        wait::until("raw mode", || if screen.is_cooked() { Err("cooked".to_owned()) } else { Ok(()) });
    }
    screen.send("q");
    screen.wait("the shell", prompts(4));
    screen.send("echo status $?\n");
    screen.wait_text("status 0");
    screen.send("exit\n");
    assert_eq!(screen.wait_end(), 0);
}

#[test]
fn windows_of_every_size_are_survived() {
    let (site, _daemon) = ready(&["talk.mp4"]);
    site.generate("talk");
    let mut screen = Screen::start(&site.client(&[]), 80, 24);
    screen.wait_text("> talk");
    for (key, shown) in [("", "> talk"), ("?", " Keys "), ("\r", "Esc close")] {
        screen.send(key);
        screen.wait_text(shown);
        for (columns, rows) in [(30, 10), (1, 1), (39, 12), (1, 50), (200, 1), (20, 11)] {
            screen.resize(columns, rows);
            if columns >= 20 && rows > 1 {
                screen.wait_text("need 40x12");
            }
        }
        screen.resize(80, 24);
        screen.wait("the screen", |text| !text.contains("need 40x12"));
        if !key.is_empty() {
            screen.send("\x1b");
            screen.wait("the list", |text| text.contains("> talk") && !text.contains(" Keys "));
        }
    }
    screen.resize(1, 1);
    screen.send("q");
    assert_eq!(screen.wait_end(), 0);
}

#[test]
fn qr_codes_can_be_read_from_a_picture_of_any_terminal() {
    let (site, _daemon) = ready(&["talk.mp4"]);
    site.generate("talk");
    let url = url(&site, "talk");
    let ways: [(&str, &[(&str, &str)]); 6] = [
        ("truecolor", &[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]),
        ("256 colours", &[("TERM", "xterm-256color")]),
        ("16 colours", &[("TERM", "xterm-16color")]),
        ("the console", &[("TERM", "linux")]),
        ("NO_COLOR", &[("TERM", "xterm-256color"), ("NO_COLOR", "1")]),
        ("NO_COLOR on the console", &[("TERM", "linux"), ("NO_COLOR", "1")]),
    ];
    for (name, variables) in ways {
        for (columns, rows) in [(41, 21), (80, 24), (120, 60)] {
            let mut command = site.client(&[]);
            command.envs(variables.iter().copied());
            let mut screen = Screen::start(&command, columns, rows);
            screen.wait_text("> talk");
            screen.send("\r");
            for palette in Palette::ALL {
                let seen = screen.wait_qr(palette);
                assert_eq!(seen, url, "{name}, {palette:?}, {columns}x{rows}");
            }
        }
        // The same on plain stdout; the code that fits is above the URL.
        let mut command = site.client(&["qr", "talk"]);
        command.envs(variables.iter().copied());
        let screen = Screen::start(&command, 80, 60);
        for palette in Palette::ALL {
            assert_eq!(screen.wait_qr(palette), url, "vodpost qr, {name}, {palette:?}");
        }
    }
}

#[test]
fn a_qr_code_that_does_not_fit_is_saved_instead() {
    let (site, _daemon) = ready(&["talk.mp4"]);
    site.generate("talk");
    let mut command = site.client(&[]);
    command.env("HOME", site.folder());
    let mut screen = Screen::start(&command, 40, 12);
    screen.wait_text("> talk");
    screen.send("\r");
    screen.wait_text("s saves it");
    screen.send("s");
    screen.wait_text("talk.png");
    let file = site.folder().join("here.png");
    screen.send(&format!("\x15{}\r", file.display()));
    screen.wait_text("saved: ");
    assert!(std::fs::read(&file).unwrap().starts_with(b"\x89PNG"));
    screen.send("s");
    screen.wait_text("talk.png");
    screen.send("\x15~/here.png\r");
    screen.wait_text("already");
    screen.send("\x1b");
    screen.wait_text("s saves it");
    screen.send("q");
    assert_eq!(screen.wait_end(), 0);

    let narrow = Screen::start(&site.client(&["qr", "talk"]), 30, 24);
    narrow.wait("the size that is needed", |text| text.contains("needs 3") && text.contains("-o FILE"));
    let piped = site.ok(&["qr", "talk", "--format", "unicode"]);
    assert!(piped.stdout.contains('█') && !piped.stdout.contains('\x1b'));
}

#[test]
fn a_url_is_copied_through_the_terminal_and_can_be_selected() {
    let (site, _daemon) = ready(&["talk.mp4"]);
    site.generate("talk");
    let url = url(&site, "talk");
    let encoded = STANDARD.encode(&url);
    // A tmux that is not there is no reason to fail.
    for (name, value) in [("TMUX", ""), ("TMUX", "/nowhere,1,0")] {
        let mut command = site.client(&[]);
        command.env(name, value).env("TMUX_TMPDIR", site.folder());
        let mut screen = Screen::start(&command, 80, 24);
        screen.wait_text("> talk");
        screen.send("c");
        screen.wait_text("sent to the terminal's clipboard");
        let text = screen.wait_text("Select the URL");
        assert!(text.lines().any(|line| line == url), "{text}");
        let sequence = format!("\x1b]52;c;{encoded}\x07");
        assert!(sequences(&screen.raw()).contains(&sequence));
    }
}

/// A tmux server of its own; killed with all that runs in it.
struct Tmux<'a> {
    site: &'a Site,
}

impl Tmux<'_> {
    fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new("tmux")
            .args(["-u", "-f", "/dev/null", "-S"])
            .arg(self.site.folder().join("tmux"))
            .args(arguments)
            .env_remove("TMUX")
            .output()
            .map_err(|error| error.to_string())?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    fn wait(&self, what: &str, holds: impl Fn(&str) -> bool) {
        wait::until(&format!("{what} in tmux"), || {
            let shown = self.run(&["capture-pane", "-p"])?;
            if holds(&shown) { Ok(()) } else { Err(shown) }
        });
    }
}

impl Drop for Tmux<'_> {
    fn drop(&mut self) {
        drop(self.run(&["kill-server"]));
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that does not test must say so")]
fn inside_tmux_a_url_is_copied_to_its_buffer() {
    if Command::new("tmux").arg("-V").output().is_err() {
        eprintln!("SKIPPED: tmux is not installed");
        return;
    }
    let (site, _daemon) = ready(&["talk.mp4"]);
    site.generate("talk");
    let url = url(&site, "talk");
    let client = site.client(&[]);
    let program = client.get_program().to_str().unwrap();
    let tmux = Tmux { site: &site };
    let socket = format!("VODPOST_SOCKET={}", site.socket().display());
    tmux.run(&["new-session", "-d", "-x", "80", "-y", "24", "-e", &socket, program]).unwrap();
    tmux.wait("the list", |text| text.contains("> talk"));
    tmux.run(&["send-keys", "c"]).unwrap();
    tmux.wait("the news", |text| text.contains("copied to tmux"));
    assert_eq!(tmux.run(&["show-buffer"]).unwrap(), url);
    tmux.run(&["send-keys", "Escape"]).unwrap();
    tmux.wait("the list", |text| text.contains("> talk") && !text.contains("Select the URL"));
    tmux.run(&["send-keys", "Enter"]).unwrap();
    // What tmux itself makes of it, as it would paint it on a terminal.
    let mut shown = Command::new("tmux");
    shown.args(["-u", "-f", "/dev/null", "-S"]).arg(site.folder().join("tmux")).arg("attach-session");
    let screen = Screen::start(&shown, 80, 24);
    assert_eq!(screen.wait_qr(Palette::Light), url);
}

#[test]
fn a_photograph_of_a_real_terminal_can_be_read() {
    let (site, _daemon) = ready(&["talk.mp4"]);
    site.generate("talk");
    let url = url(&site, "talk");
    for (name, colours) in
        [("dark", ["-bg", "black", "-fg", "white"]), ("light", ["-bg", "white", "-fg", "black"])]
    {
        let mut command = site.client(&["qr", "talk"]);
        // The terminal ends with its program.
        let script = format!("{} qr talk; read -r wait", command.get_program().to_str().unwrap());
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]);
        for (key, value) in command.env("TERM", "xterm-256color").get_envs() {
            match value {
                Some(value) => shell.env(key, value),
                None => shell.env_remove(key),
            };
        }
        let Some(xterm) = Xterm::start(&shell, (80, 24), &colours) else { return };
        let seen = wait::until("a QR code on a photograph", || xterm.photograph()?.decode());
        assert_eq!(seen, url, "{name}");
        if let Some(folder) = std::env::var_os("VODPOST_PHOTOGRAPHS") {
            xterm.save(&std::path::Path::new(&folder).join(format!("{name}.png"))).unwrap();
        }
    }
}
