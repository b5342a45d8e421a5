//! C2: the least work that makes a file playable on phones and in the WeChat browser.

use super::media::{AudioCodec, AudioStream, Container, Index, MediaInfo, VideoCodec, VideoStream};

/// The long and the short side of 1080p, either way up.
const LONG_SIDE_MAX: u32 = 1920;
const SHORT_SIDE_MAX: u32 = 1080;
/// 60 frames a second, with room for the rounding of 60000/1001 and of container time scales.
const FPS_MILLI_MAX: u32 = 60_500;
const LEVEL_IDC_MAX: u8 = 42;
/// What level 4.2 allows (ITU-T H.264, table A-1 and A.3.3): bits a second, and as many in advance.
const HIGH_BITRATE_MAX_BPS: u64 = 62_500_000;
const MAIN_BITRATE_MAX_BPS: u64 = 50_000_000;
const SAMPLE_RATE_HZ_MAX: u32 = 48_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Plan {
    /// Served as it is.
    Direct,
    /// Served with a rewritten index in front; nothing is copied.
    Relocate,
    /// Written anew by ffmpeg with every stream copied; says what the container lacks.
    Remux { why: String },
    /// Written anew by ffmpeg with at least one stream encoded.
    Transcode { video: Treatment, audio: Option<Treatment> },
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Treatment {
    Copy,
    /// Encoded anew; says what does not fit.
    Encode {
        why: String,
    },
}

impl Plan {
    /// Whether ffmpeg has to work, which takes one of the workers.
    #[must_use]
    pub fn needs_worker(&self) -> bool {
        match self {
            Self::Direct | Self::Relocate => false,
            Self::Remux { .. } | Self::Transcode { .. } => true,
        }
    }

    /// What is done and why, in one line for `show`.
    #[must_use]
    pub fn explain(&self) -> String {
        match self {
            Self::Direct => "served as it is: H.264 and AAC that phones play, index first".to_owned(),
            Self::Relocate => "streams fit; only the index moves to the front, nothing is copied".to_owned(),
            Self::Remux { why } => format!("streams are copied into a new MP4: {why}"),
            Self::Transcode { video, audio } => {
                let mut text = format!("video {}", video.explain());
                if let Some(audio) = audio {
                    text.push_str("; audio ");
                    text.push_str(&audio.explain());
                }
                text
            }
        }
    }
}

impl Treatment {
    fn explain(&self) -> String {
        match self {
            Self::Copy => "copied".to_owned(),
            Self::Encode { why } => format!("encoded ({why})"),
        }
    }

    /// The same with what became of the stream besides its codec: `encoded (interlaced → deinterlaced)`.
    #[must_use]
    pub fn done(self, changes: &[String]) -> Self {
        match self {
            Self::Encode { why } if !changes.is_empty() => {
                Self::Encode { why: format!("{why} → {}", changes.join(", ")) }
            }
            unchanged @ (Self::Copy | Self::Encode { .. }) => unchanged,
        }
    }

    fn of(misfit: Option<String>) -> Self {
        misfit.map_or(Self::Copy, |why| Self::Encode { why })
    }
}

/// The least plan for this file. `None` when there is no video in it.
#[must_use]
pub fn plan(info: &MediaInfo) -> Option<Plan> {
    let video = info.video.as_ref()?;
    let video_misfit = video_misfit(video, info);
    let audio_misfit = info.audio.as_ref().map(audio_misfit);
    if video_misfit.is_none() && audio_misfit.clone().flatten().is_none() {
        return Some(match container_misfit(&info.container, &info.index) {
            ContainerFit::Fits => Plan::Direct,
            ContainerFit::IndexLast => Plan::Relocate,
            ContainerFit::No(why) => Plan::Remux { why },
        });
    }
    Some(Plan::Transcode { video: Treatment::of(video_misfit), audio: audio_misfit.map(Treatment::of) })
}

enum ContainerFit {
    Fits,
    IndexLast,
    No(String),
}

fn container_misfit(container: &Container, index: &Index) -> ContainerFit {
    match (container, index) {
        (Container::Mp4 | Container::Mov, Index::First) => ContainerFit::Fits,
        (Container::Mp4 | Container::Mov, Index::Last) => ContainerFit::IndexLast,
        (Container::Mp4 | Container::Mov, Index::Fixed(why)) => ContainerFit::No(why.clone()),
        (Container::Mp4 | Container::Mov, Index::None) | (Container::Other(_), _) => {
            ContainerFit::No(format!("{} is not an MP4", container.name()))
        }
    }
}

/// Everything that does not fit; `None` if it all does.
fn video_misfit(video: &VideoStream, info: &MediaInfo) -> Option<String> {
    let (long, short) = (video.width.max(video.height), video.width.min(video.height));
    let too_large = long > LONG_SIDE_MAX || short > SHORT_SIDE_MAX;
    let misfits: Vec<String> = [
        codec_misfit(&video.codec, info),
        too_large.then(|| format!("{}×{} is larger than 1080p", video.width, video.height)),
        (video.fps_milli > FPS_MILLI_MAX)
            .then(|| format!("{} frames a second are more than 60", video.fps_milli / 1000)),
        video.interlaced.then(|| "interlaced".to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!misfits.is_empty()).then(|| misfits.join("; "))
}

fn codec_misfit(codec: &VideoCodec, info: &MediaInfo) -> Option<String> {
    let h264 = match codec {
        VideoCodec::H264(h264) => h264,
        VideoCodec::Other(words) => {
            // `hevc, Main 10, HDR (PQ)`
            return Some(format!("{} instead of H.264", words.replacen(", ", " ", 1)));
        }
    };
    if !matches!(h264.profile_idc, 66 | 77 | 100) || !h264.plain_pixels {
        return Some(format!("{h264} is not 8-bit 4:2:0 up to High"));
    }
    if h264.level_idc > LEVEL_IDC_MAX {
        return Some(format!("{h264} is above level 4.2"));
    }
    let max_bps = if h264.profile_idc == 100 { HIGH_BITRATE_MAX_BPS } else { MAIN_BITRATE_MAX_BPS };
    is_above(info, max_bps).then(|| format!("{} Mb/s are above level 4.2", info.bitrate_bps / 1_000_000))
}

/// Whether there are more bits than a decoder's buffer of one second, filled at the highest rate, has seen by the end:
/// the mean of a short file may well be higher.
fn is_above(info: &MediaInfo, max_bps: u64) -> bool {
    u128::from(info.bitrate_bps) * u128::from(info.duration_ms)
        > u128::from(max_bps) * (u128::from(info.duration_ms) + 1000)
}

fn audio_misfit(audio: &AudioStream) -> Option<String> {
    match &audio.codec {
        AudioCodec::Other(name) => Some(format!("{name} instead of AAC")),
        AudioCodec::AacLc if audio.channels > 2 => {
            Some(format!("{} channels instead of stereo", audio.channels))
        }
        AudioCodec::AacLc if audio.sample_rate_hz > SAMPLE_RATE_HZ_MAX => {
            Some(format!("{} Hz is above 48000 Hz", audio.sample_rate_hz))
        }
        AudioCodec::AacLc => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::media::{Format, H264};
    use super::*;

    fn fitting() -> MediaInfo {
        let format = Format {
            container: Container::Mp4,
            index: Index::First,
            video: Some(VideoStream {
                codec: VideoCodec::H264(H264 { profile_idc: 100, level_idc: 42, plain_pixels: true }),
                width: 1920,
                height: 1080,
                fps_milli: 59_940,
                rotation: 0,
                interlaced: false,
            }),
            audio: Some(AudioStream { codec: AudioCodec::AacLc, channels: 2, sample_rate_hz: 48_000 }),
        };
        MediaInfo::new(format, 60_000, 4_000_000)
    }

    fn with_video(change: impl FnOnce(&mut VideoStream)) -> Plan {
        plan(&fitting().with(|format| change(format.video.as_mut().unwrap()))).unwrap()
    }

    fn with_audio(audio: Option<AudioStream>) -> Plan {
        plan(&fitting().with(|format| {
            format.audio = audio;
        }))
        .unwrap()
    }

    fn encodes_video_only(plan: &Plan) -> bool {
        matches!(plan, Plan::Transcode { video: Treatment::Encode { .. }, audio: Some(Treatment::Copy) })
    }

    #[test]
    fn c2_nothing_to_do_is_direct() {
        assert_eq!(plan(&fitting()), Some(Plan::Direct));
        assert_eq!(with_audio(None), Plan::Direct);
    }

    #[test]
    fn c2_only_the_index_moves() {
        assert_eq!(
            plan(&fitting().with(|format| {
                format.index = Index::Last;
            })),
            Some(Plan::Relocate)
        );
        let mov = fitting().with(|format| {
            format.container = Container::Mov;
            format.index = Index::Last;
        });
        assert_eq!(plan(&mov), Some(Plan::Relocate));
    }

    #[test]
    fn c2_fitting_streams_in_another_container_are_copied() {
        let mkv = fitting().with(|format| {
            format.container = Container::Other("matroska".into());
            format.index = Index::None;
        });
        assert!(matches!(plan(&mkv), Some(Plan::Remux { .. })));
        let fixed = fitting().with(|format| {
            format.index = Index::Fixed("two indexes".into());
        });
        assert_eq!(plan(&fixed), Some(Plan::Remux { why: "two indexes".into() }));
    }

    #[test]
    fn c2_only_the_stream_that_does_not_fit_is_encoded() {
        let ac3 = AudioStream { codec: AudioCodec::Other("ac3".into()), channels: 6, sample_rate_hz: 48_000 };
        assert_eq!(
            with_audio(Some(ac3)),
            Plan::Transcode {
                video: Treatment::Copy,
                audio: Some(Treatment::Encode { why: "ac3 instead of AAC".into() })
            }
        );
        assert!(encodes_video_only(&with_video(|video| video.codec = VideoCodec::Other("hevc".into()))));
    }

    #[test]
    fn c2_each_limit_of_the_video_is_a_reason() {
        let h264 = |profile_idc, level_idc, plain_pixels| {
            VideoCodec::H264(H264 { profile_idc, level_idc, plain_pixels })
        };
        assert!(encodes_video_only(&with_video(|video| video.codec = h264(110, 40, false))));
        assert!(encodes_video_only(&with_video(|video| video.codec = h264(100, 50, true))));
        assert!(encodes_video_only(&with_video(|video| video.width = 1922)));
        assert!(encodes_video_only(&with_video(|video| (video.width, video.height) = (1440, 1440))));
        assert!(encodes_video_only(&with_video(|video| video.fps_milli = 120_000)));
        assert!(encodes_video_only(&with_video(|video| video.interlaced = true)));
        assert_eq!(with_video(|video| (video.width, video.height) = (1080, 1920)), Plan::Direct);
    }

    #[test]
    fn c2_every_misfit_is_named() {
        let plan = with_video(|video| {
            video.codec = VideoCodec::Other("hevc, Main 10, HDR (PQ)".into());
            (video.width, video.height, video.interlaced) = (3840, 2160, true);
        });
        assert_eq!(
            plan.explain(),
            "video encoded (hevc Main 10, HDR (PQ) instead of H.264; 3840×2160 is larger than 1080p; interlaced); \
             audio copied"
        );
    }

    #[test]
    fn c2_more_bits_than_the_level_allows_do_not_fit() {
        let of_rate =
            |bitrate_bps, duration_ms| plan(&MediaInfo { bitrate_bps, duration_ms, ..fitting() }).unwrap();
        assert_eq!(of_rate(62_000_000, 3_600_000), Plan::Direct);
        assert!(encodes_video_only(&of_rate(200_000_000, 3_600_000)));
        // A single large frame is within the decoder's buffer.
        assert_eq!(of_rate(200_000_000, 40), Plan::Direct);
        assert!(encodes_video_only(&of_rate(u64::MAX, u64::MAX)));
    }

    #[test]
    fn c2_each_limit_of_the_audio_is_a_reason() {
        for audio in [
            AudioStream { codec: AudioCodec::AacLc, channels: 6, sample_rate_hz: 48_000 },
            AudioStream { codec: AudioCodec::AacLc, channels: 2, sample_rate_hz: 96_000 },
            AudioStream { codec: AudioCodec::Other("aac he".into()), channels: 2, sample_rate_hz: 48_000 },
        ] {
            assert!(matches!(with_audio(Some(audio)), Plan::Transcode { video: Treatment::Copy, .. }));
        }
    }

    #[test]
    fn without_video_there_is_no_plan() {
        assert_eq!(
            plan(&fitting().with(|format| {
                format.video = None;
            })),
            None
        );
    }
}
