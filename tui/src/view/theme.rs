//! Colours and attributes. Only the terminal's own sixteen colours and its default ground, except in QR codes, and never a
//! meaning by colour alone.

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

#[derive(Debug, Clone, Copy)]
pub struct Theme {
    paint: Paint,
    pub qr: QrColors,
}

impl Surroundings {
    #[must_use]
    pub fn from_env() -> Self {
        let text = |name| std::env::var_os(name).unwrap_or_default().to_string_lossy().into_owned();
        Self { no_color: !text("NO_COLOR").is_empty(), term: text("TERM"), colorterm: text("COLORTERM") }
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
        Self { paint: if colors { Paint::Colors } else { Paint::AttributesOnly }, qr: QrColors::new(around) }
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
        self.color(Color::Yellow).add_modifier(Modifier::BOLD)
    }

    #[must_use]
    pub fn video(self, state: VideoState) -> Style {
        match state {
            VideoState::Live => self.color(Color::Green),
            VideoState::Converting | VideoState::Queued => self.color(Color::Cyan),
            VideoState::Missing | VideoState::Suspended => self.color(Color::Yellow),
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
            | EventKind::QueuePaused => self.color(Color::Yellow),
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
            | EventKind::PostingUnlisted => Style::new(),
        }
    }

    #[must_use]
    pub fn posting(self, state: PostingState) -> Style {
        match state {
            PostingState::Live => self.color(Color::Green),
            PostingState::Suspended => self.color(Color::Yellow),
            PostingState::Pending => self.color(Color::Cyan),
            PostingState::Invalid => self.faint(),
        }
    }

    #[must_use]
    pub fn key(self) -> Style {
        self.color(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    #[must_use]
    pub fn heading(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    #[must_use]
    pub fn faint(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    #[must_use]
    pub fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
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
        Surroundings { no_color: false, term: term.into(), colorterm: colorterm.into() }
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
