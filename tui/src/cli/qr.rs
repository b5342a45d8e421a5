//! `vodpost qr`: the QR code of a URL, drawn in the terminal or written as a picture.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use vodpost_protocol::posting::{PostingState, PostingView};
use vodpost_protocol::reply::Located;

use super::Context;
use super::failure::Failure;
use super::live::Size;
use super::output::{ColorChoice, Output, Side};
use super::show::posting_line;
use super::url::named;
use crate::qr::{Matrix, QrError, ascii_lines, full_lines, png, svg, unicode_lines};
use crate::save::PNG_SCALE;
use crate::text::{Sentence, comma, pair, plain, shell_word};
use crate::view::theme::{QrColors, Surroundings};
use crate::{say, word};

/// Draw the QR code of a URL
#[derive(Debug, Args)]
#[command(after_long_help = "TARGET names one URL: a video that has just one, VIDEO#LABEL, a token or a URL.
On a terminal the code is drawn black on white whatever the theme, as large as the window allows; where it
does not fit, the size that it needs is said. Elsewhere it is text without escapes and has no limit. Below the
code stands the URL. The format is taken from the name of FILE unless --format is given.

Example:
  vodpost qr talk
  vodpost qr 'talk#newsletter' -o talk.svg")]
pub struct Qr {
    /// Which URL
    target: String,
    /// How to draw it
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write to this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Two blanks per module, told apart by their background colours alone, wherever it goes
    Full,
    /// Half-block characters, with colours on a terminal
    Unicode,
    /// Two characters per module, `##` for the dark ones
    Ascii,
    Svg,
    Png,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Unicode => "unicode",
            Self::Ascii => "ascii",
            Self::Svg => "svg",
            Self::Png => "png",
        }
    }

    fn is_picture(self) -> bool {
        match self {
            Self::Svg | Self::Png => true,
            Self::Full | Self::Unicode | Self::Ascii => false,
        }
    }

    /// Columns of a terminal per module; pictures need none.
    fn columns_per_module(self) -> Option<usize> {
        match self {
            Self::Unicode => Some(1),
            Self::Full | Self::Ascii => Some(2),
            Self::Svg | Self::Png => None,
        }
    }
}

impl Qr {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let colors = context.global.color;
        let format = self.format(&context.out, colors)?;
        let to_terminal = context.out.is_terminal() && self.output.is_none() && !context.out.json;
        if let Some(format) = format.filter(|format| to_terminal && format.is_picture()) {
            return Err(Failure::Usage(Sentence::with_hint(
                say!("A terminal cannot show {name}.", "终端无法显示 {name}。", name = format.name()),
                say!(
                    "write it to a file: -o FILE.{name}",
                    "请写入文件：-o FILE.{name}",
                    name = format.name()
                ),
            )));
        }
        let ansi = match colors {
            // A QR code is no decoration: without its colours phones may not read it.
            ColorChoice::Auto => to_terminal,
            ColorChoice::Always => self.output.is_none() && !context.out.json,
            ColorChoice::Never => false,
        };
        let located = context.daemon()?.located(self.target.clone())?;
        let posting = only(&located)?;
        let window = to_terminal.then(|| context.out.size_now(Side::Result));
        let format = match (format, window) {
            (Some(format), _) => format,
            (None, Some(window)) if ansi && fits_whole(&posting.url, window) => Format::Full,
            (None, _) => Format::Unicode,
        };
        let matrix = encode(&posting.url, format, window.map(|window| window.columns))?;
        let drawing = draw(&matrix, format, ansi)?;
        if let Some(path) = &self.output {
            write(path, &drawing)?;
        }
        if context.out.json {
            return context.out.json(&as_json(posting, &matrix, format, &drawing, self.output.as_deref()));
        }
        print(&mut context.out, posting, format, &drawing, self.output.as_deref())
    }

    /// What was asked for, what the file's name says, or what stdout can show. None: whatever fits a terminal best.
    fn format(&self, out: &Output, colors: ColorChoice) -> Result<Option<Format>, Failure> {
        if let Some(format) = self.format {
            return Ok(Some(format));
        }
        let Some(path) = &self.output else {
            let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
            let colorful = (out.is_terminal() && !dumb) || colors == ColorChoice::Always;
            return Ok((!colorful).then_some(Format::Ascii));
        };
        match path
            .extension()
            .and_then(|extension| extension.to_str())
            .map(str::to_ascii_lowercase)
            .as_deref()
        {
            Some("svg") => Ok(Some(Format::Svg)),
            Some("png") => Ok(Some(Format::Png)),
            Some("txt") => Ok(Some(Format::Ascii)),
            _ => Err(Failure::Usage(Sentence::with_hint(
                say!(
                    "{path} does not say which format to write.",
                    "从 {path} 看不出要写成哪种格式。",
                    path = plain(&path.to_string_lossy()),
                ),
                word!(
                    "--format svg, png, unicode or ascii; or a name that ends in .svg, .png or .txt",
                    "--format svg、png、unicode 或 ascii；或以 .svg、.png、.txt 结尾的文件名"
                ),
            ))),
        }
    }
}

/// Whether the full form can be seen whole, with the URL and the next prompt below.
fn fits_whole(url: &str, window: Size) -> bool {
    let room = (window.columns / 2).min(window.rows.saturating_sub(2));
    Matrix::encode_to_fit(url, room).is_ok()
}

fn only(located: &Located) -> Result<&PostingView, Failure> {
    match named(located)?.as_slice() {
        [only] => Ok(only),
        several => {
            let title = &located.video.title;
            let labels: Vec<_> = several.iter().map(|posting| posting.label.as_str()).collect();
            let example = labels.first().map_or(String::new(), |label| format!("{title}#{label}"));
            Err(Failure::Usage(Sentence::with_hint(
                say!(
                    "\"{title}\" has several URLs: {labels}.",
                    "《{title}》有多个链接：{labels}。",
                    title = plain(title),
                    labels = labels.join(comma()),
                ),
                say!(
                    "name one, for example: vodpost qr {example}",
                    "请指定一个，例如：vodpost qr {example}",
                    example = shell_word(&example),
                ),
            )))
        }
    }
}

/// As large as it must be; on a terminal with less error correction where only that fits.
fn encode(url: &str, format: Format, terminal_width: Option<usize>) -> Result<Matrix, Failure> {
    let room = terminal_width.zip(format.columns_per_module()).map(|(width, columns)| width / columns);
    let encoded = match room {
        Some(room) => Matrix::encode_to_fit(url, room),
        None => Matrix::encode_to_fit(url, usize::MAX),
    };
    encoded.map_err(|error| match error {
        QrError::DoesNotFit { needed, .. } => {
            let columns = needed * format.columns_per_module().unwrap_or(1);
            Failure::Failed(Sentence::with_hint(
                say!(
                    "The QR code needs {columns} columns; this terminal has {width}.",
                    "二维码需要 {columns} 列，此终端只有 {width} 列。",
                    columns = columns,
                    width = terminal_width.unwrap_or_default(),
                ),
                word!(
                    "make the window larger, or write a picture: -o FILE.png",
                    "请放大窗口，或写成图片：-o FILE.png"
                ),
            ))
        }
        error @ (QrError::Encode(_) | QrError::TooLarge | QrError::Png(_)) => failed(&error),
    })
}

fn failed(error: &QrError) -> Failure {
    Failure::Failed(Sentence::new(say!("There is no QR code: {error}.", "无法生成二维码：{error}。")))
}

fn draw(matrix: &Matrix, format: Format, ansi: bool) -> Result<Vec<u8>, Failure> {
    let text = |lines: Vec<String>| lines.into_iter().flat_map(|line| (line + "\n").into_bytes()).collect();
    let colors = QrColors::new(&Surroundings::from_env());
    match format {
        // Made of nothing but colours, it is never without.
        Format::Full => Ok(text(full_lines(matrix, colors))),
        Format::Unicode => Ok(text(unicode_lines(matrix, ansi.then_some(colors)))),
        Format::Ascii => Ok(text(ascii_lines(matrix))),
        Format::Svg => Ok(svg(matrix).into_bytes()),
        Format::Png => png(matrix, PNG_SCALE).map_err(|error| failed(&error)),
    }
}

fn write(path: &Path, drawing: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, drawing).map_err(|error| {
        let path = path.to_string_lossy();
        let path = plain(&path);
        Failure::Failed(Sentence::new(say!("{path}: {error}.", "{path}：{error}。")))
    })
}

fn print(
    out: &mut Output,
    posting: &PostingView,
    format: Format,
    drawing: &[u8],
    file: Option<&Path>,
) -> Result<(), Failure> {
    if posting.state != PostingState::Live {
        out.note(&pair(posting.label.as_str(), &posting_line(posting)))?;
    }
    if file.is_none() {
        out.raw(drawing)?;
        // A picture on stdout is nothing but the picture.
        if format.is_picture() {
            return Ok(());
        }
    }
    out.line(&plain(&posting.url))
}

fn as_json(
    posting: &PostingView,
    matrix: &Matrix,
    format: Format,
    drawing: &[u8],
    file: Option<&Path>,
) -> Value {
    let row = |y| (0..matrix.size).map(|x| if matrix.dark(x, y) { '1' } else { '0' }).collect::<String>();
    let text = String::from_utf8_lossy(drawing);
    let data = match (file, format) {
        (Some(_), Format::Full | Format::Unicode | Format::Ascii | Format::Svg | Format::Png) => Value::Null,
        (None, Format::Full | Format::Unicode | Format::Ascii | Format::Svg) => json!(text),
        (None, Format::Png) => json!(BASE64.encode(drawing)),
    };
    json!({
        "token": posting.token,
        "label": posting.label,
        "state": posting.state,
        "url": posting.url,
        "size": matrix.size,
        "modules": (0..matrix.size).map(row).collect::<Vec<_>>(),
        "format": format.name(),
        "data": data,
        "file": file.map(|path| path.to_string_lossy()),
    })
}
