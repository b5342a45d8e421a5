//! Elementary stream descriptors (ISO/IEC 14496-1, 7.2.6) as far as they name the codec, and the `AudioSpecificConfig`
//! (ISO/IEC 14496-3, 1.6.2.1) in them.

use super::bits::Bits;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Esds {
    /// `objectTypeIndication`: 0x40 for MPEG-4 audio.
    pub object_type: u8,
    pub audio: Option<AudioConfig>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AudioConfig {
    /// Audio object type: 2 for low complexity.
    pub object_type: u32,
    /// Spectral band replication is signalled: HE-AAC.
    pub sbr: bool,
    pub sample_rate_hz: u32,
    /// `None` where a program config element says it.
    pub channels: Option<u16>,
}

/// The contents of `esds`, with its version and flags.
pub(super) fn parse_esds(data: &[u8]) -> Option<Esds> {
    const ES: u8 = 3;
    const DECODER_CONFIG: u8 = 4;
    const DECODER_SPECIFIC: u8 = 5;
    let es = descriptor(data.get(4..)?, ES)?;
    let flags = *es.get(2)?;
    let mut skip = 3;
    if flags & 0x80 != 0 {
        skip += 2;
    }
    if flags & 0x40 != 0 {
        skip += 1 + usize::from(*es.get(skip)?);
    }
    if flags & 0x20 != 0 {
        skip += 2;
    }
    let config = descriptor(es.get(skip..)?, DECODER_CONFIG)?;
    let object_type = *config.first()?;
    let audio =
        config.get(13..).and_then(|rest| descriptor(rest, DECODER_SPECIFIC)).and_then(parse_audio_config);
    Some(Esds { object_type, audio })
}

/// What the first descriptor holds, if it has this tag.
fn descriptor(data: &[u8], tag: u8) -> Option<&[u8]> {
    if *data.first()? != tag {
        return None;
    }
    let mut len = 0usize;
    for at in 1..=4 {
        let byte = *data.get(at)?;
        len = len << 7 | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            // Some muxers count wrong; what is there is better than nothing.
            let end = (at + 1 + len).min(data.len());
            return data.get(at + 1..end);
        }
    }
    None
}

fn parse_audio_config(data: &[u8]) -> Option<AudioConfig> {
    const SBR: u32 = 5;
    const PARAMETRIC_STEREO: u32 = 29;
    let mut bits = Bits::new(data);
    let mut object_type = read_object_type(&mut bits)?;
    let sample_rate_hz = read_sample_rate(&mut bits)?;
    let channel_code = bits.number(4)?;
    let channels = match channel_code {
        1..=6 => u16::try_from(channel_code).ok(),
        7 | 12 | 14 => Some(8),
        11 => Some(7),
        _in_a_program_config_element => None,
    };
    let mut sbr = false;
    if object_type == SBR || object_type == PARAMETRIC_STEREO {
        sbr = true;
        read_sample_rate(&mut bits)?;
        object_type = read_object_type(&mut bits)?;
    } else if object_type == 2 && channels.is_some() {
        sbr = has_sbr_extension(&mut bits).unwrap_or(false);
    }
    Some(AudioConfig { object_type, sbr, sample_rate_hz, channels })
}

fn read_object_type(bits: &mut Bits<'_>) -> Option<u32> {
    match bits.number(5)? {
        31 => Some(32 + bits.number(6)?),
        object_type => Some(object_type),
    }
}

fn read_sample_rate(bits: &mut Bits<'_>) -> Option<u32> {
    const RATES_HZ: [u32; 13] = [
        96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
    ];
    match bits.number(4)? {
        15 => bits.number(24),
        index => RATES_HZ.get(index as usize).copied(),
    }
}

/// Backward compatible signalling: after `GASpecificConfig`, sync word 0x2b7, type 5 and the flag.
fn has_sbr_extension(bits: &mut Bits<'_>) -> Option<bool> {
    bits.flag()?;
    if bits.flag()? {
        bits.number(14)?;
    }
    bits.flag()?;
    if bits.left() < 17 {
        return None;
    }
    Some(bits.number(11)? == 0x2b7 && bits.number(5)? == 5 && bits.flag()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audio_object_types_and_rates() {
        let lc = parse_audio_config(&[0x11, 0x90]).unwrap();
        assert_eq!(lc, AudioConfig { object_type: 2, sbr: false, sample_rate_hz: 48_000, channels: Some(2) });
        // 5 (SBR), 24 kHz, stereo, extended to 48 kHz, then 2 (LC).
        let he = parse_audio_config(&[0x2b, 0x11, 0x88]).unwrap();
        assert!(he.sbr && he.object_type == 2);
        // LC at 24 kHz, then the backward compatible extension.
        let implicit = parse_audio_config(&[0x13, 0x10, 0x56, 0xe5, 0x98]).unwrap();
        assert!(implicit.sbr);
        assert_eq!(parse_audio_config(&[0x11]), None);
    }

    #[test]
    fn descriptors_may_have_long_sizes() {
        let mut data =
            vec![0, 0, 0, 0, 3, 0x80, 0x80, 0x80, 25, 0, 1, 0, 4, 0x80, 0x80, 0x80, 17, 0x40, 0x15];
        data.extend([0; 11]);
        data.extend([5, 2, 0x11, 0x90]);
        let esds = parse_esds(&data).unwrap();
        assert_eq!(esds.object_type, 0x40);
        assert_eq!(esds.audio.unwrap().object_type, 2);
        for len in 0..data.len() - 1 {
            // Any truncation is an answer, never a panic.
            assert!(parse_esds(&data[..len]).is_none_or(|esds| esds.object_type == 0x40));
        }
    }
}
