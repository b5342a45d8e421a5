//! How far a video is on its way to a URL: the order, its plan, and what came of it.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStringExt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vodpost_protocol::ids::Label;
use vodpost_protocol::time::Timestamp;

use super::{Actor, Bytes, Identity, os, raw};
use crate::core::artifact as core_artifact;
use crate::core::file_name::FileName;
use crate::core::plan as core_plan;
use crate::core::video as core_video;
use crate::store::record::second::Course;

#[derive(Serialize, Deserialize)]
pub(super) enum Conversion {
    None,
    Queued(Order),
    Running(Order),
    Failed { order: Order, reason: String, output: String, at: Timestamp },
    Ready { order: Order, artifact: Artifact, at: Timestamp },
}

#[derive(Serialize, Deserialize)]
pub(super) struct Order {
    attempt: u32,
    requested_at: Timestamp,
    deadline: Timestamp,
    by: Actor,
    labels: Vec<Label>,
    #[serde(with = "raw")]
    rendition: Bytes,
    identity: Identity,
    plan: Plan,
}

#[derive(Serialize, Deserialize)]
enum Plan {
    Direct,
    Relocate,
    Remux { why: String },
    Transcode { video: Treatment, audio: Option<Treatment> },
}

#[derive(Serialize, Deserialize)]
enum Treatment {
    Copy,
    Encode { why: String },
}

#[derive(Serialize, Deserialize)]
pub(super) struct Artifact {
    form: Form,
    source: Identity,
    duration_ms: u64,
    width: u32,
    height: u32,
}

#[derive(Serialize, Deserialize)]
enum Form {
    AsIs,
    Relocated,
    File { name: String, identity: Identity },
}

impl Conversion {
    pub(super) fn from_core(conversion: &core_video::Conversion) -> Self {
        match conversion {
            core_video::Conversion::None => Self::None,
            core_video::Conversion::Queued(waiting) => Self::Queued(Order::from_core(&waiting.order)),
            core_video::Conversion::Running(running) => Self::Running(Order::from_core(&running.order)),
            core_video::Conversion::Failed(failed) => Self::Failed {
                order: Order::from_core(&failed.order),
                reason: failed.failure.reason.clone(),
                output: failed.failure.output.clone(),
                at: failed.at,
            },
            core_video::Conversion::Ready(ready) => Self::Ready {
                order: Order::from_core(&ready.order),
                artifact: Artifact::from_core(&ready.artifact),
                at: ready.at,
            },
        }
    }

    pub(super) fn into_core(self, course: Course, base: &Arc<OsStr>) -> core_video::Conversion {
        match self {
            Self::None => core_video::Conversion::None,
            Self::Queued(order) => {
                core_video::Conversion::Queued(Box::new(course.waiting(order.into_core(base))))
            }
            Self::Running(order) => {
                core_video::Conversion::Running(Box::new(course.running(order.into_core(base))))
            }
            Self::Failed { order, reason, output, at } => {
                core_video::Conversion::Failed(Box::new(core_video::Failed {
                    order: course.order(order.into_core(base)),
                    failure: core_artifact::Failure { reason, output },
                    at,
                }))
            }
            Self::Ready { order, artifact, at } => {
                core_video::Conversion::Ready(Arc::new(core_video::Ready {
                    order: course.order(order.into_core(base)),
                    artifact: artifact.into_core(),
                    at,
                }))
            }
        }
    }
}

impl Order {
    fn from_core(order: &core_video::Order) -> Self {
        let core_video::Order {
            attempt,
            requested_at,
            deadline,
            by,
            labels,
            rendition,
            identity,
            plan,
            setbacks: _,
            late: _,
        } = order;
        Self {
            attempt: *attempt,
            requested_at: *requested_at,
            deadline: *deadline,
            by: Actor::from_core(by),
            labels: labels.iter().cloned().collect(),
            rendition: rendition.to_os_string().into_vec(),
            identity: Identity::from_core(identity),
            plan: Plan::from_core(plan),
        }
    }

    fn into_core(self, base: &Arc<OsStr>) -> core_video::Order {
        let Self { attempt, requested_at, deadline, by, labels, rendition, identity, plan } = self;
        core_video::Order {
            attempt,
            requested_at,
            deadline,
            by: by.into_core(),
            labels: labels.into_iter().collect::<BTreeSet<_>>(),
            rendition: FileName::of(base, &os(rendition)),
            identity: identity.into_core(),
            plan: Arc::new(plan.into_core()),
            setbacks: 0,
            late: false,
        }
    }
}

impl Plan {
    fn from_core(plan: &core_plan::Plan) -> Self {
        match plan {
            core_plan::Plan::Direct => Self::Direct,
            core_plan::Plan::Relocate => Self::Relocate,
            core_plan::Plan::Remux { why } => Self::Remux { why: why.clone() },
            core_plan::Plan::Transcode { video, audio } => Self::Transcode {
                video: Treatment::from_core(video),
                audio: audio.as_ref().map(Treatment::from_core),
            },
        }
    }

    fn into_core(self) -> core_plan::Plan {
        match self {
            Self::Direct => core_plan::Plan::Direct,
            Self::Relocate => core_plan::Plan::Relocate,
            Self::Remux { why } => core_plan::Plan::Remux { why },
            Self::Transcode { video, audio } => core_plan::Plan::Transcode {
                video: video.into_core(),
                audio: audio.map(Treatment::into_core),
            },
        }
    }
}

impl Treatment {
    fn from_core(treatment: &core_plan::Treatment) -> Self {
        match treatment {
            core_plan::Treatment::Copy => Self::Copy,
            core_plan::Treatment::Encode { why } => Self::Encode { why: why.clone() },
        }
    }

    fn into_core(self) -> core_plan::Treatment {
        match self {
            Self::Copy => core_plan::Treatment::Copy,
            Self::Encode { why } => core_plan::Treatment::Encode { why },
        }
    }
}

impl Artifact {
    fn from_core(artifact: &core_artifact::Artifact) -> Self {
        let core_artifact::Artifact { form, source, duration_ms, width, height } = artifact;
        Self {
            form: match form {
                core_artifact::Form::AsIs => Form::AsIs,
                core_artifact::Form::Relocated => Form::Relocated,
                core_artifact::Form::File { name, identity } => {
                    Form::File { name: name.to_string(), identity: Identity::from_core(identity) }
                }
            },
            source: Identity::from_core(source),
            duration_ms: *duration_ms,
            width: *width,
            height: *height,
        }
    }

    fn into_core(self) -> core_artifact::Artifact {
        let Self { form, source, duration_ms, width, height } = self;
        let form = match form {
            Form::AsIs => core_artifact::Form::AsIs,
            Form::Relocated => core_artifact::Form::Relocated,
            Form::File { name, identity } => {
                core_artifact::Form::File { name: name.into(), identity: Box::new(identity.into_core()) }
            }
        };
        core_artifact::Artifact { form, source: source.into_core(), duration_ms, width, height }
    }
}
