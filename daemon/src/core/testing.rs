//! Small builders for the tests of the rules.

use super::media::{
    AudioCodec, AudioStream, Container, FileIdentity, Format, H264, Index, MediaInfo, VideoCodec, VideoStream,
};
use super::video::{Rendition, Unusable};

pub(crate) fn mp4(bitrate_bps: u64, height: u32) -> MediaInfo {
    let format = Format {
        container: Container::Mp4,
        index: Index::Last,
        video: Some(VideoStream {
            codec: VideoCodec::H264(H264 { profile_idc: 100, level_idc: 40, plain_pixels: true }),
            width: height * 16 / 9,
            height,
            fps_milli: 25_000,
            rotation: 0,
            interlaced: false,
        }),
        audio: Some(AudioStream { codec: AudioCodec::AacLc, channels: 2, sample_rate_hz: 48_000 }),
    };
    MediaInfo::new(format, 10_000, bitrate_bps)
}

/// A file whose inode follows from its name.
pub(crate) fn rendition(name: &str, media: Result<MediaInfo, &str>) -> Rendition {
    let ino = name.bytes().fold(7u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    Rendition {
        name: name.into(),
        identity: FileIdentity { dev: 1, ino, size_bytes: 1000, mtime_ns: 1 },
        media: media.map_err(|reason| Unusable { reason: reason.to_owned(), look_again: false }),
    }
}
