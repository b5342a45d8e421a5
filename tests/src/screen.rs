//! A real pseudo-terminal with a program in it, and what is on its screen.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use rustix::fs::{Mode, OFlags};
use rustix::pty::OpenptFlags;
use rustix::termios::Winsize;

use crate::qr;
use crate::terminal::Terminal;
use crate::wait::DEADLINE;

struct Shared {
    parser: Mutex<(vt100::Parser, bool)>,
    received: Mutex<Vec<Chunk>>,
    changed: Condvar,
}

/// What came from the program at once.
#[derive(Debug, Clone)]
pub struct Chunk {
    pub at: Instant,
    pub bytes: Vec<u8>,
}

pub struct Screen {
    child: Child,
    master: File,
    shared: Arc<Shared>,
}

impl Screen {
    /// Runs a command in a terminal of this size.
    ///
    /// # Panics
    /// When there is no terminal to be had.
    #[must_use]
    pub fn start(command: &Command, columns: u16, rows: u16) -> Self {
        let cells = |count| NonZero::new(count).expect("at least one cell");
        let master = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        rustix::pty::grantpt(&master).expect("grantpt");
        rustix::pty::unlockpt(&master).expect("unlockpt");
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(&master, size).expect("a size");
        let name = rustix::pty::ptsname(&master, Vec::new()).expect("its name");
        let flags = OFlags::RDWR | OFlags::NOCTTY;
        let slave =
            || -> OwnedFd { rustix::fs::open(name.as_c_str(), flags, Mode::empty()).expect("the other end") };
        // setsid makes it the controlling terminal, so that hang-ups and Ctrl-C arrive as they would.
        let mut wrapped = Command::new("setsid");
        wrapped.args(["--ctty", "--wait"]).arg(command.get_program()).args(command.get_args());
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => wrapped.env(key, value),
                None => wrapped.env_remove(key),
            };
        }
        let child = wrapped
            .env("TERM", "xterm-256color")
            .env_remove("TMUX")
            .stdin(Stdio::from(slave()))
            .stdout(Stdio::from(slave()))
            .stderr(Stdio::from(slave()))
            .spawn()
            .expect("setsid is installed");
        let shared = Arc::new(Shared {
            parser: Mutex::new((vt100::Parser::new(cells(rows), cells(columns), 0), false)),
            received: Mutex::default(),
            changed: Condvar::new(),
        });
        let master = File::from(master);
        let mut reader = master.try_clone().expect("a second handle");
        let feed = Arc::clone(&shared);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            loop {
                let len = reader.read(&mut bytes).unwrap_or(0);
                let chunk = Chunk { at: Instant::now(), bytes: bytes[..len].to_vec() };
                feed.received.lock().expect("what came").push(chunk);
                let mut state = feed.parser.lock().expect("the screen");
                if len == 0 {
                    state.1 = true;
                } else {
                    state.0.process(&bytes[..len]);
                }
                feed.changed.notify_all();
                if len == 0 {
                    return;
                }
            }
        });
        Self { child, master, shared }
    }

    /// # Panics
    /// When the terminal is gone.
    pub fn send(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).expect("keys can be sent");
    }

    /// Waits until the text on the screen satisfies a condition, and returns it.
    ///
    /// # Panics
    /// When it never does; the message shows the last screen, and the bottom lines of those before it, where notices are.
    pub fn wait(&self, what: &str, holds: impl Fn(&str) -> bool) -> String {
        let start = Instant::now();
        let mut before: Vec<String> = Vec::new();
        let mut state = self.shared.parser.lock().expect("the screen");
        loop {
            let text = state.0.screen().contents();
            if holds(&text) {
                return text;
            }
            let bottom = text.trim_end().lines().rev().take(2).collect::<Vec<_>>().join(" / ");
            if before.last() != Some(&bottom) {
                before.push(bottom);
            }
            let left = DEADLINE.checked_sub(start.elapsed());
            let Some(left) = left.filter(|_| !state.1) else {
                drop(state);
                panic!("waited in vain for {what}; before: {before:#?}; the screen:\n{text}");
            };
            state = self.shared.changed.wait_timeout(state, left).expect("the screen").0;
        }
    }

    pub fn wait_text(&self, text: &str) -> String {
        self.wait(&format!("{text:?}"), |screen| screen.contains(text))
    }

    /// Everything that came from the program since the last call, in order.
    ///
    /// # Panics
    /// When the reader failed.
    pub fn take_received(&self) -> Vec<Chunk> {
        std::mem::take(&mut *self.shared.received.lock().expect("what came"))
    }

    /// What the screen shows, cell by cell.
    ///
    /// # Panics
    /// When the reader failed.
    pub fn look<T>(&self, at: impl FnOnce(&vt100::Screen) -> T) -> T {
        at(self.shared.parser.lock().expect("the screen").0.screen())
    }

    /// Waits until there is a QR code on the screen that a camera could read, and returns what it says.
    ///
    /// # Panics
    /// When there never is one.
    #[must_use]
    pub fn wait_qr(&self) -> String {
        crate::wait::until("a QR code", || {
            let state = self.shared.parser.lock().map_err(|error| error.to_string())?;
            decode(state.0.screen())
        })
    }

    /// Waits until the program ended, and returns its status.
    ///
    /// # Panics
    /// When it does not end.
    pub fn wait_end(&mut self) -> i32 {
        let status = crate::wait::until("the program to end", || match self.child.try_wait() {
            Ok(Some(status)) => Ok(status),
            Ok(None) => Err("still running".to_owned()),
            Err(error) => Err(error.to_string()),
        });
        status.code().unwrap_or(-1)
    }

    /// Takes the terminal away, as a lost connection does, and returns the program.
    #[must_use]
    pub fn child_id(&self) -> u32 {
        self.child.id()
    }
}

impl Terminal for Screen {
    fn send(&mut self, keys: &str) {
        Self::send(self, keys);
    }

    fn wait(&self, what: &str, holds: &dyn Fn(&str) -> bool) -> String {
        Self::wait(self, what, holds)
    }

    fn wait_qr(&self) -> String {
        Self::wait_qr(self)
    }
}

/// Reads the QR code from the colours of the cells: each is two modules, one above the other.
pub(crate) fn decode(screen: &vt100::Screen) -> Result<String, String> {
    const SCALE: usize = 4;
    let (rows, columns) = screen.size();
    let (width, height) = (usize::from(columns.get()) * SCALE, usize::from(rows.get()) * 2 * SCALE);
    qr::decode(width, height, |x, y| {
        let (column, half) = (x / SCALE, y / SCALE);
        let cell = u16::try_from(half / 2).ok().zip(u16::try_from(column).ok());
        let Some(cell) = cell.and_then(|(row, column)| screen.cell(row, column)) else { return 0 };
        let upper = half % 2 == 0;
        let colour = match cell.contents() {
            "▀" if upper => cell.fgcolor(),
            "▄" if !upper => cell.fgcolor(),
            "█" => cell.fgcolor(),
            _ => cell.bgcolor(),
        };
        brightness(colour)
    })
}

fn brightness(colour: vt100::Color) -> u8 {
    match colour {
        // A dark terminal: what has no colour of its own is black.
        vt100::Color::Default => 0,
        vt100::Color::Idx(index) => match index {
            7 | 15 | 231 => 255,
            _ => 0,
        },
        vt100::Color::Rgb(red, green, blue) => {
            u8::try_from((u16::from(red) + u16::from(green) + u16::from(blue)) / 3).unwrap_or(255)
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
