//! Takes the terminal and gives it back. Nothing else touches raw mode, the alternate screen or the panic hook.
//!
//! It is given back on every way out: the guard's `Drop`, a panic of the UI thread, and signals, which do not wait for
//! a thread that is stuck.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use ratatui::crossterm::style::force_color_output;
use ratatui::crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{cursor, execute, queue};

use crate::app::App;
use crate::view;
use crate::view::theme::Theme;
use crate::{say, word};

/// A frame of a large window fits, so that it leaves in few writes.
const BUFFER_LEN: usize = 64 << 10;
/// How long a signal waits for a frame that is being written.
const FRAME_LIMIT: Duration = Duration::from_millis(300);

/// Whether the terminal is ours. Restoring twice would put the shell's prompt over what was said in between.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Held while something is written, so that a signal does not restore in the middle of a frame.
static WRITING: Mutex<()> = Mutex::new(());
/// The last panic of a thread that is not the UI's.
static PANIC: Mutex<String> = Mutex::new(String::new());

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

type Backend = CrosstermBackend<BufWriter<Stdout>>;

/// The terminal while it is ours.
pub struct Screen {
    terminal: Terminal<Backend>,
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
            Ok(terminal) => Ok(Self { terminal }),
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

    /// Draws one frame, which terminals that know synchronized updates show at once. Gives what [`view::draw`] does.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn draw(&mut self, app: &App, theme: Theme) -> io::Result<usize> {
        let _writing = writing();
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        let mut hidden = 0;
        self.terminal.draw(|frame| hidden = view::draw(app, theme, frame))?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        Ok(hidden)
    }

    /// Writes a sequence that shows nothing, such as a clipboard command.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn write(&mut self, sequence: &[u8]) -> io::Result<()> {
        let _writing = writing();
        self.terminal.backend_mut().write_all(sequence)?;
        io::Write::flush(self.terminal.backend_mut())
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
        self.terminal = Terminal::new(backend())?;
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
    CrosstermBackend::new(BufWriter::with_capacity(BUFFER_LEN, io::stdout()))
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

/// Gives the terminal back if it is ours. Nothing can be done about errors here, and nobody could be told.
fn leave() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        drop((disable_raw_mode(), write_farewell()));
    }
}

fn write_farewell() -> io::Result<()> {
    execute!(io::stdout(), EndSynchronizedUpdate, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show)
}

/// What the panic of a thread that is not the UI's said.
#[must_use]
pub fn panic_of_thread() -> String {
    panic_message().clone()
}

fn panic_message() -> MutexGuard<'static, String> {
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
/// instead, and its message shown after the end.
fn restore_on_panic() {
    let ui_thread = thread::current().id();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if thread::current().id() == ui_thread {
            leave();
            before(info);
        } else if TAKEN.load(Ordering::SeqCst) {
            *panic_message() = info.to_string();
        } else {
            before(info);
        }
    }));
}
