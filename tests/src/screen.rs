//! A real pseudo-terminal with a program in it, and what is on its screen.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags};
use rustix::fs::{Mode, OFlags};
use rustix::pipe::PipeFlags;
use rustix::pty::OpenptFlags;
use rustix::termios::{LocalModes, Winsize};

use crate::picture::{Palette, Picture};
use crate::terminal::Terminal;
use crate::wait::DEADLINE;

struct Shared {
    seen: Mutex<Seen>,
    changed: Condvar,
}

/// What came out of the program so far.
struct Seen {
    parser: vt100::Parser,
    raw: Vec<u8>,
    chunks: Vec<Chunk>,
    ended: bool,
}

/// What came out at once.
#[derive(Debug, Clone)]
pub struct Chunk {
    pub at: Instant,
    pub bytes: Vec<u8>,
}

/// The thread that reads; it ends with the program, or when the pipe is closed.
struct Reader {
    thread: std::thread::JoinHandle<()>,
    /// Closed to end it.
    running: OwnedFd,
}

pub struct Screen {
    child: Child,
    /// None once the terminal was taken away.
    master: Option<File>,
    shared: Arc<Shared>,
    reader: Option<Reader>,
}

impl Screen {
    /// Runs a command in a terminal of this size.
    ///
    /// # Panics
    /// When there is no terminal to be had.
    #[must_use]
    pub fn start(command: &Command, columns: u16, rows: u16) -> Self {
        let master = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
            .expect("a terminal");
        rustix::pty::grantpt(&master).expect("grantpt");
        rustix::pty::unlockpt(&master).expect("unlockpt");
        rustix::termios::tcsetwinsize(&master, winsize(columns, rows)).expect("a size");
        let name = rustix::pty::ptsname(&master, Vec::new()).expect("its name");
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let slave =
            || -> OwnedFd { rustix::fs::open(name.as_c_str(), flags, Mode::empty()).expect("the other end") };
        // setsid makes it the controlling terminal, so that hang-ups and Ctrl-C arrive as they would.
        let mut wrapped = Command::new("setsid");
        wrapped.args(["--ctty", "--wait"]).arg(command.get_program()).args(command.get_args());
        wrapped.env("TERM", "xterm-256color");
        for name in ["TMUX", "SSH_CONNECTION", "SSH_TTY", "COLORTERM", "VODPOST_DEBUG"] {
            wrapped.env_remove(name);
        }
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => wrapped.env(key, value),
                None => wrapped.env_remove(key),
            };
        }
        let child = wrapped
            .stdin(Stdio::from(slave()))
            .stdout(Stdio::from(slave()))
            .stderr(Stdio::from(slave()))
            .spawn()
            .expect("setsid is installed");
        let shared = Arc::new(Shared {
            seen: Mutex::new(Seen {
                parser: vt100::Parser::new(cells(rows), cells(columns), 0),
                raw: Vec::new(),
                chunks: Vec::new(),
                ended: false,
            }),
            changed: Condvar::new(),
        });
        let master = File::from(master);
        let reader = Some(Reader::start(&master, Arc::clone(&shared)));
        Self { child, master: Some(master), shared, reader }
    }

    /// # Panics
    /// When the terminal is gone.
    pub fn send(&mut self, keys: &str) {
        self.master().write_all(keys.as_bytes()).expect("keys can be sent");
    }

    fn master(&self) -> &File {
        self.master.as_ref().expect("the terminal was not taken away")
    }

    /// Makes the window another size.
    ///
    /// # Panics
    /// When the terminal is gone.
    pub fn resize(&self, columns: u16, rows: u16) {
        let mut seen = self.shared.seen.lock().expect("the screen");
        seen.parser.screen_mut().set_size(cells(rows), cells(columns));
        drop(seen);
        rustix::termios::tcsetwinsize(self.master(), winsize(columns, rows)).expect("a size");
    }

    /// Whether the terminal puts lines together and echoes, as a shell expects.
    ///
    /// # Panics
    /// When the terminal is gone.
    #[must_use]
    pub fn is_cooked(&self) -> bool {
        let modes = rustix::termios::tcgetattr(self.master()).expect("the modes").local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO)
    }

    /// Everything that the program wrote so far.
    ///
    /// # Panics
    /// When the reading thread failed.
    #[must_use]
    pub fn raw(&self) -> Vec<u8> {
        self.shared.seen.lock().expect("the screen").raw.clone()
    }

    /// Takes the terminal away, as a lost connection does.
    ///
    /// # Panics
    /// When the reading thread failed.
    pub fn hang_up(&mut self) {
        let Some(Reader { thread, running }) = self.reader.take() else { return };
        drop(running);
        thread.join().expect("the reading thread");
        // The last handle.
        drop(self.master.take());
    }

    /// Waits until the text on the screen satisfies a condition, and returns it.
    ///
    /// # Panics
    /// When it never does; the message shows the last screen, and the bottom lines of those before it, where notices are.
    pub fn wait(&self, what: &str, holds: impl Fn(&str) -> bool) -> String {
        let start = Instant::now();
        let mut before: Vec<String> = Vec::new();
        let mut state = self.shared.seen.lock().expect("the screen");
        loop {
            let text = state.parser.screen().contents();
            if holds(&text) {
                return text;
            }
            let bottom = text.trim_end().lines().rev().take(2).collect::<Vec<_>>().join(" / ");
            if before.last() != Some(&bottom) {
                before.push(bottom);
            }
            let left = DEADLINE.checked_sub(start.elapsed());
            let Some(left) = left.filter(|_| !state.ended) else {
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
    /// When the reading thread failed.
    pub fn take_received(&self) -> Vec<Chunk> {
        std::mem::take(&mut self.shared.seen.lock().expect("the screen").chunks)
    }

    /// What the screen shows, cell by cell.
    ///
    /// # Panics
    /// When the reading thread failed.
    pub fn look<T>(&self, at: impl FnOnce(&vt100::Screen) -> T) -> T {
        at(self.shared.seen.lock().expect("the screen").parser.screen())
    }

    /// Waits until a phone could read a QR code from a picture of the screen, and returns what it says.
    ///
    /// # Panics
    /// When there never is one.
    #[must_use]
    pub fn wait_qr(&self, palette: Palette) -> String {
        crate::wait::until("a QR code", || self.picture(palette).decode())
    }

    /// What the terminal would show, in pixels.
    ///
    /// # Panics
    /// When the reading thread failed.
    #[must_use]
    pub fn picture(&self, palette: Palette) -> Picture {
        Picture::of(self.shared.seen.lock().expect("the screen").parser.screen(), palette)
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
        Self::wait_qr(self, Palette::Dark)
    }
}

impl Reader {
    fn start(master: &File, shared: Arc<Shared>) -> Self {
        let mut master = master.try_clone().expect("a second handle");
        let (ending, running) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC).expect("a pipe");
        let thread = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            loop {
                let mut fds = [PollFd::new(&master, PollFlags::IN), PollFd::new(&ending, PollFlags::empty())];
                rustix::event::poll(&mut fds, None).expect("poll");
                if !fds[1].revents().is_empty() {
                    return;
                }
                let len = master.read(&mut bytes).unwrap_or(0);
                let chunk = Chunk { at: Instant::now(), bytes: bytes[..len].to_vec() };
                let mut seen = shared.seen.lock().expect("the screen");
                seen.parser.process(&bytes[..len]);
                seen.raw.extend_from_slice(&bytes[..len]);
                seen.chunks.push(chunk);
                seen.ended = len == 0;
                shared.changed.notify_all();
                if len == 0 {
                    return;
                }
            }
        });
        Self { thread, running }
    }
}

fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).expect("at least one cell")
}

fn winsize(columns: u16, rows: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

impl Drop for Screen {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
