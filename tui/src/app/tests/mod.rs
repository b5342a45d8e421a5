//! Update tests: events in, actions and state out. This file holds what they share.

mod connection;
pub(crate) mod first_run;
mod keys;
mod matrix;
mod modals;
mod paging;
pub(crate) mod screens;

use std::time::Duration;

use vodpost_protocol::account::{AccountView, ServiceState, VerificationState};
use vodpost_protocol::conversion::{ConversionState, ConversionView, PlanKind};
use vodpost_protocol::event::{EventKind, EventView, Push};
use vodpost_protocol::hello::{DaemonHello, Role};
use vodpost_protocol::ids::{InstanceId, Label, Token, VideoId};
use vodpost_protocol::posting::{Cause, PostingState, PostingView};
use vodpost_protocol::refusal::Refusal;
use vodpost_protocol::reply::{Answer, Page};
use vodpost_protocol::request::Request;
use vodpost_protocol::status::{
    Counts, Listen, Queue, RootOrigin, RootView, SettingOrigin, Status, Storage, Tool,
};
use vodpost_protocol::time::Timestamp;
use vodpost_protocol::video::{RenditionView, SourceState, SourceView, Switch, VideoState, VideoView};

use crate::app::App;
use crate::app::event::{Action, CopyWay, Event, Key, LinkEvent, Ticket};
use crate::text::Sentence;

pub(crate) fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(1_760_000_000_000 + millis)
}

pub(crate) fn id(number: u64) -> VideoId {
    VideoId::from_random(number)
}

pub(crate) fn hello(role: Role) -> DaemonHello {
    DaemonHello { protocol: 1, role, instance: InstanceId(1), version: "0.1.0".into(), uid: 1000 }
}

pub(crate) fn posting(number: u64, label: &str, state: PostingState) -> PostingView {
    let token = Token::from_random(u128::from(number) << 50 | 7);
    let causes = match state {
        PostingState::Live => vec![],
        PostingState::Suspended => vec![Cause::Posting],
        PostingState::Pending => vec![Cause::Converting],
        PostingState::Invalid => vec![Cause::Deleted],
    };
    PostingView {
        token,
        label: label.parse::<Label>().unwrap(),
        state,
        switch: if state == PostingState::Suspended { Switch::Off } else { Switch::On },
        causes,
        url: format!("https://video.example.org/v/{token}"),
        file_url: format!("https://video.example.org/v/{token}.mp4"),
        created_at: at(0),
        views: 3,
        listed: true,
        traffic: None,
        bytes: 31_500_000,
    }
}

fn rendition(path: &str, height: u32, selected: bool) -> RenditionView {
    RenditionView {
        path: path.into(),
        container: Some("mp4".into()),
        video: Some("h264".into()),
        audio: Some("aac".into()),
        profile: Some("High@4.0".into()),
        width: height * 16 / 9,
        height,
        fps: 30.0,
        bitrate_bps: u64::from(height) * 3_900,
        duration_ms: 60_000,
        size_bytes: 31_500_000,
        index_first: false,
        selected,
        why: if selected { "highest bitrate MP4".into() } else { "a lower bitrate".into() },
    }
}

/// A live video with one URL, converted without a transcode.
pub(crate) fn video(number: u64, title: &str) -> VideoView {
    VideoView {
        id: id(number),
        title: title.into(),
        root: "/srv/videos".into(),
        folder: "lectures".into(),
        state: VideoState::Live,
        added_at: at(0),
        source: SourceView {
            state: SourceState::Present,
            switch: Switch::On,
            since: None,
            gone_at: None,
            reason: None,
        },
        renditions: vec![
            rendition(&format!("{title}.1080p.mp4"), 1080, true),
            rendition(&format!("{title}.720p.mp4"), 720, false),
        ],
        conversion: ConversionView {
            state: ConversionState::Ready,
            plan: Some(PlanKind::Relocate),
            plan_why: Some("the index moves to the front".into()),
            progress: None,
            speed: None,
            eta_s: None,
            attempt: 1,
            requested_at: Some(at(0)),
            deadline: Some(at(14_400_000)),
            reason: None,
            output: None,
            waiting_for: None,
            retry_at: None,
            expected_at: None,
            late_by_s: None,
        },
        postings: vec![posting(number, "default", PostingState::Live)],
        last_change: None,
    }
}

pub(crate) fn new_video(number: u64, title: &str) -> VideoView {
    let mut video = video(number, title);
    video.state = VideoState::New;
    video.postings.clear();
    video.conversion.state = ConversionState::None;
    video
}

pub(crate) fn running(number: u64, title: &str, progress: f64) -> VideoView {
    let mut video = video(number, title);
    video.state = VideoState::Converting;
    video.postings = vec![posting(number, "default", PostingState::Pending)];
    video.conversion.state = ConversionState::Running;
    video.conversion.plan = Some(PlanKind::Transcode);
    video.conversion.progress = Some(progress);
    video.conversion.speed = Some(3.1);
    video.conversion.eta_s = Some(95);
    video
}

pub(crate) fn deleted(number: u64, title: &str) -> VideoView {
    let mut video = video(number, title);
    video.state = VideoState::Deleted;
    video.source.state = SourceState::Deleted;
    video.postings = vec![posting(number, "default", PostingState::Invalid)];
    video
}

pub(crate) fn account(state: VerificationState, service: ServiceState) -> AccountView {
    AccountView {
        state,
        submission: None,
        approved: None,
        reason: None,
        service,
        activated_by: None,
        activated_at: None,
    }
}

pub(crate) fn status() -> Status {
    Status {
        version: "0.1.0".into(),
        protocol: 1,
        instance: "0000000000000001".into(),
        pid: 4242,
        started_at: at(0),
        uptime_s: 7_500,
        account: VerificationState::Approved,
        service: ServiceState::Active,
        counts: Counts::default(),
        queue: Queue::default(),
        roots: vec![RootView {
            path: "/srv/videos".into(),
            unavailable: None,
            videos: 3,
            scanned_at: Some(at(0)),
            unwatched: None,
            origin: RootOrigin::Configured(SettingOrigin::Arguments),
        }],
        listen: Listen {
            http: "0.0.0.0:8080".into(),
            public_url: "https://video.example.org".into(),
            socket: "/run/vodpost/vodpost.sock".into(),
            state_dir: "/var/lib/vodpost".into(),
        },
        storage: Storage::Ok,
        ffmpeg: Tool::Missing("apt install ffmpeg".into()),
        state_id: "5a5a5a5a5a5a5a5a".into(),
        restored_at: None,
    }
}

pub(crate) fn event(what: EventKind, video: Option<VideoId>) -> Event {
    Event::Link(LinkEvent::Push(Push::Event(EventView {
        seq: 1,
        at: at(0),
        actor: "anna".into(),
        uid: Some(1000),
        what,
        video,
        title: None,
        label: None,
        token: None,
        detail: None,
    })))
}

/// An app under test with a clock that only moves when told to.
pub(crate) struct Bench {
    pub(crate) app: App,
    pub(crate) clock: u64,
}

impl Bench {
    /// Not connected yet.
    pub(crate) fn new() -> Self {
        Self { app: App::new(at(0), (80, 24), CopyWay::Terminal), clock: 0 }
    }

    /// Connected, with these videos on one page, an approved account and no notice.
    pub(crate) fn with(videos: Vec<VideoView>) -> Self {
        let mut bench = Self::new();
        let actions = bench.up(Role::Admin);
        let total = videos.len() as u64;
        bench.answer(&actions, videos, total, None);
        bench
    }

    pub(crate) fn up(&mut self, role: Role) -> Vec<Action> {
        self.happens(Event::Link(LinkEvent::Up(hello(role))))
    }

    pub(crate) fn down(&mut self) -> Vec<Action> {
        let why = Sentence::new("The connection to the daemon broke.");
        self.happens(Event::Link(LinkEvent::Down { why, retry_in: Duration::from_millis(200) }))
    }

    /// Answers what is asked at the start of a connection.
    pub(crate) fn answer(
        &mut self,
        actions: &[Action],
        videos: Vec<VideoView>,
        total: u64,
        next: Option<&str>,
    ) {
        let page = Page { videos, next: next.map(str::to_owned), total };
        for action in actions {
            let Action::Send { ticket, request } = action else { continue };
            let answer = match **request {
                Request::Subscribe => Answer::Subscribed { seq: 0 },
                Request::List(_) => Answer::Page(page.clone()),
                Request::AccountShow => {
                    Answer::Account(Box::new(account(VerificationState::Approved, ServiceState::Active)))
                }
                Request::Status => Answer::Status(Box::new(status())),
                ref other => panic!("not asked at the start: {other:?}"),
            };
            self.reply(*ticket, Ok(answer));
        }
    }

    pub(crate) fn happens(&mut self, event: Event) -> Vec<Action> {
        self.app.update(at(self.clock), event)
    }

    pub(crate) fn later(&mut self, millis: u64) -> Vec<Action> {
        self.clock += millis;
        self.happens(Event::Tick)
    }

    pub(crate) fn press(&mut self, key: Key) -> Vec<Action> {
        self.happens(Event::Key(key))
    }

    pub(crate) fn letter(&mut self, letter: char) -> Vec<Action> {
        self.press(Key::Char(letter))
    }

    pub(crate) fn type_text(&mut self, text: &str) {
        for letter in text.chars() {
            self.letter(letter);
        }
    }

    pub(crate) fn reply(&mut self, ticket: Ticket, result: Result<Answer, Refusal>) -> Vec<Action> {
        self.happens(Event::Link(LinkEvent::Reply { ticket, result: Box::new(result) }))
    }

    pub(crate) fn reply_video(&mut self, ticket: Ticket, video: VideoView) -> Vec<Action> {
        self.reply(ticket, Ok(Answer::Video(Box::new(video))))
    }

    pub(crate) fn resize(&mut self, width: u16, height: u16) {
        self.happens(Event::Resize { width, height });
    }

    pub(crate) fn selected(&self) -> Option<VideoId> {
        self.app.list.selected().map(|video| video.id)
    }
}

/// The requests among the actions.
pub(crate) fn asked(actions: &[Action]) -> Vec<Request> {
    actions
        .iter()
        .filter_map(|action| match action {
            Action::Send { request, .. } => Some((**request).clone()),
            Action::Copy { .. }
            | Action::SaveQr { .. }
            | Action::ConnectNow
            | Action::StartDaemon
            | Action::Complete { .. }
            | Action::Stop
            | Action::Redraw
            | Action::Quit(_) => None,
        })
        .collect()
}

/// The one request that was sent, with its ticket.
pub(crate) fn sent(actions: &[Action]) -> (Ticket, Request) {
    match actions {
        [Action::Send { ticket, request }] => (*ticket, (**request).clone()),
        other => panic!("expected one request, not {other:?}"),
    }
}
