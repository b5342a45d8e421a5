//! What becomes of the colours when a picture is encoded: a result that looks the same on any phone, and says how it is
//! to be read. Pure.

use crate::media::Details;
use crate::media::details::{Color, Matrix, Model, Primaries, Range, Transfer};

/// What the result says of itself. Its range is always limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tags {
    pub primaries: Primaries,
    pub transfer: Transfer,
    pub matrix: Matrix,
}

const BT709: Tags = Tags { primaries: Primaries::Bt709, transfer: Transfer::Bt709, matrix: Matrix::Bt709 };

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Colours stay as they are.
    Keep(Tags),
    /// RGB becomes BT.709.
    FromRgb,
    /// A gamut wider than a phone's H.264 decoder expects is mapped to BT.709.
    Narrow(Tags),
    /// A high dynamic range is mapped to the standard one.
    ToneMap { from: Hdr, hdr_matrix: Matrix, hdr_primaries: Primaries },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hdr {
    Pq,
    Hlg,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Conversion {
    way: Way,
    range: Option<Range>,
    zscale: bool,
}

impl Conversion {
    pub(super) fn of(details: &Details) -> Self {
        let color = details.color;
        let way = match (color.model, color.transfer.and_then(hdr)) {
            (Model::Yuv, Some(from)) => Way::ToneMap {
                from,
                hdr_matrix: color.matrix.unwrap_or(Matrix::Bt2020),
                hdr_primaries: color.primaries.unwrap_or(Primaries::Bt2020),
            },
            (Model::Rgb, _) => Way::FromRgb,
            (Model::Yuv, None) if is_wide(&color) => Way::Narrow(Tags {
                primaries: color.primaries.unwrap_or(Primaries::Bt2020),
                transfer: color.transfer.unwrap_or(Transfer::Bt709),
                matrix: color.matrix.unwrap_or(Matrix::Bt2020),
            }),
            (Model::Yuv, None) => Way::Keep(stated(&color, details.width, details.height)),
        };
        Self { way, range: color.range, zscale: details.abilities.zscale }
    }

    pub(super) fn needs_zscale(&self) -> bool {
        match self.way {
            Way::ToneMap { .. } => true,
            Way::Keep(_) | Way::FromRgb | Way::Narrow(_) => false,
        }
    }

    pub(super) fn tags(&self) -> Tags {
        match self.way {
            Way::Keep(tags) => tags,
            Way::FromRgb | Way::Narrow(_) | Way::ToneMap { .. } => BT709,
        }
    }

    /// For people, where anything changes.
    pub(super) fn in_words(&self) -> Option<&'static str> {
        match self.way {
            Way::Keep(_) | Way::FromRgb => None,
            Way::Narrow(_) => Some("colours mapped to BT.709"),
            Way::ToneMap { .. } => Some("tone-mapped to SDR"),
        }
    }

    /// Options of the scaler, which makes the range limited on its way.
    pub(super) fn scaling(&self) -> String {
        let mut options = match self.range {
            Some(Range::Full) => "in_range=pc:out_range=tv".to_owned(),
            Some(Range::Limited) | None => "out_range=tv".to_owned(),
        };
        match self.way {
            Way::FromRgb => options.push_str(":out_color_matrix=bt709"),
            Way::Keep(_) | Way::Narrow(_) | Way::ToneMap { .. } => {}
        }
        options
    }

    /// What follows the scaler, with a leading comma; empty where nothing needs to.
    pub(super) fn filters(&self) -> String {
        match self.way {
            Way::Keep(_) | Way::FromRgb => String::new(),
            Way::Narrow(from) if self.zscale => format!(
                ",format=yuv420p10,zscale=rin=limited:min={}:tin={}:pin={}:r=limited:m=bt709:t=bt709:p=bt709",
                from.matrix.code(),
                from.transfer.code(),
                from.primaries.code()
            ),
            // Less exact in saturated colours, but part of every ffmpeg.
            Way::Narrow(from) => format!(
                ",format=yuv420p10,colorspace=all=bt709:range=tv:format=yuv420p:irange=tv\
                 :ispace={}:itrc={}:iprimaries={}",
                from.matrix.code(),
                from.transfer.code(),
                from.primaries.code()
            ),
            // White on paper is 203 cd/m² in HDR (ITU-R BT.2408) and stays white; only what is brighter is compressed.
            Way::ToneMap { from, hdr_matrix, hdr_primaries } => format!(
                ",format=yuv420p10,zscale=rin=limited:tin={}:min={}:pin={}:t=linear:npl=203,format=gbrpf32,\
                 zscale=p=bt709,tonemap=mobius:desat=0,zscale=t=bt709:m=bt709:r=limited,format=yuv420p",
                match from {
                    Hdr::Pq => "smpte2084",
                    Hdr::Hlg => "arib-std-b67",
                },
                // zscale takes code points too.
                hdr_matrix.code(),
                hdr_primaries.code()
            ),
        }
    }
}

fn hdr(transfer: Transfer) -> Option<Hdr> {
    match transfer {
        Transfer::Pq => Some(Hdr::Pq),
        Transfer::Hlg => Some(Hdr::Hlg),
        Transfer::Bt709
        | Transfer::Bt470m
        | Transfer::Bt470bg
        | Transfer::Smpte170m
        | Transfer::Smpte240m
        | Transfer::Srgb
        | Transfer::Bt2020Of10Bits
        | Transfer::Bt2020Of12Bits => None,
    }
}

fn is_wide(color: &Color) -> bool {
    matches!(color.primaries, Some(Primaries::Bt2020 | Primaries::DisplayP3))
        || color.matrix == Some(Matrix::Bt2020)
}

/// What the file says, and for what it does not say what players take it for: BT.709 for high definition, BT.601 below.
fn stated(color: &Color, width: u32, height: u32) -> Tags {
    let high = width >= 1280 || height >= 720;
    let matrix = color.matrix.unwrap_or(if high { Matrix::Bt709 } else { Matrix::Smpte170m });
    let (primaries, transfer) = match matrix {
        Matrix::Bt709 | Matrix::Bt2020 => (Primaries::Bt709, Transfer::Bt709),
        Matrix::Bt470bg => (Primaries::Bt470bg, Transfer::Smpte170m),
        Matrix::Smpte170m | Matrix::Fcc => (Primaries::Smpte170m, Transfer::Smpte170m),
        Matrix::Smpte240m => (Primaries::Smpte240m, Transfer::Smpte240m),
    };
    Tags {
        matrix,
        primaries: color.primaries.unwrap_or(primaries),
        transfer: color.transfer.unwrap_or(transfer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::details::Abilities;

    fn details(color: Color, width: u32, height: u32) -> Details {
        let abilities = Abilities { fps_mode: true, zscale: true };
        Details {
            width,
            height,
            pixel_aspect: (1, 1),
            color,
            enhancement_only: false,
            channels: 0,
            sample_rate_hz: 0,
            span_ms: 0,
            abilities,
        }
    }

    fn tags(color: Color, width: u32, height: u32) -> Tags {
        Conversion::of(&details(color, width, height)).tags()
    }

    #[test]
    fn what_is_not_said_is_what_players_assume() {
        assert_eq!(tags(Color::default(), 1280, 720), BT709);
        assert_eq!(tags(Color::default(), 720, 576).matrix, Matrix::Smpte170m);
        let pal = Color { matrix: Some(Matrix::Bt470bg), ..Color::default() };
        assert_eq!(tags(pal, 1920, 1080).primaries, Primaries::Bt470bg);
    }

    #[test]
    fn wide_colors_and_hdr_become_bt709() {
        let wide = Color { primaries: Some(Primaries::DisplayP3), ..Color::default() };
        let hlg = Color { transfer: Some(Transfer::Hlg), ..Color::default() };
        let rgb = Color { model: Model::Rgb, transfer: Some(Transfer::Srgb), ..Color::default() };
        for (color, filter) in [
            (wide, "zscale=rin=limited:min=9:tin=1:pin=12"),
            (hlg, "tin=arib-std-b67:min=9:pin=9"),
            (rgb, ""),
        ] {
            let conversion = Conversion::of(&details(color, 64, 64));
            assert_eq!(conversion.tags(), BT709);
            assert!(conversion.filters().contains(filter), "{}", conversion.filters());
            assert_eq!(conversion.needs_zscale(), color.transfer == Some(Transfer::Hlg));
        }
    }

    #[test]
    fn without_zscale_wide_colors_take_another_way_and_hdr_none() {
        let color = Color { matrix: Some(Matrix::Bt2020), ..Color::default() };
        let old = Abilities { fps_mode: false, zscale: false };
        let wide = Details { abilities: old, ..details(color, 64, 64) };
        assert!(!Conversion::of(&wide).needs_zscale());
        assert!(Conversion::of(&wide).filters().contains(",colorspace=all=bt709:"));
        let hdr = Color { transfer: Some(Transfer::Pq), ..color };
        assert!(Conversion::of(&Details { color: hdr, ..wide }).needs_zscale());
    }

    #[test]
    fn full_range_becomes_limited() {
        let full = Color { range: Some(Range::Full), ..Color::default() };
        assert_eq!(Conversion::of(&details(full, 64, 64)).scaling(), "in_range=pc:out_range=tv");
        assert_eq!(Conversion::of(&details(Color::default(), 64, 64)).scaling(), "out_range=tv");
    }
}
