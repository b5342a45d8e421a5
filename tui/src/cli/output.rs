//! Where commands write: results to stdout, everything else to stderr, and nobody else prints.

use std::io::{self, BufWriter, IsTerminal, Write};

use clap::ValueEnum;
use serde::Serialize;

use super::failure::Failure;
use super::live::Size;
use crate::format::{Table, Tone};
use crate::text::Sentence;
use crate::word;

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
                width: size(rustix::stdio::stdout()).map(|size| size.columns),
                redraws: out_is_terminal && can_redraw(),
                to: Box::new(BufWriter::with_capacity(64 << 10, stdout)),
                is_terminal: out_is_terminal,
                color: !json && color.allows(out_is_terminal),
            },
            err: Stream {
                width: size(rustix::stdio::stderr()).map(|size| size.columns),
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

    #[test]
    fn a_choice_beats_what_the_stream_is() {
        assert!(ColorChoice::Always.allows(false));
        assert!(!ColorChoice::Never.allows(true));
        assert!(!ColorChoice::Auto.allows(false));
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
