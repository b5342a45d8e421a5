//! A site with a live URL whose source is replaced, so that there is something to serve, or not to serve, while the new file
//! is converted.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use vodpost_tests::http;
use vodpost_tests::media::codecs;
use vodpost_tests::site::{Daemon, Site};
use vodpost_tests::stand_in::{self, Child, Mode};
use vodpost_tests::wait;

pub(crate) struct Bench {
    pub(crate) site: Site,
    pub(crate) token: String,
    /// Events up to here are from before the source was replaced.
    replaced_at: u64,
    /// What the URL served since then.
    served: Vec<Vec<u8>>,
}

/// One second of pictures that have to be encoded anew.
pub(crate) fn source(folder: &Path, pattern: &str) -> PathBuf {
    let path = folder.join(format!("{pattern}.mp4"));
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i"])
        .arg(format!("{pattern}=size=160x120:rate=25:duration=1"))
        .args(["-c:v", "mpeg4"])
        .arg(&path)
        .status();
    assert!(made.unwrap().success());
    path
}

impl Bench {
    /// `talk` is live, and its daemon runs.
    pub(crate) fn live(prepare: impl FnOnce(&Site)) -> (Self, Daemon) {
        let site = Site::new();
        let ffmpeg = stand_in::install(site.folder());
        let site = site.with_config(&format!(
            // Without other tries of its own, so that what went wrong stays to be seen.
            "[conversion]\nsandbox = \"off\"\nretries = 0\nffmpeg = \"{}\"",
            ffmpeg.display()
        ));
        prepare(&site);
        site.add(&source(site.folder(), "testsrc"), "talk.mp4");
        let daemon = site.start();
        site.set_up_account();
        site.scan();
        let token = site.generate("talk");
        (Self { site, token, replaced_at: 0, served: Vec::new() }, daemon)
    }

    pub(crate) fn behave(&self, mode: Mode) {
        stand_in::set(self.site.folder(), mode);
    }

    /// Replaces the source, and waits until its conversion stands still.
    pub(crate) fn replace(&mut self, daemon: &Daemon, at: Mode) -> Child {
        self.behave(at);
        self.replaced_at = self.events().last().map_or(0, |event| event["seq"].as_u64().unwrap());
        self.site.add(&source(self.site.folder(), "testsrc2"), "talk.mp4");
        self.site.scan();
        self.poll(daemon);
        Child::standing_still(daemon.pid(), self.site.folder(), at)
    }

    /// A viewer asks for the file: only a refusal or all of it is right.
    pub(crate) fn poll(&mut self, daemon: &Daemon) {
        let Some(response) = http::try_get(daemon.http, &format!("/v/{}.mp4", self.token)) else { return };
        match response.status {
            200 => self.served.push(response.body),
            status => assert_eq!(status, 503, "{}", response.text()),
        }
    }

    pub(crate) fn wait_live(&mut self, daemon: &Daemon) -> Value {
        wait::until("the URL to be live", || {
            self.poll(daemon);
            let shown = self.show();
            if shown["postings"][0]["state"] == "live" { Ok(shown) } else { Err(shown.to_string()) }
        })
    }

    pub(crate) fn show(&self) -> Value {
        self.site.json(&["show", "talk"])
    }

    fn events(&self) -> Vec<Value> {
        self.site.json(&["events"])["events"].as_array().unwrap().clone()
    }

    /// The names of the events of this kind since the source was replaced.
    fn happened(&self, what: &str) -> usize {
        let events = self.events();
        let new = events.iter().filter(|event| event["seq"].as_u64().unwrap() > self.replaced_at);
        new.filter(|event| event["what"] == what).count()
    }

    pub(crate) fn artifacts(&self) -> Vec<String> {
        names(&self.site.state().join("artifacts"))
    }

    /// C5 and C6: live exactly once, with all of the new bytes and nothing else on disk, whatever happened.
    pub(crate) fn expect_whole(&mut self, daemon: &Daemon) {
        let shown = self.wait_live(daemon);
        let postings = shown["postings"].as_array().unwrap();
        assert_eq!(postings.len(), 1, "{shown}");
        assert_eq!(postings[0]["token"], self.token.as_str());
        assert_eq!(self.happened("conversion_ready"), 1);
        assert_eq!(self.happened("posting_created"), 0);
        let attempt = shown["conversion"]["attempt"].as_u64().unwrap();
        let name = format!("{}-{attempt}.mp4", shown["id"].as_str().unwrap());
        wait::until("nothing but the artifact to be left", || {
            let names = self.artifacts();
            let left: Vec<_> = names.iter().filter(|name| !name.ends_with(".jpg")).collect();
            let unfinished = names.iter().any(|name| name.starts_with(".tmp-"));
            if left == [&name] && !unfinished { Ok(()) } else { Err(format!("{names:?}")) }
        });
        let whole = std::fs::read(self.site.state().join("artifacts").join(&name)).unwrap();
        self.poll(daemon);
        assert!(!self.served.is_empty());
        assert!(self.served.iter().all(|body| *body == whole), "something else was served for a while");
        assert_eq!(codecs(&format!("http://{}/v/{}.mp4", daemon.http, self.token)), ["h264"]);
    }
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
