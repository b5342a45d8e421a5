//! Files that try to make ffmpeg read other files or use the network, through the way that every file takes, and with
//! ffmpeg's own precautions switched off, so that the guard alone stands in their way.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;
use vodpost_protocol::ids::VideoId;
use vodpost_protocol::time::Timestamp;
use vodpostd::convert::{self, WorkerContext};
use vodpostd::core::artifact::{Assignment, JobId, WorkerReport};
use vodpostd::core::media::{Container, Format, Index, MediaInfo, VideoCodec, VideoStream};
use vodpostd::core::plan::{Plan, Treatment};
use vodpostd::media::{self, Tools};

use crate::world::{World, ffmpeg, run};

/// Everything that ffmpeg can be talked into.
const RECKLESS: [&str; 6] =
    ["-nostdin", "-v", "error", "-y", "-protocol_whitelist", "file,pipe,http,tcp,udp,crypto,data,concat"];

struct Attack {
    what: &'static str,
    /// Of the demuxer that falls for it.
    options: &'static [&'static str],
    file: PathBuf,
}

fn attacks(world: &World, secret: &Path, url: &str) -> Vec<Attack> {
    let secret = secret.to_str().unwrap();
    let playlist =
        |url: &str| format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n");
    let concat = |url: &str| format!("ffconcat version 1.0\nfile '{url}'\n");
    let manifest = |url: &str| {
        format!(
            "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" \
             mediaPresentationDuration=\"PT1S\" profiles=\"urn:mpeg:dash:profile:isoff-on-demand:2011\"><Period>\
             <AdaptationSet mimeType=\"video/mp4\"><Representation id=\"1\" bandwidth=\"1000\" width=\"64\" height=\"64\">\
             <BaseURL>{url}</BaseURL></Representation></AdaptationSet></Period></MPD>"
        )
    };
    let hls: &[&str] = &["-f", "hls", "-allowed_extensions", "ALL"];
    let attack =
        |what, options, name: &str, text: String| Attack { what, options, file: world.write(name, text) };
    vec![
        attack("HLS, file", hls, "hls.mp4", playlist(secret)),
        attack("HLS, network", hls, "hls-net.mkv", playlist(url)),
        attack("concat, file", &["-f", "concat", "-safe", "0"], "concat.mkv", concat(secret)),
        attack("concat, network", &["-f", "concat", "-safe", "0"], "concat-net.mp4", concat(url)),
        attack("DASH, file", &["-f", "dash"], "dash.mp4", manifest(&format!("file://{secret}"))),
        attack("DASH, network", &["-f", "dash"], "dash-net.mkv", manifest(url)),
        Attack { what: "image2", options: &["-f", "image2"], file: image_pattern(world) },
        Attack {
            what: "dref",
            options: &["-f", "mov", "-enable_drefs", "1", "-use_absolute_path", "1"],
            file: external_media(world, secret),
        },
    ]
}

/// A name that stands for other files.
fn image_pattern(world: &World) -> PathBuf {
    world.film("picture1.mkv", &["-frames:v", "1", "-c:v", "png", "-f", "image2", "-update", "1"]);
    world.write("picture%d.mkv", "no picture")
}

/// A QuickTime film whose media are said to be in another file, by the path of an alias record.
fn external_media(world: &World, path: &str) -> PathBuf {
    let mut film = std::fs::read(world.film("whole.mov", &[])).unwrap();
    // The version of the box, and an alias record of which only the tags at its end matter: an absolute path, and the last.
    let mut alias = vec![0; 4 + 150];
    for (kind, text) in [(2_u16, path), (u16::MAX, "")] {
        alias.extend(kind.to_be_bytes());
        alias.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
        alias.extend(text.bytes());
        alias.extend(vec![0; text.len() % 2]);
    }
    let entry = [&u32::try_from(8 + alias.len()).unwrap().to_be_bytes()[..], b"alis", &alias].concat();
    let at = find(&film, b"dref") - 4;
    let old_len = u32::from_be_bytes(film[at..at + 4].try_into().unwrap()) as usize;
    let grown = 16 + entry.len() - old_len;
    film.splice(at + 16..at + old_len, entry);
    for name in [b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"] {
        // The media come first, and so do not move. A handler has a `minf` too, but further back.
        let at = find(&film, name) - 4;
        let len = u32::from_be_bytes(film[at..at + 4].try_into().unwrap()) + u32::try_from(grown).unwrap();
        film[at..at + 4].copy_from_slice(&len.to_be_bytes());
    }
    world.write("dref.mp4", film)
}

fn find(film: &[u8], name: &[u8]) -> usize {
    film.windows(name.len()).position(|part| part == name).unwrap()
}

/// What the attacks are after: a film, which tells by its size on screen that it was read.
fn secret(world: &World) -> PathBuf {
    world.film("secret.mp4", &["-movflags", "+frag_keyframe+empty_moov+default_base_moof"])
}

#[test]
fn without_its_own_precautions_ffmpeg_reaches_no_other_file_and_no_network() {
    let world = World::new();
    if !world.confines() {
        return;
    }
    let url = format!("http://127.0.0.1:{}/secret.ts", world.tcp_port());
    // QuickTime's offsets lead into the whole film.
    for attack in attacks(&world, &secret(&world), &url) {
        let output = world.write("out.mkv", "");
        let arguments = [
            &RECKLESS[..],
            attack.options,
            &["-i", attack.file.to_str().unwrap(), "-c", "copy", "-f", "matroska", output.to_str().unwrap()],
        ]
        .concat();
        let carry_out = |guard| {
            std::fs::write(&output, "").unwrap();
            let ended = run(guard, &ffmpeg(), &arguments, &[&attack.file], &[&output]);
            let reached = (output.metadata().unwrap().len() > 0, world.was_reached());
            (reached, ended.errors)
        };
        let (reached, said) = carry_out(&world.free);
        assert!(reached.0 || reached.1, "{}: unguarded it is no attack: {said}", attack.what);
        let (reached, said) = carry_out(&world.guarded);
        assert_eq!(reached, (false, false), "{}: {said}", attack.what);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_usual_way_none_of_them_gets_anywhere() {
    let world = World::new();
    let url = format!("http://127.0.0.1:{}/secret.ts", world.tcp_port());
    let tools = Tools::find(std::env::var_os("PATH").as_deref()).guarded_by(world.guarded.clone());
    let (progress, _reports) = tokio::sync::mpsc::channel(64);
    let context =
        WorkerContext { tools: Arc::new(tools.clone()), artifacts_dir: world.path("artifacts"), progress };
    for attack in attacks(&world, &secret(&world), &url) {
        let probed = tokio::task::block_in_place(|| media::probe(&attack.file, &tools));
        assert!(probed.is_err(), "{}: {probed:?}", attack.what);
        let report = convert::run(assignment(&attack.file), context.clone(), CancellationToken::new()).await;
        assert!(matches!(report, WorkerReport::Failed { .. }), "{}: {report:?}", attack.what);
        assert!(!world.was_reached(), "{}", attack.what);
    }
    let left: Vec<_> = std::fs::read_dir(world.path("artifacts")).into_iter().flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}

/// As if the file had been taken for a film.
fn assignment(source: &Path) -> Assignment {
    let video = VideoStream {
        codec: VideoCodec::Other("mpeg4".into()),
        width: 64,
        height: 64,
        fps_milli: 10_000,
        rotation: 0,
        interlaced: false,
    };
    let format = Format {
        container: Container::Other("matroska".into()),
        index: Index::None,
        video: Some(video),
        audio: None,
    };
    Assignment {
        job: JobId { video: VideoId::from_random(1), attempt: 1 },
        source: source.to_owned(),
        identity: media::identity(&media::open(source).unwrap()).unwrap(),
        info: MediaInfo::new(format, 1000, 1000),
        plan: Plan::Transcode { video: Treatment::Encode { why: "mpeg4".to_owned() }, audio: None },
        requested_at: Timestamp::from_system(SystemTime::now()),
        deadline: Timestamp::from_system(SystemTime::now()).after(Duration::from_secs(600)),
    }
}
