//! What only a conversion asks of a file: how its pixels are to be understood, and what the ffmpeg beside it can do.
//! It is found out right before the work and never stored.

/// Both as ffprobe tells them. For an MP4, too, ffprobe is asked rather than the boxes and parameter sets: HEVC, VP9,
/// AV1 and ProRes each keep these things in places of their own, and ffmpeg, which does the work, must be of the same
/// opinion about which of two contradicting places counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// Pixels as they are decoded, before any rotation.
    pub width: u32,
    pub height: u32,
    /// Width of a pixel over its height; (1, 1) where unknown or beyond belief.
    pub pixel_aspect: (u32, u32),
    pub color: Color,
    /// Dolby Vision of profile 5: without its own decoder the colours are those of no standard.
    pub enhancement_only: bool,
    /// Of the sound, as it is decoded: the header of an MP4 often says two whatever there is. 0 where unknown.
    pub channels: u16,
    pub sample_rate_hz: u32,
    /// From the beginning of the first chosen stream to the end of the last. 0 where unknown.
    pub span_ms: u64,
    pub abilities: Abilities,
}

/// How numbers become light (ITU-T H.273). `None`: the file does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Color {
    pub model: Model,
    pub range: Option<Range>,
    pub matrix: Option<Matrix>,
    pub transfer: Option<Transfer>,
    pub primaries: Option<Primaries>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Model {
    #[default]
    Yuv,
    Rgb,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// 16 to 235
    Limited,
    /// 0 to 255
    Full,
}

/// An enum with the code points of H.273, which ffmpeg takes everywhere, and the names under which ffprobe prints them.
macro_rules! code_points {
    ($kind:ident { $($value:ident = $code:literal $name:literal),+ $(,)? }) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $kind { $($value = $code),+ }

        impl $kind {
            #[must_use]
            pub fn code(self) -> u8 {
                self as u8
            }

            /// `None` for a name that is not known here, such as `unknown` and `reserved`.
            #[must_use]
            pub fn of_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$value),)+
                    _ => None,
                }
            }
        }
    };
}

code_points!(Matrix {
    Bt709 = 1 "bt709",
    Fcc = 4 "fcc",
    Bt470bg = 5 "bt470bg",
    Smpte170m = 6 "smpte170m",
    Smpte240m = 7 "smpte240m",
    Bt2020 = 9 "bt2020nc",
});

code_points!(Transfer {
    Bt709 = 1 "bt709",
    Bt470m = 4 "bt470m",
    Bt470bg = 5 "bt470bg",
    Smpte170m = 6 "smpte170m",
    Smpte240m = 7 "smpte240m",
    Srgb = 13 "iec61966-2-1",
    Bt2020Of10Bits = 14 "bt2020-10",
    Bt2020Of12Bits = 15 "bt2020-12",
    Pq = 16 "smpte2084",
    Hlg = 18 "arib-std-b67",
});

code_points!(Primaries {
    Bt709 = 1 "bt709",
    Bt470m = 4 "bt470m",
    Bt470bg = 5 "bt470bg",
    Smpte170m = 6 "smpte170m",
    Smpte240m = 7 "smpte240m",
    Film = 8 "film",
    Bt2020 = 9 "bt2020",
    DisplayP3 = 12 "smpte432",
});

impl Transfer {
    /// What people call it, if it is a high dynamic range.
    #[must_use]
    pub fn hdr_name(self) -> Option<&'static str> {
        match self {
            Self::Pq => Some("PQ"),
            Self::Hlg => Some("HLG"),
            Self::Bt709
            | Self::Bt470m
            | Self::Bt470bg
            | Self::Smpte170m
            | Self::Smpte240m
            | Self::Srgb
            | Self::Bt2020Of10Bits
            | Self::Bt2020Of12Bits => None,
        }
    }
}

/// What differs between builds of ffmpeg. ffprobe tells it of itself; the two come from one package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abilities {
    /// Takes `-fps_mode` (since 5.1) rather than `-vsync`.
    pub fps_mode: bool,
    /// Was built with libzimg, without which it cannot turn HDR into SDR.
    pub zscale: bool,
}

impl Abilities {
    #[must_use]
    pub fn of(version: &str, configuration: &str) -> Self {
        Self {
            fps_mode: is_at_least_5_1(version),
            zscale: configuration.split_whitespace().any(|word| word == "--enable-libzimg"),
        }
    }
}

/// `5.1.9-0+deb12u1`, `n7.1`. What is not a release is a build of late.
fn is_at_least_5_1(version: &str) -> bool {
    let release = version.strip_prefix('n').unwrap_or(version);
    let mut numbers = release.split(|char: char| !char.is_ascii_digit()).map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= (5, 1),
        (Some(Ok(major)), _) => major >= 6,
        (Some(Err(_)) | None, _) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abilities_follow_from_version_and_configuration() {
        let fps_mode = |version| Abilities::of(version, "").fps_mode;
        for old in ["4.3.9-0+deb11u1", "5.0", "n4.4.2", "5"] {
            assert!(!fps_mode(old), "{old}");
        }
        for new in
            ["5.1.9-0+deb12u1", "6.1.1-3ubuntu5", "7.1", "n8.0", "8", "N-118000-gabcdef", "git-2024", ""]
        {
            assert!(fps_mode(new), "{new}");
        }
        assert!(Abilities::of("7.1", "--enable-gpl --enable-libzimg --enable-libx264").zscale);
        assert!(!Abilities::of("7.1", "--enable-gpl --disable-libzimg").zscale);
    }

    #[test]
    fn names_are_those_of_ffprobe() {
        assert_eq!(Transfer::of_name("smpte2084").and_then(Transfer::hdr_name), Some("PQ"));
        assert_eq!(Matrix::of_name("bt2020nc").map(Matrix::code), Some(9));
        assert_eq!(Primaries::of_name("unknown"), None);
    }
}
