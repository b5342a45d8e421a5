//! Takes the terminal and gives it back. Nothing else touches raw mode, the alternate screen or the panic hook.
//!
//! It is given back on every way out: the guard's `Drop`, a panic of the UI thread, and signals, which do not wait for
//! a thread that is stuck.

use std::io::{self, IsTerminal, Stdout};
use std::panic::PanicHookInfo;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use ratatui::Terminal;
use ratatui::crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use ratatui::crossterm::style::{Print, force_color_output};
use ratatui::crossterm::terminal::{
    EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{cursor, execute};

use crate::app::App;
use crate::app::mouse::{self, Pointer};
use crate::frame::{FrameBackend, Sent};
use crate::panic_report;
use crate::text::plain;
use crate::view;
use crate::view::theme::Theme;
use crate::{say, word};

/// How long a signal waits for a frame that is being written.
const FRAME_LIMIT: Duration = Duration::from_millis(300);

/// Whether the terminal is ours. Restoring twice would put the shell's prompt over what was said in between.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Held while something is written, so that a signal does not restore in the middle of a frame.
static WRITING: Mutex<()> = Mutex::new(());
/// The last panic of a thread that is not the UI's.
static PANIC: Mutex<Option<ThreadPanic>> = Mutex::new(None);

#[derive(Debug, thiserror::Error)]
pub enum TerminalError {
    #[error("{}", word!("the terminal UI needs a terminal on standard input and output", "终端界面要求标准输入和标准输出都是终端"))]
    NotATerminal,
    #[error("{}", say!(
        "the terminal cannot do what the UI needs (TERM={term})",
        "此终端不具备界面所需的功能（TERM={term}）",
        term = .0,
    ))]
    Dumb(String),
    #[error("{}", word!("the terminal cannot be used", "终端无法使用"))]
    Io(#[from] io::Error),
}

/// A panic that is told after the end.
#[derive(Debug, Clone)]
pub struct ThreadPanic {
    pub message: String,
    /// Where the report is, if it could be written.
    pub report: Option<PathBuf>,
}

type Backend = FrameBackend<Stdout>;

/// What came of drawing.
#[derive(Debug)]
pub struct Drawn {
    /// What [`view::draw`] says.
    pub seen: mouse::Drawn,
    /// How long it took to write; nothing where nothing had changed.
    pub wrote: Option<Duration>,
}

/// The terminal while it is ours.
pub struct Screen {
    terminal: Terminal<Backend>,
    /// Who has the mouse at the moment.
    pointer: Pointer,
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen").finish_non_exhaustive()
    }
}

impl Screen {
    /// Takes the terminal; the calling thread is the one whose panic gives it back.
    ///
    /// # Errors
    /// When there is no terminal, or none that can be used.
    pub fn take() -> Result<Self, TerminalError> {
        check()?;
        // Colours are the theme's decision. Left to itself crossterm writes empty colour commands under NO_COLOR, which
        // reset the attributes too and so hide the selection.
        force_color_output(true);
        restore_on_panic();
        enter()?;
        match Terminal::new(backend()) {
            Ok(terminal) => Ok(Self { terminal, pointer: Pointer::Terminal }),
            Err(error) => {
                leave();
                Err(error.into())
            }
        }
    }

    /// # Errors
    /// When the terminal is gone.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.terminal.size()?;
        Ok((size.width, size.height))
    }

    /// Draws one frame; one that changes nothing sends nothing.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn draw(&mut self, app: &App, theme: Theme) -> io::Result<Drawn> {
        let _writing = writing();
        if self.pointer != app.pointer() {
            self.pointer = app.pointer();
            self.terminal.backend_mut().send(mouse_sequence(self.pointer).as_bytes())?;
        }
        let before = self.sent();
        let mut seen = mouse::Drawn::default();
        self.terminal.draw(|frame| seen = view::draw(app, theme, frame))?;
        let sent = self.sent();
        let wrote = (sent.frames > before.frames).then(|| sent.writing.saturating_sub(before.writing));
        Ok(Drawn { seen, wrote })
    }

    /// What all frames so far amount to.
    #[must_use]
    pub fn sent(&self) -> Sent {
        self.terminal.backend().sent()
    }

    /// Writes a sequence that shows nothing, such as a clipboard command.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn write(&mut self, sequence: &[u8]) -> io::Result<()> {
        let _writing = writing();
        self.terminal.backend_mut().send(sequence)
    }

    /// Gives the terminal back and stops the process until it is continued, then takes it again.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn stop(&mut self) -> io::Result<()> {
        {
            let _writing = writing();
            leave();
        }
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        self.retake()
    }

    /// Takes the terminal anew and forgets what it shows. Not `Terminal::clear`: that asks for the cursor's place, and
    /// the answer would go to the thread that reads keys.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn retake(&mut self) -> io::Result<()> {
        let _writing = writing();
        // Whoever had the terminal in between may have changed its modes, which crossterm would not notice.
        disable_raw_mode()?;
        enter()?;
        // Given back with everything else; the next frame takes it again.
        self.pointer = Pointer::Terminal;
        let mut backend = backend();
        backend.count_from(self.sent());
        self.terminal = Terminal::new(backend)?;
        let area = self.terminal.size()?.into();
        self.terminal.resize(area)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _writing = writing();
        leave();
    }
}

fn backend() -> Backend {
    FrameBackend::new(io::stdout())
}

fn check() -> Result<(), TerminalError> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(TerminalError::NotATerminal);
    }
    let term = std::env::var("TERM").unwrap_or_default();
    if term.is_empty() || term == "dumb" {
        return Err(TerminalError::Dumb(term));
    }
    Ok(())
}

fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)
}

/// Presses and the wheel, in the form that has no limit of columns. Not crossterm's command: that asks for every movement
/// besides, each of which would wake the program up.
fn mouse_sequence(pointer: Pointer) -> &'static str {
    match pointer {
        Pointer::Ui => "\x1b[?1000h\x1b[?1006h",
        Pointer::Terminal => "\x1b[?1006l\x1b[?1000l",
    }
}

/// Gives the terminal back if it is ours. Nothing can be done about errors here, and nobody could be told.
fn leave() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        drop((disable_raw_mode(), write_farewell()));
    }
}

fn write_farewell() -> io::Result<()> {
    execute!(
        io::stdout(),
        EndSynchronizedUpdate,
        Print(mouse_sequence(Pointer::Terminal)),
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    )
}

/// The panic of a thread that is not the UI's.
#[must_use]
pub fn panic_of_thread() -> Option<ThreadPanic> {
    thread_panic().clone()
}

fn thread_panic() -> MutexGuard<'static, Option<ThreadPanic>> {
    PANIC.lock().unwrap_or_else(PoisonError::into_inner)
}

fn writing() -> MutexGuard<'static, ()> {
    WRITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives the terminal back from another thread, within a bounded time whatever the UI thread is doing.
pub fn leave_from_signal() {
    let give_up = Instant::now() + FRAME_LIMIT;
    loop {
        match WRITING.try_lock() {
            Ok(_) | Err(TryLockError::Poisoned(_)) => break,
            Err(TryLockError::WouldBlock) if Instant::now() < give_up => {
                thread::sleep(Duration::from_millis(5));
            }
            Err(TryLockError::WouldBlock) => break,
        }
    }
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // This never waits, while writing does where the other end of the terminal does not read.
    drop(disable_raw_mode());
    let (done, written) = sync_channel(1);
    let writer = thread::Builder::new().spawn(move || done.send(write_farewell()).is_ok());
    if writer.is_ok() {
        drop(written.recv_timeout(FRAME_LIMIT));
    }
}

/// A panic of another thread must not restore the terminal under a UI that goes on: it is reported to the run loop
/// instead, and told after the end.
fn restore_on_panic() {
    let ui_thread = thread::current().id();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if thread::current().id() == ui_thread {
            leave();
            tell(&ThreadPanic { message: info.to_string(), report: report(info) });
        } else if TAKEN.load(Ordering::SeqCst) {
            *thread_panic() = Some(ThreadPanic { message: info.to_string(), report: report(info) });
        } else {
            before(info);
        }
    }));
}

/// Nothing can be done about an error here; the message is shown all the same.
fn report(info: &PanicHookInfo<'_>) -> Option<PathBuf> {
    let at = SystemTime::now();
    let folder = panic_report::folder(|name| std::env::var_os(name))?;
    panic_report::write(&folder, &panic_report::text(info, at), at).ok()
}

#[expect(clippy::print_stderr, reason = "the UI is gone, and this is its last word")]
fn tell(panic: &ThreadPanic) {
    let message = &panic.message;
    eprintln!(
        "{}",
        say!("vodpost failed, which is a bug: {message}", "vodpost 出错，这是一个缺陷：{message}")
    );
    eprintln!("{}", report_line(panic));
}

/// Where the report of a panic is.
#[must_use]
pub fn report_line(panic: &ThreadPanic) -> String {
    match &panic.report {
        Some(path) => {
            let path = path.to_string_lossy();
            let path = plain(&path);
            say!("a report for the maintainers is in {path}", "供维护者查看的报告在 {path}")
        }
        None => say!("no report could be written", "无法写入报告"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read;
    use std::num::NonZero;
    use std::process::{Command, Stdio};

    use rustix::fs::{Mode, OFlags};
    use rustix::pty::OpenptFlags;
    use rustix::termios::{LocalModes, Winsize};

    use super::*;

    const MARK: &str = "VODPOST_TEST_PANICS";

    /// Runs itself again, in a process and a terminal of its own.
    #[test]
    fn a_panic_gives_the_terminal_back_and_leaves_a_report() {
        if std::env::var_os(MARK).is_some() {
            let _screen = Screen::take().unwrap();
            panic!("on purpose");
        }
        let folder = tempfile::tempdir().unwrap();
        let master = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        rustix::pty::grantpt(&master).unwrap();
        rustix::pty::unlockpt(&master).unwrap();
        let size = Winsize { ws_row: 24, ws_col: 200, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(&master, size).unwrap();
        let name = rustix::pty::ptsname(&master, Vec::new()).unwrap();
        let slave =
            || rustix::fs::open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        // Held, so that the modes can be looked at after the end.
        let held = slave();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "terminal::tests::a_panic_gives_the_terminal_back_and_leaves_a_report"])
            .arg("--nocapture")
            .env(MARK, "1")
            .env("XDG_STATE_HOME", folder.path())
            .env("TERM", "xterm-256color")
            .stdin(Stdio::from(slave()))
            .stdout(Stdio::from(slave()))
            .stderr(Stdio::from(slave()))
            .spawn()
            .unwrap();
        let mut reader = File::from(master);
        // The end of the child is not the end of the terminal while it is held here: a last line is.
        let writer = thread::spawn(move || {
            let status = child.wait().unwrap();
            rustix::io::write(&held, b"\nTHE END\n").unwrap();
            (status, held)
        });
        let mut shown = Vec::new();
        let mut chunk = [0; 4096];
        while !shown.ends_with(b"THE END\r\n") {
            let len = NonZero::new(reader.read(&mut chunk).unwrap()).expect("the terminal is held").get();
            shown.extend_from_slice(&chunk[..len]);
        }
        let (status, held) = writer.join().unwrap();
        assert!(!status.success());
        let modes = rustix::termios::tcgetattr(&held).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ICANON | LocalModes::ECHO), "raw mode is off");
        let shown = String::from_utf8_lossy(&shown).into_owned();
        let left =
            shown.find("\x1b[?1049l").unwrap_or_else(|| panic!("still in the alternate screen: {shown}"));
        let reports: Vec<_> = std::fs::read_dir(folder.path().join("vodpost")).unwrap().collect();
        assert_eq!(reports.len(), 1);
        let path = reports.into_iter().next().unwrap().unwrap().path();
        let told = shown[left..].replace("\r\n", "\n");
        assert!(told.contains("on purpose") && told.contains(path.to_str().unwrap()), "{told}");
        let report = std::fs::read_to_string(&path).unwrap();
        for part in ["on purpose", "terminal.rs", crate::connect::VERSION, "a_panic_gives"] {
            assert!(report.contains(part), "{part} is missing in {report}");
        }
    }
}
