//! Colours and attributes. Only the terminal's own sixteen colours and its default ground, except in QR codes, and never a
//! meaning by colour alone.
//!
//! Whether the ground is light or dark is not known, and asking the terminal is not worth a wait. So there is no yellow,
//! which cannot be read on white, and no blue, which cannot be read on black; cyan and green colour single words and are
//! never bold, which many terminals show as a brighter colour. What is dim can be missed.

use ratatui::style::{Color, Modifier, Style};
use vodpost_protocol::conversion::ConversionState;
use vodpost_protocol::event::EventKind;
use vodpost_protocol::posting::PostingState;
use vodpost_protocol::video::VideoState;

use crate::app::notice::Mood;
use crate::cli::ColorChoice;

/// What the environment says about the terminal.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    pub no_color: bool,
    pub term: String,
    pub colorterm: String,
    /// The locale's character set, as `LC_ALL`, `LC_CTYPE` or `LANG` names it; empty where none does.
    pub charset: String,
}

/// How exactly black and white can be had. QR codes keep their colours under `NO_COLOR`: they are no decoration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QrColors {
    True,
    /// The colour cube, which themes do not redefine.
    Indexed,
    /// Black and light grey: bright backgrounds are unreliable there.
    Sixteen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Paint {
    Colors,
    AttributesOnly,
}

/// Which characters there are for shapes that are no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glyphs {
    Unicode,
    Ascii,
}

#[derive(Debug, Clone, Copy)]
pub struct Theme {
    paint: Paint,
    pub glyphs: Glyphs,
    pub qr: QrColors,
}

impl Surroundings {
    #[must_use]
    pub fn from_env() -> Self {
        let text = |name| std::env::var_os(name).unwrap_or_default().to_string_lossy().into_owned();
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(text).into_iter().find(|value| !value.is_empty());
        let charset = locale.unwrap_or_default();
        let charset = charset.split('@').next().and_then(|name| name.split_once('.')).unwrap_or_default().1;
        Self {
            no_color: !text("NO_COLOR").is_empty(),
            term: text("TERM"),
            colorterm: text("COLORTERM"),
            charset: charset.to_owned(),
        }
    }
}

impl Theme {
    #[must_use]
    pub fn new(choice: ColorChoice, around: &Surroundings) -> Self {
        let colors = match choice {
            ColorChoice::Auto => !around.no_color,
            ColorChoice::Always => true,
            ColorChoice::Never => false,
        };
        Self {
            paint: if colors { Paint::Colors } else { Paint::AttributesOnly },
            glyphs: Glyphs::new(around),
            qr: QrColors::new(around),
        }
    }

    fn color(self, color: Color) -> Style {
        match self.paint {
            Paint::Colors => Style::new().fg(color),
            Paint::AttributesOnly => Style::new(),
        }
    }

    #[must_use]
    pub fn mood(self, mood: Mood) -> Style {
        match mood {
            Mood::Good => self.color(Color::Green),
            Mood::Bad => self.bad(),
            Mood::Plain => Style::new(),
        }
    }

    #[must_use]
    pub fn bad(self) -> Style {
        self.color(Color::Red).add_modifier(Modifier::BOLD)
    }

    #[must_use]
    pub fn warning(self) -> Style {
        self.color(Color::Magenta).add_modifier(Modifier::BOLD)
    }

    #[must_use]
    pub fn video(self, state: VideoState) -> Style {
        match state {
            VideoState::Live => self.color(Color::Green),
            VideoState::Converting | VideoState::Queued => self.color(Color::Cyan),
            VideoState::Missing | VideoState::Suspended => self.color(Color::Magenta),
            VideoState::Failed | VideoState::Unusable => self.color(Color::Red),
            VideoState::New => Style::new(),
            VideoState::Deleted => self.faint(),
        }
    }

    #[must_use]
    pub fn conversion(self, state: ConversionState) -> Style {
        match state {
            ConversionState::Running | ConversionState::Queued => self.color(Color::Cyan),
            ConversionState::Failed => self.color(Color::Red),
            ConversionState::Ready => self.color(Color::Green),
            ConversionState::None => Style::new(),
        }
    }

    /// What an admin looks for in a list of events.
    #[must_use]
    pub fn event(self, what: EventKind) -> Style {
        match what {
            EventKind::ConversionFailed | EventKind::ConversionLate | EventKind::AccountRejected => {
                self.color(Color::Red)
            }
            EventKind::SourceMissing
            | EventKind::SourceDeleted
            | EventKind::VideoForgotten
            | EventKind::SourceSuspended
            | EventKind::PostingSuspended
            | EventKind::AccountRevoked
            | EventKind::ConversionDelayed
            | EventKind::ConversionCancelled
            | EventKind::QueuePaused
            | EventKind::RootRemoved => self.color(Color::Magenta),
            EventKind::PostingCreated
            | EventKind::PostingResumed
            | EventKind::SourceReturned
            | EventKind::SourceResumed
            | EventKind::ConversionReady
            | EventKind::AccountApproved
            | EventKind::ServiceActivated
            | EventKind::QueueResumed => self.color(Color::Green),
            EventKind::AccountSubmitted
            | EventKind::VideoAdded
            | EventKind::VideoRenamed
            | EventKind::SourceReplaced
            | EventKind::ConversionRequested
            | EventKind::ConversionStarted
            | EventKind::RenditionsChanged
            | EventKind::PostingListed
            | EventKind::PostingUnlisted
            | EventKind::RootAdded => Style::new(),
        }
    }

    #[must_use]
    pub fn posting(self, state: PostingState) -> Style {
        match state {
            PostingState::Live => self.color(Color::Green),
            PostingState::Suspended => self.color(Color::Magenta),
            PostingState::Pending => self.color(Color::Cyan),
            PostingState::Invalid => self.faint(),
        }
    }

    #[must_use]
    pub fn key(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    #[must_use]
    pub fn heading(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// For what can be missed: rules, heads of columns, ages. Some terminals show it hardly or not at all.
    #[must_use]
    pub fn faint(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    #[must_use]
    pub fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }
}

impl Glyphs {
    /// The console of Linux has a font of 256 or 512 characters, which are seldom these.
    #[must_use]
    pub fn new(around: &Surroundings) -> Self {
        let charset = around.charset.to_ascii_lowercase();
        let utf8 = ["utf-8", "utf8"].contains(&charset.as_str());
        if utf8 && around.term != "linux" { Self::Unicode } else { Self::Ascii }
    }
}

impl QrColors {
    #[must_use]
    pub fn new(around: &Surroundings) -> Self {
        const CUBE_WITHOUT_SAYING: [&str; 7] =
            ["alacritty", "foot", "ghostty", "iterm", "kitty", "vte", "wezterm"];
        if ["truecolor", "24bit"].contains(&around.colorterm.as_str()) || around.term.ends_with("-direct") {
            return Self::True;
        }
        let term = around.term.to_ascii_lowercase();
        if term.contains("256") || CUBE_WITHOUT_SAYING.iter().any(|name| term.contains(name)) {
            return Self::Indexed;
        }
        Self::Sixteen
    }

    #[must_use]
    pub fn dark(self) -> Color {
        match self {
            Self::True => Color::Rgb(0, 0, 0),
            Self::Indexed => Color::Indexed(16),
            Self::Sixteen => Color::Indexed(0),
        }
    }

    #[must_use]
    pub fn light(self) -> Color {
        match self {
            Self::True => Color::Rgb(255, 255, 255),
            Self::Indexed => Color::Indexed(231),
            Self::Sixteen => Color::Indexed(7),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(term: &str, colorterm: &str) -> Surroundings {
        Surroundings {
            no_color: false,
            term: term.into(),
            colorterm: colorterm.into(),
            charset: "UTF-8".into(),
        }
    }

    /// Relative luminance (WCAG 2) of what xterm shows, whose colours are the hardest to read on white; the bright one of
    /// a bold colour.
    fn luminance(style: Style) -> f64 {
        let bold = style.add_modifier.contains(Modifier::BOLD);
        let rgb: [u8; 3] = match (style.fg.expect("a colour"), bold) {
            (Color::Red, false) => [205, 0, 0],
            (Color::Red, true) => [255, 0, 0],
            (Color::Green, false) => [0, 205, 0],
            (Color::Magenta, false) => [205, 0, 205],
            (Color::Magenta, true) => [255, 0, 255],
            (Color::Cyan, false) => [0, 205, 205],
            other => panic!("{other:?} can be read on no ground, or was not thought of"),
        };
        let linear = rgb.map(|value| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }

    #[test]
    fn colours_can_be_read_on_black_and_on_white() {
        let theme = Theme::new(ColorChoice::Always, &around("xterm", ""));
        let contrast = |style| {
            let luminance = luminance(style);
            (1.05 / (luminance + 0.05)).min((luminance + 0.05) / 0.05)
        };
        let words = VideoState::ALL.into_iter().map(|state| theme.video(state));
        for style in words.chain([theme.mood(Mood::Good)]).filter(|style| style.fg.is_some()) {
            assert!(contrast(style) > 1.9, "{style:?}: {}", contrast(style));
        }
        for sentence in [theme.warning(), theme.bad()] {
            assert!(contrast(sentence) > 3.0, "{sentence:?}: {}", contrast(sentence));
        }
    }

    #[test]
    fn shapes_need_a_font_that_has_them() {
        let glyphs = |term, charset: &str| {
            Theme::new(ColorChoice::Auto, &Surroundings { charset: charset.into(), ..around(term, "") })
                .glyphs
        };
        assert_eq!(glyphs("xterm", "UTF-8"), Glyphs::Unicode);
        assert_eq!(glyphs("xterm", "utf8"), Glyphs::Unicode);
        assert_eq!(glyphs("linux", "UTF-8"), Glyphs::Ascii);
        assert_eq!(glyphs("xterm", "GB18030"), Glyphs::Ascii);
        assert_eq!(glyphs("xterm", ""), Glyphs::Ascii);
    }

    #[test]
    fn the_terminal_decides_how_black_and_white_are_written() {
        assert_eq!(QrColors::new(&around("xterm-256color", "truecolor")), QrColors::True);
        assert_eq!(QrColors::new(&around("xterm-256color", "")), QrColors::Indexed);
        assert_eq!(QrColors::new(&around("xterm-kitty", "")), QrColors::Indexed);
        assert_eq!(QrColors::new(&around("linux", "")), QrColors::Sixteen);
        assert_eq!(QrColors::new(&around("", "")), QrColors::Sixteen);
    }

    #[test]
    fn without_colours_only_attributes_are_left() {
        let no_color = Surroundings { no_color: true, ..around("linux", "") };
        for theme in
            [Theme::new(ColorChoice::Auto, &no_color), Theme::new(ColorChoice::Never, &around("", ""))]
        {
            for state in VideoState::ALL {
                assert_eq!(theme.video(state).fg, None);
            }
            assert_eq!(theme.bad().fg, None);
            assert!(theme.selected().add_modifier.contains(Modifier::REVERSED));
        }
        assert!(Theme::new(ColorChoice::Always, &no_color).video(VideoState::Live).fg.is_some());
    }
}
