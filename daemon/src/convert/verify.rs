//! C6: nothing goes live unverified. Whatever will be served is probed once more, as it will be served.

use std::path::Path;

use super::failure::Fault;
use crate::core::artifact::{Artifact, Assignment, Form, ServedLayout};
use crate::core::media::{FileIdentity, Index, MediaInfo};
use crate::core::plan::{Plan, Treatment, plan};
use crate::media::mp4::{self, Native, Sums, TrackSum, VirtualFile, layout};
use crate::media::{ProbeError, ReadAt, identity, open};

/// Encoders pad the last frame of sound and picture.
const SLACK_MS: u64 = 100;
const FRAMES_SLACK: u64 = 2;
/// Faster pictures become fewer when they are encoded (C2).
const FPS_MILLI_KEPT: u32 = 60_000;

/// The source itself under a layout, which must show the same streams with the index first.
pub(super) fn source(assignment: &Assignment, kind: ServedLayout) -> Result<Artifact, Fault> {
    let unreadable = |error| Fault::Source(ProbeError::Io(error));
    let file = open(&assignment.source).map_err(unreadable)?;
    if identity(&file).map_err(unreadable)? != assignment.identity {
        return Err(Fault::SourceChanged);
    }
    let layout = layout(&file, kind)?;
    let served = VirtualFile { file: &file, layout };
    let info = playable(&served)?;
    if info.video != assignment.info.video || info.audio != assignment.info.audio {
        return Err(Fault::Refused("its streams are not those of the source".to_owned()));
    }
    same_duration(&assignment.info, &info, 0)?;
    if identity(&file).map_err(unreadable)? != assignment.identity {
        return Err(Fault::SourceChanged);
    }
    let form = match kind {
        ServedLayout::AsIs => Form::AsIs,
        ServedLayout::Relocated => Form::Relocated,
    };
    Ok(artifact(form, assignment.identity, &info))
}

/// What the result is compared with.
#[derive(Debug)]
pub(super) struct Expected {
    pub info: MediaInfo,
    /// Of a source whose index says it.
    pub sums: Option<Sums>,
    /// Whether the pictures are copied.
    pub video: Treatment,
}

/// A file that ffmpeg wrote, by its index.
pub(super) fn written(path: &Path, expected: &Expected) -> Result<MediaInfo, Fault> {
    let file = open(path).map_err(Fault::of_folder)?;
    let info = playable(&file)?;
    if info.audio.is_some() != expected.info.audio.is_some() {
        return Err(Fault::Refused("a stream was lost".to_owned()));
    }
    same_duration(&expected.info, &info, SLACK_MS)?;
    if let Some(sums) = mp4::sums(&file).map_err(|error| Fault::Refused(error.to_string()))? {
        adds_up(&sums)?;
        if let Some(source) = &expected.sums {
            same_tracks(expected, source, &sums)?;
        }
    }
    Ok(info)
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
    let fast = expected.info.video.as_ref().is_some_and(|video| video.fps_milli > FPS_MILLI_KEPT);
    let (fewest, most) = match &expected.video {
        Treatment::Copy => (percent(source.sized, 99), percent(source.sized, 101)),
        Treatment::Encode { .. } if fast => return Ok(()),
        // Broken ones and those that are shown at the same moment are left out.
        Treatment::Encode { .. } => (percent(source.sized, 90), u64::MAX),
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

fn playable(served: &dyn ReadAt) -> Result<MediaInfo, Fault> {
    let refused = |why: String| Fault::Refused(why);
    let info = match mp4::probe(served).map_err(|error| refused(error.to_string()))? {
        Native::Described(info, _) => info,
        Native::Compressed => return Err(refused("its index is compressed".to_owned())),
    };
    if info.index != Index::First {
        return Err(refused("its index does not come first".to_owned()));
    }
    match plan(&info) {
        Some(Plan::Direct) => Ok(info),
        Some(other) => Err(refused(format!("phones would not play it: {}", other.explain()))),
        None => Err(refused("it has no video".to_owned())),
    }
}

/// A recording that was never closed does not say how long it is.
fn same_duration(source: &MediaInfo, result: &MediaInfo, slack_ms: u64) -> Result<(), Fault> {
    let fits = match source.duration_ms {
        0 => result.duration_ms > 0,
        expected_ms => about(expected_ms, result.duration_ms, slack_ms),
    };
    if fits { Ok(()) } else { Err(wrong_length("it", source.duration_ms, result.duration_ms)) }
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
