//! A real xterm on a display of its own, and a photograph of it.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::qr;

/// `Xvfb` with one `xterm`, which takes the whole of it.
pub struct Xterm {
    server: Child,
    terminal: Child,
    display: String,
}

/// Grey pixels, row by row.
pub struct Photograph {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<u8>,
}

fn is_installed(name: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(name).is_file()))
}

impl Xterm {
    /// `None`, and a line that says so, where one of the programs is not installed.
    ///
    /// # Panics
    /// When they do not start.
    #[must_use]
    #[expect(clippy::print_stderr, reason = "a test that does not test must say so")]
    pub fn start(command: &Command, size: (u16, u16), arguments: &[&str]) -> Option<Self> {
        for name in ["Xvfb", "xterm", "import"] {
            if !is_installed(name) {
                eprintln!("SKIPPED: {name} is not installed");
                return None;
            }
        }
        // It chooses a free display and says which.
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1200x900x24", "-nolisten", "tcp"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb starts");
        let mut number = String::new();
        let stdout = server.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut number).expect("the number of the display");
        let display = format!(":{}", number.trim());
        let mut terminal = Command::new("xterm");
        terminal
            .args([
                "-geometry",
                &format!("{}x{}+0+0", size.0, size.1),
                "-fa",
                "DejaVu Sans Mono",
                "-fs",
                "10",
            ])
            .args(arguments)
            .arg("-e")
            .arg(command.get_program())
            .args(command.get_args())
            .env("DISPLAY", &display)
            .env_remove("TMUX");
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => terminal.env(key, value),
                None => terminal.env_remove(key),
            };
        }
        let terminal =
            terminal.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("xterm");
        Some(Self { server, terminal, display })
    }

    /// What is on the display now.
    ///
    /// # Errors
    /// When there is no display (any more).
    pub fn photograph(&self) -> Result<Photograph, String> {
        let output = self.import("gray:-")?;
        let (width, height) = (1200, 900);
        if output.len() != width * height {
            return Err(format!("a photograph of {} bytes", output.len()));
        }
        Ok(Photograph { width, height, pixels: output })
    }

    /// Keeps what is on the display, for people.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), String> {
        self.import(&format!("png:{}", path.display())).map(|_nothing| ())
    }

    fn import(&self, to: &str) -> Result<Vec<u8>, String> {
        let mut child = Command::new("import")
            .args(["-display", &self.display, "-window", "root", "-depth", "8", to])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut bytes = Vec::new();
        let stdout = child.stdout.as_mut().ok_or("no pipe")?;
        stdout.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        let output = child.wait_with_output().map_err(|error| error.to_string())?;
        if output.status.success() {
            Ok(bytes)
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }
}

impl Photograph {
    /// # Errors
    /// When there is not exactly one code that can be read.
    pub fn decode(&self) -> Result<String, String> {
        qr::decode(self.width, self.height, |x, y| self.pixels[y * self.width + x])
    }
}

impl Drop for Xterm {
    fn drop(&mut self) {
        for child in [&mut self.terminal, &mut self.server] {
            drop(child.kill());
            drop(child.wait());
        }
    }
}
