//! How much work a conversion is, how long this machine takes for it, and how many bytes come of it at most (C3).

use std::time::Duration;

use super::media::MediaInfo;
use super::plan::{Plan, Treatment};

/// Starting ffmpeg, verifying the result and making it durable.
const FIXED: Duration = Duration::from_millis(800);
/// What took less says little about a speed.
const MEASURED_MIN: Duration = Duration::from_secs(3);
/// What encoded sound may take, with what the container adds.
const ENCODED_SOUND_BPS_MAX: u64 = 200_000;
/// Frames a second where the file does not say it.
const FPS_MILLI_ASSUMED: u32 = 25_000;

/// What takes the time. Each has a speed of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkKind {
    /// Bytes that are copied.
    Copy,
    /// Milliseconds of sound that are encoded.
    Sound,
    /// Pixels that are encoded.
    Picture,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    pub kind: WorkKind,
    pub amount: u64,
}

impl Work {
    /// `None` for what takes no worker. `size_bytes` is that of the source.
    #[must_use]
    pub fn of(plan: &Plan, info: &MediaInfo, size_bytes: u64) -> Option<Self> {
        let copy = Self { kind: WorkKind::Copy, amount: size_bytes };
        match plan {
            Plan::Direct | Plan::Relocate => None,
            Plan::Remux { .. } => Some(copy),
            Plan::Transcode { video: Treatment::Encode { .. }, .. } => {
                Some(Self { kind: WorkKind::Picture, amount: pixels(info) })
            }
            Plan::Transcode { video: Treatment::Copy, audio: Some(Treatment::Encode { .. }) } => {
                Some(Self { kind: WorkKind::Sound, amount: info.duration_ms })
            }
            Plan::Transcode { video: Treatment::Copy, audio: Some(Treatment::Copy) | None } => Some(copy),
        }
    }
}

fn pixels(info: &MediaInfo) -> u64 {
    let Some(video) = &info.video else { return 0 };
    let fps_milli = if video.fps_milli == 0 { FPS_MILLI_ASSUMED } else { video.fps_milli };
    let frames = u128::from(info.duration_ms) * u128::from(fps_milli) / 1_000_000;
    let pixels = u128::from(video.width) * u128::from(video.height);
    u64::try_from(frames.saturating_mul(pixels)).unwrap_or(u64::MAX)
}

/// So much that pictures of this size look well when they move, and not more than a phone's connection carries.
#[must_use]
pub fn encoded_kbps_max((width, height): (u32, u32), fps: u32) -> u32 {
    let kbps = match width * height {
        0..=230_400 => 1500,
        230_401..=409_920 => 2500,
        409_921..=921_600 => 5000,
        _up_to_1080p => 8000,
    };
    if fps > 30 { kbps * 3 / 2 } else { kbps }
}

fn encoded_bps_max(info: &MediaInfo) -> u64 {
    let picture = info.video.as_ref().map_or(0, |video| {
        // What is larger or faster is made smaller or slower.
        let fps = (video.fps_milli / 1000).min(60);
        encoded_kbps_max((video.width.min(1920), video.height.min(1920)), fps)
    });
    u64::from(picture) * 1000 + ENCODED_SOUND_BPS_MAX
}

/// How large the artifact may become, so that the room for it can be set aside.
#[must_use]
pub fn output_bytes_max(plan: &Plan, info: &MediaInfo, size_bytes: u64) -> u64 {
    let lasting = |bps: u64| {
        let bytes = u128::from(info.duration_ms) * u128::from(bps) / 8000;
        u64::try_from(bytes).unwrap_or(u64::MAX)
    };
    let media = match plan {
        Plan::Direct | Plan::Relocate => return 0,
        Plan::Transcode { video: Treatment::Encode { .. }, .. } => lasting(encoded_bps_max(info)),
        Plan::Transcode { video: Treatment::Copy, audio: Some(Treatment::Encode { .. }) } => {
            size_bytes.saturating_add(lasting(ENCODED_SOUND_BPS_MAX))
        }
        Plan::Transcode { video: Treatment::Copy, .. } | Plan::Remux { .. } => size_bytes,
    };
    // The index.
    media.saturating_add(media / 50).saturating_add(1 << 20)
}

/// `700 MB`, `1.2 GB`
#[must_use]
pub fn size_in_words(bytes: u64) -> String {
    let tenths = |unit: u64| (bytes / (unit / 10), bytes / unit);
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => {
            let (tenths, whole) = tenths(1_000_000_000);
            format!("{whole}.{} GB", tenths % 10)
        }
    }
}

/// Units of work a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub per_s: u64,
    /// From conversions on this machine, rather than assumed.
    pub measured: bool,
}

/// How fast this machine is, by what its conversions took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    pub copy: Rate,
    pub sound: Rate,
    pub picture: Rate,
}

impl Default for Rates {
    /// Of a small server: 1080p at 25 frames a second in about real time and a half.
    fn default() -> Self {
        let assumed = |per_s| Rate { per_s, measured: false };
        Self { copy: assumed(80_000_000), sound: assumed(40_000), picture: assumed(75_000_000) }
    }
}

impl Rates {
    #[must_use]
    pub fn of(&self, kind: WorkKind) -> Rate {
        match kind {
            WorkKind::Copy => self.copy,
            WorkKind::Sound => self.sound,
            WorkKind::Picture => self.picture,
        }
    }

    /// How long a worker is busy with it.
    #[must_use]
    pub fn expected(&self, work: Work) -> Duration {
        let ms = u128::from(work.amount) * 1000 / u128::from(self.of(work.kind).per_s.max(1));
        FIXED + Duration::from_millis(u64::try_from(ms).unwrap_or(u64::MAX / 2))
    }

    /// Takes in how long a conversion took. The newest counts for a quarter, the first for all.
    #[must_use]
    pub fn learned(mut self, work: Work, took: Duration) -> Self {
        if took < MEASURED_MIN || work.amount == 0 {
            return self;
        }
        let ms = took.saturating_sub(FIXED).as_millis().max(1);
        let now = u64::try_from(u128::from(work.amount) * 1000 / ms).unwrap_or(u64::MAX).max(1);
        let rate = match work.kind {
            WorkKind::Copy => &mut self.copy,
            WorkKind::Sound => &mut self.sound,
            WorkKind::Picture => &mut self.picture,
        };
        rate.per_s = if rate.measured { rate.per_s / 4 * 3 + now / 4 } else { now }.max(1);
        rate.measured = true;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::mp4;
    use super::*;

    fn encode() -> Treatment {
        Treatment::Encode { why: String::new() }
    }

    #[test]
    fn what_takes_the_time_is_the_largest_part_of_the_plan() {
        let info = mp4(1_000_000, 1080);
        let kind = |plan: &Plan| Work::of(plan, &info, 7).map(|work| (work.kind, work.amount));
        assert_eq!(kind(&Plan::Direct), None);
        assert_eq!(kind(&Plan::Remux { why: String::new() }), Some((WorkKind::Copy, 7)));
        let sound = Plan::Transcode { video: Treatment::Copy, audio: Some(encode()) };
        assert_eq!(kind(&sound), Some((WorkKind::Sound, 10_000)));
        let picture = Plan::Transcode { video: encode(), audio: Some(encode()) };
        assert_eq!(kind(&picture), Some((WorkKind::Picture, 250 * 1920 * 1080)));
    }

    #[test]
    fn speeds_follow_what_is_measured() {
        let rates = Rates::default();
        let work = Work { kind: WorkKind::Copy, amount: 100_000_000 };
        assert_eq!(rates.learned(work, Duration::from_secs(1)), rates, "too short to say anything");
        let slow = rates.learned(work, FIXED + Duration::from_secs(100));
        assert_eq!(slow.copy, Rate { per_s: 1_000_000, measured: true });
        assert_eq!(slow.expected(work), FIXED + Duration::from_secs(100));
        assert_eq!(slow.picture, rates.picture);
        let faster = slow.learned(work, FIXED + Duration::from_secs(20));
        assert_eq!(faster.copy.per_s, 2_000_000);
    }

    #[test]
    fn nothing_overflows() {
        let info = mp4(1, 1080).with(|format| {
            if let Some(video) = &mut format.video {
                (video.width, video.height, video.fps_milli) = (u32::MAX, u32::MAX, u32::MAX);
            }
        });
        let info = MediaInfo { duration_ms: u64::MAX, ..info };
        let plan = Plan::Transcode { video: encode(), audio: None };
        let work = Work::of(&plan, &info, u64::MAX).unwrap();
        let rates = Rates { picture: Rate { per_s: 0, measured: true }, ..Rates::default() };
        assert!(rates.expected(work) > Duration::from_secs(1 << 40));
        assert_eq!(output_bytes_max(&Plan::Remux { why: String::new() }, &info, u64::MAX), u64::MAX);
    }
}
