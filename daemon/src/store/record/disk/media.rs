//! What a file holds, as far as it was understood.

use serde::{Deserialize, Serialize};

use crate::core::media as core_media;

#[derive(Serialize, Deserialize)]
pub(super) struct Media {
    container: Container,
    index: Index,
    duration_ms: u64,
    bitrate_bps: u64,
    video: Option<VideoStream>,
    audio: Option<AudioStream>,
}

#[derive(Serialize, Deserialize)]
enum Container {
    Mp4,
    Mov,
    Other(String),
}

#[derive(Serialize, Deserialize)]
enum Index {
    First,
    Last,
    Fixed(String),
    None,
}

#[derive(Serialize, Deserialize)]
struct VideoStream {
    codec: VideoCodec,
    width: u32,
    height: u32,
    fps_milli: u32,
    rotation: u16,
    interlaced: bool,
}

#[derive(Serialize, Deserialize)]
enum VideoCodec {
    H264 { profile_idc: u8, level_idc: u8, plain_pixels: bool },
    Other(String),
}

#[derive(Serialize, Deserialize)]
struct AudioStream {
    codec: AudioCodec,
    channels: u16,
    sample_rate_hz: u32,
}

#[derive(Serialize, Deserialize)]
enum AudioCodec {
    AacLc,
    Other(String),
}

impl Media {
    pub(super) fn from_core(media: &core_media::MediaInfo) -> Self {
        let core_media::MediaInfo { format, duration_ms, bitrate_bps } = media;
        let core_media::Format { container, index, video, audio } = &**format;
        Self {
            container: match container {
                core_media::Container::Mp4 => Container::Mp4,
                core_media::Container::Mov => Container::Mov,
                core_media::Container::Other(name) => Container::Other(name.clone()),
            },
            index: match index {
                core_media::Index::First => Index::First,
                core_media::Index::Last => Index::Last,
                core_media::Index::Fixed(why) => Index::Fixed(why.clone()),
                core_media::Index::None => Index::None,
            },
            duration_ms: *duration_ms,
            bitrate_bps: *bitrate_bps,
            video: video.as_ref().map(VideoStream::from_core),
            audio: audio.as_ref().map(AudioStream::from_core),
        }
    }

    pub(super) fn into_core(self) -> core_media::MediaInfo {
        let Self { container, index, duration_ms, bitrate_bps, video, audio } = self;
        let format = core_media::Format {
            container: match container {
                Container::Mp4 => core_media::Container::Mp4,
                Container::Mov => core_media::Container::Mov,
                Container::Other(name) => core_media::Container::Other(name),
            },
            index: match index {
                Index::First => core_media::Index::First,
                Index::Last => core_media::Index::Last,
                Index::Fixed(why) => core_media::Index::Fixed(why),
                Index::None => core_media::Index::None,
            },
            video: video.map(VideoStream::into_core),
            audio: audio.map(AudioStream::into_core),
        };
        core_media::MediaInfo::new(format, duration_ms, bitrate_bps)
    }
}

impl VideoStream {
    fn from_core(stream: &core_media::VideoStream) -> Self {
        let core_media::VideoStream { codec, width, height, fps_milli, rotation, interlaced } = stream;
        Self {
            codec: match codec {
                core_media::VideoCodec::H264(core_media::H264 { profile_idc, level_idc, plain_pixels }) => {
                    VideoCodec::H264 {
                        profile_idc: *profile_idc,
                        level_idc: *level_idc,
                        plain_pixels: *plain_pixels,
                    }
                }
                core_media::VideoCodec::Other(name) => VideoCodec::Other(name.clone()),
            },
            width: *width,
            height: *height,
            fps_milli: *fps_milli,
            rotation: *rotation,
            interlaced: *interlaced,
        }
    }

    fn into_core(self) -> core_media::VideoStream {
        let Self { codec, width, height, fps_milli, rotation, interlaced } = self;
        let codec = match codec {
            VideoCodec::H264 { profile_idc, level_idc, plain_pixels } => {
                core_media::VideoCodec::H264(core_media::H264 { profile_idc, level_idc, plain_pixels })
            }
            VideoCodec::Other(name) => core_media::VideoCodec::Other(name),
        };
        core_media::VideoStream { codec, width, height, fps_milli, rotation, interlaced }
    }
}

impl AudioStream {
    fn from_core(stream: &core_media::AudioStream) -> Self {
        let core_media::AudioStream { codec, channels, sample_rate_hz } = stream;
        Self {
            codec: match codec {
                core_media::AudioCodec::AacLc => AudioCodec::AacLc,
                core_media::AudioCodec::Other(name) => AudioCodec::Other(name.clone()),
            },
            channels: *channels,
            sample_rate_hz: *sample_rate_hz,
        }
    }

    fn into_core(self) -> core_media::AudioStream {
        let Self { codec, channels, sample_rate_hz } = self;
        let codec = match codec {
            AudioCodec::AacLc => core_media::AudioCodec::AacLc,
            AudioCodec::Other(name) => core_media::AudioCodec::Other(name),
        };
        core_media::AudioStream { codec, channels, sample_rate_hz }
    }
}
