//! The H.264 parameters that the plan needs: the decoder configuration record (ISO/IEC 14496-15, 5.3.3) and, in it,
//! the first sequence parameter set (ITU-T H.264, 7.3.2.1.1).

use super::bits::Bits;
use crate::core::media::H264;

/// More than any real one; keeps the copy without emulation bytes small.
const SPS_LEN_MAX: usize = 4096;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AvcConfig {
    pub h264: H264,
    /// Absent where the parameter sets travel in the stream (`avc3`) or cannot be read.
    pub sps: Option<Sps>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sps {
    /// Pixels after cropping.
    pub width: u32,
    pub height: u32,
    pub plain_pixels: bool,
    pub interlaced: bool,
}

/// The contents of `avcC`.
pub(super) fn parse_avc_config(data: &[u8]) -> Option<AvcConfig> {
    let (profile_idc, level_idc) = (*data.get(1)?, *data.get(3)?);
    if *data.first()? != 1 {
        return None;
    }
    let sps = first_sps(data).and_then(parse_sps);
    // Without an SPS the profile decides: up to High there is nothing but 8 bits 4:2:0 (and, rarely, monochrome).
    let plain_pixels = sps.as_ref().map_or(matches!(profile_idc, 66 | 77 | 88 | 100), |sps| sps.plain_pixels);
    Some(AvcConfig { h264: H264 { profile_idc, level_idc, plain_pixels }, sps })
}

fn first_sps(data: &[u8]) -> Option<&[u8]> {
    if data.get(5)? & 0x1f == 0 {
        return None;
    }
    let len = usize::from(u16::from_be_bytes([*data.get(6)?, *data.get(7)?]));
    data.get(8..8 + len.min(SPS_LEN_MAX))
}

pub(super) fn parse_sps(nal: &[u8]) -> Option<Sps> {
    if nal.first()? & 0x1f != 7 {
        return None;
    }
    let payload = without_emulation(nal.get(1..)?);
    let profile_idc = *payload.first()?;
    let mut bits = Bits::new(payload.get(3..)?);
    bits.unsigned()?;
    let chroma = if has_chroma_fields(profile_idc) { read_chroma(&mut bits)? } else { Chroma::PLAIN };
    skip_picture_order(&mut bits)?;
    bits.unsigned()?;
    bits.flag()?;
    let width_mbs = u64::from(bits.unsigned()?) + 1;
    let height_units = u64::from(bits.unsigned()?) + 1;
    let frames_only = bits.flag()?;
    if !frames_only {
        bits.flag()?;
    }
    bits.flag()?;
    let crop = if bits.flag()? { read_crop(&mut bits)? } else { [0; 4] };
    let field_factor = if frames_only { 1 } else { 2 };
    let (unit_x, unit_y) = chroma.crop_unit();
    let width = (width_mbs * 16).checked_sub(unit_x * (crop[0] + crop[1]))?;
    let height =
        (height_units * 16 * field_factor).checked_sub(unit_y * field_factor * (crop[2] + crop[3]))?;
    Some(Sps {
        width: u32::try_from(width).ok()?,
        height: u32::try_from(height).ok()?,
        plain_pixels: chroma.format_idc == 1 && chroma.eight_bits,
        interlaced: !frames_only,
    })
}

struct Chroma {
    /// 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4
    format_idc: u32,
    eight_bits: bool,
}

impl Chroma {
    const PLAIN: Self = Self { format_idc: 1, eight_bits: true };

    /// `CropUnitX`, `CropUnitY` of a frame (7-19 to 7-22).
    fn crop_unit(&self) -> (u64, u64) {
        match self.format_idc {
            1 => (2, 2),
            2 => (2, 1),
            _monochrome_or_full => (1, 1),
        }
    }
}

fn has_chroma_fields(profile_idc: u8) -> bool {
    matches!(profile_idc, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135)
}

fn read_chroma(bits: &mut Bits<'_>) -> Option<Chroma> {
    let format_idc = bits.unsigned()?;
    if format_idc == 3 {
        bits.flag()?;
    }
    let eight_bits = (bits.unsigned()?, bits.unsigned()?) == (0, 0);
    bits.flag()?;
    if bits.flag()? {
        let lists = if format_idc == 3 { 12 } else { 8 };
        for list in 0..lists {
            if bits.flag()? {
                skip_scaling_list(bits, if list < 6 { 16 } else { 64 })?;
            }
        }
    }
    Some(Chroma { format_idc, eight_bits })
}

/// 7.3.2.1.1.1
fn skip_scaling_list(bits: &mut Bits<'_>, size: u32) -> Option<()> {
    let mut last = 8i64;
    let mut next = 8i64;
    for _ in 0..size {
        if next != 0 {
            next = (last + bits.signed()?).rem_euclid(256);
        }
        if next != 0 {
            last = next;
        }
    }
    Some(())
}

fn skip_picture_order(bits: &mut Bits<'_>) -> Option<()> {
    bits.unsigned()?;
    match bits.unsigned()? {
        0 => {
            bits.unsigned()?;
        }
        1 => {
            bits.flag()?;
            bits.signed()?;
            bits.signed()?;
            let cycle = bits.unsigned()?;
            if cycle > 255 {
                return None;
            }
            for _ in 0..cycle {
                bits.signed()?;
            }
        }
        2 => {}
        _undefined => return None,
    }
    Some(())
}

/// Left, right, top, bottom, in crop units.
fn read_crop(bits: &mut Bits<'_>) -> Option<[u64; 4]> {
    let mut crop = [0; 4];
    for side in &mut crop {
        *side = u64::from(bits.unsigned()?);
    }
    Some(crop)
}

/// Removes the `emulation_prevention_three_byte`s (7.3.1).
fn without_emulation(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    let mut zeros = 0;
    for &byte in data {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1920×1080 High@4.0 as x264 writes it: 1088 coded lines, 8 of them cropped.
    const SPS_1080: [u8; 12] = [0x67, 100, 0, 40, 0xac, 0xd9, 0x40, 0x78, 0x02, 0x27, 0xe5, 0x84];

    #[test]
    fn cropping_makes_1080_of_1088() {
        let sps = parse_sps(&SPS_1080).unwrap();
        assert_eq!((sps.width, sps.height), (1920, 1080));
        assert!(sps.plain_pixels && !sps.interlaced);
    }

    #[test]
    fn emulation_bytes_are_dropped() {
        assert_eq!(without_emulation(&[0, 0, 3, 1, 0, 0, 3]), [0, 0, 1, 0, 0]);
    }

    #[test]
    fn without_an_sps_the_profile_decides() {
        let config = parse_avc_config(&[1, 77, 0, 31, 0xff, 0xe0, 0]).unwrap();
        assert_eq!(config.h264, H264 { profile_idc: 77, level_idc: 31, plain_pixels: true });
        assert_eq!(config.sps, None);
        assert!(!parse_avc_config(&[1, 110, 0, 31, 0xff, 0xe0, 0]).unwrap().h264.plain_pixels);
        assert_eq!(parse_avc_config(&[]), None);
        assert_eq!(parse_avc_config(&[0, 77, 0, 31]), None);
    }
}
