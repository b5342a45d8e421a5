//! Files that try to make ffmpeg read other files or use the network, through the way that every file takes, and with
//! ffmpeg's own precautions switched off, so that the guard alone stands in their way.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;
use vodpost_protocol::ids::VideoId;
use vodpost_protocol::time::Timestamp;
use vodpostd::convert::{self, WorkerContext};
use vodpostd::core::artifact::{Assignment, Form, JobId, WorkerReport};
use vodpostd::core::media::{Container, Format, Index, MediaInfo, VideoCodec, VideoStream};
use vodpostd::core::plan::{self, Plan, Treatment};
use vodpostd::core::work::OutputSize;
use vodpostd::media::{self, Tools};

use crate::world::{World, ffmpeg, ffprobe, run};

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

/// An AVI with a film and a stream of subtitles whose first packet holds this whole file (`GAB2`), which ffmpeg opens with
/// whatever demuxer takes it, or did so before CVE-2017-9993.
fn nested(world: &World, name: &str, inner: &str) -> PathBuf {
    let sound = ["-f", "lavfi", "-i", "sine=sample_rate=8000:duration=1", "-c:a", "pcm_u8"];
    let mut film = std::fs::read(world.film("carrier.avi", &sound)).unwrap();
    let header = find(&film, b"auds");
    film[header..header + 4].copy_from_slice(b"txts");
    let media = find(&film, b"movi");
    for at in media..film.len() - 4 {
        if &film[at..at + 4] == b"01wb" {
            film[at..at + 4].copy_from_slice(b"01tx");
        }
    }
    let len = u32::try_from(inner.len()).unwrap();
    // Version 2, no description, two bytes that nobody reads.
    let packet = [&b"GAB2\0"[..], &[2, 0], &[0; 4], &[4, 0], &len.to_le_bytes(), inner.as_bytes()].concat();
    let at = find(&film, b"01tx") + 8;
    let room = u32::from_le_bytes(film[at - 4..at].try_into().unwrap()) as usize;
    film[at..at + room].fill(b'\n');
    film[at..at + packet.len()].copy_from_slice(&packet);
    world.write(name, film)
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

/// AVI is a container that we take, so here is a film, and it is converted: without what hides in its subtitles.
#[tokio::test(flavor = "multi_thread")]
async fn what_hides_in_the_subtitles_of_an_avi_is_not_opened() {
    let world = World::new();
    let tools = Tools::find(std::env::var_os("PATH").as_deref()).guarded_by(world.guarded.clone());
    let (progress, _reports) = tokio::sync::mpsc::channel(64);
    let artifacts_dir = world.path("artifacts");
    let context =
        WorkerContext { tools: Arc::new(tools.clone()), artifacts_dir: artifacts_dir.clone(), progress };
    let codecs = |path: &Path| {
        let arguments =
            ["-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", path.to_str().unwrap()];
        let listed = run(&world.free, &ffprobe(), &arguments, &[path], &[]);
        String::from_utf8(listed.text).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    // That what is inside is opened at all, as long as it is harmless.
    let harmless = nested(&world, "harmless.avi", "1\n00:00:00,000 --> 00:00:01,000\nhello\n\n");
    assert_eq!(codecs(&harmless), "mpeg4 subrip");
    // A picture made of the text of another file (XBIN), by a playlist that names it, and one from the network.
    let canary = world.write("canary.xbin", format!("XBIN\x1a{}", "canary ".repeat(100)));
    let url = format!("http://127.0.0.1:{}/secret.ts", world.tcp_port());
    let playlist =
        |url: &str| format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n");
    let concat = format!("ffconcat version 1.0\nfile '{}'\n", canary.display());
    for inner in [playlist(&format!("file://{}", canary.display())), playlist(&url), concat] {
        let film = nested(&world, "film.avi", &inner);
        let probed = tokio::task::block_in_place(|| media::probe(&film, &tools)).unwrap();
        let plan = plan::plan(&probed.info).unwrap();
        let order = Assignment { info: probed.info, plan, ..assignment(&film) };
        let report = convert::run(order, context.clone(), CancellationToken::new()).await;
        assert!(!world.was_reached(), "{inner}");
        let WorkerReport::Ready { artifact, .. } = report else { panic!("{inner}: {report:?}") };
        let Form::File { name, .. } = artifact.form else { panic!("{inner}: {artifact:?}") };
        assert_eq!(codecs(&artifacts_dir.join(&*name)), "h264", "{inner}");
    }
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
        size: OutputSize::Likely(0),
    }
}
