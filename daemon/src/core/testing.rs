//! Small builders for the tests of the rules.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use vodpost_protocol::ids::VideoId;
use vodpost_protocol::time::Timestamp;
use vodpost_protocol::video::Switch;

use super::actor::Actor;
use super::artifact::{Artifact, Form, Served, ServedLayout};
use super::file_name::FileName;
use super::media::{
    AudioCodec, AudioStream, Container, FileIdentity, Format, H264, Index, MediaInfo, VideoCodec, VideoStream,
};
use super::plan::Plan;
use super::video::{Conversion, Order, Place, Ready, Rendition, Source, Unusable, Video};

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

/// This file as it is served: 61.5 seconds of 720p.
pub(crate) fn served(
    id: VideoId,
    attempt: u32,
    path: &Path,
    identity: FileIdentity,
    layout: ServedLayout,
) -> Served {
    let (folder, name) = (path.parent().unwrap_or(Path::new("/")), path.file_name().unwrap_or_default());
    let at = Timestamp::from_millis(1);
    let video = Video {
        id,
        place: Place { root: folder.into(), folder: Path::new("").into(), base: name.into() },
        added_at: at,
        source: Source::Present,
        switch: Switch::On,
        renditions: Box::default(),
        conversion: Conversion::None,
        attempts: attempt,
        last_change: None,
    };
    let order = Order {
        attempt,
        requested_at: at,
        deadline: at,
        by: Actor::Daemon,
        labels: BTreeSet::new(),
        rendition: FileName::of(&video.place.base, name),
        identity,
        plan: Arc::new(Plan::Direct),
        setbacks: 0,
        late: false,
    };
    let form = match layout {
        ServedLayout::AsIs => Form::AsIs,
        ServedLayout::Relocated => Form::Relocated,
    };
    let artifact = Artifact { form, source: identity, duration_ms: 61_500, width: 1280, height: 720 };
    Served::new(&video, Arc::new(Ready { order, artifact, at }), &Arc::from(Path::new("/artifacts")))
}
