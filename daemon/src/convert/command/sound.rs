//! How sound is encoded. Pure.

use crate::media::Details;

/// AAC-LC of at most two channels and 48 kHz (C2).
#[derive(Debug)]
pub(in crate::convert) struct Recipe {
    channels: u16,
    rate_hz: u32,
    /// What becomes of the sound besides its codec, for people.
    pub changes: Vec<String>,
}

impl Recipe {
    pub(in crate::convert) fn of(details: &Details) -> Self {
        // One channel stays one: ffmpeg would spread it over two at a lower volume.
        let channels = if details.channels == 1 { 1 } else { 2 };
        let rate_hz = match details.sample_rate_hz {
            usual @ (32_000 | 44_100 | 48_000) => usual,
            11_025 | 22_050 | 88_200 | 176_400 => 44_100,
            _unusual => 48_000,
        };
        let mut changes = Vec::new();
        if details.channels > 2 {
            changes.push("mixed down to stereo".to_owned());
        }
        if rate_hz < details.sample_rate_hz {
            changes.push(format!("resampled to {rate_hz} Hz"));
        }
        Self { channels, rate_hz, changes }
    }

    /// Words of the command line, none of which holds a space.
    pub(super) fn words(&self) -> Vec<String> {
        let kbps = if self.channels == 1 { 96 } else { 160 };
        // Gaps become silence, so that sound and picture stay together.
        let line = format!(
            "-c:a aac -profile:a aac_low -b:a {kbps}k -ac {} -ar {} -af aresample=async=1:first_pts=0",
            self.channels, self.rate_hz
        );
        line.split(' ').map(str::to_owned).collect()
    }
}
