//! Real Chromium, without a window, told what to do over pipes (the DevTools protocol).

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::wait;

/// A browser with one page.
#[derive(Debug)]
pub struct Browser {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    last_id: u64,
    session: Option<String>,
    _profile: tempfile::TempDir,
}

fn program() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    std::env::split_paths(&folders)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|path| path.is_file())
}

impl Browser {
    /// `None`, and a line that says so, where there is no Chromium.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start() -> Option<Self> {
        let Some(program) = program() else {
            crate::skip::skip("chromium is not installed");
            return None;
        };
        let profile = tempfile::tempdir().expect("a folder");
        // It speaks on the descriptors 3 and 4, which the shell makes of its own input and output.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1"])
            .arg(program)
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"])
            .args(["--no-first-run", "--disable-extensions", "--disable-dev-shm-usage", "--mute-audio"])
            .args(["--autoplay-policy=no-user-gesture-required", "--hide-scrollbars"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("chromium starts");
        let to = child.stdin.take().expect("a pipe");
        let from = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut browser = Self { child, to, from, last_id: 0, session: None, _profile: profile };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", attach);
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        browser.call("Page.enable", json!({}));
        Some(browser)
    }

    /// Calls a method and waits for its answer.
    ///
    /// # Panics
    /// When the browser is gone, or refuses.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let mut request = json!({ "id": self.last_id, "method": method, "params": params });
        if let Some(session) = &self.session {
            request["sessionId"] = session.as_str().into();
        }
        let mut bytes = request.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).and_then(|()| self.to.flush()).expect("chromium listens");
        loop {
            let mut bytes = Vec::new();
            let len = self.from.read_until(0, &mut bytes).expect("chromium speaks");
            assert!(len > 0, "chromium has ended");
            let message: Value = serde_json::from_slice(&bytes[..len - 1]).expect("a message");
            if message["id"] == self.last_id {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
        }
    }

    /// A window of this size, as of a phone or a desk, light or dark.
    pub fn look_like(&mut self, width: u32, height: u32, mobile: bool, dark: bool, language: &str) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile });
        self.call("Emulation.setDeviceMetricsOverride", metrics);
        let scheme = if dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", features);
        self.call("Network.enable", json!({}));
        let headers = json!({ "headers": { "Accept-Language": language } });
        self.call("Network.setExtraHTTPHeaders", headers);
    }

    /// Opens a page and waits until all of it is there.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub fn open(&mut self, url: &str) {
        let opened = self.call("Page.navigate", json!({ "url": url }));
        assert!(opened["errorText"].is_null(), "{url}: {opened}");
        self.wait_for(
            "the page to be loaded",
            "document.readyState === 'complete' && location.href !== 'about:blank'",
        );
    }

    /// The value of an expression, or of the promise that it is.
    ///
    /// # Panics
    /// When it throws.
    pub fn value(&mut self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", asked);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Presses a key and lets it go.
    pub fn press(&mut self, key: &str) {
        let (code, number) = match key {
            " " => ("Space", 32),
            "Tab" => ("Tab", 9),
            "ArrowRight" => ("ArrowRight", 39),
            other => (other, 0),
        };
        let event = |kind: &str| {
            json!({ "type": kind, "key": key, "code": code, "windowsVirtualKeyCode": number,
                    "text": if key == " " && kind == "keyDown" { " " } else { "" } })
        };
        for kind in ["keyDown", "keyUp"] {
            self.call("Input.dispatchKeyEvent", event(kind));
        }
    }

    /// Waits until an expression is true.
    ///
    /// # Panics
    /// When that does not come.
    pub fn wait_for(&mut self, what: &str, expression: &str) {
        wait::until(what, || {
            let value = self.value(expression);
            if value == true { Ok(()) } else { Err(value.to_string()) }
        });
    }

    /// A picture of the window.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn screenshot(&mut self, path: &Path) {
        let picture = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        let picture = STANDARD.decode(picture["data"].as_str().expect("a picture")).expect("base64");
        std::fs::write(path, picture).expect("the picture can be written");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
