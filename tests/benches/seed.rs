//! A state of many videos, written through the daemon's own store, so that the real daemon opens it.
//!
//! The videos have no files. A look at the library would find every one of them missing, which is another state than the
//! one to be measured. So the first look never ends: the root holds files that only ffprobe can tell, and the ffprobe of
//! these sites does not come back. The daemon then has the state that it would have between two looks, and its clients
//! are served as always.
//!
//! The state is made by a process of its own: so many records leave a heap in pieces, and whoever measures in the same
//! process measures how long it takes to find a free one.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use vodpost_protocol::event::EventKind;
use vodpost_protocol::ids::{Label, Token, VideoId};
use vodpost_protocol::time::Timestamp;
use vodpost_protocol::video::Switch;
use vodpost_tests::site::Site;
use vodpostd::core::actor::Actor;
use vodpostd::core::artifact::{Artifact, Failure, Form};
use vodpostd::core::event::{Event, Subject};
use vodpostd::core::file_name::FileName;
use vodpostd::core::media::{
    AudioCodec, AudioStream, Container, FileIdentity, Format, H264, Index, MediaInfo, VideoCodec, VideoStream,
};
use vodpostd::core::plan::Plan;
use vodpostd::core::posting::Posting;
use vodpostd::core::state::Change;
use vodpostd::core::video::{
    Conversion, Deletion, DeletionKind, Failed, LastChange, MissingCause, Order, Place, Ready, Rendition,
    Source, Unusable, Video,
};
use vodpostd::media::identity_of_metadata;
use vodpostd::store::Store;

/// The argument that makes this program the one that fills a state.
const SEEDER: &str = "be-seeder";
/// So many unknown files keep the first look busy, four at a time, for longer than anything is measured.
const HELD_FILES: usize = 1000;
/// As many as are kept unless configured otherwise.
const EVENTS_MAX: u64 = 100_000;
const VIDEOS_A_COMMIT: usize = 5_000;
const VIDEOS_A_FOLDER: usize = 60;
/// A prime that divides no number of videos that somebody would ask for.
const SHUFFLE: usize = 7919;
const ARTIFACT: &str = "bench.mp4";
const SUBJECTS: [&str; 8] = [
    "Lecture",
    "公开课",
    "产品发布会 Keynote",
    "Vorlesung über Übertragung",
    "讲座回放",
    "Семинар",
    "訓練コース",
    "Town hall 🎬",
];
const SPEAKERS: [&str; 6] = ["Zhang Wei", "李雷", "Müller", "Иванова", "佐藤", "O'Brien"];
const ENDINGS: [&str; 3] = ["1080p.mp4", "720p.mp4", "480p.mkv"];

/// A site whose daemon finds this many videos in its state, and the tokens of some live URLs.
pub(crate) fn site(videos: usize) -> (Site, Vec<Token>) {
    let site = Site::new();
    let ffprobe = site.folder().join("ffprobe");
    // The daemon ends it after half a minute; where the daemon is gone before, it ends by itself.
    std::fs::write(&ffprobe, "#!/bin/sh\nexec sleep 40\n").expect("a stand-in");
    std::fs::set_permissions(&ffprobe, PermissionsExt::from_mode(0o755)).expect("it is a program");
    let config = format!(
        "[library]\nsettle = \"0s\"\nrescan = \"0s\"\nwatch = false\n[conversion]\nffprobe = \"{}\"",
        ffprobe.display()
    );
    let site = site.with_config(&config);
    for number in 0..HELD_FILES {
        std::fs::write(site.library().join(format!("held {number}.mkv")), "no media").expect("a file");
    }
    let artifacts = site.state().join("artifacts");
    std::fs::create_dir_all(&artifacts).expect("a state folder");
    std::fs::write(artifacts.join(ARTIFACT), "stands for every converted file").expect("an artifact");
    let seeder = Command::new(std::env::current_exe().expect("the benchmark"))
        .arg(SEEDER)
        .args([&site.state(), &site.library(), Path::new(&videos.to_string())])
        .stderr(Stdio::inherit())
        .output()
        .expect("the benchmark runs again");
    assert!(seeder.status.success(), "the state was made");
    let live = String::from_utf8(seeder.stdout).expect("tokens");
    (site, live.lines().map(|token| token.parse().expect("a token")).collect())
}

/// The part that makes the state; prints the tokens of some live URLs.
pub(crate) fn be_seeder(args: &[String]) -> Option<ExitCode> {
    let [kind, state, library, videos] = args else { return None };
    if kind != SEEDER {
        return None;
    }
    let state = Path::new(state);
    let videos = videos.parse().expect("a number of videos");
    let made = std::fs::metadata(state.join("artifacts").join(ARTIFACT)).expect("the artifact");
    let mut seed = Seed {
        row: Row(7),
        root: Arc::from(Path::new(library)),
        artifact: identity_of_metadata(&made),
        now: Timestamp::from_system(SystemTime::now()),
        files: 1,
        videos,
    };
    let live: String = fill(state, videos, &mut seed).iter().map(|token| format!("{token}\n")).collect();
    std::io::stdout().write_all(live.as_bytes()).expect("the benchmark reads");
    Some(ExitCode::SUCCESS)
}

/// Writes the videos, then the snapshot that a library of this size has had.
fn fill(state: &Path, videos: usize, seed: &mut Seed) -> Vec<Token> {
    let (mut store, _empty) = Store::open(state).expect("a new state");
    let events_from = (videos as u64).saturating_sub(EVENTS_MAX);
    let mut live = Vec::new();
    let mut changes = Vec::new();
    for number in 0..videos {
        let (video, postings) = seed.video(number);
        let is_live = matches!((&video.source, &video.conversion), (Source::Present, Conversion::Ready(_)))
            && video.switch == Switch::On;
        if is_live && live.len() < 1000 {
            live.extend(postings.iter().filter(|one| one.switch == Switch::On).map(|one| one.token));
        }
        if let Some(seq) = (number as u64 + 1).checked_sub(events_from).filter(|seq| *seq > 0) {
            changes.push(Change::Event(added(seq, &video)));
        }
        changes.extend(postings.into_iter().map(Change::Posting));
        changes.push(Change::Video(Box::new(video)));
        if (number + 1) % VIDEOS_A_COMMIT == 0 || number + 1 == videos {
            store.commit(&changes).expect("a commit");
            changes.clear();
            // As the daemon does: the log is cut behind a snapshot when it has grown.
            store.maintain();
        }
    }
    store.close();
    live
}

fn added(seq: u64, video: &Video) -> Event {
    Event {
        seq,
        at: video.added_at,
        actor: Actor::Daemon,
        what: EventKind::VideoAdded,
        subject: Subject::Video { id: video.id, title: video.title() },
        detail: None,
    }
}

/// A row of numbers that looks random and is the same every time (splitmix64).
struct Row(u64);

impl Row {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len() as u64)).expect("small")]
    }
}

struct Seed {
    row: Row,
    root: Arc<Path>,
    artifact: FileIdentity,
    now: Timestamp,
    files: u64,
    videos: usize,
}

impl Seed {
    /// Ids and tokens ascend, or sled would take some ten times the memory and time to write so many; in what they
    /// name there is no order.
    fn video(&mut self, place: usize) -> (Video, Vec<Posting>) {
        let number = place * SHUFFLE % self.videos;
        let bits = spread(place, self.videos, 60) as u64;
        let folder = number / VIDEOS_A_FOLDER;
        let folder = PathBuf::from(format!("{}/课程 {:04}", 2015 + folder % 11, folder / 11));
        let base = format!("{} {number:06} {}", self.row.pick(&SUBJECTS), self.row.pick(&SPEAKERS));
        let age = Duration::from_secs(self.row.below(10 * 365 * 86_400));
        let added_at =
            Timestamp::from_millis(self.now.since(Timestamp::default().after(age)).as_millis() as u64);
        let mut video = Video {
            id: VideoId::from_random(bits | self.row.below(1 << 30)),
            renditions: self.renditions(&base),
            place: Place { root: self.root.clone(), folder: folder.into(), base: OsStr::new(&base).into() },
            added_at,
            source: self.source(),
            switch: if self.row.below(100) < 3 { Switch::Off } else { Switch::On },
            conversion: Conversion::None,
            attempts: 0,
            last_change: None,
        };
        let posted = self.row.below(100);
        let postings = match (&video.renditions[0].media, posted) {
            (Ok(_), 0..60) => {
                video.conversion = self.ready(&video);
                self.postings(&video, place)
            }
            (Ok(_), 60..62) => {
                video.conversion = self.failed(&video);
                self.postings(&video, place)
            }
            (Ok(_) | Err(_), _) => Vec::new(),
        };
        if !postings.is_empty() {
            video.attempts = 1;
            let what = EventKind::PostingCreated;
            video.last_change = Some(LastChange { at: added_at, actor: admin(), what });
        }
        (video, postings)
    }

    /// One in fifty is missing, one in fifty deleted.
    fn source(&mut self) -> Source {
        let since = self.now;
        match self.row.below(100) {
            0 => Source::Missing { since, cause: MissingCause::Vanished },
            1 => Source::Missing { since, cause: MissingCause::RootUnavailable("not mounted".into()) },
            2 | 3 => Source::Deleted(Deletion { at: since, by: admin(), how: DeletionKind::Trashed }),
            _ => Source::Present,
        }
    }

    fn renditions(&mut self, base: &str) -> Box<[Rendition]> {
        let duration_ms = 60_000 + self.row.below(7_200_000);
        let unusable = self.row.below(100) < 2;
        let count = self.row.pick(&[1, 1, 1, 2, 2, 3]);
        let mut renditions: Vec<Rendition> = ENDINGS[..count]
            .iter()
            .map(|ending| {
                self.files += 1;
                let height = if ending.starts_with('1') { 1080 } else { 480 };
                let bitrate_bps = u64::from(height) * 1500 + self.row.below(3_000_000);
                Rendition {
                    name: FileName::from(format!("{base}.{ending}").as_str()),
                    identity: FileIdentity {
                        dev: 0,
                        ino: self.files,
                        size_bytes: duration_ms * bitrate_bps / 8000,
                        mtime_ns: i64::try_from(self.row.below(1 << 60)).expect("small"),
                    },
                    media: if unusable {
                        let reason = "the index of the MP4 is missing".to_owned();
                        Err(Unusable { reason, look_again: false })
                    } else {
                        Ok(media(ending.ends_with("mp4"), duration_ms, bitrate_bps, height))
                    },
                }
            })
            .collect();
        renditions.sort_by(|a, b| a.name.cmp(&b.name));
        renditions.into()
    }

    fn order(&mut self, video: &Video) -> Order {
        let rendition = &video.renditions[0];
        Order {
            attempt: 1,
            requested_at: video.added_at,
            deadline: video.added_at.after(Duration::from_secs(4 * 3600)),
            by: admin(),
            labels: BTreeSet::from([Label::default()]),
            rendition: rendition.name.clone(),
            identity: rendition.identity,
            plan: Arc::new(if self.row.below(2) == 0 { Plan::Direct } else { Plan::Relocate }),
            setbacks: 0,
            late: false,
        }
    }

    fn ready(&mut self, video: &Video) -> Conversion {
        // Its labels have become postings.
        let order = Order { labels: BTreeSet::new(), ..self.order(video) };
        let form = match (self.row.below(10), &*order.plan) {
            (0, _) => Form::File { name: ARTIFACT.into(), identity: self.artifact.into() },
            (_, Plan::Direct) => Form::AsIs,
            (_, Plan::Relocate | Plan::Remux { .. } | Plan::Transcode { .. }) => Form::Relocated,
        };
        let artifact =
            Artifact { form, source: order.identity, duration_ms: 600_000, width: 1920, height: 1080 };
        Conversion::Ready(Arc::new(Ready { order, artifact, at: video.added_at }))
    }

    fn failed(&mut self, video: &Video) -> Conversion {
        let reason = "ffmpeg ended with status 1".to_owned();
        let output = "Error while decoding stream #0:0: Invalid data found\n".repeat(10);
        let order = self.order(video);
        let failure = Failure { reason, output };
        Conversion::Failed(Box::new(Failed { order, failure, at: video.added_at }))
    }

    /// One; of one in ten videos two.
    fn postings(&mut self, video: &Video, place: usize) -> Vec<Posting> {
        let bits = spread(place, self.videos, 100);
        let labels: &[&str] = if self.row.below(10) == 0 { &["default", "spring"] } else { &["default"] };
        labels
            .iter()
            .map(|label| Posting {
                token: Token::from_random(bits | u128::from(self.row.next())),
                video: video.id,
                label: label.parse().expect("a label"),
                switch: if self.row.below(100) < 8 { Switch::Off } else { Switch::On },
                created_at: video.added_at,
                listed: true,
                traffic: None,
                views: self.row.below(100_000),
                bytes: self.row.below(1 << 40),
            })
            .collect()
    }
}

/// The number at this place of so many that lie evenly below a power of two.
fn spread(place: usize, of: usize, power: u32) -> u128 {
    (1 << power) / of as u128 * place as u128
}

fn admin() -> Actor {
    Actor::user(1000, "admin")
}

fn media(mp4: bool, duration_ms: u64, bitrate_bps: u64, height: u32) -> MediaInfo {
    let h264 = H264 { profile_idc: 100, level_idc: 40, plain_pixels: true };
    let format = Format {
        container: if mp4 { Container::Mp4 } else { Container::Other("matroska".to_owned()) },
        index: if mp4 { Index::First } else { Index::None },
        video: Some(VideoStream {
            codec: if mp4 { VideoCodec::H264(h264) } else { VideoCodec::Other("vp9".to_owned()) },
            width: height * 16 / 9,
            height,
            fps_milli: 25_000,
            rotation: 0,
            interlaced: false,
        }),
        audio: Some(AudioStream { codec: AudioCodec::AacLc, channels: 2, sample_rate_hz: 48_000 }),
    };
    MediaInfo::new(format, duration_ms, bitrate_bps)
}
