//! What a terminal shows as an SVG picture: the cells themselves, in one palette, with no font but the reader's.

use std::fmt::Write as _;

/// Pixels of a cell; blocks and QR codes are drawn as such, so that no font is needed for them to join.
const CELL: (f64, f64) = (8.4, 18.0);
const MARGIN: f64 = 12.0;
const GROUND: &str = "#16181d";
const INK: &str = "#d8dbe0";
/// The first eight colours of a terminal, as they look on this ground.
const PALETTE: [&str; 8] =
    ["#16181d", "#f0716b", "#7ac47f", "#d9b560", "#7aa7f0", "#d58be0", "#5fc3cf", "#d8dbe0"];

/// Draws the whole screen.
#[must_use]
pub fn draw(screen: &vt100::Screen) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let width = f64::from(columns) * CELL.0 + 2.0 * MARGIN;
    let height = f64::from(rows) * CELL.1 + 2.0 * MARGIN;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.1} {height:.1}\" \
         font-family=\"ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,'Noto Sans Mono CJK SC',monospace\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{GROUND}\"/>\n"
    );
    for row in 0..rows {
        let mut column = 0;
        while column < columns {
            let run = Run::at(screen, row, column, columns);
            run.draw(&mut text, row);
            column += run.columns;
        }
    }
    text + "</svg>\n"
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Look {
    ink: String,
    ground: String,
    bold: bool,
    dim: bool,
}

impl Look {
    fn of(cell: &vt100::Cell) -> Self {
        let (ink, ground) = (color(cell.fgcolor(), INK), color(cell.bgcolor(), GROUND));
        let (ink, ground) = if cell.inverse() { (ground, ink) } else { (ink, ground) };
        Self { ink, ground, bold: cell.bold(), dim: cell.dim() }
    }
}

fn color(color: vt100::Color, default: &str) -> String {
    match color {
        vt100::Color::Default => default.to_owned(),
        vt100::Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
        vt100::Color::Idx(231 | 15) => "#ffffff".to_owned(),
        vt100::Color::Idx(index) => {
            PALETTE.get(usize::from(index)).map_or("#000000", |known| known).to_owned()
        }
    }
}

/// Cells beside each other that look alike and hold one kind of characters.
struct Run {
    look: Look,
    text: String,
    from: u16,
    columns: u16,
}

impl Run {
    fn at(screen: &vt100::Screen, row: u16, from: u16, end: u16) -> Self {
        let cell = |column| screen.cell(row, column).expect("on the screen");
        let mut run = Self { look: Look::of(cell(from)), text: String::new(), from, columns: 0 };
        for column in from..end {
            let next = cell(column);
            if next.is_wide_continuation() {
                run.columns += 1;
                continue;
            }
            let contents = if next.has_contents() { next.contents() } else { " " };
            let alone = |text: &str| !text.is_ascii();
            // A wide character or a block stands for itself, where its cell is.
            if run.columns > 0 && (Look::of(next) != run.look || alone(contents) || alone(&run.text)) {
                break;
            }
            run.text.push_str(contents);
            run.columns += 1;
        }
        run
    }

    fn draw(&self, svg: &mut String, row: u16) {
        let x = MARGIN + f64::from(self.from) * CELL.0;
        let y = MARGIN + f64::from(row) * CELL.1;
        let width = f64::from(self.columns) * CELL.0;
        if self.look.ground != GROUND {
            block(svg, (x, y), (width, CELL.1), &self.look.ground);
        }
        match self.text.trim_end() {
            "" => {}
            "▀" => block(svg, (x, y), (width, CELL.1 / 2.0), &self.look.ink),
            "▄" => block(svg, (x, y + CELL.1 / 2.0), (width, CELL.1 / 2.0), &self.look.ink),
            text => match text.chars().next().and_then(eighths) {
                Some(eighths) => {
                    let height = CELL.1 * f64::from(eighths) / 8.0;
                    block(svg, (x, y + CELL.1 - height), (width, height), &self.look.ink);
                }
                None => self.write(svg, text, (x, y)),
            },
        }
    }

    fn write(&self, svg: &mut String, text: &str, (x, y): (f64, f64)) {
        let skipped = text.len() - text.trim_start().len();
        let text = text.trim_start();
        let x = x + CELL.0 * f64::from(u16::try_from(skipped).unwrap_or(0));
        let columns = if text.is_ascii() { u16::try_from(text.len()).unwrap_or(0) } else { self.columns };
        let width = CELL.0 * f64::from(columns);
        let bold = if self.look.bold { " font-weight=\"bold\"" } else { "" };
        let dim = if self.look.dim { " opacity=\"0.6\"" } else { "" };
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let ink = &self.look.ink;
        writeln!(
            svg,
            "<text x=\"{x:.1}\" y=\"{:.1}\" fill=\"{ink}\"{bold}{dim} textLength=\"{width:.1}\" \
             lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\">{escaped}</text>",
            y + 13.5
        )
        .expect("a string takes all");
    }
}

fn block(svg: &mut String, (x, y): (f64, f64), (width, height): (f64, f64), fill: &str) {
    // A hair wider and higher, so that neighbours leave no gap between them.
    let (width, height) = (width + 0.3, height + 0.3);
    writeln!(
        svg,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{fill}\"/>"
    )
    .expect("a string takes all");
}

/// How high a lower block is.
fn eighths(letter: char) -> Option<u8> {
    let above = u32::from(letter).checked_sub(u32::from('▁'))?;
    u8::try_from(above + 1).ok().filter(|eighths| *eighths <= 8)
}

#[cfg(test)]
mod tests {
    use std::num::NonZero;

    fn drawn(bytes: &str) -> String {
        let cells = |count| NonZero::new(count).unwrap();
        let mut parser = vt100::Parser::new(cells(2), cells(20), 0);
        parser.process(bytes.as_bytes());
        super::draw(parser.screen())
    }

    #[test]
    fn text_keeps_its_place_and_look() {
        let picture = drawn("ab \x1b[1;32mcd\x1b[0m\r\n课<&");
        assert!(picture.contains(">ab</text>"), "{picture}");
        assert!(picture.contains("fill=\"#7ac47f\" font-weight=\"bold\""), "{picture}");
        assert!(picture.contains("x=\"37.2\" y=\"25.5\""), "{picture}");
        assert!(picture.contains("textLength=\"16.8\"") && picture.contains(">课<"), "{picture}");
        assert!(picture.contains(">&lt;&amp;</text>"), "{picture}");
    }

    #[test]
    fn blocks_are_drawn_without_a_font() {
        let picture = drawn("\x1b[38;5;231;48;5;16m▀\x1b[0m▁█");
        assert!(picture.contains("height=\"9.3\" fill=\"#ffffff\""), "{picture}");
        assert!(!picture.contains("<text"), "{picture}");
    }
}
