//! How much work a conversion is, how long this machine takes for it, and how many bytes come of it at most (C3).

use std::time::Duration;

use super::media::{MediaInfo, VideoStream};
use super::plan::{Plan, Treatment};

/// Starting ffmpeg, verifying the result and making it durable.
const FIXED: Duration = Duration::from_millis(800);
/// What took less says little about a speed.
const MEASURED_MIN: Duration = Duration::from_secs(3);
/// What encoded sound may take, with what the container adds.
const ENCODED_SOUND_BPS_MAX: u64 = 200_000;
/// Frames a second where the file does not say it.
const FPS_MILLI_ASSUMED: u32 = 25_000;
/// What is larger or faster than this is made smaller or slower (C2).
const LONG_SIDE_MAX: u64 = 1920;
const SHORT_SIDE_MAX: u64 = 1080;
const FPS_MAX: u32 = 60;
const SPAN_SLACK_MS: u64 = 5000;
/// What an index says of one sample: its size, its two times, its place, and whether one can start there.
const SAMPLE_INDEX_BYTES_MAX: u64 = 32;
/// AAC at 96 kHz.
const SOUND_FRAMES_PER_S_MAX: u64 = 94;
const OVERHEAD_BYTES_MAX: u64 = 1 << 20;

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

/// How many frames a second an encoded picture has at most (C2). One whose rate nobody knows may have all of them.
#[must_use]
pub fn encoded_fps_max(video: &VideoStream) -> u32 {
    match video.fps_milli {
        0 => FPS_MAX,
        milli => milli.div_ceil(1000).min(FPS_MAX),
    }
}

/// So much that a picture like this looks well when it moves, and not more than a phone's connection carries. By its size
/// as it is stored: making pixels square adds nothing that would have to be described. Both the encoder and the queue, which
/// sets aside the room, go by it.
#[must_use]
pub fn encoded_kbps_max(video: &VideoStream) -> u32 {
    let kbps = match fitted_pixels(video.width, video.height) {
        0..=230_400 => 1500,
        230_401..=409_920 => 2500,
        409_921..=921_600 => 5000,
        _up_to_1080p => 8000,
    };
    if encoded_fps_max(video) > 30 { kbps * 3 / 2 } else { kbps }
}

/// Of a picture of this shape within 1920×1080, or within 1080×1920.
fn fitted_pixels(width: u32, height: u32) -> u64 {
    let (long, short) = (u64::from(width.max(height)), u64::from(width.min(height)));
    if long <= LONG_SIDE_MAX && short <= SHORT_SIDE_MAX {
        return long * short;
    }
    // Whichever side is further beyond is what it is shrunk by.
    if short * LONG_SIDE_MAX >= long * SHORT_SIDE_MAX {
        SHORT_SIDE_MAX * (long * SHORT_SIDE_MAX / short)
    } else {
        LONG_SIDE_MAX * (short * LONG_SIDE_MAX / long)
    }
}

/// How large an artifact may become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputSize {
    /// No larger, or something is wrong with it.
    AtMost(u64),
    /// Nobody knows how long it lasts.
    Likely(u64),
}

impl OutputSize {
    #[must_use]
    pub fn of(plan: &Plan, info: &MediaInfo, size_bytes: u64) -> Self {
        if info.duration_ms == 0 {
            return Self::Likely(size_bytes.saturating_add(OVERHEAD_BYTES_MAX));
        }
        // What the encoder may be ahead of its rate by, and what a check of the result tolerates.
        let span_ms = info.duration_ms.saturating_add(info.duration_ms / 100).saturating_add(SPAN_SLACK_MS);
        let lasting =
            |bps: u64| u64::try_from(u128::from(span_ms) * u128::from(bps) / 8000).unwrap_or(u64::MAX);
        let media = match plan {
            Plan::Direct | Plan::Relocate => return Self::AtMost(0),
            Plan::Transcode { video: Treatment::Encode { .. }, .. } => {
                let picture =
                    info.video.as_ref().map_or(0, |video| u64::from(encoded_kbps_max(video)) * 1000);
                lasting(picture + ENCODED_SOUND_BPS_MAX)
            }
            Plan::Transcode { video: Treatment::Copy, audio: Some(Treatment::Encode { .. }) } => {
                size_bytes.saturating_add(lasting(ENCODED_SOUND_BPS_MAX))
            }
            Plan::Transcode { video: Treatment::Copy, .. } | Plan::Remux { .. } => size_bytes,
        };
        let fps = info.video.as_ref().map_or(0, |video| match video.fps_milli {
            0 => u64::from(FPS_MAX),
            milli => u64::from(milli.div_ceil(1000)),
        });
        let index = lasting((fps + SOUND_FRAMES_PER_S_MAX).saturating_mul(SAMPLE_INDEX_BYTES_MAX * 8));
        Self::AtMost(
            media.saturating_add(media / 50).saturating_add(index).saturating_add(OVERHEAD_BYTES_MAX),
        )
    }

    /// What is set aside for it.
    #[must_use]
    pub fn bytes(self) -> u64 {
        match self {
            Self::AtMost(bytes) | Self::Likely(bytes) => bytes,
        }
    }

    /// What it is stopped at, besides the end of the disk.
    #[must_use]
    pub fn most(self) -> Option<u64> {
        match self {
            Self::AtMost(bytes) => Some(bytes),
            Self::Likely(_) => None,
        }
    }
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
        for plan in [plan, Plan::Remux { why: String::new() }] {
            assert_eq!(OutputSize::of(&plan, &info, u64::MAX), OutputSize::AtMost(u64::MAX));
        }
    }

    fn picture(width: u32, height: u32, fps_milli: u32) -> MediaInfo {
        mp4(1_000_000, 1080).with(|format| {
            if let Some(video) = &mut format.video {
                (video.width, video.height, video.fps_milli) = (width, height, fps_milli);
            }
        })
    }

    #[test]
    fn rates_grow_with_size_and_speed() {
        for (width, height, fps_milli, kbps) in [
            (320, 180, 25_000, 1500),
            (640, 360, 25_000, 1500),
            (720, 576, 25_000, 5000),
            (1280, 720, 30_000, 5000),
            // One frame more than thirty in any second is more than thirty.
            (1280, 720, 30_001, 7500),
            (1280, 720, 0, 7500),
            (1080, 1920, 60_000, 12_000),
            (3840, 2160, 120_000, 12_000),
            (3840, 400, 25_000, 2500),
            (400, 3840, 25_000, 2500),
        ] {
            let info = picture(width, height, fps_milli);
            let video = info.video.as_ref().unwrap();
            assert_eq!(encoded_kbps_max(video), kbps, "{width}x{height} at {fps_milli}");
        }
    }

    #[test]
    fn what_lasts_nobody_knows_how_long_is_not_stopped() {
        let info = MediaInfo { duration_ms: 0, ..picture(1280, 720, 25_000) };
        let size = OutputSize::of(&Plan::Transcode { video: encode(), audio: None }, &info, 1 << 30);
        assert_eq!((size.most(), size.bytes()), (None, (1 << 30) + (1 << 20)));
    }
}
