//! Conversations with the daemon as text: who asks, what is answered, what is pushed, and what happens around it.
//!
//! A script is its own transcript: playing it again must give the same text. `PROTOCOL.md` names the requests and answers;
//! they are written as the JSON of `vodpost call`, which carries them over the real socket. Of an answer those fields are
//! shown that matter; others can be asked for behind a bar.
//!
//! | line | means |
//! |---|---|
//! | `# …` | for the reader |
//! | `config: …` | a line of the daemon's config file; before anything else |
//! | `needs: root` | left out where the tests do not run as root; `needs: strace` where that may not be attached |
//! | `given: …` | `a daemon`, `an account` (verified, activated), `a live video FILE` |
//! | `ann > REQUEST` | ann, an admin, asks; `ui` is a second connection of hers, `bob` and `eve` are other users |
//! | `ann > REQUEST \| a b.c` | and these fields of the answer are shown |
//! | `ann < …` | the answer |
//! | `ann ! …` | the refusal |
//! | `ui: hears WHAT` | what was pushed to ui since, up to the event WHAT, to `progress`, or to the newest event: `everything`; also with a bar |
//! | `ui * …` | each push |
//! | `wait: VIDEO is STATE` | until it is |
//! | `http: GET PATH [RANGE]` | a viewer's request, with `-> STATUS ETAG` and the words of an error as answer |
//! | `gallery: shows` | `->` the tokens of the videos that the platform lists |
//! | `viewer: …` | `opens PATH`, `reads on`: a transfer that is under way |
//! | `disk: …` | something happens to the library, see `world` |
//! | `state: …` | something happens to the state folder, see `world` |
//! | `ffmpeg: …` | how the stand-in for ffmpeg behaves, see `world`; needs `config: ffmpeg = "FFMPEG"` |
//! | `daemon: …` | `start`, `stop`, `kill`, `does not start` |
//!
//! Whatever differs from run to run has a name in the transcript, and may be asked for by it; see `names`.

mod names;
mod person;
mod show;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::http;
use crate::site::{Daemon, Site};
use crate::stand_in::{self, Mode};
use crate::strace::Strace;
use crate::wait;
use names::Names;
use person::Person;

/// Plays a conversation and returns its transcript; `None` if it cannot be played here.
///
/// # Panics
/// When a line cannot be understood or carried out.
#[must_use]
pub fn play(script: &str) -> Option<String> {
    let needs_root = script.lines().any(|line| line == "needs: root");
    if needs_root && !rustix::process::geteuid().is_root() {
        crate::skip::skip("only root can play a conversation of several users");
        return None;
    }
    let mut stage = Stage::new(script);
    for line in script.lines() {
        stage.line(line);
        if stage.cannot_be_played {
            return None;
        }
    }
    stage.end();
    Some(stage.transcript)
}

struct Stage {
    site: Site,
    daemon: Option<Daemon>,
    /// Connections, by the names of those who hold them.
    people: BTreeMap<String, Person>,
    viewer: Option<(TcpStream, usize)>,
    /// While the disk of the state takes nothing.
    full: Option<Strace>,
    cannot_be_played: bool,
    /// What daemons logged that were stopped.
    log: String,
    names: Names,
    transcript: String,
}

impl Stage {
    fn new(script: &str) -> Self {
        let mut site = Site::new();
        let ffmpeg = stand_in::install(site.folder());
        let mut names = Names::of_users();
        for (path, name) in
            [(site.library(), "ROOT"), (site.state(), "STATE"), (site.socket(), "SOCKET"), (ffmpeg, "FFMPEG")]
        {
            names.fix(path.to_str().expect("plain").to_owned(), name);
        }
        for line in script.lines().filter_map(|line| line.strip_prefix("config: ")) {
            site = site.with_config(&names.config(line));
            if line.contains("FFMPEG") {
                // The stand-in is told what to do by a file beside it, which a confined program could not read.
                site = site.with_config("sandbox = \"off\"");
            }
        }
        Self {
            site,
            daemon: None,
            people: BTreeMap::new(),
            viewer: None,
            full: None,
            cannot_be_played: false,
            log: String::new(),
            names,
            transcript: String::new(),
        }
    }

    /// Plays one line of the script; what was answered before is replaced by what is answered now.
    fn line(&mut self, line: &str) {
        if is_answer(line) {
            return;
        }
        if line.is_empty() || line.starts_with('#') {
            return self.say(line);
        }
        if let Some((who, request)) = line.split_once(" > ") {
            self.say(line);
            return self.ask(who, request);
        }
        let (kind, rest) =
            line.split_once(": ").unwrap_or_else(|| panic!("not a line of a script: {line:?}"));
        let words: Vec<&str> = rest.split(' ').collect();
        match kind {
            "http" => return self.http(rest),
            "viewer" => return self.viewer(rest),
            "gallery" => return self.gallery(rest),
            _other => self.say(line),
        }
        match kind {
            "config" | "needs" => {}
            "given" => self.given(&words),
            "daemon" => self.daemon(rest),
            "disk" => {
                let listed = world::disk(&self.site, &words);
                self.report("disk", &listed);
            }
            "state" if rest == "is on a full disk" => self.fill_disk(),
            "state" if rest == "has room again" => self.full.take().expect("a full disk").detach(),
            "state" => {
                let found = world::state(&self.site, &self.log, rest);
                self.report("state", &found);
            }
            "ffmpeg" => {
                let mode = Mode::named(rest).unwrap_or_else(|| panic!("ffmpeg: {rest}"));
                stand_in::set(self.site.folder(), mode);
            }
            "wait" => self.wait(&words),
            who => match rest.strip_prefix("hears ") {
                Some(what) => self.hear(who, what),
                None => panic!("not a line of a script: {line:?}"),
            },
        }
    }

    fn say(&mut self, line: &str) {
        self.transcript.push_str(line);
        self.transcript.push('\n');
    }

    fn report(&mut self, kind: &str, lines: &[String]) {
        for line in lines {
            let line = self.names.stable(line);
            self.say(format!("{kind} < {line}").trim_end());
        }
    }

    fn person(&mut self, who: &str) -> &mut Person {
        assert!(self.daemon.is_some(), "{who} talks to a daemon that does not run");
        let site = &self.site;
        self.people.entry(who.to_owned()).or_insert_with(|| Person::connect(site, who))
    }

    fn ask(&mut self, who: &str, line: &str) {
        let (request, fields) = show::with_fields(line);
        let request = self.names.real(request);
        let request: Value =
            serde_json::from_str(&request).unwrap_or_else(|error| panic!("{request}: {error}"));
        let reply = self.person(who).ask(request);
        let (mark, answer) = match reply.get("error") {
            Some(error) => ('!', error),
            None => ('<', &reply["ok"]),
        };
        let shown = show::answer(&mut self.names, answer, fields);
        self.say(&format!("{who} {mark} {shown}"));
    }

    fn hear(&mut self, who: &str, line: &str) {
        let (what, fields) = show::with_fields(line);
        for push in self.person(who).hear(what) {
            let shown = show::answer(&mut self.names, &push, fields);
            self.say(&format!("{who} * {shown}"));
        }
    }

    /// Nothing that was pushed may be missing from the transcript.
    fn end(&mut self) {
        if self.daemon.is_none() {
            return;
        }
        let subscribers: Vec<String> = self
            .people
            .iter()
            .filter(|(_, person)| person.subscribed())
            .map(|(who, _)| who.clone())
            .collect();
        for who in subscribers {
            if self.person(&who).has_more_to_hear() {
                self.say(&format!("{who}: hears everything"));
                self.hear(&who, "everything");
            }
        }
    }

    fn given(&mut self, words: &[&str]) {
        if self.daemon.is_none() {
            self.daemon("start");
        }
        match words {
            ["a", "daemon"] => {}
            ["an", "account"] => self.site.set_up_account(),
            ["a", "live", "video", file] => {
                self.site.set_up_account();
                world::disk(&self.site, &["add", "index-last", file]);
                self.site.scan();
                let title = file.split('.').next().unwrap_or(file);
                let token = self.site.generate(title);
                // The first one mentioned.
                self.names.stable(&token);
            }
            _other => panic!("what is given? {words:?}"),
        }
    }

    fn daemon(&mut self, what: &str) {
        let running = self.daemon.take();
        self.people.clear();
        match (what, running) {
            ("start", None) => {
                let daemon = self.site.start();
                self.names.fix(format!("http://{}", daemon.http), "HTTP");
                self.daemon = Some(daemon);
            }
            ("stop", Some(daemon)) => {
                let (status, log) = daemon.terminate();
                assert!(status.success(), "{log}");
                self.log.push_str(&log);
            }
            ("kill", Some(daemon)) => daemon.kill(),
            ("does not start", None) => {
                let said = world::refusal_to_start(&self.site);
                self.report("daemon", &said);
            }
            (_what, running) => panic!("daemon: {what}, and it runs: {}", running.is_some()),
        }
    }

    fn fill_disk(&mut self) {
        let daemon = self.daemon.as_ref().expect("a daemon runs");
        self.full = Strace::attach(daemon.pid(), &["-e", "inject=pwrite64:error=ENOSPC", "-o", "/dev/null"]);
        self.cannot_be_played = self.full.is_none();
    }

    fn wait(&mut self, words: &[&str]) {
        let [video, "is", state] = words else { panic!("wait for what? {words:?}") };
        let request = json!({ "show": { "video": self.names.real(video) } });
        let person = self.person("stage");
        wait::until(&format!("{video} to be {state}"), || {
            let reply = person.ask(request.clone());
            if reply["ok"]["video"]["state"] == *state { Ok(()) } else { Err(reply.to_string()) }
        });
    }

    fn http(&mut self, request: &str) {
        let request = request.split(" -> ").next().unwrap_or(request);
        let words: Vec<&str> = request.split(' ').collect();
        let (method, path, range) = match words[..] {
            [method, path] => (method, path, None),
            [method, path, range] => (method, path, Some(("Range", range))),
            _ => panic!("not a request: {request:?}"),
        };
        let daemon = self.daemon.as_ref().expect("a daemon runs");
        let answer = http::request(daemon.http, method, &self.names.real(path), range.as_slice());
        let mut line = format!("http: {request} -> {}", answer.status);
        if let Some(etag) = answer.header("ETag").filter(|_| path.ends_with(".mp4")) {
            line.push(' ');
            line.push_str(&self.names.etag(etag));
        }
        if let Some(seconds) = answer.header("Retry-After") {
            line.push_str(&format!(" Retry-After: {seconds}"));
        }
        self.say(&line);
        if answer.status >= 400 {
            let words: Vec<String> = answer.text().lines().map(str::to_owned).collect();
            self.report("http", &words);
        }
    }

    fn gallery(&mut self, what: &str) {
        assert!(what.starts_with("shows"), "what of the gallery? {what:?}");
        let daemon = self.daemon.as_ref().expect("a daemon runs");
        let answer = http::request(daemon.http, "GET", "/", &[]);
        assert_eq!(answer.status, 200);
        let page = answer.text();
        let tokens = page.split("/v/").skip(1).filter_map(|rest| rest.get(..TOKEN_LEN));
        let shown: BTreeSet<String> = tokens.map(|token| self.names.stable(token)).collect();
        let shown: Vec<String> = shown.into_iter().collect();
        let shown = if shown.is_empty() { "nothing".to_owned() } else { shown.join(", ") };
        self.say(&format!("gallery: shows -> {shown}"));
    }

    fn viewer(&mut self, what: &str) {
        let what = what.split(" -> ").next().unwrap_or(what);
        let result = if let Some(path) = what.strip_prefix("opens ") {
            let daemon = self.daemon.as_ref().expect("a daemon runs");
            let mut stream = http::open(daemon.http, "GET", &self.names.real(path), &[]);
            let mut bytes = [0; BEGINNING];
            stream.read_exact(&mut bytes).expect("the beginning of a video");
            let text = String::from_utf8_lossy(&bytes);
            let len = text.lines().find_map(|line| line.strip_prefix("content-length: "));
            let len = len.and_then(|len| len.parse().ok()).expect("a length");
            let status = text.split(' ').nth(1).expect("a status").to_owned();
            self.viewer = Some((stream, len));
            status
        } else {
            assert_eq!(what, "reads on", "what does the viewer do?");
            let (mut stream, len) = self.viewer.take().expect("a viewer");
            let mut got = 0;
            let mut chunk = vec![0; 1 << 16];
            // The end is a reset or a close.
            while let Ok(more @ 1..) = stream.read(&mut chunk) {
                got += more;
            }
            if got + BEGINNING < len { "is cut off".to_owned() } else { "gets everything".to_owned() }
        };
        self.say(&format!("viewer: {what} -> {result}"));
    }
}

const TOKEN_LEN: usize = 20;
/// So much of a transfer is read when it begins, the head included.
const BEGINNING: usize = 4096;

/// Whether somebody or something said this, or it goes on from the line before.
fn is_answer(line: &str) -> bool {
    let mut words = line.splitn(3, ' ');
    let (who, mark) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    line.starts_with(' ') || (who != "#" && ["<", "!", "*"].contains(&mark))
}
