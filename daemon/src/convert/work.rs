//! From the plan to what is done: a recipe for each stream that is encoded, and the plan again with what becomes of
//! them in words.

use super::command::{picture, sound};
use super::failure::Fault;
use crate::core::artifact::Assignment;
use crate::core::media::{MediaInfo, VideoStream};
use crate::core::plan::{Plan, Treatment, plan};
use crate::media::{ProbeError, Probed, Tools, look_closer};

/// A stream without a recipe is copied.
#[derive(Debug)]
pub(super) struct Work {
    pub picture: Option<picture::Recipe>,
    pub sound: Option<sound::Recipe>,
    pub done: Plan,
}

impl Work {
    /// Blocks: what is encoded is looked at once more by ffprobe.
    pub(super) fn of(assignment: &Assignment, source: &Probed, tools: &Tools) -> Result<Self, Fault> {
        // The rules may have changed since the order was placed, and an order that is carried out again already says
        // what became of it.
        let plan = plan(&source.info).filter(Plan::needs_worker).unwrap_or_else(|| assignment.plan.clone());
        match plan {
            done @ (Plan::Direct | Plan::Relocate | Plan::Remux { .. }) => {
                Ok(Self { picture: None, sound: None, done })
            }
            Plan::Transcode { video, audio } => Self::of_streams(assignment, source, tools, video, audio),
        }
    }

    /// Other work that encodes what was copied in vain, if there is any.
    pub(super) fn in_view_of(
        &self,
        result: &MediaInfo,
        assignment: &Assignment,
        source: &Probed,
        tools: &Tools,
    ) -> Result<Option<(Probed, Self)>, Fault> {
        let mut source = source.clone();
        source.info = source.info.with(|format| {
            if let (None, Some(stream), Some(copied)) = (&self.picture, &mut format.video, &result.video) {
                *stream =
                    VideoStream { rotation: stream.rotation, fps_milli: stream.fps_milli, ..copied.clone() };
            }
            if let (None, Some(stream), Some(copied)) = (&self.sound, &mut format.audio, &result.audio) {
                *stream = copied.clone();
            }
        });
        let other = Self::of(assignment, &source, tools)?;
        let more = (self.picture.is_none() && other.picture.is_some())
            || (self.sound.is_none() && other.sound.is_some());
        Ok(more.then_some((source, other)))
    }

    fn of_streams(
        assignment: &Assignment,
        source: &Probed,
        tools: &Tools,
        video: Treatment,
        audio: Option<Treatment>,
    ) -> Result<Self, Fault> {
        let details = look_closer(&assignment.source, source, tools).map_err(Fault::Source)?;
        let picture = match (&video, &source.info.video) {
            (Treatment::Copy, _) => None,
            (Treatment::Encode { .. }, None) => return Err(Fault::Source(ProbeError::NoVideo)),
            (Treatment::Encode { .. }, Some(stream)) => Some(picture::Recipe::of(stream, &details)?),
        };
        let sound = match &audio {
            Some(Treatment::Encode { .. }) => Some(sound::Recipe::of(&details)),
            Some(Treatment::Copy) | None => None,
        };
        let none = Vec::new();
        let done = Plan::Transcode {
            video: video.done(picture.as_ref().map_or(&none, |recipe| &recipe.changes)),
            audio: audio.map(|audio| audio.done(sound.as_ref().map_or(&none, |recipe| &recipe.changes))),
        };
        Ok(Self { picture, sound, done })
    }
}
