//! One message of each kind.

use crate::account::{
    AccountKind, AccountView, DocumentKind, ServiceState, Submission, SubmissionView, VerificationState,
};
use crate::checkup::{
    CheckupView, Confinement, Finding, Holds, Need, Part, Policy, Subject, ToolName, Unconfined, Unwatched,
};
use crate::conversion::{
    ConversionState, ConversionView, ForecastJob, ForecastView, JobView, JobsView, PausedView, PlanKind,
    ProgressView,
};
use crate::event::{EventKind, EventView, Push};
use crate::ids::{Label, Token, VideoId};
use crate::posting::{Cause, PostingState, PostingView, ReferrerView, TrafficView};
use crate::reply::{Answer, BackupView, EventPage, Located, Page};
use crate::request::{ForecastQuery, ListQuery, Request, Sort};
use crate::status::{
    Counts, LibraryView, Listen, Problem, Queue, RootOrigin, RootView, ScanProgressView, ScanView,
    SettingOrigin, Status, Storage, Tool,
};
use crate::time::Timestamp;
use crate::video::{LastChange, RenditionView, SourceState, SourceView, Switch, VideoState, VideoView};

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + millis)
}

fn submission() -> Submission {
    Submission {
        kind: AccountKind::Enterprise,
        name: "Example Ltd".into(),
        document: DocumentKind::Uscc,
        number: "91350100M000100Y43".into(),
        contact: Some("office@example.com".into()),
    }
}

pub(super) fn requests() -> Vec<Request> {
    let video = || "talk".to_owned();
    vec![
        Request::Status,
        Request::List(ListQuery {
            state: Some(VideoState::Live),
            matching: Some("t".into()),
            sort: Sort::Bitrate,
            limit: 7,
            after: Some("n1".into()),
        }),
        Request::Show { video: video() },
        Request::Locate { target: "talk#spring".into() },
        Request::Generate { video: video(), label: Label::default() },
        Request::Retry { video: video() },
        Request::Cancel { video: video() },
        Request::SetPosting { target: video(), switch: Switch::Off },
        Request::SetSource { video: video(), switch: Switch::On },
        Request::DeleteSource { video: video(), keep_files: true },
        Request::AccountShow,
        Request::AccountSubmit(submission()),
        Request::AccountApprove,
        Request::AccountReject { reason: "blurred".into() },
        Request::AccountRevoke { reason: "expired".into() },
        Request::ServiceActivate,
        Request::Scan,
        Request::Jobs,
        Request::Events { since: 300, limit: 50 },
        Request::Subscribe,
        Request::Backup { path: "/b".into() },
        Request::PauseQueue,
        Request::ResumeQueue,
        Request::Forecast(ForecastQuery { videos: vec![video()], newest: 3, within_s: Some(7200) }),
        Request::SetListed { target: video(), listed: true },
        Request::Checkup,
        Request::AddRoot { path: "/srv".into() },
        Request::RemoveRoot { path: "/srv".into() },
    ]
}

fn conversion() -> ConversionView {
    ConversionView {
        state: ConversionState::Running,
        plan: Some(PlanKind::Transcode),
        plan_why: Some("video encoded (vp9 instead of H.264)".into()),
        progress: Some(0.5),
        speed: Some(2.0),
        eta_s: Some(30),
        attempt: 2,
        requested_at: Some(at(0)),
        deadline: Some(at(1)),
        reason: None,
        output: None,
        waiting_for: Some("its turn".into()),
        retry_at: Some(at(2)),
        expected_at: Some(at(3)),
        late_by_s: Some(4),
    }
}

fn video() -> VideoView {
    VideoView {
        id: VideoId::from_random(77),
        title: "talk".into(),
        root: "/srv/videos".into(),
        folder: "a".into(),
        state: VideoState::Converting,
        added_at: at(0),
        source: SourceView {
            state: SourceState::Missing,
            switch: Switch::On,
            since: Some(at(2)),
            gone_at: Some(at(3)),
            reason: Some("the files are not in their folder".into()),
        },
        renditions: vec![RenditionView {
            path: "a/talk.mp4".into(),
            container: Some("mp4".into()),
            video: Some("h264".into()),
            audio: None,
            profile: Some("High@4.0".into()),
            width: 1920,
            height: 1080,
            fps: 25.0,
            bitrate_bps: 4_200_000,
            duration_ms: 60_000,
            size_bytes: 31_500_000,
            index_first: true,
            selected: true,
            why: "the only MP4".into(),
        }],
        conversion: conversion(),
        postings: vec![PostingView {
            token: Token::from_random(99),
            label: Label::default(),
            state: PostingState::Suspended,
            switch: Switch::Off,
            causes: vec![Cause::Posting, Cause::Missing],
            url: "https://v.example/v/T".into(),
            file_url: "https://v.example/v/T.mp4".into(),
            created_at: at(4),
            views: 5,
            bytes: 6,
            listed: true,
            traffic: Some(TrafficView {
                last_seen_at: at(7),
                views_24h: 8,
                views_by_day: vec![0, 300],
                referrers: vec![ReferrerView { host: "mp.weixin.qq.com".into(), views: 9 }],
            }),
        }],
        last_change: Some(LastChange { at: at(5), actor: "ann".into(), what: EventKind::PostingSuspended }),
    }
}

fn account() -> AccountView {
    AccountView {
        state: VerificationState::Rejected,
        submission: Some(SubmissionView {
            kind: AccountKind::Individual,
            name: "Li Lei".into(),
            document: DocumentKind::CnId,
            number_masked: "440***********0014".into(),
            contact: None,
            submitted_at: at(0),
            submitted_by: "ann".into(),
            decided_at: Some(at(1)),
            decided_by: Some("bob".into()),
        }),
        approved: None,
        reason: Some("blurred".into()),
        service: ServiceState::Active,
        activated_by: Some("bob".into()),
        activated_at: Some(at(2)),
    }
}

fn root(origin: RootOrigin) -> RootView {
    RootView {
        path: "/srv".into(),
        unavailable: Some("gone".into()),
        videos: 1,
        scanned_at: Some(at(1)),
        unwatched: Some("NFS".into()),
        origin,
    }
}

pub(super) fn config_file() -> SettingOrigin {
    SettingOrigin::ConfigFile { path: "/etc/v.toml".into() }
}

fn status() -> Status {
    Status {
        version: "0.1.0".into(),
        protocol: 3,
        instance: "00ff".into(),
        pid: 42,
        started_at: at(0),
        uptime_s: 9,
        account: VerificationState::Approved,
        service: ServiceState::Inactive,
        counts: Counts { videos: 1, postings: 2, live: 3, suspended: 4, pending: 5, invalid: 6, problems: 7 },
        queue: Queue { running: 1, queued: 2, failed: 3, paused: true },
        roots: vec![root(RootOrigin::Configured(config_file()))],
        listen: Listen {
            http: "127.0.0.1:1".into(),
            public_url: "http://a".into(),
            socket: "/s".into(),
            state_dir: "/d".into(),
        },
        storage: Storage::ReadOnly("disk full".into()),
        ffmpeg: Tool::Missing("not installed".into()),
        state_id: "00ff00ff00ff00ff".into(),
        restored_at: Some(at(3)),
    }
}

fn event() -> EventView {
    EventView {
        seq: 8,
        at: at(8),
        actor: "ann".into(),
        uid: Some(1000),
        what: EventKind::RenditionsChanged,
        video: Some(VideoId::from_random(77)),
        title: Some("talk".into()),
        label: Some(Label::default()),
        token: Some(Token::from_random(99)),
        detail: Some("why".into()),
    }
}

pub(super) fn answers() -> Vec<Answer> {
    let problem = || Problem { path: "/a".into(), reason: "empty".into() };
    vec![
        Answer::Status(Box::new(status())),
        Answer::Page(Page { videos: vec![video()], next: Some("n2".into()), total: 3 }),
        Answer::Video(Box::new(video())),
        Answer::Located(Box::new(Located { video: video(), tokens: vec![Token::from_random(99)] })),
        Answer::Account(Box::new(account())),
        Answer::Scan(Box::new(ScanView {
            files: 1,
            videos: 2,
            added: 3,
            changed: 4,
            missing: 5,
            settling: 6,
            problems: vec![problem()],
            problems_left_out: 7,
            roots_unavailable: vec![problem()],
        })),
        Answer::Jobs(JobsView {
            jobs: vec![JobView {
                video: VideoId::from_random(77),
                title: "talk".into(),
                conversion: conversion(),
            }],
            left_out: 3,
            workers: 2,
            paused: Some(PausedView { at: at(6), by: "ann".into() }),
        }),
        Answer::Events(EventPage { events: vec![event()], newest: 9, oldest: 1 }),
        Answer::Subscribed { seq: 10 },
        Answer::Backup(BackupView { path: "/b".into(), size_bytes: 300, commit: 12 }),
        Answer::Forecast(Box::new(ForecastView {
            jobs: vec![ForecastJob {
                video: VideoId::from_random(77),
                title: "talk".into(),
                plan: PlanKind::Remux,
                plan_why: "why".into(),
                work_s: 5,
                ready_in_s: 6,
                fits: true,
            }],
            left_out: vec![problem()],
            ready_in_s: 6,
            within_s: 14_400,
            fits: false,
            workers: 2,
            needs_bytes: 700,
            free_bytes: Some(800),
            measured: true,
            delayed: vec![problem()],
        })),
        Answer::Checkup(Box::new(CheckupView {
            at: at(9),
            examined: vec![Subject::State, Subject::OpenFiles],
            findings: findings(),
        })),
        Answer::Library(LibraryView {
            roots: vec![
                root(RootOrigin::Configured(SettingOrigin::Arguments)),
                root(RootOrigin::Added { at: at(2), by: "ann".into() }),
            ],
        }),
    ]
}

pub(super) fn findings() -> Vec<Finding> {
    let path = || "/d".to_owned();
    let reason = || "why".to_owned();
    vec![
        Finding::NoAnswer { subject: Subject::Library, place: Some(path()), limit_s: 15 },
        Finding::StateFolderOpen { path: path(), mode: 0o755 },
        Finding::StateFolderReadOnly { path: path(), reason: reason() },
        Finding::KeyOpen { path: path(), mode: 0o644 },
        Finding::KeyMissing { path: path() },
        Finding::NoRoots,
        Finding::RootMissing { path: path() },
        Finding::RootUnreadable { path: path(), reason: reason() },
        Finding::RootReadOnly { path: path(), reason: reason() },
        Finding::RootUnwatched { path: path(), why: Unwatched::Remote("NFS".into()) },
        Finding::WatchesShort { used: 7, limit: 8 },
        Finding::ToolMissing { tool: ToolName::Ffprobe },
        Finding::ToolBroken { tool: ToolName::Ffmpeg, path: path() },
        Finding::PartsMissing { part: Part::Filter, names: vec!["zscale".into()], need: Need::Some },
        Finding::Unconfined {
            tool: ToolName::Ffmpeg,
            confinement: Confinement::Calls,
            why: Unconfined::Inside("it says".into()),
            policy: Policy::BestEffort,
        },
        Finding::SpaceShort { path: path(), holds: Holds::Library, free_bytes: 300, reserve_bytes: 70_000 },
        Finding::InodesShort { path: path(), holds: Holds::State, free: 1, limit: 2 },
        Finding::PublicUrlUnset { url: "http://a".into() },
        Finding::CertificateExpires { path: path(), at: at(1) },
        Finding::CertificateExpired { path: path(), at: at(1) },
        Finding::CertificateUnusable { path: path(), reason: reason() },
        Finding::ClockBehind { installed_at: at(2) },
        Finding::ViewersLimited { open_files_max: 1024, viewers: 512, wanted: 4096 },
        Finding::OpenFilesShort { used: 1, limit: 2 },
    ]
}

pub(super) fn pushes() -> Vec<Push> {
    let progress = ProgressView {
        video: VideoId::from_random(77),
        attempt: 2,
        progress: 0.25,
        speed: Some(1.5),
        eta_s: Some(3),
    };
    let scan = ScanProgressView { files: 300, unknown: 20, examined: 7 };
    vec![Push::Event(event()), Push::Progress(progress), Push::Resync { seq: 11 }, Push::Scan(scan)]
}
