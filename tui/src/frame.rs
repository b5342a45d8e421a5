//! Frames on their way to the terminal: each is gathered whole, leaves in one write inside a synchronized update, and is
//! counted. What changes nothing sends nothing.
//!
//! Nothing here asks the terminal anything: an answer would land among the keys, and over some lines never comes.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::crossterm::queue;
use ratatui::crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use ratatui::layout::{Position, Size};

/// What went to the terminal since it was taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    pub frames: u64,
    pub bytes: u64,
    /// Of the largest frame.
    pub bytes_max: u64,
    /// How long all writes took, which is how long they waited for the other end.
    pub writing: Duration,
}

impl Sent {
    fn frame(&mut self, len: usize, took: Duration) {
        let len = u64::try_from(len).unwrap_or(u64::MAX);
        self.frames += 1;
        self.bytes = self.bytes.saturating_add(len);
        self.bytes_max = self.bytes_max.max(len);
        self.writing += took;
    }
}

/// The cursor as the terminal has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cursor {
    Unknown,
    Hidden,
    /// Where, unless something was written since it was put there.
    Shown(Option<Position>),
}

/// Crossterm's sequences, gathered until [`Backend::flush`].
#[derive(Debug)]
pub struct FrameBackend<W> {
    to: W,
    pending: Vec<u8>,
    cursor: Cursor,
    sent: Sent,
}

impl<W: Write> FrameBackend<W> {
    pub fn new(to: W) -> Self {
        Self { to, pending: Vec::new(), cursor: Cursor::Unknown, sent: Sent::default() }
    }

    /// Goes on counting where an earlier one stopped.
    pub fn count_from(&mut self, sent: Sent) {
        self.sent = sent;
    }

    pub fn sent(&self) -> Sent {
        self.sent
    }

    /// Sends a sequence of its own, between two frames.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn send(&mut self, sequence: &[u8]) -> io::Result<()> {
        self.to.write_all(sequence)?;
        self.to.flush()
    }

    /// It holds no state, so that one for each call is as good as one for all.
    fn crossterm(&mut self) -> CrosstermBackend<&mut Vec<u8>> {
        CrosstermBackend::new(&mut self.pending)
    }
}

impl<W: Write> Backend for FrameBackend<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut content = content.peekable();
        if content.peek().is_none() {
            return Ok(());
        }
        self.cursor = match self.cursor {
            Cursor::Shown(_) => Cursor::Shown(None),
            Cursor::Hidden => Cursor::Hidden,
            Cursor::Unknown => Cursor::Unknown,
        };
        self.crossterm().draw(content)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.cursor == Cursor::Hidden {
            return Ok(());
        }
        self.cursor = Cursor::Hidden;
        self.crossterm().hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        match self.cursor {
            Cursor::Shown(_) => Ok(()),
            Cursor::Hidden | Cursor::Unknown => {
                self.cursor = Cursor::Shown(None);
                self.crossterm().show_cursor()
            }
        }
    }

    /// Refused: only a query could tell.
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        match &mut self.cursor {
            Cursor::Shown(at) if *at == Some(position) => return Ok(()),
            Cursor::Shown(at) => *at = Some(position),
            Cursor::Hidden | Cursor::Unknown => {}
        }
        self.crossterm().set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.crossterm().clear()
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        self.crossterm().clear_region(region)
    }

    fn size(&self) -> io::Result<Size> {
        let (width, height) = ratatui::crossterm::terminal::size()?;
        Ok(Size { width, height })
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.crossterm().window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let mut frame = Vec::with_capacity(self.pending.len() + 16);
        queue!(frame, BeginSynchronizedUpdate)?;
        frame.append(&mut self.pending);
        queue!(frame, EndSynchronizedUpdate)?;
        let start = Instant::now();
        self.to.write_all(&frame)?;
        self.to.flush()?;
        self.sent.frame(frame.len(), start.elapsed());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(symbol: &'static str) -> Cell {
        Cell::new(symbol)
    }

    fn drawn(backend: &mut FrameBackend<Vec<u8>>, cells: &[(u16, u16, Cell)]) -> String {
        let before = backend.to.len();
        backend.draw(cells.iter().map(|(x, y, cell)| (*x, *y, cell))).unwrap();
        backend.hide_cursor().unwrap();
        backend.flush().unwrap();
        String::from_utf8(backend.to[before..].to_vec()).unwrap()
    }

    #[test]
    fn a_frame_is_one_synchronized_update() {
        let mut backend = FrameBackend::new(Vec::new());
        let frame = drawn(&mut backend, &[(0, 0, cell("a")), (1, 0, cell("b"))]);
        assert!(frame.starts_with("\x1b[?2026h\x1b[1;1Hab"), "{frame:?}");
        assert!(frame.ends_with("\x1b[?25l\x1b[?2026l"), "{frame:?}");
        assert_eq!(backend.sent().frames, 1);
        assert_eq!(backend.sent().bytes, frame.len() as u64);
    }

    #[test]
    fn what_changes_nothing_sends_nothing() {
        let mut backend = FrameBackend::new(Vec::new());
        drawn(&mut backend, &[(0, 0, cell("a"))]);
        let sent = backend.sent();
        assert_eq!(drawn(&mut backend, &[]), "");
        assert_eq!(backend.sent(), sent);
    }

    #[test]
    fn the_cursor_is_put_where_it_is_not_already() {
        let mut backend = FrameBackend::new(Vec::new());
        let put = |backend: &mut FrameBackend<Vec<u8>>, x| {
            let before = backend.to.len();
            backend.show_cursor().unwrap();
            backend.set_cursor_position((x, 0)).unwrap();
            backend.flush().unwrap();
            backend.to.len() - before
        };
        assert_ne!(put(&mut backend, 3), 0);
        assert_eq!(put(&mut backend, 3), 0);
        assert_ne!(put(&mut backend, 4), 0);
        let cells = [(0, 0, cell("a"))];
        backend.draw(cells.iter().map(|(x, y, cell)| (*x, *y, cell))).unwrap();
        backend.flush().unwrap();
        assert_ne!(put(&mut backend, 4), 0, "writing moved it");
        assert!(drawn(&mut backend, &[]).contains("\x1b[?25l"));
    }
}
