//! C6: nothing goes live unverified. Whatever will be served is probed once more, as it will be served.

use std::io;
use std::path::Path;

use super::command::is_broadcast;
use super::failure::Fault;
use crate::core::artifact::{Artifact, Assignment, Form, ServedLayout};
use crate::core::media::{FileIdentity, Index, MediaInfo, VideoCodec};
use crate::core::plan::{Plan, plan};
use crate::media::mp4::{self, Sums, TrackSum, VirtualFile, layout_in_turn};
use crate::media::{ProbeError, Probed, ReadAt, identity, open};

/// Encoders pad the last frame of sound and picture.
const SLACK_MS: u64 = 100;
/// A recording off the air may begin with pictures that cannot be shown, up to the first key frame.
const BROADCAST_SLACK_MS: u64 = 2500;
const FRAMES_SLACK: u64 = 2;
/// Faster pictures become fewer when they are encoded (C2).
const FPS_MILLI_KEPT: u32 = 60_000;

/// The source itself under a layout, which must show the same streams with the index first.
pub(super) fn source(assignment: &Assignment, kind: ServedLayout) -> Result<Artifact, Fault> {
    let unreadable: Unreadable = |error| Fault::Source(ProbeError::Io(error));
    let file = open(&assignment.source).map_err(unreadable)?;
    if identity(&file).map_err(unreadable)? != assignment.identity {
        return Err(Fault::SourceChanged);
    }
    // Until it is verified, which happens where the new index lies in memory.
    let (layout, _turn) = layout_in_turn(&file, kind)?;
    let served = VirtualFile { file: &file, layout };
    let info = playable(&served, unreadable)?;
    if info.video != assignment.info.video || info.audio != assignment.info.audio {
        return Err(Fault::Refused("its streams are not those of the source".to_owned()));
    }
    same_duration(assignment.info.duration_ms, &info, 0)?;
    if identity(&file).map_err(unreadable)? != assignment.identity {
        return Err(Fault::SourceChanged);
    }
    let form = match kind {
        ServedLayout::AsIs => Form::AsIs,
        ServedLayout::Relocated => Form::Relocated,
    };
    Ok(artifact(form, assignment.identity, &info))
}

/// What it means that a file cannot be read, which says nothing about what it holds.
type Unreadable = fn(io::Error) -> Fault;

fn refused(error: ProbeError, unreadable: Unreadable) -> Fault {
    match error {
        ProbeError::Io(error) => unreadable(error),
        error => Fault::Refused(error.to_string()),
    }
}

/// What the result is compared with.
#[derive(Debug)]
pub(super) struct Expected {
    pub source: Probed,
    /// Of a source whose index says it.
    pub sums: Option<Sums>,
    /// Whether the pictures are copied.
    pub copied: bool,
}

/// A file that ffmpeg wrote, by its index, and what it said meanwhile.
pub(super) fn written(path: &Path, expected: &Expected, said: String) -> Result<MediaInfo, Fault> {
    let source = &expected.source;
    let file = open(path).map_err(Fault::of_folder)?;
    let info = of_one_size(&file, playable(&file, Fault::of_folder)?)?;
    if info.audio.is_some() != source.info.audio.is_some() {
        return Err(Fault::Refused("a stream was lost".to_owned()));
    }
    // The edits of an MP4 count from the beginning of the earlier stream; a container may count each by itself.
    let span_ms = source.details.as_ref().map_or(0, |details| details.span_ms);
    let longest_ms = source.info.duration_ms.max(span_ms);
    let nearest_ms = info.duration_ms.clamp(source.info.duration_ms, longest_ms);
    same_duration(nearest_ms, &info, slack_ms(&source.info))?;
    if let Some(sums) = mp4::sums(&file).map_err(|error| refused(error, Fault::of_folder))? {
        adds_up(&sums)?;
        if let Some(source) = &expected.sums {
            same_tracks(expected, source, &sums)?;
        }
    }
    match lost_percent(&source.info, &info) {
        Some(lost_percent) if !said.is_empty() => Err(Fault::FramesLost { lost_percent, output: said }),
        Some(_) | None => Ok(info),
    }
}

/// A picture that was copied may change its size on the way.
fn of_one_size(file: &dyn ReadAt, info: MediaInfo) -> Result<MediaInfo, Fault> {
    if !mp4::changes_size(file).map_err(|error| refused(error, Fault::of_folder))? {
        return Ok(info);
    }
    let codec = VideoCodec::Other("h264, whose size changes on the way,".to_owned());
    let result = info.with(|format| {
        if let Some(video) = &mut format.video {
            video.codec = codec;
        }
    });
    match plan(&result) {
        Some(plan) => Err(Fault::NotPlayable { result: Box::new(result), plan: Box::new(plan) }),
        None => Err(Fault::Refused("it has no video".to_owned())),
    }
}

/// More than a few of the frames that there should be are missing. By itself that proves nothing, since a recording of
/// a still screen may hold fewer than it claims; it does when ffmpeg complained as well.
fn lost_percent(source: &MediaInfo, result: &MediaInfo) -> Option<u64> {
    const LOST_MAX_PERCENT: u64 = 5;
    let rate = |info: &MediaInfo| info.video.as_ref().map_or(0, |video| u64::from(video.fps_milli));
    // Some containers count fields.
    let fields = source.video.as_ref().is_some_and(|video| video.interlaced);
    let expected = rate(source).min(60_000) / if fields { 2 } else { 1 };
    let lost_percent = (expected.saturating_sub(rate(result)) * 100).checked_div(expected)?;
    (lost_percent > LOST_MAX_PERCENT).then_some(lost_percent)
}

/// Each sample has a size and a time, and together they are the media in the file.
fn adds_up(sums: &Sums) -> Result<(), Fault> {
    let tracks = [("video", sums.video), ("audio", sums.audio)];
    for (name, track) in tracks.into_iter().filter_map(|(name, track)| Some((name, track?))) {
        if track.sized != track.timed {
            let TrackSum { sized, timed, .. } = track;
            return Err(Fault::Refused(format!("its {name} has {sized} samples and times for {timed}")));
        }
    }
    let bytes = tracks.iter().filter_map(|(_, track)| Some((*track)?.bytes)).fold(0, u64::saturating_add);
    if bytes > sums.media_bytes || bytes < sums.media_bytes / 100 * 99 {
        let all = sums.media_bytes;
        return Err(Fault::Refused(format!(
            "its index describes {bytes} bytes of media, and it holds {all}"
        )));
    }
    Ok(())
}

/// Picture and sound each as long as in the source, and no frames lost.
fn same_tracks(expected: &Expected, source: &Sums, result: &Sums) -> Result<(), Fault> {
    for (name, source, result) in
        [("video", source.video, result.video), ("audio", source.audio, result.audio)]
    {
        let (Some(source), Some(result)) = (source, result) else { continue };
        if source.duration_ms > 0 && !about(source.duration_ms, result.duration_ms, SLACK_MS) {
            return Err(wrong_length(&format!("its {name}"), source.duration_ms, result.duration_ms));
        }
    }
    let (Some(source), Some(result)) = (source.video, result.video) else { return Ok(()) };
    // An edit list may leave out a part of the samples.
    if !about(source.duration_ms, source.samples_ms, SLACK_MS) {
        return Ok(());
    }
    let video = expected.source.info.video.as_ref();
    let fast = video.is_some_and(|video| video.fps_milli > FPS_MILLI_KEPT);
    let (fewest, most) = match (expected.copied, fast) {
        (true, _) => (percent(source.sized, 99), percent(source.sized, 101)),
        (false, true) => return Ok(()),
        // Broken ones and those that are shown at the same moment are left out.
        (false, false) => (percent(source.sized, 90), u64::MAX),
    };
    if result.sized.saturating_add(FRAMES_SLACK) < fewest || result.sized > most.saturating_add(FRAMES_SLACK)
    {
        let (found, wanted) = (result.sized, source.sized);
        return Err(Fault::Refused(format!("it has {found} pictures instead of {wanted}")));
    }
    Ok(())
}

fn percent(count: u64, percent: u64) -> u64 {
    u64::try_from(u128::from(count) * u128::from(percent) / 100).unwrap_or(u64::MAX)
}

/// The name must still stand for the file in the state that was converted.
pub(super) fn unchanged(assignment: &Assignment) -> Result<(), Fault> {
    let found = open(&assignment.source).and_then(|file| identity(&file));
    if found.is_ok_and(|found| found == assignment.identity) { Ok(()) } else { Err(Fault::SourceChanged) }
}

fn playable(served: &dyn ReadAt, unreadable: Unreadable) -> Result<MediaInfo, Fault> {
    let (info, _) = mp4::probe(served).map_err(|error| refused(error, unreadable))?;
    if info.index != Index::First {
        return Err(Fault::Refused("its index does not come first".to_owned()));
    }
    match plan(&info) {
        Some(Plan::Direct) => Ok(info),
        Some(plan) => Err(Fault::NotPlayable { result: Box::new(info), plan: Box::new(plan) }),
        None => Err(Fault::Refused("it has no video".to_owned())),
    }
}

/// By how much a result may differ, however short its source. Of a short recording off the air, too, most must be there.
fn slack_ms(source: &MediaInfo) -> u64 {
    if is_broadcast(&source.container) {
        BROADCAST_SLACK_MS.min(source.duration_ms / 4).max(SLACK_MS)
    } else {
        SLACK_MS
    }
}

/// Within 1 % or `slack_ms`. A recording that was never closed does not say how long it is.
fn same_duration(expected_ms: u64, result: &MediaInfo, slack_ms: u64) -> Result<(), Fault> {
    let fits = match expected_ms {
        0 => result.duration_ms > 0,
        expected_ms => about(expected_ms, result.duration_ms, slack_ms),
    };
    if fits { Ok(()) } else { Err(wrong_length("it", expected_ms, result.duration_ms)) }
}

/// Within 1 % or `slack_ms`.
fn about(expected_ms: u64, found_ms: u64, slack_ms: u64) -> bool {
    expected_ms.abs_diff(found_ms) <= (expected_ms / 100).max(slack_ms)
}

fn wrong_length(what: &str, expected_ms: u64, found_ms: u64) -> Fault {
    let (expected_s, found_s) = (expected_ms as f64 / 1000.0, found_ms as f64 / 1000.0);
    Fault::Refused(format!("{what} is {found_s:.1} seconds long instead of {expected_s:.1}"))
}

pub(super) fn artifact(form: Form, source: FileIdentity, info: &MediaInfo) -> Artifact {
    let (width, height) = info.video.as_ref().map_or((0, 0), |video| match video.rotation {
        90 | 270 => (video.height, video.width),
        _upright => (video.width, video.height),
    });
    Artifact { form, source, duration_ms: info.duration_ms, width, height }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::media::{Container, Format};

    fn lasting(container: Container, duration_ms: u64) -> MediaInfo {
        MediaInfo::new(Format { container, index: Index::None, video: None, audio: None }, duration_ms, 0)
    }

    /// A recording off the air may lose its beginning, but a short one not half of itself.
    #[test]
    fn c6_a_short_recording_may_not_shrink_unnoticed() {
        let recording = |duration_ms| lasting(Container::Other("mpegts".into()), duration_ms);
        let passes = |source_ms, result_ms| {
            let source = recording(source_ms);
            same_duration(source_ms, &lasting(Container::Mp4, result_ms), slack_ms(&source)).is_ok()
        };
        assert!(passes(60_000, 57_600) && !passes(60_000, 57_400));
        assert!(passes(4000, 3100) && !passes(4000, 1600), "1.6 of 4 seconds are no whole recording");
        assert!(passes(200, 110) && !passes(200, 90));
        assert_eq!(slack_ms(&lasting(Container::Mp4, 60_000)), SLACK_MS);
    }

    /// A disk that does not answer while the result is judged says nothing about the result.
    #[test]
    fn a_disk_that_fails_is_not_blamed_on_the_file() {
        struct Failing;
        impl ReadAt for Failing {
            fn len(&self) -> io::Result<u64> {
                Ok(1000)
            }
            fn read_at(&self, _: &mut [u8], _: u64) -> io::Result<usize> {
                Err(io::ErrorKind::TimedOut.into())
            }
        }
        let fault = playable(&Failing, Fault::of_folder).unwrap_err();
        assert!(matches!(fault, Fault::Artifacts(_)), "{fault}");
        let fault = of_one_size(&Failing, lasting(Container::Mp4, 1)).unwrap_err();
        assert!(matches!(fault, Fault::Artifacts(_)), "{fault}");
    }
}
