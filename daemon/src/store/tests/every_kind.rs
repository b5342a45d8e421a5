//! One change of every kind and every variant that a schema can store: what a frozen state is made of.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::sync::Arc;

use vodpost_protocol::account::{AccountKind, DocumentKind};
use vodpost_protocol::event::EventKind;
use vodpost_protocol::ids::{Label, Token, VideoId};
use vodpost_protocol::time::Timestamp;
use vodpost_protocol::video::Switch;

use crate::core::account::{Account, Activation, Approval, Decision, SealedSubmission, Verification};
use crate::core::actor::Actor;
use crate::core::artifact::{Artifact, Failure, Form};
use crate::core::event::{Event, Subject};
use crate::core::media::{
    AudioCodec, AudioStream, Container, FileIdentity, Format, H264, Index, MediaInfo, VideoCodec, VideoStream,
};
use crate::core::plan::{Plan, Treatment};
use crate::core::posting::Posting;
use crate::core::queue::{Pause, Queue};
use crate::core::roots::AddedRoot;
use crate::core::state::Change;
use crate::core::traffic::Traffic;
use crate::core::video::{
    Conversion, Deletion, DeletionKind, Failed, Hold, LastChange, MissingCause, Order, Place, Ready,
    Rendition, Running, Source, Unusable, Video, Waiting,
};
use crate::core::work::{Rate, Rates};

fn at(number: u64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + number)
}

fn admin() -> Actor {
    Actor::user(1000, "admin")
}

fn identity(number: u64) -> FileIdentity {
    let mtime_ns = 1_700_000_000_123_456_789 + i64::try_from(number).unwrap();
    FileIdentity { dev: 66_305, ino: 4_000_000_000 + number, size_bytes: number << 33, mtime_ns }
}

fn infos() -> Vec<Result<MediaInfo, Unusable>> {
    let h264 = VideoCodec::H264(H264 { profile_idc: 100, level_idc: 42, plain_pixels: true });
    let video = |codec, rotation, interlaced| {
        Some(VideoStream { codec, width: 1920, height: 1080, fps_milli: 29_970, rotation, interlaced })
    };
    let audio = |codec| Some(AudioStream { codec, channels: 2, sample_rate_hz: 48_000 });
    let info = |container, index, video, audio| {
        Ok(MediaInfo::new(Format { container, index, video, audio }, 3_600_001, 4_200_000))
    };
    let other = || VideoCodec::Other("hevc".into());
    vec![
        info(Container::Mp4, Index::Last, video(h264, 0, false), audio(AudioCodec::AacLc)),
        info(Container::Mov, Index::First, video(other(), 270, true), None),
        info(Container::Mp4, Index::Fixed("compressed".into()), None, audio(AudioCodec::Other("ac3".into()))),
        info(Container::Other("matroska,webm".into()), Index::None, video(other(), 0, false), None),
        Err(Unusable { reason: "no video in it".into(), look_again: false }),
        Err(Unusable { reason: "ffprobe is missing".into(), look_again: true }),
    ]
}

fn plans() -> [Plan; 4] {
    [
        Plan::Direct,
        Plan::Relocate,
        Plan::Remux { why: "the container is matroska".into() },
        Plan::Transcode {
            video: Treatment::Copy,
            audio: Some(Treatment::Encode { why: "the audio is ac3".into() }),
        },
    ]
}

/// What a record can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Schema {
    First,
    /// What the queue knows of an order.
    Second,
    /// Folders that were added to the library.
    Third,
}

impl Schema {
    pub(super) const ALL: [Self; 3] = [Self::First, Self::Second, Self::Third];

    pub(super) fn folder(self) -> &'static str {
        match self {
            Self::First => "schema-1",
            Self::Second => "schema-2",
            Self::Third => "schema-3",
        }
    }
}

fn order(schema: Schema, plan: Plan) -> Order {
    let queued_again = schema >= Schema::Second;
    Order {
        attempt: 2,
        requested_at: at(10),
        deadline: at(14_400_010),
        by: admin(),
        labels: [Label::default(), "wechat".parse().unwrap()].into(),
        rendition: "talk.1080p.mp4".into(),
        identity: identity(1),
        plan: plan.into(),
        setbacks: if queued_again { 2 } else { 0 },
        late: queued_again,
    }
}

fn conversions(schema: Schema) -> Vec<Conversion> {
    let order = |plan| order(schema, plan);
    let [direct, relocate, remux, transcode] = plans();
    let ready = |plan, form| {
        let artifact =
            Artifact { form, source: identity(1), duration_ms: 3_600_001, width: 1920, height: 1080 };
        Conversion::Ready(Arc::new(Ready { order: order(plan), artifact, at: at(20) }))
    };
    let failure = Failure { reason: "ffmpeg ended with 1".into(), output: "line one\nline two".into() };
    let held = Hold { failure: failure.clone(), until: at(40) };
    let waiting = match schema {
        Schema::First => Waiting { order: order(remux), hold: None, short_of_room: false },
        Schema::Second | Schema::Third => {
            Waiting { order: order(remux), hold: Some(held), short_of_room: true }
        }
    };
    let started_at = if schema == Schema::First { at(10) } else { at(15) };
    let mut conversions = vec![
        Conversion::None,
        Conversion::Queued(Box::new(waiting)),
        Conversion::Running(Box::new(Running { order: order(transcode.clone()), started_at })),
        Conversion::Failed(Box::new(Failed { order: order(transcode.clone()), failure, at: at(30) })),
        ready(direct, Form::AsIs),
        ready(relocate, Form::Relocated),
        ready(
            transcode.clone(),
            Form::File { name: "0123456789abc-2.mp4".into(), identity: identity(9).into() },
        ),
    ];
    if schema >= Schema::Second {
        conversions.insert(2, Conversion::waiting(order(transcode)));
    }
    conversions
}

fn sources(schema: Schema) -> Vec<Source> {
    let deleted = |how| Source::Deleted(Deletion { at: at(40), by: admin(), how });
    let missing = |cause| Source::Missing { since: at(50), cause };
    let mut sources = vec![
        Source::Present,
        missing(MissingCause::Vanished),
        missing(MissingCause::RootUnavailable("Permission denied (os error 13)".into())),
        deleted(DeletionKind::Trashing),
        deleted(DeletionKind::Trashed),
        deleted(DeletionKind::FilesKept),
        deleted(DeletionKind::GraceOver),
    ];
    if schema >= Schema::Second {
        sources.push(missing(MissingCause::BeingWritten));
    }
    sources
}

fn videos(schema: Schema) -> Vec<Change> {
    let renditions: Box<[Rendition]> = infos()
        .into_iter()
        .zip(1..)
        .map(|(media, number)| Rendition {
            name: format!("talk.{number}.mp4").as_str().into(),
            identity: identity(number),
            media,
        })
        .collect();
    let video = |((number, source), conversion): ((u64, Source), Conversion)| Video {
        id: VideoId::from_random(number),
        place: Place {
            root: Arc::from(Path::new("/srv/videos")),
            folder: Path::new("2023/autumn").into(),
            base: OsString::from_vec([b"not utf-8 \xff\xfe ", number.to_string().as_bytes()].concat()).into(),
        },
        added_at: at(number),
        source,
        switch: if number % 2 == 0 { Switch::On } else { Switch::Off },
        renditions: renditions.clone(),
        conversion,
        attempts: 2,
        last_change: (number % 2 == 0).then(|| LastChange {
            at: at(60),
            actor: Actor::Daemon,
            what: EventKind::SourceReplaced,
        }),
    };
    let numbered = (100..).zip(sources(schema));
    numbered.zip(conversions(schema)).map(|parts| Change::Video(Box::new(video(parts)))).collect()
}

fn postings(schema: Schema) -> Vec<Change> {
    let traffic = Traffic {
        last_seen_at: at(98),
        hours: vec![(472_222, 7)],
        days: vec![(19_675, 300), (19_676, 8)],
        referrers: vec![("mp.weixin.qq.com".into(), 300)],
    };
    let newer = schema >= Schema::Second;
    let posting = |number: u64| Posting {
        token: Token::from_random(u128::from(number) << 80 | 5),
        video: VideoId::from_random(100 + number),
        label: if number == 0 { Label::default() } else { format!("label-{number}").parse().unwrap() },
        switch: if number == 1 { Switch::Off } else { Switch::On },
        created_at: at(70 + number),
        views: number * 1000,
        bytes: number << 40,
        listed: number != 2 || !newer,
        traffic: (newer && number == 1).then(|| Box::new(traffic.clone())),
    };
    (0..3).map(|number| Change::Posting(posting(number))).collect()
}

fn submission(kind: AccountKind, document: DocumentKind) -> SealedSubmission {
    let contact = match kind {
        AccountKind::Individual => None,
        AccountKind::Enterprise => Some("office@example.org".into()),
    };
    SealedSubmission {
        kind,
        name: "李雷".into(),
        document,
        number_masked: "440***********0014".into(),
        number_sealed: (0..60).collect(),
        contact,
        at: at(80),
        by: admin(),
    }
}

fn accounts() -> Vec<Change> {
    let individual = || submission(AccountKind::Individual, DocumentKind::CnId);
    let enterprise = || submission(AccountKind::Enterprise, DocumentKind::Uscc);
    let decision = || Decision { at: at(90), by: admin() };
    let approval = || Approval { submission: individual(), decision: decision() };
    let reason = || "the picture is blurred".to_owned();
    let other = submission(AccountKind::Individual, DocumentKind::Other);
    let phases = [
        Verification::Submitted { submission: other, earlier: None },
        Verification::Approved(approval()),
        Verification::Submitted { submission: enterprise(), earlier: Some(approval()) },
        Verification::Rejected {
            submission: enterprise(),
            decision: decision(),
            reason: reason(),
            earlier: Some(approval()),
        },
        Verification::Revoked { approval: approval(), decision: decision(), reason: reason() },
        Verification::None,
        Verification::Approved(approval()),
    ];
    let account = |(number, verification)| Account {
        verification,
        service: (number > 3).then(|| Activation { at: at(95), by: admin() }),
    };
    phases.into_iter().enumerate().map(|parts| Change::Account(Box::new(account(parts)))).collect()
}

fn events(schema: Schema) -> Vec<Change> {
    let mut kinds = vec![
        EventKind::AccountSubmitted,
        EventKind::AccountApproved,
        EventKind::AccountRejected,
        EventKind::AccountRevoked,
        EventKind::ServiceActivated,
        EventKind::VideoAdded,
        EventKind::VideoRenamed,
        EventKind::SourceReplaced,
        EventKind::SourceMissing,
        EventKind::SourceReturned,
        EventKind::SourceSuspended,
        EventKind::SourceResumed,
        EventKind::SourceDeleted,
        EventKind::ConversionRequested,
        EventKind::ConversionStarted,
        EventKind::ConversionReady,
        EventKind::ConversionFailed,
        EventKind::ConversionCancelled,
        EventKind::PostingCreated,
        EventKind::PostingSuspended,
        EventKind::PostingResumed,
        EventKind::RenditionsChanged,
    ];
    if schema >= Schema::Second {
        kinds.extend([
            EventKind::ConversionDelayed,
            EventKind::ConversionLate,
            EventKind::QueuePaused,
            EventKind::QueueResumed,
            EventKind::PostingListed,
            EventKind::PostingUnlisted,
        ]);
    }
    if schema >= Schema::Third {
        kinds.extend([EventKind::VideoForgotten, EventKind::RootAdded, EventKind::RootRemoved]);
    }
    let video = VideoId::from_random(100);
    let mut subjects = vec![
        Subject::Account,
        Subject::Video { id: video, title: "talk".into() },
        Subject::Posting {
            video,
            title: "talk".into(),
            label: Label::default(),
            token: Token::from_random(5),
        },
    ];
    if schema >= Schema::Second {
        subjects.push(Subject::Queue);
    }
    if schema >= Schema::Third {
        subjects.push(Subject::Library);
    }
    let event = |((seq, what), subject): ((u64, EventKind), &Subject)| Event {
        seq,
        at: at(seq),
        actor: if seq.is_multiple_of(2) { Actor::Daemon } else { admin() },
        what,
        subject: subject.clone(),
        detail: seq.is_multiple_of(3).then(|| "because".into()),
    };
    (1..).zip(kinds).zip(subjects.iter().cycle()).map(|parts| Change::Event(event(parts))).collect()
}

fn queues() -> [Queue; 2] {
    let rate = |per_s, measured| Rate { per_s, measured };
    let rates = Rates { copy: rate(1 << 40, true), sound: rate(7, false), picture: rate(0, true) };
    [Queue { paused: Some(Pause { at: at(99), by: admin() }), rates }, Queue { paused: None, rates }]
}

fn roots() -> Vec<AddedRoot> {
    let hostile = OsString::from_vec(b"/srv/not utf-8 \xff".to_vec());
    let root = |path: &Path, number| AddedRoot { path: path.into(), at: at(number), by: admin() };
    vec![root(Path::new("/srv/more"), 97), root(Path::new(&hostile), 98)]
}

/// As commits, in order. The last ones take something away again.
pub(super) fn commits(schema: Schema) -> Vec<Vec<Change>> {
    let mut commits = vec![videos(schema), postings(schema)];
    commits.extend(accounts().into_iter().map(|change| vec![change]));
    if schema >= Schema::Second {
        commits.extend(queues().map(|queue| vec![Change::Queue(queue)]));
    }
    if schema >= Schema::Third {
        commits.push(vec![Change::Roots(roots())]);
    }
    commits.push(events(schema));
    commits.push(vec![Change::ForgetEvent(1), Change::ForgetVideo(VideoId::from_random(106))]);
    commits
}
