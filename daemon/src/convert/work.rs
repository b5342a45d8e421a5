//! From the plan to what is done: a recipe for each stream that is encoded, and the plan again with what becomes of
//! them in words.

use super::command::{picture, sound};
use super::failure::Fault;
use crate::core::artifact::Assignment;
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
    /// Blocks: a picture that is encoded is looked at once more by ffprobe.
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

    fn of_streams(
        assignment: &Assignment,
        source: &Probed,
        tools: &Tools,
        video: Treatment,
        audio: Option<Treatment>,
    ) -> Result<Self, Fault> {
        let picture = match (&video, &source.info.video) {
            (Treatment::Copy, _) => None,
            (Treatment::Encode { .. }, None) => return Err(Fault::Source(ProbeError::NoVideo)),
            (Treatment::Encode { .. }, Some(stream)) => {
                let details = look_closer(&assignment.source, source, tools).map_err(Fault::Source)?;
                Some(picture::Recipe::of(stream, &details)?)
            }
        };
        let sound = match (&audio, &source.info.audio) {
            (Some(Treatment::Encode { .. }), Some(stream)) => Some(sound::Recipe::of(stream)),
            (Some(Treatment::Encode { .. }), None) | (Some(Treatment::Copy) | None, _) => None,
        };
        let none = Vec::new();
        let done = Plan::Transcode {
            video: video.done(picture.as_ref().map_or(&none, |recipe| &recipe.changes)),
            audio: audio.map(|audio| audio.done(sound.as_ref().map_or(&none, |recipe| &recipe.changes))),
        };
        Ok(Self { picture, sound, done })
    }
}
