//! Real samples, made by ffmpeg once and kept beside the build for the next test.

use std::path::{Path, PathBuf};
use std::process::Command;

const VIDEO: &[&str] = &["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=3"];
const SOUND: &[&str] = &["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=3"];
const H264: &[&str] = &["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "25"];
const AAC: &[&str] = &["-c:a", "aac", "-ac", "2"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    /// H.264 and AAC, index first.
    IndexFirst,
    /// H.264 and AAC, index last.
    IndexLast,
    /// As `IndexLast`, other pictures, several times the bitrate.
    HighBitrate,
    /// H.264 only, index last.
    Silent,
    /// H.264 with AC-3 sound.
    Ac3,
    /// H.264 and AAC in Matroska.
    Matroska,
    /// HEVC and AAC in Matroska.
    Hevc,
    /// HEVC with 10 bits and HDR (PQ), larger than 1080p, and surround sound, in an MP4.
    Hdr,
    /// VP9 and Opus in WebM.
    Vp9,
    /// A long one that takes a while to encode: VP9, 640×360, 40 s.
    Long,
    /// `IndexLast` without its end.
    Truncated,
    Empty,
    /// A text file that claims to be an MP4.
    Text,
}

impl Sample {
    fn file_name(self) -> &'static str {
        match self {
            Self::IndexFirst => "index-first.mp4",
            Self::IndexLast => "index-last.mp4",
            Self::HighBitrate => "high-bitrate.mp4",
            Self::Silent => "silent.mp4",
            Self::Ac3 => "ac3.mp4",
            Self::Matroska => "matroska.mkv",
            Self::Hevc => "hevc.mkv",
            Self::Hdr => "hdr.mp4",
            Self::Vp9 => "vp9.webm",
            Self::Long => "long.webm",
            Self::Truncated => "truncated.mp4",
            Self::Empty => "empty.mp4",
            Self::Text => "text.mp4",
        }
    }

    /// The path of the sample, which is made if it is not there yet.
    ///
    /// # Panics
    /// When ffmpeg cannot make it.
    #[must_use]
    pub fn path(self) -> PathBuf {
        let folder = super::site::program("vodpostd").with_file_name("test-media");
        let path = folder.join(self.file_name());
        if path.exists() {
            return path;
        }
        std::fs::create_dir_all(&folder).expect("a folder for samples");
        // Tests run at the same time; each makes its own and the last rename wins.
        let mine = format!("{}-{:?}", std::process::id(), std::thread::current().id());
        let unfinished = folder.join(format!(".{mine}-{}", self.file_name()));
        self.make(&unfinished);
        std::fs::rename(&unfinished, &path).expect("the sample can be renamed");
        path
    }

    fn make(self, path: &Path) {
        match self {
            Self::IndexFirst => ffmpeg(path, &[VIDEO, SOUND, H264, AAC, &["-movflags", "+faststart"]]),
            Self::IndexLast | Self::Matroska => ffmpeg(path, &[VIDEO, SOUND, H264, AAC]),
            Self::HighBitrate => {
                let picture = &["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=3"];
                ffmpeg(path, &[picture, SOUND, H264, &["-crf", "10"], AAC]);
            }
            Self::Silent => ffmpeg(path, &[VIDEO, H264]),
            Self::Ac3 => ffmpeg(path, &[VIDEO, SOUND, H264, &["-c:a", "ac3"]]),
            Self::Hevc => {
                let hevc = &["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"];
                ffmpeg(path, &[VIDEO, SOUND, hevc, AAC]);
            }
            Self::Hdr => {
                let picture = &["-f", "lavfi", "-i", "testsrc2=size=2560x1440:rate=25:duration=0.4"];
                let sound = &["-f", "lavfi", "-i", "sine=duration=0.4", "-c:a", "ac3", "-ac", "6"];
                let parameters = "log-level=error:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc";
                let hevc = &["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", parameters];
                let tags =
                    &["-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"];
                ffmpeg(path, &[picture, sound, hevc, tags, &["-pix_fmt", "yuv420p10le"]]);
            }
            Self::Vp9 => {
                let vp9 =
                    &["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"];
                ffmpeg(path, &[VIDEO, SOUND, vp9]);
            }
            Self::Long => {
                let picture = &["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=40"];
                let vp9 = &["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"];
                ffmpeg(path, &[picture, vp9]);
            }
            Self::Truncated => {
                let whole = std::fs::read(Self::IndexLast.path()).expect("the whole sample");
                std::fs::write(path, &whole[..whole.len() / 2]).expect("a sample");
            }
            Self::Empty => std::fs::write(path, b"").expect("a sample"),
            Self::Text => std::fs::write(path, "This is no video.\n".repeat(500)).expect("a sample"),
        }
    }
}

fn ffmpeg(path: &Path, args: &[&[&str]]) {
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-y"])
        .args(args.concat())
        .arg(path)
        .output()
        .expect("ffmpeg is installed");
    assert!(made.status.success(), "ffmpeg: {}", String::from_utf8_lossy(&made.stderr));
}

/// Two minutes that a phone plays, of some 25 MB, with the index last.
///
/// # Panics
/// When ffmpeg cannot make it.
pub fn long_h264(path: &Path) {
    let hidden = path.with_file_name(".arriving.mp4");
    std::fs::create_dir_all(path.parent().expect("in a folder")).expect("the folder");
    // A short clip, repeated: encoding it once is enough.
    let clip = path.with_file_name(".clip.mp4");
    let picture = &["-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=25:duration=4"];
    let sound = &["-f", "lavfi", "-i", "sine=duration=4"];
    ffmpeg(&clip, &[picture, sound, H264, &["-g", "50", "-crf", "20"], AAC]);
    let clip_name = clip.to_str().expect("a plain path");
    ffmpeg(&hidden, &[&["-stream_loop", "29", "-i", clip_name, "-c", "copy"]]);
    std::fs::remove_file(&clip).expect("the clip can be removed");
    std::fs::rename(hidden, path).expect("the video can be renamed");
}

/// A hash of every decoded frame of a file or URL, picture and sound: what a viewer gets to see and hear.
///
/// # Panics
/// When it cannot be decoded.
#[must_use]
pub fn frame_hashes(media: &str) -> String {
    let decoded = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-xerror", "-i", media, "-f", "framemd5", "-"])
        .output()
        .expect("ffmpeg is installed");
    assert!(decoded.status.success(), "{media}: {}", String::from_utf8_lossy(&decoded.stderr));
    String::from_utf8_lossy(&decoded.stdout).into_owned()
}

/// `codec_name` of every stream of a file or URL, as ffprobe sees it.
///
/// # Panics
/// When ffprobe cannot read it.
#[must_use]
pub fn codecs(media: &str) -> Vec<String> {
    let probed = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", media])
        .output()
        .expect("ffprobe is installed");
    assert!(probed.status.success(), "{media}: {}", String::from_utf8_lossy(&probed.stderr));
    String::from_utf8_lossy(&probed.stdout).lines().map(str::to_owned).collect()
}
