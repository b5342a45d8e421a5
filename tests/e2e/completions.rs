//! Completions in real shells: typed with a Tab, what is put in must be what the library holds, whatever its titles are.

use std::process::Command;

use vodpost_tests::media::Sample;
use vodpost_tests::screen::Screen;
use vodpost_tests::site::{Daemon, Site, program};

/// Blanks, quotes of all kinds, what shells expand, and Chinese.
const TITLE: &str = "it's \"课程\" $HOME `x` #1";
const PROMPT: &str = "ready> ";

fn ready() -> (Site, Daemon) {
    let site = Site::new();
    site.add(&Sample::IndexLast.path(), &format!("{TITLE}.mp4"));
    site.add(&Sample::Silent.path(), "silent.mp4");
    let daemon = site.start();
    site.set_up_account();
    site.scan();
    (site, daemon)
}

/// A shell with nothing of the tester's, in which `vodpost` is the one under test.
fn shell(site: &Site, name: &str, arguments: &[&str]) -> Option<Screen> {
    Command::new(name).arg("--version").output().ok()?;
    let folder = program("vodpost").parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([folder].into_iter().chain(std::env::split_paths(&path))).unwrap();
    let mut command = Command::new(name);
    command.args(arguments).env("PATH", path).env("HOME", site.folder()).env("PS1", PROMPT);
    command.env("VODPOST_SOCKET", site.socket()).env("LANG", "C.UTF-8").env("LC_ALL", "C.UTF-8");
    command.env("XDG_CONFIG_HOME", site.folder()).env("XDG_DATA_HOME", site.folder());
    Some(Screen::start(&command, 120, 40))
}

/// Types these keys, then Enter, and waits until what the command said is there.
fn says(screen: &mut Screen, keys: &str, said: &str) {
    screen.send("clear\r");
    screen.wait("a clear screen", |text| text.trim() == PROMPT.trim());
    screen.send(keys);
    // The shell answers a Tab before it reads on, so the end of the line comes after it.
    screen.send("; echo DONE''NOW\r");
    let text = screen.wait("the end of the command", |text| text.contains("DONENOW"));
    assert!(text.contains(said), "{keys:?}: {said:?} in\n{text}");
}

/// The same in each shell: by title, in quotes, and by label.
fn complete(site: &Site, screen: &mut Screen) {
    let id = site.json(&["show", TITLE])["id"].as_str().unwrap().to_owned();
    let silent = site.json(&["show", "silent"])["id"].as_str().unwrap().to_owned();
    says(screen, "vodpost sho\tsil\t", &silent);
    says(screen, "vodpost show it\t", &id);
    says(screen, "vodpost show \"it\t", &id);
    let token = site.generate(TITLE);
    site.ok(&["generate", "silent", "--label", "spring", "--wait"]);
    says(screen, "vodpost url it\t", &token);
    let spring = site.json(&["show", "silent"])["postings"][0]["token"].as_str().unwrap().to_owned();
    says(screen, "vodpost url 'silent#\t", &spring);
    says(screen, &format!("vodpost url {}\t", &token[..6]), &token);
    says(screen, "vodpost ls --state unus\t", "No videos.");
}

#[test]
fn bash_completes_titles_as_they_are() {
    let (site, daemon) = ready();
    let Some(mut screen) = shell(&site, "bash", &["--norc", "--noprofile", "-i"]) else { return };
    screen.wait_text(PROMPT.trim());
    screen.send("source <(vodpost completions bash); echo LOAD''ED\r");
    screen.wait_text("LOADED");
    complete(&site, &mut screen);
    // What stood before the cursor in quotes stays as it is.
    let id = site.json(&["show", TITLE])["id"].as_str().unwrap().to_owned();
    says(&mut screen, "vodpost show it\\'s\\ \t", &id);
    // Files where files belong.
    std::fs::write(site.folder().join("picture.svg"), "").unwrap();
    screen.send(&format!("cd {}; echo MOV''ED\r", site.folder().display()));
    screen.wait_text("MOVED");
    says(&mut screen, "vodpost qr silent -o pic\t", "picture.svg");
    // Nobody there: nothing, and no noise.
    drop(daemon);
    says(&mut screen, "vodpost show it\t", "vodpost show it; echo");
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that does not test must say so")]
fn zsh_completes_titles_as_they_are() {
    let (site, _daemon) = ready();
    let Some(mut screen) = shell(&site, "zsh", &["-f", "-i"]) else {
        eprintln!("SKIPPED: zsh is not installed");
        return;
    };
    screen.wait_text(PROMPT.trim());
    screen.send("autoload -U compinit; compinit -u -D; unsetopt banghist; echo INI''TED\r");
    screen.wait_text("INITED");
    screen.send("source <(vodpost completions zsh); echo LOAD''ED\r");
    screen.wait_text("LOADED");
    complete(&site, &mut screen);
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that does not test must say so")]
fn fish_completes_titles_as_they_are() {
    let (site, _daemon) = ready();
    let Some(mut screen) = shell(&site, "fish", &["--no-config", "-i"]) else {
        eprintln!("SKIPPED: fish is not installed");
        return;
    };
    screen.send(&format!("function fish_prompt; printf '{PROMPT}'; end; clear\r"));
    screen.wait_text(PROMPT.trim());
    screen.send("vodpost completions fish | source; echo LOAD''ED\r");
    screen.wait_text("LOADED");
    complete(&site, &mut screen);
}
