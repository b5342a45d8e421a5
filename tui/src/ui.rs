//! The terminal UI: threads that report events, one loop that updates the state, acts, and draws on change.
//!
//! Keys, the daemon and signals each have a thread that blocks until there is something to say. The loop sleeps on one
//! channel; it wakes up for an event, or for the moment that the state itself named, and for nothing else.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime};

use ratatui::crossterm::event as crossterm;
use ratatui::crossterm::event::{
    KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use vodpost_protocol::time::Timestamp;

use crate::app::App;
use crate::app::event::{Action, Copied, CopyWay, Ending, Event, Gesture, Key, LinkEvent, Mouse};
use crate::app::folder::Here;
use crate::app::mouse::Pointer;
use crate::autostart;
use crate::cli::ColorChoice;
use crate::clipboard;
use crate::completion;
use crate::frame::Sent;
use crate::link::Link;
use crate::pace::{self, Pace};
use crate::save;
use crate::signals;
use crate::terminal::{self, Screen, TerminalError, ThreadPanic};
use crate::text::{self, Sentence};
use crate::threads::Threads;
use crate::view::theme::{Surroundings, Theme};
use crate::{say, word};

/// Events that are taken together before the next frame at most.
const EVENTS_PER_FRAME: usize = 512;

#[derive(Debug, Clone, Default)]
pub struct UiOptions {
    pub socket: Option<PathBuf>,
    /// Start a daemon if none answers.
    pub autostart: bool,
    pub color: ColorChoice,
    pub pointer: Pointer,
}

#[derive(Debug, thiserror::Error)]
pub enum UiError {
    #[error(transparent)]
    Terminal(#[from] TerminalError),
    #[error("{}", word!("the terminal UI could not start", "终端界面无法启动"))]
    Start(#[source] io::Error),
    #[error("{}", word!("the terminal went away", "终端已断开"))]
    TerminalGone(#[source] io::Error),
    #[error("{}", say!("the keyboard cannot be read any more: {why}", "无法继续读取键盘：{why}", why = .0))]
    Input(String),
    #[error("{}", match panic {
        Some(ThreadPanic { message, .. }) => say!(
            "the {name} thread of the terminal UI failed, which is a bug: {message}",
            "终端界面的 {name} 线程出错，这是程序缺陷：{message}",
        ),
        None => say!(
            "the {name} thread of the terminal UI failed, which is a bug",
            "终端界面的 {name} 线程出错，这是程序缺陷"
        ),
    })]
    Thread { name: &'static str, panic: Option<ThreadPanic> },
}

impl UiError {
    /// What happened with all its causes, and what to do next where that is known.
    #[must_use]
    pub fn sentence(&self) -> Sentence {
        let mut message = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            message = text::pair(&message, &error.to_string());
            cause = error.source();
        }
        match self {
            Self::Terminal(TerminalError::NotATerminal | TerminalError::Dumb(_)) => Sentence::with_hint(
                message,
                word!(
                    "without a terminal there are commands, such as: vodpost ls",
                    "没有终端时请使用命令，例如：vodpost ls"
                ),
            ),
            Self::Thread { panic: Some(panic), .. } => {
                Sentence::with_hint(message, terminal::report_line(panic))
            }
            Self::Terminal(TerminalError::Io(_))
            | Self::Start(_)
            | Self::TerminalGone(_)
            | Self::Input(_)
            | Self::Thread { panic: None, .. } => Sentence::new(message),
        }
    }
}

/// Runs the terminal UI until the user quits.
///
/// # Errors
/// When there is no usable terminal, or it went away.
pub fn run(options: UiOptions) -> Result<(), UiError> {
    let theme = Theme::new(options.color, &Surroundings::from_env());
    let mut screen = Screen::take()?;
    let (threads, events) = Threads::new();
    signals::watch(&threads).map_err(UiError::Start)?;
    let size = screen.size().map_err(UiError::TerminalGone)?;
    let mut app = App::new(now(), size, clipboard::best_way())
        .with_folder(save::usual_folder())
        .with_mouse(options.pointer);
    app.here = here();
    // The first frame does not wait for the daemon.
    let drawn = screen.draw(&app, theme).map_err(UiError::TerminalGone)?;
    app.drawn(drawn.seen);
    start_input(&threads).map_err(UiError::Start)?;
    let start = options.autostart.then(|| autostart::plan(options.socket.as_deref())).flatten();
    let link = Link::start(options.socket, start, &threads).map_err(UiError::Start)?;
    let mut ui = Ui { screen, theme, link, threads, pace: Pace::from_env() };
    let ending = ui.run(&mut app, &events)?;
    let (sent, pace) = (ui.screen.sent(), ui.pace);
    drop(ui);
    if std::env::var_os("VODPOST_DEBUG").is_some_and(|value| !value.is_empty()) {
        tell_sent(sent, pace);
    }
    match ending {
        Ending::Asked => Ok(()),
        Ending::ThreadFailed(name) => Err(UiError::Thread { name, panic: terminal::panic_of_thread() }),
        Ending::InputFailed(why) => Err(UiError::Input(why)),
    }
}

/// What the terminal was sent, for whoever wonders about a slow line.
#[expect(clippy::print_stderr, reason = "asked for by VODPOST_DEBUG, after the UI has ended")]
fn tell_sent(sent: Sent, pace: Pace) {
    let Sent { frames, bytes, bytes_max, .. } = sent;
    let limit = 1_000 / pace.interval().as_millis();
    eprintln!(
        "{}",
        say!(
            "{frames} frames, {bytes} bytes, {bytes_max} in the largest; at most {limit} frames a second",
            "{frames} 帧，{bytes} 字节，最大一帧 {bytes_max} 字节；每秒至多 {limit} 帧"
        )
    );
}

/// What paths mean that are typed.
fn here() -> Here {
    let home = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
    Here { home, folder: std::env::current_dir().ok() }
}

fn now() -> Timestamp {
    Timestamp::from_system(SystemTime::now())
}

struct Ui {
    screen: Screen,
    theme: Theme,
    link: Link,
    threads: Threads,
    pace: Pace,
}

impl Ui {
    fn run(&mut self, app: &mut App, events: &Receiver<Event>) -> Result<Ending, UiError> {
        // When the last frames were drawn, the oldest first.
        let mut drawn = [None; pace::BURST];
        loop {
            let event = next(events, app.next_wake());
            if let Some(ending) = self.take(app, event)? {
                return Ok(ending);
            }
            // Everything that is ready, or comes until the next frame is due, is one frame.
            let due = self.pace.due(&drawn);
            for _ in 1..EVENTS_PER_FRAME {
                let rest = due.map_or(Duration::ZERO, |due| due.saturating_duration_since(Instant::now()));
                match events.recv_timeout(rest) {
                    Ok(event) => {
                        if let Some(ending) = self.take(app, event)? {
                            return Ok(ending);
                        }
                    }
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
                }
            }
            let frame = self.screen.draw(app, self.theme).map_err(UiError::TerminalGone)?;
            app.drawn(frame.seen);
            if let Some(took) = frame.wrote {
                self.pace.wrote(took);
            }
            drawn.rotate_left(1);
            drawn[pace::BURST - 1] = Some(Instant::now());
        }
    }

    fn take(&mut self, app: &mut App, event: Event) -> Result<Option<Ending>, UiError> {
        let mut actions = app.update(now(), event);
        while !actions.is_empty() {
            let mut more = Vec::new();
            for action in actions {
                match self.act(action).map_err(UiError::TerminalGone)? {
                    Acted::Done => {}
                    Acted::Happened(event) => more.extend(app.update(now(), event)),
                    Acted::Ending(ending) => return Ok(Some(ending)),
                }
            }
            actions = more;
        }
        Ok(None)
    }

    fn act(&mut self, action: Action) -> io::Result<Acted> {
        match action {
            Action::Send { ticket, request } => {
                if !self.link.send(ticket, request) {
                    return Ok(Acted::Happened(Event::Link(LinkEvent::NotSent(ticket))));
                }
            }
            Action::Copy { text, way: CopyWay::Tmux } => return self.copy_through_tmux(text),
            Action::Copy { text, way: CopyWay::Terminal } => {
                let Some(sequence) = clipboard::terminal_sequence(&text) else {
                    return Ok(Acted::Happened(Event::Copied(Copied::TooLong)));
                };
                self.screen.write(&sequence)?;
                return Ok(Acted::Happened(Event::Copied(Copied::Done(CopyWay::Terminal))));
            }
            Action::SaveQr { url, name, folder } => self.save_qr(url, name, folder)?,
            Action::ConnectNow => self.link.connect_now(),
            Action::StartDaemon => self.link.start_daemon(),
            Action::Complete { path } => self.complete(path)?,
            Action::Stop => self.screen.stop()?,
            Action::Redraw => self.screen.retake()?,
            Action::Quit(ending) => return Ok(Acted::Ending(ending)),
        }
        Ok(Acted::Done)
    }

    /// In a thread of its own, because a disk may take its time.
    fn save_qr(&self, url: String, name: String, folder: PathBuf) -> io::Result<()> {
        let threads = self.threads.clone();
        self.threads.spawn("save", move || {
            let result = save::qr(&url, &name, &folder);
            threads.tell_last(Event::SavedQr { name, result });
        })
    }

    /// In a thread of its own, because a disk may hang.
    fn complete(&self, path: String) -> io::Result<()> {
        let threads = self.threads.clone();
        self.threads.spawn("completion", move || {
            let completion = completion::folders(&path);
            threads.tell_last(Event::Completed { path, completion });
        })
    }

    /// In a thread of its own, because tmux may take its time.
    fn copy_through_tmux(&self, text: String) -> io::Result<Acted> {
        let threads = self.threads.clone();
        self.threads.spawn("clipboard", move || {
            let copied = match clipboard::through_tmux(&text) {
                Ok(()) => Copied::Done(CopyWay::Tmux),
                // Whatever is wrong with tmux, the terminal is asked next.
                Err(_) => Copied::TmuxFailed { text },
            };
            threads.tell_last(Event::Copied(copied));
        })?;
        Ok(Acted::Done)
    }
}

enum Acted {
    Done,
    Happened(Event),
    Ending(Ending),
}

/// The next event; a tick when the moment comes first.
fn next(events: &Receiver<Event>, wake: Option<Timestamp>) -> Event {
    let received = match wake {
        Some(at) => events.recv_timeout(at.since(now())),
        None => events.recv().map_err(|_closed| RecvTimeoutError::Disconnected),
    };
    match received {
        Ok(event) => event,
        Err(RecvTimeoutError::Timeout) => Event::Tick,
        // Cannot be: this thread holds a sender itself.
        Err(RecvTimeoutError::Disconnected) => Event::ThreadFailed("main"),
    }
}

fn start_input(threads: &Threads) -> io::Result<()> {
    let teller = threads.clone();
    threads.spawn("input", move || {
        loop {
            let event = match crossterm::read() {
                Ok(event) => translate(event),
                Err(error) => {
                    teller.tell_last(Event::InputFailed(error));
                    return;
                }
            };
            if let Some(event) = event
                && teller.tell(event).is_err()
            {
                return;
            }
        }
    })
}

fn translate(event: crossterm::Event) -> Option<Event> {
    match event {
        crossterm::Event::Key(key) if key.kind != KeyEventKind::Release => translate_key(key).map(Event::Key),
        crossterm::Event::Paste(text) => Some(Event::Paste(text)),
        crossterm::Event::Resize(width, height) => Some(Event::Resize { width, height }),
        crossterm::Event::Mouse(mouse) => translate_mouse(mouse).map(Event::Mouse),
        crossterm::Event::Key(_) | crossterm::Event::FocusGained | crossterm::Event::FocusLost => None,
    }
}

fn translate_mouse(mouse: MouseEvent) -> Option<Mouse> {
    let gesture = match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) => Gesture::Press,
        MouseEventKind::ScrollUp => Gesture::WheelUp,
        MouseEventKind::ScrollDown => Gesture::WheelDown,
        MouseEventKind::Down(MouseButton::Right | MouseButton::Middle)
        | MouseEventKind::Up(_)
        | MouseEventKind::Drag(_)
        | MouseEventKind::Moved
        | MouseEventKind::ScrollLeft
        | MouseEventKind::ScrollRight => return None,
    };
    Some(Mouse { gesture, x: mouse.column, y: mouse.row })
}

fn translate_key(key: KeyEvent) -> Option<Key> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    if key.modifiers.contains(KeyModifiers::ALT) {
        return None;
    }
    Some(match key.code {
        KeyCode::Char(letter) if control => Key::Ctrl(letter.to_ascii_lowercase()),
        KeyCode::Char(letter) => Key::Char(letter),
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        // Crossterm's enum, of which the UI knows the keys above.
        _ => return None,
    })
}
