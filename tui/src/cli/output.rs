//! Where commands write: results to stdout, everything else to stderr, and nobody else prints.

use std::io::{self, BufWriter, IsTerminal, Write};

use clap::ValueEnum;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::failure::Failure;
use super::live::Size;
use crate::format::{Table, Tone};
use crate::text::Sentence;
use crate::view::text::wrap;
use crate::word;

/// Narrower, lines are left to the terminal to break.
const ROOM_MIN: usize = 20;
/// Terminals that do not say how large they are.
const SIZE_DEFAULT: Size = Size { columns: 80, rows: 24 };

/// Whether to use colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    Always,
    Never,
}

impl ColorChoice {
    /// Whether colours go to a stream, by the choice, what the stream is and what the environment asks for.
    #[must_use]
    pub fn allows(self, is_terminal: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => {
                let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
                is_terminal && !no_color && !dumb
            }
        }
    }
}

/// One of the two outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// stdout
    Result,
    /// stderr
    Notes,
}

/// One output stream and what it can show.
struct Stream {
    to: Box<dyn Write + Send>,
    is_terminal: bool,
    color: bool,
    width: Option<usize>,
    /// Lines can be redrawn in place: a terminal that is more than a typewriter.
    redraws: bool,
}

impl Stream {
    fn line(&mut self, text: &str) -> Result<(), Failure> {
        self.to.write_all(text.as_bytes()).and_then(|()| self.to.write_all(b"\n")).map_err(failure)
    }
}

/// stdout and stderr of one command.
pub struct Output {
    /// Results are JSON, and stdout holds nothing else.
    pub json: bool,
    out: Stream,
    err: Stream,
}

impl Output {
    #[must_use]
    pub fn to_process(json: bool, color: ColorChoice) -> Self {
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let (out_is_terminal, err_is_terminal) = (stdout.is_terminal(), stderr.is_terminal());
        Self {
            json,
            out: Stream {
                width: columns(rustix::stdio::stdout(), out_is_terminal),
                redraws: out_is_terminal && can_redraw(),
                to: Box::new(BufWriter::with_capacity(64 << 10, stdout)),
                is_terminal: out_is_terminal,
                color: !json && color.allows(out_is_terminal),
            },
            err: Stream {
                width: columns(rustix::stdio::stderr(), err_is_terminal),
                redraws: err_is_terminal && can_redraw(),
                to: Box::new(stderr),
                is_terminal: err_is_terminal,
                color: color.allows(err_is_terminal),
            },
        }
    }

    /// Into any writers, none of them a terminal.
    #[must_use]
    pub fn to_writers(json: bool, out: Box<dyn Write + Send>, err: Box<dyn Write + Send>) -> Self {
        let stream = |to| Stream { to, is_terminal: false, color: false, width: None, redraws: false };
        Self { json, out: stream(out), err: stream(err) }
    }

    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.out.is_terminal
    }

    /// Whether lines can be redrawn in place there.
    #[must_use]
    pub fn redraws(&self, side: Side) -> bool {
        self.stream(side).redraws
    }

    #[must_use]
    pub fn color_on(&self, side: Side) -> bool {
        self.stream(side).color
    }

    /// How large the terminal is now.
    #[must_use]
    pub fn size_now(&self, side: Side) -> Size {
        let now = match side {
            Side::Result => size(rustix::stdio::stdout()),
            Side::Notes => size(rustix::stdio::stderr()),
        };
        now.unwrap_or(SIZE_DEFAULT)
    }

    fn stream(&self, side: Side) -> &Stream {
        match side {
            Side::Result => &self.out,
            Side::Notes => &self.err,
        }
    }

    #[must_use]
    pub fn color(&self) -> bool {
        self.out.color
    }

    /// Columns of the terminal that stdout is, if it is one.
    #[must_use]
    pub fn width(&self) -> Option<usize> {
        self.out.width
    }

    /// One line of a result for people.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn line(&mut self, text: &str) -> Result<(), Failure> {
        debug_assert!(!self.json, "with --json stdout holds JSON only");
        self.out.line(text)
    }

    /// Text behind what leads it, in as many lines as it takes: the others begin below its beginning. Without a terminal,
    /// which has an edge, it is one. The text must hold no colours.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn hanging(&mut self, lead: &str, indent: usize, text: &str) -> Result<(), Failure> {
        let room = self.out.width.map(|width| width.saturating_sub(indent));
        let room = room.filter(|room| (ROOM_MIN..text.width()).contains(room));
        let lines = room.map_or_else(|| vec![text.to_owned()], |room| wrap(text, room));
        let mut lines = lines.iter();
        let first = lines.next().map_or("", String::as_str);
        self.line(format!("{lead}{first}").trim_end())?;
        lines.try_for_each(|line| self.line(&format!("{:indent$}{line}", "")))
    }

    /// # Errors
    /// When stdout cannot be written.
    pub fn table(&mut self, table: &Table) -> Result<(), Failure> {
        table.lines(self.out.width, self.out.color).iter().try_for_each(|line| self.line(line))
    }

    /// One JSON document on a line of its own.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn json<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failure> {
        let text = serde_json::to_string(value).map_err(|error| Failure::Output(error.into()))?;
        self.out.line(&text)
    }

    /// Bytes as they are, for pictures and scripts.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn raw(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.out.to.write_all(bytes).map_err(failure)
    }

    /// Hands what was written so far to whoever reads it.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.out.to.flush().map_err(failure)
    }

    /// A remark beside the result, on stderr.
    ///
    /// # Errors
    /// When stderr cannot be written.
    pub fn note(&mut self, text: &str) -> Result<(), Failure> {
        // Where both meet, a remark stands below what it is about.
        if self.out.is_terminal && self.err.is_terminal {
            self.flush()?;
        }
        self.err.line(text)
    }

    /// Text on stderr without a line end, such as a question.
    ///
    /// # Errors
    /// When stderr cannot be written.
    pub fn note_part(&mut self, text: &str) -> Result<(), Failure> {
        self.part(Side::Notes, text)
    }

    /// Text as it is, at once.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn part(&mut self, side: Side, text: &str) -> Result<(), Failure> {
        let to = match side {
            Side::Result => &mut self.out.to,
            Side::Notes => &mut self.err.to,
        };
        to.write_all(text.as_bytes()).and_then(|()| to.flush()).map_err(failure)
    }

    /// `error: …` and `hint: …` on stderr.
    ///
    /// # Errors
    /// When stderr cannot be written.
    pub fn complain(&mut self, sentence: &Sentence) -> Result<(), Failure> {
        let color = self.err.color;
        self.note(&(Tone::Bad.paint(word!("error:", "错误："), color) + word!(" ", "") + &sentence.message))?;
        match &sentence.hint {
            Some(hint) => {
                self.note(&(Tone::Strong.paint(word!("hint:", "提示："), color) + word!(" ", "") + hint))
            }
            None => Ok(()),
        }
    }
}

/// Of a terminal, as it says or, where it does not know, as `COLUMNS` does. What is no terminal has no edge.
fn columns(stream: impl std::os::fd::AsFd, is_terminal: bool) -> Option<usize> {
    let said = || std::env::var("COLUMNS").ok()?.parse().ok().filter(|columns| *columns > 0);
    if is_terminal { size(stream).map(|size| size.columns).or_else(said) } else { None }
}

fn size(stream: impl std::os::fd::AsFd) -> Option<Size> {
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    let rows = if size.ws_row > 0 { usize::from(size.ws_row) } else { SIZE_DEFAULT.rows };
    (size.ws_col > 0).then(|| Size { columns: usize::from(size.ws_col), rows })
}

fn can_redraw() -> bool {
    std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb")
}

fn failure(error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe { Failure::BrokenPipe } else { Failure::Output(error) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::peer::Shared;

    #[test]
    fn a_choice_beats_what_the_stream_is() {
        assert!(ColorChoice::Always.allows(false));
        assert!(!ColorChoice::Never.allows(true));
        assert!(!ColorChoice::Auto.allows(false));
    }

    #[test]
    fn long_text_goes_on_below_its_beginning() {
        let shown = |width| {
            let out = Shared::default();
            let mut output = Output::to_writers(false, Box::new(out.clone()), Box::new(io::sink()));
            output.out.width = width;
            output.hanging("name  ", 6, "one two three four five six").unwrap();
            out.text()
        };
        assert_eq!(shown(None), "name  one two three four five six\n");
        assert_eq!(shown(Some(26)), "name  one two three four\n      five six\n");
        // There is no room for a column of its own.
        assert_eq!(shown(Some(10)), shown(None));
    }

    #[test]
    fn a_reader_that_left_is_no_error() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut output = Output::to_writers(false, Box::new(Gone), Box::new(io::sink()));
        assert_eq!(output.line("x").unwrap_err().exit_status(), 0);
    }
}
