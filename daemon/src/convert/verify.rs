//! C6: nothing goes live unverified. Whatever will be served is probed once more, as it will be served.

use std::path::Path;

use super::failure::Fault;
use crate::core::artifact::{Artifact, Assignment, Form, ServedLayout};
use crate::core::media::{FileIdentity, Index, MediaInfo};
use crate::core::plan::{Plan, plan};
use crate::media::mp4::{self, Native, VirtualFile, layout};
use crate::media::{ProbeError, ReadAt, identity, open};

/// Encoders pad the last frame of sound and picture.
const SLACK_MS: u64 = 100;

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

/// A file that ffmpeg wrote.
pub(super) fn written(path: &Path, source: &MediaInfo) -> Result<MediaInfo, Fault> {
    let file = open(path).map_err(Fault::of_folder)?;
    let info = playable(&file)?;
    if info.audio.is_some() != source.audio.is_some() {
        return Err(Fault::Refused("a stream was lost".to_owned()));
    }
    same_duration(source, &info, SLACK_MS)?;
    Ok(info)
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

/// Within 1 % or `slack_ms`. A recording that was never closed does not say how long it is.
fn same_duration(source: &MediaInfo, result: &MediaInfo, slack_ms: u64) -> Result<(), Fault> {
    let tolerance_ms = (source.duration_ms / 100).max(slack_ms);
    let fits = match source.duration_ms {
        0 => result.duration_ms > 0,
        expected_ms => expected_ms.abs_diff(result.duration_ms) <= tolerance_ms,
    };
    if fits {
        return Ok(());
    }
    Err(Fault::Refused(format!(
        "it is {:.1} seconds long instead of {:.1}",
        result.duration_ms as f64 / 1000.0,
        source.duration_ms as f64 / 1000.0
    )))
}

pub(super) fn artifact(form: Form, source: FileIdentity, info: &MediaInfo) -> Artifact {
    let (width, height) = info.video.as_ref().map_or((0, 0), |video| match video.rotation {
        90 | 270 => (video.height, video.width),
        _upright => (video.width, video.height),
    });
    Artifact { form, source, duration_ms: info.duration_ms, width, height }
}
