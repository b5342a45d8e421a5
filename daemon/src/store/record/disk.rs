//! Records as they are on disk since schema 1, with one conversion each way. What came later is in `second`.
//!
//! Small vocabularies (switches, event kinds, document kinds) are those of the protocol crate, whose enums only ever grow
//! at their end. Both conversions name every field, so that a new one does not compile until it is stored.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vodpost_protocol::account::{AccountKind, DocumentKind};
use vodpost_protocol::event::EventKind;
use vodpost_protocol::ids::{Label, Token, VideoId};
use vodpost_protocol::time::Timestamp;
use vodpost_protocol::video::Switch;

use super::raw;
use super::second::Course;
use crate::core::account as core_account;
use crate::core::actor::Actor as CoreActor;
use crate::core::artifact as core_artifact;
use crate::core::event as core_event;
use crate::core::file_name::FileName;
use crate::core::media as core_media;
use crate::core::plan as core_plan;
use crate::core::posting as core_posting;
use crate::core::video as core_video;

type Bytes = Vec<u8>;

fn path_bytes(path: &Path) -> Bytes {
    path.as_os_str().as_bytes().to_vec()
}

fn os(bytes: Bytes) -> OsString {
    OsString::from_vec(bytes)
}

fn path(bytes: Bytes) -> PathBuf {
    PathBuf::from(os(bytes))
}

#[derive(Serialize, Deserialize)]
pub(super) enum Actor {
    User { uid: u32, name: String },
    Daemon,
}

impl Actor {
    pub(super) fn from_core(actor: &CoreActor) -> Self {
        match actor {
            CoreActor::User(user) => Self::User { uid: user.uid, name: user.name.clone() },
            CoreActor::Daemon => Self::Daemon,
        }
    }

    pub(super) fn into_core(self) -> CoreActor {
        match self {
            Self::User { uid, name } => CoreActor::user(uid, name),
            Self::Daemon => CoreActor::Daemon,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Identity {
    dev: u64,
    ino: u64,
    size_bytes: u64,
    mtime_ns: i64,
}

impl Identity {
    fn from_core(identity: &core_media::FileIdentity) -> Self {
        let core_media::FileIdentity { dev, ino, size_bytes, mtime_ns } = *identity;
        Self { dev, ino, size_bytes, mtime_ns }
    }

    fn into_core(self) -> core_media::FileIdentity {
        let Self { dev, ino, size_bytes, mtime_ns } = self;
        core_media::FileIdentity { dev, ino, size_bytes, mtime_ns }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct Video {
    id: VideoId,
    #[serde(with = "raw")]
    root: Bytes,
    #[serde(with = "raw")]
    folder: Bytes,
    #[serde(with = "raw")]
    base: Bytes,
    added_at: Timestamp,
    source: Source,
    switch: Switch,
    renditions: Vec<Rendition>,
    conversion: Conversion,
    attempts: u32,
    last_change: Option<LastChange>,
}

#[derive(Serialize, Deserialize)]
enum Source {
    Present,
    Vanished { since: Timestamp },
    RootUnavailable { since: Timestamp, reason: String },
    Deleted { at: Timestamp, by: Actor, how: DeletionKind },
    BeingWritten { since: Timestamp },
}

#[derive(Serialize, Deserialize)]
enum DeletionKind {
    Trashing,
    Trashed,
    FilesKept,
    GraceOver,
}

#[derive(Serialize, Deserialize)]
struct Rendition {
    #[serde(with = "raw")]
    name: Bytes,
    identity: Identity,
    media: Result<Media, Unusable>,
}

#[derive(Serialize, Deserialize)]
struct Unusable {
    reason: String,
    look_again: bool,
}

#[derive(Serialize, Deserialize)]
struct Media {
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

#[derive(Serialize, Deserialize)]
enum Conversion {
    None,
    Queued(Order),
    Running(Order),
    Failed { order: Order, reason: String, output: String, at: Timestamp },
    Ready { order: Order, artifact: Artifact, at: Timestamp },
}

#[derive(Serialize, Deserialize)]
struct Order {
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
struct Artifact {
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

#[derive(Serialize, Deserialize)]
struct LastChange {
    at: Timestamp,
    actor: Actor,
    what: EventKind,
}

impl Video {
    pub(super) fn from_core(video: &core_video::Video) -> Self {
        let core_video::Video {
            id,
            place,
            added_at,
            source,
            switch,
            renditions,
            conversion,
            attempts,
            last_change,
        } = video;
        Self {
            id: *id,
            root: path_bytes(&place.root),
            folder: path_bytes(&place.folder),
            base: place.base.as_bytes().to_vec(),
            added_at: *added_at,
            source: Source::from_core(source),
            switch: *switch,
            renditions: renditions.iter().map(Rendition::from_core).collect(),
            conversion: Conversion::from_core(conversion),
            attempts: *attempts,
            last_change: last_change.as_ref().map(|change| LastChange {
                at: change.at,
                actor: Actor::from_core(&change.actor),
                what: change.what,
            }),
        }
    }

    pub(super) fn into_core(self, course: Course) -> core_video::Video {
        let Self {
            id,
            root,
            folder,
            base,
            added_at,
            source,
            switch,
            renditions,
            conversion,
            attempts,
            last_change,
        } = self;
        let base: Arc<OsStr> = os(base).into();
        core_video::Video {
            id,
            place: core_video::Place {
                root: Arc::from(path(root)),
                folder: Arc::from(path(folder)),
                base: Arc::clone(&base),
            },
            added_at,
            source: source.into_core(),
            switch,
            renditions: renditions.into_iter().map(|one| one.into_core(&base)).collect(),
            conversion: conversion.into_core(course, &base),
            attempts,
            last_change: last_change.map(|change| core_video::LastChange {
                at: change.at,
                actor: change.actor.into_core(),
                what: change.what,
            }),
        }
    }
}

impl Source {
    fn from_core(source: &core_video::Source) -> Self {
        use core_video::MissingCause;
        match source {
            core_video::Source::Present => Self::Present,
            core_video::Source::Missing { since, cause: MissingCause::Vanished } => {
                Self::Vanished { since: *since }
            }
            core_video::Source::Missing { since, cause: MissingCause::RootUnavailable(reason) } => {
                Self::RootUnavailable { since: *since, reason: reason.to_string() }
            }
            core_video::Source::Missing { since, cause: MissingCause::BeingWritten } => {
                Self::BeingWritten { since: *since }
            }
            core_video::Source::Deleted(core_video::Deletion { at, by, how }) => Self::Deleted {
                at: *at,
                by: Actor::from_core(by),
                how: match how {
                    core_video::DeletionKind::Trashing => DeletionKind::Trashing,
                    core_video::DeletionKind::Trashed => DeletionKind::Trashed,
                    core_video::DeletionKind::FilesKept => DeletionKind::FilesKept,
                    core_video::DeletionKind::GraceOver => DeletionKind::GraceOver,
                },
            },
        }
    }

    fn into_core(self) -> core_video::Source {
        use core_video::MissingCause;
        match self {
            Self::Present => core_video::Source::Present,
            Self::Vanished { since } => core_video::Source::Missing { since, cause: MissingCause::Vanished },
            Self::RootUnavailable { since, reason } => {
                core_video::Source::Missing { since, cause: MissingCause::RootUnavailable(reason.into()) }
            }
            Self::BeingWritten { since } => {
                core_video::Source::Missing { since, cause: MissingCause::BeingWritten }
            }
            Self::Deleted { at, by, how } => core_video::Source::Deleted(core_video::Deletion {
                at,
                by: by.into_core(),
                how: match how {
                    DeletionKind::Trashing => core_video::DeletionKind::Trashing,
                    DeletionKind::Trashed => core_video::DeletionKind::Trashed,
                    DeletionKind::FilesKept => core_video::DeletionKind::FilesKept,
                    DeletionKind::GraceOver => core_video::DeletionKind::GraceOver,
                },
            }),
        }
    }
}

impl Rendition {
    fn from_core(rendition: &core_video::Rendition) -> Self {
        let core_video::Rendition { name, identity, media } = rendition;
        Self {
            name: name.to_os_string().into_vec(),
            identity: Identity::from_core(identity),
            media: match media {
                Ok(media) => Ok(Media::from_core(media)),
                Err(core_video::Unusable { reason, look_again }) => {
                    Err(Unusable { reason: reason.clone(), look_again: *look_again })
                }
            },
        }
    }

    fn into_core(self, base: &Arc<OsStr>) -> core_video::Rendition {
        core_video::Rendition {
            name: FileName::of(base, &os(self.name)),
            identity: self.identity.into_core(),
            media: self
                .media
                .map(Media::into_core)
                .map_err(|Unusable { reason, look_again }| core_video::Unusable { reason, look_again }),
        }
    }
}

impl Media {
    fn from_core(media: &core_media::MediaInfo) -> Self {
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

    fn into_core(self) -> core_media::MediaInfo {
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

impl Conversion {
    fn from_core(conversion: &core_video::Conversion) -> Self {
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

    fn into_core(self, course: Course, base: &Arc<OsStr>) -> core_video::Conversion {
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

#[derive(Serialize, Deserialize)]
pub(super) struct Posting {
    token: Token,
    video: VideoId,
    label: Label,
    switch: Switch,
    created_at: Timestamp,
    views: u64,
    bytes: u64,
}

impl Posting {
    pub(super) fn from_core(posting: &core_posting::Posting) -> Self {
        let core_posting::Posting {
            token,
            video,
            label,
            switch,
            created_at,
            views,
            bytes,
            listed: _,
            traffic: _,
        } = posting;
        Self {
            token: *token,
            video: *video,
            label: label.clone(),
            switch: *switch,
            created_at: *created_at,
            views: *views,
            bytes: *bytes,
        }
    }

    pub(super) fn into_core(self) -> core_posting::Posting {
        let Self { token, video, label, switch, created_at, views, bytes } = self;
        let (listed, traffic) = (true, None);
        core_posting::Posting { token, video, label, switch, created_at, views, bytes, listed, traffic }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct Account {
    verification: Verification,
    service: Option<Stamp>,
}

#[derive(Serialize, Deserialize)]
struct Stamp {
    at: Timestamp,
    by: Actor,
}

#[derive(Serialize, Deserialize)]
enum Verification {
    None,
    Submitted { submission: Submission, earlier: Option<Approval> },
    Approved(Approval),
    Rejected { submission: Submission, decision: Stamp, reason: String, earlier: Option<Approval> },
    Revoked { approval: Approval, decision: Stamp, reason: String },
}

#[derive(Serialize, Deserialize)]
struct Approval {
    submission: Submission,
    decision: Stamp,
}

#[derive(Serialize, Deserialize)]
struct Submission {
    kind: AccountKind,
    name: String,
    document: DocumentKind,
    number_masked: String,
    #[serde(with = "raw")]
    number_sealed: Bytes,
    contact: Option<String>,
    at: Timestamp,
    by: Actor,
}

impl Account {
    pub(super) fn from_core(account: &core_account::Account) -> Self {
        let core_account::Account { verification, service } = account;
        Self {
            verification: Verification::from_core(verification),
            service: service
                .as_ref()
                .map(|activation| Stamp { at: activation.at, by: Actor::from_core(&activation.by) }),
        }
    }

    pub(super) fn into_core(self) -> core_account::Account {
        core_account::Account {
            verification: self.verification.into_core(),
            service: self.service.map(|Stamp { at, by }| core_account::Activation { at, by: by.into_core() }),
        }
    }
}

impl Stamp {
    fn from_core(decision: &core_account::Decision) -> Self {
        Self { at: decision.at, by: Actor::from_core(&decision.by) }
    }

    fn into_core(self) -> core_account::Decision {
        core_account::Decision { at: self.at, by: self.by.into_core() }
    }
}

impl Verification {
    fn from_core(verification: &core_account::Verification) -> Self {
        match verification {
            core_account::Verification::None => Self::None,
            core_account::Verification::Submitted { submission, earlier } => Self::Submitted {
                submission: Submission::from_core(submission),
                earlier: earlier.as_ref().map(Approval::from_core),
            },
            core_account::Verification::Approved(approval) => Self::Approved(Approval::from_core(approval)),
            core_account::Verification::Rejected { submission, decision, reason, earlier } => {
                Self::Rejected {
                    submission: Submission::from_core(submission),
                    decision: Stamp::from_core(decision),
                    reason: reason.clone(),
                    earlier: earlier.as_ref().map(Approval::from_core),
                }
            }
            core_account::Verification::Revoked { approval, decision, reason } => Self::Revoked {
                approval: Approval::from_core(approval),
                decision: Stamp::from_core(decision),
                reason: reason.clone(),
            },
        }
    }

    fn into_core(self) -> core_account::Verification {
        match self {
            Self::None => core_account::Verification::None,
            Self::Submitted { submission, earlier } => core_account::Verification::Submitted {
                submission: submission.into_core(),
                earlier: earlier.map(Approval::into_core),
            },
            Self::Approved(approval) => core_account::Verification::Approved(approval.into_core()),
            Self::Rejected { submission, decision, reason, earlier } => {
                core_account::Verification::Rejected {
                    submission: submission.into_core(),
                    decision: decision.into_core(),
                    reason,
                    earlier: earlier.map(Approval::into_core),
                }
            }
            Self::Revoked { approval, decision, reason } => core_account::Verification::Revoked {
                approval: approval.into_core(),
                decision: decision.into_core(),
                reason,
            },
        }
    }
}

impl Approval {
    fn from_core(approval: &core_account::Approval) -> Self {
        let core_account::Approval { submission, decision } = approval;
        Self { submission: Submission::from_core(submission), decision: Stamp::from_core(decision) }
    }

    fn into_core(self) -> core_account::Approval {
        core_account::Approval {
            submission: self.submission.into_core(),
            decision: self.decision.into_core(),
        }
    }
}

impl Submission {
    fn from_core(submission: &core_account::SealedSubmission) -> Self {
        let core_account::SealedSubmission {
            kind,
            name,
            document,
            number_masked,
            number_sealed,
            contact,
            at,
            by,
        } = submission;
        Self {
            kind: *kind,
            name: name.clone(),
            document: *document,
            number_masked: number_masked.clone(),
            number_sealed: number_sealed.clone(),
            contact: contact.clone(),
            at: *at,
            by: Actor::from_core(by),
        }
    }

    fn into_core(self) -> core_account::SealedSubmission {
        let Self { kind, name, document, number_masked, number_sealed, contact, at, by } = self;
        core_account::SealedSubmission {
            kind,
            name,
            document,
            number_masked,
            number_sealed,
            contact,
            at,
            by: by.into_core(),
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct Event {
    seq: u64,
    at: Timestamp,
    actor: Actor,
    what: EventKind,
    subject: Subject,
    detail: Option<String>,
}

#[derive(Serialize, Deserialize)]
enum Subject {
    Account,
    Video { id: VideoId, title: String },
    Posting { video: VideoId, title: String, label: Label, token: Token },
    Queue,
    Library,
}

impl Event {
    pub(super) fn from_core(event: &core_event::Event) -> Self {
        let core_event::Event { seq, at, actor, what, subject, detail } = event;
        Self {
            seq: *seq,
            at: *at,
            actor: Actor::from_core(actor),
            what: *what,
            subject: match subject.clone() {
                core_event::Subject::Account => Subject::Account,
                core_event::Subject::Queue => Subject::Queue,
                core_event::Subject::Library => Subject::Library,
                core_event::Subject::Video { id, title } => Subject::Video { id, title },
                core_event::Subject::Posting { video, title, label, token } => {
                    Subject::Posting { video, title, label, token }
                }
            },
            detail: detail.clone(),
        }
    }

    pub(super) fn into_core(self) -> core_event::Event {
        let Self { seq, at, actor, what, subject, detail } = self;
        core_event::Event {
            seq,
            at,
            actor: actor.into_core(),
            what,
            subject: match subject {
                Subject::Account => core_event::Subject::Account,
                Subject::Queue => core_event::Subject::Queue,
                Subject::Library => core_event::Subject::Library,
                Subject::Video { id, title } => core_event::Subject::Video { id, title },
                Subject::Posting { video, title, label, token } => {
                    core_event::Subject::Posting { video, title, label, token }
                }
            },
            detail,
        }
    }
}
